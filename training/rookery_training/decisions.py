"""Writes held-out conversations as cases for `rookery eval decisions --cases`, so that a choice can be made on them.

`python -m rookery_training.decisions --groups 60 --out dev-decisions.jsonl`
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from pathlib import Path
from typing import Any

from rookery_core.reasoning.step import ToolCall, parse
from rookery_core.tools.loader import installed
from rookery_core.tools.loader import load as load_plugins
from rookery_core.tools.registry import register
from rookery_training.catalogue import load
from rookery_training.conversations import Author, Branch, Group
from rookery_training.generate import notes, split
from rookery_training.held_out import HeldOut

SINGLE = {"call": "call", "missing": "ask", "absent": "none", "refusal": "none", "talk": "none"}
"""Situations whose first decision is a case, and the group it is counted in."""


def case(group: Group, branch: Branch, n: int) -> dict[str, Any] | None:
    """The first decision of a conversation; None where it is not a case by itself."""
    kind = SINGLE.get(branch.about)
    if kind is None or [m.role for m in branch.messages[:2]] != ["user", "assistant"]:
        return None
    step = parse(branch.messages[1].content)
    match step.action:
        case ToolCall(tool=tool, arguments=arguments) if kind == "call":
            expect: dict[str, Any] = {"tool": tool, "arguments": {name: [value] for name, value in arguments.items()}}
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
        "id": f"dev-{n}",
        "group": f"{kind}-{'builtin' if builtin else 'other'}",
        "tools": [
            {"name": o.name, "description": o.tool.description, "parameters": dict(o.tool.schema)}
            for o in group.registry
        ],
        "messages": [{"role": "user", "content": branch.messages[0].content}],
        "expect": expect,
    }


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rookery_training.decisions", description=__doc__)
    parser.add_argument("--groups", type=int, default=60)
    parser.add_argument("--seed", type=int, default=9)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    rng = random.Random(options.seed)
    registry, _ = register([plugin for plugin in load_plugins(installed()).plugins if plugin.built_in])
    catalogue = split(load(), held_out=True)
    author = Author(catalogue, registry, rng, HeldOut(), notes(catalogue, rng), develop=True)
    made: list[dict[str, Any]] = []
    for _ in range(options.groups):
        group = author.group()
        names = [offered.name for offered in group.registry]
        if not names or any(not name.replace("_", "a").isalnum() or name != name.lower() for name in names):
            continue  # a case's tools are named as a plugin's
        made += [one for branch in group.branches if (one := case(group, branch, len(made))) is not None]
    for n, one in enumerate(made):
        one["id"] = f"dev-{n}"
    options.out.write_text("".join(json.dumps(one, ensure_ascii=False) + "\n" for one in made), encoding="utf-8")
    print(f"{len(made)} cases")
    return 0


if __name__ == "__main__":
    sys.exit(main())
