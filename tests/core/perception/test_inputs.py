"""Files and folders that a person puts before the assistant, of any kind; nothing is ever taken for seen that was not."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from rookery_core.config import Config, ModelSettings
from rookery_core.events import InputPerceived, TurnStatus
from rookery_core.perception.inputs import MOST_BYTES, Kind, mentioned, perceive
from rookery_core.testing import ScriptedModel
from rookery_core.workspace import Workspace
from tests.core.conftest import Lab, answer, play


@pytest.mark.parametrize(
    ("message", "paths"),
    [
        ("sum up @notes.txt, please", ("notes.txt",)),
        ('look at @"my notes.txt" and @src/', ("my notes.txt", "src/")),
        ("@a.txt @b.txt @a.txt", ("a.txt", "b.txt")),
        ("(@a.txt) is not one, nor is ann@example.org", ()),
        ("what is in @a.txt?", ("a.txt",)),
        ("@ alone, @. and @!", ()),
        ("", ()),
    ],
)
def test_paths_are_named_with_an_at_sign_before_them(message: str, paths: tuple[str, ...]) -> None:
    assert mentioned(message) == paths


@pytest.mark.parametrize(
    ("name", "data", "kind", "text"),
    [
        ("a.txt", b"one\ntwo\n", Kind.TEXT, "one\ntwo\n"),
        ("bom.txt", b"\xef\xbb\xbfwith a mark", Kind.TEXT, "with a mark"),
        ("w.txt", "Größe".encode("utf-16"), Kind.TEXT, "Größe"),
        ("l.txt", "Größe".encode("cp1252"), Kind.TEXT, "Größe"),
        ("e.txt", b"", Kind.TEXT, "(an empty file)"),
        ("d.json", b'{"a":[1,2]}', Kind.STRUCTURED, '{\n "a": [\n  1,\n  2\n ]\n}'),
        ("broken.json", b'{"a":', Kind.TEXT, '{"a":'),
        ("deep.json", b"[" * 100_000, Kind.TEXT, "[" * 100_000),
        ("p.png", b"\x89PNG\r\n\x1a\n" + b"x" * 92, Kind.IMAGE, "a PNG image of 100 bytes. The model reads text and cannot see it"),
        ("p.webp", b"RIFF0000WEBPVP8 ", Kind.IMAGE, "a WebP image of 16 bytes. The model reads text and cannot see it"),
        ("d.pdf", b"%PDF-1.7\n", Kind.BINARY, "a PDF document of 9 bytes, which is no text"),
        ("b.bin", b"\0\1\2", Kind.BINARY, "3 bytes that are no text"),
    ],
)  # fmt: skip
def test_each_kind_of_file_is_read_or_named(tmp_path: Path, name: str, data: bytes, kind: Kind, text: str) -> None:
    (tmp_path / name).write_bytes(data)
    seen = perceive(name, Workspace.at(tmp_path))
    assert seen is not None
    assert (seen.name, seen.kind, seen.text) == (name, kind, text)


def test_a_folder_is_listed(tmp_path: Path) -> None:
    (tmp_path / "sub" / "inner").mkdir(parents=True)
    (tmp_path / "sub" / "a.txt").touch()
    seen = perceive("sub", Workspace.at(tmp_path))
    assert seen is not None
    assert (seen.kind, seen.text) == (Kind.FOLDER, "a.txt\ninner/")


def test_what_is_not_there_is_said_where_it_looks_like_a_path(tmp_path: Path) -> None:
    workspace = Workspace.at(tmp_path)
    assert perceive("anna", workspace) is None
    seen = perceive("nots.txt", workspace)
    assert seen is not None
    assert (seen.kind, seen.text) == (Kind.MISSING, "there is no such file")


def test_nothing_outside_the_workspace_is_read_and_nothing_is_waited_for(tmp_path: Path) -> None:
    (tmp_path / "secret.txt").write_text("the secret")
    work = tmp_path / "work"
    work.mkdir()
    (work / "out.txt").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(work / "pipe.txt")
    workspace = Workspace.at(work)
    for path in (
        "../secret.txt",
        str(tmp_path / "secret.txt"),
        "out.txt",
        "pipe.txt",
        "/dev/zero",
        "x" * 5_000 + ".txt",
    ):
        seen = perceive(path, workspace)
        assert seen is not None
        assert seen.kind in (Kind.MISSING, Kind.BINARY)
        assert "the secret" not in seen.text


def test_a_file_too_large_to_be_read_at_once_is_named(tmp_path: Path) -> None:
    with (tmp_path / "big.txt").open("wb") as file:
        file.truncate(MOST_BYTES + 1)
    seen = perceive("big.txt", Workspace.at(tmp_path))
    assert seen is not None
    assert seen.kind is Kind.BINARY
    assert "too large" in seen.text


async def test_the_model_reads_a_named_file_with_the_request_and_again_in_later_turns(lab: Lab) -> None:
    (lab.workspace / "tea.txt").write_text("Green tea is kept at 4 degrees.")
    model = ScriptedModel([answer("4 degrees"), answer("yes")])
    assistant = lab.assistant(model)
    session = assistant.new_session()
    events = [event async for event in assistant.turn(session, "How cold? @tea.txt @anna", ("tea.txt", "anna"))]
    (perceived,) = [event for event in events if isinstance(event, InputPerceived)]
    assert (perceived.name, perceived.what, perceived.dropped_chars) == ("tea.txt", "text", 0)
    asked = "How cold? @tea.txt @anna\n\n[tea.txt]\nGreen tea is kept at 4 degrees."
    assert model.seen[0][-1].content == asked
    await play(assistant, session, "Sure?")
    assert asked in [message.content for message in model.seen[1]]


async def test_of_a_long_file_the_model_reads_what_it_was_asked_about(lab: Lab) -> None:
    rows = [{"berth": n, "ship": f"ship {n}"} for n in range(3_000)]
    rows[2_000]["ship"] = "the ferry Nordlys"
    (lab.workspace / "berths.json").write_text(json.dumps(rows))
    model = ScriptedModel([answer("2000")], n_ctx=2_000)
    assistant = lab.assistant(model, config=Config(model=ModelSettings(max_tokens=50)))
    session = assistant.new_session()
    events = [e async for e in assistant.turn(session, "Where is the ferry Nordlys? @berths.json", ("berths.json",))]
    (perceived,) = [event for event in events if isinstance(event, InputPerceived)]
    assert "the ferry Nordlys" in model.seen[0][-1].content
    assert perceived.dropped_chars > 50_000
    kept = assistant.tools.lender.artifacts(session.id, "").get(perceived.artifact)
    assert json.loads(kept) == rows
    assert events[-1].status is TurnStatus.ANSWERED
