"""What plugins' hooks do beside offering tools: rulings on calls, rules of risk, texts, sinks, strategies, backends."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncGenerator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rookery_core.approval.levels import Level
from rookery_core.approval.policy import Reply
from rookery_core.approval.rules import allowing, remembered
from rookery_core.approval.subject import Subject
from rookery_core.compose import worker_models
from rookery_core.config import AgentSettings, Config
from rookery_core.errors import ConfigError, ModelUnreadable, PluginError
from rookery_core.events import (
    ApprovalRequested,
    CallRuled,
    Decision,
    Event,
    PluginFailed,
    QuestionAnswered,
    QuestionAsked,
    ToolFinished,
    ToolStarted,
    ToolStatus,
    TurnEnded,
    TurnStatus,
)
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from rookery_core.plugin import (
    Allow,
    Append,
    Command,
    Deny,
    NeedsApproval,
    Outcome,
    Replace,
    Rewrite,
    Risk,
    RiskRule,
    Run,
    Task,
    ToolContext,
    ToolOutcome,
    ToolUse,
    TurnPaused,
    tool,
)
from rookery_core.testing import ScriptedModel, run_tool
from rookery_core.tools import rulings
from rookery_core.tools.extras import put_together
from rookery_core.tools.gathering import Offers, gather
from rookery_core.tools.loader import LoadedPlugin
from rookery_core.tools.registry import OfferedTool
from tests.core.conftest import Lab, act, answer, kinds, play


def plugin(name: str = "guard", **offers: Any) -> LoadedPlugin:
    return LoadedPlugin(name, f"{name}-dist", Offers(**offers))


async def once(lab: Lab, arguments: str, *, tool_name: str = "add", **options: Any) -> list[Event]:
    """The events of a turn that makes one call."""
    assistant = lab.assistant(ScriptedModel([act(tool_name, arguments), answer("done")]), **options)
    session = assistant.new_session()
    return await play(assistant, session, "please")


def finished(events: Sequence[Event]) -> ToolFinished:
    return next(event for event in events if isinstance(event, ToolFinished))


def of(kind: type[Event], events: Sequence[Event]) -> list[Any]:
    return [event for event in events if isinstance(event, kind)]


# -- before a call ------------------------------------------------------------------------------------------------


async def test_a_denied_call_does_not_run_and_the_model_reads_why(lab: Lab) -> None:
    guard = plugin(before_tool=lambda use: Deny("numbers are private") if use.tool == "kit.add" else None)
    events = await once(lab, '{"a": 1, "b": 2}', plugins=[guard])
    assert finished(events).status is ToolStatus.DENIED
    assert "numbers are private" in finished(events).output
    assert not of(ToolStarted, events)
    assert [(e.plugin, e.ruling, e.reason) for e in of(CallRuled, events)] == [("guard", "deny", "numbers are private")]
    assert [source.name for source in finished(events).label.untrusted] == ["what the plugin guard said of a call"]


async def test_an_async_hook_sees_the_checked_arguments(lab: Lab) -> None:
    seen: list[ToolUse] = []

    async def before(use: ToolUse) -> None:
        await asyncio.sleep(0)
        seen.append(use)

    await once(lab, '{"a": 1, "b": 2}', plugins=[plugin(before_tool=before)])
    assert [(use.tool, use.risk, dict(use.arguments)) for use in seen] == [("kit.add", Risk.PURE, {"a": 1, "b": 2})]


async def test_a_rewritten_call_is_checked_asked_about_and_run_with_the_new_arguments(lab: Lab) -> None:
    asked: list[ApprovalRequested] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request)
        return Reply(Decision.ONCE)

    change = plugin(before_tool=lambda use: Rewrite({**use.arguments, "path": "safe.txt"}, "not there"))
    events = await once(lab, '{"path": "a.txt", "text": "x"}', tool_name="save", plugins=[change], approver=approve)
    assert finished(events).status is ToolStatus.OK
    assert asked[0].arguments["path"] == str(lab.workspace / "safe.txt")
    assert (lab.workspace / "safe.txt").read_text() == "x"
    assert not (lab.workspace / "a.txt").exists()


@pytest.mark.parametrize("arguments", [{"a": "no number"}, {"a": 1}, {"a": 1, "b": 2, "c": 3}])
async def test_arguments_that_a_plugin_made_wrong_are_not_run(lab: Lab, arguments: dict[str, Any]) -> None:
    events = await once(lab, '{"a": 1, "b": 2}', plugins=[plugin(before_tool=lambda use: Rewrite(arguments))])
    assert finished(events).status is ToolStatus.INVALID
    assert finished(events).output.startswith("A plugin changed the call")


async def test_deny_wins_over_allow_whatever_the_order(lab: Lab) -> None:
    for first, second in (("a", "b"), ("b", "a")):
        both = [plugin(first, before_tool=lambda use: Allow()), plugin(second, before_tool=lambda use: Deny("no"))]
        events = await once(lab, '{"path": "x", "text": ""}', tool_name="save", plugins=both)
        assert finished(events).status is ToolStatus.DENIED
        assert len(of(CallRuled, events)) == 2


async def test_what_is_allowed_by_a_plugin_is_not_asked(lab: Lab) -> None:
    events = await once(
        lab, '{"path": "x", "text": "t"}', tool_name="save", plugins=[plugin(before_tool=lambda use: Allow("mine"))]
    )
    assert finished(events).status is ToolStatus.OK
    assert not of(ApprovalRequested, events)


async def test_an_allowance_does_not_outlive_a_later_rewrite(lab: Lab) -> None:
    both = [
        plugin("a", before_tool=lambda use: Allow()),
        plugin("b", before_tool=lambda use: Rewrite({**use.arguments, "text": "other"})),
    ]
    events = await once(lab, '{"path": "x", "text": "t"}', tool_name="save", plugins=both)
    assert finished(events).status is ToolStatus.DENIED  # it was asked, and nobody was there
    assert of(ApprovalRequested, events)


async def test_a_guard_sees_what_a_later_plugin_made_of_the_call(lab: Lab) -> None:
    both = [
        plugin("a", before_tool=lambda use: Deny("not that one") if use.arguments["text"] == "bad" else None),
        plugin("b", before_tool=lambda use: Rewrite({**use.arguments, "text": "bad"})),
    ]
    events = await once(lab, '{"path": "x", "text": "t"}', tool_name="save", plugins=both, allow=["write"])
    assert finished(events).status is ToolStatus.DENIED
    assert "not that one" in finished(events).output


def explode(use: ToolUse) -> None:
    raise SystemExit("out")


@pytest.mark.parametrize("hook", [explode, lambda use: "fine", lambda use: 1 / 0])
async def test_a_hook_that_fails_denies(lab: Lab, hook: Any) -> None:
    events = await once(lab, '{"a": 1, "b": 2}', plugins=[plugin(before_tool=hook)])
    assert finished(events).status is ToolStatus.DENIED
    assert "guard could not say" in finished(events).output


def drop(use: ToolUse) -> None:
    raise asyncio.CancelledError


@pytest.mark.parametrize(
    "returned",
    [
        Deny(None),  # type: ignore[arg-type]
        Allow(reason=3),  # type: ignore[arg-type]
        Rewrite(None),  # type: ignore[arg-type]
        Rewrite([1, 2]),  # type: ignore[arg-type]
        Rewrite({"a": object(), "b": 2}),
        Rewrite({"a": 1, "b": 2}, reason=b"no text"),  # type: ignore[arg-type]
    ],
    ids=lambda returned: repr(returned).partition(" at 0x")[0],  # the same in every process
)
async def test_a_ruling_that_is_none_denies(lab: Lab, returned: Any) -> None:
    events = await once(lab, '{"a": 1, "b": 2}', plugins=[plugin(before_tool=lambda use: returned)])
    assert finished(events).status is ToolStatus.DENIED
    assert "guard could not say" in finished(events).output
    assert of(TurnEnded, events)[0].status is TurnStatus.ANSWERED


async def test_a_hook_that_cancels_itself_stops_nobody_s_turn(lab: Lab) -> None:
    for hook in ({"before_tool": drop}, {"after_tool": lambda use, outcome: drop(use)}):
        events = await once(lab, '{"a": 1, "b": 2}', plugins=[plugin(**hook)])
        assert finished(events)
        assert of(TurnEnded, events)[0].status is TurnStatus.ANSWERED


async def test_what_a_hook_does_to_its_arguments_reaches_nobody(lab: Lab) -> None:
    asked: list[ApprovalRequested] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request)
        return Reply(Decision.ONCE)

    def spoil(use: ToolUse) -> None:
        use.arguments["text"] = "harmless"  # type: ignore[index]

    call = '{"path": "a.txt", "text": "harm"}'
    events = await once(lab, call, tool_name="save", plugins=[plugin(before_tool=spoil)], approver=approve)
    assert asked[0].arguments["text"] == "harm"
    assert of(ToolStarted, events)[0].arguments["text"] == "harm"
    assert (lab.workspace / "a.txt").read_text() == "harm"


@pytest.mark.parametrize("when", ["before_tool", "after_tool"])
async def test_a_turn_that_is_stopped_during_a_hook_has_an_end_of_the_call(lab: Lab, when: str) -> None:
    begun = threading.Event()
    wait = threading.Event()

    def hook(*_: Any) -> None:
        begun.set()
        wait.wait(30)

    assistant = lab.assistant(ScriptedModel([act("add", '{"a": 1, "b": 2}')]), plugins=[plugin(**{when: hook})])
    turn = asyncio.create_task(play(assistant, assistant.new_session(), "please"))
    await asyncio.to_thread(begun.wait, 30)
    assistant.cancel()
    events = await turn
    wait.set()
    assert finished(events).status is ToolStatus.INTERRUPTED
    assert of(TurnEnded, events)[0].status is TurnStatus.INTERRUPTED


async def test_a_hook_that_is_silent_denies(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rulings, "HOOK_SECONDS", 0.05)
    wait = threading.Event()
    events = await once(lab, '{"a": 1, "b": 2}', plugins=[plugin(before_tool=lambda use: wait.wait(30))])
    wait.set()
    assert finished(events).status is ToolStatus.DENIED
    assert "did not say within 0.05 s" in finished(events).output


# -- after a call -------------------------------------------------------------------------------------------------


async def test_results_are_added_to_and_replaced_in_the_order_of_the_plugins(lab: Lab) -> None:
    both = [
        plugin("a", after_tool=lambda use, outcome: Append("and more")),
        plugin("b", after_tool=lambda use, outcome: Replace(outcome.output.upper())),
    ]
    events = await once(lab, '{"a": 1, "b": 2}', plugins=both)
    assert finished(events).output == "3\nAND MORE"


async def test_a_failure_can_be_explained_too(lab: Lab) -> None:
    def after(use: ToolUse, outcome: ToolOutcome) -> Append | None:
        return Append("try add") if outcome.status == "failed" else None

    events = await once(lab, "{}", tool_name="crash", plugins=[plugin(after_tool=after)])
    assert finished(events).output.endswith("boom\ntry add")


async def test_a_failing_after_hook_is_named_and_changes_nothing(lab: Lab) -> None:
    events = await once(lab, '{"a": 1, "b": 2}', plugins=[plugin(after_tool=lambda use, outcome: 1 / 0)])
    assert finished(events).output == "3"
    (failed,) = of(PluginFailed, events)
    assert failed.plugin == "guard"
    assert "ZeroDivisionError" in failed.reason


@pytest.mark.parametrize("returned", [Append(None), Replace(None), Replace(7)])  # type: ignore[arg-type]
async def test_an_edit_that_is_none_is_named_and_changes_nothing(lab: Lab, returned: Any) -> None:
    events = await once(lab, '{"a": 1, "b": 2}', plugins=[plugin(after_tool=lambda use, outcome: returned)])
    assert finished(events).output == "3"
    assert "which is no edit" in of(PluginFailed, events)[0].reason


# -- risk ---------------------------------------------------------------------------------------------------------


async def test_a_rule_makes_a_call_riskier_and_says_why(lab: Lab) -> None:
    rule = RiskRule("kit.*", Risk.WRITE, {"path": r"\.env$"}, "it may hold keys")
    (lab.workspace / ".env").write_text("KEY=1")
    (lab.workspace / "a.txt").write_text("a")
    events = await once(lab, '{"path": "a.txt"}', tool_name="look", plugins=[plugin(risk_rules=(rule,))])
    assert finished(events).status is ToolStatus.OK
    events = await once(lab, '{"path": ".env"}', tool_name="look", plugins=[plugin(risk_rules=(rule,))])
    (request,) = of(ApprovalRequested, events)
    assert (request.risk, request.reason) == ("write", "it may hold keys")
    assert finished(events).status is ToolStatus.DENIED


async def test_a_rule_never_makes_a_call_less_risky(lab: Lab) -> None:
    rule = RiskRule("*", Risk.PURE)
    events = await once(lab, '{"path": "x", "text": ""}', tool_name="save", plugins=[plugin(risk_rules=(rule,))])
    assert of(ApprovalRequested, events)[0].risk == "write"


async def test_a_tool_that_was_allowed_by_name_is_asked_about_where_a_rule_raises_it(lab: Lab) -> None:
    rule = RiskRule("kit.look", Risk.EXECUTE)
    events = await once(lab, '{"path": "x"}', tool_name="look", plugins=[plugin(risk_rules=(rule,))], allow=["look"])
    assert of(ApprovalRequested, events)


# -- what a tool may raise and ask ----------------------------------------------------------------------------------


@tool(risk=Risk.READ)
def careful(ctx: ToolContext, n: int) -> str:
    """Deletes if it may."""
    if n > 1 and not ctx.approved:
        raise NeedsApproval(f"{n} files would go")
    return f"deleted {n}"


async def test_a_tool_asks_for_approval_on_its_way_and_is_called_again(lab: Lab) -> None:
    async def approve(request: ApprovalRequested) -> Reply:
        assert request.reason == "3 files would go"
        assert not request.remembers
        return Reply(Decision.SESSION)

    events = await once(lab, '{"n": 3}', tool_name="careful", tools=(careful,), approver=approve)
    assert finished(events).output == "deleted 3"
    events = await once(lab, '{"n": 3}', tool_name="careful", tools=(careful,))
    assert finished(events).status is ToolStatus.DENIED
    events = await once(lab, '{"n": 1}', tool_name="careful", tools=(careful,))
    assert not of(ApprovalRequested, events)


async def test_a_tool_that_never_has_enough_approval_fails() -> None:
    @tool(risk=Risk.PURE)
    def greedy() -> str:
        """Asks and asks."""
        raise NeedsApproval("more")

    done = await run_tool(greedy, {})
    assert (done.status, done.output) == (ToolStatus.FAILED, "greedy asked for approval twice: more")


async def test_a_tool_pauses_the_turn(lab: Lab) -> None:
    @tool(risk=Risk.PURE)
    def fetch() -> str:
        """Waits for a parcel."""
        raise TurnPaused("the parcel comes tomorrow")

    events = await once(lab, "{}", tool_name="fetch", tools=(fetch,))
    ended = of(TurnEnded, events)[0]
    assert (ended.status, ended.reason) == (TurnStatus.PAUSED, "the parcel comes tomorrow")
    assert finished(events).status is ToolStatus.PAUSED


@tool(risk=Risk.PURE, timeout_s=0.3)
def choose(ctx: ToolContext, colours: list[str]) -> str:
    """Lets the person choose."""
    chosen = ctx.person.ask("Which colour?", colours)
    return f"{chosen}, {'sure' if ctx.person.confirm('Sure?') else 'not sure'}"


async def test_a_tool_asks_the_person_and_their_time_is_not_its_own(lab: Lab) -> None:
    async def slow(question: QuestionAsked) -> str | None:
        await asyncio.sleep(0.4)
        return question.choices[-1] if question.choices else ""

    events = await once(lab, '{"colours": ["red", "blue"]}', tool_name="choose", tools=(choose,), answerer=slow)
    assert finished(events).output == "blue, not sure"
    assert [e.question for e in of(QuestionAsked, events)] == ["Which colour?", "Sure?"]
    assert [e.answer for e in of(QuestionAnswered, events)] == ["blue", "no"]


async def test_where_nobody_answers_a_question_fails_and_yes_is_no(lab: Lab) -> None:
    events = await once(lab, '{"colours": ["red"]}', tool_name="choose", tools=(choose,))
    assert finished(events).status is ToolStatus.FAILED
    assert "nobody answered" in finished(events).output
    assert (await run_tool(choose, {"colours": ["red"]}, answers=["red", None])).output == "red, not sure"


async def test_a_stopped_turn_gives_up_the_question(lab: Lab) -> None:
    asked, gone = asyncio.Event(), asyncio.Event()

    async def never(question: QuestionAsked) -> str | None:
        asked.set()
        try:
            await asyncio.sleep(30)
        finally:
            gone.set()
        return None

    assistant = lab.assistant(ScriptedModel([act("choose", '{"colours": ["red"]}')]), tools=(choose,), answerer=never)
    turn = asyncio.create_task(play(assistant, assistant.new_session(), "go"))
    await asked.wait()
    assistant.cancel()
    events = await turn
    assert gone.is_set()
    assert of(TurnEnded, events)[0].status is TurnStatus.INTERRUPTED
    assert of(QuestionAnswered, events)[0].answer is None


async def test_a_question_in_the_loop_of_an_async_tool_says_how_to_ask() -> None:
    @tool(risk=Risk.PURE)
    async def wrong(ctx: ToolContext) -> str:
        """Asks where it must not."""
        return str(ctx.person.confirm("?"))

    @tool(risk=Risk.PURE)
    async def right(ctx: ToolContext) -> str:
        """Asks in a thread."""
        return str(await asyncio.to_thread(ctx.person.confirm, "?"))

    assert "asyncio.to_thread" in (await run_tool(wrong, {})).output
    assert (await run_tool(right, {}, answers=["yes"])).output == "True"


@tool(risk=Risk.PURE)
def keeper(ctx: ToolContext, key: str) -> Any:
    """Counts how often."""
    n = ctx.data.get(key, 0) + 1
    ctx.data.set(key, n)
    return {"n": n, "keys": ctx.data.keys(), "secret": len(ctx.secrets.get("token"))}


async def test_a_plugin_keeps_data_of_its_own_over_sessions(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOKERY_SECRET_KIT_TOKEN", "abcd")
    for n in (1, 2):
        events = await once(lab, '{"key": "visits"}', tool_name="keeper", tools=(keeper,))
        assert finished(events).output == f'{{"n": {n}, "keys": ["visits"], "secret": 4}}'
    other = LoadedPlugin.of_tools("other", "other-dist", [keeper])
    monkeypatch.setenv("ROOKERY_SECRET_OTHER_TOKEN", "x")
    events = await once(lab, '{"key": "visits"}', tool_name="keeper", tools=(), plugins=[other])
    assert finished(events).output == '{"n": 1, "keys": ["visits"], "secret": 1}'


async def test_a_missing_secret_says_how_to_set_it() -> None:
    done = await run_tool(keeper, {"key": "k"})
    assert done.status is ToolStatus.FAILED
    assert "ROOKERY_SECRET_TEST_TOKEN" in done.output


async def test_what_is_cut_is_kept_whole_and_long_texts_can_be_kept(lab: Lab) -> None:
    @tool(risk=Risk.PURE, max_output=200)
    def flood(ctx: ToolContext) -> str:
        """Says much."""
        ref = ctx.artifacts.add("all of it", "report")
        return f"{ref} {ctx.artifacts.get(ref)} " + "x" * 1_000

    assistant = lab.assistant(ScriptedModel([act("flood", "{}"), answer("done")]), tools=(flood,))
    session = assistant.new_session()
    done = finished(await play(assistant, session, "go"))
    assert done.output.startswith("1 all of it ")
    assert done.artifact == "2"
    kept = assistant.tools.lender.artifacts(session.id, "").get("2")
    assert len(kept) == len("1 all of it ") + 1_000


async def test_a_tool_has_the_model_write(lab: Lab) -> None:
    @tool(risk=Risk.PURE)
    def summary(ctx: ToolContext, text: str) -> str:
        """Sums up."""
        return ctx.model.complete(f"Sum up: {text}", max_tokens=20).upper()

    assistant = lab.assistant(
        ScriptedModel([act("summary", '{"text": "long"}'), "short", answer("done")]), tools=(summary,)
    )
    events = await play(assistant, assistant.new_session(), "go")
    assert finished(events).output == "SHORT"
    assert kinds(events).count("generated") == 2  # the tool's own text is no step


async def test_a_tool_that_is_not_available_is_left_out_and_the_person_is_told_what_is_missing(lab: Lab) -> None:
    @tool(risk=Risk.PURE, available=lambda: "git is not installed")
    def history() -> str:
        """Shows history."""
        return ""

    assistant = lab.assistant(ScriptedModel([]), tools=(history,))
    assert not list(assistant.tools.registry)
    session = assistant.new_session()
    failed = [event async for event in assistant.start(session) if isinstance(event, PluginFailed)]
    assert [event.reason for event in failed] == ["tool kit.history is left out: git is not installed"]


async def test_what_was_allowed_of_a_tool_is_not_allowed_of_another_definition_of_it(lab: Lab) -> None:
    def made(description: str, distribution: str = "kit-dist") -> OfferedTool:
        return OfferedTool(replace(careful, description=description), "kit", distribution, "careful")

    (rule,) = remembered(Subject(made("Deletes."), {}, lab.workspace, ("x",)), Level.R2)
    for offered, same in [
        (made("Deletes."), True),
        (made("Deletes everything."), False),
        (made("Deletes.", "other-dist"), False),
    ]:
        assert bool(allowing([rule], Subject(offered, {}, lab.workspace, ("x",)), Level.R2)) is same


# -- the rest -----------------------------------------------------------------------------------------------------


async def test_sections_stand_in_the_system_message_of_every_tier(lab: Lab) -> None:
    for tier in ("full", "brief"):
        model = ScriptedModel([answer("yes")])
        config = Config(agent=AgentSettings(prompt=tier))
        assistant = lab.assistant(model, plugins=[plugin(sections=("Be kind to birds.",))], config=config)
        await play(assistant, assistant.new_session(), "hello")
        system = model.seen[0][0].content
        assert system.index("Be kind to birds.") < system.index("Tools:")


async def test_sinks_hear_what_is_stored_in_order_and_a_broken_one_is_named_once(lab: Lab) -> None:
    heard: list[Event] = []
    good, bad = plugin("good", sinks=(heard.append,)), plugin("bad", sinks=(lambda event: 1 / 0,))
    assistant = lab.assistant(ScriptedModel([answer("one"), answer("two")]), plugins=[good, bad])
    session = assistant.new_session()
    events = await play(assistant, session, "hello") + await play(assistant, session, "again")
    await asyncio.to_thread(assistant._parts.gear.sinks.close)
    assert [event.seq for event in heard] == [event.seq for event in events if not event.ephemeral]
    (failed,) = of(PluginFailed, events)
    assert failed.plugin == "bad"


async def test_a_plugin_s_strategy_is_chosen_by_its_name(lab: Lab) -> None:
    async def shrug(task: Task, run: Run) -> Outcome:
        return Outcome.answered(f"{task.text}? Who knows.")

    config = Config(agent=AgentSettings(strategy="shrug"))
    assistant = lab.assistant(ScriptedModel([]), plugins=[plugin(strategies={"shrug": shrug})], config=config)
    events = await play(assistant, assistant.new_session(), "Why")
    assert [event.text for event in events if event.kind == "answered"] == ["Why? Who knows."]  # type: ignore[attr-defined]
    with pytest.raises(ConfigError, match=r"agent\.strategy must be one of react, not .shrug."):
        lab.assistant(ScriptedModel([]), config=config)


class Echo:
    """A model that repeats the last message."""

    info = None

    def __init__(self, rest: str) -> None:
        self.name = f"echo:{rest}"

    def stream(self, *_: Any) -> AsyncGenerator[Any, None]:
        raise NotImplementedError


def test_a_plugin_s_backend_makes_the_model_of_that_name(tmp_path: Path) -> None:
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})

    def broken(rest: str) -> Any:
        raise OSError("no server")

    models = worker_models(Config(), paths, "echo:loud", Worker(tmp_path / "log"), {"echo": Echo, "bad": broken})  # type: ignore[dict-item]
    assert models.get("echo:loud").name == "echo:loud"
    assert models.get("echo:loud") is models.get("echo:loud")
    with pytest.raises(ModelUnreadable, match="bad:x cannot be made"):
        models.get("bad:x")
    with pytest.raises(ModelUnreadable, match="neither a file nor"):
        models.get("other:x")


def test_a_name_that_two_plugins_use_belongs_to_neither_and_built_in_names_are_kept() -> None:
    hello = Command("hello", "says hello", lambda ctx, rest: "hello")
    mine = [plugin("a", commands=(hello,)), plugin("b", commands=(hello,)), plugin("c", strategies={"react": print})]
    made = put_together(mine, strategies=["react"], commands=["help"])
    assert not made.commands
    assert not made.strategies
    assert [(problem.plugin, problem.reason) for problem in made.problems] == [
        ("c", "its strategy react is left out: the name is Rookery's own"),
        ("a", "its command hello is left out: the name is offered by another plugin too"),
        ("b", "its command hello is left out: the name is offered by another plugin too"),
    ]


class Box:
    """Tools that share a list."""

    def __init__(self) -> None:
        self.things: list[str] = []

    @tool(risk=Risk.PURE, scope=lambda arguments: [str(arguments["thing"])])
    def put_in(self, thing: str) -> int:
        """Puts a thing into the box."""
        self.things.append(thing)
        return len(self.things)

    def look_in(self) -> str:
        """Says what is in the box."""
        return ", ".join(self.things)

    def _hidden(self) -> None: ...


@pytest.mark.parametrize("offered", [Box, Box()])
async def test_the_public_methods_of_an_object_are_tools_that_share_its_state(offered: Any) -> None:
    tools = {made.name: made for made in gather({"rookery_tools": lambda: [offered]}).tools}
    assert {name: made.risk for name, made in tools.items()} == {"put_in": Risk.PURE, "look_in": Risk.EXECUTE}
    assert list(tools["put_in"].schema["properties"]) == ["thing"]
    assert (await run_tool(tools["put_in"], {"thing": "egg"})).output == "1"
    assert (await run_tool(tools["put_in"], {"thing": "twig"})).output == "2"
    assert (await run_tool(tools["look_in"], {})).output == "egg, twig"
    assert Box().put_in("as a method") == 1


@pytest.mark.parametrize(
    ("hook", "returned", "said"),
    [
        ("rookery_tools", [print], "not a tool"),
        ("rookery_tools", ["add"], "not a tool"),
        ("rookery_tools", [Box.put_in], "put_in is a method"),
        ("rookery_tools", 3, "must return a list of tools"),
        ("rookery_prompt_sections", "text", "must return a list of texts"),
        ("rookery_prompt_sections", ["x" * 1001], "1001 characters"),
        ("rookery_risk_rules", [Risk.PURE], "is no RiskRule"),
        ("rookery_risk_rules", [RiskRule("*", Risk.WRITE, {"a": "("})], "no regular expression"),
        ("rookery_risk_rules", [RiskRule("*", "high")], "its risk is 'high'"),  # type: ignore[arg-type]
        ("rookery_risk_rules", [RiskRule(None, Risk.WRITE)], "must be texts"),  # type: ignore[arg-type]
        ("rookery_risk_rules", [RiskRule("*", Risk.WRITE, {"a": 3})], "must be texts"),  # type: ignore[dict-item]
        ("rookery_risk_rules", [RiskRule("*", Risk.WRITE, reason=3)], "must be texts"),  # type: ignore[arg-type]
        ("rookery_commands", [Command("hello", None, print)], "its help"),  # type: ignore[arg-type]
        ("rookery_commands", [Command("hello", "x", 3)], "no function"),  # type: ignore[arg-type]
        ("rookery_strategies", [print], "must return a dictionary"),
        ("rookery_strategies", {"Mine": print}, "the name 'Mine'"),
        ("rookery_model_backends", {"x": 3}, "is no function"),
        ("rookery_event_sinks", [3], "is no function"),
        ("rookery_commands", [Command("Hello", "", print)], "'Hello' is not"),  # type: ignore[arg-type]
    ],
)
def test_what_breaks_the_contract_is_named(hook: str, returned: Any, said: str) -> None:
    with pytest.raises(PluginError, match=said):
        gather({hook: lambda: returned})
