"""The names of units, by pint, which is loaded with the first name that is looked up.

Pint is asked for the size of one named unit at a time, in exact fractions. It never gets to read an expression, and no
number of the person's reaches it.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping
from dataclasses import replace
from decimal import Decimal
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from rookery_plugins.calculator import arithmetic
from rookery_plugins.calculator.arithmetic import Number
from rookery_plugins.calculator.quantity import MAX_EXPONENT, Terms, Unit, base_of
from rookery_plugins.calculator.refusal import Misread

if TYPE_CHECKING:
    import pint

_COMPOSED = {
    "mpg": {"mile": 1, "gallon": -1},
    "kmh": {"kilometer": 1, "hour": -1},
    "kmph": {"kilometer": 1, "hour": -1},
    "gpm": {"gallon": 1, "minute": -1},
    "sqm": {"meter": 2},
    "sqkm": {"kilometer": 2},
    "sqft": {"foot": 2},
    "cuft": {"foot": 3},
    "cbm": {"meter": 3},
}
_ALSO = {
    "KB": "kilobyte",
    "Cal": "kilocalorie",
    "Calorie": "kilocalorie",
    "Calories": "kilocalorie",
    "fl_oz": "fluid_ounce",
    "us_gallon": "gallon",
    "us_gal": "gallon",
    "us_pint": "pint",
    "us_cup": "cup",
    "us_fl_oz": "fluid_ounce",
    "uk_gal": "UK_gallon",
    "uk_fl_oz": "UK_fluid_ounce",
    "imperial_fl_oz": "UK_fluid_ounce",
    "imperial_ton": "long_ton",
    "us_ton": "ton",
    "acre": "international_acre",
    "wk": "week",
    "centigrade": "celsius",
}
"""Spellings of people that pint does not know."""
_DEGREES = re.compile(r"(?:°|degs?|degrees?)_?(c|celsius|centigrade|f|fahrenheit|k|kelvin|r|rankine)s?", re.IGNORECASE)
_SCALES = {"c": "degree_Celsius", "f": "degree_Fahrenheit", "k": "kelvin", "r": "degree_Rankine"}
_SIGNS = {"c": "°C", "f": "°F", "k": "K", "r": "°R"}
_NOTES = {
    "gallon": "the US gallon; the imperial one is UK_gallon",
    "quart": "the US quart; the imperial one is UK_quart",
    "pint": "the US pint; the imperial one is UK_pint",
    "cup": "the US cup; the imperial one is UK_cup",
    "fluid_ounce": "the US fluid ounce; the imperial one is UK_fluid_ounce",
    "ton": "a ton of 2000 lb; there are metric_ton and long_ton too",
    "hundredweight": "the US hundredweight of 100 lb; the imperial one is UK_hundredweight",
    "year": "a year of 365.25 days",
    "month": "a month of a twelfth of 365.25 days",
}
"""What the names that mean several things are taken for, by pint's own name."""
_PREFIXES = ("kilo", "milli", "centi", "micro", "nano", "mega", "giga", "deci", "hecto")
_NAME = re.compile(r"[^\W\d][\w°]*|°\w*")
MAX_NAME = 40
MIN_NEAR, N_NEAR, ALIKE = 4, 2, 0.8
"""How long a name must be for others to be proposed, how many of them, and how much they must be like it."""


class UnitBook:
    """Looks up units by their names."""

    def __init__(self) -> None:
        self._pint: pint.UnitRegistry[Any] | None = None
        self._by_lower: Mapping[str, str] = {}

    def find(self, name: str) -> Unit | None:
        """The unit of that name, whose words are joined by _; None where there is none.

        Raises Misread for one that is no multiple of others, such as dB.
        """
        if len(name) > MAX_NAME or not _NAME.fullmatch(name):
            return None
        words = name.replace("_", " ")
        if degrees := _DEGREES.fullmatch(name):
            scale = degrees[1][0].lower()
            return self._of(_SCALES[scale], _SIGNS[scale])
        if name == "°":
            return self._of("degree", name)
        if made := _COMPOSED.get(name.lower()):
            return self._composed(made, words)
        known = next(filter(self._knows, self._spellings(name)), None)
        return None if known is None else self._of(known, words)

    def near(self, name: str) -> list[str]:
        """Names that look like it."""
        if not MIN_NEAR <= len(name) <= MAX_NAME:
            return []
        known = {key: None for key in self._registry if len(key) >= MIN_NEAR and "_" not in key}
        if prefix := next((prefix for prefix in _PREFIXES if name.lower().startswith(prefix)), ""):
            known |= {prefix + key: None for key in known}
        return difflib.get_close_matches(name.lower(), known, n=N_NEAR, cutoff=ALIKE)

    @property
    def _registry(self) -> pint.UnitRegistry[Any]:
        if self._pint is None:
            import pint

            made: pint.UnitRegistry[Any] = pint.UnitRegistry(non_int_type=Fraction)
            made.define("international_acre = 43560 * foot ** 2")  # pint's own is of the survey foot, given up in 2022
            # The longer a name, the less it matters how it is spelt; of m and M it does.
            self._by_lower = {key.lower(): key for key in made if len(key) > 2}
            self._pint = made
        return self._pint

    def _knows(self, name: str) -> bool:
        return bool(self._registry.parse_unit_name(name))

    def _spellings(self, name: str) -> list[str]:
        lower = name.lower()
        other = _ALSO.get(name) or _ALSO.get(lower) or _ALSO.get(lower.removesuffix("s"))
        if other is not None:
            return [other]
        index = self._by_lower if self._registry else {}
        folded = [index[key] for key in (lower, lower.removesuffix("s")) if key in index]
        return [name, name.removesuffix("s"), *folded, lower, lower.removesuffix("s")]

    def _of(self, name: str, label: str) -> Unit:
        """A unit by a name that pint knows."""
        from pint.util import to_units_container

        registry = self._registry
        size, root = registry.get_root_units(name)
        zero, one, two = (_number(registry.Quantity(n, name).to_root_units().magnitude) for n in (0, 1, 2))
        if not _is_even(zero, one, two):
            raise Misread(f"{label} is a logarithmic unit, which is not worked out here; convert it by its formula")
        powers = to_units_container(root).items()
        base = tuple(sorted((key, _power(power)) for key, power in powers))
        prefix, own, _ = registry.parse_unit_name(name)[0]
        return Unit(label, _number(size), base, zero, _NOTES.get(own, "") if not prefix else "")

    def _composed(self, made: Mapping[str, int], label: str) -> Unit:
        terms: Terms = tuple((self._of(name, name), Fraction(power)) for name, power in made.items())
        size: Number = Fraction(1)
        for unit, power in terms:
            size = arithmetic.multiply(size, arithmetic.power(unit.size, power))
        note = next((unit.note for unit, _ in terms if unit.note), "")
        return replace(terms[0][0], label=label, size=size, base=base_of(terms), note=note)


def _is_even(zero: Number, one: Number, two: Number) -> bool:
    first, second = arithmetic.add(one, -zero), arithmetic.add(two, -one)
    apart = arithmetic.add(first, -second)
    return max(apart, -apart) <= arithmetic.multiply(max(first, -first), Fraction(1, 10**9))


def _power(value: object) -> Fraction:
    """An exponent of pint's."""
    return Fraction(str(value)).limit_denominator(MAX_EXPONENT)


def _number(value: object) -> Number:
    """A number of pint's; what it has only as a float is known to 15 digits."""
    return Fraction(value) if isinstance(value, int | Fraction) else Decimal(f"{float(str(value)):.15g}")
