"""Reads groups of training conversations from JSONL files, in random order, also while the files grow."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from rookery_training.attention import Layout

BLOCK = 1 << 18
"""Bytes of a file that are read together."""
BUFFER = 512
"""Groups from which the next is drawn."""


@dataclass(frozen=True)
class Group:
    """A prefix and the conversations that continue it."""

    prefix: list[int]
    branches: list[list[int]]
    spans: list[list[tuple[int, int]]]

    @staticmethod
    def parse(line: bytes | str) -> Group:
        """Reads one line of a data file; a branch without trained tokens is left out."""
        record = json.loads(line)
        branches = [branch for branch in record["branches"] if any(end > start for start, end in branch["train"])]
        for branch in branches:
            if any(start < 0 or end > len(branch["tokens"]) for start, end in branch["train"]):
                raise ValueError("a trained span reaches outside its branch")
        return Group(
            record["prefix"],
            [branch["tokens"] for branch in branches],
            [[(start, end) for start, end in branch["train"]] for branch in branches],
        )

    @property
    def tokens(self) -> int:
        """The number of tokens, the prefix counted once."""
        return len(self.prefix) + sum(map(len, self.branches))

    @property
    def trained(self) -> int:
        """The number of tokens to predict."""
        return sum(end - start for spans in self.spans for start, end in spans)


@dataclass(frozen=True)
class Batch:
    """The tensors of one group."""

    tokens: Tensor
    layout: Layout
    wanted: Tensor
    """Packed indices of the states that predict a trained token."""
    targets: Tensor
    owners: Tensor
    """The number of the branch that each target belongs to."""

    @staticmethod
    def of(group: Group, device: str = "cpu") -> Batch:
        """Packs a group; what follows the last state that predicts a trained token is left out."""
        ends = [max(end for _, end in spans) - 1 for spans in group.spans]
        read = [branch[:end] for branch, end in zip(group.branches, ends, strict=True)]
        wanted, targets, owners = [], [], []
        start = size = len(group.prefix)
        if not size:
            raise ValueError("a group needs a prefix")
        for owner, (branch, spans) in enumerate(zip(group.branches, group.spans, strict=True)):
            for low, high in spans:
                for index in range(low, high):
                    wanted.append(start + index - 1 if index else size - 1)
                    targets.append(branch[index])
                    owners.append(owner)
            start += len(read[owner])
        packed = [*group.prefix, *(token for branch in read for token in branch)]
        return Batch(
            torch.tensor(packed, device=device),
            Layout.of(size, list(map(len, read)), device),
            torch.tensor(wanted, device=device),
            torch.tensor(targets, device=device),
            torch.tensor(owners, device=device),
        )


def read_block(path: Path, offset: int) -> Iterator[bytes]:
    """Yields the complete lines that start in one block of a file."""
    with path.open("rb") as file:
        if offset:
            file.seek(offset - 1)
            file.readline()
        while file.tell() < offset + BLOCK:
            line = file.readline()
            if not line.endswith(b"\n"):
                return
            if line.strip():
                yield line


class Stream:
    """An endless stream of groups; each block is read once in an epoch, blocks that were added since included."""

    def __init__(self, paths: list[Path], seed: int, limit: int) -> None:
        """Streams from files, without the groups of more tokens than the limit."""
        self.paths, self.limit = paths, limit
        self.random = random.Random(seed)
        self.seen: set[tuple[int, int]] = set()
        self.epoch = 0
        self.skipped = 0

    def state(self) -> dict[str, Any]:
        """Returns what a checkpoint keeps."""
        return {"seen": sorted(self.seen), "epoch": self.epoch}

    def restore(self, state: dict[str, Any]) -> None:
        """Goes on with the blocks that a checkpoint had not seen."""
        self.seen = {(number, offset) for number, offset in state["seen"]}
        self.epoch = state["epoch"]

    def _left(self) -> list[tuple[int, int]]:
        """Returns the blocks that the epoch has not read yet."""
        blocks = {
            (number, offset)
            for number, path in enumerate(self.paths)
            for offset in range(0, path.stat().st_size, BLOCK)
        }
        return sorted(blocks - self.seen)

    def __iter__(self) -> Iterator[Group]:
        """Yields groups without end."""
        buffer: list[Group] = []
        idle = 0
        while True:
            while len(buffer) < BUFFER and (left := self._left()):
                block = self.random.choice(left)
                self.seen.add(block)
                groups = [Group.parse(line) for line in read_block(self.paths[block[0]], block[1])]
                fit = [group for group in groups if group.branches and group.tokens <= self.limit]
                self.skipped += len(groups) - len(fit)
                buffer += fit
            if buffer:
                place = self.random.randrange(len(buffer))
                buffer[place], buffer[-1] = buffer[-1], buffer[place]
                idle = 0
                yield buffer.pop()
            else:
                if idle == 2:
                    raise ValueError("the data files hold no group that can be trained")
                idle += 1
                self.epoch += 1
                self.seen.clear()


def read_groups(path: Path, count: int, limit: int) -> list[Group]:
    """Returns the first groups of a file."""
    groups: list[Group] = []
    with path.open("rb") as file:
        for line in file:
            if len(groups) == count:
                break
            if line.strip():
                group = Group.parse(line)
                if group.branches and group.tokens <= limit:
                    groups.append(group)
    return groups
