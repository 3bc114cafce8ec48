"""A command for a shell, taken apart: what counts as understood, and that whatever comes nothing is raised."""

from __future__ import annotations

import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.approval.shell_text import MAX_BYTES, Command, parse, script_of


@pytest.mark.parametrize(
    ("text", "commands"),
    [
        ("git log -3", [("git", "log", "-3")]),
        ("a;b && c||d | e\nf", [("a",), ("b",), ("c",), ("d",), ("e",), ("f",)]),
        ("echo 'a b' \"c d\" e\\ f 'g'h\"i\"", [("echo", "a b", "c d", "e f", "ghi")]),
        ("find . \\( -name '*.c' \\) -print", [("find", ".", "(", "-name", "*.c", ")", "-print")]),
        ("ls '' \"\"", [("ls", "", "")]),
        ("make 2>/dev/null 2>&1", [("make",)]),
        ('echo "a\\"b"', [("echo", 'a"b')]),
        ("echo a#b 5 -5 a=b", [("echo", "a#b", "5", "-5", "a=b")]),
    ],
)
def test_simple_commands_of_literal_words_are_understood(text: str, commands: list[tuple[str, ...]]) -> None:
    script = parse(text)
    assert script.unclear == ""
    assert [command.words for command in script.commands] == commands


@pytest.mark.parametrize(
    "text",
    [
        "ls &", "ls |& cat", "! ls", "(ls)", "{ ls; }", "if ls; then id; fi", "for i in a; do ls; done", "f() { ls; }", "a=1",
        "A=1 ls", "ls $X", "ls ${X}", "ls $(id)", "ls `id`", 'ls "$X"', 'ls "`id`"', "ls <(id)", "ls >(id)", "ls $'a'",
        'ls $"a"', "ls $((1))", "ls $[1]", "ls {a,b}", "ls ~", "ls ~root", "ls a:~b", "\\ls", "l\\s", "l's'", '"ls"', "ls a\\b",
        "cat <<E\nx\nE", "cat <<< x", "ls &> x", "[[ -f x ]]", "[ -f x ]", "ls # comment", "ls\\\nid", "ls\rid",
        "ls\u2028id", "ls\x00id", "ls\x1b[2J", "ls\u202eid", "ls;;", "ls ;; id", "ls 'x", 'ls "x', "ls (", "", "   ", ";", "\ud800",
        "case x in x) ls;; esac", "time -p ls &", "ls *(x)", "select x in a; do ls; done", "*", "l?",
    ],
)  # fmt: skip
def test_everything_else_is_not(text: str) -> None:
    assert parse(text).unclear


def test_what_is_inside_of_others_is_found_too() -> None:
    script = parse("if true; then a $(b `c`); fi; f() { d; }; (e) & g <(h) > $(i)")
    assert {command.words[0] for command in script.commands} >= {"a", "b", "c", "d", "e", "g", "h", "i"}


def test_a_redirection_counts_for_every_command_that_it_may_be_of() -> None:
    first, second = parse("a && b > x").commands
    assert (first.writes, second.writes) == (("x",), ("x",))
    (command,) = parse("wc -l < in").commands
    assert (command.reads, command.writes, command.plain) == (("in",), (), False)


@pytest.mark.parametrize(
    "redirection",
    [
        ">&3", "2>&1", ">& 2", "1>&2", ">&12", "<&0", "<&3", ">&-", "2>&-", "<&-", ">&'1'", ">&2 <&0 2>&-",
        ">/dev/null 2>&1",
    ],
)  # fmt: skip
def test_a_descriptor_is_no_file(redirection: str) -> None:
    for text in (f"echo x {redirection}", f"echo x {redirection} | cat", f"echo 3 y {redirection}"):
        script = parse(text)
        assert script.unclear == ""
        assert all(command.plain for command in script.commands)
        assert script.commands[0].words == tuple(text.split(redirection)[0].split())


@pytest.mark.parametrize(
    ("redirection", "reads", "writes"),
    [
        (">& file", (), ("file",)),
        (">&file 2>&1", (), ("file",)),
        (">&3 2>errors", (), ("errors",)),
        ("> 3", (), ("3",)),
        ("< 0", ("0",), ()),
        (">> -", (), ("-",)),
        (">&1x", (), ("1x",)),
    ],
)
def test_what_only_looks_like_a_descriptor_is_a_file(
    redirection: str, reads: tuple[str, ...], writes: tuple[str, ...]
) -> None:
    script = parse(f"cat x {redirection}")
    assert script.unclear == ""
    assert [(command.reads, command.writes) for command in script.commands] == [(reads, writes)]


@pytest.mark.parametrize(
    "redirection",
    ["<& file", ">&3-", "<&3-", ">&$X", ">&$((1))", ">&*", ">&- y", ">&-y", "<&0 y", "0<&-", "0>&1", "0>y", "3>&1"],
)
def test_what_shells_read_in_other_ways_is_not_understood(redirection: str) -> None:
    assert parse(f"echo x {redirection}").unclear


def test_a_pattern_is_marked_and_a_quoted_one_is_not() -> None:
    (command,) = parse("ls *.c '*.h' \\*.d [ab]").commands
    assert command.globs == {1, 4}


def test_words_without_a_shell_are_what_they_are() -> None:
    assert script_of(["ls", "$X; id", "*"]).commands == (Command(("ls", "$X; id", "*")),)
    assert script_of([]).unclear


@pytest.mark.parametrize("text", ["x" * (MAX_BYTES + 1), "$(" * MAX_BYTES, "'" * (MAX_BYTES + 1)])
def test_what_is_too_long_is_not_parsed(text: str) -> None:
    script = parse(text)
    assert (bool(script.unclear), script.torn, script.commands) == (True, True, ())


@pytest.mark.parametrize(
    "piece",
    ["<<a ", "$(", "((", "{", "`", "'", '"', "a|", "a;", "a&&", "\\", "$", "[[ ", "!", "${x:-", "<(", "\n", "é"],
)
def test_nothing_nests_too_deeply(piece: str) -> None:
    parse(piece * ((MAX_BYTES - 1) // len(piece.encode())))


@given(st.text(alphabet=st.sampled_from("ab01 '\"\\$`;&|<>(){}[]*?#~=!\n\t-/.\r\u2028é")))
def test_what_is_understood_is_what_the_shell_reads(text: str) -> None:
    """Each command is exchanged for one that prints its words; the shell that runs commands then says what it read."""
    script = parse(text)
    if script.unclear or any(not command.plain for command in script.commands) or len(script.commands) != 1:
        return
    told = subprocess.run(
        ["/bin/sh", "-c", f"set -f; set -- {text}\nprintf '%s\\0' \"$@\""], capture_output=True, check=False, cwd="/"
    )
    words = [word.decode() for word in told.stdout.split(b"\0")[:-1]]
    assert told.returncode or tuple(words) == script.commands[0].words
