"""Whether what was done is what was expected: pure comparisons."""

from __future__ import annotations

from typing import Any

import pytest

from rookery_core.evals.cases import AnswerExpected, DecisionCase, FaithfulCase, FileExpected, TaskCase
from rookery_core.evals.outcome import DECIDED, Made, Outcome
from rookery_core.evals.score import (
    answer_fits,
    arguments_fit,
    file_fits,
    judge_decision,
    judge_faithful,
    judge_task,
    same,
    says,
)
from tests.core.evals.kit import decision, task

SCHEMA = {"properties": {"unit": {"default": "C"}, "limit": {"default": 10}, "all": {"default": None}, "any": True}}


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Rome", "rome"),
        ("New York", "newyork"),
        ("new  york\n", "New York."),
        ("Ann!", "ann"),
        ("./src/a.txt", "src/a.txt"),
        ("./", "."),
        (".", "."),
        ("...", "..."),
        ("", ""),
        ("ﬁle", "file"),
        (5, 5.0),
        (0.1 + 0.2, 0.3),
        (0, 0.0),
        (10**400, 10**400),
        (1e-13, 1e-13),
        ("東京。", "東京"),
        (True, True),
        (None, None),
        ([1, "A"], [1.0, "a."]),
        ([], []),
        ({"a": [1], "b": "X"}, {"b": "x", "a": [1]}),
    ],
)
def test_these_are_the_same(value: Any, wanted: Any) -> None:
    assert same(value, wanted)
    assert same(wanted, value)


@pytest.mark.parametrize(
    ("value", "wanted"),
    [
        ("Rome", "Roma"),
        ("a/b", "b"),
        ("5", 5),
        (5, 5.01),
        (5550123456, 5550123457),
        (5550123456, 5550123457.0),
        (10**400, 1.5),
        (1.6e-19, 9.1e-31),
        (0, 1e-13),
        (True, 1),
        (0, False),
        (None, ""),
        (None, 0),
        (None, False),
        ([1, 2], [2, 1]),
        ([1], [1, 1]),
        ({"a": 1}, {"a": 1, "b": 2}),
        ({"a": 1}, [1]),
        ("?", "!"),
        (".", ""),
    ],
)
def test_these_are_not(value: Any, wanted: Any) -> None:
    assert not same(value, wanted)
    assert not same(wanted, value)


@pytest.mark.parametrize(
    ("arguments", "wanted", "fits"),
    [
        ({"city": "rome"}, {"city": ["Rome", "Roma"]}, True),
        ({"city": "Roma"}, {"city": ["Rome", "Roma"]}, True),
        ({"city": "Milan"}, {"city": ["Rome", "Roma"]}, False),
        ({}, {"city": ["Rome"]}, False),
        ({}, {"city": ["Rome", ""]}, True),
        ({"city": ""}, {"city": ["Rome", ""]}, True),
        ({"city": "Milan"}, {"city": ["Rome", ""]}, False),
        ({"city": "Rome", "zip": 1}, {"city": ["Rome"]}, False),
        ({"city": "Rome", "unit": "C"}, {"city": ["Rome"]}, True),
        ({"city": "Rome", "unit": "F"}, {"city": ["Rome"]}, False),
        ({"city": "Rome", "limit": 10.0}, {"city": ["Rome"]}, True),
        ({"city": "Rome", "all": None}, {"city": ["Rome"]}, True),
        ({"any": [1]}, {"any": [[1]]}, True),
        ({"unit": "c"}, {"unit": ["F", ""]}, True),
        ({"unit": "K"}, {"unit": ["F", ""]}, False),
        ({"all": None}, {"all": [True, ""]}, True),
        ({}, {"limit": [10]}, True),
        ({}, {"limit": [11]}, False),
        ({"tags": ["a", "b"]}, {"tags": [["A", "B"]]}, True),
        ({"tags": ["b", "a"]}, {"tags": [["A", "B"]]}, False),
        ({"tags": ["b", "a"]}, {"tags": [["A", "B"], ["B", "A"]]}, True),
        ({}, {}, True),
    ],
)
def test_arguments_fit_where_each_has_an_acceptable_value(
    arguments: dict[str, Any], wanted: dict[str, list[Any]], fits: bool
) -> None:
    assert arguments_fit(Made(tool="t", arguments=arguments), wanted, SCHEMA) is fits


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("It is **391**.", "391"),
        ("The file is `a.txt`", "A.TXT"),
        ("twelve\n  euros", "twelve euros"),
        ("It’s done", "it's done"),
        ("12.50 euros", "12.5"),
        ("exactly 5.0", "5"),
        ("5, 6 and 7", "5"),
        ("in 2024.", "2024"),
        ("1,500 people", "1,500"),
        ("version 3.1.4", "3.1"),
        ("-5 degrees", "5"),
        ("3*4 = **12**", "3*4"),
        ("3*4 = **12**", "12"),
        ("anything", ""),
    ],
)
def test_an_answer_says_this(answer: str, text: str) -> None:
    assert says(answer, text)


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        ("It is 15.", "5"),
        ("It is 51.", "5"),
        ("It is 5.2.", "5"),
        ("It is 1.5.", "5"),
        ("It is 12.57.", "12.5"),
        ("1,500 people", "500"),
        ("1,500 people", "1"),
        ("3*4 is what was asked", "34"),
        ("nothing", "something"),
        ("", "x"),
    ],
)
def test_an_answer_does_not_say_this(answer: str, text: str) -> None:
    assert not says(answer, text)


