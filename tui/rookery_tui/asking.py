"""A person is asked in plain lines: about a call, and what a tool wants to know. Silence is no, or no answer."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TextIO

from rookery_core.approval.policy import Reply
from rookery_core.events import ApprovalRequested, Decision, QuestionAsked
from rookery_tui.lines import Lines
from rookery_tui.out import say
from rookery_tui.presenter import approval_text, choice_keys, choice_text, question_text, remembered_text


@dataclass(frozen=True, slots=True)
class Asking:
    """The person at one terminal: one question at a time, written to `out`, its answer read from `lines`."""

    lines: Lines
    out: TextIO
    _free: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def approve(self, request: ApprovalRequested) -> Reply:
        """The approver: once, for this session, no, or no and why."""
        async with self._free:
            await _told()
            self._say(f"\n{approval_text(request)}")
            if request.remembers:
                self._say(f"for this session would allow  {remembered_text(request)}")
            while True:
                answer = await self.lines.answer(_allow(request))
                match (answer or "n").strip().lower():
                    case "y" | "yes":
                        return Reply(Decision.ONCE)
                    case "s" | "session" if request.remembers:
                        return Reply(Decision.SESSION)
                    case "n" | "no" | "":
                        return Reply(Decision.DENY)
                    case "f":
                        return Reply(Decision.DENY, (await self.lines.answer("why not? ") or "").strip())
                    case _:
                        self._say("Please answer with one of these letters.")

    async def answer(self, asked: QuestionAsked) -> str | None:
        """The answerer: a choice by its key, its text or the beginning of it, or any text where there are none."""
        async with self._free:
            await _told()
            self._say(f"\n{question_text(asked)}")
            keys = choice_keys(asked.choices)
            for key, choice in zip(keys, asked.choices, strict=True):
                self._say(f"  {choice_text(key, choice, max(map(len, keys)))}")
            prompt = "Which one? Enter gives no answer. " if asked.choices else "Your answer? Enter gives none. "
            while typed := (await self.lines.answer(prompt) or "").strip():
                if not asked.choices:
                    return typed
                if (chosen := _chosen(typed, asked.choices)) is not None:
                    return chosen
                self._say("Please answer with one of these.")
            return None

    def _say(self, text: str) -> None:
        say(text, self.out)


async def _told() -> None:
    """Let whoever tells the turn have its events, so that what led to the question is told before it."""
    await asyncio.sleep(0)


def _allow(request: ApprovalRequested) -> str:
    session = ", s for this session" if request.remembers else ""
    return f"Allow it? y once{session}, n no, f no and say why [n] "


def _chosen(typed: str, choices: Sequence[str]) -> str | None:
    """The choice that is meant; None where that is not clear."""
    word = typed.casefold()
    readings = (
        [choice for choice in choices if choice.strip() == typed],
        [choice for choice in choices if choice.strip().casefold() == word],
        [choice for key, choice in zip(choice_keys(choices), choices, strict=True) if key == word],
        [choice for choice in choices if choice.strip().casefold().startswith(word)],
    )
    return next((found[0] for found in readings if len(set(found)) == 1), None)
