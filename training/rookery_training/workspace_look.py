"""Scenarios in which a question to one file is answered out of the lines that have it."""

from __future__ import annotations

from typing import Any

from rookery_training import workspace_files as files
from rookery_training.fixed_words import HAS_RESULT
from rookery_training.values import Value
from rookery_training.workspace_change import write
from rookery_training.workspace_orders import not_asked, with_order
from rookery_training.workspace_pages import Page, draw_page
from rookery_training.workspace_play import Kinds, Play

ORDERS = 0.2
WRITTEN = 0.13
UNNAMED, MISNAMED = 0.25, 0.06
"""How often a person knows only the folder, or has the name of the file a little wrong."""
ONLY = ("the file in {}", "the only file in {}", "the one file in {}", "the file in the folder {}", "the file under {}")


def look(play: Play) -> bool:
    """The file is read, or its one line; the thought copies what has the answer."""
    rng = play.rng
    page = draw_page(rng)
    orders = page.orders and rng.random() < ORDERS
    lines = with_order(page.lines, play.phrases, rng) if orders else page.lines
    name = files.stem(page.stems, rng) if " " in page.stems else page.stems
    name = f"{name}.{page.extension}" if page.extension else name
    path = name if rng.random() < 0.5 else f"{rng.choice(['notes', files.folder(rng), files.folder(rng)])}/{name}"
    play.made.kind = f"page {page.ask}"
    play.made.say(**{"value": page.value, **page.slots, "path": path})
    play.begin({path: "\n".join(lines) + "\n", **files.others(rng, [path], [], rng.randint(0, 2))})
    play.made.ask = play.phrases.page(page.ask)
    writes = (
        bool(page.value) and page.ask not in ("open_on", "claim") and rng.random() < WRITTEN and play.can("write_file")
    )
    if writes and page.ask in ("nth", "last", "after") and page.value not in page.lines:
        return False
    if writes:
        tail = play.phrases.page("tail_write")
        play.made.ask = f"{play.made.ask}{'' if play.made.ask[-1] in '.?' else '.'} {tail}"
        play.made.say(out=f"{files.stem('result answer out found report', rng)}.{rng.choice(['txt', 'md'])}")
    alone: dict[str, Any] = {"start": page.from_line, "lines": 1} if page.from_line else {}
    seen = _read(play, path, alone)
    thought = page.thought if "\n" in seen else ""
    if len(seen) > 600:
        return False
    if orders:
        thought = not_asked(thought)
    if writes:
        out = str(play.made.scene["out"].argument)
        return write(play, "page_written", f"write {out}", thought, out, page.value)
    return _answer(play, page, thought or HAS_RESULT)


def _read(play: Play, path: str, alone: dict[str, Any]) -> str:
    """What the file says; sometimes the person has its name a little wrong, or knows only the folder."""
    rng = play.rng
    folder, _, name = path.rpartition("/")
    draw = rng.random()
    if draw < UNNAMED and folder and play.can("list_files"):
        others = [other for other in play.made.files if other != path and other.startswith(f"{folder}/")]
        words = rng.choice(ONLY).format(folder)
        if not others:
            play.made.scene["path"] = Value(words, path)
            play.do("list_files", play.maybe("I don't know the file's name yet."), folder=folder)
    elif draw > 1 - MISNAMED and "." in name:
        stem, _, extension = name.rpartition(".")
        other = rng.choice([e for e in ("txt", "md", "csv", "log") if e != extension])
        wrong = path.removesuffix(name) + rng.choice([stem, f"{stem}.{other}", f"{stem[:1]}{stem[2:]}.{extension}"])
        said = play.do("read_file", path=wrong, **alone)
        play.made.scene["path"] = Value(wrong, path)
        if f"did you mean {name}?" in said:
            return play.do("read_file", play.maybe(f"It is called {path}."), path=path, **alone)
        play.made.steps.clear()
        play.made.scene["path"] = Value(path, path)
    return play.do("read_file", path=path, **alone)


def _answer(play: Play, page: Page, thought: str) -> bool:
    play.answer("reply", page.reply, thought=thought)
    yes_or_no = [word for word in ("Yes", "No") if play.made.answer.startswith(f"{word},")]
    play.made.says = [*yes_or_no, *([page.value] if page.value else [])]
    return True


LOOKS: Kinds = {"page": (0.42, ("read_file",), look)}
