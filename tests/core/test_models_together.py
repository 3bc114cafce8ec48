"""Several models in one process: who is served, who has to leave when memory is short, and what each is told."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator, Callable
from contextlib import aclosing
from pathlib import Path

import pytest

from rookery_core.errors import ModelDied, ModelError, ModelUnreadable
from rookery_core.model.backends import WorkerEmbedder, WorkerModel
from rookery_core.model.base import Completion, LoadOptions, Message, Sampling
from rookery_core.model.registry import find
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from tests.core.gguf_files import tiny_bert

pytestmark = pytest.mark.model

LONG = [Message("user", "Tell me a long story.")]
MB = 1 << 20
ONE, TWO = 150 * MB, 250 * MB
"""Budgets that hold one and two of the default model's files of 94 MB."""


@pytest.fixture
def gguf(tmp_path: Path) -> Path:
    return find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path)})).path


Make = Callable[[int, str], list[WorkerModel]]


@pytest.fixture
async def make(gguf: Path, tmp_path: Path) -> AsyncIterator[Make]:
    """Models of one process with a budget, one for each letter."""
    workers: list[Worker] = []

    def make(memory_bytes: int, names: str) -> list[WorkerModel]:
        worker = Worker(tmp_path / "model.log", memory_bytes)
        workers.append(worker)
        return [WorkerModel(name, LoadOptions(str(gguf), 512, 1, 2), worker) for name in names]

    yield make
    for worker in workers:
        await worker.close()


def tiny(model: WorkerModel, folder: Path) -> WorkerEmbedder:
    """A small embedding model in the same process."""
    return WorkerEmbedder("tiny", LoadOptions(str(tiny_bert(folder / "tiny.gguf")), 0, 1, 2), model._worker)


async def write(model: WorkerModel, text: str = "Count from one to ten.", max_tokens: int = 12) -> str:
    async with aclosing(model.stream([Message("user", text)], Sampling(max_tokens=max_tokens))) as chunks:
        async for chunk in chunks:
            if isinstance(chunk, Completion):
                return chunk.text
    raise AssertionError("no completion")


async def test_models_of_one_process_serve_at_the_same_time(make: Make, tmp_path: Path) -> None:
    a, b = make(0, "ab")
    embedder = tiny(a, tmp_path)
    await asyncio.gather(a.open(), b.open(), embedder.open())
    for _ in range(2):  # from the second time on the prompt is known, and read as it is later
        alone = [await write(a, "Name a colour."), await write(b, "Name a river.")]
    vector = await embedder.embed(["ak al"])
    *texts, rows = await asyncio.gather(
        write(a, "Name a colour."), write(b, "Name a river."), embedder.embed(["ak al"] * 500)
    )
    assert texts == alone
    assert abs(rows - vector).max() < 1e-4


async def test_the_least_recently_used_leaves_when_memory_is_short_and_comes_back_when_opened(make: Make) -> None:
    a, b, c = make(TWO, "abc")
    await a.open()
    await b.open()
    before = await write(a)
    await c.open()
    assert (a.info is None, b.info is None, c.info is None) == (False, True, False)
    assert b.take_loss() is None
    with pytest.raises(ModelError, match="b is not loaded"):
        await write(b)
    assert await write(a) == before
    await b.open()
    assert (a.info is None, b.info is None, c.info is None) == (False, False, True)
    assert await write(b) == before


async def test_an_embedder_leaves_and_comes_back_too(make: Make, tmp_path: Path) -> None:
    [a] = make(98_400_000, "a")
    embedder = tiny(a, tmp_path)
    await embedder.open()
    vector = await embedder.embed(["ak"])
    await a.open()
    assert embedder.info is None
    await embedder.open()
    assert (await embedder.embed(["ak"]) == vector).all()


async def test_a_model_larger_than_the_budget_is_refused_and_the_others_stay(make: Make, tmp_path: Path) -> None:
    [a] = make(50 * MB, "a")
    embedder = tiny(a, tmp_path)
    await embedder.open()
    with pytest.raises(ModelUnreadable, match=r"needs 93 MB and model\.memory_mb allows 50"):
        await a.open()
    assert (await embedder.embed(["ak"])).shape[0] == 1


