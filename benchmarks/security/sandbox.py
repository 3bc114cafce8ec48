"""The sandbox, tried from inside: how many of the probes are refused at a level, and what starting in it costs.

python benchmarks/security/sandbox.py [--level L3|L2] [--reads] [--user] [--cost] [--json FILE]

Each probe runs as a program of a tool does. It counts only where it is known to be able to succeed: first it is tried
without a sandbox, in the same surroundings, and has to succeed there, unless the person may not do it anyway. `--user`
does it all as an ordinary user (to be started by root). `--reads` tries the sandbox in which nothing is changed, and
more on it. `--cost` measures a call with and without.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import platform
import signal
import socket
import stat
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.security.sandbox_probes import HEAD, PROBES, READING, ROOT, USER, Probe

from rookery_core.approval.places import Places
from rookery_core.plugin import Box, ToolFailed
from rookery_core.sandbox.level import CANNOT, Level
from rookery_core.sandbox.making import files_and_calls, machine_of_its_own
from rookery_core.sandbox.room import Room
from rookery_core.sandbox.seccomp import _DENIED, _KINDS
from rookery_plugins.programs import Output, Program, environment, run

TAIL = "\nprint('DONE' if RESULT is not False else 'refused: False')\n"
LIMIT_S = 30.0
_NUMBERED = {
    "nr_name_to_handle": "name_to_handle_at", "nr_fsopen": "fsopen", "nr_open_tree": "open_tree",
    "nr_ptrace": "ptrace", "nr_vm_readv": "process_vm_readv", "nr_io_uring": "io_uring_setup",
    "nr_add_key": "add_key", "nr_keyctl": "keyctl", "nr_userfaultfd": "userfaultfd", "nr_bpf": "bpf",
    "nr_perf": "perf_event_open", "nr_syslog": "syslog", "nr_delete_module": "delete_module", "nr_swapon": "swapon",
    "nr_fanotify": "fanotify_init",
}  # fmt: skip


_RENAMEAT2 = {"x86_64": 316, "aarch64": 276}


@dataclass
class World:
    """What there is on the machine for a probe to get at."""

    base: Path
    token: str
    around: dict[str, str]
    workspaces: tuple[Path, ...]
    held: ExitStack = field(default_factory=ExitStack)

    def room(self, root: Path, *, private_below: bool = True) -> Room:
        """What is around a program; `private_below`: whether some of the workspace is private, too."""
        home, own = Path(self.around["home"]), (Path(self.around["own"]), Path(self.around["own_below"]))
        secret = (home / ".ssh", Path("/etc/shadow"), Path(self.around["workspace"], "keys"))
        if not private_below:
            own, secret = own[:1], secret[:2]
        places = Places(home, own, (Path(sys.prefix),), secret)
        return Room(root, home, places, reads=(Path(self.around["shown"]),), unseen=_unseen())


def _unseen() -> tuple[Path, ...]:
    from rookery_core.sandbox.layout import of_root_alone

    return tuple(of_root_alone()) if os.geteuid() == 0 else ()


@contextmanager
def world() -> Iterator[World]:
    """Files, sockets, a process and a terminal outside; they go afterwards."""
    token = f"token{os.urandom(6).hex()}"
    with ExitStack() as held:
        base = Path(os.path.realpath(held.enter_context(tempfile.TemporaryDirectory(dir=_roomy(), prefix="s8-"))))
        names = ("outside", "home/.ssh", "own", "shown", "workspace/.own", "workspace/keys", "bare", "bare2", "bare3")
        for name in (
            *names,
            *(f"{each}/.git/hooks" for each in ("workspace", "workspace/sub/deep", "again", "again2")),
        ):
            (base / name).mkdir(parents=True)
        secret = f"secret-{token}\n"
        for name in (
            *(f"outside/{each}" for each in ("secret", "b", "c", "d", "e", "f")),
            "home/.ssh/id_ed25519", "home/letter", "own/rookery.db", "own/plugins.json", "shown/secret",
            "workspace/.own/rookery.db", "workspace/keys/credentials", "workspace/.git/config",
            "workspace/sub/deep/.git/config", "workspace/.rookery/rules.toml", "workspace/.vscode/tasks.json",
            "again/.git/config", "again/.rookery/rules.toml", "again2/.git/config",
        ):  # fmt: skip
            (base / name).parent.mkdir(exist_ok=True)
            (base / name).write_text(secret)
        (base / "workspace/planted").symlink_to(base / "outside/secret")
        around = {name: str(base / name) for name in ("outside", "home", "own", "shown", "workspace", "bare")}
        around |= {name: str(base / name) for name in ("again", "again2", "bare2", "bare3")}
        shm = Path("/dev/shm", token)
        shm.write_text(secret)
        held.callback(shm.unlink, missing_ok=True)
        victim = subprocess.Popen(["sleep", "1000"], env={"SECRET_TOKEN": token}, start_new_session=True)
        held.callback(victim.wait)
        held.callback(victim.send_signal, signal.SIGKILL)
        tcp, udp = held.enter_context(socket.create_server(("127.0.0.1", 0))), held.enter_context(_udp())
        abstract, named = (held.enter_context(socket.socket(socket.AF_UNIX)) for _ in range(2))
        abstract.bind(f"\0{token}")
        abstract.listen()
        with _in(base / "outside"):
            named.bind("listens")
        named.listen()
        _in_the_workspace(base / "workspace", held)
        above, below = os.openpty()
        held.callback(os.close, above)
        held.callback(os.close, below)
        for opened in (base / "outside/secret", base / "outside"):
            number = os.open(opened, os.O_RDONLY)
            os.set_inheritable(number, True)
            held.callback(os.close, number)
        kind = _KINDS[platform.machine()]
        around |= {
            "token": token,
            "own_below": str(base / "workspace/.own"),
            "victim": str(victim.pid),
            "port": str(tcp.getsockname()[1]),
            "udp": str(udp.getsockname()[1]),
            "terminal": os.ttyname(below),
            "prefix": sys.prefix,
        }
        for name, path in {
            "prefix_made": Path(sys.prefix, token), "system_made": Path("/usr/share", token),
            "etc_made": Path("/etc", token), "shm_made": Path(f"/dev/shm/made-{token}"),
            "tmp_made": Path(f"/tmp/made-{token}"),
        }.items():  # fmt: skip
            around[name] = str(path)
            held.callback(path.unlink, missing_ok=True)
        numbers = {key: str(_DENIED[name][kind.column]) for key, name in _NUMBERED.items()}
        around |= numbers | {
            "nr_renameat2": str(_RENAMEAT2[platform.machine()]),
            "nr_clone": str(kind.clone),
            "nr_clone3": str(kind.clone3),
        }
        yield World(
            base, token, around, tuple(base / each for each in ("workspace", "again", "bare", "again2", "bare2"))
        )


def _in_the_workspace(root: Path, held: ExitStack) -> None:
    """Files, a pipe, sockets and, as root, a device and a disk, which somebody else uses."""
    (root / "folder").mkdir()
    (root / "file").write_text("as it was\n")
    os.mkfifo(root / "pipe")
    held.callback(os.close, os.open(root / "pipe", os.O_RDONLY | os.O_NONBLOCK))
    stream, datagrams = (held.enter_context(socket.socket(socket.AF_UNIX, kind)) for kind in (1, 2))
    with _in(root):
        stream.bind("stream")
        datagrams.bind("datagrams")
    stream.listen()
    written = os.open(root / "file", os.O_RDWR)
    os.set_inheritable(written, True)
    held.callback(os.close, written)
    if os.geteuid() == 0:
        os.mknod(root / "null", stat.S_IFCHR | 0o666, os.makedev(1, 3))
        (root / "disk").mkdir()
        if subprocess.run(["mount", "-t", "tmpfs", "none", root / "disk"], check=False).returncode == 0:
            held.callback(subprocess.run, ["umount", root / "disk"], check=False)


def _roomy() -> str:
    """Where the world is: not in /tmp, which is another one inside anyway."""
    for folder in ("/var/lib", str(Path.home())):
        if os.access(folder, os.W_OK):
            return folder
    return os.environ["S8_FOLDER"]


def _udp() -> socket.socket:
    made = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    made.bind(("127.0.0.1", 0))
    return made


@contextmanager
def _in(folder: Path) -> Iterator[None]:
    """A socket's path may not be long."""
    before = Path.cwd()
    os.chdir(folder)
    yield
    os.chdir(before)


