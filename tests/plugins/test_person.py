"""A question to the person: with choices or without, and what happens where nobody is there."""

from __future__ import annotations

from typing import Any

import pytest

from rookery_core.events import Event, QuestionAsked, ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.person import MAX_CHOICES, QUESTION_CHARS, ask_user


async def test_the_answer_is_what_the_person_says() -> None:
    events: list[Event] = []
    done = await run_tool(ask_user, {"question": " Which one? "}, answers=["the blue one"], events=events)
    assert (done.status, done.output) == (ToolStatus.OK, "the blue one")
    (asked,) = [event for event in events if isinstance(event, QuestionAsked)]
    assert (asked.question, asked.choices) == ("Which one?", ())


async def test_choices_are_offered_once_each() -> None:
    events: list[Event] = []
    arguments = {"question": "Where to?", "choices": ["Rome", " Oslo", "Rome"]}
    done = await run_tool(ask_user, arguments, answers=["Oslo"], events=events)
    (asked,) = [event for event in events if isinstance(event, QuestionAsked)]
    assert asked.choices == ("Rome", "Oslo")
    assert done.output == "Oslo"


async def test_where_nobody_is_there_the_model_is_told() -> None:
    done = await run_tool(ask_user, {"question": "Anyone?"})
    assert done.status is ToolStatus.FAILED
    assert "nobody" in done.output


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        ({"question": " "}, ToolStatus.FAILED, "the question is empty"),
        ({"question": "x", "choices": ["a"]}, ToolStatus.FAILED, "two or more choices"),
        ({"question": "x", "choices": ["a", " "]}, ToolStatus.FAILED, "two or more choices"),
        ({"question": "x", "choices": ["a", ""]}, ToolStatus.INVALID, "at least 1 character"),
        ({"question": "x", "choices": [str(n) for n in range(MAX_CHOICES + 1)]}, ToolStatus.INVALID, "at most 9"),
        ({"question": "x" * (QUESTION_CHARS + 1)}, ToolStatus.INVALID, "at most 500"),
    ],
)
async def test_a_question_that_cannot_be_asked_is_not_asked(
    arguments: dict[str, Any], status: ToolStatus, said: str
) -> None:
    events: list[Event] = []
    done = await run_tool(ask_user, arguments, answers=["never"], events=events)
    assert done.status is status
    assert said in done.output
    assert not [event for event in events if isinstance(event, QuestionAsked)]


async def test_an_empty_answer_is_said() -> None:
    assert (await run_tool(ask_user, {"question": "Name?"}, answers=[""])).output == "(the answer is empty)"
