"""Tables and JSON: what is in a file can be asked, numbers are numbers, and what is odd about it is said."""

from __future__ import annotations

import json
import os
import sqlite3
from pathlib import Path

import pytest

from rookery_core.events import ToolStatus
from rookery_core.plugin import Tool
from rookery_core.testing import run_tool
from rookery_plugins.data.apart import Limits
from rookery_plugins.data.tables import json_tool, query_json, query_table
from tests.plugins.data_kit import contents, failure, ok

pytestmark = pytest.mark.timeout(90)


async def table(folder: Path, text: str | bytes, sql: str = "", name: str = "a.csv") -> str:
    """What is said of a file with that text."""
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return await ok(query_table, folder, path=name, sql=sql)


async def no_table(folder: Path, text: str | bytes, sql: str = "", name: str = "a.csv") -> str:
    (folder / name).write_bytes(text if isinstance(text, bytes) else text.encode())
    return await failure(query_table, folder, path=name, sql=sql)


async def value(folder: Path, document: object, expression: str = "") -> str:
    """What an expression finds in a document."""
    (folder / "a.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return await ok(query_json, folder, path="a.json", expression=expression)


async def no_value(folder: Path, document: object, expression: str = "") -> str:
    (folder / "a.json").write_text(document if isinstance(document, str) else json.dumps(document))
    return await failure(query_json, folder, path="a.json", expression=expression)


def columns(text: str) -> str:
    """The line of the names and types in what is said of a table."""
    return text.splitlines()[1]


# --- tables ---


async def test_without_sql_columns_types_and_first_rows_are_told(tmp_path: Path) -> None:
    rows = "".join(f"{n},1,D\n" for n in range(4, 8))
    text = await table(tmp_path, "id,unit price,name\n1,1.5,Ann\n2,,Bob\n3,2,\n" + rows)
    assert text == (
        "table data, 7 rows, the first 3 shown\n"
        '| id INTEGER | "unit price" REAL | name TEXT |\n'
        "| ---: | ---: | --- |\n"
        "| 1 | 1.5 | Ann |\n"
        "| 2 | NULL | Bob |\n"
        "| 3 | 2.0 | NULL |"
    )


async def test_a_small_table_is_told_whole_without_sql(tmp_path: Path) -> None:
    text = await table(tmp_path, "id,name\n" + "".join(f"{n},boat {n}\n" for n in range(1, 7)))
    assert text.splitlines()[0] == "table data, 6 rows"
    assert text.splitlines()[3:] == [f"| {n} | boat {n} |" for n in range(1, 7)]


async def test_rows_that_do_not_fit_are_not_said_to_be_shown(tmp_path: Path) -> None:
    names = ",".join(f"column{n}" for n in range(30))
    text = await table(tmp_path, f"id,{names}\n" + "".join(f"{n},{','.join(['x' * 200] * 30)}\n" for n in range(1, 6)))
    n = sum(line.startswith(tuple(f"| {n} |" for n in range(1, 6))) for line in text.splitlines())
    assert 0 < n < 5
    assert f"table data, 5 rows, the first {n} shown\n" in text


async def test_sql_is_answered_with_a_table(tmp_path: Path) -> None:
    text = await table(
        tmp_path, "name,n\nAnn,2\nBob,1\nAnn,4\n", "SELECT name, sum(n) FROM data GROUP BY name ORDER BY 2 DESC"
    )
    assert text == "| name | sum(n) |\n| --- | ---: |\n| Ann | 6 |\n| Bob | 1 |\n\n2 rows"


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["1", "-2", "0", "999999999999999999"], "INTEGER"),
        (["1", "2.5", "-.5", "1e3"], "REAL"),
        (["007", "12"], "TEXT"),
        (["+49", "12"], "TEXT"),
        (["12345678901234567890"], "TEXT"),
        (["1.5.2", "1"], "TEXT"),
        (["1", "x"], "TEXT"),
        (["0x10"], "TEXT"),
        (["1", "inf"], "TEXT"),
        (["1", "n/a", "-", "3"], "INTEGER"),
        (["x", "n/a", "3"], "TEXT"),
        (["n/a", "-"], "TEXT"),
        (["", ""], "TEXT"),
        (['"1,234.50"', "2"], "REAL"),
        (['"1,23"', "2"], "TEXT"),
        (["1 ", "2"], "INTEGER"),
        (["2024-01-01"], "TEXT"),
    ],
)
async def test_the_type_of_a_column_is_what_all_its_cells_are(cells: list[str], kind: str, tmp_path: Path) -> None:
    assert (
        columns(await table(tmp_path, "a,b\n" + "".join(f"{cell},x\n" for cell in cells))) == f"| a {kind} | b TEXT |"
    )


