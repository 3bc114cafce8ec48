"""Runs the code that comes on standard input as a module of its own: the one file that its interpreter is started with.

The value of a last expression is shown, as at Python's own prompt. Of a traceback only what happened in the code is
shown: not this file, and not the libraries that the code called.
"""

from __future__ import annotations

import ast
import builtins
import linecache
import os
import sys
import traceback
import types

NAME = "<code>"
FAILED = 70


def main() -> None:
    """Run it, and end with FAILED when it raised."""
    source = sys.stdin.buffer.read().decode("utf-8", "surrogateescape")
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)  # the code itself has no input
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="backslashreplace", line_buffering=True)
    linecache.cache[NAME] = (len(source), None, source.splitlines(keepends=True), NAME)
    module = types.ModuleType("__main__")
    module.__dict__["__builtins__"] = builtins
    sys.modules["__main__"] = module
    sys.argv = [NAME]
    try:
        for part in _parts(source):
            exec(part, module.__dict__)
    except SystemExit:
        raise
    except BaseException as exc:
        sys.stdout.flush()
        _show(exc)
    else:
        return
    sys.exit(FAILED)


def _parts(source: str) -> list[types.CodeType]:
    """All but a last expression, and that one so that its value is shown."""
    tree = ast.parse(source, NAME)
    last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
    parts = [compile(tree, NAME, "exec", dont_inherit=True)]
    if last is not None:
        parts.append(compile(ast.Interactive([last]), NAME, "single", dont_inherit=True))
    return parts


def _show(exc: BaseException) -> None:
    told = traceback.TracebackException.from_exception(exc)
    _keep_own(told)
    for line in told.format():
        sys.stderr.write(line)


def _keep_own(told: traceback.TracebackException | None) -> None:
    """Leave out the frames that are not the code's own, of this exception and those that led to it."""
    if told is None:
        return
    told.stack[:] = [frame for frame in told.stack if frame.filename == NAME]
    for other in (told.__cause__, told.__context__, *(getattr(told, "exceptions", None) or ())):
        _keep_own(other)


if __name__ == "__main__":
    main()
