"""The shell: output, exit code and limits reach the model, and no process outlives its call."""

from __future__ import annotations

import asyncio
import dataclasses
import os
import shutil
import sys
from pathlib import Path

import pytest

from rookery_core.events import ApprovalRequested, Event, ToolProgress, ToolStatus
from rookery_core.sandbox.level import Level
from rookery_core.testing import run_tool, this_machine
from rookery_plugins.shell import shell, shell_tool
from tests.plugins.programs import gone, run_python, wait_for

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.name != "posix", reason="the tool is offered where there is /bin/sh"),
]


async def output_of(command: str, workspace: Path) -> str:
    finished = await run_tool(shell, {"command": command}, workspace=workspace)
    assert finished.status is ToolStatus.OK, finished.output
    return finished.output


async def test_output_of_both_streams_and_the_exit_code_are_reported(tmp_path: Path) -> None:
    assert await output_of("echo out; echo err >&2; exit 3", tmp_path) == "out\nerr\n[exit code 3]"


async def test_a_silent_command_says_that_there_was_no_output(tmp_path: Path) -> None:
    assert await output_of("true", tmp_path) == "(no output)\n[exit code 0]"


async def test_a_command_runs_in_the_workspace(tmp_path: Path) -> None:
    await output_of("touch here", tmp_path)
    assert (tmp_path / "here").exists()


async def test_a_command_that_a_signal_ended_says_which(tmp_path: Path) -> None:
    assert (await output_of("kill -9 $$", tmp_path)).endswith("[ended by signal 9, Killed]")


async def test_a_command_that_starts_with_a_dash_is_a_command(tmp_path: Path) -> None:
    assert "[exit code 127]" in await output_of("-c 'echo no'", tmp_path)


async def test_a_command_gets_no_input_and_no_terminal(tmp_path: Path) -> None:
    assert await output_of("cat; test -t 0 || test -t 1 || echo none", tmp_path) == "none\n[exit code 0]"


async def test_secrets_in_the_environment_do_not_reach_the_command(tmp_path: Path) -> None:
    assert "PYTEST_CURRENT_TEST" in os.environ
    lines = (await output_of("env", tmp_path)).splitlines()
    names = {line.partition("=")[0] for line in lines if not line.startswith("[")}
    own = {"TERM", "PAGER", "GIT_PAGER", "ROOKERY_RUN", "PWD", "OLDPWD", "SHLVL", "_"}
    passed = {"PATH", "HOME", "USER", "LOGNAME", "LANG", "TZ", "TMPDIR"}
    assert {name for name in names if not name.startswith("LC_")} <= own | passed
    assert {"TERM=dumb", "PAGER=cat", "GIT_PAGER=cat"} <= set(lines)


async def test_what_a_command_complains_of_is_in_english_and_the_rest_as_the_person_has_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"LC_ALL": "de_DE.UTF-8", "LC_MESSAGES": "fr_FR.UTF-8", "LANGUAGE": "de:fr"}.items():
        monkeypatch.setenv(name, value)
    lines = (await output_of("env", tmp_path)).splitlines()
    assert {"LANG=de_DE.UTF-8", "LC_MESSAGES=C"} <= set(lines)
    assert not any(line.startswith(("LC_ALL=", "LANGUAGE=")) for line in lines)


async def test_long_output_keeps_its_ends_and_counts_what_is_missing(tmp_path: Path) -> None:
    output = await output_of("echo first; yes | head -c 1000000; echo last", tmp_path)
    head, tail = output.split("\n[... ")
    dropped, _, end = tail.partition(" bytes left out ...]\n")
    printed = len("first\n") + 1_000_000 + len("last\n")
    kept_end = end.removesuffix("\n[exit code 0]") + "\n"
    assert head.startswith("first\n")
    assert kept_end.endswith("\nlast\n")
    assert len(head) + int(dropped) + len(kept_end) == printed


async def test_a_cut_does_not_go_through_a_character(tmp_path: Path) -> None:
    output = await output_of("i=0; while [ $i -lt 3000 ]; do printf 'ä€😀'; i=$((i+1)); done", tmp_path)
    head, tail = output.removesuffix("\n[exit code 0]").split("\n[... ")
    dropped, _, end = tail.partition(" bytes left out ...]\n")
    assert "\ufffd" not in output
    assert len(head.encode()) + int(dropped) + len(end.encode()) == 3_000 * len("ä€😀".encode())


async def test_output_that_is_not_utf8_is_shown_as_far_as_it_goes(tmp_path: Path) -> None:
    assert await output_of(r"printf 'a\377b'", tmp_path) == "a\ufffdb\n[exit code 0]"


