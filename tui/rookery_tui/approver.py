"""Asks the person about a tool call by opening a screen, and takes it away when the question is withdrawn."""

from __future__ import annotations

import asyncio

from textual.app import App

from rookery_core.approval.policy import Reply
from rookery_core.events import ApprovalRequested
from rookery_tui.screens.approval import ApprovalScreen


class ModalApprover:
    """An approver whose question is a screen above whatever is shown."""

    def __init__(self, app: App[None], grace_s: float) -> None:
        self._app = app
        self._grace_s = grace_s

    async def __call__(self, request: ApprovalRequested) -> Reply:
        answered: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()

        def settle(reply: Reply | None) -> None:
            if reply is not None and not answered.done():
                answered.set_result(reply)

        screen = ApprovalScreen(request, self._grace_s)
        self._app.push_screen(screen, settle)
        try:
            return await answered
        finally:
            self._take_away(screen)

    def _take_away(self, screen: ApprovalScreen) -> None:
        while screen in self._app.screen_stack[1:]:
            self._app.pop_screen()
