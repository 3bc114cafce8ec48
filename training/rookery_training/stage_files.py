"""Calls to the tools that find, change, move and delete files and read documents, to git and to the person."""

from __future__ import annotations

import fnmatch
import random

from rookery_training import workspace_files as files
from rookery_training.fixed_words import FAILED
from rookery_training.papers import docx, pdf
from rookery_training.pools import POOLS
from rookery_training.stage import Made, Play, Stage, called, misnamed
from rookery_training.stage_data import DATA
from rookery_training.stage_shell import shell
from rookery_training.values import draw

MOST_PAGES = 12
TROUBLE = 0.12


def _around(rng: random.Random, line: str) -> str:
    """A text of a few lines with this one in it."""
    made = [draw(rng.choice(["note", "message", "sentence"]), rng).said for _ in range(rng.randint(1, 3))]
    made.insert(rng.randint(0, len(made)), line)
    return "\n".join(made) + "\n"


def edit_file(stage: Stage) -> bool:
    rng, path, old = stage.rng, stage.arguments["path"], stage.arguments["old"]
    key = stage.said("key")
    line = f"{key} = {old}" if key else old if " " in old else f"{rng.choice(['for', 'see', 'about', 'with'])} {old}"
    trouble = rng.random()
    if trouble < TROUBLE and " " in old and old[0].isalpha():
        line = old[0].swapcase() + old[1:]
    text = _around(rng, line)
    if TROUBLE <= trouble < 1.5 * TROUBLE:
        text += f"{line}\n"
    name = misnamed(stage, path)
    stage.set({name: text, **files.others(rng, [name], [], 1)})
    said = called(stage, name)
    if said.startswith("that text is not in") and repr(line) in said:
        stage.arguments = {**stage.arguments, "old": line}
        said = stage.call(first=f"The file has it as: {line}")
    if " times (line " in said:
        lines = said.partition("(line ")[2].partition(")")[0]
        return stage.tell(
            f"That text is in {name} several times, in lines {lines}. Which one do you mean?", thought=FAILED
        )
    return said.startswith("changed") and stage.tell(
        f"I changed it in {name}.", f"{name} is changed.", f"{said[0].upper()}{said[1:]}.", f"Done, {said}."
    )


def move_file(stage: Stage) -> bool:
    rng, source, to = stage.rng, stage.arguments["source"], stage.arguments["destination"]
    whole = bool(stage.said("a"))
    name = source if whole else misnamed(stage, source)
    tree = {f"{source}/{files.lines(rng).name}": "one\n"} if whole else {name: _around(rng, "one")}
    inside = "." not in to.rpartition("/")[2]
    if not whole and inside and stage.said("folder"):
        tree[f"{to}/{files.facts(rng).name}"] = "two\n"
    elif not whole and not inside and rng.random() < TROUBLE:
        tree[to] = "two\n"
    if any(path.startswith(f"{other}/") for path in tree for other in tree) or to.startswith(f"{source}/"):
        return False
    stage.set(tree)
    said = called(stage, name, "source")
    if said.startswith("moved"):
        return stage.tell(f"I {said}.", f"Done: {said}.", f"{said[0].upper()}{said[1:]}.")
    return "already" in said and stage.fails(said)


def delete_file(stage: Stage) -> bool:
    rng, path = stage.rng, stage.arguments["path"]
    whole = "." not in path.rpartition("/")[2]
    name = path if whole else misnamed(stage, path)
    gone = rng.random() < TROUBLE
    tree = {f"{path}/{files.lines(rng).name}": "one\n"} if whole else {name: _around(rng, "one")}
    stage.set(files.others(rng, [name], [], 1) if gone and not whole else tree)
    said = stage.call() if gone else called(stage, name)
    if said.startswith("deleted"):
        where = stage.arguments["path"]
        return stage.tell(
            f"I deleted {where}; it is in the trash.", f"{where} is in the trash now.", f"Done, {where} is deleted."
        )
    return "did you mean" not in said and stage.is_missing(f"There is no {path} here, so I deleted nothing.")


