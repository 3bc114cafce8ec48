"""A request is made with a value and without it, and nothing else differs."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_core.reasoning.step import ACTION, ANSWER, INPUT
from rookery_training.asking_back import VAGUE, pair
from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import load
from rookery_training.conversations import Author
from rookery_training.generate import split
from rookery_training.held_out import HeldOut


def test_one_of_a_pair_asks_back_and_the_other_calls_with_what_was_said() -> None:
    author = Author(split(load(), held_out=False), built_in_tools(), random.Random(5), HeldOut())
    vague = {said for every in VAGUE.values() for said in every}
    n = plain = 0
    for _ in range(320):
        made = pair(author, {tool.entry.name: tool for tool in author.offers.draw()})
        if not made:
            continue
        asking, calling = made
        assert (asking.about, calling.about) == ("missing", "call")
        assert ACTION not in asking.messages[1].content
        assert "is missing." in asking.messages[1].content
        assert asking.messages[1].content.partition(ANSWER)[2].strip()
        plain += any(said in asking.messages[0].content for said in vague)
        arguments = json.loads(calling.messages[1].content.partition(INPUT)[2])
        assert arguments
        if len(asking.messages) == 4:
            given = json.loads(asking.messages[3].content.partition(INPUT)[2])
            assert given == arguments
        n += 1
    assert n > 60
    assert plain > 0.8 * n  # slips of the finger strike some of the words


def test_what_was_said_before_is_never_what_is_missing() -> None:
    author = Author(split(load(), held_out=False), built_in_tools(), random.Random(6), HeldOut())
    branches = [branch for _ in range(100) for branch in author.group().branches if branch.about == "missing"]
    assert len(branches) > 40
    assert all(branch.messages[0].role == "user" and len(branch.messages) in (2, 4) for branch in branches)