def test_an_answer_needs_one_text_of_each_group_and_none_that_is_excluded() -> None:
    expect = AnswerExpected(answer_contains=(("red", "rouge"), ("7",)), answer_excludes=("blue",))
    assert answer_fits("Rouge, 7 times", expect)
    assert not answer_fits("red", expect)
    assert not answer_fits("red 7, not blue", expect)


@pytest.mark.parametrize(
    ("text", "wanted", "fits"),
    [
        ("a\r\nb\n", {"equals": "a\nb"}, True),
        ("a\r\nb\n", {"contains": "a\r\nb"}, True),
        ("a\nb\n", {"contains": ["a\r\nb"]}, True),
        ("a b", {"equals": "a  b"}, False),
        ("A", {"equals": "a"}, False),
        ("one two three", {"contains": "two"}, True),
        ("one two three", {"contains": ["one", "four"]}, False),
        ("x", {"absent": True}, False),
    ],
)
def test_a_file_fits(text: str, wanted: dict[str, Any], fits: bool) -> None:
    outcome = Outcome(ended="answered", files={"d/a.txt": text, "b.bin": None})
    assert file_fits(outcome, "./d/a.txt", FileExpected.model_validate(wanted)) is fits


def test_a_file_of_which_nothing_else_is_said_has_to_be_there() -> None:
    outcome = Outcome(ended="answered", files={"a": "", "b.bin": None})
    assert file_fits(outcome, "a", FileExpected())
    assert file_fits(outcome, "b.bin", FileExpected(absent=False))
    assert not file_fits(outcome, "c", FileExpected())


def test_a_file_that_is_not_there_is_absent_and_nothing_else() -> None:
    outcome = Outcome(ended="answered", files={"b.bin": None})
    assert file_fits(outcome, "a", FileExpected(absent=True))
    assert not file_fits(outcome, "b.bin", FileExpected(absent=True))
    assert not file_fits(outcome, "a", FileExpected(equals=""))
    assert not file_fits(outcome, "b.bin", FileExpected(contains=("x",)))


def call(tool: str, **arguments: Any) -> Outcome:
    return Outcome(ended=DECIDED, calls=(Made(tool=tool, arguments=arguments, ran=True),))


def said(text: str, *tried: Made) -> Outcome:
    return Outcome(ended="answered", answer=text, calls=tried)


def judged(outcome: Outcome, **changed: Any) -> dict[str, bool]:
    return judge_decision(DecisionCase.model_validate(decision(**changed)), outcome)


def test_a_call_that_is_expected_is_judged_by_tool_and_arguments() -> None:
    assert judged(call("get_weather", city="Rome")) == {"tool": True, "arguments": True}
    assert judged(call("get_weather", city="Rome", unit="C")) == {"tool": True, "arguments": True}
    assert judged(call("get_weather", city="Rome", unit="F")) == {"tool": True, "arguments": False}
    assert judged(call("get_weather", city="Oslo")) == {"tool": True, "arguments": False}
    assert judged(call("send_mail", city="Rome")) == {"tool": False, "arguments": False}
    assert judged(said("It is sunny.")) == {"tool": False, "arguments": False}


