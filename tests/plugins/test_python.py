"""The python tool: code runs in an interpreter of its own, and its output, value or traceback is what the model reads."""

from __future__ import annotations

import asyncio
import os
import sys
from pathlib import Path

import pytest

from rookery_core.events import ApprovalRequested, Event, ToolFinished, ToolProgress, ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.python import FAILED, python, python_tool, stage
from tests.plugins.programs import left_in, wait_for

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.name != "posix", reason="programs are started where there is /bin/sh"),
]


async def run(code: str, workspace: Path) -> ToolFinished:
    return await run_tool(python, {"code": code}, workspace=workspace)


async def output_of(code: str, workspace: Path) -> str:
    finished = await run(code, workspace)
    assert finished.status is ToolStatus.OK, finished.output
    return finished.output


async def error_of(code: str, workspace: Path) -> str:
    finished = await run(code, workspace)
    assert finished.status is ToolStatus.FAILED, finished.output
    return finished.output


@pytest.mark.parametrize(
    ("code", "output"),
    [
        ("print('a'); print('b')", "a\nb"),
        ("17 * 23", "391"),
        ("x = 3\nx * 2", "6"),
        ("'ä€😀'", "'ä€😀'"),
        ("print(1)\n2", "1\n2"),
        ("None", "(no output)"),
        ("x = 1", "(no output)"),
        ("1 + 1  # two\n", "2"),
        ("[\n    1,\n    2,\n]", "[1, 2]"),
        ("1; 2", "2"),
        ("import sys\nprint('out'); print('err', file=sys.stderr); print('out')", "out\nerr\nout"),
        ("print('x', end='')", "x"),
        ("# only a comment", "(no output)"),
    ],
)
async def test_what_is_printed_and_the_value_of_a_last_expression_are_shown(
    code: str, output: str, tmp_path: Path
) -> None:
    assert await output_of(code, tmp_path) == output


async def test_a_definition_is_used_by_the_last_expression_and_by_its_own_module(tmp_path: Path) -> None:
    code = (
        "import dataclasses, pickle, typing\n"
        "@dataclasses.dataclass\nclass Point:\n    x: int\n"
        "assert __name__ == '__main__'\n"
        "assert Point.__annotations__ == {'x': int}  # no future of ours is switched on\n"
        "pickle.loads(pickle.dumps(Point(3)))\n"
    )
    assert await output_of(code, tmp_path) == "Point(x=3)"


async def test_an_exception_is_told_by_the_lines_of_the_code_alone(tmp_path: Path) -> None:
    code = "import json\n\ndef load(text):\n    return json.loads(text)\n\nload('{')\n"
    assert (await error_of(code, tmp_path)).splitlines() == [
        "Traceback (most recent call last):",
        '  File "<code>", line 6, in <module>',
        "    load('{')",
        '  File "<code>", line 4, in load',
        "    return json.loads(text)",
        "           ^^^^^^^^^^^^^^^^",
        "json.decoder.JSONDecodeError: Expecting property name enclosed in double quotes: line 1 column 2 (char 1)",
    ]


async def test_what_led_to_an_exception_is_told_too_and_the_output_before_it(tmp_path: Path) -> None:
    told = await error_of(
        "print('begun')\ntry:\n    1 / 0\nexcept ZeroDivisionError:\n    raise KeyError('x')", tmp_path
    )
    assert told.startswith("begun\nTraceback")
    assert "ZeroDivisionError: division by zero" in told
    assert told.endswith("line 5, in <module>\n    raise KeyError('x')\nKeyError: 'x'")
    assert "stage.py" not in told


@pytest.mark.parametrize(
    "code", ["raise KeyboardInterrupt", "raise BaseException('x')", "raise ExceptionGroup('g', [ValueError()])"]
)
async def test_every_kind_of_exception_is_told_without_our_own_frames(code: str, tmp_path: Path) -> None:
    told = await error_of(code, tmp_path)
    assert '"<code>", line 1' in told
    assert "stage.py" not in told


async def test_a_mistake_in_the_syntax_is_shown_with_its_line(tmp_path: Path) -> None:
    told = await error_of("x = 1\ndef f(:\n    pass\n", tmp_path)
    assert told.splitlines()[0] == '  File "<code>", line 2' or told.splitlines()[0] == 'File "<code>", line 2'
    assert told.endswith("SyntaxError: invalid syntax")
    assert "Traceback" not in told


@pytest.mark.parametrize(
    ("code", "status", "output"),
    [
        ("import sys; sys.exit()", ToolStatus.OK, "(no output)"),
        ("import sys; sys.exit(3)", ToolStatus.FAILED, "(no output)\n[exit code 3]"),
        ("import sys; sys.exit('why')", ToolStatus.FAILED, "why\n[exit code 1]"),
        ("import os; os._exit(0)", ToolStatus.OK, "(no output)"),
        ("import os; os.abort()", ToolStatus.FAILED, "(no output)\n[ended by signal 6, Aborted]"),
        (
            "import ctypes; ctypes.string_at(0)",
            ToolStatus.FAILED,
            "(no output)\n[ended by signal 11, Segmentation fault]",
        ),
    ],
)
async def test_an_exit_or_a_crash_is_told(code: str, status: ToolStatus, output: str, tmp_path: Path) -> None:
    finished = await run(code, tmp_path)
    assert (finished.status, finished.output) == (status, output)


