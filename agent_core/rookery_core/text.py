"""Text that crosses a border: storable as UTF-8, cut to size, and harmless on a screen."""

from __future__ import annotations

import unicodedata

_KEPT = frozenset("\n\t")
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn"})
_ZWJ, _VS16 = "\u200d", "\ufe0f"


def storable(text: str) -> str:
    """The text with half characters (lone surrogates) written as escapes, so that it can be encoded as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def visible(text: str) -> str:
    """The text with every control and hidden character written as an escape such as \\u{1b}.

    The one function between foreign text and any screen: what comes out holds no escape sequence, no direction
    override and no invisible character. Line feeds and tabs stay; a carriage return before a line feed is dropped; a
    joiner between two emoji stays.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n")
    shown: list[str] = []
    for n, char in enumerate(text):
        if char in _KEPT or not _hides(char) or (char == _ZWJ and _joins_emoji(text, n)):
            shown.append(char)
        else:
            shown.append(f"\\u{{{ord(char):x}}}")
    return "".join(shown)


def one_line(text: str, width: int) -> str:
    """The visible text on one line of at most `width` characters, an ellipsis where it was cut."""
    flat = " ".join(visible(text[: 4 * width]).split())
    return flat if len(flat) <= width and len(text) <= 4 * width else flat[: max(width - 1, 0)] + "…"


def cut_middle(text: str, limit: int) -> tuple[str, int]:
    """The text with its middle taken out where it is longer than `limit`, and how many characters went.

    Head and tail are kept, since tools put the gist first and the error last; a mark says what is missing.
    """
    if len(text) <= limit:
        return text, 0
    head, tail = limit - limit // 3, limit // 3
    dropped = len(text) - head - tail
    return f"{text[:head]}\n[... {dropped} characters left out ...]\n{text[len(text) - tail :]}", dropped


def _hides(char: str) -> bool:
    return unicodedata.category(char) in _HIDDEN


def _joins_emoji(text: str, n: int) -> bool:
    before = text[max(n - 2, 0) : n].rstrip(_VS16)[-1:] if n else ""
    after = text[n + 1 : n + 2]
    return all(char and unicodedata.category(char) in ("So", "Sk") for char in (before, after))
