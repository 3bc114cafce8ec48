"""Everything that is expected to go wrong, as one tree.

    RookeryError
    ├── ConfigError             a config file or option the person can mend
    ├── PluginError             a plugin that cannot be loaded
    ├── ModelError
    │   ├── ModelMissing        no model is installed or named
    │   ├── ModelUnreadable     the file is there and cannot be loaded
    │   ├── FetchFailed         one source of a model cannot give it
    │   ├── ModelDied           the model's process ended while it was needed
    │   ├── PromptTooLong       one message alone is larger than the window
    │   └── GrammarError        a tool's schema cannot be turned into a grammar
    ├── StepError               what the model wrote cannot be used
    │   ├── StepUnparsable      it is not a step
    │   ├── StepCut             it was cut at the token limit
    │   └── StepDoubted         an argument of the call appears nowhere in what was said
    ├── ToolError
    │   ├── ToolUnknown         no such tool
    │   ├── ArgumentsInvalid    the arguments do not fit the tool's schema
    │   ├── ToolRetry           raised by a tool: call me again, differently
    │   ├── ToolFailed          raised by a tool: this cannot be done
    │   ├── NeedsApproval       raised by a tool: ask the person, then call me again
    │   ├── SandboxRefused      what a tool started failed in the sandbox, which may be why
    │   ├── TurnPaused          raised by a tool: nothing more can be done until something else has happened
    │   └── ToolTimeout         the tool took too long
    └── StoreError
        ├── StoreLocked         another program holds the database
        ├── StoreNewer          a newer Rookery wrote it
        ├── StoreBroken         it is not a database, or is damaged, or cannot be written
        ├── SessionUnknown      no session of that name
        └── SessionBusy         the session is open in another Rookery

A message says what was tried, what happened and what to do. Anything not in this tree is a bug: it is recorded and
raised again, never retried.
"""

from __future__ import annotations


class RookeryError(Exception):
    """Trouble that is expected; its text is written for the person who reads it."""


class ConfigError(RookeryError):
    """A config file, setting or option cannot be used; the text names the file and the key."""


class PluginError(RookeryError):
    """A plugin cannot be loaded."""


class ModelError(RookeryError):
    """The model cannot do what was asked."""


class ModelMissing(ModelError):
    """There is no model to load; the text says how to get one."""


class ModelUnreadable(ModelError):
    """The model file cannot be loaded."""


class FetchFailed(ModelError):
    """A source of a model's file cannot give it, or gives another one; another source may."""


class ModelDied(ModelError):
    """The model's process ended while it was needed."""

    def __init__(self, message: str, log: str = "") -> None:
        super().__init__(message)
        self.log = log
        """Path of the process's log; "" when there is none."""


class PromptTooLong(ModelError):
    """One message alone does not fit the model's window."""


class GrammarError(ModelError):
    """A tool's schema cannot be turned into a grammar."""

    def __init__(self, tool: str, detail: str) -> None:
        super().__init__(f"the schema of tool {tool} cannot be turned into a grammar: {detail}")
        self.tool = tool
        self.detail = detail


class StepError(RookeryError):
    """What the model wrote cannot be used; the text is what the model is told."""


class StepUnparsable(StepError):
    """The text is not a step."""


class StepCut(StepError):
    """The step was cut at the token limit."""


class StepDoubted(StepError):
    """An argument of the call, or a number of the answer, appears nowhere in what was said."""


class ToolError(RookeryError):
    """A tool call came to nothing; the text is what the model is told."""


class ToolUnknown(ToolError):
    """There is no tool of that name."""


class ArgumentsInvalid(ToolError):
    """The arguments do not fit the tool's schema."""


class ToolRetry(ToolError):
    """Raised by a tool when the model should call it again, differently; the text says how."""


class ToolFailed(ToolError):
    """Raised by a tool when what was asked cannot be done; the text says why."""


class NeedsApproval(ToolError):
    """Raised by a tool that finds its call to do more than it seemed; the text is what the person is asked about.

    Once the person allows it, the tool is called again with `ctx.approved`.
    """


class SandboxRefused(ToolError):
    """What a tool started failed in the sandbox, which may be why; the text is the result, should it stay at that."""

    def __init__(self, result: str, *, outside: bool = False) -> None:
        super().__init__(result)
        self.outside = outside
        """Whether what it lacked there is outside of the sandbox alone."""


class TurnPaused(ToolError):
    """Raised by a tool when the turn has to end and wait for something outside; the text says for what."""


class ToolTimeout(ToolError):
    """The tool took longer than it may."""


class StoreError(RookeryError):
    """The database cannot do what was asked."""


class StoreLocked(StoreError):
    """Another program holds the database."""


class StoreNewer(StoreError):
    """The database was written by a newer version."""


class StoreBroken(StoreError):
    """The file is not a database, is damaged, or cannot be written."""


class SessionUnknown(StoreError):
    """There is no session of that name."""


class SessionBusy(StoreError):
    """The session is open in another Rookery."""
