"""The todo list of the workspace, kept in `TODO.md`: a toolbox, whose methods are tools and share one object.

Knows GitHub's task lists (`- [ ] text`, `- [x] text`); every other line of the file stays as it is.
"""

from __future__ import annotations

import difflib
import io
import os
import re
import secrets
import shutil
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

from rookery_core.plugin import Example, Risk, ToolContext, ToolFailed, ToolRetry, hookimpl, tool

rookery_contract = 1

FILE = "TODO.md"
NAMED = 20
"""The most todos that a correction for the model lists."""

_TASK = re.compile(r"(\ufeff?\s*(?:[-*+]|\d+[.)])\s+\[)([ xX])(\]\s+)(\S.*?)(\s*)", re.DOTALL)
_BULLET = re.compile(r"(?:[-*+]\s+)?(?:\[[ xX]?\](?:\s+|$))?")


@dataclass(frozen=True, slots=True)
class Todo:
    """One task of the list."""

    number: int
    """From 1, finished ones counted too, so that finishing one does not renumber the others."""
    line: int
    """Its place in the file, from 0."""
    text: str
    done: bool


# What the person sees before deciding. A preview is called with the tool's arguments, and with its context where it
# names the parameter for it. It changes nothing.
def _preview_add(ctx: ToolContext, text: str) -> str:
    return _difference(ctx, lambda before: _added(before, text)[0])


def _preview_finish(ctx: ToolContext, what: str) -> str:
    return _difference(ctx, lambda before: _finished(before, what)[0])


# What an answer "for this session" allows: not one call, but every change of this one file.
def _the_file(arguments: dict[str, Any]) -> list[str]:
    return [FILE]


class TodoList:
    """The tools. There is one object of this class, and calls may run at the same time: hence the lock."""

    def __init__(self) -> None:
        self._changing = threading.Lock()

    @tool(
        risk=Risk.WRITE,
        scope=_the_file,
        preview=_preview_add,
        examples=[
            Example(
                asked="Remind me to call Ann.",
                arguments={"text": "call Ann"},
                result="Added as number 3: call Ann",
                answer="It is on your list.",
            )
        ],
    )
    def add_todo(self, ctx: ToolContext, text: Annotated[str, "what is to be done"]) -> str:
        """Puts something on the todo list."""
        with self._changing:
            after, todo = _added(_read(ctx), text)
            _write(ctx, after)
        return f"Added as number {todo.number}: {todo.text}"

    @tool(risk=Risk.WRITE, scope=_the_file, preview=_preview_finish)
    def finish_todo(self, ctx: ToolContext, what: Annotated[str, "its number, or part of its text"]) -> str:
        """Ticks off something on the todo list."""
        with self._changing:
            after, todo = _finished(_read(ctx), what)
            n = int(ctx.data.get("finished", 0)) + 1  # kept by the host, from one session to the next
            _write(ctx, after)
            ctx.data.set("finished", n)
        return f"Finished: {todo.text}. That is the {_ordinal(n)}."

    @tool(risk=Risk.READ)
    def list_todos(self, ctx: ToolContext, all: Annotated[bool, "the finished ones too"] = False) -> str:
        """Shows the todo list."""
        todos = _todos(_lines(_read(ctx)))
        shown = [f"{todo.number}. {'[done] ' * todo.done}{todo.text}" for todo in todos if all or not todo.done]
        return "\n".join(shown) or ("Everything is done." if todos else "The list is empty.")


@hookimpl
def rookery_tools() -> list[object]:
    return [TodoList]


# -- the text of the file: from one text to the next, so that a preview and a change cannot differ --------------------


def _added(before: str, text: str) -> tuple[str, Todo]:
    text = _BULLET.sub("", " ".join(text.split()), count=1)
    if not text:
        raise ToolRetry("the text is empty; say what is to be done, like: call Ann")
    lines = _lines(before)
    todos = _todos(lines)
    for todo in todos:
        if not todo.done and todo.text.casefold() == text.casefold():
            raise ToolRetry(f"{todo.text!r} is on the list already, as number {todo.number}; nothing is left to do")
    end = "\r\n" if lines and lines[0].endswith("\r\n") else "\n"
    place = todos[-1].line + 1 if todos else len(lines)
    while todos and place < len(lines) and lines[place].strip() and lines[place][0] in " \t":
        place += 1  # what is indented below a task belongs to it
    if place and not lines[place - 1].endswith(("\n", "\r")):
        lines[place - 1] += end
    lines.insert(place, f"- [ ] {text}{end}")
    return "".join(lines), Todo(len(todos) + 1, place, text, done=False)


