"""Foreign text at the border to a screen."""

from __future__ import annotations

import unicodedata

from hypothesis import given
from hypothesis import strategies as st

from rookery_core.text import cut_middle, one_line, storable, visible


@given(st.text())
def test_nothing_that_controls_a_terminal_or_hides_comes_through(text: str) -> None:
    joiners = {"\u200d"}
    shown = visible(text)
    assert all(
        unicodedata.category(c) not in ("Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn")
        for c in shown
        if c not in {"\n", "\t", *joiners}
    )


def test_escape_sequences_are_shown_as_what_they_are() -> None:
    assert visible("\x1b]52;c;AAAA\x07") == "\\u{1b}]52;c;AAAA\\u{7}"
    assert visible("\x9b31m\u202eevil\u200b") == "\\u{9b}31m\\u{202e}evil\\u{200b}"
    assert visible("a\r\nb\rc\0") == "a\nb\\u{d}c\\u{0}"


def test_ordinary_text_stays_as_it_is() -> None:
    for text in ("plain", "tabs\tand\nlines", "naïve 日本語 עברית", "👩\u200d💻 ❤️", "[bold]not markup[/]"):
        assert visible(text) == text


@given(st.text(st.characters(), max_size=300), st.integers(2, 80))
def test_one_line_is_one_line_and_no_longer_than_asked(text: str, width: int) -> None:
    line = one_line(text, width)
    assert len(line) <= width
    assert "\n" not in line


@given(st.text(max_size=500), st.integers(10, 400))
def test_a_cut_text_says_exactly_how_much_is_missing(text: str, limit: int) -> None:
    kept, dropped = cut_middle(text, limit)
    if len(text) <= limit:
        assert (kept, dropped) == (text, 0)
    else:
        assert dropped == len(text) - limit
        assert f"{dropped} characters left out" in kept


def test_half_characters_become_storable() -> None:
    assert storable("a\ud800b") == "a\\ud800b"
