"""What a function becomes when it is made a tool, and how tools are loaded and named."""

from __future__ import annotations

import asyncio
import contextlib
import datetime
import enum
import importlib.metadata
import sys
import textwrap
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from rookery_core.errors import ArgumentsInvalid, ConfigError, GrammarError, PluginError, ToolUnknown
from rookery_core.events import Event, ToolProgress, ToolStatus
from rookery_core.model.constraint import step_grammar
from rookery_core.plugin import Risk, Tool, ToolContext, ToolFailed, ToolResult, ToolRetry, WorkspacePath, tool
from rookery_core.testing import run_tool
from rookery_core.tools import running
from rookery_core.tools.loader import LoadedPlugin, load
from rookery_core.tools.registry import register
from rookery_core.workspace import Workspace


def test_the_schema_is_the_signature() -> None:
    @tool
    def paint(
        colour: Literal["red", "blue"], width: Annotated[int, "in pixels"] = 3, names: list[str] | None = None
    ) -> str:
        """Paints."""
        return ""

    assert paint.schema == {
        "type": "object",
        "additionalProperties": False,
        "required": ["colour"],
        "properties": {
            "colour": {"enum": ["red", "blue"], "type": "string"},
            "width": {"default": 3, "description": "in pixels", "type": "integer"},
            "names": {"anyOf": [{"items": {"type": "string"}, "type": "array"}, {"type": "null"}], "default": None},
        },
    }
    assert paint.risk is Risk.EXECUTE
    assert paint.description == "Paints."


def test_a_tool_without_what_it_needs_is_refused_when_it_is_made() -> None:
    def no_annotation(x):  # type: ignore[no-untyped-def]
        """Text."""

    def no_docstring(x: int) -> None: ...

    def star(*xs: int) -> None:
        """Text."""

    for function, problem in ((no_annotation, "x has no annotation"), (no_docstring, "description"), (star, "xs")):
        with pytest.raises(PluginError, match=problem):
            tool(function)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"risk": "WRITE"}, "risk"),  # what is no kind of risk would be asked about by nobody
        ({"risk": None}, "risk"),
        ({"timeout_s": None}, "timeout_s"),
        ({"timeout_s": 0}, "timeout_s"),
        ({"timeout_s": float("nan")}, "timeout_s"),
        ({"max_output": "all"}, "max_output"),
        ({"max_output": 0}, "max_output"),
        ({"examples": ["call it"]}, "examples"),
    ],
)
def test_a_tool_that_declares_what_means_nothing_is_refused_when_it_is_made(given: dict[str, Any], said: str) -> None:
    with pytest.raises(PluginError, match=f"tool odd: its {said}"):
        Tool("odd", "Odd.", {"type": "object"}, print, **given)


def test_a_kind_of_risk_may_be_written_as_text() -> None:
    assert Tool("odd", "Odd.", {"type": "object"}, print, risk="write").risk is Risk.WRITE  # type: ignore[arg-type]


def test_all_that_is_wrong_with_arguments_is_said_at_once(tmp_path: Path) -> None:
    @tool
    def f(a: int, b: str) -> str:
        """Text."""
        return ""

    with pytest.raises(
        ArgumentsInvalid, match=r"a: Input should be a valid integer.*b is missing.*c is not an argument"
    ):
        f.validate({"a": "1", "c": 2}, Workspace.at(tmp_path))


@pytest.mark.parametrize("path", ["../x", "/etc/passwd", "a/../../x", "", "x\0y", "link/secret"])
def test_a_path_outside_the_workspace_never_reaches_the_tool(tmp_path: Path, path: str) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    inside = tmp_path / "inside"
    inside.mkdir()
    (inside / "link").symlink_to(outside)

    @tool
    def f(path: WorkspacePath) -> str:
        """Text."""
        return ""

    with pytest.raises(ArgumentsInvalid):
        f.validate({"path": path}, Workspace.at(inside))
    assert f.validate({"path": "a/b.txt"}, Workspace.at(inside)) == {"path": inside / "a" / "b.txt"}


