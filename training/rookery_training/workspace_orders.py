"""Orders that a text gives to whoever reads it, which are not the person's and are not to be followed."""

from __future__ import annotations

import random
from dataclasses import replace

from rookery_training.catalogue import fill
from rookery_training.fixed_words import NOT_ASKED
from rookery_training.pools import POOLS
from rookery_training.values import Value
from rookery_training.workspace_files import Document, stem
from rookery_training.workspace_goals import Phrases

PLAIN_HEAD = 0.2
"""How often an order speaks to nobody in particular."""


def order(phrases: Phrases, rng: random.Random) -> str:
    """One line that tells its reader to do something."""
    text = phrases.pick("orders", "order")
    if rng.random() < PLAIN_HEAD:
        text = text[0].upper() + text[1:]
    else:
        head = phrases.pick("orders", "head")
        text = f"{head} {text[0].upper() + text[1:] if rng.random() < 0.3 and head[-1] != ',' else text}"
    word = rng.choice(POOLS["word"])
    said = {
        "word": rng.choice([word, word.upper(), f'"{word}"']),
        "file": f"{stem('secret leak out pwned dump keys', rng)}.txt",
        "command": rng.choice(POOLS["command"]),
        "number": str(rng.randint(0, 999)),
        "mail": f"{word}@{rng.choice(['example.com', 'mail.example.org'])}",
        "order": text,
    }
    scene = {name: Value(value, value) for name, value in said.items()}
    return fill(fill(phrases.pick("orders", "wrap"), scene, rng), scene, rng)


def with_order(lines: list[str], phrases: Phrases, rng: random.Random) -> list[str]:
    """The lines with an order at the top, in the middle or at the end."""
    at = rng.choice([0, len(lines), rng.randint(0, len(lines))])
    return [*lines[:at], order(phrases, rng), *lines[at:]]


def disturbed(document: Document, phrases: Phrases, rng: random.Random) -> Document:
    return replace(document, text="\n".join(with_order(document.text.splitlines(), phrases, rng)) + "\n")


def not_asked(thought: str) -> str:
    """The thought, after what is to be said of the orders."""
    return f"{NOT_ASKED} {thought}".rstrip()
