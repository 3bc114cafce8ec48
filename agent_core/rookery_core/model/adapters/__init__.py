"""LoRA adapters that come with Rookery: which model file each was made for, told by the file's hash. Loads no model."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from rookery_core.model.base import PromptTier


@dataclass(frozen=True, slots=True)
class Adapter:
    """An adapter that was trained on the decisions of an assistant."""

    name: str
    path: Path
    base_sha256: str
    """Hash of the model file that it was made from."""
    base_bytes: int
    prompt: PromptTier
    """How a model with this adapter is addressed."""


def shipped() -> tuple[Adapter, ...]:
    """The adapters of this installation."""
    folder = files("rookery_core.model.adapters")
    made = json.loads(folder.joinpath("index.json").read_text(encoding="utf-8"))
    return tuple(Adapter(**{**entry, "path": Path(str(folder.joinpath(entry["path"])))}) for entry in made)


def made_for(file: Path, sha256: Callable[[Path], str]) -> Adapter | None:
    """The adapter of exactly this model file, or None. The file is read only where its size fits one."""
    try:
        size = file.stat().st_size
        fitting = [adapter for adapter in shipped() if adapter.base_bytes == size and adapter.path.is_file()]
        return next((adapter for adapter in fitting if adapter.base_sha256 == sha256(file)), None)
    except OSError:
        return None  # loading it will say what is wrong
