"""The sample plugins, pip installed beside Rookery in a fresh environment: their own tests, and calls by the agent."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from rookery_core.model.registry import find
from rookery_core.paths import Paths
from tests.trusted import trusted

ROOT = Path(__file__).parents[2]
EXAMPLES = sorted(folder.parent for folder in (ROOT / "examples").glob("rookery-*/pyproject.toml"))

pytestmark = [pytest.mark.packaging, pytest.mark.timeout(1800)]

BROKEN = {
    "broken/__init__.py": "raise RuntimeError('the plugin author made a mistake')\n",
    "broken-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n",
    "broken-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "broken-1.0.dist-info/entry_points.txt": "[rookery]\nbroken = broken\n",
    "broken-1.0.dist-info/RECORD": "",
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with Rookery, the samples and a broken plugin, installed from wheels without a registry.

    The wheels are made once; llama-cpp-python's comes from pip's cache where this environment was made with pip.
    """
    wheels = tmp_path_factory.mktemp("wheels")
    samples = [f"{example}[test]" for example in EXAMPLES]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "-w", str(wheels), str(ROOT), *samples],
        check=True,
    )
    with zipfile.ZipFile(wheels / "broken-1.0-py3-none-any.whl", "w") as archive:
        for name, text in BROKEN.items():
            archive.writestr(name, text)
    home = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(home, with_pip=True)
    made = home / "bin" / "python"
    subprocess.run(
        [
            *(str(made), "-m", "pip", "install", "-q", "--no-index", "--find-links", str(wheels), "broken"),
            *(f"{example.name}[test]" for example in EXAMPLES),
        ],
        check=True,
    )
    return made


def run(python: Path, home: Path, folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    trusted(home, folder)
    environment = {**os.environ, "ROOKERY_HOME": str(home)}
    environment.pop("PYTHONPATH", None)
    return subprocess.run(
        [str(python.parent / command[0]), *command[1:]],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
    )


@pytest.mark.model
def test_the_agent_calls_the_installed_plugin_and_the_broken_one_is_named(python: Path, tmp_path: Path) -> None:
    model = find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path)})).path
    offered = ("--tools", "dice.roll", "--plugin", "dice,broken")
    heard = ("--model", str(model), "--output", "jsonl")
    done = run(python, tmp_path, tmp_path, "rookery", "run", "Roll 2d6", *offered, *heard)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    finished = [event for event in events if event["kind"] == "tool_finished"]
    assert finished, done.stdout + done.stderr
    assert finished[0]["tool"] == "roll"
    assert finished[0]["status"] == "ok", finished
    (failed,) = [event for event in events if event["kind"] == "plugin_failed"]
    assert (failed["plugin"], failed["distribution"]) == ("broken", "broken")
    assert "the plugin author made a mistake" in failed["reason"]
    started = next(event for event in events if event["kind"] == "turn_started")
    assert started["tools"] == ["roll"]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_the_sample_s_own_tests_pass_where_it_is_installed(example: Path, python: Path, tmp_path: Path) -> None:
    shutil.copytree(example / "tests", tmp_path / "tests", ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(example / "pyproject.toml", tmp_path)  # for pytest's options; the sources stay behind
    done = run(python, tmp_path / "home", tmp_path, "python", "-m", "pytest", "-q", "-p", "no:cacheprovider")
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout


def test_the_sample_s_hook_keeps_a_file_from_rookery_s_own_tool(python: Path, tmp_path: Path) -> None:
    home, space = tmp_path / "home", tmp_path / "space"
    home.mkdir()
    space.mkdir()
    (home / "config.toml").write_text('[plugins]\nin_process = ["protect"]\n')
    (space / ".rookery-protect").write_text("TODO.md\n")

    def call(tool: str, **arguments: str) -> subprocess.CompletedProcess[str]:
        options = ("--plugin", "files,protect,todo", "--allow", "write")
        return run(python, home, space, "rookery", "tools", "call", tool, json.dumps(arguments), *options)

    denied = call("files.write_file", path="TODO.md", content="nothing")
    assert (denied.returncode, denied.stdout) == (1, ""), denied.stderr
    assert "TODO.md is protected ('TODO.md' in .rookery-protect)" in denied.stderr
    assert not (space / "TODO.md").exists()
    written = call("todo.add_todo", text="call Ann")  # it knows its file by itself
    assert (written.returncode, written.stdout, written.stderr) == (0, "Added as number 1: call Ann\n", "")
    assert (space / "TODO.md").read_text() == "- [ ] call Ann\n"
