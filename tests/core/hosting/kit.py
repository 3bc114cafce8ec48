"""Distributions made by hand in a folder that this process and the processes of plugins look into."""

from __future__ import annotations

import hashlib
import importlib.metadata
import os
import textwrap
import time
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import pytest

from rookery_core.approval.policy import Allowed, Grants, nobody
from rookery_core.config import Config
from rookery_core.events import Event, QuestionAsked, ToolFinished
from rookery_core.hosting.admission import Admissions, Wishes, candidates
from rookery_core.hosting.boxing import Boxes
from rookery_core.hosting.describing import Manifests
from rookery_core.hosting.installation import load
from rookery_core.plugin import Risk
from rookery_core.reasoning.step import ToolCall
from rookery_core.redact import Redactor, known_to
from rookery_core.sandbox.guests import Guests
from rookery_core.sandbox.level import Level
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools.extras import put_together
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.loader import Loaded, installed
from rookery_core.tools.registry import register
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace
from tests.core.sandbox.kit import fixed, whole

HEAD = (
    "from rookery_core.plugin import Append, Command, NeedsApproval, Risk, RiskRule, Tool, ToolContext, ToolFailed\n"
    "from rookery_core.plugin import ToolRetry, WorkspacePath, hookimpl, tool\n"
)


def tool_source(body: str, *, name: str = "go", parameters: str = "", risk: str = "PURE", doc: str = "Does it.") -> str:
    """A plugin with one tool."""
    inside = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return (
        f"{HEAD}@tool(risk=Risk.{risk}, timeout_s=20)\ndef {name}({parameters}):\n    '''{doc}'''\n{inside}\n"
        f"@hookimpl\ndef rookery_tools():\n    return [{name}]\n"
    )


@dataclass(slots=True)
class Site:
    """The folder, and the person's files."""

    folder: Path
    home: Path

    def install(self, name: str, source: str, *, version: str = "1.0", plugins: Collection[str] = ()) -> None:
        """Put a distribution `NAME-dist` with the module NAME there, in place of what was of it."""
        self.uninstall(name)
        (self.folder / f"{name}.py").write_text(source)
        info = self.folder / f"{name}_dist-{version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}-dist\nVersion: {version}\n")
        points = "".join(f"{plugin} = {name}\n" for plugin in plugins or (name,))
        (info / "entry_points.txt").write_text(f"[rookery]\n{points}")
        (info / "RECORD").write_text(f"{name}.py,sha256={hashlib.sha256(source.encode()).hexdigest()},\n")

    def info(self, name: str) -> Path:
        """The folder of a distribution's metadata."""
        (found,) = self.folder.glob(f"{name}_dist-*.dist-info")
        return found

    def uninstall(self, name: str) -> None:
        for info in self.folder.glob(f"{name}_dist-*.dist-info"):
            for file in info.iterdir():
                file.unlink()
            info.rmdir()
        (self.folder / f"{name}.py").unlink(missing_ok=True)

    def found(self) -> list[importlib.metadata.EntryPoint]:
        """What is installed in the folder, and nothing else."""
        return [ep for ep in installed() if ep.dist is not None and str(ep.dist.locate_file("")) == str(self.folder)]

    @property
    def admissions(self) -> Admissions:
        return Admissions(self.home / "plugins.json")

    def enable(self, *names: str, rules: bool = False) -> None:
        for candidate in candidates(self.found(), self.admissions, Wishes()):
            if candidate.name in names:
                self.admissions.enable(candidate.name, candidate.identity, rules=rules)

    def load(
        self,
        *,
        only: Collection[str] | None = None,
        disabled: Collection[str] = (),
        seconds: float = 20.0,
        in_process: Collection[str] = (),
        boxes: Boxes | None = None,
    ) -> Loaded:
        def redactor() -> Redactor:
            return known_to(os.environ, Config())

        return load(
            self.found(),
            self.admissions,
            Manifests(self.home / "manifests.json", seconds, boxes, redactor),
            Wishes(disabled, only),
            in_process=in_process,
            log=self.home / "plugins.log",
            redactor=redactor,
            boxes=boxes,
        )


def boxes(root: Path | None, *, online: bool = False, own: Path | None = None) -> Boxes:
    """What confines plugins as this machine does, with a folder of Rookery's own."""
    return Boxes(Guests(fixed(Level.L3, own=own), root), online)


in_a_box_too = pytest.mark.parametrize("box", [False, pytest.param(True, marks=whole)], ids=["open", "boxed"])
"""With nothing around the plugins' processes, and in the sandbox."""


def empty_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    """One that nothing is installed in yet."""
    folder, home = tmp_path / "site", tmp_path / "home"
    folder.mkdir()
    home.mkdir()
    monkeypatch.syspath_prepend(str(folder))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, [str(folder), os.environ.get("PYTHONPATH", "")])))
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")
    return Site(folder, home)


class Bench:
    """Calls the tools of loaded plugins as a turn does."""

    def __init__(self, loaded: Loaded, workspace: Path) -> None:
        self.loaded = loaded
        self.events: list[Event] = []
        self.answers: list[str | None] = []
        self.memory, self.data, self.artifacts = ListMemory(), DictData(), ListArtifacts()
        registry, self.problems = register(loaded.plugins)
        self.runner = ToolRunner(
            registry=registry,
            workspace=Workspace.at(workspace),
            lender=Lender(
                memory=lambda *_: self.memory,
                data=lambda *_: self.data,
                artifacts=lambda *_: self.artifacts,
                secrets=lambda plugin: EnvironmentSecrets(plugin, {"ROOKERY_SECRET_LENDER_KEY": "s3cret"}),
            ),
            allowed=Allowed(kinds=frozenset(Risk)),
            grants=Grants(),
            clock=time.monotonic,
            rulings=put_together(loaded.plugins, strategies={}).rulings,
        )

    async def call(self, tool: str, **arguments: object) -> ToolFinished:
        async def answer(_: QuestionAsked) -> str | None:
            return self.answers.pop(0) if self.answers else None

        async def complete(prompt: str, max_tokens: int) -> str:
            return f"{prompt} ({max_tokens})"

        caller = Caller("session", self.events.append, nobody, answer, complete, 5_000)
        return await self.runner.call(ToolCall(tool, dict(arguments)), "1.1", caller)
