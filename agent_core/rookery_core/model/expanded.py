"""The same weights in two formats: a wider one reads prompts faster, the installed one writes single tokens faster.

Some quantised formats have no fast kernel for reading. Their weights are expanded once to one that this CPU reads fast,
which changes little but the rounding of products; the KV cache of the one is good for the other, and is moved over in
milliseconds.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import math
import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from numpy.typing import NDArray

from rookery_core.errors import ModelError, ModelUnreadable
from rookery_core.model.llama import Batch, Context, NoRoom, Shape, StopSign
from rookery_core.model.prefix import State
from rookery_core.model.sampler import Logits
from rookery_core.model.saved import fingerprint
from rookery_core.model.weights import Weights
from rookery_core.paths import private_folder


@dataclass(frozen=True, slots=True)
class Format:
    """What weights are expanded to."""

    name: str
    ftype: int
    """llama.cpp's number of it (`llama_ftype`)."""
    bits: float
    """Of a weight."""


FORMATS = {
    "AVX512_BF16": Format("BF16", llama_cpp.LLAMA_FTYPE_MOSTLY_BF16, 16),
    "AVX2": Format("Q8_0", llama_cpp.LLAMA_FTYPE_MOSTLY_Q8_0, 8.5),
}
"""By what a CPU has to have for it to be fast, the best first."""
SLOW_FORMATS = {
    llama_cpp.LLAMA_FTYPE_MOSTLY_Q4_1,
    llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_0,
    llama_cpp.LLAMA_FTYPE_MOSTLY_Q5_1,
}
"""Formats that llama.cpp reads prompts with no faster than it writes."""
MAX_BYTES = 1 << 29
MAX_KL = 0.01
FEW = 2
"""As many tokens of one sequence are still decoded faster by the installed weights."""
_SAMPLE = (
    "The tide table for Tuesday shows high water at 06:12 and 18:41, so the ferry leaves the quay at half past five. "
    "Anna wrote the numbers down: 17 crates, 4 barrels, and 1 letter for the harbour master. "
    'Thought: I will look it up.\nAction: read_file\nInput: {"path": "notes/plan.md", "max_bytes": 4000}\n'
    "def mean(values):\n    return sum(values) / len(values)\n"
    "Water boils at 100 degrees Celsius at sea level, and at a lower temperature on a mountain, because the air "
    "presses less. Is that the same in every country? Yes; only the unit that people use for it differs."
)


@dataclass(frozen=True, slots=True)
class Expanded:
    """Expanded weights on disk, and how far their output is from the installed ones'."""

    path: Path
    format: Format
    kl: float
    """Kullback-Leibler divergence of the next token, in nats, the mean over a sample text."""


def suits(weights: Weights) -> Format | None:
    """What expanding is worth it to: for a slow format, a small model, memory to spare, and as the CPU is."""
    info = llama_cpp.llama_print_system_info().decode()
    format = next((format for word, format in FORMATS.items() if f" {word} = 1 " in f" {info} "), None)
    if format is None or weights.file_type not in SLOW_FORMATS or weights.recurrent:
        return None
    if llama_cpp.llama_supports_gpu_offload():  # a GPU reads any format fast
        return None
    n_bytes = weights.n_params * format.bits / 8
    return format if n_bytes <= MAX_BYTES and _spare_memory() >= 4 * n_bytes else None


def _spare_memory() -> float:
    """Bytes that programs could still have; endless where the system does not say."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return math.inf
    return next((float(line.split()[1]) * 1024 for line in lines if line.startswith("MemAvailable:")), math.inf)


def expand(weights: Weights, format: Format, folder: Path, n_threads: int) -> Expanded | None:
    """The expanded weights, made the first time; None when that fails or their output is too far off.

    The file that was installed is only read.
    """
    made_of = fingerprint(llama_cpp.__version__, files=[weights.path])
    path = folder / f"{weights.path.stem}-{made_of}.{format.name.lower()}.gguf"
    measured = path.with_suffix(".json")
    try:
        if not measured.exists():
            private_folder(folder)
            for old in folder.glob(f"{weights.path.stem}-*.{format.name.lower()}.gguf"):
                forget(old)
            _write(weights.path, path, format, n_threads)
            part = measured.with_suffix(f".{os.getpid()}.part")
            part.write_text(json.dumps({"kl": divergence(weights, path, n_threads)}))
            os.replace(part, measured)
        kl = float(json.loads(measured.read_text())["kl"])
        if kl > MAX_KL:
            path.unlink(missing_ok=True)  # the measurement stays, so that it is not made again
            return None
        if not path.exists():
            _write(weights.path, path, format, n_threads)
    except (OSError, ValueError, KeyError, RuntimeError, ModelError):
        forget(path)
        return None
    return Expanded(path, format, kl)


def forget(path: Path) -> None:
    """Delete expanded weights, so that they are made anew next time."""
    with contextlib.suppress(OSError):
        path.unlink(missing_ok=True)
        path.with_suffix(".json").unlink(missing_ok=True)


def _write(source: Path, target: Path, format: Format, n_threads: int) -> None:
    params = llama_cpp.llama_model_quantize_default_params()
    params.ftype = format.ftype
    params.allow_requantize = True
    params.nthread = n_threads
    part = target.with_suffix(f".{os.getpid()}.part")
    try:
        if llama_cpp.llama_model_quantize(str(source).encode(), str(part).encode(), ctypes.byref(params)):
            raise RuntimeError(f"{source} could not be expanded")
        os.replace(part, target)
    finally:
        part.unlink(missing_ok=True)


def divergence(weights: Weights, other: Path, n_threads: int, text: str = _SAMPLE) -> float:
    """Mean KL divergence, in nats, of the other file's next-token distribution from that of these weights."""
    tokens = weights.tokenize(text, False)
    expanded = Weights(other)
    truth, made = (_distributions(each, tokens, n_threads) for each in (weights, expanded))
    expanded.close()
    return float((np.exp(truth) * (truth - made)).sum(axis=1).mean())


