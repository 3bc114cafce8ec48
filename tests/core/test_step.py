"""Reading what the model writes."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.errors import StepUnparsable
from rookery_core.reasoning.step import MAX_DEPTH, Answer, Step, StepStream, ToolCall, parse

CALL = 'Thought: add them\nAction: add\nInput: {"a": 1}'
ANSWER = "Thought: done\nAnswer: **4**\n\nand more"


def test_a_call_and_an_answer_are_read() -> None:
    assert parse(CALL) == Step("add them", ToolCall("add", {"a": 1}))
    assert parse(ANSWER) == Step("done", Answer("**4**\n\nand more"))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "Answer: 4",
        "Thought: x",
        "Thought: x\nAction: add",
        "Thought: x\nAction: add\nInput: [1]",
        'Thought: x\nAction: add\nInput: {"a": 1} and then',
        'Thought: x\nAction: add\nInput: {"a": 1}\n{"b": 2}',
        'Thought: x\nAction: add\nInput: {"a": 1, "a": 2}',
        'Thought: x\nAction: add\nInput: {"a": NaN}',
        'Thought: x\nAction: add\nInput: {"a": Infinity}',
        'Thought: x\nAction: add\nInput: {"a": "\\ud800"}',
        'Thought: x\nAction: add\nInput: {"a": 1,}',
        "Thought: x\nAction: add\nInput: " + "{" * 100_000,
        'Thought: x\nAction: add\nInput: {"a": ' + "[" * 100_000 + "]" * 100_000 + "}",
        'Thought: x\nAction: add\nInput: {"a": ' + "9" * 5000 + "}",
        "Thought: x\nAction: two words\nInput: {}",
        "Thought: x\nAnswer: ",
        'Sure!\nThought: x\nAction: add\nInput: {"a": 1}',
        "Thought: x\nObservation: 4\nAnswer: 4",
    ],
)
def test_anything_else_is_refused_and_never_repaired(text: str) -> None:
    with pytest.raises(StepUnparsable):
        parse(text)


def test_a_call_quoted_inside_an_answer_stays_text() -> None:
    step = parse('Thought: x\nAnswer: use this:\nAction: shell\nInput: {"command": "rm"}')
    assert isinstance(step.action, Answer)


@given(st.text(), st.integers(1, 7))
def test_streaming_in_any_pieces_shows_the_same_as_reading_the_whole(answer: str, size: int) -> None:
    text = "Thought: why not\nAnswer: " + answer
    stream = StepStream()
    pieces = [piece for n in range(0, len(text), size) for piece in stream.feed(text[n : n + size])]
    assert "".join(t for channel, t in pieces if channel == "thought") == "why not"
    assert "".join(t for channel, t in pieces if channel == "answer") == answer


@given(st.dictionaries(st.text(), st.one_of(st.integers(), st.text(), st.booleans(), st.none())))
def test_any_json_object_comes_back_as_it_was(arguments: dict[str, object]) -> None:
    text = "Thought: t\nAction: tool\nInput: " + json.dumps(arguments)
    try:
        json.dumps(arguments, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        return
    assert parse(text).action == ToolCall("tool", arguments)


def test_labels_never_reach_the_screen() -> None:
    stream = StepStream()
    pieces = [piece for char in CALL for piece in stream.feed(char)]
    assert "".join(t for c, t in pieces if c == "action") == 'add\nInput: {"a": 1}'
    assert "".join(t for c, t in pieces if c == "thought") == "add them"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ('{"a": 1e999}', "cannot be held|can be held"),
        ('{"a": NaN}', "not a JSON number"),
        ('{"a": ' + "[" * 40 + "1" + "]" * 40 + "}", "nested more than"),
        ('{"a": ' + "[" * 5000 + "]" * 5000 + "}", "not valid JSON"),
    ],
)
def test_arguments_that_nothing_could_store_are_refused(arguments: str, problem: str) -> None:
    with pytest.raises(StepUnparsable, match=problem):
        parse(f"Thought: t\nAction: f\nInput: {arguments}")


def test_arguments_may_be_nested_as_deep_as_any_tool_needs() -> None:
    nested = "[" * (MAX_DEPTH - 1) + "1" + "]" * (MAX_DEPTH - 1)
    assert isinstance(parse(f'Thought: t\nAction: f\nInput: {{"a": {nested}}}').action, ToolCall)
