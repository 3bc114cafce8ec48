"""A turn as a list of events, with a scripted model."""

from __future__ import annotations

import asyncio
import gc
import json
from contextlib import aclosing
from typing import Any

import pytest

from rookery_core.approval.policy import Reply
from rookery_core.config import AgentSettings, Config, ModelSettings
from rookery_core.errors import ModelDied, ModelUnreadable, StoreBroken
from rookery_core.events import (
    Answered,
    ApprovalRequested,
    ApprovalResolved,
    ContextCompacted,
    Decision,
    Event,
    Generated,
    MemoryRecalled,
    ModelLost,
    PromptBuilt,
    Recovered,
    StepFailed,
    ThoughtFormed,
    TokenDelta,
    ToolFinished,
    ToolRequested,
    ToolStarted,
    ToolStatus,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.plugin import Risk, tool
from rookery_core.testing import ScriptedModel
from tests.core.conftest import TOOLS, Lab, act, answer, kinds, play


def only(events, kind):
    return [event for event in events if isinstance(event, kind)]


async def test_a_turn_thinks_acts_observes_and_answers(lab: Lab) -> None:
    model = ScriptedModel([act("add", '{"a": 2, "b": 3}'), answer("It is **5**.")])
    assistant = lab.assistant(model)
    events = await play(assistant, assistant.new_session(), "add 2 and 3")
    assert kinds(events) == [
        "turn_started", "model_ready",
        "step_started", "prompt_built", "generated", "thought_formed", "tool_requested", "tool_started", "tool_finished",
        "step_started", "prompt_built", "generated", "thought_formed",
        "answered", "turn_ended",
    ]  # fmt: skip
    assert only(events, ToolFinished)[0].output == "5"
    assert only(events, Answered)[0].text == "It is **5**."
    assert events[-1].status is TurnStatus.ANSWERED
    assert model.seen[1][-1].content == "Observation: 5"


async def test_a_turn_in_the_models_own_form_is_the_same_without_thoughts(lab: Lab) -> None:
    call = '<tool_call>\n{"name": "add", "arguments": {"a": 2, "b": 3}}\n</tool_call>'
    model = ScriptedModel([call, "It is **5**."], native=True)
    assistant = lab.assistant(model, config=Config(agent=AgentSettings(form="native")))
    events = await play(assistant, assistant.new_session(), "add 2 and 3")
    assert kinds(events) == [
        "turn_started", "model_ready",
        "step_started", "prompt_built", "generated", "tool_requested", "tool_started", "tool_finished",
        "step_started", "prompt_built", "generated",
        "answered", "turn_ended",
    ]  # fmt: skip
    streamed = [(d.channel, d.text) for d in only(events, TokenDelta)]
    assert "".join(text for channel, text in streamed if channel == "answer") == "It is **5**."
    assert "".join(text for channel, text in streamed if channel == "action") == 'add\nInput: {"a": 2, "b": 3}'
    assert {channel for channel, _ in streamed} == {"answer", "action"}
    assert [m.content for m in model.seen[1][1:]] == ["add 2 and 3", call, "The function add returned:\n5"]


async def test_events_are_numbered_without_gaps_and_stored_as_they_were_shown(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([answer("hi"), answer("again")]))
    session = assistant.new_session()
    shown = [*await play(assistant, session, "one"), *await play(assistant, session, "two")]
    stored = assistant.sessions.events(session.id)
    assert stored == [event for event in shown if not event.ephemeral]
    assert [event.seq for event in stored] == list(range(1, len(stored) + 1))
    assert {event.turn for event in stored} == {1, 2}


async def test_streamed_deltas_make_up_thought_and_answer(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([answer("a long answer here", "a thought there")]))
    deltas = only(await play(assistant, assistant.new_session(), "go"), TokenDelta)
    assert "".join(d.text for d in deltas if d.channel == "thought") == "a thought there"
    assert "".join(d.text for d in deltas if d.channel == "answer") == "a long answer here"


async def test_a_failing_tool_is_an_observation_and_the_turn_goes_on(lab: Lab) -> None:
    model = ScriptedModel([act("crash", "{}"), answer("It failed.")])
    assistant = lab.assistant(model)
    events = await play(assistant, assistant.new_session(), "crash")
    assert only(events, ToolFinished)[0].status is ToolStatus.FAILED
    assert "ZeroDivisionError: boom" in model.seen[1][-1].content
    assert events[-1].status is TurnStatus.ANSWERED


async def test_an_unknown_tool_and_wrong_arguments_are_observations(lab: Lab) -> None:
    model = ScriptedModel([act("fly", "{}"), act("add", '{"a": "2"}'), answer("no")])
    assistant = lab.assistant(model)
    events = await play(assistant, assistant.new_session(), "go")
    assert [e.status for e in only(events, ToolFinished)] == [ToolStatus.UNKNOWN, ToolStatus.INVALID]
    assert "add, crash, look, save" in model.seen[1][-1].content
    assert "b is missing" in model.seen[2][-1].content
    assert not only(events, ToolStarted)


async def test_without_anyone_to_ask_a_risky_call_is_denied(lab: Lab) -> None:
    model = ScriptedModel([act("save", '{"path": "a.txt", "text": "x"}'), answer("not done")])
    assistant = lab.assistant(model)
    events = await play(assistant, assistant.new_session(), "save")
    assert only(events, ToolFinished)[0].status is ToolStatus.DENIED
    assert not (lab.workspace / "a.txt").exists()
    assert events[-1].unattended_denials == 1


async def test_an_allowed_kind_runs_without_asking(lab: Lab) -> None:
    model = ScriptedModel([act("save", '{"path": "a.txt", "text": "x"}'), answer("done")])
    assistant = lab.assistant(model, allow=["WRITE"])
    events = await play(assistant, assistant.new_session(), "save")
    assert not only(events, ApprovalRequested)
    assert (lab.workspace / "a.txt").read_text() == "x"


async def test_the_request_shows_tool_plugin_arguments_and_folder(lab: Lab) -> None:
    asked: list[ApprovalRequested] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request)
        return Reply(Decision.ONCE)

    model = ScriptedModel([act("save", '{"path": "a.txt", "text": "x"}'), answer("done")])
    assistant = lab.assistant(model, approver=approve)
    await play(assistant, assistant.new_session(), "save")
    (request,) = asked
    assert (request.tool, request.plugin, request.distribution, request.risk) == (
        "kit.save",
        "kit",
        "kit-dist",
        "write",
    )
    assert request.arguments == {"path": str(lab.workspace / "a.txt"), "text": "x"}
    assert request.workspace == str(lab.workspace)


