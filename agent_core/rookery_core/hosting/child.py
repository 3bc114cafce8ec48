"""A process for one distribution's plugins: describes one of them, or runs their tools until its input ends.

`describe DISTRIBUTION PLUGIN SECONDS` writes a manifest; `serve DISTRIBUTION PLUGIN...` reads requests. Both speak JSON
over what were standard input and output when the process began; what a plugin prints, and does to these two, goes
elsewhere.
"""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
import time
from collections.abc import Iterator, Sequence
from importlib.metadata import EntryPoint
from typing import Any, NoReturn

from rookery_core.hosting.manifest import TOO_SLOW, Manifest, manifest_of
from rookery_core.hosting.serving import Server
from rookery_core.process import die_with_parent
from rookery_core.tools.loader import LoadedPlugin, distribution_of, installed, load


class Line:
    """The line to the program: JSON in both directions, from any thread."""

    def __init__(self) -> None:
        """Take standard input and output away from everyone else."""
        self._incoming = os.fdopen(os.dup(0), "rb")
        self._outgoing = os.fdopen(os.dup(1), "wb")
        nothing = os.open(os.devnull, os.O_RDONLY)
        os.dup2(nothing, 0)
        os.dup2(2, 1)
        self._lock = threading.Lock()
        os.register_at_fork(after_in_child=self._forget)

    def requests(self) -> Iterator[dict[str, Any]]:
        """What the program asks for, until it is gone."""
        for line in self._incoming:
            yield json.loads(line)

    def send(self, message: dict[str, Any]) -> None:
        """Tell the program; where that cannot be done, nobody is served by going on."""
        try:
            line = json.dumps(message, ensure_ascii=False).encode("utf-8", "backslashreplace") + b"\n"
            with self._lock:
                self._outgoing.write(line)
                self._outgoing.flush()
        except BaseException:  # the program is gone, or the plugin broke what this needs
            os._exit(1)

    def _forget(self) -> None:
        """A process that a plugin forks has no line of its own."""
        for file in (self._incoming, self._outgoing):
            os.close(file.fileno())


def main(arguments: Sequence[str]) -> None:
    """Do what the arguments say."""
    what, distribution, *plugins = arguments
    die_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    line = Line()
    if what == "describe":
        plugin, seconds = plugins
        threading.Thread(target=_give_up, args=(line, float(seconds)), daemon=True).start()
        _end(line, describe(distribution, plugin))
    server = Server(line.send, [_load(_found(distribution, plugin)) for plugin in plugins])
    server.serve(line.requests())
    os._exit(0)


def describe(distribution: str, plugin: str) -> Manifest:
    """Load a plugin and say what it is; a problem where it cannot be loaded."""
    found = _found(distribution, plugin)
    began = time.perf_counter()
    loaded, problem, ignored = _load(found)
    import_s = time.perf_counter() - began
    return Manifest(problem=problem) if loaded is None else manifest_of(loaded.offers, ignored, import_s)


def _give_up(line: Line, seconds: float) -> None:
    """End this process where it does not end before. That it had to be started is not the plugin's time."""
    time.sleep(seconds)
    _end(line, Manifest(problem=TOO_SLOW.format(seconds=seconds)))


def _end(line: Line, manifest: Manifest) -> NoReturn:
    line.send(manifest.model_dump(mode="json"))
    os._exit(0)  # a thread of the plugin, or what it registered for the end, must not keep it


def _found(distribution: str, plugin: str) -> list[EntryPoint]:
    return [ep for ep in installed() if ep.name == plugin and distribution_of(ep) == distribution]


def _load(found: list[EntryPoint]) -> tuple[LoadedPlugin | None, str, tuple[str, ...]]:
    """The plugin, why it cannot be loaded, and the hooks of it that there are not."""
    made = load(found)
    reasons = tuple(problem.reason for problem in made.problems)
    if not made.plugins:
        return None, reasons[0] if reasons else "it is not installed any more", ()
    return made.plugins[0], "", reasons


if __name__ == "__main__":
    main(sys.argv[1:])
