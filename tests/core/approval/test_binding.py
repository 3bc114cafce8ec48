"""A person's yes serves for the exact call that they were asked about, once and soon, and for nothing else."""

from __future__ import annotations

import asyncio
import json
import os
import threading
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rookery_core.approval.answers import Answers
from rookery_core.approval.binding import Approval, Bound, canonical
from rookery_core.approval.policy import Allowed, Grants, Reply
from rookery_core.approval.rulebook import Rulebook
from rookery_core.events import (
    ApprovalRequested,
    ApprovalResolved,
    Decision,
    Event,
    QuestionAsked,
    ToolFinished,
    ToolStarted,
    ToolStatus,
)
from rookery_core.plugin import (
    Allow,
    Deny,
    NeedsApproval,
    Rewrite,
    Risk,
    Tool,
    ToolContext,
    ToolRetry,
    ToolUse,
    WorkspacePath,
    tool,
)
from rookery_core.reasoning.step import ToolCall
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools import checking
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.registry import OfferedTool, Registry
from rookery_core.tools.rulings import Hook, Rulings
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace

ONCE, NO = Reply(Decision.ONCE), Reply(Decision.DENY)
RULE = '[[rule]]\ndo = "{do}"\ntool = "kit.save"\n'


@tool(risk=Risk.WRITE, scope=lambda given: [str(given["path"])])
def save(path: WorkspacePath, text: str = "x") -> str:
    """Writes a file."""
    path.write_text(text)
    return f"saved {text}"


@tool(risk=Risk.READ)
def look(path: WorkspacePath) -> str:
    """Reads a file."""
    return path.read_text()


@tool(risk=Risk.EXECUTE, command="command", scope=lambda given: [str(given["command"])])
def shell(command: str | list[str]) -> str:
    """Runs a command."""
    return f"ran {command}"


Says = Reply | Callable[[ApprovalRequested], Reply]