async def test_a_denial_with_a_reason_is_read_by_the_model(lab: Lab) -> None:
    async def refuse(request: ApprovalRequested) -> Reply:
        return Reply(Decision.DENY, "use notes.txt instead")

    model = ScriptedModel([act("save", '{"path": "a.txt", "text": "x"}'), answer("ok")])
    assistant = lab.assistant(model, approver=refuse)
    events = await play(assistant, assistant.new_session(), "save")
    assert "use notes.txt instead" in model.seen[1][-1].content
    assert only(events, ApprovalResolved)[0].by == "person"
    assert events[-1].unattended_denials == 0


async def test_an_answer_for_the_session_covers_the_same_scope_and_no_other(lab: Lab) -> None:
    asked: list[str] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request.arguments["path"])
        return Reply(Decision.SESSION)

    model = ScriptedModel(
        [
            act("save", '{"path": "a.txt", "text": "1"}'),
            act("save", '{"path": "a.txt", "text": "2"}'),
            act("save", '{"path": "b.txt", "text": "3"}'),
            answer("done"),
        ]
    )
    assistant = lab.assistant(model, distribution="rookery", approver=approve)
    await play(assistant, assistant.new_session(), "save")
    assert asked == [str(lab.workspace / "a.txt"), str(lab.workspace / "b.txt")]
    assert (lab.workspace / "a.txt").read_text() == "2"


async def test_a_repeated_call_is_not_run_and_the_next_step_must_answer(lab: Lab) -> None:
    model = ScriptedModel([act("add", '{"a": 1, "b": 1}'), act("add", '{"b": 1, "a": 1}'), answer("2")])
    assistant = lab.assistant(model)
    events = await play(assistant, assistant.new_session(), "add")
    assert [e.status for e in only(events, ToolFinished)] == [ToolStatus.OK, ToolStatus.REPEATED]
    assert only(events, ToolFinished)[1].output.endswith("with what is known.\n2")
    assert len(only(events, ToolStarted)) == 1
    assert "call_0" in (model.grammars[1] or "")
    assert "call_0" not in (model.grammars[2] or "")


def in_a_fence(name: str, **arguments: Any) -> str:
    call = json.dumps({"name": name, "arguments": arguments}, indent=1)
    return f"I will use `{name}`.\n\n```json\n{call}\n```"


