"""A text is changed in the person's own editor, through a file that only they may read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import shlex
import tempfile
from collections.abc import Mapping


class EditorFailed(Exception):
    """The editor did not run, or what it left cannot be read; nothing was changed."""


def editor_of(environ: Mapping[str, str]) -> str:
    """The command of the editor that a person wants; "" where they name none."""
    return environ.get("VISUAL") or environ.get("EDITOR") or ""


async def edited(command: str, text: str) -> str:
    """The text as it is when the editor has ended. Raises EditorFailed."""
    try:
        name = _made(text)
        try:
            running = await asyncio.create_subprocess_exec(*shlex.split(command), name)
            if code := await running.wait():
                raise EditorFailed(f"{command} ended with code {code}: nothing was changed")
            return _read(name)
        finally:
            with contextlib.suppress(FileNotFoundError):
                os.unlink(name)
    except (OSError, ValueError) as exc:
        raise EditorFailed(f"{command} could not be used as an editor: {exc}. $VISUAL or $EDITOR names it") from exc


def _made(text: str) -> str:
    number, name = tempfile.mkstemp(prefix="rookery-", suffix=".txt")  # mode 0600
    with os.fdopen(number, "w", encoding="utf-8", newline="") as stream:
        stream.write(text)
    return name


def _read(name: str) -> str:
    with open(name, encoding="utf-8", newline="") as stream:
        return stream.read()
