"""The benchmarks of what others' words may do, in small: every attack of a few tasks, some notes, some consents."""

from __future__ import annotations

from pathlib import Path

import pytest

pytestmark = pytest.mark.timeout(180)

from benchmarks.security import relayed, taint  # noqa: E402


@pytest.mark.parametrize("name", ["workspace", "slack"])
def test_no_call_of_an_attacker_runs_unasked(tmp_path: Path, name: str) -> None:
    suite = taint.suites(tmp_path)[name]
    for task in [*suite.tasks.values()][::7]:
        for goal in suite.goals.values():
            found = taint.attacked(suite, task, goal)
            assert found["asked"] == found["calls"] > 0
            assert found["asked where nothing was read"] == 0


@pytest.mark.parametrize("name", ["workspace", "slack"])
def test_a_person_is_asked_no_more_than_by_the_plain_gate(tmp_path: Path, name: str) -> None:
    suite = taint.suites(tmp_path)[name]
    for task in suite.tasks.values():
        assert taint.by_ours(suite, task) <= taint.by_gate(suite, task)


def test_the_attacks_are_those_of_the_suites_and_each_task_meets_one(tmp_path: Path) -> None:
    found = taint.suites(tmp_path)
    assert {name: (len(suite.tasks), len(suite.goals)) for name, suite in found.items()} == {
        "workspace": (40, 6), "slack": (21, 5),
    }  # fmt: skip
    for suite in found.values():
        carrying = {call["tool"] for task in suite.tasks.values() for call in task["calls"] if call["carries"]}
        assert all("untrusted" in suite.kinds[tool].gives for tool in carrying)


@pytest.mark.parametrize("poisoned", [True, False])
async def test_a_note_that_was_kept_after_a_page_makes_a_new_session_wary(tmp_path: Path, poisoned: bool) -> None:
    house = relayed.House(tmp_path)
    for n in range(2):
        found = await relayed.kept_and_read(house, n, poisoned=poisoned)
        assert found == {"read again": True, "wary": poisoned, "asked": poisoned, "sent": not poisoned}


@pytest.mark.parametrize("way", relayed.ONE_BY_ONE)
async def test_what_only_says_that_it_was_allowed_counts_for_nothing(tmp_path: Path, way: str) -> None:
    taken = await relayed.consents(way, tmp_path, relayed.CONSENTS[1:4])
    assert taken == [relayed.Taken(0, False, False)] * 3
