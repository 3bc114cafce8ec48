"""`rookery eval`: how well the model decides and works, case by case, as a table and as JSON."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any, TextIO

from rookery_core.compose import Subject, subject
from rookery_core.config import Config
from rookery_core.config_file import OPTION, LoadedConfig, load_config, value_of
from rookery_core.equipment import built_in
from rookery_core.errors import ConfigError, StoreBroken
from rookery_core.evals.evaluate import Entry, evaluate, known
from rookery_core.evals.play import Stage
from rookery_core.evals.probe import with_form
from rookery_core.evals.results import Results, identity
from rookery_core.evals.suites import CaseRun, Suite, opened
from rookery_core.evals.summary import Rate, Summary, Tally, as_json, summarize, tally
from rookery_core.paths import Paths
from rookery_core.text import visible
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import erase, prints_go_to, redraw, say
from rookery_tui.stopping import Stop, stoppable
from rookery_tui.width import cut_to, width_of

NOT_SAVED = "model.saved_mb=0"
"""What is read for a case is of no use to a session, and must not push out what is."""
BAR_COLUMNS = 24
ALL = "all"

MakeSubject = Callable[[Config, Paths, str | None], Subject]


@dataclass(slots=True)
class Measured:
    """What there is so far."""

    suite: Suite[Any]
    cases: Sequence[CaseRun]
    subject: Subject
    loaded: LoadedConfig
    entries: list[Entry] = field(default_factory=list)

    @property
    def config(self) -> Config:
        """The settings, and the form of calls that a session would have with this model."""
        config = self.loaded.config
        labelled = config.agent.form == "auto" and self.subject.prefers_labels
        return with_form(config, "labelled") if labelled else config

    @property
    def lost(self) -> list[Entry]:
        """Cases in which the model's process ended by itself."""
        return [entry for entry in self.entries if entry.outcome.lost]

    @property
    def complete(self) -> bool:
        """Whether all cases are finished, each as far as the model brought it."""
        return len(self.entries) == len(self.cases) and not self.lost


def main(arguments: argparse.Namespace, paths: Paths, console: Console, make_subject: MakeSubject = subject) -> Exit:
    """Run the cases, print the table and write the file. Raises ConfigError, ModelError, StoreError."""
    console = console.outliving()
    target = Path(arguments.json) if arguments.json else None
    if target is not None:
        _try_to_write(target)
    loaded = load_config(paths, [NOT_SAVED, *map(_from_here, arguments.set)])
    err = console.stderr
    with opened(arguments.suite, paths.evals, lambda text: say(text, err)) as chosen:
        cases = chosen.runs(Path(arguments.cases) if arguments.cases else None, arguments.limit, arguments.group)
        made = Measured(chosen, cases, make_subject(loaded.config, paths, arguments.model), loaded)
        code = asyncio.run(_measure(made, paths, err, parallel=arguments.parallel, restart=arguments.restart))
    for line in table(made):
        say(line, console.stdout)
    if target is not None:
        _write(target, {**_what(made), **as_json(made.entries, made.suite.rates)})
        say(f"written to {target}", console.stderr)
    if made.lost:
        say(f"rookery: {_of_the_lost(made.lost)}", console.stderr)
        code = code or Exit.FAILED
    if len(made.entries) < len(made.cases):
        same = "the same command without --restart" if arguments.restart else "the same command"
        say(f"rookery: stopped; {same} goes on where it was", console.stderr)
    return code


def _from_here(option: str) -> str:
    """A file that is named on the command line is looked for where one is; one in the settings, at their folder."""
    key, _, value = option.partition("=")
    names_a_file = key.strip() in ("model.path", "model.adapter") and Path(value.strip()).is_file()
    return f"{key}={Path(value.strip()).absolute()}" if names_a_file else option


async def _measure(made: Measured, paths: Paths, err: TextIO, *, parallel: int, restart: bool) -> Exit:
    """Run what is not known yet; a first Ctrl+C stops it, and what is finished is kept."""
    stop = Stop()
    with prints_go_to(err):
        code = await stoppable(_run(made, paths, err, parallel, restart), stop)
    order = {case.id: n for n, case in enumerate(made.cases)}
    made.entries.sort(key=lambda entry: order[entry.case.id])
    return Exit(128 + stop.signal) if code is None else code


async def _run(made: Measured, paths: Paths, err: TextIO, parallel: int, restart: bool) -> Exit:
    config, tested = made.config, made.subject
    tools = built_in(config)
    who = identity(made.suite.name, model=tested.file, adapter=tested.adapter, config=config, tools=tools)
    results = Results(paths.evals, who)
    if restart:
        results.forget(case.key for case in made.cases)
    made.entries.extend(known(made.cases, results))
    progress = Progress(err, len(made.cases), len(made.entries), time.monotonic)

    def finished(entry: Entry) -> None:
        made.entries.append(entry)
        progress.show(tally(made.entries, made.suite.rates))

    try:
        if len(made.entries) < len(made.cases):
            progress.say(f"loading {tested.model.name} ...")
            await tested.model.open()
            progress.show(tally(made.entries, made.suite.rates))
        stage = Stage(config, tested.model, tools, time.monotonic, timed=parallel == 1)
        await evaluate(made.cases, stage, results, finished, parallel)
        return Exit.OK
    finally:
        progress.say("")
        await tested.close()


