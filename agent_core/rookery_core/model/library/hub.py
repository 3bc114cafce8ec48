"""Fetching from the model hub, with its own library, which is imported only here and only when it is needed."""

from __future__ import annotations

import importlib.util
import logging
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rookery_core.errors import FetchFailed
from rookery_core.model.library.catalogue import HubFile
from rookery_core.model.library.partial import FULL, Partial
from rookery_core.text import one_line

PACKAGE = "huggingface_hub"
_SHA256 = re.compile("[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class Announced:
    """What the hub says a file is."""

    sha256: str
    """"" where the hub does not say; it does for every large file."""
    n_bytes: int
    """0 where it does not say."""
    commit: str


def announced(file: HubFile, endpoint: str | None = None) -> Announced:
    """Ask the hub about a file. Raises FetchFailed.

    `endpoint` is the hub's address; None: as the library has it (HF_ENDPOINT).
    """
    with _trouble(file):
        from huggingface_hub import get_hf_file_metadata, hf_hub_url

        said = get_hf_file_metadata(hf_hub_url(file.repository, file.file, endpoint=endpoint), endpoint=endpoint)
    sha256 = said.etag if said.etag and _SHA256.fullmatch(said.etag) else ""
    return Announced(sha256, said.size or 0, said.commit_hash or "main")


def fetch(
    file: HubFile,
    commit: str,
    partial: Partial,
    n_bytes: int,
    heard: Callable[[int], None],
    endpoint: str | None = None,
) -> None:
    """Append what is missing of the file, again and again as long as something comes.

    Raises FetchFailed, and OSError for trouble with the disk.
    """
    while True:
        before = partial.n_bytes
        try:
            return _append(file, commit, partial, n_bytes, heard, endpoint)
        except FetchFailed:
            if partial.n_bytes == before:
                raise


def _append(
    file: HubFile, commit: str, partial: Partial, n_bytes: int, heard: Callable[[int], None], endpoint: str | None
) -> None:
    with _trouble(file), partial.open(heard) as stream:
        from huggingface_hub import hf_hub_url
        from huggingface_hub.file_download import http_get
        from huggingface_hub.utils._headers import build_hf_headers
        from huggingface_hub.utils.tqdm import disable_progress_bars

        disable_progress_bars()
        logging.getLogger(PACKAGE).setLevel(logging.ERROR)  # what it tries again is its own affair
        http_get(
            hf_hub_url(file.repository, file.file, revision=commit, endpoint=endpoint),
            stream,
            resume_size=partial.n_bytes,
            headers={**build_hf_headers(), "Accept-Encoding": "identity"},
            expected_size=n_bytes or None,
        )


@contextmanager
def _trouble(file: HubFile) -> Iterator[None]:
    """Say what the hub or its library has against it as FetchFailed."""
    if importlib.util.find_spec(PACKAGE) is None:
        raise FetchFailed("the model hub needs a package of its own: pip install 'rookery[hub]'")
    from huggingface_hub import errors

    broken: tuple[type[Exception], ...] = (OSError, *errors.HfHubHTTPError.__bases__)  # its HTTP client's, which varies
    try:
        yield
    except errors.OfflineModeIsEnabled as exc:
        raise FetchFailed("the model hub is not asked, since HF_HUB_OFFLINE is set") from exc
    except errors.GatedRepoError as exc:
        raise FetchFailed(
            f"{file} is only for those who accepted its terms: do so on the hub's page of {file.repository}, "
            "then set HF_TOKEN to a token of yours, or `hf auth login`"
        ) from exc
    except errors.RepositoryNotFoundError as exc:
        raise FetchFailed(
            f"the model hub has no {file.repository}, or not for everyone (HF_TOKEN, `hf auth login`)"
        ) from exc
    except errors.EntryNotFoundError as exc:
        raise FetchFailed(f"{file.repository} is on the model hub, but has no file {file.file}") from exc
    except errors.HFValidationError as exc:
        raise FetchFailed(f"{file.repository} is not the name of a repository: {one_line(str(exc), 200)}") from exc
    except errors.HfHubHTTPError as exc:
        raise FetchFailed(f"the model hub refused {file}: {one_line(str(exc), 200)}") from exc
    except ValueError as exc:
        raise FetchFailed(f"the model hub's library cannot fetch {file}: {one_line(str(exc), 200)}") from exc
    except broken as exc:
        if isinstance(exc, OSError) and (exc.errno in FULL or exc.filename is not None):
            raise  # the disk's, not the hub's
        raise _broken_off(exc) from exc


def _broken_off(exc: Exception) -> FetchFailed:
    why = one_line(str(exc), 200) or type(exc).__name__
    return FetchFailed(f"the model hub cannot be reached, or the connection broke: {why}")
