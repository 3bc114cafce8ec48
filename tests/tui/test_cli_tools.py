"""`rookery tools`: looking at tools, and calling one by hand, without a model."""

from __future__ import annotations

import io
import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import pytest

from rookery_tui import cli
from tests.plugins.programs import wait_for, working_in
from tests.trusted import trusted


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROOKERY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.chdir(tmp_path)
    return trusted(tmp_path / "home", tmp_path)


def tools(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["tools", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_the_list_and_one_tool_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = tools(capsys, "list")
    assert code == 0
    assert any(line.startswith("read_file ") and "files (rookery)" in line for line in out.splitlines())
    told = {each["name"]: each for each in json.loads(tools(capsys, "list", "--json")[1])}
    assert told["shell"]["risk"] == "execute"
    code, out, _ = tools(capsys, "show", "files.read_file")
    assert code == 0
    assert "told         read_file(path: string" in out
    assert json.loads(tools(capsys, "show", "clock", "--json")[1])["plugin"] == "clock"


def test_a_call_prints_the_result(capsys: pytest.CaptureFixture[str]) -> None:
    assert tools(capsys, "call", "calculator", '{"expression": "2 + 3"}') == (0, "5\n", "")


def test_a_risky_call_needs_someone_to_ask_or_to_be_allowed(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    call = ("call", "write_file", '{"path": "x.txt", "content": "egg"}')
    code, out, err = tools(capsys, *call)
    assert (code, out) == (4, "")
    assert "nobody is there to be asked" in err
    assert "`--allow write` or `--allow files.write_file` lets it run without asking" in err
    assert not (home / "x.txt").exists()
    assert tools(capsys, *call, "--allow", "write")[0] == 0
    assert (home / "x.txt").read_text() == "egg"


def test_calls_by_hand_are_in_the_audit_and_not_among_the_conversations(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    write = ("call", "write_file", '{"path": "x.txt", "content": "egg"}')
    tools(capsys, "call", "calculator", '{"expression": "2 + 3"}')
    tools(capsys, *write)
    tools(capsys, *write, "--allow", "write")

    assert cli.main(["audit", "show", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [(call["tool"], call["status"]) for call in told] == [
        ("calculator.calculator", "ok"),
        ("files.write_file", "denied"),
        ("files.write_file", "ok"),
    ]
    assert told[1]["decisions"][0].startswith("deny by nobody")
    assert all(call["session"].startswith("hand-") for call in told)
    assert len({call["session"] for call in told}) == 3
    assert cli.main(["audit", "show", "--session", told[2]["session"]]) == 0
    assert "files.write_file (write)" in capsys.readouterr().out
    assert cli.main(["audit", "verify"]) == 0
    assert cli.main(["audit", "export"]) == 0
    assert capsys.readouterr().out.count('"kind":"tool_finished"') == 3
    assert cli.main(["sessions", "list", "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == []


def test_a_call_that_cannot_be_recorded_and_may_change_something_is_not_made(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    tools(capsys, "call", "calculator", '{"expression": "1"}')
    with sqlite3.connect(home / "home" / "rookery.db") as db:
        db.execute("CREATE TRIGGER full BEFORE INSERT ON events BEGIN SELECT RAISE(FAIL, 'no room'); END")
    db.close()
    write = ("call", "write_file", '{"path": "x.txt", "content": "egg"}', "--allow", "write")
    code, out, err = tools(capsys, *write)
    assert (code, out, "no room" in err) == (1, "", True)
    assert not (home / "x.txt").exists()


def test_what_needs_the_network_is_offered_where_it_is_allowed_and_else_said_to_who_looks(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    code, out, err = tools(capsys, "list")
    assert (code, "fetch_page" in out) == (0, False)
    assert "plugin web: it is not used, since nothing may go online: `--online` allows it for one start" in err
    code, out, err = tools(capsys, "list", "--online")
    assert "fetch_page" in out
    assert "tool web.search_web is left out: nobody is set up who searches" in err
    code, out, err = tools(capsys, "call", "fetch_page", '{"url": "example.org"}')
    assert (code, "`--online` allows it" in err) == (2, True)
    code, out, err = tools(capsys, "call", "fetch_page", '{"url": "example.org"}', "--online")
    assert (code, out) == (4, "")
    assert "nobody is there to be asked" in err
    (home / "home").mkdir(exist_ok=True)
    (home / "home" / "config.toml").write_text('[web]\nonline = true\nsearch_provider = "brave"\n')
    assert tools(capsys, "show", "search_web")[0] == 0
    code, _, err = tools(capsys, "call", "search_web", '{"query": "rooks"}', "--allow", "web")
    assert (code, "set ROOKERY_SECRET_WEB_SEARCH_KEY" in err) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (
            ("calculator", "expression=2"),
            2,
            "are no JSON: Expecting value: line 1 column 1 (char 0); write them as one",
        ),
        (("calculator", "[]"), 2, "no JSON object; write them as one object in quotes, such as '{"),
        (("calculator", "{}"), 2, "expression is missing"),
        (("calclator",), 2, "there is no tool named calclator"),
        (("calculator", '{"expression": "1 / 0"}'), 1, "zero"),
        (("calculator", "{}", "--workspace", "nowhere"), 2, "is not a folder"),
        (("calculator", "{}", "--plugin", "nosuch"), 2, "no installed plugin named nosuch"),
        (("calculator", "{}", "--allow", "nosuch"), 2, "nosuch"),
    ],
)
def test_what_is_wrong_is_said_with_its_exit_code(
    capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], code: int, said: str
) -> None:
    got, out, err = tools(capsys, "call", *arguments)
    assert (got, out) == (code, "")
    assert said in err


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such signals on Windows")
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
def test_a_signal_ends_a_call_and_what_it_began_and_the_audit_has_it(
    home: Path, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    number = signal.Signals[name]
    script = "import sys; from rookery_tui.cli import main; sys.exit(main())"
    command = json.dumps({"command": "echo > began; exec sleep 600"})
    called = subprocess.Popen(
        [sys.executable, "-c", script, "tools", "call", "shell", command, "--allow", "execute"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        wait_for(home / "began")
        called.send_signal(number)
        out, err = called.communicate(timeout=60)
    finally:
        called.kill()
        called.wait()
    by = "you" if number == signal.SIGINT else "a signal"
    assert (called.returncode, out) == (128 + number, "")
    assert err.splitlines()[-1] == f"rookery: stopped by {by}"
    for _ in range(500):
        if working_in(home) == [str(os.getpid())]:
            break
        time.sleep(0.02)
    else:
        pytest.fail("what it began goes on")
    assert cli.main(["audit", "show", "--json"]) == 0
    (told,) = json.loads(capsys.readouterr().out)
    assert (told["tool"], told["status"]) == ("shell.shell", "interrupted")
