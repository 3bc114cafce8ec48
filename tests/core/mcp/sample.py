"""An MCP server made with the protocol's own library, that does what servers do, and what they should not.

`python sample.py FOLDER [MOOD...]`; without `http` it speaks over standard input and output. The folder is its memory.
"""

from __future__ import annotations

import base64
import os
import signal
import socket
import sys
import time
from pathlib import Path
from typing import Any

import anyio
from mcp.server.lowlevel import NotificationOptions, Server
from mcp.server.stdio import stdio_server
from mcp.server.subscriptions import InMemorySubscriptionBus, ListenHandler, ToolsListChanged
from mcp.shared.exceptions import MCPError
from mcp.shared.message import SessionMessage
from mcp_types import (
    INVALID_PARAMS,
    METHOD_NOT_FOUND,
    AudioContent,
    BlobResourceContents,
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitRequestURLParams,
    EmbeddedResource,
    ErrorData,
    ImageContent,
    InputRequiredResult,
    JSONRPCError,
    ListToolsResult,
    ResourceLink,
    TextContent,
    TextResourceContents,
    Tool,
    ToolAnnotations,
    ToolExecution,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

FOLDER, MOODS = Path(sys.argv[1]), set(sys.argv[2:])
CHANGED = FOLDER / "changed"
"""While it is there, another thing is offered."""
WIRE = os.dup(1) if "http" not in MOODS else -1
BYTES = base64.b64encode(b"x" * 12_345).decode()
FORM = {
    "type": "object",
    "properties": {
        "city": {"type": "string", "title": "City", "description": "where to", "minLength": 2},
        "seats": {"type": "integer", "minimum": 1, "maximum": 9},
        "window": {"type": "boolean"},
        "class": {"type": "string", "enum": ["a", "b"], "enumNames": ["first", "second"]},
    },
    "required": ["city", "seats"],
}


def tool(name: str, about: str = "Does it.", hints: ToolAnnotations | None = None, **properties: Any) -> Tool:
    schema = {"type": "object", "properties": properties, "required": [*properties]}
    return Tool(name=name, description=about, input_schema=schema, annotations=hints)


STRING, NUMBER = {"type": "string"}, {"type": "number"}


def tools() -> list[Tool]:
    """What is offered now."""
    changed = CHANGED.exists()
    found = [
        tool("get-Sum", "Adds two numbers.", ToolAnnotations(read_only_hint=True), a=NUMBER, b=NUMBER),
        tool("show", what=STRING),
        tool("slow", "Takes its time.", seconds=NUMBER),
        tool("block", "Answers nobody meanwhile.", seconds=NUMBER),
        tool("die", how=STRING),
        tool("ask", kind=STRING),
        Tool(
            name="moody",
            description="Does something else." if changed else "Does one thing.",
            input_schema={"type": "object", "properties": {"n": NUMBER}},
        ),
        tool("surroundings"),
        Tool(name="elsewhere", input_schema={"type": "object", "properties": {"a": {"$ref": "http://127.0.0.1:1/a"}}}),
    ]
    if "legacy" in MOODS:  # the newer protocol cannot say that
        execution = ToolExecution(task_support="required")
        found.append(Tool(name="task_only", input_schema={"type": "object"}, execution=execution))
    return [*found, tool("extra")] if changed else found


class Sample:
    """The server."""

    def __init__(self) -> None:
        self.bus = InMemorySubscriptionBus()
        self.server: Server[Any] = Server(
            "sample",
            version="1",
            on_list_tools=self.list_tools,
            on_call_tool=self.call_tool,
            on_subscriptions_listen=ListenHandler(self.bus),
        )

    async def list_tools(self, context: Any, params: Any) -> ListToolsResult:
        found = tools()
        cursor = params.cursor if params is not None else None  # in two pages
        return ListToolsResult(tools=found[3:]) if cursor else ListToolsResult(tools=found[:3], next_cursor="more")

    async def call_tool(self, context: Any, params: Any) -> CallToolResult | InputRequiredResult:
        given = params.arguments or {}
        match params.name:
            case "get-Sum":
                return _text(f"{given['a'] + given['b']:g}")
            case "show":
                return shown(given["what"])
            case "slow":
                return await self.slow(context, given["seconds"])
            case "block":
                time.sleep(given["seconds"])  # noqa: ASYNC251
                return _text("blocked")
            case "die":
                return self.die(given["how"])
            case "ask":
                return await self.ask(context, params, given["kind"])
            case "moody" | "extra":
                CHANGED.unlink() if CHANGED.exists() else CHANGED.touch()
                await self.bus.publish(ToolsListChanged())
                if context.protocol_version not in MODERN_PROTOCOL_VERSIONS:
                    await context.session.send_tool_list_changed()
                return _text("changed")
            case "surroundings":
                return _text(f"{os.getcwd()}\n{' '.join(sorted(os.environ))}\n{os.environ.get('TOKEN', '')}")
            case name:
                raise MCPError(INVALID_PARAMS, f"there is no tool {name}")

    async def slow(self, context: Any, seconds: float) -> CallToolResult:
        (FOLDER / "begun").touch()
        try:
            for n in range(10):
                await context.session.report_progress(n, 10, f"step {n}" if n % 2 else None)
                await anyio.sleep(seconds / 10)
        except anyio.get_cancelled_exc_class():
            (FOLDER / "cancelled").touch()
            raise
        return _text("slowly")

    def die(self, how: str) -> CallToolResult:
        match how:
            case "exit":
                print("no more of this", file=sys.stderr, flush=True)
                os._exit(3)
            case "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            case "rubbish":
                os.write(WIRE, b"this is no message\n")
                return _text("and yet")
            case _:
                raise RuntimeError(f"cannot {how}")
        return _text("")

    async def ask(self, context: Any, params: Any, kind: str) -> CallToolResult | InputRequiredResult:
        if kind == "url":
            asked: Any = ElicitRequestURLParams(message="Sign in.", url="https://x.test/\x1b[31m", elicitation_id="1")
        else:
            schema = {"type": "object", "properties": {}} if kind == "confirm" else FORM
            asked = ElicitRequestFormParams(message="A ticket?", requested_schema=schema)
        if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
            if params.input_responses is None:
                return InputRequiredResult(input_requests={"it": ElicitRequest(params=asked)}, request_state="s")
            answer = params.input_responses["it"]
        elif kind == "url":
            answer = await context.session.elicit_url(asked.message, asked.url, "1", context.request_id)
        else:
            answer = await context.session.elicit_form(asked.message, asked.requested_schema, context.request_id)
        return _text(f"{answer.action} {answer.content}")


def shown(what: str) -> CallToolResult:
    """A result of that kind."""
    match what:
        case "structured":
            return CallToolResult(content=[], structured_content={"a": [1, 2]})
        case "image":
            return CallToolResult(content=[ImageContent(data=BYTES, mime_type="image/png"), TextContent(text="there")])
        case "audio":
            return CallToolResult(content=[AudioContent(data=BYTES, mime_type="audio/wav")])
        case "text resource":
            resource = TextResourceContents(uri="note://1", text="the note")
            return CallToolResult(content=[EmbeddedResource(resource=resource)])
        case "resource":
            blob = BlobResourceContents(uri="note://2", blob=BYTES, mime_type="application/zip")
            return CallToolResult(content=[EmbeddedResource(resource=blob)])
        case "link":
            return CallToolResult(content=[ResourceLink(name="it", uri="note://3", description="a note")])
        case "nothing":
            return CallToolResult(content=[])
        case "error":
            return CallToolResult(content=[TextContent(text="that went wrong")], is_error=True)
        case "huge":
            return _text("begin " + "x" * 3_000_000 + " end")
        case _:
            return _text(what)


def _text(text: str) -> CallToolResult:
    return CallToolResult(content=[TextContent(text=text)])


async def over_pipes(sample: Sample) -> None:
    options = sample.server.create_initialization_options(NotificationOptions(tools_changed=True))
    async with stdio_server() as (read, write), anyio.create_task_group() as group:
        if "legacy" in MOODS:
            send, received = anyio.create_memory_object_stream[Any](0)
            group.start_soon(only_the_older_protocol, read, write, send)
            await sample.server.run(received, write, options)
        else:
            await sample.server.run(read, write, options)
        group.cancel_scope.cancel()


async def only_the_older_protocol(read: Any, write: Any, send: Any) -> None:
    """Pass on what is read, but for the first word of the newer protocol."""
    async with send:
        async for item in read:
            if getattr(getattr(item, "message", None), "method", "") != "server/discover":
                await send.send(item)
                continue
            if "fussy" in MOODS:
                print("expected initialize", file=sys.stderr, flush=True)
                os._exit(1)
            error = ErrorData(code=METHOD_NOT_FOUND, message="Method not found")
            await write.send(SessionMessage(JSONRPCError(jsonrpc="2.0", id=item.message.id, error=error)))


async def over_http(sample: Sample, bound: socket.socket) -> None:
    import uvicorn

    app = sample.server.streamable_http_app()
    await uvicorn.Server(uvicorn.Config(app, log_level="warning")).serve([bound])


def main() -> None:
    if "crash" in MOODS:
        sys.exit("something is missing")
    if "late" in MOODS:
        time.sleep(600)
    if "http" not in MOODS:
        anyio.run(over_pipes, Sample())
        return
    bound = socket.create_server(("127.0.0.1", int(os.environ.get("PORT", "0"))))
    (FOLDER / "port.part").write_text(str(bound.getsockname()[1]))
    (FOLDER / "port.part").rename(FOLDER / "port")
    anyio.run(over_http, Sample(), bound)


if __name__ == "__main__":
    main()
