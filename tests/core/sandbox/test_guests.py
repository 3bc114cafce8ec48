"""A program of others is confined however much there is to say about that."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

import pytest

from rookery_core.sandbox.guests import Guests, Needs
from rookery_core.sandbox.level import Level
from rookery_core.surroundings import program_environment
from tests.core.sandbox.kit import fixed, linux, whole

pytestmark = [linux, whole, pytest.mark.timeout(180)]
LONG = "x" * 240
TRIES = """
echo made > made
echo made > "$0/.git/made"
ls /proc/self/fd
"""


@pytest.mark.parametrize("level", [Level.L3, Level.L2])
def test_an_order_that_is_longer_than_an_argument_may_be_is_obeyed(tmp_path: Path, level: Level) -> None:
    root = tmp_path / "work"
    folders = [root / LONG / LONG / f"{LONG}{n}" for n in range(150)]
    for folder in folders:
        (folder / ".git").mkdir(parents=True)
    shown = [tmp_path / LONG / LONG / LONG / f"{LONG}{n}" for n in range(200)] if level is Level.L2 else []
    for folder in shown:
        folder.mkdir(parents=True)
    guests = Guests(fixed(level), root)
    command = ["/bin/sh", "-c", TRIES, str(folders[-1])]
    with guests.start(
        Needs(workspace=True, writes=True), command, program_environment(os.environ), reads=shown, folder=str(root)
    ) as started:
        assert sum(os.fstat(file).st_size for file in started.files) > 200_000
        done = subprocess.run(
            started.command,
            env={**started.environment},
            pass_fds=started.files,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    assert (root / "made").read_text() == "made\n", done.stderr
    assert done.stdout.split() == ["0", "1", "2", "3"]  # the folder itself is the last one
    if level is Level.L3:
        assert "Read-only file system" in done.stderr
        assert not [*folders[-1].glob(".git/*")]
