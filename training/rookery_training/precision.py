"""The precision of matrix products: BF16 where the processor multiplies it, 32 bits where it only pretends to."""

from __future__ import annotations

import time

import torch

NAMES = {"bf16": torch.bfloat16, "f32": torch.float32}
_SHAPE = 256, 512, 512
_TRIES = 3


def precision(name: str, device: str) -> torch.dtype:
    """The type of that name; `auto` is BF16 on a GPU, and on a CPU the faster one of both.

    A CPU that lacks the instructions for BF16 takes fifty times as long for it as for 32 bits.
    """
    if name != "auto":
        return NAMES[name]
    if device != "cpu":
        return torch.bfloat16
    return min(NAMES.values(), key=_seconds)


def _seconds(dtype: torch.dtype) -> float:
    """What one product takes, the best of a few."""
    rows, inner, columns = _SHAPE
    left, right = torch.ones(rows, inner, dtype=dtype), torch.ones(inner, columns, dtype=dtype)
    tries = []
    for _ in range(_TRIES):
        began = time.process_time()
        torch.mm(left, right)
        tries.append(time.process_time() - began)
    return min(tries)
