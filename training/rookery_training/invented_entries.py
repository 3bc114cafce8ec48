"""One invented tool: an action on a thing, with the thing's words put in, as an entry like the catalogue's."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rookery_training.catalogue import Ask, Missing, Parameter, ToolEntry, slots_of

if TYPE_CHECKING:
    from rookery_training.invented_refs import Reference

BARE = re.compile(r"\{\w+\}|<\w+>|\b(?:for|on|to|in|into|at|gets|goes|takes|has|is|now|the|of)\b")
"""What an ask may consist of that says nothing about the action."""
VARIANTS = 2
"""In so many of the ways to name the thing each ask is written at most."""


@dataclass(frozen=True, slots=True)
class Thing:
    """A kind of thing."""

    noun: str
    many: str
    refs: tuple[str, ...]
    does: frozenset[str]
    """The kinds of actions that there are for it."""
    dial: tuple[str, str, str]
    """What is measured and set on it: its name, its unit, its kind."""
    modes: dict[str, list[str]]
    stuff: tuple[str, ...]
    """What goes into it, or what it needs."""
    apart: frozenset[str]
    """Domains of the catalogue that it could be taken for."""
    why: str
    because: str

    @property
    def key(self) -> str:
        return self.noun.replace(" ", "_").replace("-", "_")


@dataclass(frozen=True, slots=True)
class Action:
    """What can be done with things of some kinds; `<it>`, `<thing>` and the like are filled in for each."""

    key: str
    does: str
    names: tuple[str, ...]
    descriptions: tuple[str, ...]
    parameters: Mapping[str, Mapping[str, Any]]
    asks: tuple[str, ...]
    missing: Mapping[str, tuple[str, ...]]
    results: tuple[str, ...]
    answers: tuple[str, ...]
    near: frozenset[str]
    """Other actions that could be meant by what this one is asked for."""
    then: tuple[str, ...]
    extras: tuple[str, ...]
    """Optional parameters that it may have."""
    elsewhere: bool
    """Whether notes or the web could do it as well."""
    follow_ups: tuple[str, ...] = field(default=())


def told_apart(action: Action, others: Collection[Action]) -> Action:
    """The action without what is asked for in nothing but values, where another one takes values of the same kinds."""
    taken = [_heads(other) for other in others if other is not action]

    def clear(ask: str) -> bool:
        if re.search(r"\w", BARE.sub(" ", ask)):
            return True
        given = {_head(made["kind"]) for name, made in action.parameters.items() if f"{{{name}}}" in ask}
        return not any(given <= heads for heads in taken)

    missing = {name: tuple(filter(clear, asks)) for name, asks in action.missing.items()}
    asks = tuple(ask for ask in action.asks if "{" not in ask or clear(ask))
    return replace(action, asks=asks, missing={name: kept for name, kept in missing.items() if kept})


def _heads(action: Action) -> set[str]:
    return {_head(made["kind"]) for made in action.parameters.values()}


def _head(kind: str) -> str:
    head = kind.split()[0]
    return "number" if head in ("integer", "<dial>") else head


def build(thing: Thing, action: Action, told: Reference, phrases: Mapping[str, Any], rng: random.Random) -> ToolEntry:
    """The entry of an action on a thing that is told apart in one way."""
    words = _Words(thing, told, rng)
    parameters = [Parameter(thing.key, told.kind, rng.choice(told.about), told.names)]
    for name, made in action.parameters.items():
        about = words.put(made.get("about", ""))
        name = words.put(name)
        names = tuple(words.put(other) for other in made.get("names", ()))
        parameters.append(Parameter(name, words.kind(made["kind"]), about, names, made.get("optional", False)))
    if any(parameter.name in {p.name for p in parameters if p is not parameter} for parameter in parameters):
        raise ValueError(f"{thing.noun}: {action.key} has a parameter twice")
    asks = [words.put(ask) for ask in action.asks for _ in range(VARIANTS)]
    asks = list(dict.fromkeys(asks))
    extras = [
        phrases["extra"][name] for name in rng.sample(action.extras, min(len(action.extras), rng.choice([0, 1, 1, 2])))
    ]
    for extra in extras:
        if extra["name"] in {parameter.name for parameter in parameters}:
            continue
        parameters.append(Parameter(extra["name"], extra["kind"], extra["about"], tuple(extra.get("names", ())), True))
        asks += [_with(ask, rng.choice(extra["said"])) for ask in rng.sample(asks, max(len(asks) // 2, 1))]
    return ToolEntry(
        domain=thing.many,
        name=f"{thing.key}_{action.key}",
        does=words.put(action.descriptions[0]).rstrip("."),
        parameters=tuple(sorted(parameters, key=lambda parameter: parameter.optional)),
        asks=tuple(Ask(ask) for ask in asks),
        results=tuple(words.put(text) for text in action.results),
        answers=tuple(words.put(text) for text in action.answers),
        other_names=tuple(tool_names(thing, action)),
        descriptions=tuple(words.put(text) for text in action.descriptions),
        errors=tuple(words.put(text) for text in rng.sample(phrases["errors"], 2)),
        follow_ups=_follow_ups(action, parameters, words, phrases, rng),
        missing=_missing(action, words, phrases),
    )


def spoken(thing: Thing, told: Reference, texts: tuple[str, ...], rng: random.Random) -> tuple[str, ...]:
    """The texts with the words of the thing put in."""
    words = _Words(thing, told, rng)
    return tuple(words.put(text) for text in texts)


def tool_names(thing: Thing, action: Action) -> list[str]:
    """What the tool may be called, in all styles."""
    made: list[str] = []
    for pattern in action.names:
        parts = [part.replace("-", "_") for part in _fill_noun(pattern, thing).replace(" ", "_").split("_")]
        snake = "_".join(parts)
        head, *rest = snake.split("_")
        made += [snake, head + "".join(part.title() for part in rest)]
    made.append(f"{thing.many.replace(' ', '_').replace('-', '_')}.{action.key}")
    made.append(f"{thing.key.replace('_', '-')}-{action.key.replace('_', '-')}")
    return [name for name in dict.fromkeys(made) if name != f"{thing.key}_{action.key}"]


def _fill_noun(text: str, thing: Thing) -> str:
    quantity, unit, _ = thing.dial
    text = text.replace("<a thing>", f"{'an' if thing.noun[0] in 'aeiou' else 'a'} {thing.noun}")
    text = text.replace("<thing>", thing.noun).replace("<things>", thing.many)
    return text.replace("<quantity>", quantity).replace("<unit>", unit)


def _with(ask: str, tail: str) -> str:
    """The ask with an optional thing said after it, or before it where the words end in `...`."""
    if tail.endswith("..."):
        return f"{tail.removesuffix('...').strip()} {ask}"
    end = ask[-1] if ask[-1] in "?.!" else ""
    return ask.removesuffix(end) + ("" if tail.startswith(",") else " ") + tail + end


class _Words:
    """Puts the words of a thing into the texts of an action."""

    def __init__(self, thing: Thing, told: Reference, rng: random.Random) -> None:
        self._thing, self._told, self._rng = thing, told, rng

    def put(self, text: str, *, one: str = "") -> str:
        """The text with its places filled; with `one`, which of the things is not said."""
        slot = f"{{{self._thing.key}}}"
        full = self._told.said[0].replace("{}", slot)
        text = text.replace("<It>", full[0].upper() + full[1:]).replace("<label>", full.removeprefix("the "))
        while "<it>" in text:
            said = one or self._say().replace("{}", slot)
            text = text.replace("<it>", said, 1)
        text = text.replace("<dial>", self._thing.dial[2]).replace("<modes>", f"one of: {', '.join(self._thing.modes)}")
        text = text.replace("<other>", self._told.said[0].replace("{}", "{other}")).replace("<ref>", slot)
        return _fill_noun(text, self._thing)

    def _say(self) -> str:
        bare = self._told.bare and self._rng.random() < 0.3
        return self._rng.choice(self._told.bare if bare else self._told.said)

    def kind(self, kind: Any) -> Any:
        """The kind of a parameter, which may be one of the thing's own."""
        match kind:
            case "<dial>":
                return self._thing.dial[2]
            case "<modes>":
                return self._thing.modes
            case "<stuff>":
                return "one of: " + ", ".join(self._thing.stuff)
            case "<item>":
                return "pool: " + " | ".join(self._thing.stuff)
            case "<ref>":
                return self._told.kind
            case _:
                return kind

    def some(self, question: bool) -> str:
        """One of the things, without saying which."""
        noun = self._thing.noun
        vague = [f"the {noun}", f"our {noun}", f"my {noun}", f"the {noun}"]
        return self._rng.choice(
            vague if question else [*vague, _fill_noun("<a thing>", self._thing), f"one of the {self._thing.many}"]
        )

    @property
    def key(self) -> str:
        return self._thing.key


