"""Ways for the full-screen program and for the plain prompt to die: is the terminal as it was, is any process left?

python benchmarks/security/deaths.py [--runs N] [--kind NAME] [--prompt] [--json FILE]

Each run starts the program in a terminal of its own, with its supervisor, a model's process, a command of a tool, and
a process that an in-process tool left behind in a session of its own. With `--prompt` it is the plain prompt, which
waits for a message, and has no command under way. Then it dies; afterwards the settings of the
terminal must be equal, the alternate screen, mouse, focus, paste and keyboard modes off and the cursor shown, and no
process may be left of those that were below the supervisor.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.security.pseudo_terminal import PATIENCE_S, Lives, Terminal, alive, below

COMMAND = [sys.executable, __file__, "--program"]

PASTE_ON, SCREEN_ON = "\x1b[?2004h", "\x1b[?1049h"
SETTLE_S = 1.0
"""What a process that is being ended may take."""

Death = Callable[[Terminal, int, int], None]
"""Is given the terminal, the supervisor's process and the program's."""


def by(number: int) -> Death:
    """The program alone gets a signal."""
    return lambda terminal, supervisor, program: os.kill(program, number)


def to_all(number: int) -> Death:
    """All of the job gets a signal, as from `kill %1`."""
    return lambda terminal, supervisor, program: os.killpg(supervisor, number)


def to_supervisor(number: int) -> Death:
    return lambda terminal, supervisor, program: os.kill(supervisor, number)


def stopped_before(terminal: Terminal, supervisor: int, program: int) -> None:
    """Stopped without warning, gone on with, and then ended."""
    os.kill(program, signal.SIGSTOP)
    _gone_on_with(terminal)
    os.kill(program, signal.SIGKILL)


def suspended_before(terminal: Terminal, supervisor: int, program: int) -> None:
    """Told to stop as by Ctrl+Z in a shell, gone on with, and then ended."""
    os.killpg(supervisor, signal.SIGTSTP)
    _gone_on_with(terminal)
    os.kill(supervisor, signal.SIGTERM)


def suspended_by_key(terminal: Terminal, supervisor: int, program: int) -> None:
    """Ctrl+Z, `fg`, and then ended."""
    terminal.type(b"\x1a")
    _gone_on_with(terminal)
    os.kill(program, signal.SIGKILL)


def _gone_on_with(terminal: Terminal) -> None:
    """Once it is stopped the terminal is the shell's; then `fg` brings the full screen back."""
    terminal.wait(lambda: "stopped" in terminal.reports)
    assert terminal.not_restored() == [], "stopped"
    n_before = len(terminal.output)
    terminal.order("fg")
    terminal.wait(lambda: any(mode in terminal.output[n_before:] for mode in (b"\x1b[?1049h", b"\x1b[?2004h")))
    time.sleep(0.3)


def by_itself(terminal: Terminal, supervisor: int, program: int) -> None:
    """A tool does it, in the program's own process."""


def resized(terminal: Terminal, supervisor: int, program: int) -> None:
    """A storm of sizes, the smallest among them, and then the end."""
    for lines, columns in [(1, 1), (2, 300), (100, 2), (24, 80), (1, 1), (36, 120)] * 5:
        terminal.resize(lines, columns)
        terminal.read(0.02)
    terminal.read(0.3)
    os.kill(program, signal.SIGSEGV)


