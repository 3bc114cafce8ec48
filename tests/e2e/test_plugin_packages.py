"""`rookery plugins new`, `install`, `remove` and `restore`, in an environment of their own, with the real pip."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import sysconfig
import venv
from pathlib import Path

import pytest

from rookery_core.sandbox.level import Level
from rookery_core.testing import this_machine

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(600)]


class Shell:
    """An environment with a pip of its own, in which all that is installed here can be imported too."""

    def __init__(self, folder: Path) -> None:
        venv.create(folder / "venv", with_pip=True)
        self.python = folder / "venv" / "bin" / "python"
        self.work = folder / "work"
        self.work.mkdir()
        self._home = folder / "home"
        there = sysconfig.get_path("purelib", vars={"base": str(folder / "venv"), "platbase": str(folder / "venv")})
        Path(there, "here.pth").write_text("\n".join(path for path in sys.path if path and Path(path).is_dir()) + "\n")

    def __call__(self, *command: str) -> subprocess.CompletedProcess[str]:
        environment = {**os.environ, "ROOKERY_HOME": str(self._home), "PIP_NO_INDEX": "1", "PIP_NO_DEPS": "1"}
        environment |= {"PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
        environment.pop("PYTHONPATH", None)
        return subprocess.run(
            [str(self.python), *command], capture_output=True, text=True, check=False, env=environment, cwd=self.work
        )

    def rookery(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        code = "import sys; from rookery_tui.cli import main; sys.exit(main())"
        return self("-P", "-c", code, *arguments)

    def plugins(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return self.rookery("plugins", *arguments)

    def state(self, name: str) -> str:
        told = {each["name"]: each["state"] for each in json.loads(self.plugins("list", "--json").stdout)}
        return told.get(name, "not there")


@pytest.fixture(scope="module")
def shell(tmp_path_factory: pytest.TempPathFactory) -> Shell:
    return Shell(tmp_path_factory.mktemp("shell"))


def test_a_new_plugin_passes_its_test_is_installed_used_removed_and_restored(shell: Shell) -> None:
    done = shell.plugins("new", "word-count")
    assert done.returncode == 0, done.stderr
    package = shell.work / "rookery-word-count"
    assert "Its test:" in done.stdout
    again = shell.plugins("new", "word-count")
    assert again.returncode == 1
    assert "is there already" in again.stderr

    tested = shell("-m", "pytest", "-q", "-c", str(package / "pyproject.toml"), str(package))
    assert tested.returncode == 0, tested.stdout + tested.stderr
    assert "2 passed" in tested.stdout

    asked = shell.plugins("install", str(package))
    assert asked.returncode == 1
    assert f"pip install {package}" in asked.stdout
    assert "Nothing was changed." in asked.stdout
    assert shell.state("word_count") == "not there"

    done = shell.plugins("install", str(package), "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "tool          count_words (pure): Counts the words of a text." in done.stdout
    assert shell.state("word_count") == "enabled"

    done = shell.rookery("tools", "call", "count_words", '{"text": "a bird in the hand"}')
    assert "5 words" in done.stdout, done.stdout + done.stderr
    if this_machine().level is Level.L3:
        assert (
            "may do        in the sandbox: no network, no files of yours" in shell.plugins("info", "word_count").stdout
        )
        if os.geteuid() == 0:  # as root there is no other way
            opened = shell.plugins("enable", "word_count", "--open", "--yes")
            assert (opened.returncode, "the settings say that it is open" in opened.stderr) == (1, True)
            opened = shell.plugins("enable", "word_count", "--open", "--yes", "--allow-root")
            assert "may do        with all of your rights" in opened.stdout, opened.stderr
            done = shell.rookery("tools", "call", "count_words", '{"text": "a b"}')
            assert "it is not started: Rookery runs as root" in done.stderr
            assert shell.rookery("tools", "call", "calculator", '{"expression": "1 + 1"}').returncode == 0
            assert shell.plugins("enable", "word_count", "--yes").returncode == 0
            assert "2 words" in shell.rookery("tools", "call", "count_words", '{"text": "a b"}').stdout

    assert shell("-m", "pip", "uninstall", "--yes", "rookery-word-count").returncode == 0
    assert shell.state("word_count") == "not there"
    done = shell.plugins("restore", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert shell.state("word_count") == "enabled"
    assert "Everything that was installed is there." in shell.plugins("restore").stdout

    done = shell.plugins("remove", "word_count", "--yes")
    assert done.returncode == 0, done.stdout + done.stderr
    assert shell.state("word_count") == "not there"
    assert "Everything that was installed is there." in shell.plugins("restore").stdout


def test_what_cannot_be_installed_says_so_and_changes_nothing(shell: Shell) -> None:
    done = shell.plugins("install", "no-such-package-anywhere", "--yes")
    assert done.returncode == 1
    assert "ended with exit code 1" in done.stderr


def test_rookery_s_own_are_not_removed(shell: Shell) -> None:
    done = shell.plugins("remove", "shell", "--yes")
    assert done.returncode == 1
    assert "Rookery's own" in done.stderr


@pytest.mark.parametrize("name", ["Dice", "a b", "../x", "-x", "x--y", ""])
def test_a_name_that_is_none_is_refused(shell: Shell, name: str) -> None:
    done = shell.plugins("new", f"--into={shell.work / 'x'}", "--", name)
    assert done.returncode == 1
    assert "is no name for a plugin" in done.stderr
