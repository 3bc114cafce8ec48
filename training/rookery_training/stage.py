"""What comes of a call to a built-in tool: files that it can be made on, what the real tool returns, what is said then.

A request of the catalogue says what is called; here a workspace is made up in which that has an outcome, now and then
one that the assistant has to mend: a column or a file is called a little otherwise.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

from rookery_core.tools.registry import Registry
from rookery_training.catalogue import Scene
from rookery_training.fixed_words import FAILED, HAS_RESULT, NOT_THERE
from rookery_training.workspace_room import Room, Text

MISNAMED = 0.1
"""How often a file has another ending or a letter less than the request says."""


@dataclass(frozen=True, slots=True)
class Made:
    """One call with what it returned."""

    tool: str
    arguments: dict[str, Any]
    observation: str
    first: str = ""


@dataclass(slots=True)
class Stage:
    """One request that is carried out."""

    builtin: Registry
    rng: random.Random
    offered: Collection[str]
    tool: str
    arguments: dict[str, Any]
    scene: Scene
    steps: list[Made] = field(default_factory=list)
    thought: str = HAS_RESULT
    answer: str = ""
    room: Room | None = None

    def said(self, slot: str) -> str:
        """What a slot of the request stands for; "" where it has none."""
        return str(self.scene[slot].argument) if slot in self.scene else ""

    def set(self, files: Mapping[str, Text]) -> None:
        """Puts the files where the calls find them."""
        self.room = Room(self.builtin, files, {})

    def call(self, tool: str = "", first: str = "", **arguments: Any) -> str:
        """Calls a tool, the requested one unless another is named; what it returned."""
        if self.room is None:
            raise RuntimeError("a call before the files are there")
        tool, arguments = tool or self.tool, arguments or self.arguments
        said = self.room.call(tool, arguments)
        self.steps.append(Made(tool, arguments, said, first))
        return said

    def tell(self, *answers: str, thought: str = HAS_RESULT) -> bool:
        """Ends with one of these answers."""
        self.answer, self.thought = self.rng.choice(answers), thought
        return True

    def fails(self, said: str) -> bool:
        """Ends with what the tool said that it could not do."""
        return self.tell(f"That did not work: {said.partition('; ')[0]}", thought=FAILED)

    def is_missing(self, said: str) -> bool:
        return self.tell(said, thought=NOT_THERE)


Play = Callable[[Stage], bool]
"""Makes one workspace and plays in it; False where that does not go together."""


def misnamed(stage: Stage, path: str) -> str:
    """What the file is really called: mostly as was said."""
    folder, slash, name = path.rpartition("/")
    stem, dot, ending = name.rpartition(".")
    if len(stem) < 5 or stage.rng.random() >= MISNAMED:
        return path
    at = stage.rng.randrange(1, len(stem) - 1)
    return f"{folder}{slash}{stem[:at]}{stem[at + 1 :]}{dot}{ending}"


def called(stage: Stage, real: str, key: str = "path") -> str:
    """The call, and once more where the tool said what the file is called."""
    said = stage.call()
    name = real.rpartition("/")[2]
    if real != stage.arguments[key] and f"did you mean {name}?" in said:
        stage.arguments = {**stage.arguments, key: real}
        return stage.call(first=f"It is called {real}." if stage.rng.random() < 0.7 else "")
    return said


def act(
    plays: Mapping[str, Play],
    builtin: Registry,
    rng: random.Random,
    offered: Collection[str],
    tool: str,
    arguments: dict[str, Any],
    scene: Scene,
) -> Stage | None:
    """What comes of this call; None where nobody knows, or it would be too long."""
    if tool not in plays:
        return None
    stage = Stage(builtin, rng, offered, tool, dict(arguments), scene)
    try:
        if not plays[tool](stage) or sum(len(made.observation) for made in stage.steps) > 900:
            return None
    finally:
        if stage.room is not None:
            stage.room.__exit__(None, None, None)
    return stage
