"""constrained-N: a ReAct action under the grammar of N tools, over the same tokens written one by one without one.

grammar-compile: making ready the grammar of a step for the second time, over the first.
"""

from __future__ import annotations

import itertools
import statistics
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np
from kit import Ear, Pairs, a_bare_loop, also_expanded, an_engine, ask, cpu_s

from rookery_core.model.base import Message
from rookery_core.model.constraint import step_grammar
from rookery_core.model.prefix import shared
from rookery_core.reasoning.prompt import head
from rookery_core.reasoning.step import ToolCall, parse
from rookery_core.tools.contract import Tool
from rookery_core.tools.registry import OfferedTool, Registry

THINGS = (
    *("note", "task", "contact", "event", "file", "invoice", "recipe", "ticket", "photo", "bookmark"),
    *("project", "message", "order", "product", "customer", "article", "trip", "meeting", "reminder", "report"),
)
TEXT = {"type": "string", "maxLength": 80}
ID = {"type": "integer", "minimum": 1, "maximum": 99999}
VERBS: dict[str, tuple[str, dict[str, Any], tuple[str, ...]]] = {
    "search": (
        "Find every {} that contains the words.",
        {"query": TEXT, "limit": {"type": "integer", "minimum": 1, "maximum": 50, "default": 10}},
        ("query",),
    ),
    "add": (
        "Make a new {}.",
        {"title": TEXT, "priority": {"enum": ["low", "normal", "high"]}, "labels": {"type": "array", "items": TEXT}},
        ("title", "priority"),
    ),
    "read": ("Show one {} in full.", {"id": ID}, ("id",)),
    "change": (
        "Change one field of a {}.",
        {"id": ID, "field": {"enum": ["title", "owner", "due_date", "state"]}, "value": TEXT},
        ("id", "field", "value"),
    ),
    "remove": ("Delete a {} for good.", {"id": ID, "confirmed": {"type": "boolean"}}, ("id", "confirmed")),
}
QUESTIONS = (
    "Which notes are about honey?",
    "Add a note that the gate is broken, it is urgent.",
    "Show me note 17.",
    "Change the owner of note 204 to Clara.",
    "Delete note 31, I am sure.",
    "Find the notes with the word harbour.",
    "What is in note 4711?",
    "Add a note about the new oven.",
)
EARLIER = (
    Message("user", "Which notes are about the garden?"),
    Message(
        "assistant",
        'Thought: I look for the word in the notes.\nAction: note_search\nInput: {"query": "garden", "limit": 10}',
    ),
    Message("tool", "Observation: 12: Water the garden in the evening."),
    Message("assistant", "Thought: The observation has it.\nAnswer: Note 12: water the garden in the evening."),
)
N_MOST = 160


async def measure(n_tools: int, quick: bool) -> tuple[float, str]:
    """Whatever the model answered in place of an action is not counted."""
    tools = _tools(n_tools)
    grammar = step_grammar((tool.name, tool.schema) for tool in tools)
    registry = Registry(OfferedTool(tool, "bench", "bench", tool.name) for tool in tools)
    pairs, expanded_pairs, shares = Pairs(), Pairs(), []
    with ExitStack() as stack:
        engine, bare = stack.enter_context(an_engine()), stack.enter_context(a_bare_loop())
        expanded = also_expanded(stack)
        known: list[int] = []
        for question in QUESTIONS[: 4 if quick else None]:
            prompt = engine.tokens([*head(registry), *EARLIER, Message("user", question)])
            n = min(shared(np.array(known), np.array(prompt)), len(prompt) - 1)
            bare.keep(n)
            bare.read(prompt[n:-1])
            known = prompt[:-1]
            for each, kept in ((engine, pairs), (expanded, expanded_pairs)):
                if each is None:
                    continue
                ask(each, prompt, 1)
                for _ in range(1 if quick else 3):
                    ears: list[Ear] = []
                    ours = cpu_s(lambda: ears.append(ask(each, prompt, N_MOST, grammar=grammar)))  # noqa: B023
                    ear = ears[0]
                    if ear.stop != "end" or not isinstance(parse(ear.text).action, ToolCall):
                        break
                    kept.add(ours, cpu_s(partial(bare.repeat, prompt[-1], ear.tokens)))
                    bare.keep(len(prompt) - 1)
                    shares.append(ear.usage.forced_tokens / len(ear.tokens))
    if not shares:
        raise RuntimeError("the model made no action at all")
    more = f"{statistics.mean(shares):.0%} of the tokens forced; {expanded_pairs.brief('expanded')}"
    return pairs.result("ms", 1000, more)


async def compile_again(quick: bool) -> tuple[float, str]:
    """With twenty tools."""
    grammar = step_grammar((tool.name, tool.schema) for tool in _tools(20))
    pairs = Pairs()
    with an_engine() as engine:
        for _ in range(5 if quick else 25):
            engine._matchers.clear()
            first = cpu_s(partial(engine._matcher, grammar))
            pairs.add(cpu_s(partial(engine._matcher, grammar)), first)
    return pairs.result("ms", 1000)


def _tools(n: int) -> list[Tool]:
    """Tools over as few things as suffice, the first five all about notes."""
    made = []
    for thing, (verb, (text, properties, required)) in itertools.islice(itertools.product(THINGS, VERBS.items()), n):
        schema = {"type": "object", "properties": properties, "required": required, "additionalProperties": False}
        made.append(Tool(f"{thing}_{verb}", text.format(thing), {**schema, "required": list(required)}, lambda: None))
    return made
