"""What becomes of a text, as a unified diff for the person who decides."""

from __future__ import annotations

import re

CONTEXT = 3
LINES_MAX = 2_000
"""Of changed lines and those between them; comparing takes the square of that."""
_NUMBERS = re.compile(r"@@ -(\d+)(,\d+)? \+(\d+)(,\d+)? @@")


def difference(before: str, after: str, name: str) -> str:
    """A unified diff; "" where the changes are too far apart to compare."""
    from difflib import unified_diff

    old, new = _lines(before), _lines(after)
    same = _alike(old, new)
    same_at_end = _alike(old[same:][::-1], new[same:][::-1])
    skipped = max(same - CONTEXT, 0)
    dropped = max(same_at_end - CONTEXT, 0)
    old, new = old[skipped : len(old) - dropped], new[skipped : len(new) - dropped]
    if max(len(old), len(new)) > LINES_MAX:
        return ""
    found = unified_diff(old, new, name, name, lineterm="", n=CONTEXT)
    return "\n".join(_numbered(line, skipped) if line.startswith("@@") else line for line in found)


def _lines(text: str) -> list[str]:
    *lines, last = text.encode("utf-8", "replace").decode("utf-8").split("\n")
    return [*lines, f"{last}\n\\ No newline at end of file"] if last else lines


def _alike(one: list[str], other: list[str]) -> int:
    """How many lines at the beginning are the same."""
    pairs = enumerate(zip(one, other, strict=False))
    return next((n for n, (line, counterpart) in pairs if line != counterpart), min(len(one), len(other)))


def _numbered(line: str, skipped: int) -> str:
    """The head of a hunk, with numbers from the beginning of the file."""
    found = _NUMBERS.match(line)
    if found is None:
        return line
    old, n_old, new, n_new = found.groups(default="")
    return f"@@ -{int(old) + skipped}{n_old} +{int(new) + skipped}{n_new} @@"
