"""The calculator's process: it stays small, and its death, its hanging and its end cost one call at most."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.calculator.process import Reckoner, command
from rookery_plugins.calculator.tools import MAX_CHARS, Calculator
from tests.plugins.hostile_sums import HOSTILE

MEGABYTE = 1_000_000

linux = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="looks into /proc")
posix = pytest.mark.skipif(os.name != "posix", reason="needs signals")


def start(idle_s: int = 60) -> subprocess.Popen[bytes]:
    return subprocess.Popen(command(idle_s), stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={})


def ask(process: subprocess.Popen[bytes], expression: str) -> dict[str, str]:
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(json.dumps({"expression": expression}).encode() + b"\n")
    process.stdin.flush()
    answer: dict[str, str] = json.loads(process.stdout.readline())
    return answer


def changed(how: str) -> list[str]:
    """The command of a process that is another in one respect."""
    isolated, code, arguments = command()[:3], command()[3], command()[4:]
    return [
        *isolated,
        code.replace("main(int", f"from rookery_plugins.calculator import child; {how}\nmain(int"),
        *arguments,
    ]


def most_memory(process: subprocess.Popen[bytes]) -> int:
    """Bytes that were resident at the worst time; what ru_maxrss says includes the process that it was forked from."""
    status = Path(f"/proc/{process.pid}/status").read_text()
    (line,) = [line for line in status.splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


def children() -> set[int]:
    """The processes that this one has started and that have not ended."""
    found = set()
    for task in Path("/proc/self/task").iterdir():
        with contextlib.suppress(OSError):  # a thread that has just ended
            found |= {int(pid) for pid in (task / "children").read_text().split()}
    return {pid for pid in found if _state(pid) not in ("Z", "")}


def _state(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2][:1]
    except OSError:
        return ""


def until(true: Callable[[], bool]) -> None:
    """Wait for it; the test's time limit ends what never comes."""
    while not true():
        time.sleep(0.01)


@linux
def test_everything_that_is_meant_to_hurt_leaves_one_process_alive_and_small() -> None:
    with start() as process:
        for expression, _ in HOSTILE:
            if len(expression) <= MAX_CHARS:
                assert "result" not in ask(process, expression), expression
        assert ask(process, "17 * 23") == {"result": "391"}
        assert most_memory(process) < 64 * MEGABYTE


@linux
def test_plain_arithmetic_never_loads_the_units() -> None:
    with start() as process:
        assert ask(process, "15% of 80 + sqrt(16)") == {"result": "16"}
        assert ask(process, "foo(3)").keys() == {"misread"}
        plain = most_memory(process)
        assert ask(process, "5 km in m") == {"result": "5000 m"}
        assert plain < most_memory(process) < 64 * MEGABYTE
        assert plain < 24 * MEGABYTE


@linux
def test_memory_is_bounded_whatever_the_evaluator_does() -> None:
    greedy = changed("child.worked_out = lambda *_: len(bytearray(10**8))")
    with subprocess.Popen(greedy, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env={}) as process:
        assert ask(process, "1") == {"no_value": "it takes too much memory; use smaller numbers"}


@posix
@pytest.mark.timeout(60)
async def test_computing_without_end_is_ended_by_the_system() -> None:
    tools = Calculator(
        Reckoner(changed("child.CPU_S = 0; child.worked_out = lambda *_: sum(iter(int, 1))"), limit_s=50)
    )
    finished = await run_tool(tools.calculator, {"expression": "1"})
    assert finished.status is ToolStatus.FAILED
    assert "computed for too long and was ended by SIGXCPU" in finished.output


async def test_a_bug_in_the_evaluator_is_told_as_what_it_is() -> None:
    tools = Calculator(Reckoner(changed("child.worked_out = lambda *_: [][0]")))
    finished = await run_tool(tools.calculator, {"expression": "1"})
    assert finished.status is ToolStatus.FAILED
    assert "IndexError: list index out of range" in finished.output
    assert (await run_tool(tools.convert_units, {"amount": 1, "unit": "km", "to": "m"})).output == "1 km = 1000 m"


async def test_a_process_that_does_not_answer_in_time_is_ended_and_the_call_fails() -> None:
    reckoner = Reckoner([sys.executable, "-c", "import time; time.sleep(1000)"], limit_s=0.3)
    finished = await run_tool(Calculator(reckoner).calculator, {"expression": "1"})
    assert finished.status is ToolStatus.FAILED
    assert "longer than 0.3 seconds" in finished.output


@linux
async def test_a_stopped_call_ends_its_process() -> None:
    before = children()
    tools = Calculator(Reckoner([sys.executable, "-c", "import time; time.sleep(1000)"], limit_s=1000))
    call = asyncio.create_task(run_tool(tools.calculator, {"expression": "1"}))
    await asyncio.to_thread(until, lambda: bool(children() - before))
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    until(lambda: children() <= before)


