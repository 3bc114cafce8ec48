"""When nothing that was allowed beforehand counts, since somebody else's words are before the model. Pure.

Such words may have the model do whatever it can. So a person looks at each thing that it does then, unless what it does
was fixed by the person's own words.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from rookery_core.approval.exposure import Exposure
from rookery_core.approval.levels import Assessed, Level
from rookery_core.approval.rules import Rule
from rookery_core.approval.subject import Subject
from rookery_core.tools.contract import Risk

WARY = "none counts while words that are not to be trusted are before the model"
"""In place of the rule that decided."""
SHORTEST = 4
"""Characters: a shorter value stands in too many messages to have been meant."""
_BEFORE, _BEHIND = frozenset(" \t\r\n\"'`<([{“„‘«"), frozenset(" \t\r\n\"'`>)]}”’»")
_ENDS = re.compile(r"[.,;:!?]*")
"""What ends a sentence may stand behind a value, before what sets it apart."""


def wary_of(exposure: Exposure, subject: Subject, assessed: Assessed, rules: Iterable[Rule]) -> str:
    """Why it is asked about whatever was allowed beforehand; "" where that counts.

    With somebody else's words before the model, that is so for all that reaches out or touches what lies outside (R3),
    and once private things are there too for all that changes anything (R2). Until then a rule counts for a change if
    it names each of its arguments.
    """
    if not exposure.met or assessed.level <= Level.R1 or in_their_words(subject, exposure.said):
        return ""
    by_a_rule = not exposure.private and assessed.level is Level.R2 and any(rule.names_all(subject) for rule in rules)
    return "" if by_a_rule else WARY


def in_their_words(subject: Subject, said: Sequence[str]) -> bool:
    """Whether a call only fetches, and sends nothing but what the person wrote, each value whole and by itself.

    This holds for Rookery's own tools of the network, which change nothing. Elsewhere values are not enough: who reads
    "sum up notes.txt" has all that it takes to delete it.
    """
    offered, values = subject.offered, [*subject.arguments.values()]
    if not (offered.built_in and offered.tool.risk is Risk.NETWORK and values):
        return False
    return all(isinstance(value, str) and any(_stands_in(value, text) for text in said) for value in values)


def _stands_in(value: str, text: str) -> bool:
    if len(value) < SHORTEST:
        return False
    start = text.find(value)
    while start >= 0:
        end = start + len(value)
        behind = _ENDS.match(text, end)
        after = end if behind is None else behind.end()
        if (start == 0 or text[start - 1] in _BEFORE) and (after == len(text) or text[after] in _BEHIND):
            return True
        start = text.find(value, start + 1)
    return False
