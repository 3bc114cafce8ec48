"""SQLite databases: asked without a trace, changed only as a person allows who has seen what would change."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field

from rookery_core.plugin import Example, Risk, Tool, ToolContext, ToolFailed, ToolRetry, WorkspacePath, hookimpl, tool
from rookery_plugins.data.apart import Limits, apart

rookery_contract = 1

SQL_CHARS = 10_000

QUERY = Limits(20, advice="; make the statement do less, with WHERE or LIMIT")
CHANGE = Limits(20, advice=", and nothing was changed; make the statement do less")
TRIAL = Limits(2.5, advice=" to try this on a copy: what it would change is not known")
"""With all that is spared, less than what the host gives a preview."""

Sql = Annotated[str, Field(max_length=SQL_CHARS)]


def query_tool(limits: Limits = QUERY) -> Tool:
    """The tool that asks, with what a statement may use."""

    @tool(
        risk=Risk.READ,
        examples=[
            Example(
                asked="How many customers are in shop.db?",
                arguments={"path": "shop.db", "sql": "SELECT count(*) FROM customers"},
                result="| count(*) |\n| ---: |\n| 12 |\n\n1 row",
                answer="shop.db has 12 customers.",
            )
        ],
        phrases=[
            "how many rows are in the database",
            "look it up in the database",
            "which tables are in the db file",
            "the customers from shop.db",
        ],
    )
    def query_database(ctx: ToolContext, path: WorkspacePath, sql: Sql = "") -> str:
        """Reads a SQLite database (.db) with SQL; without sql, shows its tables and columns."""
        name = ctx.workspace.relative(path)
        with ctx.workspace.open(path) as file:
            return apart("query", file, path, name, limits, ctx.cancelled.is_set, sql=sql)

    return query_database


query_database = query_tool()


def _changes(path: Path, sql: str, ctx: ToolContext) -> str:
    """The statement and what it would change, for the person who decides."""
    try:
        return f"{sql}\n\n{_tried(path, sql, ctx)}"
    except (ToolRetry, ToolFailed) as exc:
        return f"{sql}\n\nthis would fail: {exc}"


def _tried(path: Path, sql: str, ctx: ToolContext) -> str:
    name = ctx.workspace.relative(path)
    if not os.path.lexists(path):
        _is_new(name, sql)
        return f"new database {name}\n\n{apart('trial', None, path, name, TRIAL, sql=sql)}"
    with ctx.workspace.open(path) as file:
        return apart("trial", file, path, name, TRIAL, ctx.cancelled.is_set, sql=sql)


def _changed_path(arguments: dict[str, Any]) -> list[str]:
    return [str(arguments["path"])]


@tool(
    risk=Risk.WRITE,
    preview=_changes,
    scope=_changed_path,
    examples=[
        Example(
            asked="Delete order 7 from shop.db",
            arguments={"path": "shop.db", "sql": "DELETE FROM orders WHERE id = 7"},
            result="1 row changed in shop.db\norders has 41 rows now",
            answer="Order 7 is deleted.",
        )
    ],
    phrases=[
        "insert a row into the database",
        "update the price in the table of the db",
        "delete the customer from the database",
    ],
)
def change_database(ctx: ToolContext, path: WorkspacePath, sql: Sql) -> str:
    """Changes a SQLite database (.db) with SQL: inserts, updates or deletes rows, creates tables."""
    name = ctx.workspace.relative(path)
    made = not os.path.lexists(path)
    if made:
        _is_new(name, sql)
        _make(path, name)
    try:
        with ctx.workspace.open(path) as file:
            return apart("change", file, path, name, CHANGE, ctx.cancelled.is_set, sql=sql)
    finally:
        if made and os.path.lexists(path) and not path.stat().st_size:  # it did not come to anything
            path.unlink()


@hookimpl
def rookery_tools() -> list[Tool]:
    return [query_database, change_database]


def _is_new(name: str, sql: str) -> None:
    """Whether the statement may make a database. Raises ToolRetry."""
    if not sql.lstrip().upper().startswith("CREATE"):
        raise ToolRetry(f"there is no database {name}; CREATE TABLE makes one, and list_files shows what there is")


def _make(path: Path, name: str) -> None:
    """An empty database, which is an empty file."""
    try:
        os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666))
    except OSError as exc:
        raise ToolFailed(f"{name} cannot be made: {exc.strerror}; choose another path") from exc
