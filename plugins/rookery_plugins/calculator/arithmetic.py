"""The numbers of the calculator and what can be done with them, in bounded time.

Values are fractions while those stay short, and decimals of 50 digits after that. Knows nothing of how an expression is
written.
"""

from __future__ import annotations

import decimal
import math
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from functools import reduce

from rookery_plugins.calculator.refusal import NoValue

Number = Fraction | Decimal

MAX_DIGITS = 4_000
"""Below the 4,300 at which Python itself refuses to write an integer."""
SHOWN_DIGITS = 1_000
"""A longer integer is shown rounded, so that it does not fill a small model's window."""
MEASURED_DIGITS = 10
"""What is shown with a unit is rounded to these,"""
EVEN_DIGITS = 15
"""unless it is exact with so many."""
KNOWN_DIGITS = 40
"""What a function returns is rounded to this, so that log2(8) is 3 and not a hair less."""
PRECISION = decimal.Context(
    prec=50,
    Emax=10_000,
    Emin=-10_000,
    traps=[decimal.DivisionByZero, decimal.InvalidOperation, decimal.Overflow, decimal.Underflow],
)
"""To be made the current context around everything below."""

_MAX_BITS = int(MAX_DIGITS * math.log2(10))
_MAX_FACTORIAL = 1_400
_MAX_ANGLE = 10**9
_SETTLED = decimal.Context(prec=KNOWN_DIGITS)
_SHOWN = decimal.Context(prec=28)
_MEASURED = decimal.Context(prec=MEASURED_DIGITS)
_NOISE = Decimal("1e-37")
"""A difference this small against its operands is what rounding left over."""


def shown(value: Number) -> str:
    if isinstance(value, Fraction) and value.denominator == 1:
        text = str(value.numerator)
        n_digits = len(text.lstrip("-"))
        return text if n_digits <= SHOWN_DIGITS else f"{_rounded(value)} (rounded, it has {n_digits} digits)"
    return _rounded(value)


def measured(value: Number) -> str:
    """The value as it is shown with a unit: rounded, unless it comes out even."""
    if isinstance(value, Fraction):
        number = _SHOWN.create_decimal(_decimal(value)).normalize()
        if len(number.as_tuple().digits) <= EVEN_DIGITS and Fraction(number) == value:
            return _rounded(value)
    return _written(_decimal(value).normalize(_MEASURED))


def _rounded(value: Number) -> str:
    return _written(_decimal(value).normalize(_SHOWN))


def _written(number: Decimal) -> str:
    return f"{number:f}" if number == 0 or -8 < number.adjusted() < 28 else f"{number:e}"


def too_large() -> NoValue:
    return NoValue(f"the numbers become longer than {MAX_DIGITS:,} digits, which is too large; use smaller ones")


def _decimal(value: Number) -> Decimal:
    return value if isinstance(value, Decimal) else Decimal(value.numerator) / Decimal(value.denominator)


def _fraction(value: Number) -> Fraction:
    """The value, for what needs its digits down to the units; a rounded one may be too long to have them."""
    if isinstance(value, Decimal) and value.adjusted() >= KNOWN_DIGITS:
        raise NoValue(f"only the first {KNOWN_DIGITS} digits of that number are known; use smaller numbers")
    return Fraction(value)


def _settled(value: Decimal) -> Decimal:
    return _SETTLED.plus(value)


def _kept(value: Fraction) -> Number:
    """The value, rounded where it is a fraction too long to be worth keeping exact; too long an integer is refused."""
    if max(value.numerator.bit_length(), value.denominator.bit_length()) <= _MAX_BITS:
        return value
    if value.denominator == 1:
        raise too_large()
    return _decimal(value)


def _whole(value: Number, whose: str) -> int:
    number = _fraction(value)
    if number.denominator != 1:
        raise NoValue(f"{whose} needs whole numbers, not {shown(value)}")
    return number.numerator


