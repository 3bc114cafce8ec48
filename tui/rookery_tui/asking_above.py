"""Asks the person by opening a screen, and takes it away when the question is withdrawn."""

from __future__ import annotations

import asyncio
import contextvars
from collections.abc import Callable
from typing import TypeVar

from textual.app import App
from textual.screen import ModalScreen

from rookery_core.approval.policy import Reply
from rookery_core.events import ApprovalRequested, Decision, QuestionAsked
from rookery_tui.changing import Changes
from rookery_tui.screens.approval import ApprovalScreen
from rookery_tui.screens.question import QuestionScreen

T = TypeVar("T")


class AskingAbove:
    """The person at the full screen: each question is a screen above whatever is shown, one at a time."""

    def __init__(self, app: App[None], grace_s: float, kept_in: str) -> None:
        """Made by the program itself: what a tool asks comes from the tool's thread, where Textual knows no program.

        `kept_in` is the file that keeps what is allowed for good.
        """
        self._app = app
        self._grace_s = grace_s
        self._kept_in = kept_in
        self._changes = Changes()
        self._free = asyncio.Lock()
        self._context = contextvars.copy_context()

    async def approve(self, request: ApprovalRequested) -> Reply:
        """The approver."""
        changed = self._changes.not_taken(request)
        reply = await self._ask(
            lambda: ApprovalScreen(request, self._grace_s, kept_in=self._kept_in, changed=changed)
        ) or Reply(Decision.DENY)
        if reply.arguments is not None:
            self._changes.keep(request, reply.arguments)
        return reply

    async def answer(self, asked: QuestionAsked) -> str | None:
        """The answerer."""
        return await self._ask(lambda: QuestionScreen(asked, self._grace_s))

    async def _ask(self, make: Callable[[], ModalScreen[T]]) -> T | None:
        answered: asyncio.Future[T | None] = asyncio.get_running_loop().create_future()

        def settle(answer: T | None) -> None:
            if not answered.done():
                answered.set_result(answer)

        def show() -> ModalScreen[T]:
            screen = make()
            self._app.push_screen(screen, settle)
            return screen

        async with self._free:
            screen = self._context.run(show)
            try:
                return await answered
            finally:
                self._context.run(self._take_away, screen)

    def _take_away(self, screen: ModalScreen[T]) -> None:
        while screen in self._app.screen_stack[1:]:
            self._app.pop_screen()
