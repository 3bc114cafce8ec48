"""The benchmarks of security in small: each kind of misbehaving program once with each tool, and floods of some megabytes."""

from __future__ import annotations

import sys
from pathlib import Path

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
    output = (await flood.watched(kind, n)).output
    kept, dropped = flood.kept_and_dropped(output)
    assert kept + dropped in (n, n - 1)  # a line feed at its very end is not kept
    assert len(output.encode()) <= flood.MOST_KEPT


@pytest.mark.timeout(300)
async def test_in_the_full_screen_program_it_is_the_same(tmp_path: Path) -> None:
    (small, large) = await flood.watched_on_screen("many lines", (100_000, 5_000_000), tmp_path)
    for seen, n in ((small, 100_000), (large, 5_000_000)):
        assert n - sum(flood.kept_and_dropped(seen.output)) in (0, 1)


@pytest.mark.parametrize("kind", flood.FOLDERS)
async def test_of_many_files_no_more_is_told_than_can_be_read(kind: str, tmp_path: Path) -> None:
    for number in range(5_000):
        (tmp_path / f"{number:06}.txt").write_text("text")
    output = (await flood.watched(kind, 0, tmp_path)).output
    assert len(output.encode()) <= flood.MOST_KEPT
    assert "000000.txt" in output
    assert output.endswith("]")  # and says that there is more


def seen(**other: float) -> dict[str, float]:
    return {"memory": 1, "latest_s": 0.01, "idle_s": 0.001, "kept": 100, "unaccounted": 0, **other}


def test_a_flood_beyond_a_limit_is_named() -> None:
    assert flood.wrong(seen()) == flood.wrong(seen(unaccounted=1)) == []
    for name, value in (("memory", 64e6), ("kept", 65_537), ("unaccounted", 2), ("unaccounted", -1)):
        assert flood.wrong(seen(**{name: value})) == [name]
    assert flood.wrong(seen(latest_s=0.102)) == ["late"]
    assert flood.wrong(seen(latest_s=0.15, idle_s=0.06)) == []
