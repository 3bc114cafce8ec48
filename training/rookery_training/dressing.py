"""Tools of the catalogue as they are offered: under one of many names, with one of many descriptions.

What a model learns from that is to read the list instead of remembering it.
"""

from __future__ import annotations

import random
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from rookery_core.reasoning.gist import DANGLING, fits
from rookery_core.tools.contract import Tool
from rookery_core.tools.registry import OfferedTool
from rookery_training.catalogue import Parameter, Scene, ToolEntry, fill_argument, plain, slots_of
from rookery_training.values import Value, pseudo_word, schema

_WHICH = "what which who whose whom how when where why whether if"
WHICH = frozenset(_WHICH.split())
_UNTOLD = "born who where when what why until since to from at on by in of for against because"
UNTOLD = frozenset(_UNTOLD.split())
"""Names of parameters that are no nouns."""


@dataclass(frozen=True, slots=True)
class Dressed:
    """A tool of the catalogue as one conversation knows it."""

    entry: ToolEntry
    offered: OfferedTool
    names: dict[str, str]
    """What its parameters are called here."""

    @property
    def name(self) -> str:
        return self.offered.name

    @property
    def fits(self) -> str:
        """Says that it fits, in the first words of its description: to copy is easier than to put it another way."""
        return fits(self.name, self.offered.tool.description)

    def about(self, parameter: str) -> str:
        """What its schema says about a parameter of the catalogue."""
        return str(self.offered.tool.schema["properties"][self.names[parameter]].get("description", ""))

    def speaking_of(self, texts: Collection[str], given: Collection[str]) -> list[str]:
        """Those of the texts that speak of no optional parameter that is not among the given arguments."""
        absent = {p.name for p in self.entry.parameters if p.optional and self.names[p.name] not in given}
        return [text for text in texts if not absent & {*slots_of(text)}]

    def place(self, scene: Scene, given: dict[str, Any]) -> None:
        """What a call made fits what it was given: found files lie in its folder, what it wrote has so many bytes."""
        if "bytes" in self.entry.invented and "content" in given:
            size = len(given["content"].encode())
            scene["bytes"] = Value(str(size), size)
        for name, kind in self.entry.invented.items():
            if kind == "path" and given.get("folder"):
                path = f"{given['folder'].rstrip('/')}/{scene[name].argument.rpartition('/')[2]}"
                scene[name] = Value(path, path)

    def plain_name(self, parameter: str) -> str:
        """What a parameter of the catalogue is called here, in words."""
        return re.sub(r"(?<=[a-z0-9])([A-Z])", r" \1", self.names[parameter]).replace("_", " ").lower()

    def question(self, parameter: str) -> str | None:
        """What to ask for it, in the words of the list alone; None where these would make no sentence."""
        about = self.about(parameter)
        words = about.split()
        if words and (words[0] in WHICH or (words[1:2] and words[0] in DANGLING and words[1] in WHICH)):
            return f"I need to know {about}. Can you tell me?"
        written = next(p for p in self.entry.parameters if p.name == parameter)
        name = self.plain_name(parameter)
        made_up = name not in {shown.replace("_", " ") for shown in (parameter, *written.names)}
        if not about and (len(name) < 3 or name.split()[0] in UNTOLD or made_up):
            return None
        return f"I need the {about.removeprefix('the ') or name} for that. Can you tell me?"

    def arguments(self, given: dict[str, Any]) -> dict[str, Any]:
        """The arguments of a call, named as here and in the order of the schema; `given` has the catalogue's names."""
        return {self.names[p.name]: _typed(p, given[p.name]) for p in self.entry.parameters if p.name in given}

    def call(self, templates: dict[str, Any], scene: Scene, rng: random.Random) -> dict[str, Any]:
        return self.arguments({name: fill_argument(made, scene, rng) for name, made in templates.items()})


def _typed(parameter: Parameter, value: Any) -> Any:
    """The value; as a text where the parameter is one."""
    return plain(value) if schema(parameter.kind)["type"] == "string" and not isinstance(value, str) else value


def as_it_is(entry: ToolEntry, offered: OfferedTool) -> Dressed:
    """A built-in tool, which is offered as the program offers it."""
    return Dressed(entry, offered, {parameter.name: parameter.name for parameter in entry.parameters})


def dress(entry: ToolEntry, rng: random.Random) -> Dressed:
    """A tool under a name and description drawn for this conversation."""
    camel = rng.random() < 0.08
    names: dict[str, str] = {}
    for parameter in entry.parameters:
        choice = parameter.name
        if parameter.names and rng.random() < 0.3:
            choice = rng.choice(parameter.names)
        elif rng.random() < 0.02:
            choice = pseudo_word(rng)
        choice = _camel(choice) if camel else choice
        names[parameter.name] = choice if choice not in names.values() else parameter.name
    described = rng.random() < 0.55
    made = {names[p.name]: _schema(p, described) for p in entry.parameters}
    required = [names[p.name] for p in entry.parameters if not p.optional]
    tool = Tool(
        name="tool",
        description=_description(entry, rng),
        schema={"type": "object", "properties": made, "required": required, "additionalProperties": False},
        run=lambda **_: "",
    )
    return Dressed(entry, OfferedTool(tool, "made", "made", _name(entry, camel, rng)), names)


def _schema(parameter: Parameter, described: bool) -> dict[str, Any]:
    made = schema(parameter.kind)
    if parameter.optional and parameter.default is not None:
        made["default"] = parameter.default
    if described and parameter.about:
        made["description"] = parameter.about
    return made


def _description(entry: ToolEntry, rng: random.Random) -> str:
    if not entry.descriptions or rng.random() < 0.1:
        return entry.does[0].upper() + entry.does[1:] + rng.choice(["", "."])
    text = rng.choice(entry.descriptions)
    return text.rstrip(".") if rng.random() < 0.1 else text


def _name(entry: ToolEntry, camel: bool, rng: random.Random) -> str:
    draw = rng.random()
    if draw < 0.08:  # a name that says nothing, so that the description has to be read
        word = pseudo_word(rng)
        return rng.choice(
            [word, f"{word}_{rng.randint(1, 99)}", f"{word[:2]}_{pseudo_word(rng)}", f"fn{rng.randint(1, 999)}"]
        )
    if draw < 0.14:
        return f"{rng.choice([entry.domain.replace(' ', '_'), pseudo_word(rng)])}.{entry.name}"
    name = rng.choice(entry.other_names) if entry.other_names and draw < 0.5 else entry.name
    return _camel(name) if camel else name


def _camel(name: str) -> str:
    return re.sub(r"_([a-z0-9])", lambda match: match[1].upper(), name)
