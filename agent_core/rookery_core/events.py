"""The facts a turn is made of: frozen, typed, serialisable events.

Messages for the model, trace panes, exports and resumed sessions are all folds over these; this module knows none of
them. A kind is the class name in snake case. Ephemeral events are shown and not stored, and have no `seq`.
"""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field

from rookery_core.approval.taint import OWN
from rookery_core.approval.taint import Label as Label
from rookery_core.envelope import Decision as Decision
from rookery_core.envelope import Event as Event
from rookery_core.envelope import Mode as Mode
from rookery_core.envelope import Record as Record
from rookery_core.envelope import ToolStatus as ToolStatus
from rookery_core.envelope import TurnStatus as TurnStatus
from rookery_core.standing import ModeChanged as ModeChanged
from rookery_core.standing import ModelLoading as ModelLoading
from rookery_core.standing import ModelLost as ModelLost
from rookery_core.standing import ModelReady as ModelReady
from rookery_core.standing import PluginFailed as PluginFailed
from rookery_core.standing import RulesBroken as RulesBroken
from rookery_core.standing import SandboxFound as SandboxFound
from rookery_core.usage import Usage

# -- the turn -----------------------------------------------------------------------------------------------------


class TurnStarted(Event):
    """The person said something."""

    kind: Literal["turn_started"] = "turn_started"
    text: str
    model: str = ""
    strategy: str
    workspace: str
    tools: tuple[str, ...] = ()
    """Names offered to the model in this turn."""
    label: Label = OWN
    """Whose words `text` is: the person's own, or those of a plugin whose command they typed."""


class Recalled(Record):
    """One memory that was offered to the model."""

    source: Literal["episode", "note"]
    ref: str
    """Where it is stored: the episode's or note's id."""
    text: str
    label: Label | None = None
    """Whose word it is, by what the session had read in which it was kept; None in what was stored before there were
    labels."""


class MemoryRecalled(Event):
    """Earlier episodes and notes that fit the request were put before the model."""

    kind: Literal["memory_recalled"] = "memory_recalled"
    items: tuple[Recalled, ...]


class InputPerceived(Event):
    """A file or folder that the person named was put before the model."""

    kind: Literal["input_perceived"] = "input_perceived"
    name: str
    """As the person wrote it."""
    what: str
    """text, structured, folder, image, binary, missing."""
    text: str
    """What the model reads of it, or of what cannot be shown, what it is."""
    dropped_chars: int = 0
    artifact: str = ""
    """Where the whole of a cut text is kept; "" when nothing was cut."""
    label: Label | None = None
    """Whether `text` is private, and whose word it is; None in what was stored before there were labels."""


class StepStarted(Event):
    """The agent began its n-th step of the turn, from 1."""

    kind: Literal["step_started"] = "step_started"
    n: int


class PromptBuilt(Event):
    """The prompt of a step was fitted to the window."""

    kind: Literal["prompt_built"] = "prompt_built"
    n_tokens: int
    n_ctx: int


class PromptRead(Event):
    """How much of a long prompt the model has read."""

    ephemeral: ClassVar[bool] = True
    kind: Literal["prompt_read"] = "prompt_read"
    done: int
    """Tokens, those that need not be read again already included."""
    total: int


class TokenDelta(Event):
    """A piece of text as it is generated."""

    ephemeral: ClassVar[bool] = True
    kind: Literal["token_delta"] = "token_delta"
    channel: Literal["thought", "action", "answer"]
    text: str


class Generated(Event):
    """Everything the model wrote in one request, also when it was stopped or failed half-way."""

    kind: Literal["generated"] = "generated"
    text: str
    stop: Literal["end", "length", "loop", "interrupted", "failed"]
    """`end`: finished by itself; `length`: cut at the token limit; `loop`: cut because it only repeated itself."""
    seed: int
    usage: Usage


class ThoughtFormed(Event):
    """The model's reasoning before it acts."""

    kind: Literal["thought_formed"] = "thought_formed"
    text: str


class ToolRequested(Event):
    """The model asked for a tool call; nothing has been checked yet."""

    kind: Literal["tool_requested"] = "tool_requested"
    call_id: str
    tool: str
    arguments: dict[str, Any]


class Fact(Record):
    """One line of a question about a call: what Rookery itself found out about it, never what a model said."""

    label: str
    """A word or two: `program`, `folder`, `address`."""
    text: str
    """The exact text, as it is; whoever shows it makes hidden characters visible."""


class ApprovalRequested(Event):
    """A person is asked about a call. Holds all that the prompt shows."""

    kind: Literal["approval_requested"] = "approval_requested"
    call_id: str
    tool: str
    """Full name, `plugin.tool`."""
    plugin: str
    distribution: str
    risk: str
    arguments: dict[str, Any]
    """Validated arguments, as they will be passed."""
    workspace: str
    preview: str = ""
    """What the plugin says the call will do (a diff, the real command); "" when it says nothing."""
    level: str = ""
    """How much is at stake: R0 to R3; "" in what was stored before there were levels."""
    rule: str = ""
    """The person's rule by which it is asked about, or why their rules cannot be read; "" where neither is so."""
    remembers: tuple[str, ...] = ()
    """What an answer "for this session" would allow from then on; empty: it may only be allowed once."""
    always: tuple[str, ...] = ()
    """What an answer "always" would allow in this workspace from then on; empty: that is not offered."""
    reason: str = ""
    """Why it is asked, where that is more than the tool's own kind of risk: a rule's reason, or what the tool found."""
    facts: tuple[Fact, ...] = ()
    """What the call really is: the program that would run, the folder it runs in, each file, the host and port."""
    claimed: str = ""
    """What the model thought before the call; it is a claim, and shown as one."""
    digest: str = ""
    """SHA-256 of the call as it is asked about, in hexadecimal: what runs must have the same."""
    untrusted: tuple[str, ...] = ()
    """Whose words that are not the person's are before the model, and since when, the newest first."""
    private: bool = False
    """Whether private things are before it together with those."""


