"""Which system calls a confined program may not make, as the filter that the kernel runs. Pure.

Of what is not listed all is allowed: what programs need differs too much. Listed is what reaches other machines, other
processes or the kernel itself, and what would make new namespaces, in which much of the rest is allowed again.
"""

from __future__ import annotations

import errno
import struct
from collections.abc import Collection, Iterator
from dataclasses import dataclass

_LOAD, _EQUAL, _AT_LEAST, _ANY_OF, _RETURN = 0x20, 0x15, 0x35, 0x45, 0x06
"""Instructions: load a word, and jump if the word is equal, not less, or has one of these bits; the verdict."""
_ALLOW, _ERROR = 0x7FFF0000, 0x00050000
_NUMBER, _MACHINE, _ARGUMENTS = 0, 4, 16
"""Where in what the filter looks at these are: call, kind of machine, arguments of eight bytes, the low word first."""

_X86_64, _AARCH64 = 0xC000003E, 0xC00000B7
_X32 = 0x40000000
"""Calls of a second table of x86-64 have this bit."""
_NEW_NAMESPACES = 0x7E020080
"""Flags of clone: mount, cgroup, uts, ipc, user, pid, net, and time."""
_TIOCSTI, _TIOCLINUX = 0x5412, 0x541C
_F_SETLEASE = 1024
_SETUID = 0o4000
_DATAGRAMS = 0b10
"""A bit of the kind of a socket: such a pair can send to others than each other."""
_MAKES = 0o100 | 0o20000000
"""Flags of open: a file is made, with a name or without."""
UNIX, INET, NETLINK, INET6 = 1, 2, 16, 10

_DENIED: dict[str, tuple[int | None, int | None]] = {
    # other processes
    "ptrace": (101, 117), "process_vm_readv": (310, 270), "process_vm_writev": (311, 271), "pidfd_getfd": (438, 438),
    "kcmp": (312, 272), "process_madvise": (440, 440), "migrate_pages": (256, 238), "move_pages": (279, 239),
    # the kernel
    "io_uring_setup": (425, 425), "io_uring_enter": (426, 426), "io_uring_register": (427, 427),
    "keyctl": (250, 219), "add_key": (248, 217), "request_key": (249, 218), "userfaultfd": (323, 282),
    "bpf": (321, 280), "perf_event_open": (298, 241), "kexec_load": (246, 104), "kexec_file_load": (320, 294),
    "init_module": (175, 105), "finit_module": (313, 273), "delete_module": (176, 106), "syslog": (103, 116),
    "lookup_dcookie": (212, 18), "iopl": (172, None), "ioperm": (173, None), "modify_ldt": (154, None),
    # the machine
    "reboot": (169, 142), "swapon": (167, 224), "swapoff": (168, 225), "acct": (163, 89), "quotactl": (179, 60),
    "quotactl_fd": (443, 443), "settimeofday": (164, 170), "clock_settime": (227, 112), "clock_adjtime": (305, 266),
    "adjtimex": (159, 171), "sethostname": (170, 161), "setdomainname": (171, 162), "vhangup": (153, 58),
    "nfsservctl": (180, 42),
    # what is mounted where, and namespaces
    "mount": (165, 40), "umount2": (166, 39), "pivot_root": (155, 41), "chroot": (161, 51), "move_mount": (429, 429),
    "open_tree": (428, 428), "fsopen": (430, 430), "fsmount": (432, 432), "fsconfig": (431, 431),
    "fspick": (433, 433), "mount_setattr": (442, 442), "setns": (308, 268), "unshare": (272, 97),
    "name_to_handle_at": (303, 264), "open_by_handle_at": (304, 265), "fanotify_init": (300, 262),
}  # fmt: skip
"""By their numbers on x86-64 and on ARM64."""


@dataclass(frozen=True, slots=True)
class _Kind:
    """A kind of machine and its numbers of the calls whose arguments count."""

    column: int
    machine: int
    socket: int
    pair: int
    clone: int
    ioctl: int
    fcntl: int
    modes: tuple[tuple[int, int], ...]
    """Calls that set the mode of a file, and which of their arguments it is."""
    opens: tuple[tuple[int, int], ...]
    """Calls that may make one, and which argument has the flags; the next is its mode."""
    clone3: int = 435
    openat2: int = 437


