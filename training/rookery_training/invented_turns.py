"""What is played with a family of invented tools: requests side by side that differ in one point.

The same tool with all that it needs and without; the actions of one thing one after another; what is not offered; talk.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rookery_core.reasoning.step import ANSWER, THOUGHT
from rookery_training.asking_back import missing
from rookery_training.branches import Branch
from rookery_training.catalogue import Scene, furnish, slots_of
from rookery_training.dressing import Dressed
from rookery_training.fixed_words import NO_TOOL_NEEDED
from rookery_training.invented import Family

if TYPE_CHECKING:
    from rookery_training.conversations import Author

TELLS = frozenset(("web_search", "recall", "read_file", "search_files"))
"""Tools that could tell as well what is asked about the world."""
LEADS = ("", "", "", "ok, ", "thanks, ", "good. ", "and ", "then ")


def contrasts(author: Author, tools: dict[str, Dressed]) -> list[Branch]:
    """Some conversations about each of the families that are offered."""
    made: list[Branch] = []
    for family in author.offers.families:
        own = {name: tool for name, tool in tools.items() if tool.entry in family.entries}
        if own:
            made += _pair(author, own)
            made += [branch for branch in (_chain(author, family, own), _why(author, family, tools)) if branch]
    return made


def _pair(author: Author, own: dict[str, Dressed]) -> list[Branch]:
    """One tool asked for with all that it needs, and without something."""
    name = author.rng.choice(list(own))
    made = []
    for kind, play in (("call", author.call), ("missing", partial(missing, author))):
        branch = Branch(about=kind)
        if author.rng.random() < 0.6 and play(branch, {name: own[name]}):
            made.append(branch)
    return made


def _chain(author: Author, family: Family, own: dict[str, Dressed]) -> Branch | None:
    """A call, and then another action on the same one, which is not named again."""
    rng = author.rng
    later = [tool for tool in own.values() if tool.entry.name in family.then]
    if len(own) < 2 or not later or rng.random() < 0.4:
        return None
    second = rng.choice(later)
    first = rng.choice([tool for tool in own.values() if tool is not second])
    ask = rng.choice(first.entry.asks)
    branch = Branch(about="call")
    scene, arguments = author.request(first, ask)
    author.ask(branch, ask.say, scene)
    author.do(branch, first, arguments)
    author.finish(branch, first, scene, arguments)
    text = rng.choice(family.then[second.entry.name])
    noun = family.thing.key
    new: Scene = {noun: scene[noun]}
    furnish(new, second.entry.kinds, rng)
    needed = {p.name for p in second.entry.parameters if not p.optional}
    if "<" in text or needed - {noun} - {*slots_of(text)}:
        return None
    author.ask(branch, text if text.startswith(("and ", "then ", "now ")) else rng.choice(LEADS) + text, new)
    given = {name: new[name].argument for name in second.entry.kinds if name == noun or name in slots_of(text)}
    author.do(branch, second, second.arguments(given))
    if rng.random() < 0.3:
        author.finish(branch, second, new, second.arguments(given))
    return branch


def _why(author: Author, family: Family, tools: dict[str, Dressed]) -> Branch | None:
    """A question about such things in general, which no tool is for; only the thought is learnt."""
    if not family.thing.why or TELLS & {*tools} or author.rng.random() < 0.75:
        return None
    branch = Branch(about="talk")
    author.ask(branch, family.thing.why, {}, request=False)
    head = f"{THOUGHT}{NO_TOOL_NEEDED}\n{ANSWER}"
    branch.say("assistant", head + family.thing.because, learn=len(head.rstrip()))
    return branch
