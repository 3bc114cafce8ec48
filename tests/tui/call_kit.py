"""What tests about questions share: a question, and reading its arguments back from what is drawn."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from typing import Any

from rookery_core.events import ApprovalRequested, Fact
from rookery_tui.call_view import Row
from rookery_tui.exact import read_back

_HEAD = re.compile(r"  (?P<name>\S+)(?P<json> \(JSON\))? *(?P<bar>[│=] )?$")


def request(**changes: Any) -> ApprovalRequested:
    """A question of level R2 about writing a file."""
    values: dict[str, Any] = {
        "call_id": "1.1",
        "tool": "files.write",
        "plugin": "files",
        "distribution": "rookery",
        "risk": "write",
        "level": "R2",
        "arguments": {"path": "a.txt", "text": "one\ntwo"},
        "workspace": "/home/me",
        "remembers": ("writing a.txt",),
    }
    return ApprovalRequested.model_validate(values | changes)


def fact(label: str, text: str) -> Fact:
    return Fact(label=label, text=text)


def arguments_on(rows: Iterable[Row]) -> dict[str, Any]:
    """The arguments as they are read back from rows of a screen, by nothing but what is on them."""
    found: dict[str, tuple[bool, list[str]]] = {}
    name, inside = "", False
    for row in rows:
        if not row.head.startswith("  "):
            inside = row.head.startswith("arguments")
            continue
        if not inside:
            continue
        if row.head.strip() in ("│", "┊", ""):
            lines = found[name][1]
            if row.head.strip() == "┊":
                lines[-1] += row.text
            else:
                lines.append(row.text)
        elif head := _HEAD.fullmatch(row.head):
            name = head["name"]
            is_json = head["json"] is not None or (head["bar"] or "").startswith("=")
            found[name] = (is_json, [row.text] if head["bar"] else [])
    read = {given: (is_json, read_back("\n".join(lines))) for given, (is_json, lines) in found.items()}
    return {given: json.loads(text) if is_json else text for given, (is_json, text) in read.items()}
