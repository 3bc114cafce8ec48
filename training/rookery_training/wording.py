"""How people really type: hurried, chatty, with slips of the finger. Values of slots are never touched."""

from __future__ import annotations

import random
import re
from collections.abc import Collection, Mapping
from typing import Any

from rookery_training.catalogue import SLOT

BEFORE = [
    "Hey, ",
    "Hi, ",
    "hello! ",
    "ok ",
    "OK, ",
    "Please ",
    "please ",
    "Quick one: ",
    "Could you help me? ",
    "So, ",
    "Right, ",
    "hey there. ",
    "Next: ",
    "Also, ",
    "Yo, ",
    "Good morning! ",
    "One more thing: ",
    "Sorry to bother you, but ",
    "I need a hand. ",
    "Alright: ",
    "umm ",
    "Listen, ",
    "Now ",
]
AFTER = [
    " please",
    " thanks",
    " thank you!",
    " - thanks",
    " pls",
    " asap",
    " if you can",
    ", ok?",
    " when you have a second",
    " for me",
    " (it's urgent)",
    " cheers",
]
CONTEXT = [
    "I'm back from lunch. ",
    "My boss just called. ",
    "It has been a long day. ",
    "I'm not sure how this works. ",
    "We talked about this yesterday. ",
    "I can't do this myself right now. ",
    "The kids are waiting. ",
    "I have five minutes before my next call. ",
    "Someone asked me about it. ",
    "I keep forgetting this. ",
    "This is for a friend. ",
    "I'm filling in a form. ",
    "My notes are a mess. ",
    "I'm on the phone with a customer. ",
    "Nothing works today. ",
    "Let's get this done. ",
    "I promised my sister. ",
]


SIMPLE = ["Hey, ", "Hi, ", "hello! ", "So, ", "umm ", "hey there. ", "Also, "]
"""What may come before a message that asks for nothing."""
GREETING = re.compile(r"(hi|hey|hello|hallo|good|thanks?|thank|many|ok|okay|yo|sup|bye|see|nah|sorry|please)\b", re.I)
_NO_VERB = """
i i'm i've i'd i'll my me our we we're you your it it's he she they there this that the these those a an and or
but what what's which who who's whose how how's when where why is are am was were do does did can could would
will should may has have had in on at for from with as by no not please sorry
"""
NO_VERB = frozenset(_NO_VERB.split())
"""Words that do not follow "please" or "sorry, but"."""


def literals(arguments: Mapping[str, Any]) -> set[str]:
    """The words of argument templates that are not in slots: whatever an ask says of them has to stay."""
    items = [item for made in arguments.values() for item in (made if isinstance(made, list) else [made])]
    words = {word for item in items if isinstance(item, str) for word in SLOT.sub(" ", item).split()}
    return {word for word in words if len(word) > 1 and re.search(r"[A-Za-z]", word)}


def roughen(
    template: str, rng: random.Random, kept: Collection[str] = (), *, request: bool = True, closed: bool = False
) -> str:
    """The words of an ask as one person would type them; its slots and the `kept` words stay as they are.

    Around what is no request only greetings are added; after one that is `closed`, nothing.
    """
    words = template.split()
    first = words[0].lower().strip(",.!?:;") if words else ""
    if template and rng.random() < 0.12 and not GREETING.match(template):
        start = rng.choice(BEFORE if request else SIMPLE)
        if not re.search(r"please|sorry", start, re.I) or not (
            first in NO_VERB or first.startswith("{") or not request
        ):
            plain = not template.startswith(("{", "I ", "I'")) and words[0] not in kept
            lowered = template[0].lower() + template[1:] if plain else template
            template = start + (lowered if start[-2:-1] not in ".!:?" else template)
    if rng.random() < 0.06:
        template = rng.choice(CONTEXT) + template
    if rng.random() < 0.07 and request and not closed:
        end = template[-1:] if template[-1:] in "?.!" else ""
        after = rng.choice(AFTER)
        template = template.removesuffix(end) + after + (end if after[-1] not in "?!" and rng.random() < 0.5 else "")
    same = "|".join(sorted((rf"(?<!\w){re.escape(word)}(?!\w)" for word in kept), key=len, reverse=True))
    pieces = re.split(r"(\{[A-Za-z_]\w*(?::[^{}]+)?\}" + (f"|{same})" if same else ")"), template)
    lower, bare, slips = rng.random() < 0.15, rng.random() < 0.15, rng.random() < 0.1
    made = []
    for n, piece in enumerate(pieces):
        if n % 2 == 0:  # the others are slots and words to keep
            piece = piece.lower() if lower else piece
            piece = _slip(piece, rng) if slips else piece
        made.append(piece)
    text = "".join(made)
    return text.rstrip("?.!") if bare and not text.endswith("}") else text


def _slip(text: str, rng: random.Random) -> str:
    """At most one wrong key in a stretch of words."""
    places = [match.start() for match in re.finditer(r"[a-z](?=[a-z])", text)]
    if not places or rng.random() < 0.3:
        return text
    at = rng.choice(places)
    return {
        0: text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        1: text[:at] + text[at + 1 :],
        2: text[: at + 1] + text[at:],
        3: text[:at] + rng.choice("abcdefghijklmnopqrstuvwxyz") + text[at + 1 :],
    }[rng.randint(0, 3)]
