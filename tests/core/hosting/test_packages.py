"""Which program changes the environment, with which command; no program is run."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rookery_core.hosting.packages import find_installer, requirement_of
from tests.core.hosting.kit import Site

RECEIPT = """\
[tool]
requirements = [
    { name = "rookery", extras = ["smollm2"], specifier = ">=0.1" },
    { name = "rookery-todo", directory = "/home/ann/my plugins/todo" },
    { name = "rookery-dice", editable = "/home/ann/dice" },
    { name = "rookery-head", git = "https://example.org/head?subdirectory=sub&rev=abc", marker = "python_full_version >= '3.11'" },
]
python = "3.12"
entrypoints = [{ name = "rookery", install-path = "/home/ann/bin/rookery", from = "rookery" }]

[tool.options]
prerelease = "allow"
no-build-package = ["numpy"]
index = [{ url = "https://example.org/simple", default = true }]
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder with pipx and uv, which are all that can be found."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("pipx", "uv"):
        folder.joinpath(name).write_text("#!/bin/sh\n")
        folder.joinpath(name).chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def environment(tmp_path: Path, file: str = "", text: str = "") -> Path:
    prefix = tmp_path / "home" / "venvs" / "rookery"
    prefix.mkdir(parents=True)
    if file:
        prefix.joinpath(file).write_text(text)
    return prefix


def commands(prefix: Path) -> tuple[list[str], list[str]]:
    found = find_installer(str(prefix), "/python")
    return found.installing(["./a", "b==1"]), found.removing("rookery-dice")


def test_pip_is_used_where_nobody_else_made_the_environment(programs: Path, tmp_path: Path) -> None:
    install, remove = commands(environment(tmp_path, "pyvenv.cfg", "home = /usr/bin\nversion = 3.11.2\n"))
    assert install == ["/python", "-P", "-m", "pip", "install", "./a", "b==1"]
    assert remove == ["/python", "-P", "-m", "pip", "uninstall", "--yes", "rookery-dice"]


def test_pipx_is_used_where_it_made_the_environment_wherever_that_is(programs: Path, tmp_path: Path) -> None:
    install, remove = commands(environment(tmp_path, "pipx_metadata.json", "{}"))
    there = ["env", f"PIPX_HOME={tmp_path / 'home'}", str(programs / "pipx")]
    assert install == [*there, "inject", "rookery", "./a", "b==1"]
    assert remove == [*there, "uninject", "rookery", "rookery-dice"]


def test_uv_is_used_where_it_made_the_environment_though_a_dependency_brings_pip(
    programs: Path, tmp_path: Path
) -> None:
    install, remove = commands(environment(tmp_path, "pyvenv.cfg", "home = /usr/bin\nuv = 0.9.1\n"))
    uv = str(programs / "uv")
    assert install == [uv, "pip", "install", "--python", "/python", "./a", "b==1"]
    assert remove == [uv, "pip", "uninstall", "--python", "/python", "rookery-dice"]


def test_a_tool_of_uv_s_is_installed_anew_with_all_that_it_was_made_with(programs: Path, tmp_path: Path) -> None:
    install, remove = commands(environment(tmp_path, "uv-receipt.toml", RECEIPT))
    made = ["env", f"UV_TOOL_DIR={tmp_path / 'home' / 'venvs'}", "UV_TOOL_BIN_DIR=/home/ann/bin"]
    made += [str(programs / "uv"), "tool", "install", "--python", "3.12", "--prerelease", "allow"]
    made += ["--no-build-package", "numpy", "--default-index", "https://example.org/simple", "rookery[smollm2]>=0.1"]
    todo = ["--with", "rookery-todo @ file:///home/ann/my%20plugins/todo"]
    dice = ["--with-editable", "/home/ann/dice"]
    head = "rookery-head @ git+https://example.org/head@abc#subdirectory=sub ; python_full_version >= '3.11'"
    assert install == [*made, *todo, *dice, "--with", head, "--with", "./a", "--with", "b==1"]
    assert remove == [*made, *todo, "--with", head]


def test_what_was_added_to_a_tool_of_uv_s_in_another_way_is_just_removed(programs: Path, tmp_path: Path) -> None:
    prefix = environment(tmp_path, "uv-receipt.toml", '[tool]\nrequirements = [{ name = "rookery" }]\n')
    uv = str(programs / "uv")
    assert commands(prefix)[1] == [uv, "pip", "uninstall", "--python", "/python", "rookery-dice"]


@pytest.mark.parametrize("text", ["", "[tool]\nrequirements = 3\n", "[tool]\nrequirements = []\n", "["])
def test_a_receipt_that_cannot_be_read_is_as_good_as_none(programs: Path, tmp_path: Path, text: str) -> None:
    assert commands(environment(tmp_path, "uv-receipt.toml", text))[0][:4] == ["/python", "-P", "-m", "pip"]


def test_where_the_program_that_made_it_is_gone_pip_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    for file in ("pipx_metadata.json", "uv-receipt.toml"):
        assert commands(environment(tmp_path / file, file, "{}"))[0][:4] == ["/python", "-P", "-m", "pip"]


@pytest.mark.parametrize(
    ("told", "wanted"),
    [
        (None, "head-dist==1.0"),
        ({"url": "file:///home/ann/my%20plugins/h%C3%A9ad", "dir_info": {}}, "/home/ann/my plugins/h\u00e9ad"),
        ({"url": "https://example.org/head-1.0.zip", "archive_info": {}}, "https://example.org/head-1.0.zip"),
        (
            {"url": "https://example.org/g", "vcs_info": {"vcs": "git", "commit_id": "abc"}, "subdirectory": "sub"},
            "git+https://example.org/g@abc#subdirectory=sub",
        ),
    ],
)
def test_what_is_asked_for_to_have_it_again_is_where_it_was_taken_from(
    site: Site, told: dict[str, Any] | None, wanted: str
) -> None:
    site.install("head", "")
    if told is not None:
        site.info("head").joinpath("direct_url.json").write_text(json.dumps(told))
    assert requirement_of("head-dist") == wanted
