"""The program without leave to go online, watched from outside: it makes no socket that leads anywhere."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest
from benchmarks.security.pseudo_terminal import Terminal

from tests.core.hosting.kit import Site, tool_source
from tests.core.mcp.kit import sample
from tests.plugins.web.kit import serving
from tests.trusted import trusted

ROOKERY = (sys.executable, "-P", "-c", "import sys; from rookery_tui.cli import main; sys.exit(main())")
WATCH = ("strace", "-f", "--seccomp-bpf", "-e", "trace=socket,execve", "-o")
ANYWHERE = re.compile(r"socket\((?:AF_INET6?|AF_PACKET)\b")


@functools.cache
def why_not() -> str:
    """Why nothing may be watched here; "" where it may."""
    tried = subprocess.run([*WATCH, os.devnull, "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not watch here: {tried.stderr.strip()[:100]}"


def work(home: Path) -> Path:
    """The folder that all of it works in."""
    folder = home / "work"
    folder.mkdir(exist_ok=True)
    (folder / "a.json").write_text('{"boats": 3}')
    return trusted(home, folder)


def watching(home: Path) -> tuple[str, ...]:
    """What a command is put behind to be watched."""
    if shutil.which("strace") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("strace is not installed")
    if why := why_not():
        pytest.skip(why)
    return (*WATCH, str(home / "trace"))


def seen(home: Path) -> tuple[list[str], str]:
    """The sockets that were made by it and all its processes, as strace writes them, and all that strace wrote."""
    trace = (home / "trace").read_text(errors="replace")
    return ANYWHERE.findall(trace), trace


def watched(
    home: Path, *arguments: str, text: str = "", environ: Mapping[str, str] | None = None
) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What the command said, and the sockets."""
    environment = {**os.environ, "ROOKERY_HOME": str(home), **(environ or {})}
    done = subprocess.run(
        [*watching(home), *ROOKERY, *arguments], cwd=work(home), env=environment, input=text, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    return done, seen(home)[0]


@pytest.mark.model
@pytest.mark.timeout(300)
def test_a_task_is_carried_out_without_a_socket_that_leads_anywhere(tmp_path: Path) -> None:
    done, sockets = watched(tmp_path, "run", "What is 17 * 23?")
    assert (done.returncode, sockets) == (0, []), done.stderr
    assert "391" in done.stdout


@pytest.mark.model
@pytest.mark.timeout(300)
def test_the_plain_prompt_makes_none(tmp_path: Path) -> None:
    done, sockets = watched(tmp_path, "chat", "--repl", text="What is 17 * 23?\n/tools\n/plugins\n")
    assert (done.returncode, sockets) == (0, []), done.stderr
    assert "391" in done.stdout


@pytest.mark.model
@pytest.mark.terminal
@pytest.mark.timeout(500)
def test_the_full_screen_makes_none_and_says_that_it_is_offline(tmp_path: Path) -> None:
    command = [*watching(tmp_path), *ROOKERY]
    terminal = Terminal(command, {**os.environ, "ROOKERY_HOME": str(tmp_path)}, work(tmp_path))
    try:
        terminal.wait_for("offline")
        terminal.wait_for("tok/s")
        terminal.type(b"What is 17 * 23?\r")
        terminal.wait(lambda: b"391" in terminal.output, 200)
        terminal.type(b"\x11")
        assert terminal.ended() == "exit 0"
    finally:
        terminal.close()
    sockets, trace = seen(tmp_path)
    assert sockets == []
    assert trace.count("execve(") > 1  # the model's process was watched too


@pytest.mark.model
@pytest.mark.timeout(600)
def test_measuring_makes_none(tmp_path: Path) -> None:
    done, sockets = watched(tmp_path, "eval", "decisions", "--limit", "2")
    assert (done.returncode, sockets) == (0, []), done.stderr


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("tools", "list"), "calculator"),
        (("tools", "show", "shell"), "execute"),
        (("tools", "call", "shell", '{"command": "echo hi; ls"}', "--allow", "execute"), "hi"),
        (("tools", "call", "python", '{"code": "print(6 * 7)"}', "--allow", "execute"), "42"),
        (("tools", "call", "find_date", '{"when": "next Sunday"}'), "Sunday"),
        (("tools", "call", "list_files", "{}"), "a.json"),
        (("tools", "call", "query_json", '{"path": "a.json"}'), "boats"),
        (("plugins", "list"), "web"),
        (("models", "list"), ""),
        (("sessions", "list"), ""),
        (("rules", "list"), ""),
        (("trust", "list"), ""),
        (("config", "show"), "online = false"),
    ],
    ids=lambda value: "-".join(value[:3]) if isinstance(value, tuple) else "",
)
def test_no_command_that_looks_or_calculates_makes_any(tmp_path: Path, words: tuple[str, ...], said: str) -> None:
    done, sockets = watched(tmp_path, *words)
    assert (done.returncode, sockets) == (0, []), done.stderr
    assert said in done.stdout