async def test_a_model_that_talks_of_a_call_and_writes_it_down_has_made_it(lab: Lab) -> None:
    model = ScriptedModel([in_a_fence("add", a=1, b=2), "It is 3."], native=True)
    assistant = lab.assistant(model)
    session = assistant.new_session()
    events = await play(assistant, session, "add 1 and 2")
    assert [(e.status, e.output) for e in only(events, ToolFinished)] == [(ToolStatus.OK, "3")]
    assert [e.text for e in only(events, ThoughtFormed)] == ["I will use `add`."]
    assert [e.text for e in only(events, Answered)] == ["It is 3."]
    assert [m.content for m in model.seen[1][-2:]] == [in_a_fence("add", a=1, b=2), "3"]


@pytest.mark.parametrize("script", [[in_a_fence("wipe")], [in_a_fence("look", path="note.txt")]])
async def test_a_call_of_no_offered_tool_or_one_that_was_read_is_only_an_answer(lab: Lab, script: list[str]) -> None:
    model = ScriptedModel(script, native=True)
    assistant = lab.assistant(model)
    events = await play(
        assistant, assistant.new_session(), f"what does this mean?\n{in_a_fence('look', path='note.txt')}"
    )
    assert only(events, ToolRequested) == []
    assert len(only(events, Answered)) == 1


async def test_reading_again_after_writing_is_no_repetition(lab: Lab) -> None:
    (lab.workspace / "a.txt").write_text("old")
    look = act("look", '{"path": "a.txt"}')
    model = ScriptedModel([look, act("save", '{"path": "a.txt", "text": "new"}'), look, answer("done")])
    assistant = lab.assistant(model, distribution="rookery", allow=["write"])
    events = await play(assistant, assistant.new_session(), "change")
    assert [e.output for e in only(events, ToolFinished)] == ["old", "saved", "new"]


async def test_a_spent_budget_ends_with_what_was_found(lab: Lab) -> None:
    model = ScriptedModel([act("add", '{"a": 1, "b": 1}'), act("add", '{"a": 2, "b": 2}'), answer("so far 2 and 4")])
    assistant = lab.assistant(model, max_steps=2)
    events = await play(assistant, assistant.new_session(), "add")
    ended = events[-1]
    assert isinstance(ended, TurnEnded)
    assert (ended.status, ended.reason) == (TurnStatus.GAVE_UP, "the limit of 2 steps is reached")
    text = only(events, Answered)[0].text
    assert text.startswith("so far 2 and 4")
    assert "- add: 2\n- add: 4" in text


async def test_a_budget_of_tokens_ends_without_another_request(lab: Lab) -> None:
    config = Config(agent=AgentSettings(max_tokens=10))
    model = ScriptedModel([act("add", '{"a": 1, "b": 1}', "one two three four")])
    assistant = lab.assistant(model, config=config)
    events = await play(assistant, assistant.new_session(), "add")
    assert events[-1].status is TurnStatus.GAVE_UP
    assert "- add: 2" in only(events, Answered)[0].text
    assert len(model.seen) == 1


async def test_what_is_no_step_is_told_to_the_model_and_tried_again(lab: Lab) -> None:
    model = ScriptedModel(["I will just chat.", answer("right")])
    assistant = lab.assistant(model)
    events = await play(assistant, assistant.new_session(), "go")
    assert only(events, StepFailed)[0].failure == "StepUnparsable"
    assert "That was not a step" in model.seen[1][-1].content
    assert events[-1].status is TurnStatus.ANSWERED


async def test_a_model_that_never_writes_a_step_ends_the_turn_as_failed(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel(["x", "y", "z"]))
    events = await play(assistant, assistant.new_session(), "go")
    assert events[-1].status is TurnStatus.FAILED
    assert events[-1].steps == 3


async def test_a_dead_model_is_reported_started_again_and_asked_again(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([ModelDied("killed by SIGSEGV", log="model.log"), answer("back")]))
    events = await play(assistant, assistant.new_session(), "go")
    lost = only(events, ModelLost)
    assert [(e.reason, e.log) for e in lost] == [("killed by SIGSEGV", "model.log")]
    assert kinds(events).count("model_ready") == 2
    assert events[-1].status is TurnStatus.ANSWERED


