"""The turn pump: carries messages to the assistant, one turn at a time, and its events to a view.

Knows no widget; whatever can show events and take a text back will do as a view.
"""

from __future__ import annotations

import asyncio
import logging
from collections import deque
from contextlib import aclosing
from typing import Literal, Protocol

from rookery_core.approval.modes import mode_of
from rookery_core.approval.taint import OWN, Label
from rookery_core.assistant import BY_THE_PERSON, Assistant
from rookery_core.errors import ModelError, PluginError, RookeryError, StoreError
from rookery_core.events import Answered, Event, Mode, TokenDelta, TurnEnded, TurnStatus
from rookery_core.perception.inputs import mentioned
from rookery_core.store.sessions import SessionLog
from rookery_tui.speech import model_kept

CLOSE_TIMEOUT_S = 3.0
"""How long a turn that is being stopped may take before the program leaves without it."""
NEW = ""
"""In place of a session's id: a new one."""
NOT_STORED = "not stored"

_log = logging.getLogger(__name__)


class View(Protocol):
    """Where a conversation is seen."""

    async def load(self, stored: list[Event]) -> None:
        """Show a session from its events; the list grows afterwards."""

    async def show(self, event: Event) -> None:
        """Show the next event."""

    async def fail(self, text: str, brief: str) -> None:
        """Say what went wrong outside any turn, at length and in a few words."""

    def remark(self, text: str) -> None:
        """Say something in passing."""

    def give_back(self, text: str, *, only_if_empty: bool = False) -> None:
        """Put a text that was not carried out back where it was written."""

    def show_queue(self, texts: list[str]) -> None:
        """Show the messages that wait for the turn to end."""


