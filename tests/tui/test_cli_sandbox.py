"""`rookery sandbox`: what was found, and what that means for questions."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rookery_tui import cli
from tests.core.sandbox.kit import linux, whole

pytestmark = [linux, whole]


@pytest.mark.parametrize(
    ("settings", "unasked", "asks"),
    [
        ("", True, "asks      before a program writes or leaves the sandbox, not before it reads"),
        ("network = true", False, ""),
        ('programs = "open"', False, ""),
    ],
)
def test_it_says_whether_what_only_reads_is_asked_about(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    settings: str,
    unasked: bool,
    asks: str,
) -> None:
    monkeypatch.setenv("ROOKERY_HOME", str(tmp_path))
    (tmp_path / "config.toml").write_text(f"[sandbox]\n{settings}\n")
    cli.main(["sandbox", "--json"])
    assert json.loads(capsys.readouterr().out)["reads_unasked"] is unasked
    cli.main(["sandbox"])
    assert [line for line in capsys.readouterr().out.splitlines() if line.startswith("asks")] == [asks] * bool(asks)
