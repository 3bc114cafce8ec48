"""`run_tool` calls a tool the way Rookery does; `DictData` keeps what it remembers, and `events` what was shown."""

# ruff: noqa: ASYNC240 - the tests look at small files of their own

from __future__ import annotations

import asyncio
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from rookery_todo import TodoList, rookery_tools

from rookery_core.plugin import Event, Risk, ToolFinished
from rookery_core.testing import DictData, run_tool

LIST = """\
# Home

- [ ] buy milk
- [x] call Ann
* [ ] buy eggs
  from the farm

Not a task: - [ ] this
""".replace("\n", "\r\n")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "TODO.md"
    path.write_bytes(LIST.encode())
    return path


async def add(text: str, file: Path, events: list[Event] | None = None, *, allow: bool = True) -> ToolFinished:
    return await run_tool(TodoList().add_todo, {"text": text}, workspace=file.parent, events=events, allow=allow)


async def finish(what: str, file: Path, data: DictData | None = None) -> ToolFinished:
    return await run_tool(TodoList().finish_todo, {"what": what}, workspace=file.parent, data=data)


async def listed(file: Path, **arguments: bool) -> str:
    return (await run_tool(TodoList().list_todos, arguments, workspace=file.parent, allow=False)).output


async def test_open_ones_are_listed_without_asking_and_all_on_request(file: Path) -> None:
    assert await listed(file) == "1. buy milk\n3. buy eggs"
    assert await listed(file, all=True) == "1. buy milk\n2. [done] call Ann\n3. buy eggs"


async def test_a_new_one_comes_after_the_others_and_every_other_byte_stays(file: Path) -> None:
    assert (await add("- [ ] buy  bread", file)).output == "Added as number 4: buy bread"
    place = LIST.index("\r\n\r\nNot") + 2
    assert file.read_bytes().decode() == LIST[:place] + "- [ ] buy bread\r\n" + LIST[place:]


async def test_the_first_one_makes_the_file(tmp_path: Path) -> None:
    file = tmp_path / "TODO.md"
    assert await listed(file) == "The list is empty."
    await add("call Ann", file)
    assert file.read_bytes() == b"- [ ] call Ann\n"
    assert [path.name for path in tmp_path.iterdir()] == ["TODO.md"]


async def test_a_last_line_without_an_end_gets_one(file: Path) -> None:
    file.write_text("- [ ] one")
    await add("two", file)
    assert file.read_text() == "- [ ] one\n- [ ] two\n"


@pytest.mark.parametrize("text", [" ", "- [ ] ", "Buy Milk"])
async def test_nothing_and_what_is_there_already_are_not_added(text: str, file: Path) -> None:
    assert (await add(text, file)).status == "failed"
    assert file.read_bytes() == LIST.encode()


@pytest.mark.parametrize("what", ["1", "#1", "1.", "MILK", "buy milk"])
async def test_one_is_finished_by_its_number_or_by_part_of_its_text(what: str, file: Path) -> None:
    assert (await finish(what, file)).output == "Finished: buy milk. That is the 1st."
    assert file.read_bytes().decode() == LIST.replace("- [ ] buy milk", "- [x] buy milk")


async def test_the_text_that_is_exactly_so_wins_over_one_that_only_holds_it(file: Path) -> None:
    file.write_text("- [ ] rest the dough\n- [ ] rest\n")
    assert "Finished: rest." in (await finish("rest", file)).output


async def test_only_the_line_s_own_box_is_ticked(file: Path) -> None:
    file.write_text("- [ ] write - [ ] before a task \n")
    await finish("1", file)
    assert file.read_text() == "- [x] write - [ ] before a task \n"


@pytest.mark.parametrize(
    ("what", "why"),
    [
        ("buy", "'buy' fits 2 of them; give the number"),
        ("sing", "'sing' is not on the list"),
        ("9", "'9' is not on the list"),
        ("", "'' is not on the list"),
        ("2", "'2' is done already"),
        ("Ann", "'Ann' is done already"),
    ],
)
async def test_none_or_several_that_fit_are_answered_with_what_is_open(what: str, why: str, file: Path) -> None:
    finished = await finish(what, file)
    assert (finished.status, finished.output) == ("failed", f"{why}; open are: 1. buy milk; 3. buy eggs")
    assert file.read_bytes() == LIST.encode()


@pytest.mark.parametrize(("before", "said"), [(0, "1st"), (1, "2nd"), (10, "11th"), (11, "12th"), (22, "23rd")])
async def test_it_remembers_how_many_were_finished(before: int, said: str, file: Path) -> None:
    data = DictData(finished=before)
    assert (await finish("milk", file, data)).output.endswith(f"That is the {said}.")
    assert data["finished"] == before + 1


async def test_the_person_sees_what_would_change_and_grants_the_file(file: Path) -> None:
    events: list[Event] = []
    finished = await add("buy bread", file, events, allow=False)
    assert finished.status == "denied"
    assert file.read_bytes() == LIST.encode()
    (asked,) = [event.model_dump() for event in events if event.kind == "approval_requested"]
    assert asked["preview"].startswith("--- TODO.md\n+++ TODO.md\n@@")
    assert [line for line in asked["preview"].split("\n")[3:] if line[0] in "+-"] == ["+- [ ] buy bread"]
    assert asked["remembers"] == ("TODO.md",)


async def test_a_preview_says_so_where_nothing_would_change(file: Path) -> None:
    events: list[Event] = []
    await add("buy milk", file, events, allow=False)
    (asked,) = [event.model_dump() for event in events if event.kind == "approval_requested"]
    assert asked["preview"].startswith("nothing would change: 'buy milk' is on the list already")


async def test_calls_at_the_same_time_lose_nothing(file: Path) -> None:
    todos, texts = TodoList(), [f"task {n}" for n in range(20)]

    def one(text: str) -> None:
        asyncio.run(run_tool(todos.add_todo, {"text": text}, workspace=file.parent))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(one, texts))
    written = file.read_bytes().decode()
    assert all(f"- [ ] {text}\r\n" in written for text in texts)


@pytest.mark.skipif(os.name != "posix", reason="modes and links are POSIX's here")
async def test_the_file_keeps_its_mode_and_a_link_its_file(file: Path) -> None:
    real = file.rename(file.with_name("list.md"))
    real.chmod(0o640)
    file.symlink_to("list.md")
    await add("buy bread", file)
    assert file.is_symlink()
    assert stat.S_IMODE(real.stat().st_mode) == 0o640
    assert "buy bread" in real.read_text()


async def test_a_file_that_cannot_be_used_is_left_alone(file: Path) -> None:
    file.write_bytes(b"- [ ] caf\xe9\n")
    finished = await add("buy bread", file)
    assert (finished.status, finished.output) == ("failed", "TODO.md is not UTF-8 text; save it as such")
    file.unlink()
    file.mkdir()
    assert (await add("buy bread", file)).output.startswith("TODO.md cannot be read: ")


def test_writing_asks_and_reading_does_not() -> None:
    assert rookery_tools() == [TodoList]
    assert {tool.name: tool.risk for tool in (TodoList().add_todo, TodoList().finish_todo, TodoList().list_todos)} == {
        "add_todo": Risk.WRITE,
        "finish_todo": Risk.WRITE,
        "list_todos": Risk.READ,
    }
