"""Scenarios in which a file is read as a whole, files are looked for, a note is thrown away, or a date comes in."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from rookery_training import workspace_files as files
from rookery_training.fixed_words import HAS_RESULT, NOT_THERE
from rookery_training.pools import POOLS
from rookery_training.values import draw
from rookery_training.workspace_change import new_file, put, write
from rookery_training.workspace_files import FACTS, Document
from rookery_training.workspace_lines import counted, it_says
from rookery_training.workspace_orders import disturbed, not_asked
from rookery_training.workspace_play import Kinds, Play

REFUSED = 0.1
ORDERS = 0.12
ZONES = ("UTC+00:00", "CET, UTC+01:00", "CEST, UTC+02:00", "EST, UTC-05:00", "PST, UTC-08:00", "IST, UTC+05:30")
EVENTS = ("founding", "opening", "purchase", "renovation", "first edition", "merger", "graduation", "wedding", "move")


def read(play: Play) -> bool:
    """All of a file, its beginning, or some of its lines; a file that is not there is said to be missing."""
    rng = play.rng
    document = files.any_document(play.rng)
    kind = rng.choice(["read", "read", "first", "lines", "gone"])
    if kind == "read" and rng.random() < ORDERS:
        document, play.ordered = disturbed(document, play.phrases, rng), True
    path = put(play, document)
    shown = document.text.splitlines()
    if kind == "gone":
        wrong = files.stem("essay tickets insurance passport warranty contract", rng) + ".txt"
        play.made.say(path=wrong)
        play.made.ask = play.phrases.whole(rng.choice(["read", "first"]))
        said = (
            play.do("read_file", path=wrong)
            if "first" not in play.made.ask.lower()
            else play.do("read_file", path=wrong, lines=1)
        )
        if "did you mean" in said:
            return False
        if play.can("list_files"):
            play.do("list_files", play.maybe(f"There is no {wrong}, so I look at what there is."))
        return play.answer("reply", "gone", thought=NOT_THERE, says=[wrong])
    play.made.ask = play.phrases.whole(kind)
    first = ""
    if kind == "lines":
        if len(shown) < 3:
            return False
        start = rng.randint(2, len(shown) - 1)
        count = rng.randint(2, max(2, len(shown) - start + 1))
        play.made.say(start=start, lines=count)
        play.do("read_file", path=path, start=start, lines=count)
        shown = shown[start - 1 : start - 1 + count]
    elif kind == "first":
        seen = play.do("read_file", path=path, lines=1)
        shown = shown[:1]
        first = it_says(shown) if "\n" in seen else ""
    else:
        play.do("read_file", path=path)
    thought = not_asked("") if play.ordered else first or HAS_RESULT
    return play.show("\n".join(shown), thought)


def count_files(play: Play) -> bool:
    """How many files a folder has, or whether one is in it."""
    rng = play.rng
    folder = files.folder(rng)
    tree = {
        f"{folder}/{(document := files.any_document(play.rng)).name}": document.text for _ in range(rng.randint(1, 5))
    }
    play.made.say(folder=folder)
    play.begin({**tree, **files.others(rng, tree, [], 1)})
    inside = [path for path in play.made.files if path.startswith(f"{folder}/")]
    if len(inside) != len(tree):
        return False
    names = [path.rpartition("/")[2] for path in inside]
    kind = rng.choice(["count", "there", "not_there"])
    if kind == "count":
        if not 1 < len(names) < 9:
            return False
        play.made.say(value=len(names))
        play.made.ask = play.phrases.whole("files")
        play.do("list_files", folder=folder)
        return play.answer("reply", "files", thought=counted(sorted(names)) or HAS_RESULT, says=[str(len(names))])
    name = rng.choice(names) if kind == "there" else files.any_document(play.rng).name
    if (name in names) != (kind == "there"):
        return False
    play.made.say(name=name)
    play.made.ask = play.phrases.whole("exists")
    several = "\n" in play.do("list_files", folder=folder)
    thought = it_says([name]) if kind == "there" and several else HAS_RESULT
    return play.answer("reply", kind, thought=thought)


def which(play: Play) -> bool:
    """In which file something is."""
    rng = play.rng
    document = files.table(rng, numeric=True, titled=rng.random() < 0.4)
    word = document.title or rng.choice(document.entries)[0]
    path = put(play, document, word)
    play.made.say(word=word)
    play.made.ask = play.phrases.whole("which")
    found = play.do("search_files", text=word)
    return len({line.partition(":")[0] for line in found.splitlines()}) == 1 and play.answer(
        "reply", "which", says=[path]
    )


def _noted(play: Play) -> tuple[str, str]:
    """A note about something, among others; its id and what it is about."""
    rng = play.rng
    key = rng.choice(list(FACTS))
    ref = rng.randint(1, 40)
    notes = {str(ref): f"the {key} is {draw(FACTS[key], rng).said}"}
    other = draw("note", rng).said
    if not set(other.lower().split()) & set(key.lower().split()):
        notes[str(ref + rng.randint(1, 9))] = other
    play.made.say(key=key)
    play.begin({}, notes)
    return str(ref), key


def forget(play: Play) -> bool:
    """A note goes; which one, recall tells."""
    ref, key = _noted(play)
    play.made.ask = play.phrases.whole("forget")
    play.do("recall", play.maybe("I need the note's id."), query=key)
    first = play.maybe(f"It is note {ref}.")
    if play.rng.random() < REFUSED:
        play.denied("forget", first, note=ref)
        return play.refused(f"delete note {ref}")
    play.do("forget", first, note=ref)
    return play.answer("reply", "forget")


def renote(play: Play) -> bool:
    """A note is replaced."""
    ref, key = _noted(play)
    new = draw(FACTS[key], play.rng).said
    if new in play.made.notes[ref]:
        return False
    play.made.say(new=new)
    play.made.ask = play.phrases.whole("renote")
    play.do("recall", play.maybe("I need the id of the old note."), query=key)
    play.do("forget", play.maybe(f"It is note {ref}."), note=ref)
    play.do("remember", play.maybe("Now the new one."), text=f"the {key} is {new}")
    return play.answer("reply", "renote")


def _clock(play: Play, first: str = "") -> datetime:
    now = datetime(2024, 1, 1) + timedelta(seconds=play.rng.randrange(5 * 365 * 86_400))
    play.told("clock", f"{now:%A %Y-%m-%d %H:%M:%S}, local time ({play.rng.choice(ZONES)})", first)
    return now


def today(play: Play) -> bool:
    """The date goes into a new file."""
    out = new_file(play)
    play.begin(files.others(play.rng, [out], [], 1))
    play.made.ask = play.phrases.whole("today")
    date = f"{_clock(play, play.maybe('I need the date first.')):%Y-%m-%d}"
    play.made.say(value=date)
    return write(play, "today", f"write {out}", play.maybe(f"Today is {date}."), out, date)


def dated(play: Play) -> bool:
    """The date goes below what a file has."""
    path = put(play, files.lines(play.rng, 1, 3))
    play.made.ask = play.phrases.whole("dated")
    date = f"{_clock(play, play.maybe('I need the date first.')):%Y-%m-%d}"
    play.made.say(value=date)
    old = play.do("read_file", play.maybe("I need what is in it so far."), path=path)
    return write(play, "dated", f"change {path}", play.maybe(f"Now I add {date}."), path, f"{old}\n{date}")


def years(play: Play) -> bool:
    """How long ago something was."""
    rng: random.Random = play.rng
    event, year = rng.choice(EVENTS), rng.randint(1890, 2021)
    company = rng.choice(POOLS["company"])
    text = rng.choice(
        [
            f"{event}: {year}\nplace: {rng.choice(POOLS['city'])}\n",
            f"{company}\nThe {event} was in {year}.\n",
            f"{event} = {year}\n",
        ]
    )
    path = put(play, Document(files.stem("history about facts family chronicle", rng), rng.choice(["txt", "md"]), text))
    play.made.say(event=event, year=year)
    play.made.ask = play.phrases.whole("years")
    play.do("read_file", path=path)
    now = _clock(play, play.maybe(f"It was {year}; now I need today's date."))
    value = play.do("calculator", play.maybe("Now I subtract."), expression=f"{now.year} - {year}")
    play.made.say(value=value)
    return play.answer("reply", "years", says=[value])


EDITS: Kinds = {
    "read": (0.09, ("read_file",), read),
    "count files": (0.03, ("list_files",), count_files),
    "which": (0.025, ("search_files",), which),
    "forget": (0.03, ("recall", "forget"), forget),
    "renote": (0.02, ("recall", "forget", "remember"), renote),
    "today": (0.015, ("clock", "write_file"), today),
    "dated": (0.015, ("clock", "read_file", "write_file"), dated),
    "years": (0.02, ("clock", "read_file", "calculator"), years),
}
"""How often each comes up, and the tools it needs."""
