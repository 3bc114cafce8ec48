"""Small cases, and a stage with a scripted model."""

from __future__ import annotations

import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rookery_core.config import Config, MemorySettings
from rookery_core.evals.play import Stage
from rookery_core.plugin import Risk, WorkspacePath, tool
from rookery_core.testing import ScriptedModel
from rookery_core.tools.loader import Loaded, LoadedPlugin

WEATHER = {
    "name": "get_weather",
    "description": "Gets the weather of a city.",
    "parameters": {
        "type": "object",
        "properties": {"city": {"type": "string"}, "unit": {"type": "string", "enum": ["C", "F"], "default": "C"}},
        "required": ["city"],
    },
}
MAIL = {
    "name": "send_mail",
    "description": "Sends a mail.",
    "parameters": {
        "type": "object",
        "properties": {"to": {"type": "string"}, "text": {"type": "string"}},
        "required": ["to"],
    },
}


def decision(id: str = "d1", **changed: Any) -> dict[str, Any]:
    """A case of `decisions` as its file has it."""
    case = {
        "id": id,
        "group": "single",
        "tools": [WEATHER, MAIL],
        "messages": [{"role": "user", "content": "What is the weather in Rome?"}],
        "expect": {"tool": "get_weather", "arguments": {"city": ["Rome"]}},
    }
    return {**case, **changed}


def task(id: str = "t1", **changed: Any) -> dict[str, Any]:
    """A case of `tasks` as its file has it."""
    case = {"id": id, "goal": "Write hello into out.txt.", "expect": {"files": {"out.txt": {"equals": "hello"}}}}
    return {**case, **changed}


def write(folder: Path, *cases: Mapping[str, Any], name: str = "cases.jsonl") -> Path:
    """A case file."""
    file = folder / name
    file.write_text("".join(json.dumps(case) + "\n" for case in cases), encoding="utf-8")
    return file


@tool(risk=Risk.WRITE)
def save(path: WorkspacePath, text: str) -> str:
    """Writes a file."""
    path.write_text(text)
    return "saved"


@tool(risk=Risk.READ)
def look(path: WorkspacePath) -> str:
    """Shows a file."""
    return path.read_text()


TOOLS = Loaded((LoadedPlugin.of_tools("kit", "rookery", (save, look)),), ())


def stage(model: ScriptedModel, *, config: Config | None = None, timed: bool = True) -> Stage:
    """Where cases are run with a script for a model."""
    return Stage(config or Config(memory=MemorySettings(recall=0)), model, TOOLS, time.monotonic, timed=timed)
