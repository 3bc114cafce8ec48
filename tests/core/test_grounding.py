"""Arguments and answers that nothing said accounts for."""

from __future__ import annotations

from typing import Any, Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.config import AgentSettings, Config
from rookery_core.events import ToolRequested
from rookery_core.plugin import Risk, tool
from rookery_core.reasoning.grounding import COUNTED, doubts, reckoned, unsaid
from rookery_core.testing import ScriptedModel
from tests.core.conftest import Lab, act, answer, play


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
        (125, "one hundred and twenty-five"),
        (2500, "two thousand five hundred"),
        (1_200_000, "1.2 million"),
        (5000, "5k"),
        (24, "two dozen"),
        (6, "half a dozen"),
        (2.5, "two and a half"),
        (21, "the twenty-first"),
        (1250, "1 250 pieces"),
        (1_250_000, "1'250'000 francs"),
        (-5, "5 degrees less"),
        (0.15, "a rate of 15%"),
        (15, "a rate of 0.15"),
        (0.07, "seven percent"),
        (30, "in half an hour"),
        (300, "a timer of 5 minutes"),
        (300, "a five-minute timer"),
        (90, "1 hour and 30 minutes"),
        (1.5, "90 minutes"),
        (7, "for a week"),
        (2000, "walk 2 km"),
        (500, "charge $5"),
        (3 * 1024**2, "at most 3 MB"),
        ("(71 + 84 + 90) / 3", "average of 71, 84 and 90"),
        ("80 * 0.85", "15 % off 80"),
        ("2026-05", "in May 2026"),
        ("03.05.2026", "on May 3rd, 2026"),
        ("2026-05-03", "am 3.5."),
        ("2026-11-24", "remind me tomorrow to buy 2 eggs"),
        ("12:00", "at noon"),
        ("00:30", "at 12:30 am"),
        ("15:30", "at 3.30 pm"),
        ("**/*.py", "all Python files"),
        ("src/**/*.py", "all Python files in src"),
        ("https://example.com/a", "open example.com/a"),
        ("Europe/Berlin", "what time is it in Berlin"),
        ("./My Notes/'a b.txt'", "read 'a b.txt'"),
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
        (25, "convert 2.5 EUR", "25"),
        (5, "convert 2.5 EUR", "5"),
        (1500, "15 of them", "1500"),
        (5, "two files and three folders", "5"),
        (10**400, "a long one", str(10**400)),
        ("2026-06", "in May 2026", "2026-06"),
        ("04.05.2026", "on May 3rd, 2026", "04.05.2026"),
        ("2026-05-04", "is this on 3 May 2026", "2026-05-04"),
        ("18:00", "at noon", "18:00"),
        ("https://example.com/b", "open example.com/a", "b"),
        ("lib/**/*.py", "all Python files in src", "lib"),
    ],
)
def test_what_nobody_said_is_questioned(value: Any, heard: str, doubt: str) -> None:
    expected = [] if doubt == "none" else [f"x: {doubt} is nowhere in what was said"]
    assert doubts({"x": value}, {}, heard) == expected


def test_defaults_and_choices_of_the_schema_need_not_be_said() -> None:
    schema = {"properties": {"lines": {"default": 200}, "size": {"enum": ["a4.pdf", "a5.pdf"]}}}
    assert doubts({"lines": 200, "size": "a5.pdf"}, schema, "print it") == []
    assert doubts({"lines": 201}, schema, "print it") == ["lines: 201 is nowhere in what was said"]


def test_choices_deep_in_a_schema_need_not_be_said() -> None:
    schema = {
        "properties": {
            "level": {"anyOf": [{"enum": [3, 5]}, {"type": "null"}]},
            "papers": {"type": "array", "items": {"$ref": "#/$defs/Paper"}},
        },
        "$defs": {"Paper": {"enum": ["a4.pdf"]}},
    }
    assert doubts({"level": 5, "papers": ["a4.pdf"]}, schema, "print it") == []
    assert doubts({"level": 4, "papers": ["a3.pdf"]}, schema, "print it") == [
        "level: 4 is nowhere in what was said",
        "papers: a3.pdf is nowhere in what was said",
    ]


