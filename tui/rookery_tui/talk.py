"""A conversation in plain lines: one assistant, one open session at a time, its turns told to a stream."""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import replace
from typing import TextIO

from rookery_core.approval.exposure import exposure_of
from rookery_core.approval.modes import mode_of
from rookery_core.approval.taint import OWN, Label
from rookery_core.assistant import Assistant
from rookery_core.errors import ModelError, StoreError
from rookery_core.events import Event, Mode, ModelLoading, TurnEnded, TurnStarted, TurnStatus
from rookery_core.perception.inputs import mentioned
from rookery_core.store.sessions import SessionLog
from rookery_tui.meter import Meter
from rookery_tui.out import say
from rookery_tui.presenter import MODES
from rookery_tui.speech import model_kept
from rookery_tui.telling import Teller


class Talk:
    """What the plain prompt and its commands share."""

    def __init__(self, assistant: Assistant, log: SessionLog, out: TextIO, *, trace: bool) -> None:
        self.assistant = assistant
        self.log = log
        self.out = out
        self.teller = Teller(out, trace=trace)
        self.meter = Meter(mode=self.mode, surroundings=assistant.surroundings, exposure=exposure_of(log.events))
        self.loading = False
        self.over = False
        """Whether the person has enough."""

    def say(self, text: str) -> None:
        """Write a line of the program's own."""
        say(text, self.out)

    async def start(self, *, attended: bool = True) -> None:
        """Name the plugins that were left out and load the model; without a person, wait for MCP servers too.

        Raises ModelError, and PluginError where that is strict.
        """
        await self._load(self.assistant.start(self.log))
        if not attended:
            await self.assistant.servers.known()

    async def use_model(self, name: str) -> None:
        """Go on with another model; where it cannot be had, that is said."""
        try:
            await self._load(self.assistant.use_model(self.log, name))
        except ModelError as error:
            self.say(model_kept(str(error), self.assistant.model_name))

    async def turn(self, text: str, label: Label = OWN) -> str:
        """Carry out a turn and tell it; `label` where the text is not the person's own.

        Returns the text where it was refused, for the person to change; else "".
        """
        refused = False
        try:
            async with aclosing(self.assistant.turn(self.log, text, mentioned(text), label)) as events:
                async for event in events:
                    self._show(event)
                    refused = isinstance(event, TurnEnded) and event.status is TurnStatus.REFUSED
        except StoreError as error:
            self.say(f"This turn is not stored: {error}")
        return text if refused else ""

    def go_on_with(self, log: SessionLog) -> None:
        """Leave the open session for another, in its mode."""
        self.log.close()
        self.log = log
        self.meter = replace(self.meter, mode=self.mode, exposure=exposure_of(log.events))

    @property
    def mode(self) -> Mode:
        """The permission mode of the open session."""
        return mode_of(self.log.events)

    def set_mode(self, mode: Mode) -> None:
        """Go on in another mode, and say so. Raises StoreError."""
        self.assistant.set_mode(self.log, mode)
        self.meter = replace(self.meter, mode=mode)
        self.say(f"{mode}: {MODES[mode]}")

    async def _load(self, loading: AsyncGenerator[Event, None]) -> None:
        self.loading = True
        try:
            async with aclosing(loading) as events:
                async for event in events:
                    self._show(event)
        finally:
            self.loading = False

    def _show(self, event: Event) -> None:
        self.meter = self.meter.after(event)
        if not isinstance(event, ModelLoading | TurnStarted):
            self.teller.show(event)
