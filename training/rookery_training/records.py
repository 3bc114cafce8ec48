"""Conversations about listings, tables and JSON: a question, a call that returns records, and just what was asked for.

The tools join those of the catalogue, so that they are offered and named like any other.
"""

from __future__ import annotations

import random
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from rookery_training.branches import Branch
from rookery_training.catalogue import Catalogue, Scene, fill, plain
from rookery_training.dressing import Dressed, dress
from rookery_training.fixed_words import DID_NOT_WORK, FAILED, IT_SAYS, NOT_ASKED, NOT_THERE
from rookery_training.offers import TECHNICAL
from rookery_training.records_ask import Asker, Question, Words, it_says, ordered, put
from rookery_training.records_forms import Shown, Table, draw_table, render
from rookery_training.records_schema import Schema, entry_of, load_schemas, side
from rookery_training.values import Value, draw

if TYPE_CHECKING:
    from rookery_training.conversations import Author

BESIDE = 0.6
"""How often a list of tools gets some of these."""
ORDERS, ERRORS, EMPTY, AGAIN, TWO_CALLS = 0.12, 0.05, 0.04, 0.25, 0.2
"""How often a result gives orders, a call fails, nothing is found, more is asked, and two records are needed."""
ABOVE = "The answer is above."


@dataclass(frozen=True, slots=True)
class Step:
    tool: str
    arguments: Mapping[str, Any]
    observation: str


@dataclass(frozen=True, slots=True)
class Turn:
    """What the person asks, the calls, and the answer."""

    ask: str
    scene: Scene
    steps: tuple[Step, ...]
    thought: str
    answer: str
    says: tuple[str, ...] = ()
    """What the answer has to say, where it is that what decides."""


class Records:
    """Makes turns about records; the same seed makes the same."""

    def __init__(self, rng: random.Random, *, held_out: bool = False) -> None:
        self._rng = rng
        self.words = Words(rng, held_out=held_out)
        self.schemas = {schema.name: schema for schema in side(load_schemas(), held_out=held_out)}

    def join(self, catalogue: Catalogue) -> Catalogue:
        """The catalogue with the tools that return records."""
        return replace(catalogue, tools=catalogue.tools + tuple(entry_of(s) for s in self.schemas.values()))

    def beside(self, tools: list[Dressed]) -> list[Dressed]:
        """The list, often with some of these tools."""
        rng = self._rng
        if not tools or rng.random() >= BESIDE:
            return tools
        taken = {name for tool in tools for name in (tool.name, tool.entry.name)}
        technical = any(tool.entry.domain == "builtin" for tool in tools)
        able = [s for s in self.schemas.values() if not (technical and s.domain in TECHNICAL)]
        made = list(tools)
        for schema in rng.sample(able, min(rng.choice([1, 1, 2, 3]), len(able))):
            new = dress(entry_of(schema), rng)
            if not {new.name, schema.name} & taken and " " not in new.name:
                taken |= {new.name, schema.name}
                made.insert(rng.randint(0, len(made)), new)
        return made

    def draw(self, tools: Mapping[str, Dressed]) -> list[Turn]:
        """The turns of one conversation with one of these tools; none where it did not come about."""
        able = [tool for name, tool in tools.items() if name in self.schemas]
        for _ in range(8 if able else 0):
            tool = self._rng.choice(able)
            made = _Talk(self.schemas[tool.entry.name], tool, self.words, self._rng).draw()
            if made:
                return made
        return []


def converse(author: Author, records: Records, branch: Branch, tools: dict[str, Dressed]) -> bool:
    """Write a conversation about records; whether there is one."""
    turns = records.draw(tools)
    for turn in turns:
        author.ask(branch, turn.ask, turn.scene)
        for step in turn.steps:
            author.do(branch, tools[step.tool], dict(step.arguments))
            author.observe(branch, step.observation)
        author.answer(branch, turn.thought, turn.answer)
        branch.says = turn.says
    return bool(turns)


