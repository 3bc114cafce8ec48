"""The tools that change files, and what a person sees before they do."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from rookery_core.plugin import (
    Example,
    Folder,
    Risk,
    ToolContext,
    ToolFailed,
    ToolRetry,
    WorkspaceEntry,
    WorkspacePath,
    tool,
)
from rookery_plugins.files.difference import difference
from rookery_plugins.files.editing import edited
from rookery_plugins.files.encoding import HEAD_BYTES
from rookery_plugins.files.moving import move, target_of
from rookery_plugins.files.opening import similar
from rookery_plugins.files.replacing import put
from rookery_plugins.files.shown import Shown
from rookery_plugins.files.standing import WHOLE_BYTES, Standing, file_at, identity, in_words
from rookery_plugins.files.text_file import TextFile, encoded, one_end, style_of
from rookery_plugins.files.trash import Trash


def _path(arguments: dict[str, Any]) -> list[str]:
    return [str(arguments["path"])]


def _from_to(arguments: dict[str, Any]) -> list[str]:
    return [f"{arguments['source']} to {arguments['destination']}"]


class Changes:
    """They share what was shown of each call, so that a yes is for what was seen."""

    def __init__(self, home_trash: Path | None = None) -> None:
        """`home_trash` is the person's trash, where it is not the usual one."""
        self._shown = Shown()
        self._trash = Trash(home_trash)

    # -- write --------------------------------------------------------------------------------------------------------

    def _show_write(self, ctx: ToolContext, path: Path, content: str) -> str:
        name = ctx.workspace.relative(path)
        with _writing(ctx, path):
            try:
                with ctx.workspace.folder(path.parent) as folder:
                    old = file_at(folder, path.name, name)
            except FileNotFoundError:
                old = Standing()
        self._shown.keep(ctx, path, old.state)
        if old.info is None:
            return f"new file {path}\n\n{content}"
        if _as_bytes(content, old, name) == old.data:
            return f"{path} stays as it is"
        try:
            before = TextFile.of(old.data, str(path)).text if old.whole else None
        except ToolFailed as exc:
            return f"{exc}\n\nreplaced by\n\n{content}"
        after = one_end(content)
        if before == after:
            return f"{path} keeps its text and gets other line ends"
        found = difference(before, after, str(path)) if before is not None else ""
        return found or f"{path}, {old.info.st_size} bytes, is too long for a comparison and replaced by\n\n{content}"

    @tool(
        risk=Risk.WRITE,
        preview=_show_write,
        scope=_path,
        examples=[
            Example(
                asked="Write see you soon to bye.txt",
                arguments={"path": "bye.txt", "content": "see you soon"},
                result="created bye.txt, 12 bytes",
                answer="I wrote bye.txt.",
            )
        ],
        phrases=[
            "save this to a file",
            "create a file with this in it",
            "put the text into a new file",
            "overwrite the file",
        ],
    )
    def write_file(self, ctx: ToolContext, path: WorkspacePath, content: str) -> str:
        """Writes a text file, replacing what was in it."""
        name = ctx.workspace.relative(path)
        with _writing(ctx, path), ctx.workspace.folder(path.parent, make=True) as folder:
            old = file_at(folder, path.name, name)
            self._shown.check(ctx, path, old.state, name)
            data = _as_bytes(content, old, name)
            put(folder, path.name, lambda file: file.write(data), old.info, name)
        return f"{'created' if old.info is None else 'replaced'} {name}, {len(data)} byte{'s' * (len(data) != 1)}"

    # -- edit ---------------------------------------------------------------------------------------------------------

    def _show_edit(self, ctx: ToolContext, path: Path, old: str, new: str) -> str:
        with _writing(ctx, path), ctx.workspace.folder(path.parent) as folder:
            found = _file_to_edit(ctx, folder, path)
        self._shown.keep(ctx, path, found.state)
        before = TextFile.of(found.data, ctx.workspace.relative(path))
        after, _ = edited(before, old, new, ctx.workspace.relative(path))
        after.data(ctx.workspace.relative(path))  # its encoding may not have all of the characters
        return difference(before.text, after.text, str(path)) or f"in {path}\n\n{old}\n\nis replaced by\n\n{new}"

    @tool(
        risk=Risk.WRITE,
        preview=_show_edit,
        scope=_path,
        examples=[
            Example(
                asked="In todo.md, change milk to oat milk",
                arguments={"path": "todo.md", "old": "milk", "new": "oat milk"},
                result="changed line 1 of todo.md",
                answer="todo.md now says oat milk.",
            )
        ],
        phrases=[
            "change a line in the file",
            "replace one word by another in it",
            "correct the value in the file",
            "add a line to the list",
        ],
    )
    def edit_file(self, ctx: ToolContext, path: WorkspacePath, old: str, new: str) -> str:
        """Changes part of a text file: replaces an old text with a new one."""
        name = ctx.workspace.relative(path)
        with _writing(ctx, path), ctx.workspace.folder(path.parent) as folder:
            found = _file_to_edit(ctx, folder, path)
            self._shown.check(ctx, path, found.state, name)
            after, line = edited(TextFile.of(found.data, name), old, new, name)
            data = after.data(name)
            put(folder, path.name, lambda file: file.write(data), found.info, name)
        return f"changed line {line} of {name}"

    # -- move ---------------------------------------------------------------------------------------------------------

    def _show_move(self, ctx: ToolContext, source: Path, destination: Path) -> str:
        info = _info(ctx, source)
        target = target_of(ctx, source, destination)
        self._shown.keep(ctx, source, (identity(info), target))
        return f"{source}\nbecomes\n{target}\n\n{in_words(ctx, source, info)}"

    @tool(
        risk=Risk.WRITE,
        preview=_show_move,
        scope=_from_to,
        examples=[
            Example(
                asked="Rename draft.txt to final.txt",
                arguments={"source": "draft.txt", "destination": "final.txt"},
                result="moved draft.txt to final.txt",
                answer="draft.txt is called final.txt now.",
            )
        ],
        phrases=["rename the file", "put it into another folder", "call the file something else"],
    )
    def move_file(self, ctx: ToolContext, source: WorkspaceEntry, destination: WorkspaceEntry) -> str:
        """Moves or renames a file or folder."""
        name = ctx.workspace.relative(source)
        info = _info(ctx, source)
        target = target_of(ctx, source, destination)
        self._shown.check(ctx, source, (identity(info), target), name)
        there = ctx.workspace.relative(target)
        try:
            with (
                ctx.workspace.folder(source.parent) as above,
                ctx.workspace.folder(target.parent, make=True) as below,
            ):
                move(ctx, above, source.name, below, target.name)
        except FileExistsError:
            raise ToolRetry(f"{there} is there already; choose another name") from None
        except OSError as exc:
            raise ToolFailed(f"{name} cannot be moved to {there}: {exc.strerror}") from exc
        return f"moved {name} to {there}"

    # -- delete -------------------------------------------------------------------------------------------------------

    def _show_delete(self, ctx: ToolContext, path: Path) -> str:
        info = _info(ctx, path)
        self._shown.keep(ctx, path, identity(info))
        return f"to the trash: {path}\n\n{in_words(ctx, path, info)}"

    @tool(
        risk=Risk.WRITE,
        preview=_show_delete,
        scope=_path,
        examples=[
            Example(
                asked="Delete old.log",
                arguments={"path": "old.log"},
                result="deleted old.log; it can be brought back from ~/.local/share/Trash/files/old.log",
                answer="old.log is in the trash.",
            )
        ],
        phrases=["remove the file", "throw the folder away", "get rid of the old file"],
    )
    def delete_file(self, ctx: ToolContext, path: WorkspaceEntry) -> str:
        """Deletes a file or folder, into the trash."""
        name = ctx.workspace.relative(path)
        self._shown.check(ctx, path, identity(_info(ctx, path)), name)
        try:
            with ctx.workspace.folder(path.parent) as folder:
                now_at = self._trash.put(folder, path.name, path, ctx.workspace.root)
        except OSError as exc:
            raise ToolFailed(f"{name} cannot be moved to the trash: {exc.strerror}") from exc
        return f"deleted {name}; it can be brought back from {now_at or 'the trash'}"


