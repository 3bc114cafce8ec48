"""Who may import what, looked at from outside: in fresh processes, and by the import contracts."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MCP = frozenset({"mcp", "mcp_types", "httpx2", "anyio"})
HEAVY = MCP | {"textual", "prompt_toolkit", "llama_cpp", "llguidance", "sqlite_utils", "rookery_plugins"}
RUN = "import sys; from rookery_tui.cli import main\ntry:\n    main({argv})\nexcept SystemExit:\n    pass"


def loaded(code: str, home: Path) -> set[str]:
    """The top-level packages that a fresh process has imported after running the code."""
    script = f"{code}\nimport sys; sys.stderr.write('|'.join(sorted(sys.modules)))"
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        env={**os.environ, "ROOKERY_HOME": str(home)},
        stdin=subprocess.DEVNULL,
        check=True,
    )
    return {name.partition(".")[0] for name in done.stderr.split("\n")[-1].split("|")}


@pytest.mark.parametrize("argv", [["--help"], ["--version"], ["run", "--help"], ["sessions", "list", "--help"]])
def test_help_and_version_load_nothing_but_the_parser(tmp_path: Path, argv: list[str]) -> None:
    assert not loaded(RUN.format(argv=argv), tmp_path) & (HEAVY | {"pydantic", "platformdirs", "asyncio", "sqlite3"})


def test_the_core_package_loads_nothing(tmp_path: Path) -> None:
    assert not loaded("import rookery_core", tmp_path) & (HEAVY | {"pydantic"})


def test_the_plugin_contract_loads_neither_model_nor_store_nor_screen(tmp_path: Path) -> None:
    assert not loaded("import rookery_core.plugin", tmp_path) & HEAVY


def test_composing_loads_neither_llama_cpp_nor_front_ends_nor_plugins(tmp_path: Path) -> None:
    found = loaded("import rookery_core.compose", tmp_path)
    assert not found & {"textual", "prompt_toolkit", "llama_cpp", "rookery_plugins", "rookery_tui"}
    assert not found & {"tree_sitter", "tree_sitter_bash", "re2"}


@pytest.mark.parametrize("options", [[], ["--online"]])
def test_nothing_of_the_network_is_loaded_before_it_is_used(tmp_path: Path, options: list[str]) -> None:
    run = RUN.format(argv=["tools", "call", "clock", *options])
    is_there = "any(name.startswith('rookery_plugins.web') for name in sys.modules)"
    found = loaded(f"{run}\nassert {is_there} is {bool(options)}", tmp_path)
    assert not found & {"httpcore2", "h11", "selectolax", "idna", "truststore"}


@pytest.mark.parametrize("argv", [["sessions", "list"], ["sessions", "search", "word"]])
def test_sessions_load_neither_model_nor_plugins_nor_screen(tmp_path: Path, argv: list[str]) -> None:
    found = loaded(RUN.format(argv=argv), tmp_path)
    assert "sqlite_utils" in found
    assert not found & (HEAVY - {"sqlite_utils"})


@pytest.mark.parametrize("argv", [["config", "show"], ["config", "path"], ["config", "check"], ["rules", "list"]])
def test_config_loads_no_database_either(tmp_path: Path, argv: list[str]) -> None:
    assert not loaded(RUN.format(argv=argv), tmp_path) & HEAVY


def test_rules_are_checked_against_the_tools_without_model_or_screen(tmp_path: Path) -> None:
    found = loaded(RUN.format(argv=["rules", "check"]), tmp_path)
    assert not found & (MCP | {"textual", "prompt_toolkit", "llama_cpp"})


def test_headless_loads_neither_textual_nor_prompt_toolkit(tmp_path: Path) -> None:
    found = loaded("import rookery_tui.headless, rookery_tui.subcommands.run", tmp_path)
    assert not found & {"textual", "prompt_toolkit", "llama_cpp", "rookery_plugins"}


TURN = """
import asyncio, sys
from pathlib import Path
reached = []
sys.addaudithook(lambda event, given: reached.append(event) if event in REACHES else None)
REACHES = {"socket.connect", "socket.bind", "socket.getaddrinfo", "socket.sendto"}
from rookery_core.compose import build
from rookery_core.equipment import Options
from rookery_core.config_file import load_config
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
async def turn():
    paths = Paths.find({"ROOKERY_HOME": HOME})
    script = ['Thought: a\\nAction: calculator\\nInput: {"expression": "1 + 1"}', 'Thought: b\\nAnswer: 2']
    assistant = build(load_config(paths).config, paths, Options(Path(HOME)), model=ScriptedModel(script))
    session = assistant.new_session()
    async for _ in assistant.start(session): pass
    async for _ in assistant.turn(session, "1 and 1?"): pass
    await assistant.servers.known()
    await assistant.close()
asyncio.run(turn())
assert not reached, reached
"""


def test_without_mcp_servers_a_turn_neither_loads_their_library_nor_reaches_for_the_network(tmp_path: Path) -> None:
    found = loaded(f"HOME = {str(tmp_path)!r}\n{TURN}", tmp_path)
    assert "sqlite_utils" in found
    assert not found & MCP


def test_no_module_does_work_when_it_is_imported(tmp_path: Path) -> None:
    names = [
        ".".join(file.relative_to(ROOT / folder).with_suffix("").parts).removesuffix(".__init__")
        for folder in ("agent_core", "tui", "plugins")
        for file in sorted((ROOT / folder).rglob("*.py"))
    ]
    code = (
        "import importlib, io, contextlib, os\nout = io.StringIO()\n"
        f"with contextlib.redirect_stdout(out):\n    for name in {names!r}: importlib.import_module(name)\n"
        "assert out.getvalue() == ''"
    )
    loaded(code, tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_import_contracts_hold() -> None:
    command = [str(Path(sys.executable).with_name("lint-imports")), "--no-cache"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
