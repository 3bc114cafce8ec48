"""Figures of a table without SQL: which rows are meant, which column, and what is said where that cannot be told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.data.inside import aggregate
from rookery_plugins.data.tables import aggregate_table
from tests.plugins.data_kit import contents, failure, ok

pytestmark = pytest.mark.timeout(90)

COSTS = """date,what,paid_eur,no
2021-11-01,food,45.5,1
2021-11-03,Rent,800,2
2021-11-09,food,50,3
2022-11-09,food for the cat,20,4
2021-12-09,food,,5
2021-12-10,books,30.25,6
"""
LARGEST = "| date | what | paid_eur | no |\n| --- | --- | ---: | ---: |\n| 2021-11-03 | Rent | 800.0 | 2 |"


async def said(
    folder: Path, what: str, rows: str = "", column: str = "", text: str = COSTS, name: str = "a.csv"
) -> str:
    (folder / name).write_text(text)
    return await ok(aggregate_table, folder, path=name, what=what, rows=rows, column=column)


async def asked_again(folder: Path, what: str, column: str = "", text: str = COSTS) -> str:
    (folder / "a.csv").write_text(text)
    return await failure(aggregate_table, folder, path="a.csv", what=what, column=column)


@pytest.mark.parametrize(
    ("what", "rows", "told"),
    [
        ("sum", "", "sum of paid_eur, all 6 rows: 945.75"),
        ("sum", "food", "sum of paid_eur, 3 rows with food: 95.5"),
        ("sum", "FOOD", "sum of paid_eur, 3 rows with FOOD: 95.5"),
        ("sum", "food, November", "sum of paid_eur, 2 rows with food, November: 95.5"),
        ("sum", "rent and 2021-11", "sum of paid_eur, 1 row with rent and 2021-11: 800"),
        ("sum", "nov 2021", "sum of paid_eur, 3 rows with nov 2021: 895.5"),
        ("sum", "2022", "sum of paid_eur, 1 row with 2022: 20"),
        ("sum", "cat", "sum of paid_eur, 1 row with cat: 20"),
        ("count", "cats", "1 row with cats"),
        ("count", "rents", "1 row with rents"),
        ("count", "", "all 6 rows"),
        ("count", "2021-12-09", "1 row with 2021-12-09"),
        ("count", "30.25", "1 row with 30.25"),
        ("average", "", "average of paid_eur, all 6 rows: 189.15"),
        ("average", "november", "average of paid_eur, 4 rows with november: 228.875"),
        ("largest", "", f"largest of paid_eur, all 6 rows: 800\n{LARGEST}"),
        ("count", "cinema", "no row has cinema (of 6 rows); the columns are date, what, paid_eur, no"),
        ("sum", "food, July", "no row has july (of 6 rows); the columns are date, what, paid_eur, no"),
    ],
)
async def test_rows_are_chosen_by_words_as_people_mean_them(tmp_path: Path, what: str, rows: str, told: str) -> None:
    assert await said(tmp_path, what, rows) == told


async def test_words_that_no_row_has_together_are_said_with_what_there_is(tmp_path: Path) -> None:
    told = await said(tmp_path, "sum", "books, November")
    assert told == "0 rows with books, November; the columns are date, what, paid_eur, no"


async def test_rows_without_a_number_are_said(tmp_path: Path) -> None:
    told = await said(tmp_path, "sum", "2021-12-09")
    assert told == "1 row with 2021-12-09, and none of them has a number as paid_eur"


async def test_as_many_of_the_best_rows_are_shown_as_are_alike_but_not_many(tmp_path: Path) -> None:
    told = await said(tmp_path, "smallest", text="who,points\nAnn,3\nBob,1\nCy,1\nDee,1\nEve,1\n")
    assert told.splitlines() == [
        "smallest of points, all 5 rows: 1",
        "| who | points |",
        "| --- | ---: |",
        "| Bob | 1 |",
        "| Cy | 1 |",
        "| Dee | 1 |",
    ]


@pytest.mark.parametrize("column", ["no", "NO", " no "])
async def test_a_column_may_be_named(tmp_path: Path, column: str) -> None:
    assert await said(tmp_path, "sum", "food", column) == "sum of no, 3 rows with food: 9"


@pytest.mark.parametrize("column", ["paid", "paidEur", "eur paid", "Paid (EUR)"])
async def test_a_column_is_known_by_one_of_its_words(tmp_path: Path, column: str) -> None:
    assert await said(tmp_path, "sum", "rent", column) == "sum of paid_eur, 1 row with rent: 800"


async def test_where_the_column_cannot_be_told_it_is_asked_for(tmp_path: Path) -> None:
    two = "what,width,height\na,1,2\n"
    assert await asked_again(tmp_path, "sum", text=two) == "say which column: the numbers are in width, height"
    told = await asked_again(tmp_path, "sum", "depth", two)
    assert told == "no column is called depth; the numbers are in width, height"
    told = await asked_again(tmp_path, "sum", text="what,size\na,big\nb,small\n")
    assert told == "no column has numbers alone; the columns are what, size"
    assert await said(tmp_path, "count", text=two) == "1 row"


async def test_a_number_that_tells_things_apart_is_added_up_only_where_there_is_no_other(tmp_path: Path) -> None:
    assert await said(tmp_path, "largest", text="name,year\nAnn,1990\nBob,1985\n") == (
        "largest of year, all 2 rows: 1990\n| name | year |\n| --- | ---: |\n| Ann | 1990 |"
    )


@pytest.mark.parametrize(
    ("numbers", "what", "told"),
    [
        (["0.1", "0.2"], "sum", "0.3"),
        (["9007199254740993", "1"], "sum", "9007199254740994"),
        (["1", "2", "2"], "average", "1.6667"),
        (["0.00012", "0.00013"], "average", "0.000125"),
        (["0.0", "0.0"], "average", "0"),
        (["-3", "-7"], "largest", "-3"),
    ],
)
async def test_figures_are_exact_and_short(tmp_path: Path, numbers: list[str], what: str, told: str) -> None:
    text = "what,n\n" + "".join(f"a,{number}\n" for number in numbers)
    assert (await said(tmp_path, what, column="n", text=text)).partition("\n")[0].endswith(f": {told}")


async def test_other_forms_of_tables_are_read_as_well(tmp_path: Path) -> None:
    european = "was;betrag\nBrot;1.250,50\nTee;9,50\n"
    assert await said(tmp_path, "sum", text=european) == "sum of betrag, all 2 rows: 1260"
    records = json.dumps([{"sled": "otter", "kg": 355}, {"sled": "fox", "kg": 326}])
    assert await said(tmp_path, "sum", "fox", text=records, name="a.json") == "sum of kg, 1 row with fox: 326"


async def test_a_text_cannot_break_the_words_that_are_said(tmp_path: Path) -> None:
    text = 'what,n\n"a\n| b |\x1b[2J",1\n'
    told = await said(tmp_path, "largest", text=text)
    assert told.splitlines()[-1] == r"| a\n\| b \|\x1b[2J | 1 |"
    assert len(told.splitlines()) == 4
    assert (
        await said(tmp_path, "count", "x\x1b[2J", text=text)
        == r"no row has x\x1b[2j (of 1 row); the columns are what, n"
    )


async def test_nothing_of_the_file_or_beside_it_changes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(COSTS)
    before = contents(tmp_path)
    await ok(aggregate_table, tmp_path, path="a.csv", what="sum")
    assert contents(tmp_path) == before


async def test_what_is_no_figure_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    done = await run_tool(aggregate_table, {"path": "a.csv", "what": "product"}, workspace=tmp_path)
    assert done.status is ToolStatus.INVALID


def test_every_month_is_known_by_its_name_and_short_name() -> None:
    for n, (long, short) in enumerate([("january", "jan"), ("may", "may"), ("september", "sep")], 1):
        month = {1: "01", 2: "05", 3: "09"}[n]
        for name in (long, short):
            begins = aggregate._begins(f"{name} 2024")
            assert begins is not None
            assert begins(f"2024-{month}-10")
            assert not begins(f"2023-{month}-10")
    assert aggregate._begins("maybe") is None
    assert aggregate._begins("in may") is None
