"""Folders made by somebody who wants their code to run as soon as Rookery is started there: does any of it?

python benchmarks/security/hostile_folders.py [--kind NAME] [--starts START ...] [--json FILE]

Each folder has a trap, and springing it makes a file, the marker; that the trap works is tried as well, by the program
that it is made for. In each folder Rookery is started as people start it: commands, a task, and the full screen, where
the question whether the folder is trusted is answered with no, and something is said all the same. The PATH has `.` and
an empty entry in it, and an MCP server is configured by a name that a folder may have a program for.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.security.hostile_traps import TRAPS, lay, why_not
from benchmarks.security.pseudo_terminal import Terminal

ROOKERY = (sys.executable, "-P", "-c", "import sys; from rookery_tui.cli import main; sys.exit(main())")
"""As the script `rookery` does it, for whatever checkout is tried."""
CONFIG = '[mcp.servers.yard]\ncommand = "yard-server"\nstart_s = 5.0\n'
"""What the person has configured: a server by its name."""
ANSWERS = 10
"""How often the question is answered before it is given up."""


def environment(place: Path) -> dict[str, str]:
    """Of a person at home, with a PATH as it should not be, who has configured a server by its name."""
    home = place / "home"
    home.mkdir(exist_ok=True)
    (home / "config.toml").write_text(CONFIG)
    (home / "models").mkdir(exist_ok=True)
    (home / "models" / "broken.gguf").write_text("no model")
    kept = {key: os.environ[key] for key in ("LANG", "LD_LIBRARY_PATH", "PYTHONPATH") if key in os.environ}
    path = f".::{os.environ['PATH']}:./bin"
    return {**kept, "PATH": path, "HOME": str(place), "ROOKERY_HOME": str(home), "TERM": "xterm-256color"}


def sprung(name: str, place: Path, folder: Path) -> bool:
    """Whether the trap works: fall into it, and look for the marker, which is gone afterwards."""
    marker = place / "marker"
    kept = {key: os.environ[key] for key in ("LANG", "LD_LIBRARY_PATH", "PATH") if key in os.environ}
    subprocess.run(
        ["/bin/sh", "-c", TRAPS[name].spring], cwd=folder, env={**kept, "HOME": str(place), "PYTHONPATH": "."},
        capture_output=True, stdin=subprocess.DEVNULL, check=False, timeout=60,
    )  # fmt: skip
    there = marker.exists()
    marker.unlink(missing_ok=True)
    return there


COMMANDS: Mapping[str, tuple[str, ...]] = {
    "tools": ("tools", "list"),
    "mcp": ("mcp", "list"),
    "rules": ("rules", "list"),
    "run": ("run", "hello", "--model", "nowhere.gguf"),
    "repl": ("chat", "--repl", "--model", "nowhere.gguf"),
    "session": ("chat", "--repl", "--model", "broken"),
}
"""Ways to start it that need no model; those that want one get as far as looking for it, or as trying to load it, by
which time it is known how programs are confined here."""


def started(words: Sequence[str], place: Path, folder: Path) -> str:
    """Start a command in the folder; what went wrong, "" for nothing."""
    try:
        done = subprocess.run(
            [*ROOKERY, *words], cwd=folder, env=environment(place), input="", capture_output=True, text=True,
            errors="replace", check=False, timeout=120,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return f"{words[0]} did not end"
    told = done.returncode == 2 and words[0] == "rules"  # that the folder's rules cannot be used
    if not (done.returncode in (0, 1, 3) or told) or "Traceback" in done.stderr or "unexpected" in done.stderr:
        return f"{words[0]} ended with {done.returncode}: {done.stderr[-300:]}"
    return ""


def talked(place: Path, folder: Path) -> str:
    """Start the full screen, say no to the folder, say something, and leave; what went wrong, "" for nothing."""
    terminal = Terminal([sys.executable, "-P", __file__, "--program"], environment(place), folder)
    try:
        terminal.wait_for("Do you trust this folder")
        if (place / "marker").exists():
            return "sprung before the question"
        for _ in range(ANSWERS):  # a key that comes too soon is meant for something else
            terminal.rest(1.5)
            terminal.type(b"n")
            terminal.rest(1.5)
            if b"not trusted" in terminal.output:
                break
        terminal.wait_for("not trusted")
        terminal.type(b"hello\r")
        terminal.wait_for("all the same")
        terminal.type(b"\x11")
        ended = terminal.ended()
        return "" if ended == "exit 0" else f"it ended with {ended}"
    except TimeoutError as exc:
        return f"{str(exc)[:80]} [...] {str(exc)[-600:]}"
    finally:
        terminal.close()


def program() -> int:
    """Rookery at the full screen, as its command starts it, but for the model, which is scripted."""
    from rookery_core import compose
    from rookery_core.testing import ScriptedModel
    from rookery_tui import cli, starting

    def build(*given: Any, **named: Any) -> Any:
        return compose.build(*given, **{**named, "model": ScriptedModel(["Thought: so\nAnswer: Hello all the same."])})

    starting.build = build  # type: ignore[assignment]
    return cli.main(["chat"])


STARTS = (*COMMANDS, "screen")


def one(name: str, starts: Sequence[str] = STARTS) -> dict[str, Any]:
    """Lay a trap, try that it can be sprung, and start Rookery in it."""
    with tempfile.TemporaryDirectory(prefix="rookery-hostile-", ignore_cleanup_errors=True) as scratch:
        place = Path(os.path.realpath(scratch))
        folder = lay(name, place)
        works = sprung(name, place, folder) if TRAPS[name].spring else None
        if works:
            shutil.rmtree(folder)
            folder = lay(name, place)  # as it was before it was sprung
        found = {}
        for start in starts:
            wrong = talked(place, folder) if start == "screen" else started(COMMANDS[start], place, folder)
            marked = (place / "marker").exists() or (folder / "marker").exists()
            found[start] = {"marker": marked, "wrong": wrong}
            (place / "marker").unlink(missing_ok=True)
        (folder / ".rookery").chmod(0o700) if (folder / ".rookery").is_dir() else None
        return {"works": works, "starts": found}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--kind", choices=TRAPS)
    parser.add_argument("--starts", nargs="+", choices=STARTS, default=STARTS)
    parser.add_argument("--json", type=Path)
    parser.add_argument("--program", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.program:
        return program()
    found: dict[str, Any] = {}
    for name in [given.kind] if given.kind else TRAPS:
        if why := why_not(name):
            print(f"{name:40} left out: {why}", flush=True)
            continue
        made = found[name] = one(name, given.starts)
        works = {None: "no code", True: "can be sprung", False: "CANNOT BE SPRUNG"}[made["works"]]
        markers = sum(start["marker"] for start in made["starts"].values())
        wrong = "; ".join(start["wrong"] for start in made["starts"].values() if start["wrong"])
        print(f"{name:40} {works:16} markers {markers} of {len(made['starts'])} starts  {wrong}", flush=True)
    starts = [start for made in found.values() for start in made["starts"].values()]
    markers, wrong = sum(start["marker"] for start in starts), sum(bool(start["wrong"]) for start in starts)
    with_code = sum(made["works"] is True for made in found.values())
    n = len(found)
    print(f"folders {n}, {with_code} with code that can be sprung; starts {len(starts)}")
    print(
        f"markers {markers}, other trouble {wrong}"
        + (f"; upper bound {min(1, 3 / n):.1%} of folders" if not markers else "")
    )
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    unproven = sum(made["works"] is False for made in found.values())
    return 1 if markers or wrong or unproven else 0


if __name__ == "__main__":
    sys.exit(main())
