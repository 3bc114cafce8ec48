"""The label of what came of a call: whose words its result is made of, and whether they are private.

What computes from its arguments alone brings nothing in, whosever it is. Rookery's own tools bring in what they read.
What others' tools return is others' word, and nobody knows what of the person's they have read for it.
"""

from __future__ import annotations

from typing import assert_never

from rookery_core.approval.judging import Judged
from rookery_core.approval.levels import Level
from rookery_core.approval.subject import Subject
from rookery_core.approval.taint import OWN, PRIVATE, Label, Source
from rookery_core.events import ToolStatus
from rookery_core.tools.contract import Risk
from rookery_core.tools.registry import OfferedTool


def of_result(judged: Judged, *, apart: bool) -> Label:
    """Of what a call returned, or of how it failed. `apart`: whether its programs had the workspace and no network."""
    subject, offered = judged.subject, judged.subject.offered
    if (found := _of_others(offered)) is not None:
        return found
    match offered.tool.risk:
        case Risk.PURE:
            return OWN
        case Risk.NETWORK:
            return Label(untrusted=(Source.of("web", _of_the_web(subject)),))
        case Risk.EXECUTE if not apart and judged.assessed.level > Level.R1:
            return PRIVATE | Label(untrusted=(Source.of("program", _program(subject)),))
        case Risk.READ | Risk.WRITE | Risk.EXECUTE:
            return PRIVATE
        case _:
            assert_never(offered.tool.risk)


def of_no_result(offered: OfferedTool | None, status: ToolStatus) -> Label:
    """Of why a call was not made. A tool has its say in that where its arguments or its preview would not do."""
    if offered is None or status not in (ToolStatus.INVALID, ToolStatus.FAILED):
        return OWN
    found = _of_others(offered)
    return (OWN if offered.tool.risk is Risk.PURE else PRIVATE) if found is None else found


def of_hooks(plugins: tuple[str, ...]) -> Label:
    """Of a result that plugins have changed."""
    return Label(untrusted=tuple(Source.of("plugin", f"what the plugin {name} made of a result") for name in plugins))


def of_guards(plugins: tuple[str, ...]) -> Label:
    """Of why a call is not made, in the words of one of these plugins."""
    return Label(untrusted=tuple(Source.of("plugin", f"what the plugin {name} said of a call") for name in plugins))


def of_command(name: str) -> Label:
    """Of a message that a plugin wrote whose command the person typed."""
    return PRIVATE | Label(untrusted=(Source.of("plugin", f"the message of the command /{name}, by its plugin"),))


def _of_others(offered: OfferedTool) -> Label | None:
    """Of a tool that is not Rookery's; None where it is."""
    match offered.place.whose:
        case "server":
            return PRIVATE | Label(
                untrusted=(Source.of("server", f"{offered.tool.name} of the MCP server {offered.plugin}"),)
            )
        case "plugin" if offered.built_in:
            return None
        case "plugin" if offered.tool.risk is Risk.PURE:
            return OWN
        case "plugin":
            return PRIVATE | Label(
                untrusted=(Source.of("plugin", f"{offered.tool.name} of the plugin {offered.plugin}"),)
            )
        case _:
            assert_never(offered.place.whose)


def _of_the_web(subject: Subject) -> str:
    match subject.arguments:
        case {"url": str(url)}:
            return f"the page {url}"
        case {"query": str(query)}:
            return f"a search of the web for {query}"
        case _:
            return f"what {subject.offered.full_name} found"


def _program(subject: Subject) -> str:
    what = subject.script.text if subject.script is not None else subject.offered.full_name
    return f"a program that was not set apart: {what}"
