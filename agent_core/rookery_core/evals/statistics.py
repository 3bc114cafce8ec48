"""What a few hits of many say: intervals of a rate, and places in a sorted list."""

from __future__ import annotations

import math
from collections.abc import Sequence

Z_95 = 1.959963984540054
"""The normal distribution has 95 % within so many standard deviations."""


def wilson(hits: int, n: int, z: float = Z_95) -> tuple[float, float] | None:
    """The score interval of a rate (Wilson, 1927), from 0 to 1; None without a trial."""
    if n == 0:
        return None
    rate, spread = hits / n, z * z / n
    middle = (rate + spread / 2) / (1 + spread)
    half = z / (1 + spread) * math.sqrt(rate * (1 - rate) / n + spread / (4 * n))
    return (0.0 if hits == 0 else middle - half), (1.0 if hits == n else middle + half)


def quantile(values: Sequence[float], part: float) -> float | None:
    """The value below which this part of them lies, between two neighbours where it falls there; None for none."""
    if not values:
        return None
    ordered = sorted(values)
    place = part * (len(ordered) - 1)
    low = math.floor(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)