async def test_a_schema_given_by_hand_is_checked_too() -> None:
    schema = {"type": "object", "properties": {"n": {"type": "integer", "minimum": 1}}, "required": ["n"]}
    made = Tool(name="f", description="Text.", schema=schema, run=lambda n: n * 2, risk=Risk.PURE)
    assert (await run_tool(made, {"n": 2})).output == "4"
    assert (await run_tool(made, {"n": 0})).status is ToolStatus.INVALID


async def test_results_become_text_and_errors_become_observations() -> None:
    @tool(risk=Risk.PURE)
    def f(kind: str) -> Any:
        """Text."""
        match kind:
            case "dict":
                return {"a": [1, "é"]}
            case "none":
                return None
            case "result":
                return ToolResult("for the model")
            case "retry":
                raise ToolRetry("say it differently")
            case "failed":
                raise ToolFailed("cannot be done")
            case "exit":
                raise SystemExit(3)
            case "stop":
                raise StopIteration
            case _:
                raise KeyError("k")

    outcomes = {kind: await run_tool(f, {"kind": kind}) for kind in ("dict", "none", "result")}
    assert {k: o.output for k, o in outcomes.items()} == {
        "dict": '{"a": [1, "é"]}',
        "none": "done",
        "result": "for the model",
    }
    for kind, said in (
        ("retry", "say it"),
        ("failed", "cannot"),
        ("exit", "SystemExit"),
        ("stop", "Stop"),
        ("x", "KeyError"),
    ):
        finished = await run_tool(f, {"kind": kind})
        assert finished.status is ToolStatus.FAILED
        assert said in finished.output


async def test_a_hanging_tool_is_given_up_and_told_so() -> None:
    release, told = threading.Event(), threading.Event()

    @tool(risk=Risk.PURE, timeout_s=0.05)
    def hang(context: ToolContext) -> str:
        """Text."""
        if context.cancelled.wait(10):
            told.set()
        release.wait(10)
        return "late"

    finished = await run_tool(hang, {})
    assert finished.status is ToolStatus.TIMEOUT
    assert await asyncio.to_thread(told.wait, 5)
    release.set()


async def test_an_async_tool_is_given_up_too_and_progress_is_shown() -> None:
    @tool(risk=Risk.PURE, timeout_s=0.05)
    async def wait() -> str:
        """Text."""
        await asyncio.sleep(10)
        return ""

    @tool(risk=Risk.PURE)
    async def count(context: ToolContext) -> str:
        """Text."""
        context.progress("half way")
        await asyncio.sleep(0.01)
        return context.call_id

    assert (await run_tool(wait, {})).status is ToolStatus.TIMEOUT
    events: list[Any] = []
    assert (await run_tool(count, {}, events=events)).output == "call-1"
    assert [e.text for e in events if isinstance(e, ToolProgress)] == ["half way"]


async def test_a_large_result_is_cut_in_the_middle() -> None:
    @tool(risk=Risk.PURE, max_output=100)
    def large() -> str:
        """Text."""
        return "a" * 500 + "z" * 500

    finished = await run_tool(large, {})
    assert finished.dropped_chars == 900
    assert finished.output.startswith("aaa")
    assert finished.output.endswith("zzz\n[kept whole as result 1]")


async def test_a_preview_or_scope_that_fails_does_not_hide_the_question() -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ValueError("oops")

    @tool(preview=broken)
    def a(x: int) -> str:
        """Text."""
        return ""

    @tool(scope=broken)
    def b(x: int) -> str:
        """Text."""
        return ""

    events: list[Any] = []
    assert (await run_tool(a, {"x": 1}, allow=False, events=events)).status is ToolStatus.DENIED
    assert "no preview: ValueError: oops" in next(e.preview for e in events if e.kind == "approval_requested")
    assert (await run_tool(b, {"x": 1}, allow=False)).status is ToolStatus.FAILED


