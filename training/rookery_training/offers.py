"""Which tools are offered together: how many, of which domains, and under which names."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping

from rookery_core.tools.registry import Registry
from rookery_training.catalogue import Ask, Catalogue, ToolEntry
from rookery_training.dressing import Dressed, as_it_is, dress
from rookery_training.rivals import apart, could_do

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
COMMAND = re.compile(r"(ls|dir|cat|less|head|tail|sed|grep|rm|touch|echo|find) [-.~/#'\"{]|(ls|dir)$|.*\band cat \{")
"""A request that is a command of the shell, so that a shell would be right as well."""


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
            beside = {tool.entry.name for tool in chosen}
            if made.name not in taken and " " not in made.name and apart(beside, entry.name):
                taken.add(made.name)
                chosen.append(made)
        return chosen

    def asks(self, tool: Dressed, tools: Mapping[str, Dressed]) -> list[Ask]:
        """The ways to ask for a tool that are not commands for another one."""
        shell = "shell" in tools and tool.entry.domain == "builtin" and tool.entry.name != "shell"
        return [ask for ask in tool.entry.asks if not (shell and COMMAND.match(ask.say))]

    def absent(self, tools: Mapping[str, Dressed]) -> tuple[ToolEntry, Ask] | None:
        """A tool that is not offered, and how it is asked for; None where none was found."""
        rng = self._rng
        domains = {tool.entry.domain for tool in tools.values()}
        technical = "shell" in tools or bool(domains & TECHNICAL)
        pool = [entry for entry in self.others if not (technical and entry.domain in TECHNICAL)]
        pool = [entry for entry in pool if entry.domain not in KNOWLEDGE]
        if not technical or (domains == {"builtin"} and "shell" not in tools):
            pool += [tool.entry for tool in self.builtin] * 3
        near = rng.random() < 0.3
        able = [
            entry
            for entry in pool
            if entry.name not in tools
            and (entry.domain == "builtin" or (entry.domain in domains) == near or not near)
            and not (not near and entry.domain in domains and entry.domain != "builtin")
        ]
        for _ in range(20 if able else 0):
            entry = rng.choice(able)
            ask = rng.choice(entry.asks)
            if not could_do(tools, entry, ask.say):
                return entry, ask
        return None