def test_much_output_costs_no_memory(tmp_path: Path) -> None:
    # A process of its own: what the other tests used at most would hide the difference.
    measure = (
        "import asyncio, resource\n"
        "from rookery_core.testing import run_tool\n"
        "from rookery_plugins.shell import shell\n"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "run = lambda size: asyncio.run(run_tool(shell, {'command': f'head -c {size} /dev/zero'}))\n"
        "run(1_000_000)\n"
        "before = used()\n"
        "run(300_000_000)\n"
        "print(used() - before)\n"
    )
    grown = run_python(measure, tmp_path)
    per_unit = 1 if sys.platform == "darwin" else 1024
    assert int(grown) * per_unit < 20_000_000


async def test_lines_are_shown_while_the_command_runs(tmp_path: Path) -> None:
    events: list[Event] = []
    command = "echo one; echo two; sleep 0.5; printf '10%%\\r20%%\\n'; sleep 0.5"
    await run_tool(shell, {"command": command}, workspace=tmp_path, events=events)
    shown = [event.text for event in events if isinstance(event, ToolProgress)]
    assert "two" in shown
    assert shown[-1] == "20%"


async def test_a_flood_of_lines_is_shown_in_a_few(tmp_path: Path) -> None:
    events: list[Event] = []
    await run_tool(shell, {"command": "yes | head -n 1000000"}, workspace=tmp_path, events=events)
    assert len([event for event in events if isinstance(event, ToolProgress)]) < 500


async def test_a_command_over_its_time_is_stopped_with_the_output_so_far(tmp_path: Path) -> None:
    finished = await run_tool(
        shell_tool(limit_s=1.5), {"command": "echo $$ > pid; echo begun; sleep 600"}, workspace=tmp_path
    )
    assert (finished.status, finished.output) == (
        ToolStatus.FAILED,
        "begun\n[stopped: it took longer than 1.5 seconds]",
    )
    assert gone(tmp_path / "pid")


async def test_the_hosts_timeout_ends_the_whole_group(tmp_path: Path) -> None:
    hasty = dataclasses.replace(shell, timeout_s=2.0)
    command = "(echo $$ > /dev/null; sh -c 'echo $$ > pid; sleep 600'; true) | cat"
    finished = await run_tool(hasty, {"command": command}, workspace=tmp_path)
    assert finished.status is ToolStatus.TIMEOUT
    assert gone(tmp_path / "pid")


async def test_a_command_that_ignores_the_request_to_end_is_ended_by_force(tmp_path: Path) -> None:
    command = "trap '' TERM; echo $$ > pid; while :; do sleep 0.1; done"
    finished = await run_tool(shell_tool(limit_s=1.5), {"command": command}, workspace=tmp_path)
    assert "[stopped:" in finished.output
    assert gone(tmp_path / "pid")


async def test_a_command_is_given_the_time_to_clean_up(tmp_path: Path) -> None:
    command = "trap 'echo bye > cleaned; exit' TERM; echo ready; while :; do sleep 0.05; done"
    await run_tool(shell_tool(limit_s=1.5), {"command": command}, workspace=tmp_path)
    assert (tmp_path / "cleaned").read_text() == "bye\n"


async def test_stopping_the_turn_ends_the_command(tmp_path: Path) -> None:
    call = asyncio.create_task(run_tool(shell, {"command": "echo $$ > pid; sleep 600"}, workspace=tmp_path))
    await asyncio.to_thread(wait_for, tmp_path / "pid")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert gone(tmp_path / "pid")


async def test_what_is_left_running_is_stopped_and_does_not_hold_up_the_answer(tmp_path: Path) -> None:
    output = await output_of("sleep 600 & echo $! > pid; echo started", tmp_path)
    assert output == "started\n[exit code 0; what it left running was stopped]"
    assert gone(tmp_path / "pid")


async def test_a_background_flood_does_not_hold_up_the_answer(tmp_path: Path) -> None:
    assert "[exit code 0; what it left running was stopped]" in await output_of("yes & sleep 0.2", tmp_path)


async def test_a_command_that_closes_its_output_is_still_waited_for(tmp_path: Path) -> None:
    output = await output_of("exec >&- 2>&-; sleep 0.3; : > done; exit 4", tmp_path)
    assert output == "(no output)\n[exit code 4]"
    assert (tmp_path / "done").exists()


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("  ", "the command is empty"),
        ([], "the command is empty"),
        (["", "x"], "the command is empty"),
        ("echo a\0b", "NUL"),
        (["echo", "a\0b"], "NUL"),
        ("echo \ud800", "half a character"),
        (["echo", "\ud800"], "half a character"),
        (5, "valid string"),
        ([1], "valid string"),
    ],
    ids=[
        "empty",
        "no words",
        "no program",
        "nul",
        "nul in a word",
        "surrogate",
        "surrogate in a word",
        "number",
        "numbers",
    ],
)
async def test_what_no_system_runs_is_refused_before_anybody_is_asked(
    command: object, says: str, tmp_path: Path
) -> None:
    events: list[Event] = []
    finished = await run_tool(shell, {"command": command}, workspace=tmp_path, events=events)
    assert finished.status is ToolStatus.INVALID
    assert says in finished.output
    assert not any(isinstance(event, ApprovalRequested) for event in events)


