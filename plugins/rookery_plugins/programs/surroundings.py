"""What a program finds around it: the environment, and which file a name means."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

_PASSED = frozenset({"HOME", "USER", "LOGNAME", "LANG", "LANGUAGE", "TZ", "TMPDIR"})


def environment() -> dict[str, str]:
    """Of Rookery's own variables what programs need to find their way; the person's keys and tokens stay here."""
    passed = {name: value for name, value in os.environ.items() if name in _PASSED or name.startswith("LC_")}
    return passed | {"PATH": search_path(), "TERM": "dumb", "PAGER": "cat", "GIT_PAGER": "cat"}


def for_python() -> dict[str, str]:
    """What Rookery's own interpreter may need to be loaded at all."""
    loading = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")
    return {name: os.environ[name] for name in loading if name in os.environ}


def search_path(outside: Path | None = None) -> str:
    """PATH without folders that depend on where one is, such as `.`, and without those in the folder `outside`."""
    folders = (os.environ.get("PATH") or os.defpath).split(os.pathsep)
    return os.pathsep.join(
        folder for folder in folders if os.path.isabs(folder) and not (outside and _within(folder, outside))
    )


def which(name: str, folder: Path, path: str) -> str | None:
    """The file that a name means to a program in `folder`; None where there is none that can be run."""
    if os.path.dirname(name):
        name = os.path.join(folder, name)
    return shutil.which(name, path=path)


def _within(folder: str, outside: Path) -> bool:
    real = Path(os.path.realpath(folder))
    return real == outside or outside in real.parents
