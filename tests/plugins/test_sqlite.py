"""SQLite: a database is asked without a trace, changed as a whole or not at all, and never by a statement that asks."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path

import pytest

from rookery_core.events import ApprovalRequested, Event, ToolStatus
from rookery_core.plugin import Tool, ToolFailed
from rookery_core.testing import run_tool
from rookery_plugins.data.apart import Limits, apart
from rookery_plugins.data.sqlite import change_database, query_database, query_tool
from tests.plugins.data_kit import contents, failure, ok

pytestmark = pytest.mark.timeout(90)

SHOP = """
CREATE TABLE customers(id INTEGER PRIMARY KEY, name TEXT NOT NULL, "e mail" TEXT);
CREATE TABLE orders(id INTEGER PRIMARY KEY, customer INTEGER REFERENCES customers(id) ON DELETE CASCADE, total REAL);
CREATE VIEW large AS SELECT * FROM orders WHERE total > 10;
INSERT INTO customers VALUES (1, 'Ann', NULL), (2, 'Bob', 'bob@example.org');
INSERT INTO orders VALUES (1, 1, 10.5), (2, 1, 0.1), (3, 2, 0.2);
"""
ENDLESS = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) "


def make(path: Path, script: str = SHOP, *, wal: bool = False) -> Path:
    with closing(sqlite3.connect(path)) as connection:
        if wal:
            connection.execute("PRAGMA journal_mode=WAL")
        connection.executescript(f"BEGIN; {script} COMMIT;")
    return path


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    folder = tmp_path / "workspace"
    folder.mkdir()
    make(folder / "shop.db")
    return folder


async def query(workspace: Path, sql: str, path: str = "shop.db") -> str:
    return await ok(query_database, workspace, path=path, sql=sql)


async def refusal(workspace: Path, sql: str, path: str = "shop.db", tool: Tool = query_database) -> str:
    return await failure(tool, workspace, path=path, sql=sql)


async def preview_of(workspace: Path, sql: str, path: str = "shop.db") -> str:
    """What the person is shown before they decide about a change."""
    events: list[Event] = []
    finished = await run_tool(
        change_database, {"path": path, "sql": sql}, workspace=workspace, allow=False, events=events
    )
    assert finished.status is ToolStatus.DENIED
    return next(event.preview for event in events if isinstance(event, ApprovalRequested))


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchall()


# --- what there is ---


async def test_without_sql_tables_are_told_as_they_are_written_with_their_first_rows(workspace: Path) -> None:
    assert await ok(query_database, workspace, path="shop.db") == (
        "table customers, 2 rows\n"
        '| id INTEGER key | name TEXT | "e mail" TEXT |\n'
        "| ---: | --- | --- |\n"
        "| 1 | Ann | NULL |\n"
        "| 2 | Bob | bob@example.org |\n"
        "\n"
        "table orders, 3 rows\n"
        "| id INTEGER key | customer INTEGER -> customers.id | total REAL |\n"
        "| ---: | ---: | ---: |\n"
        "| 1 | 1 | 10.5 |\n"
        "| 2 | 1 | 0.1 |\n"
        "| 3 | 2 | 0.2 |\n"
        "\n"
        "view large: id INTEGER, customer INTEGER, total REAL"
    )


async def test_of_many_tables_the_columns_are_told_and_of_very_many_the_names(tmp_path: Path) -> None:
    make(tmp_path / "many.db", "".join(f"CREATE TABLE t{n:03}(a, b);" for n in range(250)))
    lines = (await query(tmp_path, "", "many.db")).splitlines()
    assert lines[0] == "table t000, 0 rows: a, b"
    assert lines[-1].startswith(f"{250 - len(lines) + 1} more: t{len(lines) - 1:03}, ")


async def test_an_empty_file_is_a_database_without_tables(tmp_path: Path) -> None:
    (tmp_path / "new.db").touch()
    assert await query(tmp_path, "", "new.db") == "new.db is a database without tables"


async def test_a_full_text_index_is_one_table_and_can_be_searched(tmp_path: Path) -> None:
    make(tmp_path / "docs.db", "CREATE VIRTUAL TABLE d USING fts5(body); INSERT INTO d VALUES ('a cat'), ('a dog');")
    assert await query(tmp_path, "", "docs.db") == "table d, 2 rows\n| body |\n| --- |\n| a cat |\n| a dog |"
    assert "| a cat |" in await query(tmp_path, "SELECT body FROM d WHERE d MATCH 'cat'", "docs.db")


# --- asking ---


async def test_rows_are_a_table_with_their_number(workspace: Path) -> None:
    assert await query(workspace, "SELECT name, total FROM customers c JOIN orders o ON o.customer = c.id;") == (
        "| name | total |\n| --- | ---: |\n| Ann | 10.5 |\n| Ann | 0.1 |\n| Bob | 0.2 |\n\n3 rows"
    )
    assert await query(workspace, "SELECT id FROM orders WHERE id > 9") == (
        "no rows; the columns are id, customer, total"
    )


@pytest.fixture
def birds(tmp_path: Path) -> Path:
    make(
        tmp_path / "birds.db",
        'CREATE TABLE seen ("Menge (kg)" REAL, bird TEXT, who TEXT);'
        "INSERT INTO seen VALUES (3, 'Heron', 'Van den Broeck'), (2, 'Coot', 'Ito');"
        "CREATE TABLE lists (id INTEGER, name TEXT); INSERT INTO lists VALUES (1, 'heron');",
    )
    return tmp_path


@pytest.mark.parametrize(
    ("where", "hint"),
    [
        ("bird = 'heron'", "; bird has no 'heron', but 'Heron'"),
        ("bird LIKE '%hern%'", "; bird has no 'hern', but 'Heron'"),
        ("who = 'Broeck'", "; who has no 'Broeck', but 'Van den Broeck'"),
        ("bird = 'Heron' AND who = 'Ito'", ""),
        ("bird = 'Zebra'", ""),
        ("1 = 0", ""),
        ("bird = 'it''s heron'", ""),
        ("bird LIKE '%heron%' AND \"Menge (kg)\" > 99", ""),
        ("bird > 'heron' AND replace(who, 'e', '') = 'x'", ""),
        ("bird IN ('swan', 'coot')", "; bird has no 'coot', but 'Coot'"),
        ("who IN (SELECT name FROM lists WHERE name = 'herom')", ""),
    ],
)
async def test_where_there_are_no_rows_what_is_written_otherwise_is_said(birds: Path, where: str, hint: str) -> None:
    said = await query(birds, f"SELECT who FROM seen WHERE {where}", "birds.db")
    if "lists" in where:
        assert said == (
            'no rows; the columns of lists are id, name; the columns of seen are "Menge (kg)", bird, who'
            "; name has no 'herom', but 'heron'"
        )
    else:
        assert said == f'no rows; the columns are "Menge (kg)", bird, who{hint}'


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ('SELECT * FROM seen WHERE "Menge" > 3', "Menge"),
        ('SELECT sum("Menge") FROM seen', "Menge"),
        ('SELECT who, "Nothing" FROM seen', "Nothing"),
        ('SELECT * FROM seen WHERE who BETWEEN "A" AND "Z" AND "kilo" > 2', "kilo"),
    ],
)
async def test_a_name_in_quotes_that_is_no_column_is_not_taken_for_a_text(birds: Path, sql: str, name: str) -> None:
    said = await failure(query_database, birds, path="birds.db", sql=sql)
    assert said.startswith(f"there is no column {name}; ")
    assert '"Menge (kg)", bird, who' in said


@pytest.mark.parametrize(
    "sql",
    [
        'SELECT "Menge (kg)" FROM seen',
        """SELECT strftime("%Y", '2026-01-02')""",
        'SELECT bird FROM seen WHERE lower("COOT") = lower(bird)',
        'SELECT "Menge (kg)" * 2 "double" FROM seen ORDER BY "double"',
        """SELECT who AS 'person' FROM seen ORDER BY "person\"""",
        'WITH t("a b") AS (SELECT 1) SELECT "a b" FROM t',
        'WITH RECURSIVE c(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM c WHERE n < 3) SELECT "n" FROM c',
        'SELECT "type", "sql" FROM sqlite_master',
        """SELECT "value" FROM json_each('[1]')""",
        'SELECT "column1" FROM (VALUES (1))',
        'SELECT 1 FROM seen WHERE (bird, who) = ("Coot", "Ito")',
        'SELECT bird FROM seen WHERE bird = "Heron"',
        'SELECT bird FROM seen WHERE bird IN ("Heron", "Swan")',
        'SELECT sum(1) AS "all of it" FROM seen ORDER BY "all of it"',
        'SELECT who "person" FROM seen ORDER BY "person"',
        'WITH "x y" AS (SELECT 1 AS "a b") SELECT "a b" FROM "x y"',
        'SELECT count(*) "n" FROM seen ORDER BY "n"',
        'SELECT replace(who, "a", "b") FROM seen',
        'SELECT s."who" FROM seen s WHERE s."menge (KG)" > 1 AND "ROWID" > 0',
        'SELECT \'a "Menge" b\' FROM seen -- "Kilo"',
        'SELECT CASE WHEN bird = "Coot" THEN "yes" ELSE "no" END FROM seen',
    ],
)
async def test_what_is_given_a_name_and_what_is_compared_may_be_in_double_quotes(birds: Path, sql: str) -> None:
    assert (await query(birds, sql, "birds.db")).startswith("| ")


