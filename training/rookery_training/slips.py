"""Steps that go wrong: calls with a wrong argument, ones that nothing said accounts for or that are denied, guesses.

The wrong step itself is never learnt; what the program says to it is read, and the right next step is learnt.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from rookery_core.reasoning.grounding import doubts
from rookery_core.reasoning.step import ANSWER, INPUT, THOUGHT
from rookery_training.asking_back import missing
from rookery_training.branches import Branch
from rookery_training.catalogue import Scene, furnish
from rookery_training.dressing import Dressed
from rookery_training.fixed_words import DENIED, HAS_RESULT, NOT_ALLOWED, NOTHING_DONE, WHY
from rookery_training.rivals import is_clear
from rookery_training.workspace_play import Step

if TYPE_CHECKING:
    from rookery_training.conversations import Author


def repair(author: Author, branch: Branch, tools: dict[str, Dressed]) -> bool:
    """A wrong call, which is not learnt, then what the program says to it, and the right one."""
    rng = author.rng
    able = [tool for tool in tools.values() if tool.entry.parameters]
    if not able:
        return False
    tool = rng.choice(able)
    ask = rng.choice(author.offers.asks(tool, tools))
    scene, arguments = author.request(tool, ask)
    if not arguments or not is_clear(tool.entry.name, arguments, tools):
        return False
    wrong = dict(arguments)
    name = rng.choice(list(wrong))
    value, wrong[name] = wrong[name], rng.choice(["", "?", "unknown", 0])
    why = rng.choice(("this is not what was asked", "is not valid", "must not be empty"))
    said = f"The arguments do not fit: {name}: {why}"
    author.ask(branch, ask.say, scene, kept=ask.arguments)
    if value == wrong[name]:
        return False
    author.do(branch, tool, wrong, learn=0)
    author.observe(branch, said)
    author.do(branch, tool, arguments, first=f"The {name} was wrong.")
    return True


def denied(author: Author, branch: Branch, tools: dict[str, Dressed]) -> bool:
    """A right call that the person does not allow."""
    if (
        not author.call(branch, tools)
        or branch.messages[-1].role != "assistant"
        or INPUT not in branch.messages[-1].content
    ):
        return False
    rng = author.rng
    author.observe(branch, rng.choice(DENIED).replace("{why}", rng.choice(WHY) + "."))
    author.answer(branch, NOT_ALLOWED, NOTHING_DONE)
    return True


def doubted(author: Author, branch: Branch, tools: dict[str, Dressed]) -> bool:
    """A call that nothing said accounts for, which is not learnt; what the program says to it; the right step."""
    rng = author.rng
    able = [tool for tool in tools.values() if tool.entry.parameters]
    begin = len(branch.messages) + 1
    lacking = partial(missing, author)
    kind = rng.choice((lacking, author.absent, author.absent, author.call))
    if not able or not kind(branch, tools):
        return False
    asked, right = branch.messages[begin - 1].content, branch.messages[begin].content
    same = [tool for tool in able if tool.fits in right]
    tool = rng.choice(same if same and rng.random() < 0.8 else able)
    scene: Scene = {}
    furnish(scene, tool.entry.kinds, rng)
    given = {p.name: scene[p.name].argument for p in tool.entry.parameters if not p.optional or rng.random() < 0.2}
    arguments = tool.arguments(given)
    found = doubts(arguments, tool.offered.tool.schema, asked)
    if not found:
        return False
    later = branch.messages[begin:], branch.learnt[begin:]
    del branch.messages[begin:], branch.learnt[begin:]
    author.do(branch, tool, arguments, learn=0)
    author.observe(branch, f"The arguments do not fit: {'; '.join(found)}. Use what was said, or ask for it.")
    branch.messages += later[0]
    branch.learnt += later[1]
    return True


def guessed(author: Author, branch: Branch, step: Step) -> None:
    """An answer from the head, which is not learnt, and what the program says to it; the call comes after."""
    branch.say("assistant", f"{THOUGHT}{HAS_RESULT}\n{ANSWER}{step.guess}", learn=0)
    author.observe(branch, step.doubt)
