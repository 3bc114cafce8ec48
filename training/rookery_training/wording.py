"""How people really type: hurried, chatty, with slips of the finger. Values of slots are never touched."""

from __future__ import annotations

import random
import re

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


def roughen(template: str, rng: random.Random) -> str:
    """The words of an ask as one person would type them; its slots stay as they are."""
    if template and rng.random() < 0.12:
        start = rng.choice(BEFORE)
        lowered = template[0].lower() + template[1:] if not template.startswith(("{", "I ", "I'")) else template
        template = start + (lowered if start[-2:-1] not in ".!:?" else template)
    if rng.random() < 0.06:
        template = rng.choice(CONTEXT) + template
    if rng.random() < 0.07:
        end = template[-1:] if template[-1:] in "?.!" else ""
        template = template.removesuffix(end) + rng.choice(AFTER) + (end if rng.random() < 0.5 else "")
    pieces = re.split(r"(\{[A-Za-z_]\w*(?::[^{}]+)?\})", template)
    lower, bare, slips = rng.random() < 0.15, rng.random() < 0.15, rng.random() < 0.1
    made = []
    for piece in pieces:
        if not SLOT.fullmatch(piece):
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
