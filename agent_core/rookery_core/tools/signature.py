"""How a function, or a class whose methods belong together, becomes tools: schema and description from the code."""

from __future__ import annotations

import inspect
import typing
import warnings
from collections.abc import Callable, Sequence
from typing import Annotated, Any, overload

from pydantic import BaseModel, ConfigDict, Field, create_model

from rookery_core.errors import PluginError
from rookery_core.tools.context import ToolContext
from rookery_core.tools.contract import (
    DEFAULT_MAX_OUTPUT,
    DEFAULT_TIMEOUT_S,
    ENTRY,
    INSIDE,
    Example,
    Risk,
    Tool,
    takes_self,
)


@overload
def tool(function: Callable[..., Any], /) -> Tool: ...
@overload
def tool(
    *,
    risk: Risk = ...,
    name: str | None = ...,
    scope: Callable[..., list[str]] | None = ...,
    command: str = ...,
    confined: bool = ...,
    sites: bool = ...,
    preview: Callable[..., str] | None = ...,
    timeout_s: float = ...,
    max_output: int = ...,
    examples: Sequence[Example] = ...,
    phrases: Sequence[str] = ...,
    available: Callable[..., str] | None = ...,
) -> Callable[[Callable[..., Any]], Tool]: ...
def tool(
    function: Callable[..., Any] | None = None,
    /,
    *,
    risk: Risk = Risk.EXECUTE,
    name: str | None = None,
    scope: Callable[..., list[str]] | None = None,
    command: str = "",
    confined: bool = False,
    sites: bool = False,
    preview: Callable[..., str] | None = None,
    timeout_s: float = DEFAULT_TIMEOUT_S,
    max_output: int = DEFAULT_MAX_OUTPUT,
    examples: Sequence[Example] = (),
    phrases: Sequence[str] = (),
    available: Callable[..., str] | None = None,
) -> Tool | Callable[[Callable[..., Any]], Tool]:
    """Make a tool of an annotated function.

    Its name is the function's, its description the docstring, its schema the signature; `Annotated[str, "..."]`
    describes a parameter. A parameter annotated `ToolContext` receives the host's context and is not in the schema.
    `self` is not either: of a method, a tool can be offered once it belongs to an object (`methods`).
    Raises PluginError at once for a signature no schema can be made of.
    """

    def wrap(function: Callable[..., Any]) -> Tool:
        tool_name = name or function.__name__
        model, context_parameter = _arguments_model(tool_name, function)
        entries = _fields_with(model, ENTRY)
        return Tool(
            name=tool_name,
            description=inspect.cleandoc(function.__doc__ or "").strip(),
            schema=_plain_schema(model.model_json_schema()),
            run=function,
            risk=risk,
            scope=scope,
            command=command,
            confined=confined,
            sites=sites,
            preview=preview,
            timeout_s=timeout_s,
            max_output=max_output,
            examples=tuple(examples),
            phrases=tuple(phrases),
            arguments=model,
            context_parameter=context_parameter,
            available=available,
            paths=(*_fields_with(model, INSIDE), *entries),
            entries=entries,
            method=takes_self(function),
        )

    return wrap if function is None else wrap(function)


def methods(toolbox: object) -> list[Tool]:
    """The public methods of an object as tools, by name; they share its state. Raises PluginError for one that is none.

    A method that is not decorated becomes a tool that declares nothing, and so is taken for one that starts programs.
    """
    made: list[Tool] = []
    for name, member in inspect.getmembers_static(type(toolbox)):
        if name.startswith("_") or not (isinstance(member, Tool) or inspect.isfunction(member)):
            continue
        found = member if isinstance(member, Tool) else tool(member)
        made.append(found.__get__(toolbox))
    return made


def _arguments_model(name: str, function: Callable[..., Any]) -> tuple[type[BaseModel], str | None]:
    try:
        hints = typing.get_type_hints(function, include_extras=True)
    except Exception as exc:
        raise PluginError(f"tool {name}: its annotations cannot be resolved: {exc}") from exc
    fields: dict[str, Any] = {}
    context_parameter = None
    for place, parameter in enumerate(inspect.signature(function).parameters.values()):
        if place == 0 and parameter.name == "self":
            continue
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


def _fields_with(model: type[BaseModel], marker: Any) -> tuple[str, ...]:
    """The parameters that have a marker, as `WorkspacePath` has one, or are a list or a choice with it."""
    fields = model.model_fields.items()
    return tuple(name for name, hint in fields if marker in hint.metadata or _has(hint.annotation, marker))


def _has(hint: Any, marker: Any) -> bool:
    return marker in typing.get_args(hint) or any(_has(inner, marker) for inner in typing.get_args(hint))


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
