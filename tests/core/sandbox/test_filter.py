"""The filter of system calls, run as the kernel would, for both kinds of machine."""

from __future__ import annotations

import errno
import struct

import pytest

from rookery_core.sandbox import seccomp, watched

ALLOW, TELL = 0x7FFF0000, 0x7FC00000
X86, ARM = "x86_64", "aarch64"
AUDIT = {X86: 0xC000003E, ARM: 0xC00000B7}
both = pytest.mark.parametrize("machine", [X86, ARM])


def verdict(machine: str, number: int, *given: int, sockets: tuple[int, ...] = (seccomp.UNIX,), table: int = 0) -> int:
    """What becomes of a call: 0 it is made, or the number of the error."""
    value = run(seccomp.filter_for(machine, sockets), machine, number, *given, table=table)
    return 0 if value == ALLOW else value & 0xFFFF


def run(program: bytes, machine: str, number: int, *given: int, table: int = 0) -> int:
    """What a filter says of a call."""
    data = struct.pack("=IIQ6Q", number, table or AUDIT[machine], 0, *(*given, *[0] * (6 - len(given))))
    held = at = 0
    while True:
        code, if_so, if_not, value = struct.unpack_from("=HBBI", program, 8 * at)
        at += 1
        match code:
            case 0x20:
                (held,) = struct.unpack_from("=I", data, value)
            case 0x15:
                at += if_so if held == value else if_not
            case 0x35:
                at += if_so if held >= value else if_not
            case 0x45:
                at += if_so if held & value else if_not
            case 0x06:
                return value
            case _:
                raise AssertionError(f"an instruction that is none: {code:x}")


NUMBERS = {
    X86: {
        "read": 0,
        "socket": 41,
        "clone": 56,
        "ioctl": 16,
        "openat": 257,
        "fchmodat": 268,
        "ptrace": 101,
        "mount": 165,
    },
    ARM: {
        "read": 63,
        "socket": 198,
        "clone": 220,
        "ioctl": 29,
        "openat": 56,
        "fchmodat": 53,
        "ptrace": 117,
        "mount": 40,
    },
}


@both
def test_what_ordinary_programs_do_is_allowed(machine: str) -> None:
    numbers = NUMBERS[machine]
    assert verdict(machine, numbers["read"]) == 0
    assert verdict(machine, numbers["clone"], 0x01200011) == 0  # fork
    assert verdict(machine, numbers["clone"], 0x003D0F00) == 0  # a thread
    assert verdict(machine, numbers["openat"], 0, 0, 0o101, 0o644) == 0
    assert verdict(machine, numbers["ioctl"], 0, 0x5401) == 0
    assert verdict(machine, numbers["socket"], seccomp.UNIX) == 0


@both
@pytest.mark.parametrize("family", [seccomp.INET, seccomp.INET6, seccomp.NETLINK, 17, 38, 40])
def test_other_sockets_are_refused(machine: str, family: int) -> None:
    said = (
        errno.ENETUNREACH if family in (seccomp.INET, seccomp.INET6) else errno.EPERM
    )  # so that it says what it lacks
    assert verdict(machine, NUMBERS[machine]["socket"], family) == said


@both
def test_with_leave_the_network_is_reached_and_packets_are_not(machine: str) -> None:
    sockets = (seccomp.UNIX, seccomp.INET)
    number = NUMBERS[machine]["socket"]
    assert verdict(machine, number, seccomp.INET, sockets=sockets) == 0
    assert verdict(machine, number, 17, sockets=sockets) == errno.EPERM


@both
@pytest.mark.parametrize("flag", [0x20000, 0x2000000, 0x4000000, 0x8000000, 0x10000000, 0x20000000, 0x40000000])
def test_no_new_namespace_is_made(machine: str, flag: int) -> None:
    assert verdict(machine, NUMBERS[machine]["clone"], flag | 17) == errno.EPERM


@both
def test_a_call_whose_flags_are_out_of_sight_is_one_that_this_kernel_has_not(machine: str) -> None:
    assert verdict(machine, 435) == verdict(machine, 437) == errno.ENOSYS


@both
@pytest.mark.parametrize("request_", [0x5412, 0x541C, 0x100005412])
def test_nothing_is_typed_into_a_terminal(machine: str, request_: int) -> None:
    assert verdict(machine, NUMBERS[machine]["ioctl"], 0, request_) == errno.EPERM


@both
def test_nobody_is_made_to_wait_for_a_file_that_is_read(machine: str) -> None:
    number = {X86: 72, ARM: 25}[machine]
    assert verdict(machine, number, 3, 1024) == errno.EPERM
    assert verdict(machine, number, 3, 1025) == verdict(machine, number, 3, 1030) == 0


@both
def test_no_file_is_made_to_run_as_its_owner(machine: str) -> None:
    numbers = NUMBERS[machine]
    assert verdict(machine, numbers["fchmodat"], 0, 0, 0o4755) == errno.EPERM
    assert verdict(machine, numbers["fchmodat"], 0, 0, 0o2755) == 0
    assert verdict(machine, numbers["openat"], 0, 0, 0o101, 0o4755) == errno.EPERM
    assert verdict(machine, numbers["openat"], 0, 0, 0, 0o4755) == 0  # it makes none: there is no mode


@both
def test_calls_by_the_table_of_another_machine_are_refused(machine: str) -> None:
    assert verdict(machine, NUMBERS[machine]["read"], table=0x40000003) == errno.EPERM
    assert verdict(X86, 0x40000000 | 39) == errno.EPERM


@both
@pytest.mark.parametrize("name", ["ptrace", "mount"])
def test_what_is_listed_is_refused(machine: str, name: str) -> None:
    assert verdict(machine, NUMBERS[machine][name]) == errno.EPERM


@both
def test_where_nothing_is_changed_no_unix_socket_is_made_and_no_pair_that_sends_to_others(machine: str) -> None:
    pair = {X86: 53, ARM: 199}[machine]
    assert verdict(machine, NUMBERS[machine]["socket"], seccomp.UNIX, sockets=()) == errno.EPERM
    for kind, said in {1: 0, 5: 0, 2: errno.EPERM, 3: errno.EPERM, 0o2000001: 0, 0o4000002: errno.EPERM}.items():
        assert verdict(machine, pair, seccomp.UNIX, kind, sockets=()) == said
        assert verdict(machine, pair, seccomp.UNIX, kind) == 0


@both
def test_calls_that_change_a_file_are_told_of_and_no_others(machine: str) -> None:
    def told(number: int, *given: int, table: int = 0) -> bool:
        return run(watched.filter_for(machine), machine, number, *given, table=table) == TELL

    numbers = NUMBERS[machine]
    assert not any(told(numbers[name]) for name in ("read", "socket", "clone", "ioctl"))
    flags = {0: False, 0o200000: False, 0o1: True, 0o2: True, 0o101: True, 0o100: True, 0o1000: True, 0o2000: False}
    assert {flag: told(numbers["openat"], 0, 0, flag) for flag in flags} == flags
    makes, renames, asks = {X86: (258, 316, 269), ARM: (34, 276, 48)}[machine]
    assert told(makes)
    assert told(renames)
    assert told(numbers["fchmodat"])
    assert [told(asks, 0, 0, mode) for mode in (0, 1, 2, 4, 6)] == [False, False, True, False, True]
    assert not told(makes, table=0x40000003)  # the other filter refuses those
    if machine == X86:
        assert told(2, 0, 0o1)
        assert told(85)


def test_other_machines_have_no_filter() -> None:
    assert seccomp.known("x86_64")
    assert not seccomp.known("riscv64")
