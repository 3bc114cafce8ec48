"""Loads a model outside of any turn, as a stream of what happens meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable
from contextlib import aclosing
from typing import Any

from rookery_core.events import Event, SandboxFound
from rookery_core.model.base import ModelBackend
from rookery_core.parts import Parts
from rookery_core.run import open_model
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.store.sessions import SessionLog
from rookery_core.tools.threads import in_thread


async def load(
    parts: Parts,
    model: ModelBackend,
    session: SessionLog,
    first: Iterable[Event] = (),
    *,
    chosen: bool = False,
    look: bool = False,
) -> AsyncGenerator[Event, None]:
    """Tell `first`, and load the model; `look`: find out at the same time how programs are confined."""
    shown: asyncio.Queue[Event | None] = asyncio.Queue()

    def emit(event: Event) -> None:
        event = event.model_copy(update={"session": session.id, "at": parts.now()})
        event = event if event.ephemeral else session.append(event)
        parts.gear.sinks.hear(event)
        shown.put_nowait(event)

    for event in first:
        emit(event)

    async def both() -> None:
        looking = asyncio.create_task(_tell_sandbox(parts.gear.runner.confinement, emit)) if look else None
        try:
            await open_model(model, emit, chosen=chosen)
        finally:
            if looking is not None:
                await looking

    task = asyncio.create_task(both())
    task.add_done_callback(lambda _: shown.put_nowait(None))
    async with aclosing(drain(shown, task)) as events:
        async for event in events:
            yield event


async def _tell_sandbox(confinement: Confinement, emit: Callable[[Event], None]) -> None:
    found = await in_thread(lambda: confinement.found, "sandbox")
    level = str(confinement.level)
    emit(SandboxFound(level=level, root=confinement.is_root, why_not_higher=found.why_not_higher))


async def drain(shown: asyncio.Queue[Event | None], task: asyncio.Task[Any]) -> AsyncGenerator[Event, None]:
    """What the task shows until it is done, then what it raised; leaving early stops the task and waits for it."""
    try:
        while (event := await shown.get()) is not None:
            yield event
        await task
    finally:
        if not task.done():
            task.cancel()
            await asyncio.wait([task])
            if not task.cancelled():
                task.exception()  # whoever left early is not there to be told
