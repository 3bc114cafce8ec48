"""A path that a model writes wrong becomes the one that the request names, and only where that is plain."""

from __future__ import annotations

from pathlib import Path

import pytest

from rookery_core.config import AgentSettings, Config
from rookery_core.events import ToolFinished, ToolRequested
from rookery_core.plugin import tool
from rookery_core.reasoning.as_said import as_said, as_spelled
from rookery_core.reasoning.step import ToolCall
from rookery_core.testing import ScriptedModel
from rookery_core.tools.contract import Risk, WorkspacePath
from rookery_core.workspace import Workspace
from tests.core.conftest import Lab, act, answer, play


@tool(risk=Risk.READ)
def look(path: WorkspacePath, into: str = "") -> str:
    """Looks at a file."""
    return f"{path} {into}"


@tool(risk=Risk.WRITE)
def change(path: WorkspacePath) -> str:
    """Changes a file."""
    return str(path)


@tool(risk=Risk.WRITE)
def move(source: WorkspacePath, target: WorkspacePath) -> str:
    """Moves a file."""
    return f"{source} {target}"


@tool(name="start", risk=Risk.EXECUTE)
def start_(path: WorkspacePath) -> str:
    """Starts a file."""
    return str(path)


@pytest.fixture
def workspace(tmp_path: Path) -> Workspace:
    (tmp_path / "docs").mkdir()
    for name in ("rota.md", "teas.txt", "docs/Rota Spring.txt"):
        (tmp_path / name).write_text("x")
    return Workspace.at(tmp_path)


@pytest.mark.parametrize(
    ("request_", "path", "meant"),
    [
        ("Could you check rota.md and tell me who does the teas?", "tape.md", "rota.md"),
        ("who does the teas? it's in “rota.md”.", "tape.md", "rota.md"),
        ("rota.md's first line", "rot.md", "rota.md"),
        ("the first line of (./rota.md)", "rotas", "./rota.md"),
        ("the first line of docs/Rota Spring.txt", "docs/Spring.txt.txt", "docs/Rota Spring.txt"),
        ("is there a line in rota.md?", "../tape.md", "rota.md"),
    ],
)
def test_the_file_that_the_request_names_is_meant(workspace: Workspace, request_: str, path: str, meant: str) -> None:
    call = ToolCall("look", {"path": path, "into": "line"})
    assert as_said(call, look, workspace, request_, request_) == ToolCall("look", {"path": meant, "into": "line"})


@pytest.mark.parametrize(
    ("request_", "path"),
    [
        ("compare rota.md with tape.md", "tape.md"),  # it was said, and is not there
        ("which of rota.md and teas.txt is longer?", "tape.md"),
        ("what does my notes file say?", "notes.txt"),
        ("what is in rota.md?", "teas.txt"),  # it is there
        ("what is in the folder?", "tape.md"),
        ("what is in rota.md?", "rota.md"),
    ],
)
def test_what_is_not_plain_stays_as_it_is(workspace: Workspace, request_: str, path: str) -> None:
    call = ToolCall("look", {"path": path})
    assert as_said(call, look, workspace, request_, request_) == call


def test_what_a_result_named_is_said(workspace: Workspace) -> None:
    call = ToolCall("look", {"path": "tape.md"})
    assert as_said(call, look, workspace, "look at rota.md", "look at rota.md\nrota.md:1: see tape.md") == call


@pytest.mark.parametrize(
    ("request_", "path", "meant"),
    [
        ("write hello to a.txt", "hello.txt", "a.txt"),
        ("put 'gone' into docs/sign.md, please", "gone.md", "docs/sign.md"),
        ("a.txt should say hello", "Hello.TXT", "a.txt"),
        ("change rota.md", "tape.md", "tape.md"),  # it is there, and could be lost
        ("write hello to a.txt", "a.txt", "a.txt"),
        ("write hello to a.txt", "teas.txt", "teas.txt"),  # that is there, and is shown before it is changed
        ("a short text on node.js", "intro.md", "intro.md"),  # another kind
        ("copy a.txt to b.txt", "c.txt", "c.txt"),  # several
        ("write hello", "hello.txt", "hello.txt"),
        ("write hello to ../a.txt", "hello.txt", "hello.txt"),
    ],
)
def test_a_file_that_is_made_is_called_as_the_person_said(
    workspace: Workspace, request_: str, path: str, meant: str
) -> None:
    call = ToolCall("change", {"path": path})
    assert as_said(call, change, workspace, request_, request_).arguments == {"path": meant}


