"""Files: nothing outside the workspace is read, named or changed, whatever a path says and whatever is swapped meanwhile."""

from __future__ import annotations

import ctypes
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Collection, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from rookery_core import folder as folders
from rookery_core import syscalls
from rookery_core.events import ToolStatus
from rookery_core.plugin import Tool
from rookery_core.testing import run_tool
from rookery_plugins.files import Changes, find_files, list_files, read_file, search_files
from tests.plugins.files_kit import Calls, failure, ok, quick_folder
from tests.traversal import CANARY, DATA, OWN, Trap, strings

pytestmark = pytest.mark.timeout(300)

EVERY = 25
"""Of the collected strings each of so many is given to every tool; all of them are given to the workspace elsewhere."""
TRIES = 10_000
RENAME_EXCHANGE = 2


@pytest.fixture
def quick(tmp_path: Path) -> Iterator[Path]:
    with quick_folder(tmp_path) as folder:
        yield folder


def calls_with(changes: Changes, text: str, n: int) -> list[tuple[Tool, dict[str, Any]]]:
    """A call of each tool for each of its paths."""
    return [
        (changes.write_file, {"path": text, "content": f"written {n}\n"}),
        (read_file, {"path": text}),
        (changes.edit_file, {"path": text, "old": "written", "new": "edited"}),
        (list_files, {"folder": text}),
        (search_files, {"text": CANARY[:6], "folder": text}),
        (find_files, {"pattern": "*", "folder": text}),
        (find_files, {"pattern": text}),
        (changes.move_file, {"source": text, "destination": f"moved-{n}"}),
        (changes.move_file, {"source": f"moved-{n}", "destination": text}),
        (changes.delete_file, {"path": text}),
    ]


def clear(folder: Path, kept: Collection[str] = ()) -> None:
    """Take away what was made in a folder, so that the next call does not walk through it."""
    for name in set(os.listdir(folder)) - set(kept):
        path = folder / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink()


def test_no_tool_reaches_what_is_outside_by_a_path(quick: Path, record_property: Any) -> None:
    trap = Trap.lay(quick / "trap")
    changes = Changes(quick / "home" / "Trash")
    calls = Calls(trap.workspace)
    before = trap.outside()
    kept = set(os.listdir(trap.workspace))
    texts = [*strings()[: -len(OWN) : EVERY], *OWN]
    for n, text in enumerate(texts):
        for tool, arguments in calls_with(changes, text, n):
            values = calls.fit(tool, **arguments)
            if values is None:
                continue
            for value in values.values():
                assert not isinstance(value, Path) or trap.holds(value.parent) or value == trap.workspace, (
                    tool.name,
                    text,
                )
            said = calls.run(tool, values)
            assert CANARY not in said.replace(text, ""), (tool.name, text)
            assert "root:x:0" not in said, (tool.name, text)
        clear(trap.workspace, kept)
    assert trap.outside() == before
    assert all(calls.outcomes.values())
    record_property("strings", len(texts))
    record_property("outcomes", calls.outcomes)
    print(f"\n{len(texts)} strings, {sum(calls.outcomes.values())} calls: {calls.outcomes}")


# -- swapping -----------------------------------------------------------------------------------------------------

ATTACKER = """
import ctypes, os, sys
libc = ctypes.CDLL(None)
folder = os.open(sys.argv[1], os.O_RDONLY)
pairs = [(b"spot", b"evil"), (b"file.txt", b"evil.txt")]
print("ready", flush=True)
while True:
    for one, other in pairs:
        libc.renameat2(folder, one, folder, other, 2)
"""


