"""What a page says, as text: run in a process of its own, since a page may be made to keep its reader busy for ever.

It takes a line of JSON with the content type and the address, and then the body, and writes `Read` as JSON.
"""

from __future__ import annotations

import codecs
import json
import re
import sys
from contextlib import suppress
from dataclasses import asdict, dataclass
from enum import StrEnum

MOST_CHARS = 400_000
CPU_SECONDS = 10
MEMORY_BYTES = 1 << 30

_TEXT_TYPES = frozenset({
    "application/xml", "application/javascript", "application/ecmascript", "application/x-javascript",
    "application/yaml", "application/x-yaml", "application/toml", "application/sql", "application/x-sh",
    "application/x-httpd-php", "application/rtf", "application/x-ndjson", "application/jsonl",
})  # fmt: skip
_CHARSET = re.compile(r"charset\s*=\s*[\"']?\s*([a-z0-9._:-]+)", re.IGNORECASE)
_META = re.compile(rb"<meta[^>]{0,300}?charset\s*=\s*[\"']?\s*([a-z0-9._:-]+)", re.IGNORECASE)
_LABELS = re.compile(
    r"utf-?8|utf-?16(?:le|be)?|us-ascii|ascii|iso-?8859-?\d{1,2}|latin-?\d|(?:windows-|cp)(?:125\d|874|949|932|936)|"
    r"koi8-[ru]|shift[_-]?jis|sjis|euc-?(?:jp|kr)|iso-2022-(?:jp|kr)|gb2312|gbk|gb18030|big5(?:-hkscs)?|tis-620|macintosh",
    re.IGNORECASE,
)
"""Names of character sets that pages use; Python knows codecs of these names that are none."""
_LATIN_1 = frozenset({"us-ascii", "ascii", "iso-8859-1", "iso8859-1", "latin-1", "latin1"})
"""What browsers read as windows-1252."""
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SNIFFED_BYTES = 1_024


class Kind(StrEnum):
    """How something is read."""

    HTML = "html"
    JSON = "json"
    TEXT = "text"
    UNKNOWN = "unknown"
    """Its beginning has to be looked at."""
    BINARY = "binary"


@dataclass(frozen=True, slots=True)
class Read:
    """What was read."""

    text: str
    title: str = ""
    cut_chars: int = 0
    """How much of the text is missing at its end."""
    binary: bool = False
    """Whether it is no text at all."""


def kind_of(content_type: str) -> Kind:
    """What a header says of a body."""
    kind = content_type.partition(";")[0].strip().lower()
    if kind in ("text/html", "application/xhtml+xml"):
        return Kind.HTML
    if kind in ("application/json", "text/json") or kind.endswith("+json"):
        return Kind.JSON
    if (
        kind.startswith("text/")
        or kind in _TEXT_TYPES
        or (kind.endswith(("+xml", "+yaml")) and kind != "image/svg+xml")
    ):
        return Kind.TEXT
    return Kind.UNKNOWN if not kind else Kind.BINARY


def read(body: bytes, content_type: str, url: str) -> Read:
    """The text of a body."""
    kind = kind_of(content_type)
    wide = body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    if kind in (Kind.UNKNOWN, Kind.TEXT) and b"\0" in body[:_SNIFFED_BYTES] and not wide:
        return Read("", binary=True)
    text = _decoded(body, content_type, kind)
    if kind is Kind.UNKNOWN and re.match(r"\s*<(?:!doctype html|html|head|body)\b", text, re.IGNORECASE):
        kind = Kind.HTML
    title = ""
    if kind is Kind.HTML:
        from rookery_plugins.web.markdown import page_of

        page = page_of(text, url)
        title, text = page.title, page.text
    elif kind is Kind.JSON:
        text = _pretty(text)
    else:
        text = text.replace("\r\n", "\n").replace("\r", "\n").strip("\n")
    return Read(text[:MOST_CHARS], title[:300], max(0, len(text) - MOST_CHARS))


def main() -> None:
    """Read what comes in, within bounds."""
    _bound()
    content_type, url = json.loads(sys.stdin.buffer.readline())
    print(json.dumps(asdict(read(sys.stdin.buffer.read(), content_type, url))))


def _bound() -> None:
    with suppress(ImportError, ValueError, OSError):  # Windows has none; the program waits only so long
        import resource

        resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))


def _decoded(body: bytes, content_type: str, kind: Kind) -> str:
    """Text from bytes as browsers find it out: a mark at the beginning, the header, the page itself, a guess."""
    for mark, name in _BOMS:
        if body.startswith(mark):
            return body[len(mark) :].decode(name, "replace")
    declared = _CHARSET.search(content_type)
    label = declared[1] if declared else ""
    if not label and kind in (Kind.HTML, Kind.UNKNOWN) and (meta := _META.search(body[:_SNIFFED_BYTES])):
        label = meta[1].decode("ascii")
        label = "utf-8" if label.lower().startswith("utf-16") else label  # it could not have been read
    label = label.lower()
    if _LABELS.fullmatch(label):
        with suppress(LookupError):
            return body.decode("windows-1252" if label in _LATIN_1 else label, "replace")
    try:
        return body.decode("utf-8")
    except UnicodeDecodeError:
        return body.decode("windows-1252", "replace")


def _pretty(text: str) -> str:
    """JSON on many lines; what is none, or would become very long, as it is."""
    made, chars = [], 0
    try:
        for piece in json.JSONEncoder(indent=2, ensure_ascii=False).iterencode(json.loads(text)):
            made.append(piece)
            chars += len(piece)
            if chars > 4 * MOST_CHARS:
                return text
    except (ValueError, RecursionError):
        return text
    return "".join(made)


if __name__ == "__main__":
    main()
