"""Where the person's files are: config, database, models, logs."""

from __future__ import annotations

import contextlib
import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import platformdirs

PRIVATE_FILE = 0o600
"""Mode of the files the program makes: what a person says to it is theirs alone."""


def private_folder(path: Path) -> None:
    """Make a folder, and those above it, that only this person may look into; one that exists is left as it is."""
    for folder in (*reversed(path.parents), path):
        folder.mkdir(mode=0o700, exist_ok=True)


def private_file(path: Path) -> None:
    """Make an empty file that only this person may read; one that exists is left as it is."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, PRIVATE_FILE))


LOG_LIMIT = 1_000_000
"""Bytes after which a log is begun anew."""


def opened_log(path: Path) -> TextIO:
    """A log to write on at its end; only this person may read it. Raises OSError."""
    private_folder(path.parent)
    private_file(path)
    return path.open("w" if path.stat().st_size > LOG_LIMIT else "a", encoding="utf-8", errors="backslashreplace")


def replace_file(path: Path, text: str) -> None:
    """Write a file as a whole or not at all; its folder is there. Raises OSError."""
    number, name = tempfile.mkstemp(prefix=f"{path.name}.", dir=path.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(name, path)
    except OSError:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise


@dataclass(frozen=True, slots=True)
class Paths:
    """The folders of one person; none of them need exist yet."""

    config: Path
    data: Path
    logs: Path

    @classmethod
    def find(cls, environ: Mapping[str, str]) -> Paths:
        """All under ROOKERY_HOME where it is set, else where this platform keeps such things."""
        home = environ.get("ROOKERY_HOME")
        if home:
            root = Path(home).expanduser().absolute()
            return cls(config=root, data=root, logs=root / "logs")
        dirs = platformdirs.PlatformDirs("rookery", appauthor=False)
        return cls(config=dirs.user_config_path, data=dirs.user_data_path, logs=dirs.user_log_path)

    @property
    def config_file(self) -> Path:
        """Written by the person, only read by the program."""
        return self.config / "config.toml"

    @property
    def settings_file(self) -> Path:
        """Written by the program; overrides `config_file`."""
        return self.config / "settings.toml"

    @property
    def rules(self) -> Path:
        """What the person allows, is asked about, and forbids; theirs, and written to by the program."""
        return self.config / "rules.toml"

    @property
    def trusted(self) -> Path:
        """Which folders the person trusts; without it none is."""
        return self.data / "trusted.json"

    @property
    def database(self) -> Path:
        return self.data / "rookery.db"

    @property
    def models(self) -> Path:
        """GGUF files in here can be named without their path and ending."""
        return self.data / "models"

    @property
    def model_log(self) -> Path:
        return self.logs / "model.log"

    @property
    def screen_log(self) -> Path:
        """What was printed past the full-screen interface, which the terminal does not get."""
        return self.logs / "screen.log"

    @property
    def plugin_log(self) -> Path:
        """What plugins print in their own processes."""
        return self.logs / "plugins.log"

    def server_log(self, name: str) -> Path:
        """What the MCP server of that name prints on its standard error, and tells to be logged."""
        return self.logs / f"mcp-{name}.log"

    @property
    def offered(self) -> Path:
        """What MCP servers offered when they were last started; may be deleted at any time."""
        return self.data / "mcp-tools.json"

    @property
    def plugins(self) -> Path:
        """Which plugins were enabled, and as what; without it all are pending."""
        return self.data / "plugins.json"

    @property
    def manifests(self) -> Path:
        """What plugins offer, so that none is imported to know it; may be deleted at any time."""
        return self.data / "manifests.json"

    @property
    def states(self) -> Path:
        """What models have read, so that it need not be read again; may be deleted at any time."""
        return self.data / "states"

    @property
    def hashes(self) -> Path:
        """Hashes of model files; may be deleted at any time."""
        return self.data / "hashes.json"

    @property
    def probes(self) -> Path:
        """What `rookery models probe` found; may be deleted at any time."""
        return self.data / "probes.json"

    @property
    def sandbox(self) -> Path:
        """What `rookery sandbox` found of this machine; may be deleted at any time."""
        return self.data / "sandbox.json"

    @property
    def expanded(self) -> Path:
        """Copies of small models' weights in a format that reads faster; may be deleted at any time."""
        return self.data / "expanded"

    @property
    def evals(self) -> Path:
        """Finished cases of `rookery eval`, so that one that was stopped goes on; may be deleted at any time."""
        return self.data / "evals"

    @property
    def history_file(self) -> Path:
        """What was typed in the plain prompt."""
        return self.data / "history"
