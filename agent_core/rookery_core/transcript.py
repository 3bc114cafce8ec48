"""The conversation as the model reads it: a fold over the stored events.

The exact text that the model wrote stays as it was, so that a prompt only ever grows at its end and the KV cache of the
prefix stays valid. Compaction is the one exception, and an event of its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from rookery_core.events import (
    Answered,
    ContextCompacted,
    Event,
    Generated,
    InputPerceived,
    MemoryRecalled,
    Mode,
    ModeChanged,
    StepFailed,
    StepStarted,
    ToolFinished,
    ToolRequested,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.model.base import Message
from rookery_core.reasoning.focus import pointed
from rookery_core.reasoning.step import ANSWER

OBSERVATION = "Observation: "
UNKNOWN_OUTCOME = "The program ended during this call; whether it took effect is not known."
PLANNING = "\n\n(Plan mode: only look. Nothing can be changed. Answer with what you would do.)"
PLANNED = "\n\n(Plan mode is over.)"
"""How the model is told of the mode, behind whatever is said next: what was said before stays as it is."""
UNUSABLE_CHARS = 200
"""As much of a step that could not be used stays in the prompt."""


def recalled_text(lines: Iterable[str]) -> str:
    """How the model is told of what is known from earlier conversations, above the request; "" for nothing."""
    listed = "".join(f"- {line}\n" for line in lines)
    return f"(Known from earlier conversations:\n{listed})\n" if listed else ""


@dataclass(slots=True)
class _Step:
    n: int
    messages: list[Message] = field(default_factory=list)


@dataclass(slots=True)
class _Turn:
    n: int
    user: str
    steps: list[_Step] = field(default_factory=list)
    note: str = ""
    """What was recalled for this turn; read before the request it belongs to."""
    inputs: str = ""
    """Files that came with it; read behind the request."""
    mode: str = ""
    """What it is told of the permission mode; read last."""
    through_step: int = 0
    """Steps up to this one have left the prompt for good."""

    def messages(self, after_step: int = 0) -> Iterable[Message]:
        yield Message("user", f"{self.note}{self.user}{self.inputs}{self.mode}")
        for step in self.steps:
            if step.n > after_step:
                yield from step.messages


class Transcript:
    """Messages of one agent, kept up to date event by event."""

    def __init__(self, events: Iterable[Event] = (), agent: str = "main", *, point_out: bool = False) -> None:
        """`point_out` repeats below each result what of it has the request's words."""
        self._agent = agent
        self._point_out = point_out
        self._turns: list[_Turn] = []
        self._through_turn = 0
        self._calling = False
        self._planning = self._told_planning = False
        for event in events:
            self.apply(event)

    def apply(self, event: Event) -> None:
        """Take in the next event; those that the model does not read are passed over."""
        if event.agent != self._agent:
            return
        match event:
            case TurnStarted(text=text):
                self._close(TurnStatus.INTERRUPTED)  # in case the program died in the turn before
                self._told_planning = self._told_planning and not self._planning  # it is said in every turn
                self._turns.append(_Turn(event.turn, text, mode=self._mode_told()))
            case ModeChanged(mode=mode):
                self._planning = mode is Mode.PLAN
            case MemoryRecalled(items=items):
                self._turns[-1].note = recalled_text(item.text for item in items)
            case InputPerceived(name=name, text=text):
                self._turns[-1].inputs += f"\n\n[{name}]\n{text}"
            case StepStarted(n=n):
                self._turns[-1].steps.append(_Step(n))
            case Generated(text=text, stop=stop):
                if text:
                    self._say("assistant", text + " [stopped here]" if stop in ("interrupted", "failed") else text)
            case ToolRequested():
                self._calling = True
            case ToolFinished(output=output):
                self._calling = False
                part = pointed(self.request, output) if self._point_out else ""
                self._say("tool", OBSERVATION + output + part + self._mode_told())
            case StepFailed(message=message):
                self._shorten_last()
                self._say("tool", OBSERVATION + message)
            case Answered(text=text):
                if self._speaks_next() == "assistant":
                    self._say("assistant", ANSWER + text)
            case ContextCompacted(through_turn=turn, through_step=step):
                self._through_turn, self._turns[-1].through_step = turn, step
            case TurnEnded(status=status):
                self._close(status)

    def messages(self, head: Sequence[Message]) -> list[Message]:
        """The prompt: its constant head, then what has not been compacted away."""
        return self.after_cut(head, *self.through)

    @property
    def kept_turns(self) -> list[_Turn]:
        """Turns that are still in the prompt; the last one is the current."""
        return [turn for turn in self._turns if turn.n > self._through_turn]

    @property
    def request(self) -> str:
        """What the person said last; "" before the first turn."""
        return self._turns[-1].user if self._turns else ""

    @property
    def last_step(self) -> int:
        """Number of the current turn's last step that has something to read; 0 before the first."""
        return max((step.n for step in self._turns[-1].steps if step.messages), default=0)

    @property
    def through(self) -> tuple[int, int]:
        """What has left the prompt: turns up to the first number, and this turn's steps up to the second."""
        return self._through_turn, self._turns[-1].through_step if self._turns else 0

    def after_cut(self, head: Sequence[Message], through_turn: int, through_step: int) -> list[Message]:
        """The prompt as it would be after a compaction up to there; changes nothing."""
        made = list(head)
        for turn in self._turns:
            if turn.n > through_turn:
                made.extend(turn.messages(through_step if turn is self._turns[-1] else turn.through_step))
        return made

    def heard(self) -> str:
        """All that was said by anyone but the model in this turn: what the arguments of a call can be from."""
        texts = [m.content for turn in self._turns[:-1] for m in turn.messages()]
        texts += [m.content for turn in self._turns[-1:] for m in turn.messages() if m.role != "assistant"]
        return "\n".join(texts)

    def read(self) -> str:
        """What was returned, recalled or came along in the turns that are in the prompt: what can be quoted."""
        texts = []
        for turn in self.kept_turns:
            texts += [turn.note, turn.inputs, *(m.content for m in turn.messages() if m.role == "tool")]
        return "\n".join(filter(None, texts))

    def _say(self, role: str, content: str) -> None:
        turn = self._turns[-1]
        if not turn.steps:
            turn.steps.append(_Step(1))
        turn.steps[-1].messages.append(Message(role, content))  # type: ignore[arg-type]

    def _mode_told(self) -> str:
        """What is to be said of the mode, where that is not what was said last."""
        if self._planning is self._told_planning:
            return ""
        self._told_planning = self._planning
        return PLANNING if self._planning else PLANNED

    def _shorten_last(self) -> None:
        """A step that could not be used is a bad example; its beginning is enough to know what was wrong."""
        for step in self._turns[-1].steps[-1:]:
            last = step.messages[-1] if step.messages else None
            if last and last.role == "assistant" and len(last.content) > UNUSABLE_CHARS:
                step.messages[-1] = Message("assistant", step.messages[-1].content[:UNUSABLE_CHARS] + " [...]")

    def _speaks_next(self) -> str:
        last = [message for step in self._turns[-1].steps for message in step.messages][-1:]
        return "assistant" if not last or last[0].role == "tool" else "tool"

    def _close(self, status: TurnStatus) -> None:
        if not self._turns:
            return
        if self._calling:
            self._calling = False
            self._say("tool", OBSERVATION + UNKNOWN_OUTCOME)
        if status is TurnStatus.REFUSED:
            self._turns.pop()
        elif self._speaks_next() == "assistant":
            self._say("assistant", f"{ANSWER}[no answer: {status.value.replace('_', ' ')}]")
