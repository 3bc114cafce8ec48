"""Servers that do what the protocol's own library would not: nothing of it stops the program."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from rookery_core.events import ToolStatus
from rookery_core.mcp.settings import ServerSettings
from tests.core.mcp.kit import Yard

pytestmark = pytest.mark.timeout(120)

ROUGH = Path(__file__).with_name("rough.py")


def rough(folder: Path, *moods: str, **settings: Any) -> ServerSettings:
    """The server written by hand."""
    return ServerSettings(command=sys.executable, args=(str(ROUGH), str(folder), *moods), **settings)


async def test_a_regular_expression_of_a_server_is_not_tried_here(yard: Yard, tmp_path: Path) -> None:
    runner = yard.runner(await yard.ready(yard=rough(tmp_path)))
    text = "a" * 60 + "!"  # more steps than anybody waits for
    for tool in ("strict", "promising"):
        done = await yard.call(runner, tool, text=text)
        assert (done.status, done.output) == (ToolStatus.OK, text)
    done = await yard.call(runner, "strict", text=5)
    assert (done.status, "is not of type 'string'" in done.output) == (ToolStatus.INVALID, True)