async def test_a_view_of_what_is_gone_and_many_texts_are_no_trouble_to_others(birds: Path) -> None:
    make(birds / "more.db", "CREATE TABLE a (x TEXT); INSERT INTO a VALUES ('one'); CREATE TABLE b (y); "
         "CREATE VIEW v AS SELECT y FROM b; DROP TABLE b;")  # fmt: skip
    assert await query(birds, "SELECT 1 WHERE 0", "more.db") == "no rows; the columns are x"
    texts = ", ".join(f"'text {n}'" for n in range(400))
    assert await query(birds, f"SELECT x FROM a WHERE x IN ({texts})", "more.db") == "no rows; the columns are x"
    assert await query(birds, "PRAGMA foreign_key_list(a)", "more.db") != "no rows; the columns are x"
    assert "no column q;" in await failure(query_database, birds, path="more.db", sql='SELECT x FROM a WHERE "q" > 1')


async def test_what_a_large_table_has_is_not_looked_at(birds: Path) -> None:
    make(birds / "large.db", "CREATE TABLE n (name TEXT); WITH RECURSIVE c(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM "
         "c WHERE i < 21000) INSERT INTO n SELECT 'Name ' || i FROM c;")  # fmt: skip
    assert await query(birds, "SELECT name FROM n WHERE name = 'name 5'", "large.db") == "no rows; the columns are name"


