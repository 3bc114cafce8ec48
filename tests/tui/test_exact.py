"""How a text is written to be decided about: all of it is seen, and all of it comes back."""

from __future__ import annotations

import re
import sys
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.text import visible
from rookery_tui.exact import editable, n_hidden, read_back, written, written_flat

CODES = [*range(0x3400), *range(0xA000, 0xAC00), *range(0xD700, 0x20000), *range(0xE0000, 0xE0200), sys.maxunicode]
"""All characters but those of the large blocks of Chinese and Korean, where one is like another."""
ODD = st.text(st.sampled_from([*" \t\n\r\\u{}⇥␣×09afE", "\u0301", "\u200d", "\ufe0f", "\xa0", "漢", "é"]), max_size=30)
RUNS = st.lists(
    st.tuples(st.sampled_from([" ", "\t", "\n", "\u202e", "\u200b", "\\u{", "x", "\u0301"]), st.integers(1, 60))
)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("rm -rf build && make", "rm -rf build && make"),
        ("a\u202eb", r"a\u{202e}b"),
        ("a\\u{202e}b", r"a\u{5c}u{202e}b"),
        ("a\tb", "a⇥b"),
        ("a⇥b␣", r"a\u{21e5}b\u{2423}"),
        ("a ", "a␣"),
        ("a \nb", "a␣\nb"),
        ("a\r\nb", "a\\u{d}\nb"),
        ("a\xa0b\u3000c\u2800d\u3164e", r"a\u{a0}b\u{3000}c\u{2800}d\u{3164}e"),
        ("👩\u200d💻 ❤\ufe0f", r"👩\u{200d}💻 ❤\u{fe0f}"),
        ("\U000e0061\U000e0062", r"\u{e0061}\u{e0062}"),
        ("\ud800", r"\u{d800}"),
        ("x" + " " * 500 + "y", r"x\u{20×500}y"),
        ("x" + " " * 500, r"x\u{20×500}"),
        ("\t" * 500 + "y", r"\u{9×500}y"),
        ("x" + "\n" * 500 + "y", "x\n\\u{a×498}\ny"),
        ("\u200b" * 500, r"\u{200b×500}"),
        ("        indented", "        indented"),
        ("a  b   c", "a  b   c"),
        ("e\u0301", r"e\u{301}"),
        ("q\u0301", "q\u0301"),
        ("\n\u0338/", "\n\\u{338}/"),
        ("a\u20dd", r"a\u{20dd}"),
        ("5 \u212a", r"5 \u{212a}"),
    ],
)
def test_what_is_hidden_is_written_and_what_is_blank_is_counted(text: str, shown: str) -> None:
    assert written(text) == shown
    assert read_back(shown) == text


@pytest.mark.parametrize(
    "text",
    [
        "Привет, мир",
        "Ελλάδα",
        "naïve café Tiếng Việt",
        "日本語とPython",
        "한국어",
        "हिन्दी में",
        "สวัสดีครับ",
        "שָׁלוֹם",
        "العربية",
        "e → π ≤ 3 — “so”",
    ],
)
def test_ordinary_languages_stay_readable(text: str) -> None:
    assert written(text) == text


def test_every_character_comes_back_and_none_is_written_as_two() -> None:
    everything = [*map(chr, CODES)]
    assert all(read_back(written(char)) == char == read_back(editable(char)) for char in everything)
    assert len({written(char) for char in everything}) == len(everything)


def test_no_character_that_hides_is_written_as_it_is() -> None:
    hides = re.compile("[\u200b-\u200f\u2028-\u202f\u2060-\u206f\ufe00-\ufe0f\U000e0000-\U000e0fff]")
    for code in CODES:
        shown = written(chr(code))
        if chr(code) != "\n":
            assert shown.isprintable()
            assert not hides.search(shown)
            assert not (set(map(unicodedata.category, shown)) & {"Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn"})


@given(st.one_of(st.text(), ODD, RUNS.map(lambda runs: "".join(text * n for text, n in runs))))
def test_the_text_can_be_read_back_from_what_is_written(text: str) -> None:
    for way in (written, written_flat, editable):
        assert read_back(way(text)) == text
    assert "\n" not in written_flat(text)
    assert visible(written(text)) == written(text)
    assert not any(line.endswith(" ") for line in written(text).split("\n"))


@given(st.one_of(st.text(max_size=8), ODD), st.one_of(st.text(max_size=8), ODD))
def test_two_texts_are_never_written_alike(one: str, other: str) -> None:
    assert (written(one) == written(other)) is (one == other)
    assert (editable(one) == editable(other)) is (one == other)


def test_what_hides_is_counted_and_what_is_only_blank_is_not() -> None:
    assert n_hidden(written("a\u202eb\u200b\u200b" + "\u200b" * 50)) == 53
    assert n_hidden(written("a \n\t\t\\u{⇥␣" + " " * 90 + "\n" * 30)) == 0


def test_an_escape_of_no_character_is_an_error() -> None:
    with pytest.raises(ValueError, match="is no character"):
        read_back("\\u{110000}")
