"""`rookery plugins`, with distributions in a folder that pip could have made."""

from __future__ import annotations

import io
import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from rookery_core.errors import ConfigError
from rookery_core.hosting.catalogue import Plugins
from rookery_core.paths import Paths
from rookery_tui import cli
from rookery_tui.starting import wished
from tests.core.hosting.kit import HEAD, Site, empty_site, tool_source

GUARD = (
    tool_source("return 'fine'", name="guarded", risk="READ", doc="Looks around.")
    + "@hookimpl\ndef rookery_before_tool(use):\n    return None\n"
)


class Shell:
    """Runs commands in this process."""

    def __init__(self, home: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.home = home
        self._capsys = capsys

    def __call__(self, *arguments: str) -> tuple[int, str, str]:
        code = cli.main(["plugins", *arguments])
        said = self._capsys.readouterr()
        return code, said.out, said.err

    def states(self) -> dict[str, str]:
        return {each["name"]: each["state"] for each in json.loads(self("list", "--json")[1])}


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    made = empty_site(tmp_path, monkeypatch)
    monkeypatch.setenv("ROOKERY_HOME", str(made.home))
    made.install("guard", GUARD)
    return made


@pytest.fixture
def shell(site: Site, capsys: pytest.CaptureFixture[str]) -> Shell:
    return Shell(site.home, capsys)


def test_the_list_says_what_is_used_and_what_waits(shell: Shell) -> None:
    code, out, _ = shell("list")
    assert code == 0
    assert "calculator  built in   rookery" in out
    assert "guard       pending    guard-dist 1.0" in out
    assert "`rookery plugins enable guard`" in out


def test_enabling_shows_the_plugin_and_disabling_keeps_it_out(shell: Shell) -> None:
    code, out, _ = shell("enable", "guard", "--yes")
    assert code == 0
    assert "tool          guarded (read): Looks around." in out
    assert "rookery_before_tool" in out
    assert "guard is used from the next start on, without rookery_before_tool." in out
    assert shell.states()["guard"] == "enabled"
    assert shell("disable", "guard")[0] == 0
    assert shell.states()["guard"] == "disabled"
    shell("enable", "guard", "--yes", "--in-process")
    assert 'in_process = [\n    "guard",\n]' in (shell.home / "settings.toml").read_text()
    shell("disable", "guard")
    assert "in_process = []" in (shell.home / "settings.toml").read_text()


def test_what_the_model_will_read_is_shown_in_full_before_it_is_said_yes_to(shell: Shell, site: Site) -> None:
    long = "Looks around. " + "very " * 100 + "carefully, and then obeys."
    section = f"@hookimpl\ndef rookery_prompt_sections():\n    return ['{'Be kind. ' * 60}And obey.']\n"
    site.install("wordy", tool_source("return 'fine'", name="look", doc=long) + section)
    out = shell("enable", "wordy", "--yes")[1]
    assert "carefully, and then obeys." in out
    assert "And obey." in out


def test_where_nobody_is_there_nothing_is_enabled(shell: Shell, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("y\n"))
    code, out, err = shell("enable", "guard")
    assert code == 1
    assert "Nothing was changed." in out
    assert "--yes" in err
    assert shell.states()["guard"] == "pending"


def test_a_built_in_plugin_is_disabled_and_enabled_in_the_settings(shell: Shell) -> None:
    shell("disable", "shell")
    assert shell.states()["shell"] == "disabled"
    assert shell("enable", "shell", "--yes")[0] == 0
    assert shell.states()["shell"] == "built in"


def test_a_plugin_that_needs_the_network_says_how_it_is_let_in(shell: Shell) -> None:
    assert shell.states()["web"] == "offline"
    code, out, err = shell("enable", "web", "--yes")
    assert (code, out) == (1, "")
    assert "web: it is not used, since nothing may go online" in err
    assert "`rookery config set web.online true`" in err
    assert "runs in       the program itself" in shell("info", "web")[1]
    (shell.home / "config.toml").write_text("[web]\nonline = true\n")
    assert shell.states()["web"] == "built in"
    shell("disable", "web")
    assert shell.states()["web"] == "disabled"


@pytest.mark.parametrize("action", ["info", "enable", "disable"])
def test_a_plugin_that_is_not_there_is_named_with_the_nearest(shell: Shell, action: str) -> None:
    code, _, err = shell(action, "gard")
    assert code == 2
    assert "there is no installed plugin named gard; did you mean guard?" in err


def test_a_broken_plugin_is_not_enabled_and_the_doctor_names_it(shell: Shell, site: Site) -> None:
    site.install("broken", "raise RuntimeError('a mistake')")
    code, _, err = shell("enable", "broken", "--yes")
    assert code == 1
    assert "broken cannot be used: RuntimeError: a mistake" in err
    code, out, _ = shell("doctor")
    assert code == 0  # it is not used
    assert "calculator: good" in out
    site.enable("broken")
    code, out, _ = shell("doctor")
    assert (code, "broken: RuntimeError: a mistake" in out) == (1, True)


def test_nothing_of_a_plugin_that_was_not_let_in_is_imported_by_the_doctor(shell: Shell, site: Site) -> None:
    mark = site.home / "imported"
    site.install("eager", f"open({str(mark)!r}, 'w')\n{GUARD}")
    code, out, _ = shell("doctor")
    assert (code, "eager: pending, and not looked at" in out) == (0, True)
    assert not mark.exists()


def test_info_says_all_and_the_doctor_s_remarks(shell: Shell, site: Site) -> None:
    source = HEAD + (
        "@tool(risk=Risk.PURE, available=lambda: 'install git')\ndef log():\n    '''Shows.'''\n"
        "@hookimpl\ndef rookery_tools():\n    return [log]\n@hookimpl\ndef rookery_tols():\n    return []\n"
    )
    site.install("mercurial", source)
    code, out, _ = shell("info", "mercurial")
    assert code == 0
    assert "remark        unknown hook rookery_tols is ignored" in out
    assert "remark        tool log is not offered: install git" in out
    told = json.loads(shell("info", "mercurial", "--json")[1])
    assert (told["state"], told["tools"][0]["missing"]) == ("pending", "install git")


def test_a_yes_to_running_inside_the_program_does_not_outlive_what_it_was_said_to(shell: Shell, site: Site) -> None:
    shell("enable", "guard", "--yes", "--in-process")
    site.install("guard", GUARD + "# changed\n")
    shell("enable", "guard", "--yes")
    assert "in_process = []" in (shell.home / "settings.toml").read_text()


def test_an_imposter_does_not_hide_the_built_in_plugin(shell: Shell, site: Site) -> None:
    site.install("fake", GUARD, plugins=["calculator"])
    code, out, _ = shell("info", "calculator")
    assert code == 0
    assert "distribution  rookery " in out


def test_what_is_removed_may_be_refused_and_is_named_by_plugin_or_distribution(site: Site) -> None:
    plugins = Plugins(Paths.find({"ROOKERY_HOME": str(site.home)}))
    for name in ("first", "second"):
        site.install(name, GUARD, plugins=["same"])
    site.install("strange", GUARD, plugins=["Strange!"])
    assert plugins.distribution_of("guard") == "guard-dist"
    assert plugins.distribution_of("Guard_Dist") == "guard-dist"
    assert plugins.distribution_of("Strange!") == "strange-dist"
    with pytest.raises(ConfigError, match="in first-dist and in second-dist: name one of these"):
        plugins.distribution_of("same")
    with pytest.raises(ConfigError, match="did you mean guard"):
        plugins.distribution_of("gurd")


def test_what_is_gone_already_is_forgotten_with_all_its_plugins(shell: Shell, site: Site) -> None:
    site.install("pair", GUARD, plugins=["one", "two"])
    for name in ("one", "two"):
        shell("enable", name, "--yes", "--in-process")
    site.uninstall("pair")
    code, out, _ = shell("remove", "one")
    assert (code, "pair-dist was not installed any more, and is forgotten" in out) == (0, True)
    assert "in_process = []" in (shell.home / "settings.toml").read_text()
    site.install("pair", GUARD, plugins=["one", "two"])
    assert (shell.states()["one"], shell.states()["two"]) == ("pending", "pending")


def test_a_new_plugin_is_not_called_as_one_of_rookery_s_own(shell: Shell, tmp_path: Path) -> None:
    for name in ("shell", "rookery-shell"):
        code, _, err = shell("new", name, "--into", str(tmp_path / "new"))
        assert (code, "Rookery's own" in err) == (1, True)
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    ("environ", "names"),
    [({}, None), ({"ROOKERY_PLUGINS": "a, b,"}, ["a", "b"]), ({"ROOKERY_NO_PLUGINS": "1", "ROOKERY_PLUGINS": "a"}, ())],
)
def test_the_environment_names_plugins_as_the_option_does(environ: dict[str, str], names: object) -> None:
    assert wished(None, environ) == names


def test_what_two_programs_say_of_plugins_at_once_is_both_kept(shell: Shell, site: Site) -> None:
    names = [f"plugin{n}" for n in range(8)]
    for name in names:
        site.install(name, GUARD)
    paths = Paths.find({"ROOKERY_HOME": str(site.home)})
    known = {candidate.name: candidate for candidate in Plugins(paths).all()}
    with ThreadPoolExecutor(len(names)) as pool:
        list(pool.map(lambda name: Plugins(paths).enable(known[name]), names))
    assert {shell.states()[name] for name in names} == {"enabled"}
