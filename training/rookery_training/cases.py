"""Writes what is kept for development as cases for `rookery eval`, so that a choice can be made on them.

`python -m rookery_training.cases decisions --n 200 --out dev-decisions.jsonl`; also `tasks` and `faithful`.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rookery_core.reasoning.step import Answer, ToolCall, parse
from rookery_core.transcript import OBSERVATION
from rookery_training.branches import Branch, Group
from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import load
from rookery_training.conversations import Author
from rookery_training.generate import notes, split
from rookery_training.held_out import HeldOut
from rookery_training.workspace import Scenarios
from rookery_training.workspace_play import Scenario

SINGLE = {"call": "call", "own": "call", "missing": "ask", "absent": "none", "refusal": "none", "talk": "none"}
"""Situations whose first decision is a case, and the group it is counted in."""
WRITING = frozenset(("write_file", "edit_file", "move_file", "delete_file"))
MANY_WAYS = frozenset(("sql", "code", "question"))
"""Arguments that may be written in many ways, of which none is expected."""


def decision(group: Group, branch: Branch) -> dict[str, Any] | None:
    """The first decision of a conversation; None where it is not a case by itself."""
    kind = SINGLE.get(branch.about)
    if kind is None or [m.role for m in branch.messages[:2]] != ["user", "assistant"]:
        return None
    step = parse(branch.messages[1].content)
    match step.action:
        case ToolCall(tool=tool, arguments=arguments) if kind == "call":
            expect: dict[str, Any] = {"tool": tool, "arguments": {}}
            expect["arguments"] |= {name: [value] for name, value in arguments.items() if name not in MANY_WAYS}
            for offered in group.registry:
                if offered.name == tool:
                    for name, about in offered.tool.schema["properties"].items():
                        if name not in arguments:
                            expect["arguments"][name] = ["", about["default"]] if "default" in about else [""]
        case ToolCall():
            return None
        case _ if kind != "call":
            expect = {"tool": None, "kind": "ask" if kind == "ask" else "answer"}
        case _:
            return None
    builtin = all(offered.distribution != "made" for offered in group.registry)
    return {
        "group": f"{kind}-{'builtin' if builtin else 'other'}",
        "tools": offered_by(group),
        "messages": [{"role": "user", "content": branch.messages[0].content}],
        "expect": expect,
    }


def offered_by(group: Group) -> list[dict[str, Any]]:
    return [
        {"name": o.name, "description": o.tool.description, "parameters": dict(o.tool.schema)} for o in group.registry
    ]


def answer(group: Group, branch: Branch) -> dict[str, Any] | None:
    """An answer about records; None where many words would do, or it has no result of its own."""
    if not branch.says or branch.messages[-2].role != "tool":
        return None
    said: list[dict[str, Any]] = []
    called = ""
    for message in branch.messages[:-1]:
        if message.role == "user":
            said.append({"role": "user", "content": message.content})
        elif message.role == "tool":
            said.append({"role": "tool", "name": called, "content": message.content.removeprefix(OBSERVATION)})
        else:
            match parse(message.content).action:
                case ToolCall(tool=called, arguments=arguments):
                    said.append({"role": "assistant", "tool": called, "arguments": arguments})
                case Answer(text=text):
                    said.append({"role": "assistant", "content": text})
    lines = "lines" if "\n" in said[-1]["content"] else "line"
    form = "json" if said[-1]["content"].lstrip()[:1] in ("{", "[") else lines
    return {
        "group": form,
        "tools": offered_by(group),
        "messages": said,
        "expect": {"answer_contains": [[each] for each in branch.says]},
    }


def task(made: Scenario) -> dict[str, Any] | None:
    """A scenario as a case; None where it needs more than texts and the tools, or nothing could be judged."""
    tools = {step.tool for step in made.steps}
    if made.notes or made.tasks or "clock" in tools or any(step.denied for step in made.steps):
        return None
    if not all(isinstance(text, str) for text in (*made.files.values(), *made.after.values())):
        return None
    answer = [[said, f"{int(said):,}"] if said.isdigit() and len(said) > 3 else [said] for said in made.says]
    files: dict[str, Any] = {}
    for path, text in made.after.items():
        if path not in made.files:
            files[path] = {"contains": text}
        elif text != made.files[path] or not tools & WRITING:
            files[path] = {"equals": text}
    if not answer and not tools & WRITING:
        return None
    expect = {"answer_contains": answer, "files": files} if answer else {"files": files}
    group = " ".join(made.kind.split())
    return {
        "group": group,
        "goal": made.goal,
        "files": made.files,
        "allow": ["WRITE"],
        "expect": expect,
    }


def faithful(rng: random.Random) -> Iterator[dict[str, Any]]:
    """Answers about what a tool returned, without end."""
    for group in groups(rng):
        yield from (made for branch in group.branches if (made := answer(group, branch)) is not None)


def decisions(rng: random.Random) -> Iterator[dict[str, Any]]:
    """First decisions, without end."""
    for group in groups(rng):
        yield from (made for branch in group.branches if (made := decision(group, branch)) is not None)


def groups(rng: random.Random) -> Iterator[Group]:
    """Tool lists with conversations, without end."""
    catalogue = split(load(), held_out=True)
    author = Author(catalogue, built_in_tools(), rng, HeldOut(), notes(catalogue, rng), develop=True)
    author.pointed_out = 0  # the program does that itself
    while True:
        group = author.group()
        names = [offered.name for offered in group.registry]
        if not names or any(not name.replace("_", "a").isalnum() or name != name.lower() for name in names):
            continue  # a case's tools are named as a plugin's
        yield group


def tasks(rng: random.Random) -> Iterator[dict[str, Any]]:
    """Whole turns with the built-in tools, without end."""
    builtin = built_in_tools()
    scenarios = Scenarios(builtin, rng, held_out=True)
    never = HeldOut()
    while True:
        made = scenarios.draw(builtin.names)
        if made is not None and not never.has(made.goal) and (one := task(made)) is not None:
            yield one


SUITES = {"decisions": decisions, "tasks": tasks, "faithful": faithful}


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rookery_training.cases", description=__doc__)
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("--n", type=int, default=100)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    cases = SUITES[options.suite](random.Random(options.seed))
    with options.out.open("w", encoding="utf-8") as file:
        for n in range(options.n):
            file.write(json.dumps({"id": f"dev-{n}", **next(cases)}, ensure_ascii=False) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