class At:
    """The sandbox of one level, whatever the machine's is."""

    def __init__(self, level: Level, room: Room, *, writes: bool = True) -> None:
        self._level = level
        self._room = room
        self._writes = writes

    @contextmanager
    def box(self, *, reads: Sequence[Path] = (), writes: bool = True, harmless: bool = False) -> Iterator[Box | None]:
        make = machine_of_its_own if self._level is Level.L3 else files_and_calls
        with make(self._room, reads, writes=writes and self._writes) as box:
            yield box


def code_of(probe: Probe, around: dict[str, str]) -> str:
    """The probe as a program: its last line is what came of it."""
    given = {key: int(value) if key.startswith("nr_") else value for key, value in around.items()}
    tree = ast.parse(probe.code)
    if isinstance(last := tree.body[-1], ast.Expr):
        tree.body[-1] = ast.Assign([ast.Name("RESULT", ast.Store())], last.value)
    indented = "\n".join(f"    {line}" for line in ast.unparse(ast.fix_missing_locations(tree)).split("\n"))
    return (
        f"{HEAD}\nw = {given!r}\nRESULT = None\ntry:\n{indented}\n"
        "except (OSError, ProcessLookupError) as exc:\n    print('refused:', exc)\nelse:"
        + TAIL.replace("\n", "\n    ").rstrip()
        + "\n"
    )


