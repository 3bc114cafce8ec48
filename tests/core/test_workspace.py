"""The workspace: nothing outside of it is reached, neither by a path nor by what is swapped in on the way."""

from __future__ import annotations

import errno
import os
import socket
import stat
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path

import pytest

from rookery_core import folder as folders
from rookery_core import syscalls
from rookery_core.errors import ArgumentsInvalid, ToolFailed, ToolRetry
from rookery_core.folder import Folder
from rookery_core.workspace import Workspace
from tests.traversal import CANARY, Trap, strings

STEP = os.O_PATH | os.O_DIRECTORY if hasattr(os, "O_PATH") else os.O_RDONLY | os.O_DIRECTORY

Opener = Callable[[int, str], int]
"""A descriptor of the folder at a path below an open folder."""


def at_once(root: int, path: str) -> int:
    return syscalls.open_beneath(root, path, STEP)


@pytest.fixture
def trap(tmp_path: Path) -> Trap:
    return Trap.lay(tmp_path)


@pytest.fixture(params=[at_once, folders.step_by_step])
def opener(request: pytest.FixtureRequest, tmp_path: Path) -> Opener:
    """Both ways to a folder, as far as this kernel has them."""
    way: Opener = request.param
    root = os.open(tmp_path, os.O_RDONLY)
    try:
        os.close(way(root, "."))
    except OSError as exc:
        pytest.skip(f"not on this kernel: {exc}")
    finally:
        os.close(root)
    return way


@pytest.fixture
def top(trap: Trap) -> Iterator[int]:
    fd = os.open(trap.workspace, os.O_RDONLY | os.O_DIRECTORY)
    yield fd
    os.close(fd)


# -- paths --------------------------------------------------------------------------------------------------------


def test_no_string_resolves_to_what_is_outside(trap: Trap) -> None:
    workspace = Workspace.at(trap.workspace)
    n_inside = 0
    for text in strings():
        with suppress(ArgumentsInvalid):
            assert trap.holds(workspace.resolve(text)), text
            n_inside += 1
        with suppress(ArgumentsInvalid):
            entry = workspace.entry(text)
            assert trap.holds(entry.parent) or entry == trap.workspace, text
    assert 0 < n_inside < len(strings())


def test_no_string_opens_what_is_outside(trap: Trap) -> None:
    workspace = Workspace.at(trap.workspace)
    before = trap.outside()
    for text in strings():
        with suppress(ToolRetry, ToolFailed), workspace.open(text) as file:
            assert CANARY.encode() not in file.read(1_000), text
    assert trap.outside() == before


def test_no_string_leads_either_way_out_of_the_folder_it_begins_in(trap: Trap, opener: Opener, top: int) -> None:
    """Without what `resolve` does before."""
    where = trap.workspace.stat()
    for text in strings():
        with suppress(OSError, ValueError, UnicodeEncodeError):
            fd = opener(top, text)
            info = os.fstat(fd)
            os.close(fd)
            inside = [
                os.stat(path, follow_symlinks=False) for path in (trap.workspace / "a", trap.workspace / "inside")
            ]
            assert any(os.path.samestat(info, known) for known in (where, *inside)), text


@pytest.mark.parametrize(
    "text", ["..", "a/../..", "/", "/etc", "link", "link/level3", "chain1", "loop", "a\0/b", "inside.txt"]
)
def test_both_ways_refuse_the_same(text: str, opener: Opener, top: int) -> None:
    with pytest.raises((OSError, ValueError)):
        os.close(opener(top, text))


def test_both_ways_find_what_is_there(trap: Trap, opener: Opener, top: int) -> None:
    (trap.workspace / "a" / "b" / "c").mkdir(parents=True)
    fd = opener(top, "a/b/c")
    assert os.path.samestat(os.fstat(fd), (trap.workspace / "a" / "b" / "c").stat())
    os.close(fd)


def test_no_folders_are_made_at_a_path_that_other_programs_cannot_use(trap: Trap) -> None:
    with pytest.raises(OSError, match=os.strerror(errno.ENAMETOOLONG)):
        Workspace.at(trap.workspace).folder(trap.workspace / ("b/" * 2_030), make=True)
    assert not (trap.workspace / "b").exists()


@pytest.mark.parametrize(
    ("text", "why"),
    [("", "empty"), ("a\0b", "NUL"), ("\ud800", "half a character"), ("../x", "outside"), ("link/x", "outside")],
)
def test_a_path_that_cannot_be_says_why(text: str, why: str, trap: Trap) -> None:
    with pytest.raises(ArgumentsInvalid, match=why):
        Workspace.at(trap.workspace).resolve(text)


# -- entries ------------------------------------------------------------------------------------------------------


