"""A person is asked in plain lines: about a call, and what a tool wants to know. Silence is no, or no answer."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TextIO

from rookery_core.approval.policy import Reply
from rookery_core.events import ApprovalRequested, Decision, QuestionAsked
from rookery_tui.call_view import (
    Line,
    always_lines,
    as_text,
    call_view,
    needs_enter,
    session_lines,
    size_line,
    ways,
)
from rookery_tui.changing import Changes, Field, FieldsWrong, as_file, fields_of, read_fields, texts_of_file
from rookery_tui.editing import EditorFailed
from rookery_tui.exact import written_flat
from rookery_tui.lines import Lines
from rookery_tui.out import say
from rookery_tui.presenter import choice_keys, choice_text, question_text
from rookery_tui.width import size_of

GRACE_S = 0.5
"""An answer that comes sooner was typed or pasted for something else."""
_LEFT_FREE = 2
"""Rows of a terminal that a page of a long call leaves to the question below it."""
_MEANS = {"yes": "y", "session": "s", "always": "a", "edit": "e", "no": "n", "": "n", "view": "v"}


@dataclass(frozen=True, slots=True)
class Asking:
    """The person at one terminal: one question at a time, written to `out`, its answer read from `lines`."""

    lines: Lines
    out: TextIO
    kept_in: str = "rules.toml"
    """The file that keeps what is allowed for good."""
    grace_s: float = 0.0
    """How soon an answer is none."""
    clock: Callable[[], float] = time.monotonic
    _free: asyncio.Lock = field(default_factory=asyncio.Lock)
    _changes: Changes = field(default_factory=Changes)

    async def approve(self, request: ApprovalRequested) -> Reply:
        """The approver."""
        async with self._free:
            await _told()
            reply = await self._decided(request)
        if reply.arguments is not None:
            self._changes.keep(request, reply.arguments)
        return reply

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

    # -- about a call ---------------------------------------------------------------------------------------------

    async def _decided(self, request: ApprovalRequested) -> Reply:
        changed = self._changes.not_taken(request)
        fields = fields_of(request.arguments, changed)
        if changed is not None:
            fields, reply = await self._changed(request, fields, request.reason)
            if reply is not None:
                return reply
        view = call_view(request)
        lines = [*view.lines, *session_lines(request), size_line(view)]
        if not await self._shown(lines):
            return Reply(Decision.DENY)
        offered = dict(ways(request))
        prompt = f"Allow it? {', '.join(f'{key} {what}' for key, what in offered.items())} [n] "
        while True:
            typed = await self._answer(prompt)
            word = "n" if typed is None else typed.strip().lower()
            key = _MEANS.get(word, word)
            match key if key in offered else None:
                case "y":
                    if not needs_enter(request) or await self._confirmed("allows it"):
                        return Reply(Decision.ONCE)
                case "s":
                    if not needs_enter(request) or await self._confirmed("allows it for this session"):
                        return Reply(Decision.SESSION)
                case "a":
                    remembered = always_lines(request, self.kept_in)
                    if await self._shown(remembered) and await self._confirmed("allows it and remembers that"):
                        return Reply(Decision.ALWAYS)
                case "e":
                    fields, reply = await self._changed(request, fields)
                    if reply is not None:
                        return reply
                case "f":
                    return Reply(Decision.DENY, (await self.lines.answer("why not? ") or "").strip())
                case "v":
                    if not await self._shown(lines):
                        return Reply(Decision.DENY)
                case "n":
                    return Reply(Decision.DENY)
                case _:
                    self._say("Please answer with one of these letters.")

    async def _shown(self, lines: Iterable[Line]) -> bool:
        """Show all of it, by the page where it is longer than the terminal; whether the person went on to its end."""
        size = size_of(self.out)
        texts = as_text(lines, size and size.columns - 1).split("\n")
        page = max(1, size.lines - _LEFT_FREE) if size else len(texts)
        self._say("")
        for start in range(0, len(texts), page):
            if start:
                left = len(texts) - start
                question = f"unseen lines: {left:,}. Enter shows the next {min(page, left)}, n does not allow it "
                while (typed := await self._answer(question)) is None or typed.strip():
                    if typed is None or typed.strip().lower() in ("n", "no"):
                        return False
                    self._say("Please press Enter, or answer n.")
            self._say("\n".join(texts[start : start + page]))
        return True

    async def _confirmed(self, what: str) -> bool:
        return await self._answer(f"Enter {what}, anything else goes back ") == ""

    async def _answer(self, question: str) -> str | None:
        """What was typed after the question could have been read."""
        while True:
            asked_at = self.clock()
            typed = await self.lines.answer(question)
            if typed is None or self.clock() - asked_at >= self.grace_s:
                return typed
            self._say("That came too soon to be an answer to this.")

    async def _changed(
        self, request: ApprovalRequested, fields: tuple[Field, ...], problem: str = ""
    ) -> tuple[tuple[Field, ...], Reply | None]:
        """Let the person change the arguments. Returns what is written now, and the reply where it is a call."""
        while True:
            if problem:
                self._say(written_flat(problem))
            try:
                texts = await self._rewritten(request, fields, problem)
                if texts is None:
                    return fields, None
                fields = tuple(Field(old.name, text, old.is_text) for old, text in zip(fields, texts, strict=True))
                arguments = read_fields(fields, texts)
                return fields, None if arguments == request.arguments else Reply(Decision.EDIT, arguments=arguments)
            except FieldsWrong as exc:
                problem = str(exc)
            except EditorFailed as exc:
                self._say(str(exc))
                return fields, None
            if await self._answer(f"{written_flat(problem)}. Enter edits it again, anything else goes back "):
                return fields, None

    async def _rewritten(
        self, request: ApprovalRequested, fields: tuple[Field, ...], problem: str
    ) -> tuple[str, ...] | None:
        """The fields' texts as the person leaves them; None where nothing was to be changed."""
        text = as_file(request.tool, fields, problem)
        if self.lines.editor:
            after = await self.lines.edit(text)
            return texts_of_file(after, fields) if after != text else None
        texts = []
        for each in fields:
            self._say(f"{written_flat(each.name)}{'' if each.is_text else ' (JSON)'}")
            typed = await self.lines.change(each.text)
            if typed is None:
                return None
            texts.append(typed)
        return tuple(texts)

    def _say(self, text: str) -> None:
        say(text, self.out)


async def _told() -> None:
    """Let whoever tells the turn have its events, so that what led to the question is told before it."""
    await asyncio.sleep(0)


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
