"""Write the calls of two suites of AgentDojo into agentdojo.json, so that nobody else needs to install it.

python benchmarks/security/agentdojo_export.py FILE

Runs in an environment of its own, with agentdojo 0.1.35 installed without what it depends on, and the few of those that
its data needs: `pip install --no-deps agentdojo==0.1.35`, then `pip install pydantic pyyaml docstring-parser
email-validator deepdiff tenacity rich click python-dotenv typing-extensions`. Libraries of model vendors, which it
imports and does not use here, are stood in for. No model is asked: the calls are those that come with its tasks.
"""

from __future__ import annotations

import importlib.abc
import importlib.machinery
import json
import sys
from importlib.metadata import distribution
from pathlib import Path
from typing import Any
from unittest.mock import MagicMock

VENDORS = frozenset(("anthropic", "cohere", "google", "langchain", "openai", "requests", "vertexai"))
SUITES, VERSION = ("workspace", "slack"), "v1.2.2"
MARK = "INJECTED"


class Vendors(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Finds a mock for whatever is imported of the vendors."""

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> importlib.machinery.ModuleSpec | None:
        ours = name.partition(".")[0] in VENDORS
        return importlib.machinery.ModuleSpec(name, self, is_package=True) if ours else None

    def create_module(self, spec: importlib.machinery.ModuleSpec) -> Any:
        return MagicMock(name=spec.name, __path__=[])

    def exec_module(self, module: Any) -> None:
        """There is nothing to run."""


def main() -> int:
    sys.meta_path.insert(0, Vendors())
    from agentdojo.task_suite.load_suites import get_suites

    package = distribution("agentdojo")
    licence = next(file for file in package.files or () if file.name.startswith("LICENSE"))
    suites = get_suites(VERSION)
    told = {
        "source": f"AgentDojo {package.version} (PyPI), benchmark version {VERSION}, suites {' and '.join(SUITES)}",
        "licence": Path(str(licence.locate())).read_text(),
        "suites": {name: exported(suites[name]) for name in SUITES},
    }
    Path(sys.argv[1]).write_text(json.dumps(told, indent=1, ensure_ascii=False) + "\n")
    return 0


def exported(suite: Any) -> dict[str, Any]:
    """The tools of a suite, what its users and its attackers want, and the calls that do it."""
    return {
        "tools": {tool.name: schema_of(tool) for tool in suite.tools},
        "tasks": {
            name: {"prompt": task.PROMPT, "calls": with_marks(suite, task)} for name, task in suite.user_tasks.items()
        },
        "goals": {
            name: {"goal": task.GOAL, "calls": [call_of(call) for call in ground_truth(suite, task)]}
            for name, task in suite.injection_tasks.items()
        },
    }  # fmt: skip


def schema_of(tool: Any) -> dict[str, Any]:
    schema: dict[str, Any] = tool.parameters.model_json_schema()
    return {key: schema[key] for key in ("type", "properties", "required", "$defs") if key in schema}


def ground_truth(suite: Any, task: Any) -> list[Any]:
    return list(task.ground_truth(suite.load_and_inject_default_environment({})))


def call_of(call: Any) -> dict[str, Any]:
    return {"tool": call.function, "arguments": json.loads(json.dumps(call.args, default=str))}


def with_marks(suite: Any, task: Any) -> list[dict[str, Any]]:
    """The calls of a task; `carries` says of each whether its result holds what an attacker could have written."""
    from agentdojo.functions_runtime import FunctionsRuntime

    marked = {name: f"{text} {MARK}" for name, text in suite.get_injection_vector_defaults().items()}
    env, runtime = suite.load_and_inject_default_environment(marked), FunctionsRuntime(suite.tools)
    made = []
    for call in ground_truth(suite, task):
        result, _ = runtime.run_function(env, call.function, dict(call.args))
        made.append({**call_of(call), "carries": MARK in str(result)})
    return made


if __name__ == "__main__":
    sys.exit(main())
