"""Scenarios of two steps with tables, names of files, tasks and units: first a look, then what was asked."""

from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from typing import Any

from rookery_training import workspace_files as files
from rookery_training.errands import FIELDS
from rookery_training.fixed_words import HAS_RESULT, NOT_THERE
from rookery_training.measures import measure
from rookery_training.papers import docx, pdf
from rookery_training.stage_data import cells, text_of
from rookery_training.values import draw
from rookery_training.workspace_lines import it_says, ordinal
from rookery_training.workspace_play import Kinds, Play

COLUMNS = "I need its columns first."
PREFIXES = ("total_", "net_", "", "", "")


def _sheet(play: Play) -> tuple[str, str, list[list[Any]]]:
    """Two columns, whose names the request does not say, and their rows."""
    rng = play.rng
    text, number = rng.choice(FIELDS["text"]), rng.choice(PREFIXES) + rng.choice(FIELDS["number"])
    texts = list(dict.fromkeys(text_of(text, rng) for _ in range(rng.randint(3, 7))))
    numbers = rng.sample(range(2, 900), len(texts))
    return text, number, [list(row) for row in zip(texts, numbers, strict=True)]


def _asked(kind: str, table: str, text: str, number: str, item: str) -> str:
    return {
        "most": f"SELECT {text}, {number} FROM {table} ORDER BY {number} DESC LIMIT 1",
        "least": f"SELECT {text}, {number} FROM {table} ORDER BY {number} LIMIT 1",
        "total": f"SELECT sum({number}) FROM {table}",
        "average": f"SELECT round(avg({number}), 2) FROM {table}",
        "lookup": f"SELECT * FROM {table} WHERE {text} = '{item}'",
    }[kind]


def _looked_at(play: Play, tool: str, table: str, path: str, content: str | bytes, sheet: Any) -> bool:
    rng = play.rng
    text, number, rows = sheet
    kind = rng.choice(["most", "most", "least", "total", "average", "lookup"])
    item = rng.choice(rows)[0]
    play.made.kind = f"look {tool} {kind}"
    play.made.say(path=path, item=item)
    play.begin({path: content, **files.others(rng, [path], [], rng.randint(0, 1))})
    play.made.ask = play.phrases.pick_typed("first", kind)
    play.do(tool, play.maybe(COLUMNS), path=path)
    said = play.do(tool, path=path, sql=_asked(kind, table, text, number, item))
    found = cells(said)
    if len(found) != 1 or len(rows) < 3:
        return False
    row = found[0][1:] if kind == "lookup" and tool == "query_database" else found[0]
    return play.show(f"{row[0]}, with {row[1]}" if len(row) > 1 else row[0])


def look_table(play: Play) -> bool:
    """A table of which the request names no column."""
    text, number, rows = sheet = _sheet(play)
    mark = play.rng.choice([",", ",", ";"])
    lines = [mark.join(map(str, row)) for row in [[text, number], *rows]]
    inside = play.rng.choice(["", f"{files.folder(play.rng)}/"])
    path = f"{inside}{files.stem('list table export data report', play.rng)}.csv"
    return _looked_at(play, "query_table", "data", path, "\n".join(lines) + "\n", sheet)


def look_database(play: Play) -> bool:
    """A database of which the request names no table."""
    text, number, rows = sheet = _sheet(play)
    table = play.rng.choice(FIELDS["table"])
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.execute(f"CREATE TABLE {table} (id INTEGER PRIMARY KEY, {text} TEXT, {number} INTEGER)")
        connection.executemany(f"INSERT INTO {table} ({text}, {number}) VALUES (?, ?)", rows)
        connection.commit()
        content = connection.serialize()
    path = f"{files.stem('shop club data app archive', play.rng)}.{play.rng.choice(['db', 'sqlite'])}"
    return _looked_at(play, "query_database", table, path, content, sheet)


def _paper(play: Play) -> tuple[str, str | bytes, str]:
    """A file's ending, what is in it and its text."""
    rng = play.rng
    lines = [draw(kind, rng).said for kind in rng.choices(["note", "message"], k=rng.randint(1, 2))]
    lines = [line for line in lines if line.isascii()] or ["the gate is open"]
    kinds = [kind for kind, tool in (("txt", "read_file"), ("pdf", "read_document"), ("docx", "read_document"))
             if play.can(tool)]  # fmt: skip
    kind = rng.choice(kinds or ["txt"])
    made: dict[str, str | bytes] = {"txt": "\n".join(lines) + "\n", "pdf": pdf([lines]), "docx": docx(lines)}
    return kind, made[kind], "\n".join(lines)


