"""Which tools are offered together: how many, of which domains, and under which names."""

from __future__ import annotations

import random
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace

from rookery_core.tools.discovery import Discovery
from rookery_core.tools.registry import Registry
from rookery_training.catalogue import Ask, Catalogue, Scene, ToolEntry, fill, furnish
from rookery_training.dressing import Dressed, as_it_is, dress
from rookery_training.invented import Families, Family
from rookery_training.rivals import apart, could_do, is_for_another
from rookery_training.written import Written, WrittenTurns

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
SIZES = {
    0: 1,
    1: 2,
    2: 3,
    3: 15,
    4: 18,
    5: 19,
    6: 17,
    7: 7,
    8: 8,
    9: 2,
    10: 3,
    12: 3,
    14: 2,
    16: 7,
    20: 8,
    24: 8,
    26: 3,
}
"""How often so many tools are offered."""
INVENTED = 0.72
"""The share of the lists with others than built-in tools that have invented ones."""
OFFERED = 10
"""How many of the built-in tools the program offers at a time."""
BUILT_IN, MIXED = 0.42, 0.57
"""The share of lists of built-in tools alone, and up to where others come with them."""
AS_OFFERED = 0.85
"""How often the built-in tools are those that the program would choose for a request."""
ASKED_WITH_SQL = {"query_table": 2, "aggregate_table": 4, "query_database": 2}
"""How many times as often as another tool these are what a list of the program's choice is for: they take practice."""
FOR_WRITTEN = 0.6
"""How often a list of the program's choice is for a turn that was written."""
ONLINE = 0.5
"""How often the tools for the web may be among them."""
CUT = 0.07
"""How often the tool for the rest of a long result is among them though the request does not say so."""
WEB = frozenset(("fetch_page", "search_web"))
ELSEWHERE = frozenset(("web_search", "search_web", "recall", "remember", "write_file", "search_files"))
"""Tools that could tell or keep as well what some invented ones do."""
DIARIES = frozenset(("calendar", "todo", "events", "staff and leave", "messaging"))
"""Domains with tools to which a day may be told."""
COMMAND = re.compile(r"(ls|dir|cat|less|head|tail|sed|grep|rm|touch|echo|find) [-.~/#'\"{]|(ls|dir)$|.*\band cat \{")
"""A request that is a command of the shell, so that a shell would be right as well."""