# Each of these gets operands of at most _MAX_BITS, so the plain operations are cheap and checked afterwards; what grows
# faster, a power or a factorial, is estimated before it is computed.


def add(a: Number, b: Number) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return _kept(a + b)
    x, y = _decimal(a), _decimal(b)
    total = x + y
    return Decimal(0) if abs(total) < max(abs(x), abs(y)) * _NOISE else total


def multiply(a: Number, b: Number) -> Number:
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return _kept(a * b)
    return _decimal(a) * _decimal(b)


def divide(a: Number, b: Number) -> Number:
    if b == 0:
        raise ZeroDivisionError
    if isinstance(a, Fraction) and isinstance(b, Fraction):
        return _kept(a / b)
    return _decimal(a) / _decimal(b)


def power(base: Number, exponent: Number) -> Number:
    if base == 0 and exponent < 0:
        raise ZeroDivisionError
    if base in (0, 1) or exponent == 0:
        return Fraction(1) if exponent == 0 else base
    if exponent == Fraction(1, 2):
        return _sqrt(base)
    if exponent != int(exponent):
        if base < 0:
            raise NoValue("a negative number has no real power that is not whole; write (-8)^3 or use abs")
        return _settled(_decimal(base) ** _decimal(exponent))
    n = int(exponent)
    if base == -1:
        return Fraction(-1 if n % 2 else 1)
    if isinstance(base, Fraction):
        n_bits = (max(abs(base.numerator), base.denominator).bit_length() - 1) * abs(n)
        if n_bits <= _MAX_BITS:
            return _kept(base**n)
        if base.denominator == 1 and n > 0:
            raise too_large()
    return _settled(_decimal(base) ** n)


def factorial(value: Number) -> Number:
    n = _whole(value, "factorial")
    if n < 0:
        raise NoValue("factorial is not defined below 0")
    if n > _MAX_FACTORIAL:
        raise too_large()
    return Fraction(math.factorial(n))


def _comb(value: Number, chosen: Number) -> Number:
    n, k = _counts(value, chosen, "comb")
    k = min(k, n - k)
    if k > 0 and min(n, k * (n.bit_length() - k.bit_length() + 3)) > _MAX_BITS:
        raise too_large()
    return Fraction(math.comb(n, k) if k >= 0 else 0)


def _perm(value: Number, chosen: Number) -> Number:
    n, k = _counts(value, chosen, "perm")
    if k <= n and k * (n.bit_length() - 1) > _MAX_BITS:
        raise too_large()
    return _kept(Fraction(math.perm(n, k) if k <= n else 0))


def _counts(value: Number, chosen: Number, whose: str) -> tuple[int, int]:
    n, k = _whole(value, whose), _whole(chosen, whose)
    if n < 0 or k < 0:
        raise NoValue(f"{whose} counts how many ways there are to take so many of so many; neither is below 0")
    return n, k


def _sum(*values: Number) -> Number:
    return reduce(add, values)


def _mean(*values: Number) -> Number:
    return divide(_sum(*values), Fraction(len(values)))


def _sqrt(value: Number) -> Number:
    if value < 0:
        raise NoValue("a negative number has no real square root; take sqrt of abs, or check the sign")
    if isinstance(value, Fraction):
        root = Fraction(math.isqrt(value.numerator), math.isqrt(value.denominator))
        if root * root == value:
            return root
    return _settled(_decimal(value).sqrt())


def _cbrt(value: Number) -> Number:
    return -_cbrt(-value) if value < 0 else power(value, Fraction(1, 3))


def _round(value: Number, places: Number = Fraction(0)) -> Number:
    n = _whole(places, "round")
    if abs(n) > SHOWN_DIGITS:
        raise NoValue(f"round takes at most {SHOWN_DIGITS} places")
    scale = Fraction(10) ** n
    size = math.floor(abs(_fraction(value)) * scale + Fraction(1, 2)) / scale
    return _kept(-size if value < 0 else size)


