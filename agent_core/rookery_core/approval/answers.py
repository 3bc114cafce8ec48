"""What a person said of calls in one turn, so that the identical question is not put to them twice."""

from __future__ import annotations

import asyncio
from collections import defaultdict


class Answers:
    """The answers of one turn, by the digest of what was asked."""

    def __init__(self) -> None:
        self._denied: set[str] = set()
        self._asking: defaultdict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    def asking(self, digest: str) -> asyncio.Lock:
        """Held while this very question is open; who finds it held waits, and looks what the answer means for it."""
        return self._asking[digest]

    def deny(self, digest: str) -> None:
        """The person said no to exactly this."""
        self._denied.add(digest)

    def denied(self, digest: str) -> bool:
        """Whether they did."""
        return digest in self._denied
