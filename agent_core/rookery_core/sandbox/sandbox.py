"""The sandbox of this machine: its level, and for each call what confines the programs of that call.

A call that is to be confined is, or fails: nothing here ever goes on without.
"""

from __future__ import annotations

import os
import platform
import sys
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from rookery_core.approval.places import Places
from rookery_core.errors import ConfigError, NeedsApproval, SandboxRefused, ToolFailed
from rookery_core.sandbox.box import Box
from rookery_core.sandbox.level import UNCONFINED, Found, Level, Reach, told
from rookery_core.sandbox.room import Room
from rookery_core.sandbox.settings import SandboxSettings
from rookery_core.tools.registry import OfferedTool

_LOADING = ("LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH", "DYLD_FALLBACK_LIBRARY_PATH")


class Confinement:
    """How programs are confined here. It is found out once, when it is first asked for, from any thread."""

    def __init__(self, room: Room | None = None, *, file: Path | None = None, allow_root: bool = False) -> None:
        """`room` is what there is beside a workspace; None: nothing of the person's. `file` is where what was found is
        kept. `allow_root`: whether root's programs may run at a lower level."""
        self._room = room or Room(Path("/"), Path("/nonexistent"))
        self._file = file
        self._allow_root = allow_root
        self._lock = threading.Lock()
        self._found: Found | None = None
        self._unseen: tuple[Path, ...] | None = None

    @classmethod
    def of(
        cls,
        settings: SandboxSettings,
        places: Places,
        home: Path,
        environ: Mapping[str, str],
        *,
        file: Path | None = None,
        allow_root: bool = False,
    ) -> Confinement:
        """The one of a person. Raises ConfigError for a folder to be read that holds what is private."""
        reads = tuple(_readable(folder, places, home) for folder in settings.read)
        loading = {name: environ[name] for name in _LOADING if name in environ}
        code = tuple(Path(os.path.realpath(path)) for path in sys.path if path)
        there = tuple(filter(Path.exists, reads))
        room = Room(Path("/"), home, places, there, code, settings=settings, loading=loading)
        return cls(room, file=file, allow_root=allow_root)

    @property
    def found(self) -> Found:
        """What was found when it was tried; the first time that may take 0.2 s."""
        with self._lock:
            if self._found is None:
                self._found = self._find()
            return self._found

    def _find(self) -> Found:
        if sys.platform != "linux":
            return Found(Level.L1, (f"on {platform.system()} programs are not confined yet",))
        from rookery_core.sandbox.canaries import find

        return find(self._room, self._file)

    def room_at(self, root: Path) -> Room:
        """The room with a workspace."""
        if self._unseen is None:
            from rookery_core.sandbox.layout import of_root_alone

            self._unseen = tuple(of_root_alone()) if self.is_root else ()
        return replace(self._room, root=root, unseen=self._unseen)

    def is_own(self, folder: Path) -> bool:
        """Whether a real path is one of Rookery's own folders, which no confined program sees."""
        return folder in self._room.places.own

    @property
    def level(self) -> Level:
        """The level at which programs run: that of the machine, or none where the person wants none."""
        return Level.L1 if self.is_open else self.found.level

    @property
    def is_open(self) -> bool:
        """Whether the person's settings say that programs are not confined."""
        return self._room.settings.programs == "open"

    @property
    def is_root(self) -> bool:
        return hasattr(os, "geteuid") and os.geteuid() == 0

    @property
    def network(self) -> bool:
        """Whether confined programs reach the network."""
        return self._room.settings.network

    def confines(self, offered: OfferedTool) -> bool:
        """Whether all programs that a call of this tool starts run in a sandbox, and it does nothing else."""
        return self.starts(offered) and self.level > Level.L1

    def starts(self, offered: OfferedTool) -> bool:
        """Whether a call of this tool starts programs of ours, which would be confined, and does nothing else."""
        return offered.built_in and offered.tool.confined

    @property
    def is_whole(self) -> bool:
        """Whether programs can be kept from all but the workspace, and from changing anything where that is only read.
        Without Landlock a pipe that lies there could still be written to."""
        return self.level is Level.L3 and self.found.landlock > 0 and not self.network

    def keeps(self, offered: OfferedTool) -> bool:
        """Whether that holds for all that a call of this tool does, so that nobody need be asked before it reads."""
        return self.starts(offered) and self.is_whole

    def told(self, workspace: str = "the workspace", reach: Reach = Reach.WRITES) -> str:
        """What programs may do here, in short."""
        return told(self.level, reach=reach, network=self.network, workspace=workspace)

    def fact(self, offered: OfferedTool, root: Path, reach: Reach = Reach.WRITES) -> tuple[str, str]:
        """What a question about a call says of it, a label and a text; the text is "" where nothing is known: a call
        that starts no program of ours."""
        return "confined", self.told(str(root), reach) if self.starts(offered) else ""

    def forbids(self, *, is_open: bool = False) -> str:
        """Why no program may run here; "" where some may. `is_open`: one that the settings say is not confined."""
        if self.is_root and not self._allow_root and (is_open or self.level < Level.L3):
            if is_open or self.is_open:
                why = "the settings say that it is open" if is_open else "sandbox.programs is open"
            else:
                why = "; ".join(self.found.why_not_higher)
            return (
                f"Rookery runs as root, and without a whole sandbox root's programs may do anything ({why}); run it as "
                "an ordinary user, or start it with --allow-root"
            )
        return ""

    def at(self, root: Path, *, asked: bool, reach: Reach = Reach.WRITES) -> CallSandbox:
        """For one call in the workspace `root`; `asked`: whether the person was asked about it, and allowed it.
        Without that it is not made outside of the sandbox.
        """
        return CallSandbox(self, root, asked, reach if asked else min(reach, Reach.WRITES))

    @property
    def can_be_left(self) -> bool:
        """Whether the person may have a call made outside of it."""
        return self.level > Level.L1 and (self._allow_root or not self.is_root)


