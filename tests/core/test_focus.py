"""The part of a result that a request is about."""

from __future__ import annotations

import pytest

from rookery_core.reasoning.focus import LONGEST, POINTED, focus, pointed
from rookery_core.reasoning.spotlight import marked

LINES = "milk: 3\neggs: 12\nbutter: 1\nflour: 2"
CSV = "lane,cars,boarding\n14,9,01:00\n22,16,22:15\n26,12,04:35\n9,40,17:00"
TABLE = (
    "table data, 4 rows\n| lot TEXT | price REAL |\n| --- | ---: |\n| A-1 | 5 |\n| A-2 | 7 |\n| A-3 | 9 |\n| A-4 | 8 |"
)
COLUMNS = "DAY       WORKER  HOURS\nSaturday  Ines    11\nThursday  Nils    3\nFriday    Erik    8\nMonday    Ida     7"
JSON = '{"items": [{"sled": "otter", "by": "Ruiz"}, {"sled": "fox", "by": "Dubois"}, {"sled": "ibex", "by": "Garcia"}]}'
RECORDS = "- satellite: SAT-8\n  rises: 03:00\n- satellite: SAT-9\n  rises: 05:18\n- satellite: SAT-7\n  rises: 02:00"
FIELDS = "permit: MP-1\nforest: Stone Grove\nlimit (kg): 6\nstate: used up"
PARAGRAPHS = "The roof leaks.\nAsk Ann.\n\nThe boiler is new.\nAsk Bo.\n\nThe fence is old.\nAsk Cy."


@pytest.mark.parametrize(
    ("request_", "result", "part"),
    [
        ("do we have eggs?", LINES, "eggs: 12"),
        ("How much is an egg?", LINES, "eggs: 12"),
        ("when does lane 22 board", CSV, "lane,cars,boarding\n22,16,22:15"),
        ("what boards at 17:00?", CSV, "lane,cars,boarding\n9,40,17:00"),
        ("price of lot a-3", TABLE, "| lot TEXT | price REAL |\n| A-3 | 9 |"),
        ("how long does Nils work", COLUMNS, "DAY       WORKER  HOURS\nThursday  Nils    3"),
        ("who drives the fox?", JSON, '{"sled": "fox", "by": "Dubois"}'),
        ("what rises at 05:18", RECORDS, "- satellite: SAT-9\n  rises: 05:18"),
        ("who do I ask about the boiler?", PARAGRAPHS, "The boiler is new.\nAsk Bo."),
        ("butter or flour?", LINES, "butter: 1\nflour: 2"),
        ("in which state is MP-1?", FIELDS, "permit: MP-1\nstate: used up"),
    ],
)
def test_the_part_with_the_rarest_of_the_requests_words_is_shown_under_its_heading(
    request_: str, result: str, part: str
) -> None:
    assert focus(request_, result) == part


@pytest.mark.parametrize(
    ("request_", "result"),
    [
        ("is there any cheese?", LINES),  # nowhere
        ("milk, eggs or flour?", LINES),  # no part stands out
        ("how many lanes are after 22?", CSV),  # about many
        ("which lane is the longest? not 22", CSV),
        ("what comes next to 22", CSV),
        ("what is the lane called?", CSV),  # the heading's words alone
        ("eggs?", "milk: 3\neggs: 12"),  # too few
        ("lend me the permit MP-1", FIELDS),  # nothing that was not said
        ("mail, what are its retries?", "## mail\nretries: 1\n## web\nretries: 2\n## log\nretries: 3"),  # a heading
        ("look at stores/eggs.txt", LINES),  # a file's name
        ("eggs?", "x" * LONGEST + " eggs\nmilk\nflour"),  # too long to be said again
        ("eggs? " + "It is for a cake. " * 150, LINES),  # about too much
        ("eggs?", ""),
        ("", LINES),
        (
            "when's Thora's birthday?",
            "people:4: Thora, 22 March\npeople:5: Jo, 9 March (Thora's cousin)\nxmas:2: Thora - socks",
        ),
    ],
)
def test_where_none_stands_out_or_it_would_mislead_nothing_is_shown(request_: str, result: str) -> None:
    assert focus(request_, result) == ""


def test_below_a_result_the_model_reads_what_the_requests_words_are_in() -> None:
    assert pointed("do we have eggs?", LINES) == POINTED.format(part="eggs: 12")
    assert pointed("do we have cheese?", LINES) == ""


def test_what_others_said_is_not_repeated_outside_of_its_marks() -> None:
    assert pointed("do we have eggs?", marked(LINES, "session", "1")) == ""


@pytest.mark.parametrize("piece", ["a", "1", "-", "/", " ", "\n", "{", "a-", "1.", "|-", "\n ", ".a", "a\u0301"])
@pytest.mark.timeout(20)
def test_however_long_and_odd_a_text_is_it_takes_no_time_to_speak_of(piece: str) -> None:
    long = piece * 50_000
    for text in (long, f"{long}!", f"eggs {long}", f"{long}\neggs: 12\nmilk: 3"):
        focus(text, LINES)
        focus("eggs?", text)
        pointed(text, text)
