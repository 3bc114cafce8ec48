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
LINE_GOES = "That line goes."
"""What may follow that before a call: what becomes of the line that was quoted."""
MOST_READ = 20_000
"""Characters that may be quoted from; as a grammar they take a tenth of a second."""
MAX_INTEGER = 10**15

_PIECES = 12
"""Passages that one thought quotes at most."""
_NOT_SPACED = "\u0e00-\u0e7f\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_WORD = re.compile(
    r"(?<![^\W_])[-+\u2212]?(?:\d+(?:[.,:/'\u2019\xa0\u202f-]\d+)*|\.\d+)[A-Za-z]*"
    rf"|[{_NOT_SPACED}]|(?:[^\W{_NOT_SPACED}][\u0300-\u036f]*)+|.",
    re.DOTALL,
)
"""What is quoted whole or not at all: a number, a letter of a script without spaces, a word, any other character."""
_LINE = f"/[^\\n]{{1,{THOUGHT_CHARS}}}/"
_NOT_SAYS = "(" + "|".join(f"{SAYS[:n]}[^\\n{letter}]" for n, letter in enumerate(SAYS)) + ")"
"""How a thought begins that quotes nothing; beside a long text llguidance cannot bear a complement of `SAYS`."""
_BEGUN = "|".join(SAYS[:n] for n in range(1, len(SAYS)))
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
        read = read.encode(errors="replace").decode() if len(read) <= MOST_READ and read.strip() else ""
        rules = [f"call_{n}: {rule}" for n, rule in enumerate(self.calls)]
        thoughts = ['SPOKEN "\\n" any']
        free, lead = _LINE, f"[^\\n]{{1,{THOUGHT_CHARS}}}"
        if read:
            free, lead = f"/{_NOT_SAYS}[^\\n]{{0,{THOUGHT_CHARS}}}|{_BEGUN}/", f"{_NOT_SAYS}[^\\n]{{0,{THOUGHT_CHARS}}}"
            thoughts.append('QUOTE "\\n" answer')
            rules += [
                f'QUOTE: "{SAYS}" QUOTED (/ ?\\/ / QUOTED){{0,{_PIECES - 1}}}',
                f"QUOTED: READ & {_LINE}",
                f"READ: %regex {json.dumps({'substring_chunks': _WORD.findall(read)})}",
            ]
        if self.purposes:
            thoughts.append("lead fitting")
            rules.append(f"lead[lazy]: /({lead} )?{FITS}/")
            if read:
                thoughts.append("then fitting")
                rules.append(f"then[lazy]: QUOTE /( {LINE_GOES}| {NEW_LINE}[^\\n]{{1,{THOUGHT_CHARS}}})? ?{FITS}/")
            rules += _fitting(self.purposes)
            free += f" & ~/[^\\n]*{FITS}(?s:.*)/"
        return "\n".join(
            [
                f'start: "Thought: " ({" | ".join(thoughts)})',
                f"SPOKEN: {free}",
                f"any: {' | '.join([*(f'call_{n}' for n in range(len(self.calls))), 'answer'])}",
                'answer: "Answer: " ANSWER',
                "ANSWER: /(?s:.+)/",
                *rules,
            ]
        )


def step_grammar(tools: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """The grammar of a step with these tools, whatever its thought; GrammarError as for `StepGrammar.of`."""
    return StepGrammar.of(tools).text()


def _fitting(purposes: Sequence[str]) -> Iterator[str]:
    """Rules for what follows that."""
    calls: dict[str, list[str]] = {}
    for n, purpose in enumerate(purposes):
        calls.setdefault(purpose, []).append(f"call_{n}")
    yield f"fitting: {' | '.join(f'fitting_{n}' for n in range(len(calls)))}"
    yield f"MISSING: / But [^\\n]{{1,{THOUGHT_CHARS}}}/"
    for n, (purpose, its) in enumerate(calls.items()):
        said = json.dumps(purpose.removeprefix(FITS))
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
