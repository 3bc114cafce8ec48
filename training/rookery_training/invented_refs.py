"""How one of many things is told apart: by a number, a code, a letter, a colour, a name, a place or a size."""

from __future__ import annotations

import random
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rookery_training.invented_entries import Thing
from rookery_training.pools import POOLS

PLACES = """
north south east west upper lower front back left right middle corner harbour garden riverside hillside main old new
courtyard roadside station market mill forest
"""
NAMES = """
Berta|Aurora|Old Tom|Nimbus|Clementine|Goliath|Pearl|Zephyr|Lady Ann|Boreas|Marigold|Titan|Juno|Rusty|Blue Moon|Falcon
Ophelia|Samson|Miss Daisy|Quill|Tornado|Bramble|Vega|Little John|Saffron|Atlas|Duchess|Kestrel|Morning Star|Pip|Hector
Greta|Thunder|Silver Belle|Olive|Cassius|Wanderer|Tilda|Moss|Ember|Iris|Captain Jack|Lotte|Snowdrop|Viking|Minerva
"""


@dataclass(frozen=True, slots=True)
class Reference:
    kind: Any
    """The kind of the parameter, as in the catalogue."""
    style: str
    said: tuple[str, ...]
    """How a person names one; `{}` is its slot."""
    bare: tuple[str, ...]
    """Those that do without the noun."""
    names: tuple[str, ...]
    """What else the parameter is called."""
    about: tuple[str, ...]


def reference(thing: Thing, rng: random.Random) -> Reference:
    """One of the ways of this thing, with what it needs to be drawn."""
    style, noun = rng.choice(thing.refs), thing.noun
    after, before = (f"{noun} {{}}",), (f"the {{}} {noun}",)
    match style:
        case "number":
            top = rng.choice([9, 12, 24, 40, 120])
            numbered = rng.random() < 0.55
            kind = f"integer 1 {top}" if numbered else _pool([str(n) for n in range(1, top + 1)])
            numbers = (*after, *after, *after, f"{noun} number {{}}")
            return Reference(kind, style, numbers, (), ("number", f"{thing.key}_number"), (f"number of the {noun}",))
        case "code":
            kind = _pool(_codes(noun, rng))
            return Reference(kind, style, after, ("{}",), ("code", f"{thing.key}_id"), (f"code of the {noun}",))
        case "letter":
            kind = _pool(list("ABCDEFGHJKLMNP"))
            return Reference(kind, style, after, (), ("letter",), (f"letter of the {noun}", f"which {noun}"))
        case "colour":
            return Reference("color", style, before, (), ("color",), (f"which {noun}", f"color of the {noun}"))
        case "name":
            kind = _pool([name.strip() for name in re.split(r"[|\n]", NAMES) if name.strip()])
            said = (*after, f"the {noun} {{}}")
            return Reference(kind, style, said, ("{}",), ("name", f"{thing.key}_name"), (f"name of the {noun}",))
        case "place":
            return Reference(_pool(PLACES.split()), style, before, (), ("place",), (f"which {noun}",))
        case "size":
            return Reference("one of: small, medium, large", style, before, (), ("size",), (f"size of the {noun}",))
    raise ValueError(f"{noun}: there is no way {style} to tell it apart")


def _pool(values: Sequence[str]) -> str:
    return "pool: " + " | ".join(values)


def _codes(noun: str, rng: random.Random) -> list[str]:
    """Codes of one form, which begin as the noun does or in any other way."""
    initial = noun[0].upper()
    start = rng.choice([initial, initial, noun[:2].upper(), rng.choice(POOLS["word"])[:3].upper(), noun[0].lower()])
    mark, width = rng.choice(["-", "-", "", "", "/", "."]), rng.choice([1, 2, 2, 3, 4])
    tail = rng.choice(["", "", "", "a", "X"])
    return [f"{start}{mark}{rng.randint(1, 10**width - 1):0{rng.choice([1, width])}}{tail}" for _ in range(20)]
