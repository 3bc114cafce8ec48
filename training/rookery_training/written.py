"""Whole turns that were written one by one, in `written/*.jsonl`: what is asked, the calls, the answer.

Nothing of them is put together of parts: they are as people speak and as their folders look. What the calls return is
the tools' own. `python -m rookery_training.written FILE.jsonl` shows them and says what is wrong with them.
"""

from __future__ import annotations

import json
import random
import sqlite3
import sys
from collections.abc import Collection, Iterable, Sequence
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from rookery_core.memory.retrieve import told
from rookery_core.reasoning.grounding import reckoned
from rookery_core.tools.registry import Registry
from rookery_training.branches import Branch
from rookery_training.builtin import built_in_tools
from rookery_training.dressing import Dressed
from rookery_training.fixed_words import FAILED, HAS_RESULT, IT_SAYS, NOT_ASKED, NOT_THERE
from rookery_training.held_out import HeldOut
from rookery_training.workspace_room import Room, shell_said
from rookery_training.written_lines import FOLDER, in_one_line, lines

if TYPE_CHECKING:
    from rookery_training.conversations import Author

THOUGHTS = {"result": HAS_RESULT, "not there": NOT_THERE, "failed": FAILED, "not asked": NOT_ASKED}
DATABASES = (".db", ".sqlite")
RECALLED = 0.1
"""How often something of another turn is recalled above a request."""
LONGEST = 900
"""Characters of all that the calls of one turn return."""


class WrittenStep(BaseModel):
    """One call."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str
    arguments: dict[str, Any]
    first: str = ""
    """What the thought says before it says which tool fits."""
    slip: bool = False
    """Whether it is a mistake, which is read and not learnt."""


class Written(BaseModel):
    """One turn."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    goal: str = Field(min_length=3)
    files: dict[str, str] = {}
    """Path and text; the text of a database is the SQL that makes it."""
    notes: dict[str, str] = {}
    tasks: list[str] = []
    known: list[str] = []
    """What is recalled of earlier conversations, and is of no use here."""
    steps: list[WrittenStep] = Field(min_length=1)
    says: list[str] = []
    """Pieces of what the calls returned, as they stand there, that the answer is taken from."""
    thought: Literal["result", "not there", "failed", "not asked"] = "result"
    answer: str = Field(min_length=1)

    @property
    def tools(self) -> frozenset[str]:
        return frozenset(step.tool for step in self.steps)

    @property
    def last_thought(self) -> str:
        """The thought before the answer."""
        return IT_SAYS + " / ".join(self.says) if self.says else THOUGHTS[self.thought]

    def observations(self, builtin: Registry) -> list[str]:
        """What its calls return."""
        files = {path: _database(text) if path.endswith(DATABASES) else text for path, text in self.files.items()}
        with Room(builtin, files, self.notes, self.tasks) as room:
            return [_carried_out(room, step) for step in self.steps]


