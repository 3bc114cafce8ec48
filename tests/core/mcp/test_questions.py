"""What a server asks, put to the person: each kind of field, and answers that do not fit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest

from rookery_core.errors import ToolFailed
from rookery_core.mcp.questions import MESSAGE_CHARS, asked


class Person:
    """Answers in order, then not at all."""

    def __init__(self, *answers: str) -> None:
        self.answers = [*answers]
        self.asked: list[tuple[str, tuple[str, ...]]] = []

    def confirm(self, question: str) -> bool:
        self.asked.append((question, ("yes", "no")))
        return bool(self.answers) and self.answers.pop(0) == "yes"

    def ask(self, question: str, choices: Sequence[str] = ()) -> str:
        self.asked.append((question, tuple(choices)))
        if not self.answers:
            raise ToolFailed("nobody answered")
        return self.answers.pop(0)


def form(about: dict[str, Any], *, required: bool = True) -> dict[str, Any]:
    schema = {"type": "object", "properties": {"it": about}, "required": ["it"] if required else []}
    return {"message": "Well?", "requestedSchema": schema}


TITLED = {"type": "string", "oneOf": [{"const": "a", "title": "the first"}, {"const": "b", "title": "the second"}]}
SEVERAL = {"type": "array", "items": {"type": "string", "enum": ["a", "b", "c"]}, "minItems": 1}


@pytest.mark.parametrize(
    ("about", "answers", "value", "choices"),
    [
        ({"type": "string"}, ["x"], "x", ()),
        ({"type": "string", "minLength": 3}, ["x", "xyz"], "xyz", ()),
        ({"type": "integer"}, ["x", "3.5", "4"], 4, ()),
        ({"type": "number", "maximum": 2}, ["3", "1.5"], 1.5, ()),
        ({"type": "number"}, ["nan", "-inf", "1e3"], 1000.0, ()),
        ({"type": "boolean"}, ["no"], False, ("yes", "no")),
        ({"type": "string", "enum": ["a", "b"]}, ["b"], "b", ("a", "b")),
        ({"type": "string", "enum": ["a", "b"]}, ["c", "b"], "b", ("a", "b")),
        (TITLED, ["the second"], "b", ("the first", "the second")),
        (SEVERAL, ["d", "", "a, c"], ["a", "c"], ()),
    ],
)
def test_each_kind_of_field_is_asked_and_what_does_not_fit_is_asked_again(
    about: dict[str, Any], answers: list[str], value: object, choices: tuple[str, ...]
) -> None:
    person = Person(*answers)
    assert asked(person, form(about)) == ("accept", {"it": value})
    assert {ways for _, ways in person.asked} == {choices}
    assert all(question.endswith(("it", ")")) and "Well?" in question for question, _ in person.asked)


def test_what_may_be_left_out_is_and_what_may_not_is_not_made_up() -> None:
    assert asked(Person("-"), form({"type": "string"}, required=False)) == ("accept", {})
    assert asked(Person("leave it out"), form({"type": "boolean"}, required=False)) == ("accept", {})
    assert asked(Person(), form({"type": "string"}, required=False)) == ("cancel", None)
    assert asked(Person(), form({"type": "string"})) == ("cancel", None)
    assert asked(Person("x", "y", "z", "4"), form({"type": "integer"})) == ("cancel", None)


def test_of_a_message_without_end_so_much_is_shown() -> None:
    person = Person("yes")
    assert asked(person, {"message": "x" * 5_000_000}) == ("accept", {})
    assert len(person.asked[0][0]) < MESSAGE_CHARS + 200


def test_an_address_is_shown_and_not_opened() -> None:
    person = Person("yes")
    assert asked(person, {"mode": "url", "message": "Sign in.", "url": "https://x.test/a"}) == ("accept", None)
    assert person.asked[0][0].splitlines()[1:] == [
        "It wants you to open this address yourself:", "https://x.test/a", "Go on?",
    ]  # fmt: skip
    assert asked(Person("no"), {"mode": "url", "message": "", "url": "x"}) == ("decline", None)
