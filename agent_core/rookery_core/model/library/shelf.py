"""The models folder, with what is remembered of its files; puts a local file into it and takes one out."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from rookery_core.errors import ConfigError, ModelError, ModelUnreadable
from rookery_core.model.gguf_header import Header, read_header
from rookery_core.model.hashes import CHUNK, Hashes, sha256_of
from rookery_core.model.library.partial import Free, Partial, free_bytes, partial_names
from rookery_core.model.library.records import Record, Records
from rookery_core.model.registry import ModelFile
from rookery_core.paths import Paths, private_folder

SUFFIX = ".gguf"
IN_PIECES = (
    "; keep them in one folder and use the first by its path: rookery config set model.path FILE-00001-of-...gguf"
)
"""What to do with the files of a model that has several."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.+-]{0,99}")

Told = Callable[[str, int, int], None]
"""Gets what is being done, the bytes that are done, and all there are (0: not known)."""


def untold(what: str, done: int, total: int) -> None:
    """Nobody wants to know."""


@dataclass(frozen=True, slots=True)
class Shelf:
    """The models folder."""

    folder: Path
    expanded: Path
    """Where expanded copies of small models are."""
    records: Records
    hashes: Hashes
    today: str
    """YYYY-MM-DD"""
    free: Free = free_bytes

    @classmethod
    def of(cls, paths: Paths, today: str) -> Shelf:
        """The one of this person."""
        return cls(paths.models, paths.expanded, Records(paths.models / "models.json"), Hashes(paths.hashes), today)

    def file_of(self, name: str) -> Path:
        """Where a model of that name is or would be."""
        return self.folder / f"{name}{SUFFIX}"

    def make_folder(self) -> None:
        """Make the folder where it is not there. Raises ModelError."""
        try:
            private_folder(self.folder)
        except OSError as exc:
            raise ModelError(f"the folder {self.folder} cannot be made: {exc.strerror}") from exc

    def keep(self, name: str, sha256: str, source: str, partial: Partial | None = None) -> ModelFile:
        """Remember what a file in the folder is and where it is from. Raises OSError, ModelError.

        A file that is still `partial` gets its name only then: one with a name and no record would be anybody's.
        """
        path = self.file_of(name)
        n_bytes = (path if partial is None else partial.file).stat().st_size
        self.records.put(name, Record(sha256, n_bytes, source, self.today))
        if partial is not None:
            partial.install()
        self.hashes.remember(path, sha256)
        return ModelFile(name, path)


def check_name(name: str) -> str:
    """The name, where a model can have it. Raises ConfigError."""
    if not _NAME.fullmatch(name) or name.lower().endswith(SUFFIX):
        raise ConfigError(
            f"{name!r} cannot be the name of a model: letters, digits and . _ + -, at most 100, without {SUFFIX}; "
            "--name gives another"
        )
    return name


def check_model(path: Path) -> Header:
    """The header of a file that holds a whole model. Raises ModelUnreadable."""
    header = read_header(path)
    if why := unfit(header):
        cure = f": rookery config set model.adapter {path}" if header.kind == "adapter" else ""
        raise ModelUnreadable(f"{path} {why}{cure or (IN_PIECES if header.n_files > 1 else '')}")
    return header


def unfit(header: Header) -> str:
    """Why a file with that header is no whole model, to be put after its name; "" where it is one."""
    if header.kind == "adapter":
        return "is an adapter, not a model"
    if header.kind != "model":
        return f"is no model: it says that it is of the type {header.kind[:40]!r}"
    return f"is one of {header.n_files} files that are a model together" if header.n_files > 1 else ""


def add(shelf: Shelf, file: Path, *, name: str | None, copy: bool, told: Told = untold) -> tuple[ModelFile, bool]:
    """Put a file into the folder: a second name of the same file where that can be, else a copy, which `copy` demands.

    Returns the model and whether it was copied. Raises ConfigError, ModelUnreadable, ModelError.
    """
    try:
        source = file.expanduser().resolve(strict=True)
    except (OSError, RuntimeError) as exc:  # a home that nobody has, links that lead in a circle
        raise ConfigError(f"{file} cannot be read: {getattr(exc, 'strerror', None) or exc}") from exc
    if not source.is_file():
        raise ConfigError(f"{file} is not a file")
    check_model(source)
    name = check_name(file.stem if name is None else name)
    final = shelf.file_of(name)
    if final.exists() and not final.samefile(source):
        raise ConfigError(f"there is a model {name} already, {final}: --name gives this one another name")
    shelf.make_folder()
    partial = Partial(final)
    with partial.held(f"file:{source}"):
        partial.discard()
        there = final.exists()
        copied = not there and (copy or not _linked(source, partial.file))
        try:
            if copied:
                _copy(source, partial, shelf.free, told)
            hashed = partial.file if copied else source
            sha256 = (sha256_of if copied else shelf.hashes.sha256)(
                hashed, lambda done, total: told("checking", done, total)
            )
            return shelf.keep(name, sha256, f"file:{source}", None if there else partial), copied
        finally:
            partial.discard()


def check_removable(shelf: Shelf, model: ModelFile) -> None:
    """Raise ConfigError for a model that is not Rookery's to delete."""
    if model.package:
        raise ConfigError(f"{model.name} is part of the package {model.package}: pip uninstall {model.package}")
    if model.path.parent != shelf.folder:
        raise ConfigError(f"{model.path} is not in the models folder {shelf.folder}; nothing is deleted")


def remove(shelf: Shelf, model: ModelFile) -> None:
    """Delete a model in the folder and what was made of it; nothing elsewhere. Raises ConfigError, ModelError."""
    check_removable(shelf, model)
    partial = Partial(model.path)
    with partial.alone():
        try:
            model.path.unlink()
        except OSError as exc:
            raise ModelError(f"{model.path} cannot be deleted: {exc.strerror}") from exc
        partial.discard()
        shelf.records.forget(model.name)
    for made in shelf.expanded.glob(f"{_literal(model.name)}-{'[0-9a-f]' * 16}.*.*"):
        with contextlib.suppress(OSError):
            made.unlink()


def remove_unfinished(shelf: Shelf, name: str) -> bool:
    """Delete what came of a model that is not whole; returns whether there was anything. Raises ModelError."""
    partial = Partial(shelf.file_of(name))
    with partial.alone():
        return partial.discard()


def unfinished(shelf: Shelf) -> dict[str, int]:
    """Models that are fetched in part, and how many bytes of them are there."""
    names = sorted(name for name in partial_names(shelf.folder) if name.endswith(SUFFIX))
    return {name.removesuffix(SUFFIX): Partial(shelf.folder / name).n_bytes for name in names}


def _linked(source: Path, name: Path) -> bool:
    try:
        os.link(source, name)
    except OSError:  # another file system, or one without such links
        return False
    return True


def _copy(source: Path, partial: Partial, free: Free, told: Told) -> None:
    total = source.stat().st_size
    partial.require(total, free)
    with source.open("rb") as taken, partial.open(lambda done: told("copying", done, total)) as stream:
        shutil.copyfileobj(taken, stream, CHUNK)


def _literal(name: str) -> str:
    """A name within a pattern of `glob`."""
    return re.sub(r"([\[*?])", r"[\1]", name)
