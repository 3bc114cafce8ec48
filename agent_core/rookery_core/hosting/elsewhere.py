"""Tools in a process of their own, one for each distribution: what goes wrong there costs one call."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Callable, Mapping
from contextlib import aclosing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, Literal

from rookery_core.errors import ArgumentsInvalid, ToolFailed
from rookery_core.hosting.plugin_process import Life, Message, PluginProcess, Said
from rookery_core.hosting.serving import TOLD
from rookery_core.sandbox.guests import REFUSALS
from rookery_core.tools.context import ToolContext
from rookery_core.tools.contract import Risk, Tool, check_schema
from rookery_core.tools.running import Deadline, End, Fitted, jsonable, within
from rookery_core.tools.threads import in_thread
from rookery_core.workspace import Workspace

NO_NETWORK = (
    "it needs the network, and nothing may go online: `--online` allows it for one start, "
    "`rookery config set web.online true` from now on"
)
CONFINED = (
    "\n[the plugin {plugin} runs in the sandbox, which may be why: it has what its tools say that they need; "
    "`rookery plugins enable {plugin} --open` lets it do all]"
)
FIT_SECONDS = 5.0
"""What a plugin's own validators and `scope` may take."""
MAY_BE_ASKED = {
    "memory": {"add", "search", "forget"},
    "person": {"confirm", "ask"},
    "data": {"get", "set", "delete", "keys"},
    "artifacts": {"add", "get"},
    "secrets": {"get"},
    "model": {"complete"},
}


@dataclass(frozen=True, slots=True)
class Elsewhere:
    """The place of one plugin's tools."""

    whose: ClassVar[Literal["plugin", "server"]] = "plugin"
    process: PluginProcess
    plugin: str
    online: bool = True
    """Whether a process that is confined has a network."""

    async def fit(self, tool: Tool, arguments: Mapping[str, Any], workspace: Workspace) -> Fitted:
        """Check against the schema here, so that what is shown is not the plugin's word; then ask the plugin.

        Its patterns are left to its own process: a regular expression may never come to an end.
        """
        values = check_schema(tool, arguments, patterns=False)
        told = {**_defaults(tool), **values}
        paths = {
            name: _inside(told[name], workspace.entry if name in tool.entries else workspace.resolve)
            for name in tool.paths
            if name in told
        }
        shown = jsonable({**told, **paths})
        life = await self.process.ready()  # which may take as long as its imports
        if life.confined and tool.risk is Risk.NETWORK and not self.online:
            raise ToolFailed(NO_NETWORK)
        try:
            async with asyncio.timeout(FIT_SECONDS):
                answer = await self._last("fit", tool, values, workspace)
        except TimeoutError:
            raise ToolFailed(f"no answer in {FIT_SECONDS:g} s") from None
        return Fitted(values, shown, tuple(answer.scopes) if tool.scope else _exactly(values))

    async def preview(self, tool: Tool, fitted: Fitted, context: ToolContext) -> str:
        """What the plugin says the call would do."""
        if tool.preview is None:
            return ""
        answer = await self._last("preview", tool, fitted.values, context.workspace, call_id=context.call_id)
        return answer.text

    async def run(self, tool: Tool, fitted: Fitted, context: ToolContext, deadline: Deadline, end: End) -> str:
        """Have it run, lending what it asks for."""
        return await within(self._run(tool, fitted, context), tool.name, context, deadline, end)

    async def _run(self, tool: Tool, fitted: Fitted, context: ToolContext) -> str:
        lending: set[asyncio.Task[None]] = set()
        asked = self._ask("run", tool, fitted.values, context.workspace, context.call_id, approved=context.approved)
        try:
            async with aclosing(asked) as messages:
                async for running, said in messages:
                    match said:
                        case Said(progress=str(text)):
                            context.progress(text)
                        case Said(lend=str(what)):
                            task = asyncio.create_task(_lend(running, said, what, context))
                            lending.add(task)
                            task.add_done_callback(lending.discard)
                        case Said(failed=str(kind)):
                            raise _failure(kind, said.message + self._why(running, said.message))
                        case Said(end=True):
                            return said.text
        finally:
            for task in lending:
                task.cancel()
        raise ToolFailed("it ended without a result")

    def _why(self, running: Life, said: str) -> str:
        """What there is to add to an error, where the sandbox may be the reason."""
        refused = running.confined and any(sign in said for sign in REFUSALS)
        return CONFINED.format(plugin=self.plugin) if refused else ""

    async def _last(
        self, op: str, tool: Tool, values: Mapping[str, Any], workspace: Workspace, call_id: str = ""
    ) -> Said:
        async with aclosing(self._ask(op, tool, values, workspace, call_id)) as messages:
            async for _, said in messages:
                if said.failed is not None:
                    raise _failure(said.failed, said.message)
                if said.end:
                    return said
        raise ToolFailed("it ended without a result")

    def _ask(
        self,
        op: str,
        tool: Tool,
        values: Mapping[str, Any],
        workspace: Workspace,
        call_id: str,
        *,
        approved: bool = False,
    ) -> AsyncGenerator[tuple[Life, Said], None]:
        return self.process.ask(
            op,
            tool=f"{self.plugin}.{tool.name}",
            arguments=dict(values),
            workspace=str(workspace.root),
            call_id=call_id,
            approved=approved,
        )


async def _lend(running: Life, said: Said, what: str, context: ToolContext) -> None:
    """Do what the context is asked for, and say what came of it."""
    part, _, method = what.partition(".")
    reply: Message = {"op": "lent", "id": said.id, "ref": said.ref}
    try:
        if method not in MAY_BE_ASKED.get(part, ()):
            raise ToolFailed(f"there is no {what}")
        function = getattr(getattr(context, part), method)
        reply["value"] = await in_thread(lambda: function(*said.arguments, **said.named), name=f"lend {what}")
    except tuple(TOLD.values()) as exc:
        reply |= {"failed": type(exc).__name__, "message": str(exc)}
    except Exception as exc:
        reply |= {"failed": ToolFailed.__name__, "message": f"{type(exc).__name__}: {exc}"}
    await running.send(reply)


def _failure(kind: str, text: str) -> Exception:
    return TOLD[kind](text) if kind in TOLD else ToolFailed(text or "it was stopped")


def _defaults(tool: Tool) -> dict[str, Any]:
    """What its function gets for arguments that are not given."""
    properties = tool.schema.get("properties", {})
    return {
        name: each["default"] for name, each in properties.items() if isinstance(each, Mapping) and "default" in each
    }


def _exactly(values: Mapping[str, Any]) -> tuple[str, ...]:
    return (json.dumps(dict(values), sort_keys=True, ensure_ascii=False),)


def _inside(value: Any, resolve: Callable[[str], Path]) -> Any:
    """A path, or several, as they really are. Raises ArgumentsInvalid for one outside."""
    match value:
        case str():
            return str(resolve(value))
        case list():
            return [_inside(item, resolve) for item in value]
        case None:
            return None
        case _:
            raise ArgumentsInvalid("give a path as a string")