class Conversation:
    """One session in use. `run` is its life; everything else may be called meanwhile."""

    def __init__(self, assistant: Assistant, session: SessionLog, view: View) -> None:
        self.assistant = assistant
        self.session = session
        self._view = view
        self._queue: deque[tuple[str, Label]] = deque()
        self._load_wanted = True
        self._model_wanted = ""
        """Name or path of the model to go on with; "" for the one it is."""
        self._wake = asyncio.Event()
        self._idle = asyncio.Event()
        self._idle.set()
        self._closed = False
        self._task: asyncio.Task[None] | None = None
        self.state: Literal["idle", "loading", "turn", "stopping"] = "idle"

    @property
    def busy(self) -> bool:
        """Whether the model is being loaded or a turn is in progress."""
        return self.state != "idle"

    @property
    def waiting(self) -> tuple[str, ...]:
        """The messages that wait for the turn to end."""
        return tuple(text for text, _ in self._queue)

    @property
    def last_answer(self) -> str | None:
        """The newest answer of the session."""
        return next((event.text for event in reversed(self.session.events) if isinstance(event, Answered)), None)

    @property
    def mode(self) -> Mode:
        """The permission mode of the session."""
        return mode_of(self.session.events)

    async def set_mode(self, mode: Mode) -> None:
        """Go on in another permission mode, from the next call on."""
        try:
            event = self.assistant.set_mode(self.session, mode)
        except StoreError as exc:
            await self._view.fail(str(exc), NOT_STORED)
            return
        if event is not None:
            await self._show(event)

    async def run(self) -> None:
        """Load the model, then carry out one message after the other, until cancelled."""
        self._task = asyncio.current_task()
        while not self._closed:
            self._idle.clear()
            try:
                if self._load_wanted:
                    self._load_wanted = False
                    await self._load()
                elif self._model_wanted:
                    wanted, self._model_wanted = self._model_wanted, ""
                    await self._load(wanted)
                elif self._queue:
                    text, label = self._queue.popleft()
                    self._view.show_queue([*self.waiting])
                    await self._turn(text, label)
            finally:
                self.state = "idle"
                self._idle.set()
            if not (self._queue or self._load_wanted or self._model_wanted):
                self._wake.clear()
                await self._wake.wait()

    def send(self, text: str, label: Label = OWN) -> None:
        """Have a message carried out as soon as those before it are; `label` where it is not the person's own."""
        self._queue.append((text, label))
        self._view.show_queue([*self.waiting] if self.busy else [])
        self._wake.set()

    def take_back(self) -> str | None:
        """The newest of the messages that wait, which then waits no more."""
        text = self._queue.pop()[0] if self._queue else None
        self._view.show_queue([*self.waiting])
        return text

    def stop(self) -> bool:
        """Stop the turn in progress; what was written is kept. False when there is none to stop.

        The messages that wait are given back: they may have been meant for an answer that will not come.
        """
        if self.state != "turn":
            return False
        self.state = "stopping"
        self.assistant.cancel()
        self._give_all_back()
        return True

    def load_again(self) -> None:
        """Load the model, if it is not."""
        if not self.busy:
            self._load_wanted = True
            self._wake.set()

    def use_model(self, wanted: str) -> None:
        """Go on with the model of that name or path as soon as nothing is going on, and before what waits."""
        self._model_wanted = wanted
        if self.busy:
            self._view.remark("the model is exchanged when this is done")
        self._wake.set()

    async def open(self, session_id: str) -> None:
        """Go on in another session, a new one for `NEW`, once nothing is going on. The one before is closed."""
        if session_id == self.session.id:
            return
        if self.busy:
            self._view.remark("the model is being loaded" if self.state == "loading" else "Esc stops the turn first")
            return
        sessions = self.assistant.sessions
        try:
            session = self.assistant.new_session() if session_id == NEW else sessions.open(session_id)
        except StoreError as exc:
            await self._view.fail(str(exc), "not opened")
            return
        self.session.close()
        self.session = session
        await self._view.load(session.events)

    async def close(self, reason: str = BY_THE_PERSON) -> None:
        """Stop what is going on, for that reason, wait until it is stored, and let go of the session and the model."""
        if self._closed:
            return
        self._closed = True
        if self.assistant.busy:
            self.assistant.cancel(reason)
        elif self._task is not None:
            self._task.cancel()
        try:
            async with asyncio.timeout(CLOSE_TIMEOUT_S):
                await self._idle.wait()
        except TimeoutError:
            _log.warning("a turn did not stop within %g seconds; leaving without it", CLOSE_TIMEOUT_S)
        self.session.close()
        await self.assistant.close()

    async def _load(self, another: str = "") -> None:
        """Load the model, or another in its place."""
        self.state = "loading"
        assistant = self.assistant
        loading = assistant.use_model(self.session, another) if another else assistant.start(self.session)
        try:
            async with aclosing(loading) as events:
                async for event in events:
                    await self._show(event)
        except ModelError as exc:
            self._give_all_back()
            if another:
                await self._view.fail(model_kept(str(exc), assistant.model_name), "not exchanged")
                return
            text = f"The model could not be loaded: {exc}\nF5 tries again; the session is kept."
            await self._view.fail(text, "no model: F5 tries again")
        except StoreError as exc:
            self._give_all_back()
            await self._view.fail(str(exc), NOT_STORED)
        except PluginError as exc:
            self._give_all_back()
            await self._view.fail(str(exc), "an MCP server is missing")
        except Exception as exc:  # a bug must not take the session and the terminal with it
            self._give_all_back()
            await self._bug(exc)

    async def _turn(self, text: str, label: Label) -> None:
        self.state = "turn"
        begun = False
        try:
            async with aclosing(self.assistant.turn(self.session, text, mentioned(text), label)) as events:
                async for event in events:
                    begun = begun or isinstance(event, TokenDelta)
                    await self._show(event)
                    if isinstance(event, TurnEnded):
                        self._settle(text, event.status, begun=begun)
        except RookeryError as exc:  # what happened could not be stored
            self._give_all_back(text)
            await self._view.fail(str(exc), NOT_STORED)
        except Exception as exc:  # a bug must not take the session and the terminal with it
            await self._bug(exc)

    def _settle(self, text: str, status: TurnStatus, *, begun: bool) -> None:
        if status is TurnStatus.REFUSED:
            self._view.give_back(text)
        elif status is TurnStatus.INTERRUPTED and not begun:
            self._view.give_back(text, only_if_empty=True)

    def _give_all_back(self, *first: str) -> None:
        texts = [*first, *self.waiting]
        self._queue.clear()
        if texts:
            self._view.show_queue([])
            self._view.give_back("\n\n".join(texts))

    async def _show(self, event: Event) -> None:
        if not self._closed:
            await self._view.show(event)

    async def _bug(self, exc: Exception) -> None:
        _log.error("unexpected error", exc_info=exc)
        if not self._closed:
            await self._view.fail(f"unexpected error: {type(exc).__name__}: {exc}", "an unexpected error")
