"""Vectors of texts, made by a small random model in the real process."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rookery_core.errors import ModelDied, ModelError, ModelUnreadable
from rookery_core.model.backends import WorkerEmbedder, WorkerModel
from rookery_core.model.base import LoadOptions
from rookery_core.model.registry import find
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from tests.core.gguf_files import N_CTX, N_DIMS, WORDS, tiny_bert

pytestmark = pytest.mark.model


def options(path: Path) -> LoadOptions:
    return LoadOptions(str(path), 0, 1, 2)


@pytest.fixture
async def worker(tmp_path: Path) -> AsyncIterator[Worker]:
    made = Worker(tmp_path / "logs" / "model.log")
    yield made
    await made.close()


@pytest.fixture
async def embedder(worker: Worker, tmp_path: Path) -> WorkerEmbedder:
    made = WorkerEmbedder("tiny", options(tiny_bert(tmp_path / "tiny.gguf")), worker)
    await made.open()
    return made


async def one(embedder: WorkerEmbedder, text: str) -> NDArray[np.float32]:
    [vector] = await embedder.embed([text])
    return vector  # type: ignore[no-any-return]


def near(one: NDArray[np.float32], other: NDArray[np.float32]) -> bool:
    return float(np.abs(one - other).max()) < 1e-4


async def test_it_says_what_it_is_and_loading_is_told(worker: Worker, tmp_path: Path) -> None:
    path = tiny_bert(tmp_path / "tiny.gguf")
    made = WorkerEmbedder("tiny", options(path), worker)
    assert made.info is None
    seen: list[float] = []
    info = await made.open(seen.append)
    assert (info.name, info.path, info.n_dims, info.window) == ("tiny", str(path), N_DIMS, N_CTX)
    assert seen[-1] == 1.0
    assert await made.open() is made.info is info


async def test_each_text_has_a_vector_of_length_one_that_is_its_own(embedder: WorkerEmbedder) -> None:
    texts = ["ak al am", "", "bk", "ak al am", "am al ak", "what is not known"]
    rows = await embedder.embed(texts)
    assert (rows.shape, rows.dtype) == ((len(texts), N_DIMS), np.float32)
    assert np.allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert near(rows[0], rows[3])
    different = [rows[n] for n in (0, 1, 2, 4, 5)]
    assert not any(near(a, b) for n, a in enumerate(different) for b in different[:n])
    assert (await embedder.embed([])).shape == (0, N_DIMS)


async def test_many_texts_at_once_have_the_vectors_that_each_has_alone(embedder: WorkerEmbedder) -> None:
    texts = [" ".join(WORDS[n : n + n % 30]) for n in range(len(WORDS))]
    rows = await embedder.embed(texts)
    for n in range(0, len(texts), 7):
        assert near(rows[n], await one(embedder, texts[n]))


async def test_requests_at_the_same_time_are_not_mixed_up(embedder: WorkerEmbedder) -> None:
    texts = [[" ".join(WORDS[n * m : n * m + 9]) for m in range(1, 12)] for n in range(1, 6)]
    alone = [await embedder.embed(each) for each in texts]
    together = await asyncio.gather(*(embedder.embed(each) for each in texts))
    assert all(near(a, b) for a, b in zip(alone, together, strict=True))


async def test_a_text_longer_than_the_window_is_cut_to_it_and_marks_in_it_are_plain_text(
    embedder: WorkerEmbedder,
) -> None:
    fits = " ".join(WORDS[: N_CTX - 2])
    whole, longer, much_longer, shorter = await embedder.embed(
        [fits, f"{fits} dk", f"{fits} dk" + " em" * 1_000_000, " ".join(WORDS[: N_CTX - 3])]
    )
    assert near(whole, longer)
    assert near(whole, much_longer)
    assert not near(whole, shorter)
    plain, marked = await embedder.embed(["ak", "ak [SEP]"])
    assert not near(plain, marked)


async def test_a_request_that_is_cancelled_stops_the_work_and_the_next_is_served(embedder: WorkerEmbedder) -> None:
    many = asyncio.create_task(embedder.embed(["ak " * 60] * 20_000))
    await asyncio.sleep(0.05)
    many.cancel()
    with pytest.raises(asyncio.CancelledError):
        await many
    assert (await embedder.embed(["ak"])).shape == (1, N_DIMS)


async def test_a_process_that_dies_is_an_error_and_opening_starts_another(
    embedder: WorkerEmbedder, worker: Worker
) -> None:
    before = await one(embedder, "ak al")
    many = asyncio.create_task(embedder.embed(["ak " * 60] * 20_000))
    async with asyncio.timeout(60):
        while not worker._answers:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    assert worker._process is not None
    os.kill(worker._process.pid, signal.SIGSEGV)
    with pytest.raises(ModelDied, match="SIGSEGV"):
        await many
    assert embedder.info is None
    with pytest.raises(ModelDied):
        await embedder.embed(["ak"])
    await embedder.open()
    assert near(before, await one(embedder, "ak al"))


async def test_a_closed_one_may_be_opened_again(embedder: WorkerEmbedder) -> None:
    await embedder.close()
    assert embedder.info is None
    with pytest.raises(ModelError):
        await embedder.embed(["ak"])
    await embedder.open()
    assert (await embedder.embed(["ak"])).shape == (1, N_DIMS)


async def test_a_model_of_the_other_kind_is_refused(worker: Worker, tmp_path: Path) -> None:
    chat = find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path)})).path
    with pytest.raises(ModelUnreadable, match=r"SmolLM2.* is not an embedding model"):
        await WorkerEmbedder("chat", options(chat), worker).open()
    tiny = tiny_bert(tmp_path / "tiny.gguf")
    with pytest.raises(ModelUnreadable, match=r"tiny\.gguf is an embedding model"):
        await WorkerModel("tiny", options(tiny), worker).open()
