"""Plugins' functions in threads of their own: one that hangs is left behind and cannot keep the program alive."""

from __future__ import annotations

import asyncio
import concurrent.futures
import inspect
import threading
from collections.abc import Callable
from typing import Any, TypeVar

from rookery_core.errors import ToolFailed

T = TypeVar("T")


async def in_thread(function: Callable[[], T], name: str) -> T:
    """What the function returns; it runs in a daemon thread of that name. Raises what it raises."""
    done: concurrent.futures.Future[T] = concurrent.futures.Future()

    def work() -> None:
        done.set_running_or_notify_cancel()  # from here on it cannot be cancelled, and its end is only overheard
        try:
            done.set_result(function())
        except StopIteration as exc:  # not to be set on a future as it is
            done.set_exception(ToolFailed(f"{name} failed: StopIteration: {exc}"))
        except BaseException as exc:
            done.set_exception(exc)

    threading.Thread(target=work, name=name, daemon=True).start()
    return await asyncio.wrap_future(done)


async def heard(function: Callable[..., Any], *arguments: Any, name: str, seconds: float) -> Any:
    """What a hook returns, sync or async. Raises TimeoutError, and RuntimeError for what no task may raise."""
    async with asyncio.timeout(seconds):
        try:
            made = await in_thread(lambda: function(*arguments), name)
            return await made if inspect.isawaitable(made) else made
        except (SystemExit, KeyboardInterrupt) as exc:
            raise RuntimeError(f"{type(exc).__name__}: {exc}") from exc
        except asyncio.CancelledError as exc:
            task = asyncio.current_task()
            if task is None or not task.cancelling():  # the hook's own, not the turn's
                raise RuntimeError("it cancelled itself") from exc
            raise
