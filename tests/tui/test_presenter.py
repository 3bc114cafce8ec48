"""Events as they are shown, without any screen."""

from __future__ import annotations

import time
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.assistant import BY_A_SIGNAL, BY_THE_PERSON
from rookery_core.events import (
    Answered,
    ApprovalRequested,
    ApprovalResolved,
    CallRuled,
    ContextCompacted,
    Decision,
    Event,
    Generated,
    MemoryRecalled,
    ModelLoading,
    ModelLost,
    ModelReady,
    PluginFailed,
    PromptBuilt,
    QuestionAnswered,
    QuestionAsked,
    Recalled,
    Recovered,
    ResultRead,
    RulesBroken,
    StepFailed,
    StepStarted,
    ThoughtFormed,
    TokenDelta,
    ToolFinished,
    ToolProgress,
    ToolRequested,
    ToolStarted,
    ToolStatus,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.store.sessions import SessionSummary
from rookery_core.text import visible
from rookery_core.usage import Usage
from rookery_tui.presenter import (
    TITLE_WIDTH,
    Row,
    choice_keys,
    choice_text,
    ending,
    question_text,
    row,
    unfinished,
    usage_text,
)
from rookery_tui.screens.help import key_text
from rookery_tui.speech import Said, activity, said, session_line, when
from rookery_tui.typed import Command, Say, Unknown, read


def ready(model: str = "smol", n_ctx: int = 2048) -> ModelReady:
    return ModelReady(model=model, path="", n_ctx=n_ctx, n_ctx_train=8192, template="file", load_s=0.5)


def ended(status: TurnStatus, reason: str = "", *, n_written: int = 0) -> TurnEnded:
    return TurnEnded(status=status, reason=reason, steps=1, usage=Usage(completion_tokens=n_written), seconds=0.0)


def generated(text: str, stop: str = "end", **usage: float) -> Generated:
    return Generated.model_validate({"text": text, "stop": stop, "seed": 0, "usage": usage})


def request(**changes: object) -> ApprovalRequested:
    values = {
        "call_id": "1.1",
        "tool": "files.write",
        "plugin": "files",
        "distribution": "rookery",
        "risk": "write",
        "arguments": {"path": "a.txt", "text": "one\ntwo"},
        "workspace": "/home/me",
        "remembers": ("writing a.txt",),
    }
    return ApprovalRequested.model_validate(values | changes)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (ThoughtFormed(text="I look."), Row("thought", "I look.")),
        (
            ToolRequested(call_id="1", tool="add", arguments={"a": 1, "b": "x"}),
            Row("action", 'add(a=1, b="x")', 'add\n  a: 1\n  b: "x"'),
        ),
        (
            ToolFinished(call_id="1", tool="add", status=ToolStatus.OK, output="3"),
            Row("observation", "3", "", "good"),
        ),
        (
            ToolFinished(call_id="1", tool="add", status=ToolStatus.TIMEOUT, output="too slow", dropped_chars=7),
            Row("observation", "timeout: too slow (7 characters left out)", "timeout: too slow", "bad"),
        ),
        (
            ToolFinished(
                call_id="1", tool="add", status=ToolStatus.OK, output="many words " * 20, dropped_chars=7, artifact="3"
            ),
            Row(
                "observation",
                f"{('many words ' * 20)[:53]}… (7 characters left out; whole text kept as 3)",
                "many words " * 20,
                "good",
            ),
        ),
        (
            CallRuled(call_id="1", plugin="guard", ruling="deny", reason="not on\na Sunday"),
            Row("approval", "guard denied it: not on a Sunday", "guard denied it: not on\na Sunday", "bad"),
        ),
        (CallRuled(call_id="1", plugin="guard", ruling="allow"), Row("approval", "guard allowed it", "", "good")),
        (
            CallRuled(call_id="1", plugin="guard", ruling="rewrite", reason="too large", arguments={"a": 1}),
            Row(
                "approval",
                "guard changed the arguments: too large",
                "guard changed the arguments: too large\n  a: 1",
                "plain",
            ),
        ),
        (QuestionAsked(call_id="1", tool="kit.t", question="Sure?"), Row("question", "Sure?", "", "quiet")),
        (
            QuestionAsked(call_id="1", tool="kit.t", question="Which\none?", choices=("a", "b\nc")),
            Row("question", "Which one?", "Which\none?\n  a\n  b\\u{a}c", "quiet"),
        ),
        (QuestionAnswered(call_id="1", answer="a\x1b"), Row("question", "answered: a\\u{1b}", "", "plain")),
        (QuestionAnswered(call_id="1", answer=None), Row("question", "not answered", "", "quiet")),
        (
            ApprovalResolved(call_id="1", decision=Decision.DENY, reason="no", by="person"),
            Row("approval", "denied by person: no", "", "bad"),
        ),
        (
            ApprovalResolved(call_id="1", decision=Decision.SESSION, by="person"),
            Row("approval", "allowed for this session by person", "", "good"),
        ),
        (
            MemoryRecalled(items=(Recalled(source="note", ref="4", text="likes tea"),)),
            Row("memory", "1 from earlier", "note 4: likes tea", "quiet"),
        ),
        (StepFailed(failure="StepUnparsable", message="Write a step."), Row("notice", "Write a step.", "", "bad")),
        (
            Recovered(failure="fixable", action="repair", attempt=2),
            Row("notice", "asking the model again (attempt 2)", "", "quiet"),
        ),
        (ready(), Row("model", "smol is ready", "window 2048 tokens, template: file, 0.5 s", "quiet")),
        (
            ModelLost(model="smol", reason="it ended", log="/log"),
            Row("model", "it ended", "it ended\nlog: /log", "bad"),
        ),
        (
            PluginFailed(plugin="p", distribution="d", reason="broken"),
            Row("plugin", "p: broken", "p (d): broken", "bad"),
        ),
        (
            RulesBroken(file="/c/rules.toml", line=3, reason="it is not TOML"),
            Row("rules", "/c/rules.toml:3: it is not TOML", "", "bad"),
        ),
        (ended(TurnStatus.FAILED, "why"), None),
        (ended(TurnStatus.INTERRUPTED), None),
        (ended(TurnStatus.ANSWERED), None),
        (Answered(text="x"), None),
        (StepStarted(n=1), None),
    ],
)
def test_row_of_an_event(event: Event, shown: Row | None) -> None:
    assert row(event) == shown


