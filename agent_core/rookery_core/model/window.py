"""Fit the conversation into the window the model really has.

Nothing happens below the threshold; at it, the oldest whole turns leave at once, down to half the window, so that the
prompt's prefix changes once and not with every message.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from rookery_core.errors import PromptTooLong
from rookery_core.model.base import Message
from rookery_core.text import cut_middle
from rookery_core.transcript import Transcript

MIN_OBSERVATION_CHARS = 200
"""An observation that has just arrived is cut no further than this to make it fit."""

Count = Callable[[Sequence[Message]], Awaitable[int]]


@dataclass(frozen=True, slots=True)
class Fitted:
    """Messages that fit."""

    messages: list[Message]
    n_tokens: int
    through: tuple[int, int] | None = None
    """Set when a compaction was needed: the turn and the step up to which everything leaves the prompt."""
    n_tokens_before: int = 0
    cut_chars: int = 0
    """Characters taken out of the newest observation."""


async def fit(transcript: Transcript, head: Sequence[Message], *, count: Count, n_ctx: int, reserve: int) -> Fitted:
    """The prompt for the next step, leaving `reserve` tokens for what the model writes.

    Whole turns leave first, oldest first; then the current turn's own oldest steps; then the middle of an observation
    that is too large by itself. PromptTooLong when the head and the current request alone are too large, or the head
    by itself.
    """
    room = n_ctx - reserve
    messages = transcript.messages(head)
    before = await count(messages)
    if before <= room:
        return Fitted(messages, before)
    target = min(room, n_ctx // 2)
    best: Fitted | None = None
    for through in _cuts(transcript):
        messages = transcript.after_cut(head, *through)
        n_tokens = await count(messages)
        if n_tokens <= room:
            best = Fitted(messages, n_tokens, through, before)
        if n_tokens <= target:
            break
    if best is None:
        through = _last_cut(transcript)
        messages = transcript.after_cut(head, *through)
        smallest = await count(messages)
        whole = messages[-1].content
        limit = len(whole) // 2
        while messages[-1].role == "tool" and limit >= MIN_OBSERVATION_CHARS // 2:
            kept, cut = cut_middle(whole, limit)
            messages[-1] = Message("tool", kept)
            if (n_tokens := await count(messages)) <= room:
                return Fitted(messages, n_tokens, through, before, cut)
            limit //= 2
        if (constant := await count([*head, Message("user", "")])) > room:
            raise PromptTooLong(
                f"what the model is told of its tools is too large for it: {constant} tokens, and {room} fit (window "
                f"{n_ctx}, {reserve} kept for the answer). Offer fewer (agent.offer, or --tools), set agent.prompt to "
                "brief and agent.form to labelled, or raise model.n_ctx."
            )
        raise PromptTooLong(
            f"the message is too large for this model: {smallest} tokens with the instructions, and {room} fit "
            f"(window {n_ctx}, {reserve} kept for the answer). Shorten it, put it into a file, or raise model.n_ctx."
        )
    return best


def _cuts(transcript: Transcript) -> list[tuple[int, int]]:
    """Places to cut, mildest first; the last step of the current turn is kept as long as there is one."""
    turns = transcript.kept_turns
    by_turn = [(turn.n, 0) for turn in turns[:-1]]
    through_turn = by_turn[-1][0] if by_turn else transcript.through[0]
    already = transcript.through[1]
    return by_turn + [(through_turn, step) for step in range(already + 1, transcript.last_step)]


def _last_cut(transcript: Transcript) -> tuple[int, int]:
    cuts = _cuts(transcript)
    return cuts[-1] if cuts else transcript.through