def _distributions(weights: Weights, tokens: tuple[int, ...], n_threads: int) -> NDArray[np.float64]:
    """Log-probabilities after each token."""
    context = Context(weights, Shape(len(tokens) + 8, 1, len(tokens), n_threads, n_threads))
    batch = Batch()
    batch.add(0, 0, tokens, logits=True)
    batch.wanted = [True] * len(tokens)
    context.decode(batch)
    rows = np.stack([context.logits(n) for n in range(len(tokens))]).astype(np.float64)
    context.close()
    made: NDArray[np.float64] = rows - np.logaddexp.reduce(rows, axis=1, keepdims=True)
    return made


class Pair:
    """Two contexts that are used as one (`llama.Context`): one reads, the other writes single tokens.

    The reading one holds every sequence. The writing one holds one of them, and may be ahead of the other.
    """

    def __init__(self, reading: Context, writing: Context, spare: int) -> None:
        """`spare` is the number of a sequence in both that nobody else uses."""
        self.n_ctx = min(reading.n_ctx, writing.n_ctx)
        self.n_batch = reading.n_batch
        self._reading = reading
        self._writing = writing
        self._spare = spare
        self._written: int | None = None
        self._last = reading

    def decode(self, batch: Batch) -> None:
        """As `Context.decode`."""
        first = batch.sequences[0]
        if len(batch) <= FEW and all(sequence == first for sequence in batch.sequences):
            self._last = self._writing if self._hand_over(first, batch.positions[0]) else self._reading
        else:
            self._last = self._reading
        if self._last is self._reading:
            self._take_back()
        self._last.decode(batch)

    def logits(self, index: int) -> Logits:
        return self._last.logits(index)

    def length(self, sequence: int) -> int:
        n = self._reading.length(sequence)
        return max(n, self._writing.length(sequence)) if sequence == self._written else n

    def copy(self, source: int, target: int, n: int) -> None:
        if source == self._written:
            self._take_back()
        self._reading.copy(source, target, n)

    def cut(self, sequence: int, n: int) -> int:
        if sequence == self._written:
            self._writing.cut(sequence, n)
        return self._reading.cut(sequence, n)

    def drop(self, sequence: int) -> None:
        if sequence == self._written:
            self._writing.drop(sequence)
            self._written = None
        self._reading.drop(sequence)

    def save(self, sequence: int) -> State:
        if sequence == self._written:
            self._take_back()
        return self._reading.save(sequence)

    def restore(self, sequence: int, state: State) -> bool:
        return self._reading.restore(sequence, state)

    @property
    def n_bytes(self) -> int:
        """Memory of the expanded weights."""
        return self._reading.weights.n_bytes

    def close(self) -> None:
        """Give the memory back, that of the expanded weights included."""
        _close(self._reading)
        self._writing.close()

    def _hand_over(self, sequence: int, n: int) -> bool:
        """Let the writing context hold the first n tokens of this sequence and of no other; False if it cannot."""
        if sequence != self._written:
            if self._written is not None:
                self._take_back()
                self._writing.drop(self._written)
            self._written = sequence
        have = self._writing.length(sequence)
        return have >= n or _move(self._reading, self._writing, sequence, have, n, self._spare)

    def _take_back(self) -> None:
        """Let the reading context hold all that the writing one does."""
        if self._written is None:
            return
        have, end = self._reading.length(self._written), self._writing.length(self._written)
        if have < end and not _move(self._writing, self._reading, self._written, have, end, self._spare):
            raise NoRoom


def _move(source: Context, target: Context, sequence: int, start: int, end: int, spare: int) -> bool:
    """Copy a range of a sequence's cells from one context to the other."""
    source.copy_range(sequence, spare, start, end)
    state = source.save(spare)
    source.drop(spare)
    if not target.restore(spare, state):
        return False
    target.copy_range(spare, sequence, start, end)
    target.drop(spare)
    return True


def open_pair(weights: Weights, lora: Any, path: Path, adapter: Path | None, shape: Shape, stop: StopSign) -> Pair:
    """Both contexts, made at the same time, with one sequence more than asked for. Raises ModelUnreadable.

    `lora` is the adapter loaded for the installed weights, `adapter` its file.
    """
    wider = replace(shape, n_seq=shape.n_seq + 1)

    def read() -> Context:
        try:
            expanded = Weights(path)
        except ModelUnreadable:
            forget(path)
            raise
        try:
            return Context(expanded, wider, stop=stop, adapter=expanded.load_adapter(adapter) if adapter else None)
        except ModelUnreadable:
            expanded.close()
            raise

    with ThreadPoolExecutor(1) as pool:
        reading = pool.submit(read)
        try:
            writing = Context(weights, wider, stop=stop, adapter=lora)
        except ModelUnreadable:
            if reading.exception() is None:
                _close(reading.result())
            raise
    try:
        return Pair(reading.result(), writing, spare=shape.n_seq)
    except ModelUnreadable:
        writing.close()
        raise


def _close(reading: Context) -> None:
    reading.close()
    reading.weights.close()
