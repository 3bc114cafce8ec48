"""`rookery audit`: what was called and allowed, whether the record is whole, and all of it as lines."""

from __future__ import annotations

import io
import json
import re
import sqlite3
from pathlib import Path

import pytest

from rookery_core.approval.policy import Reply
from rookery_core.errors import ConfigError
from rookery_core.event_json import load_event
from rookery_core.events import ApprovalRequested, Decision
from rookery_core.store.chain import mirror_of
from rookery_tui.arguments import parse
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.subcommands import audit
from tests.core.conftest import act, answer
from tests.tui.test_cli_sessions import Archive


async def refused(request: ApprovalRequested) -> Reply:
    return Reply(Decision.DENY, "not today")


@pytest.fixture
async def recorded(tmp_path: Path) -> Archive:
    """A session with a call that nobody is asked about, one that is refused, and one that is allowed beforehand."""
    made = Archive(tmp_path)
    write = act("save", '{"path": "a.txt", "text": "x"}')
    await made.session([act("add", '{"a": 1, "b": 2}'), write, answer("done")], "look and write", approver=refused)
    await made.session([write, answer("done")], "write", allow=["write"])
    return made


def run(home: Archive, *argv: str) -> tuple[Exit, str]:
    out = io.StringIO()
    code = audit.main(parse(["audit", *argv]), home.paths, Console(io.StringIO(), out, home.err))
    return code, out.getvalue()


async def test_a_call_is_shown_with_whose_words_were_before_the_model(tmp_path: Path) -> None:
    made = Archive(tmp_path)
    look, save = act("look", '{"path": "a.txt"}'), act("save", '{"path": "b.txt", "text": "x"}')
    await made.session([look, save, answer("done")], "look and write", approver=refused)
    _, text = run(made, "show")
    after = text[text.index("kit.save") :]
    assert "    before the model, not trusted: look of the plugin kit, read 1 step ago\n" in after
    assert "not trusted" not in text[: text.index("kit.save")]


def test_the_calls_are_shown_with_what_was_decided(recorded: Archive) -> None:
    _, text = run(recorded, "show")
    lines = text.splitlines()
    assert len(lines) == 6
    assert "kit.add (pure)  nobody was asked  ok" in lines[0]
    assert "kit.save (write)  deny by person: not today  denied" in lines[2]
    assert lines[3].startswith('    {"path": "')
    assert "kit.save (write)" in lines[4]
    assert re.search(r" ok( in \d+\.\d s)?$", lines[4])
    assert run(recorded, "show", "--tool", "add", "--limit", "5")[1].splitlines() == lines[:2]
    assert run(recorded, "show", "--limit", "1")[1].splitlines() == lines[4:]
    (first, *_) = json.loads(run(recorded, "show", "--json")[1])
    assert (first["tool"], first["status"], first["decisions"]) == ("kit.add", "ok", [])


def test_a_whole_record_is_said_to_be_whole_and_a_changed_one_is_not(recorded: Archive) -> None:
    code, text = run(recorded, "verify")
    assert code is Exit.OK
    assert " entries, none of them changed. The newest is " in text
    with sqlite3.connect(recorded.paths.database) as db:
        db.execute("UPDATE events SET body = replace(body, 'not today', 'gladly')")
    db.close()
    code, text = run(recorded, "verify")
    assert code is Exit.FAILED
    assert "was altered" in text
    assert text.rstrip().endswith("the record was changed from outside.")
    code, text = run(recorded, "verify", "--json")
    assert (code, {each["what"] for each in json.loads(text)["findings"]}) == (Exit.FAILED, {"was altered"})


def test_a_file_of_hashes_that_is_gone_is_said_and_is_no_change(recorded: Archive) -> None:
    mirror_of(recorded.paths.database).unlink()
    code, text = run(recorded, "verify")
    assert code is Exit.OK
    assert "of them are not in " in text


def test_everything_is_exported_with_its_hashes(recorded: Archive, tmp_path: Path) -> None:
    lines = [json.loads(line) for line in run(recorded, "export")[1].splitlines()]
    assert [line["n"] for line in lines] == list(range(1, len(lines) + 1))
    assert load_event(json.dumps(lines[0]["event"])).kind == "model_ready"
    assert json.loads(run(recorded, "verify", "--json")[1])["head"] == lines[-1]["hash"]
    target = tmp_path / "audit-export.jsonl"
    run(recorded, "export", "--output", str(target))
    assert len(target.read_text().splitlines()) == len(lines)
    with pytest.raises(ConfigError, match="--force"):
        run(recorded, "export", "--output", str(target))


def test_without_any_session_there_is_nothing_to_show(tmp_path: Path) -> None:
    home = Archive(tmp_path)
    assert run(home, "show") == (Exit.OK, "No call is recorded.\n")
    assert run(home, "verify")[1].startswith("0 entries, none of them changed")
