"""Numbers with units, and what can be done with them.

Knows how units combine, and not what they are called: `units` has the names, `arithmetic` the numbers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import reduce

from rookery_plugins.calculator import arithmetic
from rookery_plugins.calculator.arithmetic import FUNCTIONS, PRODUCTS, Number, measured, shown
from rookery_plugins.calculator.kinds import Base, kind
from rookery_plugins.calculator.refusal import Misread, NoValue

MAX_EXPONENT = 99


@dataclass(frozen=True, slots=True)
class Unit:
    """One unit, by what it measures."""

    label: str
    """As it was written."""
    size: Number
    """In base units."""
    base: Base
    zero: Number = Fraction(0)
    """Where its scale begins, in base units; not 0 for temperatures such as °C."""
    note: str = ""
    """What is to be known of it, such as that a gallon is the US one."""


Terms = tuple[tuple[Unit, Fraction], ...]
"""Units with their exponents, all multiplied."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A number of units."""

    number: Number
    terms: Terms

    @property
    def base(self) -> Base:
        """What it measures."""
        return base_of(self.terms)

    @property
    def size(self) -> Number:
        """The amount in base units, counted from the beginning of its own scale."""
        return reduce(arithmetic.multiply, map(_one_size, self.terms), self.number)

    def __str__(self) -> str:
        return f"{measured(self.number)} {label(self.terms)}"


Value = Number | Quantity


def said(value: Value) -> str:
    """The value as it is shown."""
    return str(value) if isinstance(value, Quantity) else shown(value)


def label(terms: Terms) -> str:
    """The units as people write them: km/h, J/(kg*K), s^-1."""
    above = [_powered(unit, exponent) for unit, exponent in terms if exponent > 0]
    below = [_powered(unit, -exponent) for unit, exponent in terms if exponent < 0]
    if not above:
        return "*".join(_powered(unit, exponent) for unit, exponent in terms)
    if not below:
        return "*".join(above)
    return f"{'*'.join(above)}/{below[0] if len(below) == 1 else '(' + '*'.join(below) + ')'}"


def _powered(unit: Unit, exponent: Fraction) -> str:
    if exponent == 1:
        return unit.label
    return f"{unit.label}^{exponent}" if exponent.denominator == 1 else f"{unit.label}^({exponent})"


def base_of(terms: Terms) -> Base:
    """What the units measure together."""
    total: dict[str, Fraction] = {}
    for unit, exponent in terms:
        for name, power in unit.base:
            total[name] = total.get(name, Fraction(0)) + power * exponent
    return tuple(sorted((name, power) for name, power in total.items() if power))


def times(left: Terms, right: Terms, exponent: int = 1) -> Terms:
    """The units of a product; of a quotient with the exponent -1. What is left of a unit that cancels is nothing."""
    merged = dict(left)
    for unit, power in right:
        merged[unit] = merged.get(unit, Fraction(0)) + power * exponent
    return tuple((unit, power) for unit, power in merged.items() if power)


def raised(terms: Terms, exponent: Fraction) -> Terms:
    """The units to a power. Raises NoValue for one that no unit has."""
    made = tuple((unit, power * exponent) for unit, power in terms)
    if any(abs(power) > MAX_EXPONENT or power.denominator > MAX_EXPONENT for _, power in made):
        raise NoValue(f"a unit to the power of {shown(exponent)[:40]} is beyond what is worked out here")
    return made


def multiply(a: Value, b: Value) -> Value:
    """Raises Misread for a temperature such as 20 °C, which is a point of a scale and no amount."""
    if not isinstance(a, Quantity) and not isinstance(b, Quantity):
        return arithmetic.multiply(a, b)
    left, right = _amount(a), _amount(b)
    return _simplified(arithmetic.multiply(left.number, right.number), times(left.terms, right.terms))


def divide(a: Value, b: Value) -> Value:
    """Raises Misread as `multiply` does, and ZeroDivisionError."""
    if not isinstance(a, Quantity) and not isinstance(b, Quantity):
        return arithmetic.divide(a, b)
    left, right = _amount(a), _amount(b)
    return _simplified(arithmetic.divide(left.number, right.number), times(left.terms, right.terms, -1))


def add(a: Value, b: Value) -> Value:
    """The sum, in the units of the first. Raises Misread where they measure different things."""
    if not isinstance(a, Quantity) and not isinstance(b, Quantity):
        return arithmetic.add(a, b)
    left, right = _amount(a), _amount(b)
    return Quantity(arithmetic.add(left.number, _as(right, left.terms, "added").number), left.terms)


def power(a: Value, exponent: Value) -> Value:
    """Raises Misread for an exponent with a unit, and as `multiply` does."""
    n = _plain(exponent, "an exponent")
    if not isinstance(a, Quantity):
        return arithmetic.power(a, n)
    if isinstance(n, Fraction):
        return _simplified(arithmetic.power(_amount(a).number, n), raised(a.terms, n))
    raise NoValue("a unit to such a power is beyond what is worked out here")


def negated(value: Value) -> Value:
    """The value below zero; of a temperature such as 20 °C, what is as far below the zero of its scale."""
    return Quantity(-value.number, value.terms) if isinstance(value, Quantity) else -value