async def test_a_model_that_keeps_dying_ends_the_turn_and_not_the_program(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([ModelDied("again")] * 3 + [answer("late")]))
    session = assistant.new_session()
    events = await play(assistant, session, "go")
    assert (events[-1].status, events[-1].reason) == (TurnStatus.FAILED, "again")
    assert len(only(events, ModelLost)) == 3
    assert (await play(assistant, session, "still there?"))[-1].status is TurnStatus.ANSWERED


async def test_a_model_that_cannot_be_loaded_fails_the_turn_and_keeps_the_session(lab: Lab) -> None:
    model = ScriptedModel([answer("now")], open_error=ModelUnreadable("x.gguf is not a GGUF file"))
    assistant = lab.assistant(model)
    session = assistant.new_session()
    events = await play(assistant, session, "go")
    assert events[-1].reason == "x.gguf is not a GGUF file"
    model.open_error = None
    assert (await play(assistant, session, "go"))[-1].status is TurnStatus.ANSWERED
    assert len(assistant.sessions.events(session.id)) == len(session.events)


async def test_cancelling_keeps_what_was_written_and_ends_the_turn(lab: Lab) -> None:
    model = ScriptedModel([answer("one two three four five"), answer("next")], delay_s=0.01)
    assistant = lab.assistant(model)
    session = assistant.new_session()

    def stop(event):
        if isinstance(event, TokenDelta) and event.channel == "answer":
            assistant.cancel()

    events = await play(assistant, session, "go", stop)
    assert events[-1].status is TurnStatus.INTERRUPTED
    generated = only(events, Generated)[0]
    assert generated.stop == "interrupted"
    assert "Answer: one" in generated.text
    assert (await play(assistant, session, "on"))[-1].status is TurnStatus.ANSWERED
    assert any("[stopped here]" in m.content for m in model.seen[-1])


async def test_cancelling_while_a_person_is_asked_withdraws_the_question(lab: Lab) -> None:
    asked = asyncio.Event()
    withdrawn: list[bool] = []

    async def wait(request: ApprovalRequested) -> Reply:
        asked.set()
        try:
            await asyncio.Event().wait()
        finally:
            withdrawn.append(True)
        return Reply(Decision.ONCE)

    assistant = lab.assistant(ScriptedModel([act("save", '{"path": "a", "text": "x"}')]), approver=wait)
    turn = asyncio.create_task(play(assistant, assistant.new_session(), "save"))
    await asked.wait()
    assistant.cancel()
    events = await turn
    assert withdrawn == [True]
    assert only(events, ToolFinished)[0].status is ToolStatus.INTERRUPTED
    assert events[-1].unattended_denials == 0
    assert events[-1].status is TurnStatus.INTERRUPTED
    assert not (lab.workspace / "a").exists()


async def test_cancelling_at_once_still_leaves_a_whole_turn(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([answer("never")], delay_s=5))
    session = assistant.new_session()
    events = await play(assistant, session, "go", lambda event: assistant.cancel())
    assert isinstance(events[0], TurnStarted)
    assert events[-1].status is TurnStatus.INTERRUPTED


async def test_leaving_the_iterator_stops_the_turn(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([answer("a b c d")], delay_s=0.01))
    session = assistant.new_session()
    turn = assistant.turn(session, "go")
    async for event in turn:
        if isinstance(event, TokenDelta):
            break
    await turn.aclose()
    assert assistant.sessions.events(session.id)[-1].kind == "turn_ended"
    assert not assistant.busy


async def test_a_bug_is_recorded_as_the_end_of_the_turn_and_raised(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([]))
    session = assistant.new_session()
    with pytest.raises(AssertionError, match="script has ended"):
        await play(assistant, session, "go")
    ended = assistant.sessions.events(session.id)[-1]
    assert isinstance(ended, TurnEnded)
    assert "AssertionError" in ended.reason


async def test_a_second_turn_at_the_same_time_is_refused(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([answer("x")], delay_s=0.05))
    session = assistant.new_session()
    first = asyncio.create_task(play(assistant, session, "one"))
    await asyncio.sleep(0.01)
    with pytest.raises(RuntimeError, match="in progress"):
        await play(assistant, session, "two")
    assert (await first)[-1].status is TurnStatus.ANSWERED