async def test_numbers_as_people_write_them_add_up(tmp_path: Path) -> None:
    text = await table(tmp_path, 'a,b\n"1,234.50",1\n12.25,2\n-,3\n', "SELECT sum(a) FROM data")
    assert "| 1246.75 |" in text
    assert text.endswith("n/a, - and the like are NULL in columns of numbers")
    assert "| 1237.5 |" in await table(tmp_path, "a;b\n1.234,50;1\n3;2\n", "SELECT sum(a) FROM data")
    assert "a TEXT" in await table(tmp_path, "a;b\n1,5;1\n1.5;2\n")  # who knows which is meant


GUESSED = "in a a number such as 18.400 is read as 18.4, not 18400"


@pytest.mark.parametrize(
    ("text", "total", "note"),
    [
        ("a;b\n18.400;x\n2.100;y\n", "20.5", True),
        ("a;b\n18.400;1\n500;y\n", "518.4", True),
        ("a;b\n18.400;1\n1.250.000;y\n", "1268400.0", False),
        ("a;b\n18.400;1\n9,50;y\n", "18409.5", False),
        ("a;b\n18.400;1\n0.500;y\n", "18.9", False),
        ("a;b\n18.400;1\n2.5;y\n", "20.9", False),
        ("a;b\n18.400;1,5\n2.100;2\n", "20500.0", False),
        ("a;b\n18.400;1.5\n2.100;2\n", "20.5", False),
        ("a;b;c\n18.400;1.5;1,5\n2.100;2;3\n", "20.5", True),
        ("a,b\n18.400,x\n2.100,y\n", "20.5", False),
    ],
)
async def test_a_point_is_read_as_in_the_rest_of_the_file_or_the_guess_is_said(
    text: str, total: str, note: bool, tmp_path: Path
) -> None:
    said = await table(tmp_path, text, "SELECT sum(a) FROM data")
    assert f"| {total} |" in said
    assert said.endswith(GUESSED) == note


async def test_a_column_of_text_stays_as_it_was_written(tmp_path: Path) -> None:
    text = await table(tmp_path, "zip,n\n01234,1\n99999,-\nn/a,2\n", "SELECT zip, n FROM data")
    assert "| 01234 | 1 |\n| 99999 | NULL |\n| n/a | 2 |" in text


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
async def test_the_delimiter_is_found(delimiter: str, tmp_path: Path) -> None:
    text = delimiter.join("ab") + "\n" + delimiter.join(["x y", '"1, 2; 3\t4|5"']) + "\n"
    said = await table(tmp_path, text)
    assert columns(said) == "| a TEXT | b TEXT |"
    assert said.endswith(r"| x y | 1, 2; 3\t4\|5 |")


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("1,2.5,x\n3,4,y\n", "| column_1 INTEGER | column_2 REAL | column_3 TEXT |"),
        ("2024-01-01,x\n2024-01-02,y\n", "| column_1 TEXT | column_2 TEXT |"),
        ("3,5;x\n4;y\n", "| column_1 REAL | column_2 TEXT |"),
        ("country,2019,2020\nDE,1,2\n", '| country TEXT | "2019" INTEGER | "2020" INTEGER |'),
        (",a,a,A\n1,2,3,4\n", "| column_1 INTEGER | a INTEGER | a_2 INTEGER | A_2_2 INTEGER |"),
        ("a,b\n1,2,\n3,4,\n", "| a INTEGER | b INTEGER | column_3 TEXT |"),
        ('"a" "b"\n'.replace(" ", ",") + "r1,1,2\nr2,3,4\n", "| column_1 TEXT | a INTEGER | b INTEGER |"),
        ("order,group\n1,2\n", '| "order" INTEGER | "group" INTEGER |'),
        ("alone\n1\n", "| alone INTEGER |"),
    ],
)
async def test_columns_have_the_names_of_the_file_or_numbers(text: str, names: str, tmp_path: Path) -> None:
    assert columns(await table(tmp_path, text)) == names.replace("A_2_2", "A_3")


