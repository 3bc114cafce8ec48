"""The constant head of every prompt: how to work, and the tools. Nothing in it changes while a session runs."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from importlib.resources import files
from typing import Any

from rookery_core.model.base import Message, PromptTier
from rookery_core.reasoning.step import ACTION, ANSWER, INPUT, THOUGHT
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.transcript import OBSERVATION

EXAMPLES_UP_TO = 3
"""Offered tools up to which worked examples are shown; with more, they cost a small model more than they teach it."""

NO_TOOLS = "There are no tools; answer from what you know, and say so when you do not."


def head(registry: Registry, tier: PromptTier = "full", sections: Sequence[str] = ()) -> tuple[Message, ...]:
    """The system message; in the full one also worked examples where few tools are offered.

    `sections` are texts of plugins, above the tools.
    """
    shown = (
        [message for offered in registry for message in _examples(offered)]
        if tier == "full" and len(registry) <= EXAMPLES_UP_TO
        else []
    )
    return (Message("system", system_text(registry, tier, sections)), *shown)


def _examples(offered: OfferedTool) -> Iterator[Message]:
    for example in offered.tool.examples:
        call = json.dumps(dict(example.arguments), ensure_ascii=False)
        yield Message("user", example.asked)
        yield Message("assistant", f"{THOUGHT}I will use {offered.name}.\n{ACTION}{offered.name}\n{INPUT}{call}")
        yield Message("tool", OBSERVATION + example.result)
        yield Message("assistant", f"{THOUGHT}The observation has the result.\n{ANSWER}{example.answer}")


def system_text(registry: Registry, tier: PromptTier = "full", sections: Sequence[str] = ()) -> str:
    """The system message for these tools."""
    name = {"full": "react.md", "brief": "brief.md"}[tier]
    template = files("rookery_core.reasoning").joinpath("prompts", name).read_text(encoding="utf-8")
    lines = [describe(offered) for offered in registry]
    tools = "Tools:\n" + "\n".join(lines) if lines else NO_TOOLS
    return template.replace("{tools}", "\n\n".join([*sections, tools])).strip()


def native_text(registry: Registry, sections: Sequence[str] = ()) -> str:
    """The system message for a model whose template lists the tools itself."""
    template = files("rookery_core.reasoning").joinpath("prompts", "native.md").read_text(encoding="utf-8")
    text = template.strip() if len(registry) else f"{template.partition('. ')[0]}. {NO_TOOLS}"
    return "\n\n".join([text, *sections])


def describe(offered: OfferedTool) -> str:
    """One tool as the model reads it: its signature and what it does."""
    properties: Mapping[str, Any] = offered.tool.schema.get("properties", {})
    required = set(offered.tool.schema.get("required", ()))
    signature = ", ".join(_parameter(name, schema, name in required) for name, schema in properties.items())
    return f"- {offered.name}({signature}): {' '.join(offered.tool.description.split())}"


def _parameter(name: str, schema: Mapping[str, Any] | bool, required: bool) -> str:
    text, about = f"{' '.join(name.split())}: {_type(schema)}", {} if isinstance(schema, bool) else schema
    if not required:
        default = about.get("default")
        text += "?" if default is None else f" = {json.dumps(default, ensure_ascii=False)}"
    return f"{text} ({' '.join(about['description'].split())})" if "description" in about else text


def _type(schema: Mapping[str, Any] | bool) -> str:
    """What a schema takes, in few words; `true` is one that takes anything."""
    if isinstance(schema, bool):
        return "any"
    if "enum" in schema:
        return " | ".join(repr(value) for value in schema["enum"])
    if "anyOf" in schema:
        kinds = dict.fromkeys(_type(option) for option in schema["anyOf"] if option != {"type": "null"})
        return " | ".join(kind for kind in kinds if kind != "null")
    match schema.get("type", "any"):
        case "array":
            return f"list of {_type(schema.get('items', {}))}"
        case list() as several:
            return " | ".join(str(kind) for kind in several if kind != "null")
        case kind:
            return str(kind)
