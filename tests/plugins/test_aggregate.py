"""Figures of a table without SQL: which rows are meant, which column, and what is said where that cannot be told."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from rookery_core.events import ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.data.inside.dates import Date, date
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
FOR_THE_CAT = "1 more row has the words within a longer text: food for the cat"
OF_COSTS = "(of 6 rows); the columns are date, what, paid_eur, no"
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
        ("sum", "", "sum of paid_eur, 5 rows (1 more without a number): 945.75"),
        ("sum", "food", f"sum of paid_eur, 2 rows with food (1 more without a number): 95.5\n{FOR_THE_CAT}"),
        ("sum", "FOOD", f"sum of paid_eur, 2 rows with FOOD (1 more without a number): 95.5\n{FOR_THE_CAT}"),
        ("sum", "food, November", f"sum of paid_eur, 2 rows with food, November: 95.5\n{FOR_THE_CAT}"),
        ("sum", "rent and 2021-11", "sum of paid_eur, 1 row with rent and 2021-11: 800"),
        ("sum", "nov 2021", "sum of paid_eur, 3 rows with nov 2021: 895.5"),
        ("sum", "2022", "sum of paid_eur, 1 row with 2022: 20"),
        ("sum", "cat", "sum of paid_eur, 1 row with cat: 20"),
        ("count", "cats", "1 row with cats"),
        ("count", "rents", "1 row with rents"),
        ("count", "", "all 6 rows"),
        ("count", "2021-12-09", "1 row with 2021-12-09"),
        ("count", "30.25", "1 row with 30.25"),
        ("average", "", "average of paid_eur, 5 rows (1 more without a number): 189.15"),
        ("average", "november", "average of paid_eur, 4 rows with november: 228.875"),
        ("largest", "", f"largest of paid_eur, 5 rows (1 more without a number): 800\n{LARGEST}"),
        ("count", "Cinema", f"no row has Cinema {OF_COSTS}; what has food, Rent, food for the cat, books"),
        ("count", "fodo", f"no row has fodo {OF_COSTS}; what has food, Rent, food for the cat, books"),
        (
            "sum",
            "food, July",
            f"no row has July {OF_COSTS}; date has 2021-11-01, 2021-11-03, 2021-11-09, 2022-11-09, 2021-12-10, ...",
        ),
        ("sum", "books, November", f"no row has books, November together {OF_COSTS}; date has 2021-12-10 with books"),
    ],
)
async def test_rows_are_chosen_by_words_as_people_mean_them(tmp_path: Path, what: str, rows: str, told: str) -> None:
    assert await said(tmp_path, what, rows) == told


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
    assert await said(tmp_path, "sum", "food", column) == f"sum of no, 3 rows with food: 9\n{FOR_THE_CAT}"


@pytest.mark.parametrize("column", ["paid", "paidEur", "eur paid", "Paid (EUR)", "euro, paids"])
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
        == r"no row has x\x1b[2J (of 1 row); the columns are what, n; what has a\n\| b \|\x1b[2J"
    )


async def test_nothing_of_the_file_or_beside_it_changes(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text(COSTS)
    before = contents(tmp_path)
    await ok(aggregate_table, tmp_path, path="a.csv", what="sum")
    assert contents(tmp_path) == before


async def test_what_is_no_figure_is_refused_before_the_file_is_read(tmp_path: Path) -> None:
    done = await run_tool(aggregate_table, {"path": "a.csv", "what": "product"}, workspace=tmp_path)
    assert done.status is ToolStatus.INVALID


@pytest.mark.parametrize(
    ("text", "first", "found"),
    [
        ("march", None, Date(month=3)),
        ("sept 2024", None, Date(2024, 9)),
        ("04 mar 2024", None, Date(2024, 3, 4)),
        ("mar 4th, 2024", None, Date(2024, 3, 4)),
        ("4. march", None, Date(month=3, day=4)),
        ("04-mar-24", None, Date(2024, 3, 4)),
        ("mar-24", None, Date(2024, 3)),
        ("sat 4 may", None, Date(month=5, day=4, weekday=5)),
        ("saturdays", None, Date(weekday=5)),
        ("2024", None, Date(2024)),
        ("2024-03", None, Date(2024, 3)),
        ("2024/3/4", None, Date(2024, 3, 4)),
        ("2024-03-04t10:00:00z", None, Date(2024, 3, 4)),
        ("2024-03-04 10:00", None, Date(2024, 3, 4)),
        ("09.2023", None, Date(2023, 9)),
        ("3/4/2024", True, Date(2024, 4, 3)),
        ("3/4/99", False, Date(1999, 3, 4)),
        ("3.4.", True, Date(month=4, day=3)),
        ("3/4", True, Date(month=4, day=3)),
        ("3/4/2024", None, None),
        ("13/13/2024", True, None),
        ("2024-13", None, None),
        ("maybe", None, None),
        ("in may", None, None),
        ("may march", None, None),
        ("3.4", True, None),
        ("1.2.3", True, None),
        ("", None, None),
        ("\u00b2\u00b2\u00b2\u00b2 may", None, None),
        ("march " * 20, None, None),
    ],
)
def test_a_date_is_known_however_it_is_written(text: str, first: bool | None, found: Date | None) -> None:
    assert date(text, first) == found


def column(name: str, *cells: str, mark: str = ",") -> str:
    """A table with that column, and one of numbers beside it: 1, 2, 4, 8, so that a sum tells which rows it is of."""
    return f"{name}{mark}kg\n" + "".join(f"{cell}{mark}{1 << n}\n" for n, cell in enumerate(cells))


@pytest.mark.parametrize(
    ("rows", "cells", "total"),
    [
        ("March", ["21 Feb 2024", "04 Mar 2024", "25 Mar 2023"], 6),
        ("March 2024", ["Mar 4, 2024", "04 Mar 2024", "25 Mar 2023"], 3),
        ("mar 2024", ["March 2024", "2024-03-01", "4/3/2024", "15/3/2024"], 15),
        ("November", ["03/11/2021", "11/12/2021", "30/11/2021"], 5),
        ("November", ["11/03/2021", "12/11/2021", "11/30/2021"], 5),
        ("September", ["28.08.2023", "03.09.2023", "09.09.2023"], 6),
        ("Sep 2023", ["03.09.23", "9.9.2024"], 1),
        ("09.2023", ["03.09.2023", "09.10.2023"], 1),
        ("2023", ["03.09.2023", "09.10.2024"], 1),
        ("3 September", ["03.09.2023", "09.03.2023", "2023-09-03"], 5),
        ("May", ["Sat 4 May", "Sun 5 Jun", "may"], 4),
        ("saturdays", ["Sat", "Sun", "Saturday"], 5),
        ("saturdays", ["Sat", "Sun", "Sat 4 May"], 5),
        ("batteries", ["battery AA", "lighter", "Battery"], 4),
        ("batteries", ["battery AA", "lighter"], 1),
        ("buses", ["bus", "train"], 1),
        ("bus", ["buses", "train"], 1),
        ("tent", ["tents", "tenth"], 1),
        ("boxes", ["box", "fox"], 1),
        ("Ines", ["in the yard", "Porto"], None),
        ("5", ["2024-11-05", "1.5", "1,5", "A-5"], 8),
        ("bay 3", ["bay 3", "bay 30"], 1),
    ],
)
async def test_words_are_known_in_other_forms(tmp_path: Path, rows: str, cells: list[str], total: int | None) -> None:
    told = (await said(tmp_path, "sum", rows, "kg", column("what", *cells, mark=";"))).splitlines()[0]
    assert told.endswith(f": {total}") if total else told.startswith("no row has")


async def test_what_is_first_in_a_date_is_not_guessed(tmp_path: Path) -> None:
    told = await said(tmp_path, "sum", "November", text=column("on", "03/11/2021", "05/11/2021"))
    assert told == (
        "no row has November (of 2 rows); the columns are on, kg; on has 03/11/2021, 05/11/2021; "
        "whether the day or the month is first there is not clear"
    )
    assert "no row has November" in await said(tmp_path, "sum", "November", text=column("on", "13/11/2021", "11/13/21"))


async def test_longer_texts_that_have_the_words_are_counted(tmp_path: Path) -> None:
    fuel = column("what", "Diesel", "Diesel Shell", "diesel", "Diesel Aral", "Petrol")
    assert await said(tmp_path, "sum", "diesel", text=fuel) == (
        "sum of kg, 2 rows with diesel: 5\n2 more rows have the words within a longer text: Diesel Shell, Diesel Aral"
    )
    assert await said(tmp_path, "sum", "diesel shell", text=fuel) == "sum of kg, 1 row with diesel shell: 2"


@pytest.mark.parametrize(
    "total", ["Total", "TOTAL:", "Totals", "Sum", "Grand total", "Subtotal", "Summe", "Total 2024"]
)
async def test_a_row_of_totals_is_left_out_and_said(tmp_path: Path, total: str) -> None:
    text = f"on,what,eur\n2024-01-01,rent,5\n2024-01-02,total loss,4\n,{total},9\n"
    assert await said(tmp_path, "sum", text=text) == (f"sum of eur, all 2 rows: 9\n1 row called {total} is left out")
    assert await said(tmp_path, "count", text=text) == f"all 2 rows\n1 row called {total} is left out"
    assert await said(tmp_path, "sum", "rent", text=text) == "sum of eur, 1 row with rent: 5"
    assert (await said(tmp_path, "sum", total, text=text)).startswith(f"sum of eur, 1 row with {total}: 9")
    assert await said(tmp_path, "sum", text=f"what,eur\n{total},9\n") == "sum of eur, 1 row: 9"


ORDERS = "id,item,qty,eur\n3,tea,1,2.5\n4,mug,3,8\n5,pot,2,3\n"


async def test_a_number_is_looked_for_where_it_names_rows(tmp_path: Path) -> None:
    assert await said(tmp_path, "sum", "3", "eur", ORDERS) == "sum of eur, 1 row with 3: 2.5"
    no_ids = ORDERS.replace("id,", "age,")
    told = await failure_of(tmp_path, no_ids, "count", "3")
    assert told == "3 is in age, qty, eur; say which column in rows, such as age 3"
    assert await said(tmp_path, "sum", "qty 3", "eur", no_ids) == "sum of eur, 1 row with qty 3: 8"
    assert await said(tmp_path, "sum", "8", "qty", ORDERS) == "sum of qty, 1 row with 8: 3"
    assert (await said(tmp_path, "sum", "8", "eur", ORDERS)).startswith("no row has 8 (of 3 rows)")
    assert await said(tmp_path, "sum", "box 2", text="box,kg\n1,4\n2,8\n") == "sum of kg, 1 row with box 2: 8"


async def failure_of(folder: Path, text: str, what: str, rows: str) -> str:
    (folder / "a.csv").write_text(text)
    return await failure(aggregate_table, folder, path="a.csv", what=what, rows=rows)


@pytest.mark.parametrize(
    "name", ["box", "plot", "wk", "week", "bag", "table", "room", "bus", "Invoice No", "year built"]
)
async def test_numbers_that_are_names_of_things_are_not_asked_for(tmp_path: Path, name: str) -> None:
    text = f"{name},kg\n1901,4\n1902,8\n"
    assert await said(tmp_path, "sum", text=text) == "sum of kg, all 2 rows: 12"


@pytest.mark.parametrize("name", ["boxes", "box_kg", "room eur", "number of guests", "fee_year"])
async def test_amounts_of_things_are_numbers(tmp_path: Path, name: str) -> None:
    assert await asked_again(tmp_path, "sum", text=f"{name},m\n1,4\n2,8\n") == (
        f"say which column: the numbers are in {name}, m"
    )


async def test_true_and_false_are_words_and_no_numbers(tmp_path: Path) -> None:
    text = json.dumps([{"who": "Ann", "paid": True, "eur": 3}, {"who": "Bob", "paid": False, "eur": 4}])
    for rows in ("true", "paid", "paid yes"):
        assert await said(tmp_path, "sum", rows, text=text, name="a.json") == f"sum of eur, 1 row with {rows}: 3"
    assert await said(tmp_path, "sum", "paid no", text=text, name="a.json") == "sum of eur, 1 row with paid no: 4"


@pytest.mark.parametrize(
    ("cells", "total"),
    [
        (["$12.00", "$1,200.50"], "1212.5"),
        (["€3", "-€2"], "1"),
        (["12 EUR", "3 EUR", "n/a"], "15"),
        (["+3", "-2", "0"], "1"),
        (["3 kg", "4.5 kg"], "7.5"),
        (["12,50 €", "1.200,00 €"], "1212.5"),
        (["1 200 kr", "50 kr"], "1250"),
        (["5%", "7%"], "12"),
        (["3 kg", "400 g"], None),
        (["$3", "€4"], None),
        (["A1", "A2"], None),
        (["S-1", "S-2"], None),
        (["+491761234567", "+49176123456"], None),
        (["007", "008"], None),
        (["555 123", "555 124"], None),
        (["1,5", "1.5"], None),
    ],
)
async def test_amounts_with_a_currency_are_numbers(tmp_path: Path, cells: list[str], total: str | None) -> None:
    text = "what;much\n" + "".join(f"a{n};{cell}\n" for n, cell in enumerate(cells))
    if total is None:
        assert (await asked_again(tmp_path, "sum", text=text)).startswith("no column has numbers alone")
    else:
        assert (await said(tmp_path, "sum", text=text)).splitlines()[0].endswith(f": {total}")


async def test_the_row_with_the_largest_amount_is_shown_as_it_is_written(tmp_path: Path) -> None:
    told = await said(tmp_path, "largest", text="what,price\na,$9.00\nb,$85.00\n")
    assert told == "largest of price, all 2 rows: 85\n| what | price |\n| --- | --- |\n| b | $85.00 |"


async def test_a_point_that_may_stand_between_thousands_is_said(tmp_path: Path) -> None:
    told = await said(tmp_path, "sum", text="what;eur\na;18.400\nb;2.100\n")
    assert told == ("sum of eur, all 2 rows: 20.5\nin eur a number such as 18.400 is read as 18.4, not 18400")
    told = await said(tmp_path, "sum", text="what;eur\na;18.400 €\nb;2.100 €\n")
    assert told == "sum of eur, all 2 rows: 20.5\n18.400 € is read as 18.4"
    told = await said(tmp_path, "sum", column="eur", text="eur;kg\n18.400 €;1,5\n2.100 €;2\n")
    assert told == "sum of eur, all 2 rows: 20500"