async def test_a_file_that_does_not_name_its_columns_is_said_not_to(tmp_path: Path) -> None:
    assert (await table(tmp_path, "1,2\n3,4\n")).endswith("the file does not name its columns")
    assert "column_1" in await table(tmp_path, "1,2\n3,4\n", "SELECT column_1 FROM data")


async def test_what_stands_above_a_table_is_left_out_and_said(tmp_path: Path) -> None:
    text = await table(tmp_path, "Account DE12\n\nDate;Sum\n1.2.2024;3,5\n2.2.2024;4\n3.2.2024;1\n")
    assert columns(text) == "| Date TEXT | Sum REAL |"
    assert text.endswith("what stands above the names of the columns is left out: 1 row")


async def test_rows_of_another_length_are_told(tmp_path: Path) -> None:
    text = await table(tmp_path, "a,b\n1,2\n3\n4,5,6\n7,8\n", "SELECT * FROM data")
    assert "| 3 | NULL |\n| 4 | 5 |" in text
    assert text.endswith(
        "2 rows with more or fewer than 2 cells, the first on line 3: further cells are left out, missing ones are NULL"
    )


async def test_a_quote_that_is_never_closed_is_told(tmp_path: Path) -> None:
    text = await table(tmp_path, 'a,b\n1,"x\n2,y\n3,z\n', "SELECT count(*) FROM data")
    assert "| 1 |" in text
    assert text.endswith("a quote in line 2 is not closed: all that follows was taken for one cell")
    assert "quote" not in await table(tmp_path, 'a,b\n1,"x\ny"\n')
    assert "quote" not in await table(tmp_path, 'a,b\n"x\ny",1\n')


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_every_encoding_and_line_break_is_read(encoding: str, end: str, tmp_path: Path) -> None:
    data = f'name,n{end}Müller,1{end}"two{end}lines",2{end}'.encode(encoding)
    assert (await table(tmp_path, data)).splitlines()[1:] == [
        "| name TEXT | n INTEGER |",
        "| --- | ---: |",
        "| Müller | 1 |",
        r"| two\nlines | 2 |",
    ]


async def test_a_file_that_is_not_utf8_is_read_as_windows_writes_it_and_said(tmp_path: Path) -> None:
    text = await table(tmp_path, "name,n\nMüller €,1\n".encode("cp1252"))
    assert "| Müller € | 1 |" in text
    assert text.endswith("the file is not UTF-8 and was read as Windows-1252")


async def test_formulas_and_nuls_are_only_text(tmp_path: Path) -> None:
    text = await table(
        tmp_path, b"a,b\n=1+1,@SUM(A1)\n" + b"x,y\n" * 2_000 + b"\0,z\n", "SELECT a, b FROM data WHERE a < 'x'"
    )
    assert "| =1+1 | @SUM(A1) |" in text


async def test_the_file_is_not_changed_by_sql(tmp_path: Path) -> None:
    for sql in ("DELETE FROM data", "DROP TABLE data", "CREATE TABLE t(x)", "ATTACH 'x.db' AS x", "VACUUM INTO 'y.db'"):
        await no_table(tmp_path, "a,b\n1,2\n", sql)
    assert list(contents(tmp_path)) == ["a.csv"]
    assert (tmp_path / "a.csv").read_text() == "a,b\n1,2\n"


async def test_a_wrong_name_is_answered_with_the_right_one(tmp_path: Path) -> None:
    assert "the tables are data" in await no_table(tmp_path, "a,b\n1,2\n", "SELECT * FROM sales")
    assert "The columns are price, name" in await no_table(tmp_path, "price,name\n1,2\n", "SELECT prise FROM data")