async def test_a_tool_that_was_called_in_the_session_is_offered_when_the_list_changes(lab: Lab) -> None:
    model = ScriptedModel([act("save", '{"path": "a.txt", "text": "x"}'), answer("done"), answer("no")])
    assistant = lab.assistant(model, config=Config(agent=AgentSettings(offer=2)), allow=["write"])
    session = assistant.new_session()
    first = await play(assistant, session, "writes a file")
    second = await play(assistant, session, "adds two whole numbers")
    assert only(first, TurnStarted)[0].tools == ("look", "save")
    assert only(second, TurnStarted)[0].tools == ("add", "save")


async def test_old_turns_leave_the_prompt_once_and_stay_stored(lab: Lab) -> None:
    config = Config(model=ModelSettings(max_tokens=50))
    model = ScriptedModel([answer("word " * 30 + str(n)) for n in range(12)], n_ctx=520)
    assistant = lab.assistant(model, config=config)
    session = assistant.new_session()
    events = [e for n in range(12) for e in await play(assistant, session, f"question {n} " + "filler " * 20)]
    compactions = only(events, ContextCompacted)
    assert compactions
    assert all(c.tokens_after < c.tokens_before for c in compactions)
    assert len(compactions) < 6
    assert "question 0" not in " ".join(m.content for m in model.seen[-1])
    assert "question 11" in model.seen[-1][-1].content
    assert any(
        isinstance(e, TurnStarted) and e.text.startswith("question 0") for e in assistant.sessions.events(session.id)
    )


async def test_a_message_larger_than_the_window_is_refused_and_leaves_no_trace_in_the_prompt(lab: Lab) -> None:
    model = ScriptedModel([answer("fine")], n_ctx=600)
    assistant = lab.assistant(model, config=Config(model=ModelSettings(max_tokens=50)))
    session = assistant.new_session()
    events = await play(assistant, session, "word " * 1000)
    assert events[-1].status is TurnStatus.REFUSED
    assert "too large" in events[-1].reason
    await play(assistant, session, "short")
    assert [m.content for m in model.seen[-1] if m.role == "user"] == ["short"]


async def test_a_window_too_small_for_the_tools_is_not_blamed_on_the_message(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([], n_ctx=56), config=Config(model=ModelSettings(max_tokens=16)))
    events = await play(assistant, assistant.new_session(), "hi")
    assert events[-1].status is TurnStatus.REFUSED
    assert "told of its tools is too large" in events[-1].reason
    assert "agent.offer" in events[-1].reason


async def test_a_huge_observation_is_cut_to_fit(lab: Lab) -> None:
    (lab.workspace / "big.txt").write_text("x " * 50_000)
    model = ScriptedModel([act("look", '{"path": "big.txt"}'), answer("big")], n_ctx=700)
    assistant = lab.assistant(model, config=Config(model=ModelSettings(max_tokens=50)))
    events = await play(assistant, assistant.new_session(), "look")
    assert only(events, ToolFinished)[0].dropped_chars > 90_000
    assert events[-1].status is TurnStatus.ANSWERED


async def test_of_a_huge_observation_the_model_sees_what_it_was_asked_about(lab: Lab) -> None:
    lines = [f"{n:04d} nothing much happened at the harbour that day" for n in range(3_000)]
    lines[1_700] = "1700 the ferry Nordlys was sold to a company in Bergen"
    (lab.workspace / "log.txt").write_text("\n".join(lines))
    model = ScriptedModel([act("look", '{"path": "log.txt"}'), answer("sold")], n_ctx=1_000)
    assistant = lab.assistant(model, config=Config(model=ModelSettings(max_tokens=50)))
    session = assistant.new_session()
    events = await play(assistant, session, "Who bought the ferry Nordlys?")
    finished = only(events, ToolFinished)[0]
    assert lines[1_700] in model.seen[1][-1].content
    assert finished.output.endswith(f"[kept whole as result {finished.artifact}]")
    assert assistant.tools.lender.artifacts(session.id, "").get(finished.artifact) == "\n".join(lines)


async def test_an_earlier_session_is_recalled_when_it_fits(lab: Lab) -> None:
    first = lab.assistant(ScriptedModel([answer("The capital of Peru is Lima.")]))
    session = first.new_session()
    await play(first, session, "What is the capital of Peru?")
    session.close()
    model = ScriptedModel([answer("Lima"), answer("no idea")])
    second = lab.assistant(model)
    events = await play(second, second.new_session(), "capital of Peru again please")
    assert "Lima" in only(events, MemoryRecalled)[0].items[0].text
    assert "The capital of Peru is Lima." in model.seen[0][-1].content
    events = await play(second, second.new_session(), "Who painted the Mona Lisa?")
    assert not only(events, MemoryRecalled)


