"""Programs that tools start: they get what they were given and no more, and nothing that they started is left."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from rookery_core.plugin import ToolFailed, ToolRetry
from rookery_plugins.programs import Ending, Output, Program, environment, run, search_path, which
from tests.plugins.programs import UNCONFINED, gone, left_in, wait_for, working_in

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(os.name != "posix", reason="programs are started where there is /bin/sh"),
]
linux = pytest.mark.skipif(sys.platform != "linux", reason="there are such namespaces on Linux alone")
both = pytest.mark.parametrize("apart", [False, True], ids=["among all", "apart"])


def shell(command: str, folder: Path, *, apart: bool = False, **given: object) -> Program:
    return Program("/bin/sh", ["sh", "-c", command], folder, environment(), apart=apart, **given)  # type: ignore[arg-type]


def result(
    program: Program, limit_s: float = 30.0, cancelled: Callable[[], bool] = lambda: False
) -> tuple[str, Ending]:
    output = Output(lambda _: None)
    ending = run(program, output, sandbox=UNCONFINED, limit_s=limit_s, cancelled=cancelled)
    return output.text(), ending


def apart_works(folder: Path) -> bool:
    return result(shell("echo $$", folder, apart=True))[0] == "2"


@both
def test_a_program_gets_its_input_its_folder_and_its_words(apart: bool, tmp_path: Path) -> None:
    program = Program(
        "/bin/sh", ["sh", "-c", 'cat; pwd; echo "$0" "$1"', "a b", "ä*"], tmp_path, environment(), "in ä\n"
    )
    assert result(program) == (f"in ä\n{tmp_path}\na b ä*", Ending(0))


@both
def test_long_input_arrives_whole(apart: bool, tmp_path: Path) -> None:
    assert result(shell("wc -c", tmp_path, apart=apart, input="x" * 1_000_000))[0].strip() == "1000000"


@both
@linux
def test_a_program_inherits_no_open_file_but_its_three(apart: bool, tmp_path: Path) -> None:
    with open(tmp_path / "secret", "w") as held:
        os.set_inheritable(held.fileno(), True)
        said, _ = result(shell("ls -l /proc/self/fd", tmp_path, apart=apart))
    assert [line.split()[-3] for line in said.splitlines()[1:]] == [
        "0",
        "1",
        "2",
        "3",
    ]  # the last is the listing itself


@both
def test_a_program_ends_with_what_it_left_running(apart: bool, tmp_path: Path) -> None:
    said, ending = result(shell("setsid sleep 600 & echo begun", tmp_path, apart=apart))
    assert (said, ending) == ("begun", Ending(0, left=True))
    assert str(ending) == "exit code 0; what it left running was stopped"


@both
def test_a_signal_is_told_from_an_exit_code(apart: bool, tmp_path: Path) -> None:
    assert str(result(shell("kill -9 $$", tmp_path, apart=apart))[1]) == "ended by signal 9, Killed"
    assert str(result(shell("exit 137", tmp_path, apart=apart))[1]) == "exit code 137"


@both
def test_what_is_asked_to_end_may_put_things_in_order_and_say_so(apart: bool, tmp_path: Path) -> None:
    command = "trap 'sh -c \"sleep 0.1; echo bye\"; exit' TERM; while :; do sleep 0.05; done"
    said, ending = result(shell(command, tmp_path, apart=apart), limit_s=1.0)
    assert (said.splitlines()[-1], ending) == ("bye", Ending(None))


@both
def test_one_that_is_halted_is_asked_to_end_too(apart: bool, tmp_path: Path) -> None:
    command = "trap 'echo bye; exit' TERM; kill -STOP $$; sleep 600"
    assert result(shell(command, tmp_path, apart=apart), limit_s=1.0) == ("bye", Ending(None))


@both
def test_a_limit_holds(apart: bool, tmp_path: Path) -> None:
    program = shell("exec head -c 5000 /dev/zero > big", tmp_path, apart=apart, limits={"RLIMIT_FSIZE": 1000})
    assert result(program)[1].code == -signal.SIGXFSZ
    assert (tmp_path / "big").stat().st_size == 1000


@both
def test_a_file_that_is_none_or_a_folder_that_is_gone_is_named(apart: bool, tmp_path: Path) -> None:
    with pytest.raises(ToolFailed, match="x cannot be started: No such file or directory"):
        result(Program("/no/such/file", ["x"], tmp_path, {}, apart=apart))
    with pytest.raises(ToolFailed, match="sh cannot be started: No such file or directory"):
        result(shell("true", tmp_path / "gone", apart=apart))


@pytest.mark.parametrize("word", ["a\0b", "\ud800"])
def test_a_word_that_no_system_takes_is_refused(word: str, tmp_path: Path) -> None:
    with pytest.raises(ToolRetry, match="a program cannot be given"):
        result(Program("/bin/echo", ["echo", word], tmp_path, {}))


def test_a_call_that_is_cancelled_already_runs_nothing_to_its_end(tmp_path: Path) -> None:
    said, ending = result(shell("sleep 600", tmp_path), cancelled=lambda: True)
    assert (said, ending) == ("", Ending(None))


# -- apart ----------------------------------------------------------------------------------------------------------


@linux
def test_what_is_apart_sees_its_own_processes_and_harms_no_others(tmp_path: Path) -> None:
    if not apart_works(tmp_path):
        pytest.skip("no process namespaces here")
    said, ending = result(shell("ls /proc | grep -c '^[0-9]'; kill -9 -1; kill -9 1; echo alive", tmp_path, apart=True))
    assert (said.splitlines()[-1], ending.code) == ("alive", 0)
    assert int(said.splitlines()[0]) <= 5


@linux
def test_where_there_are_no_namespaces_a_program_runs_without(tmp_path: Path) -> None:
    inside = (
        "import sys, pathlib\n"
        "from rookery_plugins.programs import *\n"
        "from tests.plugins.programs import UNCONFINED\n"
        "out = Output(lambda _: None)\n"
        "program = Program('/bin/sh', ['sh', '-c', 'setsid sleep 600 & echo $$ > pid; echo $!'], pathlib.Path.cwd(),"
        " environment(), apart=True)\n"
        "ending = run(program, out, sandbox=UNCONFINED, limit_s=30, cancelled=lambda: False)\n"
        "print(ending)\n"
    )
    without = "for kind in user pid mnt; do echo 0 > /proc/sys/user/max_${kind}_namespaces; done 2>&1 || exit 77\n"
    found = subprocess.run(
        ["unshare", "--user", "--map-root-user", "sh", "-c", f'{without} exec "$0" -c "$1"', sys.executable, inside],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=False,
    )
    if found.returncode == 77 or "unshare failed" in found.stderr:
        pytest.skip("no user namespace to take the others away in")
    assert found.stdout == "exit code 0; what it left running was stopped\n", found.stderr
    assert int((tmp_path / "pid").read_text()) > 2


@linux
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="these tests run as an ordinary user anyhow")
@both
def test_an_ordinary_user_s_programs_end_too(apart: bool) -> None:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--inh-caps=+dac_read_search"]
    inside = (
        "import pathlib\n"
        "from rookery_plugins.programs import *\n"
        "from tests.plugins.programs import UNCONFINED\n"
        "out = Output(lambda _: None)\n"
        "command = 'id -u; (setsid sleep 600 & echo $$ > pid); sleep 600'\n"
        f"program = Program('/bin/sh', ['sh', '-c', command], pathlib.Path.cwd(), environment(), apart={apart})\n"
        "ending = run(program, out, sandbox=UNCONFINED, limit_s=1.0, cancelled=lambda: False)\n"
        "print(out.text(), ending.code)\n"
    )
    with tempfile.TemporaryDirectory() as made:  # where everybody may go, unlike pytest's own
        folder = Path(made)
        folder.chmod(0o777)
        found = subprocess.run(
            # who may read our interpreter, and nothing else that root may do
            [*nobody, "--ambient-caps=+dac_read_search", sys.executable, "-c", inside],
            cwd=folder,
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "PYTHONDONTWRITEBYTECODE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )
        assert found.stdout == "65534 None\n", found.stderr
        assert working_in(folder) == []
        if apart and Path("/proc/self/ns/user").exists() and user_namespaces_work():
            assert (folder / "pid").read_text() == "2\n"


def user_namespaces_work() -> bool:
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "unshare", "--user", "--pid", "--fork"]
    return subprocess.run([*nobody, "--mount-proc", "true"], capture_output=True, check=False).returncode == 0


# -- who does not end in the usual way ------------------------------------------------------------------------------


@both
@pytest.mark.parametrize("how", [signal.SIGKILL, signal.SIGTERM, signal.SIGSEGV], ids=lambda how: how.name)
def test_when_rookery_dies_its_programs_die(how: signal.Signals, apart: bool, tmp_path: Path) -> None:
    inside = (
        "import pathlib\n"
        "from rookery_plugins.programs import *\n"
        "from tests.plugins.programs import UNCONFINED\n"
        "command = 'sleep 600.125 & setsid sleep 600.125 & echo begun > ready; trap \"\" TERM; sleep 600.125; wait'\n"
        f"program = Program('/bin/sh', ['sh', '-c', command], pathlib.Path.cwd(), environment(), apart={apart})\n"
        "run(program, Output(lambda _: None), sandbox=UNCONFINED, limit_s=60, cancelled=lambda: False)\n"
    )
    # in a folder of its own, by which what is left of it is found
    rookery = subprocess.Popen(
        [sys.executable, "-c", inside], cwd=tmp_path, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    )
    wait_for(tmp_path / "ready")
    assert len(working_in(tmp_path)) >= 5  # rookery, the shell and what it started
    rookery.send_signal(how)
    rookery.wait()
    assert left_in(tmp_path) == []


@both
def test_a_program_that_ends_its_parent_is_ended_and_that_is_said(apart: bool, tmp_path: Path) -> None:
    if apart and apart_works(tmp_path):
        command = "kill -9 $PPID; echo not possible"
        assert result(shell(command, tmp_path, apart=True)) == ("not possible", Ending(0))
        return
    command = "setsid sh -c 'echo $$ > pid; exec sleep 600' & while [ ! -s pid ]; do :; done; kill -9 $PPID; sleep 600"
    with pytest.raises(ToolFailed, match="it ended the process that watched over it"):
        result(shell(command, tmp_path))
    assert gone(tmp_path / "pid")


@linux
def test_a_program_that_ends_all_above_it_is_ended_by_its_mark(tmp_path: Path) -> None:
    above = "kill -9 $PPID $(ps -o ppid= -p $PPID)"
    command = f"setsid sh -c 'echo $$ > pid; exec sleep 600' & while [ ! -s pid ]; do :; done; {above}; sleep 600"
    with pytest.raises(ToolFailed, match="it ended the process that watched over it"):
        result(shell(command, tmp_path))
    assert gone(tmp_path / "pid")


def test_where_no_interpreter_can_be_started_that_is_said(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(tmp_path / "gone"))
    with pytest.raises(ToolFailed, match="sh cannot be started: No such file or directory"):
        result(shell("true", tmp_path))


def test_many_at_once_do_not_disturb_each_other(tmp_path: Path) -> None:
    said: dict[int, tuple[str, Ending]] = {}

    def one(n: int) -> None:
        said[n] = result(shell(f"sleep 0.{n}; echo {n}", tmp_path, apart=bool(n % 2)))

    threads = [threading.Thread(target=one, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert said == {n: (str(n), Ending(0)) for n in range(8)}


@linux
def test_processes_are_listed_by_ps_as_they_are_in_proc() -> None:
    code = (
        "import sys; sys.path.append(sys.argv[1]); import listing as supervisor, os\n"
        "for way in (supervisor.listed, supervisor.listed_by_ps):\n"
        "    print([(p.parent, p.group, p.ended) for p in way() if p.pid == os.getpid()])\n"
    )
    folder = Path(sys.modules[Program.__module__].__file__ or "").parent
    listed = subprocess.run(
        [sys.executable, "-c", code, str(folder)], capture_output=True, text=True, check=True
    ).stdout
    by_proc, by_ps = listed.splitlines()
    assert by_proc == by_ps != "[]"


# -- surroundings ---------------------------------------------------------------------------------------------------


def test_folders_of_the_search_path_that_depend_on_where_one_is_are_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join(["", ".", "bin", "/usr/bin", str(tmp_path / "bin"), "/bin", ""]))
    assert search_path() == f"/usr/bin:{tmp_path}/bin:/bin"
    assert search_path(outside=tmp_path) == "/usr/bin:/bin"
    (tmp_path / "elsewhere").symlink_to("/usr/bin")
    monkeypatch.setenv("PATH", f"{tmp_path}/elsewhere:/usr/bin")
    assert search_path(outside=tmp_path) == f"{tmp_path}/elsewhere:/usr/bin"


def test_a_name_with_a_folder_is_looked_for_in_the_workspace(tmp_path: Path) -> None:
    program = tmp_path / "bin" / "x"
    program.parent.mkdir()
    program.write_text("#!/bin/sh\n")
    assert which("bin/x", tmp_path, search_path()) is None
    program.chmod(0o755)
    assert which("bin/x", tmp_path, search_path()) == str(program)
    assert which("sh", tmp_path, search_path()) == shutil.which("sh")
    assert which("/bin/sh", tmp_path, "") == "/bin/sh"
