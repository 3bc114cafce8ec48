"""Paths that try to lead out of a workspace, and a workspace that has something to be found outside of it."""

from __future__ import annotations

import hashlib
import lzma
import os
from dataclasses import dataclass
from pathlib import Path

DATA = Path(__file__).parent / "data" / "security"
CANARY = "canary-7f3a9c"
"""What no tool may show; it is in every file outside."""
OUTSIDE_NAMES = (
    "etc/passwd",
    "etc/issue",
    "boot.ini",
    "windows/system32/drivers/etc/hosts",
    "WINDOWS/win.ini",
    "{FILE}",
    "secret.txt",
)
DEPTH = 4
"""How many folders are above the workspace, each with all of those files."""

OWN = (
    "..", "../", "./..", "a/../..", "a/../../secret.txt", "../secret.txt", "../../secret.txt", "..//..//secret.txt",
    "./../secret.txt", "a/./../../secret.txt", "inside/../../secret.txt", "link/secret.txt", "link/../secret.txt",
    "link", "link/", "link/.", "chain1", "chain1/secret.txt", "chain9", "leak.txt", "leak.txt/", "loop", "loop/x", "loop2",
    "/", "//", "/.", "/..", "/etc/passwd", "//etc/passwd", "/etc/./passwd", "/proc/self/environ", "/proc/self/cwd",
    "/proc/self/root/etc/passwd", "/proc/self/fd/0", "/proc/self/fd/1", "/proc/1/root", "/dev/zero", "/dev/stdin",
    "/dev/fd/0", "/dev/null", "/dev/tty", "/dev/full", "/sys/kernel", "~", "~/", "~root", "~root/.bashrc", "$HOME",
    "${HOME}/.ssh/id_rsa", "file:///etc/passwd", "file://localhost/etc/passwd", "C:\\Windows\\win.ini", "C:/", "c:secret.txt",
    "\\\\server\\share\\x", "\\\\?\\C:\\", "\\\\.\\pipe\\x", "..\\secret.txt", "..\\..\\secret.txt", "NUL", "CON", "COM1",
    "secret.txt::$DATA", "..%2fsecret.txt", "..%252fsecret.txt", "%2e%2e/secret.txt", "．．/secret.txt", "..／secret.txt",
    "..\u2215secret.txt", "\u2025/secret.txt", "..\u200b/secret.txt", ".. /secret.txt", "..;/secret.txt", "..\0/secret.txt",
    "\0", "a\0/../secret.txt", "../secret.txt\0.png", "../secret.txt\n", "../secret.txt ", " ../secret.txt", "\t../secret.txt",
    "-", "--", "-rf", "*", "?", ".", "./", "", " ", "a" * 255, "a" * 256, "a/" * 2_048, "../" * 1_365, "/".join(["a" * 255] * 16),
)  # fmt: skip


def strings() -> list[str]:
    """All of them: those that others collected, and our own."""
    collected = lzma.decompress((DATA / "path-traversal.txt.xz").read_bytes()).decode().split("\n")
    return [*(line for line in collected if line), *OWN]


@dataclass(frozen=True, slots=True)
class Trap:
    """A workspace far down in a tree that has canaries everywhere else."""

    tree: Path
    workspace: Path

    @classmethod
    def lay(cls, folder: Path) -> Trap:
        tree = Path(os.path.realpath(folder)) / "tree"
        here = tree
        for n in range(DEPTH):
            for name in OUTSIDE_NAMES:
                file = here / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(f"{CANARY} root:x:0:0\n")
            here = here / f"level{n}"
        workspace = here / "workspace"
        (workspace / "a").mkdir(parents=True)
        (workspace / "inside").mkdir()
        (workspace / "inside.txt").write_text("inside\n")
        (workspace / "link").symlink_to("..")
        (workspace / "leak.txt").symlink_to("../../secret.txt")
        (workspace / "chain9").symlink_to(tree)
        for n in range(8, 0, -1):
            (workspace / f"chain{n}").symlink_to(f"chain{n + 1}")
        (workspace / "loop").symlink_to("loop2")
        (workspace / "loop2").symlink_to("loop")
        return cls(tree, workspace)

    def holds(self, path: Path) -> bool:
        """Whether a path really leads inside the workspace."""
        real, root = os.path.realpath(path), os.fspath(self.workspace)
        return real == root or real.startswith(f"{root}{os.sep}")

    def outside(self) -> dict[str, str]:
        """All that lies outside: each name with what it is and holds."""
        found: dict[str, str] = {}
        for folder, folders, files in os.walk(self.tree):
            folders[:] = [name for name in folders if Path(folder, name) != self.workspace]
            for name in (*folders, *files):
                path = Path(folder, name)
                data = path.read_bytes() if path.is_file() else b""
                found[os.fspath(path)] = f"{path.lstat().st_mode:o} {hashlib.sha256(data).hexdigest()}"
        return found
