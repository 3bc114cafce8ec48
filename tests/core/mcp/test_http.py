"""MCP servers over streamable HTTP, on the loopback."""

from __future__ import annotations

import asyncio
import contextlib
import os
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from rookery_core.events import ToolStatus
from rookery_core.mcp.settings import ServerSettings
from rookery_core.plugin import Risk
from tests.core.mcp.kit import SAMPLE, Yard, one

pytestmark = pytest.mark.timeout(400)  # each server is a process that imports the library


class Host:
    """The sample server at an address, which can be ended and started again there."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._process: asyncio.subprocess.Process | None = None
        self._port = ""

    async def start(self, yard: Yard) -> None:
        (self.folder / "port").unlink(missing_ok=True)
        command = (sys.executable, str(SAMPLE), str(self.folder), "http")
        environ = {**os.environ, **({"PORT": self._port} if self._port else {})}
        self._process = await asyncio.create_subprocess_exec(*command, env=environ)
        await yard.until((self.folder / "port").exists)
        self._port = (self.folder / "port").read_text()

    async def end(self) -> None:
        if self._process is not None and self._process.returncode is None:
            self._process.kill()
            await self._process.wait()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._port}/mcp"


@pytest.fixture
async def host(yard: Yard) -> AsyncIterator[Host]:
    made = Host(yard.folder)
    await made.start(yard)
    yield made
    await yard.close()
    await made.end()


async def test_a_server_at_an_address_is_used_like_any_other(yard: Yard, host: Host) -> None:
    settings = ServerSettings(url=host.url, headers={"Authorization": "Bearer ${PATH}"})
    servers = await yard.ready(yard=settings)
    server, runner = one(servers), yard.runner(servers)
    assert (server.state, server.problem) == ("ready", "")
    offered = runner.registry.get("get_sum")
    assert (offered.distribution, offered.tool.risk) == (f"MCP server {host.url.removesuffix('/mcp')}", Risk.NETWORK)
    assert (await yard.call(runner, "get_sum", a=2, b=3)).output == "5"
    done = await yard.call(runner, "show", what="huge")
    assert (done.status, done.output.endswith("result 1]")) == (ToolStatus.OK, True)
    yard.answers = ["yes"]
    assert (await yard.call(runner, "ask", kind="confirm")).output == "accept {}"

    calling = asyncio.create_task(yard.call(runner, "slow", seconds=60))
    await yard.until((yard.folder / "begun").exists)
    calling.cancel()
    with pytest.raises(asyncio.CancelledError):
        await calling
    await yard.until((yard.folder / "cancelled").exists)

    edition = servers.edition
    assert (await yard.call(runner, "moody")).output == "changed"
    await yard.until(lambda: servers.edition != edition)
    assert "extra" in yard.runner(servers).registry.names


async def test_a_server_that_went_away_is_found_again_when_it_is_back(yard: Yard, host: Host) -> None:
    servers = await yard.ready(yard=ServerSettings(url=host.url))
    runner = yard.runner(servers)
    await host.end()
    done = await yard.call(runner, "get_sum", a=1, b=1)
    assert (done.status, "its MCP server ended" in done.output) == (ToolStatus.FAILED, True)
    done = await yard.call(runner, "get_sum", a=1, b=1)
    assert "cannot be used: it could not be started: nothing answers at" in done.output
    await host.start(yard)
    assert (await yard.call(runner, "get_sum", a=1, b=1)).output == "2"


async def test_where_nothing_answers_that_is_said_without_what_may_be_secret(yard: Yard) -> None:
    servers = await yard.ready(bad=ServerSettings(url="http://me:s3cret@127.0.0.1:9/mcp?token=s3cret"))
    (problem,) = one(servers).problems()
    assert problem.distribution == "MCP server http://127.0.0.1:9"
    assert problem.reason.startswith("it could not be started: nothing answers at http://127.0.0.1:9/mcp: ")
    assert "s3cret" not in problem.reason


async def test_an_address_that_refuses_is_named_with_its_answer(yard: Yard) -> None:
    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1") as server:
        port = server.sockets[0].getsockname()[1]
        servers = await yard.ready(bad=ServerSettings(url=f"http://127.0.0.1:{port}/mcp"))
    (problem,) = one(servers).problems()
    assert "(HTTP 401 Unauthorized)" in problem.reason


@pytest.mark.parametrize(
    ("head", "said"),
    [("", "ReadError: the answer is too large"), ("Content-Encoding: gzip\r\n", "ReadError: the answer is packed")],
)
async def test_an_answer_without_end_is_given_up(yard: Yard, head: str, said: str) -> None:
    async def flood(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(f'HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{head}\r\n"'.encode())
        with contextlib.suppress(ConnectionError):
            while not writer.is_closing():
                writer.write(b"x" * 1_000_000)
                await writer.drain()

    async with await asyncio.start_server(flood, "127.0.0.1") as listening:
        port = listening.sockets[0].getsockname()[1]
        server = one(await yard.ready(yard=ServerSettings(url=f"http://127.0.0.1:{port}/mcp", start_s=100.0)))
        assert (server.state, said in server.problem) == ("failed", True)