def _finished(before: str, what: str) -> tuple[str, Todo]:
    lines = _lines(before)
    todo = _meant(_todos(lines), what.strip())
    lines[todo.line] = _TASK.sub(r"\1x\3\4\5", lines[todo.line], count=1)
    return "".join(lines), todo


def _meant(todos: list[Todo], what: str) -> Todo:
    """The open one of that number, of that text, or with that in its text. Raises ToolRetry, which names those."""
    left = [todo for todo in todos if not todo.done]
    named = "; ".join(f"{todo.number}. {todo.text}" for todo in left[:NAMED])
    named = f"open are: {named}{'; ...' * (len(left) > NAMED)}" if left else "nothing is open"
    number = re.fullmatch(r"#?(\d{1,9})\.?", what)
    fits = [todo for todo in todos if number and todo.number == int(number[1])]
    said = what.casefold()
    fits = fits or [todo for todo in left if todo.text.casefold() == said]
    fits = fits or [todo for todo in left if said and said in todo.text.casefold()]
    fits = fits or [todo for todo in todos if said and said in todo.text.casefold()]
    match fits:
        case [todo] if not todo.done:
            return todo
        case [] | [_]:
            raise ToolRetry(f"{what!r} {'is done already' if fits else 'is not on the list'}; {named}")
        case _:
            raise ToolRetry(f"{what!r} fits {len(fits)} of them; give the number; {named}")


def _todos(lines: Iterable[str]) -> list[Todo]:
    tasks = [(place, task) for place, line in enumerate(lines) if (task := _TASK.fullmatch(line))]
    return [Todo(n, place, task[4], task[2] != " ") for n, (place, task) in enumerate(tasks, start=1)]


def _lines(text: str) -> list[str]:
    return list(io.StringIO(text, newline=""))  # with their line ends, and split at nothing else


def _ordinal(n: int) -> str:
    ending = {1: "st", 2: "nd", 3: "rd"}.get(n % 10, "th")
    return f"{n}{'th' if n % 100 in (11, 12, 13) else ending}"


# -- the file itself -------------------------------------------------------------------------------------------------


def _path(ctx: ToolContext) -> Path:
    return ctx.workspace.resolve(FILE)  # refuses a link that leads out of the workspace


def _read(ctx: ToolContext) -> str:
    try:
        return _path(ctx).read_bytes().decode()
    except FileNotFoundError:
        return ""
    except UnicodeDecodeError:
        raise ToolFailed(f"{FILE} is not UTF-8 text; save it as such") from None
    except OSError as exc:
        raise ToolFailed(f"{FILE} cannot be read: {exc.strerror}") from exc


def _write(ctx: ToolContext, text: str) -> None:
    """Write it whole or not at all: a new file beside it, which then takes its place."""
    path = _path(ctx)
    fresh = path.with_name(f".{FILE}.{secrets.token_hex(8)}")
    try:
        try:
            with fresh.open("xb") as file:
                file.write(text.encode())
                file.flush()
                os.fsync(file.fileno())
            if path.exists():
                shutil.copymode(path, fresh)
            os.replace(fresh, path)
        finally:
            fresh.unlink(missing_ok=True)
    except OSError as exc:
        raise ToolFailed(f"{FILE} cannot be written: {exc.strerror}") from exc


def _difference(ctx: ToolContext, change: Callable[[str], str]) -> str:
    try:
        before = _read(ctx)
        after = change(before)
    except (ToolRetry, ToolFailed) as exc:
        return f"nothing would change: {exc}"
    old, new = ([line.rstrip("\r\n") for line in _lines(text)] for text in (before, after))
    return "\n".join(difflib.unified_diff(old, new, FILE, FILE, lineterm=""))
