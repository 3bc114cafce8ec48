"""A hook is a function of a `ToolUse`, and can be called like any other; `Risk` is the call's, as assessed."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from rookery_protect import rookery_before_tool, rookery_risk_rules

from rookery_core.plugin import Risk, ToolUse

PATTERNS = """
# keys, wherever they are
*.pem
/config/prod/
./uv.lock
migrations/00*.sql
"""

Ruled = Callable[..., str]


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    (tmp_path / "space").mkdir()
    root = (tmp_path / "space").resolve()
    for name in ("config/prod/db.toml", "config/dev/db.toml", "keys/a.pem", "uv.lock", "notes.txt"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text("as it is\n")
    (root / "link").symlink_to("config/prod")
    (root / ".rookery-protect").write_text(PATTERNS)
    return root


@pytest.fixture
def ruled(workspace: Path) -> Ruled:
    def rule(arguments: dict[str, Any], risk: Risk = Risk.WRITE, tool: str = "files.write_file") -> str:
        """Why the call is denied; "" where it is not."""
        said = rookery_before_tool(ToolUse("1.1", tool, risk, risk, arguments, workspace, "session"))
        return said.reason if said is not None else ""

    return rule


@pytest.fixture
def shell(ruled: Ruled) -> Ruled:
    return lambda command: ruled({"command": command}, Risk.EXECUTE, "shell.shell")


@pytest.mark.parametrize(
    "path",
    [
        "uv.lock",
        "./notes/../uv.lock",
        "UV.LOCK",
        "uv.lock/inside",
        "sub/new.pem",
        "sub/.rookery-protect",
        "a.pem/inside",
        "config/prod",
        "config/prod/new/deep.toml",
        "link/db.toml",
        "migrations/0001_init.sql",
        ".rookery-protect",
    ],
)
def test_a_call_that_names_a_protected_path_is_denied(path: str, ruled: Ruled, workspace: Path) -> None:
    for said in (path, str(workspace / path)):
        assert "is protected" in ruled({"path": said, "content": "new"})
        assert "is protected" in ruled({"moves": [{"from": "notes.txt", "to": said}]}, Risk.NETWORK, "other.move")
        assert ruled({"path": said}, Risk.READ, "files.read_file") == ""


@pytest.mark.parametrize(
    "path", ["notes.txt", "config", "config/dev/db.toml", "../uv.lock", "src/config/prod", "migrations/1.sql", ".", ""]
)
def test_other_paths_are_nobody_s_business(path: str, ruled: Ruled) -> None:
    assert ruled({"path": path, "content": "first\nuv.lock\nkeys.pem"}) == ""


def test_the_model_reads_which_pattern_it_was_and_what_it_can_do(ruled: Ruled) -> None:
    assert ruled({"path": "keys/a.pem"}) == (
        "keys/a.pem is protected ('*.pem' in .rookery-protect) and must stay as it is. Reading it is fine; "
        "tell the person what you would change in it"
    )


@pytest.mark.parametrize(
    "command",
    [
        "rm uv.lock",
        "rm -rf config/prod",
        "rm keys/*.pem",
        "rm keys/a.pe?",
        "cat notes.txt > uv.lock",
        "cat notes.txt>>uv.lock",
        "cat notes.txt >| uv.lock",
        "(cat notes.txt)> uv.lock",
        ">uv.lock",
        "ls &> uv.lock",
        "python fix.py < uv.lock",
        "cat notes.txt | tee uv.lock",
        "cat notes.txt\nrm uv.lock",
        "cat notes.txt; rm 'uv.lock'",
        "cat uv.lock && rm uv.l\\ock",
        "X=1 rm uv.lock",
        "cd config && rm prod/db.toml",
        "dd if=notes.txt of=uv.lock",
        "curl -ouv.lock https://example.org",
        "sh -c 'rm uv.lock'",
        "cat $(rm uv.lock)",
        'cat "$(rm uv.lock)"',
        "cat `rm uv.lock`",
        "cat <(rm uv.lock)",
        "./cat uv.lock",
        "find . -exec rm {} + ; rm ./uv.lock",
        "cat > notes.txt <<END\nit's\nEND\nrm uv.lock",
    ],
)
def test_a_command_that_mentions_a_protected_path_is_denied(command: str, shell: Ruled) -> None:
    assert "is protected" in shell(command)


@pytest.mark.parametrize(
    "command",
    [
        "cat uv.lock",
        "head -3 config/prod/db.toml | grep url > notes.txt",
        "LANG=C grep -rn key config/prod && ls -l keys/*.pem",
        "diff config/dev/db.toml config/prod/db.toml; wc -l uv.lock",
        "cat < uv.lock",
        "rm notes.txt",
        "echo 'done' > notes.txt",
        "rm *.txt",
        "",
    ],
)
def test_reading_a_protected_file_in_a_command_is_fine(command: str, shell: Ruled) -> None:
    assert shell(command) == ""


def test_a_command_that_is_a_list_is_one_command(shell: Ruled) -> None:
    assert "is protected" in shell(["rm", "-f", "uv.lock"])
    assert "is protected" in shell(["touch", "a b", "config/prod/db.toml"])
    assert shell(["cat", "uv.lock"]) == ""
    assert shell(["echo", "a; rm b"]) == ""


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (lambda file: file.write_bytes(b"caf\xe9"), "cannot be read"),
        (lambda file: (file.unlink(), file.mkdir()), "cannot be read"),
        (lambda file: (file.unlink(), file.symlink_to("nowhere")), "cannot be read"),
        (lambda file: file.write_text("*.pem\n!mine.pem\n"), "'!mine.pem' begins with !"),
    ],
)
def test_without_readable_patterns_nothing_is_changed(
    spoil: Callable[[Path], Any], why: str, ruled: Ruled, workspace: Path
) -> None:
    spoil(workspace / ".rookery-protect")
    assert why in ruled({"path": "notes.txt"})
    assert why in ruled({"command": "true"}, Risk.EXECUTE, "shell.shell")
    assert ruled({"path": "notes.txt"}, Risk.READ, "files.read_file") == ""


def test_without_a_pattern_file_nothing_is_protected(ruled: Ruled, shell: Ruled, workspace: Path) -> None:
    (workspace / ".rookery-protect").unlink()
    assert ruled({"path": "uv.lock"}) == ""
    assert shell("rm uv.lock") == ""


def test_a_read_that_the_rule_made_riskier_is_still_a_read(ruled: Ruled, workspace: Path) -> None:
    (workspace / ".rookery-protect").write_text("*.env\n")
    assert ruled({"path": ".env"}, Risk.READ, "files.read_file") == ""
    assert "is protected" in ruled({"path": ".env"})


@pytest.mark.parametrize(
    ("path", "asks"),
    [
        (".env", True),
        ("app/.env.local", True),
        ("C:\\app\\prod.env", True),
        (".env.staging", True),
        (".env.test", True),
        (".env.e", True),
        (".env.example", False),
        ("app/.env.sample", False),
        (".env.template", False),
        (".envrc", False),
        ("environment.txt", False),
    ],
)
def test_files_that_may_hold_keys_are_asked_about_before_they_are_read(path: str, asks: bool) -> None:
    (rule,) = rookery_risk_rules()
    assert (rule.tool, rule.risk) == ("files.read_file", Risk.NETWORK)
    assert bool(re.search(rule.when["path"], path)) is asks
