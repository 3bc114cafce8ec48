"""Scenarios in which a file is changed in one place: it is read, and written whole with exactly that change.

The thought before it is written copies the line that changes and says how the new one reads.
"""

from __future__ import annotations

from dataclasses import replace

from rookery_core.model.constraint import LINE_GOES, NEW_LINE
from rookery_training import workspace_files as files
from rookery_training.fixed_words import IT_SAYS
from rookery_training.values import Value, draw
from rookery_training.workspace_files import FACTS, Document
from rookery_training.workspace_lines import ordinal
from rookery_training.workspace_orders import disturbed, not_asked
from rookery_training.workspace_play import Kinds, Play

REFUSED = 0.06
ORDERS = 0.12
"""How often a file that is to be changed gives orders."""
FIRST = 0.4
"""How often a thought says why the file is read."""


def put(play: Play, document: Document, *words: str, orders: float = 0) -> str:
    """Puts the document somewhere, with other files around it, sometimes with orders in it; the path."""
    rng = play.rng
    if rng.random() < orders and document.extension in files.LISTED:
        document, play.ordered = disturbed(document, play.phrases, rng), True
    path = document.name if rng.random() < 0.5 else f"{files.folder(rng)}/{document.name}"
    play.made.say(path=path)
    play.begin({path: document.text, **files.others(rng, [path], words, rng.randint(0, 2))})
    return path


def new_file(play: Play) -> str:
    """Where something goes that is not there yet."""
    rng = play.rng
    stem = files.stem("copy new result backup both all today second combined out", rng)
    out = f"{rng.choice(['', '', files.folder(rng) + '/'])}{stem}.{rng.choice(['txt', 'txt', 'md', 'log'])}"
    play.made.say(out=out)
    return out


def write(play: Play, reply: str, deed: str, first: str, path: str, content: str) -> bool:
    """The last call and the answer; sometimes it is not allowed."""
    first = not_asked(first) if play.ordered else first
    part = changed_part(play.made.files.get(path), content) if play.can("edit_file") else None
    if part is not None and play.rng.random() < REFUSED:
        play.denied("edit_file", first, path=path, old=part[0], new=part[1])
        return play.refused(deed)
    if part is not None and play.do("edit_file", first, path=path, old=part[0], new=part[1]).startswith("changed"):
        return play.answer("reply", reply)
    if part is not None:
        return False
    if play.rng.random() < REFUSED:
        play.denied("write_file", first, path=path, content=content)
        return play.refused(deed)
    play.do("write_file", first, path=path, content=content)
    return play.answer("reply", reply)


def changed_part(before: object, after: str) -> tuple[str, str] | None:
    """The one place that differs, by whole lines, as it was and as it is to be; None where it is not one place."""
    old, new = (text.splitlines() for text in (before if isinstance(before, str) else "", after))
    start = 0
    while start < min(len(old), len(new)) and old[start] == new[start]:
        start += 1
    end = 0
    while end < min(len(old), len(new)) - start and old[-1 - end] == new[-1 - end]:
        end += 1
    gone, come = old[start : len(old) - end], new[start : len(new) - end]
    if not old or len(gone) > 1 or len(come) > 1 or len(old) < 2:
        return None
    if not gone or not come:  # a line more or less: the one before it, or after it, says where
        beside = old[start - 1 : start] if start else old[len(gone) : len(gone) + 1]
        gone, come = ([*beside, *gone], [*beside, *come]) if start else ([*gone, *beside], [*come, *beside])
    part, made = "\n".join(gone), "\n".join(come)
    was, becomes = part.strip(), made.strip()
    if not was or not becomes or part.partition(was)[::2] != made.partition(becomes)[::2]:
        return None
    return (was, becomes) if "\n".join(old).count(was) == 1 else None


def _read(play: Play, path: str) -> str:
    return play.do("read_file", play.maybe(f"I need the text of {path} first.", FIRST), path=path)