@pytest.mark.parametrize("trouble", [ToolRetry, ToolFailed])
async def test_nobody_is_asked_about_a_call_that_its_preview_knows_not_to_work(trouble: type[Exception]) -> None:
    def look(x: int) -> str:
        raise trouble("there is no such thing; look again")

    @tool(preview=look)
    def a(x: int) -> str:
        """Text."""
        return "done"

    events: list[Any] = []
    finished = await run_tool(a, {"x": 1}, allow=False, events=events)
    assert (finished.status, finished.output) == (ToolStatus.FAILED, "there is no such thing; look again")
    assert [event.kind for event in events] == ["tool_requested", "tool_finished"]
    assert (await run_tool(a, {"x": 1})).output == "done"  # without a question there is no preview


def test_a_schema_without_a_grammar_is_an_error_that_names_the_tool() -> None:
    schema = {"type": "object", "properties": {"a": {"type": "string", "pattern": "(?=x)"}}}
    with pytest.raises(GrammarError, match="tool odd"):
        step_grammar([("odd", schema)])


# -- loading ------------------------------------------------------------------------------------------------------


@pytest.fixture
def plugin_folder(tmp_path: Path) -> Iterator[Path]:
    sys.path.insert(0, str(tmp_path))
    before = set(sys.modules)
    yield tmp_path
    sys.path.remove(str(tmp_path))
    for name in set(sys.modules) - before:
        del sys.modules[name]


def write_plugin(folder: Path, name: str, body: str, distribution: str | None = None) -> None:
    """A distribution as pip leaves it: a module and its metadata."""
    module = f"mod_{name}_{distribution or ''}".replace("-", "_")
    (folder / f"{module}.py").write_text(textwrap.dedent(body))
    info = folder / f"{distribution or name + '-dist'}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution or name + '-dist'}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[rookery]\n{name} = {module}\n")


GOOD = '''
from rookery_core.plugin import Risk, hookimpl, tool

@tool(risk=Risk.PURE)
def hello() -> str:
    """Greets."""
    return "hi"

@hookimpl
def rookery_tools():
    return [hello]
'''

BROKEN = {
    "raises": ("1/0", "ZeroDivisionError"),
    "exits": ("raise SystemExit(1)", "SystemExit"),
    "interrupts": ("raise KeyboardInterrupt", "KeyboardInterrupt"),
    "missing": ("import not_there_at_all", "not_there_at_all"),
    "syntax": ("def", "SyntaxError"),
    "nolist": ("from rookery_core.plugin import hookimpl\n@hookimpl\ndef rookery_tools(): return 3", "list of tools"),
    "nottool": ("from rookery_core.plugin import hookimpl\n@hookimpl\ndef rookery_tools(): return [len]", "not a tool"),
    "badhook": ("from rookery_core.plugin import hookimpl\n@hookimpl\ndef rookery_tools(nope): return []", "nope"),
    "hookraises": (
        "from rookery_core.plugin import hookimpl\n@hookimpl\ndef rookery_tools(): raise OSError('x')",
        "OSError: x",
    ),
    "newer": ("rookery_contract = 99", "contract 99"),
}


def own(folder: Path) -> list[importlib.metadata.EntryPoint]:
    return [
        ep
        for dist in importlib.metadata.distributions(path=[str(folder)])
        for ep in dist.entry_points
        if ep.group == "rookery"
    ]


def test_each_broken_plugin_is_named_with_its_reason_and_the_others_work(plugin_folder: Path) -> None:
    write_plugin(plugin_folder, "good", GOOD)
    for name, (body, _) in BROKEN.items():
        write_plugin(plugin_folder, name, body)
    loaded = load(own(plugin_folder))
    assert [plugin.name for plugin in loaded.plugins] == ["good"]
    reasons = {problem.plugin: problem.reason for problem in loaded.problems}
    assert set(reasons) == set(BROKEN)
    for name, (_, reason) in BROKEN.items():
        assert reason in reasons[name]


