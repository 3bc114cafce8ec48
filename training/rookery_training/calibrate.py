"""Prints how often an adapter rightly calls a tool or rightly answers, and whether a bias of that decision would help.

`python -m rookery_training.calibrate ADAPTER.gguf --data dev.jsonl`
"""

from __future__ import annotations

import argparse
import json
import sys
from dataclasses import dataclass
from pathlib import Path

import torch
from gguf import GGUFReader

from rookery_training.data import Batch, Group
from rookery_training.fixed_words import FITS, NO_TOOL_FITS
from rookery_training.lora import read
from rookery_training.model import Model
from rookery_training.options import default_base

BIASES = (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 1.5, 2.0, 3.0)
ACT, DECLINE = (text.split()[0] for text in (FITS, NO_TOOL_FITS))


@dataclass(frozen=True)
class Decision:
    """The first thought of a conversation that is either "a tool fits" or "no tool ..."."""

    about: str
    acts: bool
    margin: float
    """By how much the logit of acting is above that of declining."""


def decisions(model: Model, groups: list[dict[str, object]], act: int, decline: int) -> list[Decision]:
    """The first decision of each conversation."""
    found = []
    for record in groups:
        group = Group.parse(json.dumps(record))
        batch = Batch.of(group)
        with torch.no_grad():
            logits = (model.hidden(batch.tokens, batch.layout, batch.wanted) @ model.head.T).float()
        about = [str(branch["about"]) for branch in record["branches"]]  # type: ignore[attr-defined]
        seen: set[int] = set()
        for row, (target, owner) in enumerate(zip(batch.targets.tolist(), batch.owners.tolist(), strict=True)):
            if target in (act, decline) and owner not in seen:
                seen.add(owner)
                margin = float(logits[row, act] - logits[row, decline])
                found.append(Decision(about[owner], target == act, margin))
    return found


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rookery_training.calibrate", description=__doc__)
    parser.add_argument("adapter", type=Path)
    parser.add_argument("--data", type=Path, required=True, help="groups that were kept for development")
    parser.add_argument("--base", type=Path)
    parser.add_argument("--groups", type=int, default=60)
    options = parser.parse_args()
    torch.set_num_threads(1)
    base = options.base or default_base()
    adapters, alpha = read(options.adapter)
    rank = next(iter(adapters.values()))[0].shape[0]
    model = Model(base, rank=rank, alpha=alpha, from_layer=0, seed=0, dtype=torch.bfloat16, device="cpu")
    for linear in model.linears:
        linear.take(adapters)
    model.refresh()
    field = GGUFReader(base).fields["tokenizer.ggml.tokens"]
    vocabulary = {bytes(field.parts[index]).decode(): n for n, index in enumerate(field.data)}
    act, decline = (vocabulary[f"Ġ{word}"] for word in (ACT, DECLINE))
    with options.data.open(encoding="utf-8") as file:
        groups = [json.loads(line) for _, line in zip(range(options.groups), file, strict=False)]
    found = decisions(model, groups, act, decline)
    print(f'bias of " {DECLINE}"   rightly acts   rightly declines   mean')
    for bias in BIASES:
        acts, declines = ([one for one in found if one.acts is kind] for kind in (True, False))
        right = (
            sum(one.margin > bias for one in acts) / len(acts),
            sum(one.margin <= bias for one in declines) / len(declines),
        )
        print(f"{bias:14.1f}   {right[0]:12.3f}   {right[1]:16.3f}   {sum(right) / 2:.3f}")
    print(f"{len(found)} first decisions")
    return 0


if __name__ == "__main__":
    sys.exit(main())