async def test_numbers_are_shown_right(workspace: Path) -> None:
    sql = "SELECT 0.1 + 0.2, sum(total), 3.0, 1e300, 9223372036854775807, -0.5, 9007199254740993 FROM orders"
    cells = (await query(workspace, sql)).splitlines()[2]
    assert cells == "| 0.3 | 10.8 | 3.0 | 1e+300 | 9223372036854775807 | -0.5 | 9007199254740993 |"


async def test_what_would_break_a_table_is_escaped(workspace: Path) -> None:
    sql = "SELECT 'a|b' AS \"x|y\", 'two' || char(13, 10) || 'lines', char(9, 0, 27), NULL, x'0102'"
    lines = (await query(workspace, sql)).splitlines()
    assert lines[0].startswith(r"| x\|y |")
    assert lines[2] == r"| a\|b | two\nlines | \t\x00\x1b | NULL | [2 bytes] |"


async def test_the_first_rows_of_many_are_shown_and_all_are_counted(workspace: Path) -> None:
    sql = ENDLESS + "SELECT x FROM n LIMIT 12345"
    lines = (await query(workspace, sql)).splitlines()
    assert lines[-1] == "12345 rows, the first 100 shown"
    assert lines[2:-2] == [f"| {n} |" for n in range(1, 101)]


async def test_wide_rows_are_shown_as_far_as_they_fit_and_cells_are_cut(workspace: Path) -> None:
    text = await query(workspace, ENDLESS + "SELECT x, printf('%.*c', 300, 'y') AS t FROM n LIMIT 90")
    shown = text.count("| yyy")
    assert text.endswith(f"\n90 rows, the first {shown} shown\na cell that ends in … is cut")
    assert 20 < shown < 90
    assert f"| 1 | {'y' * 199}… |" in text


async def test_a_single_row_may_have_long_cells(workspace: Path) -> None:
    text = await query(workspace, "SELECT printf('%.*c', 3000, 'y')")
    assert f"| {'y' * 3000} |" in text
    assert text.endswith("\n1 row")


async def test_of_very_many_columns_the_first_are_shown(workspace: Path) -> None:
    text = await query(workspace, f"SELECT {', '.join(f'{n} AS c{n}' for n in range(60))}")
    assert "of 60 columns the first 50 are shown" in text
    assert "c49" in text
    assert "c50" not in text


async def test_text_that_is_not_utf8_is_shown(workspace: Path) -> None:
    assert "| gr\ufffdn |" in await query(workspace, "SELECT CAST(x'6772fc6e' AS TEXT)")


