"""What a question about a call shows, and that nothing of it is lost on a screen of any width."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.approval.facts import facts_of
from rookery_core.approval.scene import look
from rookery_core.sandbox.level import UNCONFINED
from rookery_tui.call_view import (
    always_lines,
    approval_text,
    as_text,
    call_view,
    pieces,
    remembered_text,
    rows,
    session_lines,
    ways,
)
from rookery_tui.exact import written
from tests.core.approval.kit import Desk, shell
from tests.tui.call_kit import arguments_on, fact, request

TEXTS = st.one_of(
    st.text(max_size=90),
    st.lists(st.sampled_from([*" \n\t\\u{}│┊=a漢", "\u202e", "\u0301", "word ", " " * 30]), max_size=60).map("".join),
)


def test_that_nothing_confines_a_program_is_in_the_colour_of_errors_where_it_is_the_reason_too() -> None:
    because = f"{UNCONFINED}, since bubblewrap is missing"
    grave = [line.text for line in call_view(request(reason=because)).lines if line.tone == "grave"]
    assert grave == [because]


def test_all_that_rookery_found_out_stands_in_one_column(tmp_path: Path) -> None:
    desk = Desk(tmp_path)
    judged = desk.judge(shell, command="frob < in.txt > out.txt; cat /etc/hosts https://example.org/x $X")
    scene = look(judged.subject, judged.assessed, {}, desk.places)
    found = facts_of(judged, scene, {})
    assert {each.label for each in found} >= {"program", "reads", "writes", "names", "variables", "address", "confined"}
    lines = [line for line in call_view(request(facts=found)).lines if line.text in {each.text for each in found}]
    assert len(lines) == len(found)
    assert {len(line.head) for line in lines} == {len("confined   ")}


def test_whose_words_are_before_the_model_is_said_at_the_top_and_made_visible() -> None:
    asked = request(
        untrusted=("the page https://evil.example/\u202e, read 3 steps ago", "and 2 more"),
        private=True,
        rule="none counts",
        arguments={},
    )
    assert approval_text(asked).splitlines()[3:8] == [
        "rule       none counts",
        "untrusted  the page https://evil.example/\\u{202e}, read 3 steps ago",
        "untrusted  and 2 more",
        "private    things of yours are before the model as well: this call could carry them out",
        "           a new session (/new) begins without them",
    ]


def test_the_question_has_everything_and_several_lines_as_they_are() -> None:
    asked = request(
        preview="+ one\n+ two",
        facts=(fact("files", "/home/me/a.txt"),),
        claimed="I write it.\nIt is safe.",
        arguments={"path": "a.txt", "text": "one\ntwo", "mode": None, "tags": ["a", 1]},
        digest="0123456789abcdef" * 4,
    )
    assert approval_text(asked).splitlines() == [
        "tool       files.write",
        "from       plugin files (rookery)",
        "may        write, level R2: a change in the workspace",
        "in         /home/me",
        "",
        "arguments",
        "  path     │ a.txt",
        "  text",
        "  │ one",
        "  │ two",
        "  mode     = null",
        '  tags     = ["a", 1]',
        "",
        "files      /home/me/a.txt",
        "",
        "preview",
        "  │ + one",
        "  │ + two",
        "",
        "╭─ claimed by the model, not checked ──────────────────────╮",
        "│ I write it.                                              │",
        "│ It is safe.                                              │",
        "╰──────────────────────────────────────────────────────────╯",
        "size       24 characters · SHA-256 0123456789ab…",
    ]


def test_the_question_says_why_it_is_asked_and_by_whom_where_there_is_more_to_say() -> None:
    asked = request(reason="that is\na large step", rule="ask files.*", agent="scout", parent="main", level="R3")
    assert approval_text(asked).splitlines()[2:7] == [
        "asked by   agent scout, for main",
        "may        write, level R3: programs, the network, or files elsewhere",
        "because    that is\\u{a}a large step",
        "rule       ask files.*",
        "in         /home/me",
    ]


def test_that_nothing_confines_a_call_is_in_the_colour_of_errors() -> None:
    told = [fact("confined", text) for text in (UNCONFINED, "no network, writes only in /home/me")]
    view = call_view(request(facts=(*told, fact("program", UNCONFINED))))
    assert [line.tone for line in view.lines if line.head.startswith(("confined", "program"))] == [
        "grave", "plain", "plain",
    ]  # fmt: skip


def test_hidden_characters_and_look_alikes_are_told_above_the_arguments() -> None:
    lines = approval_text(request(arguments={"text": "раypal\u202e “x”"})).splitlines()
    assert lines[4:8] == [
        r"careful    1 hidden character, written as \u{…}",
        r"careful    раypal: letters of Cyrillic and Latin (р is \u{440}, а is \u{430})",
        r'careful    “ is \u{201c}, no "; ” is \u{201d}, no "',
        "",
    ]


@given(TEXTS, TEXTS, st.one_of(st.none(), st.integers(20, 120)))
def test_no_argument_or_name_can_begin_a_line_of_the_question(name: str, value: str, width: int | None) -> None:
    heads = ("tool ", "from ", "may ", "because ", "careful ", "rule ", "in ", "arguments", "preview", "size", "files ", "  ",
             "╭─ claimed by the model", "│ ", "┊ ", "╰")  # fmt: skip
    asked = request(
        tool=name, plugin=value, workspace=name, arguments={name: value}, preview=value, reason=f"{value}.",
        rule=f"{value}.", claimed=value, facts=(fact("files", value),), remembers=(),
    )  # fmt: skip
    text = approval_text(asked, width)
    assert all(not line or f"{line} ".startswith(heads) for line in text.split("\n"))
    assert [line for line in text.split("\n") if line.startswith("arguments")] == ["arguments"]


@given(TEXTS, TEXTS, st.integers(30, 120))
def test_the_arguments_can_be_read_back_from_the_rows_of_any_width(one: str, two: str, width: int) -> None:
    given_arguments = {"one": one, "two": two, "list": [one, 1, None], "map": {"text": two}, "n": 3, "empty": ""}
    made = rows(call_view(request(arguments=given_arguments, preview=two)).lines, width)
    assert arguments_on(made) == given_arguments


@given(TEXTS, st.integers(24, 80))
def test_pieces_fit_lose_nothing_and_do_not_end_with_a_space_that_nobody_sees(text: str, width: int) -> None:
    from rich.cells import cell_len

    for line in written(text).split("\n"):
        made = list(pieces(line, width))
        assert "".join(made) == line
        assert all(cell_len(piece) <= width for piece in made)
        whole_of_spaces = [piece for piece in made[:-1] if not piece.strip()]
        assert not any(piece.endswith(" ") for piece in made[:-1] if piece not in whole_of_spaces)


def test_a_line_goes_on_behind_another_bar_than_a_line_of_its_own() -> None:
    broken = rows(call_view(request(arguments={"text": "x" * 70 + "\nsecond"})).lines, 60)
    shown = [f"{row.head}{row.text}" for row in broken if row.head.startswith("  ")]
    assert shown == ["  text", "  │ " + "x" * 56, "  ┊ " + "x" * 14, "  │ second"]


@pytest.mark.parametrize("width", [1, 2, 5, 11])
def test_the_narrowest_screen_has_rows_too(width: int) -> None:
    assert rows(call_view(request(claimed="x", preview="y")).lines, width)


def test_ten_thousand_lines_are_laid_out_and_read_back() -> None:
    command = "\n".join(f"echo {n}" for n in range(10_000))
    made = rows(call_view(request(arguments={"command": command})).lines, 80)
    assert len(made) > 10_000
    assert arguments_on(made) == {"command": command}


def test_what_a_session_or_a_rule_would_remember_is_shown_to_the_letter() -> None:
    asked = request(remembers=("a\nb", "c"), always=("writing a.txt\u202e",))
    assert as_text(session_lines(asked)) == "\ns allows   files.write: a\\u{a}b\ns allows   files.write: c"
    assert remembered_text(asked) == "files.write: a\\u{a}b; files.write: c"
    assert as_text(always_lines(asked, "/home/me/rules.toml")).splitlines()[2:] == [
        "calls of   files.write: writing a.txt\\u{202e}",
        "in         /home/me",
        "kept in    /home/me/rules.toml",
        "undone by  rookery rules list, rookery rules remove NUMBER",
    ]


@pytest.mark.parametrize(
    ("changes", "keys"),
    [({}, "ysenfv"), ({"remembers": ()}, "yenfv"), ({"always": ("x",)}, "ysaenfv")],
)
def test_only_what_can_be_remembered_is_offered(changes: dict[str, object], keys: str) -> None:
    assert "".join(key for key, _ in ways(request(**changes))) == keys
