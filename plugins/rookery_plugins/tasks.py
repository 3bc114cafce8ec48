"""The person's list of things to do, kept by the program from one session to the next.

Adding, finishing and removing change what the person relies on, and so are WRITE.
"""

from __future__ import annotations

import threading
from typing import Any

from rookery_core.plugin import Example, Risk, ToolContext, ToolRetry, hookimpl, tool

rookery_contract = 1

MAX_CHARS = 300
MAX_OPEN = 200
SHOWN_DONE = 5
_KEY = "tasks"

Task = dict[str, Any]
"""`text`, and whether it is `done`."""


class TaskList:
    """The tools, which share the list; calls may come from several threads."""

    def __init__(self) -> None:
        self._changing = threading.Lock()

    @tool(
        risk=Risk.WRITE,
        scope=lambda arguments: ["adding any task"],
        examples=[
            Example(
                asked="Put buying milk on my list",
                arguments={"task": "buy milk"},
                result="task 3: buy milk",
                answer="Buying milk is on your list.",
            )
        ],
        phrases=["put it on my to-do list", "I still have to do this", "one more thing to do", "add to my tasks"],
    )
    def add_task(self, ctx: ToolContext, task: str) -> str:
        """Adds a task to the user's to-do list."""
        text = " ".join(task.split())
        if not text:
            raise ToolRetry("the task is empty; say what is to be done")
        if len(text) > MAX_CHARS:
            raise ToolRetry(f"the task has {len(text)} characters and {MAX_CHARS} fit; say it in fewer words")
        with self._changing:
            tasks = _read(ctx)
            if known := _open(tasks).get(text.casefold()):
                return f"it is on the list already, as task {known}"
            if len(_open(tasks)) >= MAX_OPEN:
                raise ToolRetry(f"{MAX_OPEN} tasks are open; finish or remove some first")
            tasks.append({"text": text, "done": False})
            ctx.data.set(_KEY, tasks)
        return f"task {len(tasks)}: {text}"

    @tool(
        risk=Risk.READ, phrases=["what do I have to do", "show my to-do list", "which tasks are left", "what is next"]
    )
    def list_tasks(self, ctx: ToolContext) -> str:
        """Shows the user's to-do list."""
        tasks = list(enumerate(_read(ctx), 1))
        still = [f"task {n}: {task['text']}" for n, task in tasks if not task["done"]]
        done = [f"done: {task['text']}" for _, task in tasks if task["done"]]
        return "\n".join(still + done[-SHOWN_DONE:]) or "the to-do list is empty"

    @tool(
        risk=Risk.WRITE,
        scope=lambda arguments: ["finishing any task"],
        phrases=["I have done that", "tick it off my list", "that task is finished", "mark it as done"],
    )
    def finish_task(self, ctx: ToolContext, task: str) -> str:
        """Marks a task of the to-do list as done, by its number or its words."""
        with self._changing:
            tasks = _read(ctx)
            found = tasks[_meant(tasks, task)]
            found["done"] = True
            ctx.data.set(_KEY, tasks if len(_open(tasks)) else tasks[-SHOWN_DONE:])
        left = len(_open(tasks))
        return f"done: {found['text']}; {left} left"


def _read(ctx: ToolContext) -> list[Task]:
    return list(ctx.data.get(_KEY, []))


def _open(tasks: list[Task]) -> dict[str, int]:
    """The numbers of what is still to be done, by the text."""
    return {task["text"].casefold(): n for n, task in enumerate(tasks, 1) if not task["done"]}


def _meant(tasks: list[Task], said: str) -> int:
    """The place of the open task that is meant. Raises ToolRetry."""
    still = _open(tasks)
    wanted = " ".join(said.casefold().split()).removeprefix("task ").strip(" #.:")
    if wanted.isdecimal():
        if int(wanted) in still.values():
            return int(wanted) - 1
    else:
        found = [n for text, n in still.items() if wanted and wanted in text]
        exact = still.get(wanted)
        if exact or len(found) == 1:
            return (exact or found[0]) - 1
        if found:
            raise ToolRetry(f"{said!r} fits tasks {', '.join(map(str, found))}; give the number")
    raise ToolRetry(f"there is no open task {said!r}; list_tasks shows them with their numbers")


@hookimpl
def rookery_tools() -> list[object]:
    return [TaskList()]
