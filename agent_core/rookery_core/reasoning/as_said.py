"""Names as the person said them, where a call has one that nobody said.

A small model loses its way while it copies a name out of a sentence, and the file that it asks for then is nobody's. A
call that only reads gets the one that is there, one that makes a file the one that is not: nothing is lost by either.
Magpie that became Maggie is Magpie again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path

from rookery_core.errors import ArgumentsInvalid
from rookery_core.reasoning.step import ToolCall
from rookery_core.stems import stems
from rookery_core.tools.contract import Risk, Tool
from rookery_core.workspace import Workspace

WORDS = 200
"""Words of a request that are looked at."""
LONGEST_NAME = 4
"""Words that a name may have."""
_FILE = re.compile(r"[\w./-]*\w\.[A-Za-z]\w{0,7}")
"""What can only be a file's name, with its ending."""
SHORT = 6
"""Words of a text in which a name is looked at; a longer one is written, not copied."""
ALIKE = 0.6
"""The share of its letters (difflib's ratio) that a name has in common with what it was meant to be."""
_WORD = re.compile(r"[^\W_]{4,}")
_DIGITS = re.compile(r"\D")
_AROUND = "\"'`“”‘’«»()[]{}<>,;:!?"


def as_said(call: ToolCall, tool: Tool, workspace: Workspace, request: str, heard: str) -> ToolCall:
    """The call with the one file that the request names in place of a path that is wrong.

    As it is where the path is there or was said, and where the request names none that will do, or several. A tool that
    changes files gets only the name of a file of the same kind that is to be made, and only where it has one path.
    """
    if tool.risk not in (Risk.READ, Risk.WRITE):
        return call
    paths = {name: path for name in tool.paths if isinstance(path := call.arguments.get(name), str)}
    wrong = [name for name, path in paths.items() if _real(workspace, path) is None and not (path and path in heard)]
    if len(wrong) != 1 or (tool.risk is Risk.WRITE and len(paths) > 1):
        return call
    if tool.risk is Risk.WRITE:
        kind = Path(paths[wrong[0]]).suffix.casefold()
        new = {name for name in _names(request) if _FILE.fullmatch(name) and Path(name).suffix.casefold() == kind}
        named = {
            Path(name): name for name in new if _is_new(workspace, name) and heard.count(name) == request.count(name)
        }
    else:
        named = {real: name for name in _names(request) if (real := _real(workspace, name)) is not None}
    for path in paths.values():
        if real := _real(workspace, path):
            named.pop(real, None)
    return replace(call, arguments={**call.arguments, wrong[0]: named.popitem()[1]}) if len(named) == 1 else call


def as_spelled(call: ToolCall, tool: Tool, heard: str) -> ToolCall:
    """The call with names that nobody said as the one name that was said and is spelled much alike.

    Names are words of four characters or more that begin with a capital letter where they were said; paths are left to
    `as_said`. For a model that copies: one that knows better would have its corrections undone.
    """
    said = {word.casefold() for word in _WORD.findall(f"{heard} {tool.description} {tool.schema}")}
    names = [word for word in dict.fromkeys(_WORD.findall(heard)) if word[0].isupper()]

    def name(found: re.Match[str]) -> str:
        word = found[0].casefold()
        if word in said:
            return found[0]
        alike = {known.casefold(): known for known in names if _is_alike(word, known.casefold())}
        return alike.popitem()[1] if len(alike) == 1 else found[0]

    arguments = {
        key: _WORD.sub(name, value)
        if isinstance(value, str) and len(value.split()) <= SHORT and key not in tool.paths
        else value
        for key, value in call.arguments.items()
    }
    return replace(call, arguments=arguments)


def _is_alike(word: str, known: str) -> bool:
    """Whether one may be the other, misspelled: the same beginning, the same digits, and most of the letters."""
    return (
        word[0] == known[0]
        and _DIGITS.sub("", word) == _DIGITS.sub("", known)
        and SequenceMatcher(None, known, word).ratio() >= ALIKE
        and not (word.startswith(known) or known.startswith(word) or stems(word) == stems(known))  # another form of it
    )


def _is_new(workspace: Workspace, name: str) -> bool:
    try:
        return not workspace.resolve(name).exists()
    except ArgumentsInvalid:
        return False


def _real(workspace: Workspace, name: str) -> Path | None:
    """The file or folder in the workspace, below its root; None where there is none."""
    try:
        real = workspace.resolve(name)
    except ArgumentsInvalid:
        return None
    return real if real != workspace.root and real.exists() else None


def _names(request: str) -> Iterator[str]:
    """What in the request may be a path: words without what stands around them, and a few together."""
    words = request.split()[:WORDS]
    for n in range(len(words)):
        for size in range(1, LONGEST_NAME + 1):
            yield from _bare(" ".join(words[n : n + size]))


def _bare(text: str) -> Iterator[str]:
    name = text.strip(_AROUND)
    yield re.sub(r"['’]s?$", "", name).rstrip(f".{_AROUND}")
    yield name