def test_a_compaction_says_what_left_the_prompt() -> None:
    shown = row(ContextCompacted(through_turn=3, tokens_before=900, tokens_after=400))
    assert shown is not None
    assert "900 tokens are now 400; turns up to 3 left the prompt" in shown.title


def test_a_reading_is_told_with_its_notes_and_what_it_cost() -> None:
    read = ResultRead(
        call_id="1", n_chars=9_000, facts=("It is 214 m long.",), answers_request=True, seconds=2.0, usage=Usage()
    )
    shown = row(read)
    assert shown == Row(
        "reader", "1 note on 9000 characters", f"1 note on 9000 characters\nIt is 214 m long.\n{COST}", "quiet"
    )
    failed = row(read.model_copy(update={"facts": (), "failed": "its time was up"}))
    assert failed is not None
    assert (failed.title, failed.tone) == ("not read: its time was up", "bad")


COST = "0 tokens, 2.0 s"


@given(st.text(max_size=300))
def test_titles_are_one_short_line_and_nothing_hidden_gets_through(text: str) -> None:
    for event in (
        ThoughtFormed(text=text),
        ToolFinished(call_id="1", tool="t", status=ToolStatus.OK, output=text),
        ToolRequested(call_id="1", tool=text, arguments={"x": text}),
        PluginFailed(plugin=text, distribution=text, reason=text),
        RulesBroken(file=text, line=1, reason=text),
        CallRuled(call_id="1", plugin=text, ruling="rewrite", reason=text, arguments={text: text}),
        QuestionAsked(call_id="1", tool=text, question=text, choices=(text,)),
        QuestionAnswered(call_id="1", answer=text),
        ToolFinished(
            call_id="1", tool="t", status=ToolStatus.OK, output=text, dropped_chars=10**9, artifact=text or "1"
        ),
    ):
        shown = row(event)
        assert shown is not None
        assert "\n" not in shown.title
        assert len(shown.title) <= TITLE_WIDTH
        assert visible(shown.title + shown.body) == shown.title + shown.body


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (generated("Thought: I", "interrupted"), Row("thought", "I [stopped here]", "", "quiet")),
        (
            generated("Thought: I do\nAction: add\nInput: {", "failed"),
            Row("thought", "I do add Input: { [stopped here]", "I do\nadd\nInput: { [stopped here]", "quiet"),
        ),
        (generated("Thought: whole\nAnswer: half", "interrupted"), Row("thought", "whole", "", "quiet")),
        (generated("Thought: whole\nAnswer: all", "end"), None),
        (generated("", "interrupted"), None),
    ],
)
def test_a_step_that_was_stopped_keeps_what_was_thought(event: Generated, shown: Row | None) -> None:
    assert unfinished(event) == shown