class Table:
    """A runner over a folder, and a person who says one thing after the other."""

    def __init__(self, home: Path, *tools: Tool, hooks: Iterable[Callable[[ToolUse], Any]] = ()) -> None:
        self.home = Path(os.path.realpath(home))
        self.work = self.home / "work"
        self.work.mkdir()
        self.rules = self.home / "rules.toml"
        self.now = 0.0
        self.environ = {"PATH": f"{self.home}/bin:/usr/bin:/bin", "HOME": "/home/ann", "SECRET_TOKEN": "s3cret"}
        self.events: list[Event] = []
        self.answers = Answers()
        artifacts, data = ListArtifacts(), DictData()
        self.runner = ToolRunner(
            registry=Registry(
                [OfferedTool(each, "kit", "kit-dist", each.name) for each in tools or (save, look, shell)]
            ),
            workspace=Workspace.at(self.work),
            lender=Lender(
                lambda *_: ListMemory(), lambda *_: data, lambda *_: artifacts, lambda it: EnvironmentSecrets(it, {})
            ),
            allowed=Allowed(),
            grants=Grants(),
            clock=lambda: self.now,
            rulebook=Rulebook(self.rules, self.work),
            rulings=Rulings(before=tuple(Hook("guard", "guard-dist", hook) for hook in hooks)),
            environ=self.environ,
        )
        self._ids = iter(range(1, 1000))

    async def call(self, name: str, says: Sequence[Says] = (), /, **arguments: Any) -> ToolFinished:
        """What comes of a call, the person saying these things in order; more questions than that are a mistake."""
        left = iter(says)

        async def approve(request: ApprovalRequested) -> Reply:
            said = next(left)
            return said(request) if callable(said) else said

        caller = Caller(
            "session",
            self.events.append,
            approve,
            _no_answer,
            _no_model,
            8_000,
            claimed="I must.",
            answers=self.answers,
        )
        return await self.runner.call(ToolCall(name, arguments), str(next(self._ids)), caller)

    def of(self, kind: type[Event]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def asked(self) -> list[ApprovalRequested]:
        return self.of(ApprovalRequested)

    def program(self, name: str, text: str = "#!/bin/sh\n") -> Path:
        file = self.home / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text(text)
        file.chmod(0o755)
        return file


async def _no_answer(_: QuestionAsked) -> str | None:
    return None


async def _no_model(_: str, __: int) -> str:
    return ""


def then(change: Callable[[], object], reply: Reply = ONCE) -> Callable[[ApprovalRequested], Reply]:
    """Something changes while the person reads, and then they answer."""

    def say(_: ApprovalRequested) -> Reply:
        change()
        return reply

    return say


# -- what is bound ------------------------------------------------------------------------------------------------


async def test_what_runs_has_the_digest_of_the_question(tmp_path: Path) -> None:
    table = Table(tmp_path)
    done = await table.call("save", [ONCE], path="a.txt")
    assert (done.status, done.output) == (ToolStatus.OK, "saved x")
    (request,), (started,) = table.asked, table.of(ToolStarted)
    assert started.digest == request.digest
    assert len(bytes.fromhex(request.digest)) == 32
    assert request.claimed == "I must."


async def test_what_runs_without_a_question_has_no_digest(tmp_path: Path) -> None:
    table = Table(tmp_path)
    (table.work / "a.txt").write_text("hi")
    await table.call("look", path="a.txt")
    assert [started.digest for started in table.of(ToolStarted)] == [""]


async def test_a_file_that_changes_meanwhile_is_named_and_the_person_is_asked_again(tmp_path: Path) -> None:
    table = Table(tmp_path)
    file = table.work / "a.txt"
    file.write_text("one")
    await table.call("save", [then(lambda: file.write_text("two")), NO], path="a.txt")
    first, second = table.asked
    assert second.reason == "asked again: the file a.txt changed"
    assert first.digest != second.digest
    assert not table.of(ToolStarted)
    assert file.read_text() == "two"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda table: (table.work / "new.txt").write_text("x"), "the file new.txt is there now"),
        (lambda table: (table.work / "here.txt").unlink(), "the file here.txt is gone"),
        (lambda table: table.program("frob", "#!/bin/sh\necho other\n"), "the program frob changed"),
        (lambda table: table.environ.update(HOME="/home/eve"), "the variable HOME changed"),
        (lambda table: table.environ.update(LC_TIME="C"), "the variable LC_TIME is there now"),
        (lambda table: table.rules.write_text("# nothing\n"), "your rules changed"),
    ],
)
async def test_all_that_a_command_depends_on_is_bound(
    tmp_path: Path, change: Callable[[Table], object], said: str
) -> None:
    table = Table(tmp_path)
    table.program("frob")
    (table.work / "here.txt").write_text("x")
    command = "frob here.txt > new.txt"
    await table.call("shell", [then(lambda: change(table)), NO], command=command)
    assert [request.reason for request in table.asked][1:] == [f"asked again: {said}"]
    await table.call("shell", [ONCE], command=f"{command} # once more")
    assert len(table.of(ToolStarted)) == 1


