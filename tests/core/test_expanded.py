"""The default model's weights expanded: what that costs in quality, and that two contexts act as one."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from rookery_core.model import expanded
from rookery_core.model.base import LoadOptions
from rookery_core.model.engine import Engine
from rookery_core.model.expanded import FORMATS, MAX_KL, Format, Pair, expand, open_pair, suits
from rookery_core.model.llama import Batch, Context, Shape, StopSign
from rookery_core.model.registry import find
from rookery_core.model.weights import Weights
from rookery_core.paths import Paths
from tests.core.test_engine import COUNT, STORY, ask, finish, kl

pytestmark = pytest.mark.model

SHAPE = Shape(1024, 4, 256, 1, 1)
BF16, Q8_0 = FORMATS.values()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("expanded")


@pytest.fixture(scope="module")
def weights(folder: Path) -> Iterator[Weights]:
    made = Weights(find("smollm2", Paths.find({"ROOKERY_HOME": str(folder)})).path)
    yield made
    made.close()


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize("format", FORMATS.values(), ids=lambda format: format.name)
def test_the_expansion_is_made_once_is_close_and_leaves_the_original_alone(
    weights: Weights, folder: Path, format: Format
) -> None:
    before = digest(weights.path)
    made = expand(weights, format, folder, 1)
    assert made is not None
    assert made.format is format
    assert 0 < made.kl <= MAX_KL
    written = made.path.stat().st_mtime_ns
    again = expand(weights, format, folder, 1)
    assert again == made
    assert made.path.stat().st_mtime_ns == written
    assert digest(weights.path) == before
    assert not list(folder.glob("*.part"))


def test_an_expansion_that_is_too_far_off_is_not_used(
    weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert expand(weights, BF16, folder, 1) is not None
    monkeypatch.setattr(expanded, "MAX_KL", 0.0001)
    assert expand(weights, BF16, folder, 1) is None


def test_it_is_only_for_slow_formats_small_models_and_memory_to_spare(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expanded.llama_cpp, "llama_print_system_info", lambda: b"CPU : AVX2 = 1 | AVX512_BF16 = 1 | ")
    assert suits(weights) is BF16
    for name, value in {"MAX_BYTES": 1 << 20, "SLOW_FORMATS": set(), "_spare_memory": lambda: 1e6}.items():
        with monkeypatch.context() as patch:
            patch.setattr(expanded, name, value)
            assert suits(weights) is None


@pytest.mark.parametrize(
    ("cpu", "format"),
    [(b"CPU : AVX = 1 | AVX2 = 1 | F16C = 1 | ", Q8_0), (b"CPU : SSE3 = 1 | AVX = 1 | ", None), (b"CPU : ", None)],
)
def test_the_format_is_one_that_the_cpu_reads_fast(
    weights: Weights, monkeypatch: pytest.MonkeyPatch, cpu: bytes, format: Format | None
) -> None:
    monkeypatch.setattr(expanded.llama_cpp, "llama_print_system_info", lambda: cpu)
    assert suits(weights) is format


@pytest.fixture(params=FORMATS.values(), ids=lambda format: format.name)
def pair(weights: Weights, folder: Path, request: pytest.FixtureRequest) -> Iterator[Pair]:
    made = expand(weights, request.param, folder, 1)
    assert made is not None
    opened = open_pair(weights, None, made.path, None, SHAPE, StopSign())
    yield opened
    opened.close()


def test_two_contexts_give_what_one_gives_whatever_is_done_with_them(weights: Weights, pair: Pair) -> None:
    """Sequences are read, written to token by token, copied, cut, saved and restored, in a random order."""
    text = weights.tokenize(STORY + COUNT, False)
    random = np.random.default_rng(7)
    lengths = {0: 0, 1: 0, 2: 0}
    saved = None
    for _ in range(120):
        sequence = int(random.integers(3))
        n = lengths[sequence]
        match random.choice(["read", "write", "write", "write", "copy", "cut", "save", "restore"]):
            case "read" | "write" as how:
                step = int(random.integers(3, 60)) if how == "read" else int(random.integers(1, 3))
                tokens = text[n : n + step]
                if tokens:
                    batch = Batch()
                    batch.add(sequence, n, tokens, logits=True)
                    pair.decode(batch)
                    lengths[sequence] += len(tokens)
            case "copy":
                target = (sequence + 1) % 3
                pair.drop(target)
                lengths[target] = n // 2
                pair.copy(sequence, target, n // 2)
            case "cut":
                lengths[sequence] = pair.cut(sequence, n * 2 // 3)
            case "save":
                saved = (pair.save(sequence), n) if n else saved
            case _ if saved is not None:
                pair.drop(sequence)
                assert pair.restore(sequence, saved[0])
                lengths[sequence] = saved[1]
        assert {each: pair.length(each) for each in lengths} == lengths
    plain = Context(weights, SHAPE)
    for sequence, n in lengths.items():
        pair.cut(sequence, min(n, len(text) - 2))
        n = min(n, len(text) - 2)
        truth, made = Batch(), Batch()
        index = truth.add(sequence, 0, text[: n + 1], logits=True)
        plain.decode(truth)
        made.add(sequence, n, text[n : n + 1], logits=True)
        pair.decode(made)
        assert kl(plain.logits(index).copy(), pair.logits(0).copy()) < MAX_KL
    plain.close()


def options(weights: Weights, folder: Path) -> LoadOptions:
    return LoadOptions(str(weights.path), 2048, 1, 1, park_bytes=1 << 28, expanded=str(folder))


def test_the_engine_reads_with_one_and_writes_with_the_other(
    weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("rookery_core.model.engine.suits", lambda _: BF16)
    engine = Engine(options(weights, folder))
    assert "BF16" in engine.notes[0]
    ears = [ask(engine, STORY + COUNT, system=role) for role in ("You count.", "You count.", "You sing.")]
    finish(engine)
    again = ask(engine, STORY + COUNT, system="You count.")
    finish(engine)
    engine.close()
    assert all(ear.stop for ear in ears)
    assert again.usage.prompt_tokens - again.usage.cached_tokens == 1
    assert again.text == ears[0].text


@pytest.mark.parametrize("trouble", ["damaged", "unwritable"])
def test_trouble_with_the_expansion_costs_speed_and_nothing_else(
    weights: Weights, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, trouble: str
) -> None:
    monkeypatch.setattr("rookery_core.model.engine.suits", lambda _: BF16)
    folder = tmp_path / "expanded"
    if trouble == "damaged":
        made = expand(weights, BF16, folder, 1)
        assert made is not None
        os.truncate(made.path, 1 << 20)
    else:
        folder.write_text("a file, where a folder should be")
    engine = Engine(options(weights, folder))
    assert engine.notes == ()
    ear = ask(engine, COUNT)
    finish(engine)
    engine.close()
    assert ear.stop
    assert trouble == "unwritable" or not list(folder.glob("*.gguf"))
