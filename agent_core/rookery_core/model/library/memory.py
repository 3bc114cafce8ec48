"""The memory of this machine, and whether a model fits into it."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

ROOM_TO_WORK = 200 << 20
"""What the program and llama.cpp's buffers take beside a model's file and its window."""
COMFORTABLE = 0.8
"""A model that takes more than this share of what is free leaves little to other programs."""

Advice = Literal["fits", "tight", "too large", ""]
"""tight: only without other programs, or with little room for them; "": nothing is known."""


@dataclass(frozen=True, slots=True)
class Memory:
    """Bytes of memory; 0 where the system does not say."""

    total: int
    available: int
    """What programs could still have."""


def memory_here(meminfo: Path = Path("/proc/meminfo"), limit: Path = Path("/sys/fs/cgroup/memory.max")) -> Memory:
    """The memory of this machine, or of the container this is in; `limit` is that container's (cgroup v2)."""
    sizes = {}
    for line in _text(meminfo).splitlines():
        key, _, rest = line.partition(":")
        number = rest.split()[0] if rest.split() else ""
        if number.isdigit():
            sizes[key] = int(number) << 10
    total = sizes.get("MemTotal", 0) or _pages("SC_PHYS_PAGES")
    available = sizes.get("MemAvailable", 0) or _pages("SC_AVPHYS_PAGES") or total
    allowed = _text(limit).strip()
    if allowed.isdigit() and int(allowed):
        total = min(total, int(allowed)) if total else int(allowed)
    return Memory(total, min(available, total))


def needed(n_bytes: int, kv_bytes: int, n_ctx: int) -> int:
    """Bytes of memory that a model takes with a window of `n_ctx` tokens, roughly.

    Without what is done for speed where there is room: `model.cache_mb`, and the expanded copy of a small model.
    """
    return n_bytes + kv_bytes * n_ctx + ROOM_TO_WORK


def advise(n_needed: int, memory: Memory) -> Advice:
    """Whether so many bytes fit."""
    if not memory.total:
        return ""
    if n_needed > memory.total:
        return "too large"
    return "fits" if n_needed <= COMFORTABLE * memory.available else "tight"


def _pages(name: str) -> int:
    """A number of pages as bytes."""
    try:
        return max(os.sysconf(name), 0) * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, OSError, ValueError):
        return 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""
