"""Which numbers a text says: in digits, in words, and in the units that a tool may want them in.

Generous, since what it misses is questioned in vain. Knows nothing of tools.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

DIGITS = re.compile(r"\d+(?:[.,]\d+)*")
_GROUPED = re.compile(r"(?<![\d.,])\d{1,3}(?:[ '’_]\d{3})+(?!\d)")
_PARTS = re.compile(r"\d{1,2}\.\d{1,2}\.(?!\d)|\d{1,2}\.\d\d(?= ?(?:[ap]\.?m|h\b|uhr|o'clock))")
"""3.5. is a day and a month; 3.30 pm an hour and minutes."""
_TOKEN = re.compile(r"\d+(?:[.,]\d+)*|[a-zµ]+|[^\s\w]")

_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", *_TEENS)
_OF_THEIR_OWN = {"first": 1, "second": 2, "third": 3, "fifth": 5, "eighth": 8, "ninth": 9, "twelfth": 12}
_WORDS = {word: float(n) for n, word in enumerate(_SMALL)} | {word: 10.0 * n for n, word in enumerate(_TENS, 2)}
_WORDS |= {f"{word.removesuffix('y')}{'ie' * word.endswith('y')}th": n for word, n in _WORDS.items()} | _OF_THEIR_OWN
_ALONE: dict[str, float] = {
    "a": 1,
    "an": 1,
    "once": 1,
    "single": 1,
    "twice": 2,
    "double": 2,
    "couple": 2,
    "pair": 2,
    "both": 2,
}
_ALONE |= {"thrice": 3, "triple": 3, "square": 2, "squared": 2, "cube": 3, "cubed": 3}
_ALONE |= {"half": 0.5, "quarter": 0.25, "noon": 12, "midday": 12, "midnight": 0}
_SCALES = {"dozen": 12, "hundred": 100, "thousand": 1000, "million": 1e6, "billion": 1e9}
_SUFFIXES = {"k": 1000, "m": 1e6, "mio": 1e6, "bn": 1e9}
"""What may follow digits in place of a scale."""

_MONTH = re.compile(
    r"\b(?:(jan)(?:uary)?|(feb)(?:ruary)?|(mar)(?:ch)?|(apr)(?:il)?|(may)|(june?)|(july?)|(aug)(?:ust)?|"
    r"(sept?)(?:ember)?|(oct)(?:ober)?|(nov)(?:ember)?|(dec)(?:ember)?)\b"
)
_SECONDS = {
    **dict.fromkeys(("ms", "millisecond", "milliseconds"), 0.001),
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), 1),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), 60),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), 3600),
    **dict.fromkeys(("d", "day", "days"), 86400),
    **dict.fromkeys(("week", "weeks"), 604800),
}
_THOUSAND = (1000.0, 0.001)
_FACTORS: dict[str, tuple[float, ...]] = {
    **dict.fromkeys(("%", "percent"), (0.01,)),
    **dict.fromkeys(("year", "years"), (12, 52, 365)),
    **dict.fromkeys(
        ("$", "€", "£", "dollar", "dollars", "euro", "euros", "eur", "usd", "gbp", "pound", "pounds"), (100,)
    ),
    **dict.fromkeys(("cent", "cents", "pence"), (0.01,)),
    **dict.fromkeys(("km", "kilometer", "kilometers", "kilometre", "kilometres", "kg", "kilo", "kilos"), _THOUSAND),
    **dict.fromkeys(("kilogram", "kilograms", "g", "gram", "grams", "mg", "ml", "l"), _THOUSAND),
    **dict.fromkeys(("liter", "liters", "litre", "litres", "khz", "mhz", "ghz", "hz", "kw", "kwh", "w"), _THOUSAND),
    **dict.fromkeys(("m", "meter", "meters", "metre", "metres"), (100, *_THOUSAND)),
    **dict.fromkeys(("cm", "centimeter", "centimeters", "centimetre", "centimetres"), (10, 0.01)),
    **dict.fromkeys(("mm", "millimeter", "millimeters", "millimetre", "millimetres"), (0.1, 0.001)),
    "kb": (1000, 1024),
    "mb": (1000, 1024, 1000**2, 1024**2),
    "gb": (1000, 1024, 1000**2, 1024**2, 1000**3, 1024**3),
}


def readings(digits: str) -> set[float]:
    """What digits may mean: 1,250 is a thousand or one and a quarter, 2026.11.23 three numbers."""
    parts = re.split(r"[.,]", digits)
    candidates = [digits.replace(",", "")]
    if "," in digits:
        candidates.append(digits.replace(".", "").replace(",", "."))
    if len(parts[-1]) == 3 and not digits.startswith("0"):
        candidates.append(digits.replace(".", "").replace(",", ""))
    if len(parts) > 2 or "," in digits:
        candidates += parts
    return {comparable(float(text)) for text in candidates if text.count(".") <= 1}


def comparable(number: float) -> float:
    """The number without what reckoning with fractions left in its last place."""
    return float(f"{number:.15g}")


def said(text: str) -> set[float]:
    """All numbers that a lower-case text says."""
    found = {number for match in DIGITS.findall(text) for number in readings(match)}
    found |= {float(re.sub(r"\D", "", match)) for match in _GROUPED.findall(text)}
    found |= {float(part) for match in _PARTS.findall(text) for part in match.strip(".").split(".")}
    found |= {float(n) for match in _MONTH.findall(text) for n, name in enumerate(match, 1) if name}
    found |= {comparable(number) for number in _quantities(_TOKEN.findall(text))}
    return found


def _quantities(tokens: list[str]) -> Iterator[float]:
    """Numbers of several words, and numbers in other units than theirs."""
    seconds, at = 0.0, 0
    while at < len(tokens):
        values, end = _number(tokens, at)
        if not values:
            if tokens[at] not in (",", "and"):
                seconds = 0.0
            at += 1
            continue
        yield from values
        hyphen = tokens[end : end + 1] == ["-"]
        unit = tokens[end + hyphen] if end + hyphen < len(tokens) else ""
        currency = tokens[at - 1] if at else ""
        for value in values:
            for factor in (*_FACTORS.get(unit, ()), *_FACTORS.get(currency, ())):
                yield value * factor
                if unit in ("%", "percent"):
                    yield from (1 + value * factor, 1 - value * factor)
        if unit in _SECONDS:
            seconds += values[-1] * _SECONDS[unit]
            for span in (values[-1] * _SECONDS[unit], seconds):
                yield from (span * 1000, *(span / lasts for lasts in sorted(set(_SECONDS.values()))))
            end += 1 + hyphen
        else:
            seconds = 0.0
        at = end


def _number(tokens: list[str], at: int) -> tuple[list[float], int]:
    """The number that begins there, its beginnings before it, and where it ends; none: no number begins there."""
    total = current = 0.0
    values: list[float] = []
    while at < len(tokens):
        token, following = tokens[at], tokens[at + 1 : at + 4]
        if token[0].isdigit():
            if values or token.count(".") > 1:
                break
            current = float(token.replace(",", ""))
            if following[:1] and following[0] in _SUFFIXES:
                values.append(current)
                current *= _SUFFIXES[following[0]]
        elif token in _WORDS:
            number, below = _WORDS[token], current % 100
            if values and not (below == 0 and number < 100) and not (below >= 20 and below % 10 == 0 and number < 10):
                break
            if values and token == "second" and current < 100:  # thirty second: a unit, or the day of a month
                values.insert(0, current + number)
                break
            current += number
        elif token in _ALONE and not values:
            current = _ALONE[token]
        elif token in _SCALES:
            if _SCALES[token] >= 1000:
                total, current = total + (current or 1) * _SCALES[token], 0.0
            else:
                current = (current or 1) * _SCALES[token]
        elif values and [token, *following[:2]] in (["and", "a", "half"], ["and", "a", "quarter"]):
            values.append(total + current + _ALONE[following[1]])
            return values, at + 3
        elif values and following[:1] and token in ("and", "-") and (following[0] in _WORDS or following[0] in _SCALES):
            at += 1
            continue
        elif (
            values and token in ("a", "an") and following[:1] and (following[0] in _SCALES or following[0] in _SECONDS)
        ):
            at += 1  # half a dozen, half an hour
            continue
        else:
            break
        values.append(total + current)
        at += 1
    return values, at
