"""Is told by the kernel when a program means to change a file where nothing may be changed, and counts that.

A refusal alone is not to be seen: a program may say it in any language, or keep it to itself. So the kernel holds each
such call until it was looked at here (seccomp's user notification, Linux 5.5), and then makes it, whatever came of the
look. What may be changed is decided elsewhere; without any of this it is the same.
"""

from __future__ import annotations

import _socket
import _thread
import ctypes
import fcntl
import os
import struct

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_SECCOMP = {"x86_64": 317, "aarch64": 277}
_SET_FILTER, _NEW_LISTENER = 1, 8
_RECEIVE, _SEND = 0xC0502100, 0xC0182101
_CALL, _ANSWER = "=QIIiIQ6Q", "=QqiI"
_CONTINUE = 1
_HERE = -100 & 0xFFFFFFFF
"""The folder that a process is in, in place of one that it has open."""
_PATH_MAX = 4096
_O_ACCMODE, _O_WRONLY, _O_CREAT, _O_TRUNC = 0o3, 0o1, 0o100, 0o1000
_MAKE = _O_WRONLY | _O_CREAT | _O_TRUNC


class Watch:
    """What a program and all that it starts meant to change."""

    def __init__(self, order: dict[str, Any]) -> None:
        self._order = order
        self._near, self._far = _socket.socketpair(_socket.AF_UNIX, _socket.SOCK_STREAM)
        self.wanted = 0
        """Times that something was to be changed."""
        self.beyond = 0
        """Times that it was something that is kept as it is in every sandbox."""
        self.perhaps = 0
        """Times that a file was opened to be read and written, or it was asked whether it may be written, or what is
        lacked is a cache, without which most go on."""
        self.is_told = False

    def be_told(self) -> None:
        """In the process that goes on to be the program, as the last thing: tell the other one from now on."""
        listener = _listener(self._order["filter"])
        if listener >= 0:
            rights = [(_socket.SOL_SOCKET, _socket.SCM_RIGHTS, struct.pack("=i", listener))]
            self._far.sendmsg([b"l"], rights)
            os.close(listener)

    def begin(self) -> None:
        """In the other process: be told, until it ends. Comes back when the program is about to begin."""
        self._far.close()
        _, given, _, _ = self._near.recvmsg(1, _socket.CMSG_SPACE(4))
        self._near.close()
        self.is_told = bool(given)  # an older kernel tells nobody
        if given:
            _thread.start_new_thread(self._listen, struct.unpack("=i", given[0][2][:4]))

    def _listen(self, listener: int) -> None:
        while True:
            call = bytearray(struct.calcsize(_CALL))
            try:
                fcntl.ioctl(listener, _RECEIVE, call)
            except OSError:
                continue  # it ended meanwhile
            number, *_ = struct.unpack_from("=Q", call)
            try:
                self._look(*struct.unpack(_CALL, call))
            except Exception:
                self.perhaps += 1  # what it was cannot be told
            try:
                fcntl.ioctl(listener, _SEND, struct.pack(_ANSWER, number, 0, 0, _CONTINUE))
            except OSError:
                continue

    def _look(self, _: int, process: int, __: int, number: int, ___: int, ____: int, *given: int) -> None:
        does, places, which = self._order["calls"][number]
        paths = [_path(process, _HERE if folder < 0 else given[folder], given[path]) for folder, path in places]
        here = next(filter(self._counts, paths), b"")
        if not here:
            return
        sure, perhaps = _meant(does, given[which] if which >= 0 else _MAKE, paths[0])
        if b"cache" in here[len(self._order["root"]) :].lower():
            sure, perhaps = False, sure
        kept = any(here == each or here.startswith(each + b"/") for each in self._order["kept"])
        self.wanted += sure and not kept
        self.beyond += sure and kept
        self.perhaps += perhaps and not sure

    def _counts(self, path: bytes) -> bool:
        return path.startswith(self._order["root"].rstrip(b"/") + b"/")


def _meant(does: str, flags: int, path: bytes) -> tuple[bool, bool]:
    """Whether a call changes something where it may, and whether it perhaps does."""
    there = os.path.lexists(path)
    is_made = not there and os.path.isdir(os.path.dirname(path))
    if does == "opens":
        writes, only = flags & _O_ACCMODE != 0, flags & _O_ACCMODE == _O_WRONLY
        return bool((is_made and flags & _O_CREAT) or (there and (only or flags & _O_TRUNC))), there and writes
    if does == "makes":
        return is_made, False
    return there and does == "changes", there


def _path(process: int, folder: int, address: int) -> bytes:
    """The file that a process means, its folder's links followed."""
    said = _text(process, address)
    folder &= 0xFFFFFFFF
    at = b"cwd" if folder == _HERE else b"fd/%d" % folder
    if not said.startswith(b"/"):
        said = os.path.join(os.readlink(b"/proc/%d/%s" % (process, at)), said)
    above, name = os.path.split(said.rstrip(b"/") or b"/")
    return os.path.join(os.path.realpath(above), name)


def _text(process: int, address: int) -> bytes:
    if not address:
        return b""
    memory = os.open(b"/proc/%d/mem" % process, os.O_RDONLY)
    try:
        return os.pread(memory, _PATH_MAX, address).split(b"\0", 1)[0]
    finally:
        os.close(memory)


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_ushort), ("filter", ctypes.c_void_p)]


def _listener(instructions: bytes) -> int:
    """Where what the filter holds is to be read; -1 where this kernel has nothing of the kind."""
    held = ctypes.create_string_buffer(instructions, len(instructions))
    program = _Program(len(instructions) // 8, ctypes.addressof(held))
    library = ctypes.CDLL(None, use_errno=True)
    number = ctypes.c_long(_SECCOMP[os.uname().machine])
    return int(library.syscall(number, ctypes.c_long(_SET_FILTER), ctypes.c_long(_NEW_LISTENER), ctypes.byref(program)))
