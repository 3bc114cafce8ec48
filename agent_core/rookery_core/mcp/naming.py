"""Rookery's names for a server's tools: valid ones, one to one, and the same each time."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable

MOST = 64
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])")
_OTHER = re.compile(r"[^a-z0-9]+")
_VALID = re.compile(r"[a-z][a-z0-9_]{0,63}")


def names(theirs: Iterable[str]) -> dict[str, str]:
    """What each of a server's tools is called here, by its name there.

    A name that is valid stays. Of others that would come to one name, and of a long one, a piece of a hash is added.
    """
    wanted = {name: name if _VALID.fullmatch(name) else _made_valid(name) for name in theirs}
    holders = Counter(wanted.values())
    return {
        name: ours if len(ours) <= MOST and (name == ours or holders[ours] == 1) else _told_apart(name, ours)
        for name, ours in wanted.items()
    }


def _made_valid(name: str) -> str:
    words = _OTHER.sub("_", _HUMP.sub("_", name).lower()).strip("_")
    return words if words[:1].isalpha() else f"tool_{words}".rstrip("_")


def _told_apart(name: str, ours: str) -> str:
    mark = hashlib.sha256(name.encode("utf-8", "backslashreplace")).hexdigest()[:6]
    return f"{ours[: MOST - 1 - len(mark)]}_{mark}"
