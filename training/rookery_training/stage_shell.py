"""Calls to the shell: small files, what the real programs print of them, and what a person is told of that."""

from __future__ import annotations

import random
import re

from rookery_training import workspace_files as files
from rookery_training.fixed_words import FAILED
from rookery_training.pools import POOLS
from rookery_training.stage import Made, Stage
from rookery_training.values import draw
from rookery_training.workspace_room import shell_said

_EVERYWHERE = """
wc cat head tail sort nl tac cut grep ls find du stat md5sum sha256sum basename dirname echo seq expr date test
rev tr sed awk
"""
PLAYED = frozenset(_EVERYWHERE.split())
"""Programs that are everywhere and change nothing."""
MISSING = 0.12
"""How often a file or folder that is named is not there."""
NAMED = re.compile(r"[\w./-]+\.(?:txt|md|csv|log)\b")
LONG = 500


def shell(stage: Stage) -> bool:
    command = stage.arguments["command"]
    words = command.split()
    if words[0] == "git":
        return _git(stage, words)
    if words[0] not in PLAYED or words[-1] in ("-f", "-d"):
        return False
    rng, there = stage.rng, stage.rng.random() > MISSING
    named = NAMED.findall(command) if words[0] not in ("basename", "dirname", "echo") else []
    folder = _folder(words)
    tree = {name: _text(rng) for name in named if there}
    if folder and there:
        tree |= {f"{folder}/{files.any_document(rng).name}": _text(rng) for _ in range(rng.randint(1, 4))}
    tree |= files.others(rng, [*tree, *named], [folder] if folder else [], rng.randint(1, 3))
    if any(path.startswith(f"{other}/") for path in tree for other in tree):
        return False
    stage.set(tree)
    assert stage.room is not None
    output, code = stage.room.run(command)
    if len(output) > LONG:
        return False
    stage.steps.append(Made(stage.tool, stage.arguments, shell_said(output, code)))
    return _told(stage, words, output, code, named[0] if named else folder)


def _text(rng: random.Random) -> str:
    return files.any_document(rng).text


def _folder(words: list[str]) -> str:
    """The folder that is looked into; "" for this one."""
    if words[0] not in ("ls", "find", "du", "test") or words[1:2] == ["-f"]:
        return ""
    return next((word for word in words[1:] if word[0] not in "-.*|'" and word not in ("f", "wc")), "")


def _told(stage: Stage, words: list[str], output: str, code: int, name: str) -> bool:
    """What a person is told."""
    rng, command = stage.rng, " ".join(words)
    lines = output.splitlines()
    if code and not output:
        return stage.tell(f"No line of {name} has that.", f"There is no such line in {name}.", "It found nothing.")
    if code:
        return stage.tell(f"That did not work: {lines[-1]}", thought=FAILED)
    if not output:
        return stage.tell("It printed nothing.", "There was no output.", f"`{command}` printed nothing.")
    if lines[-1].isdigit() and command.endswith("| wc -l") and words[0] in ("ls", "find"):
        return stage.tell(f"There are {output}.", f"It counts {output}.", output)
    if words[0] == "wc" and len(words) > 2:
        what = {"-l": "line", "-w": "word", "-c": "byte"}[words[1]]
        number = lines[-1].split()[0]
        many = what if number == "1" else f"{what}s"
        return stage.tell(f"{name} has {number} {many}.", f"{number} {many}.", f"There are {number} {many} in {name}.")
    if words[0] == "wc":
        n_lines, n_words, n_bytes = lines[-1].split()[:3]
        return stage.tell(f"{name}: {n_lines} lines, {n_words} words and {n_bytes} bytes.")
    if words[:2] in (["grep", "-c"], ["stat", "-c"]) or command.endswith("| wc -l"):
        of = {"grep": "matching lines", "stat": "bytes"}.get(words[0], "lines")
        return stage.tell(f"{output} {of}.", f"{name}: {output} {of}.")
    if words[0] == "du":
        return stage.tell(f"{name} takes {output.split()[0]}.", f"{output.split()[0]}.")
    if words[0] in ("md5sum", "sha256sum"):
        return stage.tell(f"It is {output.split()[0]}.", output.split()[0])
    if words[0] == "ls" and "-l" in command:
        found = [line.split(maxsplit=8)[8] for line in lines if line[0] in "-d"]
        found = [each for each in found if each not in (".", "..")]
        return stage.tell(_listed(found, rng))
    if words[0] in ("ls", "find"):
        return stage.tell(_listed([each for each in lines if each not in (".", "..")], rng))
    if len(lines) == 1:
        return stage.tell(output, f"It prints: {output}", f"The output is {output}", f"It says: {output}")
    return stage.tell(output, f"It prints:\n{output}", f"The output is:\n{output}")


def _listed(found: list[str], rng: random.Random) -> str:
    if len(found) == 1:
        return rng.choice([f"There is {found[0]}.", found[0]])
    return rng.choice(["\n".join(f"- {each}" for each in found), f"There are {len(found)}: {', '.join(found)}"])


def _git(stage: Stage, words: list[str]) -> bool:
    """As git writes it, of a repository that nobody has."""
    rng = stage.rng
    count = next((int(word.lstrip("-")) for word in words[2:] if word.lstrip("-").isdigit()), 2)
    commits = [(f"{rng.getrandbits(28):07x}", draw("message", rng).said) for _ in range(count)]
    file, other = (f"{rng.choice(POOLS['file_stem'])}.{rng.choice(['py', 'md', 'js', 'txt'])}" for _ in range(2))
    branch = rng.choice(["main", "develop", "master"])
    match words[1:]:
        case ["log", "-1", *_]:
            said = commits[0][1]
            answers = [f"The last commit says: {said}", said]
        case ["log", *_]:
            said = "\n".join(" ".join(each) for each in commits)
            answers = [said, "\n".join(f"- {text} ({ref})" for ref, text in commits)]
        case ["status", *more]:
            said = f" M {file}\n?? {other}"
            if not more:
                said = (
                    f"On branch {branch}\nChanges not staged for commit:\n\tmodified:   {file}\n\n"
                    f"Untracked files:\n\t{other}\n\nno changes added to commit"
                )
            answers = [f"{file} is changed, and {other} is new.", f"Changed: {file}. New: {other}."]
        case ["branch"]:
            said = f"  feature/{rng.choice(POOLS['file_stem'])}\n* {branch}"
            answers = [f"You are on {branch}; the other branch is {said.split()[0]}."]
        case ["rev-parse", *_]:
            said = commits[0][0]
            answers = [f"It is {said}.", said]
        case _:
            return False
    if rng.random() < MISSING:
        said = "fatal: not a git repository (or any of the parent directories): .git"
        stage.steps.append(Made(stage.tool, stage.arguments, shell_said(said, 128)))
        return stage.tell(f"That did not work: {said}", thought=FAILED)
    stage.steps.append(Made(stage.tool, stage.arguments, shell_said(said, 0)))
    return stage.tell(*answers)