def factorial(value: Value) -> Value:
    """Raises Misread for what has a unit."""
    return arithmetic.factorial(_plain(value, "factorial"))


def remainder_or_floor(operator: str, a: Value, b: Value) -> Value:
    """What % or // give. Raises Misread for what has a unit."""
    return PRODUCTS[operator](_plain(a, operator), _plain(b, operator))


def applied(name: str, arguments: Sequence[Value]) -> Value:
    """What a function makes of its arguments. Raises Misread for units that it has no use for."""
    first, *others = arguments
    function = FUNCTIONS[name][2]
    if name in _OF_A_KIND and any(isinstance(value, Quantity) for value in arguments):
        left = _amount(first)
        same = [_as(_amount(value), left.terms, "compared").number for value in arguments]
        return Quantity(function(*same), left.terms)
    if not isinstance(first, Quantity):
        return function(first, *(_plain(value, name) for value in others))
    if name in _OF_THE_NUMBER:
        return Quantity(function(first.number, *(_plain(value, name) for value in others)), first.terms)
    if name in _ROOTS:
        return power(first, _ROOTS[name])
    if name in ("sin", "cos", "tan") and base_of(first.terms) == (("radian", Fraction(1)),):
        return function(arithmetic.multiply(first.number, _size(first.terms)))
    raise Misread(f"{name} needs a number without a unit, not {first}; write the number alone")


_OF_A_KIND = frozenset({"min", "max", "sum", "mean", "average"})
"""Functions whose arguments may all have units of one kind."""
_OF_THE_NUMBER = frozenset({"abs", "round", "floor", "ceil"})
"""Functions that leave the unit of their argument as it is."""
_ROOTS = {"sqrt": Fraction(1, 2), "cbrt": Fraction(1, 3)}


def converted(value: Value, target: Terms) -> Quantity:
    """The same in other units. Raises Misread where these measure something else."""
    if isinstance(value, Quantity):
        return _as(value, target, "converted into each other")
    if base_of(target):
        raise Misread(f"{shown(value)[:40]} has no unit; write it before in or to, as in 10 inches in cm")
    return _as(Quantity(value, ()), target, "converted")


def _as(value: Quantity, target: Terms, done: str) -> Quantity:
    have, want = base_of(value.terms), base_of(target)
    if have == want:
        start, scale = _scale(value.terms)
        end, other = _scale(target)
        if (start, scale) == (end, other):
            return Quantity(value.number, target)
        inside = arithmetic.add(arithmetic.multiply(value.number, scale), start)
        return Quantity(arithmetic.divide(arithmetic.add(inside, -end), other), target)
    if have == _upside_down(want) and have in _FUEL:  # 30 mpg in l/100km
        inside = arithmetic.multiply(value.number, _size(value.terms))
        return Quantity(arithmetic.divide(Fraction(1), arithmetic.multiply(inside, _size(target))), target)
    one, other_label = label(value.terms), label(target)
    if not target:
        raise Misread(f"{value} and a number without a unit cannot be {done}; give both a unit, or none")
    if not value.terms:
        raise Misread(f"a number without a unit and {other_label} cannot be {done}; give both a unit, or none")
    raise Misread(
        f"{one} ({kind(have)}) and {other_label} ({kind(want)}) cannot be {done}; they measure different things"
    )


_FUEL = ((("meter", Fraction(2)),), (("meter", Fraction(-2)),))
"""Fuel by distance and distance by fuel, which are the same thing said in two ways."""


def _upside_down(base: Base) -> Base:
    return tuple((name, -power) for name, power in base)


def _scale(terms: Terms) -> tuple[Number, Number]:
    """Where the scale of these units begins, and how large one of them is."""
    if len(terms) == 1 and terms[0][1] == 1:
        return terms[0][0].zero, terms[0][0].size
    return Fraction(0), _size(terms)


def _size(terms: Terms) -> Number:
    return Quantity(Fraction(1), terms).size


def _one_size(term: tuple[Unit, Fraction]) -> Number:
    return arithmetic.power(term[0].size, term[1])


def _simplified(number: Number, terms: Terms) -> Value:
    """With units of the same kind taken together: 100 km/h * 30 min is 50 km."""
    kept: list[tuple[Unit, Fraction]] = []
    for unit, exponent in terms:
        place = next((n for n, (other, _) in enumerate(kept) if other.base == unit.base), None)
        if place is None:
            kept.append((unit, exponent))
            continue
        other, before = kept[place]
        ratio = arithmetic.divide(unit.size, other.size)
        number = arithmetic.multiply(number, arithmetic.power(ratio, exponent))
        kept[place] = (other, before + exponent)
    left = tuple((unit, exponent) for unit, exponent in kept if exponent)
    if base_of(left):
        return Quantity(number, left)
    return arithmetic.multiply(number, _size(left))


def _amount(value: Value) -> Quantity:
    if not isinstance(value, Quantity):
        return Quantity(value, ())
    if _scale(value.terms)[0] != 0:
        raise Misread(f"{value} is a point on a scale; calculate with numbers alone, and convert the result")
    return value


def _plain(value: Value, whose: str) -> Number:
    if isinstance(value, Quantity):
        raise Misread(f"{whose} needs a number without a unit, not {value}; write the number alone")
    return value