@pytest.mark.parametrize(
    ("wanted", "told"),
    [
        ("prices", "did you mean Price?"),
        ("data.prise", "did you mean Price?"),
        ("score", 'did you mean "Review Score"?'),
        ("rating", '; the columns are listing, Price, "Review Score"'),
    ],
)
async def test_only_a_name_that_is_really_near_is_suggested(wanted: str, told: str, tmp_path: Path) -> None:
    text = "listing,Price,Review Score\na,1,2\n"
    said = await no_table(tmp_path, text, f"SELECT {wanted} FROM data")
    assert told in said
    assert ("did you mean" in said) == ("did you mean" in told)


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "is empty"),
        (b"\n \n", "is empty"),
        (b"PK\x03\x04" + b"\0" * 50, "save a spreadsheet as CSV"),
        (b"SQLite format 3\0" + b"\0" * 84, "query_database"),
        (b"%PDF-1.7\n", "read_document"),
        (b"\x89PNG\r\n\x1a\n\0\0\0", "is not a text file"),
        (b",".join(b"c%d" % n for n in range(100_000)) + b"\n", "more than 2000 columns"),
        (b"a,b\n1," + b"x" * 5_000_000 + b"\n", "field larger than"),
        (b"a" * 50_000_001, "a table up to 50 MB can be read; split it"),
    ],
)
async def test_what_is_no_table_is_said_so(data: bytes, said: str, tmp_path: Path) -> None:
    assert said in await no_table(tmp_path, data)


async def test_a_table_of_many_rows_is_read_whole(tmp_path: Path) -> None:
    text = "n,name\n" + "".join(f"{n},name {n}\n" for n in range(50_000))
    assert "| 50000 | 1249975000 |" in await table(tmp_path, text, "SELECT count(*), sum(n) FROM data")


# --- tables in JSON ---


async def test_an_array_of_objects_is_a_table(tmp_path: Path) -> None:
    rows = [{"id": 1, "name": "Ann", "ok": True, "tags": ["x", "y"]}, {"id": 2, "name": None, "size": 2.5}]
    assert await table(tmp_path, json.dumps(rows), name="a.json") == (
        "table data, 2 rows\n"
        "| id INTEGER | name TEXT | ok BOOLEAN | tags TEXT | size REAL |\n"
        "| ---: | --- | ---: | --- | ---: |\n"
        '| 1 | Ann | 1 | ["x", "y"] | NULL |\n'
        "| 2 | NULL | NULL | NULL | 2.5 |"
    )


async def test_an_object_on_each_line_is_a_table(tmp_path: Path) -> None:
    text = await table(tmp_path, '{"a": 1}\n\n{"a": 2, "b": "x"}\n', "SELECT sum(a), max(b) FROM data", "a.jsonl")
    assert "| 3 | x |" in text
    assert "a.jsonl is no JSON: Expecting value, line 2, column 6" in await no_table(
        tmp_path, '{"a": 1}\n{"a":\n', name="a.jsonl"
    )


async def test_values_that_sqlite_has_not_are_kept_as_text(tmp_path: Path) -> None:
    text = f'[{{"big": {10**30}, "half": "\\ud800", "mixed": 1}}, {{"big": NaN, "half": "x", "mixed": "y"}}]'
    said = await table(tmp_path, text, "SELECT *, typeof(mixed) AS t FROM data", "a.json")
    assert rf"| {10**30} | \ud800 | 1 | integer |" in said
    assert "| NULL | x | y | text |" in said


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('{"a": 1}', "query_json"),
        ("[1, 2]", "query_json"),
        ("[]", "query_json"),
        ("[[1], [2]]", "query_json"),
        ("[" * 100_000, "nested too deeply"),
        ('[{"a": 1}', "is no JSON"),
        (f"[{' ' * 20_000_001}]", "JSON up to 20 MB can be read"),
    ],
)
async def test_json_that_is_no_table_is_said_so(text: str, said: str, tmp_path: Path) -> None:
    assert said in await no_table(tmp_path, text, name="a.json")


# --- JSON ---

TEAM = {
    "users": [
        {"name": "Ann", "age": 31, "tags": ["a"], "home": {"city": "X"}},
        {"name": "Bob", "age": None, "tags": []},
    ],
    "version": 1.5,
    "grid": [[1, 2], [3]],
    "none": [],
}


