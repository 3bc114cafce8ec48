"""What the tests of the data plugins share: a call that works, one that does not, and a folder as it was."""

from __future__ import annotations

import hashlib
from pathlib import Path

from rookery_core.events import ToolStatus
from rookery_core.plugin import Tool
from rookery_core.testing import run_tool


async def ok(tool: Tool, workspace: Path, **arguments: object) -> str:
    """What a call gives that works; it asks nobody where it only reads."""
    finished = await run_tool(tool, arguments, workspace=workspace, allow=tool.risk == "write")
    assert finished.status is ToolStatus.OK, finished.output
    assert not finished.dropped_chars
    return finished.output


async def failure(tool: Tool, workspace: Path, **arguments: object) -> str:
    """What a call says that fails as expected, and by no bug."""
    finished = await run_tool(tool, arguments, workspace=workspace)
    assert finished.status is ToolStatus.FAILED, finished.output
    assert "Error:" not in finished.output
    return finished.output


def contents(folder: Path) -> dict[str, str]:
    """Each file of a folder with a hash of what is in it."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(folder.iterdir())}
