"""overhead: the share of a warm turn's time that is neither the model's nor a tool's: (wall - model - tools) / wall.

A warm turn is one with the model loaded and its prompt's head in the KV cache, from the call to the end of its events,
when all of it is stored. The model's time is what its process measured for reading the prompt and writing; everything
else (events, SQLite, rendering and counting the prompt, the pipe between the processes, parsing, checking arguments) is
overhead.
"""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import Generated, ToolFinished
from rookery_core.paths import Paths

QUESTIONS = ("What is 17 * 23?", "How much is 15% of 80?", "What is 12 * 12?", "What is 81 / 9?", "What is 7 + 8?")


async def measure(quick: bool) -> tuple[float, str]:
    """The median share over the questions, each asked in a session of its own."""
    shares, walls = [], []
    with tempfile.TemporaryDirectory() as home:
        paths = Paths.find({"ROOKERY_HOME": home})
        assistant = build(Config(), paths, Options(workspace=Path(home), tools=["calculator"], max_steps=3))
        try:
            for question in (QUESTIONS[0], *QUESTIONS * (1 if quick else 4)):
                session, model_s, tools_s = assistant.new_session(), 0.0, 0.0
                began = time.perf_counter()
                async with aclosing(assistant.turn(session, question)) as events:
                    async for event in events:
                        match event:
                            case Generated(usage=usage):
                                model_s += usage.prefill_s + usage.decode_s
                            case ToolFinished(seconds=seconds):
                                tools_s += seconds
                wall_s = time.perf_counter() - began
                shares.append((wall_s - model_s - tools_s) / wall_s)
                walls.append(wall_s)
                session.close()
        finally:
            await assistant.close()
    warm, warm_walls = shares[1:], walls[1:]
    wall = statistics.median(warm_walls)
    detail = f"{len(warm)} turns, median {wall:.2f} s, share {min(warm):.4f} to {max(warm):.4f}"
    return statistics.median(warm), detail
