"""Foreign text at the border to a screen."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.text import VisibleStream, cut_middle, one_line, size_text, storable, visible


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


@pytest.mark.parametrize(
    "hidden",
    "\u034f\u115f\u1160\u17b4\u17b5\u180b\u180e\u180f\u2800\u3164\ufe00\ufe0e\ufe0f\uffa0"
    "\U000e0001\U000e0041\U000e0100\U000e01ef\U000e0fff",
)
def test_a_character_that_is_drawn_as_nothing_is_shown_as_an_escape(hidden: str) -> None:
    assert visible(f"a{hidden}b") == f"a\\u{{{ord(hidden):x}}}b"


@pytest.mark.parametrize(
    "emoji",
    [
        "❤\ufe0f",
        "☎\ufe0e",
        "1\ufe0f\u20e3",
        "ℹ\ufe0f",
        "🏳\ufe0f\u200d🌈",
        "👍🏽",
        "🙂\u200d↔\ufe0f",
        "👩\u200d❤\ufe0f\u200d👨",
    ],
)
def test_an_emoji_stays_whole(emoji: str) -> None:
    assert visible(emoji) == emoji


@pytest.mark.parametrize(
    "smuggled", ["❤\ufe0f\ufe0f", "❤\ufe01", "1\ufe0f", "`\u200d`", "^\ufe0f", "\ufe0f", "❤\ufe0f\u200d"]
)
def test_what_an_emoji_does_not_need_is_shown(smuggled: str) -> None:
    assert "\\u{" in visible(smuggled)


@given(
    st.lists(
        st.text(st.sampled_from("ab1\r\n\t\x1b\u200d\ufe0e\ufe0f\u20e3\u202e😀👩é\u2028"), max_size=12), max_size=8
    )
)
def test_pieces_are_shown_as_the_whole_would_be(pieces: list[str]) -> None:
    stream = VisibleStream()
    assert "".join([*map(stream.feed, pieces), stream.end()]) == visible("".join(pieces))


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


@pytest.mark.parametrize(
    ("n_bytes", "text"),
    [
        (0, "0 bytes"), (1, "1 byte"), (999, "999 bytes"), (1_000, "1 kB"), (12_345, "12.3 kB"), (999_499, "999 kB"),
        (999_500, "1 MB"), (2_345_678, "2.35 MB"), (98_400_000, "98.4 MB"), (491_000_000, "491 MB"),
        (999_500_000, "1 GB"), (1_117_320_768, "1.12 GB"), (25_280_000_000, "25.3 GB"), (1_234_567_890_123, "1.23 TB"),
    ],
)  # fmt: skip
def test_a_size_has_three_digits_and_a_unit(n_bytes: int, text: str) -> None:
    assert size_text(n_bytes) == text


@given(st.integers(0, 10**14))
def test_no_size_is_written_with_an_exponent(n_bytes: int) -> None:
    assert "e" not in size_text(n_bytes).removesuffix("bytes").removesuffix("byte")
