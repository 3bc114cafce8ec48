"""What a tool is: a typed function, what it may do to the world, and the schema the model's arguments must satisfy.

Knows nothing of who calls it or how a call is approved.
"""

from __future__ import annotations

import inspect
import json
import re
import threading
import typing
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Protocol, TypeVar, overload

from pydantic import BaseModel, ConfigDict, Field, PlainValidator, ValidationError, WithJsonSchema, create_model
from pydantic_core import PydanticCustomError

from rookery_core.errors import ArgumentsInvalid, PluginError
from rookery_core.workspace import Workspace

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

DEFAULT_TIMEOUT_S = 30.0
DEFAULT_MAX_OUTPUT = 8_000


class Risk(StrEnum):
    """What a tool does to the world; the host derives from it whether a person is asked."""

    PURE = "pure"
    """Computes from its arguments alone."""
    READ = "read"
    """Reads inside the workspace, or the program's own notes."""
    WRITE = "write"
    """Changes something that the person would want back."""
    EXECUTE = "execute"
    """Starts a program. The default: a tool that declares nothing is treated as this."""
    NETWORK = "network"
    """Talks to another machine."""


class Memory(Protocol):
    """The person's notes, as a tool may use them."""

    def add(self, text: str) -> str:
        """Keep a note and return its id."""

    def search(self, query: str, limit: int = 5) -> list[tuple[str, str]]:
        """The notes that fit best, as (id, text); an empty query gives the newest."""

    def forget(self, ref: str) -> bool:
        """Delete a note; False when there is none of that id."""


@dataclass(frozen=True, slots=True)
class ToolContext:
    """What the host lends a tool for one call. A parameter annotated with this type receives it."""

    call_id: str
    workspace: Workspace
    cancelled: threading.Event
    """Set when the call is timed out or the turn is stopped; long loops look at it."""
    progress: Callable[[str], None]
    """Shows a line to the person while the tool runs; safe from any thread."""
    memory: Memory


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A result whose text for the model differs from what the function would return."""

    text: str


def _inside(value: object, info: Any) -> Path:
    if not isinstance(value, str | Path):
        raise PydanticCustomError("workspace_path", "give a path as a string")
    workspace = (info.context or {}).get("workspace")
    if not isinstance(workspace, Workspace):
        raise PydanticCustomError("workspace_path", "there is no workspace to resolve the path in")
    try:
        return workspace.resolve(value)
    except ArgumentsInvalid as exc:
        raise PydanticCustomError("workspace_path", "{why}", {"why": str(exc)}) from exc


WorkspacePath = Annotated[Path, PlainValidator(_inside), WithJsonSchema({"type": "string", "maxLength": 255})]
"""A path inside the workspace: the tool receives it resolved; anything outside is refused before the tool runs."""


@dataclass(frozen=True, slots=True)
class Example:
    """One worked use of a tool. A small model learns from it how to call the tool and what to do with the result."""

    asked: str
    """What the person said."""
    arguments: Mapping[str, Any]
    result: str
    """What the tool returned."""
    answer: str
    """What the assistant said in the end."""


@dataclass(frozen=True, slots=True)
class Tool:
    """One tool. Calling it calls the function, so a decorated function stays usable and testable as it is."""

    name: str
    description: str
    schema: Mapping[str, Any]
    """JSON Schema of the arguments: an object, draft 2020-12."""
    run: Callable[..., Any]
    """Sync or async; sync ones run in a thread of their own."""
    risk: Risk = Risk.EXECUTE
    scope: Callable[[dict[str, Any]], list[str]] | None = None
    """What an answer "for this session" would remember, from the validated arguments, one entry per thing allowed."""
    preview: Callable[..., str] | None = None
    """What the person sees before deciding; called like the tool itself, and must change nothing."""
    timeout_s: float = DEFAULT_TIMEOUT_S
    max_output: int = DEFAULT_MAX_OUTPUT
    """Characters of the result that the model may see."""
    examples: tuple[Example, ...] = ()
    """Shown to the model where few tools are offered."""
    arguments: type[BaseModel] | None = field(default=None, repr=False)
    """Validates the arguments; None: they are checked against `schema` itself."""
    context_parameter: str | None = None

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PluginError(f"tool name {self.name!r} is not lower-case letters, digits and underscores")
        if not self.description.strip():
            raise PluginError(f"tool {self.name} has no description; give its function a docstring")
        if self.schema.get("type") != "object":
            raise PluginError(f"tool {self.name}: its schema must describe an object")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(*args, **kwargs)

    def validate(self, arguments: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
        """The arguments as the function takes them; ArgumentsInvalid says all that is wrong with them."""
        if self.arguments is None:
            return _check_schema(self, arguments)
        text = json.dumps(dict(arguments), ensure_ascii=False)
        try:
            text.encode()
            # as JSON, strict validation takes what JSON can say of dates, enums, tuples
            model = self.arguments.model_validate_json(text, context={"workspace": workspace})
        except UnicodeEncodeError as exc:
            raise ArgumentsInvalid(f"{self.name}: half a character (a lone surrogate); write the character") from exc
        except ValidationError as exc:
            problems = "; ".join(_explain(error) for error in exc.errors(include_url=False))
            raise ArgumentsInvalid(f"{self.name}: {problems}") from exc
        return dict(model.__dict__)


F = TypeVar("F", bound=Callable[..., Any])


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    risk: Risk = ...,
    name: str | None = ...,
    scope: Callable[[dict[str, Any]], list[str]] | None = ...,
    preview: Callable[..., str] | None = ...,
    timeout_s: float = ...,
    max_output: int = ...,
    examples: Sequence[Example] = ...,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    risk: Risk = Risk.EXECUTE,
    name: str | None = None,
    scope: Callable[[dict[str, Any]], list[str]] | None = None,
    preview: Callable[..., str] | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    max_output: int = DEFAULT_MAX_OUTPUT,
    examples: Sequence[Example] = (),
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of an annotated function.

    Its name is the function's, its description the docstring, its schema the signature; `Annotated[str, "..."]`
    describes a parameter. A parameter annotated `ToolContext` receives the host's context and is not in the schema.
    Raises PluginError at once for a signature no schema can be made of.
    """

    def wrap(function: Callable[..., Any]) -> Tool:
        tool_name = name or function.__name__
        model, context_parameter = _arguments_model(tool_name, function)
        return Tool(
            name=tool_name,
            description=inspect.cleandoc(function.__doc__ or "").strip(),
            schema=_plain_schema(model.model_json_schema()),
            run=function,
            risk=risk,
            scope=scope,
            preview=preview,
            timeout_s=timeout_s,
            max_output=max_output,
            examples=tuple(examples),
            arguments=model,
            context_parameter=context_parameter,
        )

    return wrap if function is None else wrap(function)


