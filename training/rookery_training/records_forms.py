"""Records as tools write them down: lines, lists, tables, JSON, logs, sentences; with what may stand around them.

It knows nothing of questions; it says which words of its text hold which value.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rookery_training.catalogue import plain
from rookery_training.records_schema import Column, Schema
from rookery_training.values import draw

LONGEST = 620
"""Characters of a listing that a conversation has room for."""
LONG_LINE = 110
"""A record in one line up to this length is copied as it is, of a longer one only what is needed."""
_SLUGS = {"%": "percent", "°C": "celsius", "km/h": "kmh", "m²": "m2", "°": "degrees"}
_NULLS = ("-", "n/a", "none", "?", "--", "not set")


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of values; the key is the first of each, None is a value that is not known."""

    schema: Schema
    columns: tuple[Column, ...]
    """With the key."""
    rows: tuple[tuple[str | int | float | None, ...], ...]

    @property
    def keys(self) -> list[str]:
        return [plain(row[0]) for row in self.rows]


@dataclass(slots=True)
class Shown:
    """A table as text, and where its values are."""

    table: Table
    text: str
    lines: list[str] = field(default_factory=list)
    """Each record in the words of the text; empty where it takes several lines."""
    pieces: dict[tuple[int, int], str] = field(default_factory=dict)
    """Each value with what names it."""
    units: bool = True
    """Whether the units are in the text."""
    total: str = ""
    """The line that says how many there are."""

    def value(self, row: int, column: int) -> str:
        """A value as an answer says it."""
        cell, unit = self.table.rows[row][column], self.table.columns[column].unit
        return with_unit(plain(cell), unit if self.units else "")

    def says(self, row: int, columns: Sequence[int] = ()) -> str:
        """The words that hold these values of a record, and say whose they are."""
        line = self.lines[row]
        if line and (len(line) <= LONG_LINE or not self.pieces):
            return line
        wanted = (*columns,) if self.table.schema.single else (0, *columns)
        return " / ".join(dict.fromkeys(self.pieces[row, column] for column in wanted))


def with_unit(text: str, unit: str) -> str:
    return text + ("" if not unit or unit in ("%", "°") else " ") + unit


def draw_table(schema: Schema, n: int, rng: random.Random, *, keys: Sequence[str] = ()) -> Table:
    """So many records with some of the columns; `keys` come first."""
    count = rng.randint(min(2, len(schema.columns)), len(schema.columns)) if schema.single else rng.choice([1, 2, 2, 3])
    chosen = sorted(rng.sample(range(len(schema.columns)), min(count, len(schema.columns))))
    columns = (schema.key, *(schema.columns[i] for i in chosen))
    made: list[str | int] = list(keys)
    for _ in range(n * 20):
        if len(made) >= n:
            break
        key = draw(schema.key.kind, rng).argument
        if key not in made:
            made.append(key)
    if schema.key.nature in ("date", "time"):
        made.sort(key=str)
    rows = []
    for key in made:
        cells = [draw(column.kind, rng).argument for column in columns[1:]]
        if rng.random() < 0.05:
            cells[rng.randrange(len(cells))] = None
        rows.append((key, *cells))
    return Table(schema, columns, tuple(rows))


def render(table: Table, title: str, rng: random.Random, *, order: str = "", field_name: str = "note") -> Shown | None:
    """The table in one of many forms; an `order` is put somewhere into it. None where it became too long."""
    form = _Form(table, rng)
    if table.schema.single:
        makers: list[Callable[[], Shown]] = [
            form.block,
            form.block,
            form.object,
            form.object,
            form.object,
            form.sentence,
        ]
        makers += [form.listed, form.csv, form.nested, form.nested]
    else:
        makers = [
            form.listed,
            form.listed,
            form.numbered,
            form.bullets,
            form.csv,
            form.csv,
            form.aligned,
            form.markdown,
        ]
        makers += [form.blocks, form.array, form.array, form.array, form.by_key, form.wrapped, form.log, form.sentence]
        makers += [form.yaml, *[form.bare] * 5]
    shown = rng.choice(makers)()
    if order:
        _put_in(shown, order, field_name, rng)
    elif not shown.text.startswith(("{", "[")) and not table.schema.single:
        _frame(shown, title, rng)
    return shown if len(shown.text) <= LONGEST else None