@dataclass(frozen=True, slots=True)
class CallSandbox:
    """What one call is lent of it."""

    confinement: Confinement
    root: Path
    asked: bool
    reach: Reach = Reach.WRITES

    @contextmanager
    def box(self, *, reads: Sequence[Path] = (), writes: bool = True, harmless: bool = False) -> Iterator[Box | None]:
        """What confines one program (`box.Sandbox`)."""
        here = self.confinement
        if self.reach is Reach.OUTSIDE and here.can_be_left:
            yield None
            return
        writes = writes and self.reach is not Reach.READS
        if not harmless and (why := here.forbids()):
            raise ToolFailed(why)
        match here.level:
            case Level.L1:
                if not (harmless or here.is_open or self.asked):
                    raise NeedsApproval(f"{UNCONFINED}, since {'; '.join(here.found.why_not_higher)}")
                yield None
            case level:
                from rookery_core.sandbox.making import files_and_calls, machine_of_its_own

                make = machine_of_its_own if level is Level.L3 else files_and_calls
                with make(here.room_at(self.root), reads, writes=writes) as box:
                    yield box

    def refused(self, result: str, *, outside: bool = False) -> str:
        """The result of a program that failed, where it stays at that (`box.Sandbox`)."""
        here = self.confinement
        if (self.reach is Reach.READS and not outside) or (self.reach < Reach.OUTSIDE and here.can_be_left):
            raise SandboxRefused(result, outside=outside)
        return result


def _readable(folder: str, places: Places, home: Path) -> Path:
    """A folder that the settings name. Raises ConfigError."""
    path = Path(folder.replace("~", str(home), 1) if folder == "~" or folder.startswith("~/") else folder)
    if not path.is_absolute():
        raise ConfigError(f"sandbox.read: {folder} must be a whole path, or begin with ~/")
    nowhere = Path("/nonexistent")
    why = places.forbidden(path, nowhere, writing=False) or places.holds(path, nowhere, writing=False)
    if why and path.exists():
        raise ConfigError(f"sandbox.read: programs cannot be let read {folder}: {why}")
    return path