class Folder(BaseModel):
    """One folder, and several turns about it, each with what it has else."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    files: dict[str, str] = {}
    notes: dict[str, str] = {}
    tasks: list[str] = []
    steps: list[WrittenStep] = []
    """The calls of those turns that name none."""
    turns: list[dict[str, Any]] = Field(min_length=1)

    @property
    def written(self) -> list[Written]:
        shared = self.model_dump(exclude={"turns"}, exclude_unset=True)
        return [Written.model_validate({**shared, **turn}) for turn in self.turns]


def _database(sql: str) -> bytes:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(sql)
        return connection.serialize()


def _carried_out(room: Room, step: WrittenStep) -> str:
    if step.tool == "shell":
        return shell_said(*room.run(str(step.arguments["command"])))
    return room.call(step.tool, step.arguments)


def load(files: Iterable[Path] | None = None) -> list[Written]:
    """All of them, or those of some files; ValueError for one that is wrong."""
    of_lines = lines(sorted(FOLDER.glob("*.jsonl")) if files is None else files, _turns)
    return [one for some in of_lines for one in some]


def _turns(line: str) -> list[Written]:
    if "turns" in json.loads(line):
        return Folder.model_validate_json(line).written
    return [Written.model_validate_json(line)]


class WrittenTurns:
    """Draws them, each as often as any other."""

    def __init__(self, builtin: Registry, rng: random.Random, *, none: bool = False) -> None:
        self._builtin, self._rng = builtin, rng
        self.all = [] if none else load()
        self._waiting: list[Written] = []
        self._returned: dict[str, list[str]] = {}

    def coming(self) -> Written:
        """One whose turn it is."""
        self._wait()
        return self._waiting[0]

    def draw(self, offered: Collection[str]) -> tuple[Written, list[str]] | None:
        """One that these tools are enough for, and what its calls return; None where there is none."""
        self._wait()
        for n, one in enumerate(self._waiting):
            if one.tools <= {*offered}:
                del self._waiting[n]
                if one.goal not in self._returned:
                    self._returned[one.goal] = one.observations(self._builtin)
                return one, self._returned[one.goal]
        return None

    def known(self, one: Written) -> list[str]:
        """What is recalled above its request: what it has itself, or sometimes the turn that is most like it."""
        if one.known or self._rng.random() >= RECALLED:
            return one.known
        words = {*one.goal.lower().split()}
        others = [other for other in self._rng.sample(self.all, min(len(self.all), 60)) if other.goal != one.goal]
        like = max(others, key=lambda other: len(words & {*other.goal.lower().split()}))
        return [told(like.goal, like.answer)]

    def _wait(self) -> None:
        if len(self._waiting) < len(self.all) / 2:
            self._waiting += self._rng.sample(self.all, len(self.all))


def conversation(author: Author, turns: WrittenTurns, branch: Branch, tools: dict[str, Dressed]) -> bool:
    """One that the offered tools are enough for, as it was written; False where there is none."""
    drawn = turns.draw({name for name, tool in tools.items() if tool.entry.domain == "builtin"})
    if drawn is None:
        return False
    made, observed = drawn
    author.said(branch, made.goal, turns.known(made))
    for step, text in zip(made.steps, observed, strict=True):
        author.do(branch, tools[step.tool], step.arguments, first=step.first, learn=0 if step.slip else -1)
        author.observe(branch, text)
    author.answer(branch, made.last_thought, made.answer)
    return True


def problems(one: Written, builtin: Registry, held_out: HeldOut) -> list[str]:
    """What is wrong with one of them."""
    if unknown := one.tools - {*builtin.names}:
        return [f"there is no tool {', '.join(sorted(unknown))}"]
    found = []
    observed = one.observations(builtin)
    read = "\n".join(observed)
    if held_out.has(one.goal):
        found.append("the goal is one of an evaluation, or has eight of its words in a row")
    for step, text in zip(one.steps, observed, strict=True):
        if text.startswith("The arguments do not fit") and not step.slip:
            found.append(f"{step.tool}: {text}")
    if len(read) > LONGEST:
        found.append(f"the calls return {len(read)} characters; {LONGEST} are the most")
    found += [f"no line of what is returned has {piece!r}" for piece in one.says if not in_one_line(piece, read)]
    if made_up := reckoned(one.answer, f"{one.goal}\n{read}"):
        found.append(f"the answer has numbers that nothing says: {', '.join(made_up)}")
    return found


def main(arguments: Sequence[str]) -> int:
    """Shows the turns of some files, and says what is wrong; the exit code is 1 where something is."""
    builtin, held_out = built_in_tools(), HeldOut()
    wrong = 0
    for file in map(Path, arguments):
        for n, one in enumerate(load([file]), 1):
            print(f"--- {file.name} {n}: {one.goal}")
            for step, text in zip(one.steps, one.observations(builtin), strict=True):
                print(f"    {step.tool} {json.dumps(step.arguments, ensure_ascii=False)}")
                print("\n".join(f"      | {line}" for line in text.splitlines()))
            print(f"    {one.last_thought}\n    => {one.answer}")
            if found := problems(one, builtin, held_out):
                wrong += 1
                print("\n".join(f"    WRONG: {text}" for text in found))
    print(f"{wrong} of them are wrong")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
