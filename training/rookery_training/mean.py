"""Takes the mean of adapters that were trained one after the other, which is often better than either of them.

`python -m rookery_training.mean FIRST.gguf SECOND.gguf --out MEAN.gguf` (Wortsman et al., 2022, of whole models)
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from gguf import GGUFReader
from torch import Tensor

from rookery_training.lora import export, read

BASE, PROMPT = "rookery.base_sha256", "rookery.prompt"


class _Mean:
    """The mean of what several adapters have."""

    def __init__(self, made: Sequence[dict[str, tuple[Tensor, Tensor]]]) -> None:
        self._made = made

    def adapters(self) -> Iterable[tuple[str, Tensor, Tensor]]:
        """Yields name, A (rank, in) and B (out, rank) of each map."""
        for name in self._made[0]:
            downs, ups = zip(*(each[name] for each in self._made), strict=True)
            yield name, sum(downs) / len(downs), sum(ups) / len(ups)


def mean(paths: Sequence[Path], out: Path) -> None:
    """Writes the mean of adapters of the same shapes for the same model; ValueError where they are not."""
    read_all = [read(path) for path in paths]
    told = [{key: _text(path, key) for key in (BASE, PROMPT, "general.architecture")} for path in paths]
    shapes = [({name: (a.shape, b.shape) for name, (a, b) in made.items()}, alpha) for made, alpha in read_all]
    if told.count(told[0]) < len(told) or shapes.count(shapes[0]) < len(shapes):
        raise ValueError("they are not of one model, of one prompt, or of one shape")
    metadata = {key: told[0][key] for key in (BASE, PROMPT) if told[0][key]}
    made = _Mean([adapters for adapters, _ in read_all])
    export(out, [made], architecture=told[0]["general.architecture"], alpha=read_all[0][1], metadata=metadata)


def _text(path: Path, key: str) -> str:
    field = GGUFReader(path).get_field(key)
    return "" if field is None else str(field.contents())


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rookery_training.mean", description=__doc__)
    parser.add_argument("adapters", type=Path, nargs="+")
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    try:
        mean(options.adapters, options.out)
    except (OSError, ValueError) as exc:
        raise SystemExit(f"there is no mean of these: {exc}") from exc
    return 0


if __name__ == "__main__":
    sys.exit(main())
