"""The calculator's own process: a request a line, as JSON, and a line for what came of it.

It bounds its memory and its time itself before it reads anything, and ends with its input. It imports nothing but the
standard library, what is in this package and, once a unit is named, pint.
"""

from __future__ import annotations

import contextlib
import json
import signal
import sys
import time
from pathlib import Path
from types import ModuleType

from rookery_plugins.calculator.expression import conversion, worked_out
from rookery_plugins.calculator.refusal import Misread, NoValue
from rookery_plugins.calculator.units import UnitBook

ROOM_BYTES = 40 << 20
"""What it may take on top of what it has when it starts, so that it stays below 64 MB. Pint takes about 20 MB."""
CPU_S = 5
"""Of computing for one request; loading pint, which takes about one, is part of the first that needs it."""
NEVER_LOADED = ("babel", "dask", "numpy", "scipy", "uncertainties")
"""Pint imports these where they are installed, and has no use for them here."""

try:
    import resource
except ImportError:  # Windows has no such limits; there the program's clock is all
    _limits: ModuleType | None = None
else:
    _limits = resource


def main(idle_s: int) -> None:
    """Answer requests until there are no more, or none comes for so many seconds."""
    _bound_memory()
    for name in NEVER_LOADED:
        sys.modules[name] = None  # type: ignore[assignment]
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the program's business
    units = UnitBook()
    while line := _request(idle_s):
        _bound_time()
        print(json.dumps(_answer(json.loads(line), units)), flush=True)


def _answer(request: object, units: UnitBook) -> dict[str, str]:
    try:
        match request:
            case {"expression": str(expression)}:
                return {"result": worked_out(expression, units)}
            case {"amount": str(amount), "unit": str(unit), "to": str(to)}:
                return {"result": conversion(amount, unit, to, units)}
            case _:
                return {"broken": f"there is no such request: {request!r:.200}"}
    except Misread as exc:
        return {"misread": str(exc)}
    except NoValue as exc:
        return {"no_value": str(exc)}
    except MemoryError:
        return {"no_value": "it takes too much memory; use smaller numbers"}
    except Exception as exc:  # a bug, which the program is to hear of; the next request is none of it
        return {"broken": f"{type(exc).__name__}: {exc}"}


def _request(idle_s: int) -> str:
    if not hasattr(signal, "alarm"):
        return sys.stdin.readline()
    signal.alarm(idle_s)  # which ends this process
    line = sys.stdin.readline()
    signal.alarm(0)
    return line


def _bound_memory() -> None:
    taken = Path("/proc/self/statm")
    if _limits is not None and taken.exists():
        pages = int(taken.read_text().split()[0])
        limit = pages * _limits.getpagesize() + ROOM_BYTES
        _limits.setrlimit(_limits.RLIMIT_AS, (limit, limit))


def _bound_time() -> None:
    if _limits is not None:
        _, hardest = _limits.getrlimit(_limits.RLIMIT_CPU)
        with contextlib.suppress(ValueError):  # there is a narrower one already
            _limits.setrlimit(_limits.RLIMIT_CPU, (int(time.process_time()) + 1 + CPU_S, hardest))
