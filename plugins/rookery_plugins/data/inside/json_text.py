"""JSON from a file, whatever is wrong with it, up to a size."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator

from rookery_plugins.data.inside.process import Failed, Source
from rookery_plugins.data.inside.text import encoding_of, open_text

Json = dict[str, "Json"] | list["Json"] | str | int | float | bool | None

LINE_CHARS = 1_000_000
"""Of the first line of a file that may have one value on each."""
DIGITS = 4_000
"""Of a whole number; Python reads no longer one, and it stays a text."""


class Reader:
    """Reads JSON, and remembers what has to be said about it."""

    def __init__(self, name: str) -> None:
        self._name = name
        self._n_doubled = 0
        self._decoder = json.JSONDecoder(object_pairs_hook=self._object, parse_int=_whole, parse_constant=_constant)

    def read(self, text: str, line: int = 0) -> Json:
        """The value of a text. Raises Failed where it is none."""
        try:
            value: Json = self._decoder.decode(text)
        except json.JSONDecodeError as exc:
            where = f"line {line or exc.lineno}, column {exc.colno}"
            raise Failed(f"{self._name} is no JSON: {exc.msg}, {where}") from exc
        except RecursionError as exc:
            raise Failed(f"{self._name} is nested too deeply to be read") from exc
        return value

    def lines(self, source: Source) -> Iterator[Json]:
        """The values of a file that has one on each line."""
        with open_text(source, encoding_of(source)) as text:
            for line, one in enumerate(map(str.strip, text), 1):
                if one:
                    yield self.read(one, line)

    def notes(self) -> list[str]:
        """What whoever reads a result has to know."""
        n = self._n_doubled
        return [f"a name stands twice in {n} object{'s' if n > 1 else ''}, and the last value counts"] if n else []

    def _object(self, pairs: list[tuple[str, Json]]) -> dict[str, Json]:
        made = dict(pairs)
        self._n_doubled += len(made) < len(pairs)
        return made


def has_lines(source: Source) -> bool:
    """Whether a file is JSON Lines: several lines, of which the first is a whole value."""
    with open_text(source, encoding_of(source)) as text:
        first = text.readline(LINE_CHARS)
        if not first.endswith("\n") or not any(line.strip() for line in text):
            return False
    try:
        json.loads(first)
    except (ValueError, RecursionError):
        return False
    return True


def _whole(digits: str) -> int | str:
    return int(digits) if len(digits) <= DIGITS else digits


def _constant(name: str) -> float:
    return {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}[name]
