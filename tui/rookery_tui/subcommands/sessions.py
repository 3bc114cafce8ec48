"""`rookery sessions`: what is stored, listed, shown, searched and exported. Needs no model and no plugin."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path

from rookery_core.compose import archive
from rookery_core.errors import ConfigError
from rookery_core.event_json import dump_event
from rookery_core.memory.episodic import Episodes
from rookery_core.paths import Paths
from rookery_core.store.sessions import Sessions
from rookery_core.text import one_line
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.export import as_json, as_markdown, as_text, local_time, told
from rookery_tui.out import harmless_json, say
from rookery_tui.speech import turns_text
from rookery_tui.width import cut_to

LONGEST_TITLE = 80


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises StoreError, and ConfigError for a file that cannot be written."""
    stored = archive(paths)
    try:
        match arguments.action:
            case "list":
                text = _list(stored.sessions, arguments.limit, console.width, as_json=arguments.json)
            case "show":
                text = _export(stored.sessions, arguments.session, "json" if arguments.json else "text")
            case "search":
                words = " ".join(arguments.words)
                text = _search(stored.episodes, words, arguments.limit, console.width, as_json=arguments.json)
            case _:
                text = _export(stored.sessions, arguments.session, arguments.format)
    finally:
        stored.store.close()
    if getattr(arguments, "output", None):
        write_file(Path(arguments.output), text, force=arguments.force)
        say(f"rookery: the session was written to {arguments.output}", console.stderr)
    else:
        if getattr(arguments, "json", False) or getattr(arguments, "format", "md") != "md":
            console.write_utf8()
        say(text, console.stdout, end="")
    return Exit.OK


def _list(sessions: Sessions, limit: int, width: int | None, *, as_json: bool) -> str:
    found = sessions.recent(limit)
    if as_json:
        return harmless_json(json.dumps([told(each) for each in found], ensure_ascii=False)) + "\n"
    if not found:
        return "There are no sessions yet.\n"
    return _lines(
        cut_to(f"{one_line(each.id, 40)}  {local_time(each.updated_at)}  {turns_text(each.turns):>9}  {title}", width)
        for each in found
        for title in [one_line(each.title, LONGEST_TITLE)]
    )


def _search(episodes: Episodes, words: str, limit: int, width: int | None, *, as_json: bool) -> str:
    found = episodes.search(words, limit)
    if as_json:
        return harmless_json(json.dumps([told(each) for each in found], ensure_ascii=False)) + "\n"
    if not found:
        return "Nothing was found.\n"
    return _lines(
        cut_to(line, width)
        for each in found
        for line in (
            f"{one_line(each.session, 40)} turn {each.turn}  {local_time(each.at)}  {each.status}",
            f"  asked   {one_line(each.asked, 100)}",
            f"  answer  {one_line(each.answer, 100)}",
        )
    )


def _export(sessions: Sessions, wanted: str, form: str) -> str:
    summary = sessions.get(wanted)
    events = sessions.events(summary.id)
    match form:
        case "text":
            return _lines(as_text(summary, events))
        case "md":
            return _lines(as_markdown(summary, events))
        case "json":
            return harmless_json(as_json(summary, events)) + "\n"
        case _:
            return harmless_json(_lines(dump_event(event) for event in events))


def _lines(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def write_file(file: Path, text: str, *, force: bool) -> None:
    """Write a new file, or replace one where that is wanted. Raises ConfigError."""
    try:
        replaced = force or (file.exists() and not file.is_file())  # a device or a pipe has nothing to lose
        with file.open("w" if replaced else "x", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
    except FileExistsError as exc:
        raise ConfigError(f"{file} is there already; --force replaces it") from exc
    except OSError as exc:
        raise ConfigError(f"{file} cannot be written: {exc.strerror}") from exc
