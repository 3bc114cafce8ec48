"""What a tool's program may do, what is said where it cannot be confined, and that it never runs without then."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from rookery_core.approval.places import Places
from rookery_core.errors import ConfigError
from rookery_core.events import ApprovalRequested, Event, ToolFinished, ToolStatus
from rookery_core.plugin import Box, ToolFailed
from rookery_core.sandbox.layout import layout_of
from rookery_core.sandbox.level import Level, told
from rookery_core.sandbox.sandbox import Confinement
from rookery_core.sandbox.settings import SandboxSettings
from rookery_core.testing import run_tool, this_machine
from rookery_core.tools.registry import OfferedTool
from rookery_plugins.git import git
from rookery_plugins.programs import Output, Program, environment, run
from rookery_plugins.python import python
from rookery_plugins.shell import shell
from tests.core.sandbox.kit import fixed, linux, whole

pytestmark = [linux, pytest.mark.timeout(120)]


async def shelled(command: str, folder: Path, confinement: Confinement | None = None, **more: Any) -> ToolFinished:
    return await run_tool(shell, {"command": command}, workspace=folder, confinement=confinement, **more)


# -- what still works ---------------------------------------------------------------------------------------------


@whole
async def test_programs_write_in_the_workspace_and_in_places_of_their_own(tmp_path: Path) -> None:
    command = 'echo a > a && mkdir -p sub && echo b > sub/b && echo c > /tmp/c && echo d > "$TMPDIR/d" && echo e > ~/e && cat ~/e'
    assert (await shelled(command, tmp_path)).output == "e\n[exit code 0]"
    assert (tmp_path / "sub" / "b").read_text() == "b\n"
    assert not Path("/tmp/c").exists()
    assert (await shelled("ls ~/e /tmp/c", tmp_path)).output.endswith("[exit code 2]")


@whole
async def test_python_runs_with_what_is_installed_with_rookery(tmp_path: Path) -> None:
    code = "import pydantic, sqlite3, threading, multiprocessing\nwith multiprocessing.Pool(2) as p: print(p.map(abs, [-1, 2]))"
    finished = await run_tool(python, {"code": code}, workspace=tmp_path)
    assert finished.output == "[1, 2]"


@whole
async def test_an_environment_in_the_workspace_works(tmp_path: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(tmp_path / ".venv")], check=True)
    finished = await shelled(".venv/bin/python -c 'import sys; print(sys.prefix)'", tmp_path)
    assert finished.output == f"{tmp_path}/.venv\n[exit code 0]"


@whole
async def test_letters_of_the_person_s_language_are_as_outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LC_ALL", "C.UTF-8")
    assert (await shelled("echo ä > ä; ls", tmp_path)).output == "ä\n[exit code 0]"


@whole
async def test_a_repository_is_read_and_not_changed(tmp_path: Path) -> None:
    run_git = ["git", "-C", str(tmp_path), "-c", "user.name=Ann", "-c", "user.email=ann@example.org"]
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    subprocess.run([*run_git, "commit", "-q", "--allow-empty", "-m", "begin"], check=True)
    assert "begin" in (await shelled("git log --oneline", tmp_path)).output
    assert "begin" in (await run_tool(git, {"operation": "log"}, workspace=tmp_path)).output
    refused = await shelled("git config core.pager x", tmp_path)
    assert "it ran in the sandbox, which may be why" in refused.output
    assert "pager" not in (tmp_path / ".git" / "config").read_text()


@whole
async def test_a_folder_of_the_settings_is_read_and_not_written(tmp_path: Path) -> None:
    with_tools = Path(os.path.realpath(tmp_path)) / "tools"
    (tmp_path / "work").mkdir()
    with_tools.mkdir()
    (with_tools / "t").write_text("#!/bin/sh\necho tool\n")
    (with_tools / "t").chmod(0o755)
    command = f"{with_tools}/t; echo x > {with_tools}/t"
    hidden = await shelled(command, tmp_path / "work", fixed(Level.L3))
    assert "not found" in hidden.output
    shown = await shelled(
        command, tmp_path / "work", fixed(Level.L3, settings=SandboxSettings(read=(str(with_tools),)))
    )
    assert "tool\n" in shown.output
    assert "Read-only file system" in shown.output


@whole
async def test_a_program_that_the_sandbox_does_not_show_is_told_of(tmp_path: Path) -> None:
    (tmp_path / "work").mkdir()
    program = tmp_path / "t"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    finished = await run_tool(shell, {"command": [str(program)]}, workspace=tmp_path / "work")
    assert f"it lies in {tmp_path}, which the sandbox does not show" in finished.output


@whole
async def test_the_network_is_there_only_where_the_settings_say_so(tmp_path: Path) -> None:
    code = "import socket; s = socket.socket(); s.bind(('127.0.0.1', 0)); print('bound')"
    refused = await run_tool(python, {"code": code}, workspace=tmp_path)
    assert "Network is unreachable" in refused.output
    with_network = fixed(Level.L3, settings=SandboxSettings(network=True))
    assert (await run_tool(python, {"code": code}, workspace=tmp_path, confinement=with_network)).output == "bound"


@whole
async def test_nothing_is_left_in_the_workspace_of_what_was_covered(tmp_path: Path) -> None:
    (tmp_path / "a").touch()
    await shelled("touch b", tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "b"]


# -- limits -------------------------------------------------------------------------------------------------------


@whole
async def test_a_fork_bomb_is_held(tmp_path: Path) -> None:
    few = fixed(Level.L3, settings=SandboxSettings(processes=64))
    code = (
        "import os, time\n"
        "made = 0\n"
        "for _ in range(300):\n"
        "    try: pid = os.fork()\n"
        "    except OSError: break\n"
        "    if pid == 0: time.sleep(600)\n"
        "    made += 1\n"
        "print(made < 70)"
    )
    finished = await run_tool(python, {"code": code}, workspace=tmp_path, confinement=few)
    assert finished.output.startswith("True")


@whole
def test_killing_what_makes_the_sandbox_ends_all_that_is_in_it(tmp_path: Path) -> None:
    root = Path(os.path.realpath(tmp_path))
    with this_machine().at(root, asked=True).box() as box:
        assert box is not None
        command = "setsid sh -c 'while :; do echo x >> beat; sleep 0.02; done' & setsid sleep 600 & sleep 600"
        child = subprocess.Popen([*box.entrance, "/bin/sh", "-c", command])
        while not (root / "beat").exists():
            time.sleep(0.02)
        child.kill()
        child.wait()
        until = time.monotonic() + 5
        size = -1
        while (now := (root / "beat").stat().st_size) != size and time.monotonic() < until:
            size = now
            time.sleep(0.2)
        assert (root / "beat").stat().st_size == size


# -- never without ------------------------------------------------------------------------------------------------


class Given:
    """Gives a box that was changed."""

    def __init__(self, root: Path, **changes: Any) -> None:
        self._root = root
        self._changes = changes

    @contextmanager
    def box(self, *, reads: Sequence[Path] = (), writes: bool = True, harmless: bool = False) -> Iterator[Box | None]:
        with this_machine().at(self._root, asked=True).box(reads=reads) as box:
            assert box is not None
            yield replace(box, **{key: change(box) for key, change in self._changes.items()})


@pytest.mark.parametrize(
    "changes",
    [
        {"entrance": lambda box: ("/bin/false",)},
        {"entrance": lambda box: ("/no/such/file",)},
        {"entrance": lambda box: (box.entrance[0], "--no-such-option", *box.entrance[1:])},
        {"entrance": lambda box: (box.entrance[0], "--ro-bind", "/no/such/source", "/x", *box.entrance[1:])},
        {"inside": lambda box: "/no/such/folder"},
        {"order": lambda box: {**box.order, "same": [(b"/usr", 1, 1)]}},
        {"order": lambda box: {**box.order, "seccomp": b"12345678"}},
        {"order": lambda box: {**box.order, "landlock": [(b"/usr", 1 << 40)], "needed": True}},
        {"order": lambda box: {"groups": []}},
    ],
    ids=[
        "ends at once",
        "is not there",
        "an option",
        "a source",
        "modules",
        "exchanged",
        "filter",
        "rights",
        "nothing",
    ],
)
@whole
def test_where_the_sandbox_cannot_be_made_nothing_runs(changes: dict[str, Any], tmp_path: Path) -> None:
    root = Path(os.path.realpath(tmp_path))
    program = Program("/bin/sh", ["sh", "-c", "echo ran > ran"], root, environment())
    with pytest.raises(ToolFailed, match="the sandbox cannot be made, so nothing was run"):
        run(program, Output(lambda _: None), sandbox=Given(root, **changes), limit_s=20, cancelled=lambda: False)
    assert not (root / "ran").exists()


@pytest.mark.parametrize("level", [Level.L3, Level.L2])
async def test_a_name_that_cannot_be_kept_as_it_is_keeps_the_program_from_running(level: Level, tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / ".git").symlink_to("elsewhere")
    finished = await shelled("echo ran > ran", tmp_path, fixed(level))
    if level is Level.L3:
        assert "is a symbolic link" in finished.output
    assert (tmp_path / "ran").exists() is (level is Level.L2)  # which does not keep it anyway, and says so


async def test_rookery_s_own_folder_is_no_workspace_for_programs(tmp_path: Path) -> None:
    own = Path(os.path.realpath(tmp_path))
    finished = await shelled("echo ran > ran", tmp_path, fixed(Level.L3, own=own))
    assert "start Rookery in the folder of a project" in finished.output
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize("root", ["/", "/usr", "/etc", "/proc", "/home"])
async def test_folders_of_the_system_are_none_either(root: str) -> None:
    finished = await shelled("true", Path(root), fixed(Level.L3))
    assert "start Rookery in the folder of a project" in finished.output


# -- without a sandbox --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("tool", [shell, python], ids=lambda tool: tool.name)
async def test_without_a_sandbox_each_call_is_asked_about_whatever_is_allowed(tool: Any, tmp_path: Path) -> None:
    events: list[Event] = []
    arguments = {"command": "echo ran"} if tool is shell else {"code": "print('ran')"}
    for _ in range(2):
        await run_tool(tool, arguments, workspace=tmp_path, confinement=fixed(Level.L1), events=events)
    asked = [event for event in events if isinstance(event, ApprovalRequested)]
    assert len(asked) == 2
    assert all("NO SANDBOX" in each.reason and "bubblewrap" in each.reason for each in asked)
    assert not any(each.remembers or each.always for each in asked)


async def test_a_call_that_was_asked_about_is_not_asked_about_twice(tmp_path: Path) -> None:
    from rookery_core.approval.policy import Allowed, Grants, Reply
    from rookery_core.events import Decision
    from rookery_core.reasoning.step import ToolCall
    from rookery_core.testing import DictData, ListArtifacts, ListMemory
    from rookery_core.tools.lending import EnvironmentSecrets, Lender
    from rookery_core.tools.registry import Registry
    from rookery_core.tools.runner import Caller, ToolRunner
    from rookery_core.workspace import Workspace

    lent = Lender(
        lambda *_: ListMemory(), lambda *_: DictData(), lambda *_: ListArtifacts(), lambda p: EnvironmentSecrets(p, {})
    )
    registry = Registry([OfferedTool(shell, "shell", "rookery", "shell")])
    runner = ToolRunner(
        registry, Workspace.at(tmp_path), lent, Allowed(), Grants(), time.monotonic, confinement=fixed(Level.L1)
    )
    asked: list[ApprovalRequested] = []

    async def approve(request: ApprovalRequested) -> Reply:
        asked.append(request)
        return Reply(Decision.ONCE)

    async def nothing(*_: Any) -> Any:
        raise AssertionError

    caller = Caller("s", lambda event: None, approve, nothing, nothing, 8_000)
    finished = await runner.call(ToolCall("shell", {"command": "mkdir ran"}), "1", caller)
    assert finished.output == "(no output)\n[exit code 0]"
    assert len(asked) == 1


async def test_nobody_there_is_no_leave_to_run_without_a_sandbox(tmp_path: Path) -> None:
    finished = await shelled("echo ran > ran", tmp_path, fixed(Level.L1), allow=False)
    assert finished.status is ToolStatus.DENIED
    assert not (tmp_path / "ran").exists()


async def test_who_wants_no_sandbox_says_so_in_the_settings(tmp_path: Path) -> None:
    opened = fixed(Level.L3, settings=SandboxSettings(programs="open"))
    events: list[Event] = []
    finished = await shelled("echo $PPID", tmp_path, opened, events=events)
    assert finished.status is ToolStatus.OK
    assert not any(isinstance(event, ApprovalRequested) for event in events)
    assert opened.level is Level.L1


async def test_git_only_looks_and_runs_anywhere(tmp_path: Path) -> None:
    subprocess.run(["git", "init", "-q", str(tmp_path)], check=True)
    events: list[Event] = []
    finished = await run_tool(
        git, {"operation": "status"}, workspace=tmp_path, confinement=fixed(Level.L1, allow_root=False), events=events
    )
    assert finished.status is ToolStatus.OK
    assert not any(isinstance(event, ApprovalRequested) for event in events)


@pytest.mark.skipif(os.geteuid() != 0, reason="it is about root")
@pytest.mark.parametrize("level", [Level.L2, Level.L1])
async def test_root_s_programs_run_in_a_whole_sandbox_or_by_its_word(level: Level, tmp_path: Path) -> None:
    refused = await shelled("echo ran > ran", tmp_path, fixed(level, allow_root=False))
    assert "--allow-root" in refused.output
    assert not (tmp_path / "ran").exists()
    allowed = await shelled("echo ran > ran", tmp_path, fixed(level, allow_root=True))
    assert (tmp_path / "ran").exists(), allowed.output


# -- what is told ---------------------------------------------------------------------------------------------------


def test_what_a_program_may_do_is_said_in_short() -> None:
    assert told(Level.L3, workspace="/home/ann/boats") == "no network, writes only in /home/ann/boats"
    assert told(Level.L3, network=True) == "the network, writes only in the workspace"
    assert told(Level.L1).startswith("NO SANDBOX")


def test_a_question_is_told_how_far_a_call_goes(tmp_path: Path) -> None:
    built_in, foreign = (OfferedTool(shell, "shell", each, "shell") for each in ("rookery", "other"))
    assert fixed(Level.L3).fact(built_in, tmp_path) == ("confined", f"no network, writes only in {tmp_path}")
    assert fixed(Level.L3).fact(foreign, tmp_path) == ("confined", "")
    assert fixed(Level.L3).confines(built_in)
    assert not fixed(Level.L3).confines(foreign)
    assert not fixed(Level.L1).confines(built_in)


@pytest.mark.parametrize("folder", ["~", "~/.ssh", "relative", "~/own"])
def test_a_folder_with_what_is_private_cannot_be_read(folder: str, tmp_path: Path) -> None:
    for name in (".ssh", "own"):
        (tmp_path / name).mkdir()
    places = Places(tmp_path, (tmp_path / "own",), (), (tmp_path / ".ssh",))
    with pytest.raises(ConfigError, match=r"sandbox\.read"):
        Confinement.of(SandboxSettings(read=(folder,)), places, tmp_path, {})


@whole
def test_what_was_found_is_kept_until_the_machine_is_another(tmp_path: Path) -> None:
    file = tmp_path / "sandbox.json"

    def tried() -> bool:
        """Whether it was tried anew: then the file is another one."""
        before = file.stat().st_ino if file.exists() else 0
        assert Confinement.of(SandboxSettings(), Places(), Path.home(), {}, file=file).found.level is Level.L3
        return file.stat().st_ino != before

    assert tried()
    assert not tried()
    file.write_text(file.read_text().replace(os.uname().release, "0.0"))
    assert tried()
    file.write_text("{")
    assert tried()


@whole
async def test_a_folder_to_be_read_that_becomes_a_link_to_keys_is_not_shown(tmp_path: Path) -> None:
    home = Path(os.path.realpath(tmp_path)) / "home"
    (home / ".ssh").mkdir(parents=True)
    (home / ".ssh" / "id").write_text("the key\n")
    (home / "tools").mkdir()
    places = Places(home, (), (), (home / ".ssh",))
    settings = SandboxSettings(read=("~/tools",))
    confinement = Confinement.of(settings, places, home, {})
    (home / "tools").rmdir()
    (home / "tools").symlink_to(".ssh")
    (home / "work").mkdir()
    for root in (home, home / "work"):
        finished = await shelled(f"cat {home}/tools/id; cat {home}/.ssh/id", root, confinement)
        assert "the key" not in finished.output
        assert finished.output.endswith("[exit code 1]")


@whole
async def test_in_a_home_folder_nothing_is_made_that_a_shell_or_a_desktop_starts(tmp_path: Path) -> None:
    home = Path(os.path.realpath(tmp_path))
    confinement = Confinement.of(SandboxSettings(), Places(home, (), (), (home / ".ssh",)), home, {})
    (home / ".bashrc").write_text("as it was\n")
    command = (
        "echo x >> .bashrc; mkdir -p .ssh; echo x > .ssh/config; mkdir -p .config/autostart; "
        "echo x > .config/autostart/x; mv .config .c; echo x > .zshrc; echo fine > notes"
    )
    await shelled(command, home, confinement)
    assert sorted(path.name for path in home.iterdir()) == [".bashrc", "notes"]
    assert (home / ".bashrc").read_text() == "as it was\n"


@whole
def test_the_kernel_s_switches_are_not_written_where_there_is_no_landlock(tmp_path: Path) -> None:
    """To root's programs they are files of their own, without any of root's rights."""
    root, output = Path(os.path.realpath(tmp_path)), Output(lambda _: None)
    code = """if 1:
        import os
        for path in ("/proc/self/comm", "/proc/sys/kernel/core_pattern", "/proc/sys/vm/drop_caches"):
            try:
                os.open(path, os.O_WRONLY)
                print("opened", path)
            except OSError:
                print("refused")
    """
    program = Program(sys.executable, ["python", "-c", code], root, environment())
    without = Given(root, order=lambda box: {**box.order, "landlock": []})
    run(program, output, sandbox=without, limit_s=20, cancelled=lambda: False)
    assert output.text().split() == ["refused"] * 3


def test_what_this_person_may_not_look_at_is_no_reason_to_have_no_sandbox(tmp_path: Path) -> None:
    """As `/root/.ssh` is to most. To root there is nothing of the kind, so a name stands for it that is too long."""
    impossible = Path("/" + "x" * 300)
    found = layout_of(tmp_path, Path.home(), writes=False, reads=[impossible], private=[impossible / ".ssh"])
    assert impossible not in {mount.path for mount in found.mounts}
