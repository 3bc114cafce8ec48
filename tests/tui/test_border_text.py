"""Text on its way to a screen or a log: cut where it is too much, whole where it must be, harmless always."""

from __future__ import annotations

import io
import json
import re
import subprocess
import sys
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st
from textual.app import App, ComposeResult
from textual.widgets import Static

from rookery_core.logs import piped
from rookery_core.paths import LOG_LIMIT
from rookery_core.text import exact, visible
from rookery_tui.out import Harmless, Piecewise, harmless_json, prints_go_to, say
from rookery_tui.widgets.markdown import SafeMarkdown
from rookery_tui.widgets.text import LONGEST_LINE, MOST_CHARS, MOST_LINES, LongText, capped, pieces
from tests.tui.app_kit import until

NASTY = "a\x1b]0;t\x07\x9b2J\u202eb\u200d👩\u200d👩"


@given(st.text())
def test_making_visible_twice_changes_nothing_more(text: str) -> None:
    assert visible(visible(text)) == visible(text)


@given(st.lists(st.text(st.sampled_from("ab\n\x1b\u200d👩"), max_size=8)))
def test_pieces_that_are_said_are_what_the_whole_would_be(parts: list[str]) -> None:
    out, whole = io.StringIO(), io.StringIO()
    piecewise = Piecewise(out)
    for part in parts:
        piecewise.say(part)
    piecewise.end()
    say("".join(parts), whole)
    assert out.getvalue() == whole.getvalue()


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_json_keeps_its_value_and_hides_nothing(text: str) -> None:
    made = harmless_json(json.dumps({"text": text}, ensure_ascii=False))
    assert json.loads(made) == {"text": text}
    assert visible(made) == made


def test_what_others_print_is_harmless() -> None:
    out = io.StringIO()
    with prints_go_to(out):
        print(NASTY)
        print(NASTY, file=sys.stderr)
    assert out.getvalue() == f"{visible(NASTY)}\n" * 2
    assert not Harmless(out).isatty()


def test_a_long_text_loses_its_middle_and_says_how_much() -> None:
    lines = [f"line {n}" for n in range(1_000)]
    cut = capped("\n".join(lines)).split("\n")
    assert len(cut) == MOST_LINES + 1
    assert (cut[0], cut[-1]) == (lines[0], lines[-1])
    assert f"[... {1_000 - MOST_LINES} lines are not shown here; an export has them ...]" in cut
    assert len(capped("x" * 1_000_000)) < LONGEST_LINE + 100
    assert capped("short\ntext") == "short\ntext"


@given(st.lists(st.integers(0, 3 * MOST_CHARS), max_size=6), st.integers(0, 3 * MOST_LINES))
def test_pieces_of_a_text_are_small_and_make_up_the_whole(lengths: list[int], n_empty: int) -> None:
    text = "\n".join([*("x" * n for n in lengths), *[""] * n_empty])
    parts = list(pieces(text))
    assert "".join(parts).replace("\n", "") == text.replace("\n", "")
    assert all(len(part) <= MOST_CHARS + MOST_LINES and part.count("\n") < MOST_LINES for part in parts)


async def test_all_of_a_long_text_comes_in_the_end() -> None:
    text = "\n".join(f"line {n}" for n in range(MOST_LINES * 4))

    class Shows(App[None]):
        def compose(self) -> ComposeResult:
            yield LongText(text)

    async with Shows().run_test() as pilot:
        long = pilot.app.query_one(LongText)
        assert not long.whole
        await until(pilot, lambda: long.whole)
        assert "\n".join(str(each.render()) for each in long.query(Static)) == text


def test_a_log_of_another_process_is_harmless_bounded_and_private(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "a.log"
    with piped(log, wait_s=10) as file:
        subprocess.run(["printf", "%s", "\x1b]0;title\x07\x9b"], stdout=file, check=True)
    assert log.read_text() == "\\u{1b}]0;title\\u{7}\\u{9b}"
    assert log.stat().st_mode & 0o777 == 0o600
    with piped(log, wait_s=30) as file:
        subprocess.run(["head", "-c", str(3 * LOG_LIMIT), "/dev/zero"], stdout=file, check=True)
    assert log.stat().st_size <= 2 * LOG_LIMIT


async def test_a_paste_at_the_plain_prompt_hides_nothing() -> None:
    from prompt_toolkit.input import create_pipe_input
    from prompt_toolkit.output import DummyOutput

    from rookery_tui.lines import PromptLines

    with create_pipe_input() as keys:
        keys.send_text("\x1b[200~a\u202eb\x1b[201~\r")
        assert await PromptLines(input=keys, output=DummyOutput()).message() == "a\\u{202e}b"


@given(st.text(st.sampled_from("\\u{}1b5cd\r\n\x1b\u202ex ")))
def test_what_is_decided_by_can_be_told_from_all_other_texts(text: str) -> None:
    shown = exact(text)
    assert visible(shown) == shown
    assert re.sub(r"\\u\{([0-9a-f]+)\}", lambda found: chr(int(found[1], 16)), shown) == text


async def test_a_very_long_answer_is_all_there_as_text(tmp_path: Path) -> None:
    long = "\n".join(f"- item {n}" for n in range(3 * MOST_LINES))

    class Shows(App[None]):
        def compose(self) -> ComposeResult:
            yield SafeMarkdown(long)
            yield SafeMarkdown(classes="live")

    async with Shows().run_test() as pilot:
        live = pilot.app.query_one(".live", SafeMarkdown)
        for start in range(0, len(long), 500):
            await live.write(long[start : start + 500])
        await live.settle(long)
        await until(pilot, lambda: all(each.whole for each in pilot.app.query(LongText)))
        for each in pilot.app.query(LongText):
            assert "\n".join(str(part.render()) for part in each.query(Static)) == long
        assert len(pilot.app.query(LongText)) == 2
