"""The vector of a text: the mean of its word pieces' vectors, from a table that a sentence model was distilled into.

The way of model2vec (Minish Lab, 2024). A thousand short texts take some milliseconds; nothing is learnt of word order.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from rookery_core.embeddings.wordpiece import pieces

Vectors = NDArray[np.float32]

MOST_PIECES = 512
"""Of a longer text the beginning counts."""


@dataclass(frozen=True)
class StaticEmbedding:
    """A table of word pieces that is read when it is first asked."""

    folder: Path
    """Has `vocabulary.txt`, a piece a line, and `table.npz`: `packed`, uint8 of (pieces, dimensions / 2), two numbers
    of four bits a byte, each 8 more than it is; `scale`, float16 of (pieces,), which they are multiplied by."""

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """One row of length 1 for each text, float32 of (texts, dimensions); zeros for a text of no known word."""
        packed, scale = self._table
        made = np.zeros((len(texts), packed.shape[1] * 2), np.float32)
        for row, text in zip(made, texts, strict=True):
            ids = list(islice(pieces(text, self._vocabulary), MOST_PIECES))
            if ids:
                found = np.stack([packed[ids] >> 4, packed[ids] & 15], axis=2).reshape(len(ids), -1)
                row += (found.astype(np.float32) - 8.0).T @ scale[ids].astype(np.float32)
                length = np.linalg.norm(row)
                row /= length or 1.0
        return made

    @cached_property
    def _vocabulary(self) -> Mapping[str, int]:
        lines = (self.folder / "vocabulary.txt").read_text(encoding="utf-8").split("\n")
        return {piece: n for n, piece in enumerate(lines) if piece}

    @cached_property
    def _table(self) -> tuple[NDArray[np.uint8], NDArray[np.float16]]:
        with (self.folder / "table.npz").open("rb") as file, np.load(file) as table:
            return table["packed"], table["scale"]


def shipped() -> StaticEmbedding:
    """The table that comes with the program; see its README for what it is."""
    return StaticEmbedding(Path(__file__).with_name("potion"))
