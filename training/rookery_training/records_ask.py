"""Questions about a table that is shown, each with the words that hold the answer and the answer itself.

What is asked, which rows it is about and what is said follow from the rows alone; the words are in phrases.toml.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from rookery_training.catalogue import Scene, plain
from rookery_training.fixed_words import HAS_RESULT, IT_SAYS, NOT_THERE
from rookery_training.records_forms import Shown
from rookery_training.records_schema import FOLDER, HELD_OUT, Column
from rookery_training.values import Value, draw

MOST_SAID = 210
"""Characters that a thought copies at most."""
NTH = ("first", "second", "third", "fourth", "fifth", "sixth", "seventh", "eighth")
KINDS = {
    "one": 6.0, "two": 2.0, "back": 3.0, "filter": 4.5, "count": 1.0, "count_is": 2.0, "place": 2.0, "beside": 1.5,
    "extreme": 3.0, "all": 1.0, "yes": 2.5, "gone": 1.5,
}  # fmt: skip
"""What is asked of a listing, and how often."""
OF_ONE = {"one": 5.0, "two": 2.0, "yes": 1.5}
"""What is asked of one record."""


class Words:
    """The phrasings: questions that are trained on or those that are kept, and answers."""

    def __init__(self, rng: random.Random, *, held_out: bool = False) -> None:
        self._rng = rng
        self._lists: dict[tuple[str, str], tuple[str, ...]] = {}
        for group, lists in tomllib.loads((FOLDER / "phrases.toml").read_text(encoding="utf-8")).items():
            for name, text in lists.items():
                lines = [line for line in text.splitlines() if line]
                split = group in ("ask", "order")
                chosen = [x for n, x in enumerate(lines) if not split or (n % HELD_OUT == HELD_OUT - 1) == held_out]
                self._lists[group, name] = tuple(chosen)

    def all(self, group: str, name: str) -> tuple[str, ...]:
        return self._lists[group, name]

    def pick(self, group: str, name: str, **slots: str) -> str:
        """One of them with these slots filled; an answer does not begin with a value in lower case."""
        lines = self._lists[group, name]
        if group == "answer" and slots.get("value", "A")[:1].islower():
            lines = tuple(line for line in lines if not line.startswith("{value}")) or lines
        text = self._rng.choice(lines)
        return put(text, **slots)


def put(text: str, **slots: str) -> str:
    for name, value in slots.items():
        text = text.replace(f"{{{name}}}", value)
    return text


@dataclass(frozen=True, slots=True)
class Question:
    """A question with its answer."""

    kind: str
    ask: str
    """With slots that `scene` fills."""
    scene: Scene
    thought: str
    answer: str
    column: int = 0
    row: int = -1
    """The record and the value that it is about, where it is about one."""
    rows: tuple[int, ...] = field(default=())
    """All records that the answer names."""


class Asker:
    """Asks about one table as it is shown."""

    def __init__(self, shown: Shown, words: Words, rng: random.Random) -> None:
        self.shown, self.words, self.rng = shown, words, rng
        self.table, self.schema = shown.table, shown.table.schema
        self.keys = self.table.keys
        self.nouns = {"item": self.schema.item, "items": self.schema.items}

    def draw(self, kind: str = "") -> Question | None:
        """A question of this kind, or of any; None where the table does not allow for it."""
        weights = OF_ONE if self.schema.single else KINDS
        kind = kind or self.rng.choices(list(weights), list(weights.values()))[0]
        make: dict[str, Callable[[], Question | None]] = {
            "one": self._one, "two": self._two, "back": self._back, "filter": self._filter, "count": self._count,
            "count_is": self._count_is, "place": self._place, "beside": self._beside, "extreme": self._extreme,
            "all": self._all, "yes": self._yes, "gone": self._gone,
        }  # fmt: skip
        return make[kind]()

    def decides(self, question: Question) -> tuple[str, ...]:
        """What an answer to it has to say; nothing where many words would do."""
        at, names = (question.row, question.column), tuple(self.keys[r] for r in question.rows)
        match question.kind:
            case "one" if self.table.rows[at[0]][at[1]] is not None:
                return (self.shown.value(*at),)
            case "back" | "place" | "beside" | "extreme":
                return (self.keys[question.row],)
            case "filter" | "all":
                return names
            case _:
                return ()

    # -- parts ----------------------------------------------------------------------------------------------------

    def named(self, key: str) -> Value:
        """A key as a person says it."""
        with_noun = self.schema.coded and self.rng.random() < 0.35
        return Value(f"{self.schema.item} {key}" if with_noun else key, key)

    def said(self, column: int) -> str:
        return self.table.columns[column].said

    def _any(self, *, known: bool = True) -> tuple[int, int] | None:
        """A record and one of its values."""
        places = [(r, c) for r in range(len(self.keys)) for c in range(1, len(self.table.columns))]
        places = [(r, c) for r, c in places if not known or self.table.rows[r][c] is not None]
        return self.rng.choice(places) if places else None

    def thought(self, pieces: Sequence[str]) -> str:
        """What is copied; nothing where the text is short."""
        if "\n" not in self.shown.text and len(self.shown.text) < 30:
            return HAS_RESULT
        return it_says(pieces)

    def _rows_thought(self, rows: Sequence[int], column: int) -> str:
        """The records themselves, or their names where they are too long."""
        made = it_says([self.shown.says(r, (column,) if column else ()) for r in rows])
        return made if len(made) <= MOST_SAID else it_says([self.keys[r] for r in rows])

    def _made(
        self, kind: str, ask: str, scene: Scene, thought: str, answer: str, *, at: tuple[int, int] = (-1, 0),
        rows: Sequence[int] = (),
    ) -> Question:  # fmt: skip
        noun = self.schema.item.split()[-1]
        if f"{noun} {{key}}" in ask:  # the question says the noun already
            scene["key"] = Value(plain(scene["key"].argument), scene["key"].argument)
        return Question(kind, put(ask, **self.nouns), scene, thought, put(answer, **self.nouns), at[1], at[0], (*rows,))

    def _ask(self, name: str, own: Sequence[str], share: float = 0.6, **slots: str) -> str:
        """A question of the schema's own, or a general one."""
        if own and self.rng.random() < share:
            return self.rng.choice(own)
        return self.words.pick("ask", name, **slots)

    # -- questions ------------------------------------------------------------------------------------------------

    def _one(self) -> Question | None:
        place = self._any(known=self.rng.random() < 0.7)
        return self.of(*place) if place else None

    def of(self, r: int, c: int) -> Question:
        """The question for this value."""
        column, key = self.table.columns[c], self.keys[r]
        ask = self._ask("one", column.ask, said=column.said)
        answer = self.told(r, c)
        thought = self.thought([self.shown.says(r, (c,))])
        return self._made("one", ask, {"key": self.named(key)}, thought, answer, at=(r, c), rows=[r])

    def told(self, r: int, c: int) -> str:
        """The answer that says this value."""
        column = self.table.columns[c]
        if self.table.rows[r][c] is None:
            return self.words.pick("answer", "null", said=column.said, key=self.keys[r])
        name = "is" if column.adjective else "one"
        return self.words.pick("answer", name, said=column.said, key=self.keys[r], value=self.shown.value(r, c))

    def _two(self) -> Question | None:
        full = [r for r, row in enumerate(self.table.rows) if None not in row]
        if len(self.table.columns) < 3 or not full:
            return None
        r = self.rng.choice(full)
        c, d = self.rng.sample(range(1, len(self.table.columns)), 2)
        slots = {"said": self.said(c), "said2": self.said(d)}
        values = {"value": self.shown.value(r, c), "value2": self.shown.value(r, d)}
        answer = self.words.pick("answer", "two", key=self.keys[r], **slots, **values)
        thought = self.thought([self.shown.says(r, (c, d))])
        ask = self.words.pick("ask", "two", **slots)
        return self._made("two", ask, {"key": self.named(self.keys[r])}, thought, answer, at=(r, c), rows=[r])

    def _back(self) -> Question | None:
        place = self._any()
        if place is None:
            return None
        r, c = place
        column, value = self.table.columns[c], self.table.rows[r][c]
        if column.values or sum(row[c] == value for row in self.table.rows) > 1 or len(self.keys) < 2:
            return None
        ask = self._ask("back", column.back, 0.75, said=column.said)
        answer = self.words.pick("answer", "back", key=self.keys[r])
        scene: Scene = {"value": Value(self.shown.value(r, c), value)}
        return self._made("back", ask, scene, self.thought([self.shown.says(r, (c,))]), answer, at=(r, c), rows=[r])

    def _sorted_out(self) -> tuple[int, str, list[int]] | None:
        """A column of few values, one of these, and the records that have it."""
        able = [c for c, column in enumerate(self.table.columns) if c and column.values]
        if not able or len(self.keys) < 2:
            return None
        c = self.rng.choice(able)
        value = self.rng.choice(self.table.columns[c].values)
        return c, value, [r for r, row in enumerate(self.table.rows) if row[c] == value]

    def _filter(self) -> Question | None:
        found = self._sorted_out()
        if found is None:
            return None
        c, value, rows = found
        column = self.table.columns[c]
        name = "adjective" if column.adjective else "having"
        ask = self._ask(name, column.which.get(value, ()), 0.5, said=column.said)
        scene: Scene = {"value": Value(value, value)}
        if not rows:
            return self._made("filter", ask, scene, NOT_THERE, self.words.pick("answer", "none"), at=(-1, c))
        names = listed([self.keys[r] for r in rows])
        kind = "filter" if len(rows) > 1 else "filter_one"
        answer = self.words.pick("answer", kind, names=names, n=str(len(rows)))
        return self._made("filter", ask, scene, self._rows_thought(rows, c), answer, at=(-1, c), rows=rows)

    def _count(self) -> Question | None:
        n = str(len(self.keys))
        if len(self.keys) > 8 and not self.shown.total:
            return None
        pieces = [self.shown.total] if self.shown.total else self.keys
        answer = self.words.pick("answer", "count", n=n)
        if n == "1":
            return None
        return self._made("count", self.words.pick("ask", "count"), {}, it_says(pieces), answer)

    def _count_is(self) -> Question | None:
        found = self._sorted_out()
        if found is None or not self.table.columns[found[0]].adjective or not found[2]:
            return None
        c, value, rows = found
        scene: Scene = {"value": Value(value, value)}
        answer = self.words.pick("answer", "count_is", n=str(len(rows)))
        ask = self.words.pick("ask", "count_adjective")
        return self._made("count_is", ask, scene, self._rows_thought(rows, c), answer, at=(-1, c), rows=rows)

    def _place(self) -> Question | None:
        n = len(self.keys)
        if n < 2:
            return None
        r = self.rng.choice([0, n - 1, self.rng.randrange(n)])
        name = "last" if r == n - 1 else "first" if r == 0 and self.rng.random() < 0.7 else "nth"
        if name == "nth" and r >= len(NTH):
            return None
        place = "last" if name == "last" else NTH[r]
        ask = self.words.pick("ask", name, nth=place)
        answer = self.words.pick("answer", "place", key=self.keys[r], nth=place)
        return self._made("place", ask, {}, self.thought([self.shown.says(r)]), answer, at=(r, 0), rows=[r])

    def _beside(self) -> Question | None:
        if len(self.keys) < 3:
            return None
        r = self.rng.randrange(1, len(self.keys))
        name, (one, other) = self.rng.choice([("after", (r - 1, r)), ("before", (r, r - 1))])
        answer = self.words.pick("answer", "beside", key=self.keys[other])
        thought = self.thought([self.shown.says(x) for x in sorted((one, other))])
        scene: Scene = {"key": self.named(self.keys[one])}
        ask = self.words.pick("ask", name)
        return self._made("beside", ask, scene, thought, answer, at=(other, 0), rows=[other])

    def _extreme(self) -> Question | None:
        able = [c for c, column in enumerate(self.table.columns) if c and ordered(column)]
        if not able or len(self.keys) < 2:
            return None
        c = self.rng.choice(able)
        values = [row[c] for row in self.table.rows]
        if None in values:
            return None
        high = self.rng.random() < 0.5
        best = (max if high else min)(values, key=_rank)
        if values.count(best) > 1:
            return None
        r, column = values.index(best), self.table.columns[c]
        name = ("most" if high else "least") if column.nature == "number" else ("latest" if high else "earliest")
        ask = self._ask(name, column.most if high else column.least, 0.7, said=column.said)
        slots = {"key": self.keys[r], "value": self.shown.value(r, c), "said": column.said}
        answer = self.words.pick("answer", "most", **slots)
        return self._made("extreme", ask, {}, self.thought([self.shown.says(r, (c,))]), answer, at=(r, c), rows=[r])

    def _all(self) -> Question | None:
        if len(self.keys) < 2:
            return None
        rows = range(len(self.keys))
        answer = self.words.pick("answer", "all", names=listed(self.keys))
        return self._made("all", self.words.pick("ask", "all"), {}, it_says(self.keys), answer, rows=rows)

    def _yes(self) -> Question | None:
        place = self._any()
        if place is None:
            return None
        r, c = place
        column, true = self.table.columns[c], self.table.rows[r][c]
        yes = self.rng.random() < 0.5
        seen = [row[c] for row in self.table.rows] if not column.values else [*column.values]
        others = [v for v in seen if v != true]
        others = [other for other in others if other is not None] or [draw(column.kind, self.rng).argument]
        asked = true if yes else self.rng.choice(others)
        if not yes and asked == true:
            return None
        ending = "_adjective" if column.adjective else ""
        ask = self.words.pick("ask", f"yes{ending}", said=column.said)
        name = ("yes" if yes else "no") + ("_is" if column.adjective else "")
        answer = self.words.pick("answer", name, said=column.said, key=self.keys[r], value=self.shown.value(r, c))
        unit = self.shown.value(r, c).removeprefix(plain(true))
        scene: Scene = {"key": self.named(self.keys[r]), "value": Value(plain(asked) + unit, asked)}
        return self._made("yes", ask, scene, self.thought([self.shown.says(r, (c,))]), answer, at=(r, c), rows=[r])

    def _gone(self) -> Question | None:
        key = plain(draw(self.schema.key.kind, self.rng).argument)
        c = self.rng.randrange(1, len(self.table.columns))
        column = self.table.columns[c]
        if key in self.shown.text:
            return None
        ask = self._ask("one", column.ask, said=column.said)
        answer = self.words.pick("answer", "gone", key=key)
        return self._made("gone", ask, {"key": self.named(key)}, NOT_THERE, answer, at=(-1, c))


def it_says(pieces: Sequence[str]) -> str:
    """The thought that copies these words."""
    return IT_SAYS + " / ".join(pieces)


def listed(names: Sequence[str]) -> str:
    return ", ".join(names[:-1]) + (" and " if names[:-1] else "") + names[-1]


def ordered(column: Column) -> bool:
    """Whether one of its values can be more than another."""
    return column.nature in ("number", "date", "time")


def _rank(value: str | int | float | None) -> tuple[float, str]:
    return (float(value), "") if isinstance(value, (int, float)) else (0.0, str(value))