@contextmanager
def _writing(ctx: ToolContext, path: Path) -> Iterator[None]:
    """Says in words why a file cannot be written."""
    name = ctx.workspace.relative(path)
    if path == ctx.workspace.root:
        raise ToolRetry(f"{name} is a folder; give the path of a file in it")
    try:
        yield
    except FileNotFoundError:
        raise ToolRetry(f"there is no file {name}{similar(ctx.workspace, path)}") from None
    except OSError as exc:
        raise ToolFailed(f"{name} cannot be written: {exc.strerror}; choose another path") from exc


def _as_bytes(content: str, old: Standing, name: str) -> bytes:
    """A new text, with the line ends and the byte order mark of what was there."""
    encoding, end = style_of(old.data[:HEAD_BYTES])
    if end == "\r\n" and "\r\n" not in content:
        content = content.replace("\n", "\r\n")
    return encoded(content.removeprefix("\ufeff" if encoding.mark else ""), encoding, name)


def _file_to_edit(ctx: ToolContext, folder: Folder, path: Path) -> Standing:
    """A file that is there and can be edited. Raises FileNotFoundError."""
    name = ctx.workspace.relative(path)
    found = file_at(folder, path.name, name)
    if found.info is None:
        raise FileNotFoundError
    if not found.whole:
        raise ToolFailed(f"{name} has {found.info.st_size:,} bytes, {WHOLE_BYTES:,} at most can be edited")
    return found


def _info(ctx: ToolContext, path: Path) -> os.stat_result:
    """What is there, and may be moved or deleted."""
    name = ctx.workspace.relative(path)
    if path == ctx.workspace.root:
        raise ToolRetry("the workspace itself stays where it is; give the path of something in it")
    try:
        with ctx.workspace.folder(path.parent) as folder:
            return folder.stat(path.name)
    except FileNotFoundError:
        raise ToolRetry(f"there is no file {name}{similar(ctx.workspace, path)}") from None
    except OSError as exc:
        raise ToolFailed(f"{name} cannot be looked at: {exc.strerror}") from exc