async def test_a_wrong_name_is_answered_with_the_right_ones(workspace: Path) -> None:
    said = await refusal(workspace, "SELECT * FROM order_s")
    assert "no such table: order_s; did you mean orders? The tables are customers, orders, large" in said
    said = await refusal(workspace, "SELECT nam FROM customers")
    assert 'no such column: nam; did you mean name? The columns are id, name, "e mail"' in said
    said = await refusal(workspace, "SELECT price FROM customers JOIN orders")
    assert 'the columns of customers are id, name, "e mail"; the columns of orders are id, customer, total' in said
    assert 'near "SELEC": syntax error' in await refusal(workspace, "SELEC 1")


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1; SELECT 2", "one statement at a time"),
        ("-- nothing", "no statement"),
        (";;", "no statement"),
        ("SELECT '\0'", "NUL"),
    ],
)
async def test_what_is_not_one_statement_is_refused(sql: str, said: str, workspace: Path) -> None:
    assert said in await refusal(workspace, sql)


async def test_a_comment_after_the_statement_is_no_second_one(workspace: Path) -> None:
    assert "| 1 |" in await query(workspace, "/* a; b */ SELECT 1; -- done;\n")


async def test_what_is_no_database_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("a,b\n1,2\n")
    (tmp_path / "a.bin").write_bytes(b"\0" * 5_000)
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert "no SQLite database, or it is encrypted; query_table" in await refusal(tmp_path, "SELECT 1", "a.csv")
    assert (await refusal(tmp_path, "SELECT 1", "a.bin")).endswith("is no SQLite database, or it is encrypted")
    assert "a folder" in await refusal(tmp_path, "SELECT 1", "folder")
    assert "a pipe" in await refusal(tmp_path, "SELECT 1", "pipe")
    assert "did you mean a.csv?" in await refusal(tmp_path, "SELECT 1", "b.csv")


# --- asking changes nothing ---


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("DELETE FROM orders", "change_database"),
        ("INSERT INTO orders VALUES (9, 9, 9) RETURNING *", "change_database"),
        ("WITH x AS (SELECT 1) UPDATE orders SET total = 0", "change_database"),
        ("DROP TABLE orders", "change_database"),
        ("CREATE TABLE t(x)", "change_database"),
        ("CREATE TEMP TABLE t(x)", "change"),
        ("CREATE VIRTUAL TABLE t USING fts5(x)", "change_database"),
        ("EXPLAIN DELETE FROM orders", "change_database"),
        ("UPDATE sqlite_master SET sql = ''", "may not be modified"),
        ("ATTACH '../other.db' AS o", "ATTACH"),
        ("DETACH main", "DETACH"),
        ("VACUUM", "VACUUM"),
        ("VACUUM INTO 'copy.db'", "VACUUM"),
        ("BEGIN", "BEGIN"),
        ("SAVEPOINT s", "SAVEPOINT"),
        ("PRAGMA journal_mode=DELETE", "PRAGMA journal_mode"),
        ("PRAGMA writable_schema=ON", "PRAGMA writable_schema"),
        ("PRAGMA user_version=7", "PRAGMA user_version"),
        ("PRAGMA temp_store_directory='/'", "PRAGMA temp_store_directory"),
        ("SELECT load_extension('/tmp/x.so')", "load_extension"),
        ("SELECT fts3_tokenizer('simple')", "fts3_tokenizer"),
        ("SELECT * FROM pragma_user_version(7)", ""),
        ("SELECT readfile('/etc/passwd')", "no such function"),
        ("SELECT writefile('x', 'y')", "no such function"),
        ("REINDEX", "gives no rows"),
        ("ANALYZE", "change_database"),
    ],
)
async def test_a_statement_that_does_more_than_read_is_refused(sql: str, said: str, workspace: Path) -> None:
    before = contents(workspace)
    assert said in await refusal(workspace, sql)
    assert contents(workspace) == before


async def test_harmless_pragmas_can_be_asked(workspace: Path) -> None:
    assert "| ok |" in await query(workspace, "PRAGMA integrity_check")
    assert "| customer |" in await query(workspace, "SELECT name FROM pragma_table_info('orders')")
    assert "| delete |" in await query(workspace, "PRAGMA journal_mode")


async def test_a_database_with_a_wal_gets_no_files_beside_it(tmp_path: Path) -> None:
    make(tmp_path / "shop.db", wal=True)
    before = contents(tmp_path)
    assert list(before) == ["shop.db"]
    assert "| 3 |" in await query(tmp_path, "SELECT count(*) FROM orders")
    assert contents(tmp_path) == before


