"""`/plugins`: a plugin is let in, looked at anew and kept out while the program runs."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import QuestionAsked, ToolFinished
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from rookery_tui.plugin_switch import USAGE, switch
from tests.core.conftest import act, answer, play
from tests.core.hosting.kit import Site, empty_site, tool_source

CALL = [act("go", "{}"), answer("done")]


class Person:
    """Answers questions in order, and keeps them."""

    def __init__(self) -> None:
        self.answers: list[str | None] = []
        self.asked: list[str] = []

    async def __call__(self, asked: QuestionAsked) -> str | None:
        assert asked.tool == ""
        self.asked.append(asked.question)
        return self.answers.pop(0) if self.answers else None


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return empty_site(tmp_path, monkeypatch)


@pytest.fixture
def person() -> Person:
    return Person()


@pytest.fixture
async def assistant(site: Site, person: Person) -> AsyncIterator[Assistant]:
    paths = Paths.find({"ROOKERY_HOME": str(site.home)})
    made = build(Config(), paths, Options(site.home), answerer=person, model=ScriptedModel(CALL * 6))
    yield made
    await made.close()


async def called(assistant: Assistant) -> str:
    events = await play(assistant, assistant.new_session(), "go")
    return next(event.output for event in events if isinstance(event, ToolFinished))


async def test_a_plugin_comes_changes_and_goes_without_a_restart(
    site: Site, person: Person, assistant: Assistant
) -> None:
    site.install("hot", tool_source("return 'one'"))
    plugins = assistant.plugins
    assert "hot         pending    hot-dist 1.0" in await switch(assistant, plugins, "")
    assert await switch(assistant, plugins, "enable hot") == "Nothing was changed."
    assert "there is no tool named go" in await called(assistant)

    person.answers = ["yes"]
    assert (await switch(assistant, plugins, "enable hot")).startswith("hot is used now.")
    assert "tool          go (pure): Does it." in person.asked[-1]
    assert person.asked[-1].endswith("Use hot from now on?")
    assert await called(assistant) == "one"

    (site.folder / "hot.py").write_text(tool_source("return 'two'"))  # as with an editable install
    assert await called(assistant) == "one"
    assert (await switch(assistant, plugins, "reload")).startswith("The plugins were looked at anew.")
    assert await called(assistant) == "two"

    assert (await switch(assistant, plugins, "disable hot")).startswith("hot is not used any more.")
    assert "go" not in assistant.tools.registry.names


async def test_hooks_for_the_program_itself_are_asked_about_apart(
    site: Site, person: Person, assistant: Assistant
) -> None:
    source = tool_source("return 'one'") + "@hookimpl\ndef rookery_after_tool(outcome):\n    return Append('!')\n"
    site.install("inner", source)
    person.answers = ["yes", "no"]
    said = await switch(assistant, assistant.plugins, "enable inner")
    assert said.startswith("inner is used now.")
    assert "rookery_after_tool works only inside the program" in said
    assert await called(assistant) == "one"
    person.answers = ["yes", "yes"]
    await switch(assistant, assistant.plugins, "enable inner")
    assert await called(assistant) == "one\n!"


async def test_without_a_plugin_that_was_let_in_to_rule_on_calls_there_are_none(
    site: Site, person: Person, assistant: Assistant
) -> None:
    guard = "from rookery_core.plugin import hookimpl\n@hookimpl\ndef rookery_before_tool(use):\n    return None\n"
    site.install("hot", tool_source("return 'one'"))
    site.install("guard", guard)
    person.answers = ["yes"] * 3
    await switch(assistant, assistant.plugins, "enable hot")
    await switch(assistant, assistant.plugins, "enable guard")
    assert await called(assistant) == "one"

    site.install("guard", f"{guard}# another one\n")
    said = await switch(assistant, assistant.plugins, "reload")
    assert "guard: it was enabled to rule on calls, so none is made without it" in said
    assert "guard, which rules on calls, cannot be asked: it is not what it was" in await called(assistant)
    site.uninstall("guard")
    await switch(assistant, assistant.plugins, "reload")
    assert "cannot be asked: it is not installed any more" in await called(assistant)

    site.install("guard", guard)
    await switch(assistant, assistant.plugins, "reload")
    assert await called(assistant) == "one"
    site.install("guard", "raise RuntimeError('a mistake')")
    await switch(assistant, assistant.plugins, "disable guard")
    assert await called(assistant) == "one"


async def test_what_cannot_be_done_is_said_and_all_is_as_it_was(site: Site, assistant: Assistant) -> None:
    site.install("bad", "raise RuntimeError('a mistake')")
    before = assistant.tools
    assert "RuntimeError: a mistake" in await switch(assistant, assistant.plugins, "enable bad")
    assert "there is no installed plugin named nosuch" in await switch(assistant, assistant.plugins, "disable nosuch")
    assert await switch(assistant, assistant.plugins, "what is this") == USAGE
    assert assistant.tools is before


async def test_nothing_is_exchanged_while_a_turn_is_in_progress(assistant: Assistant) -> None:
    async def reload(event: object) -> None:
        said.append(await switch(assistant, assistant.plugins, "reload"))

    said: list[str] = []
    async for _ in assistant.turn(assistant.new_session(), "go"):
        if not said:
            await reload(None)
    assert "between two turns" in said[0]


async def test_two_looks_at_the_plugins_at_once_leave_no_process_behind(
    site: Site, person: Person, assistant: Assistant
) -> None:
    site.install("hot", tool_source("import os; return os.getpid()"))
    person.answers = ["yes"]
    await switch(assistant, assistant.plugins, "enable hot")
    said = await asyncio.gather(*(switch(assistant, assistant.plugins, "reload") for _ in range(2)))
    assert sorted(text.split(";")[0] for text in said) == [
        "The plugins were looked at anew.",
        "the plugins are being looked at already",
    ]
    assert int(await called(assistant)) > 0


async def test_rookery_s_own_are_kept_out_and_let_in_again(assistant: Assistant) -> None:
    await switch(assistant, assistant.plugins, "disable shell")
    assert "shell" not in assistant.tools.registry.names
    assert (await switch(assistant, assistant.plugins, "enable shell")).startswith("shell is used now.")
    assert "shell" in assistant.tools.registry.names
