"""An environment of its own for each peer, made on first use. Knows nothing of what runs in it."""

from __future__ import annotations

import importlib.metadata
import shutil
import subprocess
import sys
from pathlib import Path

REQUIREMENTS = Path(__file__).parent / "requirements"
ENGINE = "llama-cpp-python"
DONE = "peers.txt"
"""A file that says what was asked for, written when it was installed."""


def python(home: Path, name: str) -> Path:
    """The interpreter of the environment of that name. Raises CalledProcessError where it cannot be made."""
    folder, wanted = home / name, (REQUIREMENTS / f"{name}.txt").read_text(encoding="utf-8")
    if ENGINE in wanted:  # the engine that Rookery runs on itself
        wanted += f"{ENGINE}=={importlib.metadata.version(ENGINE)}\n"
    done, found = folder / DONE, folder / "bin" / "python"
    if not (done.is_file() and done.read_text(encoding="utf-8") == wanted and found.exists()):
        print(f"making the environment {folder}", file=sys.stderr)
        shutil.rmtree(folder, ignore_errors=True)
        subprocess.run([sys.executable, "-m", "venv", str(folder)], check=True)
        lines = [line for line in wanted.splitlines() if line and not line.startswith("#")]
        subprocess.run([str(found), "-m", "pip", "install", "-q", "--disable-pip-version-check", *lines], check=True)
        done.write_text(wanted, encoding="utf-8")
    return found
