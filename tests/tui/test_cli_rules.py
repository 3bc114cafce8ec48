"""`rookery rules`: what holds, adding and removing, what is wrong with a file, and what would become of a call."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rookery_core.approval.wary import WARY
from rookery_tui import cli
from tests.core.sandbox.kit import linux, whole


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("ROOKERY_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path


def rules(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    code = cli.main(["rules", *arguments])
    said = capsys.readouterr()
    return code, said.out, said.err


def test_without_rules_it_is_said_where_they_would_be(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    code, out, err = rules(capsys, "list")
    assert (code, err) == (0, "")
    assert f"There are no rules yet: {home}/home/rules.toml would hold them." in out
    assert rules(capsys, "check")[:2] == (
        0,
        f"{home}/home/rules.toml: is not there, which is fine\n"
        f"{home}/work/.rookery/rules.toml: is not there, which is fine\n",
    )


def test_rules_come_and_go(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    work = home / "work"
    assert rules(capsys, "add", "allow", "shell.shell", "--words", "git log ...")[1] == (
        f"1  allow shell.shell: git log ...  (in {work}; rules.toml:1)\n"
    )
    rules(capsys, "add", "deny", "*", "--words", "curl", "--everywhere")
    rules(capsys, "add", "allow", "files.write_file", "--path", "src")
    rules(capsys, "add", "ask", "web.*", "--url", "*.example.org")
    rules(capsys, "add", "allow", "git.git", "--argument", "operation=log", "--argument", "count=3")
    (home / "other").mkdir()
    assert rules(capsys, "add", "allow", "notes.remember", "--workspace", str(home / "other"))[0] == 0
    code, out, err = rules(capsys, "list")
    assert (code, err) == (0, "")
    assert [line.split("  (")[0] for line in out.splitlines()] == [
        " 1  allow shell.shell: git log ...",
        " 2  deny *: curl",
        f" 3  allow files.write_file: {work}/src",
        " 4  ask web.*: *.example.org",
        ' 5  allow git.git: operation="log", count=3',
        f"1 more hold in other workspaces; {home}/home/rules.toml has them",
    ]
    told = json.loads(rules(capsys, "list", "--json")[1])
    assert told[1] == {"number": 2, "do": "deny", "tool": "*", "argv": ["curl"]}
    assert rules(capsys, "check")[0] == 0
    assert rules(capsys, "remove", "2")[1] == "removed: deny *: curl\n"
    assert len(rules(capsys, "list")[1].splitlines()) == 5


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["allow", "shell", "--words", "make"], "tool must be a full name such as shell.shell"),
        (["allow", "*"], "tool must be a full name"),
        (["allow", "shell.shell", "--words", "bash ..."], "bash runs whatever it is told to"),
        (["allow", "shell.shell", "--words", "it's"], "--words must be a command as a shell takes it"),
        (["allow", "shell.shell", "--words", "make", "--matches", "make x"], "the rule is not about make x"),
        (["allow", "web.fetch_page", "--url", "*.x.org"], "names one host"),
        (["deny", "shell.shell", "--argument", "command"], "is not of the form NAME=VALUE"),
        (["allow", "git.git", "--argument", "count=3", "--matches", "3"], "is not an object"),
        (["allow", "a.b", "--workspace", "nowhere"], "the workspace nowhere is not a folder"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_is_written(
    capsys: pytest.CaptureFixture[str], home: Path, arguments: list[str], says: str
) -> None:
    code, out, err = rules(capsys, "add", *arguments)
    assert (code, out) == (2, "")
    assert says in err
    assert not (home / "home" / "rules.toml").exists()


def test_a_mistake_is_told_with_file_and_line(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    file = home / "home" / "rules.toml"
    file.parent.mkdir()
    file.write_text('[[rule]]\ndo = "allow"\ntool = "a.b"\n\n[[rule]]\ndo = "deny"\ntool = "c.d"\nargvs = ["x"]\n')
    for action in ("list", "check"):
        code, _, err = rules(capsys, action)
        assert code == 2
        assert f"{file}:8: argvs is nothing that a rule says; did you mean argv?" in err
    for action in (["add", "deny", "a.b"], ["remove", "1"]):
        code, _, err = rules(capsys, *action)
        assert (code, "mend it first" in err) == (2, True)


def test_one_rule_is_one_rule(capsys: pytest.CaptureFixture[str]) -> None:
    assert rules(capsys, "add", "deny", "shell.shell", "--words", "rm")[0] == 0
    assert "rules.toml: good, 1 rule\n" in rules(capsys, "check")[1]


def test_a_rule_about_a_tool_that_there_is_not_is_named_and_is_no_mistake(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    file = home / "home" / "rules.toml"
    file.parent.mkdir()
    known = ("shell.shell", "files.*", "*", "web.fetch_page", "yard.anything")
    file.write_text(
        "".join(f'[[rule]]\ndo = "deny"\ntool = "{name}"\n' for name in ("shel.shell", *known, "qqqqqqq.*", "shel.*"))
    )
    (home / "home" / "config.toml").write_text('[mcp.servers.yard]\ncommand = "yard"\n')
    code, out, err = rules(capsys, "check")
    assert (code, f"{file}: good, 8 rules" in out) == (0, True)
    assert err.splitlines() == [
        f"rookery: {file}:1: the rule is about nothing: no tool is named shel.shell; did you mean shell.shell?",
        f"rookery: {file}:19: the rule is about nothing: no tool is named qqqqqqq.*; `rookery tools list` shows them",
        f"rookery: {file}:22: the rule is about nothing: no tool is named shel.*; did you mean shell.*?",
    ]


def test_a_rule_about_a_tool_that_there_is_not_is_said_where_tools_are_used(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    rules(capsys, "add", "deny", "calculato.*")
    rules(capsys, "add", "ask", "web.*")
    assert cli.main(["tools", "call", "calculator", '{"expression": "2 + 3"}']) == 0
    said = capsys.readouterr()
    assert (said.out, "no tool is named calculato.*" in said.err, "web" in said.err) == ("5\n", True, False)


@linux
@whole
def test_a_call_that_is_tried_says_which_sandbox_it_would_get(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    reads, writes = "no network, only reads in the workspace", "no network, writes only in the workspace"
    rules(capsys, "add", "allow", "shell.shell", "--words", "touch x")
    rules(capsys, "add", "ask", "shell.shell", "--words", "touch y")
    for command, outcome, level, sandbox, may_ask in (
        ("touch x", "allow", "R2", writes, False),
        ("touch y", "ask", "R2", writes, False),
        ("touch z", "allow", "R1", reads, True),
        ("date", "allow", "R1", reads, False),
        ("sudo ls", "deny", "R4", "", False),
    ):
        told = json.loads(rules(capsys, "try", "shell", command, "--json")[1])
        found = told["outcome"], told["level"], told["sandbox"], told["may_ask"]
        assert found == (outcome, level, sandbox, may_ask), command
    assert json.loads(rules(capsys, "try", "clock", "{}", "--json")[1])["sandbox"] == ""


def test_a_call_that_is_tried_says_which_files_a_redirection_reads_and_writes(
    capsys: pytest.CaptureFixture[str], home: Path
) -> None:
    _, out, _ = rules(capsys, "try", "shell", "echo 'x' > a.txt; sort < b.txt | uniq >> 'c d' 2> /dev/null")
    assert [line for line in out.splitlines() if line.startswith(("reads ", "writes "))] == [
        "reads     b.txt",
        "writes    a.txt",
        "writes    c d",
    ]
    told = json.loads(rules(capsys, "try", "shell", "echo x > $F; ls >&$(x)", "--json")[1])
    assert (told["reads"], told["writes"]) == ([], ["$F", "$(x)"])
    assert not (home / "work" / "a.txt").exists()


def test_a_call_is_tried_and_not_made(capsys: pytest.CaptureFixture[str], home: Path) -> None:
    (home / "home").mkdir()
    (home / "home" / "config.toml").write_text('[sandbox]\nprograms = "open"\n')
    rules(capsys, "add", "allow", "shell.shell", "--words", "touch x")
    code, out, _ = rules(capsys, "try", "shell", "touch x; cat x | head -1")
    assert code == 0
    assert out.splitlines() == [
        "outcome   it would run",
        "level     R3 (execute)",
        "sandbox   NO SANDBOX: it has all your rights",
        "rule      allow shell.shell: touch x (rules.toml:1)",
        "command   touch x",
        "command   cat x",
        "command   head -1",
    ]
    assert not (home / "work" / "x").exists()
    told = json.loads(rules(capsys, "try", "shell", "touch $X", "--json")[1])
    assert (told["outcome"], told["level"], told["session"], told["always"]) == ("ask", "R3", ["touch $X"], [])
    assert "has to be worked out by the shell" in told["not_understood"]
    told = json.loads(rules(capsys, "try", "write_file", '{"path": "a", "content": ""}', "--json")[1])
    assert (told["outcome"], told["level"], told["always"]) == ("ask", "R2", [f"{home}/work/a"])
    told = json.loads(rules(capsys, "try", "fetch_page", '{"url": "https://example.org/x"}', "--json")[1])
    assert (told["outcome"], told["level"], told["always"]) == ("ask", "R3", ["example.org:443"])
    rules(capsys, "add", "allow", "files.write_file", "--path", ".")
    given = ("try", "write_file", '{"path": "a", "content": ""}', "--json")
    for words, outcome, rule in (((), "allow", "allow files.write_file"), (("--tainted",), "ask", WARY)):
        told = json.loads(rules(capsys, *given, *words)[1])
        assert (told["outcome"], told["rule"].startswith(rule), told["session"]) == (outcome, True, [])
    told = json.loads(rules(capsys, "try", "shell", "sudo ls", "--json")[1])
    assert (told["outcome"], told["level"], told["always"]) == ("deny", "R4", [])
    for wrong, says in (
        (["nosuch", "x"], "no tool named nosuch"),
        (["write_file", "x"], "is not JSON"),
        (["clock", '{"x": 1}'], "x"),
    ):
        code, _, err = rules(capsys, "try", *wrong)
        assert (code, says in err) == (2, True)