@pytest.mark.parametrize(
    ("event", "entry"),
    [
        (TurnStarted(text="hi\x1b[2J", strategy="react", workspace=""), Said("person", "hi\\u{1b}[2J")),
        (Answered(text="**yes**"), Said("answer", "**yes**")),
        (generated("Thought: t\nAnswer: half an", "interrupted"), Said("partial", "half an")),
        (generated("Thought: t\nAnswer: whole", "end"), None),
        (generated("Thought: t", "interrupted"), None),
        (ended(TurnStatus.INTERRUPTED), Said("notice", "stopped by you", "quiet")),
        (ended(TurnStatus.REFUSED, "too large"), Said("notice", "not sent: too large", "bad")),
        (ended(TurnStatus.ANSWERED), None),
        (ThoughtFormed(text="x"), None),
    ],
)
def test_what_belongs_to_the_conversation(event: Event, entry: Said | None) -> None:
    assert said(event) == entry


@pytest.mark.parametrize(
    ("event", "text"),
    [
        (ModelLoading(model="", fraction=0.4), "loading the model 40 %"),
        (ready(), ""),
        (PromptBuilt(n_tokens=90, n_ctx=100), "reading 90 tokens"),
        (TokenDelta(channel="thought", text="x"), "thinking"),
        (TokenDelta(channel="answer", text="x"), "answering"),
        (request(), "waiting for you: files.write"),
        (QuestionAsked(call_id="1", tool="kit.pick", question="Which?"), "waiting for you: kit.pick"),
        (QuestionAnswered(call_id="1", answer="a"), "going on"),
        (ToolStarted(call_id="1", tool="files.write", arguments={}), "running files.write"),
        (ToolProgress(call_id="1", text="half\nway"), "half way"),
        (ended(TurnStatus.ANSWERED), ""),
        (ThoughtFormed(text="x"), None),
    ],
)
def test_what_is_going_on(event: Event, text: str | None) -> None:
    assert activity(event) == text


@pytest.mark.parametrize("status", list(TurnStatus))
def test_every_ending_but_an_answer_says_something(status: TurnStatus) -> None:
    assert bool(ending(ended(status, "why"))) is (status is not TurnStatus.ANSWERED)


@pytest.mark.parametrize(
    ("reason", "n_written", "text"),
    [
        ("", 0, "stopped by you"),
        (BY_THE_PERSON, 0, "stopped by you"),
        (BY_THE_PERSON, 3, "stopped by you; what was written is kept"),
        (BY_A_SIGNAL, 0, "stopped by a signal"),
        (BY_A_SIGNAL, 3, "stopped by a signal; what was written is kept"),
    ],
)
def test_a_stopped_turn_says_by_whom_and_what_is_kept(reason: str, n_written: int, text: str) -> None:
    assert ending(ended(TurnStatus.INTERRUPTED, reason, n_written=n_written)) == text


