"""Tools of a trade and what people say to them, written one by one, in `written/trades/*.jsonl`.

Each line is one trade: tools that are near to one another, so that their descriptions have to be read, and requests as
people who work there put them. `python -m rookery_training.trades FILE.jsonl` says what is wrong with them.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, Field, model_validator

from rookery_core.errors import ArgumentsInvalid
from rookery_core.model.base import Message
from rookery_core.reasoning.gist import fits
from rookery_core.reasoning.prompt import system_text
from rookery_core.tools.contract import Tool
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.workspace import Workspace
from rookery_training.branches import Branch, Group
from rookery_training.fixed_words import CANNOT, HAS_RESULT, IT_SAYS, NO_TOOL_FITS
from rookery_training.held_out import SUITES, HeldOut, cases
from rookery_training.written_lines import FOLDER, in_one_line, lines

if TYPE_CHECKING:
    from rookery_training.conversations import Author

TOGETHER = 9
"""Requests to one list of tools."""
OF_MISSING = 0.4
"""How often one that lacks something is taken: who sees many of them asks back for what was said."""


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class TradeTool(_Strict):
    name: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema of an object."""

    @property
    def offered(self) -> OfferedTool:
        schema = {"type": "object", "additionalProperties": False, "required": [], **self.parameters}
        tool = Tool(name="tool", description=self.description, schema=schema, run=lambda **_: "")
        return OfferedTool(tool, "made", "made", self.name)


class TradeTurn(_Strict):
    """One request: a call, perhaps with its result and the answer; a question for what is `missing`; or none fits."""

    ask: str
    tool: str = ""
    """"" for a request that none of the tools is for."""
    arguments: dict[str, Any] = {}
    missing: str = ""
    """The argument that was not said, and that `answer` asks for."""
    result: str = ""
    says: list[str] = []
    answer: str = ""

    @model_validator(mode="after")
    def _goes_together(self) -> TradeTurn:
        if bool(self.result or self.missing) != bool(self.answer) or (self.result and self.missing):
            raise ValueError("an answer goes with a result, or with what is missing, and neither goes without")
        if self.missing and (not self.tool or self.arguments or not self.answer.rstrip().endswith("?")):
            raise ValueError("what is missing is of a tool, has no arguments, and is asked for")
        if not all(in_one_line(piece, self.result) for piece in self.says):
            raise ValueError("what it says has to be in one line of the result")
        return self


class Trade(_Strict):
    trade: str
    tools: list[TradeTool] = Field(min_length=2)
    turns: list[TradeTurn] = Field(min_length=2)


def load(files: Iterable[Path] | None = None) -> list[Trade]:
    """All of them, or those of some files; ValueError for one that is wrong."""
    return lines(sorted(FOLDER.glob("trades/*.jsonl")) if files is None else files, Trade.model_validate_json)


class Trades:
    """Makes groups of them."""

    def __init__(self, rng: random.Random, held_out: HeldOut, *, none: bool = False) -> None:
        self._rng = rng
        self._held_out = held_out
        self.all = [] if none else load()
        self._waiting: list[Trade] = []

    def group(self, author: Author) -> Group:
        """The tools of one trade, or some of them, and what is said to them."""
        rng = self._rng
        self._waiting = self._waiting or rng.sample(self.all, len(self.all))
        trade = self._waiting.pop()
        n = len(trade.tools) if rng.random() < 0.5 else rng.randint(2, len(trade.tools))
        registry = Registry(tool.offered for tool in rng.sample(trade.tools, n))
        turns = [turn for turn in trade.turns if not turn.tool or turn.tool in registry]
        turns = [turn for turn in turns if not self._held_out.has(turn.ask)]
        turns = [turn for turn in turns if not turn.missing or rng.random() < OF_MISSING]
        branches = [_branch(author, turn, registry) for turn in rng.sample(turns, min(len(turns), TOGETHER))]
        return Group(Message("system", system_text(registry, "brief")), registry, tuple(branches))


def _branch(author: Author, turn: TradeTurn, registry: Registry) -> Branch:
    branch = Branch(about="trade")
    branch.say("user", turn.ask)
    if not turn.tool:
        branch.answer(NO_TOOL_FITS, CANNOT)
        return branch
    thought = fits(turn.tool, registry.get(turn.tool).tool.description)
    if turn.missing:
        branch.answer(f"{thought} But the {turn.missing.replace('_', ' ')} is missing.", turn.answer)
        return branch
    branch.call(thought, turn.tool, turn.arguments)
    if turn.result:
        author.observe(branch, turn.result)
        branch.answer(IT_SAYS + " / ".join(turn.says) if turn.says else HAS_RESULT, turn.answer)
    return branch


def problems(trade: Trade, held_out: HeldOut, tools_held_out: frozenset[str]) -> list[str]:
    """What is wrong with one of them."""
    found = [f"{tool.name} is a tool of an evaluation" for tool in trade.tools if tool.name in tools_held_out]
    registry = Registry(tool.offered for tool in trade.tools)
    for turn in trade.turns:
        if held_out.has(turn.ask):
            found.append(f"of an evaluation, or eight of its words in a row: {turn.ask}")
        if turn.tool and turn.tool not in registry.names:
            found.append(f"there is no tool {turn.tool}: {turn.ask}")
        elif turn.missing and turn.missing not in registry.get(turn.tool).tool.schema["properties"]:
            found.append(f"{turn.tool} has no {turn.missing}: {turn.ask}")
        elif turn.tool and not turn.missing:
            try:
                registry.get(turn.tool).tool.validate(turn.arguments, Workspace.at(Path.cwd()))
            except ArgumentsInvalid as exc:
                found.append(f"{exc}: {turn.ask}")
    if unasked := {tool.name for tool in trade.tools} - {turn.tool for turn in trade.turns}:
        found.append(f"nobody asks for {', '.join(sorted(unasked))}")
    return found


def main(arguments: Sequence[str]) -> int:
    """Says what is wrong with the trades of some files; the exit code is 1 where something is."""
    held_out = HeldOut()
    taken = frozenset(tool["name"] for suite in SUITES for case in cases(suite) for tool in case.get("tools", ()))
    wrong = n = 0
    for file in map(Path, arguments):
        for trade in load([file]):
            n += len(trade.turns)
            for text in problems(trade, held_out, taken):
                wrong += 1
                print(f"WRONG: {trade.trade}: {text}")
    print(f"{n} requests; {wrong} problems")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
