"""`rookery eval`: the table, the file, going on where it was, and what is said when it cannot."""

from __future__ import annotations

import errno
import io
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest

from rookery_core.compose import Subject, subject
from rookery_core.config import Config
from rookery_core.errors import ConfigError, ModelDied, ModelUnreadable, StoreBroken
from rookery_core.evals.suites import NAMES
from rookery_core.evals.summary import Rate, Tally
from rookery_core.model.choice import Models
from rookery_core.model.hashes import Hashes
from rookery_core.model.probes import Probe, Probes
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from rookery_tui.arguments import parse
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.model_arguments import SUITES
from rookery_tui.subcommands import eval as command
from tests.core.conftest import act, answer
from tests.core.evals.kit import MAIL, WEATHER, decision, task, write

ROME = act("get_weather", '{"city": "Rome"}')


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


class Lab:
    """Runs the command in this process with a script for a model."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.paths = Paths.find({"ROOKERY_HOME": str(folder / "home")})
        self.file = folder / "model.gguf"
        self.file.write_bytes(b"weights")
        self.config: Config | None = None
        self.models: list[ScriptedModel] = []
        self.prefers_labels = False
        self.err = ""

    def run(
        self, script: Iterable[str | Exception], *words: str, err: io.StringIO | None = None, **model: Any
    ) -> tuple[Exit, str]:
        def subject(config: Config, paths: Paths, wanted: str | None) -> Subject:
            self.config = config
            self.models.append(ScriptedModel(script, **model))
            models = Models.of(self.models[-1])
            return Subject(models.get("scripted"), self.file, None, models, self.prefers_labels)

        out, err = io.StringIO(), err or io.StringIO()
        try:
            code = command.main(parse(["eval", *words]), self.paths, Console(io.StringIO(), out, err), subject)
        finally:
            self.err = err.getvalue()
        return code, out.getvalue()


def rows(out: str) -> list[str]:
    """The lines of a table, with one blank between the columns."""
    return [" ".join(line.split()) for line in out.splitlines()]


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return Lab(tmp_path)


def test_the_suites_of_the_command_line_are_those_there_are() -> None:
    assert SUITES == NAMES


def test_the_table_has_each_group_and_all(lab: Lab) -> None:
    file = write(lab.folder, decision("a"), decision("b", group="talk", expect={"tool": None}))
    code, out = lab.run([ROME, answer("Hello.")], "decisions", "--cases", str(file))
    lines = rows(out)
    assert code is Exit.OK
    assert lines[:6] == [
        "decisions: scripted, 2 cases",
        "",
        "group n tool arguments no_call",
        "single 1 1.000 [0.21, 1.00] 1 1.000 [0.21, 1.00] 1 -",
        "talk 1 - - 1.000 [0.21, 1.00] 1",
        "all 2 1.000 [0.21, 1.00] 1 1.000 [0.21, 1.00] 1 1.000 [0.21, 1.00] 1",
    ]
    assert any(line.startswith("seconds to the first decision: median ") for line in lines)
    assert lines[-1].startswith("tokens: ")
    assert lab.err == ""
    assert lab.models[0].info is None  # it was closed


def test_the_file_holds_the_numbers_and_every_case(lab: Lab) -> None:
    file, target = write(lab.folder, decision("a"), decision("b")), lab.folder / "out.json"
    lab.run(
        [ROME, answer("Hm.")], "decisions", "--cases", str(file), "--json", str(target), "--set", "agent.max_steps=3"
    )
    made = json.loads(target.read_text())
    assert {key: made[key] for key in ("suite", "model", "n", "tool", "arguments", "no_call", "complete")} == {
        "suite": "decisions", "model": "scripted", "n": 2, "tool": 0.5, "arguments": 0.5, "no_call": None, "complete": True
    }  # fmt: skip
    assert made["set"] == {"agent.max_steps": 3, "model.saved_mb": 0}
    assert [case["id"] for case in made["cases"]] == ["a", "b"]
    assert made["cases"][1]["answer"] == "Hm."
    assert made["groups"]["single"]["tool"] == 0.5
    assert [path.name for path in lab.folder.glob(".out*")] == []
    assert lab.config is not None
    assert lab.config.agent.max_steps == 3


def test_tasks_use_the_built_in_tools_and_are_solved_or_not(lab: Lab) -> None:
    write_file = act("write_file", '{"path": "out.txt", "content": "hello"}')
    file = write(lab.folder, task("a", allow=["WRITE"]), task("b"))
    target = lab.folder / "out.json"
    code, out = lab.run(
        [write_file, answer("Done."), write_file, answer("No.")], "tasks", "--cases", str(file), "--json", str(target)
    )
    made = json.loads(target.read_text())
    assert (code, made["n"], made["solved"]) == (Exit.OK, 2, 0.5)
    assert made["cases"][0]["files"] == {"out.txt": "hello"}
    assert [call["status"] for call in made["cases"][1]["calls"]] == ["denied"]
    assert "all 2 0.500 [0.09, 0.91] 2" in rows(out)


def test_faithful(lab: Lab) -> None:
    messages = [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "tool": "get_weather", "arguments": {"city": "Rome"}},
        {"role": "tool", "name": "get_weather", "content": "25 C"},
    ]
    expect = {"answer_contains": [["25"]]}
    case = {"tools": [WEATHER, MAIL], "messages": messages, "expect": expect}
    file = write(lab.folder, {"id": "a", **case}, {"id": "b", **case, "tools": [WEATHER]})
    _, out = lab.run([answer("It is 25."), act("get_weather", '{"city": "Oslo"}')], "faithful", "--cases", str(file))
    assert "all 2 0.500 [0.09, 0.91] 2" in rows(out)


def test_what_is_finished_is_not_run_again_unless_it_is_to_be(lab: Lab) -> None:
    file = str(write(lab.folder, decision("a"), decision("b", tools=[WEATHER])))
    lab.run([ROME], "decisions", "--cases", file, "--limit", "1")
    _, out = lab.run([answer("Hm.")], "decisions", "--cases", file)
    assert "all 2 0.500 [0.09, 0.91] 2 0.500 [0.09, 0.91] 2" in rows(out)
    _, again = lab.run([], "decisions", "--cases", file)
    assert again == out
    assert lab.models[-1].info is None  # the model was not even loaded
    _, fresh = lab.run([ROME, ROME], "decisions", "--cases", file, "--restart")
    assert "all 2 1.000 [0.34, 1.00] 2 1.000 [0.34, 1.00] 2" in rows(fresh)


def test_restart_forgets_no_other_cases_than_those_of_this_run(lab: Lab) -> None:
    file = str(write(lab.folder, decision("a"), decision("b", tools=[WEATHER])))
    lab.run([ROME, ROME], "decisions", "--cases", file)
    other = write(lab.folder, decision("a"), name="other.jsonl")
    lab.run([answer("Hm.")], "decisions", "--cases", str(other), "--restart")
    _, out = lab.run([], "decisions", "--cases", file)
    assert "all 2 0.500 [0.09, 0.91] 2 0.500 [0.09, 0.91] 2" in rows(out)


def test_only_some_groups_are_run(lab: Lab) -> None:
    file = write(lab.folder, decision("a"), decision("b", group="talk"), decision("c", group="rest"))
    _, out = lab.run([ROME, ROME], "decisions", "--cases", str(file), "--group", "rest", "--group", "talk")
    assert [line.split()[0] for line in rows(out)[3:6]] == ["rest", "talk", "all"]


def test_another_setting_or_another_model_is_another_run(lab: Lab) -> None:
    file = str(write(lab.folder, decision("a")))
    lab.run([ROME], "decisions", "--cases", file)
    lab.run([ROME], "decisions", "--cases", file, "--set", "agent.max_steps=3")
    lab.file.write_bytes(b"others")
    lab.run([ROME], "decisions", "--cases", file)
    assert [len(model.seen) for model in lab.models] == [1, 1, 1]


STOPS = ["SIGINT", *([] if sys.platform == "win32" else ["SIGTERM", "SIGHUP"])]


@pytest.mark.parametrize("name", STOPS)
def test_a_signal_keeps_what_is_finished_and_prints_it(lab: Lab, name: str) -> None:
    number = signal.Signals[name]
    file = str(
        write(
            lab.folder,
            decision("a"),
            decision("b", tools=[WEATHER]),
            decision("c", tools=[MAIL], expect={"tool": None}),
        )
    )
    target = lab.folder / "out.json"

    def script() -> Iterator[str]:
        yield ROME
        os.kill(os.getpid(), number)
        yield ROME

    code, out = lab.run(script(), "decisions", "--cases", file, "--json", str(target), delay_s=0.02)
    assert code == 128 + number
    assert out.startswith("decisions: scripted, 1 of 3 cases\n")
    assert "all 1 1.000 [0.21, 1.00] 1 1.000 [0.21, 1.00] 1" in rows(out)
    assert "rookery: stopped; the same command goes on where it was\n" in lab.err
    assert (json.loads(target.read_text())["n"], json.loads(target.read_text())["complete"]) == (1, False)
    code, out = lab.run([ROME, answer("Hello.")], "decisions", "--cases", file)
    assert (code, out.splitlines()[0]) == (Exit.OK, "decisions: scripted, 3 cases")


def test_stopped_after_a_restart_it_is_said_that_the_next_run_is_to_be_without(lab: Lab) -> None:
    def script() -> Iterator[str]:
        os.kill(os.getpid(), signal.SIGINT)
        yield ROME

    file = str(write(lab.folder, decision("a")))
    lab.run(script(), "decisions", "--cases", file, "--restart", delay_s=0.02)
    assert lab.err == "rookery: stopped; the same command without --restart goes on where it was\n"


def test_cases_in_which_the_process_ended_are_told_of_and_run_again(lab: Lab) -> None:
    file = str(write(lab.folder, decision("a"), decision("b", tools=[WEATHER])))
    target = lab.folder / "out.json"
    died: list[str | Exception] = [ModelDied("it was killed")] * 3
    code, out = lab.run([*died, ROME], "decisions", "--cases", file, "--json", str(target))
    made = json.loads(target.read_text())
    assert code is Exit.FAILED
    assert "all 2 0.500 [0.09, 0.91] 2 0.500 [0.09, 0.91] 2" in rows(out)
    assert (made["complete"], made["lost"], made["cases"][0]["ended"]) == (False, ["a"], "failed")
    assert "the model's process ended by itself in one case (it was killed); they are counted" in lab.err
    code, _ = lab.run([ROME], "decisions", "--cases", file, "--json", str(target))
    assert (code, json.loads(target.read_text())["complete"], json.loads(target.read_text())["tool"]) == (
        Exit.OK,
        True,
        1,
    )


def test_the_form_of_calls_is_that_of_a_session(lab: Lab) -> None:
    own = '<tool_call>\n{"name": "get_weather", "arguments": {"city": "Rome"}}\n</tool_call>'
    file, target = str(write(lab.folder, decision("a"))), lab.folder / "out.json"
    words = ["decisions", "--cases", file, "--json", str(target)]
    lab.run([own], *words, native=True)
    assert (json.loads(target.read_text())["form"], json.loads(target.read_text())["tool"]) == ("auto", 1.0)
    lab.prefers_labels = True
    lab.run([ROME], *words, native=True)
    assert (json.loads(target.read_text())["form"], json.loads(target.read_text())["tool"]) == ("labelled", 1.0)
    lab.run([own], *words, "--set", "agent.form=native", native=True)
    assert (json.loads(target.read_text())["form"], json.loads(target.read_text())["tool"]) == ("native", 1.0)


def test_a_session_prefers_labels_where_a_probe_found_them_to_be_better(lab: Lab) -> None:
    config = Config()
    assert not subject(config, lab.paths, str(lab.file)).prefers_labels
    found = Probe({"labelled": 0.75, "native": 0.5}, 12, {"labelled": 1.0, "native": 2.0})
    Probes(lab.paths.probes).keep(Hashes(lab.paths.hashes).sha256(lab.file), found)
    assert subject(config, lab.paths, str(lab.file)).prefers_labels


def test_a_file_that_cannot_be_written_in_the_end_costs_nothing(lab: Lab) -> None:
    file, folder = str(write(lab.folder, decision("a"))), lab.folder / "results"
    folder.mkdir()

    def script() -> Iterator[str]:
        folder.rmdir()
        yield ROME

    with pytest.raises(StoreBroken, match=r"out\.json cannot be written: No such file.* What was measured is kept"):
        lab.run(script(), "decisions", "--cases", file, "--json", str(folder / "out.json"))
    assert lab.run([], "decisions", "--cases", file)[0] is Exit.OK


def test_a_disk_that_is_full_leaves_no_part_of_the_file(lab: Lab, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*paths: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    file, folder = str(write(lab.folder, decision("a"))), lab.folder / "results"
    folder.mkdir()
    monkeypatch.setattr(command.os, "replace", full)
    with pytest.raises(StoreBroken, match="No space left"):
        lab.run([ROME], "decisions", "--cases", file, "--json", str(folder / "out.json"))
    assert list(folder.iterdir()) == []


def test_what_is_no_file_is_written_into_and_a_link_is_followed(lab: Lab) -> None:
    file, pipe, link = str(write(lab.folder, decision("a"))), lab.folder / "pipe", lab.folder / "link"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    lab.run([ROME], "decisions", "--cases", file, "--json", str(pipe))
    assert json.loads(os.read(reader, 1 << 16))["n"] == 1
    os.close(reader)
    link.symlink_to(lab.folder / "out.json")
    lab.run([], "decisions", "--cases", file, "--json", str(link))
    assert link.is_symlink()
    assert json.loads((lab.folder / "out.json").read_text())["n"] == 1


def test_stopped_before_the_first_case_there_is_no_table(lab: Lab) -> None:
    def script() -> Iterator[str]:
        os.kill(os.getpid(), signal.SIGTERM)
        yield ROME

    code, out = lab.run(script(), "decisions", "--cases", str(write(lab.folder, decision("a"))), delay_s=0.02)
    assert (code, out) == (Exit.TERMINATED, "decisions: scripted, 0 of 1 cases\n")


def test_on_a_terminal_a_line_says_how_far_it_is(lab: Lab) -> None:
    err = Terminal()
    file = write(lab.folder, decision("a"), decision("b", tools=[WEATHER]))
    lab.run([ROME, ROME], "decisions", "--cases", str(file), err=err)
    shown = lab.err.split("\r")
    assert shown[1].startswith("loading scripted ...")
    assert any(line.startswith("############............ 1/2  tool 1.00  arguments 1.00  0:00 left") for line in shown)
    assert shown[-2].strip() == shown[-1] == ""  # it is taken away in the end


def test_the_time_that_is_left_is_worked_out_from_the_cases_of_this_run() -> None:
    now = iter([100.0, 130.0])
    err = Terminal()
    progress = command.Progress(err, n=10, known=4, clock=lambda: next(now))
    progress.show(Tally(7, {"tool": Rate(1, 2), "asked": Rate(0, 0)}))
    assert err.getvalue() == "\r################........ 7/10  tool 0.50  0:30 left"


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--cases", "nosuch.jsonl"], "nosuch.jsonl cannot be read"),
        (["--set", "agent.max_step=3"], "--set: agent.max_step is not a setting; did you mean max_steps?"),
        (["--set", "agent.max_steps=many"], '--set: agent.max_steps must be a valid integer, not "many"'),
        (["--set", "max_steps=3"], "max_steps is not a setting: write section.key; did you mean agent.max_steps?"),
        (["--set", "agent.max_steps"], "agent.max_steps is not of the form section.key=value"),
        (["--json", "nosuch/out.json"], "out.json cannot be written"),
        (["--json", "."], "cannot be written: it is a folder"),
        (["--json", "/proc/out.json"], "/proc/out.json cannot be written: "),
        (["--group", "nosuch"], "there is no group 'nosuch' among the cases; there are: single"),
    ],
)
def test_what_cannot_be_is_said_before_anything_is_run(lab: Lab, words: list[str], said: str) -> None:
    file = write(lab.folder, decision("a"))
    with pytest.raises(ConfigError) as caught:
        lab.run([], "decisions", *(["--cases", str(file)] if "--cases" not in words else []), *words)
    assert said in str(caught.value)
    assert not (lab.folder / "home").exists()


def test_a_bad_line_is_named_and_loses_nothing(lab: Lab) -> None:
    file = write(lab.folder, decision("a"))
    lab.run([ROME], "decisions", "--cases", str(file))
    file.write_text(file.read_text() + "{\n")
    with pytest.raises(ConfigError, match="line 2: not JSON"):
        lab.run([], "decisions", "--cases", str(file))
    write(lab.folder, decision("a"))
    assert lab.run([], "decisions", "--cases", str(file))[0] is Exit.OK


def test_a_model_that_cannot_be_loaded_is_raised(lab: Lab) -> None:
    file = write(lab.folder, decision("a"))
    with pytest.raises(ModelUnreadable, match="gone"):
        lab.run([], "decisions", "--cases", str(file), open_error=ModelUnreadable("gone"))


def test_a_setting_may_hold_an_equals_sign_and_be_text_or_a_list(lab: Lab) -> None:
    file = write(lab.folder, decision("a"))
    words = ["--set", "model.adapter=a=b.gguf", "--set", 'plugins.disabled=["shell"]', "--set", "model.expand = false"]
    lab.run([ROME], "decisions", "--cases", str(file), *words)
    assert lab.config is not None
    assert (lab.config.model.adapter, lab.config.plugins.disabled) == ("a=b.gguf", ("shell",))
    assert lab.config.model.expand is False


@pytest.mark.parametrize("words", [["nosuch"], [], ["tasks", "--limit", "0"], ["tasks", "--parallel", "x"]])
def test_wrong_usage_is_2(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        parse(["eval", *words])
    assert caught.value.code == 2
    assert "usage: rookery eval" in capsys.readouterr().err


@pytest.mark.model
def test_with_the_real_model(tmp_path: Path) -> None:
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path / "home")})
    file = write(
        tmp_path,
        decision("a", tools=[WEATHER]),
        decision("b", tools=[MAIL], messages=[{"role": "user", "content": "Hi"}], expect={"tool": None}),
        decision("c", tools=[WEATHER], messages=[{"role": "user", "content": "Weather?"}], expect={"tool": None, "kind": "ask"}),
    )  # fmt: skip
    target = tmp_path / "out.json"
    out = io.StringIO()
    words = ["--cases", str(file), "--json", str(target), "--model", "smollm2", "--set", "model.max_tokens=64"]
    console = Console(io.StringIO(), out, io.StringIO())
    assert command.main(parse(["eval", "decisions", *words]), paths, console) is Exit.OK
    made = json.loads(target.read_text())
    assert (made["n"], made["model"], made["complete"]) == (3, "smollm2", True)
    assert made["decision_s"]["median"] > 0
    assert made["usage"]["completion_tokens"] > 0
    assert all(case["ended"] in ("decided", "answered", "failed", "gave_up") for case in made["cases"])
