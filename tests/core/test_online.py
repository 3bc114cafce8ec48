"""Online use: off unless it is allowed, and then there is nothing of it in the program."""

from __future__ import annotations

from contextlib import aclosing
from pathlib import Path

import pytest

from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config, PluginSettings, WebSettings
from rookery_core.config_file import set_value
from rookery_core.equipment import Options, built_in
from rookery_core.events import PluginFailed
from rookery_core.hosting.admission import Admissions, State, Wishes, candidates
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from rookery_core.tools.loader import installed, load
from tests.core.hosting.kit import Site, empty_site

SEARCHING = WebSettings(online=True, search_url="http://localhost:8888")


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    return Paths.find({"ROOKERY_HOME": str(tmp_path)})


def made(paths: Paths, config: Config | None = None, **options: bool) -> Assistant:
    return build(config or Config(), paths, Options(workspace=paths.data, **options), model=ScriptedModel([]))


def state_of_web(paths: Paths, wishes: Wishes) -> State:
    known = candidates(installed(), Admissions(paths.plugins), wishes)
    return next(candidate.state for candidate in known if candidate.name == "web")


@pytest.mark.parametrize(
    ("wishes", "state"),
    [
        (Wishes(), State.OFFLINE),
        (Wishes(only=["web"]), State.OFFLINE),
        (Wishes(online=True), State.BUILT_IN),
        (Wishes(disabled=["web"], online=True), State.DISABLED),
        (Wishes(disabled=["web"]), State.DISABLED),
    ],
)
def test_the_web_is_used_where_it_is_allowed_and_not_disabled(paths: Paths, wishes: Wishes, state: State) -> None:
    assert state_of_web(paths, wishes) is state
    assert state.used is (state is State.BUILT_IN)


@pytest.mark.parametrize(
    ("config", "online", "offered"),
    [
        (Config(), False, set()),
        (Config(), True, {"fetch_page"}),
        (Config(web=WebSettings(online=True)), False, {"fetch_page"}),
        (Config(web=WebSettings(search_url="http://localhost:8888")), False, set()),
        (Config(web=SEARCHING), False, {"fetch_page", "search_web"}),
        (Config(web=SEARCHING, plugins=PluginSettings(disabled=("web",))), True, set()),
    ],
)
async def test_its_tools_are_offered_only_then(paths: Paths, config: Config, online: bool, offered: set[str]) -> None:
    paths.data.mkdir(exist_ok=True)
    assistant = made(paths, config, online=online)
    assert {"fetch_page", "search_web"} & {*assistant.tools.registry.names} == offered
    await assistant.close()


async def test_what_is_left_out_for_it_is_said_to_who_asks_and_not_at_every_start(paths: Paths) -> None:
    paths.data.mkdir(exist_ok=True)
    for options in ({}, {"online": True}, {"online": True, "strict": True}):
        assistant = made(paths, **options)
        (problem,) = [each for each in assistant._parts.gear.problems if each.plugin == "web"]
        assert (problem.quiet, problem.failed) == (True, False)
        assert ("--online" in problem.reason) is (not options)
        async with aclosing(assistant.start(assistant.new_session())) as events:
            assert not [event async for event in events if isinstance(event, PluginFailed)]
        await assistant.close()


async def test_allowing_it_takes_effect_when_the_plugins_are_looked_at_anew(paths: Paths) -> None:
    paths.data.mkdir(exist_ok=True)
    assistant = made(paths)
    set_value(paths, "web.online", "true")
    assert await assistant.reload_plugins() == ()
    assert "fetch_page" in assistant.tools.registry.names
    await assistant.close()


def test_measurements_are_made_offline() -> None:
    assert "web" not in [plugin.name for plugin in built_in(Config()).plugins]
    assert "web" in [plugin.name for plugin in built_in(Config(web=SEARCHING)).plugins]


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return empty_site(tmp_path, monkeypatch)


def test_a_factory_that_takes_settings_is_given_those_of_its_plugin(site: Site) -> None:
    source = (
        "from rookery_core.plugin import hookimpl\n"
        "class {}:\n"
        "    def __init__(self{}):\n        self.told = {}\n"
        "    @hookimpl\n    def rookery_prompt_sections(self):\n        return [str(self.told)]\n"
    )
    site.install("asks", source.format("Made", ", settings", "settings"), plugins=["asks"])
    site.install("plain", source.format("Made", "", "'nothing'"), plugins=["plain"])
    for info in site.folder.glob("*.dist-info/entry_points.txt"):
        info.write_text(info.read_text().replace(" = asks", " = asks:Made").replace(" = plain", " = plain:Made"))
    told = load(site.found(), settings={"asks": {"a": 1}})
    assert told.problems == ()
    assert [plugin.offers.sections for plugin in told.plugins] == [("{'a': 1}",), ("nothing",)]
    assert load(site.found()).plugins[0].offers.sections == ("{}",)
