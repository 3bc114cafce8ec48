"""The package `bfcl-eval`, in an environment of its own, and its checker in a process of its own.

Knows nothing of what the cases and the calls mean.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import PIPE, Popen

from filelock import FileLock

from rookery_core.errors import ConfigError
from rookery_core.evals import bfcl_checker
from rookery_core.evals.bfcl import Check, Dicts
from rookery_core.paths import PRIVATE_FILE, private_folder
from rookery_core.text import one_line

VERSION = "2026.3.23"
SHA256 = "3bb6dfa5f0c68ad403c9ec50b00db2bb3b4cc9b38ab1ff33f48fe30d853d3a0a"
"""Of its wheel: with other cases, or another checker, rates cannot be compared."""
REQUIREMENT = f"bfcl-eval=={VERSION} --hash=sha256:{SHA256}"
INSTALL = ("-m", "pip", "install", "--no-deps", "--only-binary", ":all:", "--no-input", "--disable-pip-version-check")
"""Without what it depends on, which is a gigabyte of libraries for models that are not asked here."""
NO_VENV = (
    "Check the disk's space, and that this Python has its module venv; on some systems it is a package of its own."
)
NO_INDEX = "Once PyPI, or an index of yours that has it, can be reached, the same command goes on."
DONE = "rookery.txt"
"""A file that says what was installed, written when it was."""


@dataclass(frozen=True, slots=True)
class Package:
    """An interpreter, and the folder where it has `bfcl_eval`."""

    python: Path
    folder: Path

    @property
    def data(self) -> Path:
        """Its cases."""
        return self.folder / "bfcl_eval" / "data"


def installed(environment: Path, say: Callable[[str], None]) -> Package:
    """The package in this environment, which is made where there is none with this version.

    Raises ConfigError, which says what went wrong and what to do. What is begun and not finished is made anew.
    """
    found = _package(environment)
    try:
        private_folder(environment.parent)
        with FileLock(f"{environment}.lock", mode=PRIVATE_FILE):
            if not _is_made(environment, found):
                say(f"getting the cases and the checker: bfcl-eval {VERSION} with pip (2 MB), into {environment}")
                shutil.rmtree(environment, ignore_errors=True)
                _run([sys.executable, "-P", "-m", "venv", str(environment)], "an environment cannot be made", NO_VENV)
                with tempfile.TemporaryDirectory(prefix="rookery-bfcl-") as folder:
                    wanted = Path(folder, "requirements.txt")
                    wanted.write_text(REQUIREMENT + "\n", encoding="utf-8")
                    _run([str(found.python), *INSTALL, "-r", str(wanted)], "pip cannot install it", NO_INDEX)
                (environment / DONE).write_text(REQUIREMENT, encoding="utf-8")
    except OSError as exc:
        raise ConfigError(f"bfcl: {environment} cannot be used: {exc.strerror}") from exc
    return found


@contextmanager
def checker(package: Package) -> Iterator[Check]:
    """Its checker. Asked, it raises ConfigError when it does not work."""
    command = [str(package.python), "-I", str(bfcl_checker.__file__), str(package.folder)]
    with tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace") as log:
        try:
            process = Popen(command, stdin=PIPE, stdout=PIPE, stderr=log, encoding="utf-8")
        except OSError as exc:
            raise ConfigError(f"{package.python} cannot be started: {exc.strerror}") from exc

        def check(category: str, functions: Dicts, calls: Dicts, answers: Dicts) -> bool:
            asked = {"category": category, "functions": functions, "calls": calls, "answers": answers}
            assert process.stdin is not None
            assert process.stdout is not None
            try:
                print(json.dumps(asked), file=process.stdin, flush=True)
                return bool(json.loads(process.stdout.readline())["valid"])
            except (OSError, ValueError) as exc:
                log.seek(0)
                why = _last_line(log.read()) or "it ended"
                raise ConfigError(
                    f"the checker of bfcl-eval does not work: {why}. Delete {package.folder}, and it is fetched anew."
                ) from exc

        try:
            yield check
        finally:
            process.kill()
            process.communicate()


def _package(environment: Path) -> Package:
    at = {"base": str(environment), "platbase": str(environment)}
    paths = sysconfig.get_paths("venv", vars=at)
    return Package(Path(paths["scripts"], Path(sys.executable).name), Path(paths["purelib"]))


def _is_made(environment: Path, package: Package) -> bool:
    try:
        done = (environment / DONE).read_text(encoding="utf-8")
    except OSError:
        return False
    return done == REQUIREMENT and package.python.exists() and package.data.is_dir()


def _run(command: Sequence[str], what: str, advice: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
    if done.returncode:
        why = _last_line(done.stderr) or _last_line(done.stdout) or f"exit code {done.returncode}"
        raise ConfigError(f"bfcl needs the package bfcl-eval {VERSION} once, and {what}: {why.rstrip('.')}. {advice}")


def _last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return one_line(lines[-1], 300).removeprefix("ERROR: ") if lines else ""
