"""Runs a command in the workspace: a line for the shell, or a program and its arguments without one.

The command gets no terminal, no input, and of the environment only what programs need to find their way. What it leaves
running ends with it, also when it is stopped, takes too long, or Rookery itself ends. It is confined as far as the
machine can.
"""

from __future__ import annotations

import json
import os
import shlex
from typing import Annotated, Any

from pydantic import AfterValidator
from pydantic_core import PydanticCustomError

from rookery_core.plugin import Example, Risk, Tool, ToolContext, ToolFailed, ToolRetry, hookimpl, tool
from rookery_plugins.programs import Output, Program, environment, run, search_path, which

rookery_contract = 1

LIMIT_S = 110.0
HOST_LIMIT_S = 10.0
"""The host's own limit comes this much later, so that the output of a command that takes too long is not lost."""
SHELL = "/bin/sh"
REFUSED = "; it ran in the sandbox, which may be why: no network, and it writes only in the workspace, and not in .git"
KEPT = "; it ran in the sandbox, where it could only read, and had no network"


def _can_be_run(command: str | list[str]) -> str | list[str]:
    """Refuse what no system runs, before anybody is asked about it."""
    words = [command] if isinstance(command, str) else command
    if not words or not words[0].strip():
        raise PydanticCustomError("command", "the command is empty; give one like ls -l")
    if any("\0" in word for word in words):
        raise PydanticCustomError("command", "the command holds a NUL character; leave it out")
    return command


Command = Annotated[str | list[str], AfterValidator(_can_be_run)]


def _shown(ctx: ToolContext, command: Command) -> str:
    if isinstance(command, str):
        return f"$ {command}"
    program = which(command[0], ctx.workspace.root, search_path())
    found = program or f"(there is no program {command[0]})"
    return f"$ {shlex.join(command)}\n\nwithout a shell; the program is {found}"


def _exactly(arguments: dict[str, Any]) -> list[str]:
    command = arguments["command"]
    return [command if isinstance(command, str) else json.dumps(command, ensure_ascii=False)]


def shell_tool(limit_s: float = LIMIT_S) -> Tool:
    """The tool, with the seconds a command may take."""

    @tool(
        risk=Risk.EXECUTE,
        scope=_exactly,
        command="command",
        confined=True,
        preview=_shown,
        timeout_s=limit_s + HOST_LIMIT_S,
        examples=[
            Example(
                asked="Run the command pwd",
                arguments={"command": "pwd"},
                result="/home/me\n[exit code 0]",
                answer="The folder is /home/me.",
            )
        ],
        phrases=["run this command", "start the program", "execute the script in a terminal", "install a package"],
    )
    def shell(ctx: ToolContext, command: Command) -> str:
        """Runs a shell command and gives its output."""
        output = Output(ctx.progress)
        program = _program(ctx, command)
        ending = run(program, output, sandbox=ctx.sandbox, limit_s=limit_s, cancelled=ctx.cancelled.is_set)
        if ending.code is None:
            raise ToolFailed(f"{_said(output)}\n[stopped: it took longer than {limit_s:g} seconds]")
        if lacks := ending.lacks(output.text()):
            why = KEPT if ending.watched else REFUSED
            return ctx.sandbox.refused(f"{_said(output)}\n[{ending}{why}]", outside=lacks == "outside")
        silent = ending.may_have_lacked and (not ending.code or not output.text())
        return f"{_said(output)}\n[{ending}{KEPT if silent else ''}]"

    return shell


def _program(ctx: ToolContext, command: str | list[str]) -> Program:
    found = environment()
    if isinstance(command, str):
        return Program(SHELL, [SHELL, "-c", "--", command], ctx.workspace.root, found)
    path = which(command[0], ctx.workspace.root, found["PATH"])
    if path is None:
        raise ToolRetry(
            f"there is no program {command[0]}; check its name, or give the command as one text for a shell"
        )
    return Program(path, command, ctx.workspace.root, found)


def _said(output: Output) -> str:
    return output.text() or "(no output)"


shell = shell_tool()


@hookimpl
def rookery_tools() -> list[Tool]:
    return [shell] if os.name == "posix" else []
