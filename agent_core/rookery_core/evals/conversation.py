"""A conversation with some tools, as a case file writes it down: its messages, its tools, its turns."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, ValidationInfo, model_validator

from rookery_core.errors import PluginError
from rookery_core.tools.contract import Risk, Tool


class Frozen(BaseModel):
    """A part of a case; keys that it does not know are passed over."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class User(Frozen):
    """What the person said."""

    role: Literal["user"]
    content: str = Field(min_length=1)


class Reply(Frozen):
    """What the assistant answered."""

    role: Literal["assistant"]
    content: str = Field(min_length=1)
    thought: str = ""
    """"": a neutral one is put there."""


class Call(Frozen):
    """A tool that the assistant called."""

    role: Literal["assistant"]
    tool: str
    arguments: dict[str, Any] = {}
    thought: str = ""
    """"": a neutral one is put there."""


class Observation(Frozen):
    """What came of the call before it."""

    role: Literal["tool"]
    name: str = ""
    content: str


def _shape(message: Any) -> str:
    match message:
        case Call():
            return "call"
        case User() | Reply() | Observation():
            return message.role
        case {"role": "assistant", "tool": _}:
            return "call"
        case {"role": role}:
            return str(role)
        case _:
            return ""


Message = Annotated[
    Annotated[User, Tag("user")]
    | Annotated[Reply, Tag("assistant")]
    | Annotated[Call, Tag("call")]
    | Annotated[Observation, Tag("tool")],
    Discriminator(_shape),
]


class ToolSpec(Frozen):
    """A tool that is offered in a case. Nothing is run: the decision for it is all that counts."""

    name: str
    description: str
    parameters: dict[str, Any] = {}
    phrases: tuple[str, ...] = ()
    """How people ask for it, which only counts where not all tools are offered."""

    @property
    def tool(self) -> Tool:
        """The tool, as a plugin would offer it; it takes no other arguments than those it names, and asks nobody."""
        schema = {"type": "object", "properties": {}, "additionalProperties": False, **self.parameters}
        return Tool(self.name, self.description, schema, _never_ends, Risk.PURE, phrases=self.phrases)

    @model_validator(mode="after")
    def _usable(self, info: ValidationInfo) -> ToolSpec:
        """The context, where there is one, is the set of those that were found to be good."""
        good: set[str] = info.context if isinstance(info.context, set) else set()
        text = self.model_dump_json()
        if text in good:
            return self
        import jsonschema  # 60 ms, and only needed where cases are read

        try:
            jsonschema.Draft202012Validator.check_schema(dict(self.tool.schema))
        except PluginError as exc:
            raise ValueError(str(exc)) from exc
        except jsonschema.SchemaError as exc:
            raise ValueError(f"the parameters of {self.name} are no JSON Schema: {exc.message}") from exc
        good.add(text)
        return self


async def _never_ends(**arguments: object) -> None:
    """What stands for a tool's work: the turn is stopped as soon as it begins."""
    await asyncio.Event().wait()


class Turn(Frozen):
    """One turn of a case's conversation."""

    asked: str
    steps: tuple[tuple[Call, str], ...] = ()
    """Calls, each with its observation."""
    answer: Reply | None = None


def turns_of(messages: Sequence[Message]) -> tuple[Turn, ...]:
    """The messages by turns; ValueError says which one is out of place."""
    made: list[Turn] = []
    calling: Call | None = None
    for n, message in enumerate(messages):
        if calling is not None and not isinstance(message, Observation):
            raise ValueError(f"messages.{n}: the result of {calling.tool} must come here")
        if not isinstance(message, User) and (not made or made[-1].answer is not None):
            raise ValueError(f"messages.{n}: the person must speak here")
        match message:
            case User(content=text):
                made.append(Turn(asked=text))
            case Call():
                calling = message
            case Observation(name=name, content=text):
                if calling is None or name not in ("", calling.tool):
                    raise ValueError(f"messages.{n}: there is no call of {name or 'a tool'} before this result")
                made[-1] = made[-1].model_copy(update={"steps": (*made[-1].steps, (calling, text))})
                calling = None
            case Reply():
                made[-1] = made[-1].model_copy(update={"answer": message})
    return tuple(made)
