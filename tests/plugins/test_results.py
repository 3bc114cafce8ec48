"""More of a long result: from a line on, or the lines with a text."""

from __future__ import annotations

from typing import Any

import pytest

from rookery_core.events import ToolStatus
from rookery_core.testing import ListArtifacts, run_tool
from rookery_core.tools.contract import Risk
from rookery_core.tools.signature import tool
from rookery_plugins.results import MATCHES, SHOWN_CHARS, read_result


async def read(text: str, **arguments: Any) -> tuple[ToolStatus, str]:
    artifacts = ListArtifacts()
    artifacts.add(text)
    done = await run_tool(read_result, {"result": "1", **arguments}, artifacts=artifacts)
    return done.status, done.output


async def test_a_result_is_read_page_by_page_to_its_end() -> None:
    lines = [f"line {n} " + "x" * 50 for n in range(1, 301)]
    seen: list[str] = []
    start = 1
    for _ in range(10):
        status, output = await read("\n".join(lines), start=start)
        assert status is ToolStatus.OK
        *page, last = output.splitlines()
        seen += page
        if "read on" not in last:
            break
        start = int(last.rstrip("]").rpartition("=")[2])
    assert seen == lines
    assert last == f"[lines {start} to 300 of 300]"


async def test_lines_with_a_text_are_found_whatever_their_case() -> None:
    assert await read("Alpha\nbeta\nALPHABET", find=" alpha ") == (ToolStatus.OK, "1: Alpha\n3: ALPHABET")
    _, output = await read("word\n" * 100, find="word")
    assert output.splitlines()[-1] == f"[{100 - MATCHES} more lines have it]"


async def test_a_match_in_a_long_line_is_shown_with_what_is_around_it() -> None:
    _, output = await read("a" * 5_000 + " needle " + "b" * 5_000, find="needle")
    assert "needle" in output
    assert len(output) < 400


async def test_a_line_longer_than_a_page_is_cut_and_says_so() -> None:
    _, output = await read("x" * (SHOWN_CHARS + 7))
    assert output.endswith("[line 1 of 1, 7 characters of it cut]")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"start": 4}, "the result has 3 lines"),
        ({"find": "zebra"}, "'zebra' is in none of the 3 lines"),
        ({"result": "9"}, "there is no text 9"),
        ({"result": "nonsense"}, "there is no text nonsense"),
    ],
)
async def test_what_is_not_there_is_said(arguments: dict[str, Any], said: str) -> None:
    status, output = await read("a\nb\nc", **arguments)
    assert status is ToolStatus.FAILED
    assert said in output


async def test_an_empty_result_has_no_lines() -> None:
    assert await read("") == (ToolStatus.OK, "[lines 1 to 0 of 0]")


async def test_the_number_is_taken_as_it_was_told() -> None:
    @tool(risk=Risk.PURE)
    def much() -> str:
        """Says much."""
        return "\n".join(f"row {n}" for n in range(5_000))

    artifacts = ListArtifacts()
    cut = await run_tool(much, {}, artifacts=artifacts)
    assert cut.output.endswith("\n[kept whole as result 1]")
    done = await run_tool(read_result, {"result": "result 1", "find": "row 4321"}, artifacts=artifacts)
    assert done.output == "4322: row 4321"
