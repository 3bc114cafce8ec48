"""Notices a model that makes the same call again and learns nothing from it."""

from __future__ import annotations

import json

from rookery_core.reasoning.step import ToolCall


class Repetition:
    """The calls of one turn, by tool and arguments."""

    def __init__(self) -> None:
        self._times: dict[str, int] = {}
        self._came: dict[str, str] = {}

    def ask(self, call: ToolCall) -> int:
        """The model asks for this call; how often it has in this turn, this time included."""
        self._times[_key(call)] = self.times(call) + 1
        return self.times(call)

    def times(self, call: ToolCall) -> int:
        """How often this very call has been asked for in this turn."""
        return self._times.get(_key(call), 0)

    def came(self, call: ToolCall, output: str) -> None:
        """What came of the call."""
        self._came[_key(call)] = output

    def what_came(self, call: ToolCall) -> str:
        """What came of this very call when it was made last; "" where it was not."""
        return self._came.get(_key(call), "")

    def done(self, call: ToolCall, *, effect: bool) -> None:
        """The call ran. After one with an effect on the world, making any other call again is no repetition."""
        if effect:
            self._times = {_key(call): self.times(call)}


def _key(call: ToolCall) -> str:
    return f"{call.tool} {json.dumps(call.arguments, sort_keys=True)}"