_KINDS = {
    "x86_64": _Kind(
        0,
        _X86_64,
        41,
        53,
        56,
        16,
        72,
        ((90, 1), (91, 1), (268, 2), (452, 2), (133, 1), (259, 2), (85, 1)),
        ((2, 1), (257, 2)),
    ),
    "aarch64": _Kind(1, _AARCH64, 198, 199, 220, 29, 25, ((52, 1), (53, 2), (452, 2), (33, 2)), ((56, 2),)),
}


def known(machine: str) -> bool:
    """Whether there is a filter for this kind of machine, as `uname -m` has it."""
    return machine in _KINDS


def filter_for(machine: str, sockets: Collection[int]) -> bytes:
    """The filter; of sockets it allows these families."""
    kind = _KINDS[machine]
    parts = [
        [(_LOAD, 0, 0, _MACHINE)],
        *([(_EQUAL, 1, 0, kind.machine), _error(errno.EPERM)],),  # of another kind are calls by another table
        [(_LOAD, 0, 0, _NUMBER)],
        *([[(_AT_LEAST, 0, 1, _X32), _error(errno.EPERM)]] if kind.machine == _X86_64 else []),
        *([(_EQUAL, 0, 1, number), _error(errno.EPERM)] for number in _numbers(kind)),
        # their flags are out of sight; then programs use the older ones
        *([(_EQUAL, 0, 1, number), _error(errno.ENOSYS)] for number in (kind.clone3, kind.openat2)),
        *(_when(number, which, _no_setuid()) for number, which in kind.modes),
        *(
            _when(number, which, [(_ANY_OF, 0, 3, _MAKES), (_LOAD, 0, 0, _argument(which + 1)), *_no_setuid()])
            for number, which in kind.opens
        ),
        _when(kind.clone, 0, [(_ANY_OF, 0, 1, _NEW_NAMESPACES), _error(errno.EPERM), _allow()]),
        _when(
            kind.ioctl,
            1,
            [(_EQUAL, 1, 0, _TIOCSTI), (_EQUAL, 0, 1, _TIOCLINUX), _error(errno.EPERM), _allow()],
        ),
        # whoever writes the file waits for the holder of a lease
        _when(kind.fcntl, 1, [(_EQUAL, 0, 1, _F_SETLEASE), _error(errno.EPERM), _allow()]),
        _when(
            kind.socket,
            0,
            [
                *(each for family in sockets for each in ((_EQUAL, 0, 1, family), _allow())),
                # so that programs say what they lack
                *((_EQUAL, 1, 0, INET), (_EQUAL, 0, 1, INET6), _error(errno.ENETUNREACH), _error(errno.EPERM)),
            ],
        ),
        *(
            []
            if UNIX in sockets
            else [_when(kind.pair, 1, [(_ANY_OF, 0, 1, _DATAGRAMS), _error(errno.EPERM), _allow()])]
        ),
        [_allow()],
    ]
    return b"".join(struct.pack("=HBBI", *instruction) for part in parts for instruction in part)


_Instruction = tuple[int, int, int, int]


def _numbers(kind: _Kind) -> Iterator[int]:
    for numbers in _DENIED.values():
        if (number := numbers[kind.column]) is not None:
            yield number


def _when(number: int, argument: int, then: list[_Instruction]) -> list[_Instruction]:
    """For this call, look at an argument; `then` ends with a verdict whatever it is."""
    return [(_EQUAL, 0, len(then) + 1, number), (_LOAD, 0, 0, _argument(argument)), *then]


def _no_setuid() -> list[_Instruction]:
    """Whoever runs such a file later acts as this person."""
    return [(_ANY_OF, 0, 1, _SETUID), _error(errno.EPERM), _allow()]


def _argument(which: int) -> int:
    return _ARGUMENTS + 8 * which


def _error(number: int) -> _Instruction:
    return _RETURN, 0, 0, _ERROR | number


def _allow() -> _Instruction:
    return _RETURN, 0, 0, _ALLOW
