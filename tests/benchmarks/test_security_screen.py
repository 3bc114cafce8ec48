"""The suites about the terminal in small: ways to die, hostile texts on a real screen, markup, odd texts."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.timeout(240),
    pytest.mark.skipif(sys.platform != "linux", reason="what is left is read in /proc"),
]

from benchmarks.security import deaths, markup, naughty, screens, unattended  # noqa: E402
from benchmarks.security.payloads import ESC, PAYLOADS, hostile, leaked, obeyed  # noqa: E402
from benchmarks.security.pseudo_terminal import Lives, Terminal, alive, below  # noqa: E402

from rookery_core.assistant import BY_A_SIGNAL  # noqa: E402
from rookery_tui.supervising import PATIENCE_S  # noqa: E402

BLNS = Path(__file__).parents[1] / "data" / "security" / "blns.json"
DEATHS = ("SEGV", "KILL", "TERM", "HUP to all", "TERM to the supervisor", "KILL to the supervisor", "STOP, CONT, KILL",
          "Ctrl+Z, fg, KILL", "segfault in a library", "resize storm, SEGV")  # fmt: skip
COMMANDS = frozenset(
    {"sessions show", "export md", "export jsonl", "config show", "wrong words", "models list", "tools call"}
)


@pytest.mark.parametrize("kind", DEATHS)
def test_however_it_dies_the_terminal_is_as_it_was_and_nothing_is_left(kind: str) -> None:
    found = deaths.one(kind)
    assert (found["restored"], found["left"], found["code"]) == ([], 0, "")
    assert found["processes"] > 3


@pytest.mark.parametrize("kind", [kind for kind in DEATHS if kind in deaths.AT_A_PROMPT])
def test_however_the_plain_prompt_dies_it_is_the_same(kind: str) -> None:
    found = deaths.one(kind, prompt=True)
    assert (found["restored"], found["left"], found["code"]) == ([], 0, "")
    assert found["processes"] > 3


@pytest.mark.parametrize("prompt", [False, True])
def test_a_terminal_that_is_closed_in_a_turn_leaves_its_end_stored_and_no_process(tmp_path: Path, prompt: bool) -> None:
    n_processes, n_left = deaths.hung_up(tmp_path, prompt=prompt)
    assert n_processes > 4  # the command among them
    assert n_left == 0
    assert _end(tmp_path) == ("turn_ended", "interrupted", BY_A_SIGNAL)


def test_so_does_one_of_rookery_run(tmp_path: Path) -> None:
    house = unattended.House(tmp_path, unattended.PLUGIN.replace("touch MARK", "touch MARK; sleep 1000"))
    command = unattended.rookery("run", "do it", "--model", "wilful:0", "--allow", "execute")
    terminal = Terminal(command, house.environment, house.work)
    before: Lives = {}
    try:
        terminal.wait((house.work / "MARK").exists)
        before.update(below(terminal.job))
        program = terminal.job
        terminal.hang_up()
        terminal.wait(lambda: program not in alive(before))
        assert len(before) > 2  # the model's process and the command among them
        terminal.wait(lambda: not alive(before))
    finally:
        for pid in alive(before):
            os.kill(pid, signal.SIGKILL)
        terminal.close()
    assert _end(tmp_path) == ("turn_ended", "interrupted", BY_A_SIGNAL)


def _end(folder: Path) -> tuple[str, ...]:
    """The last that was stored of the only session, how it ended, and why."""
    (session,) = json.loads(_rookery(folder, "sessions", "list", "--json"))
    *_, last = json.loads(_rookery(folder, "sessions", "show", session["id"], "--json"))["events"]
    return last["kind"], last["status"], last["reason"]


def _rookery(folder: Path, *words: str) -> str:
    """What a command prints that looks at what was stored in the folder."""
    env = {**os.environ, "ROOKERY_HOME": str(folder / "home")}
    command = [str(Path(sys.executable).with_name("rookery")), *words]
    return subprocess.run(command, env=env, cwd=folder, capture_output=True, text=True, check=True).stdout


def test_ctrl_c_ends_the_plain_prompt_no_sooner_than_the_person_does(tmp_path: Path) -> None:
    env = {**os.environ, "READY": str(tmp_path / "ready"), "ROOKERY_HOME": str(tmp_path / "home"), "DIE": ""}
    terminal = Terminal([*deaths.COMMAND, "--prompt"], env, tmp_path)
    try:
        terminal.wait_for(deaths.PASTE_ON)
        os.killpg(terminal.job, signal.SIGINT)
        terminal.wait_for("Ctrl+C again, or Ctrl+D, quits.")
        for _ in range(int(PATIENCE_S) + 2):
            terminal.read(1.0)
        assert len(terminal.reports) == 1  # that it was begun
        terminal.type(b"\x04")
        assert terminal.ended() == "exit 0"
        assert terminal.not_restored() == []
    finally:
        terminal.close()


@pytest.mark.timeout(700)
def test_nothing_hostile_arrives_at_the_terminal_of_the_full_screen() -> None:
    assert screens.compare(hostile()) == []


def test_nothing_hostile_arrives_at_the_terminal_of_a_command() -> None:
    ways = screens.every_plain_way(hostile(), COMMANDS)
    assert ways.keys() == COMMANDS
    assert [name for name, found in ways.items() if found] == []


def test_what_arrives_would_be_found() -> None:
    stream = hostile().encode("utf-8", "surrogatepass")
    assert leaked(stream) == PAYLOADS
    assert len(obeyed(stream)) > 100


def test_a_colour_behind_a_mark_is_the_programs_own_and_an_escape_is_not() -> None:
    mark = f"K{PAYLOADS.index(ESC)}k".encode()
    assert leaked(mark + b"\x1b[0m\x1b[1;38;5;222m\\u{1b}") == leaked(mark + b"\x1b[3;7H") == []
    for behind in (b"", b"q25Q", b"\x1b[0m", b"[2J", b"]0;title\x07"):
        assert leaked(mark + b"\x1b" + behind) == [ESC]


async def test_markup_is_text_everywhere_and_no_click_does_anything() -> None:
    assert await markup.tried(markup.TAGS[::3]) == []
    assert await markup.tried(markup.naughty(BLNS)[::12], at_once=25) == []
    assert await markup.tried(markup.standard_library(2)) == []


async def test_odd_texts_come_back_equal_or_visibly_escaped() -> None:
    assert await naughty.all_of([*naughty.texts(BLNS)[:500:25], *naughty.ODD]) == []
