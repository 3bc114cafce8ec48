"""A file of rules: every mistake is named with its line, and never makes the program more permissive."""

from __future__ import annotations

import os
import stat
import threading
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.approval.rule_file import read_rules, read_text
from rookery_core.approval.rule_writing import add_rules, block_of, remove_rule
from rookery_core.approval.rules import At, Below, Do, Part, Rule, Values, Words
from rookery_core.errors import ConfigError
from tests.core.approval.kit import Desk, read, shell, words, write

GOOD = """\
# mine
[[rule]]
do = "allow"
tool = "kit.shell"
argv = ["gradle", "..."]
matches = ["gradle test"]
rejects = ["gradle -f x"]

[[rule]]
do = "deny"
tool = "*"
argv = ["curl"]  # never
"""


def test_a_good_file_is_read_as_it_stands(tmp_path: Path) -> None:
    read_in = read_text(tmp_path / "rules.toml", GOOD)
    assert read_in.mistakes == ()
    assert [(str(each.rule), each.line) for each in read_in.listed] == [
        ("allow kit.shell: gradle ...", 2),
        ("deny *: curl", 9),
    ]
    assert read_rules(tmp_path / "none.toml").mistakes == ()


@pytest.mark.parametrize(
    ("text", "line", "says"),
    [
        ('[[rule]]\ndo = "allow\n', 2, "it is not TOML"),
        ('\n[[rule]]\ndo = "permit"\ntool = "a.b"\n', 3, "do must be 'allow', 'ask' or 'deny'"),
        ('[[rule]]\ndo = "deny"\n', 1, "a rule has to say tool"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nargvs = ["x"]\n', 4, "did you mean argv?"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\n\nargv = "x"\n', 5, "argv must be list"),
        ('[[rule]]\ndo = "allow"\ntool = "shell"\n', 3, "tool must be a full name"),
        ('[[rule]]\ndo = "allow"\ntool = "*"\n', 3, "tool must be a full name"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nargv = ["x"]\npath = "/x"\n', 5, "a rule is about one of"),
        ('[[rule]]\ndo = "allow"\ntool = "a.b"\nargv = ["x"]\nmatches = ["x"]\n', 1, "rejects = [...] is missing"),
        ('[[rule]]\ndo = "allow"\ntool = "a.b"\nargv = ["x"]\nmatches = ["x y"]\nrejects = ["y"]\n', 5, "not about x y"),
        ('[[rule]]\ndo = "allow"\ntool = "a.b"\nargv = ["x"]\nmatches = ["x"]\nrejects = ["x"]\n', 6, "is about x"),
        ('[[rule]]\ndo = "allow"\ntool = "a.b"\nargv = ["x", "..."]\nmatches = ["x; y"]\nrejects = ["y"]\n', 5, "x; y"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nargv = ["x"]\nrejects = ["env x"]\n', 5, "is about env x"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nargv = ["/bin/x"]\n', 4, "wherever it lies"),
        ('[[rule]]\ndo = "allow"\ntool = "a.b"\nargv = ["bash", "..."]\n', 4, "runs whatever it is told to"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nargv = []\n', 4, "must begin with a program"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\npath = "x"\n', 4, "must be a whole path"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nworkspace = "x"\n', 4, "must be the whole path"),
        ('[[rule]]\ndo = "allow"\ntool = "a.b"\nurl = "*.x.org"\n', 4, "one host"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nurl = "https://x.org/a/b"\n', 4, "without a path"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nurl = "https://u@x.org"\n', 4, "must be a host"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nurl = "x.org:99999"\n', 4, "must be a host"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\narguments = {}\n', 4, "names no argument"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nmatches = ["x"]\n', 4, "has no examples"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\narguments = {a = 1}\nmatches = ["x"]\n', 5, "must be a table"),
        ('[[rule]]\ndo = "deny"\ntool = "a.b"\nup_to = "R4"\n', 4, "up_to must be"),
        ('[rules]\n', 1, "rules is nothing that a file of rules has"),
        ('do = "deny"\n', 1, "each rule begins with [[rule]]"),
        ('rule = [{do = "deny", tool = "a.b"}]\n', 1, "each rule has to begin with a line [[rule]]"),
        ('[rule]\ndo = "deny"\n', 1, "each rule has to begin with a line [[rule]]"),
        ('[[rule]]\ndo = "deny"\ntool = """\n[[rule]]\n"""\n', 1, "each rule has to begin"),
        ("\n\n" + "[" * 100_000, 3, ""),
        ("y = 1\nx = " + "9" * 5_000, 2, "a number that is too long"),
        ("\x00", 1, "it is not TOML"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_line(tmp_path: Path, text: str, line: int, says: str) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(text)
    mistake = read_rules(file).mistakes[0]
    assert says in mistake.what
    assert mistake.line == line or not says
    assert str(mistake).startswith(f"{file}:{line}: " if line else f"{file}: ") or not says


def test_bytes_that_are_no_text_folders_pipes_and_huge_files_are_mistakes(tmp_path: Path) -> None:
    (tmp_path / "bytes").write_bytes(b'[[rule]]\ndo = "\xff"\n')
    assert [(m.line, m.what) for m in read_rules(tmp_path / "bytes").mistakes] == [
        (2, "it is not UTF-8 text: byte 15 is 0xff")
    ]
    (tmp_path / "folder").mkdir()
    assert "cannot be read" in read_rules(tmp_path / "folder").mistakes[0].what
    os.mkfifo(tmp_path / "pipe")
    assert "no ordinary file" in read_rules(tmp_path / "pipe").mistakes[0].what
    (tmp_path / "huge").write_bytes(b"#" * 2_000_000)
    assert "bytes" in read_rules(tmp_path / "huge").mistakes[0].what
    (tmp_path / "bom").write_text(GOOD, encoding="utf-8-sig")
    assert not read_rules(tmp_path / "bom").mistakes


@pytest.mark.parametrize("cut", range(0, len(GOOD), 7))
def test_a_file_that_is_cut_anywhere_allows_nothing_more(desk: Desk, cut: int) -> None:
    """What is allowed with the broken file is allowed with the whole one too, or without any."""
    calls = [(shell, {"command": c}) for c in ("gradle test", "gradle -f x", "curl x", "cat a", "touch x")]
    calls += [(write, {"path": "a"}), (read, {"path": "a"})]
    without = [desk.becomes(called, **given) for called, given in calls]
    desk.write_rules(GOOD)
    whole = [desk.becomes(called, **given) for called, given in calls]
    desk.write_rules(GOOD[:cut])
    after = [desk.becomes(called, **given) for called, given in calls]
    for before, good, now in zip(without, whole, after, strict=True):
        assert now is not Do.ALLOW or Do.ALLOW in (before, good)
    if desk.rulebook.mistakes:
        assert Do.ALLOW not in after


def test_of_a_broken_file_nothing_is_allowed_and_the_rest_holds(desk: Desk) -> None:
    desk.write_rules(GOOD.replace('matches = ["gradle test"]', "matches = [").replace("# mine", ""))
    assert desk.rulebook.broken.endswith("until it is mended, Rookery asks about everything but calculating")
    assert desk.becomes(shell, command="curl x") is Do.DENY
    for command in ("gradle test", "cat a"):
        judged = desk.judge(shell, command=command)
        assert (judged.verdict.do, judged.session, judged.always) == (Do.ASK, (), ())
        assert "rules.toml:" in judged.verdict.rule
    assert desk.becomes(read, path="a") is Do.ASK


def test_one_wrong_rule_takes_what_others_allow_with_it(desk: Desk) -> None:
    desk.write_rules(f"{GOOD}\n[[rule]]\ndo = 'deny'\ntoll = 'x'\n")
    assert [m.line for m in desk.rulebook.mistakes] == [14, 16]
    assert desk.becomes(shell, command="gradle test") is Do.ASK
    assert desk.becomes(shell, command="curl x") is Do.DENY


# -- writing ------------------------------------------------------------------------------------------------------------

text = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
scopes = st.one_of(
    st.none(),
    st.builds(Words, st.lists(text, min_size=1, max_size=3).map(tuple), st.just(False)),
    st.builds(Part, text),
    st.builds(
        Values, st.dictionaries(text, st.one_of(text, st.integers(-9, 9), st.booleans()), min_size=1, max_size=2)
    ),
    st.just(Below(Path("/tmp"))),
    st.just(At("example.org", 443)),
)


@given(scopes)
def test_what_is_remembered_is_read_again_as_it_was_or_refused(
    scope: Words | Below | At | Values | Part | None,
) -> None:
    rule = Rule(Do.ALLOW, "kit.shell", scope, "/tmp", "abc")
    read_in = read_text(Path("rules.toml"), block_of(rule))
    assert read_in.mistakes or read_in.rules == (rule,)
    if not isinstance(scope, Words):
        assert not read_in.mistakes


def test_adding_and_removing_leaves_the_rest_as_it_stands(tmp_path: Path) -> None:
    file = tmp_path / "deep" / "rules.toml"
    first = Rule(Do.ALLOW, "kit.shell", Words(("make", "a b")), str(tmp_path))
    add_rules(file, [first])
    assert (stat.S_IMODE(file.stat().st_mode), stat.S_IMODE(file.parent.stat().st_mode)) == (0o600, 0o700)
    assert read_rules(file).rules == (first,)
    file.write_text(f"{GOOD}\n# the last\n")
    after = add_rules(file, [first])
    assert file.read_text().startswith(GOOD)
    assert "# the last" in file.read_text()
    assert after.rules[-1] == first
    gone = remove_rule(file, 1)
    assert str(gone.rule) == "allow kit.shell: gradle ..."
    assert file.read_text().startswith('# mine\n[[rule]]\ndo = "deny"')
    assert [str(rule) for rule in read_rules(file).rules] == ["deny *: curl", "allow kit.shell: make 'a b'"]
    with pytest.raises(ConfigError, match="there is no rule 3"):
        remove_rule(file, 3)


def test_nothing_is_written_into_a_file_with_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    file.write_text(f"{GOOD}oops\n")
    for change in (lambda: add_rules(file, [Rule(Do.DENY, "kit.shell")]), lambda: remove_rule(file, 1)):
        with pytest.raises(ConfigError, match=r"rules\.toml:13: .*mend it first"):
            change()
    assert file.read_text() == f"{GOOD}oops\n"


def test_a_file_elsewhere_is_changed_where_it_is(tmp_path: Path) -> None:
    (tmp_path / "dotfiles").mkdir()
    real = tmp_path / "dotfiles" / "rules.toml"
    real.write_text(GOOD)
    (tmp_path / "rules.toml").symlink_to(real)
    remove_rule(tmp_path / "rules.toml", 2)
    assert (tmp_path / "rules.toml").is_symlink()
    assert len(read_rules(real).listed) == 1


def test_many_at_once_lose_nothing(tmp_path: Path) -> None:
    file = tmp_path / "rules.toml"
    threads = [
        threading.Thread(target=add_rules, args=(file, [Rule(Do.DENY, "kit.shell", Words((f"p{n}",)))]))
        for n in range(12)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(str(rule.scope) for rule in read_rules(file).rules) == sorted(f"p{n}" for n in range(12))


def test_examples_are_tried_with_the_whole_of_a_command(desk: Desk) -> None:
    desk.rules(words("gradle ...", yes="gradle a && gradle b", no="gradle a && touch x"))
    assert not desk.rulebook.mistakes
