"""Opens a file as text, and says in plain words why it cannot."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from rookery_core.plugin import ToolFailed, ToolRetry, Workspace
from rookery_plugins.files.encoding import HEAD_BYTES, Encoding, encoding_of
from rookery_plugins.files.kinds import kind_of

PIECE_CHARS = 2_000


@contextmanager
def opened(workspace: Workspace, path: Path) -> Iterator[IO[bytes]]:
    """A file, open for reading without ever waiting; ToolRetry or ToolFailed says why it cannot be read."""
    name = workspace.relative(path)
    try:
        if path == workspace.root:
            raise IsADirectoryError
        with workspace.folder(path.parent) as folder:
            file = folder.read(path.name)
    except FileNotFoundError:
        raise ToolRetry(f"there is no file {name}{similar(workspace, path)}") from None
    except IsADirectoryError:
        raise ToolRetry(f"{name} is a folder; use list_files for it") from None
    except OSError as exc:
        raise ToolFailed(f"{name} cannot be read: {exc.strerror}") from exc
    with file:
        yield file


def as_text(file: IO[bytes], name: str) -> tuple[io.TextIOWrapper, Encoding]:
    """An open file as text, with how it is encoded; ToolFailed where it is none."""
    head = file.read(HEAD_BYTES)
    encoding = text_encoding(head, name, whole=len(head) < HEAD_BYTES)
    file.seek(len(encoding.mark))
    return io.TextIOWrapper(file, encoding.codec, "replace"), encoding


def text_encoding(data: bytes, name: str, *, whole: bool) -> Encoding:
    """How the file that begins with `data`, or is just that, is encoded; ToolFailed where it is no text."""
    kind = kind_of(data, name)
    encoding = None if kind else encoding_of(data, whole=whole)
    if encoding is None:
        raise ToolFailed(f"{name} is not a text file" + (f"; it seems to be {kind}" if kind else ""))
    return encoding


def pieces(stream: io.TextIOWrapper, size: int = PIECE_CHARS) -> Iterator[tuple[int, str]]:
    """Each line with its number; one longer than `size` in pieces of the same number."""
    number = 1
    while piece := stream.readline(size):
        yield number, piece
        number += piece.endswith("\n")


def similar(workspace: Workspace, path: Path) -> str:
    """How a message goes on that says that `path` is not there."""
    return workspace.similar(path) or "; list_files shows what there is"
