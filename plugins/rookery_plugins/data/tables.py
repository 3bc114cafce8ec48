"""Tables in files, asked with SQL as if they were a database, and JSON, asked by JMESPath."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from rookery_core.plugin import Example, Risk, Tool, ToolContext, WorkspacePath, hookimpl, tool
from rookery_plugins.data.apart import Limits, apart

rookery_contract = 1

Sql = Annotated[str, Field(max_length=10_000)]
Figure = Literal["sum", "average", "count", "largest", "smallest"]
Words = Annotated[str, Field(max_length=200)]
Expression = Annotated[str, Field(max_length=1_000)]

TABLE = Limits(45, memory_mb=1_024, advice="; make the statement do less, or split the file")
JSON = Limits(20, memory_mb=1_024, advice="; name less of the document")


@tool(
    risk=Risk.READ,
    timeout_s=60,
    examples=[
        Example(
            asked="What is the total of the amounts in sales.csv?",
            arguments={"path": "sales.csv", "sql": "SELECT sum(amount) FROM data"},
            result="| sum(amount) |\n| ---: |\n| 84.5 |\n\n1 row",
            answer="The amounts add up to 84.5.",
        )
    ],
    phrases=[
        "the total of a column in the spreadsheet",
        "which row of the CSV has the highest value",
        "count the rows of the table",
        "average over the csv file",
    ],
)
def query_table(ctx: ToolContext, path: WorkspacePath, sql: Sql = "") -> str:
    """Reads a CSV, TSV or JSON table with SQL (FROM data); without sql, shows its columns and first rows."""
    name = ctx.workspace.relative(path)
    with ctx.workspace.open(path) as file:
        return apart("table", file, path, name, TABLE, ctx.cancelled.is_set, sql=sql)


@tool(
    risk=Risk.READ,
    timeout_s=60,
    examples=[
        Example(
            asked="How much did we spend on food in November? See costs.csv",
            arguments={"path": "costs.csv", "what": "sum", "rows": "food, November"},
            result="sum of amount, 3 rows with food, November: 95.5",
            answer="You spent 95.5 on food in November.",
        )
    ],
    phrases=[
        "how much did we spend on food",
        "the total of a column in the spreadsheet",
        "the average in the csv file",
        "which entry of the table was the highest",
        "how many rows of the table have a word",
    ],
)
def aggregate_table(ctx: ToolContext, path: WorkspacePath, what: Figure, rows: Words = "", column: Words = "") -> str:
    """Adds up, averages, counts or compares the rows of a CSV, TSV or JSON table that have some words, or all."""
    name = ctx.workspace.relative(path)
    with ctx.workspace.open(path) as file:
        return apart("aggregate", file, path, name, TABLE, ctx.cancelled.is_set, what=what, rows=rows, column=column)


def json_tool(limits: Limits = JSON) -> Tool:
    """The tool for JSON, with what an expression may use."""

    @tool(
        risk=Risk.READ,
        examples=[
            Example(
                asked="Who is the first user in team.json?",
                arguments={"path": "team.json", "expression": "users[0].name"},
                result="Ann",
                answer="The first user is Ann.",
            )
        ],
        phrases=[
            "the value of a key in the JSON file",
            "what is the setting in config.json",
            "which keys does the JSON have",
        ],
    )
    def query_json(ctx: ToolContext, path: WorkspacePath, expression: Expression = "") -> str:
        """Reads values of a JSON file by a JMESPath expression; without one, shows its keys."""
        name = ctx.workspace.relative(path)
        with ctx.workspace.open(path) as file:
            return apart("json_value", file, path, name, limits, ctx.cancelled.is_set, expression=expression)

    return query_json


query_json = json_tool()


@hookimpl
def rookery_tools() -> list[Tool]:
    return [query_table, aggregate_table, query_json]
