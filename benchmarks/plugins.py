"""plugin-start, plugin-call, plugin-crash: what installed plugins cost, and the processes that their tools run in."""

from __future__ import annotations

import hashlib
import os
import statistics
import sys
import tempfile
import time
from pathlib import Path

from kit import percentile
from process import run

from rookery_core.approval.policy import Allowed, Grants
from rookery_core.events import ToolStatus
from rookery_core.hosting.admission import Admissions, Wishes, candidates
from rookery_core.hosting.describing import Manifests
from rookery_core.hosting.installation import load
from rookery_core.plugin import Risk
from rookery_core.reasoning.step import ToolCall
from rookery_core.testing import DictData, ListArtifacts, ListMemory
from rookery_core.tools.lending import EnvironmentSecrets, Lender
from rookery_core.tools.loader import installed
from rookery_core.tools.registry import Registry, register
from rookery_core.tools.runner import Caller, ToolRunner
from rookery_core.workspace import Workspace

N_PLUGINS = 50
START_S, CALL_S, CRASH_S = 0.05, 0.01, 1.0
"""What the figures are fractions of."""
SOURCE = """
import os
from rookery_core.plugin import Risk, hookimpl, tool

@tool(risk=Risk.PURE)
def measure_{n}(length: float, unit: str = "m") -> str:
    '''Converts measure {n} from metres.'''
    return f"{{length}} {{unit}}"

@tool(risk=Risk.PURE)
def crash_{n}() -> str:
    '''Ends the process.'''
    os._exit(1)

@hookimpl
def rookery_tools():
    return [measure_{n}, crash_{n}]
"""
START = """
import sys
from pathlib import Path
from rookery_core.compose import build
from rookery_core.equipment import Options
from rookery_core.config_file import load_config
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
paths = Paths.find({"ROOKERY_HOME": sys.argv[1]})
made = build(load_config(paths).config, paths, Options(workspace=Path(".")), model=ScriptedModel([]))
print(len(made.tools.registry))
"""
"""A start up to where the first message could be carried out, but for the model."""


async def start(quick: bool) -> tuple[float, str]:
    """CPU time: a start with so many enabled plugins, less one with none."""
    with tempfile.TemporaryDirectory() as folder:
        some, none = Path(folder, "some"), Path(folder, "none")
        site = _installed(Path(folder, "site"), N_PLUGINS)
        _let_in(site, some)
        sides: list[list[float]] = [[], []]
        for _ in range(5 if quick else 15):
            for side, (home, path) in zip(sides, ((some, str(site)), (none, "")), strict=True):
                done = run([sys.executable, "-c", START, str(home)], environ={"PYTHONPATH": path})
                side.append(done.cpu_s)
                if home is some and int(done.output) < N_PLUGINS:
                    raise RuntimeError(f"only {done.output!r} tools are offered")
        with_them, without = (statistics.median(side) for side in sides)
    detail = f"{1000 * with_them:.0f} ms with {N_PLUGINS} plugins, {1000 * without:.0f} without, {len(sides[0])} times"
    return (with_them - without) / START_S, detail


async def call(quick: bool) -> tuple[float, str]:
    """By the clock: a call in a plugin's process that runs already, its arguments checked there."""
    with tempfile.TemporaryDirectory() as folder:
        site = _installed(Path(folder, "site"), 1)
        bench = _Bench(site, Path(folder))
        try:
            await bench.call("measure_0", length=1.5)
            took = [await bench.call("measure_0", length=1.5) for _ in range(50 if quick else 300)]
        finally:
            await bench.close()
    slow = f"{1000 * statistics.median(took):.2f} ms, 95th percentile {1000 * percentile(took, 0.95):.2f}"
    return statistics.median(took) / CALL_S, f"{slow}, {len(took)} calls"


async def crash(quick: bool) -> tuple[float, str]:
    """By the clock: a call that ends its process, and the next one, which needs another."""
    with tempfile.TemporaryDirectory() as folder:
        site = _installed(Path(folder, "site"), 1)
        bench = _Bench(site, Path(folder))
        took = []
        try:
            await bench.call("measure_0", length=1.5)
            for _ in range(5 if quick else 15):
                lost = await bench.call("crash_0", wanted=ToolStatus.FAILED)
                took.append(lost + await bench.call("measure_0", length=1.5))
        finally:
            await bench.close()
    return statistics.median(took) / CRASH_S, f"{1000 * statistics.median(took):.0f} ms, {len(took)} crashes"


class _Bench:
    """Calls the tools of one plugin as a turn does."""

    def __init__(self, site: Path, folder: Path) -> None:
        os.environ["PYTHONPATH"] = str(site)
        sys.path.insert(0, str(site))
        self._loaded = load(
            [ep for ep in installed() if ep.name.startswith("bench")],
            Admissions(folder / "plugins.json"),
            Manifests(folder / "manifests.json"),
            Wishes(only=["bench-0"]),
            log=folder / "log",
        )
        self._runner = _runner(register(self._loaded.plugins)[0], folder)

    async def call(self, tool: str, wanted: ToolStatus = ToolStatus.OK, **arguments: object) -> float:
        """The seconds that a call took."""
        nothing = Caller("", lambda event: None, _never, _never, _never, 1_000)
        began = time.perf_counter()
        done = await self._runner.call(ToolCall(tool, dict(arguments)), "1", nothing)
        if done.status is not wanted:
            raise RuntimeError(f"{tool}: {done.output}")
        return time.perf_counter() - began

    async def close(self) -> None:
        await self._loaded.close()
        sys.path.pop(0)


async def _never(*_: object) -> None:  # nobody is asked here
    raise RuntimeError("somebody was asked")


def _runner(registry: Registry, folder: Path) -> ToolRunner:
    artifacts, data = ListArtifacts(), DictData()
    lender = Lender(
        lambda *_: ListMemory(), lambda *_: data, lambda *_: artifacts, lambda name: EnvironmentSecrets(name, {})
    )
    everything = Allowed(kinds=frozenset(Risk))
    return ToolRunner(registry, Workspace.at(folder), lender, everything, Grants(), time.monotonic)


def _installed(site: Path, n: int) -> Path:
    """A folder with so many distributions, as pip leaves them."""
    site.mkdir()
    for k in range(n):
        source = SOURCE.format(n=k)
        (site / f"bench_{k}.py").write_text(source)
        info = site / f"bench_{k}-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: bench-{k}\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[rookery]\nbench-{k} = bench_{k}\n")
        (info / "RECORD").write_text(f"bench_{k}.py,sha256={hashlib.sha256(source.encode()).hexdigest()},\n")
    return site


def _let_in(site: Path, home: Path) -> None:
    """Enable them all, and have them described."""
    home.mkdir()
    sys.path.insert(0, str(site))
    os.environ["PYTHONPATH"] = str(site)
    found = [ep for ep in installed() if ep.name.startswith("bench")]
    admissions = Admissions(home / "plugins.json")
    known = candidates(found, admissions, Wishes())
    for candidate in known:
        admissions.enable(candidate.name, candidate.identity)
    Manifests(home / "manifests.json").of((candidate.name, candidate.identity) for candidate in known)
    sys.path.pop(0)