KINDS: dict[str, tuple[Death, set[str]]] = {
    "SEGV": (by(signal.SIGSEGV), {"exit 139"}),
    "KILL": (by(signal.SIGKILL), {"exit 137"}),
    "TERM": (by(signal.SIGTERM), {"exit 143"}),
    "HUP": (by(signal.SIGHUP), {"exit 129"}),
    "INT": (by(signal.SIGINT), {"exit 130"}),
    "QUIT": (by(signal.SIGQUIT), {"exit 131"}),
    "ABRT": (by(signal.SIGABRT), {"exit 134"}),
    "BUS": (by(signal.SIGBUS), {"exit 135"}),
    "ILL": (by(signal.SIGILL), {"exit 132"}),
    "FPE": (by(signal.SIGFPE), {"exit 136"}),
    "TERM to all": (to_all(signal.SIGTERM), {"exit 143"}),
    "HUP to all": (to_all(signal.SIGHUP), {"exit 129"}),
    "TERM to the supervisor": (to_supervisor(signal.SIGTERM), {"exit 143"}),
    "INT to the supervisor": (to_supervisor(signal.SIGINT), {"exit 130"}),
    "KILL to the supervisor": (to_supervisor(signal.SIGKILL), {"signal 9"}),
    "STOP, CONT, KILL": (stopped_before, {"exit 137"}),
    "TSTP, CONT, TERM": (suspended_before, {"exit 143"}),
    "Ctrl+Z, fg, KILL": (suspended_by_key, {"exit 137"}),
    "segfault in a library": (by_itself, {"exit 139"}),
    "exit in a library": (by_itself, {"exit 3"}),
    "resize storm, SEGV": (resized, {"exit 139"}),
}
AT_A_PROMPT = {
    kind: codes
    for kind, codes in KINDS.items()
    if kind not in ("INT", "INT to the supervisor", "segfault in a library", "exit in a library")
}
"""Those that end a plain prompt, where Ctrl+C does not, and which waits for a message."""
BUSY = "busy"
"""What the plain prompt's tool does while the terminal is closed: it has a command run."""
INSIDE = {"segfault in a library": "segfault", "exit in a library": "exit"}
"""What a tool does, by kind."""


def one(kind: str, *, prompt: bool = False) -> dict[str, Any]:
    """One run of a kind: what was not restored, how many processes were left, whether the exit code was right."""
    die, codes = KINDS[kind]
    with tempfile.TemporaryDirectory() as folder, _begun(Path(folder), INSIDE.get(kind, ""), prompt=prompt) as begun:
        terminal, before = begun
        if prompt:  # it waits for the next message
            terminal.wait(lambda: terminal.output.count(PASTE_ON.encode()) > 1)
        assert terminal.not_restored() != []
        supervisor = terminal.job
        before.update(below(supervisor))
        program = min(before.keys() - {supervisor}, key=lambda pid: int(before[pid]))
        began = time.perf_counter()
        die(terminal, supervisor, program)
        terminal.wait(lambda: terminal.reports[-1].startswith(("exit", "signal")))
        if kind == "KILL to the supervisor":  # the program notices, and ends by itself
            terminal.wait(lambda: program not in alive(before))
        took_s = time.perf_counter() - began
        left, how = _left(terminal, before), terminal.reports[-1]
        return {
            "restored": terminal.not_restored(),
            "left": left,
            "code": how if how not in codes else "",
            "processes": len(before),
            "seconds": took_s,
        }


def hung_up(folder: Path, *, prompt: bool) -> tuple[int, int]:
    """The terminal is closed while a command is under way: how many processes there were, and how many are left.

    What was stored is in `folder` / "home".
    """
    with _begun(folder, BUSY, prompt=prompt) as (terminal, before):
        before.update(below(terminal.job))
        supervisor = terminal.job
        terminal.hang_up()
        terminal.wait(lambda: supervisor not in alive(before))
        return len(before), _left(terminal, before)


@contextmanager
def _begun(folder: Path, die: str, *, prompt: bool) -> Iterator[tuple[Terminal, Lives]]:
    """The program in its turn. What the body puts into the second is ended afterwards."""
    ready = folder / "ready"
    env = {**os.environ, "READY": str(ready), "ROOKERY_HOME": f"{folder}/home", "DIE": die}
    before: Lives = {}
    terminal = Terminal([*COMMAND, *(["--prompt"] if prompt else [])], env, folder)
    try:
        if prompt:
            terminal.wait_for(PASTE_ON)
            terminal.type(b"go\r")
        terminal.wait(ready.exists)
        assert (PASTE_ON if prompt else SCREEN_ON).encode() in terminal.output
        yield terminal, before
    finally:
        for pid in alive(before):
            with suppress(ProcessLookupError):  # it ended just now
                os.kill(pid, signal.SIGKILL)
        terminal.close()


def _left(terminal: Terminal, before: Lives) -> int:
    """How many are still there when they had their time to end."""
    until = time.monotonic() + SETTLE_S
    while (left := alive(before)) and time.monotonic() < until:
        terminal.read()
    return len(left)


# -- the program --------------------------------------------------------------------------------------------------


