"""A whole text file, to be changed in one place and stay as it was in all others, in its line ends and encoding too."""

from __future__ import annotations

import re
from dataclasses import dataclass

from rookery_core.plugin import ToolFailed, ToolRetry
from rookery_plugins.files.encoding import UTF8, Encoding, encoding_of
from rookery_plugins.files.opening import text_encoding

_END = re.compile(r"\r\n|\r|\n")


@dataclass(frozen=True, slots=True)
class TextFile:
    """What it says, and all that its bytes have besides."""

    text: str
    """With a line feed at the end of each line. Bytes that are no UTF-8 are half characters (surrogateescape)."""
    ends: tuple[str, ...]
    """What really ends each line."""
    encoding: Encoding

    @classmethod
    def of(cls, data: bytes, name: str) -> TextFile:
        """From its bytes; ToolFailed where it is no text."""
        encoding = text_encoding(data, name, whole=True)
        content = data[len(encoding.mark) :]
        try:
            text = content.decode(encoding.codec, _errors(encoding))
            exact = not encoding.guessed or text.encode(encoding.codec) == content
        except UnicodeError as exc:
            if not encoding.guessed:
                raise ToolFailed(f"{name} is damaged: {exc}") from exc
            exact = False
        if not exact:  # a wrong guess must not change what is not to be changed
            encoding = UTF8
            text = content.decode("utf-8", _errors(encoding))
        return cls(one_end(text), tuple(_END.findall(text)), encoding)

    def with_text(self, at: int, old: str, new: str) -> TextFile:
        """With `new` in the place of the `old` that begins at `at`."""
        first = self.text.count("\n", 0, at)
        gone = old.count("\n")
        like = self.ends[first] if gone else self.usual_end
        ends = (*self.ends[:first], *[like] * new.count("\n"), *self.ends[first + gone :])
        return TextFile(self.text[:at] + new + self.text[at + len(old) :], ends, self.encoding)

    @property
    def usual_end(self) -> str:
        """What ends its first line."""
        return self.ends[0] if self.ends else "\n"

    def data(self, name: str) -> bytes:
        """Its bytes; ToolRetry where its encoding has not all of its characters."""
        lines = self.text.split("\n")
        text = "".join(line + end for line, end in zip(lines, (*self.ends, ""), strict=True))
        return encoded(text, self.encoding, name)


def style_of(data: bytes) -> tuple[Encoding, str]:
    """How to write a new text where there was a file that begins with `data`: as that, as far as it is certain."""
    encoding = encoding_of(data, whole=False)
    if encoding is None:
        return UTF8, "\n"
    first = _END.search(data[len(encoding.mark) :].decode(encoding.codec, "replace"))
    return encoding if encoding.mark else UTF8, first.group() if first else "\n"


def one_end(text: str) -> str:
    """The text with a line feed at the end of each line."""
    return _END.sub("\n", text) if "\r" in text else text


def encoded(text: str, encoding: Encoding, name: str) -> bytes:
    """The bytes of a text; ToolRetry where the encoding has not all of its characters."""
    try:
        return encoding.mark + text.encode(encoding.codec, _errors(encoding))
    except UnicodeEncodeError as exc:
        wrong = text[exc.start]
        raise ToolRetry(f"{name} is written in {encoding.codec}, which has no {wrong!r}; use other characters") from exc


def _errors(encoding: Encoding) -> str:
    return "surrogateescape" if encoding.codec == "utf-8" else "strict"