@contextmanager
def attacker(workspace: Path) -> Iterator[None]:
    """Another program that swaps a folder and a link, and a file and a link, as fast as it can."""
    process = subprocess.Popen([sys.executable, "-c", ATTACKER, str(workspace)], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield
    finally:
        process.kill()
        process.wait()
        if process.stdout is not None:
            process.stdout.close()


def without_newer_calls(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a kernel and a disk that know neither of them: these numbers they do not."""
    monkeypatch.setattr(syscalls, "OPENAT2", 9_999)
    monkeypatch.setattr(syscalls, "RENAME_NOREPLACE", 1 << 20)


def can_exchange(folder: Path) -> bool:
    for name in ("x", "y"):
        (folder / name).touch()
    try:
        library = ctypes.CDLL(None)
        return library.renameat2(-100, os.fsencode(folder / "x"), -100, os.fsencode(folder / "y"), RENAME_EXCHANGE) == 0
    except (AttributeError, TypeError):
        return False


@pytest.mark.timeout(600)
@pytest.mark.parametrize("way", ["openat2", "step by step"])
def test_what_is_swapped_between_the_check_and_the_use_leads_nowhere(
    way: str, quick: Path, record_property: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    tries = TRIES
    if way == "step by step":
        tries //= 4
        without_newer_calls(monkeypatch)
    if not can_exchange(quick):
        pytest.skip("names cannot be exchanged here")
    trap = Trap.lay(quick / "trap")
    workspace, outside = trap.workspace, quick / "trap" / "tree" / "outside"
    spot = workspace / "spot"
    for place, text in ((spot, "inside 1"), (outside, CANARY)):
        (place / "sub").mkdir(parents=True)
        for name in ("data.txt", "sub/x.txt", "d.txt", "m.txt", CANARY):
            (place / name).write_text(f"{text}\n")
    (spot / CANARY).unlink()
    (workspace / "evil").symlink_to(outside)
    (workspace / "file.txt").write_text("inside 1\n")
    (workspace / "evil.txt").symlink_to(outside / "data.txt")
    really = os.open(spot, os.O_RDONLY)
    top = os.open(workspace, os.O_RDONLY)

    def make(name: str, place: int) -> None:
        with suppress(FileExistsError):
            os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, dir_fd=place))

    changes = Changes(quick / "home" / "Trash")
    kinds: list[tuple[Tool, dict[str, Any]]] = [
        (list_files, {"folder": "spot"}),
        (read_file, {"path": "spot/data.txt"}),
        (read_file, {"path": "spot/sub/x.txt"}),
        (read_file, {"path": "file.txt"}),
        (search_files, {"text": CANARY, "folder": "spot"}),
        (search_files, {"text": "inside|7f3a9c", "regex": True}),
        (find_files, {"pattern": "*", "folder": "spot"}),
        (find_files, {"pattern": f"{CANARY[:6]}*"}),
        (changes.write_file, {"path": "spot/w.txt", "content": "w"}),
        (changes.write_file, {"path": "spot/new/deep.txt", "content": "w"}),
        (changes.write_file, {"path": "file.txt", "content": "inside 3\n"}),
        (changes.edit_file, {"path": "spot/data.txt", "old": "inside 1", "new": "inside 2"}),
        (changes.edit_file, {"path": "spot/data.txt", "old": "inside 2", "new": "inside 1"}),
        (changes.edit_file, {"path": "file.txt", "old": "inside", "new": "inside inside"}),
        (changes.move_file, {"source": "spot/m.txt", "destination": "taken.txt"}),
        (changes.move_file, {"source": "given.txt", "destination": "spot"}),
        (changes.move_file, {"source": "given.txt", "destination": "spot/sub/g.txt"}),
        (changes.delete_file, {"path": "spot/d.txt"}),
        (changes.delete_file, {"path": "spot/sub/g.txt"}),
    ]
    calls = Calls(workspace)
    before = trap.outside()
    seen = naive = 0
    with attacker(workspace):
        for n in range(tries):
            tool, arguments = kinds[n % len(kinds)]
            if n % len(kinds) == 0:
                make("m.txt", really)
                make("d.txt", really)
                make("given.txt", top)
                for name, place in (("taken.txt", top), ("given.txt", really), ("w.txt", really)):
                    with suppress(FileNotFoundError):
                        os.unlink(name, dir_fd=place)
            values = calls.fit(tool, **arguments)
            if values is not None:
                said = calls.run(tool, values)
                for argument in arguments.values():
                    said = said.replace(str(argument), "")
                seen += CANARY in said
        others = Calls(workspace)
        for _ in range(tries // 10):  # to know that there was something to be seen
            values = others.fit(read_file, path="spot/data.txt")
            with suppress(OSError):
                naive += values is not None and CANARY in values["path"].read_text()
    os.close(really)
    os.close(top)
    assert seen == 0
    assert trap.outside() == before
    assert all(calls.outcomes.get(outcome) for outcome in ("done", "refused before it ran", "refused by the tool"))
    record_property("outcomes", calls.outcomes)
    print(
        f"\n{way}, {tries} tries: {calls.outcomes}; checking and then opening by path: {naive} of {tries // 10} led out"
    )


@pytest.mark.parametrize("way", ["an old kernel", "no open folders"])
async def test_the_tools_work_on_other_systems(way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if way == "an old kernel":
        without_newer_calls(monkeypatch)
    else:  # as on Windows
        monkeypatch.setattr(folders, "STEPS", False)
    trap = Trap.lay(tmp_path)
    workspace, changes = trap.workspace, Changes(tmp_path / "home" / "Trash")
    before = trap.outside()
    await ok(changes.write_file, workspace, path="new/deep/a.txt", content="one\ntwo\n")
    await ok(changes.write_file, workspace, path="new/deep/a.txt", content="one\n2\n")
    await ok(changes.edit_file, workspace, path="new/deep/a.txt", old="2", new="two")
    assert await ok(read_file, workspace, path="new/deep/a.txt") == "one\ntwo"
    assert await ok(list_files, workspace, folder="new") == "deep/"
    assert await ok(search_files, workspace, text="two", folder="new") == "new/deep/a.txt:2: two"
    assert await ok(find_files, workspace, pattern="a.txt") == "new/deep/a.txt"
    await ok(changes.move_file, workspace, source="new/deep/a.txt", destination="b.txt")
    assert "is there already" in await failure(changes.move_file, workspace, source="b.txt", destination="inside.txt")
    await ok(changes.move_file, workspace, source="new", destination="inside")
    assert "is there already" in await failure(changes.move_file, workspace, source="a", destination="link")
    await ok(changes.delete_file, workspace, path="b.txt")
    assert "there is no file b.txt" in await failure(read_file, workspace, path="b.txt")
    for path in ("../secret.txt", "link/secret.txt", "leak.txt"):
        assert (await run_tool(read_file, {"path": path}, workspace=workspace)).status is ToolStatus.INVALID
    assert trap.outside() == before


# -- what is no ordinary file -------------------------------------------------------------------------------------


async def test_a_chain_of_links_that_leads_out_is_refused_at_its_end(tmp_path: Path) -> None:
    trap = Trap.lay(tmp_path)
    for text in ("chain1/secret.txt", "chain1", "loop", "loop/x", "link/secret.txt", "leak.txt"):
        finished = await run_tool(read_file, {"path": text}, workspace=trap.workspace)
        assert finished.status in (ToolStatus.INVALID, ToolStatus.FAILED)
        assert CANARY not in finished.output
    for n in range(60):  # more than the kernel follows, and all inside
        (trap.workspace / f"in{n}").symlink_to(f"in{n + 1}" if n < 59 else "inside.txt")
    assert await ok(read_file, trap.workspace, path="in0") == "inside"


async def test_a_hard_link_is_a_file_of_the_workspace_and_what_is_written_stays_in_it(tmp_path: Path) -> None:
    trap = Trap.lay(tmp_path)
    os.link(trap.tree / "secret.txt", trap.workspace / "linked.txt")
    changes = Changes(tmp_path / "Trash")
    before = trap.outside()
    assert CANARY in await ok(read_file, trap.workspace, path="linked.txt")
    await ok(changes.edit_file, trap.workspace, path="linked.txt", old="root", new="toor")
    os.link(trap.tree / "secret.txt", trap.workspace / "other.txt")
    await ok(changes.write_file, trap.workspace, path="other.txt", content="mine")
    os.link(trap.tree / "secret.txt", trap.workspace / "third.txt")
    await ok(changes.delete_file, trap.workspace, path="third.txt")
    assert trap.outside() == before


async def test_small_and_capital_letters_and_a_home_sign_are_names_like_others(tmp_path: Path) -> None:
    changes = Changes(tmp_path / "Trash")
    workspace = tmp_path / "Workspace"
    workspace.mkdir()
    for path in ("~", "~root/a.txt", "$HOME/a.txt", "C:\\a.txt", "..\\a.txt", "%2e%2e/a.txt"):
        assert (await ok(changes.write_file, workspace, path=path, content="x")).startswith("created ")
    finished = await run_tool(read_file, {"path": "../workspace2/a.txt"}, workspace=workspace)
    assert finished.status is ToolStatus.INVALID
    finished = await run_tool(read_file, {"path": f"../{'WORKSPACE'}/~"}, workspace=workspace)
    assert finished.status is ToolStatus.INVALID or "x" in finished.output
    assert sorted(path.name for path in tmp_path.iterdir()) == ["Workspace"]


async def test_a_sibling_whose_name_begins_alike_is_outside(tmp_path: Path) -> None:
    for name in ("work", "workspace"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "a.txt").write_text(CANARY)
    for path in ("../workspace/a.txt", str(tmp_path / "workspace" / "a.txt")):
        finished = await run_tool(read_file, {"path": path}, workspace=tmp_path / "work")
        assert finished.status is ToolStatus.INVALID


@pytest.mark.parametrize(
    "path", ["/dev/zero", "/dev/stdin", "/proc/self/environ", "/proc/self/fd/0", "/proc/self/root/etc/passwd"]
)
async def test_devices_and_processes_are_outside(path: str, tmp_path: Path) -> None:
    for tool in (read_file, Changes(tmp_path / "Trash").delete_file):
        assert (await run_tool(tool, {"path": path}, workspace=tmp_path)).status is ToolStatus.INVALID
    (tmp_path / "link").symlink_to(path)
    finished = await run_tool(read_file, {"path": "link"}, workspace=tmp_path)
    assert finished.status in (ToolStatus.INVALID, ToolStatus.FAILED)


@pytest.mark.timeout(60)
async def test_nothing_waits_for_a_pipe(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    changes = Changes(tmp_path.parent / f"{tmp_path.name}-trash")
    assert "a pipe or a device" in await failure(read_file, tmp_path, path="pipe")
    assert "a pipe or a device" in await failure(changes.write_file, tmp_path, path="pipe", content="x")
    assert "a pipe or a device" in await failure(changes.edit_file, tmp_path, path="pipe", old="a", new="b")
    assert await ok(search_files, tmp_path, text="pipe") == "pipe: (the file's name)"
    assert await ok(find_files, tmp_path, pattern="*") == "pipe"
    await ok(changes.move_file, tmp_path, source="pipe", destination="moved")
    await ok(changes.delete_file, tmp_path, path="moved")


async def test_a_disk_that_is_mounted_inside_is_part_of_the_workspace(tmp_path: Path) -> None:
    """Only root can mount one, and who can has no need of these tools."""
    trap = Trap.lay(tmp_path)
    there = trap.workspace / "mounted"
    there.mkdir()
    mounted = subprocess.run(["mount", "--bind", str(trap.tree / "etc"), str(there)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("nothing can be mounted here")
    try:
        assert CANARY in await ok(read_file, trap.workspace, path="mounted/passwd")
        finished = await run_tool(read_file, {"path": "mounted/../../secret.txt"}, workspace=trap.workspace)
        assert finished.status is ToolStatus.INVALID
    finally:
        subprocess.run(["umount", "-l", str(there)], check=True)


# -- naughty strings ----------------------------------------------------------------------------------------------

NAUGHTY: list[str] = json.loads((DATA / "blns.json").read_text())


def test_no_string_breaks_a_tool(quick: Path, record_property: Any) -> None:
    workspace = quick / "workspace"
    workspace.mkdir()
    changes = Changes(quick / "Trash")
    calls = Calls(workspace)
    texts = [*NAUGHTY, "\0", "\ud800", "a\udcffb", "x" * 100_000, "\r", "\r\n", "\u2028", "\x1b[31m"]
    for n, text in enumerate(texts):
        name = f"{n}.txt"
        for tool, arguments in [
            (changes.write_file, {"path": name, "content": text}),
            (read_file, {"path": name}),
            (search_files, {"text": text}),
            (search_files, {"text": text, "regex": True}),
            (find_files, {"pattern": text}),
            (changes.edit_file, {"path": name, "old": text, "new": "after"}),
            (changes.edit_file, {"path": name, "old": "after", "new": text}),
            (changes.write_file, {"path": text, "content": "x"}),
            (list_files, {"folder": text}),
            (changes.move_file, {"source": name, "destination": text}),
            (changes.delete_file, {"path": text}),
        ]:
            if (values := calls.fit(tool, **arguments)) is not None:
                calls.run(tool, values)
        clear(workspace)
    record_property("outcomes", calls.outcomes)
    print(f"\n{len(texts)} strings, {sum(calls.outcomes.values())} calls: {calls.outcomes}")


@pytest.mark.parametrize("kind", ["write and read", "edit"])
async def test_a_naughty_string_is_written_and_read_as_it_is(kind: str, quick: Path) -> None:
    workspace = quick / "workspace"
    workspace.mkdir()
    changes = Changes(quick / "Trash")
    for text in NAUGHTY:
        clear(workspace)
        if kind == "edit":
            (workspace / "a.txt").write_text("before <here> after")
            finished = await run_tool(
                changes.edit_file, {"path": "a.txt", "old": "<here>", "new": text}, workspace=workspace
            )
            wanted = f"before {text} after"
        else:
            finished = await run_tool(changes.write_file, {"path": "a.txt", "content": text}, workspace=workspace)
            wanted = text
        assert finished.status is ToolStatus.OK, (text, finished.output)
        if "\r" not in text:
            assert (workspace / "a.txt").read_bytes() == wanted.encode()
        finished = await run_tool(read_file, {"path": "a.txt"}, workspace=workspace)
        if sum(char < " " for char in text) > 20:
            assert "not a text file" in finished.output
        elif text.strip("\ufeff ") and "\n" not in text:
            assert text in finished.output