async def test_what_another_program_wrote_just_now_is_seen(tmp_path: Path) -> None:
    with closing(sqlite3.connect(make(tmp_path / "shop.db", wal=True))) as other:
        other.execute("INSERT INTO orders VALUES (4, 1, 4)")
        other.commit()
        assert "| 4 |" in await query(tmp_path, "SELECT count(*) FROM orders")
        other.execute("INSERT INTO orders VALUES (5, 1, 4)")  # not committed
        assert "| 4 |" in await query(tmp_path, "SELECT count(*) FROM orders")
        other.commit()
        assert "| 5 |" in await query(tmp_path, "SELECT count(*) FROM orders")


@pytest.mark.parametrize("wal", [True, False])
async def test_a_database_that_a_program_was_stopped_in_is_read_and_left_as_it_is(wal: bool, tmp_path: Path) -> None:
    path = make(tmp_path / "shop.db", wal=wal)
    code = (
        "import os, sqlite3\n"
        f"c = sqlite3.connect({str(path)!r}, isolation_level=None)\n"
        "c.execute('PRAGMA cache_size=1'); c.execute('PRAGMA cache_spill=1'); c.execute('BEGIN')\n"
        "c.execute('DELETE FROM orders')\n"
        "c.execute('CREATE TABLE filler AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 500)"
        " SELECT randomblob(900) AS b FROM n')\n"
        f"{'c.execute(chr(67) + chr(79) + chr(77) + chr(77) + chr(73) + chr(84))' if wal else ''}\n"
        "os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code], check=False)
    if wal:
        (tmp_path / "shop.db-shm").unlink()  # as where the files were copied from elsewhere
    assert sorted(contents(tmp_path)) == ["shop.db", f"shop.db-{'wal' if wal else 'journal'}"]
    before = contents(tmp_path)
    assert ("| 0 |" if wal else "| 3 |") in await query(tmp_path, "SELECT count(*) FROM orders")
    assert contents(tmp_path) == before


async def test_a_link_beside_a_database_leads_nowhere(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    secret = tmp_path / "secret"
    secret.write_bytes(b"x" * 5_000)
    make(workspace / "shop.db", wal=True)
    (workspace / "shop.db-wal").symlink_to(secret)
    await refusal(workspace, "SELECT count(*) FROM orders")
    assert secret.read_bytes() == b"x" * 5_000


async def test_a_path_outside_the_workspace_is_refused(workspace: Path) -> None:
    make(workspace.parent / "other.db")
    (workspace / "link.db").symlink_to(workspace.parent / "other.db")
    for path in ("../other.db", "link.db", "file:shop.db?mode=rw", ":memory:"):
        for tool in (query_database, change_database):
            finished = await run_tool(tool, {"path": path, "sql": "SELECT 1"}, workspace=workspace)
            assert finished.status in (ToolStatus.INVALID, ToolStatus.FAILED)
    assert sorted(contents(workspace)) == ["link.db", "shop.db"]


@pytest.mark.parametrize("job", ["query", "change", "trial"])
@pytest.mark.parametrize("link", [True, False])
def test_a_file_that_takes_the_place_of_the_one_that_was_checked_is_not_used(
    job: str, link: bool, tmp_path: Path
) -> None:
    path, other = make(tmp_path / "shop.db"), make(tmp_path / "other.db")
    with path.open("rb") as checked:
        path.unlink()
        if link:
            path.symlink_to(other)
        else:
            path.hardlink_to(other)
        before = contents(tmp_path)
        with pytest.raises(ToolFailed, match=r"shop\.db was replaced while it was opened"):
            apart(job, checked, path, "shop.db", Limits(10), sql="DELETE FROM orders" if job != "query" else "")
    assert contents(tmp_path) == before


# --- hostile statements and files ---


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT zeroblob(1000000000)", "larger than 64 MB"),
        ("SELECT hex(randomblob(50000000))", "larger than 64 MB"),
        ("SELECT group_concat(hex(zeroblob(5000000))) FROM json_each('[1,2,3,4,5,6,7,8]')", "larger than 64 MB"),
        ("SELECT '" + "a" * 2_000 + "' LIKE '" + "%a" * 1_000 + "b'", "pattern too complex"),
        ("SELECT " + "(" * 3_000 + "1" + ")" * 3_000, "SQLite says"),
    ],
)
async def test_a_statement_that_would_need_too_much_is_a_clean_failure(sql: str, said: str, workspace: Path) -> None:
    assert said in await refusal(workspace, sql)


async def test_a_format_that_asks_for_a_gigabyte_gives_none(workspace: Path) -> None:
    assert "NULL" in await query(workspace, "SELECT printf('%1000000000d', 1)")


