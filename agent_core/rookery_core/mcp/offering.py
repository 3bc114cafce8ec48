"""Our tools for other assistants: a server of the protocol whose every call goes through the runner, as the model's do.

Whoever must be asked is the person at the other assistant, by what the protocol calls elicitation; where that assistant
cannot ask, a call that would ask is denied. The newer protocol has no questions from a server: there a call is answered
with its question, and goes on when it is made again with the answer.
"""

from __future__ import annotations

import asyncio
import itertools
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from typing import Any

from mcp.server.context import ServerRequestContext
from mcp.server.lowlevel import Server
from mcp.server.stdio import stdio_server
from mcp.shared.exceptions import MCPError
from mcp_types import (
    INVALID_PARAMS,
    CallToolRequestParams,
    CallToolResult,
    ElicitRequest,
    ElicitRequestFormParams,
    ElicitResult,
    InputRequiredResult,
    ListToolsResult,
    PaginatedRequestParams,
    TextContent,
    Tool,
    ToolAnnotations,
)
from mcp_types.version import MODERN_PROTOCOL_VERSIONS

from rookery_core.approval.policy import Reply, nobody
from rookery_core.approval.taint import Label, Source
from rookery_core.errors import ModelError, TurnPaused
from rookery_core.events import (
    ApprovalRequested,
    Decision,
    Event,
    QuestionAsked,
    ToolFinished,
    ToolProgress,
    ToolStatus,
)
from rookery_core.reasoning.step import ToolCall
from rookery_core.store.calls import CallRecord
from rookery_core.tools.contract import Risk
from rookery_core.tools.registry import OfferedTool
from rookery_core.tools.runner import Caller, ToolRunner

MOST = 100_000
"""Characters of a result, unless its tool says less."""
ANSWER_SECONDS = 600.0
"""How long a call waits for being made again with an answer."""
NAME = "rookery"
ANSWER = "answer"
"""What a question's one field is called, and the question itself."""

THEIRS = Label(untrusted=(Source(kind="agent", name="another assistant, which calls Rookery's tools"),))
"""Of what is kept on its behalf: it is not the person, and what it has read nobody here knows."""

Shown = Callable[[ApprovalRequested | QuestionAsked], str]
"""A question as a person reads it."""
Context = ServerRequestContext[Any, Any]


@dataclass(frozen=True, slots=True)
class _Question:
    """What the person at the other assistant is asked."""

    text: str
    choices: tuple[str, ...]
    """Empty: any text."""

    def form(self) -> ElicitRequestFormParams:
        """As the protocol has it."""
        field: dict[str, Any] = {"type": "string", "title": "Your answer"}
        if self.choices:
            field["enum"] = [*self.choices]
        schema = {"type": "object", "properties": {ANSWER: field}, "required": [ANSWER]}
        return ElicitRequestFormParams(message=self.text, requested_schema=schema)


class Offering:
    """The tools of a runner, offered to one assistant."""

    def __init__(self, runner: ToolRunner, shown: Shown, record: CallRecord) -> None:
        self._runner = runner
        self._shown = shown
        self._record = record
        self._calls: set[_Call] = set()
        """Those that have not ended."""
        self._waiting: dict[str, _Call] = {}
        """Those that go on when they are made again, by what they are known by."""
        self._ids = itertools.count(1)

    async def serve(self) -> None:
        """Over this process's standard input and output, until the input ends. Nothing else can be printed there."""
        server: Server[Any] = Server(
            NAME, version=version(NAME), on_list_tools=self.list_tools, on_call_tool=self.call_tool
        )
        try:
            async with stdio_server() as (read, write):
                await server.run(read, write, server.create_initialization_options())
        finally:
            for call in [*self._calls]:
                await call.stop()

    async def list_tools(self, context: Context, params: PaginatedRequestParams | None) -> ListToolsResult:
        """All of them; there are no pages."""
        return ListToolsResult(tools=[described(offered) for offered in self._runner.registry])

    async def call_tool(self, context: Context, params: CallToolRequestParams) -> CallToolResult | InputRequiredResult:
        """Make a call, or go on with one that was asked about."""
        if params.request_state is None:
            name = f"mcp-{next(self._ids)}"
            call = _Call(self._runner, self._shown, self._record, name, can_ask=_can_ask(context))
            self._calls.add(call)
            call.begin(ToolCall(params.name, params.arguments or {}), lambda: self._calls.discard(call))
        else:
            found = self._waiting.pop(params.request_state, None)
            if found is None:
                raise MCPError(INVALID_PARAMS, "this call is over; make it again from the beginning")
            call = found
            call.answer((params.input_responses or {}).get(ANSWER))
        try:
            return await self._go_on(call, context)
        except asyncio.CancelledError:
            await call.stop()
            raise

    async def _go_on(self, call: _Call, context: Context) -> CallToolResult | InputRequiredResult:
        """Until it ended, or there is a question that the protocol wants answered by another request."""
        told = itertools.count(1)
        while True:
            match await call.news.get():
                case ToolProgress(text=text):
                    await context.session.report_progress(next(told), None, text)
                case _Question() as question if context.protocol_version in MODERN_PROTOCOL_VERSIONS:
                    requests = {ANSWER: ElicitRequest(params=question.form())}
                    return InputRequiredResult(input_requests=requests, request_state=self._suspended(call))
                case _Question() as question:
                    call.answer(await _elicited(context, question.form()))
                case ToolFinished(status=status, output=output):
                    return CallToolResult(content=[TextContent(text=output)], is_error=status is not ToolStatus.OK)
                case Exception() as bug:
                    raise bug

    def _suspended(self, call: _Call) -> str:
        """What the call is known by until it is made again."""
        state = secrets.token_urlsafe(16)
        self._waiting[state] = call
        call.wait(lambda: self._waiting.pop(state, None))
        return state