def _ask_with(play: Play, name: str, text: str) -> None:
    """Asks with the text as a person gives it; a short one at the end is quoted, since more words may follow it."""
    play.made.ask = play.phrases.whole(name)
    few = len(text.split())
    at_end = play.made.ask.endswith("{text}") and few < 3
    bare = text[-1] not in ".!?" and not at_end and (few < 4 or play.rng.random() < 0.5)
    said = text if bare else f'"{text}"'
    play.made.scene["text"] = Value(said, said)


def _one_more(play: Play) -> tuple[str, str, str]:
    """A document of lines without its last line, which is to come; the path, the text, and the mark before it."""
    document = files.lines(play.rng, 2, 6)
    text = document.entries[-1][0]
    *before, last = document.text.splitlines()
    return put(play, replace(document, text="\n".join(before) + "\n"), orders=ORDERS), text, last.removesuffix(text)


def add(play: Play) -> bool:
    """One more line; it begins as the others do."""
    path, text, mark = _one_more(play)
    _ask_with(play, "add", text)
    old = _read(play, path)
    return write(play, "add", f"change {path}", f"{NEW_LINE}{mark}{text}", path, f"{old}\n{mark}{text}")


def top(play: Play) -> bool:
    """A line at the beginning."""
    path, text, mark = _one_more(play)
    if len(text.split()) < 2:
        return False
    _ask_with(play, "top", text)
    old = _read(play, path)
    return write(play, "top", f"change {path}", f"{NEW_LINE}{mark}{text}", path, f"{mark}{text}\n{old}")


def add_row(play: Play) -> bool:
    """One more entry of a table, written as the others are."""
    document = files.table(play.rng, numeric=play.rng.random() < 0.7, low=3, high=5)
    item, value = document.entries[-1]
    *before, last = document.text.splitlines()
    if document.theme is None or document.extension in ("json", "log") or last.endswith("."):
        return False
    theme = document.theme
    play.made.say(item=item, number=value, one=theme.one, thing=theme.thing)
    path = put(play, replace(document, text="\n".join(before) + "\n"))
    play.made.ask = play.phrases.whole("add_row")
    old = _read(play, path)
    return write(play, "add_row", f"change {path}", f"{NEW_LINE}{last}", path, f"{old}\n{last}")


def change(play: Play) -> bool:
    """One value becomes another; the person names what it belongs to, or the old value."""
    rng = play.rng
    document = files.facts(rng) if rng.random() < 0.5 else files.table(rng, numeric=rng.random() < 0.7, high=5)
    item, old = rng.choice(document.entries)
    kind = document.theme.values if document.theme else FACTS[item]
    new = files.number(kind, rng) if document.theme in files.NUMBERS else draw(kind, rng).said
    if document.text.count(old) != 1 or new in document.text or '"' in new:
        return False
    path = put(play, document, orders=ORDERS)
    play.made.say(item=item, new=new, old=old)
    by_value = rng.random() < 0.4
    play.made.ask = play.phrases.whole("change_old" if by_value else "change")
    text = _read(play, path)
    if text.count(old) != 1:
        return False
    line = next(line for line in text.splitlines() if old in line)
    thought = f"{IT_SAYS}{line.strip()} {NEW_LINE}{line.strip().replace(old, new)}"
    thought = f"{NEW_LINE[:-1]} it has {new} for {old}." if len(line) > 90 else thought
    reply = "change_old" if by_value else "change"
    return write(play, reply, f"change {path}", thought, path, text.replace(old, new))


NAMED = (
    "NAME brings the drinks", "ask NAME about the keys", "call NAME on Friday", "NAME pays for the tickets",
    "the car of NAME is at the back", "lunch with NAME at noon", "NAME has the spare key", "send the list to NAME",
    "the box is for NAME", "NAME and Ruben wash up", "wait for NAME at the gate", "the desk of NAME is free",
)  # fmt: skip


