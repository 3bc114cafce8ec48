"""What a model's speed on this machine is, and which settings follow from it; `measure` does the measuring."""

from __future__ import annotations

import asyncio
import json
import math
import os
import sys
from collections.abc import AsyncGenerator, Callable, Iterable
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

from rookery_core.errors import ModelDied, ModelUnreadable
from rookery_core.model.base import LoadOptions

BUDGET_S = 30.0
"""For all measurements together; loading comes on top. After it no more threads are tried."""
WORTH_EXPANDING = 1.3
"""Expanded weights take memory, so they have to read faster by at least this factor."""

Format = Literal["installed", "expanded"]


@dataclass(frozen=True, slots=True)
class Speed:
    """One measurement."""

    format: Format
    threads: int
    busy: bool
    """Whether another program kept one core busy meanwhile."""
    read: float
    """Tokens of a prompt a second, 256 tokens into it."""
    write: float
    """Tokens of an answer a second, there."""


@dataclass(slots=True)
class Findings:
    """All that was measured."""

    n_bytes: int = 0
    n_params: int = 0
    cores: int = 0
    expanded_to: str = ""
    """The format of the expanded weights; "" when there are none."""
    expanded_bytes: int = 0
    kl: float | None = None
    """How far the expanded weights' output is off, in nats; None when there are none."""
    speeds: list[Speed] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Advice:
    """The settings that suit the machine best."""

    n_threads: int
    n_threads_batch: int
    expand: bool


async def measure(
    options: LoadOptions, heard: Callable[[Findings], None] = lambda _: None, budget_s: float = BUDGET_S
) -> Findings:
    """Measure the model; `heard` gets what is known so far, again and again. Raises ModelUnreadable, ModelDied."""
    findings = Findings()
    async for line in _lines(options, budget_s):
        match line:
            case {"failed": str(why)}:
                raise ModelUnreadable(why)
            case {"about": about}:
                findings.n_bytes, findings.n_params, findings.cores = about.values()
            case {"expanded": about}:
                findings.expanded_to, findings.expanded_bytes, findings.kl = about.values()
            case {"row": row}:
                findings.speeds.append(Speed(**row))
        heard(findings)
    return findings


async def _lines(options: LoadOptions, budget_s: float) -> AsyncGenerator[dict[str, Any], None]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-P",
        "-m",
        "rookery_core.model.measure",
        json.dumps(asdict(options)),
        str(budget_s),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
        env={"GOMP_SPINCOUNT": "1000", **os.environ},  # as the model's process has it
        start_new_session=True,  # Ctrl+C is this program's to handle
    )
    assert process.stdout is not None
    try:
        while line := await process.stdout.readline():
            yield json.loads(line)
        if code := await process.wait():
            raise ModelDied(
                f"measuring {options.path} ended with exit code {code}; it may need more memory than there is"
            )
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()


def advise(findings: Findings) -> Advice:
    """What is fastest both alone and beside a busy program; fewer threads where it makes no difference."""

    def best(format: Format, what: Callable[[Speed], float]) -> tuple[float, int]:
        rows = [speed for speed in findings.speeds if speed.format == format]
        scores = {n: _score(what(speed) for speed in rows if speed.threads == n) for n in {row.threads for row in rows}}
        top = max(scores.values(), default=0.0)
        return top, min((n for n, score in scores.items() if score >= 0.97 * top), default=1)

    installed, n_threads_batch = best("installed", lambda speed: speed.read)
    expanded, n_expanded = best("expanded", lambda speed: speed.read)
    expand = expanded >= WORTH_EXPANDING * installed
    return Advice(
        n_threads=best("installed", lambda speed: speed.write)[1],
        n_threads_batch=n_expanded if expand else n_threads_batch,
        expand=expand,
    )


def _score(rates: Iterable[float]) -> float:
    """The geometric mean, so that neither half of a bargain is worth more than the other."""
    values = [max(rate, 1e-9) for rate in rates]
    return math.exp(sum(map(math.log, values)) / len(values))
