"""What a tool is: a typed function, what it may do to the world, and the schema the model's arguments must satisfy.

Knows nothing of who calls it or how a call is approved.
"""

from __future__ import annotations

import hashlib
import inspect
import json
import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, PlainValidator, ValidationError, WithJsonSchema
from pydantic_core import PydanticCustomError

from rookery_core.errors import ArgumentsInvalid, PluginError
from rookery_core.workspace import Workspace

_NAME = re.compile(r"[a-z][a-z0-9_]{0,63}")

DESCRIPTION_CHARS = 2_000
SCHEMA_CHARS = 50_000
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


@dataclass(frozen=True, slots=True)
class ToolResult:
    """A result whose text for the model differs from what the function would return."""

    text: str


def _by(method: Callable[[Workspace, str | Path], Path]) -> PlainValidator:
    """Takes a path as a method of the workspace does."""

    def inside(value: object, info: Any) -> Path:
        if not isinstance(value, str | Path):
            raise PydanticCustomError("workspace_path", "give a path as a string")
        workspace = (info.context or {}).get("workspace")
        if not isinstance(workspace, Workspace):
            raise PydanticCustomError("workspace_path", "there is no workspace to resolve the path in")
        try:
            return method(workspace, value)
        except ArgumentsInvalid as exc:
            raise PydanticCustomError("workspace_path", "{why}", {"why": str(exc)}) from exc

    return PlainValidator(inside)


INSIDE, ENTRY = _by(Workspace.resolve), _by(Workspace.entry)
_PATH = WithJsonSchema({"type": "string", "maxLength": 255})
WorkspacePath = Annotated[Path, INSIDE, _PATH]
"""A path inside the workspace: the tool receives it resolved; anything outside is refused before the tool runs."""
WorkspaceEntry = Annotated[Path, ENTRY, _PATH]
"""As WorkspacePath, but a symbolic link is the link itself; for what moves or deletes."""


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
    phrases: tuple[str, ...] = ()
    """Some ways in which people ask for it, to find it among many tools by; the model is not told."""
    arguments: type[BaseModel] | None = field(default=None, repr=False)
    """Validates the arguments; None: they are checked against `schema` itself."""
    context_parameter: str | None = None
    available: Callable[[], str] | None = None
    """What is missing on this machine for the tool to work, and how to get it; "" when nothing is."""
    command: str = ""
    """The parameter that is a command: a text for a POSIX shell, or a list of a program and its arguments."""
    confined: bool = False
    """Whether programs that run in the sandbox it is lent do all that it does."""
    sites: bool = False
    """Whether what `scope` returns are hosts with their ports, such as `example.org:443`."""
    paths: tuple[str, ...] = ()
    """Parameters that are paths inside the workspace."""
    entries: tuple[str, ...] = ()
    """Those of them in which a symbolic link is the link itself."""
    method: bool = False
    """Whether `run` is a method that is not bound to an object yet; only a bound one can be offered."""

    def __post_init__(self) -> None:
        if not _NAME.fullmatch(self.name):
            raise PluginError(f"tool name {self.name!r} is not lower-case letters, digits and underscores")
        if not self.description.strip():
            raise PluginError(f"tool {self.name} has no description; give its function a docstring")
        if len(self.description) > DESCRIPTION_CHARS:
            raise PluginError(
                f"tool {self.name}: its description has {len(self.description)} characters, {DESCRIPTION_CHARS} at most"
            )
        try:
            size = len(json.dumps(self.schema))
        except (TypeError, ValueError, RecursionError) as exc:
            raise PluginError(f"tool {self.name}: its schema is no JSON: {exc}") from exc
        if size > SCHEMA_CHARS:
            raise PluginError(f"tool {self.name}: its schema has {size} characters, {SCHEMA_CHARS} at most")
        if not isinstance(self.schema, Mapping) or self.schema.get("type") != "object":
            raise PluginError(f"tool {self.name}: its schema must describe an object")
        self._check_what_is_declared()

    def _check_what_is_declared(self) -> None:
        """What means nothing is refused: a risk that is none would be asked about by nobody. Raises PluginError."""
        if self.risk not in set(Risk):
            raise PluginError(f"tool {self.name}: its risk is {self.risk!r}, not one of {', '.join(Risk)}")
        object.__setattr__(self, "risk", Risk(self.risk))
        if not isinstance(self.timeout_s, int | float) or not 0 < self.timeout_s < math.inf:
            raise PluginError(f"tool {self.name}: its timeout_s is {self.timeout_s!r}, not a number of seconds")
        if not isinstance(self.max_output, int) or self.max_output < 1:
            raise PluginError(f"tool {self.name}: its max_output is {self.max_output!r}, not a number of characters")
        if self.command and self.command not in self.schema.get("properties", {}):
            raise PluginError(f"tool {self.name}: its command is {self.command!r}, which is none of its parameters")
        if self.sites and self.scope is None:
            raise PluginError(f"tool {self.name}: without a scope function there are no sites")
        if not all(isinstance(example, Example) for example in self.examples):
            raise PluginError(f"tool {self.name}: its examples are not all of the kind Example")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.run(*args, **kwargs)

    def __get__(self, instance: object, owner: type | None = None) -> Tool:
        """The tool that a decorated method becomes, of the object it is looked up on."""
        if instance is None or not self.method:
            return self
        bound: dict[str, Any] = {
            name: function.__get__(instance)
            for name in ("run", "scope", "preview", "available")
            if inspect.isfunction(function := getattr(self, name)) and takes_self(function)
        }
        return replace(self, method=False, **bound)

    @property
    def fingerprint(self) -> str:
        """A hash over all that decides what the model is told and whether a person is asked; code is not in it."""
        told = [self.name, self.description, self.schema, self.risk, float(self.timeout_s), self.max_output]
        told += [self.scope is not None, self.preview is not None, self.context_parameter is not None, self.paths]
        told += [[e.asked, e.arguments, e.result, e.answer] for e in self.examples]
        told += [{"command": self.command}] if self.command else []
        told += [{"sites": True}] if self.sites else []
        return hashlib.sha256(json.dumps(told, sort_keys=True, default=str).encode()).hexdigest()

    def validate(self, arguments: Mapping[str, Any], workspace: Workspace) -> dict[str, Any]:
        """The arguments as the function takes them; ArgumentsInvalid says all that is wrong with them."""
        if self.arguments is None:
            return check_schema(self, arguments)
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


