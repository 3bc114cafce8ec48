"""What the text of an argument may be, for `type=`: lists of words or names, whole numbers."""

from __future__ import annotations

import argparse
from collections.abc import Callable

NONE = "none"


def words(text: str) -> list[str]:
    """What stands between commas."""
    return [word for part in text.split(",") if (word := part.strip())]


def names(text: str) -> list[str]:
    """The same, where `none` alone is the empty list."""
    given = words(text)
    return [] if given == [NONE] else given


def whole(least: int, most: int) -> Callable[[str], int]:
    """A reader of whole numbers from `least` to `most`."""

    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"give a whole number from {least} to {most}")
        return number

    return read
