"""Splits a text into BERT's uncased word pieces (Devlin et al., 2019). Knows no vectors.

The same ids as the `tokenizers` library gives for such a vocabulary; that library is not used since it ties the version
of the model hub's client.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping

WORD_CHARS = 100
"""A longer word is unknown, as in BERT."""
_PLAIN = re.compile(r"[\t\n\r -~]*")
_PLAIN_WORD = re.compile(r"[a-z0-9]+|[!-/:-@\[-`{-~]")
_IDEOGRAPHS = (
    (0x4E00, 0x9FFF), (0x3400, 0x4DBF), (0x20000, 0x2A6DF), (0x2A700, 0x2B73F), (0x2B740, 0x2B81F),
    (0x2B820, 0x2CEAF), (0xF900, 0xFAFF), (0x2F800, 0x2FA1F),
)  # fmt: skip


def pieces(text: str, vocabulary: Mapping[str, int]) -> Iterator[int]:
    """The ids of the pieces, in order; nothing for a word that no pieces make."""
    for word in _words(text):
        yield from _split(word, vocabulary)


def _words(text: str) -> Iterator[str]:
    """Words and single punctuation marks, lower-case and without accents."""
    if _PLAIN.fullmatch(text):  # ten times as fast, and nearly all texts are
        yield from _PLAIN_WORD.findall(text.lower())
        return
    spaced = "".join(_cleaned(char) for char in text)
    plain = unicodedata.normalize("NFD", spaced).lower()
    for run in "".join(char for char in plain if unicodedata.category(char) != "Mn").split():
        word = ""
        for char in run:
            if _is_punctuation(char):
                if word:
                    yield word
                yield char
                word = ""
            else:
                word += char
        if word:
            yield word


def _cleaned(char: str) -> str:
    if char in "\t\n\r":
        return " "
    if char in "\0\ufffd" or unicodedata.category(char) in ("Cc", "Cf", "Cn", "Co"):
        return ""
    return f" {char} " if any(first <= ord(char) <= last for first, last in _IDEOGRAPHS) else char


def _is_punctuation(char: str) -> bool:
    """ASCII that is neither letter nor digit counts, whatever Unicode calls it."""
    return ("!" <= char <= "~" and not char.isalnum()) or unicodedata.category(char).startswith("P")


def _split(word: str, vocabulary: Mapping[str, int]) -> list[int]:
    """The longest pieces from the left; [] where one is missing."""
    if len(word) > WORD_CHARS:
        return []
    found: list[int] = []
    start = 0
    while start < len(word):
        for end in range(len(word), start, -1):
            piece = vocabulary.get(word[start:end] if start == 0 else f"##{word[start:end]}")
            if piece is not None:
                found.append(piece)
                start = end
                break
        else:
            return []
    return found
