"""LoRA adapters on the real default model."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from rookery_core.errors import ModelUnreadable
from rookery_core.model.backends import WorkerModel
from rookery_core.model.base import LoadOptions, Message, Sampling
from rookery_core.model.engine import Engine
from rookery_core.model.llama import Batch, Context, Shape
from rookery_core.model.registry import find
from rookery_core.model.sampler import Logits
from rookery_core.model.weights import Weights
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from rookery_core.usage import Usage
from tests.core.gguf_files import lora, tiny_bert

pytestmark = pytest.mark.model

STORY = "The bees of the valley made honey all summer long. " * 10


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path_factory.mktemp("home"))})).path


def logits(gguf: Path, adapter: Path | None) -> Logits:
    """Those after a sentence."""
    weights = Weights(gguf)
    made = weights.load_adapter(adapter) if adapter is not None else None
    context = Context(weights, Shape(256, 1, 256, 1, 1), adapter=made)
    batch = Batch()
    index = batch.add(0, 0, weights.tokenize("The bees of the valley made", False), logits=True)
    context.decode(batch)
    row = context.logits(index).copy()
    context.close()
    weights.close()
    return row


def test_an_adapter_changes_what_the_model_says_and_one_of_zeros_does_not(gguf: Path, tmp_path: Path) -> None:
    plain = logits(gguf, None)
    zeros = logits(gguf, lora(tmp_path / "zeros.gguf", size=0.0))
    small = logits(gguf, lora(tmp_path / "small.gguf", size=0.05))
    assert np.allclose(plain, zeros, atol=1e-5)
    assert np.isfinite(small).all()
    assert np.abs(plain - small).max() > 0.1


async def open_with(adapter: Path, gguf: Path, tmp_path: Path) -> WorkerModel:
    options = LoadOptions(str(gguf), 512, 1, 1, adapter=str(adapter))
    model = WorkerModel("smollm2", options, Worker(tmp_path / "model.log"))
    await model.open()
    return model


async def test_a_model_is_loaded_with_its_adapter_and_serves(gguf: Path, tmp_path: Path) -> None:
    model = await open_with(lora(tmp_path / "small.gguf", size=0.05), gguf, tmp_path)
    said = [chunk async for chunk in model.stream([Message("user", "Hello")], Sampling(max_tokens=3))]
    assert said
    await model.close()


def _damaged(path: Path) -> Path:
    lora(path, size=0.05)
    path.write_bytes(path.read_bytes()[:100_000])
    return path


def _text(path: Path) -> Path:
    path.write_text("I am not an adapter")
    return path


UNFIT: dict[str, Callable[[Path], Path]] = {
    "missing": lambda path: path,
    "text": _text,
    "cut off": _damaged,
    "other shapes": lambda path: lora(path, size=0.05, n_dims=512),
    "more layers": lambda path: lora(path, size=0.05, layers=range(40)),
    "other architecture": lambda path: lora(path, size=0.05, architecture="qwen2"),
    "a model": tiny_bert,
}


@pytest.mark.parametrize("kind", UNFIT)
async def test_an_adapter_that_does_not_fit_is_named_with_what_to_do(gguf: Path, tmp_path: Path, kind: str) -> None:
    with pytest.raises(ModelUnreadable, match=r"the adapter .*unfit\.gguf.*model\.adapter = ''"):
        await open_with(UNFIT[kind](tmp_path / "unfit.gguf"), gguf, tmp_path)


class Ear:
    """Hears how much of the prompt was known."""

    usage: Usage | None = None

    def reading(self, done: int, total: int) -> None: ...
    def said(self, text: str) -> None: ...

    def ended(self, stop: str, usage: Usage) -> None:
        self.usage = usage

    def failed(self, error: Exception) -> None:
        raise error


def test_what_was_read_with_another_adapter_is_not_used(gguf: Path, tmp_path: Path) -> None:
    one, other = (str(lora(tmp_path / f"{seed}.gguf", size=0.05, seed=seed)) for seed in (1, 2))
    known: list[int] = []
    for adapter in ("", one, other, one, ""):
        options = LoadOptions(
            str(gguf), 1024, 1, 2, adapter=adapter, states=str(tmp_path / "states"), states_bytes=1 << 30
        )
        engine = Engine(options)
        ear = Ear()
        engine.submit(engine.tokens([Message("user", STORY)]), Sampling(max_tokens=2), None, ear)
        while engine.busy:
            engine.step()
        engine.save()
        engine.close()
        assert ear.usage is not None
        known.append(ear.usage.cached_tokens)
    assert known[:3] == [0, 0, 0]
    assert known[3] > 100 < known[4]