def test_two_distributions_of_one_plugin_name_are_both_left_out(plugin_folder: Path) -> None:
    write_plugin(plugin_folder, "twin", GOOD, "dist-a")
    write_plugin(plugin_folder, "twin", GOOD, "dist-b")
    loaded = load(own(plugin_folder))
    assert loaded.plugins == ()
    assert {problem.distribution for problem in loaded.problems} == {"dist-a", "dist-b"}


def test_a_disabled_plugin_is_not_imported(plugin_folder: Path) -> None:
    write_plugin(plugin_folder, "bomb", "raise RuntimeError")
    assert load(own(plugin_folder), disabled=["bomb"]).problems == ()


def test_an_unknown_hook_is_named_and_the_plugin_works(plugin_folder: Path) -> None:
    write_plugin(plugin_folder, "odd", GOOD + "\n@hookimpl\ndef rookery_flys(): return 1\n")
    loaded = load(own(plugin_folder))
    assert [plugin.name for plugin in loaded.plugins] == ["odd"]
    assert "rookery_flys" in loaded.problems[0].reason


def test_a_clash_of_tool_names_gives_both_their_long_name_and_a_built_in_keeps_its_own() -> None:
    @tool(risk=Risk.PURE)
    def same() -> str:
        """Text."""
        return ""

    def names(*owners: tuple[str, str]) -> tuple[tuple[str, ...], int]:
        registry, problems = register(LoadedPlugin.of_tools(name, dist, (same,)) for name, dist in owners)
        return registry.names, len(problems)

    assert names(("a", "x"), ("b", "y")) == (("a.same", "b.same"), 2)
    assert names(("a", "x"), ("core", "rookery")) == (("a.same", "same"), 1)
    assert names(("b", "y"), ("a", "x")) == (("a.same", "b.same"), 2)


def test_tools_can_be_chosen_by_short_long_and_plugin_name() -> None:
    @tool(risk=Risk.PURE)
    def one() -> str:
        """Text."""
        return ""

    @tool(risk=Risk.PURE)
    def two() -> str:
        """Text."""
        return ""

    registry, _ = register([LoadedPlugin.of_tools("p", "d", (one, two))])
    assert registry.only(["p"]).names == ("one", "two")
    assert registry.only(["p.one"]).names == ("one",)
    assert registry.only([]).names == ()
    with pytest.raises(ConfigError, match="did you mean one"):
        registry.only(["onee"])
    with pytest.raises(ToolUnknown, match="the tools are: one, two"):
        registry.get("three")


class Size(enum.StrEnum):
    BIG = "big"


async def test_what_json_can_say_of_a_type_is_accepted() -> None:
    @tool(risk=Risk.PURE)
    def f(size: Size, day: datetime.date, pair: tuple[int, int]) -> str:
        """Text."""
        return f"{size!r} {day:%d.%m.} {pair}"

    finished = await run_tool(f, {"size": "big", "day": "2026-11-23", "pair": [1, 2]})
    assert finished.output == "<Size.BIG: 'big'> 23.11. (1, 2)"


async def test_a_tool_s_own_time_out_and_cancellation_are_its_own_failures() -> None:
    @tool(risk=Risk.PURE)
    async def f(kind: str) -> str:
        """Text."""
        raise TimeoutError("connect timed out") if kind == "timeout" else asyncio.CancelledError

    finished = await run_tool(f, {"kind": "timeout"})
    assert finished.status is ToolStatus.FAILED
    assert "connect timed out" in finished.output
    assert (await run_tool(f, {"kind": "cancel"})).status is ToolStatus.FAILED


async def test_a_scope_that_is_no_list_of_strings_is_refused() -> None:
    for scope in (lambda a: a["path"], lambda a: [1]):

        @tool(scope=scope)
        def f(path: str) -> str:
            """Text."""
            return ""

        finished = await run_tool(f, {"path": "/abc"}, allow=False)
        assert finished.status is ToolStatus.FAILED
        assert "must be a list of strings" in finished.output


