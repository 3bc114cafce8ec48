"""The tool that writes a file, and what a person sees before it does."""

from __future__ import annotations

import difflib
import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path
from typing import Any

from rookery_core.plugin import Example, Risk, ToolContext, ToolFailed, ToolRetry, WorkspacePath, tool
from rookery_plugins.files.opening import PIECE_CHARS, open_text

DIFF_LINES = 2_000
DIFF_CHARS = 200_000

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def _change(path: Path, content: str) -> str:
    """What writing would do, for the person who decides."""
    if not path.exists():
        return f"new file {path}\n\n{content}"
    try:
        with open_text(path, str(path)) as stream:
            old = stream.read(DIFF_CHARS + 1)
    except (ToolRetry, ToolFailed) as exc:
        return f"{exc}\n\nreplaced by\n\n{content}"
    if old == content:
        return f"{path} stays as it is"
    before, after = old.split("\n"), content.split("\n")
    if len(old) > DIFF_CHARS or max(len(before), len(after)) > DIFF_LINES:
        return f"{path}, {path.stat().st_size} bytes, is too long for a comparison and replaced by\n\n{content}"
    return "\n".join(difflib.unified_diff(before, after, str(path), str(path), lineterm=""))


def _written_path(arguments: dict[str, Any]) -> list[str]:
    return [str(arguments["path"])]


@tool(
    risk=Risk.WRITE,
    preview=_change,
    scope=_written_path,
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
        "change, replace or add a line",
        "append to the end",
    ],
)
def write_file(ctx: ToolContext, path: WorkspacePath, content: str) -> str:
    """Writes a text file, replacing what was in it."""
    name = ctx.workspace.relative(path)
    try:
        old = path.stat() if path.exists() else None
        if old is not None and stat.S_ISDIR(old.st_mode):
            raise ToolRetry(f"{name} is a folder; give the path of a file in it")
        if old is not None and not stat.S_ISREG(old.st_mode):
            raise ToolFailed(f"{name} is a pipe or a device, not a file; choose another path")
        if old is not None and "\r\n" not in content and _ends_lines_with_crlf(path, name):
            content = content.replace("\n", "\r\n")
        data = content.encode()
        path.parent.mkdir(parents=True, exist_ok=True)
        _replace(path, data, old)
    except UnicodeEncodeError:
        raise ToolRetry("the content holds half a character (a lone surrogate); write the character itself") from None
    except OSError as exc:
        raise ToolFailed(f"{name} cannot be written: {exc.strerror}; choose another path") from exc
    return f"{'created' if old is None else 'replaced'} {name}, {len(data)} bytes"


def _ends_lines_with_crlf(path: Path, name: str) -> bool:
    try:
        with open_text(path, name) as stream:
            stream.readline(PIECE_CHARS)
            return stream.newlines == "\r\n"
    except ToolFailed:
        return False


def _replace(path: Path, data: bytes, old: os.stat_result | None) -> None:
    """Write a new file beside the old one, then let it take its place, with the old one's mode and owner."""
    fresh = path.with_name(f".rookery-{secrets.token_hex(8)}")
    try:
        with open(os.open(fresh, _CREATE, 0o666), "wb") as file:
            file.write(data)
            if old is not None:
                _keep_owner(file.fileno(), old)
            file.flush()
            os.fsync(file.fileno())
        os.replace(fresh, path)
    except BaseException:
        fresh.unlink(missing_ok=True)
        raise


def _keep_owner(fd: int, old: os.stat_result) -> None:
    if not hasattr(os, "fchown"):
        return
    with suppress(PermissionError):  # someone else's file becomes ours, as with any editor that saves this way
        os.fchown(fd, old.st_uid, old.st_gid)
    os.fchmod(fd, stat.S_IMODE(old.st_mode))
