"""`rookery tools`: looking at tools, and calling one by hand, without a model."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pytest

from rookery_tui import cli


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROOKERY_HOME", str(tmp_path / "home"))
    monkeypatch.setattr("sys.stdin", io.StringIO())
    monkeypatch.chdir(tmp_path)
    return tmp_path


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
        (("calculator", "{"), 2, "are no JSON"),
        (("calculator", "[]"), 2, "no JSON object"),
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
