"""JSON as a table: an array of objects, or an object on each line."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from rookery_plugins.data.inside.json_text import Json, Reader, has_lines
from rookery_plugins.data.inside.process import Failed, Source
from rookery_plugins.data.inside.sheets import Sheet, names
from rookery_plugins.data.inside.text import encoding_of, open_text

ARRAY_BYTES = 20_000_000
"""Of an array, which has to be read at once; one object on each line may be more."""

_TYPES = {bool: "BOOLEAN", int: "INTEGER", float: "REAL", str: "TEXT", list: "TEXT", dict: "TEXT"}
_INT64 = 2**63


def records(source: Source) -> Sheet:
    """The file as a table. Raises Failed where it is none."""
    reader = Reader(source.name)
    if has_lines(source):
        found: Callable[[], Iterable[Json]] = lambda: Reader(source.name).lines(source)  # noqa: E731
        seen: Iterable[Json] = reader.lines(source)
    else:
        seen = _array(source, reader)
        found = seen.__iter__
    kinds: dict[str, set[str]] = {}
    for n, one in enumerate(seen, 1):
        if not isinstance(one, dict):
            raise Failed(f"{source.name} is no table: value {n} is no object; query_json reads it")
        for name, value in one.items():
            kinds.setdefault(name, set()).add(_type(value))
    if not kinds:
        raise Failed(f"{source.name} has no objects that could be rows; query_json reads it")
    keys = list(kinds)

    def rows() -> Iterator[Sequence[object]]:
        for one in found():
            assert isinstance(one, dict)
            yield [_cell(one.get(key)) for key in keys]

    return Sheet(names(keys, source.name), [_common(kind) for kind in kinds.values()], rows, reader.notes())


def _array(source: Source, reader: Reader) -> list[Json]:
    if source.size > ARRAY_BYTES:
        raise Failed(
            f"{source.name} has {source.size / 1e6:.0f} MB, and JSON up to {ARRAY_BYTES / 1e6:.0f} MB can be read; "
            "one object on each line (JSON Lines) may be more"
        )
    with open_text(source, encoding_of(source)) as text:
        value = reader.read(text.read())
    if not isinstance(value, list):
        raise Failed(f"{source.name} is no table: it is no array of objects; query_json reads it")
    return value


def _type(value: Json) -> str:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return "TEXT"
    return _TYPES[type(value)]


def _common(kinds: set[str]) -> str:
    kinds = kinds - {""}
    if "BOOLEAN" in kinds:
        return "BOOLEAN" if kinds == {"BOOLEAN"} else _common(kinds - {"BOOLEAN"} | {"INTEGER"})
    if kinds <= {"INTEGER", "REAL"}:
        return "REAL" if "REAL" in kinds else "INTEGER" if kinds else "TEXT"
    return "TEXT" if kinds == {"TEXT"} else ""


def _cell(value: Json) -> object:
    if isinstance(value, str):
        return value if value.isascii() else value.encode("utf-8", "backslashreplace").decode()
    if isinstance(value, dict | list):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, int) and not -_INT64 <= value < _INT64:
        return str(value)
    return value
