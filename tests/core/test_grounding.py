"""Arguments that nothing said accounts for."""

from __future__ import annotations

from typing import Any

import pytest

from rookery_core.reasoning.grounding import doubts


@pytest.mark.parametrize(
    ("value", "heard"),
    [
        (20, "convert 20 EUR to USD"),
        (1250, "take 1,250 of them"),
        (1250.5, "1.250,5 Euro"),
        (3, "the third one"),
        (12, "a dozen"),
        (25, "twenty five"),
        (300, "three hundred"),
        ("2026-05-03", "on May 3rd"),
        ("2026-05-03", "on 3 May 2026"),
        ("2026-05-03", "tomorrow"),
        ("15:30", "at 3:30 pm"),
        ("notes/a.txt", "read a.txt in the notes folder"),
        ("./a.txt", "read a.txt"),
        ("README.md", "show the readme"),
        ("12 * 9", "twelve times nine"),
        ("0.15 * 80", "15% of 80"),
        ("80 * 15 / 100", "15% of 80"),
        ("sqrt(2)", "the root of 2"),
        ("buy 3 eggs", "remember to buy three eggs"),
        ("INV-2041", "invoice inv-2041?"),
        ([1, 2], "1 and 2"),
        ({"inner": ["a.txt"]}, "a.txt"),
        (True, "yes"),
        (None, ""),
        ("", ""),
        ("print(1 + 41)\nprint(7)", "write a program"),
        ("a text of its own with the number 9999 in it", "write something"),
    ],
)
def test_what_was_said_is_not_questioned(value: Any, heard: str) -> None:
    assert doubts({"x": value}, {}, heard) == []


@pytest.mark.parametrize(
    ("value", "heard", "doubt"),
    [
        (25, "convert 20 EUR", "25"),
        (2.5, "convert 25 EUR", "2.5"),
        ("b.txt", "read a.txt", "b.txt"),
        ("notes/b.txt", "read b.md in notes/old", "none"),
        ("docs/b.txt", "read b.txt", "docs"),
        ("2026-05-04", "on 3 May 2026", "2026-05-04"),
        ("17:30", "at 3:30 pm", "17:30"),
        ("INV-204", "invoice inv-2041?", "204"),
        ("17 * 32", "17 times 23", "32"),
        ([1, 2, 3], "1 2 and 4", "3"),
    ],
)
def test_what_nobody_said_is_questioned(value: Any, heard: str, doubt: str) -> None:
    expected = [] if doubt == "none" else [f"x: {doubt} is nowhere in what was said"]
    assert doubts({"x": value}, {}, heard) == expected


def test_defaults_and_choices_of_the_schema_need_not_be_said() -> None:
    schema = {"properties": {"lines": {"default": 200}, "size": {"enum": ["a4.pdf", "a5.pdf"]}}}
    assert doubts({"lines": 200, "size": "a5.pdf"}, schema, "print it") == []
    assert doubts({"lines": 201}, schema, "print it") == ["lines: 201 is nowhere in what was said"]
