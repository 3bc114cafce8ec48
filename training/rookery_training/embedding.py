"""Packs a model2vec table into the form that Rookery ships, and proves that nothing is lost that matters.

`python -m rookery_training.embedding FOLDER OUT`, where FOLDER has a model's `model.safetensors` and `tokenizer.json`.
Needs `safetensors` and `tokenizers`, which nothing else here does.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

import numpy as np

from rookery_core.embeddings.static import StaticEmbedding
from rookery_core.embeddings.wordpiece import pieces


def pack(folder: Path, out: Path) -> None:
    """Write the table and the vocabulary."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    vectors = load_file(str(folder / "model.safetensors"))["embeddings"].astype(np.float32)
    ids = Tokenizer.from_file(str(folder / "tokenizer.json")).get_vocab()
    kept = [piece for piece in sorted(ids, key=lambda piece: ids[piece]) if len(piece) == 1 or piece[0] != "["]
    rows = vectors[[ids[piece] for piece in kept]]
    scale = np.maximum(np.abs(rows).max(1) / 7.0, 1e-6).astype(np.float16)
    steps = (np.clip(np.round(rows / scale[:, None].astype(np.float32)), -7, 7) + 8).astype(np.uint8)
    out.mkdir(parents=True, exist_ok=True)
    np.savez(out / "table.npz", packed=steps[:, 0::2] << 4 | steps[:, 1::2], scale=scale)
    (out / "vocabulary.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")


def prove(folder: Path, out: Path, texts: list[str]) -> float:
    """The least cosine of a text's vector to the one of the full table. Raises AssertionError for other pieces."""
    from safetensors.numpy import load_file
    from tokenizers import Tokenizer

    vectors = load_file(str(folder / "model.safetensors"))["embeddings"].astype(np.float32)
    theirs = Tokenizer.from_file(str(folder / "tokenizer.json"))
    theirs.no_truncation()
    theirs.no_padding()
    vocabulary = theirs.get_vocab()
    unknown = vocabulary["[UNK]"]
    least = 1.0
    packed = StaticEmbedding(out)
    for text in texts:
        ids = [n for n in theirs.encode(text, add_special_tokens=False).ids if n != unknown]
        assert list(pieces(text, vocabulary)) == ids, text
        if ids:
            full = vectors[ids].mean(0)
            least = min(least, float(packed.vectors([text])[0] @ full / np.linalg.norm(full)))
    return least


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rookery_training.embedding", description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--texts", type=Path, help="a text a line, for the proof")
    options = parser.parse_args()
    pack(options.folder, options.out)
    if options.texts:
        texts = options.texts.read_text(encoding="utf-8").splitlines()
        print(f"{len(texts)} texts, least cosine {prove(options.folder, options.out, texts):.4f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