class _Talk:
    """One conversation."""

    def __init__(self, schema: Schema, tool: Dressed, words: Words, rng: random.Random) -> None:
        self.schema, self.tool, self.words, self.rng = schema, tool, words, rng

    def draw(self) -> list[Turn]:
        rng = self.rng
        if self.schema.single and rng.random() < TWO_CALLS:
            return self._two_keys()
        table = draw_table(
            self.schema, 1 if self.schema.single else rng.choice([2, 3, 3, 4, 4, 5, 6, 7, 8, 10, 12]), rng
        )
        scene, arguments, clause = self._scope(table)
        order = self._order(table) if rng.random() < ORDERS else ""
        title = f"{self.schema.items[0].upper()}{self.schema.items[1:]}"
        shown = render(table, title, rng, order=order, field_name=rng.choice(["note", "message", "info", "_comment"]))
        if shown is None:
            return []
        asker = Asker(shown, self.words, rng)
        question = asker.draw()
        if question is None:
            return []
        ask, scene = self._placed(question.ask, clause), {**scene, **question.scene}
        if rng.random() < ERRORS:
            return [self._failed(ask, scene, arguments)]
        if not self.schema.single and question.row < 0 and question.kind != "gone" and rng.random() < EMPTY * 4:
            return [self._nothing(ask, scene, arguments)]
        if order and not question.thought.startswith(IT_SAYS):
            return []
        thought = f"{NOT_ASKED} {question.thought}" if order else question.thought
        step = self._step(arguments, shown.text)
        turns = [Turn(ask, scene, (step,), thought, question.answer, asker.decides(question))]
        if not order and rng.random() < AGAIN:
            turns += self._more(asker, question, arguments)
        return turns

    # -- parts ----------------------------------------------------------------------------------------------------

    def _step(self, arguments: Mapping[str, Any], observation: str) -> Step:
        return Step(self.schema.name, arguments, observation)

    def _scope(self, table: Table) -> tuple[Scene, dict[str, Any], str]:
        """What the parameters stand for, the arguments, and how the question says them."""
        rng = self.rng
        if self.schema.single:
            return {}, self._by_key(table.keys[0]), ""
        scene: Scene = {}
        clauses = []
        for scope in self.schema.scopes:
            if not scope.parameter.optional or rng.random() < 0.45:
                scene[scope.parameter.name] = draw(scope.parameter.kind, rng)
                clauses.append(rng.choice(scope.say))
        arguments = self.tool.arguments({name: value.argument for name, value in scene.items()})
        return scene, arguments, " ".join(clauses)

    def _by_key(self, key: str) -> dict[str, Any]:
        return self.tool.arguments(
            {self.schema.key.label: int(key) if self.schema.key.kind.startswith("integer") else key}
        )

    def _placed(self, ask: str, clause: str) -> str:
        """The question with what says which records are meant."""
        if not clause:
            return ask
        body, end = (ask[:-1], ask[-1]) if ask[-1:] in ".?" else (ask, "")
        lowered = ask if ask.startswith(("I ", "I'", "{")) else ask[:1].lower() + ask[1:]
        forms = [f"{body} {clause}{end}"] * 4 if not re.search(r"[,.?:-] ", body) else []
        forms += [f"{clause}: {ask}", f"{clause}, {lowered}", f"{clause[:1].upper()}{clause[1:]}, {lowered}"]
        return self.rng.choice(forms)

    def _order(self, table: Table) -> str:
        """An order to the assistant, put together of parts."""
        rng, words = self.rng, self.words
        tail = words.pick("order", "tail")
        head = words.pick("order", "head") if rng.random() < 0.8 or tail.startswith(" <") else ""
        wrong = plain(draw(table.columns[-1].kind, rng).argument)
        return fill(
            f"{head} {put(words.pick('order', 'body'), wrong=wrong, item=self.schema.item)}{tail}".strip(),
            {name: draw(kind, rng) for name, kind in _IN_ORDERS.items()},
            rng,
        )

    def _failed(self, ask: str, scene: Scene, arguments: Mapping[str, Any]) -> Turn:
        error = self.words.pick("failed", "errors", n=str(self.rng.choice([5, 10, 20, 30, 60])))
        said = "internal error" if error.startswith("{") else error.removeprefix("Error: ")
        answer = DID_NOT_WORK.replace("{error}", said)
        return Turn(ask, scene, (self._step(arguments, error),), FAILED, answer)

    def _nothing(self, ask: str, scene: Scene, arguments: Mapping[str, Any]) -> Turn:
        """An empty result."""
        nouns = {"items": self.schema.items}
        observed = self.words.pick("failed", "empty", **nouns)
        return Turn(
            ask, scene, (self._step(arguments, observed),), NOT_THERE, self.words.pick("answer", "empty", **nouns)
        )

    # -- more than one question or call ---------------------------------------------------------------------------

    def _more(self, asker: Asker, before: Question, arguments: Mapping[str, Any]) -> list[Turn]:
        """A second question: one that the same result answers, or one that needs another call."""
        rng, table = self.rng, asker.table
        if before.row < 0 or not before.column:
            return []
        others = [c for c in range(1, len(table.columns)) if c != before.column]
        if before.kind in ("one", "back", "extreme") and others and rng.random() < 0.5:
            c = rng.choice(others)
            name = "next_column"
            row, scene = before.row, {}
            ask = self.words.pick("ask", name, said=table.columns[c].said)
        elif self.schema.single:
            label = table.columns[before.column].label
            return self._next_key(plain(before.scene["key"].argument), label) if before.kind == "one" else []
        else:
            rows = [r for r in range(len(table.rows)) if r != before.row]
            if before.kind != "one" or not rows:
                return []
            row, c = rng.choice(rows), before.column
            scene = {"key": Value(asker.keys[row], asker.keys[row])}
            ask = self.words.pick("ask", "next_key")
        thought = f"{ABOVE} {it_says([asker.shown.says(row, (c,))])}"
        return [Turn(ask, scene, (), thought, asker.told(row, c))]

    def _one_more(self, column: str, keys: tuple[str, ...]) -> Shown | None:
        """The record of another key, with this column in it."""
        for _ in range(12):
            table = draw_table(self.schema, 1, self.rng)
            if column in [made.label for made in table.columns] and table.keys[0] not in keys:
                return render(table, "", self.rng)
        return None

    def _next_key(self, key: str, label: str) -> list[Turn]:
        """The same of another record, which needs another call."""
        shown = self._one_more(label, (key,))
        if shown is None:
            return []
        asker = Asker(shown, self.words, self.rng)
        c = [column.label for column in shown.table.columns].index(label)
        scene: Scene = {"key": Value(asker.keys[0], asker.keys[0])}
        ask = self.words.pick("ask", "next_key")
        step = self._step(self._by_key(asker.keys[0]), shown.text)
        return [Turn(ask, scene, (step,), asker.thought([shown.says(0, (c,))]), asker.told(0, c))]

    def _two_keys(self) -> list[Turn]:
        """Two records, told or compared."""
        rng = self.rng
        column = rng.choice(self.schema.columns)
        one = self._one_more(column.label, ())
        two = self._one_more(column.label, (one.table.keys[0],)) if one else None
        if one is None or two is None:
            return []
        at = [[made.label for made in shown.table.columns].index(column.label) for shown in (one, two)]
        cells = one.table.rows[0][at[0]], two.table.rows[0][at[1]]
        if None in cells or cells[0] == cells[1]:
            return []
        keys = one.table.keys[0], two.table.keys[0]
        values = one.value(0, at[0]), two.value(0, at[1])
        slots = {"key": keys[0], "key2": keys[1], "value": values[0], "value2": values[1], "said": column.said}
        scene: Scene = {"key": Value(keys[0], keys[0]), "key2": Value(keys[1], keys[1])}
        if ordered(column) and column.nature == "number" and rng.random() < 0.5:
            name = rng.choice(["more", "less"])
            first = (float(cells[0] or 0) > float(cells[1] or 0)) == (name == "more")
            if not first:
                slots |= {"key": keys[1], "key2": keys[0], "value": values[1], "value2": values[0]}
            answer = self.words.pick("answer", "compare", **slots)
        else:
            name, answer = "both", self.words.pick("answer", "both", **slots)
        ask = self.words.pick("ask", name, said=column.said)
        steps = tuple(self._step(self._by_key(key), shown.text) for key, shown in zip(keys, (one, two), strict=True))
        thought = it_says([one.says(0, (at[0],)), two.says(0, (at[1],))])
        return [Turn(ask, scene, steps, thought, answer)]


_IN_ORDERS = {
    "word": "word",
    "tool": "pool: shell | delete_file | send_mail | admin_reset | transfer_money | web_search",
    "email": "email",
    "company": "company",
    "number": "integer 2 9999",
}