def _arguments_model(name: str, function: Callable[..., Any]) -> tuple[type[BaseModel], str | None]:
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as exc:
        raise PluginError(f"tool {name}: its annotations cannot be resolved: {exc}") from exc
    fields: dict[str, Any] = {}
    context_parameter = None
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind in (parameter.VAR_POSITIONAL, parameter.VAR_KEYWORD, parameter.POSITIONAL_ONLY):
            raise PluginError(f"tool {name}: parameter {parameter.name} must be an ordinary named one")
        if parameter.name.startswith("_") or (
            parameter.name.startswith("model_") and hasattr(BaseModel, parameter.name)
        ):
            raise PluginError(f"tool {name}: a parameter cannot be called {parameter.name}; rename it")
        hint = hints.get(parameter.name)
        if hint is None:
            raise PluginError(f"tool {name}: parameter {parameter.name} has no annotation")
        if hint is ToolContext:
            context_parameter = parameter.name
            continue
        default = ... if parameter.default is parameter.empty else parameter.default
        fields[parameter.name] = (_describe(hint), default)
    config = ConfigDict(extra="forbid", strict=True, validate_default=True, protected_namespaces=())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # a parameter may be called as a method of BaseModel's is
            return create_model(f"{name}_arguments", __config__=config, **fields), context_parameter
    except Exception as exc:
        raise PluginError(f"tool {name}: no schema can be made of its signature: {exc}") from exc


def _describe(hint: Any) -> Any:
    """Turn `Annotated[T, "text"]` into a described field; leave every other annotation as it is."""
    if typing.get_origin(hint) is not Annotated:
        return hint
    base, *extras = typing.get_args(hint)
    described = [Field(description=extra) if isinstance(extra, str) else extra for extra in extras]
    return Annotated[(base, *described)]


def _plain_schema(node: Any) -> Any:
    """Drop what pydantic adds for readers of documentation, so that the schema is what the model needs and no more."""
    if isinstance(node, dict):
        return {
            key: {name: _plain_schema(sub) for name, sub in value.items()}
            if key == "properties"
            else _plain_schema(value)
            for key, value in node.items()
            if key != "title" or not isinstance(value, str)
        }
    return [_plain_schema(item) for item in node] if isinstance(node, list) else node


def _explain(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where} is not an argument of this tool"
        case _:
            return f"{where}: {error['msg']}" if where else str(error["msg"])


def _check_schema(tool: Tool, arguments: Mapping[str, Any]) -> dict[str, Any]:
    import jsonschema  # 60 ms, and only needed by tools that bring a schema of their own

    errors = list(jsonschema.Draft202012Validator(dict(tool.schema)).iter_errors(dict(arguments)))
    if errors:
        raise ArgumentsInvalid(f"{tool.name}: " + "; ".join(f"{e.json_path}: {e.message}" for e in errors))
    return dict(arguments)