async def test_memory_is_limited(workspace: Path) -> None:
    sql = "WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n LIMIT 300) "
    sql += "SELECT x, zeroblob(4000000) AS z FROM n ORDER BY z"
    assert "more memory" in await refusal(workspace, sql)


async def test_a_statement_without_end_is_stopped(workspace: Path) -> None:
    said = await refusal(
        workspace, ENDLESS + "SELECT count(*) FROM n", tool=query_tool(Limits(1, advice="; less, please"))
    )
    assert "took too long" in said
    blind = "SELECT instr(hex(zeroblob(20000000)), hex(zeroblob(1000000)) || '1')"  # one step, of hours
    said = await refusal(workspace, blind, tool=query_tool(Limits(1, advice="; less, please")))
    assert said == "shop.db: it took longer than 1 seconds; less, please"


async def test_an_endless_result_is_counted_no_further_than_a_million(workspace: Path) -> None:
    text = await query(workspace, ENDLESS + "SELECT x FROM n")
    assert text.endswith(", the first 100 shown")
    assert "\nmore than " in text


@pytest.mark.parametrize("tool", [query_database, change_database])
async def test_a_call_that_is_stopped_ends_its_process(tool: Tool, workspace: Path) -> None:
    before = contents(workspace)
    sql = ENDLESS + (
        "SELECT count(*) FROM n" if tool is query_database else "INSERT INTO orders SELECT NULL, 1, x FROM n"
    )
    call = asyncio.create_task(run_tool(tool, {"path": "shop.db", "sql": sql}, workspace=workspace))
    await _until(lambda: _children() != [])
    await asyncio.sleep(1)
    call.cancel()
    await asyncio.gather(call, return_exceptions=True)
    await _until(lambda: _children() == [])
    assert contents(workspace) == before


async def test_a_view_of_a_hostile_database_calls_nothing_dangerous(tmp_path: Path) -> None:
    script = """
    CREATE TABLE t(x); INSERT INTO t VALUES (1);
    CREATE VIEW bomb AS SELECT zeroblob(1000000000) AS z FROM t;
    CREATE VIEW evil AS SELECT load_extension('/tmp/x.so') AS z FROM t;
    CREATE VIEW slow AS WITH RECURSIVE n(x) AS (SELECT 1 UNION ALL SELECT x + 1 FROM n) SELECT count(*) AS z FROM n;
    """
    make(tmp_path / "evil.db", script)
    assert "view slow: z" in await query(tmp_path, "", "evil.db")  # describing runs none of them
    assert "larger than" in await refusal(tmp_path, "SELECT * FROM bomb", "evil.db")
    assert "load_extension" in await refusal(tmp_path, "SELECT * FROM evil", "evil.db")


async def test_a_table_of_an_unknown_kind_does_not_hide_the_others(tmp_path: Path) -> None:
    path = make(tmp_path / "a.db")
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        connection.execute("PRAGMA writable_schema=ON")
        sql = "CREATE VIRTUAL TABLE odd USING nosuch(x)"
        connection.execute("INSERT INTO sqlite_master VALUES ('table', 'odd', 'odd', 0, ?)", [sql])
    text = await query(tmp_path, "", "a.db")
    assert "table odd: cannot be read, SQLite says: no such module: nosuch" in text
    assert "table orders, 3 rows" in text


async def test_damaged_databases_are_clean_failures_or_answers(tmp_path: Path) -> None:
    filler = "CREATE TABLE f(x, y); CREATE INDEX i ON f(x);" + "INSERT INTO f VALUES (hex(randomblob(50)), 1);" * 300
    whole = make(tmp_path / "whole.db", SHOP + filler).read_bytes()
    pages = [whole[:n] for n in (50, 100, 4_096, 8_192, len(whole) - 100)]
    pages += [whole[:100] + b"\xff" * 200 + whole[300:], whole[:4_096] + b"\0" * 4_096 + whole[8_192:]]
    pages += [whole[:4_200] + os.urandom(2_000) + whole[6_200:], whole[:16] + b"\xff" * 84 + whole[100:]]
    for n, data in enumerate(pages):
        (tmp_path / f"{n}.db").write_bytes(data)
        for sql in ("", "SELECT count(*) FROM orders, f WHERE x > 'A'"):
            finished = await run_tool(query_database, {"path": f"{n}.db", "sql": sql}, workspace=tmp_path)
            assert finished.status in (ToolStatus.OK, ToolStatus.FAILED)
            assert "Error:" not in finished.output
            assert "made the process" not in finished.output
    assert "no SQLite database" in await refusal(tmp_path, "SELECT 1", "0.db")
    assert "is damaged: SQLite says" in await refusal(tmp_path, "SELECT * FROM orders", "2.db")