def root_of(probe: Probe, found: World) -> Path:
    """The workspace that a probe is tried in: the one that it names."""
    for name in ("again2", "again", "bare2", "bare3", "bare"):
        if f"w['{name}']" in probe.code and "os.replace" not in probe.code:
            return Path(found.around[name])
    return Path(found.around["bare2" if "bare2" in probe.code else "workspace"])


def confined(probe: Probe, found: World, level: Level, *, writes: bool = True) -> tuple[bool, str]:
    """Whether a probe succeeds in the sandbox, and what it said."""
    root = root_of(probe, found)
    output = Output(lambda _: None)
    around = environment() | {"HOME": found.around["home"]}
    code = code_of(probe, {**found.around, **({"bare": str(root)} if "os.replace" in probe.code else {})})
    program = Program(sys.executable, [sys.executable, "-I", "-S", "-c", code], root, around)
    private = level is Level.L3 or "own_below" in probe.code or "keys/" in probe.code
    sandbox = At(level, found.room(root, private_below=private), writes=writes)
    try:
        run(program, output, sandbox=sandbox, limit_s=LIMIT_S, cancelled=lambda: False)
    except ToolFailed as exc:
        if "cannot hide" in str(exc):  # the whole call is refused
            return False, f"refused: {exc}"
        return True, f"NOT TRIED: {exc}"
    return _succeeded(probe, found, output.text()), output.text()


def unconfined(probe: Probe, found: World) -> tuple[bool, str]:
    """The same where nothing confines it, and everything is inherited."""
    command = [sys.executable, "-I", "-S", "-c", code_of(probe, found.around)]
    if probe.apart:
        command = ["unshare", "--mount", *command]
    done = subprocess.run(
        command,
        cwd=root_of(probe, found),
        env={**os.environ, "HOME": found.around["home"], "SECRET_TOKEN": found.token},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        close_fds=False,
        check=False,
        timeout=LIMIT_S,
        start_new_session=True,
    )
    return _succeeded(probe, found, done.stdout), done.stdout


def _succeeded(probe: Probe, found: World, said: str) -> bool:
    last = said.strip().split("\n")[-1]
    if probe.happened is not None:
        return probe.happened(found.around)
    if not last.startswith(("DONE", "refused")):
        raise AssertionError(f"{probe.name} is broken: {said}")
    return last == "DONE"


