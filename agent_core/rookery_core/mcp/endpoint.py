"""How a server is reached, with nothing left to look up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from pathlib import Path

from rookery_core.redact import Redactor
from rookery_core.sandbox.guests import Started


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How a server is reached, with nothing left to look up."""

    log: Path
    redactor: Callable[[], Redactor]
    start_s: float
    command: str = ""
    """"" for one that is reached by its address."""
    args: tuple[str, ...] = ()
    env: Mapping[str, str] = field(default_factory=dict, repr=False)
    cwd: str = ""
    start: Callable[[Sequence[str], Mapping[str, str]], AbstractContextManager[Started]] | None = None
    """Confines a command, as far as it is to be."""
    url: str = ""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)
