"""What the model writes in one step, read strictly, and split into channels while it is still streaming.

The form, which `model.constraint` enforces token by token:

    Thought: <one line>                 Thought: <one line>
    Action: <tool>              or      Answer: <Markdown, to the end>
    Input: <JSON object>
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any, Literal

from rookery_core.errors import StepUnparsable

MAX_DEPTH = 32
"""Levels of lists and objects in the arguments of a call."""

THOUGHT, ACTION, INPUT, ANSWER = "Thought: ", "Action: ", "Input: ", "Answer: "

_STEP = re.compile(
    r"Thought:[ ]?(?P<thought>[^\n]*)\n"
    r"(?:Action: (?P<tool>[^\s]+)\nInput: (?P<input>\{.*\})\s*|Answer:[ ]?(?P<answer>.*))",
    re.DOTALL,
)

Channel = Literal["thought", "action", "answer"]


@dataclass(frozen=True, slots=True)
class Answer:
    """The model is done."""

    text: str


@dataclass(frozen=True, slots=True)
class ToolCall:
    """The model wants a tool called; nothing is checked yet but that the arguments are a JSON object."""

    tool: str
    arguments: dict[str, Any]

    def without(self, names: Collection[str]) -> ToolCall:
        """The call without some of its arguments."""
        return ToolCall(self.tool, {name: value for name, value in self.arguments.items() if name not in names})


@dataclass(frozen=True, slots=True)
class Step:
    """One step of the model."""

    thought: str
    action: ToolCall | Answer


def parse(text: str) -> Step:
    """Read one step; StepUnparsable says what is wrong with anything else. Nothing is guessed or repaired."""
    match = _STEP.fullmatch(text)
    if match is None:
        raise StepUnparsable(
            "That was not a step. Write one line `Thought: ...`, then either `Action: TOOL` and `Input: {JSON}` on the "
            "two next lines, or `Answer: ...`."
        )
    thought = match["thought"].strip()
    if match["tool"] is None:
        answer = match["answer"].strip()
        if not answer:
            raise StepUnparsable("The answer is empty. Write it after `Answer: `.")
        return Step(thought, Answer(answer))
    return Step(thought, ToolCall(match["tool"], _arguments(match["input"])))


def _arguments(text: str) -> dict[str, Any]:
    try:
        value = json.loads(text, parse_constant=_number, parse_float=_number, object_pairs_hook=_unique)
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError as exc:
        raise StepUnparsable(
            "The input holds half a character (a lone surrogate); write the character itself."
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise StepUnparsable(f"The input is not valid JSON: {exc}") from exc
    if not isinstance(value, dict):
        raise StepUnparsable("The input must be a JSON object.")
    if _deeper_than(MAX_DEPTH, value):
        raise StepUnparsable(f"The input is nested more than {MAX_DEPTH} levels deep.")
    return value


def _number(text: str) -> float:
    """A number with a fraction or exponent; JSON has none that is not finite, and 1e999 would become one."""
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text} is not a JSON number that can be held")
    return number


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) < len(pairs):
        raise ValueError("a key is given twice")
    return made


def _deeper_than(levels: int, value: Any) -> bool:
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return bool(inner) and (levels == 0 or any(_deeper_than(levels - 1, item) for item in inner))


class StepStream:
    """Splits a step into channels as it arrives. Labels are not shown; what may become a label is held back."""

    def __init__(self) -> None:
        self._channel: Channel | None = None
        self._held = ""

    def feed(self, text: str) -> list[tuple[Channel, str]]:
        """The new pieces to show, in order."""
        self._held += text
        pieces: list[tuple[Channel, str]] = []
        while self._held:
            if self._channel is None:
                if not self._enter(THOUGHT, "thought"):
                    break
            elif self._channel == "thought":
                head, newline, rest = self._held.partition("\n")
                if not newline:
                    pieces.append(("thought", head))
                    self._held = ""
                elif not rest or not (self._enter(ACTION, "action", rest) or self._enter(ANSWER, "answer", rest)):
                    if head:
                        pieces.append(("thought", head))
                        self._held = newline + rest
                    break
                elif head:
                    pieces.append(("thought", head))
            else:
                pieces.append((self._channel, self._held))
                self._held = ""
        return pieces

    def _enter(self, label: str, channel: Channel, text: str | None = None) -> bool:
        text = self._held if text is None else text
        if not text.startswith(label):
            return False
        self._channel, self._held = channel, text.removeprefix(label)
        return True
