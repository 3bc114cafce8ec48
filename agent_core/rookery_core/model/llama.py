"""llama.cpp's low-level API in Python's terms: contexts that hold many sequences of tokens.

Runs only in the models' processes: a wrong call here ends a process, not the program.
"""

from __future__ import annotations

import ctypes
import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from rookery_core.errors import ModelError, ModelUnreadable
from rookery_core.model.sampler import Logits
from rookery_core.model.weights import Weights, log

_NO_ROOM, _ABORTED = 1, 2


class Aborted(Exception):
    """Decoding was given up half-way because it was asked to."""


class NoRoom(ModelError):
    """The cells of the KV cache are all in use."""


class StopSign:
    """Tells llama.cpp to give up what it is decoding; raised from any thread.

    llama.cpp asks some hundred times for each token. So that no Python runs then, it asks C's own `strlen` about a
    string that is empty or is not.
    """

    def __init__(self) -> None:
        self._string = ctypes.create_string_buffer(2)
        library: Any = ctypes.CDLL(None) if os.name == "posix" else ctypes.cdll.msvcrt
        self.callback = ctypes.cast(library.strlen, llama_cpp.ggml_abort_callback)
        self.data = ctypes.cast(self._string, ctypes.c_void_p)

    def raise_(self) -> None:
        self._string[0] = b"x"

    def lower(self) -> None:
        self._string[0] = b"\0"


@dataclass(slots=True)
class Batch:
    """Tokens of several sequences, to be decoded at once."""

    tokens: list[int] = field(default_factory=list)
    positions: list[int] = field(default_factory=list)
    sequences: list[int] = field(default_factory=list)
    wanted: list[bool] = field(default_factory=list)
    """Whether the logits after this token are needed."""

    def add(self, sequence: int, start: int, tokens: Sequence[int], *, logits: bool) -> int:
        """Add tokens of a sequence from a position on; where their last one's logits will be, if they are wanted."""
        self.tokens.extend(tokens)
        self.positions.extend(range(start, start + len(tokens)))
        self.sequences.extend([sequence] * len(tokens))
        self.wanted.extend([False] * (len(tokens) - 1) + [logits])
        return len(self.tokens) - 1

    def __len__(self) -> int:
        return len(self.tokens)


@dataclass(frozen=True, slots=True)
class Shape:
    """What a context is made for."""

    n_ctx: int
    """Cells of the KV cache, shared by all sequences; one token of one sequence takes one, shared prefixes are free."""
    n_seq: int
    n_batch: int
    """Tokens decoded at once."""
    n_threads: int
    n_threads_batch: int


