"""Scenarios in which a call goes wrong, or what is asked for is not there: it goes on where that is plain."""

from __future__ import annotations

from rookery_training import workspace_files as files
from rookery_training.fixed_words import FAILED, NOT_THERE
from rookery_training.values import Value, draw
from rookery_training.workspace_change import put
from rookery_training.workspace_play import Kinds, Play
from rookery_training.workspace_write import text as dictated


def other_number(play: Play) -> bool:
    """The file with that number is not there; one with another number is another file."""
    rng = play.rng
    word = rng.choice(["invoice", "chapter", "report", "week", "letter", "room", "lesson", "bill", "draft", "page"])
    mark = rng.choice("-_")
    wanted, there = rng.sample(range(1, 60), 2)
    folder = rng.choice(["", "", f"{files.folder(rng)}/"])
    path, other = (f"{folder}{word}{mark}{n}.txt" for n in (wanted, there))
    play.made.say(path=path)
    play.begin({other: files.any_document(play.rng).text, **files.others(rng, [path, other], [], 1)})
    play.made.ask = play.phrases.whole("read")
    said = play.do("read_file", path=path)
    return "did you mean" in said and play.answer("reply", "gone", thought=NOT_THERE, says=[path])


def misspelt(play: Play) -> bool:
    """A slip in the name of a file: the tool names the right one, which is plainly meant."""
    rng = play.rng
    document = files.any_document(play.rng)
    stem = document.stem
    if len(stem) < 5 or "." not in document.name:
        return False
    at = rng.randrange(1, len(stem) - 2)
    slips = [
        stem[:at] + stem[at + 1 :],
        stem[:at] + stem[at] + stem[at:],
        stem[:at] + stem[at + 1] + stem[at] + stem[at + 2 :],
    ]
    wrong_stem = rng.choice([*slips, stem.replace("_", "-"), stem.replace("-", "_")])
    if wrong_stem == stem or sorted(filter(str.isdigit, wrong_stem)) != sorted(filter(str.isdigit, stem)):
        return False
    right = put(play, document)
    wrong = right.removesuffix(document.name) + f"{wrong_stem}.{document.extension}"
    if wrong in play.made.files:
        return False
    play.made.scene["path"] = Value(wrong, right)
    play.made.ask = play.phrases.whole("read")
    if f"did you mean {document.name}?" not in play.do("read_file", path=wrong):
        return False
    text = play.do("read_file", play.maybe(f"It is called {right}."), path=right)
    return play.show(text)


def folder_read(play: Play) -> bool:
    """A folder is not read but listed; the one file in it is what is meant."""
    rng = play.rng
    folder, document = files.folder(rng), files.any_document(play.rng)
    path = f"{folder}/{document.name}"
    play.made.scene["path"] = Value(folder, path)
    play.begin({path: document.text})
    play.made.ask = play.phrases.whole("read")
    play.do("read_file", learn=False, path=folder)
    play.do("list_files", play.maybe(f"{folder} is a folder."), folder=folder)
    text = play.do("read_file", play.maybe(f"The file is {path}."), path=path)
    return play.show(text)


def empty(play: Play) -> bool:
    """There is nothing in the file."""
    rng = play.rng
    path = f"{rng.choice(['', files.folder(rng) + '/'])}{files.lines(rng).name}"
    play.made.say(path=path)
    play.begin({path: "", **files.others(rng, [path], [], 1)})
    play.made.ask = play.phrases.whole(rng.choice(["read", "remove", "change"]))
    play.made.say(item=rng.choice(list(files.FACTS)), new=draw("word", rng).said)
    play.do("read_file", path=path)
    return play.answer("reply", "empty", thought=NOT_THERE, says=["empty"])


def nowhere(play: Play) -> bool:
    """No file has the word."""
    rng = play.rng
    word = rng.choice(
        [draw("title", rng).said, draw("person", rng).said, draw("company", rng).said, draw("code", rng).said]
    )
    play.made.say(word=word, sought=word)
    play.begin(files.others(rng, [], [*word.split(), word], rng.randint(1, 3)))
    play.made.ask = play.phrases.whole("which")
    found = play.do("search_files", text=word)
    return "is in no file" in found and play.answer("reply", "nowhere", thought=NOT_THERE, says=[word])


def too_short(play: Play) -> bool:
    """The file has fewer lines than that."""
    rng = play.rng
    document = files.lines(rng, 2, 5)
    count = len(document.text.splitlines())
    n = count + rng.randint(1, 6)
    path = put(play, document)
    play.made.say(n=n, count=count)
    play.made.ask = play.phrases.page("nth")
    if "{which}" in play.made.ask:
        return False
    said = play.do("read_file", path=path, start=n, lines=1)
    return f"only {count} lines" in said and play.answer("reply", "line_short", thought=FAILED, says=[str(count)])


def not_in(play: Play) -> bool:
    """What is to be changed or removed is not in the file, which then stays as it is."""
    rng = play.rng
    document = files.any_document(play.rng)
    old, new = (draw(rng.choice(["word", "person", "product", "city"]), rng).said for _ in range(2))
    if any(word in document.text.lower() for word in old.lower().split()) or old == new:
        return False
    path = put(play, document)
    play.made.say(old=old, new=new, item=old)
    play.made.ask = play.phrases.whole(rng.choice(["change_old", "everywhere", "remove"]))
    play.do("read_file", path=path)
    return play.answer("reply", "not_in", thought=NOT_THERE, says=[old])


def into_folder(play: Play) -> bool:
    """A text is to go where a folder is."""
    rng = play.rng
    folder = files.folder(rng)
    text = dictated(rng)
    if "\n" in text or '"' in text or len(text.split()) < 2:
        return False
    play.made.say(path=folder, text=f'"{text}"')
    play.begin({f"{folder}/{files.lines(rng).name}": files.any_document(play.rng).text})
    play.made.ask = play.phrases.whole("write_text")
    said = play.do("write_file", path=folder, content=text)
    return "is a folder" in said and play.answer("reply", "is_folder", thought=FAILED, says=["folder"])


TROUBLES: Kinds = {
    "other number": (0.03, ("read_file",), other_number),
    "misspelt": (0.05, ("read_file",), misspelt),
    "folder read": (0.01, ("read_file", "list_files"), folder_read),
    "empty file": (0.02, ("read_file", "write_file"), empty),
    "nowhere": (0.03, ("search_files",), nowhere),
    "too short": (0.01, ("read_file",), too_short),
    "not in": (0.05, ("read_file", "write_file"), not_in),
    "into folder": (0.01, ("write_file",), into_folder),
}
