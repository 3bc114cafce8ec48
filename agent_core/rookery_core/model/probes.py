"""What `rookery models probe` found out about model files, by their hash: which form of a call they do better with."""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rookery_core.errors import ModelError
from rookery_core.paths import private_folder


@dataclass(frozen=True, slots=True)
class Probe:
    """How a model did in each form."""

    rates: Mapping[str, float]
    """Share of the decisions that were right, by form."""
    n: int
    """Decisions."""
    seconds: Mapping[str, float]
    """Median seconds to a decision, by form."""

    @property
    def form(self) -> str:
        """The better one; of two that are as good, the first."""
        return max(self.rates, key=lambda form: self.rates[form])


class Probes:
    """Probes in a file that may be deleted at any time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def get(self, sha256: str) -> Probe | None:
        """What was found for the file of that hash; None where nothing was."""
        with contextlib.suppress(KeyError, TypeError, ValueError):
            return Probe(**self._all()[sha256])
        return None

    def keep(self, sha256: str, probe: Probe) -> None:
        """Remember it, in the place of an earlier one. Raises ModelError."""
        part = self._file.with_suffix(f".{os.getpid()}.part")
        try:
            private_folder(self._file.parent)
            part.write_text(json.dumps({**self._all(), sha256: asdict(probe)}, indent=1), encoding="utf-8")
            os.replace(part, self._file)
        except OSError as exc:
            with contextlib.suppress(OSError):
                part.unlink(missing_ok=True)
            raise ModelError(f"what was found cannot be kept in {self._file}: {exc.strerror}") from exc

    def _all(self) -> dict[str, Any]:
        try:
            made = json.loads(self._file.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return made if isinstance(made, dict) else {}