class _Call:
    """One call, from its request to its result, over as many exchanges as its questions take."""

    def __init__(self, runner: ToolRunner, shown: Shown, record: CallRecord, call_id: str, *, can_ask: bool) -> None:
        self.news: asyncio.Queue[ToolProgress | _Question | ToolFinished | Exception] = asyncio.Queue()
        self._runner = runner
        self._shown = shown
        self._record = record
        self._id = call_id
        self._can_ask = can_ask
        self._task: asyncio.Task[None] | None = None
        self._answer: asyncio.Future[str | None] | None = None
        self._asking = asyncio.Lock()
        self._expiry: asyncio.TimerHandle | None = None

    def begin(self, call: ToolCall, ended: Callable[[], None]) -> None:
        """Carry it out, in a task of its own."""
        self._task = asyncio.create_task(self._carry_out(call), name=f"call {self._id}")
        self._task.add_done_callback(lambda _: ended())

    def wait(self, give_up: Callable[[], object]) -> None:
        """Wait for the answer to come with another request; where none does, nobody answered."""

        def expire() -> None:
            give_up()
            self.answer(None)

        self._expiry = asyncio.get_running_loop().call_later(ANSWER_SECONDS, expire)

    def answer(self, said: object) -> None:
        """What the person said; anything but a whole answer is none."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self._answer is not None and not self._answer.done():
            given = said.content or {} if isinstance(said, ElicitResult) and said.action == "accept" else {}
            text = given.get(ANSWER)
            self._answer.set_result(text if isinstance(text, str) else None)

    async def stop(self) -> None:
        """Nobody waits for it any more."""
        if self._expiry is not None:
            self._expiry.cancel()
        if self._task is not None and not self._task.done():
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _carry_out(self, call: ToolCall) -> None:
        record = self._record
        caller = Caller(
            record.session,
            self._tell,
            self._approve,
            self._ask,
            _no_model,
            MOST,
            exposure=lambda: record.exposure,
            label=THEIRS,
        )
        try:
            finished = await self._runner.call(call, self._id, caller)
        except TurnPaused as exc:
            text = f"It cannot go on now: {exc}"
            finished = ToolFinished(call_id=self._id, tool=call.tool, status=ToolStatus.PAUSED, output=text)
        except Exception as exc:  # a bug: it is the request's that is being answered
            self.news.put_nowait(exc)
            return
        self.news.put_nowait(finished)

    def _tell(self, event: Event) -> None:
        self._record.keep(event)
        if isinstance(event, ToolProgress):
            self.news.put_nowait(event)

    async def _approve(self, request: ApprovalRequested) -> Reply:
        if not self._can_ask:
            return await nobody(request)
        ways = {"allow once": Decision.ONCE, "allow for this session": Decision.SESSION, "do not allow": Decision.DENY}
        choices = tuple(way for way in ways if request.remembers or ways[way] is not Decision.SESSION)
        chosen = await self._person(_Question(self._shown(request), choices))
        return Reply(ways[chosen] if chosen in choices else Decision.DENY)

    async def _ask(self, asked: QuestionAsked) -> str | None:
        if not self._can_ask:
            return None
        answer = await self._person(_Question(self._shown(asked), asked.choices))
        return answer if not asked.choices or answer in asked.choices else None

    async def _person(self, question: _Question) -> str | None:
        async with self._asking:
            self._answer = asyncio.get_running_loop().create_future()
            self.news.put_nowait(question)
            return await self._answer


def described(offered: OfferedTool) -> Tool:
    """A tool as other assistants read of it."""
    tool = offered.tool
    changes = tool.risk not in (Risk.PURE, Risk.READ)
    return Tool(
        name=offered.name,
        description=tool.description,
        input_schema=dict(tool.schema),
        annotations=ToolAnnotations(
            read_only_hint=not changes,
            destructive_hint=changes,
            idempotent_hint=tool.risk is Risk.PURE,
            open_world_hint=tool.risk in (Risk.NETWORK, Risk.EXECUTE),
        ),
    )


def _can_ask(context: Context) -> bool:
    """Whether the other assistant puts questions to its person."""
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.elicitation is None:
        return False
    # a client of the older protocol names no kinds of questions, and means forms
    return capabilities.elicitation.form is not None or capabilities.elicitation.url is None


async def _elicited(context: Context, form: ElicitRequestFormParams) -> ElicitResult | None:
    """What the person says, in the older protocol; None where they cannot be asked after all."""
    try:
        return await context.session.elicit_form(form.message, form.requested_schema, context.request_id)
    except MCPError:
        return None


async def _no_model(prompt: str, max_tokens: int) -> str:
    raise ModelError("a tool that another assistant calls has no model of ours")