async def test_the_prompt_only_grows_at_its_end(lab: Lab) -> None:
    model = ScriptedModel([act("add", '{"a": 1, "b": 2}'), answer("3"), answer("bye")])
    assistant = lab.assistant(model)
    session = assistant.new_session()
    await play(assistant, session, "add")
    await play(assistant, session, "thanks")
    for before, after in zip(model.seen, model.seen[1:], strict=False):
        assert after[: len(before)] == before


async def test_a_resumed_session_shows_the_model_the_same_prompt(lab: Lab) -> None:
    model = ScriptedModel([act("add", '{"a": 1, "b": 2}'), answer("3")])
    first = lab.assistant(model)
    session = first.new_session()
    await play(first, session, "add")
    session.close()
    again = ScriptedModel([answer("bye")])
    second = lab.assistant(again)
    await play(second, second.sessions.open(session.id), "thanks")
    assert again.seen[0][: len(model.seen[1])] == model.seen[1]
    assert [m.role for m in again.seen[0][-2:]] == ["assistant", "user"]


async def test_the_last_observation_is_whole_when_the_budget_ends(lab: Lab) -> None:
    (lab.workspace / "a.txt").write_text("word " * 100 + "the end")
    model = ScriptedModel([act("look", '{"path": "a.txt"}'), answer("short")])
    assistant = lab.assistant(model, max_steps=1)
    await play(assistant, assistant.new_session(), "look")
    assert [m.role for m in model.seen[1][-3:]] == ["assistant", "tool", "tool"]
    assert model.seen[1][-2].content.endswith("the end")


async def test_a_call_may_be_made_again_after_something_was_changed(lab: Lab) -> None:
    look, save = act("look", '{"path": "a.txt"}'), act("save", '{"path": "a.txt", "text": "new"}')
    model = ScriptedModel([look, save, look, answer("done")])
    assistant = lab.assistant(model, distribution="rookery", allow=["write"])
    events = await play(assistant, assistant.new_session(), "change")
    statuses = [e.status for e in only(events, ToolFinished)]
    assert statuses == [ToolStatus.FAILED, ToolStatus.OK, ToolStatus.OK]


async def test_an_answer_for_the_session_ends_with_the_session(lab: Lab) -> None:
    asked: list[str] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request.call_id)
        return Reply(Decision.SESSION)

    save = act("save", '{"path": "a.txt", "text": "1"}')
    assistant = lab.assistant(ScriptedModel([save, answer("1"), save, answer("2")]), approver=approve)
    for _ in range(2):
        await play(assistant, assistant.new_session(), "save")
    assert len(asked) == 2


async def test_attempts_are_counted_for_each_kind_of_trouble(lab: Lab) -> None:
    model = ScriptedModel(["nonsense", ModelDied("gone"), "nonsense", ModelDied("gone"), answer("at last")])
    assistant = lab.assistant(model)
    events = await play(assistant, assistant.new_session(), "go")
    assert only(events, Answered)[0].text == "at last"
    repair, restart = "repair", "restart"
    assert [(e.action, e.attempt) for e in only(events, Recovered)] == [
        (repair, 1),
        (restart, 1),
        (repair, 2),
        (restart, 2),
    ]


async def test_only_a_step_that_could_not_be_used_makes_the_sampling_warmer(lab: Lab) -> None:
    model = ScriptedModel([ModelDied("gone"), "nonsense", answer("yes")])
    assistant = lab.assistant(model)
    await play(assistant, assistant.new_session(), "go")
    assert [sampling.temperature for sampling in model.samplings] == [0.0, 0.0, 0.7]


async def test_a_store_that_fails_in_the_summary_is_not_taken_for_the_model(
    lab: Lab, monkeypatch: pytest.MonkeyPatch
) -> None:
    assistant = lab.assistant(ScriptedModel([act("add", '{"a": 1, "b": 2}')]), max_steps=1)
    session = assistant.new_session()
    append = session.append

    def fails(event: Event) -> Event:
        if isinstance(event, PromptBuilt | TurnEnded) and only(session.events, StepFailed):
            raise StoreBroken("the disk is full")
        return append(event)

    monkeypatch.setattr(session, "append", fails)
    with pytest.raises(StoreBroken):
        await play(assistant, session, "go")