# --- changing ---


async def test_a_change_is_made_and_told(workspace: Path) -> None:
    assert await ok(
        change_database, workspace, path="shop.db", sql="UPDATE orders SET total = 1 WHERE customer = 1"
    ) == ("2 rows changed in shop.db\norders has 3 rows now")
    assert rows(workspace / "shop.db", "SELECT total FROM orders") == [(1.0,), (1.0,), (0.2,)]


async def test_what_a_change_sets_off_is_told_too(workspace: Path) -> None:
    assert await ok(change_database, workspace, path="shop.db", sql="DELETE FROM customers WHERE id = 1") == (
        "3 rows changed in shop.db\ncustomers has 1 row now\norders has 1 row now"
    )


async def test_rows_that_a_change_returns_are_shown(workspace: Path) -> None:
    sql = "INSERT INTO customers(name) VALUES ('Cid') RETURNING id, name"
    text = await ok(change_database, workspace, path="shop.db", sql=sql)
    assert text.startswith("| id | name |\n| ---: | --- |\n| 3 | Cid |\n\n1 row\n1 row changed in shop.db")


async def test_several_statements_are_one_change(workspace: Path) -> None:
    sql = "CREATE TABLE t(x); INSERT INTO t VALUES (1); CREATE INDEX i ON t(x); ALTER TABLE t ADD COLUMN y; DROP VIEW large"
    text = await ok(change_database, workspace, path="shop.db", sql=sql)
    assert text == "1 row changed, view large dropped, index i created, table t created in shop.db\nt has 1 row now"
    before = contents(workspace)
    said = await refusal(
        workspace, "DELETE FROM t; INSERT INTO customers VALUES (1, 'again', '')", tool=change_database
    )
    assert "UNIQUE constraint failed: customers.id" in said
    assert contents(workspace) == before


async def test_a_full_text_index_is_changed_and_its_rows_are_counted_once(tmp_path: Path) -> None:
    make(tmp_path / "d.db", "CREATE VIRTUAL TABLE d USING fts5(body); INSERT INTO d VALUES ('a cat');")
    text = await ok(change_database, tmp_path, path="d.db", sql="INSERT INTO d VALUES ('a dog')")
    assert text == "1 row changed in d.db\nd has 2 rows now"


async def test_a_change_of_a_database_with_a_wal_leaves_nothing_beside_it(tmp_path: Path) -> None:
    make(tmp_path / "shop.db", wal=True)
    await ok(change_database, tmp_path, path="shop.db", sql="DELETE FROM orders WHERE id = 1")
    assert list(contents(tmp_path)) == ["shop.db"]
    assert rows(tmp_path / "shop.db", "SELECT count(*) FROM orders") == [(2,)]


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1", "query_database reads"),
        ("DELETE FROM orders WHERE id = 99", "no row fits"),
        ("", "no statement"),
        ("BEGIN; DELETE FROM orders; COMMIT", "leave out BEGIN"),
        ("DELETE FROM orders; ROLLBACK", "leave out BEGIN"),
        ("ATTACH 'x.db' AS x; DELETE FROM orders", "ATTACH"),
        ("VACUUM", "VACUUM"),
        ("PRAGMA writable_schema=ON; UPDATE sqlite_master SET sql = ''", "PRAGMA writable_schema"),
        ("PRAGMA foreign_keys=OFF; DELETE FROM customers", "PRAGMA foreign_keys"),
        ("CREATE TEMP TABLE t(x)", "temporary"),
        ("CREATE VIRTUAL TABLE t USING dbstat", "dbstat"),
        ("INSERT INTO orders VALUES (4, 99, 1)", "FOREIGN KEY constraint failed"),
        ("DELETE FROM ordrs", "did you mean orders"),
        ("SELECT load_extension('x'); DELETE FROM orders", "load_extension"),
        (ENDLESS + "INSERT INTO orders SELECT NULL, 1, zeroblob(9000000) FROM n LIMIT 100", "grow by too much"),
    ],
)
async def test_a_change_that_may_not_be_changes_nothing(sql: str, said: str, workspace: Path) -> None:
    before = contents(workspace)
    assert said in await refusal(workspace, sql, tool=change_database)
    assert contents(workspace) == before


