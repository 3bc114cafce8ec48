"""The benchmarks of approval in small: each way in which something changes, and some ways without anyone to ask."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

pytestmark = [
    pytest.mark.timeout(180),
    pytest.mark.skipif(sys.platform == "win32", reason="the tools that run programs are for POSIX systems"),
]

from benchmarks.security import changed, changes, unattended  # noqa: E402

from rookery_core.events import Event, ToolStarted  # noqa: E402


@pytest.mark.parametrize("n", [0, 1, 2, 3, 4, 5, 6, 7, 8, 17, 26, 31])
@pytest.mark.parametrize("kind", changes.KINDS)
async def test_what_changes_after_the_question_is_not_run_as_allowed(kind: str, n: int) -> None:
    found = await changed.one(kind, n)
    assert not changed.wrong(kind, found), found


async def test_what_nobody_changed_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(changes, "_FILES", [lambda file: None])
    found = await changed.one("file", 0)
    assert (found["asked"], found["ran"], found["differs"]) == (1, 1, False)
    assert changed.wrong("file", found)  # as nobody was asked again


@pytest.mark.parametrize("kind", ["file", "confined", "folder", "program", "environment"])
async def test_what_ran_as_something_else_is_counted(monkeypatch: pytest.MonkeyPatch, kind: str) -> None:
    def too_late(trial: changes.Trial, event: Event) -> None:
        if isinstance(event, ToolStarted):
            trial.started.append(event)
            trial.change(trial)

    monkeypatch.setattr(changes.Trial, "emit", too_late)
    found = await changed.one(kind, 8)  # nothing is changed before the call is started
    assert (found["asked"], found["ran"], found["differs"]) == (1, 1, True)


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> unattended.House:
    return unattended.House(tmp_path_factory.mktemp("house").resolve())


def test_what_was_allowed_beforehand_leaves_a_mark(house: unattended.House) -> None:
    assert house.control()


@pytest.mark.parametrize(
    "way",
    [
        "run, yes |",
        "chat, a message and yes",
        "tools call, yes |",
        "chat at a terminal into a file",
        "pasted at a prompt",
    ],
)
def test_nothing_is_allowed_where_no_person_answers(house: unattended.House, way: str) -> None:
    unattended.WAYS[way](house, 0)
    assert not house.taken()


def test_a_count_of_the_answers_agrees(house: unattended.House, tmp_path: Path) -> None:
    unattended.WAYS["run, no input"](house, 0)
    outcomes = house.outcomes()
    assert outcomes["nobody"] >= 1
    assert not any(outcomes[each] for each in ("once", "session", "always", "edited"))
