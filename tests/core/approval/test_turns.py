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
from rookery_core.paths import Paths
from rookery_core.plugin import Allow, Risk, Tool, ToolUse, tool
from rookery_core.testing import ScriptedModel
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import LoadedPlugin
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