def _frame(shown: Shown, title: str, rng: random.Random) -> None:
    """Lines above and below it."""
    n, items = len(shown.table.rows), shown.table.schema.items
    if rng.random() < 0.25:
        shown.text = f"{title}\n{shown.text}"
    draw = rng.random()
    if draw < 0.12 and n > 1:
        shown.total = rng.choice([f"total: {n}", f"{n} {items}", f"{n} rows", f"Total {items}: {n}", f"({n} results)"])
        shown.text += f"\n{shown.total}"
    elif draw < 0.17:
        shown.text += rng.choice(
            ["\npage 1 of 1", "\n-- end of list --", "\nsource: live data", "\n\nlast updated 06:00"]
        )


def _put_in(shown: Shown, order: str, name: str, rng: random.Random) -> None:
    """An order among the records: in a field of JSON, else on a line."""
    text = shown.text
    if text.startswith("{"):
        shown.text = text[:1] + f"{json.dumps(name)}: {json.dumps(order, ensure_ascii=False)}, " + text[1:].lstrip()
        if shown.lines[0] == text:  # the record is the whole text
            shown.lines = [""]
    elif text.startswith("["):
        shown.text = f'{{{json.dumps(name)}: {json.dumps(order, ensure_ascii=False)}, "items": {text}}}'
    else:
        line = rng.choice([order, order, f"# {order}", f"({order})", f"{name}: {order}"])
        shown.text = rng.choice([f"{text}\n{line}", f"{text}\n{line}", f"{line}\n{text}"])