@dataclass(frozen=True)
class Result:
    """What came of one probe."""

    name: str
    refused: bool
    proven: bool | None
    """Whether it succeeds without a sandbox; None: this person may not do it anyway."""
    said: str


def tried(probe: Probe, level: Level, *, writes: bool = True) -> Result:
    """One probe at a level and without, each in a world of its own."""
    who = ROOT if os.geteuid() == 0 else USER
    with world() as found:
        succeeded, said = confined(probe, found, level, writes=writes)
    proven: bool | None = None
    if who in probe.proof:
        with world() as found:
            proven, free = unconfined(probe, found)
            said = said if proven else f"{said} | without: {free}"
    return Result(probe.name, not succeeded, proven, " ".join(said.split())[-300:])


def as_user() -> list[str]:
    """A command before one, to run it as an ordinary user who can read this Python, wherever it is installed.

    Only root can; what root alone may enter is shown elsewhere, in a mount namespace that goes with the command.
    """
    return [sys.executable, str(Path(__file__).with_name("ordinary.py"))]


def cost(level: Level, runs: int) -> dict[str, list[float]]:
    """Milliseconds of a call that prints a word, without a sandbox and with one, by turns."""

    class Open:
        @contextmanager
        def box(self, **_: Any) -> Iterator[Box | None]:
            yield None

    took: dict[str, list[float]] = {"plain": [], str(level): []}
    with world() as found:
        root = Path(found.around["workspace"])
        kinds: tuple[tuple[str, Any], ...] = (
            ("plain", Open()),
            (str(level), At(level, found.room(root, private_below=level is Level.L3))),
        )
        for _ in range(runs):
            for name, sandbox in kinds:
                begun = time.perf_counter()
                program = Program("/bin/sh", ["sh", "-c", "echo hi"], root, environment())
                output = Output(lambda _: None)
                run(program, output, sandbox=sandbox, limit_s=LIMIT_S, cancelled=lambda: False)
                assert output.text() == "hi", output.text()
                took[name].append(1000 * (time.perf_counter() - begun))
    return took


def told(results: Sequence[Result], level: Level, say: Callable[[str], object] = print) -> None:
    """The counts, and each probe that was not refused or proves nothing."""
    refused = sum(each.refused for each in results)
    proven = sum(each.proven is True for each in results)
    impossible = sum(each.proven is None for each in results)
    bound = f", so below {300 / len(results):.1f} %" if refused == len(results) else ""
    say(f"{level} as {'root' if os.geteuid() == 0 else 'a user'}: {refused} of {len(results)} refused{bound}; "
        f"{proven} succeed without a sandbox, {impossible} this person may not do anyway")  # fmt: skip
    for each in results:
        if not each.refused:
            say(f"  NOT REFUSED  {each.name}: {each.said}")
        if each.proven is False:
            say(f"  PROVES NOTHING  {each.name}: {each.said}")
    for line in CANNOT[level]:
        say(f"  {level} cannot: {line}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--level", choices=["L3", "L2"], default="L3")
    parser.add_argument("--reads", action="store_true", help="where nothing is changed; L3 alone has that")
    parser.add_argument("--probe", help="only those whose name holds this")
    parser.add_argument("--user", action="store_true", help="as an ordinary user; only root can")
    parser.add_argument("--cost", type=int, nargs="?", const=40, default=0, help="measure so many calls")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    level = Level[given.level]
    if given.user:
        again = [word for word in sys.argv[1:] if word != "--user"]
        raise SystemExit(subprocess.run([*as_user(), __file__, *again], check=False).returncode)
    if given.cost:
        for name, took in cost(level, given.cost).items():
            p95 = sorted(took)[int(0.95 * len(took))]
            best, middle = min(took), statistics.median(took)
            print(f"{name:6} {len(took)} calls  best {best:.0f}  median {middle:.0f}  p95 {p95:.0f} ms")
        return
    probes = (*PROBES, *READING) if given.reads else PROBES
    chosen = [probe for probe in probes if (given.probe or "") in probe.name]
    results = [tried(probe, level, writes=not given.reads) for probe in chosen]
    told(results, level)
    if given.json:
        given.json.write_text(json.dumps([vars(each) for each in results], indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
