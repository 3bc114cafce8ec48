"""The conversation as the model reads it."""

from __future__ import annotations

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from rookery_core.events import (
    Answered,
    ContextCompacted,
    Event,
    Generated,
    StepFailed,
    StepStarted,
    ToolFinished,
    ToolRequested,
    ToolStatus,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.model.base import Message
from rookery_core.transcript import Transcript
from rookery_core.usage import Usage

HEAD = [Message("system", "S")]


def said(text: str, turn: int = 1) -> TurnStarted:
    return TurnStarted(turn=turn, text=text, strategy="react", workspace="/w")


def wrote(text: str, stop: str = "end") -> Generated:
    return Generated(text=text, stop=stop, seed=0, usage=Usage())  # type: ignore[arg-type]


def ended(status: TurnStatus = TurnStatus.ANSWERED) -> TurnEnded:
    return TurnEnded(status=status, steps=1, usage=Usage(), seconds=1)


def observed(output: str) -> ToolFinished:
    return ToolFinished(call_id="1", tool="t", status=ToolStatus.OK, output=output)


def read(*events: Event) -> list[tuple[str, str]]:
    return [(m.role, m.content) for m in Transcript(events).messages(HEAD)[1:]]


def test_a_call_its_result_and_the_answer_are_read_as_they_were_written() -> None:
    assert read(
        said("q"), StepStarted(n=1), wrote("CALL"), observed("4"), StepStarted(n=2), wrote("ANSWER"), ended()
    ) == [
        ("user", "q"),
        ("assistant", "CALL"),
        ("tool", "Observation: 4"),
        ("assistant", "ANSWER"),
    ]


def test_a_call_that_the_program_did_not_survive_has_an_unknown_outcome() -> None:
    call = ToolRequested(call_id="1", tool="t", arguments={})
    messages = read(said("q"), StepStarted(n=1), wrote("CALL"), call, said("again", turn=2))
    assert [role for role, _ in messages] == ["user", "assistant", "tool", "assistant", "user"]
    assert "not known" in messages[2][1]
    assert "interrupted" in messages[3][1]


def test_a_step_that_could_not_be_used_is_shortened_and_followed_by_why() -> None:
    messages = read(said("q"), StepStarted(n=1), wrote("x" * 1000), StepFailed(failure="f", message="wrong"))
    assert len(messages[1][1]) < 300
    assert messages[2] == ("tool", "Observation: wrong")


def test_an_answer_that_the_model_did_not_write_is_still_part_of_the_conversation() -> None:
    messages = read(said("q"), Answered(text="stopped"), ended(TurnStatus.GAVE_UP), said("r", turn=2))
    assert messages[1] == ("assistant", "Answer: stopped")


def test_a_refused_message_leaves_no_trace() -> None:
    assert read(said("too long"), ended(TurnStatus.REFUSED), said("short", turn=2)) == [("user", "short")]


def test_compaction_takes_out_turns_and_steps_and_nothing_else() -> None:
    events = [
        said("one"), StepStarted(n=1), wrote("A1"), ended(),
        said("two", turn=2), StepStarted(n=1), wrote("C1"), observed("1"), StepStarted(n=2), wrote("C2"), observed("2"),
        ContextCompacted(through_turn=1, through_step=1, tokens_before=9, tokens_after=5),
    ]  # fmt: skip
    assert read(*events) == [("user", "two"), ("assistant", "C2"), ("tool", "Observation: 2")]
    assert read(*events, wrote("A2"), ended(), said("three", turn=3)) == [
        ("user", "two"), ("assistant", "C2"), ("tool", "Observation: 2"), ("assistant", "A2"), ("user", "three"),
    ]  # fmt: skip


def test_another_agent_s_events_are_not_read() -> None:
    other = wrote("theirs").model_copy(update={"agent": "helper"})
    assert read(said("q"), StepStarted(n=1), other, wrote("mine")) == [("user", "q"), ("assistant", "mine")]


STEP = st.sampled_from(
    [
        (wrote("CALL"), ToolRequested(call_id="1", tool="t", arguments={}), observed("4")),
        (wrote("CALL"), ToolRequested(call_id="1", tool="t", arguments={})),
        (wrote("half", "interrupted"),),
        (wrote("ANSWER"), Answered(text="a")),
        (),
    ]
)
TURN = st.tuples(st.lists(STEP, max_size=4), st.sampled_from([*TurnStatus, None]))


@given(st.lists(TURN, max_size=5))
def test_the_prompt_only_grows_and_every_message_of_a_person_is_answered(turns: list) -> None:
    transcript, before = Transcript(), HEAD
    for turn, (steps, status) in enumerate(turns, start=1):
        transcript.apply(said(f"q{turn}", turn))
        for n, step in enumerate(steps, start=1):
            for event in (StepStarted(n=n), *step):
                transcript.apply(event)
        if status is not None and status is not TurnStatus.REFUSED:
            transcript.apply(ended(status))
        messages = transcript.messages(HEAD)
        assert messages[: len(before)] == before
        before = messages
    roles = [m.role for m in before]
    assert roles.count("user") == len(turns)
    assert all((a, b) not in (("user", "user"), ("tool", "user")) for a, b in pairwise(roles))


def test_the_part_of_a_result_that_the_last_request_is_about_is_pointed_out_where_that_is_wanted() -> None:
    lines = "milk: 3\neggs: 12\nbutter: 1"
    events = [said("milk?"), wrote("ANSWER"), ended(), said("and eggs?", 2), StepStarted(n=1), observed(lines)]
    shown = Transcript(events, point_out=True).messages(HEAD)[-1].content
    assert shown == f"Observation: {lines}\n\n(The request's words are in:\neggs: 12)"
    assert Transcript(events).messages(HEAD)[-1].content == f"Observation: {lines}"
