"""What a program tries in the sandbox is refused, at each level, to root and to an ordinary user.

A probe that succeeds nowhere would prove nothing: each is tried without a sandbox, too.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks.security import sandbox
from benchmarks.security.sandbox_probes import PROBES, READING

from tests.core.sandbox.kit import linux, whole

pytestmark = [linux, pytest.mark.timeout(1200)]
METADATA = {
    "change a mode outside", "change times outside", "set an attribute outside", "find a file at home",
    "the root of any process",
}  # fmt: skip
NAMES = {
    "change .git/config", "delete .git/config", "make a hook", "make .git/commondir", "move .git aside",
    "a second name for .git/config", "change .rookery/rules.toml", "take .rookery away", "change .vscode/tasks.json",
    "change .git/config below", "move a folder with .git aside", "make .git where there is none",
    "make .git as a file", "make .git as a link", "make .rookery where there is none",
    "make .vscode where there is none",
}  # fmt: skip
NOT_AT_L2 = METADATA | NAMES
"""What Landlock and a filter of system calls do not refuse; `level.CANNOT` says it in words."""

Results = dict[str, dict[str, Any]]


def run(folder: Path, level: str, *options: str) -> Results:
    file = folder / f"results-{level}{''.join(options)}.json"  # whose file it is differs
    command = [sys.executable, sandbox.__file__, f"--level={level}", *options, f"--json={file}"]
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    print(done.stdout)
    return {each["name"]: each for each in json.loads(file.read_text())}


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    """One that every user may write in; pytest's own are closed to others, again and again."""
    with tempfile.TemporaryDirectory() as made:
        os.chmod(made, 0o777)
        yield Path(made)


as_user = pytest.mark.skipif(os.geteuid() != 0, reason="all is tried as an ordinary user anyhow")
ways = pytest.mark.parametrize(
    "options", [(), pytest.param(("--user",), marks=as_user)], ids=["self", "user"], scope="module"
)


@pytest.fixture(scope="module")
def at_l3(folder: Path, options: tuple[str, ...]) -> Results:
    return run(folder, "L3", *options)


@pytest.fixture(scope="module")
def where_it_reads(folder: Path, options: tuple[str, ...]) -> Results:
    return run(folder, "L3", "--reads", *options)


@pytest.fixture(scope="module")
def at_l2(folder: Path, options: tuple[str, ...]) -> Results:
    return run(folder, "L2", *options)


@whole
@ways
@pytest.mark.parametrize("probe", PROBES, ids=lambda probe: probe.name)
def test_a_whole_sandbox_refuses_it(probe: sandbox.Probe, at_l3: Results, options: tuple[str, ...]) -> None:
    found = at_l3[probe.name]
    assert found["refused"], found["said"]
    assert found["proven"] is not False, found["said"]


@whole
@ways
@pytest.mark.parametrize("probe", [*PROBES, *READING], ids=lambda probe: probe.name)
def test_where_nothing_is_to_be_changed_it_is_refused(
    probe: sandbox.Probe, where_it_reads: Results, options: tuple[str, ...]
) -> None:
    found = where_it_reads[probe.name]
    assert found["refused"], found["said"]
    assert found["proven"] is not False, found["said"]


@ways
def test_the_lesser_one_refuses_all_but_what_is_said_of_it(at_l2: Results, options: tuple[str, ...]) -> None:
    assert {name for name, found in at_l2.items() if not found["refused"]} == NOT_AT_L2
