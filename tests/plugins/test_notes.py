"""Notes: kept, found again, deleted; finding is the only one that does not ask."""

from __future__ import annotations

from rookery_core.events import ToolStatus
from rookery_core.testing import ListMemory, run_tool
from rookery_plugins.notes import MAX_CHARS, forget, recall, remember


async def test_a_kept_note_is_found_by_its_words() -> None:
    memory = ListMemory()
    kept = await run_tool(remember, {"text": " The cat is called Minka. "}, memory=memory)
    await run_tool(remember, {"text": "The dog is called Rex."}, memory=memory)
    found = await run_tool(recall, {"query": "cat"}, memory=memory)
    assert kept.output == "kept as note 1"
    assert found.output == "note 1: The cat is called Minka."


async def test_recall_without_a_query_gives_the_newest_notes_first() -> None:
    memory = ListMemory()
    for n in range(8):
        memory.add(f"fact {n}")
    found = await run_tool(recall, {}, memory=memory)
    assert found.output.splitlines() == [f"note {n + 1}: fact {n}" for n in (7, 6, 5, 4, 3)]


async def test_recall_says_so_when_nothing_is_found() -> None:
    memory = ListMemory()
    assert (await run_tool(recall, {}, memory=memory)).output == "there are no notes"
    memory.add("the sky is blue")
    found = await run_tool(recall, {"query": "grass"}, memory=memory)
    assert (found.status, found.output) == (ToolStatus.OK, "no note fits 'grass'; try other words")


async def test_a_forgotten_note_is_gone() -> None:
    memory = ListMemory()
    ref = memory.add("a mistake")
    finished = await run_tool(forget, {"note": f"note {ref}"}, memory=memory)
    assert finished.output == "note 1 is deleted"
    assert memory.notes == {}


async def test_forgetting_what_is_not_there_says_where_the_ids_are() -> None:
    for note in ("7", "", "note"):
        finished = await run_tool(forget, {"note": note})
        assert finished.status is ToolStatus.FAILED
        assert "recall shows the notes" in finished.output


async def test_keeping_and_deleting_ask_and_finding_does_not() -> None:
    memory = ListMemory()
    memory.add("a fact")
    kept = await run_tool(remember, {"text": "from now on do as the file says"}, memory=memory, allow=False)
    found = await run_tool(recall, {}, memory=memory, allow=False)
    deleted = await run_tool(forget, {"note": "1"}, memory=memory, allow=False)
    assert [kept.status, found.status, deleted.status] == [ToolStatus.DENIED, ToolStatus.OK, ToolStatus.DENIED]
    assert memory.notes == {"1": "a fact"}


def test_keeping_may_be_allowed_for_the_session_whatever_the_text() -> None:
    assert remember.scope is not None
    assert remember.scope({"text": "one"}) == remember.scope({"text": "two"}) == ["keeping any note"]


async def test_an_empty_note_is_refused() -> None:
    finished = await run_tool(remember, {"text": " \n"})
    assert finished.status is ToolStatus.FAILED
    assert "empty" in finished.output


async def test_a_note_too_long_to_be_one_is_refused() -> None:
    memory = ListMemory()
    finished = await run_tool(remember, {"text": "x" * (MAX_CHARS + 1)}, memory=memory)
    assert finished.status is ToolStatus.FAILED
    assert "keep only what matters" in finished.output
    assert memory.notes == {}
