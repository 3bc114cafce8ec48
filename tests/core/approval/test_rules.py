"""Which rule wins, what each kind of rule is about, and what an answer to the question remembers."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from rookery_core.approval.policy import Allowed
from rookery_core.approval.rulebook import PROJECT_RULES
from rookery_core.approval.rules import Do
from rookery_core.errors import ConfigError
from rookery_core.plugin import Risk
from tests.core.approval.kit import Desk, allow, delete, fetch, foreign, python, read, reckon, shell, words, write


def deny(tool: str = "kit.shell", **said: object) -> dict[str, object]:
    return {"do": "deny", "tool": tool, **said}


def ask(tool: str = "kit.shell", **said: object) -> dict[str, object]:
    return {"do": "ask", "tool": tool, **said}


# -- which wins -------------------------------------------------------------------------------------------------------


def test_the_strictest_wins_whatever_the_order(desk: Desk) -> None:
    about = {"argv": ["make", "test"]}
    allowing = words("make test", yes="make test")
    for rules, becomes in [
        ([allowing], Do.ALLOW), ([allowing, ask(**about)], Do.ASK), ([ask(**about), allowing], Do.ASK),
        ([allowing, deny(**about), ask(**about)], Do.DENY), ([ask("*")], Do.ASK), ([deny("kit.*"), allowing], Do.DENY),
    ]:  # fmt: skip
        desk.rules(*rules)
        assert desk.becomes(shell, command="make test") is becomes


def test_a_rule_that_asks_or_denies_is_above_the_level_and_what_was_allowed_beforehand(desk: Desk) -> None:
    everything = Allowed(kinds=frozenset(Risk))
    assert desk.judge(write, path="a", allowed=everything).verdict.do is Do.ALLOW
    desk.rules(ask("kit.write"), deny("kit.read", path=str(desk.root / "private")), ask("kit.reckon"))
    assert desk.judge(write, path="a", allowed=everything).verdict.do is Do.ASK
    assert desk.becomes(read, path="private/a") is Do.DENY
    assert desk.becomes(read, path="private/a\nb") is Do.DENY
    assert desk.becomes(read, path="public") is Do.ALLOW
    assert desk.becomes(reckon, text="1") is Do.ASK


def test_what_a_rule_asks_about_is_not_remembered_and_no_plugin_allows_it(desk: Desk) -> None:
    desk.rules(ask(argv=["make"]))
    judged = desk.judge(shell, command="make test")
    assert (judged.session, judged.always, judged.also_allowed()) == ((), (), judged)
    assert judged.verdict.rule == "ask kit.shell: make (rules.toml:1)"
    other = desk.judge(shell, command="touch x").also_allowed()
    assert other.verdict.do is Do.ALLOW


# -- commands ---------------------------------------------------------------------------------------------------------


def test_a_rule_without_dots_is_about_exactly_that_command(desk: Desk) -> None:
    desk.rules(words("git status", yes="git status"))
    assert desk.becomes(shell, command="git   'status'") is Do.ALLOW
    assert desk.becomes(shell, command=["git", "status"]) is Do.ALLOW
    for other in (
        "git status -s",
        "git",
        "git status .",
        "Git status",
        "/tmp/git status",
        "git 'status '",
        ["git status"],
    ):
        assert desk.becomes(shell, command=other) is Do.ASK, other


def test_with_dots_other_arguments_may_follow_and_no_options(desk: Desk) -> None:
    desk.rules(words("git log --stat ...", yes="git log --stat main", no="git log --output=x"))
    for good in ("git log --stat", "git log --stat main", "git log --stat a b c"):
        assert desk.becomes(shell, command=good) is Do.ALLOW, good
    for bad in (
        "git log",
        "git log --stat --output=x",
        "git log --stat main -p",
        "git log --stat -- a",
        "git log --stat +x",
    ):
        assert desk.becomes(shell, command=bad) is Do.ASK, bad


def test_each_command_needs_a_rule_but_those_that_only_read(desk: Desk) -> None:
    desk.rules(words("git log ...", yes="git log"), words("make test", yes="make test"))
    for good in ("git log | head -3", "make test && git log main", "cat a; git log"):
        assert desk.becomes(shell, command=good) is Do.ALLOW, good
    for bad in (
        "git log | sh",
        "make test; make install",
        "git log > x",
        "git log < x",
        "git log *",
        "git log &",
        "git log $X",
    ):
        assert desk.becomes(shell, command=bad) is Do.ASK, bad


@pytest.mark.parametrize(
    "command",
    [
        "curl x", "/usr/bin/curl x", "\\curl x", "c'ur'l x", "ls; curl x", "ls | curl x", "env curl x", "xargs curl", "nohup curl x",
        "sh -c 'curl x'", "echo $(curl x)", "X=1 curl x", "if true; then curl x; fi", "f() { curl x; }; f", "curl x &",
        "find . -exec curl {} +", "git -c alias.x='!curl y' x", "awk 'BEGIN{system(\"curl x\")}'", "'unfinished; curl x",
        "a\r curl x", "cat <<E\n$(curl x)\nE", "time curl x", "ls && " * 60 + "curl x", "true; " * 9_000 + "curl x", "x" * 40_000 + "; curl x",
        "\ud800; curl x", "curl", "cu\\\nrl x",
    ],
)  # fmt: skip
def test_what_is_denied_is_denied_however_it_is_wrapped(desk: Desk, command: str) -> None:
    desk.rules(deny(argv=["curl"]))
    # what no tool gets as an argument is judged all the same
    assert desk.judge(shell.__class__(**{**_fields(shell), "arguments": None}), command=command).verdict.do is Do.DENY


def _fields(tool: object) -> dict[str, object]:
    return {name: getattr(tool, name) for name in type(tool).__dataclass_fields__}


def test_a_rule_that_denies_is_about_the_beginning_of_a_command(desk: Desk) -> None:
    desk.rules(deny(argv=["git", "push"]))
    assert desk.becomes(shell, command="git push --force") is Do.DENY
    assert desk.becomes(shell, command="git log") is Do.ASK
    assert desk.becomes(shell, command="echo git push") is Do.ASK
    assert desk.becomes(shell, command="grep curl a") is Do.ALLOW


def test_a_command_that_is_denied_is_denied_to_code_too(desk: Desk) -> None:
    desk.rules(deny("*", argv=["curl"]))
    assert desk.becomes(python, code="subprocess.run(['/usr/bin/curl', 'x'])") is Do.DENY
    assert desk.becomes(python, code="print('curly')") is Do.ASK


def test_a_path_that_is_denied_is_denied_to_commands_too(desk: Desk) -> None:
    desk.rules(deny("*", path=str(desk.root / "private")))
    for called, given in [
        (read, {"path": "private/x"}), (write, {"path": "private"}), (foreign, {"path": "private/x"}),
        (shell, {"command": "cat private/x"}), (shell, {"command": "cat < private/x"}), (shell, {"command": "make > ./private/x"}),
        (shell, {"command": "cd x; cat $(echo private/x)"}), (python, {"code": "open('private/x')"}),
    ]:  # fmt: skip
        assert desk.becomes(called, **given) is Do.DENY, given
    assert desk.becomes(shell, command="cat privately") is Do.ALLOW


# -- other scopes -----------------------------------------------------------------------------------------------------


def test_a_path_is_allowed_by_where_it_really_is(desk: Desk) -> None:
    (desk.root / "src").mkdir()
    (desk.root / "other").mkdir()
    (desk.root / "src/link").symlink_to(desk.root / "other")
    desk.rules(allow("write", path=str(desk.root / "src"), matches=["/x"], rejects=["/y"]))
    assert desk.rulebook.broken  # the examples are wrong
    desk.rules(allow("write", path="src", workspace=str(desk.root), matches=["src/a"], rejects=["srcs/a"]))
    for path, becomes in [
        ("src/a", Do.ALLOW),
        ("src", Do.ALLOW),
        ("src/link/a", Do.ASK),
        ("srcs", Do.ASK),
        ("src/../a", Do.ASK),
    ]:
        assert desk.becomes(write, path=path) is becomes, path
    assert desk.becomes(delete, path="src/a") is Do.ASK  # another tool


def test_a_host_is_allowed_with_its_port(desk: Desk) -> None:
    desk.rules(
        allow("fetch", url="docs.python.org", matches=["https://docs.python.org"], rejects=["http://docs.python.org"])
    )
    assert desk.becomes(fetch, url="https://docs.python.org/3/") is Do.ALLOW
    for url in ("https://evil.org/docs.python.org", "https://docs.python.org.evil.org/", "https://x.docs.python.org/"):
        assert desk.becomes(fetch, url=url) is Do.ASK


def test_a_host_is_denied_wherever_it_is_named(desk: Desk) -> None:
    desk.rules(deny("*", url="*.evil.org"), deny("*", url="bad.org:8080"))
    assert desk.becomes(fetch, url="https://a.evil.org/") is Do.DENY
    assert desk.becomes(fetch, url="https://evil.org.uk/") is Do.ASK
    assert desk.becomes(shell, command="wget http://A.EVIL.org:99/x") is Do.DENY
    assert desk.becomes(python, code="get('http://bad.org:8080/')") is Do.DENY
    assert desk.becomes(python, code="get('http://bad.org/')") is Do.ASK


def test_arguments_are_compared_with_their_kind(desk: Desk) -> None:
    desk.rules(allow("python", arguments={"code": "1"}, matches=[{"code": "1"}], rejects=[{"code": 1}, {}]))
    assert desk.becomes(python, code="1") is Do.ALLOW
    assert desk.becomes(python, code="2") is Do.ASK


def test_a_rule_for_all_calls_of_a_tool_allows_what_stays_in_the_workspace(desk: Desk) -> None:
    desk.rules(allow("write"), allow("python"))
    assert desk.becomes(write, path="a") is Do.ALLOW
    assert desk.becomes(write, path=".git/config") is Do.ASK
    assert desk.becomes(python, code="1") is Do.ASK


def test_a_rule_of_one_workspace_is_no_rule_of_another(desk: Desk, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (tmp_path / "link").symlink_to(desk.root)
    desk.rules(allow("write", workspace=str(tmp_path / "link")))
    assert desk.becomes(write, path="a") is Do.ALLOW  # by its real path
    assert desk.judge(write, root=other, path="a").verdict.do is Do.ASK


# -- what is remembered -----------------------------------------------------------------------------------------------


def remembered(desk: Desk, **given: object) -> tuple[list[str], list[str]]:
    judged = desk.judge(shell, **given)
    return [str(rule.scope) for rule in judged.session], [str(rule.scope) for rule in judged.always]


def test_the_question_tells_what_an_answer_remembers(desk: Desk) -> None:
    assert remembered(desk, command="make  'test'") == (["make test"], ["make test"])
    assert remembered(desk, command="make; git log | head") == (["make", "git log"], ["make", "git log"])
    assert remembered(desk, command="make > log") == (["make > log"], [])
    assert remembered(desk, command="make $X") == (["make $X"], [])
    assert remembered(desk, command=["make", "a b"]) == (["make 'a b'"], ["make 'a b'"])
    judged = desk.judge(fetch, url="https://example.org/a")
    assert [str(rule) for rule in judged.always] == ["allow kit.fetch: example.org:443"]
    judged = desk.judge(write, path="a.txt")
    assert [str(rule.scope) for rule in judged.always] == [str(desk.root / "a.txt")]


@pytest.mark.parametrize(
    "command", ["make test", "make; git log | head -1", "make > log", "make $X", "it's > x", ["a", "b c"]]
)
def test_what_is_remembered_allows_that_call_and_no_other(desk: Desk, command: str | list[str]) -> None:
    desk.grants.add(desk.judge(shell, command=command).session)
    assert desk.becomes(shell, command=command) is Do.ALLOW
    other = [*command, "x"] if isinstance(command, list) else f"{command} -x"
    assert desk.becomes(shell, command=other) is Do.ASK
    desk.grants.clear()
    assert desk.becomes(shell, command=command) is Do.ASK


def test_always_is_kept_for_this_workspace_and_this_definition_of_the_tool(desk: Desk, tmp_path: Path) -> None:
    desk.rulebook.remember(desk.judge(shell, command="make test").always)
    desk.rulebook.remember(desk.judge(shell, command="make test").always)
    assert not desk.rulebook.mistakes
    assert len(desk.rulebook.rules) == 1
    assert desk.becomes(shell, command="make test") is Do.ALLOW
    other = tmp_path / "other"
    other.mkdir()
    assert desk.judge(shell, root=other, command="make test").verdict.do is Do.ASK
    assert desk.becomes(replace(shell, description="Runs something else."), command="make test") is Do.ASK


def test_what_was_allowed_at_one_level_is_asked_about_at_a_higher_one(desk: Desk) -> None:
    from rookery_core.plugin import RiskRule

    desk.grants.add(desk.judge(write, path="a", text="plain").session)
    raising = [RiskRule("kit.write", Risk.NETWORK, {"text": "secret"})]
    assert desk.judge(write, path="a", text="other", risk_rules=raising).verdict.do is Do.ALLOW
    assert desk.judge(write, path="a", text="secret", risk_rules=raising).verdict.do is Do.ASK


# -- a project's own --------------------------------------------------------------------------------------------------


def project(desk: Desk, text: str) -> None:
    (desk.root / PROJECT_RULES).parent.mkdir(exist_ok=True)
    (desk.root / PROJECT_RULES).write_text(text)


def test_a_project_may_ask_and_deny(desk: Desk) -> None:
    desk.rules(words("make test", yes="make test"), allow("write"))
    project(
        desk,
        '[[rule]]\ndo = "ask"\ntool = "*"\nargv = ["make"]\n[[rule]]\ndo = "deny"\ntool = "kit.write"\npath = "gen"\n',
    )
    assert desk.becomes(shell, command="make test") is Do.ASK
    assert desk.becomes(write, path="gen/x") is Do.DENY
    assert desk.becomes(write, path="x") is Do.ALLOW


def test_a_project_allows_nothing_and_is_told_so(desk: Desk) -> None:
    project(desk, '[[rule]]\ndo = "allow"\ntool = "kit.write"\n[[rule]]\ndo = "deny"\ntool = "kit.shell"\n')
    (mistake,) = desk.rulebook.mistakes
    assert str(mistake).startswith(f"{desk.root}/.rookery/rules.toml:2: a project's own rules may ask and deny")
    assert desk.becomes(write, path="a") is Do.ASK
    assert desk.becomes(shell, command="make") is Do.DENY
    assert desk.becomes(read, path="a") is Do.ASK  # as long as the file is not mended


def test_rules_hold_from_the_next_call_on(desk: Desk) -> None:
    assert desk.becomes(write, path="a") is Do.ASK
    desk.rules(allow("write"))
    assert desk.becomes(write, path="a") is Do.ALLOW
    desk.paths.rules.unlink()
    assert desk.becomes(write, path="a") is Do.ASK


def test_where_there_is_no_file_always_is_not_offered(desk: Desk) -> None:
    desk.rulebook.file = None
    judged = desk.judge(write, path="a")
    assert judged.session
    assert not judged.always
    with pytest.raises(ConfigError, match="no file"):
        desk.rulebook.remember(judged.session)