async def test_what_stands_inside_of_a_word_is_bound_where_it_may_be_a_command(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.program("frob")
    file = table.work / "in.txt"
    file.write_text("x")
    command = "env -i sh -c 'frob --from=in.txt; echo'"
    await table.call("shell", [then(lambda: file.write_text("y")), NO], command=command)
    assert table.asked[1].reason == "asked again: the file in.txt changed"
    table.answers = Answers()
    await table.call("shell", [then(lambda: table.program("frob", "#!/bin/false")), NO], command=command)
    assert table.asked[3].reason == "asked again: the program frob changed"


async def test_how_programs_are_confined_is_told_and_bound(tmp_path: Path) -> None:
    table = Table(tmp_path)
    ways = ["in a box", "not"]
    table.runner = replace(table.runner, confined=lambda offered, _: f"{offered.name} {ways[0]}")
    await table.call("shell", [then(lambda: ways.pop(0)), NO], command="make")
    told = [[fact.text for fact in request.facts if fact.label == "confined"] for request in table.asked]
    assert told == [["shell in a box"], ["shell not"]]
    assert table.asked[1].reason == "asked again: how programs are confined changed"


async def test_what_a_command_does_not_depend_on_is_not_asked_about_again(tmp_path: Path) -> None:
    table = Table(tmp_path)
    table.program("frob")

    def other() -> None:
        (table.work / "other.txt").write_text("x")
        table.environ["SOME_TOKEN"] = "x"
        table.program("unrelated")

    await table.call("shell", [then(other)], command="frob here.txt")
    assert len(table.asked) == 1


async def test_a_file_with_its_size_and_time_put_back_has_changed_all_the_same(tmp_path: Path) -> None:
    table = Table(tmp_path)
    program = table.program("frob", "#!/bin/sh\necho A\n")

    def quietly() -> None:
        info = program.stat()
        program.write_text("#!/bin/sh\necho B\n")
        os.utime(program, ns=(info.st_atime_ns, info.st_mtime_ns))

    await table.call("shell", [then(quietly), NO], command=["frob"])
    assert table.asked[1].reason == "asked again: the program frob changed"


async def test_another_folder_in_the_place_of_the_workspace_is_noticed(tmp_path: Path) -> None:
    table = Table(tmp_path)

    def swap() -> None:
        table.work.rename(table.home / "old")
        table.work.mkdir()

    await table.call("save", [then(swap), NO], path="a.txt")
    assert table.asked[1].reason == f"asked again: the folder {table.work} changed"


async def test_a_path_that_comes_to_mean_another_file_is_another_call(tmp_path: Path) -> None:
    table = Table(tmp_path)
    (table.work / "one").mkdir()
    (table.work / "two").mkdir()
    link = table.work / "link"
    link.symlink_to("one")

    def turn() -> None:
        link.unlink()
        link.symlink_to("two")

    done = await table.call("save", [then(turn), ONCE], path="link/a.txt")
    assert "its arguments changed" in table.asked[1].reason
    assert table.asked[1].arguments["path"] == str(table.work / "two" / "a.txt")
    assert done.status is ToolStatus.OK
    assert not (table.work / "one" / "a.txt").exists()


async def test_what_leads_out_of_the_workspace_by_now_is_not_made(tmp_path: Path) -> None:
    table = Table(tmp_path)
    (table.work / "sub").mkdir()

    def out() -> None:
        (table.work / "sub").rmdir()
        (table.work / "sub").symlink_to(table.home)

    done = await table.call("save", [then(out)], path="sub/a.txt")
    assert done.status is ToolStatus.INVALID
    assert "do not fit any more" in done.output
    assert not (table.home / "a.txt").exists()


async def test_a_call_that_changes_each_time_fails_and_says_so(tmp_path: Path) -> None:
    table = Table(tmp_path)
    texts = iter("abc")
    change = then(lambda: (table.work / "a.txt").write_text(next(texts)))
    done = await table.call("save", [change, change, change], path="a.txt")
    assert done.status is ToolStatus.FAILED
    assert "each time that the person had been asked something changed. Now the file a.txt changed" in done.output
    assert len(table.asked) == 3
    assert (table.work / "a.txt").read_text() == "c"


async def test_arguments_that_others_hold_are_not_those_that_run(tmp_path: Path) -> None:
    held: list[list[str]] = []

    def scope(given: dict[str, Any]) -> list[str]:
        held.append(given["lines"])
        return ["x"]

    def preview(lines: list[str]) -> str:
        held.append(lines)
        return "shown"

    @tool(risk=Risk.WRITE, scope=scope, preview=preview)
    def keep(lines: list[str]) -> str:
        """Keeps lines."""
        return ",".join(lines)

    table = Table(tmp_path, keep, hooks=[lambda use: held.append(use.arguments["lines"])])
    given = ["a", "b"]

    def spoil(request: ApprovalRequested) -> Reply:
        for each in (*held, given, request.arguments["lines"], *(e.arguments["lines"] for e in table.events[:1])):  # type: ignore[attr-defined]
            each[:] = ["evil"]
        return ONCE

    done = await table.call("keep", [spoil], lines=given)
    assert done.output == "a,b"
    (started,) = table.of(ToolStarted)
    assert started.arguments == {"lines": ["a", "b"]}


async def test_what_a_scope_does_to_the_arguments_is_not_done_to_the_call(tmp_path: Path) -> None:
    def spoiling(given: dict[str, Any]) -> list[str]:
        given["lines"].append("evil")
        given["more"] = 1
        return ["x"]

    @tool(risk=Risk.WRITE, scope=spoiling)
    def typed(lines: list[str]) -> str:
        """Keeps lines."""
        return ",".join(lines)

    schema = {"type": "object", "properties": {"lines": {"type": "array"}}}
    by_hand = Tool("by_hand", "Keeps lines.", schema, typed.run, risk=Risk.WRITE, scope=spoiling)
    table = Table(tmp_path, typed, by_hand)
    for each in (typed, by_hand):
        assert (await table.call(each.name, [ONCE], lines=["a"])).output == "a"


async def test_half_a_character_is_bound_as_it_is(tmp_path: Path) -> None:
    schema = {"type": "object", "properties": {"text": {"type": "string"}}, "required": ["text"]}
    raw = Tool("raw", "Takes anything.", schema, lambda text: str(len(text)), risk=Risk.WRITE)
    table = Table(tmp_path, raw)
    assert (await table.call("raw", [ONCE], text="\ud800")).output == "1"
    await table.call("raw", [ONCE], text="\udfff")
    assert table.asked[0].digest != table.asked[1].digest
    assert canonical({"b": 1, "a": "\ud800é"}) == '{"a":"\\ud800\\u00e9","b":1}'


# -- how long and how often a yes serves --------------------------------------------------------------------------


def test_a_yes_serves_once_and_not_for_long() -> None:
    bound, other = Bound({"x": "1"}, "a"), Bound({"x": "2"}, "b")
    approval = Approval(bound, 100.0)
    assert approval.use(bound, 160.0) == ""
    assert approval.use(bound, 160.0) == "the answer was used already"
    assert Approval(bound, 100.0).use(bound, 160.1) == "more than 60 seconds passed since the answer"
    spoiled = Approval(bound, 100.0)
    assert spoiled.use(other, 100.0) == "x changed"
    assert spoiled.use(bound, 100.0) == "the answer was used already"


async def test_a_question_may_stand_open_for_long_but_its_answer_may_not(tmp_path: Path) -> None:
    slow = [0.0]

    def scope(given: dict[str, Any]) -> list[str]:
        table.now += slow[0]
        return ["x"]

    @tool(risk=Risk.WRITE, scope=scope)
    def put(text: str) -> str:
        """Puts."""
        return text

    table = Table(tmp_path, put)

    def hours() -> None:
        table.now += 10_000

    assert (await table.call("put", [then(hours)], text="a")).status is ToolStatus.OK

    def to_be_slow(seconds: float) -> Callable[[], None]:
        return lambda: slow.__setitem__(0, seconds)

    await table.call("put", [then(to_be_slow(61)), then(to_be_slow(0))], text="b")
    assert table.asked[2].reason == "asked again: more than 60 seconds passed since the answer"
    assert len(table.of(ToolStarted)) == 2


async def test_a_tool_that_asks_on_its_way_is_bound_too(tmp_path: Path) -> None:
    @tool(risk=Risk.WRITE)
    def wipe(ctx: ToolContext, path: WorkspacePath) -> str:
        """Wipes a file."""
        if not ctx.approved:
            raise NeedsApproval("it is full")
        path.unlink()
        return "wiped"

    table = Table(tmp_path, wipe)
    file = table.work / "a.txt"
    file.write_text("one")
    done = await table.call("wipe", [ONCE, then(lambda: file.write_text("two")), ONCE], path="a.txt")
    assert done.output == "wiped"
    assert [request.reason for request in table.asked] == [
        "",
        "it is full",
        "asked again: the file a.txt changed; it is full",
    ]
    digests = [started.digest for started in table.of(ToolStarted)]
    assert digests == [table.asked[0].digest, table.asked[2].digest]


# -- rules are judged at use --------------------------------------------------------------------------------------


async def test_a_rule_that_denies_by_now_is_above_the_answer(tmp_path: Path) -> None:
    table = Table(tmp_path)
    done = await table.call("save", [then(lambda: table.rules.write_text(RULE.format(do="deny")))], path="a.txt")
    assert done.status is ToolStatus.DENIED
    assert "deny kit.save" in done.output
    assert not table.of(ToolStarted)


async def test_a_rule_that_allows_by_now_lets_it_run_and_is_named(tmp_path: Path) -> None:
    table = Table(tmp_path)
    await table.call("save", [then(lambda: table.rules.write_text(RULE.format(do="allow")))], path="a.txt")
    (started,) = table.of(ToolStarted)
    assert started.rule == "allow kit.save (rules.toml:1)"
    assert len(table.asked) == 1


async def test_rules_that_deny_while_a_plugin_thinks_hold_for_the_call(tmp_path: Path) -> None:
    def slow(use: ToolUse) -> None:
        table.rules.write_text(RULE.format(do="deny"))

    table = Table(tmp_path, hooks=[slow])
    table.rules.write_text(RULE.format(do="allow"))
    done = await table.call("save", path="a.txt")
    assert done.status is ToolStatus.DENIED
    assert not (table.work / "a.txt").exists()


async def test_a_plugin_that_rewrites_does_it_once_and_what_changes_later_it_may_deny(tmp_path: Path) -> None:
    seen: list[str] = []

    def prefix(use: ToolUse) -> Rewrite | Deny | None:
        seen.append(use.arguments["text"])
        return Deny("too often") if len(seen) > 3 else Rewrite({**use.arguments, "text": f">{use.arguments['text']}"})

    table = Table(tmp_path, hooks=[prefix])
    file = table.work / "a.txt"
    file.write_text("x")
    done = await table.call("save", [then(lambda: file.write_text("y")), ONCE], path="a.txt", text="hi")
    assert done.output == "saved >hi"
    assert seen == ["hi", ">hi"]


async def test_an_answer_always_is_kept_only_for_what_was_asked(tmp_path: Path) -> None:
    table = Table(tmp_path)
    file = table.work / "a.txt"
    change = then(lambda: file.write_text("x"), Reply(Decision.ALWAYS))
    await table.call("save", [change, NO], path="a.txt")
    assert not table.rules.exists()
    await table.call("save", [Reply(Decision.ALWAYS)], path="a.txt", text="other")
    assert str(file) in table.rules.read_text()
    assert len(table.of(ToolStarted)) == 1


# -- the person changes it ----------------------------------------------------------------------------------------


def edit(**arguments: Any) -> Reply:
    return Reply(Decision.EDIT, arguments=arguments)


async def test_a_changed_call_is_asked_about_as_another_one(tmp_path: Path) -> None:
    table = Table(tmp_path)
    done = await table.call("save", [edit(path="b.txt", text="mine"), ONCE], path="a.txt", text="its")
    first, second = table.asked
    assert first.digest != second.digest
    assert second.arguments == {"path": str(table.work / "b.txt"), "text": "mine"}
    assert (table.work / "b.txt").read_text() == "mine"
    assert not (table.work / "a.txt").exists()
    made = json.dumps(second.arguments)
    assert done.output == f"[The person changed the arguments of this call to {made}]\nsaved mine"
    resolved = table.of(ApprovalResolved)
    assert [(e.decision, e.by, e.arguments) for e in resolved] == [
        (Decision.EDIT, "person", {"path": "b.txt", "text": "mine"}),
        (Decision.ONCE, "person", None),
    ]


async def test_a_changed_call_that_may_run_does_without_another_question(tmp_path: Path) -> None:
    table = Table(tmp_path)
    done = await table.call("shell", [edit(command="cat a.txt")], command="make")
    assert done.output.endswith("ran cat a.txt")
    assert len(table.asked) == 1
    (started,) = table.of(ToolStarted)
    assert (started.level, started.digest) == ("R1", "")


async def test_a_changed_call_that_a_rule_denies_is_denied(tmp_path: Path) -> None:
    table = Table(tmp_path)
    done = await table.call("shell", [edit(command="sudo make")], command="make")
    assert done.status is ToolStatus.DENIED
    assert done.output.startswith("The person changed this call. This call is refused")


async def test_a_change_that_cannot_be_used_is_told_and_the_call_is_asked_about_as_it_was(tmp_path: Path) -> None:
    table = Table(tmp_path)
    wrong = edit(path="../b.txt", text=3)
    await table.call("save", [wrong, edit(path="./a.txt"), edit(path="b.txt"), NO], path="a.txt")
    first, second, third, fourth = table.asked
    assert second.reason.startswith("your change cannot be used: The arguments do not fit: save: path: ")
    assert "text: Input should be a valid string" in second.reason
    assert third.reason == "your change leaves the call as it is"
    assert first.arguments == second.arguments == third.arguments == {"path": str(table.work / "a.txt"), "text": "x"}
    assert first.digest == second.digest == third.digest != fourth.digest
    assert table.of(ApprovalResolved)[0].arguments == {"path": "../b.txt", "text": 3}
    assert (fourth.arguments["path"], fourth.reason) == (str(table.work / "b.txt"), "")
    assert not table.of(ToolStarted)


async def test_a_call_whose_change_cannot_be_used_may_still_be_allowed_as_it_was(tmp_path: Path) -> None:
    table = Table(tmp_path)
    done = await table.call("save", [edit(path=""), ONCE], path="a.txt")
    assert done.output == "saved x"
    assert table.of(ToolStarted)[0].digest == table.asked[1].digest


async def test_a_change_that_cannot_work_is_told_to_who_made_it(tmp_path: Path) -> None:
    def preview(n: int) -> str:
        if n > 3:
            raise ToolRetry("there are three")
        return str(n)

    @tool(risk=Risk.WRITE, preview=preview)
    def take(n: int) -> str:
        """Takes some."""
        return f"took {n}"

    table = Table(tmp_path, take)
    done = await table.call("take", [edit(n=4), edit(n=3), ONCE], n=2)
    assert table.asked[1].reason == "your change cannot be used: there are three"
    assert done.output.endswith("took 3")


async def test_files_that_cannot_be_looked_at_in_time_fail_the_call(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table = Table(tmp_path)
    over = threading.Event()
    monkeypatch.setattr(checking, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(checking, "look", lambda *_: over.wait(30))
    done = await table.call("save", path="a.txt")
    over.set()
    assert done.status is ToolStatus.FAILED
    assert "cannot be looked at within" in done.output


@pytest.mark.parametrize("odd", [{"path": {1, 2}}, {"path": b"x"}, None, [1], {"a": 10**5000}])
async def test_a_change_that_is_no_json_is_told(tmp_path: Path, odd: Any) -> None:
    table = Table(tmp_path)
    await table.call("save", [Reply(Decision.EDIT, arguments=odd), NO], path="a.txt")
    assert table.asked[1].reason == "your change is no JSON object"
    assert table.of(ApprovalResolved)[0].arguments is None
    assert not table.of(ToolStarted)


async def test_plugins_have_their_say_of_a_changed_call(tmp_path: Path) -> None:
    def guard(use: ToolUse) -> Allow | Deny:
        return Deny("not b") if use.arguments["path"].endswith("b.txt") else Deny("")

    def only_b(use: ToolUse) -> Deny | None:
        return guard(use) if use.arguments["path"].endswith("b.txt") else None  # type: ignore[return-value]

    table = Table(tmp_path, hooks=[only_b])
    done = await table.call("save", [edit(path="b.txt")], path="a.txt")
    assert done.status is ToolStatus.DENIED
    assert "not b" in done.output


# -- the same question --------------------------------------------------------------------------------------------


async def test_what_was_denied_is_denied_again_in_this_turn_without_a_question(tmp_path: Path) -> None:
    table = Table(tmp_path)
    await table.call("save", [NO], path="a.txt")
    done = await table.call("save", path="./a.txt", text="x")  # the same, said in another way
    assert (done.status, len(table.asked)) == (ToolStatus.DENIED, 1)
    assert "already said no to exactly this call" in done.output
    assert table.of(ApprovalResolved)[-1].reason == "they said no to exactly this call before"
    (table.work / "a.txt").write_text("y")
    await table.call("save", [NO], path="a.txt")  # it would do something else now
    table.answers = Answers()
    await table.call("save", [ONCE], path="a.txt")  # another turn
    assert len(table.asked) == 3


async def test_calls_that_ask_the_same_at_once_are_asked_about_one_after_the_other(tmp_path: Path) -> None:
    table = Table(tmp_path)
    asked = asyncio.Event()
    may = asyncio.Event()
    replies = iter([Reply(Decision.SESSION)])

    async def approve(request: ApprovalRequested) -> Reply:
        asked.set()
        await may.wait()
        return next(replies)

    def begin(call_id: str) -> asyncio.Task[ToolFinished]:
        caller = Caller("s", table.events.append, approve, _no_answer, _no_model, 8_000, answers=table.answers)
        return asyncio.create_task(table.runner.call(ToolCall("shell", {"command": "make"}), call_id, caller))

    both = [begin("1"), begin("2")]
    await asked.wait()
    await asyncio.sleep(0.05)
    assert len(table.asked) == 1
    may.set()
    assert [(await each).output for each in both] == ["ran make", "ran make"]
    assert len(table.asked) == 1
