"""The hand-written pieces that conversations are made of: tools, whole turns, and talk, read from catalogue/*.toml."""

from __future__ import annotations

import math
import random
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rookery_training.values import Kind, Value, draw, draw_other

FOLDER = Path(__file__).resolve().parents[1] / "catalogue"
SLOT = re.compile(r"\{([A-Za-z_]\w*)(?::([A-Za-z][^{}\"]*))?\}")
_EITHER = re.compile(r"\[([^\[\]|]*(?:\|[^\[\]|]*)+)\]")
"""`[a|b]` in a way to ask: either of them."""
Scene = dict[str, Value]
"""What the slots of one conversation stand for."""


@dataclass(frozen=True, slots=True)
class Parameter:
    name: str
    kind: Kind
    about: str = ""
    names: tuple[str, ...] = ()
    optional: bool = False
    default: Any = None


@dataclass(frozen=True, slots=True)
class Ask:
    """One way to ask for a call."""

    say: str
    slots: Mapping[str, Any] = field(default_factory=dict)
    """Kinds of the slots that are not parameters; a text that begins with "=" is worked out from the others."""
    arguments: Mapping[str, Any] | None = None
    """Templates of the arguments; None: the parameters that the words mention."""
    value: str = ""
    """What the tool would work out, as a Python expression over the slots; it becomes {result}."""
    written: str = ""
    """How it is written in the catalogue, where that stands for several."""


@dataclass(frozen=True, slots=True)
class Missing:
    lacks: str
    asks: tuple[str, ...]
    questions: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ToolEntry:
    domain: str
    name: str
    does: str
    parameters: tuple[Parameter, ...]
    asks: tuple[Ask, ...]
    results: tuple[str, ...]
    answers: tuple[str, ...]
    other_names: tuple[str, ...] = ()
    descriptions: tuple[str, ...] = ()
    errors: tuple[str, ...] = ()
    follow_ups: tuple[str, ...] = ()
    missing: tuple[Missing, ...] = ()
    held_out: bool = False
    """Whether it is kept for development."""

    @property
    def kinds(self) -> dict[str, Kind]:
        return {parameter.name: parameter.kind for parameter in self.parameters}

    @property
    def invented(self) -> dict[str, Kind]:
        """What results make up."""
        return invented(self.results + self.answers + self.errors)


@dataclass(frozen=True, slots=True)
class Call:
    """One step of a trace."""

    tool: str
    arguments: Mapping[str, Any]
    result: str
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Trace:
    """A whole turn of several steps."""

    domain: str
    asks: tuple[str, ...]
    slots: Mapping[str, Any]
    steps: tuple[Call, ...]
    answers: tuple[str, ...]
    thought: str = ""


@dataclass(frozen=True, slots=True)
class Talk:
    """A message that no tool is for."""

    asks: tuple[str, ...]
    answers: tuple[str, ...]
    slots: Mapping[str, Any]
    kind: str
    unless: frozenset[str]
    """Domains, and built-in tools, that could do it after all."""


@dataclass(frozen=True, slots=True)
class More:
    """More ways to ask for a tool that is written elsewhere."""

    tool: str
    asks: tuple[Ask, ...]
    missing: tuple[Missing, ...]


@dataclass(frozen=True, slots=True)
class Catalogue:
    tools: tuple[ToolEntry, ...]
    traces: tuple[Trace, ...]
    talks: tuple[Talk, ...]
    strays: tuple[str, ...] = ()
    """Where there are more ways to ask for a tool that there is not."""

    def domain(self, name: str) -> list[ToolEntry]:
        return [tool for tool in self.tools if tool.domain == name]


def load(folder: Path = FOLDER) -> Catalogue:
    """All files of the folder; ValueError names the file and entry that cannot be read."""
    tools: list[ToolEntry] = []
    traces: list[Trace] = []
    talks: list[Talk] = []
    more: dict[str, More] = {}
    for path in sorted(folder.glob("*.toml")):
        try:
            data = tomllib.loads(path.read_text(encoding="utf-8"))
        except tomllib.TOMLDecodeError as exc:
            raise ValueError(f"{path.name}: {exc}") from exc
        domain = data.get("domain", path.stem)
        for n, entry in enumerate(data.get("tool", [])):
            with_name = f"{path.name}: tool {entry.get('name', n)}"
            tools.append(_reading(with_name, lambda entry=entry, domain=domain: _tool(domain, entry)))
        for n, entry in enumerate(data.get("trace", [])):
            traces.append(_reading(f"{path.name}: trace {n}", lambda entry=entry, domain=domain: _trace(domain, entry)))
        for n, entry in enumerate(data.get("talk", [])):
            talks.append(_reading(f"{path.name}: talk {n}", lambda entry=entry, domain=domain: _talk(domain, entry)))
        for n, entry in enumerate(data.get("more", [])):
            where = f"{path.name}: more {n} of {entry.get('tool', '?')}"
            more[where] = _reading(where, lambda entry=entry: _more(entry))
    names = {tool.name for tool in tools}
    strays = tuple(where for where, extension in more.items() if extension.tool not in names)
    return Catalogue(tuple(_extended(tool, more.values()) for tool in tools), tuple(traces), tuple(talks), strays)


def _extended(tool: ToolEntry, more: Iterable[More]) -> ToolEntry:
    """The tool with what is added to it; its own asks stay first, so that those kept for development stay the same."""
    for extension in more:
        if extension.tool == tool.name:
            tool = replace(tool, asks=tool.asks + extension.asks, missing=tool.missing + extension.missing)
    return tool


def _reading(where: str, make: Any) -> Any:
    try:
        return make()
    except (KeyError, TypeError, ValueError) as exc:
        raise ValueError(f"{where}: {type(exc).__name__} {exc}") from exc


