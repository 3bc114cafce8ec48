"""The job that looks values up in a JSON document, or tells how it is built."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from itertools import islice

import jmespath
from jmespath.exceptions import JMESPathError

from rookery_plugins.data.inside.json_text import Json, Reader, has_lines
from rookery_plugins.data.inside.process import Failed, Retry, Source
from rookery_plugins.data.inside.tables import CELL_CHARS, CHARS, COLUMNS, ROWS, Table, Value, escaped, markdown
from rookery_plugins.data.inside.text import encoding_of, open_text

BYTES = 20_000_000
DEPTH = 5
KEYS = 40
LOOKED_AT = 100
"""Of the items of an array, when it is told how they are built."""
LINES = 150
EXAMPLE_CHARS = 40
KEYS_SHOWN = 30
KEY_CHARS = 80
WHOLE_CHARS = 600
"""A document that has no more of them is shown in place of its shape."""
WIDTH, DEEPEST = 70, 20
"""Characters that an object or an array may have on one line, and how deep in others one is laid out."""
LIKE = "users[0].name or users[?age > `30`].name"


_STEP = re.compile(
    r"""(?:\A|\.)(?:(?P<name>[A-Za-z_]\w*)|"(?P<quoted>(?:[^"\\]|\\.)+)")|\[(?P<index>-?\d{1,9})\]""", re.ASCII
)
"""One step of a path of keys and indices."""
_PATH = re.compile(rf"(?:{re.sub('[?]P<[a-z]+>', '?:', _STEP.pattern)})+", re.ASCII)


def run(source: Source, expression: str) -> str:
    """What the expression finds, or without one the document, if it is short, and its shape otherwise."""
    if source.size > BYTES:
        raise Failed(
            f"{source.name} has {source.size / 1e6:.0f} MB, and JSON up to {BYTES / 1e6:.0f} MB can be read; "
            "query_table reads larger tables with one object on each line"
        )
    reader = Reader(source.name)
    if has_lines(source):
        document: Json = list(reader.lines(source))
    else:
        with open_text(source, encoding_of(source)) as text:
            document = reader.read(text.read())
    wanted = expression.strip()
    for start in ("$.", "$", "."):  # of other languages of this kind
        wanted = wanted.removeprefix(start)
    said = _found(document, wanted) if wanted else _whole(document) or _shape(document)
    return "\n".join([said, *reader.notes()])


def _found(document: Json, expression: str) -> str:
    try:
        value: Json = jmespath.search(expression, document)
    except JMESPathError as exc:
        why = " ".join(str(exc).split())
        whole = f"; the document is\n{text}" if (text := _whole(document)) else ""
        raise Retry(f"this is no JMESPath expression: {why}; write it like {LIKE}{whole}") from exc
    except RecursionError as exc:
        raise Retry("the expression is nested too deeply; make it shorter") from exc
    if value is None:
        return _lacking(document, expression)
    if value == [] and _PATH.fullmatch(expression):
        return f"{expression} is an empty array"
    if value == []:
        return f"an empty array: nothing fits {expression}; the document is an {_kind(document)}{_keys(document)}"
    return _shown(value)


def _whole(document: Json) -> str:
    """The document as it is shown, "" for one that is too long."""
    return _shown(document) if document and len(_json(document, WHOLE_CHARS + 1)) <= WHOLE_CHARS else ""


def _lacking(document: Json, expression: str) -> str:
    """What is said of null: whether it stands there, or else how far the document goes along, and what it has there."""
    value, end = document, 0
    for step in _STEP.finditer(expression):
        if step.start() != end:
            break
        key, n = (step["quoted"] or step["name"] or "").replace('\\"', '"'), step["index"]
        if isinstance(value, dict) and not n and key in value:
            value = value[key]
        elif isinstance(value, list) and n and -len(value) <= int(n) < len(value):
            value = value[int(n)]
        else:
            break
        end = step.end()
    if end == len(expression):
        return f"null: {expression} is there, and has no value"
    if not _PATH.fullmatch(expression):
        value, end = document, 0
    where = expression[:end] or "the document"
    return f"null: there is nothing at {expression}; {where} is {_article(_kind(value))}{_keys(value)}"


def _article(kind: str) -> str:
    return kind if kind in ("null", "true or false", "text") else f"a{'n' * (kind[0] in 'aeo')} {kind}"


def _keys(document: Json) -> str:
    """How a message goes on that says that nothing is there: with what there is."""
    match document:
        case {**keys} | [{**keys}, *_] if keys:
            return f", with {', '.join(map(str, list(keys)[:KEYS_SHOWN]))}"
        case _:
            return ""


def _shown(value: Json) -> str:
    match value:
        case str():
            return _cut(value)
        case list() if all(isinstance(item, dict) for item in value):
            return markdown(_table([item for item in value if isinstance(item, dict)]))
        case list():
            return _items(value)
        case _:
            return _cut(_laid_out(value))


