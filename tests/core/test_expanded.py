"""The default model's weights expanded to BF16: what they cost in quality, and that two contexts act as one."""

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
from rookery_core.model.expanded import MAX_KL, Pair, expand, open_pair, suits
from rookery_core.model.llama import Batch, Context, Shape, StopSign
from rookery_core.model.registry import find
from rookery_core.model.weights import Weights
from rookery_core.paths import Paths
from tests.core.test_engine import COUNT, STORY, ask, finish, kl

pytestmark = pytest.mark.model

SHAPE = Shape(1024, 4, 256, 1, 1)


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


def test_the_expansion_is_made_once_is_close_and_leaves_the_original_alone(weights: Weights, folder: Path) -> None:
    before = digest(weights.path)
    made = expand(weights, folder, 1)
    assert made is not None
    assert 0 < made.kl <= MAX_KL
    written = made.path.stat().st_mtime_ns
    again = expand(weights, folder, 1)
    assert again == made
    assert made.path.stat().st_mtime_ns == written
    assert digest(weights.path) == before
    assert not list(folder.glob("*.part"))


def test_an_expansion_that_is_too_far_off_is_not_used(
    weights: Weights, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert expand(weights, folder, 1) is not None
    monkeypatch.setattr(expanded, "MAX_KL", 0.0001)
    assert expand(weights, folder, 1) is None


def test_it_is_only_for_slow_formats_small_models_and_memory_to_spare(
    weights: Weights, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expanded.llama_cpp, "llama_print_system_info", lambda: b"AVX512_BF16 = 1 | ")
    assert suits(weights)
    for name, value in {"MAX_BYTES": 1 << 20, "SLOW_FORMATS": set(), "_spare_memory": lambda: 1e6}.items():
        with monkeypatch.context() as patch:
            patch.setattr(expanded, name, value)
            assert not suits(weights)
    monkeypatch.setattr(expanded.llama_cpp, "llama_print_system_info", lambda: b"AVX2 = 1 | ")
    assert not suits(weights)


@pytest.fixture
def pair(weights: Weights, folder: Path) -> Iterator[Pair]:
    made = expand(weights, folder, 1)
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
    monkeypatch.setattr("rookery_core.model.engine.suits", lambda _: True)
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
    monkeypatch.setattr("rookery_core.model.engine.suits", lambda _: True)
    folder = tmp_path / "expanded"
    if trouble == "damaged":
        made = expand(weights, folder, 1)
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
