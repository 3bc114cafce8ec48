"""Permission modes in a conversation: what the model is told, what runs, and what is kept of it."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import pytest

from rookery_core.approval.modes import PLANNING, mode_of
from rookery_core.approval.policy import Reply
from rookery_core.config import AgentSettings, Config
from rookery_core.events import (
    ApprovalRequested,
    Decision,
    Event,
    Mode,
    ModeChanged,
    ToolFinished,
    ToolStarted,
    ToolStatus,
)
from rookery_core.plugin import Allow, NeedsApproval, Risk, ToolContext, ToolUse, tool
from rookery_core.store.audit import audited
from rookery_core.testing import ScriptedModel
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import LoadedPlugin
from rookery_core.transcript import PLANNED
from rookery_core.transcript import PLANNING as TOLD
from tests.core.conftest import Lab, act, answer, look, play, save

SAVE = '{"path": "a.txt", "text": "x"}'
PLAN, EDITS = Mode.PLAN, Mode.ACCEPT_EDITS


async def never(request: ApprovalRequested) -> Reply:
    raise AssertionError(f"nobody may be asked about {request.tool}")


@tool(risk=Risk.READ)
def wary(ctx: ToolContext) -> str:
    """Asks on its way."""
    if not ctx.approved:
        raise NeedsApproval("this is more than it looked like")
    return "done"


def finished(events: list[Event]) -> list[tuple[ToolStatus, str]]:
    return [(event.status, event.output) for event in events if isinstance(event, ToolFinished)]


async def test_in_plan_mode_nothing_is_changed_nobody_is_asked_and_the_model_is_told(lab: Lab) -> None:
    calls = [act("save", SAVE), act("look", '{"path": "b.txt"}'), act("wary", "{}"), answer("I would save it.")]
    model = ScriptedModel(calls)
    (lab.workspace / "b.txt").write_text("hello")
    assistant = lab.assistant(model, tools=(save, look, wary), approver=never, mode=PLAN, allow=["write"])
    events = await play(assistant, assistant.new_session(), "save it")
    refused, read, asked = finished(events)
    assert refused[0] is asked[0] is ToolStatus.DENIED
    assert refused[1].startswith(PLANNING)
    assert asked[1].startswith(PLANNING)
    assert read == (ToolStatus.OK, "hello")
    assert not (lab.workspace / "a.txt").exists()
    assert model.seen[0][-1].content == f"save it{TOLD}"


async def test_a_plugin_that_allows_is_no_way_out_of_plan_mode(lab: Lab) -> None:
    def permit(use: ToolUse) -> Allow:
        return Allow()

    lax = LoadedPlugin("lax", "lax-dist", Offers(before_tool=permit))
    model = ScriptedModel([act("save", SAVE), answer("no"), act("save", SAVE), answer("yes")])
    assistant = lab.assistant(model, approver=never, mode=PLAN, plugins=[lax])
    session = assistant.new_session()
    events = await play(assistant, session, "save it")
    assert [status for status, _ in finished(events)] == [ToolStatus.DENIED]
    assistant.set_mode(session, Mode.ASK)
    events = await play(assistant, session, "now save it")
    assert [status for status, _ in finished(events)] == [ToolStatus.OK]


async def test_edits_run_in_accept_edits_and_only_those_of_the_file_tools(lab: Lab) -> None:
    files = LoadedPlugin.of_tools("files", "rookery", (save,))
    model = ScriptedModel([act("save", SAVE), act("kit.save", SAVE), answer("done")])
    asked: list[str] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request.tool)
        return Reply(Decision.DENY)

    assistant = lab.assistant(model, approver=approve, mode=EDITS, plugins=[files])
    events = await play(assistant, assistant.new_session(), "save it twice")
    assert asked == ["kit.save"]
    (started,) = [event for event in events if isinstance(event, ToolStarted)]
    assert (started.tool, started.rule) == ("files.save", "the mode accept-edits")


def when(kind: type[Event], act: Callable[[], object]) -> Callable[[Event], None]:
    """Something that is done when the first event of a kind was seen."""
    done: list[object] = []

    def each(event: Event) -> None:
        if isinstance(event, kind) and not done:
            done.append(act())

    return each


async def test_a_mode_that_is_changed_during_a_turn_holds_from_the_next_call_on(lab: Lab) -> None:
    other = '{"path": "b.txt", "text": "x"}'
    model = ScriptedModel([act("save", SAVE), act("save", other), answer("done"), answer("now")], delay_s=0.001)
    assistant = lab.assistant(model, allow=["write"])
    session = assistant.new_session()
    change = when(ToolFinished, lambda: assistant.set_mode(session, PLAN))
    events = await play(assistant, session, "save both", change)
    assert [status for status, _ in finished(events)] == [ToolStatus.OK, ToolStatus.DENIED]
    (changed,) = [event for event in events if isinstance(event, ModeChanged)]
    assert (changed.turn, changed.seq is not None, mode_of(session.events)) == (1, True, PLAN)


@pytest.mark.parametrize("decision", [Decision.ONCE, Decision.SESSION, Decision.ALWAYS])
async def test_what_was_allowed_before_plan_mode_began_does_not_run(lab: Lab, decision: Decision) -> None:
    async def approve(request: ApprovalRequested) -> Reply:
        assistant.set_mode(session, PLAN)
        return Reply(decision)

    model = ScriptedModel([act("save", SAVE), answer("I would.")])
    assistant = lab.assistant(model, approver=approve)
    session = assistant.new_session()
    events = await play(assistant, session, "save it")
    assert [status for status, _ in finished(events)] == [ToolStatus.DENIED]
    assert not (lab.workspace / "a.txt").exists()


async def test_a_session_that_is_gone_on_with_has_the_mode_it_had(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([answer("yes")]))
    session = assistant.new_session()
    assistant.set_mode(session, PLAN)
    await play(assistant, session, "hello")
    session.close()
    assistant.set_mode(other := assistant.new_session(), EDITS)  # what has no turn is not stored
    other.close()
    again = lab.assistant(ScriptedModel([act("save", SAVE), answer("no")]), approver=never)
    opened = again.sessions.open(session.id)
    assert mode_of(opened.events) is PLAN
    events = await play(again, opened, "save it")
    assert [status for status, _ in finished(events)] == [ToolStatus.DENIED]
    assert [summary.id for summary in again.sessions.recent()] == [session.id]


async def test_a_new_session_begins_in_the_mode_of_the_settings_or_of_the_start(lab: Lab) -> None:
    configured = Config(agent=AgentSettings(mode="plan"))
    for config, option, expected in (
        (None, None, Mode.ASK),
        (configured, None, PLAN),
        (configured, Mode.ASK, Mode.ASK),
        (None, EDITS, EDITS),
    ):
        assistant = lab.assistant(ScriptedModel([]), config=config, mode=option)
        session = assistant.new_session()
        assert mode_of(session.events) is expected
        session.close()


async def test_the_mode_of_one_session_is_not_that_of_another(lab: Lab) -> None:
    script = [answer("a"), act("save", SAVE), answer("b"), act("save", SAVE), answer("c")]
    assistant = lab.assistant(ScriptedModel(script), allow=["write"])
    first, second = assistant.new_session(), assistant.new_session()
    assistant.set_mode(first, PLAN)
    await play(assistant, first, "hello")
    assert [status for status, _ in finished(await play(assistant, second, "save"))] == [ToolStatus.OK]
    assert [status for status, _ in finished(await play(assistant, first, "save"))] == [ToolStatus.DENIED]


async def test_what_the_model_was_told_stays_as_it_was_whatever_the_mode(lab: Lab) -> None:
    """A prompt goes on where the one before ended: the KV cache of its beginning stays good."""
    sums = [act("add", f'{{"a": {n}, "b": 1}}') for n in range(4)]
    script = [answer("0"), sums[0], sums[1], answer("1"), answer("2"), sums[2], sums[3], answer("3"), answer("4")]
    model = ScriptedModel(script, delay_s=0.001)
    assistant = lab.assistant(model)
    session = assistant.new_session()
    await play(assistant, session, "one")
    await play(assistant, session, "two", when(ToolFinished, lambda: assistant.set_mode(session, PLAN)))
    await play(assistant, session, "three")
    await play(assistant, session, "four", when(ToolFinished, lambda: assistant.set_mode(session, Mode.ASK)))
    assistant.set_mode(session, EDITS)
    await play(assistant, session, "five")
    for before, now in pairwise(model.seen):
        assert now[: len(before)] == before
    told = [message.content for message in model.seen[-1] if message.role != "assistant"][-9:]
    assert [text.endswith(TOLD) for text in told] == [False, False, False, True, True, True, False, False, False]
    assert [text.endswith(PLANNED) for text in told] == [False] * 7 + [True, False]


async def test_the_audit_has_the_mode_of_each_call(lab: Lab) -> None:
    model = ScriptedModel([act("save", SAVE), answer("a"), act("save", SAVE), answer("b")])
    assistant = lab.assistant(model, allow=["write"])
    session = assistant.new_session()
    await play(assistant, session, "save")
    assistant.set_mode(session, PLAN)
    await play(assistant, session, "save again")
    calls = audited(session.id, assistant.sessions.events(session.id))
    assert [(call.mode, call.status) for call in calls] == [(Mode.ASK, "ok"), (PLAN, "denied")]


async def test_going_into_the_mode_it_is_in_is_no_event(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([]))
    session = assistant.new_session()
    assert assistant.set_mode(session, Mode.ASK) is None
    assert assistant.set_mode(session, PLAN) is session.events[-1]
    assert assistant.set_mode(session, PLAN) is None
    assert len(session.events) == 1
