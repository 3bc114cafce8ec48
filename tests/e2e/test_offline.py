"""The program without leave to go online, watched from outside: it makes no socket that leads anywhere."""

from __future__ import annotations

import functools
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.plugins.web.kit import serving

ROOKERY = str(Path(sys.executable).with_name("rookery"))
WATCH = ("strace", "-f", "--seccomp-bpf", "-e", "trace=socket", "-o")
ANYWHERE = re.compile(r"socket\((?:AF_INET6?|AF_PACKET)\b")


@functools.cache
def why_not() -> str:
    """Why nothing may be watched here; "" where it may."""
    tried = subprocess.run([*WATCH, os.devnull, "true"], capture_output=True, text=True, check=False)
    return "" if tried.returncode == 0 else f"strace may not watch here: {tried.stderr.strip()[:100]}"


def watched(home: Path, *arguments: str) -> tuple[subprocess.CompletedProcess[str], list[str]]:
    """What the command said, and the sockets that it and all its processes made, as strace writes them."""
    if shutil.which("strace") is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)("strace is not installed")
    if why := why_not():
        pytest.skip(why)
    trace = home / "trace"
    environment = {**os.environ, "ROOKERY_HOME": str(home)}
    done = subprocess.run(
        [*WATCH, str(trace), ROOKERY, *arguments],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done, ANYWHERE.findall(trace.read_text())


@pytest.mark.model
@pytest.mark.timeout(300)
def test_a_task_is_carried_out_without_a_socket_that_leads_anywhere(tmp_path: Path) -> None:
    done, sockets = watched(tmp_path, "run", "What is 17 * 23?")
    assert (done.returncode, sockets) == (0, []), done.stderr
    assert "391" in done.stdout


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
