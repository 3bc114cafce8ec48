"""Draws tables with a question each: of ledgers, and of schemas of records."""

from __future__ import annotations

import random

from rookery_training.records_schema import load_schemas, side
from rookery_training.sheet import Sheet
from rookery_training.sheets_ledger import load_ledgers, of_ledger
from rookery_training.sheets_records import fits, of_schema

HELD_OUT = 9
"""Every ninth ledger is kept for development."""
LEDGER = 0.55
"""The share of ledgers among the tables."""


class Sheets:
    """Draws tables of one side: those that are trained on, or those that are kept for development."""

    def __init__(self, rng: random.Random, *, held_out: bool = False) -> None:
        self._rng = rng
        self._ledgers = [
            ledger for n, ledger in enumerate(load_ledgers()) if (n % HELD_OUT == HELD_OUT - 1) == held_out
        ]
        self._schemas = [schema for schema in side(load_schemas(), held_out=held_out) if fits(schema)]

    def draw(self) -> Sheet | None:
        """A table; None where what was drawn does not go together."""
        if self._rng.random() < LEDGER:
            return of_ledger(self._rng.choice(self._ledgers), self._rng)
        return of_schema(self._rng.choice(self._schemas), self._rng)