class Context:
    """The KV cache of some sequences, and what decodes into it."""

    def __init__(
        self,
        weights: Weights,
        shape: Shape,
        *,
        stop: StopSign | None = None,
        adapter: Any = None,
        embeddings: bool = False,
    ) -> None:
        """`stop` ends a batch that is being decoded. Raises ModelUnreadable when there is no memory for it."""
        self.weights = weights
        self.n_batch = shape.n_batch
        log().clear()
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = shape.n_ctx
        params.n_seq_max = shape.n_seq
        params.n_batch = params.n_ubatch = shape.n_batch
        params.n_threads = shape.n_threads
        params.n_threads_batch = shape.n_threads_batch
        params.kv_unified = True
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.embeddings = embeddings
        params.no_perf = True
        self._stop = stop  # llama.cpp keeps only its address
        if stop is not None:
            params.abort_callback, params.abort_callback_data = stop.callback, stop.data
        self._context = llama_cpp.llama_init_from_model(weights.model, params)
        if not self._context:
            raise ModelUnreadable(
                f"{weights.path}: no context of {shape.n_ctx} tokens can be made: {log().first_error}. "
                "Set a smaller model.n_ctx or model.cache_mb, or choose a smaller model."
            )
        if adapter is not None:
            adapters = (llama_cpp.llama_adapter_lora_p_ctypes * 1)(adapter)
            llama_cpp.llama_set_adapters_lora(self._context, adapters, 1, (ctypes.c_float * 1)(1.0))
        self._memory = llama_cpp.llama_get_memory(self._context)
        self.n_ctx: int = llama_cpp.llama_n_ctx(self._context)
        self._tokens = np.zeros(shape.n_batch, np.int32)
        self._positions = np.zeros(shape.n_batch, np.int32)
        self._sequences = np.zeros(shape.n_batch, np.int32)
        self._wanted = np.zeros(shape.n_batch, np.int8)
        self._ones = np.ones(shape.n_batch, np.int32)
        first = self._sequences.ctypes.data
        self._pointers = first + np.arange(shape.n_batch, dtype=np.uintp) * self._sequences.itemsize
        self._batch = self._made_batch()

    def set_threads(self, n: int, n_batch: int) -> None:
        """Use so many threads for single tokens, and for more than one."""
        llama_cpp.llama_set_n_threads(self._context, n, n_batch)

    def decode(self, batch: Batch) -> None:
        """Decode at most `n_batch` tokens. Raises Aborted, NoRoom, ModelError; of a failed batch nothing is kept."""
        n = len(batch)
        self._tokens[:n] = batch.tokens
        self._positions[:n] = batch.positions
        self._sequences[:n] = batch.sequences
        self._wanted[:n] = batch.wanted
        log().clear()
        self._batch.n_tokens = n
        code = llama_cpp.llama_decode(self._context, self._batch)
        if code == 0:
            return
        for sequence in set(batch.sequences):
            start = min(p for s, p in zip(batch.sequences, batch.positions, strict=True) if s == sequence)
            self.cut(sequence, start)
        if code == _ABORTED:
            raise Aborted
        if code == _NO_ROOM:
            raise NoRoom
        raise ModelError(f"llama.cpp could not decode (code {code}): {log().first_error}")

    def logits(self, index: int) -> Logits:
        """The logits after a token of the last batch, where they were wanted; valid until the next batch."""
        row = llama_cpp.llama_get_logits_ith(self._context, index)
        return np.ctypeslib.as_array(row, shape=(self.weights.n_vocab,))

    def embedding(self, sequence: int) -> NDArray[np.float32]:
        """The pooled embedding of a sequence of the last batch; the mean of its tokens must be pooled by the model."""
        row = llama_cpp.llama_get_embeddings_seq(self._context, sequence)
        if not row:
            raise ModelError(f"{self.weights.path} gives no embedding of a whole text; it is no embedding model")
        return np.ctypeslib.as_array(row, shape=(self.weights.n_embd,)).copy()

    def length(self, sequence: int) -> int:
        """Tokens that the sequence holds."""
        return int(llama_cpp.llama_memory_seq_pos_max(self._memory, sequence)) + 1

    def copy(self, source: int, target: int, n: int) -> None:
        """Let an empty sequence share the first n tokens of another."""
        self.copy_range(source, target, 0, n)

    def copy_range(self, source: int, target: int, start: int, end: int) -> None:
        """Let a sequence share some tokens of another, at the same positions."""
        llama_cpp.llama_memory_seq_cp(self._memory, source, target, start, end)

    def cut(self, sequence: int, n: int) -> int:
        """Keep the first n tokens; what is really kept, which is none where the model's memory cannot be cut."""
        if self.length(sequence) <= n:
            return n
        if llama_cpp.llama_memory_seq_rm(self._memory, sequence, n, -1):
            return n
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)
        return 0

    def drop(self, sequence: int) -> None:
        """Forget a sequence."""
        llama_cpp.llama_memory_seq_rm(self._memory, sequence, -1, -1)

    def state_size(self, sequence: int) -> int:
        """Bytes that `save` would return."""
        return int(llama_cpp.llama_state_seq_get_size(self._context, sequence))

    def save(self, sequence: int) -> NDArray[np.uint8]:
        """A sequence's part of the cache, for `restore`."""
        state = np.empty(self.state_size(sequence), np.uint8)
        n = llama_cpp.llama_state_seq_get_data(self._context, _bytes_at(state), state.size, sequence)
        return state[:n]

    def restore(self, sequence: int, state: NDArray[np.uint8]) -> bool:
        """Fill an empty sequence with what was saved of one; False when it does not fit, and it is empty then."""
        if llama_cpp.llama_state_seq_set_data(self._context, _bytes_at(state), state.size, sequence):
            return True
        self.drop(sequence)
        return False

    def close(self) -> None:
        """Give the memory back."""
        llama_cpp.llama_free(self._context)

    def _made_batch(self) -> Any:
        """llama.cpp's batch over our own arrays; only its number of tokens changes."""
        made: Any = llama_cpp.llama_batch()
        made.token = self._tokens.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_token))
        made.pos = self._positions.ctypes.data_as(ctypes.POINTER(llama_cpp.llama_pos))
        made.n_seq_id = self._ones.ctypes.data_as(ctypes.POINTER(ctypes.c_int32))
        made.seq_id = self._pointers.ctypes.data_as(ctypes.POINTER(ctypes.POINTER(llama_cpp.llama_seq_id)))
        made.logits = self._wanted.ctypes.data_as(ctypes.POINTER(ctypes.c_int8))
        return made


def _bytes_at(array: NDArray[np.uint8]) -> Any:
    return array.ctypes.data_as(ctypes.POINTER(ctypes.c_uint8))
