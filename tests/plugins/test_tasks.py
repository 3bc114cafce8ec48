"""The to-do list: kept between sessions, numbered in order, finished by number or by words."""

from __future__ import annotations

from typing import Any

import pytest

from rookery_core.events import ToolFinished, ToolStatus
from rookery_core.testing import DictData, run_tool
from rookery_core.tools.contract import Tool
from rookery_plugins.tasks import MAX_CHARS, MAX_OPEN, SHOWN_DONE, TaskList

TASKS = TaskList()


async def call(tool: Tool, data: DictData, **arguments: Any) -> ToolFinished:
    return await run_tool(tool, arguments, data=data)


async def test_tasks_are_listed_in_the_order_they_came() -> None:
    data = DictData()
    assert (await call(TASKS.list_tasks, data)).output == "the to-do list is empty"
    assert (await call(TASKS.add_task, data, task="  buy\nmilk ")).output == "task 1: buy milk"
    await call(TASKS.add_task, data, task="call Ann")
    assert (await call(TASKS.list_tasks, data)).output == "task 1: buy milk\ntask 2: call Ann"


async def test_the_list_outlives_the_object_that_made_it() -> None:
    data = DictData()
    await call(TaskList().add_task, data, task="water the plants")
    assert (await call(TaskList().list_tasks, data)).output == "task 1: water the plants"


@pytest.mark.parametrize("said", ["2", "task 2", "#2", "call Ann", "ANN"])
async def test_a_task_is_finished_by_number_or_words(said: str) -> None:
    data = DictData()
    for text in ("buy milk", "call Ann", "pay the rent"):
        await call(TASKS.add_task, data, task=text)
    assert (await call(TASKS.finish_task, data, task=said)).output == "done: call Ann; 2 left"
    assert (await call(TASKS.list_tasks, data)).output == "task 1: buy milk\ntask 3: pay the rent\ndone: call Ann"


async def test_words_that_fit_several_tasks_ask_for_the_number_unless_one_is_exact() -> None:
    data = DictData()
    for text in ("call Ann", "call Ann's mother"):
        await call(TASKS.add_task, data, task=text)
    unclear = await call(TASKS.finish_task, data, task="call")
    assert (unclear.status, unclear.output) == (ToolStatus.FAILED, "'call' fits tasks 1, 2; give the number")
    assert (await call(TASKS.finish_task, data, task="Call Ann")).output == "done: call Ann; 1 left"


@pytest.mark.parametrize("said", ["7", "", "nothing like it", "task 1", "²"])
async def test_a_task_that_is_not_open_is_not_finished(said: str) -> None:
    data = DictData()
    await call(TASKS.add_task, data, task="buy milk")
    await call(TASKS.finish_task, data, task="1")
    done = await call(TASKS.finish_task, data, task=said)
    assert done.status is ToolStatus.FAILED
    assert done.output == f"there is no open task {said!r}; list_tasks shows them with their numbers"


async def test_the_same_task_is_not_added_twice_while_it_is_open() -> None:
    data = DictData()
    await call(TASKS.add_task, data, task="buy milk")
    assert (await call(TASKS.add_task, data, task="Buy Milk")).output == "it is on the list already, as task 1"
    await call(TASKS.finish_task, data, task="1")
    assert (await call(TASKS.add_task, data, task="buy milk")).output == "task 2: buy milk"


@pytest.mark.parametrize(("text", "said"), [(" ", "is empty"), ("x" * (MAX_CHARS + 1), f"{MAX_CHARS} fit")])
async def test_a_task_of_no_use_is_refused(text: str, said: str) -> None:
    done = await call(TASKS.add_task, DictData(), task=text)
    assert done.status is ToolStatus.FAILED
    assert said in done.output


async def test_the_list_is_bounded_and_what_is_done_leaves_it() -> None:
    data = DictData()
    for n in range(MAX_OPEN):
        await call(TASKS.add_task, data, task=f"thing {n}")
    full = await call(TASKS.add_task, data, task="one more")
    assert (full.status, full.output) == (
        ToolStatus.FAILED,
        f"{MAX_OPEN} tasks are open; finish or remove some first",
    )
    for n in range(MAX_OPEN):
        await call(TASKS.finish_task, data, task=str(n + 1))
    assert len((await call(TASKS.list_tasks, data)).output.splitlines()) == SHOWN_DONE
    assert (await call(TASKS.add_task, data, task="a new start")).output == f"task {SHOWN_DONE + 1}: a new start"
