"""How programs of others that run on through a session are confined: the processes of plugins, and MCP servers.

Each gets what it needs by what it says of itself, and no more. The sandbox is that of the tools' own programs.
"""

from __future__ import annotations

import asyncio
import marshal
import os
import sys
import tempfile
from collections.abc import AsyncIterator, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from rookery_core.errors import ToolFailed
from rookery_core.process import NOWHERE
from rookery_core.sandbox.box import Box
from rookery_core.sandbox.inside import control_group, guest
from rookery_core.sandbox.level import Level
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.tools.contract import Risk, Tool

ALL_RIGHTS = "with all of your rights"
REFUSALS = (
    "Read-only file system", "Operation not permitted", "Permission denied", "name resolution", "Could not resolve",
    "unreachable",
)  # fmt: skip
"""What programs say where the sandbox refuses them something."""
RESOLVER = "/etc/resolv.conf"
"""Often a link to where nothing else is seen."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a program is given, beside what everybody may read."""

    workspace: bool = False
    """Whether it reads the workspace."""
    writes: bool = False
    """Whether it writes there."""
    network: bool = False

    def __str__(self) -> str:
        reaches = "the network" if self.network else "no network"
        if not self.workspace:
            return f"{reaches}, no files of yours"
        return f"{reaches}, {'reads and writes' if self.writes else 'reads'} in the workspace alone"


def needs_of(tools: Iterable[Tool], *, online: bool) -> Needs:
    """What the tools of one program need by what they say that they do.

    Nothing but arguments, where all compute. One that talks to other machines writes where it takes paths.
    """
    several = [*tools]
    takes_paths = {tool.risk for tool in several if tool.paths or tool.entries}
    needs = needs_of_kinds({tool.risk for tool in several}, online=online)
    writes = needs.writes or Risk.NETWORK in takes_paths
    return replace(needs, workspace=needs.workspace or bool(takes_paths), writes=writes)


def needs_of_kinds(kinds: Collection[Risk], *, online: bool) -> Needs:
    """What a program needs that does these things."""
    writes = Risk.WRITE in kinds or Risk.EXECUTE in kinds
    return Needs(writes or Risk.READ in kinds, writes, online and Risk.NETWORK in kinds)


@dataclass(frozen=True, slots=True)
class Started:
    """What is to be started in a program's place, and how it is confined for as long as that is held."""

    command: tuple[str, ...]
    environment: Mapping[str, str]
    confined: bool = False
    files: tuple[int, ...] = ()
    """Open files that it has to be given, by their numbers."""

    def code(self, code: int) -> int:
        """The exit code of the program, negative for a signal, by that of what was started."""
        return 128 - code if self.confined and code > 128 else code


@asynccontextmanager
async def held(confining: AbstractContextManager[Started]) -> AsyncIterator[Started]:
    """The same in a task. It is entered in a thread, since that looks through the workspace, and is left also where the
    task does not wait for it."""
    entering = asyncio.ensure_future(asyncio.to_thread(confining.__enter__))
    try:
        started = await asyncio.shield(entering)
    except asyncio.CancelledError:
        with suppress(ToolFailed):
            await entering
            confining.__exit__(None, None, None)
        raise
    try:
        yield started
    finally:
        confining.__exit__(None, None, None)


@dataclass(frozen=True, slots=True)
class Guests:
    """Confines them on this machine."""

    confinement: Confinement
    root: Path | None = None
    """The workspace; None: nobody sees one."""

    def forbids(self, *, is_open: bool = False) -> str:
        """Why none may be started here; "" where one may. `is_open`: one that is not to be confined."""
        return self.confinement.forbids(is_open=is_open)

    def confines(self, *, is_open: bool = False) -> bool:
        """Whether one is confined; the first time that may take 0.2 s."""
        return not is_open and self.confinement.level > Level.L1

    @contextmanager
    def start(
        self,
        needs: Needs,
        command: Sequence[str],
        environment: Mapping[str, str],
        *,
        reads: Sequence[Path] = (),
        folder: str = NOWHERE,
        is_open: bool = False,
    ) -> Iterator[Started]:
        """Confine one, until it is left; it has to have ended by then. From any thread.

        `reads` are folders that it sees besides, `folder` is the one that it works in. Raises ToolFailed where it must
        not run here.
        """
        if why := self.forbids(is_open=is_open):
            raise ToolFailed(why)
        if not self.confines(is_open=is_open):
            yield Started((*command,), environment)
            return
        with ExitStack() as held:
            box = held.enter_context(self._box(needs, reads))
            groups = box.order["groups"]
            becoming = {
                "entrance": [],
                "groups": [] if box.entrance else groups,
                "first": bool(box.entrance),
                "limits": {**box.limits},
                "folder": folder,
                "order": {name: value for name, value in box.order.items() if name not in ("groups", "watched")},
            }
            entering = [{"entrance": [*box.entrance], "groups": groups}] if box.entrance else []
            number = held.enter_context(_written([*entering, becoming]))
            python = (sys.executable, "-I", "-S", "-X", "utf8", "-c", guest.BOOT, box.inside)
            around = {**environment, **box.environment}
            yield Started((*python, str(number), *command), around, confined=True, files=(number,))
            for above, _ in box.order["groups"]:
                control_group.sweep(above)

    @contextmanager
    def _box(self, needs: Needs, reads: Sequence[Path]) -> Iterator[Box]:
        from rookery_core.sandbox.making import files_and_calls, machine_of_its_own

        with ExitStack() as held:
            root = self.root if needs.workspace else None
            if root is None:
                empty = held.enter_context(tempfile.TemporaryDirectory(prefix="rookery-none-"))
                root = Path(os.path.realpath(empty))
            here = self.confinement.room_at(root)
            room = replace(here, settings=here.settings.model_copy(update={"network": needs.network}))
            writes = needs.writes and self.root is not None
            names = (Path(os.path.realpath(RESOLVER)),) if needs.network else ()
            if self.confinement.level is Level.L3:
                made = machine_of_its_own(room, (*reads, *names), writes=writes, keeps_environment=True)
            else:
                made = files_and_calls(room, (*reads, *names), writes=writes)
            yield held.enter_context(made)


@contextmanager
def _written(orders: Iterable[dict[str, Any]]) -> Iterator[int]:
    """An open file with orders, which are read one after the other: an argument may be too short for one."""
    written = [marshal.dumps(order) for order in orders]
    with ExitStack() as held:
        try:
            file = held.enter_context(tempfile.TemporaryFile())
            file.write(b"".join(len(each).to_bytes(guest.SIZE_BYTES, "big") + each for each in written))
            file.seek(0)
        except OSError as exc:
            raise ToolFailed(f"there is no room for what confines a program: {exc.strerror}") from exc
        yield file.fileno()
