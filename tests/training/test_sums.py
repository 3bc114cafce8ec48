"""Problems in words come with the expression that the calculator needs, made of what their words say."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

import pytest

from rookery_core.reasoning.grounding import doubts
from rookery_core.reasoning.step import ANSWER, INPUT
from rookery_core.tools.registry import Registry
from rookery_plugins.calculator.expression import worked_out
from rookery_plugins.calculator.tools import Calculator

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_training.branches import Branch
from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import fill, load
from rookery_training.conversations import Author
from rookery_training.generate import split
from rookery_training.held_out import HeldOut
from rookery_training.sums import Sum, Sums
from rookery_training.sums import load as load_problems

SCHEMA = Calculator().calculator.schema


@pytest.fixture(scope="module")
def branches() -> list[Branch]:
    builtin: Registry = built_in_tools()
    author = Author(split(load(), held_out=False), builtin, random.Random(8), HeldOut())
    return [branch for _ in range(250) for branch in author.group().branches if branch.about == "sums"]


def said(made: Sum) -> str:
    return fill(made.ask, made.scene, random.Random(0), said=True)


def test_every_problem_has_numbers_that_the_calculator_takes_and_its_words_account_for() -> None:
    sums = Sums(random.Random(1))
    for problem in sums.problems:
        for _ in range(50):
            made = sums.make(problem)
            assert worked_out(made.expression) == made.result
            assert doubts({"expression": made.expression}, SCHEMA, said(made)) == [], said(made)
            assert made.result in made.answer.replace(",", "")
            assert not re.search(r"[{}]", said(made) + made.expression + made.first + made.answer)


def test_a_follow_up_is_accounted_for_by_what_was_said_before() -> None:
    sums = Sums(random.Random(2))
    n = 0
    for _ in range(600):
        before = sums.draw()
        after = sums.follow(before)
        if after is not None:
            n += 1
            heard = f"{said(before)} {before.answer} {said(after)}"
            assert worked_out(after.expression) == after.result
            assert doubts({"expression": after.expression}, SCHEMA, heard) == [], heard
    assert n > 400


def test_there_are_many_problems_in_many_structures() -> None:
    problems = load_problems()
    assert len(problems) >= 130
    assert len({re.sub(r"\{\w+\}", "n", problem.expression) for problem in problems}) >= 60
    assert all(len(problem.asks) >= 3 and len(problem.answers) >= 2 for problem in problems)
    assert all(len(problem.first.split()) < 12 for problem in problems)


def test_what_is_kept_for_development_is_never_asked_in_training() -> None:
    trained = {text for problem in Sums(random.Random(0)).problems for text in (*problem.asks, *problem.follow_ups)}
    kept = {
        text
        for problem in Sums(random.Random(0), develop=True).problems
        for text in (*problem.asks, *problem.follow_ups)
    }
    assert len(kept) > 50
    assert trained & kept == set()


def test_the_same_seed_makes_the_same() -> None:
    one, other = Sums(random.Random(3)), Sums(random.Random(3))
    assert [said(one.draw()) for _ in range(50)] == [said(other.draw()) for _ in range(50)]


def test_the_conversations_call_the_calculator_and_say_its_result(branches: list[Branch]) -> None:
    assert len(branches) > 15
    for branch in branches:
        for n, message in enumerate(branch.messages):
            if message.role == "tool" and INPUT + '{"expression"' in branch.messages[n - 1].content:
                result = message.content.partition("Observation: ")[2]
                assert result in branch.messages[n + 1].content.partition(ANSWER)[2]
