"""Case files: what is read, and what is said of a line that is wrong."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from rookery_core.errors import ConfigError
from rookery_core.evals.cases import (
    CallExpected,
    DecisionCase,
    FaithfulCase,
    NoCallExpected,
    TaskCase,
    read,
    spread,
)
from rookery_core.evals.suites import SUITES, opened
from tests.core.evals.kit import MAIL, decision, task, write

USER = {"role": "user", "content": "Hi"}
CALL = {"role": "assistant", "tool": "get_weather", "arguments": {"city": "Rome"}}
RESULT = {"role": "tool", "name": "get_weather", "content": "sunny"}
REPLY = {"role": "assistant", "content": "Hello"}


def test_a_file_is_read_with_blank_lines_a_byte_order_mark_and_unknown_keys(tmp_path: Path) -> None:
    file = write(tmp_path, decision("a", note="x"), decision("b"))
    file.write_text("\ufeff" + file.read_text().replace("\n", "\r\n\n"), encoding="utf-8")
    assert [case.id for case in read(file, DecisionCase)] == ["a", "b"]


def test_a_line_may_hold_what_other_programs_take_for_a_line_end(tmp_path: Path) -> None:
    file = tmp_path / "c.jsonl"
    file.write_text('{"id":"a","goal":"x\u2028y","expect":{}}\n', encoding="utf-8")
    assert read(file, TaskCase)[0].goal == "x\u2028y"


def test_messages_become_turns() -> None:
    messages = [USER, REPLY, USER, CALL, RESULT, {**REPLY, "content": "Sunny"}, USER, CALL, RESULT]
    case = DecisionCase.model_validate(decision(messages=messages))
    assert [(turn.asked, len(turn.steps), turn.answer and turn.answer.content) for turn in case.turns] == [
        ("Hi", 0, "Hello"),
        ("Hi", 1, "Sunny"),
        ("Hi", 1, None),
    ]


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"messages": []}, "messages"),
        ({"messages": [REPLY]}, "the last message must be the person's or a tool's"),
        ({"messages": [REPLY, USER]}, "messages.0: the person must speak here"),
        ({"messages": [USER, REPLY, REPLY, USER]}, "messages.2: the person must speak here"),
        ({"messages": [USER, CALL]}, "the last message must be the person's or a tool's"),
        ({"messages": [USER, CALL, USER]}, "messages.2: the result of get_weather must come here"),
        ({"messages": [USER, RESULT]}, "messages.1: there is no call of get_weather before this result"),
        ({"messages": [USER, CALL, {**RESULT, "name": "x"}]}, "messages.2: there is no call of x before this result"),
        ({"messages": [{"role": "system", "content": "x"}, USER]}, "messages.0"),
        ({"messages": [{"role": "user"}]}, "messages.0.content: is missing"),
        ({"messages": ["x"]}, "messages.0"),
        ({"messages": None}, "messages: must be a list"),
        ({"tools": [MAIL, MAIL]}, "two tools have one name"),
        ({"tools": [{**MAIL, "name": "Send Mail"}]}, "tool name 'Send Mail' is not lower-case"),
        ({"tools": [{**MAIL, "description": " "}]}, "tool send_mail has no description"),
        ({"tools": [{**MAIL, "parameters": {"type": "array"}}]}, "its schema must describe an object"),
        ({"tools": [{**MAIL, "parameters": {"type": "object", "required": "to"}}]}, "are no JSON Schema"),
        ({"expect": {"tool": "nosuch"}}, "expect.tool: nosuch is none of the tools"),
        ({"expect": {"tool": None, "kind": "guess"}}, "expect"),
        ({"expect": {"tool": "send_mail", "arguments": {"to": "ann"}}}, "expect.arguments.to: must be a list"),
        ({"expect": {"tool": "send_mail", "arguments": {"to": []}}}, "expect.arguments.to: must not be empty"),
        ({"expect": "x"}, "expect: must be a JSON object"),
        ({"expect": {"tool": 5}}, "expect.tool: must be a text"),
        ({"expect": {"tool": "send_mail", "arguments": {"to": [float("nan")]}}}, "not JSON that can be read"),
        ({"expect": {"tool": "send_mail", "arguments": {"to": ["\ud800"]}}}, "not JSON that can be read"),
        ({"id": ""}, "id: must not be empty"),
    ],
)
def test_what_is_wrong_with_a_case_is_said_with_its_line(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    file = write(tmp_path, decision("a"), decision(**{"id": "b", **changed}))
    with pytest.raises(ConfigError) as caught:
        read(file, DecisionCase)
    assert str(caught.value).startswith(f"{file}, line 2: ")
    assert said in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"allow": ["SUDO"]}, "SUDO is no kind of risk; there are: pure, read, write"),
        ({"files": {"/etc/passwd": "x"}}, "'/etc/passwd' is not a path inside the folder"),
        ({"files": {"a/../../b": "x"}}, "is not a path inside the folder"),
        ({"expect": {"files": {"..": {"absent": True}}}}, "is not a path inside the folder"),
        ({"files": {"a\0b": "x"}}, "cannot be the name of a file"),
        ({"files": {"é" * 128: "x"}}, "cannot be the name of a file"),
        ({"files": {"a": "x", "a/b/c": "y"}}, "two of them have one path, or one is in another"),
        ({"files": {"a": "x", "./a": "y"}}, "two of them have one path, or one is in another"),
        (
            {"expect": {"files": {"a": {"absent": True, "equals": ""}}}},
            "expect.files.a: a file that is absent has no text",
        ),
        ({"goal": ""}, "goal: must not be empty"),
        ({"files": []}, "files: must be a JSON object"),
        ({"expect": {"answer_contains": [[]]}}, "expect.answer_contains.0: must not be empty"),
    ],
)
def test_what_is_wrong_with_a_task_is_said(tmp_path: Path, changed: dict[str, Any], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        read(write(tmp_path, task(**changed)), TaskCase)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("expect", "understood"),
    [
        ({}, CallExpected()),
        ({"kind": "ask"}, NoCallExpected(kind="ask")),
        ({"tool": None}, NoCallExpected()),
        ({"tool": "send_mail"}, CallExpected(tool="send_mail")),
        ({"arguments": {"to": ["Ann"]}, "note": "x"}, CallExpected(arguments={"to": ("Ann",)})),
    ],
)
def test_every_part_of_what_is_expected_may_be_left_out(tmp_path: Path, expect: object, understood: object) -> None:
    assert read(write(tmp_path, decision(expect=expect)), DecisionCase)[0].expect == understood


def test_what_was_expected_is_told_as_the_file_says_it(tmp_path: Path) -> None:
    expect = {"arguments": {"to": ["Ann"]}}
    assert SUITES["decisions"].runs(write(tmp_path, decision(expect=expect)), None)[0].expected == expect


def test_a_faithful_case_ends_with_a_result(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 1: the last message must be a tool's"):
        read(write(tmp_path, decision(expect={})), FaithfulCase)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "holds no cases"),
        (b"\n\n", "holds no cases"),
        (b'{"id": "a",\n', "line 1: not JSON: "),
        (b"[1]\n", "line 1: a case is a JSON object"),
        (b"{}\n", "line 1: id: is missing"),
        (b'{"id": "\xff"}\n', "line 1: not UTF-8 text"),
        (b'\n{"id": "\xff"}\n', "line 2: not UTF-8 text"),
        (b"[" * 100_000, "line 1: not JSON"),
        (b'{"id": ' + b"9" * 5_000 + b"}", "line 1: "),
    ],
)
def test_a_file_that_is_none_is_refused(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "cases.jsonl"
    file.write_bytes(content)
    with pytest.raises(ConfigError) as caught:
        read(file, TaskCase)
    assert said in str(caught.value)


def test_two_cases_of_one_id_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="line 3: the id a is used in line 1 too"):
        read(write(tmp_path, task("a"), task("b"), task("a")), TaskCase)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nosuch\.jsonl cannot be read: No such file"):
        read(tmp_path / "nosuch.jsonl", TaskCase)


def test_a_tool_takes_no_arguments_that_it_does_not_name() -> None:
    case = DecisionCase.model_validate(decision())
    assert case.tools[0].tool.schema["additionalProperties"] is False
    assert "additionalProperties" not in case.tools[0].parameters


def test_the_key_stands_for_what_happens_and_not_for_what_is_expected() -> None:
    first = DecisionCase.model_validate(decision("a"))
    mended = DecisionCase.model_validate(decision("b", group="x", expect={"tool": "send_mail"}))
    other = DecisionCase.model_validate(decision("a", messages=[USER]))
    assert first.key == mended.key != other.key


def test_a_part_is_spread_over_the_whole() -> None:
    cases = [TaskCase.model_validate(task(str(n))) for n in range(10)]
    assert [case.id for case in spread(cases, 3)] == ["0", "3", "6"]
    assert spread(cases, None) == spread(cases, 10) == spread(cases, 99) == cases


@pytest.mark.parametrize("name", ["decisions", "tasks", "faithful"])
def test_the_cases_that_come_with_the_program_are_good(name: str) -> None:
    runs = SUITES[name].runs(None, None)
    assert len(runs) > 50
    assert all(run.judge for run in runs)


def test_a_suite_that_there_is_not_is_said(tmp_path: Path) -> None:
    with (
        pytest.raises(ConfigError, match="nosuch is no suite; there are: decisions"),
        opened("nosuch", tmp_path, print),
    ):
        pass


def test_only_the_cases_of_some_groups(tmp_path: Path) -> None:
    file = write(tmp_path, *(decision(f"c{n}", group=("a", "b", "")[n % 3]) for n in range(9)))
    runs = SUITES["decisions"].runs
    assert [run.id for run in runs(file, None, ["b"])] == ["c1", "c4", "c7"]
    assert [run.id for run in runs(file, None, ["b", "a"])] == ["c0", "c1", "c3", "c4", "c6", "c7"]
    assert [run.id for run in runs(file, 2, ["b"])] == ["c1", "c4"]
    with pytest.raises(ConfigError, match="there is no group 'c' among the cases; there are: a, b"):
        runs(file, None, ["a", "c"])