def find_files(stage: Stage) -> bool:
    rng, pattern = stage.rng, stage.arguments["pattern"]
    folder = stage.arguments.get("folder", "")
    made: dict[str, str] = {}
    for _ in range(rng.randint(1, 3) if rng.random() > TROUBLE else 0):
        filler = rng.choice(POOLS["file_stem"]) + rng.choice(["", f"_{rng.randint(1, 40)}"])
        ending = "" if "." in pattern else f".{rng.choice(['txt', 'md', 'pdf', 'csv'])}"
        name = pattern.replace("*", filler, 1).replace("*", "")
        name = name if "." in name[-6:] else f"{name}{ending or '.txt'}"
        if fnmatch.fnmatch(name, pattern):
            inside = folder or (files.folder(rng) if rng.random() < 0.5 else "")
            made[f"{inside}/{name}" if inside else name] = "one\n"
    others = {path: text for path, text in files.others(rng, made, [], 2).items()
              if not fnmatch.fnmatch(path.rpartition("/")[2], pattern)}  # fmt: skip
    if folder:
        others[f"{folder}/{draw('word', rng).said.lower().replace(' ', '')}.bak"] = "two\n"
    tree = {**others, **made}
    if any(path.startswith(f"{other}/") for path in tree for other in tree):
        return False
    stage.set(tree)
    said = stage.call()
    if said.startswith("no file"):
        return stage.is_missing(f"No file{f' in {folder}' if folder else ''} is called like that.")
    found = said.splitlines()
    if len(found) == 1:
        return stage.tell(f"It is {found[0]}.", found[0], f"There is one: {found[0]}")
    return stage.tell("\n".join(f"- {path}" for path in found), f"There are {len(found)}: {', '.join(found)}")


def read_document(stage: Stage) -> bool:
    rng, path, pages = stage.rng, stage.arguments["path"], stage.arguments.get("pages", "")
    last = max(int(n) for n in pages.split("-")) if pages else 0
    if last > MOST_PAGES or (pages and path.endswith(".docx")):
        return False
    count = max(last, 1) + (rng.randint(0, 2) if pages else 0)
    if pages and rng.random() < TROUBLE and "-" not in pages and last > 2:
        count = last - 1

    def lines() -> list[str]:
        return [line for line in (draw(rng.choice(["sentence", "note"]), rng).said for _ in range(2)) if line.isascii()]

    made = [lines() for _ in range(count)]
    if not all(made):
        return False
    name = misnamed(stage, path)
    stage.set({name: docx(made[0]) if path.endswith(".docx") else pdf(made)})
    said = called(stage, name)
    if "there is no page" in said:
        return stage.fails(said)
    first = int(pages.split("-")[0]) - 1 if pages else 0
    shown = [line for page in made[first : last or 1] for line in page]
    if not said.startswith("[") or len(shown) > 4:
        return False
    return stage.tell(f"{name} says: {' '.join(shown)}", "\n".join(shown), f"It says: {' / '.join(shown)}")


def ask_user(stage: Stage) -> bool:
    choices = stage.arguments.get("choices") or []
    if not choices:
        return False
    chosen = str(stage.rng.choice(choices))
    stage.steps.append(_observed(stage, chosen))
    return stage.tell(f"You chose {chosen}.", f"{chosen}, then.", f"Your answer is {chosen}.")


def git(stage: Stage) -> bool:
    """As the tool writes it, of a repository that nobody has."""
    rng, operation = stage.rng, stage.arguments["operation"]
    branch = rng.choice(["main", "develop", "master"])
    file, other = (f"{rng.choice(POOLS['file_stem'])}.{rng.choice(['py', 'md', 'js', 'txt'])}" for _ in range(2))
    person, words = draw("first_name", rng).said, draw("message", rng).said
    day, ref = f"2026-{rng.randint(1, 12):02}-{rng.randint(1, 28):02}", f"{rng.getrandbits(28):07x}"
    match operation:
        case "status" if rng.random() < 0.3:
            said, answer = (
                f"On branch {branch}\nnothing to commit, working tree clean",
                f"Nothing is changed on {branch}.",
            )
        case "status":
            said = (
                f"On branch {branch}\nChanges not staged for commit:\n\tmodified:   {file}\n\n"
                f"Untracked files:\n\t{other}\n\nno changes added to commit"
            )
            answer = f"On {branch}, {file} is changed and {other} is new."
        case "log":
            said = f"{ref} {day} {person} (HEAD -> {branch}): {words}"
            answer = f"The last commit is {ref} of {day} by {person}: {words}"
        case "branches":
            said = f"  feature/{rng.choice(POOLS['file_stem'])} {ref} {day} {words}\n* {branch} {ref} {day} {words}"
            answer = f"You are on {branch}; the other branch is {said.split()[0]}."
        case _:
            return False
    stage.steps.append(_observed(stage, said))
    return stage.tell(answer)


def _observed(stage: Stage, said: str) -> Made:
    return Made(stage.tool, stage.arguments, said)


PLAYS: dict[str, Play] = {
    **DATA,
    "edit_file": edit_file,
    "move_file": move_file,
    "delete_file": delete_file,
    "find_files": find_files,
    "read_document": read_document,
    "ask_user": ask_user,
    "git": git,
    "shell": shell,
}
"""What is played for which tool."""
