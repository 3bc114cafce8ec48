"""A plugin that pip installs beside Rookery in a fresh environment, called by the agent on the real model."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from pathlib import Path

import pytest

from rookery_core.model.registry import find
from rookery_core.paths import Paths

ROOT = Path(__file__).parents[2]

pytestmark = [pytest.mark.packaging, pytest.mark.model, pytest.mark.timeout(1800)]

BROKEN = {
    "broken/__init__.py": "raise RuntimeError('the plugin author made a mistake')\n",
    "broken-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: broken\nVersion: 1.0\n",
    "broken-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    "broken-1.0.dist-info/entry_points.txt": "[rookery]\nbroken = broken\n",
    "broken-1.0.dist-info/RECORD": "",
}


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with Rookery, the sample and a broken plugin, installed from wheels without a registry.

    The wheels are made once; llama-cpp-python's comes from pip's cache where this environment was made with pip.
    """
    wheels = tmp_path_factory.mktemp("wheels")
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", "-q", "-w", str(wheels), str(ROOT), str(ROOT / "examples/rookery-dice")],
        check=True,
    )
    with zipfile.ZipFile(wheels / "broken-1.0-py3-none-any.whl", "w") as archive:
        for name, text in BROKEN.items():
            archive.writestr(name, text)
    home = tmp_path_factory.mktemp("fresh") / "venv"
    venv.create(home, with_pip=True)
    made = home / "bin" / "python"
    subprocess.run(
        [str(made), "-m", "pip", "install", "-q", "--no-index", "--find-links", str(wheels), "rookery-dice", "broken"],
        check=True,
    )
    return made


def rookery(python: Path, home: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "ROOKERY_HOME": str(home)}
    environment.pop("PYTHONPATH", None)
    model = find("smollm2", Paths.find({"ROOKERY_HOME": str(home)})).path
    return subprocess.run(
        [str(python.parent / "rookery"), "run", *arguments, "--model", str(model), "--output", "jsonl"],
        capture_output=True,
        text=True,
        check=False,
        env=environment,
        cwd=home,
        stdin=subprocess.DEVNULL,
    )


def test_the_agent_calls_the_installed_plugin_and_the_broken_one_is_named(python: Path, tmp_path: Path) -> None:
    done = rookery(python, tmp_path, "Roll 2d6", "--tools", "dice.roll", "--plugin", "dice,broken")
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


def test_the_sample_s_own_tests_pass_where_it_is_installed(python: Path, tmp_path: Path) -> None:
    code = (
        "import asyncio\nfrom rookery_core.testing import run_tool\nfrom rookery_dice import roll\n"
        "done = asyncio.run(run_tool(roll, {'dice': '2d6+1'}))\nprint(done.status, done.output)\n"
    )
    done = subprocess.run([str(python), "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.startswith("ok ")