def test_the_process_of_a_plugin_makes_none_by_itself(tmp_path: Path) -> None:
    site = Site(tmp_path / "site", tmp_path)
    site.folder.mkdir()
    site.install("rowing", tool_source("return 'rowed'"))
    around = {"PYTHONPATH": os.pathsep.join(filter(None, (os.environ.get("PYTHONPATH", ""), str(site.folder))))}
    done, sockets = watched(tmp_path, "plugins", "enable", "rowing", "--yes", environ=around)
    assert (done.returncode, sockets) == (0, []), done.stderr
    done, sockets = watched(tmp_path, "tools", "call", "rowing.go", "{}", environ=around)
    assert (done.returncode, done.stdout, sockets) == (0, "rowed\n", []), done.stderr
    assert "rookery_core.hosting.child" in seen(tmp_path)[1]


@pytest.mark.timeout(300)
def test_neither_does_a_server_that_is_a_command_on_our_side(tmp_path: Path) -> None:
    pytest.importorskip("mcp")
    server = sample(tmp_path)
    lines = ("[mcp.servers.yard]", f"command = {server.command!r}", f"args = {[*server.args]!r}", "start_s = 200")
    (tmp_path / "config.toml").write_text("\n".join(lines))
    call = ("tools", "call", "yard.get_sum", '{"a": 2, "b": 3}', "--allow", "yard", "--allow-root")
    done, sockets = watched(tmp_path, *call)
    assert (done.returncode, sockets) == (0, []), done.stderr
    assert "5" in done.stdout


def test_a_call_by_hand_makes_none_either(tmp_path: Path) -> None:
    done, sockets = watched(tmp_path, "tools", "call", "calculator", '{"expression": "2 + 3"}')
    assert (done.returncode, done.stdout, sockets) == (0, "5\n", []), done.stderr


def test_asking_for_a_page_offline_makes_none(tmp_path: Path) -> None:
    call = ("tools", "call", "fetch_page", '{"url": "http://127.0.0.1:8080/"}', "--allow", "network")
    done, sockets = watched(tmp_path, *call)
    assert (done.returncode, sockets) == (2, [])
    assert "nothing may go online" in done.stderr


def test_even_online_an_address_that_is_not_public_gets_none(tmp_path: Path) -> None:
    call = ("tools", "call", "fetch_page", '{"url": "http://127.0.0.1:8080/"}', "--allow", "network", "--online")
    done, sockets = watched(tmp_path, *call)
    assert (done.returncode, sockets) == (1, [])
    assert "is not on the public internet" in done.stderr


def test_what_is_watched_for_is_seen_where_it_is_allowed(tmp_path: Path) -> None:
    with serving() as site:
        site.has("*", '{"results": []}', "application/json")
        (tmp_path / "config.toml").write_text(f'[web]\nonline = true\nsearch_url = "http://127.0.0.1:{site.port}"\n')
        done, sockets = watched(tmp_path, "tools", "call", "search_web", '{"query": "rooks"}', "--allow", "network")
        assert (done.returncode, len(site.asked)) == (0, 1), done.stderr
    assert sockets
