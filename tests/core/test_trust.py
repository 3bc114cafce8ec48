"""Which folders are trusted: by what they are, not only by their names; and what an untrusted one leaves."""

from __future__ import annotations

import os
import stat
from contextlib import aclosing
from pathlib import Path

import pytest

from rookery_core.approval.rulebook import PROJECT_RULES
from rookery_core.config import Config
from rookery_core.equipment import Options, equip, mcp_servers
from rookery_core.errors import ConfigError
from rookery_core.events import InputPerceived
from rookery_core.mcp.settings import McpSettings, ServerSettings
from rookery_core.paths import Paths
from rookery_core.process import search_path, surroundings
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.testing import ScriptedModel
from rookery_core.tools.contract import Risk
from rookery_core.trust import Trust, cautions
from tests.core.conftest import Lab, answer


@pytest.fixture
def trust(tmp_path: Path) -> Trust:
    return Trust(tmp_path / "home" / "trusted.json")


def made(tmp_path: Path, name: str) -> Path:
    folder = tmp_path / name
    folder.mkdir(parents=True)
    return folder


def test_a_folder_is_trusted_once_that_was_said_and_until_it_is_taken_back(trust: Trust, tmp_path: Path) -> None:
    folder = made(tmp_path, "boats")
    assert trust.by(folder) is None
    trust.add(folder)
    found = trust.by(folder)
    assert found is not None
    assert (found.path, found.below) == (os.path.realpath(folder), False)
    assert stat.S_IMODE((tmp_path / "home/trusted.json").stat().st_mode) == 0o600
    assert trust.remove(folder)
    assert trust.by(folder) is None
    assert not trust.remove(folder)


def test_what_is_above_covers_what_is_below_only_where_that_was_said(trust: Trust, tmp_path: Path) -> None:
    above, below = made(tmp_path, "all"), made(tmp_path, "all/of/it")
    trust.add(above)
    assert trust.by(below) is None
    trust.add(above, below=True)
    covering = trust.by(below)
    assert covering is not None
    assert covering.path == os.path.realpath(above)
    assert len(trust.listed()) == 1
    assert trust.by(tmp_path) is None


def test_another_folder_at_the_same_place_is_not_trusted(trust: Trust, tmp_path: Path) -> None:
    folder = made(tmp_path, "boats")
    trust.add(folder)
    folder.rename(tmp_path / "before")  # it keeps its number, so that no other gets it
    made(tmp_path, "boats")
    assert trust.by(folder) is None
    assert trust.replaced(folder)
    assert trust.by(tmp_path / "before") is None  # what is trusted is a folder at a place
    trust.add(folder)
    assert trust.by(folder) is not None
    assert not trust.replaced(folder)


def test_a_link_is_the_folder_that_it_leads_to(trust: Trust, tmp_path: Path) -> None:
    real, other = made(tmp_path, "real"), made(tmp_path, "other")
    link = tmp_path / "link"
    link.symlink_to(real)
    trust.add(link)
    assert trust.by(real) is not None
    link.unlink()
    link.symlink_to(other)
    assert trust.by(link) is None


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"format": 1}', '{"format": 1, "folders": [{"path": 1}]}', "\xff", " " * 1_000_001]
)
def test_where_the_file_is_not_right_nothing_is_trusted_and_nothing_is_lost(
    trust: Trust, tmp_path: Path, text: str
) -> None:
    folder = made(tmp_path, "boats")
    trust.add(folder)
    file = tmp_path / "home/trusted.json"
    file.write_bytes(text.encode("latin-1"))
    for attempt in (trust.listed, lambda: trust.by(folder), lambda: trust.add(folder), lambda: trust.remove(folder)):
        with pytest.raises(ConfigError, match=r"trusted\.json"):
            attempt()
    assert file.read_bytes() == text.encode("latin-1")


