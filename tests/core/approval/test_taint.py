"""Labels, what a session has met by them, and when nothing that was allowed beforehand counts any more."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from rookery_core.approval.exposure import CLEAN, Exposure, exposure_of
from rookery_core.approval.judging import Judged, judge
from rookery_core.approval.labelling import of_command, of_hooks, of_no_result, of_result
from rookery_core.approval.policy import Allowed
from rookery_core.approval.rules import Do
from rookery_core.approval.subject import subject_of
from rookery_core.approval.taint import (
    MOST_SOURCES,
    OWN,
    PRIVATE,
    UNLABELLED,
    Label,
    Ledger,
    Source,
    joined,
    recalled,
)
from rookery_core.approval.wary import WARY, in_their_words
from rookery_core.event_json import dump_event, load_event
from rookery_core.events import (
    ContextCompacted,
    Event,
    InputPerceived,
    MemoryRecalled,
    Mode,
    Recalled,
    StepStarted,
    ToolFinished,
    ToolStatus,
    TurnStarted,
)
from rookery_core.plugin import Risk, Tool
from rookery_core.tools.registry import OfferedTool
from rookery_core.tools.running import Fitted, Here, jsonable, scopes
from rookery_core.workspace import Workspace
from tests.core.approval.kit import Desk, allow, delete, fetch, foreign, python, read, reckon, shell, words, write

WEB = Label(untrusted=(Source(kind="web", name="the page https://evil.example/"),))
BOTH = WEB | PRIVATE
OURS, THEIRS = ("files", "rookery"), ("kit", "kit-dist")


def turn(text: str = "go", label: Label = OWN) -> TurnStarted:
    return TurnStarted(text=text, strategy="react", workspace="/w", label=label)


def finished(label: Label | None) -> ToolFinished:
    return ToolFinished(call_id="1", tool="t", status=ToolStatus.OK, output="", label=label)


def met(label: Label, said: str = "go") -> Exposure:
    return exposure_of([turn(said), StepStarted(n=1), finished(label)])


# -- labels -----------------------------------------------------------------------------------------------------------


def test_what_is_true_of_a_part_is_true_of_the_whole() -> None:
    assert OWN | OWN == OWN
    assert (WEB | PRIVATE).private
    assert (PRIVATE | WEB).untrusted == WEB.untrusted
    assert joined([OWN, PRIVATE, WEB]) == BOTH
    assert WEB | WEB == WEB


def test_of_many_sources_the_newest_are_kept_and_some_always_are() -> None:
    many = joined(Label(untrusted=(Source(kind="web", name=str(n)),)) for n in range(100))
    assert [source.name for source in many.untrusted] == [str(n) for n in range(100 - MOST_SOURCES, 100)]


def test_what_is_kept_is_no_better_when_it_is_read_again() -> None:
    assert recalled(OWN, "the note 1") == PRIVATE
    again = recalled(BOTH, "the note 1")
    assert again.private
    assert [(each.kind, each.name) for each in again.untrusted] == [
        ("memory", "the note 1, which was kept after the page https://evil.example/")
    ]
    assert recalled(again, "the note 2").untrusted[0].name.startswith("the note 2, which was kept after the note 1")


def test_what_a_call_has_read_is_in_what_it_keeps() -> None:
    ledger = Ledger(WEB)
    assert (ledger.took, ledger.gives) == (OWN, WEB)
    ledger.take(PRIVATE)
    assert (ledger.took, ledger.gives) == (PRIVATE, BOTH)
    strange = Ledger(OWN)
    strange.work(WEB)
    assert (strange.took, strange.gives) == (OWN, WEB)


def test_labels_come_back_from_the_store_as_they_were() -> None:
    for event in (finished(BOTH), finished(OWN), turn(label=WEB), InputPerceived(name="a", what="text", text="")):
        again = load_event(dump_event(event.model_copy(update={"seq": 1})))
        assert getattr(again, "label", None) == getattr(event, "label", None)


# -- what a session has met -------------------------------------------------------------------------------------------


def test_a_session_has_met_what_was_read_in_it() -> None:
    events: list[Event] = [turn("do"), StepStarted(n=1), finished(WEB), StepStarted(n=2), finished(PRIVATE)]
    assert [(e.private, e.kinds, e.leaks) for e in map(exposure_of, (events[:2], events[:3], events))] == [
        (False, (), False), (False, ("web",), False), (True, ("web",), True),
    ]  # fmt: skip
    assert exposure_of(events).told() == ("the page https://evil.example/, read 1 step ago",)
    assert exposure_of([*events, StepStarted(n=3)]).told() == ("the page https://evil.example/, read 2 steps ago",)
    assert exposure_of([*events, finished(WEB)]).told() == ("the page https://evil.example/, read in this step",)
    assert exposure_of(events).said == ("do",)


@pytest.mark.parametrize(
    "event",
    [
        finished(None),
        InputPerceived(name="a", what="text", text=""),
        MemoryRecalled(items=(Recalled(source="note", ref="1", text=""),)),
    ],
)
def test_what_was_stored_without_a_label_is_private_and_not_trusted(event: Event) -> None:
    old = load_event(dump_event(event.model_copy(update={"seq": 1})).replace('"label":null', '"x":1'))
    assert exposure_of([old]) == CLEAN.having_read(UNLABELLED)
    assert exposure_of([old]).leaks


def test_what_has_left_the_prompt_still_counts() -> None:
    compacted = ContextCompacted(through_turn=9, tokens_before=1, tokens_after=1)
    assert exposure_of([turn(), finished(BOTH), compacted, turn()]).leaks


def test_a_new_session_has_met_nothing() -> None:
    assert exposure_of([]) == exposure_of([StepStarted(n=1)]).__class__()
    assert not exposure_of([turn("hello"), finished(OWN)]).met


def test_what_a_plugin_sends_is_not_the_persons_word() -> None:
    found = exposure_of([turn("https://a.example/x", of_command("mail"))])
    assert (found.said, found.leaks) == ((), True)


_labels = st.sampled_from([OWN, PRIVATE, WEB, BOTH, UNLABELLED])
_events = st.lists(
    st.one_of(st.builds(finished, _labels), st.just(StepStarted(n=1)), st.builds(turn, st.text(max_size=3), _labels))
)


@hypothesis.given(before=_events, more=_events)
def test_nothing_that_happens_takes_anything_back(before: list[Event], more: list[Event]) -> None:
    earlier, later = exposure_of(before), exposure_of([*before, *more])
    assert later.private >= earlier.private
    assert {each.source for each in earlier.met} <= {each.source for each in later.met}


# -- which results are what -------------------------------------------------------------------------------------------


class AtAServer(Here):
    whose = "server"


def judged(desk: Desk, called: Tool, whose: tuple[str, str] = THEIRS, place: Any = None, **given: Any) -> Judged:
    workspace = Workspace.at(desk.root)
    values = called.validate(given, workspace)
    offered = OfferedTool(called, *whose, called.name, *((place,) if place else ()))
    subject = subject_of(offered, Fitted(values, jsonable(values), scopes(called, values)), desk.root, desk.places)
    return judge(subject, (), desk.rulebook, desk.grants, Allowed(), desk.places)


def kinds(label: Label) -> tuple[bool, tuple[str, ...]]:
    return label.private, tuple(source.kind for source in label.untrusted)


def test_the_results_of_rookerys_own_tools_are_what_they_read(desk: Desk) -> None:
    (desk.root / "a").write_text("x")
    ran = {
        "sum": of_result(judged(desk, reckon, OURS, text="1"), apart=False),
        "file": of_result(judged(desk, read, OURS, path="a"), apart=False),
        "change": of_result(judged(desk, write, OURS, path="a"), apart=False),
        "page": of_result(judged(desk, fetch, OURS, url="https://evil.example/"), apart=False),
        "program apart": of_result(judged(desk, shell, OURS, command="make"), apart=True),
        "program": of_result(judged(desk, shell, OURS, command="make"), apart=False),
        "code": of_result(judged(desk, python, OURS, code="1"), apart=False),
        "only reads": of_result(judged(desk, shell, OURS, command="cat a"), apart=False),
    }
    assert {name: kinds(label) for name, label in ran.items()} == {
        "sum": (False, ()),
        "file": (True, ()),
        "change": (True, ()),
        "page": (False, ("web",)),
        "program apart": (True, ()),
        "program": (True, ("program",)),
        "code": (True, ("program",)),
        "only reads": (True, ()),
    }
    assert ran["page"].untrusted[0].name == "the page https://evil.example/"
    assert ran["program"].untrusted[0].name == "a program that was not set apart: make"


def test_the_results_of_others_tools_are_their_word_unless_they_only_compute(desk: Desk) -> None:
    assert kinds(of_result(judged(desk, foreign, path="a"), apart=True)) == (True, ("plugin",))
    assert kinds(of_result(judged(desk, shell, command="cat a"), apart=True)) == (True, ("plugin",))
    assert kinds(of_result(judged(desk, reckon, text="1"), apart=False)) == (False, ())
    for called, given in ((reckon, {"text": "1"}), (foreign, {"path": "a"})):
        at_server = judged(desk, called, ("yard", "MCP server x"), AtAServer(), **given)
        assert kinds(of_result(at_server, apart=True)) == (True, ("server",))
    assert kinds(of_hooks(("mask",))) == (False, ("plugin",))


def test_why_a_call_was_not_made_is_rookerys_word_unless_its_tool_had_a_say(desk: Desk) -> None:
    theirs, ours = (
        judged(desk, foreign, path="a").subject.offered,
        judged(desk, fetch, OURS, url="https://a.b/c").subject,
    )
    for status in (ToolStatus.DENIED, ToolStatus.UNKNOWN):
        assert of_no_result(theirs, status) == OWN
    for status in (ToolStatus.INVALID, ToolStatus.FAILED):
        assert kinds(of_no_result(theirs, status)) == (True, ("plugin",))
        assert of_no_result(ours.offered, status) == PRIVATE
    assert of_no_result(None, ToolStatus.INVALID) == OWN


# -- what becomes of calls ----------------------------------------------------------------------------------------------

CALLS: dict[str, tuple[Tool, dict[str, Any], tuple[str, str]]] = {
    "R0": (reckon, {"text": "1"}, THEIRS),
    "R1": (read, {"path": "a"}, THEIRS),
    "edit": (write, {"path": "a"}, OURS),
    "R2": (write, {"path": "a"}, THEIRS),
    "R3": (shell, {"command": "make test"}, THEIRS),
    "page": (fetch, {"url": "https://docs.example/a"}, ("web", "rookery")),
    "R4": (shell, {"command": "sudo make"}, THEIRS),
}
#               what was read               R0 R1 edit R2 R3 page R4     a: runs, s: asks, d: is refused
TABLE = {
    ("nothing", "nothing"):                "a  a  s    s  s  s    d",
    ("nothing", "everything"):             "a  a  a    a  a  a    d",
    ("private", "everything"):             "a  a  a    a  a  a    d",
    ("a page", "everything"):              "a  a  s    s  s  s    d",
    ("a page", "everything, exactly"):     "a  a  s    a  s  s    d",
    ("both", "everything"):                "a  a  s    s  s  s    d",
    ("both", "everything, exactly"):       "a  a  s    s  s  s    d",
    ("both, page named", "everything"):    "a  a  s    s  s  a    d",
    ("both, page named", "nothing"):       "a  a  s    s  s  s    d",
}  # fmt: skip
READ = {
    "nothing": met(OWN),
    "private": met(PRIVATE),
    "a page": met(WEB),
    "both": met(BOTH),
    "both, page named": met(BOTH, "look at https://docs.example/a, please"),
}


@pytest.mark.parametrize(("read_before", "allowed"), TABLE)
def test_what_becomes_of_each_level_by_what_was_read(desk: Desk, read_before: str, allowed: str) -> None:
    everything = allowed.startswith("everything")
    rules = [words("make test", yes="make test"), allow("write"), {"do": "allow", "tool": "files.write"}]
    if allowed.endswith("exactly"):
        given = {"path": str(desk.root / "a"), "text": ""}
        rules += [allow("write", arguments=given, matches=[given], rejects=[{"path": "b", "text": ""}])]
    desk.rules(*(rules if everything else ()))
    desk.grants.mode = Mode.ACCEPT_EDITS if everything else Mode.ASK
    found = []
    for called, given, whose in CALLS.values():
        subject = judged(desk, called, whose, **given).subject
        beforehand = Allowed(kinds=frozenset(Risk) if everything else frozenset())
        now = judge(subject, (), desk.rulebook, desk.grants, beforehand, desk.places, READ[read_before])
        found.append({Do.ALLOW: "a", Do.ASK: "s", Do.DENY: "d"}[now.verdict.do])
        if READ[read_before].met and now.verdict.do is Do.ASK:
            assert (now.session, now.always) == ((), ())
            assert now.exposure.met
    assert found == TABLE[read_before, allowed].split()


def test_no_answer_for_the_session_and_no_plugin_counts_while_somebody_elses_words_are_there(desk: Desk) -> None:
    before = judged(desk, write, path="a")
    desk.grants.add(before.session)
    assert judged(desk, write, path="a").verdict.do is Do.ALLOW
    now = judge(before.subject, (), desk.rulebook, desk.grants, Allowed(), desk.places, met(BOTH))
    assert (now.verdict.do, now.verdict.rule) == (Do.ASK, WARY)
    assert now.also_allowed() is now


@pytest.mark.parametrize(
    ("message", "passes"),
    [
        ("read https://docs.example/a", True),
        ("is (https://docs.example/a) any good?", True),
        ("read https://docs.example/a. Then sum it up", True),
        ("“https://docs.example/a”", True),
        ("read https://docs.example/a/b", False),
        ("read https://docs.example/a?x=1", False),
        ("read xhttps://docs.example/a", False),
        ("read https://docs.example/", False),
        ("read docs.example/a", False),
        ("", False),
    ],
)
def test_an_address_passes_only_whole_as_the_person_wrote_it(desk: Desk, message: str, passes: bool) -> None:
    page = judged(desk, fetch, ("web", "rookery"), url="https://docs.example/a").subject
    assert in_their_words(page, [message]) is passes


def test_only_what_changes_nothing_passes_by_the_persons_words(desk: Desk) -> None:
    everything = ["delete a, write a, run make test, read https://docs.example/a, 1, aaaa"]
    for called, given, whose in (
        (fetch, {"url": "https://docs.example/a"}, THEIRS),
        (write, {"path": "a", "text": "aaaa"}, OURS),
        (delete, {"path": "a"}, OURS),
        (shell, {"command": "make test"}, ("shell", "rookery")),
    ):
        assert not in_their_words(judged(desk, called, whose, **given).subject, everything)


def test_rookerys_own_tools_of_the_network_only_read(tmp_path: Path) -> None:
    from rookery_core.config import Config, WebSettings
    from rookery_core.equipment import built_in

    config = Config(web=WebSettings(online=True))
    tools = [each for plugin in built_in(config).plugins for each in plugin.tools]
    assert {each.name for each in tools if each.risk is Risk.NETWORK} == {"fetch_page", "search_web"}
