"""Numbers as people write them in a problem, and as they stand in its expression.

An amount keeps the digits that it was said with ("3.50"); only words and the marks around a number are left out.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable, Mapping

from rookery_training.values import Value, draw

MONEY = ("{}", "{}", "{}", "${}", "${}", "€{}", "£{}", "{} euros", "{} dollars", "{} EUR", "{} €")
"""How an amount is said; one way for all amounts of a problem."""
CENTS = ("50", "95", "99", "25", "75", "20", "40", "80", "90", "10")
IN_WORDS = 0.14
_SMALL_WORDS = """
zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
eighteen nineteen
"""
_TENS_WORDS = "twenty thirty forty fifty sixty seventy eighty ninety"
_SMALL, _TENS = _SMALL_WORDS.split(), _TENS_WORDS.split()
_OPERATOR = r"[-+*/=x×÷^%]"


def in_words(number: int) -> str:
    """A number below a hundred as it is spoken."""
    if number < 20:
        return _SMALL[number]
    tens, ones = divmod(number, 10)
    return _TENS[tens - 2] + (f"-{_SMALL[ones]}" if ones else "")


class Drawn:
    """Draws the slots of one problem; the same generator draws the same."""

    def __init__(self, pools: Mapping[str, tuple[str, ...]], rng: random.Random) -> None:
        self._pools = pools
        self._rng = rng
        self.money = rng.choice(MONEY)

    def shown_in(self, text: str) -> bool:
        """Whether a text has this problem's mark of money."""
        return self.money.replace("{}", "").strip() in text

    def draw(self, name: str, kind: str) -> dict[str, Value]:
        """What the slot stands for; of an entry of a pool with a plural, also `{names}`."""
        word, _, rest = kind.partition(" ")
        if word in self._pools:
            one, _, many = self._rng.choice(self._pools[word]).partition("/")
            return {name: Value(one, one)} | ({f"{name}s": Value(many, many)} if many else {})
        if word == "among":
            text = self._rng.choice(rest.split())
            return {name: Value(text, text)}
        if word in _MAKERS:
            return {name: _MAKERS[word](rest.split(), self)}
        return {name: draw(kind, self._rng)}

    def count(self, bounds: list[str]) -> Value:
        """A number of things, which may be said in words."""
        number = self._rng.randint(int(bounds[0]), int(bounds[1]))
        spoken = number < 100 and self._rng.random() < (IN_WORDS if number < 13 else IN_WORDS / 3)
        return Value(in_words(number) if spoken else str(number), str(number))

    def integer(self, bounds: list[str]) -> Value:
        """A number in digits; a third value is the step that it is a multiple of."""
        step = int(bounds[2]) if len(bounds) > 2 else 1
        number = self._rng.randint(-(-int(bounds[0]) // step), int(bounds[1]) // step) * step
        grouped = number >= 10_000 and self._rng.random() < 0.25
        return Value(f"{number:,}" if grouped else str(number), str(number))

    def number(self, bounds: list[str]) -> Value:
        """A number with at most so many decimals, as 2.5 or 7."""
        low, high, places = float(bounds[0]), float(bounds[1]), int(bounds[2])
        number = round(self._rng.uniform(low, high), self._rng.randint(0, places))
        text = f"{number:g}" if abs(number) < 1e5 else str(number)
        return Value(text, text)

    def amount(self, bounds: list[str]) -> Value:
        """A price, in the way of this problem."""
        whole = self._rng.randint(int(bounds[0]), int(bounds[1]) - 1)
        cents = self._rng.choice(["", "", f".{self._rng.choice(CENTS)}", f".{self._rng.randint(1, 99):02}"])
        text = str(whole) + (cents if whole < 2000 else "")
        return Value(self.money.format(text), text)

    def sum(self, bounds: list[str]) -> Value:
        """An amount without cents; a third value is the step that it is a multiple of."""
        plain = self.integer(bounds)
        return Value(self.money.format(plain.said), plain.argument)

    def percent(self, bounds: list[str]) -> Value:
        text = str(self._rng.randint(int(bounds[0]), int(bounds[1])))
        if len(bounds) > 2 and self._rng.random() < 0.25:
            text += ".5"
        return Value(text + self._rng.choice(["%", "%", "%", " %", " percent"]), text)

    def halves(self, bounds: list[str]) -> Value:
        """So many and a half."""
        whole = self._rng.randint(int(bounds[0]), int(bounds[1]))
        spoken = self._rng.choice([f"{in_words(whole)} and a half", f"{whole}.5", f"{whole}.5", f"{whole} and a half"])
        return Value(spoken, f"{whole}.5")


_MAKERS: dict[str, Callable[[list[str], Drawn], Value]] = {
    "count": lambda bounds, drawn: drawn.count(bounds),
    "integer": lambda bounds, drawn: drawn.integer(bounds),
    "number": lambda bounds, drawn: drawn.number(bounds),
    "money": lambda bounds, drawn: drawn.amount(bounds),
    "sum": lambda bounds, drawn: drawn.sum(bounds),
    "percent": lambda bounds, drawn: drawn.percent(bounds),
    "halves": lambda bounds, drawn: drawn.halves(bounds),
}


def as_digits(text: str, scene: Mapping[str, Value]) -> dict[str, Value]:
    """The scene with bare digits where a slot of the text stands next to a sign, as in "3x149.95 + 60"."""
    made = dict(scene)
    for name, value in scene.items():
        slot = re.escape(f"{{{name}}}")
        beside = rf"(?:{slot}(?:\w| ?{_OPERATOR}(?!\w{{2}}))|(?:\w|{_OPERATOR} ?){slot})"
        if re.fullmatch(r"[\d.]+", str(value.argument)) and re.search(beside, text):
            made[name] = Value(str(value.argument), value.argument)
    return made
