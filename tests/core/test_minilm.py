"""A real embedding model, made from a package that is downloaded: its vectors mean something, and are the right ones."""

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from pathlib import Path

import numpy as np
import pytest

from rookery_core.model.backends import WorkerEmbedder
from rookery_core.model.base import LoadOptions
from rookery_core.model.worker import Worker
from tests.minilm import N_CTX, N_DIMS, Reference, Source, convert, download

pytestmark = [
    pytest.mark.network,
    pytest.mark.skipif(
        os.environ.get("ROOKERY_TEST_NETWORK") != "1", reason="downloads 80 MB; ROOKERY_TEST_NETWORK=1 runs it"
    ),
]

ALIKE = [
    ("How do I reset my password?", "I forgot my login credentials."),
    ("The cat sleeps on the sofa.", "A kitten is napping on the couch."),
    ("The company's revenue rose last year.", "Sales of the firm increased."),
    ("It will rain tomorrow in Oslo.", "The weather forecast says showers for Norway."),
    ("Delete the file from the folder.", "Remove a document in that directory."),
]


@pytest.fixture(scope="module")
def source() -> Source:
    return download()


@pytest.fixture
async def embedder(source: Source, tmp_path: Path) -> AsyncIterator[WorkerEmbedder]:
    path = tmp_path / "minilm.gguf"
    convert(source, path)
    made = WorkerEmbedder("minilm", LoadOptions(str(path), 0, 1, 2), Worker(tmp_path / "model.log"))
    await made.open()
    yield made
    await made.close()


async def test_sentences_that_mean_the_same_are_nearer_than_any_others(embedder: WorkerEmbedder) -> None:
    info = embedder.info
    assert info is not None
    assert (info.n_dims, info.window) == (N_DIMS, N_CTX)
    one, other = [await embedder.embed([pair[side] for pair in ALIKE]) for side in (0, 1)]
    cosines = one @ other.T
    print("cosines of pairs", np.diag(cosines).round(3), "of the others at most", _others(cosines).max().round(3))
    assert (cosines.argmax(axis=1) == np.arange(len(ALIKE))).all()
    assert np.diag(cosines).min() > _others(cosines).max()


async def test_the_vectors_are_those_of_the_model_in_numpy(source: Source, embedder: WorkerEmbedder) -> None:
    texts = [text for pair in ALIKE for text in pair]
    rows = await embedder.embed([*texts, "a long text, " * 100])
    reference = Reference(source)
    truth = np.stack([reference.embed(text) for text in (*texts, "a long text, " * 100)])
    print("cosine to the reference at least", (rows * truth).sum(axis=1).min())
    assert (rows * truth).sum(axis=1).min() > 0.9999
    assert np.abs(rows @ rows.T - truth @ truth.T).max() < 1e-2


def _others(cosines: np.ndarray) -> np.ndarray:
    return cosines[~np.eye(len(cosines), dtype=bool)]
