"""In which encoding a file is text: by its byte order mark, as UTF-8, or else by what fits its bytes best."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

HEAD_BYTES = 65_536
"""What is looked at of a file that is not read whole."""
NUL_BYTES = 8_192
"""A NUL in so many is that of no text, as git has it."""
GUESSED_BYTES = 8_192
CONTROL_SHARE, CONTROL_SHARE_OF_UTF8 = 0.05, 0.3
"""Control characters, of all bytes, from which on it is no text; what is good UTF-8 may have more."""

_MARKS = (  # UTF-32 first: its mark begins with that of UTF-16
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LIKELY = (
    "cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "koi8_r", "cp866", "cp850", "shift_jis", "euc_jp", "iso2022_jp",
    "gb18030", "big5", "euc_kr",
)  # fmt: skip
"""What is considered. Of all there are, some rare one fits nearly every short text."""
_CONTROL = re.compile(rb"[\x01-\x06\x0e-\x1a\x1c-\x1f\x7f]")
_NOT_ASCII = re.compile(rb"[\x80-\xff]")


@dataclass(frozen=True, slots=True)
class Encoding:
    """How a text is written as bytes."""

    codec: str
    mark: bytes = b""
    """The byte order mark that stands before it."""
    guessed: bool = False


UTF8 = Encoding("utf-8")


def encoding_of(data: bytes, *, whole: bool) -> Encoding | None:
    """The encoding of a file that begins with `data`, or is just that; None where it is no text."""
    for mark, codec in _MARKS:
        if data.startswith(mark):
            return Encoding(codec, mark)
    if b"\0" in data[:NUL_BYTES]:
        return None
    n_control = len(_CONTROL.findall(data))
    try:
        codecs.getincrementaldecoder("utf-8")().decode(data, final=whole)
    except UnicodeDecodeError:
        return _guess(data) if n_control <= CONTROL_SHARE * len(data) else None
    return UTF8 if n_control <= CONTROL_SHARE_OF_UTF8 * len(data) else None


def _guess(data: bytes) -> Encoding:
    """The encoding that fits best, and UTF-8 with mistakes in it where none does."""
    from charset_normalizer import from_bytes  # takes 60 ms, and few files are neither ASCII nor UTF-8

    first = _NOT_ASCII.search(data)
    start = max(first.start() - GUESSED_BYTES // 2, 0) if first else 0
    found = from_bytes(data[start : start + GUESSED_BYTES], cp_isolation=list(_LIKELY), enable_fallback=False)
    best = found.best()
    if best is None:
        return UTF8
    as_good = [match for match in found if (match.chaos, match.coherence) == (best.chaos, best.coherence)]
    names = {name for match in as_good for name in match.could_be_from_charset}
    return Encoding("cp1252" if "cp1252" in names else best.encoding, guessed=True)
