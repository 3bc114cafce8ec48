"""framework: a step of a turn whose model is instant, over 0.4 ms. Events, prompt, parsing, tool, SQLite: all of it."""

from __future__ import annotations

import statistics
import tempfile
import time
from contextlib import aclosing
from pathlib import Path

from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import TurnEnded, TurnStatus
from rookery_core.model.scripted import ScriptedModel
from rookery_core.paths import Paths
from rookery_core.plugin import Risk, tool
from rookery_core.tools.loader import Loaded, LoadedPlugin

STEPS = 6
LIMIT_S = 0.0004


@tool(risk=Risk.PURE)
async def adder(a: int, b: int) -> int:
    """Add two numbers."""
    return a + b


async def measure(quick: bool) -> tuple[float, str]:
    """Five calls and an answer, each turn in a session of its own; what a turn costs besides is in it."""
    calls = [f'Thought: I add them.\nAction: adder\nInput: {{"a": {n}, "b": 2}}' for n in range(STEPS - 1)]
    turns = 20 if quick else 100
    model = ScriptedModel([*calls, "Thought: I know it.\nAnswer: It is 6."] * (turns + 1))
    took: list[float] = []
    with tempfile.TemporaryDirectory() as home:
        assistant = build(
            Config(),
            Paths.find({"ROOKERY_HOME": home}),
            Options(workspace=Path(home), max_steps=STEPS),
            model=model,
            plugins=Loaded((LoadedPlugin.of_tools("bench", "bench", (adder,)),), ()),
        )
        try:
            for _ in range(turns + 1):
                session = assistant.new_session()
                began = time.process_time()
                async with aclosing(assistant.turn(session, "What is 1 + 2 + 3?")) as events:
                    async for event in events:
                        if isinstance(event, TurnEnded) and event.status is not TurnStatus.ANSWERED:
                            raise RuntimeError(f"the turn ended otherwise: {event.reason}")
                took.append((time.process_time() - began) / STEPS)
                session.close()
        finally:
            await assistant.close()
    step_s = statistics.median(took[1:])
    detail = f"{step_s * 1000:.2f} ms a step, {turns} turns of {STEPS} steps, "
    return step_s / LIMIT_S, f"{detail}{min(took[1:]) * 1000:.2f} to {max(took[1:]) * 1000:.2f}"
