"""The permission modes: every level in every mode under every kind of rule, and that none of it opens a door."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import pytest

from rookery_core.approval.judging import Judged, decide
from rookery_core.approval.levels import assess
from rookery_core.approval.modes import after, mode_of
from rookery_core.approval.policy import Allowed
from rookery_core.approval.rules import Do
from rookery_core.approval.subject import Subject, subject_of
from rookery_core.events import Mode, ModeChanged, ToolProgress
from rookery_core.plugin import Risk, RiskRule, Tool
from rookery_core.tools.registry import OfferedTool
from rookery_core.tools.running import Fitted, jsonable, scopes
from rookery_core.workspace import Workspace
from tests.core.approval.kit import Desk, allow, delete, fetch, foreign, python, read, reckon, shell, words, write

A, S, D = Do.ALLOW, Do.ASK, Do.DENY
OURS = ("files", "rookery")

CALLS: Mapping[str, tuple[Tool, Mapping[str, Any], tuple[str, str]]] = {
    "R0": (reckon, {"text": "1"}, ("kit", "kit-dist")),
    "R1": (read, {"path": "a"}, ("kit", "kit-dist")),
    "edit": (write, {"path": "a"}, OURS),
    "R2": (write, {"path": "a"}, ("kit", "kit-dist")),
    "R3": (shell, {"command": "make test"}, ("kit", "kit-dist")),
    "R4": (shell, {"command": "sudo make"}, ("kit", "kit-dist")),
}
"""A call of each level; `edit` is one of R2 by the tools that edit files."""

EVERYTHING = Allowed(kinds=frozenset(Risk))
ALLOWING = (
    words("make test", yes="make test"),
    allow("write"),
    {"do": "allow", "tool": "files.write"},
)
#                        R0     R1     edit   R2     R3     R4       each: ask, accept-edits, plan
TABLE: Mapping[str, str] = {
    "no rule":          "aaa    aaa    sad    ssd    ssd    ddd",
    "a rule allows":    "aaa    aaa    aad    aad    aad    ddd",
    "--allow":          "aaa    aaa    aad    aad    aad    ddd",
    "a plugin allows":  "aaa    aaa    aad    aad    aad    ddd",
    "a rule asks":      "ssd    ssd    ssd    ssd    ssd    ddd",
    "it asks, --allow": "ssd    ssd    ssd    ssd    ssd    ddd",
    "asks and allows":  "ssd    ssd    ssd    ssd    ssd    ddd",
    "a rule denies":    "ddd    ddd    ddd    ddd    ddd    ddd",
    "rules are broken": "aaa    ssd    ssd    ssd    ssd    ddd",
    "broken, --allow":  "aaa    ssd    ssd    ssd    ssd    ddd",
    "tainted":          "aaa    aaa    ssd    ssd    ssd    ddd",
    "tainted, allowed": "aaa    aaa    ssd    ssd    ssd    ddd",
}  # fmt: skip


def subject(desk: Desk, called: Tool, given: Mapping[str, Any], whose: tuple[str, str]) -> Subject:
    workspace = Workspace.at(desk.root)
    values = called.validate(given, workspace)
    fitted = Fitted(values, jsonable(values), scopes(called, values))
    return subject_of(OfferedTool(called, *whose, called.name), fitted, desk.root, desk.places)


def becomes(desk: Desk, state: str, about: Subject, mode: Mode) -> Do:
    asking, denying = {"do": "ask", "tool": "*"}, {"do": "deny", "tool": "*"}
    rules: Sequence[Mapping[str, Any]] = {
        "a rule allows": ALLOWING,
        "tainted, allowed": ALLOWING,
        "a rule asks": [asking],
        "it asks, --allow": [asking],
        "asks and allows": [*ALLOWING, asking],
        "a rule denies": [*ALLOWING, denying],
    }.get(state, ())
    desk.rules(*rules)
    assert not desk.rulebook.mistakes
    assessed = assess(about, (), desk.places)
    verdict = decide(
        about,
        assessed,
        desk.rulebook.rules,
        EVERYTHING if "--allow" in state or state.endswith("allowed") else Allowed(),
        desk.places,
        broken="rules.toml:1: it is no rule" if "broken" in state else "",
        tainted="a page was read" if "tainted" in state else "",
        mode=mode,
    )
    judged = Judged(about, assessed, verdict)
    return (judged.also_allowed() if state == "a plugin allows" else judged).verdict.do


@pytest.mark.parametrize("state", TABLE)
def test_what_becomes_of_each_level_in_each_mode(desk: Desk, state: str) -> None:
    expected = dict(zip(CALLS, TABLE[state].split(), strict=True))
    letters = {A: "a", S: "s", D: "d"}
    found = {
        level: "".join(letters[becomes(desk, state, subject(desk, *call), mode)] for mode in Mode)
        for level, call in CALLS.items()
    }
    assert found == expected


def test_a_mode_never_turns_a_question_into_more_than_an_edit(desk: Desk) -> None:
    """Whatever the call: what accept-edits lets run is a write of the file tools, of the workspace, at R2."""
    (desk.root / "out").symlink_to("/usr")
    calls: list[tuple[Tool, Mapping[str, Any]]] = [
        *((write, {"path": path}) for path in ("a", ".git/config", ".envrc", ".rookery/rules.toml", "bin/x")),
        *((delete, {"path": path}) for path in ("a", "out", ".")),
        *((foreign, {"path": path}) for path in ("a", "/etc/hostname", "~/x")),
        *((shell, {"command": command}) for command in ("cat a", "touch a", "cat a > b", "rm -r .", "sudo x")),
        (python, {"code": "1"}),
        (fetch, {"url": "https://example.org/"}),
        (reckon, {"text": "1"}),
    ]
    ran = set()
    for (called, given), whose in itertools.product(calls, [OURS, ("kit", "kit-dist"), ("files", "kit-dist")]):
        about = subject(desk, called, given, whose)
        asks, accepts = (becomes(desk, "no rule", about, mode) for mode in (Mode.ASK, Mode.ACCEPT_EDITS))
        if asks is not accepts:
            assert (asks, accepts, whose) == (S, A, OURS), (called.name, given)
            ran.add((called.name, *given.values()))
    assert ran == {("write", "a"), ("delete", "a"), ("delete", "out")}


def test_an_edit_that_a_plugin_says_is_riskier_asks(desk: Desk) -> None:
    about = subject(desk, write, {"path": "a"}, OURS)
    raised = desk.judge(write, risk_rules=[RiskRule("kit.write", Risk.NETWORK)], path="a").assessed
    verdict = decide(about, raised, (), Allowed(), desk.places, mode=Mode.ACCEPT_EDITS)
    assert (str(raised.level), verdict.do) == ("R3", S)


def test_a_write_that_names_no_path_is_no_edit(desk: Desk) -> None:
    about = replace(subject(desk, write, {"path": "a"}, OURS), paths=())
    assessed = desk.judge(write, path="a").assessed
    assert decide(about, assessed, (), Allowed(), desk.places, mode=Mode.ACCEPT_EDITS).do is S


def test_the_mode_that_holds_is_that_of_the_session(desk: Desk) -> None:
    desk.grants.mode = Mode.PLAN
    judged = desk.judge(write, path="a")
    assert (judged.verdict.do, judged.verdict.planning, judged.session, judged.always) == (D, True, (), ())
    assert judged.also_allowed() is judged
    assert "plan mode" in judged.refusal
    desk.rules({"do": "deny", "tool": "kit.write"})
    assert "not allowed by a rule of the person" in desk.judge(write, path="a").refusal


def test_the_mode_of_a_session_is_the_last_one_that_it_went_into() -> None:
    changes = [ModeChanged(mode=Mode.PLAN), ToolProgress(call_id="1", text=""), ModeChanged(mode=Mode.ACCEPT_EDITS)]
    assert [mode_of(changes[:n]) for n in range(4)] == [Mode.ASK, Mode.PLAN, Mode.PLAN, Mode.ACCEPT_EDITS]


def test_the_modes_go_round() -> None:
    assert [after(mode) for mode in Mode] == [Mode.ACCEPT_EDITS, Mode.PLAN, Mode.ASK]
