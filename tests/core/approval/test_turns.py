"""Rules and levels in a conversation: what is asked, what runs, what is refused, and what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery_core.approval.policy import Reply
from rookery_core.events import (
    ApprovalRequested,
    Decision,
    Event,
    RulesBroken,
    ToolFinished,
    ToolStarted,
    ToolStatus,
)
from rookery_core.observe.questions import questions
from rookery_core.paths import Paths
from rookery_core.plugin import Allow, Risk, Tool, ToolUse, tool
from rookery_core.store.audit import audited
from rookery_core.testing import ScriptedModel
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import LoadedPlugin
from rookery_core.transcript import Transcript
from tests.core.conftest import Lab, act, answer, play

RULES = '[[rule]]\ndo = "{do}"\ntool = "kit.save"\n'


@pytest.fixture
async def lab(tmp_path: Path) -> AsyncIterator[Lab]:
    made = Lab(tmp_path)
    yield made
    await made.close()


@tool(risk=Risk.EXECUTE, command="command")
def shell(command: str) -> str:
    """Runs a command."""
    return f"ran {command}"


async def once(lab: Lab, tool_name: str, arguments: str, **options: object) -> list[Event]:
    """The events of one call."""
    model = ScriptedModel([act(tool_name, arguments), answer("done")])
    assistant = lab.assistant(model, **options)  # type: ignore[arg-type]
    return await play(assistant, assistant.new_session(), "go on")


def only(kind: type, events: list[Event]) -> list[Event]:
    return [event for event in events if isinstance(event, kind)]


def rules_file(lab: Lab) -> Path:
    return Paths.find({"ROOKERY_HOME": str(lab.home)}).rules


SAVE = '{"path": "a.txt", "text": "x"}'


async def test_a_rule_of_the_person_lets_it_run_and_is_named(lab: Lab) -> None:
    rules_file(lab).write_text(RULES.format(do="allow"))
    events = await once(lab, "save", SAVE)
    assert not only(ApprovalRequested, events)
    (started,) = only(ToolStarted, events)
    assert isinstance(started, ToolStarted)
    assert (started.level, started.rule) == ("R2", "allow kit.save (rules.toml:1)")
    assert (lab.workspace / "a.txt").read_text() == "x"


async def test_a_denied_call_is_told_to_the_model_and_nobody_is_asked(lab: Lab) -> None:
    rules_file(lab).write_text(RULES.format(do="deny"))
    events = await once(lab, "save", SAVE, allow=["write"])
    assert not only(ApprovalRequested, events)
    (finished,) = only(ToolFinished, events)
    assert isinstance(finished, ToolFinished)
    assert finished.status is ToolStatus.DENIED
    assert "not allowed by a rule of the person: deny kit.save (rules.toml:1)" in finished.output
    assert not (lab.workspace / "a.txt").exists()


async def test_what_is_the_persons_alone_is_refused_also_where_all_was_allowed(lab: Lab) -> None:
    async def never(request: ApprovalRequested) -> Reply:
        raise AssertionError("nobody may be asked about this")

    for command in ("sudo ls", f"cat {lab.home}/config.toml", "cat /etc/shadow"):
        events = await once(
            lab, "shell", f'{{"command": "{command}"}}', tools=(shell,), allow=["execute"], approver=never
        )
        (finished,) = only(ToolFinished, events)
        assert isinstance(finished, ToolFinished)
        assert finished.status is ToolStatus.DENIED
        assert "Only the person may do that, by hand" in finished.output


async def test_where_nobody_is_what_asks_is_denied_and_what_only_reads_runs(lab: Lab) -> None:
    for command, status in (("make", ToolStatus.DENIED), ("cat a.txt | head -1", ToolStatus.OK)):
        events = await once(lab, "shell", f'{{"command": "{command}"}}', tools=(shell,))
        assert [event.status for event in only(ToolFinished, events) if isinstance(event, ToolFinished)] == [status]


async def test_the_question_says_the_level_and_what_each_answer_remembers(lab: Lab) -> None:
    asked: list[ApprovalRequested] = []

    async def always(request: ApprovalRequested) -> Reply:
        asked.append(request)
        return Reply(Decision.ALWAYS)

    events = await once(lab, "shell", '{"command": "make test | head -3"}', tools=(shell,), approver=always)
    (request,) = asked
    assert (request.level, request.rule, request.remembers, request.always) == (
        "R3",
        "",
        ("make test",),
        ("make test",),
    )
    assert only(ToolStarted, events)
    assert f'workspace = "{lab.workspace}"' in rules_file(lab).read_text()
    events = await once(lab, "shell", '{"command": "make test"}', tools=(shell,))
    (started,) = only(ToolStarted, events)
    assert isinstance(started, ToolStarted)
    assert started.rule == "allow kit.shell: make test (rules.toml:1)"


async def test_for_this_session_is_not_kept(lab: Lab) -> None:
    async def session(request: ApprovalRequested) -> Reply:
        return Reply(Decision.SESSION)

    asked = []
    model = ScriptedModel([act("save", SAVE), act("save", SAVE), answer("done"), act("save", SAVE), answer("done")])

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request)
        return await session(request)

    assistant = lab.assistant(model, approver=approve)
    await play(assistant, assistant.new_session(), "go on")
    assert len(asked) == 1
    assert not rules_file(lab).exists()


async def test_a_rule_that_asks_is_above_a_plugin_that_allows(lab: Lab) -> None:
    def permit(use: ToolUse) -> Allow:
        return Allow()

    permissive = LoadedPlugin("lax", "lax-dist", Offers(before_tool=permit))
    events = await once(lab, "save", SAVE, plugins=[permissive])
    assert not only(ApprovalRequested, events)
    rules_file(lab).write_text(RULES.format(do="ask"))
    events = await once(lab, "save", SAVE, plugins=[permissive])
    (request,) = only(ApprovalRequested, events)
    assert isinstance(request, ApprovalRequested)
    assert (request.rule, request.remembers, request.always) == ("ask kit.save (rules.toml:1)", (), ())
    rules_file(lab).unlink()
    events = await once(lab, "shell", '{"command": "sudo ls"}', tools=(shell,), plugins=[permissive])
    assert not only(ToolStarted, events)


async def test_a_mistake_in_the_rules_is_told_at_the_start_and_with_each_question(lab: Lab) -> None:
    rules_file(lab).write_text(f"{RULES.format(do='allow')}\n[[rule]]\ndo = 'nothing'\n")
    asked: list[ApprovalRequested] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request)
        return Reply(Decision.ALWAYS)

    model = ScriptedModel([act("look", '{"path": "a.txt"}'), answer("done")])
    assistant = lab.assistant(model, approver=approve, allow=["write"])
    session = assistant.new_session()
    told = [event async for event in assistant.start(session) if isinstance(event, RulesBroken)]
    assert [(event.line, event.file) for event in told] == [(6, str(rules_file(lab))), (5, str(rules_file(lab)))]
    await play(assistant, session, "go on")
    (request,) = asked
    assert request.rule.startswith(f"{rules_file(lab)}:")
    assert (request.remembers, request.always) == ((), ())


async def test_a_rule_about_a_tool_that_there_is_not_is_told_at_the_start_and_stops_nothing(lab: Lab) -> None:
    rules_file(lab).write_text("[[rule]]\ndo = 'deny'\ntool = 'kit.sav'\n")
    model = ScriptedModel([act("save", SAVE), answer("done")])
    assistant = lab.assistant(model, allow=["write"])
    session = assistant.new_session()
    told = [event async for event in assistant.start(session) if isinstance(event, RulesBroken)]
    assert [(event.line, event.reason) for event in told] == [
        (1, "the rule is about nothing: no tool is named kit.sav; did you mean kit.save?")
    ]
    await play(assistant, session, "go on")
    assert (lab.workspace / "a.txt").exists()


async def test_what_cannot_be_kept_runs_and_is_said(lab: Lab) -> None:
    async def always(request: ApprovalRequested) -> Reply:
        return Reply(Decision.ALWAYS)

    rules_file(lab).with_name("rules.toml.lock").mkdir()
    events = await once(lab, "save", SAVE, approver=always)
    (broken,) = only(RulesBroken, events)
    assert isinstance(broken, RulesBroken)
    assert "what you allowed is not kept" in broken.reason
    assert (lab.workspace / "a.txt").exists()


def test_a_tool_names_a_command_that_it_has() -> None:
    from rookery_core.errors import PluginError

    with pytest.raises(PluginError, match="none of its parameters"):

        @tool(command="line")
        def run(command: str) -> str:
            """Runs."""
            return command

    with pytest.raises(PluginError, match="no sites"):

        @tool(sites=True)
        def fetch(url: str) -> str:
            """Fetches."""
            return url

    assert isinstance(shell, Tool)


async def test_what_the_person_changed_is_read_by_the_model_and_recorded(lab: Lab) -> None:
    replies = iter([Reply(Decision.EDIT, arguments={"path": "b.txt", "text": "y"}), Reply(Decision.ONCE)])

    async def approve(request: ApprovalRequested) -> Reply:
        assert request.claimed == "I had better save it."
        return next(replies)

    model = ScriptedModel([act("save", SAVE, "I had better save it."), answer("done")])
    assistant = lab.assistant(model, approver=approve)
    session = assistant.new_session()
    await play(assistant, session, "go on")
    made = f'{{"path": "{lab.workspace}/b.txt", "text": "y"}}'
    said = f"Observation: [The person changed the arguments of this call to {made}]\nsaved"
    assert model.seen[1][-1].content == said
    assert Transcript(session.events).messages(())[2].content == said
    (call,) = audited(session.id, assistant.sessions.events(session.id))
    assert call.decisions == ["edit by person", "once by person"]
    assert (call.given, call.arguments) == (
        {"path": "a.txt", "text": "x"},
        {"path": f"{lab.workspace}/b.txt", "text": "y"},
    )
    counted = questions(assistant.sessions.events(session.id)).told()
    assert (counted["calls"], counted["without_a_question"], counted["questions"]) == (1, 0, 2)
    assert (counted["outcomes"]["edited"], counted["outcomes"]["once"]) == (1, 1)


async def test_a_thought_is_claimed_only_for_the_call_it_led_to(lab: Lab) -> None:
    claimed: list[str] = []

    async def approve(request: ApprovalRequested) -> Reply:
        claimed.append(request.claimed)
        return Reply(Decision.DENY)

    script = [act("save", SAVE, "x" * 3_000), act("save", '{"path": "b.txt", "text": "x"}', "second"), answer("done")]
    assistant = lab.assistant(ScriptedModel(script), approver=approve)
    await play(assistant, assistant.new_session(), "go on")
    assert claimed[0].startswith("xxx")
    assert len(claimed[0]) < 2_100
    assert claimed[1] == "second"


async def test_a_call_that_was_denied_is_not_asked_about_again_in_its_turn(lab: Lab) -> None:
    asked: list[ApprovalRequested] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request)
        return Reply(Decision.DENY)

    same = '{"text": "x", "path": "./a.txt"}'
    script = [act("save", SAVE), act("save", same), answer("no"), act("save", SAVE), answer("no")]
    assistant = lab.assistant(ScriptedModel(script), approver=approve)
    session = assistant.new_session()
    events = await play(assistant, session, "go on")
    assert [event.status for event in only(ToolFinished, events) if isinstance(event, ToolFinished)] == [
        ToolStatus.DENIED,
        ToolStatus.DENIED,
    ]
    assert len(asked) == 1
    await play(assistant, session, "try it again")
    assert len(asked) == 2
