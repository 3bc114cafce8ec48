"""What is remembered of files in the models folder: their hash when they came, and where from."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from filelock import FileLock

from rookery_core.errors import ModelError
from rookery_core.paths import private_folder


@dataclass(frozen=True, slots=True)
class Record:
    """One file as it came."""

    sha256: str
    n_bytes: int
    source: str
    """Address in the model hub, packages of the package index, or a path."""
    date: str
    """The day, as YYYY-MM-DD."""


class Records:
    """Records by the name of the model, in a file beside the models. It is read anew each time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def all(self) -> Mapping[str, Record]:
        """What is remembered. Raises ModelError when the file is not what was written."""
        try:
            made = json.loads(self._file.read_text(encoding="utf-8"))
            return {str(name): Record(**entry) for name, entry in made.items()}
        except FileNotFoundError:
            return {}
        except OSError as exc:
            raise ModelError(f"{self._file} cannot be read: {exc.strerror}") from exc
        except (ValueError, TypeError, AttributeError) as exc:
            raise ModelError(
                f"{self._file} is damaged. Move it away; Rookery then no longer knows what the files in the models "
                "folder were when they came."
            ) from exc

    def get(self, name: str) -> Record | None:
        """What is remembered of a model."""
        return self.all().get(name)

    def put(self, name: str, record: Record) -> None:
        """Remember a model, in place of what was remembered of it."""
        with self._alone():
            self._write({**self.all(), name: record})

    def forget(self, name: str) -> None:
        """Remember nothing of a model."""
        with self._alone():
            if name in (known := dict(self.all())):
                del known[name]
                self._write(known)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Inside, no other Rookery changes the file: each writes what it read before."""
        lock = FileLock(self._file.with_name(f".{self._file.name}.lock"))
        try:
            private_folder(self._file.parent)
            lock.acquire()
        except OSError as exc:
            raise ModelError(f"{self._file} cannot be written: {exc.strerror}") from exc
        try:
            yield
        finally:
            lock.release()

    def _write(self, records: Mapping[str, Record]) -> None:
        part = self._file.with_suffix(f".{os.getpid()}.part")
        try:
            made = {name: asdict(record) for name, record in sorted(records.items())}
            part.write_text(json.dumps(made, indent=2) + "\n", encoding="utf-8")
            os.replace(part, self._file)
        except OSError as exc:
            part.unlink(missing_ok=True)
            raise ModelError(f"{self._file} cannot be written: {exc.strerror}") from exc