async def test_without_an_expression_a_short_document_is_shown_whole(tmp_path: Path) -> None:
    assert await value(tmp_path, TEAM) == (
        "{\n"
        ' "users": [\n'
        '  {"name": "Ann", "age": 31, "tags": ["a"], "home": {"city": "X"}},\n'
        '  {"name": "Bob", "age": null, "tags": []}\n'
        " ],\n"
        ' "version": 1.5,\n'
        ' "grid": [[1, 2], [3]],\n'
        ' "none": []\n'
        "}"
    )
    assert json.loads(await value(tmp_path, TEAM)) == TEAM
    assert await value(tmp_path, [{"a": 1}, {"a": 2}]) == "| a |\n| ---: |\n| 1 |\n| 2 |\n\n2 rows"
    assert await value(tmp_path, []) == "empty array\n[an expression is like users[0].name or users[?age > `30`].name]"


async def test_without_an_expression_the_shape_of_a_longer_one_is_told(tmp_path: Path) -> None:
    assert await value(tmp_path, {**TEAM, "note": "x" * 600}) == (
        "object with 5 keys\n"
        "  - users: array of 2: object\n"
        '    - name: text, like "Ann"\n'
        "    - age: number, like 31\n"
        '    - tags: array of 1: text, like "a"\n'
        "    - home: object with 1 key\n"
        '      - city: text, like "X"\n'
        "  - version: number, like 1.5\n"
        "  - grid: array of 2: array\n"
        "    - each: array of 2: number, like 1\n"
        "  - none: empty array\n"
        f'  - note: text, like "{"x" * 39}…\n'
        "[an expression is like users[0].name or users[?age > `30`].name]"
    )


async def test_a_short_document_is_shown_beside_what_is_wrong_with_an_expression(tmp_path: Path) -> None:
    assert (await no_value(tmp_path, {"part": "G-17"}, "part G-17")).endswith('; the document is\n{"part": "G-17"}')
    assert "the document is" not in await no_value(tmp_path, {"part": "G" * 700}, "part G-17")


async def test_a_long_or_deep_value_is_broken_off(tmp_path: Path) -> None:
    long = await value(tmp_path, {"a": {"b": {f"k{n}": "x" * 80 for n in range(200)}}}, "a")
    assert long.startswith('{\n "b": {\n  "k0": "xxx')
    assert long.endswith("[cut after 6000 characters; name less of the document]")
    deep: object = "x" * 100
    for _ in range(60):
        deep = {"d": deep}
    assert json.loads(await value(tmp_path, deep, "d"))["d"]


@pytest.mark.parametrize(
    ("expression", "found"),
    [
        ("users[0].name", "Ann"),
        ("$.users[0].name", "Ann"),
        (".users[0].name", "Ann"),
        ("version", "1.5"),
        ("length(users)", "2"),
        ("users[?age > `30`].name", '"Ann"\n(1 item)'),
        ("grid", "[1, 2]\n[3]\n(2 items)"),
        ("users[0].home", '{"city": "X"}'),
        ("users[*].{name: name, age: age}", "| name | age |\n| --- | --- |\n| Ann | 31 |\n| Bob | null |\n\n2 rows"),
        (
            "users[0].home.street",
            "null: there is nothing at users[0].home.street; users[0].home is an object with 1 key, with city",
        ),
        ('users[0]."home"', '{"city": "X"}'),
        (
            "users[2].name",
            "null: there is nothing at users[2].name; users is an array of 2: object, with name, age, tags, home",
        ),
        ("version.major", "null: there is nothing at version.major; version is a number"),
        ("grid[0][5]", "null: there is nothing at grid[0][5]; grid[0] is an array of 2: number"),
        ("none", "none is an empty array"),
        ("users[1].age", "null: users[1].age is there, and has no value"),
        ("users[9] | name", "null: there is nothing at users[9] | name; the document is an object with 4 keys"),
        ("users[*].nam", "an empty array: nothing fits users[*].nam; the document is an object with 4 keys"),
    ],
)
async def test_an_expression_finds_what_is_there(expression: str, found: str, tmp_path: Path) -> None:
    said = await value(tmp_path, TEAM, expression)
    assert said.removesuffix(", with users, version, grid, none") == found


