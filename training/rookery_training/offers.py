"""Which tools are offered together: how many, of which domains, and under which names."""

from __future__ import annotations

import random

from rookery_core.tools.registry import Registry
from rookery_training.catalogue import Catalogue, ToolEntry
from rookery_training.dressing import Dressed, as_it_is, dress

_TECHNICAL = """
builtin git containers databases networking cloud packages logs monitoring images units numbers code archives_zip
documents processes web security deployment issues_tracker audio video todo geometry physics chemistry genetics
"""
TECHNICAL = frozenset(
    (*_TECHNICAL.split(), "text tools", "chances and samples", "loans and savings", "body formulas", "date arithmetic")
)
"""Domains whose requests a shell, a file tool or a calculator could serve as well."""
KNOWLEDGE = frozenset(("geography", "science facts", "history facts", "languages", "translation"))
"""Domains whose questions a model may answer from what it knows."""
SIZES = {0: 1, 1: 3, 2: 4, 3: 8, 4: 9, 5: 10, 6: 26, 7: 8, 8: 10, 10: 9, 12: 6, 16: 3.5, 24: 2.5}
"""How often so many tools are offered."""


class Offers:
    """Draws lists of tools: only built-in ones, some with others, or only others."""

    def __init__(self, catalogue: Catalogue, builtin: Registry, rng: random.Random) -> None:
        self._all = catalogue
        self._rng = rng
        self.others = [tool for tool in catalogue.tools if tool.domain != "builtin"]
        self._domains = sorted({tool.domain for tool in self.others})
        real = {offered.name: offered for offered in builtin}
        self.builtin = [as_it_is(tool, real[tool.name]) for tool in catalogue.domain("builtin") if tool.name in real]

    def draw(self) -> list[Dressed]:
        """The tools of one list."""
        rng = self._rng
        size = rng.choices(list(SIZES), list(SIZES.values()))[0]
        draw = rng.random()
        if draw < 0.36:
            return rng.sample(self.builtin, min(size, len(self.builtin)))
        chosen: list[Dressed] = []
        domains = list(self._domains)
        if draw < 0.5:
            chosen = rng.sample(self.builtin, min(max(size - rng.randint(1, 5), 1), len(self.builtin)))
            domains = [domain for domain in domains if domain not in TECHNICAL]
        taken = {tool.name for tool in chosen}
        pool: list[ToolEntry] = []
        while domains and len(pool) < max(size - len(chosen), 0):
            near = self._all.domain(domains.pop(rng.randrange(len(domains))))
            pool.extend(rng.sample(near, min(len(near), rng.choice([1, 2, 2, 3, 4, 6]))))
        for entry in pool[: max(size - len(chosen), 0)]:
            made = dress(entry, rng)
            if made.name not in taken and " " not in made.name:
                taken.add(made.name)
                chosen.append(made)
        return chosen
