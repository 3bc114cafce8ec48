"""A call that lacked what there is in no sandbox may be made outside of it, if the person says so to just that."""

from __future__ import annotations

from pathlib import Path

import pytest

from rookery_core.approval.exposure import CLEAN
from rookery_core.approval.policy import Allowed
from rookery_core.approval.taint import UNLABELLED
from rookery_core.events import Decision, ToolStatus
from rookery_core.plugin import Risk
from rookery_core.sandbox.level import UNCONFINED, Level
from rookery_core.sandbox.sandbox import Confinement
from rookery_plugins.python import python
from rookery_plugins.shell import shell
from tests.core.sandbox.asked import Person, call
from tests.core.sandbox.kit import fixed, linux, whole

pytestmark = [linux, whole, pytest.mark.timeout(120)]
IN_GIT = "echo once >> log; echo made > .git/made"
RUNS = Allowed(frozenset({Risk.EXECUTE}))
"""It writes in the workspace at once."""


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


async def test_what_is_written_in_no_sandbox_runs_outside_once_the_person_allows_that(repository: Path) -> None:
    person = Person([Decision.ONCE])
    finished = await call(shell, IN_GIT, repository, person)
    assert (finished.status, (repository / ".git/made").read_text()) == (ToolStatus.OK, "made\n")
    assert (repository / "log").read_text() == "once\n"  # where it could only read nothing was done
    assert person.told == [UNCONFINED]
    assert person.asked[0].level == "R3"
    assert "Nothing was changed" in person.asked[0].reason
    assert (person.asked[0].remembers, person.asked[0].always) == ((), ())


async def test_what_failed_half_way_stays_done_and_that_is_said(repository: Path) -> None:
    person = Person([Decision.ONCE])
    finished = await call(shell, IN_GIT, repository, person, allowed=RUNS)
    assert (finished.status, (repository / ".git/made").read_text()) == (ToolStatus.OK, "made\n")
    assert (repository / "log").read_text() == "once\nonce\n"
    assert person.told == [UNCONFINED]
    assert "stays done" in person.asked[0].reason


@pytest.mark.parametrize(("allowed", "log"), [(None, False), (RUNS, True)])
async def test_without_that_it_stays_at_what_came_of_it_inside(
    repository: Path, allowed: Allowed | None, log: bool
) -> None:
    finished = await call(shell, IN_GIT, repository, Person([Decision.DENY]), allowed=allowed)
    assert finished.status is ToolStatus.FAILED
    assert "Read-only file system" in finished.output
    assert "They said: rather not" in finished.output
    assert not (repository / ".git/made").exists()
    assert (repository / "log").exists() == log


@pytest.mark.parametrize("allowed", [None, RUNS])
async def test_with_others_words_and_private_things_before_the_model_it_is_not_offered(
    repository: Path, allowed: Allowed | None
) -> None:
    person = Person([])
    finished = await call(shell, IN_GIT, repository, person, allowed=allowed, exposure=CLEAN.having_read(UNLABELLED))
    assert finished.status is ToolStatus.FAILED
    assert "does not run again outside of the sandbox" in finished.output
    assert not (repository / ".git/made").exists()
    assert not (repository / "log").exists()  # what was allowed beforehand does not count


async def test_nor_does_it_leave_where_they_came_before_it_while_the_question_stood(repository: Path) -> None:
    """As by another call of the assistant that `rookery mcp serve` serves."""
    person = Person([Decision.ONCE, Decision.ONCE])
    finished = await call(
        shell, IN_GIT, repository, person, exposure=lambda: CLEAN.having_read(UNLABELLED) if person.asked else CLEAN
    )
    assert len(person.asked) == 2
    assert finished.status is ToolStatus.FAILED
    assert "does not run again outside of the sandbox" in finished.output
    assert not (repository / ".git/made").exists()


async def test_code_that_wants_the_network_may_have_it_outside(repository: Path) -> None:
    code = "import socket; socket.socket().close(); print('made one')"
    person = Person([Decision.ONCE])
    assert (await call(python, code, repository, person)).output == "made one"
    assert person.told == [UNCONFINED]
    assert "the network" in person.asked[0].reason


@pytest.mark.parametrize("allowed", [None, RUNS])
async def test_an_ordinary_failure_is_not_asked_about(repository: Path, allowed: Allowed | None) -> None:
    person = Person([])
    finished = await call(shell, "echo no; exit 3", repository, person, allowed=allowed)
    assert finished.output == "no\n[exit code 3]"


async def test_a_yes_to_writing_is_none_to_leaving(repository: Path) -> None:
    person = Person([Decision.SESSION, Decision.DENY])
    hidden = "echo once >> log; test -e log && echo made > .git/made"  # what comes next is not known at first
    await call(shell, hidden, repository, person)
    assert person.told == [f"no network, writes only in {repository}", UNCONFINED]
    assert person.asked[0].digest != person.asked[1].digest
    assert not (repository / ".git/made").exists()


@pytest.mark.parametrize("allowed", [None, RUNS])
async def test_root_is_not_asked_unless_it_may_run_without(
    repository: Path, monkeypatch: pytest.MonkeyPatch, allowed: Allowed | None
) -> None:
    monkeypatch.setattr(Confinement, "is_root", True)
    finished = await call(shell, IN_GIT, repository, Person([]), fixed(Level.L3, allow_root=False), allowed=allowed)
    assert "it ran in the sandbox" in finished.output
