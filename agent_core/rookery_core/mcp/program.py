"""An MCP server that is a program: a message is a line on its standard input or output, and only so long.

The protocol's own library reads a line of any length into memory, and each piece of it again with all that came before.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import shutil
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, TextIO

import anyio
from anyio.streams.memory import MemoryObjectReceiveStream, MemoryObjectSendStream
from mcp.client.stdio import get_default_environment
from mcp.shared.message import SessionMessage
from mcp_types import jsonrpc_message_adapter

from rookery_core.sandbox.guests import Started

LINE_BYTES = 32 << 20
"""The most of a message."""
WRITE_SECONDS = 0.5
"""What was to be told to it may take to be told, before its input ends."""
END_SECONDS = 2.0
"""What it may take to end by itself once its input has ended, and then once it was told to."""
LOOK_SECONDS = 0.01
PIECE = 65_536

Heard = MemoryObjectReceiveStream[SessionMessage | Exception]
Told = MemoryObjectSendStream[SessionMessage]


@asynccontextmanager
async def program(
    started: Started, cwd: str, log: TextIO, wrong: Callable[[str], None]
) -> AsyncIterator[tuple[Heard, Told]]:
    """What a program says and is told, which it is started for; afterwards it is ended, with all that it started.

    `wrong` is called with what is wrong about it before what it says ends for that. Raises OSError.
    """
    name, *arguments = started.command
    environment = {**get_default_environment(), **started.environment}
    found = shutil.which(name, path=environment.get("PATH")) or name
    process = await asyncio.create_subprocess_exec(
        found, *arguments, stdin=PIPE, stdout=PIPE, stderr=log, pass_fds=started.files,
        limit=LINE_BYTES, cwd=cwd, env=environment, start_new_session=True,
    )  # fmt: skip
    hears, heard = anyio.create_memory_object_stream[SessionMessage | Exception](0)
    told, tells = anyio.create_memory_object_stream[SessionMessage](0)
    written = asyncio.Event()
    async with anyio.create_task_group() as tasks:
        tasks.start_soon(_listen, process, hears, wrong)
        tasks.start_soon(_tell, process, tells, hears, written)
        try:
            yield heard, told
        finally:
            with anyio.CancelScope(shield=True):
                heard.close()
                told.close()
                with anyio.move_on_after(WRITE_SECONDS):
                    await written.wait()
                await _end(process)
            tasks.cancel_scope.cancel()


async def _listen(
    process: Process, hears: MemoryObjectSendStream[SessionMessage | Exception], wrong: Callable[[str], None]
) -> None:
    assert process.stdout is not None
    with contextlib.suppress(ConnectionError):
        async with hears:
            while line := await _line(process.stdout, wrong):
                try:
                    await hears.send(_message(line))
                except anyio.BrokenResourceError:  # nobody listens any more
                    break
            else:
                return
        while await process.stdout.read(PIECE):  # it could not end with a full pipe
            pass


async def _line(stdout: asyncio.StreamReader, wrong: Callable[[str], None]) -> bytes:
    """The next line; nothing at the end, and at one that is too long."""
    try:
        return await stdout.readline()
    except ValueError:
        wrong(f"it said more than {LINE_BYTES >> 20} MB on one line, which is no message")
        return b""


def _message(line: bytes) -> SessionMessage | Exception:
    try:
        return SessionMessage(jsonrpc_message_adapter.validate_json(line, by_name=False))
    except ValueError as exc:
        return exc


async def _tell(
    process: Process,
    tells: MemoryObjectReceiveStream[SessionMessage],
    hears: MemoryObjectSendStream[Any],
    written: asyncio.Event,
) -> None:
    assert process.stdin is not None
    try:
        async with tells:
            async for message in tells:
                line = message.message.model_dump_json(by_alias=True, exclude_unset=True)
                process.stdin.write(line.encode("utf-8") + b"\n")
                await process.stdin.drain()
    except OSError:  # it may live, and hear nothing any more
        hears.close()
    finally:
        written.set()


async def _end(process: Process) -> None:
    """Let it end by itself; end it, and whatever it started and left in its group."""
    assert process.stdin is not None
    process.stdin.close()
    await _ended(process)
    if process.returncode is None:
        _signal(process, signal.SIGTERM)
        await _ended(process)
    if process.returncode is None:
        _signal(process, getattr(signal, "SIGKILL", signal.SIGTERM))
        await _ended(process)
    process._transport.close()  # type: ignore[attr-defined]  # what it left behind may hold its output open


async def _ended(process: Process) -> None:
    """Wait for its end a while. `Process.wait` waits for its output's, too."""
    with anyio.move_on_after(END_SECONDS):
        while process.returncode is None:  # noqa: ASYNC110
            await asyncio.sleep(LOOK_SECONDS)


def _signal(process: Process, number: int) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        if hasattr(os, "killpg"):
            os.killpg(process.pid, number)
        else:
            process.send_signal(number)