def test_what_rookery_asks_itself_has_no_tool_above_it() -> None:
    assert question_text(QuestionAsked(call_id="", tool="", question="Use it?\x1b")) == "Use it?\\u{1b}"


@given(st.text(min_size=1, max_size=60))
def test_nothing_that_a_tool_asks_can_begin_a_line_of_rookerys(text: str) -> None:
    """A tool always has a name."""
    first, asks, *question = question_text(QuestionAsked(call_id="1", tool=text, question=text)).split("\n")
    assert first.startswith("tool       ")
    assert asks == "asks"
    assert all(line.startswith("  ") for line in question)
    assert "\n" not in choice_text("1", text, 1)


@pytest.mark.parametrize(
    ("choices", "keys"),
    [
        (["yes", "no"], ["y", "n"]),
        (["no", "yes"], ["1", "2"]),
        (["red", "blue", "1 of each"], ["", "", ""]),
        ([], []),
        (["x"] * 11, [*"123456789", "10", "11"]),
    ],
)
def test_a_choice_has_a_key_that_cannot_be_taken_for_another_choice(choices: list[str], keys: list[str]) -> None:
    assert choice_keys(choices) == keys


def test_a_choice_stands_on_one_line_behind_its_key() -> None:
    assert [choice_text("9", "a\nb", 2), choice_text("10", "c\x1b", 2), choice_text("", "d", 0)] == [
        " 9  a\\u{a}b",
        "10  c\\u{1b}",
        "d",
    ]


def test_usage_on_one_line() -> None:
    usage = Usage(prompt_tokens=10, cached_tokens=4, completion_tokens=20, decode_s=2.0)
    assert usage_text(usage) == "10 tokens read (4 reused), 20 written, 10 tok/s"
    forced = replace(usage, forced_tokens=5)
    assert usage_text(forced) == "10 tokens read (4 reused), 20 written (5 forced), 10 tok/s"


def test_a_moment_is_as_precise_as_its_age_needs() -> None:
    now = time.mktime((2026, 5, 20, 15, 0, 0, 0, 0, -1))
    assert when(now - 3600, now) == "today 14:00"
    assert when(now - 40 * 86400, now).startswith("10 Apr ")
    assert when(now - 400 * 86400, now).endswith(" 2025")


def test_a_session_has_a_title_even_when_it_has_none() -> None:
    assert session_line(SessionSummary("id", "", "", 0, 0, 1), 0.0)[0] == "(untitled)"
    assert session_line(SessionSummary("id", "t", "", 0, 0, 2), 0.0)[1].endswith("· 2 turns")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("hello", Say("hello")),
        ("//etc/hosts", Say("/etc/hosts")),
        ("/new", Command("new")),
        ("/new please", Command("new", "please")),
        ("/etc/hosts says what?", Say("/etc/hosts says what?")),
        ("/exit", Command("quit")),
        ("/", Command("help")),
    ],
)
def test_what_was_typed(text: str, meant: Say | Command) -> None:
    assert read(text) == meant


def test_an_unknown_command_names_the_nearest() -> None:
    meant = read("/toolz")
    assert isinstance(meant, Unknown)
    assert "did you mean /tools?" in meant.text
    assert "written with two" in meant.text


@pytest.mark.parametrize(
    ("keys", "text"),
    [
        ("ctrl+j,shift+enter", "Ctrl+J, Shift+Enter"),
        ("y", "y"),
        ("pageup", "PgUp"),
        ("ctrl+up", "Ctrl+↑"),
        ("f1", "F1"),
    ],
)
def test_keys_as_on_a_keyboard(keys: str, text: str) -> None:
    assert key_text(keys) == text
