"""What a running tool says of how far it is: the newest of it, and not too often."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any

from rookery_core.events import Event, ToolProgress
from rookery_core.text import cut_middle

PROGRESS_SECONDS = 0.1
PROGRESS_CHARS = 500


def throttled(emit: Callable[[Event], Any], call_id: str, over: threading.Event) -> Callable[[str], None]:
    """Shows the newest of what the tool says, at most every `PROGRESS_SECONDS` and nothing once the call is over."""
    loop = asyncio.get_running_loop()
    lock = threading.Lock()
    newest: str | None = None
    shown_at = -PROGRESS_SECONDS

    def flush() -> None:
        nonlocal newest, shown_at
        with lock:
            text, newest = newest, None
            shown_at = loop.time()
        if text is not None and not over.is_set():
            emit(ToolProgress(call_id=call_id, text=cut_middle(text, PROGRESS_CHARS)[0]))

    def show(text: str) -> None:
        nonlocal newest
        with lock:
            waiting, newest = newest is not None, str(text)
        if not waiting and not loop.is_closed():
            loop.call_soon_threadsafe(lambda: loop.call_at(shown_at + PROGRESS_SECONDS, flush))

    return show