def test_what_is_no_folder_cannot_be_trusted(trust: Trust, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for path in (tmp_path / "file", tmp_path / "nowhere"):
        with pytest.raises(ConfigError, match="is not a folder"):
            trust.add(path)


def test_a_folder_that_holds_too_much_is_warned_of(tmp_path: Path) -> None:
    home = made(tmp_path, "people/ann")
    project, open_to_all = made(tmp_path, "people/ann/boats"), made(tmp_path, "people/ann/shared")
    open_to_all.chmod(0o777)
    assert cautions(project, home) == ()
    assert "home folder" in cautions(home, home)[0]
    assert "home folder is in it" in cautions(home.parent, home)[0]
    assert "whole file system" in cautions(Path("/"), home)[0]
    assert "Everybody" in cautions(open_to_all, home)[0]


# -- what an untrusted folder leaves --------------------------------------------------------------------------------


async def test_in_a_folder_that_is_not_trusted_only_what_computes_is_offered(lab: Lab) -> None:
    assistant = lab.assistant(ScriptedModel([]), trusted=False, allow=["write"])
    assert {offered.tool.risk for offered in assistant.tools.registry} == {Risk.PURE}
    assert assistant.surroundings == ("offline", "not trusted")
    assert lab.assistant(ScriptedModel([])).surroundings == ("offline",)
    assert lab.assistant(ScriptedModel([]), online=True).surroundings == ("online",)


async def test_its_files_are_not_read_for_a_message_either(lab: Lab) -> None:
    (lab.workspace / "notes.txt").write_text("the keys are under the doormat")
    model = ScriptedModel([answer("I cannot see it.")])
    assistant = lab.assistant(model, trusted=False)
    session = assistant.new_session()
    async with aclosing(assistant.turn(session, "read @notes.txt for @ann", ["notes.txt", "ann"])) as events:
        seen = [event async for event in events if isinstance(event, InputPerceived)]
    assert [(event.name, event.what) for event in seen] == [("notes.txt", "missing")]
    assert "does not trust" in seen[0].text
    assert "doormat" not in str(model.seen)


async def test_its_own_rules_are_not_read(lab: Lab) -> None:
    os.mkfifo(made(lab.workspace, ".rookery") / PROJECT_RULES.name)
    untrusted = lab.assistant(ScriptedModel([]), trusted=False)
    assert untrusted.tools.rulebook.mistakes == ()
    assert lab.assistant(ScriptedModel([])).tools.rulebook.mistakes != ()


def test_no_server_is_started_there(tmp_path: Path) -> None:
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    config = Config(mcp=McpSettings(servers={"yard": ServerSettings(command="yard-server")}))
    assert len(mcp_servers(config, paths, Options(tmp_path, trusted=True), Confinement())) == 1
    assert len(mcp_servers(config, paths, Options(tmp_path, trusted=False), Confinement())) == 0


def test_what_was_asked_for_by_name_is_still_checked(tmp_path: Path) -> None:
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    with pytest.raises(ConfigError, match="nothing_of_that_name"):
        equip(Config(), paths, Options(tmp_path, tools=["nothing_of_that_name"], trusted=False))


# -- what our processes find around them ----------------------------------------------------------------------------


def test_no_program_and_no_module_is_looked_for_where_one_is() -> None:
    around = {"PATH": ".:/usr/bin::bin:/bin", "PYTHONPATH": ":lib:/opt/lib", "HOME": "/home/ann"}
    assert surroundings(around) == {"PATH": "/usr/bin:/bin", "PYTHONPATH": "/opt/lib", "HOME": "/home/ann"}
    assert "PYTHONPATH" not in surroundings({"PYTHONPATH": ""})
    for path in ("", ".", ":", "bin"):
        assert search_path({"PATH": path}) == os.defpath


def test_there_is_no_way_to_start_rookery_by_which_python_looks_into_the_folder_first() -> None:
    """`python -m` puts the current folder before everything else, also before what could take it away again."""
    import rookery_core
    import rookery_tui

    for package in (rookery_tui, rookery_core):
        assert not [folder for folder in package.__path__ if Path(folder, "__main__.py").exists()]