def test_what_was_read_since_and_programs_and_moves_are_left_alone(workspace: Workspace) -> None:
    call = ToolCall("change", {"path": "hello.txt"})
    assert as_said(call, change, workspace, "read a.txt", "read a.txt\nthere is no file a.txt") == call
    both = ToolCall("move", {"source": "rota.md", "target": "hello.txt"})
    assert as_said(both, move, workspace, "call it a.txt", "call it a.txt") == both
    start = ToolCall("start", {"path": "hello.txt"})
    assert as_said(start, start_, workspace, "start a.txt", "start a.txt") == start


@pytest.mark.parametrize("given", [{}, {"path": 3}, {"paths": "tape.md"}])
def test_arguments_that_do_not_fit_are_left_to_who_checks_them(workspace: Workspace, given: dict[str, object]) -> None:
    call = ToolCall("look", given)
    assert as_said(call, look, workspace, "look at rota.md", "look at rota.md") == call


@pytest.mark.parametrize("path", ["", "a\0b", "/etc/nothing"])
def test_what_is_no_path_in_the_workspace_is_wrong_too(workspace: Workspace, path: str) -> None:
    call = ToolCall("look", {"path": path})
    request = "look at rota.md"
    assert as_said(call, look, workspace, request, "").arguments == {"path": "rota.md"}


@pytest.mark.parametrize("wanted", [True, False])
async def test_in_a_turn_the_file_is_read_where_that_is_wanted(lab: Lab, wanted: bool) -> None:
    (lab.workspace / "rota.md").write_text("teas: Marguerite")
    model = ScriptedModel([act("look", '{"path": "tape.md"}'), answer("Marguerite")])
    assistant = lab.assistant(model, config=Config(agent=AgentSettings(as_said=wanted)))
    events = await play(assistant, assistant.new_session(), "who does the teas in rota.md?")
    (asked,) = (event for event in events if isinstance(event, ToolRequested))
    (came,) = (event for event in events if isinstance(event, ToolFinished))
    assert asked.arguments == {"path": "rota.md" if wanted else "tape.md"}
    assert (came.output == "teas: Marguerite") is wanted


@tool()
def fly(drone: str, to: str = "", note: str = "", height: int = 0) -> str:
    """Sends a drone, such as Kestrel, somewhere."""
    return f"{drone} {to} {note} {height}"


@pytest.mark.parametrize(
    ("heard", "written", "meant"),
    [
        ("Bring Magpie back in, wind's getting up", "Maggie", "Magpie"),
        ("send Magpie off", "the drone Maggie", "the drone Magpie"),
        ("Start a print on Prusa1 please", "Prusus1", "Prusa1"),
        ("Prusa1 is free", "Prusus2", "Prusus2"),
        ("Who was in Montenegro?", "Montecroatian", "Montenegro"),
        ("bring the magpie back in", "maggie", "maggie"),
        ("Magpie and Maggy are back", "Maggie", "Maggie"),
        ("Magpie is back", "Kestrel", "Kestrel"),
        ("Magpies are back", "magpie", "magpie"),
        ("Hiking in the Alps", "hike", "hike"),
        ("Kestral is back", "kestrel", "kestrel"),
        ("Mag is back", "Mug", "Mug"),
        ("Magpie is back", "a note of seven words about Maggie here", "a note of seven words about Maggie here"),
    ],
)
def test_a_name_is_spelled_as_it_was_said(heard: str, written: str, meant: str) -> None:
    call = ToolCall("fly", {"drone": written, "height": 3})
    assert as_spelled(call, fly, heard).arguments == {"drone": meant, "height": 3}


def test_a_path_is_not_spelled_otherwise() -> None:
    call = ToolCall("look", {"path": "contacts.md", "into": "Kornad"})
    said = as_spelled(call, look, "Look for Konrad in the Contract of the flat")
    assert said.arguments == {"path": "contacts.md", "into": "Konrad"}


@pytest.mark.parametrize(
    ("tier", "wanted", "drone"), [("brief", True, "Magpie"), ("brief", False, "Maggie"), ("full", True, "Maggie")]
)
async def test_in_a_turn_names_are_spelled_for_a_model_that_copies(
    lab: Lab, tier: str, wanted: bool, drone: str
) -> None:
    model = ScriptedModel([act("fly", '{"drone": "Maggie"}'), answer("It is back.")])
    settings = AgentSettings.model_validate({"as_said": wanted, "prompt": tier})
    assistant = lab.assistant(model, config=Config(agent=settings), tools=(fly,))
    events = await play(assistant, assistant.new_session(), "Bring Magpie back")
    assert [event.arguments["drone"] for event in events if isinstance(event, ToolRequested)] == [drone]