async def test_leaving_while_the_store_fails_leaves_no_error_behind(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    unheard: list[dict[str, object]] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, context: unheard.append(context))
    assistant = lab.assistant(ScriptedModel([answer("one two three")], delay_s=0.01))
    session = assistant.new_session()
    append = session.append

    def fails(event: Event) -> Event:
        if isinstance(event, TurnEnded):
            raise StoreBroken("the disk is full")
        return append(event)

    monkeypatch.setattr(session, "append", fails)
    async with aclosing(assistant.turn(session, "go")) as events:
        async for event in events:
            if isinstance(event, TokenDelta):
                break
    gc.collect()
    assert not unheard


async def test_an_observation_that_was_cut_for_the_window_is_said(lab: Lab) -> None:
    (lab.workspace / "big.txt").write_text("x " * 50_000)
    model = ScriptedModel([act("look", '{"path": "big.txt"}'), answer("big")], n_ctx=340)
    assistant = lab.assistant(
        model, config=Config(agent=AgentSettings(prompt="full"), model=ModelSettings(max_tokens=50))
    )
    events = await play(assistant, assistant.new_session(), "look")
    compacted = only(events, ContextCompacted)[-1]
    assert (compacted.through_turn, compacted.through_step) == (0, 0)
    assert compacted.cut_chars > 0
    assert compacted.tokens_after < compacted.tokens_before


CHECKED = Config(agent=AgentSettings(check_arguments=True))


async def test_a_number_that_nobody_said_is_questioned_once(lab: Lab) -> None:
    wrong, right = act("add", '{"a": 2, "b": 33}'), act("add", '{"a": 2, "b": 3}')
    model = ScriptedModel([wrong, right, answer("5")])
    assistant = lab.assistant(model, config=CHECKED)
    events = await play(assistant, assistant.new_session(), "add 2 and 3")
    assert only(events, StepFailed)[0].message == (
        "The arguments do not fit: b: 33 is nowhere in what was said. Use what was said, or ask for it."
    )
    assert [e.output for e in only(events, ToolFinished)] == ["5"]
    assert events[-1].status is TurnStatus.ANSWERED


async def test_a_model_that_insists_has_its_way(lab: Lab) -> None:
    wrong = act("add", '{"a": 2, "b": 33}')
    assistant = lab.assistant(ScriptedModel([wrong, wrong, answer("35")]), config=CHECKED)
    events = await play(assistant, assistant.new_session(), "add 2 and 3")
    assert [e.output for e in only(events, ToolFinished)] == ["35"]


async def test_a_question_is_no_repair(lab: Lab) -> None:
    doubtful = act("add", '{"a": 2, "b": 33}')
    model = ScriptedModel([doubtful, "no step", doubtful, answer("35")])
    assistant = lab.assistant(model, config=Config(agent=AgentSettings(check_arguments=True, repairs=1)))
    events = await play(assistant, assistant.new_session(), "add 2 and 3")
    assert [e.failure for e in only(events, Recovered)] == ["doubtful", "fixable"]
    assert [sampling.temperature for sampling in model.samplings] == [0.0, 0.0, 0.7, 0.0]
    assert events[-1].status is TurnStatus.ANSWERED


async def test_without_repairs_a_doubtful_call_is_still_questioned(lab: Lab) -> None:
    doubtful = act("add", '{"a": 2, "b": 33}')
    assistant = lab.assistant(
        ScriptedModel([doubtful, doubtful, answer("35")]),
        config=Config(agent=AgentSettings(check_arguments=True, repairs=0)),
    )
    events = await play(assistant, assistant.new_session(), "add 2 and 3")
    assert [e.output for e in only(events, ToolFinished)] == ["35"]


@tool(risk=Risk.PURE)
def calculator(expression: str) -> str:
    """Adds numbers up."""
    return f"{sum(map(float, expression.split(' + '))):g}"


IN_HEAD = "47.5 is nowhere in what was said or read. Work it out with calculator, or answer with what was read."


async def test_a_number_of_an_answer_that_nobody_said_is_questioned(lab: Lab) -> None:
    (lab.workspace / "a.txt").write_text("30 and 18.5")
    look, sum_ = act("look", '{"path": "a.txt"}'), act("calculator", '{"expression": "30 + 18.5"}')
    model = ScriptedModel([look, answer("It is 47.5."), sum_, answer("It is 48.5.")])
    assistant = lab.assistant(model, tools=(*TOOLS, calculator))
    events = await play(assistant, assistant.new_session(), "add up a.txt")
    assert [(e.failure, e.message) for e in only(events, StepFailed)] == [("StepDoubted", IN_HEAD)]
    assert [e.text for e in only(events, Answered)] == ["It is 48.5."]


