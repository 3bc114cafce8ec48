"""The grammar of one step, made from the tools that are offered, in llguidance's Lark dialect.

Text in, text out: compiling it is the model process's work, checking one tool's schema is done here.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any

from rookery_core.errors import GrammarError

THOUGHT_CHARS = 300
"""A thought's longest line; a small model that rambles is cut here and made to act."""

MAX_INTEGER = 10**15

_JSON_STYLE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


def step_grammar(tools: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The grammar of a step with these tools, as (name, JSON Schema). Without tools only an answer is possible.

    Raises GrammarError, naming the tool, for a schema that llguidance cannot turn into a grammar.
    """
    calls = {name: _call_rule(name, schema) for name, schema in tools}
    rules = [f"call_{n}: {rule}" for n, rule in enumerate(calls.values())]
    options = [f"call_{n}" for n in range(len(calls))] + ["answer"]
    return "\n".join(
        [
            f'start: "Thought: " THOUGHT "\\n" ({" | ".join(options)})',
            f"THOUGHT: /[^\\n]{{1,{THOUGHT_CHARS}}}/",
            'answer: "Answer: " ANSWER',
            "ANSWER: /(?s:.+)/",
            *rules,
        ]
    )


def arguments_grammar(schema: Mapping[str, Any]) -> dict[str, Any]:
    """The schema of a call's arguments as llguidance is given it."""
    return {"x-guidance": _JSON_STYLE, **_bounded(dict(schema))}


def _bounded(node: Any) -> Any:
    """The schema with whole numbers kept to a sane size, since a model that rambles in digits finds no end."""
    if isinstance(node, dict):
        made = {key: _bounded(value) for key, value in node.items()}
        if node.get("type") == "integer" and "enum" not in node and "const" not in node:
            if not {"minimum", "exclusiveMinimum"} & set(node):
                made["minimum"] = -MAX_INTEGER
            if not {"maximum", "exclusiveMaximum"} & set(node):
                made["maximum"] = MAX_INTEGER
        return made
    return [_bounded(item) for item in node] if isinstance(node, list) else node


def _call_rule(name: str, schema: Mapping[str, Any]) -> str:
    embedded = json.dumps(arguments_grammar(schema))
    label = json.dumps(f"Action: {name}\nInput: ")
    rule = f"{label} %json {embedded}"
    from llguidance import LLMatcher  # 20 ms, and only needed once a model is used

    problem = LLMatcher.validate_grammar("start: " + rule)
    if problem:
        raise GrammarError(name, problem.strip().splitlines()[0])
    return rule