class Progress:
    """One line of a terminal that is written over and over; nothing where there is no terminal."""

    def __init__(self, err: TextIO, n: int, known: int, clock: Callable[[], float]) -> None:
        self._err = err
        self._n = n
        self._known = known
        self._clock = clock
        self._began = clock()
        self._columns = 0

    def show(self, so_far: Tally) -> None:
        """A bar, the rates so far, and how long the rest may take."""
        full = BAR_COLUMNS * so_far.n // self._n
        rates = "  ".join(f"{name} {rate.value:.2f}" for name, rate in so_far.rates.items() if rate.value is not None)
        here = so_far.n - self._known
        left = (self._clock() - self._began) / here * (self._n - so_far.n) if here else 0.0
        rest = f"  {left // 60:.0f}:{left % 60:02.0f} left" if left else ""
        self.say(f"{'#' * full}{'.' * (BAR_COLUMNS - full)} {so_far.n}/{self._n}  {rates}{rest}")

    def say(self, text: str) -> None:
        """Write the line anew; "" takes it away."""
        if self._err.isatty():
            text = cut_to(visible(text), width_of(self._err))
            redraw(text, self._err, over=self._columns) if text else erase(self._columns, self._err)
            self._columns = len(text)


# -- what is told -------------------------------------------------------------------------------------------------


def table(made: Measured) -> Iterator[str]:
    """The rates for people: of each group, and of all."""
    found: Summary = summarize(made.entries, made.suite.rates)
    rates = [name for name in made.suite.rates if found.total.rates[name].n]
    finished = f"{len(made.entries)} of {len(made.cases)}" if len(made.entries) < len(made.cases) else len(made.cases)
    adapter = f" with {made.subject.adapter.name}" if made.subject.adapter else ""
    yield f"{made.suite.name}: {made.subject.model.name}{adapter}, {finished} cases"
    if not made.entries:
        return
    rows = {**found.groups, ALL: found.total}
    width = max(len("group"), *map(len, rows))
    yield ""
    yield f"{'group':<{width}} {'n':>5}  " + "  ".join(f"{name:<24}" for name in rates).rstrip()
    for name, row in rows.items():
        yield f"{name:<{width}} {row.n:>5}  " + "  ".join(f"{_cell(row.rates[rate]):<24}" for rate in rates).rstrip()
    yield ""
    yield "rate, its 95 % interval (Wilson), and the cases that it is about"
    if found.decision_s:
        median, late = found.decision_s
        yield f"seconds to the first decision: median {median:.2f}, 90 % within {late:.2f} ({found.timed} cases)"
    usage = found.usage
    yield (
        f"tokens: {usage.prompt_tokens} read ({usage.cached_tokens} of them known before), "
        f"{usage.completion_tokens} written"
    )


def _cell(rate: Rate) -> str:
    if rate.value is None or rate.interval is None:
        return "-"
    low, high = rate.interval
    return f"{rate.value:.3f} [{low:.2f}, {high:.2f}] {rate.n:>4}"


def _what(made: Measured) -> dict[str, Any]:
    """What was measured, and how it was set up."""
    sources = made.loaded.sources
    return {
        "suite": made.suite.name,
        "model": made.subject.model.name,
        "file": str(made.subject.file),
        "adapter": str(made.subject.adapter or ""),
        "rookery": version("rookery"),
        "set": {key: value_of(made.loaded.config, key) for key, source in sources.items() if source == OPTION},
        "form": made.config.agent.form,
        "complete": made.complete,
        "lost": [entry.case.id for entry in made.lost],
    }


def _of_the_lost(entries: Sequence[Entry]) -> str:
    why = next((entry.outcome.reason for entry in entries if entry.outcome.reason), "")
    cases = "one case" if len(entries) == 1 else f"{len(entries)} cases"
    return (
        f"the model's process ended by itself in {cases}{f' ({why})' if why else ''}; they are counted as they ended, "
        "and the same command runs them again"
    )


# -- the file -----------------------------------------------------------------------------------------------------


def _try_to_write(target: Path) -> None:
    """ConfigError when the file cannot be written, so that it is said before hours are spent."""
    if target.is_dir() or not target.parent.is_dir():
        raise ConfigError(f"{target} cannot be written: it is a folder, or in none that is there")
    if _replaced(target):
        try:
            with tempfile.TemporaryFile(dir=target.parent):
                pass
        except OSError as exc:
            raise ConfigError(f"{target} cannot be written: {exc.strerror}") from exc


def _replaced(target: Path) -> bool:
    """Whether it is a file, or may become one; a pipe, a terminal and such are written into."""
    return target.is_file() or not target.exists()


def _write(target: Path, value: Mapping[str, Any]) -> None:
    """Write a file as a whole or not at all. Raises StoreBroken."""
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\n"
    try:
        if _replaced(target):
            _replace(target.resolve(), text)
        else:
            target.write_text(text, encoding="utf-8", errors="replace")
    except OSError as exc:
        raise StoreBroken(
            f"{target} cannot be written: {exc.strerror}. What was measured is kept: "
            "the same command writes it once there is room, or elsewhere with another --json."
        ) from exc


def _replace(target: Path, text: str) -> None:
    number, name = tempfile.mkstemp(prefix=f".{target.name}.", dir=target.parent)
    try:
        with os.fdopen(number, "w", encoding="utf-8", errors="replace") as stream:
            stream.write(text)
        os.replace(name, target)
    except OSError:
        Path(name).unlink(missing_ok=True)
        raise