def _table(items: Sequence[dict[str, Json]]) -> Table:
    columns = list(dict.fromkeys(key for item in items[:ROWS] for key in item))
    rows = [[_cell(item[key]) if key in item else "" for key in columns[:COLUMNS]] for item in items[:ROWS]]
    return Table(columns, rows, len(items))


def _cell(value: Json) -> Value:
    return (
        value if isinstance(value, str | int | float) and not isinstance(value, bool) else _json(value, CELL_CHARS + 1)
    )


def _items(items: Sequence[Json]) -> str:
    lines: list[str] = []
    size = 0
    for item in items:
        line = _json(item, CELL_CHARS + 1)
        line = line if len(line) <= CELL_CHARS else line[:CELL_CHARS] + "…"
        size += len(line) + 1
        if lines and size > CHARS:
            break
        lines.append(line)
    n, what = len(items), "item" if len(items) == 1 else "items"
    return "\n".join([*lines, f"({n} {what}{f', the first {len(lines)} shown' if len(lines) < n else ''})"])


def _json(value: Json, chars: int) -> str:
    """As JSON, of which no more is made than so many characters."""
    made = ""
    try:
        for piece in json.JSONEncoder(ensure_ascii=False).iterencode(value):
            made += piece
            if len(made) >= chars:
                break
    except RecursionError:
        made += "… (nested too deeply to be shown)"
    return made[:chars]


def _laid_out(value: Json, label: str = "", depth: int = 0) -> str:
    """As JSON: what is short on one line, of all else each part on lines of its own; broken off behind `CHARS`."""
    start = " " * depth + label
    whole = _json(value, CHARS + 1)
    if len(start) + len(whole) <= WIDTH or not isinstance(value, dict | list) or depth >= DEEPEST:
        return start + whole
    lines: list[str] = []
    size = 0
    for key, inner in value.items() if isinstance(value, dict) else enumerate(value):
        lines.append(_laid_out(inner, f"{_json(key, CHARS)}: " if isinstance(value, dict) else "", depth + 1))
        size += len(lines[-1])
        if size > CHARS:
            break
    opened, closed = "{}" if isinstance(value, dict) else "[]"
    return "\n".join([start + opened, ",\n".join(lines), " " * depth + closed])


def _cut(text: str) -> str:
    return text if len(text) <= CHARS else f"{text[:CHARS]}…\n[cut after {CHARS} characters; name less of the document]"


def _shape(document: Json) -> str:
    lines = [*islice(_described("", document, 0), LINES + 1)]
    if len(lines) > LINES:
        lines[LINES:] = ["[there is more; ask for a part of it]"]
    return _cut("\n".join([*lines, f"[an expression is like {LIKE}]"]))


def _described(label: str, value: Json, depth: int) -> Iterator[str]:
    """A value, and below it what is in it: keys, kinds, lengths, an example of each."""
    yield f"{'  ' * depth}{label}{_kind(value)}{_example(value)}"
    within: dict[str, Json] = {}
    items = value[:LOOKED_AT] if isinstance(value, list) else [value]
    for item in items:
        if isinstance(item, dict):
            for key, inner in item.items():
                if within.get(key) in (None, [], {}):  # what tells least gives way
                    within[key] = inner
    if depth >= DEPTH:
        return
    for key, inner in islice(within.items(), KEYS):
        yield from _described(f"- {escaped(key)[:KEY_CHARS]}: ", inner, depth + 1)
    if len(within) > KEYS:
        yield f"{'  ' * (depth + 1)}- and {len(within) - KEYS} more keys"
    lists = [item for item in items if isinstance(item, list)] if isinstance(value, list) else []
    if lists:
        yield from _described("- each: ", lists[0], depth + 1)


def _kind(value: Json) -> str:
    match value:
        case dict():
            return f"object with {len(value)} key{'' if len(value) == 1 else 's'}"
        case []:
            return "empty array"
        case list():
            kinds = dict.fromkeys(_NAMES[type(item)] for item in value[:LOOKED_AT])
            return f"array of {len(value)}: {', '.join(kinds)}"
        case _:
            return _NAMES[type(value)]


_NAMES = {
    dict: "object",
    list: "array",
    str: "text",
    bool: "true or false",
    int: "number",
    float: "number",
    type(None): "null",
}


def _example(value: Json) -> str:
    if isinstance(value, list):
        value = next((item for item in value[:LOOKED_AT] if item is not None), None)
    if value is None or isinstance(value, dict | list):
        return ""
    text = _json(value, EXAMPLE_CHARS + 1)
    return f", like {text if len(text) <= EXAMPLE_CHARS else text[:EXAMPLE_CHARS] + '…'}"
