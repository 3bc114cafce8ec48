"""What was read before is not read again: sequences of the KV cache, kept and shared by the prefix of their tokens.

Three tiers: sequences in the cells of the KV cache, which share the cells of a common prefix; states parked in memory;
states saved to disk. The least recently used leaves a tier when its room is needed. Knows no requests and no grammar.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

Tokens = NDArray[np.int32]
State = NDArray[np.uint8]

TAKEN_OVER = 32
"""A kept sequence that holds at most this many tokens beyond the shared ones is gone on with, and not copied."""
IDLE_CELLS = 128
"""Idle sequences may keep this many cells of their own; attention walks over every cell in use."""
PATIENCE = 32
"""Batches until one leaves that shares most of its cells; parking it costs as much as walking over it so often."""
WORTH_KEEPING = 64
"""A state that knows fewer tokens than this more than the others do is read anew when it is needed."""


class Cells(Protocol):
    """The KV cache, as much of it as is needed here (`llama.Context`)."""

    n_ctx: int

    def copy(self, source: int, target: int, n: int) -> None: ...
    def cut(self, sequence: int, n: int) -> int: ...
    def drop(self, sequence: int) -> None: ...
    def save(self, sequence: int) -> State: ...
    def restore(self, sequence: int, state: State) -> bool: ...


class Disk(Protocol):
    """States that outlive the process (`saved.SavedStates`)."""

    def entries(self) -> Iterable[Saved]: ...
    def load(self, saved: Saved) -> State | None: ...
    def save(self, tokens: Tokens, state: State, age: int = 0) -> None: ...


@dataclass(frozen=True, slots=True, eq=False)
class Saved:
    """A state on disk."""

    tokens: Tokens
    path: Path

    @property
    def n(self) -> int:
        return len(self.tokens)


@dataclass(slots=True, eq=False)
class Parked:
    """A state in memory, out of the cells."""

    tokens: Tokens
    state: State
    used: int

    @property
    def n(self) -> int:
        return len(self.tokens)


class Held:
    """A sequence in the cells; `busy` while a request reads or writes in it."""

    def __init__(self, number: int, capacity: int) -> None:
        self.number = number
        self.busy = False
        self.room = 0
        """Tokens it may grow to while it is busy."""
        self.used = 0
        self.idle_since = 0
        """The batch after which it was no longer busy."""
        self.n = 0
        self._tokens = np.empty(capacity, np.int32)
        self._cells = np.empty(capacity, np.int64)

    @property
    def tokens(self) -> Tokens:
        return self._tokens[: self.n]

    @property
    def cells(self) -> NDArray[np.int64]:
        """A name for each cell; sequences that share a cell have its name in common."""
        return self._cells[: self.n]

    def extend(self, tokens: Sequence[int] | Tokens, cells: NDArray[np.int64]) -> None:
        end = self.n + len(tokens)
        self._tokens[self.n : end] = tokens
        self._cells[self.n : end] = cells
        self.n = end


Source = Held | Parked | Saved


class PrefixCache:
    """The sequences of one context."""

    def __init__(
        self, cells: Cells, *, n_seq: int, park_bytes: int, recurrent: bool = False, disk: Disk | None = None
    ) -> None:
        """`recurrent`: a sequence can only be gone on with at its very end."""
        self._kv = cells
        self._park_bytes = park_bytes
        self._recurrent = recurrent
        self._disk = disk
        self._numbers = list(range(n_seq))[::-1]
        self._uses = itertools.count(1)
        self._named = 0
        self._batches = 0
        self.held: list[Held] = []
        self.parked: list[Parked] = []

    def known(self, prompt: Tokens) -> int:
        """How many tokens of the prompt need not be read; the last one always is, since its logits are needed."""
        return self._best(prompt)[0]

    def take(self, prompt: Tokens, room: int) -> Held | None:
        """A busy sequence with as much of the prompt as is known, and cells to grow to `room` tokens; None: not now.

        Only sequences that are busy can be in the way; idle ones give up their place, the least recently used first.
        """
        n, source = self._best(prompt)
        taken: Held | None = None
        if isinstance(source, Held):
            taken = self._go_on(source, n, room) if self._may_take_over(source, n) else self._branch(source, n, room)
        elif source is not None:
            taken = self._bring_back(source, n, room)
        if taken is None:
            taken = self._empty(room)
        if taken is None:
            return None
        taken.busy, taken.room, taken.used = True, room, next(self._uses)
        self._thin_out(lambda held: self._own(held) >= held.n // 8)
        return taken

    def tick(self) -> None:
        """A batch was decoded."""
        self._batches += 1
        if self._batches % PATIENCE == 0:
            self._thin_out(lambda held: held.idle_since <= self._batches - PATIENCE)

    def extend(self, held: Held, tokens: Sequence[int]) -> None:
        """These tokens were decoded into the sequence."""
        held.extend(tokens, np.arange(self._named, self._named + len(tokens), dtype=np.int64))
        self._named += len(tokens)

    def release(self, held: Held) -> None:
        """The request is done with it; what it holds stays known."""
        held.busy, held.used, held.idle_since = False, next(self._uses), self._batches

    def clear_idle(self) -> bool:
        """Let every idle sequence leave the cells; False when there was none."""
        idle = [held for held in self.held if not held.busy]
        for held in idle:
            self._leave(held)
        return bool(idle)

    def worth_saving(self) -> Iterator[tuple[Tokens, State]]:
        """What is known here and not on disk, the last used first."""
        on_disk: list[Tokens] = [saved.tokens for saved in self._disk.entries()] if self._disk else []
        for source in sorted(self._here(), key=lambda source: source.used, reverse=True):
            if source.n - max((shared(source.tokens, other) for other in on_disk), default=0) >= WORTH_KEEPING:
                on_disk.append(source.tokens)
                yield source.tokens, source.state if isinstance(source, Parked) else self._kv.save(source.number)

    def _here(self) -> list[Held | Parked]:
        return [*self.held, *self.parked]

    # -- what is known ------------------------------------------------------------------------------------------

    def _best(self, prompt: Tokens) -> tuple[int, Source | None]:
        """The most that one source knows of the prompt; what is in the cells is preferred, then what is in memory."""
        best: tuple[int, Source | None] = (0, None)
        saved = self._disk.entries() if self._disk else ()
        for source in itertools.chain[Source](self.held, self.parked, saved):
            n = min(shared(source.tokens, prompt), len(prompt) - 1)
            if self._recurrent and n < source.n:
                continue
            if n >= best[0] + (1 if isinstance(source, Held) else WORTH_KEEPING):
                best = (n, source)
        return best

    # -- a sequence for a request -------------------------------------------------------------------------------

    def _may_take_over(self, source: Held, n: int) -> bool:
        return not source.busy and (source.n - n <= TAKEN_OVER or self._known_elsewhere(source) >= source.n)

    def _go_on(self, source: Held, n: int, room: int) -> Held | None:
        source.n = self._kv.cut(source.number, n)
        return source if self._make_room(room - source.n, keep=source) else None

    def _branch(self, source: Held, n: int, room: int) -> Held | None:
        if not self._make_room(room - n, keep=source, number=True):
            if source.busy:
                return None
            self._park(source)
            return self._go_on(source, n, room)
        made = self._new()
        self._kv.copy(source.number, made.number, n)
        made.extend(source.tokens[:n], source.cells[:n])
        return made

    def _bring_back(self, source: Parked | Saved, n: int, room: int) -> Held | None:
        if isinstance(source, Parked):
            self.parked.remove(source)  # so that it is not forgotten to make room for itself
            state: State | None = source.state
        else:
            state = self._disk.load(source) if self._disk is not None else None
        made: Held | None = None
        if state is not None and self._make_room(max(room, source.n), number=True):
            made = self._new()
            if self._kv.restore(made.number, state):
                self.extend(made, list(source.tokens))
                made.n = self._kv.cut(made.number, n)
            else:
                self._forget(made)
                made = None
        if isinstance(source, Parked) and (made is None or source.n - n > TAKEN_OVER):
            self.parked.append(source)
        return made

    def _empty(self, room: int) -> Held | None:
        return self._new() if self._make_room(room, number=True) else None

    def _new(self) -> Held:
        made = Held(self._numbers.pop(), self._kv.n_ctx)
        self.held.append(made)
        return made

    # -- room ---------------------------------------------------------------------------------------------------

    def _make_room(self, extra: int, *, keep: Held | None = None, number: bool = False) -> bool:
        """Let idle sequences leave until so many more cells, and the number of a sequence, are free."""
        while (number and not self._numbers) or self._count(self.held) + self._promised() + extra > self._kv.n_ctx:
            idle = [held for held in self.held if not held.busy and held is not keep]
            if not idle:
                return False
            self._leave(min(idle, key=lambda held: held.used))
        return True

    def _promised(self) -> int:
        return sum(max(held.room - held.n, 0) for held in self.held if held.busy)

    def _thin_out(self, may_leave: Callable[[Held], bool]) -> None:
        """Let idle sequences leave, oldest first, until those that are left have few cells of their own."""
        busy = self._count([held for held in self.held if held.busy])
        for held in sorted((held for held in self.held if not held.busy), key=lambda held: held.used):
            if self._count(self.held) - busy <= IDLE_CELLS:
                return
            if may_leave(held):
                self._leave(held)

    def _own(self, held: Held) -> int:
        """Cells that nobody else uses."""
        return self._count(self.held) - self._count([other for other in self.held if other is not held])

    def _leave(self, held: Held) -> None:
        self._park(held)
        self._forget(held)

    def _park(self, held: Held) -> None:
        """Keep its state in memory, if it knows enough that nobody else does."""
        if held.n - self._known_elsewhere(held) >= WORTH_KEEPING:
            self.parked.append(Parked(held.tokens.copy(), self._kv.save(held.number), held.used))
        while self.parked and sum(parked.state.nbytes for parked in self.parked) > self._park_bytes:
            oldest = min(self.parked, key=lambda parked: parked.used)
            self.parked.remove(oldest)
            if self._disk is not None:
                self._disk.save(oldest.tokens, oldest.state)

    def _forget(self, held: Held) -> None:
        self._kv.drop(held.number)
        self.held.remove(held)
        self._numbers.append(held.number)

    def _known_elsewhere(self, held: Held) -> int:
        others = [source for source in self._here() if source is not held]
        return max((shared(held.tokens, source.tokens) for source in others), default=0)

    @staticmethod
    def _count(several: Sequence[Held]) -> int:
        """Cells in use by any of these sequences."""
        if len(several) < 2:
            return sum(held.n for held in several)
        return len(np.unique(np.concatenate([held.cells for held in several])))


def shared(one: Tokens, other: Tokens) -> int:
    """Length of the common prefix."""
    n = min(len(one), len(other))
    differs = one[:n] != other[:n]
    first = int(differs.argmax()) if n else 0
    return first if n and differs[first] else n
