"""The grammar of one step, made from the tools that are offered, in llguidance's Lark dialect.

Text in, text out: compiling it is the model process's work, checking one tool's schema is done here.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rookery_core.errors import GrammarError

THOUGHT_CHARS = 300
"""A thought's longest line; a small model that rambles is cut here and made to act."""

FITS = "A tool fits: "
"""What the default model's thought before a call begins with: what the tool is for follows."""
SAYS = "It says: "
"""What its thought before an answer begins with: what the answer is taken from follows, as it stands there."""
NEW_LINE = "The new line: "
"""What may follow that before a call: the line that comes in place of the one that was quoted."""
MOST_READ = 30_000
"""Characters that may be quoted from; as a grammar they take a tenth of a second."""
MAX_INTEGER = 10**15

_FEW = THOUGHT_CHARS // 2
_WORD = re.compile(r"\d+(?:[.,:/-]\d+)*\w*|\w+|\W")
"""What is quoted whole or not at all: a word, a number, any other character."""
_LINE = f"/[^\\n]{{1,{THOUGHT_CHARS}}}/"
_JSON_STYLE = {"whitespace_flexible": False, "item_separator": ", ", "key_separator": ": "}


@dataclass(frozen=True, slots=True)
class StepGrammar:
    """What a step may be: a thought, and then a call of one of the tools or an answer."""

    calls: tuple[str, ...]
    """The rule of each tool's call."""
    purposes: tuple[str, ...] = ()
    """What a thought says of each tool, beginning with `FITS`, where it has to be true."""

    @classmethod
    def of(cls, tools: Iterable[tuple[str, Mapping[str, Any]]], purposes: Iterable[str] = ()) -> StepGrammar:
        """That with these tools, as (name, JSON Schema). Without tools only an answer is possible.

        Raises GrammarError, naming the tool, for a schema that llguidance cannot turn into a grammar.
        """
        return cls(tuple(_call_rule(name, schema) for name, schema in tools), tuple(purposes))

    def text(self, read: str = "") -> str:
        """The grammar.

        With purposes, a thought that says one is followed by a call of that tool, or says what is missing and is
        followed by an answer. With `read`, one that says what something says has words of that, in their order, and an
        answer or a purpose follows; of more than `MOST_READ` characters none is held to it.
        """
        read = read if len(read) <= MOST_READ and read.strip() else ""
        thoughts, rules = ['SPOKEN "\\n" any'], [f"call_{n}: {rule}" for n, rule in enumerate(self.calls)]
        bound = []
        if read:
            bound.append(SAYS)
            thoughts.append('quote "\\n" answer')
            rules += [
                f'quote: "{SAYS}" QUOTED (AND QUOTED)*',
                "AND: / ?\\/ /",
                f"QUOTED: READ & {_LINE}",
                f"READ: %regex {json.dumps({'substring_chunks': _WORD.findall(read)})}",
            ]
        if self.purposes:
            thoughts += ["lead fitting", *(["quote then fitting"] if read else [])]
            rules.append(f"lead[lazy]: /([^\\n]{{1,{_FEW}}} )?{FITS}/{_but(bound)}")
            if read:
                rules.append(f"then[lazy]: /( {NEW_LINE}[^\\n]{{1,{_FEW}}})? ?{FITS}/")
            rules += _fitting(self.purposes)
            bound.append(f"[^\\n]*{FITS}")
        return "\n".join(
            [
                f'start: "Thought: " ({" | ".join(thoughts)})',
                f"SPOKEN: {_LINE}{_but(bound)}",
                f"any: {' | '.join([*(f'call_{n}' for n in range(len(self.calls))), 'answer'])}",
                'answer: "Answer: " ANSWER',
                "ANSWER: /(?s:.+)/",
                *rules,
            ]
        )


def step_grammar(tools: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The grammar of a step with these tools, whatever its thought; GrammarError as for `StepGrammar.of`."""
    return StepGrammar.of(tools).text()


def _but(beginnings: Sequence[str]) -> str:
    """What keeps a terminal from beginning like one of these; one complement, since llguidance gives up on two."""
    return f" & ~/({'|'.join(beginnings)})(?s:.*)/" if beginnings else ""


def _fitting(purposes: Sequence[str]) -> Iterator[str]:
    """Rules for what follows that."""
    calls: dict[str, list[str]] = {}
    for n, purpose in enumerate(purposes):
        calls.setdefault(purpose, []).append(f"call_{n}")
    yield f"fitting: {' | '.join(f'fitting_{n}' for n in range(len(calls)))}"
    yield f"MISSING: / But [^\\n]{{1,{_FEW}}}/"
    for n, (purpose, its) in enumerate(calls.items()):
        said = json.dumps(purpose.removeprefix(FITS), ensure_ascii=False)
        yield f'fitting_{n}: {said} ("\\n" ({" | ".join(its)}) | MISSING "\\n" answer)'


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
