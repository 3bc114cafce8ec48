"""The real program in a real terminal with the real model, driven by tmux as a person would."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.trusted import trusted

pytestmark = [
    pytest.mark.terminal,
    pytest.mark.model,
    pytest.mark.timeout(300),
]

ROOKERY = Path(sys.executable).parent / "rookery"
PATIENCE_S = 60


class Terminal:
    """A shell in a terminal of its own, 120 columns by 36 lines."""

    def __init__(self, home: Path, workspace: Path) -> None:
        self._socket = f"rookery-{uuid.uuid4().hex[:8]}"
        environment = {**os.environ, "ROOKERY_HOME": str(home), "HISTFILE": "/dev/null"}
        environment.pop("TMUX", None)
        subprocess.run(
            ["tmux", "-L", self._socket, "-f", "/dev/null", "new-session", "-d", "-x", "120", "-y", "36",
             "-c", str(workspace), "env PS1='ready$ ' bash --noprofile --norc"],
            check=True, env=environment,
        )  # fmt: skip
        self.wait("ready$")

    def _tmux(self, *words: str) -> str:
        return subprocess.run(["tmux", "-L", self._socket, *words], capture_output=True, text=True, check=True).stdout

    def type(self, text: str) -> None:
        self._tmux("send-keys", "-l", text)

    def press(self, *keys: str) -> None:
        self._tmux("send-keys", *keys)

    def screen(self) -> str:
        return self._tmux("capture-pane", "-p")

    def wait(self, text: str | Callable[[str], bool]) -> str:
        """The screen, once it shows the text."""
        fits = text if callable(text) else lambda screen: text in screen
        until = time.monotonic() + PATIENCE_S
        while not fits(screen := self.screen()):
            assert time.monotonic() < until, f"never saw {text!r} on:\n{screen}"
            time.sleep(0.1)
        return screen

    def close(self) -> None:
        subprocess.run(["tmux", "-L", self._socket, "kill-server"], check=False, capture_output=True)


@pytest.fixture
def terminal(tmp_path: Path) -> Iterator[Terminal]:
    if shutil.which("tmux") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("tmux is not installed")
    (tmp_path / "work").mkdir()
    trusted(tmp_path / "home", tmp_path / "work")
    made = Terminal(tmp_path / "home", tmp_path / "work")
    yield made
    made.close()


def test_a_person_asks_approves_quits_and_comes_back(terminal: Terminal, tmp_path: Path) -> None:
    terminal.type(f"{ROOKERY} --tools write_file")
    terminal.press("Enter")
    terminal.wait("Write a message")
    terminal.type('Write "hello world" to hello.txt')
    terminal.press("Enter")
    asked = terminal.wait("Allow this tool call?")
    assert "files.write_file" in asked
    assert str(tmp_path / "work" / "hello.txt")[-20:] in asked
    assert not (tmp_path / "work" / "hello.txt").exists()
    time.sleep(0.7)  # the first half second of keys is not taken for an answer
    terminal.press("y")
    seen = terminal.wait("created hello.txt")
    for label in ("thought", "action", "observation"):
        assert label in seen
    assert "hello" in (tmp_path / "work" / "hello.txt").read_text().lower()
    terminal.wait(lambda screen: "tok/s" in screen and "waiting" not in screen and "writing" not in screen)

    terminal.press("C-q")
    terminal.wait(lambda screen: "ready$" in screen and "goes on with it" in screen)
    terminal.type("stty -a | grep -c -w -- '-echo'; echo sane")
    terminal.press("Enter")
    back = terminal.wait(lambda screen: "\nsane" in screen)
    assert "0\nsane" in back, "the terminal was left without echo"

    terminal.type(f"{ROOKERY} --continue")
    terminal.press("Enter")
    resumed = terminal.wait(lambda screen: 'Write "hello world"' in screen and "observation" in screen)
    assert "created hello.txt" in resumed
    terminal.press("C-q")
    terminal.wait("ready$")


def test_ctrl_c_in_the_middle_of_an_answer_leaves_a_session_that_can_be_resumed(terminal: Terminal) -> None:
    terminal.type(f"{ROOKERY} config set model.adapter ''")  # the model alone goes on and on
    terminal.press("Enter")
    terminal.wait(lambda screen: screen.count("ready$") == 2)
    terminal.type(f"{ROOKERY} run 'Tell me a very long story about a rook.' --tools none")
    terminal.press("Enter")
    terminal.wait("is ready")
    time.sleep(1)
    terminal.press("C-c")
    terminal.wait(lambda screen: screen.count("ready$") == 3)
    terminal.type("echo code=$?; " + f"{ROOKERY} sessions list")
    terminal.press("Enter")
    screen = terminal.wait("Tell me a very long story about a rook.\n")
    assert "code=130" in screen
    terminal.type(f"{ROOKERY} run --continue 'Say hi.' --tools none -q; echo code=$?")
    terminal.press("Enter")
    terminal.wait(lambda screen: "code=0" in screen or "code=1" in screen)
