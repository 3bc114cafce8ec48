"""One turn in a made-up workspace while it is made: the goal, the calls with what the tools return, the answer."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from rookery_core.reasoning.grounding import NAMED, UNACCOUNTED, reckoned
from rookery_core.tools.registry import Registry
from rookery_training.catalogue import Scene, fill
from rookery_training.fixed_words import DENIED, HAS_RESULT, NOT_ALLOWED, WHY
from rookery_training.sheets import Sheets
from rookery_training.values import Value
from rookery_training.workspace_goals import Phrases
from rookery_training.workspace_room import Room, Text


@dataclass(frozen=True, slots=True)
class Step:
    tool: str
    arguments: dict[str, Any]
    observation: str
    first: str = ""
    learn: bool = True
    denied: bool = False
    guess: str = ""
    """An answer that was given in place of the call at first."""
    doubt: str = ""
    """What the program said to that."""


@dataclass(slots=True)
class Scenario:
    """One turn, and the workspace it is in."""

    kind: str
    ask: str = ""
    """The goal with slots, which `scene` fills."""
    scene: Scene = field(default_factory=dict)
    files: dict[str, Text] = field(default_factory=dict)
    tasks: list[str] = field(default_factory=list)
    """The open tasks of the to-do list."""
    notes: dict[str, str] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)
    thought: str = HAS_RESULT
    answer: str = ""
    says: list[str] = field(default_factory=list)
    """What the answer has to say."""
    after: dict[str, Text] = field(default_factory=dict)
    """The files in the end."""

    def say(self, **values: object) -> None:
        """Slots of the goal and the answer, said as they are."""
        self.scene.update({name: Value(str(value), str(value)) for name, value in values.items()})

    @property
    def goal(self) -> str:
        return fill(self.ask, self.scene, random.Random(0), said=True)


class Play:
    """Carries out the calls of one scenario and writes them down."""

    def __init__(
        self,
        kind: str,
        builtin: Registry,
        phrases: Phrases,
        sheets: Sheets,
        rng: random.Random,
        offered: Collection[str],
    ) -> None:
        self.rng = rng
        self.phrases = phrases
        self.sheets = sheets
        self.made = Scenario(kind)
        self.ordered = False
        """Whether what is read gives orders that are not the person's."""
        self._builtin = builtin
        self._offered = offered
        self._room: Room | None = None

    def can(self, *tools: str) -> bool:
        """Whether all these tools are offered."""
        return set(tools) <= set(self._offered)

    def begin(
        self, files: Mapping[str, Text], notes: Mapping[str, str] | None = None, tasks: Sequence[str] = ()
    ) -> None:
        """Puts the files, notes and tasks where the calls will find them."""
        self.made.files, self.made.notes, self.made.tasks = dict(files), dict(notes or {}), list(tasks)
        self._room = Room(self._builtin, self.made.files, self.made.notes, tasks)

    def end(self) -> None:
        """Clears up, and keeps the files as they are in the end."""
        if self._room is not None:
            with self._room:
                self.made.after = self._room.files()

    def do(self, tool: str, first: str = "", *, learn: bool = True, **arguments: Any) -> str:
        """A call, carried out; what it returned."""
        if self._room is None:
            raise RuntimeError("a call before the files are there")
        said = self._room.call(tool, arguments)
        self.made.steps.append(Step(tool, arguments, said, first, learn))
        return said

    def guessed(self, answer: str) -> None:
        """The last call was made only after an answer from the head, which is not learnt, and was questioned."""
        read = (step.observation for step in self.made.steps[:-1])
        if found := reckoned(answer, "\n".join([self.made.goal, *read])):
            doubt = UNACCOUNTED.format(numbers=" and ".join(found[:NAMED]))
            self.made.steps[-1] = replace(self.made.steps[-1], guess=answer, doubt=doubt)

    def told(self, tool: str, observation: str, first: str = "", **arguments: Any) -> None:
        """A call whose result is not the same twice."""
        self.made.steps.append(Step(tool, arguments, observation, first))

    def denied(self, tool: str, first: str = "", **arguments: Any) -> None:
        """A call that the person, or the want of one, does not allow."""
        said = self.rng.choice(DENIED).replace("{why}", self.rng.choice(WHY) + ".")
        self.made.steps.append(Step(tool, arguments, said, first, denied=True))

    def refused(self, deed: str, said: str = "") -> bool:
        """Ends with the answer that the call was not allowed; `said` is what can be said all the same."""
        self.made.say(deed=deed)
        return self.answer("reply", "refused" if said else "not_done", thought=NOT_ALLOWED, said=said)

    def answer(self, *phrases: str, thought: str = HAS_RESULT, says: Collection[str] = (), said: str = "") -> bool:
        """The answer in one of these phrasings, and what it must say; `said` is put in as it is."""
        text = self.phrases.pick(*phrases)
        self.made.answer = self.fill(text).replace("{said}", said).strip()
        self.made.thought = thought
        self.made.says = list(says)
        return True

    def show(self, text: str, thought: str = HAS_RESULT) -> bool:
        """The answer gives a text as it stands; one of several lines stands below the words before it."""
        self.made.say(value=f"\n\n{text}" if "\n" in text else text)
        self.answer(
            "reply", "text", thought=thought, says=[line.strip() for line in text.splitlines() if line.strip()][:3]
        )
        self.made.answer = self.made.answer.replace(": \n\n", ":\n\n")
        return True

    def fill(self, text: str) -> str:
        """The text with the slots of this scenario; {said} is left for later."""
        return fill(text, {**self.made.scene, "said": Value("{said}", "{said}")}, self.rng)

    def maybe(self, thought: str, chance: float = 0.6) -> str:
        return thought if self.rng.random() < chance else ""


Maker = Callable[[Play], bool]
"""Makes one scenario; False where what was drawn does not go together."""
Kinds = dict[str, tuple[float, tuple[str, ...], Maker]]
"""Kinds of scenarios: how often each comes up, the tools it needs, and what makes it."""
