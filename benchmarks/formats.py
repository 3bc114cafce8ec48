"""format: reading with the weights expanded over reading with the file as it is installed, one thread each."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from kit import N_BATCH, Pairs, Skipped, cpu_s, default_model

from rookery_core.model.expanded import expand, suits
from rookery_core.model.llama import Batch, Context, Shape
from rookery_core.model.weights import Weights, log

TEXT = "The tide table for Tuesday shows high water at 06:12 and 18:41, so the ferry leaves at half past five. "


async def measure(n_tokens: int, quick: bool) -> tuple[float, str]:
    """CPU time for so many tokens from the beginning; the divergence of the outputs is in the detail."""
    log()
    pairs = Pairs()
    with tempfile.TemporaryDirectory() as folder:
        installed = Weights(default_model())
        format = suits(installed)
        if format is None:
            raise Skipped("this machine or model has no use for expanded weights")
        made = expand(installed, format, Path(folder), 1)
        if made is None:
            raise Skipped("the weights could not be expanded within the allowed divergence")
        expanded = Weights(made.path)
        tokens = (installed.tokenize(TEXT, False) * (n_tokens // 20))[:n_tokens]
        sides = [Context(each, Shape(n_tokens + 8, 1, N_BATCH, 1, 1)) for each in (expanded, installed)]
        for _ in range(2 if quick else 5):
            pairs.add(*(cpu_s(lambda side=side: _read(side, tokens)) for side in sides))  # type: ignore[misc]
        for each in (*sides, expanded, installed):
            each.close()
    return pairs.result("s", 1, f"{format.name}, KL {made.kl:.4f}")


def _read(context: Context, tokens: Any) -> None:
    context.drop(0)
    for start in range(0, len(tokens), N_BATCH):
        batch = Batch()
        batch.add(0, start, tokens[start : start + N_BATCH], logits=True)
        context.decode(batch)
