"""Scenarios in which a search of the files needs the one telling word of a request, and no more of it."""

from __future__ import annotations

import random
import re

from rookery_training import workspace_files as files
from rookery_training.fixed_words import HAS_RESULT, NOT_THERE
from rookery_training.values import draw
from rookery_training.workspace_lines import it_says
from rookery_training.workspace_play import Kinds, Play

_WORDS = """
warranty gutter chimney invoice passport vaccination fence parking inheritance subscription boiler plumber
electrician rehearsal anniversary prescription allotment mortgage carpet wallpaper scaffolding visa luggage
babysitter trampoline hedge cellar attic skylight hinge antenna router firewall backup certificate licence
trademark patent tender contract lease notice refund voucher catering choir brochure leaflet banner newsletter
website domain server printer projector microphone stage insurance bumper clutch ferry cabin kayak tent stove
compass glacier vineyard orchard beehive compost greenhouse mulch fertiliser allergy dentist diet blood-test
exam scholarship thesis footnote appendix survey questionnaire interview internship probation pension payslip
bonus canteen elevator sprinkler alarm keyholder courier pallet forklift barcode complaint recall supplier
hallmark glaze kiln loom
"""
WORDS = tuple(dict.fromkeys(_WORDS.split()))
SAID = (
    "we agreed that the {w} is up to {p}", "{p} looks after the {w}", "the {w} has to be settled by {d}",
    "{p} asked about the {w} on {d}", "the {w} costs {n} now", "for the {w} we need two signatures",
    "no decision on the {w} before {d}", "the {w} was paid on {d}", "ask {p} when it comes to the {w}",
    "{p} will call {q} about the {w}", "the {w} is in the blue folder", "we put {n} aside for the {w}",
    "the {w} was moved to {d}", "{q} has the papers for the {w}", "there was trouble with the {w} in {c}",
)  # fmt: skip
OF_NAMES = (
    "{w} still has our key", "met {w} in {c}, very helpful", "{w} promised an answer by {d}", "we owe {w} {n}",
    "{w} is not to be called before {d}", "{p} recommended {w}", "{w} delivered late again", "send {w} the new address",
    "{w} signed on {d}", "next time take {w}, not {p}",
)  # fmt: skip
OF_THINGS = (
    "{w}: ask {p}", "{p} has been to see about {w}", "{w} was checked on {d}", "see {q} about {w}",
    "{w} cost us {n} in all", "{p} knows everything about {w}", "nothing new on {w} since {d}", "{w}: not before {d}",
    "{q} wrote to {c} about {w}",
)  # fmt: skip
ASKED = {
    "keeper": ("{p} looks after the {w}", "p"),
    "limit": ("the {w} has to be settled by {d}", "d"),
    "price": ("the {w} costs {n} now", "n"),
    "paid": ("the {w} was paid on {d}", "d"),
    "moved": ("the {w} was moved to {d}", "d"),
    "papers": ("{q} has the papers for the {w}", "q"),
    "aside": ("we put {n} aside for the {w}", "n"),
    "place": ("the {w} went to {c}", "c"),
    "expert": ("ask {p} when it comes to the {w}", "p"),
}
"""Lines that answer a question, and which of their words does."""
POINTS = ("order early", "two coats are enough", "call {p}", "not before {d}", "costs {n}", "take the long ladder",
          "keep the receipt", "bring gloves", "ask {p} for the key", "{c} has a better one")  # fmt: skip
TOO_MUCH = 0.16
"""How often more than the word is searched for first, which finds nothing."""
NEAREST = "nearest to it:"
"""What a search says where it found no more than words of it."""
NOWHERE = 0.08
NAMES = ("person", "company", "person", "street", "hostname", "email", "title")


def _words(word: str, rng: random.Random) -> dict[str, str]:
    slots = {"w": word, "p": draw("first_name", rng).said, "q": draw("first_name", rng).said}
    return slots | {"d": draw("date", rng).said, "n": f"{rng.randint(12, 900)} EUR", "c": draw("city", rng).said}


def _filled(pattern: str, word: str, rng: random.Random) -> str:
    return pattern.format(**_words(word, rng))


def _beside(word: str, rng: random.Random) -> list[str]:
    """Other lines of the file, without the word."""
    made = [_filled(rng.choice(SAID), rng.choice(WORDS), rng) for _ in range(rng.randint(0, 3))]
    return [line for line in made if not any(part in line.lower() for part in word.lower().split())]


def _path(rng: random.Random) -> str:
    stem = files.stem("notes minutes diary letter plan memo protocol agreement log journal", rng)
    name = f"{stem}.{rng.choice(['txt', 'md'])}"
    return name if rng.random() < 0.4 else f"{files.folder(rng)}/{name}"


