"""More of a result that was too long for the model: the program keeps it whole, with the session it is from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from rookery_core.plugin import Risk, Tool, ToolContext, ToolRetry, hookimpl, tool

rookery_contract = 1

SHOWN_CHARS = 6_000
MATCHES = 40
LINE_CHARS = 300


@tool(
    risk=Risk.READ,
    phrases=["show the rest", "read on in the long result", "what was left out", "show me more of that output"],
)
def read_result(
    ctx: ToolContext,
    result: str,
    start: Annotated[int, Field(ge=1)] = 1,
    find: str = "",
) -> str:
    """Shows more of a long result that was cut, from a line on or the lines that contain a text."""
    text = ctx.artifacts.get(result.strip().removeprefix("result").strip(" #.:"))
    lines = text.splitlines()
    if find.strip():
        return _matches(lines, find.strip())
    if start > max(len(lines), 1):
        raise ToolRetry(f"the result has {len(lines)} lines; give a smaller start")
    shown: list[str] = []
    room = SHOWN_CHARS
    for line in lines[start - 1 :]:
        if len(line) + 1 > room:
            break
        shown.append(line)
        room -= len(line) + 1
    if not shown and lines:
        line = lines[start - 1]
        return f"{line[:SHOWN_CHARS]}\n[line {start} of {len(lines)}, {len(line) - SHOWN_CHARS} characters of it cut]"
    last = start + len(shown) - 1
    more = f"; read on with start={last + 1}" if last < len(lines) else ""
    return "\n".join([*shown, f"[lines {start} to {last} of {len(lines)}{more}]"])


def _matches(lines: list[str], find: str) -> str:
    wanted = find.casefold()
    found = [f"{n}: {_around(line, wanted)}" for n, line in enumerate(lines, 1) if wanted in line.casefold()]
    if not found:
        raise ToolRetry(f"{find!r} is in none of the {len(lines)} lines; try other words, or read on from a line")
    more = [f"[{len(found) - MATCHES} more lines have it]"] if len(found) > MATCHES else []
    return "\n".join(found[:MATCHES] + more)


def _around(line: str, wanted: str) -> str:
    at = max(line.casefold().find(wanted) - LINE_CHARS // 2, 0)
    return line[at : at + LINE_CHARS].strip()


@hookimpl
def rookery_tools() -> list[Tool]:
    return [read_result]
