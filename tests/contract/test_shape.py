"""The shape of the code: how large a module may grow, what is public, what is documented."""

from __future__ import annotations

import ast
import inspect
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import rookery_core.plugin
from rookery_core import errors, events
from rookery_core.config import Config, WebSettings
from rookery_core.equipment import built_in
from rookery_core.plugin import ToolContext, tool
from rookery_core.reasoning.prompt import describe
from rookery_core.tools import hooks
from rookery_core.tools.registry import register

ROOT = Path(__file__).parents[2]
SOURCES = [path for root in ("agent_core", "tui", "plugins") for path in (ROOT / root).rglob("*.py")]
MAX_LINES = 400
MAX_METHODS = 40


def test_no_module_has_outgrown_its_idea() -> None:
    large = {
        str(path.relative_to(ROOT)): n for path in SOURCES if (n := len(path.read_text().splitlines())) > MAX_LINES
    }
    assert not large


def test_no_class_has_become_everything() -> None:
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ClassDef):
                methods = [item for item in node.body if isinstance(item, ast.FunctionDef | ast.AsyncFunctionDef)]
                assert len(methods) <= MAX_METHODS, f"{path}: {node.name}"


def test_every_module_says_what_it_is_for() -> None:
    for path in SOURCES:
        if path.read_text().strip():
            assert ast.get_docstring(ast.parse(path.read_text())), path


def test_no_module_is_named_after_nothing() -> None:
    assert not {path.stem for path in SOURCES} & {"utils", "util", "helpers", "manager", "common", "misc"}


def test_what_plugin_authors_import_is_exactly_this() -> None:
    assert rookery_core.plugin.__all__ == [
        "Allow", "Answer", "Answered", "Append", "ApprovalRequested", "ApprovalResolved", "ArgumentsInvalid",
        "Artifacts", "Box", "CONTRACT_VERSION", "CallRuled", "Command", "CommandContext", "Completion", "Data", "Delta",
        "Deny", "Event", "Example", "Folder", "Memory", "Message", "ModelBackend", "ModelDied", "ModelError", "ModelInfo",
        "ModelUnreadable", "NeedsApproval", "Outcome", "Person", "Reading", "Replace", "Rewrite", "Risk",
        "RiskRule", "RookeryError", "Run", "Sampling", "Sandbox", "Secrets", "Send", "Step", "StepFailed", "StepStarted",
        "StepUnparsable", "Strategy", "Task", "TextModel", "ThoughtFormed", "Tool", "ToolCall", "ToolContext",
        "ToolFailed", "ToolFinished", "ToolOutcome", "ToolRequested", "ToolResult", "ToolRetry", "ToolStarted",
        "ToolStatus", "ToolUse", "TurnEnded", "TurnPaused", "TurnStarted", "TurnStatus", "Usage", "Workspace",
        "WorkspaceEntry", "WorkspacePath", "hookimpl", "parse", "program_environment", "search_path", "size_text", "stems", "tool", "which",
    ]  # fmt: skip
    for name in rookery_core.plugin.__all__:
        assert hasattr(rookery_core.plugin, name)


def test_every_event_hook_and_error_is_documented() -> None:
    made = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, events.Event)]
    hook_functions = [f for name, f in vars(hooks).items() if name.startswith("rookery_")]
    wrong = [kind for kind in vars(errors).values() if isinstance(kind, type)]
    for thing in (*made, *hook_functions, *wrong):
        assert inspect.getdoc(thing), thing
    tree = errors.__doc__ or ""
    assert all(kind.__name__ in tree for kind in wrong)


def test_every_hook_and_all_that_a_tool_is_lent_is_in_the_guide() -> None:
    guide = (ROOT / "docs" / "plugins.md").read_text()
    hook_names = [name for name in vars(hooks) if name.startswith("rookery_")]
    lent = [f"`{field.name}" for field in fields(ToolContext)]
    taken = [f"`{name}`" for name in inspect.signature(tool).parameters if name != "function"]
    assert [name for name in (*hook_names, *lent, *taken) if name not in guide] == []


def test_an_events_kind_is_its_name_in_snake_case() -> None:
    for kind in vars(events).values():
        if isinstance(kind, type) and issubclass(kind, events.Event) and kind is not events.Event:
            snake = "".join(f"_{c.lower()}" if c.isupper() else c for c in kind.__name__).lstrip("_")
            assert kind.model_fields["kind"].default == snake


def test_the_generated_tables_in_the_docs_are_up_to_date() -> None:
    check = subprocess.run(
        [sys.executable, str(ROOT / "docs" / "generate.py"), "--check"], capture_output=True, text=True, check=False
    )
    assert check.returncode == 0, check.stdout + check.stderr


def test_every_built_in_tool_has_a_call_on_the_tools_page() -> None:
    page = (ROOT / "docs" / "tools.md").read_text(encoding="utf-8")
    registry, _ = register(built_in(Config(web=WebSettings(online=True))).plugins)
    assert [name for name in registry.names if f"\n### {name}\n" not in page] == []
    assert [name for name in registry.names if describe(registry.get(name)).removeprefix("- ") not in page] == []
