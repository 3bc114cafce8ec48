"""Reads the names of units among the tokens of an expression: km, US gallons, J/(kg*K), square feet, l/100 km."""

from __future__ import annotations

import re
from fractions import Fraction
from itertools import takewhile
from typing import Protocol

from rookery_plugins.calculator.arithmetic import CONSTANTS, FUNCTIONS, shown
from rookery_plugins.calculator.cursor import Cursor, named
from rookery_plugins.calculator.quantity import Quantity, Terms, Unit, label, raised, times
from rookery_plugins.calculator.refusal import Misread
from rookery_plugins.calculator.tokens import MONEY, Token, is_name

MAX_WORDS = 3
"""Of one name: "US fluid ounce"."""

_POWERS = {"square": 2, "sq": 2, "cubic": 3, "cu": 3}
_POWERS_AFTER = {"squared": 2, "cubed": 3}
_EXPONENT = re.compile(r"(.+?)(⁻?[¹²³]+|[23])")
_PLAIN_DIGITS = str.maketrans("⁻¹²³", "-123")
_IS_MONEY = re.compile(r"dollars?|euros?|yen|yuan|rupees?|francs?|usd|eur|gbp|jpy|chf|cny|inr|aud|cad|bitcoins?|btc")


class Units(Protocol):
    """Where the names of units are looked up."""

    def find(self, name: str) -> Unit | None:
        """The unit of a name, whose words are joined by _; None where there is none."""

    def near(self, name: str) -> list[str]:
        """Names that look like it."""


class UnitReader:
    """Reads units where a cursor is."""

    def __init__(self, cursor: Cursor, units: Units) -> None:
        self._cursor = cursor
        self._units = units
        self.notes: dict[str, None] = {}
        """What is to be known of the units that were met."""

    def is_at(self, ahead: int, *, inch: bool = False) -> bool:
        """Whether a name is there; `in` is one where `inch` says so, and `min` where it is no function."""
        token = self._cursor.raw(ahead)
        if isinstance(token, Fraction):
            return False
        match token.lower():
            case "in":
                return inch
            case "min":
                return self._cursor.raw(ahead + 1) != "("
            case _:
                return is_name(token)

    def is_behind_number(self, ahead: int = 0) -> bool:
        """Whether a name is there, behind a number; an `in` before a unit is the wish for that unit, and no inch."""
        after = self._cursor.raw(ahead + 1)
        return self.is_at(ahead, inch=not is_name(after) and after != "(")

    def all(self, *, target: bool = False, behind_number: bool = False) -> Terms:
        """Units with *, / or nothing between them; one to convert to may have a number, as l/100 km has."""
        cursor = self._cursor
        terms = self._power(behind_number=behind_number)
        while True:
            operator, after = cursor.next, cursor.raw(1)
            if operator in ("*", "/") and (self.is_at(1, inch=True) or (after == "(" and self.is_at(2))):
                cursor.take()
                terms = times(terms, self._power(), -1 if operator == "/" else 1)
            elif target and operator == "/" and isinstance(after, Fraction) and self.is_at(2):
                cursor.skip(2)
                of = Quantity(after, self._power())
                many = Unit(f"{shown(after)} {label(of.terms)}", of.size, of.base)
                terms = times(terms, ((many, Fraction(1)),), -1)
            elif self.is_at(0):
                terms = times(terms, self._power())
            else:
                return terms

    def _power(self, *, behind_number: bool = False) -> Terms:
        """One unit, or several in parentheses, and the power it is raised to."""
        cursor = self._cursor
        if cursor.next == "(":
            with cursor.deeper():
                cursor.take()
                terms = self.all()
                cursor.close()
        else:
            terms = self._one(behind_number=behind_number)
        word = cursor.next
        if isinstance(word, str) and word.lower() in _POWERS_AFTER:
            cursor.take()
            return raised(terms, Fraction(_POWERS_AFTER[word.lower()]))
        if word != "^":
            return terms
        cursor.take()
        minus = cursor.next == "-" and cursor.take() == "-"
        exponent = cursor.take()
        if not isinstance(exponent, Fraction) or cursor.next == "^":
            raise Misread("the power of a unit is a plain number, as in m^2")
        return raised(terms, -exponent if minus else exponent)

    def _one(self, *, behind_number: bool = False) -> Terms:
        """The unit whose name has the most of the words that are there."""
        following = (self._cursor.raw(n) for n in range(1, MAX_WORDS))
        words = [str(self._cursor.raw(0)), *map(str, takewhile(is_name, following))]
        for n in range(len(words), 1, -1):
            if (unit := self._units.find("_".join(words[:n]))) is not None:
                return self._met(unit, n)
        first = words[0]
        if len(words) > 1 and first.lower() in _POWERS:
            self._cursor.skip(1)
            return raised(self._one(), Fraction(_POWERS[first.lower()]))
        if (unit := self._units.find(first)) is not None:
            return self._met(unit)
        powered = _EXPONENT.fullmatch(first)
        if powered is not None and (unit := self._units.find(powered[1])) is not None:
            return raised(self._met(unit), Fraction(int(powered[2].translate(_PLAIN_DIGITS))))
        raise self._unknown(first, behind_number=behind_number)

    def _met(self, unit: Unit, n_words: int = 1) -> Terms:
        self._cursor.skip(n_words)
        if unit.note:
            self.notes[unit.note] = None
        return ((unit, Fraction(1)),)

    def _unknown(self, word: str, *, behind_number: bool) -> Misread:
        if _IS_MONEY.fullmatch(word.lower()):
            return Misread(MONEY)
        near = self._units.near(word)
        meant = f"; did you mean {' or '.join(near)}?" if near else ""
        if behind_number:
            return Misread(f"an operator is missing before {named(word)}, which is no unit that is known here{meant}")
        return Misread(f"{named(word)} is not known here{meant}") if near else not_known(word)


def not_known(word: Token) -> Misread:
    """A word is neither a function nor anything else that could be there."""
    return Misread(
        f"{named(word)} is not known here; there are {', '.join([*CONSTANTS, *FUNCTIONS])}, and units like km"
    )
