"""Folders that would have their code run as soon as Rookery is started there (S7): none of it runs, and one can talk."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.timeout(600),
    pytest.mark.skipif(sys.platform != "linux", reason="traps are laid with what Linux has"),
]

from benchmarks.security import hostile_folders as hostile  # noqa: E402
from benchmarks.security import hostile_traps as traps  # noqa: E402

from rookery_core.sandbox import bubblewrap, canaries  # noqa: E402
from rookery_core.sandbox.making import INSIDE  # noqa: E402
from tests.e2e.test_offline import why_not as why_not_watched  # noqa: E402

STARTED = re.compile(r'execve(?:at)?\([^"]*"([^"]*)"')
OPENED = re.compile(r'openat2?\((?:AT_FDCWD|\d+)<([^>]*)>, "([^"]*)"')
WATCH = ("strace", "-f", "-y", "-s", "65536", "-e", "trace=execve,execveat,open,openat,openat2", "-o")

TRIED = (sys.executable, "-I", "-S", "-X", "utf8", "-c", canaries._BOOT, str(INSIDE))
CANARY = ", ".join(f'"{word}"' for word in ("--", *TRIED))
"""How bubblewrap is told to run it."""


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return Path(os.path.realpath(tmp_path))


def test_there_are_enough_of_them() -> None:
    assert len(traps.TRAPS) >= 30
    assert sum(bool(trap.spring) for trap in traps.TRAPS.values()) >= 30


@pytest.mark.parametrize("name", [name for name, trap in traps.TRAPS.items() if trap.spring])
def test_each_trap_works(name: str, place: Path) -> None:
    """Else nothing would be shown by that it is not sprung."""
    if why := traps.why_not(name):
        pytest.skip(why)
    assert hostile.sprung(name, place, traps.lay(name, place))


@pytest.mark.parametrize("start", hostile.STARTS)
def test_of_all_that_can_be_in_one_folder_nothing_acts_before_it_is_trusted(start: str, place: Path) -> None:
    folder, names = traps.lay_together(place)
    assert len(names) >= 30
    wrong = (
        hostile.talked(place, folder) if start == "screen" else hostile.started(hostile.COMMANDS[start], place, folder)
    )
    assert wrong == ""
    assert not [*place.glob("**/marker")]


@pytest.mark.parametrize("name", traps.APART)
def test_what_cannot_be_read_as_it_seems_is_not_read(name: str, place: Path) -> None:
    folder = traps.lay(name, place)
    try:
        assert hostile.started(hostile.COMMANDS["tools"], place, folder) == ""
        assert not (place / "marker").exists()
    finally:
        if (folder / ".rookery").is_dir():
            (folder / ".rookery").chmod(0o700)


@pytest.mark.parametrize("start", ["tools", "run", "repl", "session"])
def test_a_start_opens_nothing_of_the_folder_and_starts_nothing_but_our_own(start: str, place: Path) -> None:
    if shutil.which("strace") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("strace is not installed")
    if why := why_not_watched():
        pytest.skip(why)
    folder, _ = traps.lay_together(place)
    trace = place / "trace"
    subprocess.run(
        [*WATCH, str(trace), *hostile.ROOKERY, *hostile.COMMANDS[start]], cwd=folder, env=hostile.environment(place),
        stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=500,
    )  # fmt: skip
    lines = trace.read_text(errors="replace").splitlines()
    started = {path for line in lines for path in STARTED.findall(line)}
    opened = {os.path.join(*place_and_name) for line in lines for place_and_name in OPENED.findall(line)}
    sandbox = bubblewrap.found() if start == "session" else ""
    assert started == {sys.executable, *filter(None, [sandbox])}
    assert [line for line in lines if str(folder) in line and STARTED.search(line)] == []
    for line in lines:
        if sandbox in STARTED.findall(line):  # which runs what the sandbox is tried with, and nothing else
            assert CANARY in line
    assert not [line for line in lines if " open(" in line]
    assert len(opened) > 100
    assert not [path for path in opened if not path.startswith("/")]
    assert not [path for path in opened if path.startswith(str(folder))]
