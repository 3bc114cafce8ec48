"""Conversations about sums: the problem, the call with its expression, what came out, and what is asked next."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rookery_training.branches import Branch
from rookery_training.dressing import Dressed
from rookery_training.fixed_words import CANNOT, HAS_RESULT, NO_TOOL_FITS
from rookery_training.offers import TECHNICAL
from rookery_training.sums import Sum, Sums

if TYPE_CHECKING:
    from rookery_training.conversations import Author

UNABLE = 0.04
"""How often a problem is put where no calculator is offered."""
FOLLOWED = 0.3
_SAID = "half quarter third dozen week weeks year hour hours day days minute minutes double twice square squared cubed"
KEPT = {"units": f"{_SAID} percent round rounded decimal decimals year's month months km kg cm mm ml"}
"""Words that the expression depends on, so that no slip of the finger changes them."""


def conversation(author: Author, sums: Sums, branch: Branch, tools: dict[str, Dressed]) -> bool:
    """A problem and what is done about it; False where these tools leave open whether one fits."""
    calculator = tools.get("calculator")
    if calculator is None or calculator.entry.domain != "builtin":
        return _unable(author, sums, branch, tools)
    made: Sum | None = sums.draw()
    rounds = 1 + (author.rng.random() < FOLLOWED) + (author.rng.random() < FOLLOWED / 4)
    for n in range(rounds):
        if made is None:
            break
        author.ask(branch, made.ask, made.scene, kept=KEPT)
        author.do(branch, calculator, {"expression": made.expression}, first=made.first)
        if n == rounds - 1 and author.rng.random() < 0.3:
            return True
        author.observe(branch, made.result)
        author.answer(branch, HAS_RESULT, made.answer)
        made = sums.follow(made)
    return True


def _unable(author: Author, sums: Sums, branch: Branch, tools: dict[str, Dressed]) -> bool:
    """Without a calculator, and without anything that could do instead, it cannot be done."""
    others = {tool.entry.domain for tool in tools.values()} - {"builtin"}
    able = TECHNICAL | {"money", "invoices", "shopping", "cooking", "cars", "ebike", "fitness", "real estate"}
    if {"shell", "web_search", "calculator"} & {*tools} or others & able or author.rng.random() >= UNABLE:
        return False
    made = sums.draw()
    author.ask(branch, made.ask, made.scene, kept=KEPT)
    author.answer(branch, NO_TOOL_FITS, CANNOT)
    return True
