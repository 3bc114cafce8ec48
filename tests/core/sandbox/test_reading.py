"""A program that can change and reach nothing runs without a question; that it may do more is asked then."""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from rookery_core.approval.modes import PLANNING
from rookery_core.approval.policy import Allowed, Grants, Reply
from rookery_core.events import ApprovalRequested, Decision, Event, Mode, ToolStarted, ToolStatus
from rookery_core.sandbox.level import Level
from rookery_core.sandbox.settings import SandboxSettings
from rookery_core.tools.contract import Tool
from rookery_plugins.python import python
from rookery_plugins.shell import shell
from tests.core.sandbox.asked import Person, call
from tests.core.sandbox.kit import fixed, linux, whole

pytestmark = [linux, whole, pytest.mark.timeout(120)]
WRITES = "for n in 1 2; do echo $n >> made; done; cat made"


async def test_what_only_reads_is_not_asked_about(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("b\na\n")
    events: list[Event] = []
    finished = await call(shell, "for f in *.txt; do sort $f | sed s/a/c/; done", tmp_path, Person([]), events=events)
    assert (finished.status, finished.output) == (ToolStatus.OK, "c\nb\n[exit code 0]")
    (started,) = [event for event in events if isinstance(event, ToolStarted)]
    assert (started.level, started.digest, started.rule) == ("R1", "", "")
    finished = await call(python, "print(open('a.txt').read().split())", tmp_path, Person([]))
    assert finished.output == "['b', 'a']"


async def test_what_wants_to_write_is_asked_about_and_then_writes(tmp_path: Path) -> None:
    person, events = Person([Decision.ONCE]), list[Event]()
    finished = await call(shell, WRITES, tmp_path, person, events=events)
    assert (finished.status, finished.output) == (ToolStatus.OK, "1\n2\n[exit code 0]")
    (request,) = person.asked
    assert (request.level, person.told) == ("R2", [f"no network, writes only in {tmp_path}"])
    assert "Nothing was changed" in request.reason
    assert request.remembers == (WRITES,)
    started = [event for event in events if isinstance(event, ToolStarted)]
    assert [(each.level, each.digest) for each in started] == [("R1", ""), ("R2", request.digest)]


async def test_denied_it_leaves_everything_as_it_was(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("here\n")
    finished = await call(shell, "rm a.txt", tmp_path, Person([Decision.DENY]))
    assert finished.status is ToolStatus.FAILED
    assert "it could only read" in finished.output
    assert "They said: rather not" in finished.output
    assert (tmp_path / "a.txt").read_text() == "here\n"


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        (shell, "rm a.txt 2>/dev/null; echo done"),
        (shell, "find . -name '*.txt' -exec rm {} \\; 2>/dev/null"),
        (shell, "for f in *.txt; do mv $f $f.old; done 2>/dev/null || true"),
        (shell, "LC_ALL=de_DE.UTF-8 LANGUAGE=de touch b.txt"),
        (shell, "mkdir -p new/folder 2>/dev/null; true"),
        (shell, "cd sub && ln -s ../a.txt l 2>/dev/null; true"),
        (shell, "test -w a.txt && echo x >> a.txt"),
        (shell, "mkdir .some_cache || exit 2"),
        (shell, "cp a.txt sub/ > /dev/null 2>&1; true"),
        (python, "try: open('a.txt', 'a')\nexcept OSError: print('done')"),
        (python, "import os, contextlib\nwith contextlib.suppress(OSError): os.chmod('a.txt', 0o600)"),
        (python, "import os\nat = os.open('sub', 0)\ntry: os.rename('../a.txt', 'b', src_dir_fd=at, dst_dir_fd=at)\nexcept OSError: 1"),
        (python, "import sqlite3\nsqlite3.connect('a.db').execute('create table t (a)')"),
    ],
)  # fmt: skip
async def test_what_keeps_it_to_itself_that_it_could_not_write_is_asked_about(
    tmp_path: Path, tool: Tool, given: str
) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "sub").mkdir()
    person = Person([Decision.DENY])
    await call(tool, given, tmp_path, person)
    assert [request.level for request in person.asked] == ["R2"]


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        (shell, "grep -c zebra a.txt"),
        (shell, "cat missing.txt"),
        (shell, "ls missing || exit 3"),
        (shell, "echo 'rm: cannot remove: Read-only file system'; exit 1"),
        (shell, "sort a.txt > /tmp/sorted; cat /tmp/sorted; echo x > ~/x; mkdir /tmp/f; rm -r /tmp/f; false"),
        (shell, "rm -f missing.txt; mkdir -p sub; ls > /dev/null; false"),
        (shell, "mkdir sub/__pycache__ .some_cache; echo x > .cache; true"),
        (shell, "mkdir .git 2>/dev/null; true"),
        (shell, "test -x a.txt"),
        (shell, "frobnicate"),
        (python, "raise ValueError('Read-only file system')"),
        (python, "assert open('missing.txt')"),
        (python, "import tempfile\nwith tempfile.NamedTemporaryFile() as f: print(f.write(b'1'))\n1/0"),
    ],
)
async def test_an_ordinary_failure_is_not(tmp_path: Path, tool: Tool, given: str) -> None:
    (tmp_path / "a.txt").touch()
    (tmp_path / "sub").mkdir()
    finished = await call(tool, given, tmp_path, Person([]))
    assert finished.status in (ToolStatus.OK, ToolStatus.FAILED)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.txt", "sub"]


