"""GGUF files made on the spot: an embedding model of a few kilobytes, and LoRA adapters for a real model."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import gguf
import numpy as np
from numpy.typing import NDArray

MARKS = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]"]
WORDS = [f"{first}{second}" for first in "abcdefghij" for second in "klmnopqrst"]
"""The words that the small model knows."""
N_DIMS, N_LAYERS, N_HEADS, N_CTX = 32, 2, 4, 64


def tiny_bert(path: Path, seed: int = 0, named: Sequence[str] = ()) -> Path:
    """An embedding model of random weights that is made as llama.cpp's converter makes a BERT.

    `named` are more words, each a token of its own wherever it stands.
    """
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, "bert")
    writer.add_context_length(N_CTX)
    writer.add_embedding_length(N_DIMS)
    writer.add_block_count(N_LAYERS)
    writer.add_feed_forward_length(2 * N_DIMS)
    writer.add_head_count(N_HEADS)
    writer.add_layer_norm_eps(1e-12)
    writer.add_causal_attention(False)
    writer.add_pooling_type(gguf.PoolingType.MEAN)
    tokens = [*MARKS, *("\u2581" + word for word in WORDS), *named]
    add_vocabulary(writer, tokens, named)
    shapes = {
        "token_embd.weight": (len(tokens), N_DIMS),
        "position_embd.weight": (N_CTX, N_DIMS),
        "token_types.weight": (2, N_DIMS),
    }
    norms = ["token_embd_norm"]
    for n in range(N_LAYERS):
        maps = {"attn_q": (1, 1), "attn_k": (1, 1), "attn_v": (1, 1), "attn_output": (1, 1), "ffn_up": (2, 1)}
        for name, (rows, columns) in {**maps, "ffn_down": (1, 2)}.items():
            shapes[f"blk.{n}.{name}.weight"] = (rows * N_DIMS, columns * N_DIMS)
            shapes[f"blk.{n}.{name}.bias"] = (rows * N_DIMS,)
        norms += [f"blk.{n}.attn_output_norm", f"blk.{n}.layer_output_norm"]
    for name, shape in shapes.items():
        writer.add_tensor(name, random.normal(0, 0.3, shape).astype(np.float32))
    for name in norms:
        writer.add_tensor(f"{name}.weight", np.ones(N_DIMS, np.float32))
        writer.add_tensor(f"{name}.bias", np.zeros(N_DIMS, np.float32))
    write_file(writer)
    return path


def add_vocabulary(writer: gguf.GGUFWriter, tokens: list[str], named: Sequence[str] = ()) -> None:
    """A WordPiece vocabulary in which a word's first piece begins with a phantom space."""
    writer.add_token_type_count(2)
    writer.add_tokenizer_model("bert")
    writer.add_tokenizer_pre("bert-bge")
    writer.add_token_list(tokens)
    types = dict.fromkeys(MARKS, gguf.TokenType.CONTROL) | dict.fromkeys(named, gguf.TokenType.USER_DEFINED)
    writer.add_token_types([types.get(token, gguf.TokenType.NORMAL) for token in tokens])
    writer.add_pad_token_id(tokens.index("[PAD]"))
    writer.add_unk_token_id(tokens.index("[UNK]"))
    writer.add_bos_token_id(tokens.index("[CLS]"))
    writer.add_sep_token_id(tokens.index("[SEP]"))
    writer.add_mask_token_id(tokens.index("[MASK]"))


def lora(
    path: Path,
    *,
    size: float,
    seed: int = 0,
    n_dims: int = 576,
    architecture: str = "llama",
    layers: Iterable[int] = range(30),
) -> Path:
    """An adapter of the query maps of SmolLM2-135M; its B is random of that size, and 0 changes nothing."""
    random = np.random.default_rng(seed)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_type(gguf.GGUFType.ADAPTER)
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", 8.0)
    for n in layers:
        name = f"blk.{n}.attn_q.weight"
        writer.add_tensor(f"{name}.lora_a", _normal(random, (8, n_dims), n_dims**-0.5))
        writer.add_tensor(f"{name}.lora_b", _normal(random, (n_dims, 8), size))
    write_file(writer)
    return path


def _normal(random: np.random.Generator, shape: tuple[int, int], size: float) -> NDArray[np.float32]:
    return random.normal(0, 1, shape).astype(np.float32) * np.float32(size)


def write_file(writer: gguf.GGUFWriter) -> None:
    """Write what the writer was given, and close it."""
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
