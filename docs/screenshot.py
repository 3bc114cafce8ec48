"""Make the pictures in the docs: a conversation with a real model, and a question about a call that is made up.

    python docs/screenshot.py [MODEL]
    python docs/screenshot.py --question

The conversation in the repository was made with the default model, by an ordinary user at a sandbox of level L3.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from textual.app import App
from textual.pilot import Pilot

from rookery_core.approval.policy import Answerer, Approver
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import ApprovalRequested, Fact
from rookery_core.paths import Paths
from rookery_tui.app import RookeryApp
from rookery_tui.screens.approval import ApprovalScreen

HERE = Path(__file__).parent
ASKED = (
    "How much is 15% of 1,480?",
    "What time is it in Tokyo?",
    "Create shopping.txt with the lines: milk, bread, tea",
)


async def main(model: str | None) -> None:
    """Ask, approve what is asked, and keep the screen: once with the question, once at the end."""
    with tempfile.TemporaryDirectory() as home:
        workspace = Path(home) / "notes"
        workspace.mkdir()

        def make(approver: Approver, answerer: Answerer) -> Assistant:
            options = Options(workspace=workspace, model=model)
            paths = Paths.find({"ROOKERY_HOME": home})
            return build(Config(), paths, options, approver=approver, answerer=answerer)

        app = RookeryApp(make, grace_s=0.0)
        async with app.run_test(size=(118, 34)) as pilot:
            for n, question in enumerate(ASKED, start=1):
                await settled(pilot, app, n - 1)
                await pilot.press(*question, "enter")
            await settled(pilot, app, len(ASKED))
            app.save_screenshot("screenshot.svg", str(HERE))


FACTS = (
    ("program", "tar: /usr/bin/tar"),
    ("program", "cp: /usr/bin/cp"),
    ("folder", "/home/ann/boats"),
    ("variables", "HOME, LANG, PATH; set to PAGER=cat, TERM=dumb; 24 others of yours are not passed on"),
    ("network", "as confined: no network, writes only in /home/ann/boats"),
    ("confined", "no network, writes only in /home/ann/boats"),
)
"""What is found out about such a call."""


class Asks(App[None]):
    """Nothing but a question."""

    TITLE = "Rookery"
    CSS_PATH = RookeryApp.CSS_PATH


async def question() -> None:
    """Keep a picture of a question in which there is something to see."""
    asked = ApprovalRequested(
        call_id="1",
        tool="shell.shell",
        plugin="shell",
        distribution="rookery",
        risk="execute",
        level="R3",
        arguments={"command": "tar -xf boats.tar.gz -C build\ncp build/r\u0435adme.md docs\u200b/", "timeout_s": 30},
        workspace="/home/ann/boats",
        remembers=("tar -xf boats.tar.gz -C build", "cp build/r\u0435adme.md docs\u200b/"),
        facts=tuple(Fact(label=label, text=text) for label, text in FACTS),
        claimed="The archive has to be unpacked before its readme can be copied.",
        digest="3f9a1c20b7e4aa0192837465",
    )
    app = Asks()
    async with app.run_test(size=(100, 36)) as pilot:
        await app.push_screen(ApprovalScreen(asked, grace_s=0.0))
        await pilot.pause(1)
        app.save_screenshot("approval.svg", str(HERE))


async def settled(pilot: Pilot[None], app: RookeryApp, turns: int) -> None:
    """Wait until so many turns have ended, allowing what is asked."""
    while app.conversation is None or app.conversation.busy or app.conversation.session.turns < turns:
        await pilot.pause(0.2)
        if isinstance(app.screen, ApprovalScreen) and app.screen.unseen == 0:
            await pilot.press("y", "enter")
    await pilot.pause(0.5)


if __name__ == "__main__":
    asyncio.run(question() if sys.argv[1:] == ["--question"] else main(sys.argv[1] if len(sys.argv) > 1 else None))
