"""Outcomes of finished cases on disk, so that a run that was stopped goes on where it was.

There is a file for each way of running: what of the model, the settings and the program makes a difference.
"""

from __future__ import annotations

import hashlib
import importlib.metadata
import importlib.util
import json
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from rookery_core.config import Config, flatten
from rookery_core.errors import StoreBroken
from rookery_core.evals.outcome import Outcome
from rookery_core.paths import private_file, private_folder
from rookery_core.tools.loader import Loaded

END_BYTES = 4 << 20
"""Of a model file, as much of its beginning and of its end tells it from others."""
SOURCE = ("py", "md", "json")
"""Files that what the program does is written in."""
PLAYING = tuple(f"evals/{name}.py" for name in ("conversation", "given", "outcome", "play"))
"""Of this package, what has to do with what happens in a case."""
NO_DIFFERENCE = ("tui.", "model.path", "model.adapter")
"""Settings that are left out: those of the screen, and those that the files' contents stand for."""


class Results:
    """The outcomes of one way of running, by the cases' keys."""

    def __init__(self, folder: Path, identity: Mapping[str, Any]) -> None:
        """Read what there is. Raises StoreBroken."""
        text = json.dumps(identity, sort_keys=True)
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        self.file = folder / f"{identity['suite']}-{digest}.jsonl"
        self._known: dict[str, Outcome] = {}
        try:
            private_folder(folder)
            private_file(self.file)
            kept = self.file.read_text(encoding="utf-8", errors="replace")
            for line in kept.split("\n"):
                self._read(line)
            if not kept:
                self._write(f'{{"identity": {text}}}\n')
            elif not kept.endswith("\n"):  # a line that was cut short as the program ended
                self._write("\n")
        except OSError as exc:
            raise self._broken(exc) from exc

    def get(self, key: str) -> Outcome | None:
        """What is known of a case; None where it is to be run."""
        return self._known.get(key)

    def add(self, key: str, outcome: Outcome) -> None:
        """Keep what was done, at once. Raises StoreBroken."""
        self._known[key] = outcome
        self._keep([{"case": key, "outcome": outcome.model_dump(mode="json")}])

    def forget(self, keys: Iterable[str]) -> None:
        """Have these cases run again, also where that is stopped and gone on with later. Raises StoreBroken."""
        known = [key for key in dict.fromkeys(keys) if self._known.pop(key, None) is not None]
        self._keep([{"case": key, "outcome": None} for key in known])

    def _read(self, line: str) -> None:
        try:
            value = json.loads(line)
            if value["outcome"] is None:
                self._known.pop(value["case"], None)
            else:
                self._known[value["case"]] = Outcome.model_validate(value["outcome"])
        except (ValueError, KeyError, TypeError, ValidationError):
            pass  # the first line, or one that was cut short: that case is run again

    def _keep(self, values: Sequence[Mapping[str, Any]]) -> None:
        try:
            self._write("".join(json.dumps(value) + "\n" for value in values))
        except OSError as exc:
            raise self._broken(exc) from exc

    def _write(self, text: str) -> None:
        with self.file.open("a", encoding="utf-8") as stream:
            stream.write(text)

    def _broken(self, exc: OSError) -> StoreBroken:
        return StoreBroken(f"{self.file} cannot be used: {exc.strerror}. Check the disk's space and the permissions.")


def identity(suite: str, *, model: Path, adapter: Path | None, config: Config, tools: Loaded) -> dict[str, Any]:
    """What makes a difference to the outcome of a case."""
    packages = {str(tool.run.__module__).partition(".")[0] for plugin in tools.plugins for tool in plugin.tools}
    return {
        "suite": suite,
        "model": fingerprint(model),
        "adapter": fingerprint(adapter),
        "settings": {key: value for key, value in flatten(config) if not key.startswith(NO_DIFFERENCE)},
        "version": importlib.metadata.version("rookery"),
        "engine": importlib.metadata.version("llama-cpp-python"),
        "source": source_digest(["rookery_core", *sorted(packages)]),
    }


def fingerprint(file: Path | None) -> str:
    """What tells a file's content from others; "" for no file. Raises StoreBroken."""
    if file is None:
        return ""
    try:
        with file.open("rb") as stream:
            size = file.stat().st_size
            digest = hashlib.sha256(str(size).encode() + stream.read(END_BYTES))
            stream.seek(max(size - END_BYTES, 0))
            digest.update(stream.read(END_BYTES))
    except OSError as exc:
        raise StoreBroken(f"{file} cannot be read: {exc.strerror}") from exc
    return digest.hexdigest()[:32]


def source_digest(packages: Iterable[str]) -> str:
    """What tells the state of the code from others, also between two releases; the judging is no part of it."""
    digest = hashlib.sha256()
    for package in packages:
        spec = importlib.util.find_spec(package)
        for folder in (spec.submodule_search_locations or ()) if spec else ():
            root = Path(folder)
            for path in sorted(path for end in SOURCE for path in root.rglob(f"*.{end}")):
                name = path.relative_to(root).as_posix()
                if not name.startswith("evals/") or name in PLAYING:
                    digest.update(name.encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:16]
