"""Reads an expression and works it out on the way, with a parser of our own.

Python's would not do: `15% of 80`, `3 × 4`, `1,234` and `5 km in miles` are no Python, its literals are not exact, and
its warnings reach the terminal.
"""

from __future__ import annotations

import decimal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from fractions import Fraction

from rookery_plugins.calculator.arithmetic import CONSTANTS, FUNCTIONS, PRECISION, PRODUCTS, too_large
from rookery_plugins.calculator.cursor import Cursor, named
from rookery_plugins.calculator.quantity import (
    Quantity,
    Terms,
    Value,
    add,
    applied,
    base_of,
    converted,
    divide,
    factorial,
    multiply,
    negated,
    power,
    remainder_or_floor,
    said,
)
from rookery_plugins.calculator.refusal import Misread, NoValue
from rookery_plugins.calculator.tokens import INTO, is_name, opens_operand, tokens
from rookery_plugins.calculator.unit_names import UnitReader, Units, not_known


def worked_out(expression: str, units: Units | None = None) -> str:
    """What an expression comes to. Raises Misread where it cannot be read, NoValue where it has no value.

    Without `units` no word is the name of one.
    """
    with _precisely():
        parser = _Parser(expression, units or _NoUnits())
        return said(parser.result()) + _read_as(parser.notes)


def conversion(amount: str, unit: str, to: str, units: Units) -> str:
    """An amount, which is a number as text, in another unit: "5 miles = 8.04672 km". Raises what `worked_out` does."""
    with _precisely():
        source, target = _Parser(unit, units), _Parser(to, units)
        have, made = _in_units(Quantity(Fraction(amount), source.unit()), target.unit(), units)
        return f"{have} = {made}{_read_as(source.notes | target.notes)}"


@contextmanager
def _precisely() -> Iterator[None]:
    try:
        with decimal.localcontext(PRECISION):
            yield
    except ZeroDivisionError:
        raise NoValue("division by zero has no result; check the divisor") from None
    except (decimal.Overflow, OverflowError):
        raise too_large() from None
    except decimal.Underflow:
        raise NoValue("a number on the way is too close to zero; use larger ones") from None


class _NoUnits:
    def find(self, name: str) -> None:
        return None

    def near(self, name: str) -> list[str]:
        return []


