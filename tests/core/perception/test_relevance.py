"""What is kept of a long text: its ends, and what fits the request; and that nothing is made up or lost count of."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.perception.relevance import Relevance

GAP = re.compile(r"\[\.\.\. (\d+) characters left out \.\.\.\]\n")
RELEVANCE = Relevance()
GUIDE = (Path(__file__).parents[3] / "docs" / "plugins.md").read_text(encoding="utf-8")


def excerpt(text: str, request: str, limit: int) -> str:
    made = RELEVANCE.excerpt(text, request, limit)
    assert made.dropped_chars == sum(int(n) for n in re.findall(r"(\d+) characters left out", made.text))
    return made.text


def test_a_text_that_fits_is_left_as_it_is() -> None:
    made = RELEVANCE.excerpt("short", "anything", 5)
    assert (made.text, made.dropped_chars) == ("short", 0)


@pytest.mark.parametrize(
    ("request_", "needed"),
    [
        ("after how many seconds is a call given up?", "| `timeout_s` | seconds after which"),
        ("how do I get my plugins back in a new environment?", "restore"),
        ("how does a plugin get a secret such as a password?", "ROOKERY_SECRET"),
    ],
)
@pytest.mark.parametrize("limit", [1_500, 4_000])
def test_what_the_request_is_about_is_kept_wherever_it_stands(request_: str, needed: str, limit: int) -> None:
    made = excerpt(GUIDE, request_, limit)
    assert needed in made
    assert len(GAP.sub("", made)) <= limit + made.count("[...")


def test_the_beginning_and_the_end_are_kept() -> None:
    made = excerpt(GUIDE, "after how many seconds is a call given up?", 3_000)
    assert made.startswith(GUIDE[:100])
    assert made.endswith(GUIDE[-100:])


def test_passages_stand_in_the_order_they_had() -> None:
    parts = GAP.split(excerpt(GUIDE, "secrets, restore, timeout", 3_000))[::2]
    places = [GUIDE.index(part.strip("\n")) for part in parts if part.strip()]
    assert places == sorted(places)


def test_where_nothing_fits_only_the_middle_goes() -> None:
    text = "".join(f"{n:05d} zzz\n" for n in range(1_000))
    made = excerpt(text, "the weather in Lisbon", 600)
    assert made.startswith(text[:400])
    assert made.endswith(text[-200:])
    assert len(re.findall("characters left out", made)) == 1


def test_one_line_without_a_break_is_searched_too() -> None:
    line = (
        "lorem ipsum dolor " * 3_000 + "the train to Bergen leaves at 07:42 from platform 3 " + "sit amet elit " * 3_000
    )
    assert "07:42" in excerpt(line, "when does the train to Bergen leave?", 1_000)


def test_a_very_long_text_is_searched_by_its_words() -> None:
    text = "nothing to see in this line of the log\n" * 100_000
    text += "the meeting with Okafor was moved to Thursday\n" + "and nothing in this one either, sorry\n" * 50_000
    assert "Thursday" in excerpt(text, "When is the meeting with Okafor?", 1_000)


@given(st.text(max_size=3_000), st.text(max_size=50), st.integers(1, 800))
def test_what_is_left_out_and_what_is_kept_add_up(text: str, request_: str, limit: int) -> None:
    made = RELEVANCE.excerpt(text, request_, limit)
    kept = re.sub(r"\n?\[\.\.\. \d+ characters left out \.\.\.\]\n", "", made.text)
    assert len(kept) <= len(text) - made.dropped_chars
    assert made.dropped_chars == 0 or len(text) > limit
