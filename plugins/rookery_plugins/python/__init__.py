"""Runs Python code: each call in a fresh interpreter, which is not the program's own and sees no processes but its own.

It is the interpreter that Rookery runs in, isolated (`python -I`): no variable and no file in the workspace changes how
it starts, and what is installed with Rookery can be imported.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from rookery_core.plugin import Example, Risk, Tool, ToolContext, ToolFailed, ToolRetry, hookimpl, tool
from rookery_plugins.programs import Output, Program, environment, for_python, run

rookery_contract = 1

LIMIT_S = 50.0
HOST_LIMIT_S = 10.0
"""The host's own limit comes this much later, so that the output of code that takes too long is not lost."""
MEMORY_BYTES = 2 * 2**30
ADDRESS_BYTES = 2 * MEMORY_BYTES
"""Libraries reserve more than they use."""
FAILED = 70
"""The exit code with which `stage` says that the code raised."""

_STAGE = Path(__file__).with_name("stage.py")


def _can_be_run(code: str) -> str:
    if not code.strip():
        raise PydanticCustomError("code", "the code is empty; give some, like print(1 + 1)")
    if "\0" in code:
        raise PydanticCustomError("code", "the code holds a NUL character; write it as \\0 in a string")
    return code


def _numbered(code: str) -> str:
    lines = code.removesuffix("\n").split("\n")
    width = len(str(len(lines)))
    return "\n".join(f"{number:{width}}  {line}" for number, line in enumerate(lines, 1))


def _exactly(arguments: dict[str, Any]) -> list[str]:
    return [arguments["code"]]


def _missing() -> str:
    return "" if sys.executable else "it is not known which Python Rookery runs in: start it as `rookery`"


def python_tool(limit_s: float = LIMIT_S) -> Tool:
    """The tool, with the seconds that code may take."""

    @tool(
        risk=Risk.EXECUTE,
        scope=_exactly,
        confined=True,
        preview=_numbered,
        available=_missing,
        timeout_s=limit_s + HOST_LIMIT_S,
        examples=[
            Example(
                asked="Use Python to reverse the word drawer",
                arguments={"code": "'drawer'[::-1]"},
                result="'reward'",
                answer="Reversed, it is reward.",
            )
        ],
        phrases=[
            "run this Python code",
            "write a little script for it",
            "compute it with a few lines of code",
            "try it out in Python",
        ],
    )
    def python(ctx: ToolContext, code: Annotated[str, AfterValidator(_can_be_run)]) -> str:
        """Runs Python code and gives its output."""
        output = Output(ctx.progress)
        program = _program(ctx, code, limit_s)
        ending = run(program, output, sandbox=ctx.sandbox, limit_s=limit_s, cancelled=ctx.cancelled.is_set)
        said = output.text() or "(no output)"
        if ending.code is None:
            raise ToolFailed(f"{said}\n[stopped: it took longer than {limit_s:g} seconds]")
        if lacks := ending.lacks(said):
            said = ctx.sandbox.refused(said, outside=lacks == "outside")
        if ending.code == FAILED:
            raise ToolRetry(said)
        if ending.code:
            raise ToolFailed(f"{said}\n[{ending}]")
        return f"{said}\n[{ending}]" if ending.left else said

    return python


def _program(ctx: ToolContext, code: str, limit_s: float) -> Program:
    return Program(
        sys.executable,
        [sys.executable, "-I", "-X", "utf8", str(_STAGE)],
        ctx.workspace.root,
        environment() | for_python(),
        input=code,
        limits={
            "RLIMIT_AS": ADDRESS_BYTES,
            "RLIMIT_DATA": MEMORY_BYTES,
            "RLIMIT_CPU": int(limit_s + HOST_LIMIT_S) * (os.cpu_count() or 1),
        },
        reads=(_STAGE,),
        apart=True,
    )


python = python_tool()


@hookimpl
def rookery_tools() -> list[Tool]:
    return [python] if os.name == "posix" else []