@pytest.mark.parametrize("expression", ["users[", "users[?age > 30", "foo(@)", "length(version)", "(" * 900, "&&", "`"])
async def test_what_is_no_expression_is_said_with_one_that_is(expression: str, tmp_path: Path) -> None:
    assert "users[0].name" in await no_value(tmp_path, TEAM, expression) or len(expression) == 900


async def test_long_results_are_cut_and_counted(tmp_path: Path) -> None:
    lines = (await value(tmp_path, list(range(10_000)), "@")).splitlines()
    assert lines[-1] == f"(10000 items, the first {len(lines) - 1} shown)"
    assert (await value(tmp_path, {"t": "x" * 9_000}, "t")).endswith(
        "[cut after 6000 characters; name less of the document]"
    )
    rows = [{"n": n, "text": "y" * 150} for n in range(1_000)]
    assert "\n1000 rows, the first " in await value(tmp_path, rows, "@")
    wide = {f"key {n}": {f"k{m}": m for m in range(50)} for n in range(50)}
    assert "- and 10 more keys" in await value(tmp_path, wide)


async def test_lines_of_json_are_an_array(tmp_path: Path) -> None:
    assert await value(tmp_path, '{"a": 1}\n{"a": 2}\n', "[*].a") == "1\n2\n(2 items)"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[1,]",
        "{'a': 1}",
        "[1 2]",
        "nul",
        '"\x00"',
        '["\n"]',
        "[1e]",
        "\ufeff\ufeff{}",
        "[" * 100_000,
        '{"a":' * 100_000,
    ],
)
async def test_what_is_no_json_is_said_so(text: str, tmp_path: Path) -> None:
    said = await no_value(tmp_path, text)
    assert "is no JSON" in said or "nested too deeply" in said or "not a text file" in said


async def test_odd_json_is_read(tmp_path: Path) -> None:
    digits = "1" * 5_000
    text = f'[NaN, -Infinity, 1e999, -0.0, "\\ud800", {{"a": 1, "a": 2}}, {"[" * 500}{"]" * 500}, {digits}]'
    lines = (await value(tmp_path, text, "@")).splitlines()
    assert lines[:6] == ["NaN", "-Infinity", "Infinity", "-0.0", r'"\ud800"', '{"a": 2}']
    assert lines[7].startswith('"1111')
    assert lines[-1] == "a name stands twice in 1 object, and the last value counts"
    assert "array of 8: number, text, object, array" in await value(tmp_path, text)


async def test_an_expression_that_grows_without_end_is_a_clean_failure(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(json.dumps(list(range(1_000))))
    grows = " | ".join(["[@, @][]"] * 40)
    said = await failure(json_tool(Limits(2, memory_mb=200)), tmp_path, path="a.json", expression=grows)
    assert "longer than" in said or "more memory" in said


async def test_json_that_is_too_large_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.json").write_text(f"[{' ' * 20_000_001}]")
    assert "JSON up to 20 MB can be read" in await failure(query_json, tmp_path, path="a.json")


# --- every tool ---


@pytest.mark.parametrize("tool", [query_table, query_json])
async def test_what_is_no_file_of_the_workspace_is_refused_without_waiting(tool: Tool, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "secret.csv").write_text("a,b\n1,2\n")
    (workspace / "link.csv").symlink_to(tmp_path / "secret.csv")
    (workspace / "folder").mkdir()
    os.mkfifo(workspace / "pipe")
    for path in ("../secret.csv", "link.csv", "/etc/passwd"):
        finished = await run_tool(tool, {"path": path}, workspace=workspace)
        assert finished.status is ToolStatus.INVALID
    assert "a pipe" in await failure(tool, workspace, path="pipe")
    assert "a folder" in await failure(tool, workspace, path="folder")
    assert "there is no file none.csv" in await failure(tool, workspace, path="none.csv")


async def test_a_database_is_not_taken_for_a_table(tmp_path: Path) -> None:
    sqlite3.connect(tmp_path / "a.db").execute("CREATE TABLE t(x)").connection.close()
    assert "a SQLite database; query_database reads it" in await failure(query_table, tmp_path, path="a.db")
    assert "a SQLite database; query_database reads it" in await failure(query_json, tmp_path, path="a.db")
