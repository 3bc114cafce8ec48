"""The page on numbers, units and dates says what is so."""

from __future__ import annotations

import re
from datetime import date
from pathlib import Path

from rookery_core.testing import run_tool
from rookery_plugins.calculator.arithmetic import CONSTANTS, FUNCTIONS
from rookery_plugins.calculator.tools import Calculator
from rookery_plugins.dates import dates_tools

PAGE = (Path(__file__).parents[2] / "docs" / "reckoning.md").read_text(encoding="utf-8")
CHAPTERS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")}
ROW = re.compile(r"^\| `(.+?)` \| `(.+)` \|$", re.MULTILINE)


async def test_every_expression_on_the_page_comes_to_what_it_says() -> None:
    tools = Calculator()
    rows = ROW.findall(CHAPTERS["Numbers"]) + ROW.findall(CHAPTERS["Units"])
    assert len(rows) > 20
    for expression, result in rows:
        assert (await run_tool(tools.calculator, {"expression": expression})).output == result


async def test_every_phrase_on_the_page_is_the_day_that_it_says() -> None:
    find_date, _ = dates_tools(lambda: date(2026, 11, 25))
    rows = ROW.findall(CHAPTERS["Days"])
    assert len(rows) > 10
    for when, told in rows:
        assert (await run_tool(find_date, {"when": when})).output == told


def test_every_function_is_on_the_page() -> None:
    assert [name for name in (*FUNCTIONS, *CONSTANTS) if not re.search(rf"\b{name}\b", CHAPTERS["Numbers"])] == []
