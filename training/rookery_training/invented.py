"""Tools that nobody has seen: families of actions on a made-up kind of thing, put together anew for each list.

What the things and the actions are is in `invented/*.toml`. A family is made of entries like the catalogue's, so that
every situation can be played with it; it also knows what else could be done with its thing, but is not offered.
"""

from __future__ import annotations

import random
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rookery_training.catalogue import ToolEntry
from rookery_training.invented_entries import Action, Thing, build, spoken, told_apart
from rookery_training.invented_refs import Reference, reference

FOLDER = Path(__file__).resolve().parents[1] / "invented"
HELD_OUT = 9
"""Every ninth thing is kept for development."""


@dataclass(frozen=True, slots=True)
class Family:
    """One thing, how one of it is told apart, and what can be done with it here."""

    thing: Thing
    entries: tuple[ToolEntry, ...]
    lacks: tuple[ToolEntry, ...]
    """What could be done with such a thing, but not with what is offered, not even nearly."""
    then: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """How an entry is asked for right after a call for the same one of the things."""


class Families:
    """Draws families; no two of a kind that could be taken for one another are offered together."""

    def __init__(self, rng: random.Random, *, held_out: bool = False) -> None:
        self._rng = rng
        self.things = [thing for n, thing in enumerate(things()) if (n % HELD_OUT == HELD_OUT - 1) == held_out]
        self.actions = actions()
        self._phrases = _read("follow_ups.toml")

    def able(self, thing: Thing) -> list[Action]:
        """What can be done with it."""
        return [action for action in self.actions if action.does in thing.does]

    def draw(self, n: int, taken: Collection[str] = (), domains: Collection[str] = ()) -> Family:
        """A family of at most `n` actions on a thing that is none of those taken, nor near one of the domains."""
        free = [thing for thing in self.things if thing.noun not in taken and thing.apart.isdisjoint(domains)]
        return self.family(self._rng.choice(free), n)

    def elsewhere(self, entry: ToolEntry) -> bool:
        """Whether notes or the web could do as well what this tool is asked for."""
        return any(entry.name.endswith(f"_{action.key}") for action in self.actions if action.elsewhere)

    def family(self, thing: Thing, n: int) -> Family:
        """Actions that are close to one another are drawn together more often than others."""
        rng = self._rng
        able = self.able(thing)
        chosen = [rng.choice(able)]
        while len(chosen) < min(n, len(able)):
            rest = [action for action in able if action not in chosen]
            same = {action.does for action in chosen}
            chosen.append(rng.choices(rest, [3 if action.does in same else 1 for action in rest])[0])
        told = reference(thing, rng)
        keys = {action.key for action in chosen}
        far = [
            action
            for action in able
            if action.key not in keys and not action.near & keys and not any(action.key in c.near for c in chosen)
        ]
        return Family(
            thing,
            tuple(self._build(thing, told_apart(action, chosen), told) for action in chosen),
            tuple(self._build(thing, action, told) for action in rng.sample(far, min(2, len(far)))),
            {f"{thing.key}_{action.key}": spoken(thing, told, action.then, rng) for action in chosen if action.then},
        )

    def _build(self, thing: Thing, action: Action, told: Reference) -> ToolEntry:
        return build(thing, action, told, self._phrases, self._rng)


def things() -> list[Thing]:
    """All kinds of things, in the order of the file; those kept for development among them."""
    return [_thing(noun, made) for noun, made in _read("things.toml").items()]


def actions() -> list[Action]:
    """All that can be done with them."""
    made = [_action(does, entry) for does, entries in _read("actions.toml").items() for entry in entries]
    return made + [_action(does, entry) for does, entries in _read("more_actions.toml").items() for entry in entries]


def _read(name: str) -> dict[str, Any]:
    return tomllib.loads((FOLDER / name).read_text(encoding="utf-8"))


def _thing(noun: str, made: dict[str, Any]) -> Thing:
    dial = [part.strip() for part in made.get("dial", "").split("|")]
    why, _, answer = made.get("why", "").partition("|")
    does = {"any", *made["does"].split()}
    return Thing(
        noun=noun,
        many=made.get("many", f"{noun}s"),
        refs=tuple(made["refs"].split()),
        does=frozenset(does | ({"dial"} if len(dial) == 3 else set()) | ({"modes"} if "modes" in made else set())),
        dial=(dial[0], dial[1], dial[2]) if len(dial) == 3 else ("", "", ""),
        modes=_modes(made.get("modes", "")),
        stuff=tuple(re.split(r",\s*", made.get("stuff", ""))) if "stuff" in made else (),
        apart=frozenset(made.get("apart", "").split(",")) - {""},
        why=why.strip(),
        because=answer.strip(),
    )


def _modes(text: str) -> dict[str, list[str]]:
    """`eco, full = as fast as it goes / at full speed`: each word, and how else it is said."""
    modes: dict[str, list[str]] = {}
    for part in text.split(","):
        word, _, said = part.partition("=")
        if word.strip():
            modes[word.strip()] = [word.strip(), *(way.strip() for way in said.split("/") if way.strip())]
    return modes


def _action(does: str, made: dict[str, Any]) -> Action:
    return Action(
        key=made["key"],
        does=does,
        names=tuple(made["names"]),
        descriptions=tuple(made["descriptions"]),
        parameters=made.get("parameters", {}),
        asks=tuple(made["asks"]),
        missing={name: tuple(asks) for name, asks in made.get("missing", {}).items()},
        results=tuple(made["results"]),
        answers=tuple(made["answers"]),
        near=frozenset(made.get("near", "").split()),
        then=tuple(made.get("then", ())),
        extras=tuple(made.get("extras", "").split()),
        elsewhere=made.get("elsewhere", False),
        follow_ups=tuple(made.get("follow_ups", ())),
    )
