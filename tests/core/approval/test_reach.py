"""How far the programs of a call get without a question: in each mode, and under each kind of rule."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from rookery_core.approval.judging import Judged
from rookery_core.approval.policy import Allowed
from rookery_core.approval.rules import Do
from rookery_core.events import Mode
from rookery_core.plugin import Risk, RiskRule
from rookery_core.sandbox.level import Reach
from tests.core.approval.kit import Desk, python, read, shell, words

EVERYTHING = Allowed(kinds=frozenset(Risk))
ALLOWING = words("make test", yes="make test")
STATES: Mapping[str, tuple[Sequence[Mapping[str, Any]], dict[str, Any]]] = {
    "no rule": ((), {}),
    "a rule allows": ([ALLOWING], {}),
    "--allow": ((), {"allowed": EVERYTHING}),
    "a plugin allows": ((), {"also": True}),
    "a rule asks": ([ALLOWING, {"do": "ask", "tool": "*"}], {"also": True, "allowed": EVERYTHING}),
    "a rule denies": ([ALLOWING, {"do": "deny", "tool": "*"}], {"also": True, "allowed": EVERYTHING}),
    "a plugin says more": ((), {"risk_rules": [RiskRule("kit.shell", Risk.NETWORK, {"command": "make"})]}),
}
#                          kept: ask          accept-edits     plan           not kept
TABLE: Mapping[str, str] = {
    "no rule":            "allow reads R1    allow writes R2  allow reads R1  ask writes R3",
    "a rule allows":      "allow writes R2   allow writes R2  allow reads R1  allow writes R3",
    "--allow":            "allow writes R2   allow writes R2  allow reads R1  allow writes R3",
    "a plugin allows":    "allow writes R2   allow writes R2  allow reads R1  allow writes R3",
    "a rule asks":        "ask writes R2     ask writes R2    deny writes R2  ask writes R3",
    "a rule denies":      "deny writes R2    deny writes R2   deny writes R2  deny writes R3",
    "a plugin says more": "ask writes R3     ask writes R3    deny writes R3  ask writes R3",
}  # fmt: skip


def told(judged: Judged) -> str:
    return f"{judged.verdict.do} {judged.reach.name.lower()} {judged.assessed.level}"


@pytest.mark.parametrize("state", STATES)
def test_how_far_a_program_gets(desk: Desk, state: str) -> None:
    rules, given = STATES[state]
    desk.rules(*rules)
    assert not desk.rulebook.mistakes
    found = []
    for mode in Mode:
        desk.grants.mode = mode
        found.append(told(desk.judge(shell, kept=True, command="make test", **given)))
    desk.grants.mode = Mode.ASK
    found.append(told(desk.judge(shell, command="make test", **given)))
    assert " ".join(found).split() == TABLE[state].split()


def test_with_broken_rules_nothing_runs_that_is_only_kept(desk: Desk) -> None:
    desk.write_rules("[[rule]]\ndo = 1\n")
    judged = desk.judge(shell, kept=True, command="make test")
    assert told(judged) == "ask writes R2"
    assert judged.verdict.firm


def test_what_is_refused_is_refused_where_it_could_only_read(desk: Desk) -> None:
    for command in ("sudo make", "cat ~/.ssh/id_rsa"):
        assert desk.judge(shell, kept=True, command=command).verdict.do is Do.DENY


def test_what_only_reads_by_its_words_gets_no_further(desk: Desk) -> None:
    (desk.root / "a").touch()
    assert told(desk.judge(shell, kept=True, command="cat a")) == "allow reads R1"
    assert told(desk.judge(shell, command="cat a")) == "allow writes R1"
    assert told(desk.judge(read, kept=True, path="a")) == "allow reads R1"


def test_what_is_to_get_further_asks_and_an_answer_serves_for_the_next_one(desk: Desk) -> None:
    judged = desk.judge(shell, kept=True, least=Reach.WRITES, command="make test")
    assert told(judged) == "ask writes R2"
    assert [str(rule.scope) for rule in (*judged.session, *judged.always)] == ["make test", "make test"]
    desk.grants.add(judged.session)
    assert told(desk.judge(shell, kept=True, command="make test")) == "allow writes R2"
    assert told(desk.judge(shell, kept=False, command="make test")) == "ask writes R3"  # it was allowed in a sandbox


def test_a_text_that_nobody_understands_is_remembered_to_the_letter(desk: Desk) -> None:
    judged = desk.judge(shell, kept=True, least=Reach.WRITES, command="for i in 1 2; do touch $i; done")
    assert (len(judged.session), judged.always) == (1, ())
    desk.grants.add(desk.judge(python, kept=True, least=Reach.WRITES, code="open('a', 'w')").session)
    assert told(desk.judge(python, kept=True, code="open('a', 'w')")) == "allow writes R2"
    assert told(desk.judge(python, kept=True, code="open('b', 'w')")) == "allow reads R1"


@pytest.mark.parametrize("kept", [True, False])
def test_outside_of_the_sandbox_nothing_is_less_than_it_was(desk: Desk, kept: bool) -> None:
    for mode in (Mode.ASK, Mode.ACCEPT_EDITS):
        desk.grants.mode = mode
        assert told(desk.judge(shell, kept=kept, least=Reach.OUTSIDE, command="make")) == "ask outside R3"
    desk.grants.mode = Mode.PLAN
    assert told(desk.judge(shell, kept=kept, least=Reach.OUTSIDE, command="make")) == "deny outside R3"


@pytest.mark.parametrize("kept", [True, False])
@pytest.mark.parametrize("command", ["cat a", "make"])
def test_what_a_plugin_says_is_a_write_is_not_accepted_as_an_edit(desk: Desk, command: str, kept: bool) -> None:
    (desk.root / "a").touch()
    desk.grants.mode = Mode.ACCEPT_EDITS
    rule = RiskRule("kit.shell", Risk.WRITE)
    assert desk.judge(shell, kept=kept, risk_rules=[rule], command=command).verdict.do is Do.ASK
