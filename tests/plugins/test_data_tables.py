"""Rows as a Markdown table: whatever is in them, the form holds and the size is bounded."""

from __future__ import annotations

import re

from hypothesis import given, settings
from hypothesis import strategies as st

from rookery_plugins.data.inside.tables import COLUMNS, ROWS, Table, collect, markdown, number

values = st.none() | st.integers() | st.floats() | st.text(max_size=300) | st.binary(max_size=9)


@st.composite
def tables(draw: st.DrawFn) -> Table:
    names = draw(st.lists(st.text(max_size=100), min_size=1, max_size=70))
    row = draw(st.lists(values, min_size=len(names), max_size=len(names)))
    return collect(names, [row] * draw(st.integers(1, 150)), 10**6, lambda: False)


@settings(deadline=None)
@given(tables())
def test_every_line_of_a_table_has_as_many_cells_as_there_are_columns(table: Table) -> None:
    text = markdown(table)
    lines, _, notes = text.partition("\n\n")
    wanted = min(len(table.columns), COLUMNS)
    for line in lines.split("\n"):
        assert line.startswith("| ")
        assert line.endswith(" |")
        assert len(re.split(r" (?<!\\)\| ", line[2:-2])) == wanted
    n_shown = len(lines.split("\n")) - 2
    count = notes.split("\n")[0]
    assert count.startswith(f"{table.n_rows} row")
    assert (f"the first {n_shown} shown" in count) == (n_shown < table.n_rows)


@settings(deadline=None)
@given(tables())
def test_a_table_fits_into_what_a_tool_may_say(table: Table) -> None:
    assert len(markdown(table)) < 7_500


def test_only_the_rows_that_can_be_shown_are_kept() -> None:
    table = collect(["n"], ([n] for n in range(5_000)), 10**6, lambda: False)
    assert (len(table.rows), table.n_rows, table.whole) == (ROWS, 5_000, True)
    table = collect(["n"], ([n] for n in range(5_000)), 2_000, lambda: False)
    assert (table.n_rows, table.whole) == (2_000, False)


@given(st.floats(allow_nan=False, allow_infinity=False, width=32))
def test_a_number_that_is_shown_means_the_same(value: float) -> None:
    assert abs(float(number(value)) - value) <= abs(value) * 1e-14
    assert re.search(r"[.e]", number(value))
