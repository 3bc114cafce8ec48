"""What the benchmarks share: the engine, its peers on the same file, and how two ways of doing a thing are compared.

Both sides run on one thread, and the CPU time of the process is what counts, so that a busy neighbour counts little.
"""

from __future__ import annotations

import contextlib
import ctypes
import itertools
import random
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path
from typing import Any

import llama_cpp
import numpy as np
from llama_cpp import Llama

from rookery_core.model.base import LoadOptions, Sampling
from rookery_core.model.engine import Engine
from rookery_core.model.generation import Generation
from rookery_core.model.registry import find
from rookery_core.paths import Paths
from rookery_core.usage import Usage

N_CTX = 8192
N_BATCH = 512


class Skipped(Exception):
    """Something that the benchmark needs is not there."""


# -- comparing ------------------------------------------------------------------------------------------------------


def cpu_s(work: Callable[[], object]) -> float:
    """CPU seconds of this process that the work takes, over all its threads."""
    began = time.process_time()
    work()
    return time.process_time() - began


@dataclass
class Pairs:
    """Two sides measured in turns, so that both see the same machine."""

    ours: list[float] = field(default_factory=list)
    theirs: list[float] = field(default_factory=list)

    def add(self, ours: float, theirs: float) -> None:
        self.ours.append(ours)
        self.theirs.append(theirs)

    @property
    def ratios(self) -> list[float]:
        return [ours / theirs for ours, theirs in zip(self.ours, self.theirs, strict=True)]

    def brief(self, name: str) -> str:
        """The median of the ratios alone; nothing where nothing was measured."""
        return f"{statistics.median(self.ratios):.3f} {name}" if self.ours else ""

    def result(self, unit: str, scale: float = 1.0, more: str = "") -> tuple[float, str]:
        """The median of the ratios, and what it is made of; `scale` takes seconds to the unit."""
        ours, theirs = (statistics.median(side) * scale for side in (self.ours, self.theirs))
        detail = f"{ours:.3g} against {theirs:.3g} {unit}, {len(self.ours)} times, {min(self.ratios):.3f} to "
        return statistics.median(self.ratios), f"{detail}{max(self.ratios):.3f}{more and f'; {more}'}"


def percentile(values: Sequence[float], share: float) -> float:
    return float(np.quantile(np.array(values), share))


# -- texts ----------------------------------------------------------------------------------------------------------

_NAMES = ("Anna", "Boris", "Clara", "David", "Elif", "Farid", "Greta", "Hugo", "Ines", "Jonas", "Karin", "Luca")
_DOES = ("sold", "bought", "carried", "counted", "lost", "found", "weighed", "promised", "returned", "borrowed")
_WHAT = ("apples", "jars of honey", "old books", "letters", "wooden chairs", "lamps", "sacks of flour", "bells")
_WHERE = ("at the market", "near the harbour", "in the old mill", "behind the church", "by the river", "on the hill")


def prose(seed: int) -> Iterator[str]:
    """Plain sentences without end, other ones for each seed."""
    chance = random.Random(seed)
    while True:
        name, does, what, where = (chance.choice(words) for words in (_NAMES, _DOES, _WHAT, _WHERE))
        yield f"{name} {does} {chance.randint(2, 99)} {what} {where}. "


def text_tokens(engine: Engine, n: int, seed: int) -> list[int]:
    """So many tokens of prose."""
    made: list[int] = []
    for sentence in prose(seed):
        made.extend(engine._weights.tokenize(sentence, False))
        if len(made) >= n:
            break
    return made[:n]


# -- the engine -----------------------------------------------------------------------------------------------------


def default_model() -> Path:
    """The default model's file."""
    with tempfile.TemporaryDirectory() as home:
        return find("smollm2", Paths.find({"ROOKERY_HOME": home})).path


def load_options(**more: Any) -> LoadOptions:
    """As the program loads its model, on one thread."""
    return LoadOptions(str(default_model()), N_CTX, 1, 1, **{"park_bytes": 512 << 20, **more})


@lru_cache(maxsize=1)
def _expanded_folder() -> tempfile.TemporaryDirectory[str]:
    return tempfile.TemporaryDirectory(prefix="rookery-benchmarks-")


@contextlib.contextmanager
def an_expanded_engine() -> Iterator[Engine]:
    """The engine as the program loads it where that pays: the same weights once more in a wider format, to read."""
    with an_engine(expanded=_expanded_folder().name) as engine:
        if not engine.notes:
            raise Skipped("expanded weights are of no use on this machine, or there is no memory for them")
        yield engine


def also_expanded(stack: contextlib.ExitStack) -> Engine | None:
    """That engine beside another one; None where it is of no use."""
    try:
        return stack.enter_context(an_expanded_engine())
    except Skipped:
        return None


