"""A plugin with every hook of the contract, installed by pip and used through the real command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from rookery_core.tools import hooks
from tests.trusted import trusted

HERE = Path(__file__).parent
PLUGIN = HERE / "everything"

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that pip installed the plugin into, to be put beside this environment."""
    folder = tmp_path_factory.mktemp("site")
    pip = [sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-index", "--no-build-isolation"]
    subprocess.run([*pip, "--target", str(folder), str(PLUGIN)], check=True)
    return folder


class Terminal:
    """Runs the program with the plugin, and a model that says what it is told to."""

    def __init__(self, site: Path, home: Path) -> None:
        self.home = trusted(home, home)
        self.log = home / "kinds.log"
        self._environment = {
            **os.environ, "PYTHONPATH": str(site), "ROOKERY_HOME": str(home), "EVERYTHING_LOG": str(self.log)
        }  # fmt: skip
        self.enabled = self.rookery("plugins", "enable", "everything", "--in-process", "--yes")

    def rookery(self, *arguments: str, typed: str = "") -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(Path(sys.executable).with_name("rookery")), *arguments],
            capture_output=True, text=True, check=False, env=self._environment, cwd=self.home, input=typed,
        )  # fmt: skip

    def script(self, *lines: str) -> str:
        """The name of a model that says these lines."""
        path = self.home / "lines.json"
        path.write_text(json.dumps(lines))
        return f"parrot:{path}"

    def turn(self, *lines: str, options: tuple[str, ...] = ()) -> list[dict[str, Any]]:
        """The events of one turn in which the model says these lines."""
        done = self.rookery("run", "go", "--model", self.script(*lines), "--output", "jsonl", *options)
        assert "Traceback" not in done.stderr, done.stderr
        return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.fixture
def terminal(site: Path, tmp_path: Path) -> Terminal:
    return Terminal(site, tmp_path)


def act(tool: str, arguments: str) -> str:
    return f"Thought: so\nAction: {tool}\nInput: {arguments}"


def one(events: list[dict[str, Any]], kind: str) -> dict[str, Any]:
    return next(event for event in events if event["kind"] == kind)


END = "Thought: so\nAnswer: done"


def test_it_has_every_hook_there_is() -> None:
    source = (PLUGIN / "rookery_everything" / "__init__.py").read_text()
    assert [name for name in vars(hooks) if name.startswith("rookery_") and f"def {name}(" not in source] == []


def test_it_is_shown_before_it_is_used_and_what_it_has_outside_the_program_needs_no_more(
    site: Path, tmp_path: Path
) -> None:
    terminal = Terminal(site, tmp_path)
    for line in (
        "distribution  rookery-everything 1.0.0",
        "tool          count_up (pure): Adds to the counter.",
        "rule          everything.count_up where by has ^\\d{3,}$ is write: that is a large step",
        "prompt        The password of the day is heron.",
        "hook          rookery_before_tool",
        "everything is used from the next start on.",
    ):
        assert line in terminal.enabled.stdout
    assert "everything  enabled" in terminal.rookery("plugins", "list").stdout
    terminal.rookery("config", "set", "plugins.in_process", "[]")
    done = terminal.rookery("run", "go", "--model", terminal.script(END), "--output", "jsonl")
    assert "is neither a file nor the name of a model" in done.stderr  # the model is one of its hooks


@pytest.mark.parametrize(
    ("by", "status", "output"),
    [
        (5, "ok", "5\n(counted)"),
        (7, "ok", "8\n(counted)"),
        (500, "ok", "500\n(counted)"),
        (13, "denied", "13 is unlucky"),
        (100, "denied", "nobody is there to be asked"),
    ],
)
def test_rules_and_hooks_rule_on_calls_and_edit_results(terminal: Terminal, by: int, status: str, output: str) -> None:
    events = terminal.turn(act("count_up", f'{{"by": {by}}}'), END)
    done = one(events, "tool_finished")
    assert done["status"] == status
    assert output in done["output"]
    if by == 100:
        assert one(events, "approval_requested")["reason"] == "that is a large step"


def test_methods_share_their_object_and_data_outlives_the_program(terminal: Terminal) -> None:
    events = terminal.turn(act("count_up", '{"by": 2}'), act("count_up", '{"by": 3}'), END)
    assert [event["output"] for event in events if event["kind"] == "tool_finished"] == ["2\n(counted)", "5\n(counted)"]
    for n in (1, 2):
        events = terminal.turn(act("visits", "{}"), END)
        assert one(events, "tool_finished")["output"] == f"visit {n}, False\n(counted)"
        assert one(events, "question_asked")["question"] == "Is that all?"


def test_a_tool_needs_approval_or_pauses_the_turn(terminal: Terminal) -> None:
    events = terminal.turn(act("count_up", '{"by": 2}'), act("wipe", "{}"), END)
    assert one(events, "approval_requested")["reason"] == "2 would be lost"
    events = terminal.turn(act("wait_for_rain", "{}"))
    assert (events[-1]["status"], events[-1]["reason"]) == ("paused", "it does not rain yet")


def test_the_section_is_in_the_prompt_the_strategy_thinks_and_the_sink_hears(terminal: Terminal) -> None:
    (terminal.home / "config.toml").write_text('[agent]\nstrategy = "blurt"\n')
    events = terminal.turn("{system}")
    assert "The password of the day is heron." in one(events, "answered")["text"]
    stored = [event["kind"] for event in events if event.get("seq")]
    assert terminal.log.read_text().split() == stored


def test_the_command_speaks_and_sends(terminal: Terminal) -> None:
    done = terminal.rookery(
        "chat", "--repl", "--model", terminal.script("Thought: so\nAnswer: I heard you"),
        typed="/count\n/count say it again\n/quit\n",
    )  # fmt: skip
    assert f"events in {terminal.home.name}" in done.stdout
    assert "I heard you" in done.stdout
