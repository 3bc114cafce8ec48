"""What a program that a tool starts finds around it: the environment, and which file a name means.

Pure but for the file system. What a person is told that a program gets, and what it gets, are both from here.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from pathlib import Path

_PASSED = frozenset({"HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR"})
_SET = {"TERM": "dumb", "PAGER": "cat", "GIT_PAGER": "cat", "LC_MESSAGES": "C"}
"""What programs complain of is known in one language alone; the model reads it, too."""


def program_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """Of these variables what programs need to find their way; the person's keys and tokens are not among them."""
    passed = {name: value for name, value in environ.items() if name in _PASSED or name.startswith("LC_")}
    if every := passed.pop("LC_ALL", ""):  # it would be above the language of the messages
        passed = {name: value for name, value in passed.items() if not name.startswith("LC_")} | {"LANG": every}
    return passed | {"PATH": search_path(environ), **_SET}


def search_path(environ: Mapping[str, str], outside: Path | None = None) -> str:
    """PATH without folders that depend on where one is, such as `.`, and without those in the folder `outside`."""
    folders = (environ.get("PATH") or os.defpath).split(os.pathsep)
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
