"""How a text is written for whoever decides by what is seen: nothing in it is hidden, and all of it can be read back.

Knows no screen. Two different texts are never written alike, and `read_back` gives the text that was written.
"""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

from rookery_core.text import visible

TAB, SPACE = "⇥", "␣"
"""A tab, and a space that nothing visible follows on its line; the signs themselves are written as escapes."""
MARK = re.compile(r"\\u\{([0-9a-f]{1,6})(?:×(\d{1,7}))?\}|[⇥␣]")
"""What stands for something else in a written text."""
FEW = 8
"""Tabs, line feeds and hidden characters of one kind that are written one by one; more are counted."""
SPACES = 16
"""Spaces between two words that are written as they are; more are counted."""
INDENT = 40
"""The same at the beginning of a line."""
_STACKED = 3
"""Marks on one letter that are written as they are."""
_PLAIN = "\n -~¡-¬®-\u02ff\u0400-\u0482\u048a-\u052f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3😀-🙏"
"""Common characters of which each can be seen and has only one form."""
_DOUBTFUL = re.compile(rf"\\u\{{|[⇥␣]|\t+| +(?=\n|\Z)|(?<![^\n]) {{{INDENT + 1},}}|(?<=[^\n ]) {{{SPACES + 1},}}"
                       rf"|\n{{{FEW + 1},}}|([^\t{_PLAIN}])\1*")  # fmt: skip
_IN_A_FIELD = re.compile(rf"\\u\{{|[⇥␣]|([^\t{_PLAIN}])\1*")


def written(text: str) -> str:
    """The text as it is shown to be decided about.

    Characters that are not drawn, or drawn like another, are escapes such as `\\u{202e}`; more than a few of one kind
    are counted, as in `\\u{20×500}`. Line feeds stay, tabs and the spaces at the end of a line have signs of their own.
    """
    return _DOUBTFUL.sub(_sign, text)


def written_flat(text: str) -> str:
    """The same on one line: no line feed in it can look like the next line of a question."""
    return written(text).replace("\n", "\\u{a}")


def editable(text: str) -> str:
    """The text to be changed by a person: only what hides is written as an escape. `read_back` reads this too."""
    return _IN_A_FIELD.sub(_sign, text)


def read_back(text: str) -> str:
    """The text that was written so. ValueError for an escape of no character."""
    return MARK.sub(_meant, text)


def n_hidden(text: str) -> int:
    """How many characters of a written text stand there as escapes, those that only count what is blank aside."""
    codes = ((int(found[1], 16), int(found[2] or 1)) for found in MARK.finditer(text) if found[1])
    return sum(n for code, n in codes if code not in _NOT_HIDDEN)


def escape(char: str) -> str:
    """A character by its number, whatever it is."""
    return f"\\u{{{ord(char):x}}}"


_NOT_HIDDEN = frozenset(map(ord, f"\n\t \\{TAB}{SPACE}"))


def _sign(found: re.Match[str]) -> str:
    run = found[0]
    match run[0]:
        case "\\":
            return "\\u{5c}u{"
        case "\t":
            return TAB * len(run) if len(run) <= FEW else _counted("\t", len(run))
        case " ":
            return SPACE * len(run) if _ends_a_line(found) and len(run) <= FEW else _counted(" ", len(run))
        case "\n":
            return f"\n{_counted(run[0], len(run) - 2)}\n"
        case "⇥" | "␣":
            return "".join(map(escape, run))
    if not _hides(run[0]):
        return run if not _is_mark(run[0]) else _marks(found)
    return escape(run[0]) * len(run) if len(run) <= FEW else _counted(run[0], len(run))


def _marks(found: re.Match[str]) -> str:
    """Marks that are drawn on what is before them: as they are only on a letter, where both are no other letter."""
    text, start, mark = found.string, found.start(), found[0][0]
    under = start
    while under and _is_mark(text[under - 1]):
        under -= 1
    base = text[under - 1 : under]
    as_it_is = 0
    if base.isalpha() and len(unicodedata.normalize("NFC", f"{text[under - 1 : start]}{mark}")) > start - under + 1:
        as_it_is = max(0, _STACKED - (start - under))
    kept = found[0][:as_it_is]
    return kept + escape(mark) * (len(found[0]) - len(kept))


def _ends_a_line(found: re.Match[str]) -> bool:
    return found.end() == len(found.string) or found.string[found.end()] == "\n"


def _counted(char: str, n: int) -> str:
    return f"\\u{{{ord(char):x}×{n}}}"


@lru_cache(maxsize=4096)
def _hides(char: str) -> bool:
    """Whether it is not drawn, is blank, encloses what is before it, or is another way to write a letter."""
    category = unicodedata.category(char)
    blank = category == "Zs" and char != " "
    return blank or category == "Me" or visible(char) != char or unicodedata.normalize("NFC", char) != char


@lru_cache(maxsize=4096)
def _is_mark(char: str) -> bool:
    return unicodedata.category(char) in ("Mn", "Mc")


def _meant(found: re.Match[str]) -> str:
    if not found[1]:
        return "\t" if found[0] == TAB else " "
    code = int(found[1], 16)
    if code > 0x10FFFF:
        raise ValueError(f"{found[0]} is no character: the last one is \\u{{10ffff}}")
    return chr(code) * int(found[2] or 1)
