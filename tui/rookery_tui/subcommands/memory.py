"""`rookery memory`: what is kept from one session to the next, whose word it is, and what the person stands for."""

from __future__ import annotations

import argparse
from collections.abc import Iterator

from rookery_core.approval.taint import Label
from rookery_core.compose import Archive, archive
from rookery_core.errors import ConfigError
from rookery_core.paths import Paths
from rookery_core.store.plugin_data import not_trusted, vouch
from rookery_core.text import one_line
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.export import local_time
from rookery_tui.out import say

NONE_YET = "There are no notes."


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Carry out one of the actions. Raises StoreError, and ConfigError for what there is not."""
    stored = archive(paths)
    try:
        match arguments.action:
            case "list":
                return _list(stored, console, as_json=arguments.json)
            case "vouch":
                if not _vouch(stored, arguments.ref):
                    raise ConfigError(f"there is nothing kept as {arguments.ref}; `rookery memory list` shows what is")
                say(f"{arguments.ref} counts as your own words now", console.stdout)
            case _:
                if not stored.notes.forget(arguments.ref):
                    raise ConfigError(f"there is no note {arguments.ref}; `rookery memory list` shows those there are")
                say(f"note {arguments.ref} is deleted", console.stdout)
        return Exit.OK
    finally:
        stored.store.close()


def _list(stored: Archive, console: Console, *, as_json: bool) -> Exit:
    notes, others = stored.notes.all(), not_trusted(stored.store)
    if as_json:
        told = [{"ref": each.ref, "text": each.text, "at": each.at, **_told(each.label)} for each in notes]
        console.print_json(told + [{"ref": f"{plugin}:{key}", **_told(label)} for plugin, key, label in others])
        return Exit.OK
    for note in notes:
        say(f"{note.ref:>3}  {local_time(note.at)}  {one_line(note.text, 200)}", console.stdout)
        for line in _lines(note.label):
            say(line, console.stdout)
    for plugin, key, label in others:
        say(f"{plugin}:{key}, what this plugin keeps for itself", console.stdout)
        for line in _lines(label):
            say(line, console.stdout)
    if not notes and not others:
        say(NONE_YET, console.stdout)
    return Exit.OK


def _told(label: Label) -> dict[str, list[str]]:
    return {"untrusted": [source.name for source in label.untrusted]}


def _lines(label: Label) -> Iterator[str]:
    for source in label.untrusted:
        yield f"     not trusted, kept after {source.name}"


def _vouch(stored: Archive, ref: str) -> bool:
    session, slash, turn = ref.rpartition("/")
    plugin, colon, key = ref.partition(":")
    if colon:
        return vouch(stored.store, plugin, key)
    if slash and turn.isdecimal():
        return stored.episodes.vouch(session, int(turn))
    return stored.notes.vouch(ref)