def found(play: Play) -> bool:
    """A file of which only the name is known: it is found, and then read, moved or deleted."""
    rng = play.rng
    able = {"read": "read_document" if not play.can("read_file") else "read_file", "delete": "delete_file"}
    able["move"] = "move_file"
    kinds = [kind for kind, tool in able.items() if play.can(tool)]
    if not kinds:
        return False
    kind = rng.choice(kinds)
    ending, content, text = _paper(play)
    name = f"{files.stem('letter contract memo offer invoice speech lease', rng)}.{ending}"
    path, folder = f"{files.folder(rng)}/{name}", f"{rng.choice(files.FOLDERS)}/new"
    missing = rng.random() < 0.12
    play.made.kind = f"found {kind}"
    play.made.say(name=name, path=path, folder=folder)
    kept = {} if missing else {path: content}
    play.begin({**kept, **files.others(rng, [path, name], [], 2), f"{folder}/old.txt": "one\n"})
    play.made.ask = play.phrases.pick_typed("found", kind)
    seen = play.do("find_files", pattern=name)
    if missing:
        return seen.startswith("no file") and play.answer("reply", "nothing_called", thought=NOT_THERE, says=[name])
    if seen != path:
        return False
    first = play.maybe(f"It is {path}.")
    if kind == "delete":
        return play.do("delete_file", first, path=path).startswith("deleted") and play.answer("reply", "found_gone")
    if kind == "move":
        said = play.do("move_file", first, source=path, destination=folder)
        play.made.say(path=f"{folder}/{name}")
        return said.startswith("moved") and play.answer("reply", "found_moved")
    play.do("read_file" if ending == "txt" else "read_document", first, path=path)
    return play.show(text)


def _tasks(play: Play) -> list[str]:
    made = dict.fromkeys(draw("errand", play.rng).said for _ in range(play.rng.randint(2, 5)))
    play.begin({}, tasks=list(made))
    return list(made)


def task_done(play: Play) -> bool:
    """A task that is told by its place: the list has its number."""
    tasks = _tasks(play)
    if len(tasks) < 2:
        return False
    at = play.rng.choice([*range(min(3, len(tasks) - 1)), len(tasks) - 1, len(tasks) - 1])
    last = at == len(tasks) - 1
    play.made.say(which="last" if last else ordinal(at + 1), value=tasks[at])
    play.made.ask = play.phrases.pick_typed("todo", "done")
    play.do("list_tasks", play.maybe("I need the list first."))
    play.do("finish_task", it_says([f"task {at + 1}: {tasks[at]}"]), task=str(at + 1))
    return play.answer("reply", "task_done", says=[tasks[at]])


def task_about(play: Play) -> bool:
    """Whether something is on the list."""
    tasks = _tasks(play)
    there = play.rng.random() < 0.6
    words = [word for word in play.rng.choice(tasks).split() if len(word) > 4 and word.isalpha()]
    word = play.rng.choice(words) if there and words else draw("word", play.rng).said.lower()
    held = [task for task in tasks if word in task]
    if len(held) > 1:
        return False
    play.made.say(word=word, value=held[0] if held else "")
    play.made.ask = play.phrases.pick_typed("todo", "about")
    said = play.do("list_tasks")
    if not held:
        return play.answer("reply", "named_no", thought=NOT_THERE, says=[word])
    line = next(line for line in said.splitlines() if word in line)
    return play.answer("reply", "named_yes", thought=it_says([line]) or HAS_RESULT, says=[held[0]])


MEASURED = ("distance", "weight", "length", "height", "temperature", "speed", "width", "depth", "size", "volume")


def measured(play: Play) -> bool:
    """A measure that a file has, in another unit."""
    rng = play.rng
    key, unit = rng.choice(MEASURED), measure(rng)
    to, amount = measure(rng, [unit]), rng.randint(2, 400)
    lines = [f"{key}: {amount} {unit}", *(draw("note", rng).said for _ in range(rng.randint(0, 2)))]
    rng.shuffle(lines)
    path = f"{files.stem('trip data specs facts notes', rng)}.{rng.choice(['txt', 'md'])}"
    play.made.say(key=key, path=path, to=to, given=f"{amount} {unit}")
    play.begin({path: "\n".join(lines) + "\n", **files.others(rng, [path], [], 1)})
    play.made.ask = play.phrases.pick_typed("measure", "read")
    play.do("read_file", path=path)
    said = play.do("convert_units", it_says([f"{key}: {amount} {unit}"]), amount=amount, unit=unit, to=to)
    value = re.search(r" = ([^(]+)", said)
    if value is None:
        return False
    play.made.say(value=value[1].strip())
    return play.answer("reply", "measured", says=[value[1].strip()])


NEWER: Kinds = {
    "look table": (0.14, ("query_table",), look_table),
    "look database": (0.07, ("query_database",), look_database),
    "found": (0.16, ("find_files",), found),
    "task done": (0.06, ("list_tasks", "finish_task"), task_done),
    "task about": (0.05, ("list_tasks",), task_about),
    "measured": (0.12, ("read_file", "convert_units"), measured),
}
