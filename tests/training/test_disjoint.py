"""The evaluation's cases never enter the training data: neither their tools nor their phrasings."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from rookery_core.tools.registry import Registry

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import Catalogue, load
from rookery_training.conversations import Author
from rookery_training.held_out import SHORT, SUITES, HeldOut, cases, hashed, said, shingles, words


@pytest.fixture(scope="module")
def catalogue() -> Catalogue:
    return load()


@pytest.fixture(scope="module")
def builtin() -> Registry:
    return built_in_tools()


@pytest.mark.parametrize("suite", SUITES)
def test_no_tool_of_the_evaluation_is_trained_on_but_the_built_in_ones(
    suite: str, catalogue: Catalogue, builtin: Registry
) -> None:
    trained = {hashed(name) for tool in catalogue.tools for name in (tool.name, *tool.other_names)}
    evaluated = {tool["name"] for case in cases(suite) for tool in case.get("tools", ())} - set(builtin.names)
    assert suite.endswith("tasks.jsonl") or len(evaluated) > 20
    assert sorted(name for name in evaluated if hashed(name) in trained) == []


def test_no_phrasing_of_the_evaluation_is_in_what_the_generator_makes(catalogue: Catalogue, builtin: Registry) -> None:
    """Compared by the hash of a whole message, and of every eight words in a row."""
    author = Author(catalogue, builtin, random.Random(20), HeldOut())
    trained = [m.content for _ in range(400) for b in author.group().branches for m in b.messages if m.role == "user"]
    whole = {hashed(" ".join(words(text))) for text in trained}
    runs = {piece for text in trained for piece in shingles(text)}
    assert len(whole) > 2000
    for suite in SUITES:
        texts = [text for case in cases(suite) for text in said(case) if len(words(text)) >= SHORT]
        assert len(texts) > 50
        assert [text for text in texts if hashed(" ".join(words(text))) in whole] == []
        assert [text for text in texts if any(piece in runs for piece in shingles(text))] == []


def test_a_phrasing_of_the_evaluation_is_recognised_however_it_is_typed() -> None:
    held_out = HeldOut()
    text = next(text for case in cases("tasks.jsonl") for text in said(case) if len(words(text)) > 9)
    assert held_out.has(text)
    assert held_out.has(text.upper().rstrip("?.!") + " ...")
    assert held_out.has(f"Hello! {text} Thanks a lot.")
    assert not held_out.has("Nobody would ever ask an assistant exactly this about purple submarines")