class _AsyncCallable:
    async def __call__(self) -> str:
        await asyncio.sleep(0)
        return "awaited"


async def test_whatever_a_function_returns_that_can_be_awaited_is_awaited() -> None:
    schema = {"type": "object", "properties": {}}
    for run in (_AsyncCallable(), lambda: _AsyncCallable()()):
        made = Tool(name="f", description="Text.", schema=schema, run=run, risk=Risk.PURE)
        assert (await run_tool(made, {})).output == "awaited"


async def test_an_async_tool_that_will_not_stop_is_left_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(running, "STOP_SECONDS", 0.05)
    free, begun = asyncio.Event(), asyncio.Event()

    @tool(risk=Risk.PURE, timeout_s=0.05)
    async def stubborn() -> str:
        """Text."""
        begun.set()
        while not free.is_set():
            with contextlib.suppress(asyncio.CancelledError):
                await free.wait()
        return "late"

    assert (await run_tool(stubborn, {})).status is ToolStatus.TIMEOUT
    begun.clear()
    call = asyncio.create_task(run_tool(replace(stubborn, timeout_s=60.0), {}))
    await begun.wait()
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    free.set()


@pytest.mark.parametrize("error", [SystemExit, KeyboardInterrupt, StopIteration])
async def test_no_exception_of_a_tool_leaves_its_call(error: type[BaseException]) -> None:
    def fail() -> str:
        raise error("no")

    async def fail_later() -> str:
        await asyncio.sleep(0)
        fail()
        return ""

    schema = {"type": "object", "properties": {}}
    for run in (fail, fail_later):
        made = Tool(name="f", description="Text.", schema=schema, run=run, risk=Risk.PURE)
        finished = await run_tool(made, {})
        assert finished.status is ToolStatus.FAILED
        assert error.__name__ in finished.output
    scoped = Tool(name="f", description="Text.", schema=schema, run=lambda: "", scope=lambda _: [fail()])
    assert (await run_tool(scoped, {})).status is ToolStatus.FAILED


async def test_progress_shows_the_newest_and_not_every_line() -> None:
    @tool(risk=Risk.PURE)
    async def chatty(context: ToolContext) -> str:
        """Text."""
        for n in range(1000):
            context.progress(f"line {n}")
        await asyncio.sleep(0.3)
        context.progress("x" * 10_000)
        await asyncio.sleep(0.1)
        return "done"

    events: list[Event] = []
    await run_tool(chatty, {}, events=events)
    texts = [event.text for event in events if isinstance(event, ToolProgress)]
    assert texts[0] == "line 999"
    assert len(texts) == 2
    assert len(texts[1]) < 1000


def test_a_parameter_may_be_called_as_pydantic_s_methods_but_not_as_its_settings(tmp_path: Path) -> None:
    @tool
    def f(json: str, schema: int, copy: bool, validate: str = "x", model_name: str = "y") -> str:
        """Text."""
        return ""

    values = {"json": "a", "schema": 1, "copy": True}
    assert f.validate(values, Workspace.at(tmp_path)) == {**values, "validate": "x", "model_name": "y"}

    def hidden(_x: int) -> str:
        """Text."""
        return ""

    def settings(model_config: int) -> str:
        """Text."""
        return ""

    for function in (hidden, settings):
        with pytest.raises(PluginError, match="rename it"):
            tool(function)


def named() -> str:
    """Text."""
    return ""


def test_a_name_of_both_a_tool_and_a_plugin_means_the_tool() -> None:
    b, c, d = (replace(tool(named), name=name) for name in ("b", "c", "d"))
    registry, _ = register([LoadedPlugin.of_tools("a", "x", (b,)), LoadedPlugin.of_tools("b", "y", (c, d))])
    assert registry.only(["b"]).names == ("b",)
    assert registry.only(["a", "b.c"]).names == ("b", "c")
