"""`rookery models`: list, look at, fetch, add, choose and remove models. Loads none, and needs no plugin."""

from __future__ import annotations

import argparse
import json
import signal
import sys
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import FrameType

from rookery_core.config import Config
from rookery_core.config_file import load_config, set_value
from rookery_core.errors import ConfigError, ModelError
from rookery_core.model.library.catalogue import known_as
from rookery_core.model.library.listing import Installed, Offered, installed, offered, trust
from rookery_core.model.library.memory import memory_here
from rookery_core.model.library.partial import Partial
from rookery_core.model.library.pull import order, pull
from rookery_core.model.library.shelf import (
    Shelf,
    add,
    check_model,
    check_removable,
    remove,
    remove_unfinished,
    unfinished,
)
from rookery_core.model.registry import ModelFile, available, configured, find
from rookery_core.paths import Paths
from rookery_core.text import size_text
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.model_lines import about, about_known, as_data, known_as_data, table
from rookery_tui.out import say
from rookery_tui.progress import ProgressLine
from rookery_tui.width import cut_to

MODEL = "model.path"


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises ConfigError, ModelError."""
    console = console.outliving()
    shelf = Shelf.of(paths, time.strftime("%Y-%m-%d"))
    progress = ProgressLine(console.stderr)
    try:
        match arguments.action:
            case "list":
                _list(shelf, paths, console, as_json=arguments.json)
            case "info":
                _info(arguments.model, shelf, paths, console, progress, as_json=arguments.json)
            case "pull":
                _pull(arguments, shelf, paths, console, progress)
            case "add":
                _add(arguments, shelf, paths, console, progress)
            case "use":
                _use(arguments.model, paths, console)
            case "probe":
                from rookery_tui.subcommands import probe  # loads a model; the others do not

                return probe.main(arguments.model, paths, console, progress)
            case _:
                _remove(arguments.model, shelf, paths, console, unasked=arguments.yes)
    finally:
        progress.clear()
    return Exit.OK


def _list(shelf: Shelf, paths: Paths, console: Console, *, as_json: bool) -> None:
    config = load_config(paths).config
    models = _installed(available(paths), shelf, paths, config)
    known = _offered(shelf, paths, config)
    memory = memory_here()
    if as_json:
        made = {
            "models": [as_data(model) for model in models],
            "available": [known_as_data(each) for each in known],
            "memory": {"total": memory.total, "available": memory.available},
        }
        return console.print_json(made)
    others = {name: n for name, n in unfinished(shelf).items() if known_as(name) is None}
    _print_lines((cut_to(line, console.width) for line in table(models, known, others, memory)), console)
    if config.model.path and not _in_use(config, paths):
        _note(f"{MODEL} is {config.model.path}, which is not there; `rookery models use NAME` sets another", console)
    return None


def _info(wanted: str, shelf: Shelf, paths: Paths, console: Console, progress: ProgressLine, *, as_json: bool) -> None:
    config, memory = load_config(paths).config, memory_here()
    if each := next((each for each in _offered(shelf, paths, config) if each.known.name == wanted), None):
        return console.print_json(known_as_data(each)) if as_json else _print_lines(about_known(each, memory), console)
    (model,) = _installed([find(wanted, paths)], shelf, paths, config)
    try:
        sha256 = shelf.hashes.sha256(model.file.path, lambda done, total: progress.told("checking", done, total))
    except OSError as exc:
        raise ModelError(f"{model.file.path} cannot be read: {exc.strerror}") from exc
    progress.clear()
    model = replace(model, trust=trust(model.n_bytes, sha256, model.record))
    return (
        console.print_json(as_data(model, sha256)) if as_json else _print_lines(about(model, sha256, memory), console)
    )


def _pull(arguments: argparse.Namespace, shelf: Shelf, paths: Paths, console: Console, progress: ProgressLine) -> None:
    wanted = order(arguments.model, arguments.source, arguments.name, arguments.sha256)
    brought = next((model for model in available(paths) if model.package and model.name == wanted.name), None)
    if brought and wanted.known and wanted.known.name == brought.name:
        say(f"{brought.name} is here already: the package {brought.package} brought it", console.stdout)
        return
    try:
        with _ended_in_order():
            fetched = pull(wanted, shelf, say=lambda text: progress.say(f"rookery: {text}"), told=progress.told)
    except (KeyboardInterrupt, SystemExit):
        kept = Partial(shelf.file_of(wanted.name)).n_bytes
        goes_on = f"{size_text(kept)} of {wanted.name} are kept, and the same command goes on there"
        progress.say(f"\nrookery: stopped; {goes_on if kept else 'nothing was kept'}")
        raise
    progress.clear()
    how = "was here already" if fetched.was_there else "is here"
    checked = "its hash is the one that Rookery pins" if wanted.known else f"not pinned; its hash is {fetched.sha256}"
    say(f"{fetched.model.name} {how}; {checked}", console.stdout)
    _say_next(fetched.model, paths, console)


def _add(arguments: argparse.Namespace, shelf: Shelf, paths: Paths, console: Console, progress: ProgressLine) -> None:
    model, copied = add(shelf, Path(arguments.file), name=arguments.name, copy=arguments.copy, told=progress.told)
    progress.clear()
    how = "a copy" if copied else "the same file under a second name, which takes no room"
    say(f"{model.name} is in the models folder: {how}", console.stdout)
    _say_next(model, paths, console)


def _use(wanted: str, paths: Paths, console: Console) -> None:
    model = find(wanted, paths)
    check_model(model.path)
    named = any(model == each for each in available(paths))
    set_value(paths, MODEL, json.dumps(model.name if named else str(model.path)))
    say(f"Rookery begins with {model.name} from now on", console.stdout)
    adapter = load_config(paths).config.model.adapter
    if adapter not in ("", "auto"):
        _note(
            f"model.adapter is {adapter}; where it is not for this model: rookery config set model.adapter auto",
            console,
        )


def _remove(wanted: str, shelf: Shelf, paths: Paths, console: Console, *, unasked: bool) -> None:
    model = next((model for model in available(paths) if model.name == wanted), None)
    if model is None:
        if wanted not in unfinished(shelf):
            raise ConfigError(f"{wanted} is not in the models folder {shelf.folder}; `rookery models list` lists it")
        remove_unfinished(shelf, wanted)
        say(f"what was here of {wanted} is deleted", console.stdout)
        return
    check_removable(shelf, model)
    if not unasked and not _confirmed(model, console):
        say("nothing is deleted", console.stderr)
        return
    config = load_config(paths).config
    was_set = config.model.path and _in_use(config, paths) == model.path
    remove(shelf, model)
    say(f"{model.name} is deleted", console.stdout)
    if was_set and not _in_use(config, paths):
        _note(f"{MODEL} still names it; `rookery models use NAME` sets another", console)


def _confirmed(model: ModelFile, console: Console) -> bool:
    if not console.can_ask:
        raise ConfigError(f"{model.path} is deleted only when somebody can be asked, or with --yes")
    question = f"delete {model.path}, {size_text(model.path.stat().st_size)}? [y/N] "
    say(question, console.stderr, end="")
    return console.stdin.readline().strip().lower() in ("y", "yes")


@contextmanager
def _ended_in_order() -> Iterator[None]:
    """Inside, SIGTERM and the end of the terminal end the program as Ctrl+C does: nothing that it began goes on."""

    def end(number: int, frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    wanted = [signal.SIGTERM, *([signal.SIGHUP] if sys.platform != "win32" else [])]
    heeded = [number for number in wanted if signal.getsignal(number) is signal.SIG_DFL]  # nohup means what it says
    try:
        for number in heeded:
            signal.signal(number, end)
        yield
    finally:
        for number in heeded:
            signal.signal(number, signal.SIG_DFL)


def _say_next(model: ModelFile, paths: Paths, console: Console) -> None:
    in_use = _in_use(load_config(paths).config, paths)
    text = "Rookery begins with it" if in_use == model.path else f"rookery models use {model.name}"
    say(text, console.stdout)


def _installed(files: Iterable[ModelFile], shelf: Shelf, paths: Paths, config: Config) -> list[Installed]:
    settings = config.model
    return installed(
        files, shelf, memory_here(), in_use=_in_use(config, paths), n_ctx=settings.n_ctx, adapter=settings.adapter
    )


def _offered(shelf: Shelf, paths: Paths, config: Config) -> list[Offered]:
    there = (model.name for model in available(paths))
    return offered(shelf, memory_here(), n_ctx=config.model.n_ctx, there=there)


def _in_use(config: Config, paths: Paths) -> Path | None:
    """The file that Rookery begins with; None where there is none."""
    try:
        return find(configured(config.model.path, paths), paths).path
    except ModelError:
        return None


def _print_lines(lines: Iterable[str], console: Console) -> None:
    for line in lines:
        say(line, console.stdout)


def _note(text: str, console: Console) -> None:
    say(f"rookery: {text}", console.stderr)
