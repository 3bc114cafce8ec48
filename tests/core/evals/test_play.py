"""A case goes through a real assistant with a scripted model: what the model reads, and what is taken down."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest

from rookery_core.config import AgentSettings, Config, MemorySettings
from rookery_core.errors import ModelDied, StoreBroken
from rookery_core.evals.cases import DecisionCase, TaskCase
from rookery_core.evals.outcome import DECIDED, Outcome
from rookery_core.evals.play import MAX_FILES, decide, work
from rookery_core.events import ToolStatus
from rookery_core.testing import ScriptedModel
from tests.core.conftest import act, answer
from tests.core.evals.kit import decision, stage, task

CALL = {"role": "assistant", "tool": "get_weather", "arguments": {"city": "Rome"}}
RESULT = {"role": "tool", "name": "get_weather", "content": "sunny, 25 C"}
ROME = act("get_weather", '{"city": "Rome"}')


async def decided(model: ScriptedModel, config: Config | None = None, **changed: Any) -> Outcome:
    return await decide(DecisionCase.model_validate(decision(**changed)), stage(model, config=config))


async def test_the_turn_is_stopped_at_the_first_call_and_nothing_more_is_asked_of_the_model() -> None:
    model = ScriptedModel([ROME, answer("never asked for")])
    outcome = await decided(model)
    assert (outcome.ended, outcome.reason, outcome.answer, outcome.steps) == (DECIDED, "", None, 1)
    assert outcome.call is not None
    assert (outcome.call.tool, outcome.call.arguments, outcome.call.ran) == ("get_weather", {"city": "Rome"}, True)
    assert len(model.seen) == 1
    assert outcome.decision_s is not None
    assert outcome.decision_s > 0
    assert outcome.usage.completion_tokens == len(ROME.split(" "))


async def test_an_answer_is_a_decision_too() -> None:
    outcome = await decided(ScriptedModel([answer("Hello.")]))
    assert (outcome.ended, outcome.answer, outcome.call) == ("answered", "Hello.", None)
    assert outcome.decision_s is not None


async def test_a_call_that_is_not_valid_is_repaired_as_in_any_turn() -> None:
    model = ScriptedModel([act("get_weather", '{"town": "Rome"}'), ROME])
    outcome = await decided(model)
    assert [(call.status, call.ran) for call in outcome.calls] == [
        (ToolStatus.INVALID, False),
        (ToolStatus.INTERRUPTED, True),
    ]
    assert outcome.call == outcome.calls[1]
    assert "The arguments do not fit" in model.seen[1][-1].content


async def test_where_nothing_gets_through_the_last_attempt_is_the_decision() -> None:
    model = ScriptedModel([act("nosuch", '{"a": 1}'), act("get_weather", "{}"), answer("I cannot.")])
    config = Config(agent=AgentSettings(max_steps=2), memory=MemorySettings(recall=0))
    outcome = await decided(model, config)
    assert outcome.ended == "gave_up"
    assert outcome.call is not None
    assert (outcome.call.tool, outcome.call.ran) == ("get_weather", False)


async def test_steps_that_cannot_be_read_end_in_a_failure() -> None:
    outcome = await decided(ScriptedModel(["nonsense"] * 3))
    assert (outcome.ended, outcome.call, outcome.answer) == ("failed", None, None)
    assert outcome.reason.startswith("That was not a step.")


async def test_the_model_reads_the_conversation_as_a_session_would_have_it() -> None:
    messages = [
        {"role": "user", "content": "Hi"},
        {"role": "assistant", "content": "Hello!"},
        {"role": "user", "content": "Weather in Rome?"},
        {**CALL, "thought": "Rome it is."},
        RESULT,
        {"role": "assistant", "content": "Sunny."},
        {"role": "user", "content": "Thanks. And to Ann?"},
        {"role": "assistant", "tool": "get_weather", "arguments": {"city": "Zürich", "unit": "C"}},
        {"role": "tool", "content": "rain"},
    ]
    model = ScriptedModel([act("send_mail", '{"to": "Ann"}')])
    outcome = await decided(model, messages=messages)
    conversation = [(message.role, message.content) for message in model.seen[0] if message.role != "system"]
    assert conversation[-9:] == [
        ("user", "Hi"),
        ("assistant", "Thought: No tool is needed.\nAnswer: Hello!"),
        ("user", "Weather in Rome?"),
        ("assistant", 'Thought: Rome it is.\nAction: get_weather\nInput: {"city": "Rome"}'),
        ("tool", "Observation: sunny, 25 C"),
        ("assistant", "Thought: The observation has the result.\nAnswer: Sunny."),
        ("user", "Thanks. And to Ann?"),
        (
            "assistant",
            'Thought: A tool fits: Gets the weather of a city.\nAction: get_weather\nInput: {"city": "Zürich", "unit": "C"}',
        ),
        ("tool", "Observation: rain"),
    ]
    assert (outcome.steps, len(outcome.calls)) == (1, 1)


async def test_a_turn_without_an_answer_was_stopped() -> None:
    messages = [{"role": "user", "content": "Hi"}, {"role": "user", "content": "Are you there?"}]
    model = ScriptedModel([answer("Yes.")])
    await decided(model, messages=messages)
    assert [message.content for message in model.seen[0][-3:]] == [
        "Hi", "Answer: [no answer: interrupted]", "Are you there?"
    ]  # fmt: skip


async def test_a_call_that_the_case_has_made_is_not_made_again() -> None:
    messages = [{"role": "user", "content": "Weather?"}, CALL, RESULT]
    outcome = await decided(ScriptedModel([ROME, answer("Sunny.")]), messages=messages)
    assert [call.status for call in outcome.calls] == [ToolStatus.REPEATED]
    assert (outcome.ended, outcome.answer, outcome.call) == ("answered", "Sunny.", None)


async def test_a_case_may_offer_no_tools() -> None:
    outcome = await decided(ScriptedModel([answer("Hello.")]), tools=[], expect={"tool": None})
    assert (outcome.answer, outcome.offered) == ("Hello.", ())


async def test_what_is_offered_is_taken_down() -> None:
    outcome = await decided(ScriptedModel([answer("Hello.")]))
    assert sorted(outcome.offered) == ["get_weather", "send_mail"]
    assert outcome.left_out == ()


async def test_a_tool_whose_schema_cannot_be_enforced_is_left_out_and_named() -> None:
    odd = {"name": "odd", "description": "Odd.", "parameters": {"properties": {"a": {"not": {}}}}}
    outcome = await decided(ScriptedModel([answer("Hello.")]), tools=[odd], expect={"tool": None})
    assert outcome.left_out == ("odd",)


async def test_a_process_that_ended_is_known_of() -> None:
    outcome = await decided(ScriptedModel([ModelDied("it ended"), answer("Hello.")]))
    assert (outcome.ended, outcome.lost) == ("answered", True)


async def test_beside_other_cases_nothing_is_timed() -> None:
    made = stage(ScriptedModel([answer("Hello.")]), timed=False)
    assert (await decide(DecisionCase.model_validate(decision()), made)).decision_s is None


async def test_the_model_is_left_open_and_no_folder_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    model = ScriptedModel([answer("Hello."), answer("Hello.")])
    for _ in range(2):
        await decided(model)
    assert model.info is not None
    assert list(tmp_path.iterdir()) == []


async def worked(model: ScriptedModel, **changed: Any) -> Outcome:
    return await work(TaskCase.model_validate(task(**changed)), stage(model))


SAVE = act("save", '{"path": "out.txt", "text": "hello"}')


async def test_a_task_is_carried_out_in_a_folder_of_its_own() -> None:
    model = ScriptedModel([act("look", '{"path": "in/a.txt"}'), SAVE, answer("Done.")])
    outcome = await worked(model, files={"in/a.txt": "héllo\r\n"}, allow=["WRITE"])
    assert (outcome.ended, outcome.answer) == ("answered", "Done.")
    assert outcome.files == {"in/a.txt": "héllo\r\n", "out.txt": "hello"}
    assert [(call.tool, call.status) for call in outcome.calls] == [("look", ToolStatus.OK), ("save", ToolStatus.OK)]


async def test_in_a_folder_of_many_files_those_that_something_is_expected_of_are_seen() -> None:
    files = {f"a/{n:03}": "x" for n in range(MAX_FILES)}
    expect = {"files": {"./out.txt": {"equals": "hello"}, "z": {"absent": True}}}
    outcome = await worked(
        ScriptedModel([SAVE, answer("Done.")]), files={**files, "z": "z"}, allow=["WRITE"], expect=expect
    )
    assert (len(outcome.files), outcome.files["z"], outcome.files["out.txt"]) == (MAX_FILES, "z", "hello")


async def test_a_disk_that_takes_no_folder_is_said(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "nosuch"))
    with pytest.raises(StoreBroken, match=r"a folder for a case cannot be made in .*nosuch: No such file"):
        await worked(ScriptedModel([]))


async def test_what_is_not_allowed_is_denied() -> None:
    outcome = await worked(ScriptedModel([SAVE, answer("I may not.")]))
    assert (outcome.calls[0].status, outcome.files) == (ToolStatus.DENIED, {})


async def test_a_task_begins_without_memories() -> None:
    for _ in range(2):
        model = ScriptedModel([SAVE, answer("Done.")])
        await work(
            TaskCase.model_validate(task(allow=["WRITE"])),
            stage(model, config=Config(memory=MemorySettings(recall=3))),
        )
        assert "Known from earlier" not in "".join(message.content for message in model.seen[0])