def test_an_entry_is_the_link_and_not_what_it_leads_to(trap: Trap) -> None:
    workspace = Workspace.at(trap.workspace)
    (trap.workspace / "within").symlink_to("inside.txt")
    assert workspace.entry("within") == trap.workspace / "within"
    assert workspace.entry("leak.txt") == trap.workspace / "leak.txt"
    assert workspace.entry("a/../leak.txt") == trap.workspace / "leak.txt"
    assert workspace.entry(trap.workspace / "leak.txt") == trap.workspace / "leak.txt"


def test_the_folder_of_an_entry_is_resolved(trap: Trap) -> None:
    (trap.workspace / "within").symlink_to("inside")
    workspace = Workspace.at(trap.workspace)
    assert workspace.entry("within/new.txt") == trap.workspace / "inside" / "new.txt"
    with pytest.raises(ArgumentsInvalid, match="outside"):
        workspace.entry("link/new.txt")


def test_a_slash_at_the_end_of_an_entry_means_a_folder(trap: Trap) -> None:
    (trap.workspace / "within").symlink_to("inside")
    workspace = Workspace.at(trap.workspace)
    assert workspace.entry("within/") == workspace.entry("inside/") == trap.workspace / "inside"
    for text in ("inside.txt/", "gone/"):
        with pytest.raises(ArgumentsInvalid, match="there is no folder"):
            workspace.entry(text)


# -- opening ------------------------------------------------------------------------------------------------------


def test_a_file_is_opened_also_through_a_link_that_stays_inside(trap: Trap) -> None:
    (trap.workspace / "a" / "within").symlink_to("../inside.txt")
    workspace = Workspace.at(trap.workspace)
    for path in ("inside.txt", "a/within", trap.workspace / "inside.txt"):
        with workspace.open(path) as file:
            assert file.read() == b"inside\n"


@pytest.mark.timeout(20)
def test_what_is_no_file_is_never_waited_for(trap: Trap) -> None:
    os.mkfifo(trap.workspace / "pipe")
    workspace = Workspace.at(trap.workspace)
    with socket.socket(socket.AF_UNIX) as server:
        here = Path.cwd()
        os.chdir(trap.workspace)  # the path of a socket is short
        server.bind("socket")
        os.chdir(here)
        for name in ("pipe", "socket"):
            with pytest.raises(ToolFailed, match=f"{name} cannot be read: it is a pipe or a device, not a file"):
                workspace.open(name)
    with pytest.raises(ToolRetry, match="inside is a folder"):
        workspace.open("inside")


@pytest.mark.skipif(not os.path.exists("/dev/zero"), reason="no devices")
@pytest.mark.timeout(20)
def test_in_a_workspace_with_devices_none_is_opened() -> None:
    workspace = Workspace.at(Path("/dev"))
    for name in ("zero", "null", "full", "tty", "random"):
        if os.path.exists(f"/dev/{name}"):
            with pytest.raises(ToolFailed, match="a pipe or a device"):
                workspace.open(name)


@pytest.mark.skipif(not os.path.exists("/proc/self/fd"), reason="no /proc")
def test_a_descriptor_of_the_program_is_no_way_out(trap: Trap) -> None:
    secret = trap.tree / "secret.txt"
    with secret.open() as held, pytest.raises((ToolRetry, ToolFailed)):
        Workspace.at(Path(f"/proc/{os.getpid()}/fd")).open(str(held.fileno()))


def test_a_link_that_was_put_in_place_after_the_check_is_refused(trap: Trap) -> None:
    workspace = Workspace.at(trap.workspace)
    path = workspace.resolve("inside/secret.txt")
    (trap.workspace / "inside").rmdir()
    (trap.workspace / "inside").symlink_to(trap.tree)
    with pytest.raises(OSError, match="a symbolic link is in its place or on the way") as caught:
        workspace.folder(path.parent)
    assert caught.value.errno == errno.ELOOP


def test_an_open_folder_stays_the_folder_it_was(trap: Trap) -> None:
    workspace = Workspace.at(trap.workspace)
    with workspace.folder(trap.workspace / "inside") as folder:
        (trap.workspace / "inside").rename(trap.workspace / "elsewhere")
        (trap.workspace / "inside").symlink_to(trap.tree)
        os.close(folder.open("new.txt", os.O_CREAT | os.O_EXCL | os.O_WRONLY))
    assert (trap.workspace / "elsewhere" / "new.txt").exists()
    assert not (trap.tree / "new.txt").exists()


