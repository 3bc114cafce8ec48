"""Arithmetic as people type it, exact where it can be, and never slow; and units.

Angles are in radians unless they have a unit, `log` is the natural logarithm, halves are rounded away from zero, and a
percentage that is added or taken off is one of what stands before it: 200 + 10% is 220. A result with a unit is rounded
to 10 digits unless it comes out even.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rookery_core.plugin import Example, Risk, ToolContext, hookimpl, tool
from rookery_plugins.calculator.process import Reckoner

rookery_contract = 1

MAX_CHARS = 1_000
MAX_UNIT_CHARS = 100

UnitName = Annotated[str, Field(min_length=1, max_length=MAX_UNIT_CHARS)]


class Calculator:
    """The tools, which share a process."""

    def __init__(self, reckoner: Reckoner | None = None) -> None:
        self._reckoner = reckoner or Reckoner()

    @tool(
        risk=Risk.PURE,
        examples=[
            Example(asked="What is 9 * 8?", arguments={"expression": "9 * 8"}, result="72", answer="72"),
            Example(asked="How much is 50 - 8?", arguments={"expression": "50 - 8"}, result="42", answer="42"),
        ],
        phrases=[
            "how much is three times four",
            "percent more or less",
            "how many are that together",
            "divide, multiply, add and subtract numbers",
            "the average, the sum, the difference",
            "how long does it take at this speed",
        ],
    )
    def calculator(
        self, ctx: ToolContext, expression: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]
    ) -> str:
        """Works out arithmetic such as 17 * 23, 15% of 80 or sqrt(2)."""
        return self._reckoner.ask({"expression": expression}, ctx.cancelled.is_set)

    @tool(
        risk=Risk.PURE,
        examples=[
            Example(
                asked="How many kilometers are 5 miles?",
                arguments={"amount": 5, "unit": "miles", "to": "km"},
                result="5 miles = 8.04672 km",
                answer="5 miles are 8.04672 km.",
            )
        ],
        phrases=[
            "how many kilometres are 20 miles",
            "in grams instead of ounces",
            "Fahrenheit or Celsius",
            "how much is a cup in millilitres",
            "the length in metres",
            "give me the volume in fluid ounces",
        ],
    )
    def convert_units(
        self, ctx: ToolContext, amount: Annotated[float, Field(allow_inf_nan=False)], unit: UnitName, to: UnitName
    ) -> str:
        """Converts units, such as miles to km, pounds to kg, cups to ml or °F to °C."""
        return self._reckoner.ask({"amount": repr(amount), "unit": unit, "to": to}, ctx.cancelled.is_set)


@hookimpl
def rookery_tools() -> list[Calculator]:
    return [Calculator()]
