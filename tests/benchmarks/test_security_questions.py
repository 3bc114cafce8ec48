"""The suite about questions in small: hostile texts on a real screen, and keys that are meant for something else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from benchmarks.security import questions

pytestmark = pytest.mark.timeout(400)

BLNS = Path(__file__).parents[1] / "data" / "security" / "blns.json"


async def test_hostile_texts_are_read_back_hide_nothing_and_lock_the_question() -> None:
    texts = [text for kind, texts in questions.hostile().items() if "thousand" not in kind for text in texts[::9]]
    assert await questions.all_seen(texts) == []


def test_every_hostile_text_is_read_back_from_its_rows() -> None:
    assert questions.read_back([text for texts in questions.hostile().values() for text in texts]) == 0
    assert questions.read_back([str(each) for each in json.loads(BLNS.read_text(encoding="utf-8"))]) == 0


async def test_keys_that_are_meant_for_something_else_allow_nothing() -> None:
    assert await questions.all_stray(2) == dict.fromkeys(questions.KINDS, 0)


def test_the_suite_has_all_kinds_of_trojan_sources() -> None:
    assert len(set(questions.trojan_sources())) == 61
