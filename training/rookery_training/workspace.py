"""Whole turns with the built-in tools in a made-up workspace: what is asked, the calls of a good assistant, the answer.

Put together of independent parts: where something is, what is to be got from it, what becomes of that, and what goes
wrong on the way. What a call returns is taken from the tool itself.
"""

from __future__ import annotations

import random
from collections.abc import Collection

from rookery_core.tools.registry import Registry
from rookery_training.rivals import is_clear
from rookery_training.sheets import Sheets
from rookery_training.workspace_chain import CHAINS
from rookery_training.workspace_change import CHANGES
from rookery_training.workspace_edits import EDITS
from rookery_training.workspace_get import get
from rookery_training.workspace_goals import Phrases
from rookery_training.workspace_list import LISTINGS
from rookery_training.workspace_look import LOOKS
from rookery_training.workspace_newer import NEWER
from rookery_training.workspace_play import Kinds, Maker, Play, Scenario
from rookery_training.workspace_reckon import RECKONED
from rookery_training.workspace_seek import SEEKS
from rookery_training.workspace_tables import TABLES_ASKED
from rookery_training.workspace_trouble import TROUBLES
from rookery_training.workspace_write import WRITES

TRIES = 25
GET_WEIGHT = 0.75
OTHERS: Kinds = {
    **EDITS,
    **CHANGES,
    **WRITES,
    **LOOKS,
    **LISTINGS,
    **CHAINS,
    **TROUBLES,
    **NEWER,
    **TABLES_ASKED,
    **RECKONED,
    **SEEKS,
}
"""How often each of the others comes up, the tools it needs, and what makes it."""
_BETTER = {
    "years": {"date_difference"},
    "chain convert": {"convert_units"},
    "list count_kind": {"find_files"},
    "list only": {"find_files"},
    "look query_table most": {"aggregate_table"},
    "look query_table least": {"aggregate_table"},
}
"""Kinds that one of these tools would be better for, where it is offered."""


class Scenarios:
    """Makes scenarios; the same seed makes the same."""

    def __init__(self, builtin: Registry, rng: random.Random, *, held_out: bool = False) -> None:
        self._builtin = builtin
        self._rng = rng
        self.phrases = Phrases(rng, held_out=held_out)
        self._sheets = Sheets(rng, held_out=held_out)

    def draw(self, offered: Collection[str]) -> Scenario | None:
        """One that needs only these tools; None where none was found."""
        kinds: dict[str, tuple[float, Maker]] = {"get": (GET_WEIGHT, get)} if "read_file" in offered else {}
        kinds |= {name: (weight, make) for name, (weight, needs, make) in OTHERS.items() if set(needs) <= set(offered)}
        for _ in range(TRIES if kinds else 0):
            kind = self._rng.choices(list(kinds), [weight for weight, _ in kinds.values()])[0]
            play = Play(kind, self._builtin, self.phrases, self._sheets, self._rng, offered)
            try:
                if kinds[kind][1](play) and not _could_be_better(play.made, offered):
                    return play.made
            finally:
                play.end()
        return None


def _could_be_better(made: Scenario, offered: Collection[str]) -> bool:
    """Whether an offered tool is more for it than those that were called."""
    if any(made.kind.startswith(kind) and tools & {*offered} for kind, tools in _BETTER.items()):
        return True
    return any(not is_clear(step.tool, step.arguments, offered) for step in made.steps if step.tool == "read_file")
