"""Becomes a program of others that is to be confined, as an order on the command line says.

    guest -- the program                                          without a sandbox to be made
    guest -- bubblewrap -- guest, its first process -- the program

The environment is what the program gets. What confines it is put on right before it runs; where that fails, nothing
does, and why is said on standard error.
"""

from __future__ import annotations

import base64
import marshal
import os
import resource
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any, NoReturn

BOOT = "import sys; sys.path.append(sys.argv[1]); import guest; guest.main()"
NOT_CONFINED = 126


def main() -> None:
    """The arguments are this folder, the order, and the program with its own."""
    _, folder, text, *program = sys.argv
    order = marshal.loads(base64.b64decode(text))
    try:
        if entrance := order["entrance"]:
            _join(order["groups"])
            within = base64.b64encode(marshal.dumps({**order, "entrance": [], "groups": [], "first": True})).decode()
            python = (sys.executable, "-I", "-S", "-X", "utf8", "-c", BOOT, folder)
            os.execv(entrance[0], [*entrance, *python, within, *program])
        _join(order["groups"])
        if order["first"]:
            _keep(os.fork(), order, program)
        _become(order, program)
    except OSError as exc:
        _give_up(f"the sandbox cannot be made, so nothing was run: {exc}")


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
