"""Characters that look like others: letters of two scripts in a word, and signs that are no quotes, dashes or slashes.

Follows Unicode's security mechanisms (UTS #39), with the tables of the library confusable-homoglyphs, which is loaded
for the first text that is more than ASCII.
"""

from __future__ import annotations

import re
import string
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rookery_tui.exact import escape, written_flat

MOST = 12
"""Words that are named; all of them are counted."""
_WORD = re.compile(r"[^\W_][\w\u0300-\u036f]*")
_ALIKE = frozenset({"LATIN", "GREEK", "CYRILLIC", "ARMENIAN", "CHEROKEE", "COPTIC", "GEORGIAN", "LISU", "DESERET"})
"""Scripts whose letters look like each other's, so that a word has only one of them."""
_QUOTES = frozenset({"'", "''", "`"})
_NO_SCRIPT = frozenset({"COMMON", "INHERITED", "Unknown"})


@dataclass(frozen=True, slots=True)
class LookAlikes:
    """What was found in some texts."""

    words: tuple[str, ...] = ()
    signs: tuple[tuple[str, str], ...] = ()
    """Each sign, and the character of ASCII that it looks like."""

    def remarks(self) -> Iterator[str]:
        """A line for each word, and one for all signs, with nothing hidden in them."""
        for word in self.words[:MOST]:
            odd = dict.fromkeys(char for char in word if not char.isascii())
            named = ", ".join(f"{written_flat(char)} is {escape(char)}" for char in odd)
            yield f"{written_flat(word)}: {_made_of(word)} ({named})"
        if len(self.words) > MOST:
            yield f"and {len(self.words) - MOST} more words with letters that look like others"
        if self.signs:
            yield "; ".join(f"{written_flat(sign)} is {escape(sign)}, no {meant}" for sign, meant in self.signs)

    def pattern(self) -> re.Pattern[str] | None:
        """Finds them in a text."""
        parts = [*map(re.escape, self.words), *(re.escape(sign) for sign, _ in self.signs)]
        return re.compile("|".join(parts)) if parts else None


def look_alikes(texts: Iterable[str]) -> LookAlikes:
    """The words and signs in the texts that look like others, each once."""
    odd = [text for text in texts if not text.isascii()]
    words = dict.fromkeys(word for text in odd for line in text.split("\n") for word in _words(line))
    chars = dict.fromkeys(char for text in odd for char in text if not char.isascii())
    return LookAlikes(tuple(words), tuple((char, meant) for char in chars if (meant := _sign_like(char))))


def _words(line: str) -> Iterator[str]:
    """The words of a line that look like something else."""
    if line.isascii():
        return
    words = _WORD.findall(line)
    for n, word in enumerate(words):
        near = words[max(n - 2, 0) : n] + words[n + 1 : n + 3]
        if not word.isascii() and (_is_mixed(word) or _is_dressed(word) or _passes_for_latin(word, near)):
            yield word


def _is_mixed(word: str) -> bool:
    """Whether scripts that look alike are in it together."""
    return len({_script(char) for char in word} & _ALIKE) > 1


def _is_dressed(word: str) -> bool:
    """Whether it has letters or digits of ASCII in another form, such as wide or bold ones."""
    return any(
        not char.isascii() and unicodedata.category(char) in ("Lu", "Ll", "Nd") and _compatible(char).isalnum()
        for char in word
    )


def _passes_for_latin(word: str, near: Iterable[str]) -> bool:
    """Whether all letters are of one other script and look Latin, and no word beside it is clearly of that script."""
    scripts = {_script(char) for char in word} - _NO_SCRIPT
    if len(scripts) != 1 or not scripts <= _ALIKE - {"LATIN"}:
        return False
    return all(map(_like_latin, filter(str.isalpha, word))) and not any(
        _script(char) in scripts and not _like_latin(char) for other in near for char in other
    )


def _made_of(word: str) -> str:
    scripts = sorted({_script(char).capitalize() for char in word} - {each.capitalize() for each in _NO_SCRIPT})
    if len(scripts) > 1:
        return f"letters of {' and '.join(scripts)}"
    return "letters in another form" if _is_dressed(word) else f"{''.join(scripts)} letters that look Latin"


@lru_cache(maxsize=4096)
def _script(char: str) -> str:
    from confusable_homoglyphs.categories import alias

    return str(alias(char))


@lru_cache(maxsize=4096)
def _glyphs(char: str) -> tuple[str, ...]:
    """What it looks like."""
    from confusable_homoglyphs.confusables import is_confusable

    found = is_confusable(char, greedy=True)
    return tuple(str(glyph["c"]) for glyph in found[0]["homoglyphs"]) if found else ()


def _like_latin(char: str) -> bool:
    return any(glyph.isascii() and glyph.isalpha() for glyph in _glyphs(char))


@lru_cache(maxsize=4096)
def _sign_like(char: str) -> str:
    """The sign of ASCII that it looks like; "" where it is a letter, a mark, or looks like none."""
    if unicodedata.category(char)[0] not in "PS" and unicodedata.category(char) != "Lm":
        return ""
    if char in "„‟«»" or _QUOTES & {*_glyphs(char)}:
        single = "'" in _glyphs(char) or "`" in _glyphs(char)
        return "'" if single else '"'
    like = [_compatible(char), *_glyphs(char)]
    return next((glyph for glyph in like if len(glyph) == 1 and glyph in string.punctuation), "")


def _compatible(char: str) -> str:
    """The character of ASCII that it is a form of; "" for others."""
    plain = unicodedata.normalize("NFKC", char)
    return plain if len(plain) == 1 and plain.isascii() else ""