def _missing(action: Action, words: _Words, phrases: Mapping[str, Any]) -> tuple[Missing, ...]:
    """What is asked back: which one is meant, and whatever else the action says may be lacking."""
    open_asks = [ask for ask in action.asks if ask.count("<it>") == 1 and "<other>" not in ask]
    vague = tuple(words.put(ask, one=words.some(ask.endswith("?"))) for ask in open_asks)
    vague = tuple(ask[0].lower() + ask[1:] if ask.startswith("The ") else ask for ask in vague)
    made = [Missing(words.key, vague, tuple(words.put(text) for text in phrases["which"]))] if vague else []
    for name, asks in action.missing.items():
        question = words.put(action.parameters[name].get("question", "I need more for that. What is it to be?"))
        made.append(Missing(words.put(name), tuple(words.put(ask) for ask in asks), (question,)))
    return tuple(made)


def _follow_ups(
    action: Action, parameters: list[Parameter], words: _Words, phrases: Mapping[str, Any], rng: random.Random
) -> tuple[str, ...]:
    """Short words that only make sense after the first call: another one of the things, or another value."""
    every = phrases["again"]
    made = [words.put(text) for text in rng.sample(every["ref"], 4)]
    for parameter in parameters[1:]:
        kind = parameter.kind.split()[0] if isinstance(parameter.kind, str) else "enum"
        texts = every.get(kind, every["any"] if kind in phrases["plain"] else [])
        made += [text.replace("{p}", f"{{{parameter.name}}}") for text in rng.sample(texts, min(2, len(texts)))]
    made += [words.put(text) for text in action.follow_ups]
    return tuple(text for text in made if not re.search(r"<\w+>", text) and slots_of(text))
