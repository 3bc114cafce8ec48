"""A person is asked about a call in plain lines: which answers count, what is shown first, and changing the arguments."""

from __future__ import annotations

import io
import os
import stat
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from rookery_core.approval.policy import Reply
from rookery_core.events import Decision
from rookery_tui.asking import Asking
from rookery_tui.editing import EditorFailed, edited, editor_of
from rookery_tui.lines import PlainLines
from tests.tui.call_kit import request

ALLOWED = frozenset({Decision.ONCE, Decision.SESSION, Decision.ALWAYS})


class Typed(PlainLines):
    """Answers in their order, each after so many seconds on a clock of its own; then the input has ended."""

    def __init__(self, answers: Iterable[str], after_s: float = 1.0, editor: str = "") -> None:
        super().__init__(-1, None)
        self.editor = editor
        self.questions: list[str] = []
        self.now = 0.0
        self._answers = iter(answers)
        self._after_s = after_s

    async def answer(self, question: str) -> str | None:
        self.questions.append(question)
        self.now += self._after_s
        return next(self._answers, None)

    async def edit(self, text: str) -> str:
        return await edited(self.editor, text)


class Sized(io.StringIO):
    """A terminal of 80 columns and 20 lines."""

    def __init__(self) -> None:
        super().__init__()
        self._ours, self._theirs = os.openpty()
        import fcntl
        import struct
        import termios

        fcntl.ioctl(self._theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 20, 80, 0, 0))

    def isatty(self) -> bool:
        return True

    def fileno(self) -> int:
        return self._theirs


async def replied(lines: Typed, out: io.StringIO | None = None, **changes: Any) -> tuple[Reply, str]:
    out = out or io.StringIO()
    person = Asking(lines, out, "/home/me/rules.toml", grace_s=0.5, clock=lambda: lines.now)
    return await person.approve(request(**changes)), out.getvalue()


@pytest.mark.parametrize(
    ("level", "typed", "decision"),
    [
        ("R2", ["y"], Decision.ONCE),
        ("R2", ["s"], Decision.SESSION),
        ("R2", [""], Decision.DENY),
        ("R2", [], Decision.DENY),
        ("R2", ["what?", "v", "y"], Decision.ONCE),
        ("R3", ["y", ""], Decision.ONCE),
        ("R3", ["s", ""], Decision.SESSION),
        ("R3", ["y", "y"], Decision.DENY),
        ("R3", ["y"], Decision.DENY),
        ("R3", ["y", "x", "n"], Decision.DENY),
        ("", ["y", "y", "y", ""], Decision.ONCE),
    ],
)
async def test_what_reaches_further_is_allowed_by_another_enter(
    level: str, typed: list[str], decision: Decision
) -> None:
    reply, _ = await replied(Typed(typed), level=level)
    assert reply == Reply(decision)


async def test_always_shows_what_would_be_remembered_and_where_first() -> None:
    lines = Typed(["a", "no", "a", ""])
    reply, told = await replied(lines, always=("writing a.txt\u202e",))
    assert reply == Reply(Decision.ALWAYS)
    assert "calls of   files.write: writing a.txt\\u{202e}\n" in told
    assert "kept in    /home/me/rules.toml\n" in told
    assert lines.questions[1] == "Enter allows it and remembers that, anything else goes back "


async def test_what_cannot_be_remembered_is_not_offered_and_is_no_answer() -> None:
    lines = Typed(["s", "a", "n"])
    reply, told = await replied(lines, remembers=(), always=())
    assert reply == Reply(Decision.DENY)
    assert told.count("Please answer with one of these letters.") == 2
    assert lines.questions[0] == "Allow it? y once, e edit, n no, f no, because…, v view [n] "


@pytest.mark.parametrize("typed", ["y", "s", "a", "", "yes"])
async def test_what_comes_at_once_is_no_answer(typed: str) -> None:
    reply, told = await replied(Typed([typed] * 200, after_s=0.1), always=("x",))
    assert reply.decision not in ALLOWED
    assert told.count("That came too soon to be an answer to this.") == 200


