"""The tools that list a folder and read a file."""

from __future__ import annotations

import heapq
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

from pydantic import Field

from rookery_core.plugin import Example, Risk, ToolContext, ToolFailed, ToolRetry, WorkspacePath, tool
from rookery_plugins.files.opening import as_text, opened, pieces, similar
from rookery_plugins.files.walking import shown

LIST_MAX = 200
LIST_CHARS = 7_000
READ_CHARS = 6_000
LINES_MAX = 2_000


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
    n_entries = 0

    def entries() -> Iterator[tuple[bool, str]]:
        nonlocal n_entries
        for n_entries, entry in enumerate(found.scan(), 1):  # noqa: B007
            yield not entry.is_dir(follow_symlinks=False), _entry(entry)

    try:
        with ctx.workspace.folder(folder) as found:
            first = heapq.nsmallest(LIST_MAX, entries())
    except FileNotFoundError:
        raise ToolRetry(f"there is no folder {name}{similar(ctx.workspace, folder)}") from None
    except NotADirectoryError:
        raise ToolRetry(f"{name} is a file; use read_file for it") from None
    except OSError as exc:
        raise ToolFailed(f"the folder {name} cannot be read: {exc.strerror}") from exc
    lines: list[str] = []
    size = 0
    for _, line in first:
        size += len(line) + 1
        if size > LIST_CHARS:
            break
        lines.append(line)
    if n_entries > len(lines):
        lines.append(f"[{n_entries - len(lines)} more are not shown]")
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
    with opened(ctx.workspace, path) as file:
        stream, encoding = as_text(file, name)
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
    if encoding.guessed:
        note = f"[it is not UTF-8 and was read as {encoding.codec}]\n{note}".strip()
    elif "\ufffd" in text:
        note = f"[some of it is not UTF-8 and shown as \ufffd]\n{note}".strip()
    return "\n".join(filter(None, [text.removesuffix("\n"), note]))


def _entry(entry: os.DirEntry[str]) -> str:
    name = shown(entry.name)
    if entry.is_symlink():
        return f"{name} (link)"
    return f"{name}/" if entry.is_dir(follow_symlinks=False) else name
