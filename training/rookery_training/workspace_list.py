"""Scenarios in which a folder is listed and one thing is said of what it has; the workspace itself has no name."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

from rookery_training import workspace_files as files
from rookery_training.fixed_words import HAS_RESULT
from rookery_training.values import draw
from rookery_training.workspace_files import Document
from rookery_training.workspace_lines import counted, it_says
from rookery_training.workspace_play import Kinds, Play

ROOT = 0.45
KINDS = ("count", "count_kind", "folders", "only", "newest", "oldest", "exists", "all", "open_newest")
SERIES = ("log", "report", "backup", "invoice", "diary", "minutes", "export", "photo list", "bill", "plan")


def series(word: str, rng: random.Random) -> list[str]:
    """Files of one kind whose names say in which order they were made, the oldest first."""
    extension = {"log": "log", "backup": "txt", "export": "csv"}.get(word, rng.choice(["txt", "md"]))
    mark = rng.choice("-_")
    style = rng.choice(["day", "month", "number", "year", "padded"])
    count = rng.randint(2, 5)
    numbers = sorted(rng.sample(range(1, 99), count))
    namings: dict[str, Callable[[int], str]] = {
        "day": lambda n: f"2026-{n % 12 + 1:02}-{n % 27 + 1:02}",
        "month": lambda n: f"{2024 + n // 34}-{n % 12 + 1:02}",
        "number": lambda n: str(n),
        "year": lambda n: str(1990 + n // 2),
        "padded": lambda n: f"{n:03}",
    }
    made = {namings[style](n): n for n in numbers}
    ordered = sorted(made, key=lambda name: int(name) if name.isdigit() else 0)
    ordered = ordered if style in ("number", "year", "padded") else sorted(made)
    return [f"{word.replace(' ', mark)}{mark}{name}.{extension}" for name in ordered]


def _document(rng: random.Random) -> Document:
    return files.lines(rng, 1, 3) if rng.random() < 0.5 else files.facts(rng)


def _text(rng: random.Random) -> str:
    return _document(rng).text


def _place(play: Play) -> tuple[str, dict[str, Any]]:
    """The folder, "" for the workspace itself, and the arguments that list it."""
    rng = play.rng
    folder = "" if rng.random() < ROOT else rng.choice(["notes", files.folder(rng), files.folder(rng)])
    words = play.phrases.pick("place", "folder" if folder else "root")
    play.made.say(place=words.replace("{folder}", folder))
    return folder, {"folder": folder} if folder else {}


def listing(play: Play) -> bool:
    """One question about the files of a folder, or of the workspace."""
    rng = play.rng
    kind = rng.choice(KINDS)
    folder, arguments = _place(play)
    play.made.kind = f"list {kind} {'in a folder' if folder else 'here'}"
    inside = f"{folder}/" if folder else ""
    word = rng.choice(SERIES)
    numbered = series(word, rng) if kind in ("newest", "oldest", "open_newest") else []
    names = numbered or [_document(rng).name for _ in range(rng.randint(1, 5))]
    beside = [files.lines(rng).name for _ in range(rng.randint(0, 1))] if numbered else []
    tree = {f"{inside}{name}": _text(rng) for name in dict.fromkeys([*names, *beside])}
    if kind == "folders" or rng.random() < 0.3:
        for _ in range(rng.randint(1, 3)):
            tree[f"{inside}{rng.choice(files.FOLDERS)}/{files.lines(rng).name}"] = _text(rng)
    elsewhere = files.others(rng, tree, [], rng.randint(0, 1)) if folder else {}
    if any(path.startswith(f"{other}/") for path in tree for other in tree):
        return False
    play.begin({**tree, **elsewhere})
    play.made.ask = play.phrases.pick_typed("list", kind).replace("{place}", play.made.scene["place"].said)
    made = _Listed(play, kind, inside, [path.removeprefix(inside) for path in tree], numbered, word)
    return made.ready() and made.told(play.do("list_files", **arguments))


class _Listed:
    """What is asked of one listing."""

    def __init__(self, play: Play, kind: str, inside: str, tree: list[str], series: list[str], word: str) -> None:
        self._play, self._kind, self._inside, self._series = play, kind, inside, series
        self._files = sorted(name for name in tree if "/" not in name)
        self._folders = sorted({f"{name.partition('/')[0]}/" for name in tree if "/" in name})
        self._word = word
        self._value = self._thought = ""
        self._reply = "list_name"

    def ready(self) -> bool:
        """Works out the answer; False where the question would not be clear."""
        play, rng = self._play, self._play.rng
        match self._kind:
            case "count":
                return self._count(self._files) and not self._folders
            case "count_kind":
                extension = rng.choice(self._files).rpartition(".")[2] if self._files else ""
                play.made.say(ext=extension)
                hits = [name for name in self._files if name.endswith(f".{extension}")]
                return bool(hits) and self._count(hits)
            case "folders":
                self._value = ", ".join(folder.rstrip("/") for folder in self._folders)
                self._reply, self._thought = "list_folders", it_says(self._folders)
            case "only":
                kinds = [name.rpartition(".")[2] for name in self._files]
                alone = [name for name in self._files if "." in name and kinds.count(name.rpartition(".")[2]) == 1]
                if not alone or len(self._files) < 2:
                    return False
                self._value = rng.choice(alone)
                play.made.say(ext=self._value.rpartition(".")[2])
                self._thought = it_says([self._value])
            case "newest" | "oldest" | "open_newest":
                play.made.say(what=self._word)
                self._value = self._series[0 if self._kind == "oldest" else -1]
                self._thought = it_says([self._value])
                return len(self._series) > 1
            case "exists":
                there = rng.random() < 0.5
                name = rng.choice(self._files) if there else files.facts(rng).name
                play.made.say(name=name)
                self._reply = "list_there" if there else "list_not_there"
                self._thought = it_says([name]) if there else ""
                return (name in self._files) == there
            case "all":
                shown = [*self._folders, *self._files]
                self._value, self._reply = ", ".join(shown), "list_all"
        return len(self._value) > 0

    def _count(self, things: list[str]) -> bool:
        self._value, self._reply, self._thought = str(len(things)), "list_count", counted(things)
        return 0 < len(things) < 8

    def told(self, seen: str) -> bool:
        """The answer, after one more call where the file is to be read."""
        play = self._play
        thought = (self._thought if "\n" in seen else "") or HAS_RESULT
        play.made.say(value=self._value)
        if seen.splitlines() != [*self._folders, *self._files]:
            return False
        if self._kind == "open_newest":
            path = f"{self._inside}{self._value}"
            text = play.do("read_file", self._thought if "\n" in seen else "", path=path)
            play.made.say(path=path)
            return play.show(text)
        yes_or_no = {"list_there": "Yes", "list_not_there": "No"}.get(self._reply)
        says = [yes_or_no] if yes_or_no else self._value.split(", ")
        return play.answer("reply", self._reply, thought=thought, says=says)


def named_folder(play: Play) -> bool:
    """A folder that is called a little otherwise: the tool says how."""
    rng = play.rng
    folder = draw("word", rng).said.lower() + rng.choice(["s", "_files", "-old", "_list"])
    wrong = rng.choice([folder[:-1], folder.capitalize(), folder.replace("_", "-"), folder + "s"])
    names = sorted({files.lines(rng).name for _ in range(rng.randint(1, 3))})
    words = play.phrases.pick("place", "folder").replace("{folder}", wrong)
    play.made.say(place=words, value=", ".join(names))
    play.begin({f"{folder}/{name}": _text(rng) for name in names})
    play.made.ask = play.phrases.pick_typed("list", "all").replace("{place}", words)
    said = play.do("list_files", folder=wrong)
    if f"did you mean {folder}?" not in said:
        return False
    play.do("list_files", play.maybe(f"It is called {folder}."), folder=folder)
    return play.answer("reply", "list_all", says=names)


LISTINGS: Kinds = {
    "list": (0.2, ("list_files", "read_file"), listing),
    "named folder": (0.015, ("list_files",), named_folder),
}
