"""Becomes a program of others that is to be confined, as an order says that it reads from an open file.

    guest -- the program                                          without a sandbox to be made
    guest -- bubblewrap -- guest, its first process -- the program

The environment is what the program gets. What confines it is put on right before it runs; where that fails, nothing
does, and why is said on standard error.
"""

from __future__ import annotations

import marshal
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

BOOT = "import sys; sys.path.append(sys.argv[1]); import guest; guest.main()"
NOT_CONFINED = 126
SIZE_BYTES = 8
"""What stands before an order: how long it is."""


def main() -> None:
    """The arguments are this folder, the number of the file, and the program with its own."""
    _, folder, number, *program = sys.argv
    try:
        order = _next(int(number))
        _join(order["groups"])
        if entrance := order["entrance"]:  # whoever is there then reads the next order of the file
            python = (sys.executable, "-I", "-S", "-X", "utf8", "-c", BOOT, folder)
            os.execv(entrance[0], [*entrance, *python, number, *program])
        os.close(int(number))
        if order["first"]:
            _keep(os.fork(), order, program)
        _become(order, program)
    except OSError as exc:
        _give_up(f"the sandbox cannot be made, so nothing was run: {exc}")


def _next(file: int) -> dict[str, Any]:
    """The next order in the file."""
    size = int.from_bytes(os.read(file, SIZE_BYTES), "big")
    written = b""
    while len(written) < size:
        piece = os.read(file, size - len(written))
        if not piece:
            raise OSError("the order ends too soon")
        written += piece
    order: dict[str, Any] = marshal.loads(written)
    return order


def _join(groups: list[tuple[bytes, dict[str, int]]]) -> None:
    if groups:
        import control_group  # type: ignore[import-not-found,unused-ignore]

        control_group.Group(groups).enter()


def _keep(program: int, order: dict[str, Any], argv: list[str]) -> None:
    """As the sandbox's first process: be a parent to whoever loses his, and end as the program does."""
    if program == 0:
        _become(order, argv)
    import confining  # type: ignore[import-not-found,unused-ignore]

    confining.hide_from_own_kind()
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in range(3):
        os.dup2(nothing, number)
    while True:
        ended, status = os.wait()
        if ended == program:
            code = os.waitstatus_to_exitcode(status)
            os._exit(code if code >= 0 else 128 - code)


def _become(order: dict[str, Any], argv: list[str]) -> NoReturn:
    import confining

    for name, most in order["limits"].items():
        which = getattr(resource, name)
        hard = resource.getrlimit(which)[1]
        most = most if hard == resource.RLIM_INFINITY else min(most, hard)
        resource.setrlimit(which, (most, most))
    os.chdir(order["folder"])
    confining.restrict(order["order"])
    try:
        os.execvp(argv[0], argv)
    except OSError as exc:
        _give_up(f"{argv[0]}: {exc.strerror} in the sandbox; sandbox.read in the settings names what it shows besides")


def _give_up(why: str) -> NoReturn:
    os.write(2, f"{why}\n".encode(errors="backslashreplace"))
    os._exit(NOT_CONFINED)


if __name__ == "__main__":
    main()
