"""What a listing can be of: schemas of records, read from records/*.toml, and the tools that return them.

A schema knows nothing of how its records are written down or asked for in general; see `records_forms`, `records_ask`.
"""

from __future__ import annotations

import random
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rookery_training.catalogue import Ask, Missing, Parameter, ToolEntry, slots_of
from rookery_training.values import draw

FOLDER = Path(__file__).resolve().parents[1] / "records"
HELD_OUT = 9
"""Every ninth schema, and every ninth phrasing of each list, is kept for development."""
_LISTING = (
    "list the {items}{s}",
    "show me all {items}{s}",
    "all {items}{s} please",
    "Which {items} are there{s}?",
    "{items}{s}",
    "I'd like to see the {items}{s}",
    "could you pull up the {items}{s}?",
    "What {items} do we have{s}?",
    "give me an overview of the {items}{s}",
    "get the {items}{s}",
    "Can I have the full list of {items}{s}?",
    "have a look at the {items}{s} for me",
    "tell me about the {items}{s}",
    "Let me see what {items} there are{s}.",
)
_LOOKING_UP = (
    "look up {item} {key}",
    "{item} {key}",
    "what do we have on {item} {key}?",
    "Show me the record of {item} {key}.",
    "I need the details of {item} {key}",
    "tell me about {item} {key} please",
    "details on {item} {key}",
    "could you check {item} {key}?",
    "pull up {item} {key}",
    "Everything about {item} {key}, please.",
    "can you find {item} {key} for me",
    "info for {item} {key}",
    "I have a question about {item} {key}, what does its record say?",
    "get {item} {key}",
)
_LACKING = (
    ("list the {items}", "show me all {items}", "which {items} are there?", "could you pull up the {items}?"),
    ("look up a {item}", "I need the record of a {item}", "check one {item} for me", "tell me about a {item}"),
)


@dataclass(frozen=True, slots=True)
class Column:
    """One field of a record."""

    label: str
    said: str
    kind: str
    unit: str = ""
    ask: tuple[str, ...] = ()
    """Questions for it, with {key}."""
    back: tuple[str, ...] = ()
    """Questions for the record that has {value} in it."""
    most: tuple[str, ...] = ()
    least: tuple[str, ...] = ()
    adjective: bool = False
    """Whether its values can be said after "is"."""
    which: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """Other questions for all records that have a value."""

    @property
    def values(self) -> tuple[str, ...]:
        """What it can be, where that is one of a few."""
        if not self.kind.startswith("one of:"):
            return ()
        return tuple(value.strip() for value in self.kind.removeprefix("one of:").split(","))

    @property
    def nature(self) -> str:
        """What its values look like."""
        word = self.kind.split()[0]
        return "number" if word in ("integer", "number") else word if word in ("date", "time", "one") else "name"


@dataclass(frozen=True, slots=True)
class Scope:
    """A parameter that says which records are meant, and how a person says it."""

    parameter: Parameter
    say: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Schema:
    domain: str
    names: tuple[str, ...]
    does: str
    descriptions: tuple[str, ...]
    item: str
    items: str
    key: Column
    columns: tuple[Column, ...]
    scopes: tuple[Scope, ...] = ()
    single: tuple[str, ...] = ()
    """Of a tool that returns one record by its key: what describes that parameter, and other names for it."""

    @property
    def name(self) -> str:
        return self.names[0]

    @property
    def coded(self) -> bool:
        """Whether a key can be said after the noun, as in "van B4"."""
        return self.key.kind.split()[0] in ("like", "code", "integer")


def load_schemas(folder: Path = FOLDER) -> tuple[Schema, ...]:
    """All of them; ValueError names the one that cannot be read."""
    made = []
    for path in sorted(folder.glob("*.toml")):
        for entry in tomllib.loads(path.read_text(encoding="utf-8")).get("schema", ()):
            try:
                made.append(_schema(entry))
            except (KeyError, TypeError) as exc:
                raise ValueError(f"{path.name}: {entry.get('tool')}: {type(exc).__name__} {exc}") from exc
    return tuple(made)


def side(schemas: Iterable[Schema], *, held_out: bool) -> tuple[Schema, ...]:
    """Those that are trained on, or those that are kept for development."""
    return tuple(schema for n, schema in enumerate(schemas) if (n % HELD_OUT == HELD_OUT - 1) == held_out)


def _schema(entry: dict[str, Any]) -> Schema:
    scopes = tuple(
        Scope(
            Parameter(name, made["kind"], made["about"], tuple(made.get("names", ())), made.get("optional", False)),
            tuple(made["say"]),
        )
        for name, made in entry.get("scope", {}).items()
    )
    return Schema(
        domain=entry["domain"],
        names=tuple(entry["tool"]),
        does=entry["does"],
        descriptions=tuple(entry["descriptions"]),
        item=entry["item"],
        items=entry.get("items", f"{entry['item']}s"),
        key=_column(entry["key"]),
        columns=tuple(_column(made) for made in entry["columns"]),
        scopes=tuple(sorted(scopes, key=lambda scope: scope.parameter.optional)),
        single=tuple(entry.get("single", ())),
    )


