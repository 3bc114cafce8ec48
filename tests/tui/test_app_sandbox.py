"""Commands in a real sandbox at the full screen: what reads is not asked about, what writes is asked about once."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from textual.color import Color
from textual.pilot import Pilot

from rookery_core.approval.policy import Answerer, Approver, no_answer
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import ApprovalRequested, Event, SandboxFound, ToolFinished, ToolStarted, ToolStatus
from rookery_core.paths import Paths
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import OWN_DISTRIBUTION, Loaded, LoadedPlugin
from rookery_plugins.shell import shell
from rookery_tui.widgets.status import StatusLine
from tests.core.sandbox.kit import linux, whole
from tests.tui.app_kit import Desk, answers, chat_text, events_of, ready, say, screen_text, the_app, thinks, until
from tests.tui.test_app_approval import is_asked, question

pytestmark = [linux, whole, pytest.mark.timeout(180)]
PATIENCE_S = 60.0
"""A call in a sandbox starts several programs."""
READS = "for f in *.txt; do sed s/old/new/ $f; done"
WRITES = "sed -i s/old/new/ notes.txt 2>/dev/null; echo done"


class ShellDesk(Desk):
    """A home folder, and beside it a workspace in which commands are run."""

    def __init__(self, folder: Path, *commands: str) -> None:
        (folder / "work").mkdir()
        (folder / "work" / "notes.txt").write_text("old\n")
        script = [thinks("I run it.", "shell", json.dumps({"command": command})) for command in commands]
        super().__init__(folder / "home", [*script, answers("That is all.")])
        self.workspace = folder / "work"

    def assistant(self, approver: Approver, answerer: Answerer = no_answer) -> Assistant:
        return build(
            Config(),
            Paths.find({"ROOKERY_HOME": str(self.home)}),
            Options(workspace=self.workspace),
            approver=approver,
            answerer=answerer,
            model=[self.model],
            plugins=Loaded((LoadedPlugin("shell", OWN_DISTRIBUTION, Offers(tools=(shell,))),), ()),
        )


async def comes(pilot: Pilot[None], what: Callable[[], object]) -> None:
    """Until it does, whatever the machine is busy with."""
    async with asyncio.timeout(PATIENCE_S):
        while not what():
            await pilot.pause(0.02)


@asynccontextmanager
async def running(desk: Desk) -> AsyncIterator[Pilot[None]]:
    async with desk.app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        await say(pilot, "run it")
        yield pilot
        await comes(pilot, lambda: "That is all." in chat_text(pilot))
        await until(pilot, lambda: not the_app(pilot).conversation.busy)  # type: ignore[union-attr]


def of(pilot: Pilot[None], kind: type[Event]) -> list[Event]:
    return [event for event in events_of(pilot) if isinstance(event, kind)]


def finished(pilot: Pilot[None]) -> ToolFinished:
    found = of(pilot, ToolFinished)[-1]
    assert isinstance(found, ToolFinished)
    return found


async def test_a_command_that_reads_runs_without_a_question(tmp_path: Path) -> None:
    async with running(ShellDesk(tmp_path, READS)) as pilot:
        await comes(pilot, lambda: of(pilot, ToolFinished))
        assert finished(pilot).output == "new\n[exit code 0]"
        assert not of(pilot, ApprovalRequested)
        assert question(pilot) is None


async def test_one_that_writes_asks_once_and_allowed_it_writes(tmp_path: Path) -> None:
    desk = ShellDesk(tmp_path, WRITES)
    async with running(desk) as pilot:
        await comes(pilot, lambda: is_asked(pilot))
        assert (desk.workspace / "notes.txt").read_text() == "old\n"
        text = " ".join(screen_text(pilot.app.screen).translate({ord("│"): " ", ord("┊"): " "}).split())
        for part in (
            "R2",
            "it could only read, and wanted",
            "Nothing was changed",
            "writes in the workspace",
            "no network",
        ):
            assert part in text
        await pilot.press("y")
        await comes(pilot, lambda: of(pilot, ToolFinished))
        assert (finished(pilot).status, finished(pilot).output) == (ToolStatus.OK, "done\n[exit code 0]")
        assert (desk.workspace / "notes.txt").read_text() == "new\n"
        assert len(of(pilot, ApprovalRequested)) == 1
        assert [event.level for event in of(pilot, ToolStarted)] == ["R1", "R2"]  # type: ignore[attr-defined]


async def test_denied_the_file_is_as_it_was_and_the_model_reads_why(tmp_path: Path) -> None:
    desk = ShellDesk(tmp_path, WRITES)
    async with running(desk) as pilot:
        await comes(pilot, lambda: is_asked(pilot))
        await pilot.press("n")
        await comes(pilot, lambda: of(pilot, ToolFinished))
        assert finished(pilot).status is ToolStatus.FAILED
        assert "it could only read" in finished(pilot).output
        assert "The person did not allow this call." in finished(pilot).output
    assert (desk.workspace / "notes.txt").read_text() == "old\n"


async def test_without_a_sandbox_the_status_line_says_so_in_the_colour_of_errors(tmp_path: Path) -> None:
    async with Desk(tmp_path).app().run_test(size=(120, 40)) as pilot:
        await ready(pilot)
        status = the_app(pilot).main.query_one(StatusLine)
        meter = status.query_one("#meter")
        coloured = {}
        for level in ("L3", "L1"):
            status.show(SandboxFound(level=level, root=False))
            await until(pilot, lambda level=level: ("NO SANDBOX" in str(meter.render())) == (level == "L1"))
            error = Color.parse(pilot.app.theme_variables["text-error"]).rgb
            drawn = [segment for strip in meter.render_lines(meter.size.region) for segment in strip]
            coloured[level] = "".join(
                segment.text
                for segment in drawn
                if segment.style and segment.style.color and segment.style.color.triplet == error
            )
        assert coloured == {"L3": "", "L1": "NO SANDBOX"}
