"""What a GGUF file says of itself: read from its header, without llama.cpp, within bounds, from any file.

The format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from dataclasses import dataclass
from math import prod
from pathlib import Path
from typing import BinaryIO

from rookery_core.errors import ModelUnreadable

MAX_HEADER = 1 << 27
MAX_KEYS = 1 << 14
MAX_TENSORS = 1 << 17
MAX_DIMS = 8
MAX_KEPT = 4096
"""Longer strings and lists, such as vocabularies and chat templates, are passed over."""
_CHUNK = 1 << 20
_U32, _U64 = struct.Struct("<I"), struct.Struct("<Q")
_STRING, _ARRAY = 8, 9
_SCALARS = {
    n: struct.Struct(f"<{code}") for n, code in {**dict(enumerate("BbHhIif?")), 10: "Q", 11: "q", 12: "d"}.items()
}
_BLOCKS = {
    0: (1, 4), 1: (1, 2), 2: (32, 18), 3: (32, 20), 6: (32, 22), 7: (32, 24), 8: (32, 34), 10: (256, 84),
    11: (256, 110), 12: (256, 144), 13: (256, 176), 14: (256, 210), 15: (256, 292), 16: (256, 66), 17: (256, 74),
    18: (256, 98), 19: (256, 50), 20: (32, 18), 21: (256, 110), 22: (256, 82), 23: (256, 136), 24: (1, 1), 25: (1, 2),
    26: (1, 4), 27: (1, 8), 28: (1, 8), 29: (256, 56), 30: (1, 2), 34: (256, 54), 35: (256, 66), 39: (32, 17),
}  # fmt: skip
"""Of each tensor type: elements and bytes of a block (ggml.c, type_traits). One that is not here has no known size."""
_FORMATS = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1", 10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M",
    13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M", 16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS",
    21: "Q2_K_S", 22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M", 28: "IQ2_S",
    29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4",
}  # fmt: skip
"""Names of `general.file_type` (llama.h, enum llama_ftype)."""

Value = str | int | float | bool | tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Header:
    """What a GGUF file says of itself; 0 and "" where it does not say."""

    kind: str
    """model, adapter, and others that are no model"""
    architecture: str
    title: str
    licence: str
    format: str
    """How most of the weights are stored, such as Q4_K_M."""
    n_ctx: int
    """Tokens that it was trained for."""
    n_params: int
    kv_bytes: int
    """Memory that one token of the window takes: keys and values of all layers, in 16 bits."""
    n_files: int
    """Of how many files this is one."""
    n_bytes: int
    """What the file must have at least for all tensors to be in it."""


def read_header(path: Path) -> Header:
    """Read the header of a file. Raises ModelUnreadable: it cannot be read, is no GGUF, is damaged, or is cut off."""
    try:
        with path.open("rb") as stream:
            header = _header(_Pieces(stream))
        size = path.stat().st_size
    except OSError as exc:
        raise ModelUnreadable(f"{path} cannot be read: {exc.strerror}") from exc
    except _Broken as exc:
        raise ModelUnreadable(f"{path} {exc}") from exc
    if size < header.n_bytes:
        raise ModelUnreadable(f"{path} is cut off: it has {size:,} of {header.n_bytes:,} bytes; get it again")
    return header


class _Broken(Exception):
    """What is wrong with the file, to be put after its path."""


class _Pieces:
    """The beginning of a file, read as far as it is needed."""

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream
        self._data = bytearray()
        self.at = 0

    def take(self, n: int) -> bytes:
        """The next `n` bytes."""
        self._need(n)
        self.at += n
        return bytes(self._data[self.at - n : self.at])

    def u32(self) -> int:
        return int.from_bytes(self.take(4), "little")

    def u64(self) -> int:
        return int.from_bytes(self.take(8), "little")

    def text(self) -> str:
        return self.take(self.u64()).decode("utf-8", "replace")

    def skip(self, n: int) -> None:
        """Pass over `n` bytes."""
        self._need(n)
        self.at += n

    def skip_texts(self, n: int) -> None:
        """Pass over `n` strings; vocabularies have hundreds of thousands."""
        at, unpack = self.at, _U64.unpack_from
        for _ in range(n):
            if at + 8 > len(self._data):
                self.at = at
                self._need(8)
            (length,) = unpack(self._data, at)
            at += 8 + length
        self.at = at
        self._need(0)

    def _need(self, n: int) -> None:
        if self.at + n > MAX_HEADER:
            raise _Broken(f"is no usable GGUF file: its header would have more than {MAX_HEADER >> 20} MB")
        while len(self._data) < self.at + n:
            more = self._stream.read(max(_CHUNK, self.at + n - len(self._data)))
            if not more:
                raise _Broken("is a GGUF file that is cut off within its header; get it again")
            self._data += more


def _header(pieces: _Pieces) -> Header:
    try:
        magic = pieces.take(4)
    except _Broken:
        magic = b""
    if magic != b"GGUF":
        raise _Broken("is not a GGUF file")
    version = pieces.u32()
    if version not in (2, 3):
        other = "it is big-endian" if version and not version & 0xFFFF else f"it is of version {version}, not 2 or 3"
        raise _Broken(f"is a GGUF file that cannot be read here: {other}")
    n_tensors, n_keys = pieces.u64(), pieces.u64()
    if n_tensors > MAX_TENSORS or n_keys > MAX_KEYS:
        raise _Broken(f"is no usable GGUF file: it claims {n_tensors:,} tensors and {n_keys:,} keys")
    values = dict(_pair(pieces) for _ in range(n_keys))
    tensors = [_tensor(pieces) for _ in range(n_tensors)]
    alignment = _whole(values, "general.alignment") or 32
    begin = -(-pieces.at // alignment) * alignment
    return _said(
        values,
        n_params=sum(n_elements for n_elements, _ in tensors),
        n_bytes=max((begin + end for _, end in tensors), default=pieces.at),
    )


def _pair(pieces: _Pieces) -> tuple[str, Value]:
    key = pieces.text()
    return key, _value(pieces, pieces.u32(), key)


def _value(pieces: _Pieces, kind: int, key: str) -> Value:
    if kind in _SCALARS:
        (value,) = _SCALARS[kind].unpack(pieces.take(_SCALARS[kind].size))
        assert isinstance(value, int | float)
        return value
    if kind == _STRING:
        n = pieces.u64()
        if n <= MAX_KEPT:
            return pieces.take(n).decode("utf-8", "replace")
        pieces.skip(n)
        return ""
    if kind == _ARRAY:
        return _items(pieces, pieces.u32(), pieces.u64(), key)
    raise _Broken(f"is no usable GGUF file: {key[:60]!r} has a value of unknown kind {kind}")


def _items(pieces: _Pieces, kind: int, n: int, key: str) -> Value:
    if kind == _STRING:
        pieces.skip_texts(n)
    elif kind not in _SCALARS:
        raise _Broken(f"is no usable GGUF file: {key[:60]!r} is a list of unknown kind {kind}")
    elif n <= MAX_KEPT:
        numbers = struct.unpack(f"<{n}{_SCALARS[kind].format[1:]}", pieces.take(n * _SCALARS[kind].size))
        return tuple(int(number) for number in numbers if number == number and abs(number) < 1 << 63)
    else:
        pieces.skip(n * _SCALARS[kind].size)
    return ()


def _tensor(pieces: _Pieces) -> tuple[int, int]:
    """How many elements a tensor has, and where it ends after the beginning of the data."""
    name, n_dims = pieces.text(), pieces.u32()
    if n_dims > MAX_DIMS:
        raise _Broken(f"is no usable GGUF file: tensor {name[:60]!r} has {n_dims} dimensions")
    n_elements = prod(pieces.u64() for _ in range(n_dims))
    per_block, n_bytes = _BLOCKS.get(pieces.u32(), (1, 0))
    return n_elements, pieces.u64() + n_elements // per_block * n_bytes


def _said(values: Mapping[str, Value], n_params: int, n_bytes: int) -> Header:
    architecture = _word(values, "general.architecture")
    return Header(
        kind=_word(values, "general.type") or "model",
        architecture=architecture,
        title=_word(values, "general.name"),
        licence=_word(values, "general.license"),
        format=_FORMATS.get(_whole(values, "general.file_type"), "") if "general.file_type" in values else "",
        n_ctx=_whole(values, f"{architecture}.context_length"),
        n_params=n_params,
        kv_bytes=_kv_bytes(values, architecture),
        n_files=max(_whole(values, "split.count"), 1),
        n_bytes=n_bytes,
    )


def _kv_bytes(values: Mapping[str, Value], architecture: str) -> int:
    """Of one token; a model with windowed or recurrent layers needs less."""
    n_layers = _whole(values, f"{architecture}.block_count")
    n_heads = _whole(values, f"{architecture}.attention.head_count")
    kv_heads = values.get(f"{architecture}.attention.head_count_kv", n_heads)
    n_heads_of_all = sum(kv_heads) if isinstance(kv_heads, tuple) else _number(kv_heads) * n_layers
    each = _whole(values, f"{architecture}.embedding_length") // n_heads if n_heads else 0
    key = _whole(values, f"{architecture}.attention.key_length") or each
    value = _whole(values, f"{architecture}.attention.value_length") or each
    return n_heads_of_all * (key + value) * 2


def _whole(values: Mapping[str, Value], key: str) -> int:
    return _number(values.get(key, 0))


def _number(value: Value) -> int:
    return value if isinstance(value, int) and 0 <= value < 1 << 63 else 0


def _word(values: Mapping[str, Value], key: str) -> str:
    value = values.get(key, "")
    return value if isinstance(value, str) else ""
