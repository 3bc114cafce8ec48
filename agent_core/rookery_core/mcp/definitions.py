"""A server's tools as Rookery's: named, described and checked, and what had to be left out. Pure.

Everything here is a stranger's word: nothing in it makes a tool less risky, and a schema refers to nothing outside
itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict

from rookery_core.approval.levels import riskier
from rookery_core.errors import GrammarError, PluginError
from rookery_core.mcp.naming import names
from rookery_core.mcp.settings import ServerSettings
from rookery_core.model.constraint import step_grammar
from rookery_core.text import storable
from rookery_core.tools.contract import Risk, Tool

DESCRIPTION_CHARS, PARAMETER_CHARS = 600, 200
"""What is kept of a description: those of servers are written for large models."""
DEEP, MOST_NODES = 80, 20_000
"""How far a schema may be nested, and what it may have in all with what it refers to."""
DEFINITIONS = ("$defs", "definitions")
MOST_TOOLS = 500
"""Of one server: each takes time before anything can be asked."""


class Definition(BaseModel):
    """A tool as its server describes it."""

    model_config = ConfigDict(frozen=True)

    name: str
    description: str = ""
    parameters: dict[str, Any]
    """JSON Schema of the arguments."""
    hints: dict[str, Any] = {}
    """What the server says of what it does, by the protocol's names: readOnlyHint, ..."""
    only_as_task: bool = False
    """Whether it has to be run in a way that the protocol calls a task."""


@dataclass(frozen=True, slots=True)
class Remark:
    """Something to be known of what a server offers."""

    reason: str
    failed: bool = True
    """Whether something is left out."""


@dataclass(frozen=True, slots=True)
class Offered:
    """What of a server's tools can be used."""

    tools: tuple[Tool, ...] = ()
    theirs: Mapping[str, str] = field(default_factory=dict)
    """The server's name of each tool, by Rookery's."""
    remarks: tuple[Remark, ...] = ()

    @property
    def summary(self) -> object:
        """What is another where something else is offered."""
        return [(tool.name, tool.fingerprint) for tool in self.tools], self.theirs, self.remarks

    def get(self, name: str) -> Tool | None:
        """The tool of that name of Rookery's."""
        return next((tool for tool in self.tools if tool.name == name), None)


def offered(definitions: Iterable[Definition], settings: ServerSettings) -> Offered:
    """The tools of these definitions that are wanted and can be used."""
    known: dict[str, Definition] = {}
    for definition in definitions:
        known.setdefault(definition.name, definition)
    ours = names(known)
    tools: list[Tool] = []
    remarks = [*_unknown(settings, ours), *_told_apart(ours)]
    wanted = [name for name in known if not settings.tools or {name, ours[name]} & {*settings.tools}]
    if len(wanted) > MOST_TOOLS:
        reason = (
            f"of its {len(wanted)} tools the first {MOST_TOOLS} are used; its setting tools may name those you want"
        )
        remarks.append(Remark(reason))
    for name in wanted[:MOST_TOOLS]:
        definition = known[name]
        try:
            tools.append(_tool(definition, ours[name], settings))
        except (PluginError, GrammarError) as exc:
            remarks.append(Remark(f"tool {ours[name]} is left out: {exc}"))
    theirs = {ours[name]: name for name in known}
    return Offered(tuple(tools), {tool.name: theirs[tool.name] for tool in tools}, tuple(remarks))


def _tool(definition: Definition, name: str, settings: ServerSettings) -> Tool:
    if definition.only_as_task:
        raise PluginError("it can only be run as what the protocol calls a task, which Rookery does not do")
    made = Tool(
        name=name,
        description=_shortened(definition.description, DESCRIPTION_CHARS) or definition.name,
        schema=_schema(definition.parameters),
        run=_at_its_server,
        risk=_risk(definition, name, settings),
        timeout_s=settings.timeout_s,
    )
    step_grammar([(name, made.schema)])
    return made