@contextlib.contextmanager
def an_engine(**more: Any) -> Iterator[Engine]:
    engine = Engine(load_options(**more))
    try:
        yield engine
    finally:
        engine.close()


@dataclass
class Ear:
    """Hears what comes of a request."""

    text: str = ""
    stop: str = ""
    usage: Usage = field(default_factory=Usage)
    request: Generation | None = None

    def reading(self, done: int, total: int) -> None:
        return None

    def said(self, text: str) -> None:
        self.text += text

    def ended(self, stop: str, usage: Usage) -> None:
        self.stop, self.usage = stop, usage

    def failed(self, error: Exception) -> None:
        raise error

    @property
    def tokens(self) -> list[int]:
        """What was written."""
        assert self.request is not None
        return self.request.written


def submit(engine: Engine, prompt: Sequence[int], n: int, *, grammar: str | None = None, **sampling: Any) -> Ear:
    """Make a request for at most n tokens, greedy unless said."""
    ear = Ear()
    engine.submit(prompt, Sampling(**{"max_tokens": n, **sampling}), grammar, ear)
    ear.request = engine._waiting[-1]
    return ear


def finish(engine: Engine) -> None:
    while engine.busy:
        engine.step()


def ask(engine: Engine, prompt: Sequence[int], n: int, **more: Any) -> Ear:
    """A request from beginning to end."""
    ear = submit(engine, prompt, n, **more)
    finish(engine)
    return ear


# -- its peers ------------------------------------------------------------------------------------------------------


class Bare:
    """The least that writes tokens: `llama_decode`, llama.cpp's greedy sampler, one sequence, the engine's settings."""

    def __init__(self) -> None:
        self._model = llama_cpp.llama_model_load_from_file(
            str(default_model()).encode(), llama_cpp.llama_model_default_params()
        )
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = N_CTX
        params.n_batch = params.n_ubatch = N_BATCH
        params.n_threads = params.n_threads_batch = 1
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.no_perf = True
        self._context = llama_cpp.llama_init_from_model(self._model, params)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self._greedy = llama_cpp.llama_sampler_init_greedy()
        self._room = (llama_cpp.llama_token * N_BATCH)()

    def read(self, tokens: Sequence[int]) -> None:
        """Go on with these tokens."""
        for start in range(0, len(tokens), N_BATCH):
            piece = tokens[start : start + N_BATCH]
            self._room[: len(piece)] = list(piece)
            assert llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(self._room, len(piece))) == 0

    def choose(self) -> int:
        return int(llama_cpp.llama_sampler_sample(self._greedy, self._context, -1))

    def steps(self, last: int) -> Iterator[int]:
        """Write one token after the other after the prompt's last one, without end."""
        token = ctypes.c_int32(last)
        batch = llama_cpp.llama_batch_get_one(ctypes.cast(ctypes.byref(token), ctypes.POINTER(ctypes.c_int32)), 1)
        while True:
            assert llama_cpp.llama_decode(self._context, batch) == 0
            token.value = self.choose()
            yield token.value

    def write(self, last: int, n: int) -> list[int]:
        """Write n tokens after the prompt's last one."""
        return list(itertools.islice(self.steps(last), n))

    def repeat(self, last: int, tokens: Sequence[int]) -> None:
        """Write these very tokens after the prompt's last one, choosing one each time all the same."""
        for token in (last, *tokens[:-1]):
            self._room[0] = token
            assert llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(self._room, 1)) == 0
            self.choose()

    def keep(self, n: int) -> None:
        """Forget all but the first n tokens."""
        llama_cpp.llama_memory_seq_rm(self._memory, 0, n, -1)

    def close(self) -> None:
        llama_cpp.llama_sampler_free(self._greedy)
        llama_cpp.llama_free(self._context)
        llama_cpp.llama_model_free(self._model)


@contextlib.contextmanager
def a_bare_loop() -> Iterator[Bare]:
    bare = Bare()
    try:
        yield bare
    finally:
        bare.close()


@contextlib.contextmanager
def a_llama() -> Iterator[Llama]:
    """llama-cpp-python's own object, which goes on with its one sequence where a prompt begins like the last one."""
    llama = Llama(
        str(default_model()), n_ctx=N_CTX, n_batch=N_BATCH, n_threads=1, n_threads_batch=1, verbose=False, no_perf=True
    )
    try:
        yield llama
    finally:
        llama.close()


def complete(llama: Llama, prompt: Sequence[int], n: int) -> str:
    """At most n tokens, greedy."""
    made: Any = llama.create_completion(list(prompt), max_tokens=n, temperature=0.0)
    return str(made["choices"][0]["text"])