@given(
    st.dictionaries(st.text(), st.none() | st.booleans() | st.integers() | st.floats() | st.text(), max_size=3),
    st.text() | st.from_regex(r"(?:[\d.,:/%$'\-]{1,4}|half|and|a|two|hundred|million|second| ){0,9}", fullmatch=True),
)
def test_nothing_that_is_said_or_meant_breaks_it(arguments: dict[str, Any], heard: str) -> None:
    assert all(doubt.endswith(" is nowhere in what was said") for doubt in doubts(arguments, {}, heard))
    assert doubts({"x": heard}, {}, heard) == []


BILL = "How much is it?\nObservation: rent 820\nfood 310.5\nphone 19.99\n2026-11-02 12:30 A-884\n1,250 EUR\n3.14159"


@pytest.mark.parametrize(
    "answer",
    [
        "It is 820.",
        "310.50 and 19.99",
        "It is 1250, or 1.250,00 EUR.",
        "about 3.14",
        f"There are {COUNTED}.",
        "On 2026-11-03 at 13:45",
        "Order A-885",
        "logs/41.txt",
        "version 1.4.2 at 10.0.0.5",
        "No number.",
        "",
    ],
)
def test_an_answer_may_say_what_was_said_round_it_count_and_name_days_and_codes(answer: str) -> None:
    assert reckoned(answer, BILL) == []


@pytest.mark.parametrize(
    ("answer", "found"),
    [
        ("It is 1150.49.", ["1150.49"]),
        ("**1,150.49 EUR**, so 2,400.49 with the rest", ["1,150.49", "2,400.49"]),
        (f"There are {COUNTED + 1}.", [str(COUNTED + 1)]),
        ("$1,399, yes: $1,399", ["1,399"]),
        ("3.15", ["3.15"]),
        ("1.250.000 EUR", ["1.250.000"]),
    ],
)
def test_a_number_that_was_worked_out_unseen_is_named(answer: str, found: list[str]) -> None:
    assert reckoned(answer, BILL) == found


@given(st.integers(0, 10**9), st.integers(0, 4), st.text(max_size=40))
def test_what_was_just_said_is_accounted_for_whatever_stands_beside_it(digits: int, places: int, beside: str) -> None:
    number = f"{digits / 10**places:.{places}f}"
    assert reckoned(f"It is {number}.", f"{beside} {number} {beside}") == []


def test_an_address_that_was_read_may_be_told() -> None:
    assert reckoned("It is 10.20.30.400.", "Observation: host 10.20.30.400") == []


def test_a_number_that_nobody_said_may_be_left_out_where_none_need_be_given() -> None:
    properties = {
        "n": {"type": "integer"},
        "most": {"type": "integer"},
        "kg": {"type": "number", "default": 2.5},
        "size": {"enum": [1, 7]},
        "whole": {"type": "boolean"},
        "where": {"type": "string"},
    }
    schema = {"type": "object", "properties": properties, "required": ["n"]}
    made_up = {"n": 41, "most": 42, "kg": 4.3, "size": 7, "whole": True, "where": "x/43.txt"}
    assert unsaid(made_up, schema, "start it") == {"most", "kg"}
    assert unsaid(made_up, schema, "start it with 42, at 4.3 kg") == set()
    assert unsaid({"n": 41, "kg": 2.5}, schema, "start it") == set()
    assert unsaid({"unknown": 5}, schema, "start it") == {"unknown"}


@tool(risk=Risk.PURE)
def sing(title: str, shift: int = 0) -> str:
    """Puts a song on the list."""
    return f"{title} {shift}"


@pytest.mark.parametrize(
    ("prompt", "wanted", "asked", "given"),
    [
        ("brief", True, "sing Jolene", {"title": "Jolene"}),
        ("brief", True, "sing Jolene, 3 up", {"title": "Jolene", "shift": 3}),
        ("brief", False, "sing Jolene", {"title": "Jolene", "shift": 3}),
        ("full", True, "sing Jolene", {"title": "Jolene", "shift": 3}),
    ],
)
async def test_in_a_turn_of_the_default_model_it_is_left_out(
    lab: Lab, prompt: Literal["brief", "full"], wanted: bool, asked: str, given: dict[str, object]
) -> None:
    model = ScriptedModel([act("sing", '{"title": "Jolene", "shift": 3}'), answer("Done.")])
    config = Config(agent=AgentSettings(prompt=prompt, leave_out=wanted))
    assistant = lab.assistant(model, config=config, tools=(sing,))
    events = await play(assistant, assistant.new_session(), asked)
    (requested,) = (event for event in events if isinstance(event, ToolRequested))
    assert requested.arguments == given