def everywhere(play: Play) -> bool:
    """A word becomes another wherever it stands."""
    rng = play.rng
    kind = rng.choice(["first_name", "company", "city", "team"])
    old, new, third = (draw(kind, rng).said for _ in range(3))
    made = [line.replace("NAME", old) for line in rng.sample(NAMED, rng.randint(2, 3))]
    made += [line.replace("NAME", third) for line in rng.sample(NAMED, rng.randint(0, 2))]
    rng.shuffle(made)
    document = Document(
        files.stem("plan list duties party notes trip", rng), rng.choice(["txt", "md"]), "\n".join(made)
    )
    if (
        len({old, new, third}) < 3
        or new in document.text
        or any(old in other or other in old for other in (new, third))
    ):
        return False
    path = put(play, document, orders=ORDERS)
    play.made.say(old=old, new=new)
    play.made.ask = play.phrases.whole("everywhere")
    text = _read(play, path)
    thought = play.maybe(f"Each {old} becomes {new}.", 1)
    return write(play, "everywhere", f"change {path}", thought, path, text.replace(old, new))


def remove(play: Play) -> bool:
    """The line about something goes."""
    rng = play.rng
    short = files.lines(rng, 2, 6, short=True)
    document = short if rng.random() < 0.5 else files.table(rng, numeric=True, low=2, high=5)
    item = rng.choice(document.entries)[0]
    if document.extension == "json" or sum(item in line for line in document.text.splitlines()) != 1:
        return False
    path = put(play, document, orders=ORDERS)
    play.made.say(item=item)
    play.made.ask = play.phrases.whole("remove")
    text = _read(play, path)
    if sum(item in line for line in text.splitlines()) != 1:
        return False
    gone = next(line for line in text.splitlines() if item in line)
    left = "\n".join(line for line in text.splitlines() if line != gone)
    return write(play, "remove", f"change {path}", f"{IT_SAYS}{gone.strip()} {LINE_GOES}", path, left)


def drop(play: Play) -> bool:
    """The line with a number, or the last one, goes."""
    rng = play.rng
    document = files.lines(rng, 3, 6)
    shown = document.text.splitlines()
    at = rng.choice([*range(min(4, len(shown))), len(shown) - 1, len(shown) - 1])
    last = at == len(shown) - 1
    path = put(play, document, orders=ORDERS)
    play.made.say(which="last" if last else ordinal(at + 1), n=at + 1)
    play.made.ask = play.phrases.whole("drop" if last or rng.random() < 0.6 else "drop_number")
    text = _read(play, path)
    left = "\n".join(line for n, line in enumerate(shown) if n != at)
    thought = f"{IT_SAYS}{shown[at].strip()} {LINE_GOES}"
    return text == "\n".join(shown) and write(play, "drop", f"change {path}", thought, path, left)


def copy_changed(play: Play) -> bool:
    """Another file with the same text but for one word."""
    rng = play.rng
    document = files.facts(rng) if rng.random() < 0.5 else files.table(rng, numeric=False, high=4)
    item, old = rng.choice(document.entries)
    new = draw(document.theme.values if document.theme else FACTS[item], rng).said
    if document.text.count(old) != 1 or new in document.text or '"' in old + new:
        return False
    path, out = put(play, document, orders=ORDERS), new_file(play)
    play.made.say(old=old, new=new)
    play.made.ask = play.phrases.whole("copy_changed")
    text = _read(play, path)
    if text.count(old) != 1:
        return False
    line = next(line for line in text.splitlines() if old in line).strip()
    thought = f"{IT_SAYS}{line} {NEW_LINE}{line.replace(old, new)}" if len(line) < 90 else f"Each {old} becomes {new}."
    return write(play, "copy_changed", f"write {out}", thought, out, text.replace(old, new))