async def test_a_command_that_is_too_long_for_the_system_says_so(tmp_path: Path) -> None:
    finished = await run_tool(shell, {"command": "x" * 3_000_000}, workspace=tmp_path)
    assert finished.status is ToolStatus.FAILED
    assert "cannot be started: Argument list too long" in finished.output


async def test_a_workspace_that_is_gone_is_a_clean_failure(tmp_path: Path) -> None:
    finished = await run_tool(shell, {"command": "ls"}, workspace=tmp_path / "gone")
    assert finished.status is ToolStatus.FAILED
    assert "is not there any more" in finished.output or "No such file or directory" in finished.output


async def test_the_person_is_asked_with_the_exact_command(tmp_path: Path) -> None:
    events: list[Event] = []
    finished = await run_tool(shell, {"command": "touch x"}, workspace=tmp_path, allow=False, events=events)
    asked = next(event for event in events if isinstance(event, ApprovalRequested))
    assert finished.status is ToolStatus.DENIED
    assert (asked.preview, asked.remembers) == ("$ touch x", ("touch x",))
    assert not (tmp_path / "x").exists()


async def test_a_list_is_run_as_it_is_and_no_shell_reads_it(tmp_path: Path) -> None:
    words = ["printf", "%s\n", "$HOME", "`id`", "a;b", "*", "", "two words"]
    finished = await run_tool(shell, {"command": words}, workspace=tmp_path)
    assert finished.output == "\n".join([*words[2:], "[exit code 0]"])


async def test_a_program_of_a_list_may_lie_in_the_workspace(tmp_path: Path) -> None:
    script = tmp_path / "tools" / "hello"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho hello from $0\n")
    script.chmod(0o755)
    finished = await run_tool(shell, {"command": ["tools/hello"]}, workspace=tmp_path)
    assert finished.output.startswith("hello from ")
    assert "[exit code 0]" in finished.output


async def test_a_program_in_the_workspace_is_not_found_by_its_name_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "hello"
    script.write_text("#!/bin/sh\necho hello\n")
    script.chmod(0o755)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}:")
    monkeypatch.chdir(tmp_path)
    finished = await run_tool(shell, {"command": ["hello"]}, workspace=tmp_path)
    assert (finished.status, "there is no program hello" in finished.output) == (ToolStatus.FAILED, True)
    assert "[exit code 127]" in await output_of("hello", tmp_path)


async def test_a_file_that_is_no_program_says_so(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("no program")
    (tmp_path / "data").chmod(0o755)
    finished = await run_tool(shell, {"command": ["./data"]}, workspace=tmp_path)
    assert (finished.status, finished.output) == (ToolStatus.FAILED, "./data cannot be started: Exec format error")


async def test_the_person_is_asked_with_the_words_and_the_file_of_the_program(tmp_path: Path) -> None:
    events: list[Event] = []
    await run_tool(shell, {"command": ["echo", "a b", "c"]}, workspace=tmp_path, allow=False, events=events)
    asked = next(event for event in events if isinstance(event, ApprovalRequested))
    assert asked.preview == f"$ echo 'a b' c\n\nwithout a shell; the program is {shutil.which('echo')}"
    assert asked.remembers == ("echo 'a b' c",)


async def test_the_person_sees_that_a_program_is_not_there(tmp_path: Path) -> None:
    events: list[Event] = []
    await run_tool(shell, {"command": ["no-such-program"]}, workspace=tmp_path, allow=False, events=events)
    asked = next(event for event in events if isinstance(event, ApprovalRequested))
    assert asked.preview.endswith("(there is no program no-such-program)")


async def test_a_command_sees_the_processes_of_the_machine_only_where_it_is_not_confined(tmp_path: Path) -> None:
    sees = f"\n{os.getpid()}\n" in (await output_of("ps -eo pid= | tr -d ' '", tmp_path))
    assert sees is (this_machine().level < Level.L3)


def test_a_command_does_not_outlive_the_program(tmp_path: Path) -> None:
    program = (
        "import asyncio, pathlib\n"
        "from rookery_core.testing import run_tool\n"
        "from rookery_plugins.shell import shell\n"
        "async def main():\n"
        "    call = asyncio.create_task(run_tool(shell, {'command': \"trap '' TERM; echo $$ > pid; sleep 600\"}))\n"
        "    while not pathlib.Path('pid').exists(): await asyncio.sleep(0.02)\n"
        "asyncio.run(main())\n"
    )
    run_python(program, tmp_path)
    assert gone(tmp_path / "pid")