async def test_in_plan_mode_it_reads_and_what_lacks_more_is_final(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text\n")
    grants = Grants(mode=Mode.PLAN)
    assert (await call(shell, "sed s/t/n/ a.txt", tmp_path, Person([]), grants=grants)).output == "next\n[exit code 0]"
    finished = await call(shell, "sed -i s/t/n/ a.txt", tmp_path, Person([]), grants=grants)
    assert finished.status is ToolStatus.FAILED
    assert "it could only read" in finished.output
    assert finished.output.startswith(PLANNING)  # what it reads first decides what it says
    assert (tmp_path / "a.txt").read_text() == "text\n"


async def test_where_edits_are_accepted_it_writes_without_a_question_and_leaving_asks(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    grants = Grants(mode=Mode.ACCEPT_EDITS)
    assert (await call(shell, WRITES, tmp_path, Person([]), grants=grants)).output.startswith("1\n2\n")
    person = Person([Decision.DENY])
    await call(shell, "echo > .git/x", tmp_path, person, grants=grants)
    assert [request.level for request in person.asked] == ["R3"]


@pytest.mark.parametrize(
    ("tool", "given"),
    [
        (shell, "echo 'touch marker' > .envrc"),
        (shell, "echo 'touch marker' > e && mv -T e .envrc"),
        (shell, "mkdir .envrc"),
        (shell, "mkdir -p .husky && echo 'touch marker' > .husky/pre-commit"),
        (shell, "mkdir -p .githooks && echo 'touch marker' > .githooks/pre-commit"),
        (shell, "mkdir .idea"),
        (python, "open('.envrc', 'w')"),
        (python, "import os\nos.symlink('/etc/profile', '.envrc')"),
    ],
)
@pytest.mark.parametrize("mode", [Mode.ASK, Mode.ACCEPT_EDITS])
async def test_what_starts_programs_later_is_not_made_without_a_question(
    tmp_path: Path, mode: Mode, tool: Tool, given: str
) -> None:
    person = Person([Decision.DENY])
    finished = await call(tool, given, tmp_path, person, grants=Grants(mode=mode))
    assert len(person.asked) == 1, finished.output
    (request,) = person.asked
    assert request.level == ("R2" if mode is Mode.ASK and "> e " in given else "R3")
    assert {path.name for path in tmp_path.iterdir()} <= {"e"}


async def test_a_folder_that_stands_for_a_name_goes_with_the_program_and_is_no_reason_for_other_failures(
    tmp_path: Path,
) -> None:
    (tmp_path / "sub").mkdir()
    grants = Grants(mode=Mode.ACCEPT_EDITS)
    for given in ("cat sub", "mkdir sub", "echo > sub", "cat sub # .envrc"):
        assert (await call(shell, given, tmp_path, Person([]), grants=grants)).status is ToolStatus.OK
    (tmp_path / ".envrc").write_text("export A=1\n")
    assert (await call(shell, "cat .envrc; echo x > a", tmp_path, Person([]), grants=grants)).status is ToolStatus.OK
    assert sorted(path.name for path in tmp_path.iterdir()) == [".envrc", "a", "sub"]


async def test_an_answer_for_the_session_serves_for_the_next_one_at_once(tmp_path: Path) -> None:
    grants, events = Grants(), list[Event]()
    await call(shell, WRITES, tmp_path, Person([Decision.SESSION]), grants=grants)
    await call(shell, WRITES, tmp_path, Person([]), grants=grants, events=events)
    assert (tmp_path / "made").read_text() == "1\n2\n1\n2\n"
    assert [event.level for event in events if isinstance(event, ToolStarted)] == ["R2"]


async def test_always_keeps_a_rule_that_allows_it_in_a_sandbox_alone(tmp_path: Path) -> None:
    rules, work = tmp_path / "rules.toml", tmp_path / "work"
    work.mkdir()
    await call(shell, "touch made", work, Person([Decision.ALWAYS]), rules=rules)
    assert 'up_to = "R2"' in rules.read_text()
    await call(shell, "touch made", work, Person([]), rules=rules)
    person = Person([Decision.DENY])
    await call(shell, "touch made", work, person, fixed(Level.L2), rules=rules)
    assert len(person.asked) == 1


class Editor(Person):
    """Puts another command in place of the first one that they are asked about."""

    def __init__(self, command: str, says: list[Decision]) -> None:
        super().__init__(says)
        self.command = command

    async def approve(self, request: ApprovalRequested) -> Reply:
        if not self.asked:
            self.asked.append(request)
            return Reply(Decision.EDIT, arguments={"command": self.command})
        return await super().approve(request)


async def test_a_changed_call_is_judged_anew(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("text\n")
    person = Editor("cat a.txt | sed s/t/n/", [])
    finished = await call(shell, "rm a.txt", tmp_path, person)
    assert finished.output.endswith("next\n[exit code 0]")
    person = Editor("mv a.txt b.txt", [Decision.ONCE])
    finished = await call(shell, "rm a.txt", tmp_path, person)
    assert json.loads(json.dumps(person.asked[1].arguments)) == {"command": "mv a.txt b.txt"}
    assert (finished.status, (tmp_path / "b.txt").read_text()) == (ToolStatus.OK, "text\n")


class Slow(Person):
    """Takes away what the program works with while the question stands."""

    def __init__(self, file: Path) -> None:
        super().__init__([Decision.ONCE, Decision.DENY])
        self.file = file

    async def approve(self, request: ApprovalRequested) -> Reply:
        self.file.write_text(f"{len(self.asked)}\n")
        await asyncio.sleep(0)
        return await super().approve(request)


async def test_a_yes_is_bound_to_the_call_as_it_is_and_to_how_far_it_gets(tmp_path: Path) -> None:
    file = tmp_path / "a.txt"
    file.touch()
    person = Slow(file)
    await call(shell, "mv a.txt b.txt", tmp_path, person)
    assert "the file a.txt" in person.asked[1].reason
    assert not (tmp_path / "b.txt").exists()
    again, once = Person([Decision.DENY]), Person([Decision.DENY])
    await call(shell, "mv a.txt b.txt", tmp_path, again)
    await call(shell, "mv a.txt b.txt", tmp_path, once, fixed(Level.L2))
    assert again.asked[0].digest != once.asked[0].digest


@pytest.mark.parametrize(
    "where",
    [
        {"confinement": fixed(Level.L2)},
        {"confinement": fixed(Level.L3, settings=SandboxSettings(network=True))},
        {"confinement": fixed(Level.L3, settings=SandboxSettings(programs="open"))},
        {"distribution": "somebody-else"},
    ],
    ids=["L2", "network", "open", "not built in"],
)
async def test_elsewhere_it_is_asked_about_before_it_starts(tmp_path: Path, where: dict[str, object]) -> None:
    person, events = Person([Decision.DENY]), list[Event]()
    await call(shell, "echo hi; exec true", tmp_path, person, events=events, **where)  # type: ignore[arg-type]
    assert [request.level for request in person.asked] == ["R3"]
    assert not any(isinstance(event, ToolStarted) for event in events)


async def test_without_landlock_it_is_asked_about(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    here = fixed(Level.L3)
    found = replace(here.found, landlock=0)
    monkeypatch.setattr(type(here), "found", found)
    person = Person([Decision.DENY])
    await call(shell, "exec true", tmp_path, person, here)
    assert len(person.asked) == 1


@pytest.mark.parametrize("do", ["ask", "deny"])
async def test_a_rule_that_asks_or_denies_is_above_it(tmp_path: Path, do: str) -> None:
    rules = tmp_path / "rules.toml"
    rules.write_text(f'[[rule]]\ndo = "{do}"\ntool = "shell.*"\nargv = ["env"]\n')
    (tmp_path / "work").mkdir()
    person = Person([Decision.DENY])
    finished = await call(shell, "env", tmp_path / "work", person, rules=rules)
    assert finished.status is ToolStatus.DENIED
    assert len(person.asked) == (do == "ask")


async def test_allowed_beforehand_it_writes_at_once(tmp_path: Path) -> None:
    events: list[Event] = []
    await call(shell, WRITES, tmp_path, Person([]), allowed=Allowed(tools=frozenset({"shell.shell"})), events=events)
    assert [(e.level, e.rule) for e in events if isinstance(e, ToolStarted)] == [("R2", "--allow shell.shell")]


async def test_that_it_lacked_something_is_said_where_the_program_does_not(tmp_path: Path) -> None:
    kept = "it ran in the sandbox, where it could only read, and had no network"
    for command, said in (
        ("mkdir .git 2>/dev/null; true", True),
        ("exit 6", True),
        ("exit 1", False),
        ("echo no; exit 6", False),
        ("true", False),
    ):
        assert (kept in (await call(shell, command, tmp_path, Person([]))).output) == said, command


async def test_what_programs_write_beside_their_work_they_need_not_or_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "m.py").touch()
    compiles = f"{sys.executable} -m compileall -q m.py && echo compiled"
    assert (await call(shell, compiles, tmp_path, Person([]))).output == "compiled\n[exit code 0]"
    assert [path.name for path in tmp_path.iterdir()] == ["m.py"]
