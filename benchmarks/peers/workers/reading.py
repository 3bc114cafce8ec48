"""Calls in what a model wrote in the form of its chat template. Pure; the standard library is enough.

Strictly, a call is what the model was told to write: a `<tool_call>` block with a JSON object in it, or, where its
template knows no tools, nothing but that object. Leniently, the marks may be missing or a code fence, as llama.cpp's
own server reads such models (`common_chat_parse_hermes_2_pro`).
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any

_BLOCK = re.compile(r"<tool_call>(.*?)</tool_call>", re.DOTALL)
_OPENED = re.compile(r"<tool_call>|<tools>|<function_call>|```(?:json|xml|tool_call)?", re.DOTALL)
_DECODER = json.JSONDecoder()


@dataclass(frozen=True)
class Call:
    """A call as it was written."""

    tool: str
    arguments: dict[str, Any]


def strict(text: str, tagged: bool) -> tuple[list[Call], str]:
    """The calls, and the text beside them; `tagged`: the model was told to put them into `<tool_call>` blocks."""
    if not tagged:
        call = _call(_whole(text.strip()))
        return ([call], "") if call else ([], text.strip())
    calls = [_call(_whole(block.strip())) for block in _BLOCK.findall(text)]
    found = [call for call in calls if call is not None]
    if len(found) < len(calls) or not calls:
        return [], text.strip()
    return found, _BLOCK.sub("", text).strip()


def lenient(text: str, tagged: bool) -> tuple[list[Call], str]:
    """The same, also where the marks are others, not closed, or missing."""
    found = strict(text, tagged)
    if found[0]:
        return found
    calls: list[Call] = []
    begins = [mark.end() for mark in _OPENED.finditer(text)]
    bare = len(text) - len(text.lstrip())
    first = len(text)
    for place in sorted({bare, *begins}):
        at = place + len(text[place:]) - len(text[place:].lstrip())
        for value, _ in _objects(text, at):
            call = _call(value)
            if call is not None and call not in calls:
                calls.append(call)
                first = min(first, place)
    return (calls, _OPENED.sub("", text[:first]).strip()) if calls else ([], text.strip())


def _objects(text: str, at: int) -> list[tuple[Any, int]]:
    """The JSON values from this place on, one behind the other."""
    made: list[tuple[Any, int]] = []
    while at < len(text) and text[at] in "{[":
        try:
            value, at = _DECODER.raw_decode(text, at)
        except (ValueError, RecursionError):
            break
        made += [(each, at) for each in (value if isinstance(value, list) else [value])]
        while at < len(text) and text[at].isspace():
            at += 1
    return made


def _whole(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _call(value: Any) -> Call | None:
    match value:
        case {"name": str(name), "arguments": dict(arguments)}:
            return Call(name, arguments)
        case {"name": str(name), "arguments": str(text)} if isinstance(_whole(text), dict):
            return Call(name, _whole(text))
    return None