def _log(value: Number, base: Number | None = None) -> Number:
    if value <= 0 or (base is not None and (base <= 0 or base == 1)):
        raise NoValue("a logarithm needs a number above 0, and a base above 0 that is not 1")
    if base is None:
        return _settled(_decimal(value).ln())
    if base == 10:
        return _settled(_decimal(value).log10())
    return _settled(_decimal(value).ln() / _decimal(base).ln())


def _combined(function: Callable[[int, int], int], name: str) -> Callable[..., Number]:
    def combine(*values: Number) -> Number:
        total = Fraction(abs(_whole(values[0], name)))
        for value in values[1:]:
            total = _fraction(_kept(Fraction(function(int(total), _whole(value, name)))))
        return total

    return combine


def _by_float(function: Callable[[float], float], limit: int, name: str) -> Callable[[Number], Number]:
    def measure(value: Number) -> Number:
        if not -limit <= value <= limit:
            raise NoValue(f"{name} takes numbers from -{limit:g} to {limit:g}, not {_rounded(value)}")
        angle = float(value)
        result = function(angle)
        if abs(angle) > 1 and abs(result) < 1e-15 * abs(angle):  # sin(pi) is 0; its float is not
            return Fraction(0)
        return Decimal(f"{result:.15g}")

    return measure


_sin = _by_float(math.sin, _MAX_ANGLE, "sin")
_cos = _by_float(math.cos, _MAX_ANGLE, "cos")


def _tan(value: Number) -> Number:
    if _cos(value) == 0:
        raise NoValue("tan is not defined at odd multiples of pi/2")
    return _by_float(math.tan, _MAX_ANGLE, "tan")(value)


PRODUCTS: dict[str, Callable[[Number, Number], Number]] = {
    "*": multiply,
    "/": divide,
    "//": lambda a, b: _kept(Fraction(_fraction(a) // _fraction(b))),
    "%": lambda a, b: _kept(_fraction(a) % _fraction(b)),
}
CONSTANTS: dict[str, Number] = {
    "pi": Decimal("3.1415926535897932384626433832795028841971693993751"),
    "e": Decimal("2.7182818284590452353602874713526624977572470937000"),
}
_ANY = 1_000
FUNCTIONS: dict[str, tuple[int, int, Callable[..., Number]]] = {
    "sqrt": (1, 1, _sqrt),
    "abs": (1, 1, abs),
    "round": (1, 2, _round),
    "min": (1, _ANY, min),
    "max": (1, _ANY, max),
    "floor": (1, 1, lambda value: _kept(Fraction(math.floor(_fraction(value))))),
    "ceil": (1, 1, lambda value: _kept(Fraction(math.ceil(_fraction(value))))),
    "log": (1, 2, _log),
    "ln": (1, 1, _log),
    "log10": (1, 1, lambda value: _log(value, Fraction(10))),
    "log2": (1, 1, lambda value: _log(value, Fraction(2))),
    "exp": (1, 1, lambda value: _settled(_decimal(value).exp())),
    "sin": (1, 1, _sin),
    "cos": (1, 1, _cos),
    "tan": (1, 1, _tan),
    "asin": (1, 1, _by_float(math.asin, 1, "asin")),
    "acos": (1, 1, _by_float(math.acos, 1, "acos")),
    "atan": (1, 1, _by_float(math.atan, 10**300, "atan")),
    "factorial": (1, 1, factorial),
    "comb": (2, 2, _comb),
    "perm": (2, 2, _perm),
    "sum": (1, _ANY, _sum),
    "mean": (1, _ANY, _mean),
    "average": (1, _ANY, _mean),
    "cbrt": (1, 1, _cbrt),
    "gcd": (1, _ANY, _combined(math.gcd, "gcd")),
    "lcm": (1, _ANY, _combined(math.lcm, "lcm")),
}
