"""A question about a call in a real terminal, driven by tmux, while keys come that were meant for something else."""

from __future__ import annotations

import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.e2e.test_terminal import Terminal, terminal

__all__ = ["terminal"]

pytestmark = [pytest.mark.terminal, pytest.mark.timeout(300)]

ROOT = Path(__file__).parents[2]
PROGRAM = f"""
import sys
sys.path[:0] = {[str(ROOT), *sys.path]!r}
from benchmarks.security.questions import GRACE_S, Asks, request

class One(Asks):
    def on_ready(self):
        self.set_timer(2, lambda: self.run_worker(self.one()))

    async def one(self):
        await self.ask(request("echo hello", "R3"))
        self.exit(self.replies)

print("replied", One(GRACE_S).run())
"""
QUESTION = "Allow this tool call?"


def pasted(terminal: Terminal, text: str) -> None:
    """As a terminal that brackets what is pasted."""
    subprocess.run(["tmux", "-L", terminal._socket, "set-buffer", text], check=True)
    terminal._tmux("paste-buffer", "-p")


def test_only_y_and_enter_that_stand_alone_allow_a_call(terminal: Terminal, tmp_path: Path) -> None:
    script = tmp_path / "asks.py"
    script.write_text(PROGRAM)
    terminal.type(f"{sys.executable} {script}")
    terminal.press("Enter")
    for _ in range(20):  # while the program starts, before the question, as it comes, and after
        terminal.type("yes")
        terminal.press("Enter")
        time.sleep(0.2)
    terminal.wait(QUESTION)
    for text in ("yes\n", "y\n", "y"):
        pasted(terminal, text)
        terminal.type("y")
        terminal.press("Enter")
    for size in (("80", "24"), ("100", "30"), ("120", "36")):
        terminal._tmux("resize-window", "-x", size[0], "-y", size[1])
        terminal.type("sy")
    time.sleep(1)
    shown = terminal.wait(QUESTION)
    assert "replied" not in shown
    terminal.wait("all seen")
    time.sleep(1)
    terminal.press("y")
    terminal.wait("Enter allows it, any other key goes back")
    time.sleep(1)
    terminal.press("Enter")
    terminal.wait(lambda screen: "replied [Reply(decision=<Decision.ONCE" in screen.replace("\n", ""))
