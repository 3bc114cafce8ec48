"""A call that failed in the sandbox may be made outside of it, if the person says so to just that."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rookery_core.approval.policy import Allowed, Grants, Reply, no_answer
from rookery_core.events import ApprovalRequested, Decision, Event, ToolFinished, ToolStatus
from rookery_core.reasoning.step import ToolCall
from rookery_core.sandbox.level import UNCONFINED, Level
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools.contract import Tool
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.loader import OWN_DISTRIBUTION
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace
from rookery_plugins.python import python
from rookery_plugins.shell import shell
from tests.core.sandbox.kit import fixed, linux, whole

pytestmark = [linux, whole, pytest.mark.timeout(120)]
IN_GIT = "echo once >> log; echo made > .git/made"


@dataclass
class Person:
    """Says what is written down, and keeps what they were asked."""

    says: list[Decision]
    asked: list[ApprovalRequested] = field(default_factory=list)

    async def approve(self, request: ApprovalRequested) -> Reply:
        self.asked.append(request)
        return Reply(self.says.pop(0), "rather not" if self.says == [] else "")

    @property
    def told(self) -> list[str]:
        """What each question said of the sandbox."""
        return [fact.text for request in self.asked for fact in request.facts if fact.label == "confined"]


async def call(
    tool: Tool, argument: str, folder: Path, person: Person, confinement: Confinement | None = None
) -> ToolFinished:
    offered = OfferedTool(tool, tool.name, OWN_DISTRIBUTION, tool.name)
    here = confinement or fixed(Level.L3)

    async def no_model(*_: object) -> str:
        raise AssertionError

    data, artifacts, events = DictData(), ListArtifacts(), list[Event]()
    runner = ToolRunner(
        registry=Registry([offered]),
        workspace=Workspace.at(folder),
        lender=Lender(ListMemory(), lambda _: data, lambda *_: artifacts, lambda name: EnvironmentSecrets(name, {})),
        allowed=Allowed(),
        grants=Grants(),
        clock=time.monotonic,
        confinement=here,
        confined=lambda each: here.fact(each, folder)[1],
    )
    caller = Caller("s", events.append, person.approve, no_answer, no_model, 10_000)
    name = "command" if tool is shell else "code"
    return await runner.call(ToolCall(tool.name, {name: argument}), "1.1", caller)


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    (tmp_path / ".git").mkdir()
    return tmp_path


async def test_what_the_sandbox_refused_runs_outside_once_the_person_allows_that(repository: Path) -> None:
    person = Person([Decision.ONCE, Decision.ONCE])
    finished = await call(shell, IN_GIT, repository, person)
    assert (finished.status, (repository / ".git/made").read_text()) == (ToolStatus.OK, "made\n")
    assert (repository / "log").read_text() == "once\nonce\n"
    assert person.told == [f"no network, writes only in {repository}", UNCONFINED]
    assert "failed there" in person.asked[1].reason
    assert "stays done" in person.asked[1].reason
    assert (person.asked[1].remembers, person.asked[1].always) == ((), ())
    assert person.asked[0].digest != person.asked[1].digest


async def test_without_that_it_stays_at_what_came_of_it_inside(repository: Path) -> None:
    finished = await call(shell, IN_GIT, repository, Person([Decision.ONCE, Decision.DENY]))
    assert finished.status is ToolStatus.FAILED
    assert "Read-only file system" in finished.output
    assert "They said: rather not" in finished.output
    assert not (repository / ".git/made").exists()
    assert (repository / "log").read_text() == "once\n"


async def test_code_that_wants_the_network_may_have_it_outside(repository: Path) -> None:
    code = "import socket; socket.socket().close(); print('made one')"
    person = Person([Decision.ONCE, Decision.ONCE])
    assert (await call(python, code, repository, person)).output == "made one"
    assert len(person.asked) == 2


async def test_an_ordinary_failure_is_not_asked_about(repository: Path) -> None:
    person = Person([Decision.ONCE])
    assert (await call(shell, "echo no; exit 3", repository, person)).output == "no\n[exit code 3]"


async def test_a_yes_to_the_first_question_is_none_to_the_second_one_later(repository: Path) -> None:
    person = Person([Decision.SESSION, Decision.DENY, Decision.DENY])
    await call(shell, IN_GIT, repository, person)
    assert len(person.asked) == 2


async def test_root_is_not_asked_unless_it_may_run_without(repository: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Confinement, "is_root", True)
    person = Person([Decision.ONCE])
    finished = await call(shell, IN_GIT, repository, person, fixed(Level.L3, allow_root=False))
    assert finished.output.endswith("not in .git]")
    assert len(person.asked) == 1