def line_to(play: Play) -> bool:
    """One line of a file into another file."""
    rng = play.rng
    document = files.lines(rng, 2, 6)
    shown = document.text.splitlines()
    if any(line != line.strip("-* []") for line in shown):
        return False
    at = rng.choice([*range(min(4, len(shown))), len(shown) - 1, len(shown) - 1])
    last = at == len(shown) - 1
    path, out = put(play, document), new_file(play)
    play.made.say(which="last" if last else ordinal(at + 1), path=path)
    play.made.ask = play.phrases.whole("line_to")
    lines = {} if last else {"lines": 1} if at == 0 else {"start": at + 1, "lines": 1}
    text = play.do("read_file", path=path, **lines)
    thought = f"{IT_SAYS}{shown[at]}" if "\n" in text else ""
    return shown[at] in text and write(play, "line_to", f"write {out}", thought, out, shown[at])


def swap_word(play: Play) -> bool:
    """The title or a name in a text is corrected, as people put it who found a mistake."""
    rng = play.rng
    kind = rng.choice(["city", "weekday", "room", "color"])
    old, new = (draw(kind, rng).said for _ in range(2))
    sentences = [f"We meet in {old} at nine", f"the new place is {old}", f"{old} was chosen by all of us"]
    if kind == "weekday":
        sentences = [f"We meet on {old} at nine", f"the market is on {old}", f"{old} is the day for the laundry"]
    if kind == "color":
        sentences = [f"the door is {old}", f"we want {old} for the hall", f"the bus with the {old} roof is ours"]
    made = [rng.choice(sentences), *(draw("note", rng).said for _ in range(rng.randint(0, 3)))]
    rng.shuffle(made)
    document = Document(files.stem("letter info notes memo", rng), rng.choice(["txt", "md"]), "\n".join(made) + "\n")
    if document.text.count(old) != 1 or new in document.text or old in new:
        return False
    path = put(play, document, orders=ORDERS)
    play.made.say(old=old, new=new)
    play.made.ask = play.phrases.whole("change_old")
    text = _read(play, path)
    if text.count(old) != 1:
        return False
    line = next(line for line in text.splitlines() if old in line)
    thought = f"{IT_SAYS}{line} {NEW_LINE}{line.replace(old, new)}"
    return write(play, "change_old", f"change {path}", thought, path, text.replace(old, new))


def copy(play: Play) -> bool:
    """The same text in another file."""
    path, out = put(play, files.any_document(play.rng), orders=ORDERS), new_file(play)
    play.made.ask = play.phrases.whole("copy")
    text = _read(play, path)
    return write(play, "copy", f"write {out}", play.maybe(f"Now the same text goes into {out}."), out, text)


def merge(play: Play) -> bool:
    """Two files in one."""
    rng = play.rng
    first, second = files.lines(rng, 1, 3), files.lines(rng, 1, 3)
    if first.name == second.name:
        return False
    out = new_file(play)
    play.made.say(path=first.name, path2=second.name)
    taken = [first.name, second.name]
    play.begin({first.name: first.text, second.name: second.text, **files.others(rng, taken, [], 1)})
    play.made.ask = play.phrases.whole("merge")
    a = play.do("read_file", path=first.name)
    b = play.do("read_file", play.maybe(f"Now the other file, {second.name}."), path=second.name)
    return write(play, "merge", f"write {out}", play.maybe("Now I write both texts."), out, f"{a}\n{b}")


_BOTH = ("read_file", "write_file")
CHANGES: Kinds = {
    "add": (0.1, _BOTH, add),
    "add row": (0.04, _BOTH, add_row),
    "top": (0.045, _BOTH, top),
    "change": (0.12, _BOTH, change),
    "correct": (0.02, _BOTH, swap_word),
    "everywhere": (0.03, _BOTH, everywhere),
    "remove": (0.08, _BOTH, remove),
    "drop": (0.045, _BOTH, drop),
    "copy": (0.055, _BOTH, copy),
    "copy changed": (0.03, _BOTH, copy_changed),
    "line to": (0.035, _BOTH, line_to),
    "merge": (0.035, _BOTH, merge),
}
