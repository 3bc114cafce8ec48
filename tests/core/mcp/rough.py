"""An MCP server written by hand, for what the protocol's own library would not do: `python rough.py FOLDER [MOOD...]`.

It speaks the older protocol. `restless` says after each list that it changed, `many` offers thousands of tools.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

FOLDER, MOODS = Path(sys.argv[1]), set(sys.argv[2:])
SLOW_PATTERN = {"type": "string", "pattern": "^(a+)+$"}
BOTTOMLESS = {"$ref": "#/$defs/a"}


def tool(name: str, properties: dict[str, Any], **beside: Any) -> dict[str, Any]:
    return {"name": name, "description": name, "inputSchema": {"type": "object", "properties": properties}, **beside}


def tools() -> list[dict[str, Any]]:
    if "many" in MOODS:
        return [tool(f"tool_{n}", {"a": {"type": "string"}}) for n in range(5_000)]
    return [
        tool("echo", {"text": {"type": "string"}}),
        tool("strict", {"text": SLOW_PATTERN}),
        tool(
            "promising",
            {"text": {"type": "string"}},
            outputSchema={"type": "object", "properties": {"text": SLOW_PATTERN}},
        ),
        tool("long_line", {"mb": {"type": "integer"}}),
    ]


def send(**message: Any) -> None:
    sys.stdout.write(json.dumps({"jsonrpc": "2.0", **message}) + "\n")
    sys.stdout.flush()


def call(name: str, given: dict[str, Any]) -> dict[str, Any]:
    text = str(given.get("text", ""))
    result: dict[str, Any] = {"content": [{"type": "text", "text": text}]}
    match name:
        case "promising":
            result["structuredContent"] = {"text": text}
        case "long_line":
            for _ in range(given["mb"]):
                sys.stdout.write("x" * 1_000_000)
            sys.stdout.write("\n")
    return result


def main() -> None:
    lists = 0
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