async def test_an_answer_that_is_insisted_on_stands(lab: Lab) -> None:
    model = ScriptedModel([answer("It is 47.5."), answer("It is 47.6.")])
    assistant = lab.assistant(model, tools=(*TOOLS, calculator))
    events = await play(assistant, assistant.new_session(), "how long is it?")
    assert len(only(events, StepFailed)) == 1
    assert [e.text for e in only(events, Answered)] == ["It is 47.6."]


@pytest.mark.parametrize("checked", [True, False])
async def test_an_answer_is_checked_only_where_it_could_be_worked_out_and_that_is_wanted(
    lab: Lab, checked: bool
) -> None:
    tools = TOOLS if checked else (*TOOLS, calculator)
    config = Config(agent=AgentSettings(check_answers=checked))
    assistant = lab.assistant(ScriptedModel([answer("It is 47.5.")]), tools=tools, config=config)
    events = await play(assistant, assistant.new_session(), "how long is it?")
    assert only(events, StepFailed) == []


@pytest.mark.parametrize("wanted", [True, False])
async def test_what_of_a_result_the_request_is_about_is_read_again_by_the_model_alone(lab: Lab, wanted: bool) -> None:
    lines = "milk: 3\neggs: 12\nbutter: 1"
    (lab.workspace / "a.txt").write_text(lines)
    model = ScriptedModel([act("look", '{"path": "a.txt"}'), answer("12")])
    assistant = lab.assistant(model, config=Config(agent=AgentSettings(point_out=wanted)))
    events = await play(assistant, assistant.new_session(), "how much is eggs?")
    read = model.seen[-1][-1].content
    assert read.startswith(f"Observation: {lines}")
    assert read.endswith("(The request's words are in:\neggs: 12)") is wanted
    assert [e.output for e in only(events, ToolFinished)] == [lines]


async def test_what_an_observation_or_an_earlier_turn_said_may_be_used(lab: Lab) -> None:
    (lab.workspace / "a.txt").write_text("b.txt and 40")
    script = [
        act("look", '{"path": "a.txt"}'),
        act("add", '{"a": 40, "b": 1}'),
        answer("41"),
        act("add", '{"a": 41, "b": 1}'),
    ]
    assistant = lab.assistant(ScriptedModel([*script, answer("42")]), config=CHECKED)
    session = assistant.new_session()
    first = await play(assistant, session, "add 1 to the number in a.txt")
    second = await play(assistant, session, "and one more")
    assert only(first, StepFailed) == only(second, StepFailed) == []
    assert [e.output for e in only([*first, *second], ToolFinished)] == ["b.txt and 40", "41", "42"]


async def test_what_the_model_thought_in_this_turn_is_not_taken_for_said(lab: Lab) -> None:
    model = ScriptedModel(["Thought: 77 it is.\nAnswer: 77", act("add", '{"a": 78, "b": 1}'), answer("?")])
    assistant = lab.assistant(model, config=CHECKED)
    session = assistant.new_session()
    await play(assistant, session, "think of a number")
    events = await play(assistant, session, "add 1 to another")
    assert "78 is nowhere" in only(events, StepFailed)[0].message


@pytest.mark.parametrize("repairs", [0, 1, 2])
async def test_calls_that_do_not_fit_are_tried_again_so_often_and_then_it_has_to_answer(lab: Lab, repairs: int) -> None:
    outside = [act("look", f'{{"path": "../{n}.txt"}}') for n in range(repairs + 1)]
    model = ScriptedModel([*outside, answer("I cannot look there.")])
    assistant = lab.assistant(model, config=Config(agent=AgentSettings(repairs=repairs)))
    events = await play(assistant, assistant.new_session(), "look outside")
    assert [e.status for e in only(events, ToolFinished)] == [ToolStatus.INVALID] * (repairs + 1)
    assert "Action" not in (model.grammars[-1] or "")
    assert all("Action" in (grammar or "") for grammar in model.grammars[:-1])
    assert events[-1].status is TurnStatus.ANSWERED


async def test_without_repairs_a_step_that_cannot_be_used_ends_the_turn(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel(["no step"]), config=Config(agent=AgentSettings(repairs=0)))
    events = await play(assistant, assistant.new_session(), "go")
    assert events[-1].status is TurnStatus.FAILED
    assert only(events, StepFailed) == []