@pytest.mark.skipif(sys.platform == "win32", reason="there are no such terminals there")
async def test_a_call_that_is_longer_than_the_terminal_is_gone_through_before_it_can_be_allowed() -> None:
    command = "\n".join(f"echo {n}" for n in range(50))
    lines = Typed(["y", "", "", "", "y"])
    reply, told = await replied(lines, Sized(), arguments={"command": command})
    assert reply == Reply(Decision.ONCE)
    assert lines.questions[0].startswith("unseen lines: 4")
    assert "Please press Enter, or answer n." in told
    assert lines.questions[-1].startswith("Allow it?")
    reply, told = await replied(Typed(["", "n"]), Sized(), arguments={"command": command})
    assert reply == Reply(Decision.DENY)
    assert "echo 49" not in told


# -- changing -----------------------------------------------------------------------------------------------------


def editor(folder: Path, code: str) -> str:
    """An editor that does this with the file's text."""
    script = folder / "editor.py"
    script.write_text(
        "import os, stat, sys\n"
        "file = sys.argv[1]\n"
        "text = open(file, encoding='utf-8', newline='').read()\n"
        f"open({str(folder / 'mode')!r}, 'w').write(oct(stat.S_IMODE(os.stat(file).st_mode)))\n"
        f"open({str(folder / 'name')!r}, 'w').write(file)\n"
        f"{code}\n"
        "open(file, 'w', encoding='utf-8', newline='').write(text)\n"
    )
    return f"{sys.executable} {script}"


async def test_e_opens_the_editor_on_a_private_file_that_is_gone_after(tmp_path: Path) -> None:
    command = editor(tmp_path, "text = text.replace('two', 'two\\\\u{202e}\\n\\nthree')")
    reply, _ = await replied(Typed(["e"], editor=command))
    assert reply == Reply(Decision.EDIT, arguments={"path": "a.txt", "text": "one\ntwo\u202e\n\nthree"})
    assert (tmp_path / "mode").read_text() == oct(stat.S_IRUSR | stat.S_IWUSR)
    assert not Path((tmp_path / "name").read_text()).exists()


async def test_what_cannot_be_read_is_told_and_can_be_edited_again_with_what_was_written(tmp_path: Path) -> None:
    again = "text.replace('n: 1', '\"n\": 2') if 'PROBLEM' in text else text.replace('\"n\"', 'n')"
    command = editor(tmp_path, f"text = {again}")
    lines = Typed(["e", ""], editor=command)
    reply, told = await replied(lines, arguments={"map": {"n": 1}, "text": "x"})
    assert "map: no JSON: expecting property name" in told
    assert lines.questions[1].endswith("Enter edits it again, anything else goes back ")
    assert reply == Reply(Decision.EDIT, arguments={"map": {"n": 2}, "text": "x"})


@pytest.mark.parametrize("code", ["text = ''", "pass", "sys.exit(1)"])
async def test_an_editor_that_changes_nothing_empties_the_file_or_fails_leaves_the_question(
    tmp_path: Path, code: str
) -> None:
    reply, _ = await replied(Typed(["e", "y"], editor=editor(tmp_path, code)))
    assert reply == Reply(Decision.ONCE)


async def test_an_editor_that_is_not_there_says_so() -> None:
    with pytest.raises(EditorFailed, match=r"no-such-editor could not be used .* \$VISUAL or \$EDITOR names it"):
        await edited("no-such-editor", "x")


async def test_without_an_editor_each_argument_is_changed_at_the_prompt() -> None:
    reply, _ = await replied(Typed(["e", "b.txt", ""]))
    assert reply == Reply(Decision.EDIT, arguments={"path": "b.txt", "text": "one\ntwo"})


async def test_a_change_that_is_not_taken_comes_back_with_why() -> None:
    lines = Typed(["e", "b.txt", "", "c.txt", ""])
    out = io.StringIO()
    person = Asking(lines, out, clock=lambda: lines.now)
    assert (await person.approve(request())).arguments == {"path": "b.txt", "text": "one\ntwo"}
    reply = await person.approve(request(reason="your change cannot be used: no such folder"))
    assert "your change cannot be used: no such folder" in out.getvalue()
    assert reply.arguments == {"path": "c.txt", "text": "one\ntwo"}


def test_the_editor_is_visual_and_then_editor() -> None:
    assert editor_of({"VISUAL": "a", "EDITOR": "b"}) == "a"
    assert editor_of({"EDITOR": "b"}) == "b"
    assert editor_of({}) == ""
