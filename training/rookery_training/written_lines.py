"""Files of JSON lines that are written by hand, each line one thing of a kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

FOLDER = Path(__file__).resolve().parents[1] / "written"

M = TypeVar("M")


def lines(files: Iterable[Path], read: Callable[[str], M]) -> list[M]:
    """What `read` makes of each line; ValueError, with file and line, for one that is wrong."""
    made = []
    for file in files:
        for n, line in enumerate(file.read_text(encoding="utf-8").splitlines(), 1):
            if line.strip():
                try:
                    made.append(read(line))
                except ValidationError as exc:
                    raise ValueError(f"{file.name}, line {n}: {exc}") from exc
    return made


def in_one_line(piece: str, text: str) -> bool:
    """Whether a line of the text has it, so that a thought, which is one line, can quote it."""
    return any(piece in line for line in text.splitlines())
