"""What is kept for development becomes cases that the program reads, and that the trained answer meets."""

from __future__ import annotations

import random
import sys
from itertools import islice
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_core.evals.cases import Case, DecisionCase, FaithfulCase, Observation, TaskCase, read
from rookery_core.evals.outcome import Outcome
from rookery_core.evals.score import judge_faithful
from rookery_core.reasoning.step import Answer, parse
from rookery_training import cases

BY_HAND = Path(__file__).resolve().parents[2] / "training" / "by_hand"


@pytest.mark.parametrize(
    ("name", "kind", "n"),
    [("tasks.jsonl", TaskCase, 96), ("decisions.jsonl", DecisionCase, 150), ("faithful.jsonl", FaithfulCase, 80)],
)
def test_the_cases_that_are_written_by_hand_are_read(name: str, kind: type[Case], n: int) -> None:
    assert len({case.id for case in read(BY_HAND / name, kind)}) == n


def test_the_answer_that_is_learnt_meets_its_case_and_another_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    learnt = []

    def kept(group: cases.Group, branch: cases.Branch) -> object:
        made = answer(group, branch)
        if made is not None:
            learnt.append(branch.messages[-1].content)
        return made

    answer = cases.answer
    monkeypatch.setattr(cases, "answer", kept)
    made = list(islice(cases.faithful(random.Random(3)), 40))
    assert {case["group"] for case in made} == {"json", "lines", "line"}
    for raw, text in zip(made, learnt, strict=False):
        case = FaithfulCase.model_validate({"id": "dev", **raw})
        assert isinstance(case.messages[-1], Observation)
        action = parse(text).action
        assert isinstance(action, Answer)
        assert all(judge_faithful(case, Outcome(ended="answered", answer=action.text)).values())
        assert not any(judge_faithful(case, Outcome(ended="answered", answer="I do not know.")).values())
