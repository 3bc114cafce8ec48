"""A turn in plain lines: streamed pieces, and what is told when the pieces and the facts differ."""

from __future__ import annotations

import io

from hypothesis import given
from hypothesis import strategies as st

from rookery_core.events import (
    Answered,
    Event,
    Generated,
    StepFailed,
    ThoughtFormed,
    TokenDelta,
    TurnEnded,
    TurnStatus,
)
from rookery_core.usage import Usage
from rookery_tui.telling import Teller

TRICKY = st.text(st.sampled_from("ab\r\n\t\x1b\u200d\ufe0f\u202e😀👩é\u2028"), max_size=12)
ENDED = TurnEnded(status=TurnStatus.ANSWERED, steps=1, usage=Usage(), seconds=0.0)


def told(*events: Event, trace: bool = True) -> str:
    out = io.StringIO()
    teller = Teller(out, trace=trace)
    for event in events:
        teller.show(event)
    return out.getvalue()


def piece(text: str, channel: str = "answer") -> TokenDelta:
    return TokenDelta.model_validate({"channel": channel, "text": text})


def generated(text: str = "") -> Generated:
    return Generated(text=text, stop="end", seed=0, usage=Usage())


@given(st.lists(TRICKY, max_size=8))
def test_no_piece_can_drive_the_terminal(pieces: list[str]) -> None:
    shown = told(*map(piece, pieces), generated())
    assert not set(shown) & {"\r", "\x1b", "\u202e", "\u2028"}


def test_what_was_streamed_is_not_told_again() -> None:
    assert (
        told(
            piece("I think", "thought"),
            piece(" so.", "thought"),
            piece("Ye"),
            piece("s."),
            generated(),
            ThoughtFormed(text="I think so."),
            Answered(text="Yes."),
            ENDED,
        )
        == "thought     I think so.\nYes.\n"
    )


def test_an_answer_that_differs_from_what_was_streamed_is_told_in_full() -> None:
    shown = told(piece("Ye"), generated(), Answered(text="Yes.\n\n[The answer was cut.]"), ENDED)
    assert shown == "Ye\nYes.\n\n[The answer was cut.]\n"


def test_a_step_that_failed_leaves_what_was_streamed_and_says_so() -> None:
    shown = told(
        piece("Hm", "thought"),
        generated(),
        StepFailed(failure="StepCut", message="Your step was too long."),
        piece("Ok", "thought"),
        generated(),
        ThoughtFormed(text="Ok"),
        Answered(text="Done."),
        ENDED,
    )
    assert shown == "thought     Hm\nnotice      Your step was too long.\nthought     Ok\nDone.\n"


def test_nothing_of_an_action_is_streamed() -> None:
    assert told(piece('calculator\nInput: {"x"', "action"), generated()) == ""


def test_without_the_trace_thoughts_are_not_streamed() -> None:
    shown = told(
        piece("Hm", "thought"), piece("Yes."), generated(), ThoughtFormed(text="Hm"), Answered(text="Yes."), trace=False
    )
    assert shown == "Yes.\n"


def test_an_ending_without_an_answer_is_told() -> None:
    ended = TurnEnded(status=TurnStatus.FAILED, reason="no \x1b", steps=1, usage=Usage(), seconds=0.0)
    assert told(piece("half"), ended) == "half\nfailed: no \\u{1b}\n"
