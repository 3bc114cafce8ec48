"""Runs a case through a real assistant: one turn, in a folder and a store of its own. Judges nothing."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Collection, Iterable, Mapping
from contextlib import ExitStack, aclosing, asynccontextmanager
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path
from tempfile import TemporaryDirectory, gettempdir

from rookery_core.assistant import Assistant
from rookery_core.compose import build, strategy_of
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.errors import StoreBroken
from rookery_core.evals.cases import Conversation, TaskCase
from rookery_core.evals.given import as_written
from rookery_core.evals.outcome import DECIDED, Outcome, Recorder
from rookery_core.events import Mode, ToolStarted
from rookery_core.model.base import ModelBackend
from rookery_core.model.lent import LentModel
from rookery_core.paths import Paths
from rookery_core.reasoning.base import Strategy
from rookery_core.tools.loader import Loaded, LoadedPlugin

PLUGIN = "case"
"""The plugin that a case's own tools are said to be from."""
MAX_FILES = 200
MAX_FILE_BYTES = 100_000


@dataclass(frozen=True, slots=True)
class Stage:
    """What all cases of a run share."""

    config: Config
    model: ModelBackend
    built_in: Loaded
    """The tools that come with the program."""
    clock: Callable[[], float]
    """Seconds, monotonic."""
    timed: bool = True
    """Whether no other case runs meanwhile, so that seconds mean something."""


async def decide(case: Conversation, stage: Stage) -> Outcome:
    """Go on with a conversation up to the first call that the harness lets through, or the answer."""
    *over, current = turns = case.turns
    tools = tuple(spec.tool for spec in case.tools)
    plugins = Loaded((LoadedPlugin.of_tools(PLUGIN, PLUGIN, tools),) if tools else (), ())
    described = {tool.name: tool.description for tool in tools}
    strategy = as_written(turns, strategy_of(stage.config), described)
    async with _assistant(stage, plugins, strategy=strategy) as (assistant, _):
        session = assistant.new_session()
        try:
            for turn in over:
                async with aclosing(assistant.turn(session, turn.asked)) as events:
                    async for _event in events:
                        pass
            recorder = Recorder(stage.clock, given_steps=len(current.steps))
            stopped = False
            async with aclosing(assistant.turn(session, current.asked)) as events:
                async for event in events:
                    recorder.take(event)
                    if isinstance(event, ToolStarted):
                        stopped = True
                        assistant.cancel(DECIDED)
        finally:
            session.close()
        left_out = tuple(tool.name for tool in tools if tool.name not in assistant.tools.registry.names)
    return recorder.outcome(stopped=stopped, timed=stage.timed).model_copy(update={"left_out": left_out})


async def work(case: TaskCase, stage: Stage) -> Outcome:
    """Carry out a task, and see how the folder's files are in the end."""
    async with _assistant(stage, stage.built_in, allow=case.allow, files=case.files) as (assistant, workspace):
        session = assistant.new_session()
        try:
            recorder = Recorder(stage.clock)
            async with aclosing(assistant.turn(session, case.goal)) as events:
                async for event in events:
                    recorder.take(event)
        finally:
            session.close()
        files = texts(workspace, case.expect.files)
    return recorder.outcome(stopped=False, timed=stage.timed).model_copy(update={"files": files})


@asynccontextmanager
async def _assistant(
    stage: Stage,
    plugins: Loaded,
    *,
    allow: Collection[str] = (),
    files: Mapping[str, str] | None = None,
    strategy: Strategy | None = None,
) -> AsyncIterator[tuple[Assistant, Path]]:
    """An assistant that remembers nothing, and the folder with these files that it works in. Raises StoreBroken."""
    with ExitStack() as stack:
        try:
            folder = stack.enter_context(TemporaryDirectory(prefix="rookery-eval-", ignore_cleanup_errors=True))
            home, workspace = Path(folder, "home"), put(Path(folder, "work"), files or {})
        except OSError as exc:
            raise StoreBroken(
                f"a folder for a case cannot be made in {gettempdir()}: {exc.strerror}. "
                "Check that disk's space and the permissions, or name another folder in TMPDIR."
            ) from exc
        assistant = build(
            stage.config,
            Paths(config=home, data=home, logs=home / "logs"),
            Options(workspace=workspace, allow=allow, mode=Mode.ASK),
            model=LentModel(stage.model),
            plugins=plugins,
            strategy=strategy,
        )
        try:
            yield assistant, assistant.tools.workspace.root
        finally:
            await assistant.close()


def put(folder: Path, files: Mapping[str, str]) -> Path:
    """Make a folder with these files. Raises OSError."""
    folder.mkdir()
    for name, text in files.items():
        file = folder / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8", newline="")
    return folder


def texts(folder: Path, named: Iterable[str] = ()) -> dict[str, str | None]:
    """The texts of a folder's files, None for one that is no text or too large. Of many: those named, and some more."""
    wanted = (folder / name for name in named)
    there = dict.fromkeys(path for path in chain(wanted, sorted(folder.rglob("*"))) if path.is_file())
    return {path.relative_to(folder).as_posix(): _text(path) for path in islice(there, MAX_FILES)}


def _text(path: Path) -> str | None:
    try:
        return path.read_bytes().decode("utf-8") if path.stat().st_size <= MAX_FILE_BYTES else None
    except (OSError, UnicodeDecodeError):
        return None
