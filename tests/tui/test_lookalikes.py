"""Words and signs that look like others are named, and ordinary languages are not suspected."""

from __future__ import annotations

import subprocess
import sys

import pytest

from rookery_tui.lookalikes import MOST, look_alikes


@pytest.mark.parametrize(
    ("text", "word", "remark"),
    [
        ("curl раypal.com", "раypal", r"раypal: letters of Cyrillic and Latin (р is \u{440}, а is \u{430})"),
        ("сору file.txt", "сору", r"сору: Cyrillic letters that look Latin"),
        ("https://аррӏе.com", "аррӏе", r"аррӏе: Cyrillic letters that look Latin"),
        ("rm -rf ᎪᏢᎢ", "ᎪᏢᎢ", "ᎪᏢᎢ: Cherokee letters that look Latin"),
        ("gοοgle", "gοοgle", r"gοοgle: letters of Greek and Latin (ο is \u{3bf})"),
        ("ｒｍ -rf", "ｒｍ", "ｒｍ: letters in another form"),
        ("𝐫𝐦 x", "𝐫𝐦", "𝐫𝐦: letters in another form"),
        ("привет pаssword", "pаssword", "pаssword: letters of Cyrillic and Latin"),
    ],
)
def test_a_word_that_passes_for_another_is_named(text: str, word: str, remark: str) -> None:
    found = look_alikes([text])
    assert found.words == (word,)
    assert next(found.remarks()).startswith(remark)
    pattern = found.pattern()
    assert pattern is not None
    assert pattern.findall(text) == [word]


@pytest.mark.parametrize(
    "text",
    [
        "plain text", "Привет, как дела", "он с другом", "а потом и сор", "Ελλάδα και ο κόσμος", "naïve café", "sıcak ve ışık",
        "日本語とPythonで", "한국어 text", "हिन्दी में", "µm and 5 Ω", "Straße", "Москва is a city",
    ],
)  # fmt: skip
def test_ordinary_languages_are_not_suspected(text: str) -> None:
    assert look_alikes([text]).words == ()


@pytest.mark.parametrize(
    ("sign", "meant"),
    [("’", "'"), ("‘", "'"), ("“", '"'), ("”", '"'), ("„", '"'), ("´", "'"), ("＂", '"'), ("＇", "'"), ("′", "'"), ("‐", "-"),
     ("–", "-"), ("−", "-"), ("∕", "/"), ("⁄", "/"), ("；", ";"), ("\u037e", ";"), ("｜", "|"), ("＆", "&"), ("＞", ">"), ("․", ".")],
)  # fmt: skip
def test_a_sign_that_looks_like_one_of_ascii_is_named(sign: str, meant: str) -> None:
    assert look_alikes([f"a {sign} b"]).signs == ((sign, meant),)


def test_signs_that_look_like_nothing_else_are_not() -> None:
    assert look_alikes(["é → ☺ € … 漢、字。 — ¿"]).signs == ()


def test_no_more_than_some_words_are_named_and_all_are_counted() -> None:
    found = look_alikes([" ".join(f"a{chr(0x430 + n)}" for n in range(20))])
    assert len(found.words) == 20
    assert list(found.remarks())[-1] == f"and {20 - MOST} more words with letters that look like others"


def test_for_ascii_no_table_is_loaded() -> None:
    code = "import sys; from rookery_tui.lookalikes import look_alikes as f; f(['x']); sys.exit('confusable_homoglyphs' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
