"""What units measure, in words, from the base units that they are made of."""

from __future__ import annotations

from fractions import Fraction

Base = tuple[tuple[str, Fraction], ...]
"""Base units of pint with their exponents, by name."""

_SIMPLE = {
    "ampere": "electric current",
    "bit": "information",
    "candela": "brightness",
    "count": "count",
    "gram": "mass",
    "kelvin": "temperature",
    "meter": "length",
    "mole": "amount of substance",
    "pixel": "pixels",
    "radian": "angle",
    "second": "time",
}
_MADE = {
    "area": {"meter": 2},
    "volume": {"meter": 3},
    "speed": {"meter": 1, "second": -1},
    "acceleration": {"meter": 1, "second": -2},
    "flow": {"meter": 3, "second": -1},
    "fuel economy": {"meter": -2},
    "density": {"gram": 1, "meter": -3},
    "force": {"gram": 1, "meter": 1, "second": -2},
    "energy": {"gram": 1, "meter": 2, "second": -2},
    "power": {"gram": 1, "meter": 2, "second": -3},
    "pressure": {"gram": 1, "meter": -1, "second": -2},
    "frequency": {"second": -1},
    "rotation": {"radian": 1, "second": -1},
    "data rate": {"bit": 1, "second": -1},
    "electric charge": {"ampere": 1, "second": 1},
    "voltage": {"ampere": -1, "gram": 1, "meter": 2, "second": -3},
    "resistance": {"ampere": -2, "gram": 1, "meter": 2, "second": -3},
    "capacitance": {"ampere": 2, "gram": -1, "meter": -2, "second": 4},
}
_NAMED = {tuple(sorted((name, Fraction(n)) for name, n in made.items())): kind for kind, made in _MADE.items()}


def kind(base: Base) -> str:
    """What it is called, or of what it is made: "speed", "mass * length"."""
    if not base:
        return "a plain number"
    if base in _NAMED:
        return _NAMED[base]
    above = [_raised(name, power) for name, power in base if power > 0]
    below = [_raised(name, -power) for name, power in base if power < 0]
    return " / ".join([" * ".join(above) or "1", *below])


def _raised(name: str, power: Fraction) -> str:
    return _SIMPLE.get(name, name) + (f"^{power}" if power != 1 else "")