@pytest.mark.parametrize(
    ("code", "says"),
    [
        ("import os; os.kill(os.getpid(), 11)", "was ended by SIGSEGV"),
        ("raise SystemExit(3)", "ended with exit code 3"),
        ("print('1', end='')", "ended with exit code 0"),
        ("print('no json', flush=True); input()", "what cannot be understood"),
        ("print('{}', flush=True); input()", "what cannot be understood"),
    ],
)
async def test_a_process_that_breaks_is_named_and_costs_one_call(tmp_path: Path, code: str, says: str) -> None:
    broken = tmp_path / "broken"
    broken.touch()
    once = f"import os\nif os.path.exists({str(broken)!r}):\n    os.remove({str(broken)!r})\n    input()\n    {code}\nelse:"
    rest = command()[3].strip().replace("\n", "\n    ")
    tools = Calculator(Reckoner([*command()[:3], f"{once}\n    {rest}", *command()[4:]]))
    finished = await run_tool(tools.calculator, {"expression": "1 + 1"})
    assert finished.status is ToolStatus.FAILED
    assert says in finished.output
    assert (await run_tool(tools.calculator, {"expression": "1 + 1"})).output == "2"


@linux
async def test_one_that_was_killed_while_nobody_asked_is_not_noticed() -> None:
    before = children()
    tools = Calculator()
    assert (await run_tool(tools.calculator, {"expression": "1 + 1"})).output == "2"
    (pid,) = children() - before
    os.kill(pid, signal.SIGKILL)
    until(lambda: pid not in children())
    assert (await run_tool(tools.calculator, {"expression": "2 + 2"})).output == "4"


@linux
async def test_a_process_is_kept_for_the_next_call_and_ends_with_its_owner() -> None:
    before = children()
    tools = Calculator()
    for _ in range(3):
        await run_tool(tools.calculator, {"expression": "1 + 1"})
    assert len(children() - before) == 1
    del tools
    until(lambda: gc.collect() >= 0 and children() <= before)


@linux
async def test_calls_at_the_same_time_do_not_wait_for_each_other_and_leave_one_process() -> None:
    before = children()
    tools = Calculator()
    calls = [run_tool(tools.calculator, {"expression": f"{n} * 2"}) for n in range(8)]
    assert [finished.output for finished in await asyncio.gather(*calls)] == [str(n * 2) for n in range(8)]
    assert len(children() - before) == 1


@posix
def test_a_process_that_nobody_asks_ends_by_itself() -> None:
    with start(idle_s=1) as process:
        assert ask(process, "1 + 1") == {"result": "2"}
        assert process.wait() == -signal.SIGALRM


@linux
def test_it_ends_with_the_program_however_that_ends(tmp_path: Path) -> None:
    code = (
        "import os, threading\nfrom rookery_plugins.calculator.process import Reckoner\n"
        "reckoner = Reckoner()\nprint(reckoner.ask({'expression': '6 * 7'}, lambda: False))\n"
        "print(open(f'/proc/self/task/{os.getpid()}/children').read(), flush=True)\n"
    )
    for end in ("", "os.kill(os.getpid(), 9)"):
        done = subprocess.run([sys.executable, "-c", code + end], capture_output=True, text=True, check=False)
        result, pids = done.stdout.splitlines()
        assert result == "42"
        for pid in pids.split():
            until(lambda pid=int(pid): _state(pid) in ("Z", ""))  # type: ignore[misc]


@linux
async def test_it_inherits_no_open_file_no_variable_and_no_session() -> None:
    before = children()
    read, write = os.pipe()
    os.set_inheritable(read, True)
    try:
        tools = Calculator()
        await run_tool(tools.calculator, {"expression": "1 + 1"})
        (pid,) = children() - before
        assert {int(fd.name) for fd in Path(f"/proc/{pid}/fd").iterdir()} == {0, 1, 2}
        assert b"PATH=" not in Path(f"/proc/{pid}/environ").read_bytes().replace(b"LD_LIBRARY_PATH", b"")
        assert os.getsid(pid) == pid
    finally:
        os.close(read)
        os.close(write)


def test_it_needs_nothing_of_rookery_but_the_calculator() -> None:
    code = (
        "import sys\nsys.path.append(sys.argv[1])\nimport rookery_plugins.calculator.child\n"
        "print([name for name in sys.modules if name.startswith(('rookery_core', 'pydantic', 'pint', 'asyncio'))])"
    )
    done = subprocess.run([*command()[:3], code, *command()[4:]], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
