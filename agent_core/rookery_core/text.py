"""Text that crosses a border: storable as UTF-8, cut to size, and harmless on a screen."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

_DOUBTFUL = re.compile("[^\n\t -~¡-¬®-\u034e\u0400-\u052f\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fff\uac00-\ud7a3😀-🙏]")
"""All but the commonest characters that are never hidden, so that most texts are looked at by this alone."""
_HIDDEN = frozenset({"Cc", "Cf", "Zl", "Zp", "Co", "Cs", "Cn"})
_IGNORABLE = re.compile(
    "[\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u2800\u3164\ufe00-\ufe0f\uffa0\U000e0000-\U000e0fff]"
)
"""Default_Ignorable_Code_Point (Unicode, DerivedCoreProperties.txt) as far as `_HIDDEN` lacks it, and blank Braille."""
_ZWJ, _VS16, _KEYCAP = "\u200d", "\ufe0f", "\u20e3"
_SHAPING = frozenset("\u200d\ufe0e\ufe0f")
_KEYS = frozenset("0123456789#*")
_OTHER_EMOJI = frozenset("‼⁉ℹ〰")
"""Those whose category is not a symbol's."""


def storable(text: str) -> str:
    """The text with half characters (lone surrogates) written as escapes, so that it can be encoded as UTF-8."""
    return text.encode("utf-8", "backslashreplace").decode("utf-8")


def visible(text: str) -> str:
    """The text with every control and hidden character written as an escape such as \\u{1b}.

    The one function between foreign text and any screen: what comes out holds no escape sequence, no direction
    override and no invisible character. Line feeds and tabs stay; a carriage return before a line feed is dropped; a
    joiner between two emoji stays, and so does one variation selector after an emoji or inside a keycap.
    """
    if text.isascii() and text.isprintable():
        return text
    return _DOUBTFUL.sub(_escaped, text.replace("\r\n", "\n"))


def exact(text: str) -> str:
    """The visible text where each text has its own: what already looks like an escape is told from one.

    For whoever decides by what is seen, such as whether a call may be made.
    """
    return visible(text.replace("\\u{", "\\u{5c}u{").replace("\r\n", "\\u{d}\n"))


def one_line(text: str, width: int) -> str:
    """The visible text on one line of at most `width` characters, an ellipsis where it was cut."""
    flat = " ".join(visible(text[: 4 * width]).split())
    return flat if len(flat) <= width and len(text) <= 4 * width else flat[: max(width - 1, 0)] + "…"


def size_text(n_bytes: int) -> str:
    """So many bytes as people say it: 7 bytes, 12.3 kB, 491 MB, 1.12 GB."""
    if n_bytes < 1_000:
        return f"{n_bytes} byte{'' if n_bytes == 1 else 's'}"
    for unit, factor in (("kB", 1e3), ("MB", 1e6), ("GB", 1e9)):
        if n_bytes < 999.5 * factor:
            return f"{n_bytes / factor:.3g} {unit}"
    return f"{n_bytes / 1e12:.3g} TB"


def cut_middle(text: str, limit: int) -> tuple[str, int]:
    """The text with its middle taken out where it is longer than `limit`, and how many characters went.

    Head and tail are kept, since tools put the gist first and the error last; a mark says what is missing.
    """
    if len(text) <= limit:
        return text, 0
    head, tail = limit - limit // 3, limit // 3
    dropped = len(text) - head - tail
    return f"{text[:head]}\n[... {dropped} characters left out ...]\n{text[len(text) - tail :]}", dropped


class VisibleStream:
    """Makes text visible piece by piece, with the same result as when it is whole.

    A piece's end is held back while what follows decides how it is shown: a carriage return, part of an emoji.
    """

    _HELD = f"\r{_ZWJ}\ufe0e{_VS16}"
    _CONTEXT = 3

    def __init__(self) -> None:
        self._before = ""
        self._held = ""

    def feed(self, piece: str) -> str:
        """What can be shown by now."""
        text = self._held + piece
        ready = text.rstrip(self._HELD)
        self._held = text[len(ready) :]
        return self._shown(ready)

    def end(self) -> str:
        """What was held back."""
        ready, self._held = self._held, ""
        return self._shown(ready)

    def _shown(self, ready: str) -> str:
        shown = visible(self._before + ready)[len(visible(self._before)) :]
        self._before = (self._before + ready)[-self._CONTEXT :]
        return shown


def _escaped(found: re.Match[str]) -> str:
    char = found[0]
    return char if char in _SHAPING and _shapes_emoji(found.string, found.start()) else _alone(char)


@lru_cache(maxsize=4096)
def _alone(char: str) -> str:
    """How a character is shown that shapes nothing."""
    hides = unicodedata.category(char) in _HIDDEN or _IGNORABLE.match(char) is not None
    return f"\\u{{{ord(char):x}}}" if hides else char


def _shapes_emoji(text: str, n: int) -> bool:
    """Whether the hidden character at `n` is part of how an emoji is written (UTS #51)."""
    before, after = text[max(n - 1, 0) : n], text[n + 1 : n + 2]
    match text[n]:
        case "\u200d":
            return _is_emoji(text[max(n - 2, 0) : n].removesuffix(_VS16)[-1:]) and _is_emoji(after)
        case "\ufe0e" | "\ufe0f":
            return _is_emoji(before) or (before in _KEYS and after == _KEYCAP)
        case _:
            return False


def _is_emoji(char: str) -> bool:
    symbol = not char.isascii() and unicodedata.category(char) in ("So", "Sk", "Sm")
    return symbol or char in _OTHER_EMOJI