def _tool(domain: str, entry: dict[str, Any]) -> ToolEntry:
    parameters = tuple(
        Parameter(
            name,
            made["kind"],
            made.get("about", ""),
            tuple(made.get("names", ())),
            made.get("optional", False),
            made.get("default"),
        )
        for name, made in entry.get("parameters", {}).items()
    )
    return ToolEntry(
        domain=domain,
        name=entry["name"],
        does=entry["does"],
        parameters=tuple(sorted(parameters, key=lambda parameter: parameter.optional)),
        asks=_asks(entry["asks"]),
        results=tuple(entry["results"]),
        answers=tuple(entry["answers"]),
        other_names=tuple(entry.get("other_names", ())),
        descriptions=tuple(entry.get("descriptions", ())),
        errors=tuple(entry.get("errors", ())),
        follow_ups=tuple(entry.get("follow_ups", ())),
        missing=_missing(entry),
        held_out=entry.get("held_out", False),
    )


def _more(entry: dict[str, Any]) -> More:
    return More(entry["tool"], _asks(entry.get("asks", ())), _missing(entry))


def _missing(entry: dict[str, Any]) -> tuple[Missing, ...]:
    return tuple(
        Missing(made["lacks"], tuple(said for ask in made["asks"] for said in either(ask)), tuple(made["questions"]))
        for made in entry.get("missing", ())
    )


def _asks(entries: Iterable[str | dict[str, Any]]) -> tuple[Ask, ...]:
    return tuple(ask for entry in entries for ask in _each(Ask(entry) if isinstance(entry, str) else _ask(entry)))


def _ask(ask: dict[str, Any]) -> Ask:
    return Ask(ask["say"], ask.get("slots", {}), ask.get("arguments"), str(ask.get("value", "")))


def _each(ask: Ask) -> Iterable[Ask]:
    """The ways that one written with `[a|b]` stands for."""
    return [replace(ask, say=said, written=ask.say) for said in either(ask.say)]


def either(text: str) -> list[str]:
    """All texts that one with `[a|b]` stands for."""
    found = _EITHER.search(text)
    if found is None:
        return [text]
    return [made for word in found[1].split("|") for made in either(text[: found.start()] + word + text[found.end() :])]


def _trace(domain: str, entry: dict[str, Any]) -> Trace:
    steps = tuple(
        Call(step["tool"], step.get("arguments", {}), step["result"], step.get("thought", ""))
        for step in entry["steps"]
    )
    slots = entry.get("slots", {})
    asks = tuple(said for ask in entry["asks"] for said in either(ask))
    return Trace(domain, asks, slots, steps, tuple(entry["answers"]), entry.get("thought", ""))


def _talk(domain: str, entry: dict[str, Any]) -> Talk:
    kind = entry.get("kind", domain)
    unless = frozenset(entry.get("unless", ()))
    return Talk(tuple(entry["asks"]), tuple(entry["answers"]), entry.get("slots", {}), kind, unless)


# -- filling in -------------------------------------------------------------------------------------------------------


def plain(value: Any) -> str:
    """An argument as a tool or an answer would write it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ", ".join(plain(item) for item in value)
    if isinstance(value, float):
        return str(int(value)) if value == int(value) and abs(value) < 1e15 else repr(round(value, 10))
    return str(value)


def furnish(scene: Scene, kinds: Mapping[str, Any], rng: random.Random) -> None:
    """Draw what the scene does not have yet; a text that begins with "=" is worked out."""
    for name, kind in kinds.items():
        if name in scene:
            continue
        if isinstance(kind, str) and kind.startswith("="):
            worked = evaluate(kind[1:], scene)
            scene[name] = Value(plain(worked), worked)
        else:
            scene[name] = draw_other(kind, [scene[n] for n, of in kinds.items() if of == kind and n in scene], rng)


def evaluate(expression: str, scene: Scene) -> Any:
    """A Python expression over the scene's arguments, with the functions of `math`."""
    names = {name: value.argument for name, value in scene.items()}
    allowed = {name: getattr(math, name) for name in dir(math) if not name.startswith("_")}
    builtins = {made.__name__: made for made in (round, abs, min, max, sum, len, str, int, range, sorted, chr)}
    made = eval(expression, {"__builtins__": builtins, **allowed, **names})  # our own catalogue
    return round(made, 10) if isinstance(made, float) else made


def fill(text: str, scene: Scene, rng: random.Random, *, said: bool = False) -> str:
    """The text with its slots filled; `{name:kind}` makes up a value, which the scene keeps. KeyError for others."""

    def one(match: re.Match[str]) -> str:
        name, kind = match[1], match[2]
        if kind and name not in scene:
            scene[name] = draw(kind.strip(), rng)
        value = scene[name]
        return value.said if said else plain(value.argument)

    return SLOT.sub(one, text)


def fill_argument(template: Any, scene: Scene, rng: random.Random) -> Any:
    """An argument; one that is a single slot keeps its type."""
    if isinstance(template, list):
        return [fill_argument(item, scene, rng) for item in template]
    if not isinstance(template, str):
        return template
    whole = SLOT.fullmatch(template)
    if whole and (not whole[2] or whole[1] in scene):
        return scene[whole[1]].argument
    return fill(template, scene, rng)


def invented(texts: Iterable[str]) -> dict[str, Kind]:
    """The values that texts make up as `{name:kind}`."""
    return {match[1]: match[2].strip() for text in texts for match in SLOT.finditer(text) if match[2]}


def slots_of(text: str) -> list[str]:
    return [match[1] for match in SLOT.finditer(text)]
