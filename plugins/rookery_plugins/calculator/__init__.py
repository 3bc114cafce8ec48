"""Arithmetic as people type it, exact where it can be, and never slow.

Angles are in radians, `log` is the natural logarithm, halves are rounded away from zero, and a percentage that is
added or taken off is one of what stands before it: 200 + 10% is 220.
"""

from __future__ import annotations

import decimal
from typing import Annotated

from pydantic import Field

from rookery_core.plugin import Example, Risk, Tool, ToolFailed, hookimpl, tool
from rookery_plugins.calculator.arithmetic import PRECISION, shown, too_large
from rookery_plugins.calculator.expression import evaluate

rookery_contract = 1

MAX_CHARS = 1_000


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
def calculator(expression: Annotated[str, Field(min_length=1, max_length=MAX_CHARS)]) -> str:
    """Works out arithmetic such as 17 * 23, 15% of 80 or sqrt(2)."""
    try:
        with decimal.localcontext(PRECISION):
            return shown(evaluate(expression))
    except ZeroDivisionError:
        raise ToolFailed("division by zero has no result; check the divisor") from None
    except (decimal.Overflow, OverflowError):
        raise too_large() from None
    except decimal.Underflow:
        raise ToolFailed("a number on the way is too close to zero; use larger ones") from None


@hookimpl
def rookery_tools() -> list[Tool]:
    return [calculator]
