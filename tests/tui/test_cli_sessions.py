"""`rookery sessions`: the stored sessions as text, Markdown and JSON."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from contextlib import aclosing
from pathlib import Path
from typing import Any

import pytest

from rookery_core.errors import ConfigError, SessionUnknown
from rookery_core.event_json import load_event
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from rookery_core.text import visible
from rookery_tui.arguments import parse
from rookery_tui.console import Console
from rookery_tui.subcommands import sessions
from rookery_tui.width import cut_to
from tests.core.conftest import Lab, act, answer
from tests.tui.test_headless import Terminal


class Archive:
    """A home folder with stored sessions, and the command over it."""

    def __init__(self, home: Path) -> None:
        self.paths = Paths.find({"ROOKERY_HOME": str(home)})
        self.lab = Lab(home)
        self.err = io.StringIO()

    async def session(self, script: list[str], *texts: str, **options: Any) -> str:
        """Store a session of these turns and return its id."""
        assistant = self.lab.assistant(ScriptedModel(script), **options)
        log = assistant.new_session()
        async with aclosing(assistant.start(log)) as events:
            async for _ in events:
                pass
        for text in texts:
            async with aclosing(assistant.turn(log, text)) as events:
                async for _ in events:
                    pass
        log.close()
        await assistant.close()
        return log.id

    def __call__(self, *argv: str, out: io.StringIO | None = None) -> str:
        out, self.err = out or io.StringIO(), io.StringIO()
        assert sessions.main(parse(["sessions", *argv]), self.paths, Console(io.StringIO(), out, self.err)) == 0
        return out.getvalue()


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    return Archive(tmp_path)


ADDS = [act("add", '{"a": 1, "b": 2}', "I add."), answer("It is 3.", "Done.")]


async def test_list_has_the_last_used_first(archive: Archive) -> None:
    first = await archive.session([answer("a")], "first question")
    second = await archive.session([answer("b"), answer("c")], "second question", "and more")
    lines = archive("list").splitlines()
    assert [line.split()[0] for line in lines] == [second, first]
    assert "2 turns  second question" in lines[0]
    assert archive("list", "--limit", "1").splitlines() == lines[:1]


def test_list_of_nothing_says_so(archive: Archive) -> None:
    assert archive("list") == "There are no sessions yet.\n"
    assert json.loads(archive("list", "--json")) == []


async def test_list_as_json(archive: Archive) -> None:
    session = await archive.session([answer("a")], "question")
    (entry,) = json.loads(archive("list", "--json"))
    assert list(entry) == ["id", "title", "workspace", "created_at", "updated_at", "turns"]
    assert (entry["id"], entry["title"], entry["turns"]) == (session, "question", 1)


async def test_show_prints_the_conversation_with_its_trace(archive: Archive) -> None:
    session = await archive.session(ADDS, "What is 1 + 2?")
    lines = archive("show", session[:-1]).splitlines()
    assert lines[0] == "What is 1 + 2?"
    assert lines[1].startswith(f"Session {session}, ")
    assert lines[2:] == [
        "  model       scripted is ready",
        "",
        "> What is 1 + 2?",
        "  thought     I add.",
        "  action      add(a=1, b=2)",
        "  observation 3",
        "  thought     Done.",
        "It is 3.",
    ]


async def test_show_tells_how_an_unanswered_turn_ended(archive: Archive) -> None:
    session = await archive.session([ADDS[0], answer("some")], "hm", max_steps=1)
    assert archive("show", session).splitlines()[-1].startswith("stopped before there was an answer: the limit of 1")


async def test_show_escapes_what_could_drive_a_terminal(archive: Archive) -> None:
    session = await archive.session([answer("x \x1b]0;title\x07 \u202e")], "\x1b[2J title")
    for text in (archive("show", session), archive("list"), archive("search", "title"), archive("export", session)):
        assert "\x1b" not in text
        assert "\u202e" not in text
        assert "\\u{1b}" in text


async def test_search_finds_turns_by_words_of_question_or_answer(archive: Archive) -> None:
    session = await archive.session(
        [answer("Rooks nest in colonies."), answer("Blue.")], "How do birds live?", "What colour?"
    )
    assert archive("search", "colonies", "nest").splitlines() == [
        archive("search", "colonies").splitlines()[0],
        "  asked   How do birds live?",
        "  answer  Rooks nest in colonies.",
    ]
    assert archive("search", "colonies").startswith(f"{session} turn 1  ")
    (found,) = json.loads(archive("search", "colour", "--json"))
    assert (found["session"], found["turn"], found["answer"]) == (session, 2, "Blue.")


@pytest.mark.parametrize("words", [["zebra"], ['"', "AND", "("], ["*"], ["the"]])
async def test_search_without_a_hit_says_so(archive: Archive, words: list[str]) -> None:
    await archive.session([answer("Blue.")], "What colour?")
    assert archive("search", *words) == "Nothing was found.\n"


async def test_jsonl_export_is_the_stored_events(archive: Archive) -> None:
    session = await archive.session([*ADDS, answer("é \x1b")], "one", "two")
    events = [load_event(line) for line in archive("export", session, "--format", "jsonl").splitlines()]
    assert [event.seq for event in events] == list(range(1, len(events) + 1))
    whole = json.loads(archive("export", session, "--format", "json"))
    assert whole["id"] == session
    assert [load_event(json.dumps(event)) for event in whole["events"]] == events
    assert json.loads(archive("show", session, "--json")) == whole


async def test_markdown_export_reads_as_a_conversation(archive: Archive) -> None:
    session = await archive.session(ADDS, "What is\n1 + 2?")
    text = archive("export", session)
    assert text.startswith("# What is 1 + 2?\n\nSession ")
    assert text.split("## Turn 1")[1] == (
        "\n\n> What is\n> 1 + 2?\n\n**Thought** I add.\n\n**Action** `add`\n\n"
        '```json\n{\n  "a": 1,\n  "b": 2\n}\n```\n\n**Observation**\n\n```text\n3\n```\n\n'
        "**Thought** Done.\n\n**Answer**\n\nIt is 3.\n"
    )


async def test_a_fence_in_an_observation_does_not_end_its_own(archive: Archive) -> None:
    (archive.lab.workspace / "a.md").write_text("````\ncode\n````")
    session = await archive.session([act("look", '{"path": "a.md"}'), answer("seen")], "look")
    assert "`````text\n````\ncode\n````\n`````" in archive("export", session)


async def test_export_writes_a_file(archive: Archive, tmp_path: Path) -> None:
    session = await archive.session([answer("é")], "question")
    assert archive("export", session, "--output", str(tmp_path / "out.md")) == ""
    assert (tmp_path / "out.md").read_text(encoding="utf-8") == archive("export", session)
    with pytest.raises(ConfigError, match="cannot be written"):
        archive("export", session, "--output", str(tmp_path / "no" / "out.md"))


async def test_export_replaces_a_file_only_with_force_and_says_that_it_wrote(archive: Archive, tmp_path: Path) -> None:
    session = await archive.session([answer("hi")], "question")
    file = tmp_path / "out.md"
    file.write_text("precious")
    with pytest.raises(ConfigError, match=r"is there already; --force replaces it"):
        archive("export", session, "--output", str(file))
    assert file.read_text() == "precious"
    archive("export", session, "--output", str(file), "--force")
    assert file.read_text().startswith("# question")
    assert archive.err.getvalue() == f"rookery: the session was written to {file}\n"
    archive("export", session, "--output", os.devnull)


class Narrow(Terminal):
    """A terminal of 60 columns."""

    def __init__(self) -> None:
        import termios

        super().__init__()
        self._ours, self._fd = os.openpty()
        termios.tcsetwinsize(self._fd, (24, 60))

    def fileno(self) -> int:
        return self._fd


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
async def test_lines_for_a_terminal_are_cut_to_its_width(archive: Archive) -> None:
    title = "a question that is longer than a narrow terminal is wide, and goes on"
    await archive.session([answer("An answer that is longer than that, which takes some words.")], title)
    await archive.session([answer("ok")], "汉字" * 40)
    wide, narrow = archive("list"), archive("list", out=Narrow())
    assert title in wide
    assert "1 turn  " in wide
    cut = narrow.splitlines()
    assert all(line.endswith("…") for line in cut)
    assert [len(line) for line in cut] == [53, 60]  # the first ends with 6 characters of two columns
    found = archive("search", "question", out=Narrow()).splitlines()
    assert [len(line) for line in found] == [50, 59, 60]


def test_a_line_that_fits_is_not_cut() -> None:
    assert cut_to("12345", 5) == "12345"
    assert cut_to("123456", 5) == "1234…"
    assert cut_to("1234 6", 6) == "1234 6"
    assert cut_to("123 56", 5) == "123…"
    assert cut_to("e\u0301" * 5, 5) == "e\u0301" * 5
    assert cut_to("anything", None) == "anything"


@pytest.mark.parametrize("argv", [["show", "nosuch"], ["export", "nosuch"], ["show", ""]])
def test_an_unknown_session_is_named(archive: Archive, argv: list[str]) -> None:
    with pytest.raises(SessionUnknown, match="there is no session"):
        archive(*argv)


@pytest.mark.parametrize(
    "argv", [["show", "", "--json"], ["search", "bird", "--json"], ["export", "", "--format", "jsonl"]]
)
async def test_json_at_a_terminal_is_escaped(archive: Archive, argv: list[str]) -> None:
    session = await archive.session([answer("bird \u202e\x9b")], "bird \u202e\x9b")
    out = Terminal()
    words = [word or session for word in argv]
    sessions.main(parse(["sessions", *words]), archive.paths, Console(io.StringIO(), out, io.StringIO()))
    assert visible(out.getvalue()) == out.getvalue()
    assert "\\u202e" in out.getvalue()


async def test_json_is_utf8_and_text_is_escaped_where_the_terminal_is_neither(archive: Archive, tmp_path: Path) -> None:
    await archive.session([answer("é")], "naïve 🐦")
    environ = {**os.environ, "ROOKERY_HOME": str(tmp_path), "PYTHONIOENCODING": "ascii"}
    command = [str(Path(sys.executable).with_name("rookery")), "sessions", "list"]
    plain = subprocess.run(command, capture_output=True, env=environ, check=True).stdout
    as_json = subprocess.run([*command, "--json"], capture_output=True, env=environ, check=True).stdout
    assert b"na\\xefve \\U0001f426" in plain
    assert json.loads(as_json)[0]["title"] == "naïve 🐦"