class Offers:
    """Draws lists of tools: only built-in ones, some with others, or only others."""

    def __init__(
        self,
        catalogue: Catalogue,
        builtin: Registry,
        rng: random.Random,
        written: WrittenTurns | None = None,
        *,
        develop: bool = False,
    ) -> None:
        self._all = catalogue
        self._written = written
        self._rng = rng
        self.others = [tool for tool in catalogue.tools if tool.domain != "builtin"]
        self._domains = sorted({tool.domain for tool in self.others})
        self._inventor = Families(rng, held_out=develop)
        self.families: list[Family] = []
        """The families of invented tools in the list that was drawn last."""
        real = {offered.name: offered for offered in builtin}
        self.builtin = [as_it_is(tool, real[tool.name]) for tool in catalogue.domain("builtin") if tool.name in real]
        offline = Registry(tool.offered for tool in self.builtin if tool.name not in WEB)
        self._discovery = {
            True: Discovery(Registry(tool.offered for tool in self.builtin)),
            False: Discovery(offline),
        }

    def draw(self) -> list[Dressed]:
        """The tools of one list."""
        rng = self._rng
        self.families = []
        size = rng.choices(list(SIZES), list(SIZES.values()))[0]
        draw = rng.random()
        if draw < BUILT_IN:
            return self._built_in(OFFERED if rng.random() < 0.6 else size)
        chosen: list[Dressed] = []
        domains = list(self._domains)
        if draw < MIXED:
            chosen = self._built_in(max(size - rng.randint(1, 5), 1))
            domains = [domain for domain in domains if domain not in TECHNICAL]
        pool: list[ToolEntry] = self._invented(size - len(chosen)) if rng.random() < INVENTED else []
        domains = [domain for domain in domains if not any(domain in made.thing.apart for made in self.families)]
        taken = {tool.name for tool in chosen}
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

    def _built_in(self, size: int) -> list[Dressed]:
        """So many of them, mostly those that the program would offer for a request, in its order."""
        rng = self._rng
        size = size if size <= 12 else rng.randint(6, 12)
        if rng.random() > AS_OFFERED or size == 0:
            return rng.sample(self.builtin, size)
        online = rng.random() < ONLINE
        if self._written and self._written.all and rng.random() < FOR_WRITTEN:
            return self._for(self._written.coming(), size, online=online)
        able = [tool for tool in self.builtin if online or tool.name not in WEB]
        meant = rng.choices(able, [ASKED_WITH_SQL.get(tool.name, 1) for tool in able])[0]
        ask, scene = rng.choice(meant.entry.asks), Scene()
        furnish(scene, ask.slots, rng)
        furnish(scene, meant.entry.kinds, rng)
        names = list(self._discovery[online].select(fill(ask.say, scene, rng, said=True), size).names)
        if rng.random() < CUT and "read_result" not in names:
            names[-1] = "read_result"
        return self._named(names)

    def _for(self, made: Written, size: int, *, online: bool) -> list[Dressed]:
        """Those that the program would offer for a turn that was written, and what it needs besides."""
        names = list(self._discovery[online].select(made.goal, max(size, len(made.tools))).names)
        for tool in sorted(made.tools - {*names}):
            names[names.index(self._rng.choice([name for name in names if name not in made.tools]))] = tool
        return self._named(names)

    def _named(self, names: Sequence[str]) -> list[Dressed]:
        by_name = {tool.name: tool for tool in self.builtin}
        return [by_name[name] for name in names]

    def _invented(self, room: int) -> list[ToolEntry]:
        """Tools of one or two families that fit into the room, or single ones of some."""
        rng = self._rng
        alone = rng.random() < 0.2
        for _ in range(rng.choice([2, 3, 4]) if alone else rng.choice([1, 1, 2])):
            n = min(1 if alone else rng.randint(3, 7), room - sum(len(made.entries) for made in self.families))
            if n > 0:
                taken = frozenset(made.thing.noun for made in self.families)
                self.families.append(self._inventor.draw(n, taken))
        return [entry for made in self.families for entry in made.entries]

    def lacking(self, tools: Mapping[str, Dressed]) -> list[ToolEntry]:
        """Invented tools for which nothing offered would do: on another thing, or another action on the same one."""
        domains = {tool.entry.domain for tool in tools.values()}
        other = self._inventor.draw(2, [made.thing.noun for made in self.families], domains)
        named = [
            replace(entry, asks=tuple(ask for ask in entry.asks if other.thing.noun in ask.say))
            for entry in other.entries
        ]
        found = [entry for made in self.families for entry in made.lacks] + named
        found = [entry for entry in found if entry.asks]
        if ELSEWHERE & {*tools}:
            found = [entry for entry in found if not self._inventor.elsewhere(entry)]
        if DIARIES & domains:
            found = [entry for entry in found if "date" not in entry.kinds.values()]
        return found

    def asks(self, tool: Dressed, tools: Mapping[str, Dressed]) -> list[Ask]:
        """The ways to ask for a tool that are not commands for another one."""
        shell = "shell" in tools and tool.entry.domain == "builtin" and tool.entry.name != "shell"
        built_in = tool.entry.domain == "builtin"
        return [
            ask
            for ask in tool.entry.asks
            if not (shell and COMMAND.match(ask.say))
            and not (built_in and is_for_another(tool.entry.name, ask.say, tools))
        ]

    def absent(self, tools: Mapping[str, Dressed]) -> tuple[ToolEntry, Ask] | None:
        """A tool that is not offered, and how it is asked for; None where none was found."""
        rng = self._rng
        domains = {tool.entry.domain for tool in tools.values()}
        technical = bool({"shell", "python"} & {*tools}) or bool(domains & TECHNICAL)
        pool = [entry for entry in self.others if not (technical and entry.domain in TECHNICAL)]
        pool = [entry for entry in pool if entry.domain not in KNOWLEDGE]
        if not technical or (domains == {"builtin"} and not {"shell", "python"} & {*tools}):
            pool += [tool.entry for tool in self.builtin] * 2
        apart = {domain for made in self.families for domain in made.thing.apart}
        pool = [entry for entry in pool if entry.domain not in apart]
        if rng.random() < (0.5 if self.families else 0.12):
            drawn = [(entry, rng.choice(entry.asks)) for entry in self.lacking(tools)]
            drawn = [(entry, ask) for entry, ask in drawn if not could_do(tools, entry, ask.say)]
            if drawn:
                return rng.choice(drawn)
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
