"""bubblewrap: where it is, and the command that makes a sandbox of a layout. Runs nothing."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from rookery_core.sandbox.layout import DEVICES, Kind, Layout, Mount

PLACES = ("/usr/bin/bwrap", "/bin/bwrap", "/usr/local/bin/bwrap", "/run/current-system/sw/bin/bwrap")
"""It is not looked for in PATH: what makes the sandbox is not taken from where a tool may write."""
HOW_TO_GET = "install bubblewrap: apt install bubblewrap, dnf install bubblewrap, or pacman -S bubblewrap"
FRESH_BYTES = 512 << 20
"""The most that each folder of the program's own holds; it is in memory."""


def found() -> str:
    """Its path; "" where there is none that can be trusted: one that is root's, and that only root may write."""
    for path in PLACES:
        try:
            about = os.stat(path)
        except OSError:
            continue
        if about.st_uid == 0 and not about.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and os.access(path, os.X_OK):
            return path
    return ""


def command(
    program: str,
    layout: Layout,
    folder: Path,
    environment: Mapping[str, str],
    *,
    network: bool = False,
    keeps_environment: bool = False,
) -> tuple[str, ...]:
    """What has to stand before a command for it to run as the first process of a sandbox, in `folder`.

    `keeps_environment`: it has the variables that bubblewrap is started with, and `environment` besides.
    """
    return (
        program,
        "--unshare-all",
        *(["--share-net"] if network else []),
        *("--unshare-user", "--disable-userns", "--die-with-parent", "--new-session", "--as-pid-1"),
        *("--cap-drop", "ALL", *([] if keeps_environment else ["--clearenv"])),
        *(word for name, value in environment.items() for word in ("--setenv", name, value)),
        *("--hostname", "sandbox"),
        *("--proc", "/proc", "--dev", DEVICES),
        *("--size", str(FRESH_BYTES), "--tmpfs", f"{DEVICES}/shm"),
        *(word for mount in layout.mounts for word in _mounted(mount)),
        *(word for link in layout.links for word in ("--symlink", link.target, str(link.path))),
        *(word for mount in layout.of(Kind.HIDDEN) if mount.source.is_dir() for word in _sealed(mount.path)),
        *_sealed(Path(DEVICES)),
        *_sealed(Path("/proc")),  # to root's programs the kernel's switches are files of their own
        *_sealed(Path("/")),
        *("--chdir", str(folder)),
        "--",
    )


def _mounted(mount: Mount) -> Iterator[str]:
    path = str(mount.path)
    match mount.kind:
        case Kind.FRESH:
            yield from ("--size", str(FRESH_BYTES), "--tmpfs", path)
        case Kind.SHOWN:
            yield from ("--ro-bind", str(mount.source), path)
        case Kind.WRITTEN:
            yield from ("--bind", str(mount.source), path)
        case Kind.HIDDEN if mount.source.is_dir():
            yield from ("--size", "4096", "--tmpfs", path)
        case Kind.HIDDEN:
            yield from ("--ro-bind", os.devnull, path)  # which cannot be opened there


def _sealed(path: Path) -> tuple[str, str]:
    return "--remount-ro", str(path)