def _risk(definition: Definition, name: str, settings: ServerSettings) -> Risk:
    """What the person says, or else the most that is likely; the server's own word may only add to it."""
    said = settings.risk.get(definition.name) or settings.risk.get(name) or settings.own_risk
    hints = definition.hints
    if hints.get("readOnlyHint") is False or hints.get("destructiveHint") is True:
        said = riskier(said, Risk.WRITE)
    return riskier(said, Risk.NETWORK) if hints.get("openWorldHint") is True else said


def _unknown(settings: ServerSettings, ours: Mapping[str, str]) -> Iterator[Remark]:
    known = {*ours, *ours.values()}
    for setting, named in (("tools", settings.tools), ("risk", settings.risk)):
        for name in named:
            if name not in known:
                yield Remark(f"its setting {setting} names a tool {name}, which it does not offer", failed=False)


def _told_apart(ours: Mapping[str, str]) -> Iterator[Remark]:
    for theirs, name in ours.items():
        if name not in names([theirs]).values():
            yield Remark(f"its tool {theirs} is called {name}, since another one has that name", failed=False)


class _Inlined:
    """A schema with what it refers to put in place, but for what is inside of itself."""

    def __init__(self, root: Mapping[str, Any]) -> None:
        self._root = root
        self._left = MOST_NODES

    def node(self, node: Any, within: tuple[str, ...] = (), depth: int = 0) -> Any:
        """The node; `within` are the references that led to it. Raises PluginError."""
        self._left -= 1
        if self._left < 0 or depth > DEEP:
            raise PluginError("its schema is too large, or nested too deep")
        match node:
            case {"$ref": str(reference), **beside}:
                if not reference.startswith("#"):
                    raise PluginError(f"its schema refers to something elsewhere: {reference[:100]}")
                target = self._target(reference)
                if target is None or reference in within:
                    return node
                found = self.node(target, (*within, reference), depth + 1)
                return {**found, **self.node(beside, within, depth + 1)} if isinstance(found, dict) else found
            case dict():
                return {key: self.node(value, within, depth + 1) for key, value in node.items()}
            case list():
                return [self.node(value, within, depth + 1) for value in node]
            case _:
                return node

    def _target(self, reference: str) -> Any:
        """What a reference of the form #/a/b means; None where that is nothing."""
        node: Any = self._root
        for part in reference.removeprefix("#/").split("/"):
            node = node.get(part.replace("~1", "/").replace("~0", "~")) if isinstance(node, Mapping) else None
        return node


def _schema(given: Mapping[str, Any]) -> dict[str, Any]:
    """A schema that is one, of an object, without references as far as can be. Raises PluginError."""
    import jsonschema  # 60 ms, and only needed where there are servers

    made: dict[str, Any] = {"type": "object"} | {k: v for k, v in _Inlined(given).node(given).items() if k != "$schema"}
    if "$ref" not in _keys({key: value for key, value in made.items() if key not in DEFINITIONS}):
        made = {key: value for key, value in made.items() if key not in DEFINITIONS}
    try:
        jsonschema.Draft202012Validator.check_schema(made)
    except jsonschema.SchemaError as exc:
        raise PluginError(f"its schema is none: {exc.json_path}: {exc.message[:200]}") from exc
    for about in made.get("properties", {}).values():
        if isinstance(about, dict) and "description" in about:
            about["description"] = _shortened(about["description"], PARAMETER_CHARS)
    return made


def _shortened(text: str, most: int) -> str:
    """On one line, and cut at the end of a sentence where it is too long."""
    flat = " ".join(storable(text).split())
    if len(flat) <= most:
        return flat
    cut = flat[:most]
    sentence = cut.rfind(". ", most // 2)
    return cut[: sentence + 1] if sentence > 0 else f"{cut.rpartition(' ')[0] or cut} …"


def _keys(node: Any) -> Iterator[str]:
    match node:
        case dict():
            for key, value in node.items():
                yield key
                yield from _keys(value)
        case list():
            for value in node:
                yield from _keys(value)


def _at_its_server(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("this tool runs at its MCP server")