class _Parser:
    """Reads the tokens from left to right and works them out on the way.

    By precedence: in, then + -, then * /, sign, ^, % !, and a number with its unit.
    """

    def __init__(self, text: str, units: Units) -> None:
        self._cursor = Cursor(tokens(text))
        self._units = units
        self._unit = UnitReader(self._cursor, units)

    @property
    def notes(self) -> dict[str, None]:
        """What is to be known of the units that were met."""
        return self._unit.notes

    def result(self) -> Value:
        """The value of the whole text."""
        value = self._whole()
        left = self._cursor.next
        if left == ")":
            raise Misread("there is a ) without its (")
        if left == ",":
            raise Misread("a comma only groups thousands, as in 1,234.5; write decimals with a point")
        if left != "":
            raise _no_operator(left)
        return value

    def unit(self) -> Terms:
        """The unit that the whole text is the name of."""
        if not self._unit.is_at(0, inch=True):
            raise Misread(f"{named(self._cursor.next)} is no unit; give its name alone, like km, lb or °C")
        terms = self._unit.all(target=True)
        if self._cursor.next != "":
            raise Misread(f"{named(self._cursor.next)} belongs to no unit; give its name alone, like km, lb or °C")
        return terms

    def _whole(self) -> Value:
        value = self._sum()
        while self._cursor.next in INTO:
            word = self._cursor.take()
            if not self._unit.is_at(0, inch=True):
                raise Misread(f"a unit is missing after {word}; write one, as in 5 km in miles")
            _, value = _in_units(value, self._unit.all(target=True), self._units)
        return value

    def _sum(self) -> Value:
        value, is_percent = self._product()
        while self._cursor.next in ("+", "-"):
            minus = self._cursor.take() == "-"
            right, right_is_percent = self._product()
            if right_is_percent and not is_percent:
                right = multiply(value, right)
            value = add(value, negated(right) if minus else right)
            is_percent = is_percent and right_is_percent
        return value

    def _product(self) -> tuple[Value, bool]:
        value, is_percent = self._signed()
        while (operator := str(self._cursor.next)) in PRODUCTS:
            self._cursor.take()
            right = self._signed()[0]
            match operator:
                case "*":
                    value = multiply(value, right)
                case "/":
                    value = divide(value, right)
                case _:
                    value = remainder_or_floor(operator, value, right)
            is_percent = False
        return value, is_percent

    def _signed(self) -> tuple[Value, bool]:
        with self._cursor.deeper():  # all recursion passes here, or through a group of units
            minus = False
            while self._cursor.next in ("+", "-"):
                minus ^= self._cursor.take() == "-"
            value, is_percent = self._postfixed()
            if self._cursor.next == "^":
                self._cursor.take()
                value, is_percent = power(value, self._signed()[0]), False
        return negated(value) if minus else value, is_percent

    def _postfixed(self) -> tuple[Value, bool]:
        value, is_percent = self._operand(), False
        while self._cursor.next == "!" or (self._cursor.next == "%" and not self._operand_follows()):
            is_percent = self._cursor.take() == "%"
            value = divide(value, Fraction(100)) if is_percent else factorial(value)
        return value, is_percent

    def _operand_follows(self) -> bool:
        """Whether the % at hand stands between two operands, and so is the remainder of a division."""
        sign = str(self._cursor.raw(0)).lower()
        return sign == "mod" or (sign == "%" and opens_operand(self._cursor.raw(1)))

    def _operand(self) -> Value:
        if self._unit.is_at(0) and self._cursor.raw(1) != "(":
            return _many(Fraction(1), self._unit.all())
        token = self._cursor.take()
        if isinstance(token, Fraction):
            return self._amount(token)
        if token == "(":
            value = self._whole()
            self._cursor.close()
            return self._with_unit(value)
        if token in CONSTANTS:
            return self._with_unit(CONSTANTS[token])
        if token in FUNCTIONS:
            return self._with_unit(self._call(token))
        if is_name(token):
            raise not_known(token)
        raise Misread(f"a number is missing {f'before {token}' if token else 'at the end'}")

    def _amount(self, number: Fraction) -> Value:
        """A number, and its unit where it has one; 1/2 cup is half a cup, and 5 ft 10 in is one length."""
        below = self._cursor.raw(1)
        if self._cursor.next == "/" and isinstance(below, Fraction) and self._unit.is_behind_number(2):
            self._cursor.skip(2)
            return self._with_unit(divide(number, below))
        value = self._with_unit(number)
        while isinstance(value, Quantity) and self._unit.is_behind_number(1):
            more = self._cursor.next
            if not isinstance(more, Fraction):
                break
            self._cursor.take()
            part = self._with_unit(more)
            if not isinstance(part, Quantity) or part.base != value.base:
                raise _no_operator(more)
            value = add(value, part)
        return value

    def _with_unit(self, value: Value) -> Value:
        """The value as so many of the unit behind it, where there is one."""
        if isinstance(value, Quantity) or not self._unit.is_behind_number():
            return value
        return _many(value, self._unit.all(behind_number=True))

    def _call(self, name: str) -> Value:
        fewest, most, _ = FUNCTIONS[name]
        if self._cursor.take() != "(":
            raise Misread(f"{name} needs its argument in parentheses, like {name}(2)")
        arguments = [self._sum()]
        while self._cursor.next == ",":
            self._cursor.take()
            arguments.append(self._sum())
        self._cursor.close()
        if not fewest <= len(arguments) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} or {most}"
            raise Misread(f"{name} takes {wanted}, not {len(arguments)}; write thousands without commas there")
        return applied(name, arguments)


def _many(value: Value, terms: Terms) -> Value:
    """So many of a unit; a plain number where the unit is one, such as ppm."""
    if isinstance(value, Quantity):
        return multiply(value, Quantity(Fraction(1), terms))
    made = Quantity(value, terms)
    return made if made.base else made.size


def _in_units(value: Value, target: Terms, units: Units) -> tuple[Value, Quantity]:
    """A value, and what it is in other units. C and F are degrees where coulomb and farad make no sense."""
    if isinstance(value, Quantity) and value.base != base_of(target):
        have, want = _degrees(value.terms, units), _degrees(target, units)
        if base_of(have) == base_of(want):
            value, target = Quantity(value.number, have), want
    return value, converted(value, target)


def _degrees(terms: Terms, units: Units) -> Terms:
    names = [unit.label for unit, exponent in terms if exponent == 1]
    if len(terms) != 1 or names not in (["C"], ["F"]):
        return terms
    unit = units.find(f"°{names[0]}")
    return terms if unit is None else ((unit, Fraction(1)),)


def _read_as(notes: Iterable[str]) -> str:
    return f" (read as {'; '.join(notes)})" if notes else ""


def _no_operator(before: str | Fraction) -> Misread:
    return Misread(f"an operator is missing before {named(before)}; write for example * there")
