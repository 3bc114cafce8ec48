"""Dice and coins, and a plugin to learn from: this one file is all that a plugin needs."""

from __future__ import annotations

import re
import secrets

from rookery_core.plugin import Example, Risk, Tool, ToolRetry, hookimpl, tool

rookery_contract = 1
"""The version of the plugin contract this was written for. A host that knows only older ones does not load it."""

MAX_DICE = 100
MAX_SIDES = 1_000

_DICE = re.compile(r"([0-9]{0,3})d([0-9]{1,4})([+-][0-9]{1,6})?")
_chance = secrets.SystemRandom()


# The function's name is what the model calls, its signature what the model must give, and its docstring all that the
# model reads about it: keep that to one short sentence. `Risk.PURE` says that a call touches nothing, so it runs
# without a question; a tool that says nothing is taken for one that starts programs, and asks each time.
@tool(
    risk=Risk.PURE,
    examples=[  # shown to the model when few tools are offered; small models learn much from one
        Example(
            asked="Roll two dice and add one.",
            arguments={"dice": "2d6+1"},
            result="3 + 5 + 1 = 9",
            answer="You rolled 3 and 5; with 1 added that makes **9**.",
        )
    ],
)
def roll(dice: str) -> str:
    """Rolls dice written as 2d6 or 1d20+3."""
    parts = _DICE.fullmatch(dice.lower().replace(" ", ""))
    if parts is None:
        # What the model is told. It can then call again, so the text says how.
        raise ToolRetry(f"{dice[:40]!r} is not dice; write the number of dice, d, and the sides, like 2d6+1")
    count, sides, bonus = int(parts[1] or 1), int(parts[2]), int(parts[3] or 0)
    if not (1 <= count <= MAX_DICE and 2 <= sides <= MAX_SIDES):
        raise ToolRetry(f"roll 1 to {MAX_DICE} dice of 2 to {MAX_SIDES} sides")
    rolled = [_chance.randint(1, sides) for _ in range(count)]
    shown = " + ".join(map(str, rolled))
    if bonus:
        shown += f" {'+' if bonus > 0 else '-'} {abs(bonus)}"
    return f"{shown} = {sum(rolled) + bonus}"


@tool(risk=Risk.PURE)
def flip_coin() -> str:
    """Flips a coin."""
    return _chance.choice(["heads", "tails"])


# The hook that announces the tools. Importing this module must do nothing else.
@hookimpl
def rookery_tools() -> list[Tool]:
    return [roll, flip_coin]
