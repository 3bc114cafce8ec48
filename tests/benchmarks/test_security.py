"""The benchmarks of security in small: each kind of misbehaving program once with each tool, and floods of some megabytes."""

from __future__ import annotations

import sys

import pytest

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(sys.platform != "linux", reason="what is left and how much memory is used is read in /proc"),
]

from benchmarks.security import flood, misbehaving  # noqa: E402


@pytest.mark.parametrize("tool", [misbehaving.shell, misbehaving.python], ids=lambda tool: tool.name)
@pytest.mark.parametrize("kind", misbehaving.KINDS)
async def test_nothing_is_left_of_a_program_that_misbehaves_and_the_next_call_works(
    kind: str, tool: misbehaving.Tool
) -> None:
    found = await misbehaving.one(tool, kind)
    assert (found["left"], found["next"]) == (0, True)
    if kind.startswith("fork bomb of"):
        assert found["most"] > 500


@pytest.mark.parametrize("kind", flood.KINDS)
async def test_of_a_flood_the_ends_are_kept_and_every_other_byte_is_counted(kind: str) -> None:
    n = 1_000_000 if "1 MB" in kind else 50_000_000
    output, _, _, _ = await flood.watched(flood.KINDS[kind].format(n=n))
    kept, dropped = flood.kept_and_dropped(output)
    assert kept + dropped in (n, n - 1)  # a line feed at its very end is not kept
    assert len(output.encode()) <= 64 * 1024