class _Form:
    """The ways to write one table; each call makes one."""

    def __init__(self, table: Table, rng: random.Random) -> None:
        self.table, self.rng = table, rng
        self.null = rng.choice(_NULLS)
        self.in_label = rng.random() < 0.5
        """Whether units stand in the labels instead of beside the values."""
        self.units = rng.random() < 0.85

    # -- parts ----------------------------------------------------------------------------------------------------

    def cell(self, row: int, column: int, *, unit: bool = True) -> str:
        value = self.table.rows[row][column]
        if value is None:
            return self.null
        beside = self.units and unit and not self.in_label
        return with_unit(plain(value), self.table.columns[column].unit if beside else "")

    def label(self, column: int, *, words: bool = False) -> str:
        made = self.table.columns[column]
        label = made.label.replace("_", " ") if words else made.label
        if made.unit and self.units and self.in_label:
            return f"{label} ({made.unit})" if words else f"{label}_{_SLUGS.get(made.unit, made.unit.lower())}"
        return label

    @property
    def cells(self) -> range:
        """The columns after the key."""
        return range(1, len(self.table.columns))

    @property
    def rows(self) -> range:
        return range(len(self.table.rows))

    def shown(self, text: str, lines: list[str], pieces: dict[tuple[int, int], str] | None = None) -> Shown:
        return Shown(self.table, text, lines, pieces or {}, self.units)

    def of_lines(self, lines: list[str], head: str = "", between: str = "\n") -> Shown:
        return self.shown(head + between.join(lines), lines)

    # -- lines ----------------------------------------------------------------------------------------------------

    def _labelled(self, row: int) -> str:
        """The values of a record with their labels."""
        return self.between.join(self._named(row, c) for c in self.cells)

    def _named(self, row: int, column: int) -> str:
        return f"{self.label(column, words=self.words)}{self.mark}{self.cell(row, column)}"

    def _style(self) -> None:
        rng = self.rng
        self.mark = rng.choice([": ", " ", ": ", "="])
        self.between = rng.choice([", ", "; ", " | "]) if self.mark != " " else rng.choice([", ", "; "])
        self.words = rng.random() < 0.6
        self.after = rng.choice([" - ", ": ", " -> ", ", ", " | "])

    def listed(self) -> Shown:
        """A line for each record, with labels."""
        self._style()
        shown = self.of_lines([f"{self.cell(r, 0)}{self.after}{self._labelled(r)}" for r in self.rows])
        shown.pieces = {
            (r, c): self._named(r, c) if c else self.cell(r, 0) for r in self.rows for c in (0, *self.cells)
        }
        return shown

    def bare(self) -> Shown:
        """A line for each record, without labels where the values say what they are."""
        natures = [column.nature for column in self.table.columns[1:]]
        if len(set(natures)) < len(natures):
            return self.csv()
        self.in_label = False
        after, between = self.rng.choice([(": ", ", "), (" ", " "), (" - ", " - "), (": ", " / "), ("  ", "  ")])
        if " " in "".join(self.table.keys) and after == " ":
            after = ": "
        if len(natures) > 1 and between == " ":
            between = ", "
        return self.of_lines([f"{self.cell(r, 0)}{after}{self._joined(r, between)}" for r in self.rows])

    def _joined(self, row: int, between: str) -> str:
        return between.join(self.cell(row, c) for c in self.cells)

    def numbered(self) -> Shown:
        self._style()
        dot = self.rng.choice([". ", ") "])
        return self.of_lines([f"{r + 1}{dot}{self.cell(r, 0)}{self.after}{self._labelled(r)}" for r in self.rows])

    def bullets(self) -> Shown:
        self._style()
        mark = self.rng.choice(["- ", "* ", "• "])
        return self.of_lines([f"{mark}{self.cell(r, 0)}{self.after}{self._labelled(r)}" for r in self.rows])

    def log(self) -> Shown:
        rng = self.rng
        minute, lines = rng.randint(300, 1200), []
        level = rng.choice(["INFO ", "", "info: ", "[ok] "])
        for r in self.rows:
            minute += rng.randint(1, 9)
            at = f"{minute // 60:02}:{minute % 60:02}:{rng.randint(0, 59):02}"
            named = f"{self.label(0)}={self.cell(r, 0)}"
            lines.append(f"{at} {level}{named} {' '.join(f'{self.label(c)}={self.cell(r, c)}' for c in self.cells)}")
        return self.of_lines(lines)

    def sentence(self) -> Shown:
        """Words instead of a table."""
        has = self.rng.choice(["has", "is listed with", "comes with", "shows"])
        made = []
        pieces: dict[tuple[int, int], str] = {}
        self.in_label = False
        for r in self.rows:
            told = [f"{self.table.columns[c].said} {self.cell(r, c)}" for c in self.cells]
            pieces |= {(r, c): text for c, text in enumerate([self.cell(r, 0), *told])}
            listed = ", ".join(told[:-1]) + (" and " if told[:-1] else "") + told[-1]
            made.append(f"{self.cell(r, 0)} {has} {listed}")
        between = self.rng.choice(["; ", ". "])
        return self.shown(between.join(made) + ".", made, pieces)

    # -- tables ---------------------------------------------------------------------------------------------------

    def _grid(self, *, words: bool) -> list[list[str]]:
        columns = range(len(self.table.columns))
        head = [self.label(c, words=words) for c in columns]
        return [head, *([self.cell(r, c) for c in columns] for r in self.rows)]

    def csv(self) -> Shown:
        mark = self.rng.choice([",", ",", ";", "\t", " | "])
        grid = self._grid(words=self.rng.random() < 0.2)
        if any(mark in cell for line in grid for cell in line):
            mark = ";"
        head, *lines = [mark.join(line) for line in grid]
        return self.of_lines(lines, head + "\n")

    def markdown(self) -> Shown:
        head, *lines = [f"| {' | '.join(line)} |" for line in self._grid(words=self.rng.random() < 0.5)]
        return self.of_lines(lines, f"{head}\n|{'---|' * len(self.table.columns)}\n")

    def aligned(self) -> Shown:
        grid = self._grid(words=self.rng.random() < 0.4)
        if self.rng.random() < 0.3:
            grid[0] = [cell.upper() for cell in grid[0]]
        widths = [max(len(line[c]) for line in grid) for c in range(len(grid[0]))]
        made = ["  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)) for line in grid]
        head, *lines = [line.rstrip() for line in made]
        return self.of_lines(lines, head + "\n")

    # -- blocks ---------------------------------------------------------------------------------------------------

    def _parts(self, *, words: bool, mark: str) -> dict[tuple[int, int], str]:
        columns = range(len(self.table.columns))
        return {(r, c): f"{self.label(c, words=words)}{mark}{self.cell(r, c)}" for r in self.rows for c in columns}

    def blocks(self) -> Shown:
        """Lines with labels, and an empty line between records."""
        words = self.rng.random() < 0.5
        pieces = self._parts(words=words, mark=self.rng.choice([": ", ": ", " = "]))
        between = self.rng.choice(["\n\n", "\n---\n"])
        text = between.join("\n".join(pieces[r, c] for c in (0, *self.cells)) for r in self.rows)
        return self.shown(text, [""] * len(self.table.rows), pieces)

    block = blocks

    def yaml(self) -> Shown:
        pieces = self._parts(words=False, mark=": ")
        text = "\n".join(f"- {pieces[r, 0]}\n" + "\n".join(f"  {pieces[r, c]}" for c in self.cells) for r in self.rows)
        return self.shown(text, [""] * len(self.table.rows), pieces)

    # -- JSON -----------------------------------------------------------------------------------------------------

    def _json(self, row: int, column: int) -> str:
        made, value = self.table.columns[column], self.table.rows[row][column]
        if made.unit and self.units and not self.in_label and value is not None:
            value = with_unit(plain(value), made.unit)
        colon = ":" if self.tight else ": "
        return f"{json.dumps(self.label(column))}{colon}{json.dumps(value, ensure_ascii=False)}"

    def _fragments(self, *, tight: bool | None = None) -> dict[tuple[int, int], str]:
        self.tight = self.rng.random() < 0.3 if tight is None else tight
        return {(r, c): self._json(r, c) for r in self.rows for c in range(len(self.table.columns))}

    def _objects(self, pieces: dict[tuple[int, int], str], first: int = 0) -> list[str]:
        comma = "," if self.tight else ", "
        columns = range(first, len(self.table.columns))
        return [f"{{{comma.join(pieces[r, c] for c in columns)}}}" for r in self.rows]

    def array(self) -> Shown:
        pieces = self._fragments()
        lines = self._objects(pieces)
        draw = self.rng.random()
        if draw < 0.3:
            return self.shown("[\n  " + ",\n  ".join(lines) + "\n]", lines, pieces)
        if draw < 0.5 and len(lines) < 4:
            made = [",\n".join(f"    {pieces[r, c]}" for c in (0, *self.cells)) for r in self.rows]
            text = "[\n" + ",\n".join(f"  {{\n{one}\n  }}" for one in made) + "\n]"
            return self.shown(text, [""] * len(lines), pieces)
        return self.shown(f"[{(',' if self.tight else ', ').join(lines)}]", lines, pieces)

    def by_key(self) -> Shown:
        pieces = self._fragments()
        bodies = self._objects(pieces, 1)
        colon = ":" if self.tight else ": "
        lines = [
            f"{json.dumps(key, ensure_ascii=False)}{colon}{body}"
            for key, body in zip(self.table.keys, bodies, strict=True)
        ]
        if len(self.table.columns) == 2:
            values = [pieces[r, 1].partition(colon)[2] for r in self.rows]
            lines = [
                f"{json.dumps(key, ensure_ascii=False)}{colon}{value}"
                for key, value in zip(self.table.keys, values, strict=True)
            ]
        if self.rng.random() < 0.4:
            return self.shown("{\n  " + ",\n  ".join(lines) + "\n}", lines)
        return self.shown(f"{{{(',' if self.tight else ', ').join(lines)}}}", lines)

    def wrapped(self) -> Shown:
        pieces = self._fragments(tight=False)
        lines = self._objects(pieces)
        name = self.rng.choice(["items", "results", "data", "rows", self.table.schema.items.replace(" ", "_")])
        count = self.rng.choice(["count", "total", "n"])
        total = f'"{count}": {len(lines)}'
        head = self.rng.choice([f"{total}, ", f"{total}, ", '"ok": true, ', '"status": 200, '])
        shown = self.shown(f'{{{head}"{name}": [{", ".join(lines)}]}}', lines, pieces)
        shown.total = total if total in shown.text else ""
        return shown

    def object(self) -> Shown:
        """One record."""
        pieces = self._fragments()
        if self.rng.random() < 0.4:
            text = "{\n  " + ",\n  ".join(pieces[0, c] for c in (0, *self.cells)) + "\n}"
            return self.shown(text, [""], pieces)
        text = self._objects(pieces)[0]
        return self.shown(text, [""], pieces)

    def nested(self) -> Shown:
        pieces = self._fragments(tight=False)
        name = self.rng.choice(["data", "record", "result", self.table.schema.item.replace(" ", "_")])
        inner = ", ".join(pieces[0, c] for c in self.cells)
        draw = self.rng.random()
        if draw < 0.5:
            return self.shown(f'{{"ok": true, "{name}": {{{pieces[0, 0]}, {inner}}}}}', [""], pieces)
        head = f'{{{pieces[0, 0]}, "{self.rng.choice(["details", "values", "current", "fields"])}": '
        return self.shown(head + f"{{{inner}}}}}", [""], pieces)