class CallRuled(Event):
    """A plugin's `rookery_before_tool` allowed a call, denied it, or rewrote its arguments."""

    kind: Literal["call_ruled"] = "call_ruled"
    call_id: str
    plugin: str
    ruling: Literal["allow", "deny", "rewrite"]
    reason: str = ""
    arguments: dict[str, Any] = Field(default_factory=dict)


class ApprovalResolved(Event):
    """The answer to an `ApprovalRequested`."""

    kind: Literal["approval_resolved"] = "approval_resolved"
    call_id: str
    decision: Decision
    reason: str = ""
    by: Literal["person", "rule", "nobody"]
    """`nobody`: there was no one to ask, so the call was denied."""
    arguments: dict[str, Any] | None = None
    """For `edit`: what the person put in place of the call's arguments; it is not checked yet."""


class QuestionAsked(Event):
    """A running tool asks the person something."""

    kind: Literal["question_asked"] = "question_asked"
    call_id: str
    tool: str
    """Full name, `plugin.tool`."""
    question: str
    choices: tuple[str, ...] = ()
    """One of these is wanted; empty: any text."""


class QuestionAnswered(Event):
    """The answer to a `QuestionAsked`."""

    kind: Literal["question_answered"] = "question_answered"
    call_id: str
    answer: str | None
    """None: nobody answered."""


class ToolStarted(Event):
    """A checked and allowed call is about to run."""

    kind: Literal["tool_started"] = "tool_started"
    call_id: str
    tool: str
    """Full name, `plugin.tool`; in the other events, the name the model used."""
    risk: str = ""
    level: str = ""
    """How much is at stake: R0 to R3."""
    rule: str = ""
    """The rule that allowed it without asking; "" where the level alone did, or the person."""
    digest: str = ""
    """That of the question that the person said yes to; "" where they were not asked."""
    arguments: dict[str, Any]


class ToolProgress(Event):
    """A running tool said how far it is."""

    ephemeral: ClassVar[bool] = True
    kind: Literal["tool_progress"] = "tool_progress"
    call_id: str
    text: str


class ResultRead(Event):
    """A reader without tools read a result of others for the model, which sees its notes in place of the text."""

    kind: Literal["result_read"] = "result_read"
    call_id: str
    n_chars: int
    """Of the text, as much as fits the window."""
    facts: tuple[str, ...]
    answers_request: bool
    failed: str = ""
    """Why there are no notes, so that the model sees an excerpt; "" where there are."""
    seconds: float
    usage: Usage


class ToolFinished(Event):
    """A call ended; `output` is the observation that the model reads."""

    kind: Literal["tool_finished"] = "tool_finished"
    call_id: str
    tool: str
    status: ToolStatus
    output: str
    dropped_chars: int = 0
    """Characters cut from the middle of `output`."""
    artifact: str = ""
    """Where the whole of a cut output is kept; "" when nothing was cut."""
    seconds: float = 0.0
    label: Label | None = None
    """Whether `output` is private, and whose word it is; None in what was stored before there were labels: then it is
    taken to be private and not to be trusted."""


class StepFailed(Event):
    """What the model wrote could not be used; `message` is what it is told."""

    kind: Literal["step_failed"] = "step_failed"
    failure: str
    message: str


class Recovered(Event):
    """The turn goes on after trouble."""

    kind: Literal["recovered"] = "recovered"
    failure: str
    action: Literal["repair", "restart"]
    attempt: int


class ContextCompacted(Event):
    """The conversation outgrew the window: a part of it leaves the prompt, and stays stored and searchable."""

    kind: Literal["context_compacted"] = "context_compacted"
    through_turn: int
    """Turns up to this one are no longer in the prompt."""
    through_step: int = 0
    """Steps of the current turn up to this one are no longer in the prompt."""
    cut_chars: int = 0
    """Characters that left the middle of the newest observation, in this prompt only."""
    tokens_before: int
    tokens_after: int


class Answered(Event):
    """The turn's answer."""

    kind: Literal["answered"] = "answered"
    text: str


class TurnEnded(Event):
    """The turn is over. Written always, whatever happened."""

    kind: Literal["turn_ended"] = "turn_ended"
    status: TurnStatus
    reason: str = ""
    """Why, when it was not answered."""
    steps: int
    usage: Usage
    seconds: float
    unattended_denials: int = 0
    """Calls that were refused because nobody could be asked."""


AnyEvent = Annotated[
    ModelLoading
    | ModelReady
    | ModelLost
    | PluginFailed
    | RulesBroken
    | ModeChanged
    | SandboxFound
    | TurnStarted
    | MemoryRecalled
    | InputPerceived
    | StepStarted
    | PromptBuilt
    | PromptRead
    | TokenDelta
    | Generated
    | ThoughtFormed
    | ToolRequested
    | CallRuled
    | ApprovalRequested
    | ApprovalResolved
    | ToolStarted
    | QuestionAsked
    | QuestionAnswered
    | ToolProgress
    | ResultRead
    | ToolFinished
    | StepFailed
    | Recovered
    | ContextCompacted
    | Answered
    | TurnEnded,
    Field(discriminator="kind"),
]
"""Every event there is; `kind` tells which."""