def test_without_expected_arguments_only_the_tool_counts() -> None:
    expect = {"tool": "get_weather"}
    assert judged(call("get_weather", city="Oslo"), expect=expect) == {"tool": True}
    assert judged(call("send_mail"), expect=expect) == {"tool": False}


def test_of_what_is_left_out_nothing_is_judged() -> None:
    assert judged(call("send_mail"), expect={}) == {}
    expect = {"arguments": {"to": ["Ann"]}}
    assert judged(call("send_mail", to="ann"), expect=expect) == {"arguments": True}
    assert judged(call("get_weather", to="ann", unit="C"), expect=expect) == {"arguments": True}
    assert judged(call("send_mail", to="bob"), expect=expect) == {"arguments": False}
    assert judged(said("Hello."), expect=expect) == {"arguments": False}


def test_no_call_needs_an_answer_of_its_own() -> None:
    expect = {"tool": None, "kind": "answer"}
    assert judged(said("Hello."), expect=expect) == {"no_call": True}
    assert judged(call("get_weather", city="Rome"), expect=expect) == {"no_call": False}
    assert judged(Outcome(ended="failed"), expect=expect) == {"no_call": False}
    assert judged(Outcome(ended="gave_up", answer="I stopped."), expect=expect) == {"no_call": False}


def test_a_question_is_told_from_a_statement() -> None:
    expect = {"tool": None, "kind": "ask"}
    assert judged(said("Which city?"), expect=expect) == {"no_call": True, "asked": True}
    assert judged(said("I cannot."), expect=expect) == {"no_call": True, "asked": False}
    assert judged(call("get_weather", city="?"), expect=expect) == {"no_call": False, "asked": False}


def test_the_decision_is_what_would_run_and_else_the_last_attempt() -> None:
    refused = Made(tool="get_weather", arguments={"city": 1}, status="invalid")
    through = Made(tool="get_weather", arguments={"city": "Rome"}, ran=True)
    assert Outcome(ended=DECIDED, calls=(refused, through)).call == through
    assert Outcome(ended="gave_up", answer="I stopped.", calls=(refused,)).call == refused
    assert said("Sunny.", refused).call is None


def test_an_answer_is_faithful_where_it_says_the_result_and_calls_nothing() -> None:
    messages = [
        {"role": "user", "content": "Weather in Rome?"},
        {"role": "assistant", "tool": "get_weather", "arguments": {"city": "Rome"}},
        {"role": "tool", "name": "get_weather", "content": "25 C"},
    ]
    expect = {"answer_contains": [["25"]], "answer_excludes": ["rain"]}
    case = FaithfulCase.model_validate(decision(messages=messages, expect=expect))
    assert judge_faithful(case, said("It is 25 degrees.")) == {"faithful": True}
    assert judge_faithful(case, said("It is 26 degrees.")) == {"faithful": False}
    assert judge_faithful(case, said("25, and rain")) == {"faithful": False}
    assert judge_faithful(case, call("get_weather", city="25")) == {"faithful": False}


def test_a_task_is_solved_when_every_part_is() -> None:
    case = TaskCase.model_validate(
        task(
            expect={"answer_contains": ["done"], "files": {"out.txt": {"equals": "hello"}, "old.txt": {"absent": True}}}
        )
    )
    good = Outcome(ended="answered", answer="Done.", files={"out.txt": "hello\n"})
    assert judge_task(case, good) == {"solved": True}
    assert judge_task(case, good.model_copy(update={"ended": "gave_up"})) == {"solved": False}
    assert judge_task(case, good.model_copy(update={"answer": "No."})) == {"solved": False}
    assert judge_task(case, good.model_copy(update={"files": {"out.txt": "hello", "old.txt": ""}})) == {"solved": False}


def test_a_task_without_an_expected_answer_may_have_none() -> None:
    case = TaskCase.model_validate(task())
    assert judge_task(case, Outcome(ended="gave_up", files={"out.txt": "hello"})) == {"solved": True}
