"""Questions to tables are answered by SQL that says what Python says of the same rows."""

from __future__ import annotations

import random
import re
import sqlite3
import sys
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from rookery_core.tools.registry import Registry

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_training.builtin import built_in_tools
from rookery_training.sheet import Sheet
from rookery_training.sheets import Sheets
from rookery_training.sheets_ledger import LEDGER_KINDS, load_ledgers
from rookery_training.workspace_goals import Phrases
from rookery_training.workspace_play import Play, Scenario
from rookery_training.workspace_tables import TABLES_ASKED


@pytest.fixture(scope="module")
def builtin() -> Registry:
    return built_in_tools()


def drawn(n: int, seed: int, *, held_out: bool = False) -> list[Sheet]:
    sheets = Sheets(random.Random(seed), held_out=held_out)
    return [sheet for _ in range(n) if (sheet := sheets.draw()) is not None]


def played(builtin: Registry, kind: str, n: int, seed: int) -> list[Scenario]:
    rng = random.Random(seed)
    phrases, sheets = Phrases(rng), Sheets(rng)
    made = []
    for _ in range(n):
        play = Play(kind, builtin, phrases, sheets, rng, builtin.names)
        try:
            if TABLES_ASKED[kind][2](play):
                made.append(play.made)
        finally:
            play.end()
    return made


def asked(sheet: Sheet) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        told = ", ".join(f"{name} {kind}" for name, kind in zip(sheet.columns, sheet.kinds, strict=True))
        connection.execute(f"CREATE TABLE t ({told})")
        marks = ", ".join("?" for _ in sheet.columns)
        connection.executemany(f"INSERT INTO t VALUES ({marks})", sheet.rows)
        return connection.execute(sheet.statement("t")).fetchall()


def test_a_ledger_s_sum_and_count_are_those_of_the_rows_that_the_question_names() -> None:
    checked = 0
    for sheet in drawn(900, 1):
        slots, kind = sheet.query.slots, sheet.query.kind
        if kind not in ("total", "count") or {"since", "before", "on"} & {*slots} or not sheet.item:
            continue
        item = sheet.columns.index(sheet.item)
        (amount,) = [n for n, name in enumerate(sheet.columns) if name in sheet.others and sheet.kinds[n] != "TEXT"]
        day = sheet.columns.index(next(name for name in sheet.columns if name == "month" or (
            name in sheet.others and name not in (sheet.item, sheet.columns[amount]))))  # fmt: skip
        rows = [row for row in sheet.rows if slots.get("item") in (None, row[item])]
        if "month" in slots:
            name, _, year = slots["month"].partition(" ")
            number = f"-{MONTHS.index(name) + 1:02}-"
            rows = [row for row in rows if row[day] == name or (number in row[day] and row[day].startswith(year))]
        (found,) = asked(sheet)
        wanted = len(rows) if kind == "count" else sum(row[amount] for row in rows) if rows else None
        assert found[0] == (wanted if wanted is None else pytest.approx(wanted)), (sheet.query, found)
        checked += 1
    assert checked > 90


MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip


def test_what_is_largest_has_no_rival_and_every_slot_of_a_question_is_filled() -> None:
    for sheet in drawn(500, 2):
        assert {*re.findall(r"\{(\w+)\}", sheet.query.ask)} <= {*sheet.query.slots}
        if sheet.query.kind in ("most", "least") and sheet.query.words == "row":
            ((_, value),) = asked(sheet)
            at = sheet.columns.index(sheet.query.columns[1])
            assert [row[at] for row in sheet.rows].count(value) == 1 or "when" in sheet.query.ask or sheet.query.where


@pytest.mark.parametrize("kind", TABLES_ASKED)
def test_a_statement_is_learnt_only_where_it_works_and_after_its_columns_were_seen(
    builtin: Registry, kind: str
) -> None:
    made = played(builtin, kind, 160, 3)
    assert len(made) > 90
    mended = 0
    for scenario in made:
        seen = ""
        for step in scenario.steps:
            sql = step.arguments.get("sql", "")
            failed = step.observation.startswith("SQLite says")
            assert step.learn is not failed, step
            mended += failed
            if step.learn and sql:
                assert seen, scenario.goal
            if step.tool.startswith("query"):
                seen += step.observation
        assert all(said in scenario.answer for said in scenario.says)
        assert scenario.steps[-1].tool == "aggregate_table" or scenario.steps[-1].arguments["sql"]
    assert mended > 12


def test_no_question_names_a_column_that_is_not_a_word_of_everyday() -> None:
    """Of ledgers, whose columns may be called anything."""
    named = Counter(
        name for ledger in load_ledgers() for kind in LEDGER_KINDS for ask in ledger.asks[kind]
        for name in (*ledger.item, *ledger.amount, *ledger.day) if "_" in name and name in ask
    )  # fmt: skip
    assert not named


def test_some_ledgers_are_kept_for_development() -> None:
    trained, kept = ({sheet.stems for sheet in drawn(500, 4, held_out=side)} for side in (False, True))
    assert len(kept) > 2
    assert not trained & kept