def _column(made: dict[str, Any]) -> Column:
    return Column(
        label=made["label"],
        said=made.get("said", made["label"].replace("_", " ")),
        kind=made["kind"],
        unit=made.get("unit", ""),
        ask=tuple(made.get("ask", ())),
        back=tuple(made.get("back", ())),
        most=tuple(made.get("most", ())),
        least=tuple(made.get("least", ())),
        adjective=made.get("is", False),
        which={value: tuple(asks) for value, asks in made.get("which", {}).items()},
    )


# -- the tool ---------------------------------------------------------------------------------------------------------


def entry_of(schema: Schema) -> ToolEntry:
    """Its tool, asked for all there is."""
    first, second = schema.columns[:2]
    nouns = {"{items}": schema.items, "{item}": schema.item}
    if schema.single:
        key = schema.key.label
        about, *names = schema.single
        parameters: tuple[Parameter, ...] = (Parameter(key, schema.key.kind, about, tuple(names)),)
        asks = [Ask(_with(text, {**nouns, "{key}": f"{{{key}}}"})) for text in _LOOKING_UP]
        results = [f"{first.label}: {{first:{first.kind}}}\n{second.label}: {{second:{second.kind}}}"]
        results.append(f'{{"{first.label}": "{{first:{first.kind}}}", "{second.label}": "{{second:{second.kind}}}"}}')
        answers = [f"{{{key}}}: {first.said} {{first}}, {second.said} {{second}}."]
        answers.append(f"The {first.said} is {{first}}, the {second.said} is {{second}}.")
        unnamed = tuple(_with(text, nouns) for text in _LACKING[1])
        lacking: tuple[Missing, ...] = (Missing(key, unnamed, (f"Which {schema.item}?",)),)
    else:
        parameters = tuple(scope.parameter for scope in schema.scopes)
        asks = [Ask(_with(text, {"{s}": _clause(schema, n), **nouns})) for n, text in enumerate(_LISTING)]
        cells = (
            f"{{one:{schema.key.kind}}}: {{first:{first.kind}}}",
            f"{{two:{schema.key.kind}}}: {{last:{first.kind}}}",
        )
        results = ["\n".join(cells), "; ".join(cells)]
        answers = ["There are two: {one} ({first}) and {two} ({last}).", "{one} ({first}) and {two} ({last})."]
        lacking = tuple(_lacking(scope, nouns) for scope in schema.scopes[:1] if not scope.parameter.optional)
    return ToolEntry(
        domain=schema.domain,
        name=schema.name,
        does=schema.does,
        parameters=parameters,
        asks=tuple(asks),
        results=tuple(results),
        answers=tuple(answers),
        other_names=schema.names[1:],
        descriptions=schema.descriptions,
        missing=lacking,
    )


def _lacking(scope: Scope, nouns: Mapping[str, str]) -> Missing:
    name = scope.parameter.name.replace("_", " ")
    asks = tuple(_with(text, nouns) for text in _LACKING[0])
    return Missing(scope.parameter.name, asks, (f"Which {name}?", f"Which {name} do you mean?"))


def _clause(schema: Schema, n: int) -> str:
    """How the n-th ask says which records are meant."""
    said = [s.say[n % len(s.say)] for s in schema.scopes if not s.parameter.optional or n % 3 == 0]
    return "".join(f" {text}" for text in said)


def _with(text: str, nouns: Mapping[str, str]) -> str:
    for slot, noun in nouns.items():
        text = text.replace(slot, noun)
    return text


# -- checking ---------------------------------------------------------------------------------------------------------


def faults(schemas: Iterable[Schema]) -> Iterable[str]:
    """What a writer should mend."""
    rng = random.Random(0)
    seen: set[str] = set()
    for schema in schemas:
        where = schema.name
        if len(schema.descriptions) != 3:
            yield f"{where}: {len(schema.descriptions)} descriptions"
        for name in schema.names:
            if name in seen:
                yield f"{where}: the name {name} is used twice"
            seen.add(name)
        if not 2 <= len(schema.names) - 1 <= 4:
            yield f"{where}: {len(schema.names) - 1} other names"
        if not 2 <= len(schema.columns) <= 5:
            yield f"{where}: {len(schema.columns)} columns"
        if schema.single and schema.scopes:
            yield f"{where}: a tool for one record has no scope"
        for scope in schema.scopes:
            for text in scope.say:
                if slots_of(text) != [scope.parameter.name]:
                    yield f"{where}: {text!r} does not say {scope.parameter.name}"
        for column in (schema.key, *schema.columns):
            try:
                draw(column.kind, rng)
            except (KeyError, ValueError, IndexError) as exc:
                yield f"{where}: kind of {column.label}: {type(exc).__name__} {exc}"
            if column.adjective and not column.values:
                yield f"{where}: {column.label} is no enum"
            if stray := set(column.which) - set(column.values):
                yield f"{where}: {column.label} is never {', '.join(sorted(stray))}"
            for text in column.ask:
                if slots_of(text) != ["key"]:
                    yield f"{where}: {text!r} does not say the key once"
            for text in column.back:
                if slots_of(text) != ["value"]:
                    yield f"{where}: {text!r} does not say the value once"
        for column in schema.columns:
            if not column.ask:
                yield f"{where}: no question for {column.label}"
