"""The tools that list, read and search files."""

from __future__ import annotations

import itertools
import os
from collections.abc import Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Annotated

from pydantic import Field

from rookery_core.plugin import Example, Risk, ToolContext, ToolFailed, ToolRetry, WorkspacePath, tool
from rookery_plugins.files.opening import open_text, pieces, similar

LIST_MAX = 200
READ_CHARS = 6_000
LINES_MAX = 2_000
MATCHES_MAX = 40
SEARCH_FILES = 5_000
SEARCH_CHARS = 50_000_000
SNIPPET_CHARS = 160
SKIPPED = frozenset(
    [
        ".git",
        ".hg",
        ".svn",
        ".venv",
        "venv",
        "node_modules",
        "__pycache__",
        ".mypy_cache",
        ".pytest_cache",
        ".ruff_cache",
        ".tox",
    ]
)
"""Folders that are not searched: they hold what programs made."""


@tool(
    risk=Risk.READ,
    phrases=[
        "what is in this folder",
        "which files are there",
        "show the directory",
        "look at everything in the folder",
    ],
)
def list_files(ctx: ToolContext, folder: WorkspacePath = Path(".")) -> str:
    """Lists the files in a folder."""
    name = ctx.workspace.relative(folder)
    try:
        with os.scandir(folder) as entries:
            shown = sorted((not entry.is_dir(follow_symlinks=False), _entry(entry)) for entry in entries)
    except FileNotFoundError:
        raise ToolRetry(f"there is no folder {name}{similar(folder)}") from None
    except NotADirectoryError:
        raise ToolRetry(f"{name} is a file; use read_file for it") from None
    except OSError as exc:
        raise ToolFailed(f"the folder {name} cannot be read: {exc.strerror}") from exc
    lines = [text for _, text in shown[:LIST_MAX]]
    if len(shown) > LIST_MAX:
        lines.append(f"[{len(shown) - LIST_MAX} more are not shown]")
    return "\n".join(lines) or f"the folder {name} is empty"


@tool(
    risk=Risk.READ,
    examples=[
        Example(
            asked="What is in todo.md?",
            arguments={"path": "todo.md"},
            result="buy milk",
            answer="todo.md says: buy milk",
        )
    ],
    phrases=["open the file", "what does the document say", "show me what is in it", "summarise this file"],
)
def read_file(
    ctx: ToolContext,
    path: WorkspacePath,
    start: Annotated[int, Field(ge=1)] = 1,
    lines: Annotated[int, Field(ge=1, le=LINES_MAX)] = 200,
) -> str:
    """Reads a text file."""
    name = ctx.workspace.relative(path)
    kept: list[str] = []
    note = ""
    size = number = 0
    with open_text(path, name) as stream:
        for number, piece in pieces(stream):
            if ctx.cancelled.is_set():
                break
            if number < start:
                continue
            if number >= start + lines or size + len(piece) > READ_CHARS:
                cut = bool(kept) and not kept[-1].endswith("\n")
                note = f"[line {number} is cut; " if cut else "["
                note += f"there is more: read on with start={number + cut}]"
                break
            kept.append(piece)
            size += len(piece)
    if not kept:
        if start > 1:
            raise ToolRetry(f"{name} has only {number} lines; give a smaller start")
        return f"the file {name} is empty"
    text = "".join(kept)
    if "\ufffd" in text:
        note = f"[some of it is not UTF-8 and shown as \ufffd]\n{note}".strip()
    return "\n".join(filter(None, [text.removesuffix("\n"), note]))


@tool(
    risk=Risk.READ,
    phrases=[
        "where does this word appear",
        "which file mentions it",
        "find the text in the folder",
        "search for a name",
    ],
)
def search_files(ctx: ToolContext, text: str, folder: WorkspacePath = Path(".")) -> str:
    """Finds the lines that contain a text, in all files of a folder."""
    wanted = text.strip("\n").casefold()
    if not wanted.strip() or "\n" in wanted:
        raise ToolRetry("give one line of text to find")
    name = ctx.workspace.relative(folder)
    if not os.path.exists(folder):
        raise ToolRetry(f"there is no folder {name}{similar(folder)}")
    with closing(_matches(ctx, wanted, folder)) as matches:
        found = list(itertools.islice(matches, MATCHES_MAX + 1))
    if len(found) > MATCHES_MAX:
        found[-1] = f"[only the first {MATCHES_MAX} are shown; search a longer text or a smaller folder]"
    return "\n".join(found) or f"{text!r} is in no file in {name}"


def _matches(ctx: ToolContext, wanted: str, folder: Path) -> Generator[str, None, None]:
    """A line for each match, and one that says so where the search gave up."""
    n_files = n_chars = 0
    for path in _files_below(folder):
        name = ctx.workspace.relative(path)
        n_files += 1
        if n_files > SEARCH_FILES or n_chars >= SEARCH_CHARS or ctx.cancelled.is_set():
            yield f"[stopped before {name}: too much to search; name a smaller folder]"
            return
        if wanted in path.name.casefold():
            yield f"{name}: (the file's name)"
        try:
            stream = open_text(path, name)
        except (ToolRetry, ToolFailed):  # no text, or gone by now
            continue
        before = ""
        with stream:
            for number, piece in pieces(stream):
                joined = before + piece
                if wanted in joined.casefold():
                    yield f"{name}:{number}: {_around(joined, wanted)}"
                # a match may lie across two pieces of one line
                before = "" if piece.endswith("\n") else joined[max(len(joined) - len(wanted) + 1, 0) :]
                n_chars += len(piece)
                if n_chars >= SEARCH_CHARS or ctx.cancelled.is_set():
                    yield f"[stopped in {name}: too much to search; name a smaller folder]"
                    return


def _files_below(folder: Path) -> Iterator[Path]:
    if not folder.is_dir():
        yield folder
    for parent, folders, names in os.walk(folder):
        folders[:] = sorted(set(folders) - SKIPPED)
        yield from (Path(parent, name) for name in sorted(names))


def _around(line: str, wanted: str) -> str:
    at = max(line.casefold().find(wanted) - SNIPPET_CHARS // 2, 0)
    return " ".join(line[at : at + SNIPPET_CHARS + len(wanted)].split())


def _entry(entry: os.DirEntry[str]) -> str:
    name = entry.name if entry.name.isprintable() else repr(entry.name)
    if entry.is_symlink():
        return f"{name} (link)"
    return f"{name}/" if entry.is_dir(follow_symlinks=False) else name
