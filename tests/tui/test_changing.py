"""A call's arguments as texts that a person changes: in a form, and in one file."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_tui.changing import Changes, Field, FieldsWrong, as_file, fields_of, read_fields, texts_of_file
from tests.tui.call_kit import request

WORDS = st.one_of(
    st.text(max_size=40), st.lists(st.sampled_from([*"=# \n\r\t\\u{}", "=== text", "\u202e"]), max_size=12).map("".join)
)
VALUES = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False), WORDS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=6,
)
ARGUMENTS = st.dictionaries(st.sampled_from(["text", "path", "n", "a.b", "odd name\n", "x (JSON)"]), VALUES, max_size=4)


def no_halves(value: object) -> bool:
    return json.dumps(value, ensure_ascii=False).encode("utf-8", "replace").decode() == json.dumps(
        value, ensure_ascii=False
    )


@given(ARGUMENTS.filter(no_halves))
def test_what_is_not_changed_is_the_same_call_in_a_form_and_in_a_file(arguments: dict[str, object]) -> None:
    fields = fields_of(arguments)
    assert read_fields(fields, [each.text for each in fields]) == arguments
    texts = texts_of_file(as_file("kit.tool", fields, "a problem"), fields)
    assert texts is not None
    assert read_fields(fields, texts) == arguments


def test_a_file_has_a_text_as_it_is_and_anything_else_as_json() -> None:
    file = as_file("shell.shell", fields_of({"command": "a\n  b\u202e", "timeout_s": 30}))
    assert file.split("\n", 3)[3] == "=== command\na\n  b\\u{202e}\n=== timeout_s (JSON)\n30\n"


def test_a_line_of_a_text_cannot_pass_for_the_name_of_an_argument() -> None:
    fields = fields_of({"a": "=== b\n====", "b": "x"})
    assert "\n===== a\n=== b\n====\n===== b\nx\n" in as_file("t", fields)


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "no JSON: expecting property name enclosed in double quotes, line 1, column 2"),
        ("NaN", "no JSON: NaN is no number"),
        ("[" * 100_000, "no JSON: too many brackets inside each other"),
        ("\\u{110000}", "\\u{110000} is no character: the last one is \\u{10ffff}"),
        ('"\\u{d800}"', "half a character: \\u{d800} to \\u{dfff} stand for none"),
    ],
)
def test_what_is_no_json_is_named_by_its_argument(text: str, problem: str) -> None:
    with pytest.raises(FieldsWrong) as wrong:
        read_fields([Field("n", "", False), Field("text", "", True)], [text, "fine"])
    assert wrong.value.problems == {"n": problem}


def test_a_value_that_is_no_text_is_left_out_where_nothing_is_written() -> None:
    assert read_fields([Field("n", "", False), Field("text", "", True)], [" ", ""]) == {"text": ""}


def test_an_empty_file_changes_nothing_and_one_without_an_argument_says_which() -> None:
    fields = fields_of({"a": "x", "n": 1})
    assert texts_of_file(" \n", fields) is None
    with pytest.raises(FieldsWrong, match=r"n: its line `=== n \(JSON\)` is gone"):
        texts_of_file("=== a\nx\n", fields)


def test_a_change_comes_back_only_to_the_same_call_as_it_was_before() -> None:
    asked, changes = request(), Changes()
    assert changes.not_taken(asked) is None
    changes.keep(asked, {"path": 3})
    assert changes.not_taken(request(call_id="1.2")) is None
    assert changes.not_taken(asked) == {"path": 3}
    assert changes.not_taken(asked) is None
    changes.keep(asked, {"path": "b.txt"})
    assert changes.not_taken(request(arguments={"path": "b.txt"})) is None


def test_an_argument_that_the_person_took_out_has_an_empty_field_when_the_change_comes_back() -> None:
    assert fields_of({"path": "a", "n": 1}, {"path": "b"}) == (Field("path", "b", True), Field("n", "", False))