def takes_self(function: Callable[..., Any]) -> bool:
    """Whether a function is written as a method."""
    return next(iter(inspect.signature(function).parameters), "") == "self"


def _explain(error: Mapping[str, Any]) -> str:
    where = ".".join(str(part) for part in error["loc"])
    match error["type"]:
        case "missing":
            return f"{where} is missing"
        case "extra_forbidden":
            return f"{where} is not an argument of this tool"
        case _:
            return f"{where}: {error['msg']}" if where else str(error["msg"])


def check_schema(tool: Tool, arguments: Mapping[str, Any], *, patterns: bool = True) -> dict[str, Any]:
    """The arguments, once they fit the tool's schema; without `patterns`, as far as no regular expression is needed.

    Raises ArgumentsInvalid.
    """
    import jsonschema  # 60 ms, and only needed by tools that bring a schema of their own
    from referencing import Registry

    kind = jsonschema.Draft202012Validator
    if not patterns:
        left_out = dict.fromkeys(("pattern", "patternProperties"), _nothing_wrong)
        instead = {**left_out, "additionalProperties": _unless_by_pattern(kind)}
        kind = jsonschema.validators.extend(kind, instead)  # type: ignore[no-untyped-call]
    schema = kind(dict(tool.schema), registry=Registry())  # which fetches nothing
    errors = list(schema.iter_errors(dict(arguments)))
    if errors:
        raise ArgumentsInvalid(f"{tool.name}: " + "; ".join(f"{e.json_path}: {e.message}" for e in errors))
    return dict(arguments)


def _nothing_wrong(*_: Any) -> tuple[()]:
    return ()


def _unless_by_pattern(kind: Any) -> Callable[..., Any]:
    check = kind.VALIDATORS["additionalProperties"]
    return lambda made, allowed, value, schema: (
        () if "patternProperties" in schema else check(made, allowed, value, schema)
    )
