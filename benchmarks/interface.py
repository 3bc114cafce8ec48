"""stop, lag: what a person notices while the model works."""

from __future__ import annotations

import asyncio
import itertools
import random
import tempfile
import time
from collections.abc import Callable
from contextlib import aclosing
from pathlib import Path
from typing import Any

from kit import default_model, percentile, prose

from rookery_core.compose import build, load_options
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import TokenDelta
from rookery_core.model.backends import WorkerModel
from rookery_core.model.base import Delta, Message, Sampling
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths

STOP_LIMIT_S = 0.1
LAG_LIMIT_S = 0.02
BEAT_S = 0.005
TRIES = 10
SEEDS = itertools.count()


async def stop(quick: bool) -> tuple[float, str]:
    """The 95th percentile from the cancellation to the end of the request, over 100 ms; the worse of the two."""
    chance, n = random.Random(1), 10 if quick else 40
    with tempfile.TemporaryDirectory() as home:
        paths = Paths.find({"ROOKERY_HOME": home})
        options = load_options(Config().model, default_model(), paths, expand=True)
        model = WorkerModel("smollm2", options, Worker(paths.model_log))
        await model.open()
        try:
            reading = [await _stopped(model, lambda: chance.uniform(0.05, 1.0), reads=True) for _ in range(n)]
            writing = [await _stopped(model, lambda: chance.uniform(0.0, 0.3), reads=False) for _ in range(n)]
        finally:
            await model.close()
    worse = max(percentile(reading, 0.95), percentile(writing, 0.95))
    told = f"while reading {_spread(reading)}, while writing {_spread(writing)}, {n} times each"
    return worse / STOP_LIMIT_S, told


def _spread(seconds: list[float]) -> str:
    middle, p95, most = (percentile(seconds, share) * 1000 for share in (0.5, 0.95, 1.0))
    return f"median {middle:.1f}, p95 {p95:.1f}, most {most:.1f} ms"


async def _stopped(model: WorkerModel, after_s: Callable[[], float], *, reads: bool) -> float:
    """Seconds from the cancellation to the request's end; once more where it had ended before."""
    for _ in range(TRIES):
        if (took := await _try_to_stop(model, after_s(), reads=reads)) is not None:
            return took
    raise RuntimeError(f"{TRIES} requests ended by themselves before they could be stopped")


async def _try_to_stop(model: WorkerModel, after_s: float, *, reads: bool) -> float | None:
    """With a prompt that nobody knows, and that is long where it `reads`; None when the request ended by itself."""
    seed = next(SEEDS)
    text = "".join(sentence for sentence, _ in zip(prose(seed), range(200 if reads else 3), strict=False))
    begun = asyncio.Event()

    async def stream() -> None:
        request = model.stream([Message("user", f"{seed}. {text} Go on.")], Sampling(temperature=1.0, max_tokens=400))
        async with aclosing(request) as chunks:
            async for chunk in chunks:
                if isinstance(chunk, Delta):
                    begun.set()

    task = asyncio.create_task(stream())
    task.add_done_callback(lambda _: begun.set())
    if not reads:
        await begun.wait()
    await asyncio.sleep(after_s)
    if task.done():
        await task
        return None
    # the answers of a request that was left are dropped; here its last one is what is waited for
    answers: dict[int, asyncio.Queue[dict[str, Any]]] = model._worker._answers
    number = max(answers)
    before = answers[number]
    last: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
    task.add_done_callback(lambda _: answers.__setitem__(number, last))
    began = time.perf_counter()
    task.cancel()
    await asyncio.wait([task])
    while not before.empty():
        if before.get_nowait().get("end"):
            return None
    answer = await last.get()
    while not answer.get("end"):
        answer = await last.get()
    took = time.perf_counter() - began
    del answers[number]
    return took if answer.get("failed") == "Stopped" else None


async def lag(quick: bool) -> tuple[float, str]:
    """How late a timer of 5 ms is, 99th percentile while the model writes less that while it does not, over 20 ms."""
    from rookery_tui.app import RookeryApp

    late: dict[bool, list[float]] = {False: [], True: []}
    n_tokens = 0
    with tempfile.TemporaryDirectory() as home:
        paths = Paths.find({"ROOKERY_HOME": home})
        app = RookeryApp(
            lambda approver, answerer: build(Config(), paths, Options(Path(home), tools=()), approver=approver)
        )
        async with app.run_test(size=(120, 36)) as pilot:

            async def until(what: Callable[[], bool]) -> None:
                while not what():  # noqa: ASYNC110 - the app has no event for it
                    await asyncio.sleep(0.01)

            def busy() -> bool:
                return app.conversation is not None and app.conversation.busy

            async def beats(while_busy: bool, seconds: float = 0.0) -> None:
                ends = time.perf_counter() + seconds
                while busy() if while_busy else time.perf_counter() < ends:
                    began = time.perf_counter()
                    await asyncio.sleep(BEAT_S)
                    late[while_busy].append(time.perf_counter() - began - BEAT_S)

            await until(lambda: app.conversation is not None and app.conversation.assistant is not None)
            await until(lambda: not busy())
            await pilot.pause()
            show = app.main.show

            async def counted(event: Any) -> None:
                nonlocal n_tokens
                n_tokens += isinstance(event, TokenDelta)
                await show(event)

            app.main.show = counted  # type: ignore[method-assign]
            for question in ("Tell me a long story about a lighthouse.", "Write a long letter to an old friend.")[
                : 1 if quick else 2
            ]:
                await beats(False, 3.0)
                assert app.conversation is not None
                app.conversation.send(question)
                await until(busy)
                await beats(True)
    idle, working = (percentile(late[which], 0.99) for which in (False, True))
    told = f"p99 {working * 1000:.1f} ms while {n_tokens} pieces were written, {idle * 1000:.1f} idle"
    return (working - idle) / LAG_LIMIT_S, f"{told}; most {max(late[True]) * 1000:.1f}; {len(late[True])} beats"