async def test_a_model_that_is_in_use_stays_and_the_other_is_refused(make: Make) -> None:
    a, b = make(ONE, "ab")
    await a.open()
    async with aclosing(a.stream(LONG, Sampling(max_tokens=400))) as chunks:
        await anext(chunks)
        with pytest.raises(ModelUnreadable, match=r"does not fit beside the models that are in use"):
            await b.open()
        await anext(chunks)
    await b.open()
    assert a.info is None


async def test_the_end_of_the_process_is_told_to_each(make: Make, tmp_path: Path) -> None:
    a, b = make(0, "ab")
    embedder = tiny(a, tmp_path)
    await asyncio.gather(a.open(), b.open(), embedder.open())
    assert a._worker._process is not None
    requests = [asyncio.create_task(write(model, "Tell me a story.", 400)) for model in (a, b)]
    await asyncio.sleep(0.1)
    os.kill(a._worker._process.pid, signal.SIGKILL)
    for request, model in zip(requests, (a, b), strict=True):
        with pytest.raises(ModelDied, match=f"model {model.name} was ended by SIGKILL"):
            await request
        assert model.info is None
        loss = model.take_loss()
        assert loss is not None
        assert f"model {model.name} " in str(loss)
    assert embedder.info is None
    await b.open()
    assert await write(b)
    assert a.info is None


async def test_one_that_is_closed_or_cannot_be_loaded_does_not_take_the_others_with_it(
    make: Make, tmp_path: Path
) -> None:
    a, b = make(0, "ab")
    await asyncio.gather(a.open(), b.open())
    assert a._worker._process is not None
    pid = a._worker._process.pid
    await b.close()
    bad = WorkerModel("bad", LoadOptions(str(tmp_path / "none.gguf"), 512, 1, 2), a._worker)
    opening = asyncio.gather(b.open(), bad.open(), return_exceptions=True)
    assert await write(a)
    _, error = await opening
    assert isinstance(error, ModelUnreadable)
    assert await write(b)
    assert a._worker._process.pid == pid


async def test_a_load_that_nobody_waits_for_any_more_leaves_the_others_alone(make: Make) -> None:
    a, b = make(0, "ab")
    await a.open()
    opening = asyncio.create_task(b.open())
    await asyncio.sleep(0.02)
    opening.cancel()
    with pytest.raises(asyncio.CancelledError):
        await opening
    assert b.info is None
    assert await write(a)
    await b.open()
    assert await write(b)


async def test_unloading_ends_what_the_model_is_writing(make: Make) -> None:
    a, b = make(0, "ab")
    await asyncio.gather(a.open(), b.open())
    writing = asyncio.create_task(write(a, max_tokens=400))
    await asyncio.sleep(0.3)
    await a.close()
    with pytest.raises(ModelError):
        await writing
    assert await write(b)


async def test_who_was_replaced_does_not_take_its_successor_along(make: Make) -> None:
    first, keeper = make(0, "ab")
    await asyncio.gather(first.open(), keeper.open())
    second = WorkerModel("a", first._place._options, first._worker)
    await second.open()
    assert first.info is None
    await first.close()
    assert await write(second)


async def test_closing_while_another_opens_leaves_a_process_that_works(make: Make) -> None:
    a, b = make(0, "ab")
    await a.open()
    closing, opened = asyncio.create_task(a.close()), asyncio.create_task(b.open())
    await asyncio.gather(closing, opened, return_exceptions=True)
    await b.open()
    assert await write(b)


@pytest.mark.skipif(os.name != "posix", reason="a shell script takes the place of the process")
async def test_half_a_line_is_the_last_that_is_heard(
    make: Make, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "child"
    script.write_text('#!/bin/sh\nprintf \'{"id": 1, "load\'\n')
    script.chmod(0o700)
    monkeypatch.setattr("rookery_core.model.worker.sys.executable", str(script))
    (a,) = make(0, "a")
    async with asyncio.timeout(20):
        with pytest.raises(ModelUnreadable):
            await a.open()
