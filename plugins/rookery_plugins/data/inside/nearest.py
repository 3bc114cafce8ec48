"""What is said where no row has the words: the columns, and values of the one that was most likely meant."""

from __future__ import annotations

import difflib
from collections import Counter
from collections.abc import Sequence

from rookery_plugins.data.inside.columns import listed
from rookery_plugins.data.inside.dates import date
from rookery_plugins.data.inside.matching import Choice, Table, Term, is_total
from rookery_plugins.data.inside.rows import number, plain
from rookery_plugins.data.inside.tables import Value, escaped, label, rows_text
from rookery_plugins.data.inside.words import words

SHOWN = 5
"""Values that are shown."""
KEPT = 200
"""Different values of a column that are looked at."""
VALUE_CHARS = 40
ALIKE = 0.6
"""From where on two texts may be the same word, spelt differently."""
CASED = 1.5
"""How much more a column counts whose values begin as the word does."""


def nothing(table: Table, choice: Choice, n_all: int, typed: str) -> str:
    """That no row is meant, and what could have been."""
    lacking = (
        " or ".join(escaped(term.typed) for term in choice.lacking) or f"{escaped(' '.join(typed.split()))} together"
    )
    said = f"no row has {lacking} (of {rows_text(n_all)}); the columns are {listed(table.sheet)}"
    if choice.lacking:
        return said + _of_one(table, choice, choice.lacking[0])
    return said + _beside(table, choice)


def _of_one(table: Table, choice: Choice, term: Term) -> str:
    """Values of the column in which a term that no row has was most likely looked for."""
    kinds = ("INTEGER", "REAL") if not plain(term.typed).isdecimal() else ()
    values = {n: _values(table, n) for n in table.named if table.sheet.types[n] not in kinds}
    dates = [n for n in values if any(date(value.casefold(), day_first=True) for value in [*values[n]][:SHOWN])]
    unclear = [
        n for n in dates if choice.orders.get(n) is None and not any(date(value.casefold()) for value in values[n])
    ]
    if term.is_date and dates:
        at = (unclear or dates)[0]
        every = [*values[at]]
        chosen = [every[i * (len(every) - 1) // (SHOWN - 1)] for i in range(SHOWN)] if len(every) > SHOWN else every
        told = "; whether the day or the month is first there is not clear" if unclear else ""
        return _told(table, at, chosen, len(every)) + told
    others = [n for n in values if n not in dates and values[n]]
    if not others:
        return ""
    at = max(others, key=lambda n: (*_nearness(table, n, values[n], term.typed), -n))
    ordered = sorted(values[at], key=lambda value: (-_likeness(value, plain(term.typed)), -values[at][value]))
    return _told(table, at, ordered[:SHOWN], len(ordered))


def _nearness(table: Table, n: int, held: Counter[str], typed: str) -> tuple[float, bool, float]:
    """How near a column is to words: by its name or a value, then by its kind, then by how often its values recur.

    `Basel` is rather in a column where most begin with a capital, `sick` in one where they do not.
    """
    term = plain(typed)
    alike = max(_likeness(value, term) for value in held)
    if {*words(table.sheet.columns[n])} & {*words(term)}:
        alike = 1.0
    of_kind = (table.sheet.types[n] == "INTEGER") == term.isdecimal()
    capitals = sum(value[:1].isupper() for value in held) * 2 > len(held)
    return alike, of_kind, held.total() / len(held) * (CASED if capitals == typed[:1].isupper() else 1.0)


def _likeness(value: str, term: str) -> float:
    """How much alike two texts are, 0 where that says nothing."""
    ratio = difflib.SequenceMatcher(None, value.casefold(), term).ratio()
    return ratio if ratio >= ALIKE else 0.0


def _beside(table: Table, choice: Choice) -> str:
    """What stands in the rows with all terms but the last, in the column where the last one is elsewhere."""
    last = choice.terms[-1]
    at = next(iter(last.held))
    rows = (
        row for row in table.rows if choice.has(row, len(choice.terms) - 1) and (choice.totals or not is_total(row))
    )
    held = Counter(text for row in rows if (text := _short(row[at])))
    if not held:
        return ""
    others = ", ".join(escaped(term.typed) for term in choice.terms[:-1])
    return f"{_told(table, at, [value for value, _ in held.most_common(SHOWN)], len(held))} with {others}"


def _values(table: Table, n: int) -> Counter[str]:
    """The first values of a column, and how often they are there."""
    held: Counter[str] = Counter()
    for cell, n_rows in table.rows.counted(table.sheet.columns[n], KEPT):
        text = _short(table.text(n, cell) if table.sheet.types[n] == "BOOLEAN" else cell)
        if text and not is_total([text]):
            held[text] += n_rows
    return held


def _short(cell: Value) -> str:
    text = number(cell) if isinstance(cell, int | float) else "" if cell is None else str(cell).strip()
    return text if len(text) <= VALUE_CHARS else f"{text[: VALUE_CHARS - 1]}…"


def _told(table: Table, at: int, values: Sequence[str], n_all: int) -> str:
    more = ", ..." if n_all > len(values) else ""
    return f"; {label(table.sheet.columns[at])} has {', '.join(map(escaped, values))}{more}"