async def test_a_database_that_is_being_written_is_not_waited_for_long(workspace: Path) -> None:
    with closing(sqlite3.connect(workspace / "shop.db", isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        said = await refusal(workspace, "DELETE FROM orders", tool=change_database)
        assert "being written by another program" in said
        assert "| 3 |" in await query(workspace, "SELECT count(*) FROM orders")


async def test_a_new_database_is_made_by_create_alone(workspace: Path) -> None:
    text = await ok(change_database, workspace, path="new.db", sql="CREATE TABLE t(x); INSERT INTO t VALUES (1)")
    assert text == "1 row changed, table t created in new.db\nt has 1 row now"
    assert rows(workspace / "new.db", "SELECT * FROM t") == [(1,)]
    said = await refusal(workspace, "INSERT INTO t VALUES (1)", "newer.db", change_database)
    assert "there is no database newer.db; CREATE TABLE makes one" in said
    assert "incomplete input" in await refusal(workspace, "CREATE TABLE t(x", "newer.db", change_database)
    assert "No such file" in await refusal(workspace, "CREATE TABLE t(x)", "none/new.db", change_database)
    assert sorted(contents(workspace)) == ["new.db", "shop.db"]


# --- what the person sees ---


async def test_the_preview_has_the_statement_and_the_rows_before_and_after(workspace: Path) -> None:
    assert await preview_of(workspace, "UPDATE orders SET total = 0 WHERE id = 1") == (
        "UPDATE orders SET total = 0 WHERE id = 1\n"
        "\n"
        "this would be: 1 row changed\n"
        "\n"
        "orders: 3 rows before, 3 rows after\n"
        "|  | id | customer | total |\n"
        "| --- | ---: | ---: | ---: |\n"
        "| - | 1 | 1 | 10.5 |\n"
        "| + | 1 | 1 | 0.0 |"
    )


async def test_the_preview_names_every_table_that_changes(workspace: Path) -> None:
    text = await preview_of(workspace, "DELETE FROM customers WHERE id = 1; CREATE TABLE t(x); DROP VIEW large")
    assert "this would be: 3 rows changed, view large dropped, table t created" in text
    assert "customers: 2 rows before, 1 row after" in text
    assert "orders: 3 rows before, 1 row after" in text


@pytest.mark.parametrize("wal", [True, False])
@pytest.mark.parametrize("sql", ["DELETE FROM orders", "DROP TABLE orders", "DELETE FROM nothing", "ATTACH 'x' AS y"])
async def test_the_preview_changes_nothing(sql: str, wal: bool, tmp_path: Path) -> None:
    make(tmp_path / "shop.db", wal=wal)
    before = contents(tmp_path)
    assert sql in await preview_of(tmp_path, sql)
    assert contents(tmp_path) == before


async def test_the_preview_says_why_a_change_would_fail(workspace: Path) -> None:
    said = await preview_of(workspace, "INSERT INTO customers VALUES (1, 'again', '')")
    assert said.endswith("this would fail: SQLite says: UNIQUE constraint failed: customers.id")
    assert "nothing would change" in await preview_of(workspace, "DELETE FROM orders WHERE id = 99")
    assert "this would fail: nothing.txt" in await preview_of(_with_text(workspace), "DELETE FROM t", "nothing.txt")


async def test_the_preview_of_a_new_database_makes_none(workspace: Path) -> None:
    text = await preview_of(workspace, "CREATE TABLE t(x)", "new.db")
    assert text == "CREATE TABLE t(x)\n\nnew database new.db\n\nthis would be: table t created"
    assert "there is no database new.db" in await preview_of(workspace, "DELETE FROM t", "new.db")
    assert list(contents(workspace)) == ["shop.db"]


async def test_a_change_that_takes_too_long_to_try_is_said_not_to_be_known(workspace: Path) -> None:
    text = await preview_of(workspace, ENDLESS + "INSERT INTO orders SELECT NULL, 1, x FROM n")
    assert text.endswith("this takes too long to be tried: what it would change is not known")


async def test_a_yes_for_the_session_is_for_the_file(workspace: Path) -> None:
    assert change_database.scope is not None
    assert change_database.scope({"path": workspace / "shop.db", "sql": "x"}) == [str(workspace / "shop.db")]


async def _until(condition: Callable[[], bool]) -> None:
    for _ in range(400):
        if condition():
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it did not come to that")


def _children() -> list[str]:
    """The processes of this one that do a job."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        try:
            parent = process.joinpath("stat").read_text().rpartition(")")[2].split()[1]
            if int(parent) == os.getpid() and b"data.inside" in process.joinpath("cmdline").read_bytes():
                found.append(process.name)
        except OSError:
            continue
    return found


def _with_text(workspace: Path) -> Path:
    (workspace / "nothing.txt").write_text("nothing")
    return workspace
