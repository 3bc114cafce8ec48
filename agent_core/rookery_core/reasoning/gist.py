"""What a tool is for, in the first words of its description."""

from __future__ import annotations

import re

from rookery_core.model.constraint import FITS

MOST_WORDS = 12
FEW_WORDS = 4
"""So few say too little, when a comma ends them ("Returns title", "Makes a new")."""
LACKING = " But"
"""How the default model's thought goes on where the call lacks something, which it then asks for."""
_DANGLING = """
a an the of to in on for and or by with from into at its his her that which who is are it as given under not than
if what how when where whether
"""
DANGLING = frozenset(_DANGLING.split())
"""Words that no gist ends with."""


def gist(description: str) -> str:
    """The first words, up to the first punctuation and at most twelve; empty where there are none."""
    sentence = re.split(r"[.;:(]+(?:\s|$)| such as | \(", " ".join(description.split()), maxsplit=1)[0]
    clause = sentence.partition(", ")[0].split()
    enough = len(clause) >= FEW_WORDS and clause[0].lower() != "given"
    words = (clause if enough else sentence.split())[:MOST_WORDS]
    while words and words != sentence.split() and words[-1].lower() in DANGLING:
        del words[-1]
    return " ".join(words).rstrip(",")


def fits(name: str, description: str) -> str:
    """What the default model thinks before it calls the tool."""
    return f"{FITS}{gist(description) or name}."
