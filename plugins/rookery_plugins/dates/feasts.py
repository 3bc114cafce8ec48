"""Days with a name that are the same wherever they are kept."""

from __future__ import annotations

from datetime import date, timedelta

from dateutil.easter import easter
from dateutil.relativedelta import TH, relativedelta

from rookery_core.plugin import ToolRetry

_FIXED = {
    "christmas eve": (12, 24),
    "christmas day": (12, 25),
    "christmas": (12, 25),
    "xmas": (12, 25),
    "boxing day": (12, 26),
    "new year's eve": (12, 31),
    "new years eve": (12, 31),
    "new year's day": (1, 1),
    "new years day": (1, 1),
    "new year's": (1, 1),
    "new year": (1, 1),
    "valentine's day": (2, 14),
    "valentines day": (2, 14),
    "halloween": (10, 31),
}
_FROM_EASTER = {
    "ash wednesday": -46,
    "palm sunday": -7,
    "maundy thursday": -3,
    "good friday": -2,
    "easter sunday": 0,
    "easter monday": 1,
    "easter": 0,
    "ascension day": 39,
    "whit sunday": 49,
    "whit monday": 50,
    "pentecost": 49,
    "corpus christi": 60,
}
THANKSGIVING = "thanksgiving"

NAMES = tuple(sorted([*_FIXED, *_FROM_EASTER, THANKSGIVING], key=len, reverse=True))
"""The longest first, so that a name is not taken for another one that it begins with."""


def feast(name: str, year: int) -> date:
    """The day of a feast in a year; Easter is the western one, Thanksgiving that of the United States."""
    if name in _FIXED:
        return date(year, *_FIXED[name])
    if name == THANKSGIVING:
        return date(year, 11, 1) + relativedelta(weekday=TH(+4))
    if not 1583 <= year <= 4099:
        raise ToolRetry(f"Easter of {year} is not known; its rule is good from 1583 to 4099")
    return easter(year) + timedelta(days=_FROM_EASTER[name])