def program(*, prompt: bool) -> int:
    """The full-screen program with a scripted model, whose turn has a tool wait for a command; or the plain prompt."""
    from rookery_core.logs import VisibleLog
    from rookery_core.paths import Paths
    from rookery_tui.supervising import Below, supervised

    paths = Paths.find(os.environ)

    def work(below: Below | None) -> int:
        from rookery_core.approval.policy import Answerer, Approver, Reply
        from rookery_core.assistant import Assistant
        from rookery_core.compose import build
        from rookery_core.config import Config
        from rookery_core.equipment import Options
        from rookery_core.events import ApprovalRequested, Decision
        from rookery_core.model.scripted import ScriptedModel
        from rookery_core.model.worker import Worker
        from rookery_core.plugin import Risk, tool
        from rookery_core.tools.gathering import Offers
        from rookery_core.tools.loader import Loaded, LoadedPlugin
        from rookery_plugins.shell import shell
        from rookery_tui.app import RookeryApp
        from rookery_tui.console import Console
        from rookery_tui.repl import lines_for, repl
        from rookery_tui.starting import Resume
        from rookery_tui.subcommands.chat import prompt_below, run_below

        workers = []
        busy = os.environ["DIE"] == BUSY

        @tool(risk=Risk.PURE)
        async def begin() -> str:
            """Start a model's process, and leave another behind."""
            workers.append(Worker(paths.model_log))
            await workers[0].start()
            await asyncio.create_subprocess_exec("setsid", "sleep", "1000", stdin=subprocess.DEVNULL)
            if prompt and not busy:
                await asyncio.to_thread(Path(os.environ["READY"]).touch)
            return "begun"

        @tool(risk=Risk.PURE)
        def die(how: str) -> str:
            """Die, once there was time to look at the processes."""
            Path(os.environ["READY"]).touch()
            time.sleep(1)
            if how == "exit":
                ctypes.CDLL(None).exit(3)
            ctypes.string_at(0)
            return ""

        second = f'shell\nInput: {{"command": "touch {os.environ["READY"]}; sleep 1000"}}'
        if os.environ["DIE"] and not busy:
            second = f'die\nInput: {{"how": "{os.environ["DIE"]}"}}'
        then = "Answer: begun" if prompt and not busy else f"Action: {second}"
        model = ScriptedModel(["Thought: x\nAction: begin\nInput: {}", f"Thought: x\n{then}"])

        async def yes(request: ApprovalRequested) -> Reply:
            return Reply(Decision.ONCE)

        def make(approver: Approver, answerer: Answerer) -> Assistant:
            kit = LoadedPlugin("kit", "kit-dist", Offers(tools=(begin, die, shell)))
            return build(
                Config(), paths, Options(workspace=Path.cwd()), approver=yes, model=[model], plugins=Loaded((kit,), ())
            )

        if prompt:
            assert below is not None
            console = Console.of_process(os.environ["TERM"]).outliving()
            lines = lines_for(console, paths)
            return prompt_below(repl(make, lines, console.stdout, console.stderr, Resume()), lines, below)

        class Begun(RookeryApp):
            """Sends the first message by itself."""

            async def _begin(self) -> None:
                await super()._begin()
                assert self.conversation is not None
                self.conversation.send("go")

        app = Begun(make)
        if below is None:
            app.run()
        else:
            run_below(app, below)
        return app.return_code or 0

    return supervised(work, lambda: VisibleLog(paths.screen_log))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--kind", choices=KINDS)
    parser.add_argument("--prompt", action="store_true", help="at the plain prompt")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--program", action="store_true", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.program:
        return program(prompt=given.prompt)
    found: dict[str, list[dict[str, Any]]] = {}
    for kind in [given.kind] if given.kind else AT_A_PROMPT if given.prompt else KINDS:
        runs = found[kind] = [one(kind, prompt=given.prompt) for _ in range(given.runs)]
        print(
            f"{kind:24} not restored {sum(bool(run['restored']) for run in runs)}/{len(runs)}  "
            f"processes left {sum(run['left'] for run in runs)} of {sum(run['processes'] for run in runs)}  "
            f"wrong code {sum(bool(run['code']) for run in runs)}  slowest {max(run['seconds'] for run in runs):.1f} s",
            flush=True,
        )
    everything = [run for runs in found.values() for run in runs]
    n, bad = len(everything), sum(bool(run["restored"] or run["left"] or run["code"]) for run in everything)
    bound = f", upper bound {min(1, 3 / n):.2%}" if not bad else ""
    print(f"N = {n} in {PATIENCE_S:g} s each at most: {bad} wrong{bound}")
    if given.json:
        given.json.write_text(json.dumps(found, indent=1))
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
