"""States of the KV cache on disk, so that what an earlier process read is not read again.

One file for each state, named by what it was made with (model file, adapter, window, KV type, llama.cpp's build): a
state that was made with anything else is never looked at.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import struct
import time
import zlib
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from rookery_core.model.prefix import Saved, State, Tokens, shared
from rookery_core.paths import private_file, private_folder

_HEADER = struct.Struct("<4sIIQ")
"""Mark, tokens, checksum of the state, bytes of the state; the tokens and the state follow."""
_MARK = b"RKV2"
_SAMPLE = 1 << 20


def fingerprint(*parts: object, files: Iterable[Path] = ()) -> str:
    """A short name for what states are made with: files by size, date and both ends, everything else by its text."""
    digest = hashlib.sha256(repr(parts).encode())
    for file in files:
        stat = file.stat()
        size = stat.st_size
        digest.update(f"{size} {stat.st_mtime_ns}".encode())
        with file.open("rb") as stream:
            digest.update(stream.read(_SAMPLE))
            stream.seek(max(size - _SAMPLE, 0))
            digest.update(stream.read())
    return digest.hexdigest()[:16]


class SavedStates:
    """The states of one fingerprint in a folder whose size is kept within a budget, the oldest leaving first."""

    def __init__(self, folder: Path, fingerprint: str, max_bytes: int) -> None:
        """An unreadable folder or file is as good as none; saving is a convenience and never an error."""
        self._folder = folder
        self._fingerprint = fingerprint
        self._max_bytes = max_bytes
        self._saved: list[Saved] = []
        for path in sorted(folder.glob(f"{fingerprint}-*.kv")) if max_bytes else ():
            tokens = _tokens_of(path)
            if tokens is not None:
                self._saved.append(Saved(tokens, path))

    def entries(self) -> Iterable[Saved]:
        return tuple(self._saved)

    def load(self, saved: Saved) -> State | None:
        """The state; None, and it is forgotten, when its file is gone or damaged."""
        try:
            raw = saved.path.read_bytes()
            os.utime(saved.path)  # used last, to be deleted last
            _, n, checksum, n_bytes = _HEADER.unpack_from(raw)
            state = np.frombuffer(raw, np.uint8, offset=_HEADER.size + 4 * n)
        except (OSError, struct.error, ValueError):
            state, n_bytes, checksum = np.empty(0, np.uint8), 1, 0
        if len(state) == n_bytes and _checksum(saved.tokens, state) == checksum:
            return state
        self._forget(saved.path)
        return None

    def save(self, tokens: Tokens, state: State, age: int = 0) -> None:
        """Write a state; those it continues are no longer needed. The one with the highest age is deleted first."""
        if state.nbytes > self._max_bytes:
            return
        name = hashlib.sha256(tokens.tobytes()).hexdigest()[:16]
        path = self._folder / f"{self._fingerprint}-{name}.kv"
        part = path.with_suffix(f".{os.getpid()}.part")
        try:
            private_folder(self._folder)
            private_file(part)
            with part.open("wb") as stream:
                stream.write(_HEADER.pack(_MARK, len(tokens), _checksum(tokens, state), state.nbytes))
                stream.write(tokens.tobytes())
                stream.write(state.data)
            os.utime(part, (time.time() - age,) * 2)
            os.replace(part, path)
        except OSError:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
        else:
            for old in self._saved.copy():
                if shared(old.tokens, tokens) == old.n and old.path != path:
                    self._forget(old.path)
            self._saved = [saved for saved in self._saved if saved.path != path]
            self._saved.append(Saved(tokens.copy(), path))
        self._trim()

    def _trim(self) -> None:
        """Keep the folder within its budget, whatever the files in it were made with; other programs use it too."""
        files: list[tuple[float, int, Path]] = []
        for path in self._folder.glob("*"):
            with contextlib.suppress(OSError):
                stat = path.stat()
                files.append((stat.st_mtime, stat.st_size, path))
        files.sort()
        total = sum(size for _, size, _ in files)
        for _, size, path in files[:-1]:
            if total <= self._max_bytes:
                return
            self._forget(path)
            total -= size

    def _forget(self, path: Path) -> None:
        self._saved = [saved for saved in self._saved if saved.path != path]
        with contextlib.suppress(OSError):
            path.unlink(missing_ok=True)


def _checksum(tokens: Tokens, state: State) -> int:
    return zlib.crc32(state.data, zlib.crc32(tokens.tobytes()))


def _tokens_of(path: Path) -> Tokens | None:
    try:
        with path.open("rb") as stream:
            mark, n, _, _ = _HEADER.unpack(stream.read(_HEADER.size))
            tokens = np.frombuffer(stream.read(4 * n), np.int32)
    except (OSError, struct.error, ValueError):
        return None
    return tokens if mark == _MARK and len(tokens) == n else None
