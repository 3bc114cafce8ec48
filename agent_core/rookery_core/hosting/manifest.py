"""A plugin as data: all that the program needs to know of it without importing it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

from pydantic import BaseModel, ConfigDict

from rookery_core.errors import GrammarError
from rookery_core.model.constraint import step_grammar
from rookery_core.tools.contract import Example, Risk, Tool
from rookery_core.tools.extending import RiskRule
from rookery_core.tools.gathering import Offers, gather

IN_PROCESS_HOOKS = {
    "before_tool": "rookery_before_tool",
    "after_tool": "rookery_after_tool",
    "strategies": "rookery_strategies",
    "backends": "rookery_model_backends",
    "sinks": "rookery_event_sinks",
    "commands": "rookery_commands",
}
"""What only works inside the program: the part of `Offers`, and the hook it is from."""

TOO_SLOW = "importing it took longer than {seconds:g} s"

FROZEN = ConfigDict(frozen=True)


class ExampleData(BaseModel):
    """A worked use of a tool."""

    model_config = FROZEN

    asked: str
    arguments: dict[str, Any]
    result: str
    answer: str


class ToolData(BaseModel):
    """A tool without its code."""

    model_config = FROZEN

    name: str
    description: str
    parameters: dict[str, Any]
    """JSON Schema of the arguments."""
    risk: Risk
    timeout_s: float
    max_output: int
    examples: tuple[ExampleData, ...] = ()
    phrases: tuple[str, ...] = ()
    command: str = ""
    sites: bool = False
    paths: tuple[str, ...] = ()
    entries: tuple[str, ...] = ()
    context_parameter: str | None = None
    has_scope: bool = False
    has_preview: bool = False
    missing: str = ""
    """What `available` said when the manifest was made, or why there is no grammar of its schema."""

    def tool(self) -> Tool:
        """The tool, to be run elsewhere. Raises PluginError for one that is none."""
        return Tool(
            name=self.name,
            description=self.description,
            schema=self.parameters,
            run=_elsewhere,
            risk=self.risk,
            scope=_elsewhere if self.has_scope else None,
            preview=_elsewhere if self.has_preview else None,
            timeout_s=self.timeout_s,
            max_output=self.max_output,
            examples=tuple(Example(e.asked, e.arguments, e.result, e.answer) for e in self.examples),
            phrases=self.phrases,
            command=self.command,
            sites=self.sites,
            context_parameter=self.context_parameter,
            available=(lambda: self.missing) if self.missing else None,
            paths=self.paths,
            entries=self.entries,
        )


class RuleData(BaseModel):
    """A rule of risk."""

    model_config = FROZEN

    tool: str
    risk: Risk
    when: dict[str, str] = {}
    reason: str = ""


class Manifest(BaseModel):
    """One plugin."""

    model_config = FROZEN

    tools: tuple[ToolData, ...] = ()
    sections: tuple[str, ...] = ()
    risk_rules: tuple[RuleData, ...] = ()
    in_process: tuple[str, ...] = ()
    """Hooks it has that only work inside the program."""
    ignored: tuple[str, ...] = ()
    """Hooks it has that there are not."""
    import_s: float = 0.0
    problem: str = ""
    """Why it cannot be used at all; "" where it can."""

    def offers(self) -> Offers:
        """What it offers out of process, checked as it was by the process that wrote it down. Raises PluginError."""
        return gather(
            {
                "rookery_tools": lambda: [data.tool() for data in self.tools],
                "rookery_prompt_sections": lambda: self.sections,
                "rookery_risk_rules": lambda: [RiskRule(r.tool, r.risk, r.when, r.reason) for r in self.risk_rules],
            }
        )


def manifest_of(offers: Offers, ignored: tuple[str, ...], import_s: float) -> Manifest:
    """A loaded plugin as data."""
    return Manifest(
        tools=tuple(_data(tool) for tool in offers.tools),
        sections=offers.sections,
        risk_rules=tuple(RuleData(**_fields(rule)) for rule in offers.risk_rules),
        in_process=tuple(hook for part, hook in IN_PROCESS_HOOKS.items() if getattr(offers, part)),
        ignored=ignored,
        import_s=import_s,
    )


def _data(tool: Tool) -> ToolData:
    return ToolData(
        name=tool.name,
        description=tool.description,
        parameters=dict(tool.schema),
        risk=tool.risk,
        timeout_s=tool.timeout_s,
        max_output=tool.max_output,
        examples=tuple(
            ExampleData(**{**_fields(example), "arguments": dict(example.arguments)}) for example in tool.examples
        ),
        phrases=tool.phrases,
        command=tool.command,
        sites=tool.sites,
        paths=tool.paths,
        entries=tool.entries,
        context_parameter=tool.context_parameter,
        has_scope=tool.scope is not None,
        has_preview=tool.preview is not None,
        missing=_missing(tool),
    )


def _missing(tool: Tool) -> str:
    try:
        step_grammar([(tool.name, tool.schema)])
        return str(tool.available() or "") if tool.available else ""
    except GrammarError as exc:
        return str(exc)
    except Exception as exc:
        return f"it cannot say whether it works here: {exc!r}"


def _fields(value: Any) -> Mapping[str, Any]:
    return {name: getattr(value, name) for name in type(value).__dataclass_fields__}


def _elsewhere(*_: Any, **__: Any) -> NoReturn:
    raise RuntimeError("this tool runs in the process of its plugin")