def seek(play: Play) -> bool:
    """Where something is mentioned, or what is said of it, which the hit itself says."""
    rng = play.rng
    named = rng.random() < 0.4
    kind = rng.choice(NAMES)
    word = draw(kind, rng).said if named else rng.choice(WORDS)
    patterns = (OF_NAMES if kind in ("person", "company") else OF_THINGS) if named else SAID
    tells = rng.random() < 0.5
    path, other = _path(rng), _path(rng)
    both = not tells and rng.random() < 0.2
    line = _filled(rng.choice(patterns), word, rng)
    lines = _beside(word, rng)
    lines.insert(rng.randint(0, len(lines)), line)
    tree = {path: "\n".join(lines) + "\n"}
    if both:
        tree[other] = _filled(rng.choice(patterns), word, rng) + "\n"
    nowhere = rng.random() < NOWHERE
    return _sought(play, word, {} if nowhere else tree, "told" if tells else "seek", "name" if named else "ask") and (
        play.answer("reply", "nowhere", thought=NOT_THERE, says=[word]) if nowhere else _found(play, tree, line, tells)
    )


def answer(play: Play) -> bool:
    """A question that one line somewhere answers."""
    rng = play.rng
    word = rng.choice(WORDS)
    kind, _, ask = play.phrases.pick("sought", "ask").partition(" | ")
    pattern, slot = ASKED[kind]
    words = _words(word, rng)
    line, path = pattern.format(**words), _path(rng)
    lines = _beside(word, rng)
    lines.insert(rng.randint(0, len(lines)), line)
    before = rng.random() < 0.4
    where = play.phrases.pick("where", "somewhere", "before" if before else "after")
    ask = play.phrases.typed(f"{where} {ask}" if before else f"{ask} {where}")
    play.made.say(value=words[slot])
    if not _sought(play, word, {path: "\n".join(lines) + "\n"}, "answer", kind, ask):
        return False
    return len(_hits(play.made.steps[-1].observation)) == 1 and play.answer("reply", "sought", says=[words[slot]])


def _sought(play: Play, word: str, tree: dict[str, str], goal: str, words: str, ask: str = "") -> bool:
    """Asks and searches; False where the search does not find exactly these files."""
    rng = play.rng
    play.made.kind = f"seek {goal} {words}"
    play.made.say(word=word, sought=word)
    ask = ask or play.phrases.pick_typed(goal, words)
    kept = [*word.split(), *word.split("-")]
    play.begin({**tree, **files.others(rng, tree, kept, rng.randint(1, 3))})
    play.made.ask = ask
    if rng.random() < TOO_MUCH and "{word}" in ask:
        around = re.search(r"(?:[\w']+ )?(?:[\w']+ )?(?:the )?\{word\}", ask)
        wrong = around[0].replace("{word}", word) if around else ""
        if wrong.lower() in (word.lower(), f"the {word}".lower()) or not wrong:
            wrong = f"something about the {word}"
        found = play.do("search_files", learn=False, text=wrong)
        if "is in no file" not in found:
            return False
        if NEAREST not in found:
            found = play.do("search_files", f"I search only for {word}.", text=word)
    else:
        found = play.do("search_files", play.maybe(f"The word to look for is {word}.", 0.7), text=word)
    hits = {line.partition(":")[0] for line in _hits(found)}
    return hits == {*tree} if tree else "is in no file" in found and NEAREST not in found


def _hits(found: str) -> list[str]:
    """The lines that a search found, or that are nearest."""
    lines = found.splitlines()
    return lines[1:] if lines[0].endswith(NEAREST) else lines


def _found(play: Play, tree: dict[str, str], line: str, tells: bool) -> bool:
    path, *others = sorted(tree)
    if others:
        play.made.say(path=path, path2=others[0])
        return play.answer("reply", "seek_two", says=[path, others[0]])
    play.made.say(path=path, value=line)
    if len(_hits(play.made.steps[-1].observation)) != 1:
        return False
    if tells:
        return play.answer("reply", "told", thought=HAS_RESULT, says=[line])
    return play.answer("reply", "seek", says=[path])


def section(play: Play) -> bool:
    """A heading is found, and what stands below it has to be read."""
    rng = play.rng
    word = rng.choice(WORDS)
    points = list(dict.fromkeys(_filled(rng.choice(POINTS), word, rng) for _ in range(rng.randint(1, 3))))
    head = rng.choice(["# {}", "{}:", "== {} ==", "## {}"]).format(word.capitalize())
    mark = rng.choice(["- ", "* ", ""])
    path = _path(rng)
    lines = [head, *(f"{mark}{point}" for point in points)]
    before = _beside(word, rng)[:2]
    tree = {path: "\n".join([*before, *([""] if before else []), *lines]) + "\n"}
    if any(word in line for line in [*before, *points]) or not _sought(play, word, tree, "told", "below"):
        return False
    play.do("read_file", play.maybe(f"{path} mentions it.", 0.7), path=path)
    copied = it_says(lines[1:])
    return bool(copied) and play.show("\n".join(lines[1:]), thought=copied)


SEEKS: Kinds = {
    "seek": (0.17, ("search_files",), seek),
    "seek answer": (0.2, ("search_files",), answer),
    "seek below": (0.08, ("search_files", "read_file"), section),
}