async def test_files_that_an_exception_leaves_open_are_written(tmp_path: Path) -> None:
    await error_of("f = open('kept.txt', 'w'); f.write('kept'); 1 / 0", tmp_path)
    assert (tmp_path / "kept.txt").read_text() == "kept"


async def test_the_code_has_no_input(tmp_path: Path) -> None:
    assert "EOFError" in await error_of("input()", tmp_path)


async def test_each_call_is_a_fresh_interpreter_in_the_workspace(tmp_path: Path) -> None:
    await output_of("x = 1; open('there', 'w').close()", tmp_path)
    assert "NameError" in await error_of("x", tmp_path)
    assert await output_of("import os; os.path.exists('there')", tmp_path) == "True"


async def test_nothing_in_the_workspace_or_the_environment_is_run_or_imported_at_its_start(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("sitecustomize", "usercustomize", "ast", "linecache", "traceback", "stage", "supervisor", "marshal"):
        (tmp_path / f"{name}.py").write_text("open('marker', 'w').close()\n")
    (tmp_path / "startup.py").write_text("open('marker', 'w').close()\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("PYTHONSTARTUP", str(tmp_path / "startup.py"))
    monkeypatch.setenv("PYTHONINSPECT", "1")
    monkeypatch.chdir(tmp_path)
    assert await output_of("import sys, traceback\n(sys.flags.isolated, sys.flags.utf8_mode)", tmp_path) == "(1, 1)"
    assert not (tmp_path / "marker").exists()


async def test_keys_of_the_person_are_not_in_its_environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ROOKERY_SECRET_X_TOKEN", "secret")
    monkeypatch.setenv("API_KEY", "secret")
    assert "secret" not in await output_of("import os\ndict(os.environ)", tmp_path)


@pytest.mark.skipif(sys.platform != "linux", reason="the limit holds on Linux")
@pytest.mark.parametrize("code", ["x = bytearray(3 * 2**30)", "x = [0] * 10**9"])
async def test_too_much_memory_is_an_exception_of_the_code(code: str, tmp_path: Path) -> None:
    assert (await error_of(code, tmp_path)).endswith("MemoryError")


async def test_code_that_takes_too_long_is_stopped_with_its_output_so_far(tmp_path: Path) -> None:
    endless = "print('begun')\nwhile True: pass"
    finished = await run_tool(python_tool(limit_s=1.5), {"code": endless}, workspace=tmp_path)
    assert (finished.status, finished.output) == (
        ToolStatus.FAILED,
        "begun\n[stopped: it took longer than 1.5 seconds]",
    )


async def test_stopping_the_turn_ends_the_code_and_what_it_started(tmp_path: Path) -> None:
    code = "import subprocess\nsubprocess.run('setsid sleep 600 & echo begun > ready; sleep 600', shell=True)"
    call = asyncio.create_task(run_tool(python, {"code": code}, workspace=tmp_path))
    await asyncio.to_thread(wait_for, tmp_path / "ready")
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    assert await asyncio.to_thread(left_in, tmp_path) == []


async def test_a_process_that_the_code_leaves_is_stopped_and_that_is_said(tmp_path: Path) -> None:
    code = "import subprocess\nchild = subprocess.Popen(['sleep', '600'])"
    assert await output_of(code, tmp_path) == "(no output)\n[exit code 0; what it left running was stopped]"


async def test_what_is_printed_is_shown_while_the_code_runs(tmp_path: Path) -> None:
    events: list[Event] = []
    code = "import time\nprint('one'); time.sleep(0.5); print('two'); time.sleep(0.5)"
    await run_tool(python, {"code": code}, workspace=tmp_path, events=events)
    assert [event.text for event in events if isinstance(event, ToolProgress)] == ["one", "two"]


async def test_half_characters_in_the_output_are_escaped(tmp_path: Path) -> None:
    assert await output_of(r"print('\ud800ä')", tmp_path) == "\\ud800ä"


@pytest.mark.parametrize(
    ("code", "says"),
    [("", "the code is empty"), (" \n", "the code is empty"), ("a\0b", "NUL"), ("'\ud800'", "half a character")],
)
async def test_what_is_no_code_is_refused_before_anybody_is_asked(code: str, says: str, tmp_path: Path) -> None:
    events: list[Event] = []
    finished = await run_tool(python, {"code": code}, workspace=tmp_path, events=events)
    assert finished.status is ToolStatus.INVALID
    assert says in finished.output
    assert not any(isinstance(event, ApprovalRequested) for event in events)


async def test_the_person_is_asked_with_the_numbered_lines_of_exactly_this_code(tmp_path: Path) -> None:
    events: list[Event] = []
    code = "\n".join(["x = 1", "", *["x += 1"] * 7, "print(x)"]) + "\n"
    await run_tool(python, {"code": code}, workspace=tmp_path, allow=False, events=events)
    asked = next(event for event in events if isinstance(event, ApprovalRequested))
    assert asked.preview.splitlines() == [
        " 1  x = 1",
        " 2  ",
        *[f"{n:2}  x += 1" for n in range(3, 10)],
        "10  print(x)",
    ]
    assert asked.remembers == (code,)


def test_both_sides_know_the_same_exit_code() -> None:
    assert stage.FAILED == FAILED
