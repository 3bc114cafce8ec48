"""Manifests: read by a child process once, and kept for as long as the distribution is what it was."""

from __future__ import annotations

import contextlib
import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import IO

from pydantic import ValidationError

from rookery_core.errors import ToolFailed
from rookery_core.hosting.admission import Identity
from rookery_core.hosting.boxing import Boxes
from rookery_core.hosting.manifest import TOO_SLOW, Manifest
from rookery_core.hosting.plugin_process import IMPORT_SECONDS, START_SECONDS, command
from rookery_core.logs import patterns_alone
from rookery_core.paths import private_folder, replace_file
from rookery_core.process import NOWHERE, how_it_ended
from rookery_core.redact import Redactor
from rookery_core.sandbox.guests import Started

SLOW_SECONDS = 0.3
"""An import that takes longer is named."""
AT_ONCE = 4
MANIFEST_BYTES = 4 << 20
PRINTED_BYTES = 65_536
"""Bytes at the end of what a plugin printed that are looked at."""
FORMAT = 2
"""Of manifests; another one is read anew."""


class Manifests:
    """All manifests, in a file that may be deleted at any time."""

    def __init__(
        self,
        file: Path,
        seconds: float = IMPORT_SECONDS,
        boxes: Boxes | None = None,
        redactor: Callable[[], Redactor] = patterns_alone,
    ) -> None:
        """`seconds` is what reading one may take, `boxes` confines whoever reads it, and `redactor` makes what takes
        secrets out of why that failed."""
        self._file = file
        self._seconds = seconds
        self._boxes = boxes or Boxes()
        self._redactor = redactor
        self._kept: dict[str, str] | None = None

    def of(self, wanted: Iterable[tuple[str, Identity]]) -> dict[str, Manifest]:
        """The manifest of each plugin, by its name; those that are not kept are read, several at a time."""
        made: dict[str, Manifest] = {}
        missing: list[tuple[str, Identity]] = []
        for name, identity in wanted:
            kept = self._all().get(self._key(name, identity))
            try:
                made[name] = Manifest.model_validate_json(kept or "")
            except ValidationError:
                missing.append((name, identity))
        if missing:
            with ThreadPoolExecutor(AT_ONCE) as pool:
                read = pool.map(lambda one: self._describe(one[0], one[1].distribution), missing)
                for (name, identity), manifest in zip(missing, read, strict=True):
                    made[name] = manifest
                    if not manifest.problem:  # what is wrong may be over the next time
                        self._all()[self._key(name, identity)] = manifest.model_dump_json()
            self._write()
        return made

    def forget(self, name: str, identity: Identity) -> None:
        """Read it anew the next time."""
        if self._all().pop(self._key(name, identity), None) is not None:
            self._write()

    def _describe(self, plugin: str, distribution: str) -> Manifest:
        try:
            with self._boxes.describing(plugin, distribution)(
                command("describe", distribution, plugin, str(self._seconds)), os.environ
            ) as started:
                return describe(started, self._seconds, self._redactor)
        except ToolFailed as exc:
            return Manifest(problem=str(exc))

    def _key(self, name: str, identity: Identity) -> str:
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return f"{name} {identity.fingerprint} {FORMAT} {python} {self._boxes.edition(name)}"

    def _all(self) -> dict[str, str]:
        if self._kept is None:
            try:
                kept = json.loads(self._file.read_text(encoding="utf-8"))
                self._kept = {str(key): str(value) for key, value in kept.items()}
            except (OSError, ValueError, AttributeError):
                self._kept = {}
        return self._kept

    def _write(self) -> None:
        with contextlib.suppress(OSError):  # then they are read anew the next time
            private_folder(self._file.parent)
            replace_file(self._file, json.dumps(self._all()))


def describe(started: Started, seconds: float, redactor: Callable[[], Redactor] = patterns_alone) -> Manifest:
    """Have a child process import a plugin and say what it is; a manifest with a problem where that fails.

    `redactor` makes what takes secrets out of the problem.
    """
    with tempfile.TemporaryFile() as printed:
        process = subprocess.Popen(
            started.command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,  # which nothing that the plugin starts can hold open
            stderr=printed,
            cwd=NOWHERE,
            env={**started.environment},
            pass_fds=started.files,
            start_new_session=True,
        )
        try:
            said, _ = process.communicate(timeout=START_SECONDS + seconds)
        except subprocess.TimeoutExpired:  # it holds the interpreter, or the machine is too busy to start it
            return Manifest(problem=TOO_SLOW.format(seconds=seconds))
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # with whatever it started
            process.wait()
            if process.stdout is not None:
                process.stdout.close()
        try:
            manifest = Manifest.model_validate_json(said[:MANIFEST_BYTES].partition(b"\n")[0])
        except ValidationError:
            last = _last_line(printed, redactor())
            ended = how_it_ended(started.code(process.returncode))
            return Manifest(problem=f"its process {ended} while it was imported{f': {last[:300]}' if last else ''}")
        return manifest.model_copy(update={"problem": redactor()(manifest.problem)}) if manifest.problem else manifest


def _last_line(printed: IO[bytes], redact: Redactor) -> str:
    """The last thing that was printed, without secrets; "" where it is so long that one may have begun before."""
    size = printed.seek(0, os.SEEK_END)
    printed.seek(max(size - PRINTED_BYTES, 0))
    text = printed.read().decode("utf-8", "replace")
    whole = text if size <= PRINTED_BYTES else text.partition("\n")[2]
    return redact(whole).strip().rpartition("\n")[2]
