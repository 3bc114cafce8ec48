"""Arithmetic as people type it, exact where it can be, and never slow.

Angles are in radians, `log` is the natural logarithm, halves are rounded away from zero, and a percentage that is
added or taken off is one of what stands before it: 200 + 10% is 220.
"""

from __future__ import annotations

import decimal

from rookery_core.plugin import Risk, Tool, ToolFailed, ToolRetry, hookimpl, tool

from rookery_plugins.calculator.arithmetic import PRECISION, shown, too_large
from rookery_plugins.calculator.expression import evaluate

rookery_contract = 1

MAX_CHARS = 1_000


@tool(risk=Risk.PURE)
def calculator(expression: str) -> str:
    """Works out arithmetic such as 17 * 23, 15% of 80 or sqrt(2)."""
    if len(expression) > MAX_CHARS:
        raise ToolRetry(f"the expression is longer than {MAX_CHARS} characters; split it into smaller ones")
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
