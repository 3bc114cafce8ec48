"""A model's own form of a tool call, at the border to the model: everywhere else a step is written as `step` has it.

The form is the one of Hermes, Qwen 2.5 and many after them: a JSON object with name and arguments between <tool_call>
and </tool_call>, anything else being the answer. There is no place for a thought in it. Small models leave the marks
out, or write a code fence in their place, also behind words on what they are about to do; the same object is taken for
a call, and no answer begins like that.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from rookery_core.errors import StepUnparsable
from rookery_core.model.base import Message
from rookery_core.reasoning.step import ACTION, ANSWER, INPUT, THOUGHT, Step, parse
from rookery_core.tools.registry import Registry
from rookery_core.transcript import OBSERVATION

_NAME, _ARGUMENTS = '{"name": "', '", "arguments": '
MARKS = {"<tool_call>\n": "}\n</tool_call>", "```json\n": "}\n```", "": "}"}
"""What a call begins and ends with; the first is the form that models are trained on."""
OPEN, CLOSE = next(iter(MARKS.items()))
_CALL = re.compile(rf"{THOUGHT}[^\n]*\n{ACTION}(?P<tool>\S+)\n{INPUT}(?P<input>.*)", re.DOTALL)
_FENCE = re.compile(r"^ *```(?P<kind>\w*) *\n(?P<inside>.*?)\n *```", re.DOTALL | re.MULTILINE)
"""Small models say what they are about to do, and write the call as one would for a person."""
_ANSWER = r"ANSWER: /(?s: ?[^\s<{`].*)/"
"""None that begins as a call does, nor with an empty line and then a call."""


def functions(registry: Registry) -> str:
    """The tools as a chat template is given them: a JSON list."""
    return json.dumps(
        [
            {
                "type": "function",
                "function": {
                    "name": offered.name,
                    "description": " ".join(offered.tool.description.split()),
                    "parameters": dict(offered.tool.schema),
                },
            }
            for offered in registry
        ],
        ensure_ascii=False,
    )


def encode(messages: Sequence[Message]) -> list[Message]:
    """The conversation as such a model reads and writes it.

    What a call returned is said in words by the person. The template's own <tool_response> is not used: Qwen2.5-Coder
    takes no notice of it, and makes the same call again.
    """
    made: list[Message] = []
    called = ""
    for message in messages:
        content = message.content
        if message.role == "assistant":
            call = _CALL.fullmatch(content)
            called = call["tool"] if call else ""
            made.append(replace(message, content=_own(content)))
        elif message.role == "tool":
            returned = content.removeprefix(OBSERVATION)
            made.append(Message("user", f"The function {called} returned:\n{returned}" if called else returned))
        else:
            made.append(message)
    return made


def told(text: str, heard: str) -> Step | None:
    """The call that an answer amounts to: words on what is to be done, and then the call in the first fence.

    What follows it was written without knowing what comes of the call, be it a second one, and is left out. None where
    there is no call, and for one that stands in `heard`: that is quoted.
    """
    found = _FENCE.search(text)
    if found is None or found["kind"] not in ("", "json") or not (words := " ".join(text[: found.start()].split())):
        return None
    if "".join(found["inside"].split()) in "".join(heard.split()):
        return None
    try:
        call = json.loads(found["inside"])
        if call.keys() != {"name", "arguments"}:
            return None
        step = parse(f"{THOUGHT}\n{ACTION}{call['name']}\n{INPUT}{json.dumps(call['arguments'])}")
    except (AttributeError, ValueError, TypeError, StepUnparsable):
        return None
    return replace(step, thought=words)


def _own(text: str) -> str:
    """A call with its arguments letter by letter, whole or cut; or the answer."""
    if call := _CALL.fullmatch(text):
        return f"{OPEN}{_NAME}{call['tool']}{_ARGUMENTS}{call['input'].rstrip()}{CLOSE * _is_step(text)}"
    if text.startswith(ANSWER):
        return text.removeprefix(ANSWER)
    return text.partition(f"\n{ANSWER}")[2].strip() or text


def _is_step(text: str) -> bool:
    try:
        parse(text)
    except StepUnparsable:
        return False
    return True


def grammar(calls: Iterable[tuple[str, Mapping[str, Any]]]) -> str:
    """What may be written, in llguidance's Lark dialect; `calls` are names and the grammars of their arguments."""
    rules = [
        f"call_{n}: {json.dumps(_NAME + name + _ARGUMENTS)} %json {json.dumps(arguments)}"
        for n, (name, arguments) in enumerate(calls)
    ]
    if not rules:
        return f"start: ANSWER\n{_ANSWER}"
    options = " | ".join(f"call_{n}" for n in range(len(rules)))
    return "\n".join(
        [
            "start: tagged | fenced | bare | ANSWER",
            'tagged: <tool_call> "\\n" call "}\\n" </tool_call>',
            'fenced: "```json\\n" call "}\\n```"',
            'bare: call "}"',
            f"call: {options}",
            _ANSWER,
            *rules,
        ]
    )


class Decoder:
    """Turns what such a model writes into a step as it arrives."""

    def __init__(self) -> None:
        self._held = ""
        self._state = "open"
        self._close = ""

    def feed(self, text: str) -> str:
        """The next piece of the step; empty while it cannot be told."""
        self._held += text
        made = ""
        while True:
            before = (self._state, self._held)
            made += self._advance()
            if (self._state, self._held) == before:
                return made

    def _advance(self) -> str:
        match self._state:
            case "open":
                return self._begin()
            case "name":
                name, mark, rest = self._held.partition(_ARGUMENTS)
                if mark:
                    self._held, self._state = rest, "arguments"
                    return f"{name}\n{INPUT}"
            case "arguments":
                keep = next(n for n in range(len(self._close), -1, -1) if self._held.endswith(self._close[:n]))
                made = self._held[: len(self._held) - keep]
                self._held = self._held[len(made) :]
                return made
            case "answer":
                made, self._held = self._held, ""
                return made
        return ""

    def _begin(self) -> str:
        for mark, close in MARKS.items():
            if self._held.startswith(mark + _NAME):
                self._held = self._held.removeprefix(mark + _NAME)
                self._state, self._close = "name", close
                return f"{THOUGHT}\n{ACTION}"
        if self._held and not any((mark + _NAME).startswith(self._held) for mark in MARKS):
            self._state = "answer"
            return f"{THOUGHT}\n{ANSWER}"
        return ""