def test_a_folder_that_was_closed_is_not_used_by_its_path(trap: Trap) -> None:
    with Workspace.at(trap.workspace).folder(trap.workspace) as folder:
        pass
    folder.__exit__()
    for use in (folder.stat, folder.read, folder.remove, folder.folder):
        with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
            use("inside.txt")
    with pytest.raises(OSError, match=os.strerror(errno.EBADF)):
        list(folder.scan())


def test_folders_are_made_on_the_way_and_never_through_a_link(trap: Trap) -> None:
    workspace = Workspace.at(trap.workspace)
    workspace.folder(trap.workspace / "x" / "y" / "z", make=True).__exit__()
    assert (trap.workspace / "x" / "y" / "z").is_dir()
    before = trap.outside()
    with pytest.raises(OSError, match="symbolic link"):
        workspace.folder(trap.workspace / "link" / "new", make=True)
    assert trap.outside() == before


def test_a_folder_outside_is_a_mistake_of_the_caller(trap: Trap) -> None:
    workspace = Workspace.at(trap.workspace)
    for path in (trap.tree, trap.workspace.parent, Path("/")):
        with pytest.raises(ValueError, match="outside the workspace"):
            workspace.folder(path)
    with pytest.raises(OSError, match=os.strerror(errno.EXDEV)):
        workspace.folder(trap.workspace / "..")


def test_names_in_a_folder_are_names(trap: Trap) -> None:
    with Workspace.at(trap.workspace).folder(trap.workspace) as folder:
        for name in ("", ".", "..", "a/b", "/etc"):
            with pytest.raises(ValueError, match="not the name of something in a folder"):
                folder.stat(name)
        assert sorted(entry.name for entry in folder.scan() if entry.is_file(follow_symlinks=False)) == ["inside.txt"]
        assert stat.S_ISLNK(folder.stat("leak.txt").st_mode)
        with pytest.raises(OSError, match="symbolic link"):
            folder.read("leak.txt")
        with pytest.raises(OSError, match="symbolic link"):
            folder.folder("link")


# -- renaming -----------------------------------------------------------------------------------------------------


@pytest.fixture
def two(tmp_path: Path) -> Iterator[tuple[Folder, Folder]]:
    for name in ("one", "two"):
        (tmp_path / name).mkdir()
    with Folder.at(tmp_path / "one") as one, Folder.at(tmp_path / "two") as two:
        yield one, two


Rename = Callable[[Folder, str, Folder, str], None]


@pytest.fixture(params=["by the kernel", "by linking"])
def rename(request: pytest.FixtureRequest) -> Rename:
    if request.param == "by linking":
        return lambda source, name, target, new: source._rename_by_linking(name, target, new)
    return lambda source, name, target, new: source.rename(name, target, new)


def test_a_rename_never_replaces(two: tuple[Folder, Folder], rename: Rename) -> None:
    one, other = two
    (one.path / "a").write_text("a")
    (other.path / "b").write_text("b")
    with pytest.raises(FileExistsError):
        rename(one, "a", other, "b")
    assert ((one.path / "a").read_text(), (other.path / "b").read_text()) == ("a", "b")
    rename(one, "a", other, "c")
    assert (other.path / "c").read_text() == "a"
    assert not (one.path / "a").exists()


def test_folders_and_links_are_renamed_as_they_are(two: tuple[Folder, Folder], rename: Rename) -> None:
    one, other = two
    (one.path / "folder" / "below").mkdir(parents=True)
    (one.path / "link").symlink_to("/nowhere")
    (other.path / "taken").mkdir()
    rename(one, "link", other, "link")
    assert os.readlink(other.path / "link") == "/nowhere"
    with pytest.raises(FileExistsError):
        rename(one, "folder", other, "taken")
    with pytest.raises(FileExistsError):
        rename(one, "folder", other, "link")
    rename(one, "folder", other, "folder")
    assert (other.path / "folder" / "below").is_dir()


def test_a_rename_that_may_replace_does(two: tuple[Folder, Folder]) -> None:
    one, other = two
    (one.path / "a").write_text("a")
    (other.path / "b").write_text("b")
    one.rename("a", other, "b", replace=True)
    assert (other.path / "b").read_text() == "a"


def test_descriptors_are_closed_again(trap: Trap) -> None:
    workspace = Workspace.at(trap.workspace)
    before = len(os.listdir("/proc/self/fd")) if os.path.exists("/proc/self/fd") else 0
    for _ in range(20):
        workspace.open("inside.txt").close()
        with suppress(ToolRetry, ToolFailed), closing(workspace.open("a/gone.txt")):
            pass
        with suppress(OSError):
            workspace.folder(trap.workspace / "link" / "x", make=True)
        with workspace.folder(trap.workspace / "a") as folder:
            list(folder.scan())
    assert (len(os.listdir("/proc/self/fd")) if before else 0) == before
