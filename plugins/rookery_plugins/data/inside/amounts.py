"""Columns of texts that are numbers to people: with a currency, a unit or a plus, such as $12.00, 12 EUR and +3.

All cells of such a column have the same currency or unit, or none: nobody adds euros to dollars.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from rookery_plugins.data.inside.delimited import NOTHING
from rookery_plugins.data.inside.tables import Value

_CODES = "EUR USD GBP CHF SEK NOK DKK ISK PLN CZK HUF RON TRY UAH RUB JPY CNY INR KRW BRL MXN CAD AUD NZD ZAR SGD ILS"
_MONEY = rf"(?:(?:US|CA|AU?|NZ|R)?\$|[€£¥₹₽₺₩₪₴฿]|kr\.?|zł|Kč|Ft|Fr\.|Rs\.?|{_CODES.replace(' ', '|')})"
_UNIT = r"(?:%|kg|g|t|km|m|cm|mm|l|ml|kWh|kcal|hours?|hrs?|h|mins?|s|days?|euros?|dollars?|pounds?)"
_AMOUNT = re.compile(
    rf"(?P<sign>[+−-]?) ?(?P<before>{_MONEY}?)[ \u00a0]?(?P<inner>[+−-]?)"
    rf"(?P<number>[0-9](?:[0-9.,'’ \u00a0\u202f]*[0-9])?|\.[0-9]+)[ \u00a0\u202f]?(?P<after>(?:{_MONEY}|{_UNIT})?)"
)
_DECIMALS = r"(?:{0}[0-9]+)?"
_GROUPS = r"(?:0|[1-9][0-9]{{0,14}}|[1-9][0-9]{{0,2}}(?:[{0}'’ \u00a0\u202f][0-9]{{3}})+)"
_POINT = re.compile(_GROUPS.format(",") + _DECIMALS.format(r"\."))
_COMMA = re.compile(_GROUPS.format(".") + _DECIMALS.format(","))
_SPACE = re.compile(r"[ \u00a0\u202f'’]")
_DIALLED = 9
"""A plus with more digits is before a number that is called."""


@dataclass(slots=True)
class _Seen:
    """What is learned of a column while its cells go by."""

    units: set[str] = field(default_factory=set)
    fits: dict[str, bool] = field(default_factory=lambda: {".": True, ",": True})
    """Whether all numbers can be read with that before the decimals."""
    either: str = ""
    """The first cell that can be read both ways, as two numbers."""

    def add(self, cell: str) -> bool:
        """Take in a cell; False where it is no number, or not one that goes with those before it."""
        taken = _taken(cell)
        if taken is None:
            return False
        sign, unit, digits = taken
        point, comma = _POINT.fullmatch(digits) is not None, _COMMA.fullmatch(digits) is not None
        self.units |= {unit} - {""}
        self.fits = {".": self.fits["."] and point, ",": self.fits[","] and comma}
        if point and comma and ("." in digits or "," in digits):
            self.either = self.either or cell
        return len(self.units) < 2 and any(self.fits.values()) and not (sign == "+" and len(digits) > _DIALLED)

    def decimal(self, of_file: str) -> str:
        """What stands before the decimals; where the column does not tell, what does so in the rest of the file."""
        if all(self.fits.values()):
            return "," if of_file == "," or (not of_file and "," in self.either) else "."
        return "." if self.fits["."] else ","

    def amounts(self, of_file: str) -> Amounts:
        """How the column is to be read, once all cells are in."""
        decimal = self.decimal(of_file)
        guessed = decimal == "." and "." in self.either and all(self.fits.values())
        return Amounts(decimal, self.either if guessed else "")


@dataclass(frozen=True, slots=True)
class Amounts:
    """How the cells of one such column are read."""

    decimal: str
    doubt: str
    """A cell that may be another number in truth; "" where none is."""

    def value(self, cell: Value) -> int | float | None:
        """The number of a cell; None where there is none."""
        if not isinstance(cell, str):
            return cell if isinstance(cell, int | float) else None
        taken = _taken(cell)
        if taken is None:
            return None
        sign, _, digits = taken
        digits = _SPACE.sub("", digits.replace("," if self.decimal == "." else ".", "")).replace(",", ".")
        read = float(digits) if "." in digits else int(digits)
        return -read if sign and sign != "+" else read


def amounts(cells: Iterable[Value], decimal: str) -> Amounts | None:
    """How the cells of a column are read that is one of numbers to people; None where it is none.

    `decimal` is what stands before decimals in other columns of the file, "" where that is not known.
    """
    seen, filled = _Seen(), False
    for cell in cells:
        if isinstance(cell, str) and (text := cell.strip()) and text not in NOTHING:
            if not seen.add(text):
                return None
            filled = True
    return seen.amounts(decimal) if filled else None


def _taken(cell: str) -> tuple[str, str, str] | None:
    """The sign, the currency or unit, and the digits of a cell; None where it is no number."""
    found = _AMOUNT.fullmatch(cell.strip())
    if found is None or (found["sign"] and found["inner"]):
        return None
    unit = found["before"] + found["after"]
    if (found["before"] and found["after"]) or (not unit and _SPACE.search(found["number"])):
        return None
    return found["sign"] or found["inner"], unit, found["number"]
