"""An MCP server written by hand, for what the protocol's own library would not do: `python rough.py FOLDER [MOOD...]`.

It speaks the older protocol. `restless` says after each list that it changed, `loud` prints much, `endless` says one line without end, and `telling` prints its key and ends.
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

FOLDER, MOODS = Path(sys.argv[1]), set(sys.argv[2:])
SLOW_PATTERN = {"type": "string", "pattern": "^(a+)+$"}


def tool(name: str, properties: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"name": name, "description": name, "inputSchema": {"type": "object", "properties": properties}, **beside}


def tools() -> list[dict[str, Any]]:
    return [
        tool("echo", {"text": {"type": "string"}}),
        tool("strict", {"text": SLOW_PATTERN}),
        tool(
            "promising",
            {"text": {"type": "string"}},
            outputSchema={"type": "object", "properties": {"text": SLOW_PATTERN}},
        ),
    ]


def send(**message: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def endless() -> None:
    while True:
        os.write(1, b"x" * 65_536)


def call(name: str, given: dict[str, Any]) -> dict[str, Any]:
    text = str(given.get("text", ""))
    if text == "without end":
        endless()
    result: dict[str, Any] = {"content": [{"type": "text", "text": text}]}
    if name == "promising":
        result["structuredContent"] = {"text": text}
    return result


def main() -> None:
    lists = 0
    if "telling" in MOODS:
        for piece in (
            "my keys are ",
            os.environ["A_KEY"][:9],
            os.environ["A_KEY"][9:],
            " and ",
            os.environ["MY_TOKEN"],
        ):
            os.write(2, piece.encode())
            time.sleep(0.02)
        sys.exit(1)
    if "loud" in MOODS:
        sys.stderr.write(("x" * 99 + "\n") * 50_000 + "the last of it\n")
        sys.stderr.flush()
    if "endless" in MOODS:
        endless()
    for line in sys.stdin:
        asked = json.loads(line)
        method, number = asked.get("method"), asked.get("id")
        match method:
            case "initialize":
                version = asked["params"]["protocolVersion"]
                send(
                    id=number,
                    result={
                        "protocolVersion": version,
                        "capabilities": {"tools": {"listChanged": True}},
                        "serverInfo": {"name": "rough", "version": "1"},
                    },
                )
            case "tools/list":
                lists += 1
                (FOLDER / "lists").write_text(str(lists))
                send(id=number, result={"tools": tools()})
                if "restless" in MOODS:
                    send(method="notifications/tools/list_changed")
            case "tools/call":
                send(id=number, result=call(asked["params"]["name"], asked["params"].get("arguments", {})))
            case _:
                if number is not None:
                    send(id=number, error={"code": -32601, "message": "Method not found"})


if __name__ == "__main__":
    main()
