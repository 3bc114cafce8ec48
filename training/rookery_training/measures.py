"""Units of measure, as a person names them and the tool that converts them understands them."""

from __future__ import annotations

import random
from collections.abc import Sequence

_KINDS = """
km|kilometers|kilometres|miles|meters|metres|feet|ft|inches|cm|centimeters|yards|mm|nautical miles
kg|kilograms|pounds|lbs|lb|ounces|oz|grams|g|stone|tonnes|mg
liters|litres|ml|milliliters|gallons|pints|cups|tablespoons|tbsp|teaspoons|tsp|fluid ounces|cl|quarts
°C|°F|Celsius|Fahrenheit|degrees Celsius|degrees Fahrenheit|kelvin
km/h|mph|m/s|knots|ft/s
square meters|square metres|square feet|acres|hectares|square miles|square kilometers
minutes|hours|seconds|days|weeks|milliseconds
MB|GB|KB|TB|megabytes|gigabytes|MiB|GiB
kcal|kJ|joules|kWh|calories|BTU
bar|psi|hPa|kPa|atm
watts|kW|horsepower|hp|MW
degrees|radians
"""
KINDS = tuple(tuple(line.split("|")) for line in _KINDS.split("\n") if line)
COMMON = 6
"""The first kinds are asked for more often than the others."""
SAME = (
    ("km", "kilometers", "kilometres"), ("meters", "metres"), ("feet", "ft"), ("cm", "centimeters"),
    ("kg", "kilograms"), ("pounds", "lbs", "lb"), ("ounces", "oz"), ("grams", "g"), ("liters", "litres"),
    ("ml", "milliliters"), ("tablespoons", "tbsp"), ("teaspoons", "tsp"), ("°C", "Celsius", "degrees Celsius"),
    ("°F", "Fahrenheit", "degrees Fahrenheit"), ("square meters", "square metres"), ("MB", "megabytes"),
    ("GB", "gigabytes"), ("horsepower", "hp"),
)  # fmt: skip


def measure(rng: random.Random, others: Sequence[str] = ()) -> str:
    """A unit; beside others, one of another size that measures the same."""
    if not others:
        return rng.choice(rng.choice(KINDS[:COMMON] if rng.random() < 0.75 else KINDS))
    kind = next(kind for kind in KINDS if others[0] in kind)
    taken = {name for other in others for name in next((same for same in SAME if other in same), (other,))}
    return rng.choice([unit for unit in kind if unit not in taken])
