"""Make the pictures in the README: a real conversation with a real model in the full-screen interface.

    python docs/screenshot.py [MODEL]

Those in the repository were made with Qwen2.5-Coder-1.5B-Instruct Q4_K_M.
"""

from __future__ import annotations

import asyncio
import sys
import tempfile
from pathlib import Path

from textual.pilot import Pilot

from rookery_core.approval.policy import Answerer, Approver
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
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


async def settled(pilot: Pilot[None], app: RookeryApp, turns: int) -> None:
    """Wait until so many turns have ended, allowing what is asked."""
    while app.conversation is None or app.conversation.busy or app.conversation.session.turns < turns:
        await pilot.pause(0.2)
        if isinstance(app.screen, ApprovalScreen) and app.screen.unseen == 0:
            app.save_screenshot("approval.svg", str(HERE))
            await pilot.press("y")
    await pilot.pause(0.5)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1] if len(sys.argv) > 1 else None))
