"""Requests that lack something, which is asked for; and the same one twice, with all that its tool needs and without.

"Move it to docs/old" and "move it to another folder" differ in what a call needs, so that is what has to be read.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from rookery_training.branches import Branch
from rookery_training.catalogue import Ask, Scene, fill, furnish, slots_of
from rookery_training.dressing import Dressed
from rookery_training.rivals import is_clear

if TYPE_CHECKING:
    from rookery_training.conversations import Author

PAIRS = 0.35
"""How often a list of tools has such a pair."""
ANSWERED = 0.35
"""How often the person then says what was missing."""
LOOKED_AT = 8
"""Requests for a tool that are looked at."""
_HE = "him | her | them | somebody | one of us"
_VAGUE = {
    "path": "the file | that file | a file | one of my files | my file | the right file",
    "file csv": "the table | my table | that csv | the spreadsheet | one of the tables",
    "file json": "the json file | that json | my json file",
    "file db": "the database | our database | that database",
    "file pdf": "the document | that pdf | the contract | a pdf",
    "folder": "that folder | another folder | the right folder | some folder",
    "city": "that city | some city | the same city | another city",
    "country": "that country | some country | another country",
    "person": _HE,
    "first_name": _HE,
    "username": _HE,
    "email": _HE,
    "company": "that company | one of the companies | a company",
    "product": "that product | one of the products | something",
    "book": "that book | a book | the book",
    "film": "that film | a film | the film",
    "song": "that song | a song",
    "artist": "that band | somebody",
    "food": "that dish | some dish | something",
    "plant": "that plant | one of the plants",
    "language": "another language | some other language",
    "currency": "another currency | some other currency",
    "url": "that page | the page | that link | a web page",
    "room": "that room | another room | one of the rooms",
    "device": "that device | one of the devices | it",
    "team": "that team | one of the teams",
    "station": "that station | some station",
    "unit": "another unit | some other unit",
}
VAGUE = {kind: tuple(said.split(" | ")) for kind, said in _VAGUE.items()}
"""What may be said for a value of a kind by somebody who does not say which."""
_BEFORE = """
to in of from for at with on by into about under versus through against onto read open show delete remove trash move put
rename display mention mentions prettify format see check call assign tell ask message email mail invite make set edit
summarise correct convert add find list get reformat copy erase print inspect load view scan send bring book
"""
BEFORE = frozenset(_BEFORE.split())
_AFTER = """
in to for with and from on at into of by where please is has needs under that then now about until as or using through
when if but so the this tomorrow today
"""
AFTER = frozenset(_AFTER.split())
"""Words between which something stands by itself, so that other words can stand for it."""


def missing(author: Author, branch: Branch, tools: dict[str, Dressed]) -> bool:
    """A request that lacks something required, which is asked for."""
    rng = author.rng
    able = [tool for tool in tools.values() if tool.entry.missing]
    if not able or branch.messages:  # what was said before could be meant
        return False
    tool = rng.choice(able)
    lacking = rng.choice(tool.entry.missing)
    scene: Scene = {}
    furnish(scene, tool.entry.kinds, rng)
    text = rng.choice(lacking.asks)
    author.ask(branch, text, scene)
    lacks = tool.plain_name(lacking.lacks)
    question = rng.choice(lacking.questions)
    if tool.entry.domain != "builtin" and rng.random() < 0.6:  # one that can be made of the list alone
        question = tool.question(lacking.lacks) or question
    author.answer(branch, f"{tool.fits} But the {lacks} is missing.", fill(question, scene, rng))
    mentioned = {*slots_of(text), lacking.lacks}
    required = {parameter.name for parameter in tool.entry.parameters if not parameter.optional}
    if tool.entry.domain != "builtin" and required <= mentioned and rng.random() < 0.35:
        branch.say("user", scene[lacking.lacks].said)
        given = {name: scene[name].argument for name in tool.entry.kinds if name in mentioned}
        author.do(branch, tool, tool.arguments(given))
    return True


def pair(author: Author, tools: dict[str, Dressed]) -> list[Branch]:
    """The two conversations; none where no tool has a request that can be put so."""
    rng = author.rng
    if rng.random() >= PAIRS:
        return []
    for tool in rng.sample(list(tools.values()), len(tools)):
        asks = author.offers.asks(tool, tools)
        for ask in rng.sample(asks, min(len(asks), LOOKED_AT)):
            if places := _places(tool, ask):
                return _both(author, tools, tool, ask, rng.choice(places))
    return []


def _both(author: Author, tools: dict[str, Dressed], tool: Dressed, ask: Ask, slot: str) -> list[Branch]:
    rng = author.rng
    scene, arguments = author.request(tool, ask)
    lacks = _parameter(ask, slot)
    kind = _kind(tool, ask, slot)
    questions = [text for missing in tool.entry.missing if missing.lacks == lacks for text in missing.questions]
    questions = [text for text in questions if ", and " not in text]  # those ask for two things
    question = rng.choice(questions) if questions else tool.question(lacks)
    if question is None or slots_of(question) or (
        tool.entry.domain == "builtin" and not is_clear(tool.entry.name, arguments, tools)
    ):  # fmt: skip
        return []
    asking, calling = Branch(about="missing"), Branch(about="call")
    vague = ask.say.replace(f"{{{slot}}}", rng.choice(VAGUE[kind]))
    author.ask(asking, vague, scene, kept=ask.arguments)
    author.answer(asking, f"{tool.fits} But the {tool.plain_name(lacks)} is missing.", question)
    if rng.random() < ANSWERED:
        asking.say("user", scene[slot].said)
        author.do(asking, tool, arguments)
    author.ask(calling, ask.say, scene, kept=ask.arguments)
    author.do(calling, tool, arguments)
    return [asking, calling]


def _places(tool: Dressed, ask: Ask) -> list[str]:
    """The slots of a request that something required is copied from, and that other words could stand for."""
    required = {parameter.name for parameter in tool.entry.parameters if not parameter.optional}
    made = []
    for slot in set(slots_of(ask.say)):
        place = re.compile(rf"(?:^|(?P<before>[\w']+) )\{{{slot}\}}(?=$|[.?!,]?(?: (?P<after>[\w']+)|$))")
        found = [*place.finditer(ask.say)]
        if ask.say.count(f"{{{slot}}}") != 1 or len(found) != 1 or _parameter(ask, slot) not in required:
            continue
        before = (found[0]["before"] or "").lower()
        after = (found[0]["after"] or "the").lower()
        if before in BEFORE and after in AFTER and _kind(tool, ask, slot) in VAGUE:
            made.append(slot)
    return sorted(made)


def _parameter(ask: Ask, slot: str) -> str:
    """The parameter that is given exactly what the slot says; "" for none."""
    if ask.arguments is None:
        return slot
    exact = [name for name, made in ask.arguments.items() if made == f"{{{slot}}}"]
    used = [name for name, made in ask.arguments.items() if f"{{{slot}}}" in str(made)]
    return exact[0] if exact and exact == used else ""


def _kind(tool: Dressed, ask: Ask, slot: str) -> str:
    kind = ask.slots.get(slot) or tool.entry.kinds.get(slot, "")
    words = kind.split() if isinstance(kind, str) else []
    return " ".join(words[:2]) if words[:1] == ["file"] else words[0] if len(words) == 1 else ""
