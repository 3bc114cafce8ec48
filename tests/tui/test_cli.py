"""The `rookery` command as a person or a script runs it: a process, its streams, its exit code."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from rookery_core.logs import VisibleLog
from rookery_core.model.registry import find
from rookery_core.paths import Paths
from rookery_tui.cli import known_here
from tests.trusted import trusted

COMMAND = str(Path(sys.executable).with_name("rookery"))
FAR = '[mcp.servers.far]\nurl = "https://far.example"\nheaders = { X-Token = "plainly-here" }\n'
NO_MODEL = "[model]\npath = 'nowhere.gguf'\n"


def rookery(home: Path, *argv: str, text: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    trusted(home, Path.cwd())
    return subprocess.run(
        [COMMAND, *argv],
        input=text,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, "ROOKERY_HOME": str(home), **environ},
        check=False,
        timeout=100,
    )


# -- usage --------------------------------------------------------------------------------------------------------


def test_help_names_every_command(tmp_path: Path) -> None:
    done = rookery(tmp_path, "--help")
    assert done.returncode == 0
    for command in ("chat", "run", "sessions", "config"):
        assert f"\n    {command} " in done.stdout


def test_help_of_run_tells_the_exit_codes(tmp_path: Path) -> None:
    assert "0 answered; 1 gave up or failed; 2 usage or configuration" in " ".join(
        rookery(tmp_path, "run", "--help").stdout.split()
    )


def test_version(tmp_path: Path) -> None:
    assert rookery(tmp_path, "--version").stdout.startswith("rookery 0.")


@pytest.mark.parametrize(
    "argv",
    [
        ["nonsense"],
        ["--nonsense"],
        ["run", "hi", "--nonsense"],
        ["run", "hi", "--outp", "json"],
        ["run", "hi", "--output", "xml"],
        ["run", "hi", "--max-steps", "0"],
        ["run", "hi", "--max-steps", "9" * 5_000],
        ["run", "hi", "--seed", "-1"],
        ["run", "hi", "--session", "a", "--continue"],
        ["run", "two", "tasks"],
        ["sessions"],
        ["sessions", "list", "--limit", "x"],
        ["sessions", "search"],
        ["sessions", "export", "x", "--format", "pdf"],
        ["config"],
        ["config", "set", "tui.trace"],
    ],
)
def test_wrong_usage_is_2_and_leaves_nothing_behind(tmp_path: Path, argv: list[str]) -> None:
    done = rookery(tmp_path, *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("usage: rookery")
    assert [path.name for path in tmp_path.iterdir()] == ["trusted.json"]  # which the test itself made


@pytest.mark.parametrize(
    ("argv", "said"),
    [
        (["run"], "there is nothing to do"),
        (["run", ""], "there is nothing to do"),
        (["run", "-"], "there is nothing to do"),
        (["run", "hi", "--workspace", "nowhere"], "is not a folder"),
        (["run", "hi", "--tools", "nosuch"], "there is no tool or plugin named nosuch"),
        (["run", "hi", "--allow", "everything"], "there is no tool or plugin named everything"),
        (["run", "hi", "--session", "nosuch"], "there is no session 'nosuch'"),
        (["chat", "--repl", "--session", "nosuch"], "there is no session 'nosuch'"),
        (["--session", "nosuch"], "there is no session 'nosuch'"),
    ],
)
def test_a_wrong_option_is_2_and_said_in_one_line(tmp_path: Path, argv: list[str], said: str) -> None:
    done = rookery(tmp_path, *argv)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
    assert done.stderr.startswith("rookery: ")
    assert done.stderr.count("\n") == 1


@pytest.mark.skipif(sys.platform == "win32", reason="pipes do not tell there")
@pytest.mark.parametrize(
    ("argv", "text", "said"),
    [
        (["run", "hi"], "a document", True),
        (["run", "hi"], "", False),
        (["run", "hi", "--quiet"], "a document", False),
        (["run", "hi", "--stdin"], "a document", False),
        (["run", "-"], "a document", False),
        (["run"], "a document", False),
    ],
)
def test_input_that_is_not_read_is_said(tmp_path: Path, argv: list[str], text: str, said: bool) -> None:
    (tmp_path / "config.toml").write_text(NO_MODEL)
    err = rookery(tmp_path, *argv, text=text).stderr
    assert ("rookery: standard input was not read; --stdin puts it after the task\n" in err) is said


# -- the model ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argv", [["run", "hi"], ["run", "hi", "--output", "jsonl"], ["chat", "--repl"], ["--repl"], []]
)
def test_a_model_that_is_not_there_is_3(tmp_path: Path, argv: list[str]) -> None:
    (tmp_path / "config.toml").write_text(NO_MODEL)
    done = rookery(tmp_path, *argv)
    assert (done.returncode, done.stdout) == (3, "")
    assert done.stderr.startswith("rookery: nowhere.gguf is neither a file nor the name of a model.")


def test_a_model_that_the_settings_name_wrongly_is_said_with_where_and_how_to_undo_it(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(NO_MODEL)
    said = rookery(tmp_path, "run", "hi").stderr
    assert f'model.path is set in {tmp_path / "config.toml"}; `rookery config set model.path ""`' in said
    rookery(tmp_path, "config", "set", "model.path", "elsewhere.gguf")
    assert f"model.path is set in {tmp_path / 'settings.toml'}; " in rookery(tmp_path, "run", "hi").stderr
    assert "is set in" not in rookery(tmp_path, "run", "hi", "--model", "x.gguf").stderr


def test_a_model_option_goes_before_the_settings(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text(NO_MODEL)
    assert "elsewhere.gguf is neither" in rookery(tmp_path, "run", "hi", "--model", "elsewhere.gguf").stderr


@pytest.mark.model
@pytest.mark.parametrize("size", [0, 3, 100, 1_000_000])
def test_a_damaged_model_is_3(tmp_path: Path, size: int) -> None:
    real = find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path)}))
    with real.path.open("rb") as stream:
        (tmp_path / "cut.gguf").write_bytes(stream.read(size))
    done = rookery(tmp_path, "run", "hi", "--model", str(tmp_path / "cut.gguf"))
    assert (done.returncode, done.stdout) == (3, "")
    assert "cut.gguf" in done.stderr


@pytest.mark.model
def test_garbage_for_a_model_is_3(tmp_path: Path) -> None:
    (tmp_path / "models").mkdir()
    (tmp_path / "models" / "noise.gguf").write_bytes(bytes(range(256)) * 64)
    done = rookery(tmp_path, "run", "hi", "--model", "noise")
    assert (done.returncode, done.stdout) == (3, "")
    assert "noise.gguf" in done.stderr


@pytest.mark.model
def test_run_answers_with_the_real_model(tmp_path: Path) -> None:
    done = rookery(tmp_path, "run", "--quiet", "--tools", "none", "--max-steps", "1", text="Say hello.")
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip()
    assert "Say hello." in rookery(tmp_path, "sessions", "list").stdout


# -- settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "argv",
    [["run", "hi"], ["chat", "--repl"], ["config", "show"], ["config", "check"], ["config", "set", "tui.trace", "1"]],
)
def test_a_broken_settings_file_is_2_and_named(tmp_path: Path, argv: list[str]) -> None:
    (tmp_path / "settings.toml").write_text("[tui]\ntrace = 7\n")
    done = rookery(tmp_path, *argv)
    assert done.returncode == 2
    assert f"rookery: {tmp_path / 'settings.toml'}:2: tui.trace must be a valid boolean, not 7\n" in done.stderr
    assert done.stderr.count("\n") == 1


def test_check_names_what_is_wrong_in_both_files(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[model")
    (tmp_path / "settings.toml").write_text("x = 1")
    done = rookery(tmp_path, "config", "check")
    assert done.returncode == 2
    assert [line.split(".toml")[0] for line in done.stderr.splitlines()] == [
        f"rookery: {tmp_path / 'config'}",
        f"rookery: {tmp_path / 'settings'}",
    ]


def test_check_is_0_for_good_and_for_missing_files(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[tui]\ntrace = true\n")
    done = rookery(tmp_path, "config", "check")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines() == [
        f"{tmp_path / 'config.toml'}: good",
        f"{tmp_path / 'settings.toml'}: is not there, which is fine",
    ]


def test_set_then_show_tells_value_and_source(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[model]\ntop_k = 7\n")
    done = rookery(tmp_path, "config", "set", "tui.theme", "nord")
    assert (done.returncode, done.stdout) == (0, f'tui.theme = "nord"  # {tmp_path / "settings.toml"}\n')
    shown = rookery(tmp_path, "config", "show").stdout.splitlines()
    assert f'theme = "nord"  # {tmp_path / "settings.toml"}' in shown
    assert f"top_k = 7  # {tmp_path / 'config.toml'}" in shown
    assert "seed = 0  # default" in shown
    assert shown[0] == "[model]"


@pytest.mark.parametrize(
    ("key", "value"),
    [("model.path", "a b\n"), ("model.top_k", "7\n"), ("tui.trace", "true\n"), ("plugins.disabled", '["x", "y"]\n')],
)
def test_get_prints_one_value(tmp_path: Path, key: str, value: str) -> None:
    (tmp_path / "config.toml").write_text("[model]\npath = 'a b'\ntop_k = 7\n[plugins]\ndisabled = ['x', 'y']\n")
    done = rookery(tmp_path, "config", "get", key)
    assert (done.returncode, done.stdout, done.stderr) == (0, value, "")


@pytest.mark.parametrize(("key", "hint"), [("model.pth", "config show"), ("theme", "did you mean tui.theme?")])
def test_get_of_what_is_no_setting_is_2(tmp_path: Path, key: str, hint: str) -> None:
    done = rookery(tmp_path, "config", "get", key)
    assert (done.returncode, done.stdout) == (2, "")
    assert f"{key} is not a setting" in done.stderr
    assert hint in done.stderr


def test_a_theme_that_there_is_not_is_refused_with_those_there_are(tmp_path: Path) -> None:
    done = rookery(tmp_path, "config", "set", "tui.theme", "nosuch")
    assert (done.returncode, done.stdout) == (2, "")
    assert "there is no theme 'nosuch'; there are: " in done.stderr
    assert "nord, " in done.stderr
    assert not (tmp_path / "settings.toml").exists()


def test_a_model_that_is_not_there_is_set_with_a_warning_and_check_reports_it(tmp_path: Path) -> None:
    done = rookery(tmp_path, "config", "set", "model.path", "nowhere.gguf")
    assert (done.returncode, done.stderr.count("\n")) == (0, 1)
    assert "rookery: it is set, but nowhere.gguf is neither a file nor the name of a model" in done.stderr
    checked = rookery(tmp_path, "config", "check")
    assert checked.returncode == 2
    assert f"rookery: {tmp_path / 'settings.toml'}: model.path: nowhere.gguf is neither" in checked.stderr
    assert rookery(tmp_path, "config", "set", "model.path", "").stderr == ""
    assert rookery(tmp_path, "config", "check").returncode == 0


def test_check_reports_a_theme_that_there_is_not(tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("[tui]\ntheme = 'nosuch'\n")
    done = rookery(tmp_path, "config", "check")
    assert done.returncode == 2
    assert f"rookery: {tmp_path / 'config.toml'}: tui.theme: there is no theme 'nosuch'" in done.stderr


def test_path_tells_where_everything_is(tmp_path: Path) -> None:
    (tmp_path / "config.toml").touch()
    assert rookery(tmp_path, "config", "path").stdout.splitlines() == [
        f"config    {tmp_path / 'config.toml'}  # yours, exists",
        f"settings  {tmp_path / 'settings.toml'}  # written by `rookery config set`, overrides yours, is not there",
        f"data      {tmp_path}  # exists",
        f"database  {tmp_path / 'rookery.db'}  # is not there",
        f"models    {tmp_path / 'models'}  # is not there",
        f"logs      {tmp_path / 'logs'}  # is not there",
    ]
    assert json.loads(rookery(tmp_path, "config", "path", "--json").stdout) == {
        "config": str(tmp_path / "config.toml"),
        "settings": str(tmp_path / "settings.toml"),
        "data": str(tmp_path),
        "database": str(tmp_path / "rookery.db"),
        "models": str(tmp_path / "models"),
        "logs": str(tmp_path / "logs"),
    }


# -- trouble ------------------------------------------------------------------------------------------------------


def test_a_database_that_is_none_is_1(tmp_path: Path) -> None:
    (tmp_path / "rookery.db").write_bytes(b"this is no database" * 1_000)
    done = rookery(tmp_path, "sessions", "list")
    assert (done.returncode, done.stdout) == (1, "")
    assert "is not a usable database" in done.stderr
    assert done.stderr.count("\n") == 1


def test_a_bug_is_one_line_and_a_traceback_when_asked_for(tmp_path: Path) -> None:
    code = "import sys\nfrom rookery_tui import cli\nsys.exit(cli.main(['sessions', 'list', '--limit', '5']))"
    broken = tmp_path / "broken"
    broken.mkdir()
    (broken / "sqlite_utils.py").write_text("raise KeyError('unheard of')")
    environ = {**os.environ, "ROOKERY_HOME": str(tmp_path), "PYTHONPATH": str(broken)}
    brief, full = (
        subprocess.run(
            [sys.executable, "-c", code],
            capture_output=True,
            text=True,
            check=False,
            env={**environ, "ROOKERY_DEBUG": debug},
        )
        for debug in ("", "1")
    )
    assert (brief.returncode, full.returncode) == (1, 1)
    assert brief.stderr == (
        "rookery: unexpected error KeyError: 'unheard of'; this is a bug. Set ROOKERY_DEBUG=1 for the traceback.\n"
    )
    assert "Traceback" in full.stderr


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no full disk to write to")
def test_a_full_disk_is_said_once(tmp_path: Path) -> None:
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [COMMAND, "config", "show"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ROOKERY_HOME": str(tmp_path)},
            check=False,
        )
    assert done.returncode == 1
    assert done.stderr == "rookery: the output could not be written: No space left on device\n"


@pytest.mark.skipif(sys.platform == "win32", reason="pipes break differently there")
def test_a_reader_that_leaves_ends_it_quietly(tmp_path: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    with os.fdopen(writing, "w") as gone:
        done = subprocess.run(
            [COMMAND, "config", "show"],
            stdout=gone,
            stderr=subprocess.PIPE,
            text=True,
            env={**os.environ, "ROOKERY_HOME": str(tmp_path)},
            check=False,
        )
    assert (done.returncode, done.stderr) == (141, "")


@pytest.mark.model
@pytest.mark.skipif(sys.platform == "win32", reason="a process cannot be sent SIGINT there")
def test_ctrl_c_stops_the_real_model_and_the_session_can_be_gone_on_with(tmp_path: Path) -> None:
    environ = {**os.environ, "ROOKERY_HOME": str(tmp_path)}
    command = [COMMAND, "run", "Count from 1 to 500.", "--tools", "none", "--output", "jsonl"]
    kinds: list[str] = []
    with subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            kinds.append(json.loads(line)["kind"])
            if kinds[-1] == "token_delta" and kinds.count("token_delta") == 1:
                process.send_signal(signal.SIGINT)
    assert process.returncode == 130
    assert kinds[-2:] == ["generated", "turn_ended"]
    again = rookery(tmp_path, "run", "Say hi.", "--continue", "--tools", "none", "--output", "json", "--max-steps", "1")
    assert json.loads(again.stdout)["session"] in rookery(tmp_path, "sessions", "list").stdout
    assert "2 turns" in rookery(tmp_path, "sessions", "list").stdout


@pytest.mark.parametrize(("settings", "said"), [(FAR, "[secret], [secret]\n"), ("no TOML", "[secret], plainly-here\n")])
def test_what_is_printed_past_the_screen_is_logged_without_the_secrets_of_the_settings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, settings: str, said: str
) -> None:
    monkeypatch.setenv("ANY_TOKEN", "correct horse battery staple")
    paths = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    paths.config_file.write_text(settings)
    log = VisibleLog(paths.screen_log, lambda: known_here(paths))
    for piece in (b"correct horse ", b"battery staple, plainly", b"-here\n"):
        log.write(piece)
    log.close()
    assert paths.screen_log.read_text() == said
