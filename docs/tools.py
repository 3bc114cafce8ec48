"""Write docs/tools.md by calling every built-in tool once, with `rookery tools call`, in a folder made for it.

python docs/tools.py
"""

from __future__ import annotations

import asyncio
import json
import os
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from rookery_core.config import Config, WebSettings
from rookery_core.equipment import built_in
from rookery_core.reasoning.prompt import describe
from rookery_core.testing import ListArtifacts, run_tool
from rookery_core.tools.contract import Tool
from rookery_core.tools.registry import register

PAGE = Path(__file__).with_name("tools.md")
HEAD = """\
# Built-in tools

What the assistant can do without any further package: each tool as the model reads it, and one real call. Every call
here was made with `rookery tools call` in a folder with a few files that was trusted (`rookery trust add`); so can you.
`pure` and `read` run at once,
`write`, `execute` and `network` ask first ([reference](reference.md)).
"""
FILES = {
    "todo.md": "# Today\n\n- buy milk\n- call Ann about the boat\n",
    "boats/list.csv": "name,length,year\nNordlys,12.5,1987\nHavfrue,9.1,2004\nSkarv,7.8,1999\n",
    "boats/README.md": "Boats that are for sale. Ask Ann for the keys.\n",
    "src/hello.py": 'print("hello")\n',
    "harbour.json": '{"berths": [{"name": "A1", "free": true}, {"name": "A2", "free": false}]}\n',
}

GIT = (
    "git init -q && git add todo.md && git -c user.name=Ann -c user.email=ann@example.org "
    "-c commit.gpgsign=false commit -qm 'a list for today'"
)

DATABASE = (
    "python -c \"import sqlite3; db = sqlite3.connect('shop.db'); db.executescript('CREATE TABLE orders (id INTEGER "
    "PRIMARY KEY, customer TEXT, total REAL, paid INTEGER); INSERT INTO orders "
    'VALUES (1, \\"Ann\\", 40.5, 1), (2, \\"Ben\\", 12, 0)\')"'
)
DOCUMENT = (
    "python -c \"import fpdf; pdf = fpdf.FPDF(); pdf.add_page(); pdf.set_font('Helvetica', size=12); "
    "pdf.cell(text='Dear Ann, the boat is yours from Monday on.'); pdf.output('letter.pdf')\""
)

ROOKERY = Path(sys.executable).with_name("rookery")
SITE = Path(__file__).with_name("web_site.py")
NETWORK = ("unshare", "--map-root-user", "--net", "--mount", sys.executable, str(SITE))
"""Runs the command that follows where nothing can be reached but the pages of that file."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call, and what has to be there before it."""

    tool: str
    arguments: Mapping[str, Any] = field(default_factory=dict)
    before: tuple[str, ...] = ()
    """Commands that are not shown."""
    remark: str = ""
    online: bool = False
    """Whether it is made in a network of its own, where `docs/web_site.py` is the whole internet."""
    result: str = ""
    """A long result that the session has; then it is called in a session, which no command does by itself."""


CHAPTERS: Mapping[str, tuple[Call, ...]] = {
    "Reckoning": (
        Call("calculator", {"expression": "15% of 80 + 3 * (2 + 5)"}),
        Call("convert_units", {"amount": 20, "unit": "miles", "to": "km"}),
        Call("clock", {"zone": "Tokyo"}),
        Call("convert_time", {"time": "15:00", "zone": "Tokyo", "to": "Berlin", "date": "2026-12-01"}),
        Call("find_date", {"when": "the last Sunday of March 2027"}),
        Call("date_difference", {"start": "2026-05-01", "end": "2027-01-15"}),
    ),
    "Files": (
        Call("list_files", {"folder": "boats"}),
        Call("read_file", {"path": "todo.md"}),
        Call("search_files", {"text": "ann"}),
        Call("find_files", {"pattern": "*.csv"}),
        Call("write_file", {"path": "note.txt", "content": "The keys are with Ann."}),
        Call("edit_file", {"path": "note.txt", "old": "with Ann", "new": "with Ann, on the hook"}),
        Call("move_file", {"source": "note.txt", "destination": "boats"}),
        Call("delete_file", {"path": "boats/note.txt"}),
    ),
    "Programs": (
        Call("shell", {"command": "wc -l boats/list.csv"}),
        Call("python", {"code": "prices = [3, 4.5, 8]\nsum(prices) / len(prices)"}),
        Call("git", {"operation": "log", "count": 2}, before=(GIT,)),
    ),
    "Data": (
        Call("query_table", {"path": "boats/list.csv", "sql": "SELECT name, length FROM data WHERE year > 1990"}),
        Call("aggregate_table", {"path": "boats/list.csv", "what": "average", "column": "length"}),
        Call("query_json", {"path": "harbour.json", "expression": "berths[?free].name"}),
        Call("query_database", {"path": "shop.db", "sql": "SELECT * FROM orders"}, before=(DATABASE,)),
        Call("change_database", {"path": "shop.db", "sql": "UPDATE orders SET paid = 1 WHERE id = 2"}),
        Call("read_document", {"path": "letter.pdf"}, before=(DOCUMENT,)),
    ),
    "Person and memory": (
        Call("remember", {"text": "The boat is called Nordlys."}),
        Call("recall", {"query": "boat"}),
        Call("forget", {"note": "1"}),
        Call("add_task", {"task": "call Ann"}),
        Call("list_tasks"),
        Call("finish_task", {"task": "call Ann"}),
        Call(
            "ask_user", {"question": "Which boat?", "choices": ["Nordlys", "Skarv"]}, remark="nobody is there to answer"
        ),
    ),
    "The web": (
        Call("fetch_page", {"url": "http://harbour.example/"}, online=True),
        Call(
            "search_web",
            {"query": "boats for sale"},
            before=("rookery config set web.search_url http://localhost:8888",),
            remark="whom it asks is your choice: [the web](web.md)",
            online=True,
        ),
    ),
    "Long results": (
        Call(
            "read_result",
            {"result": "1", "find": "dentist"},
            remark="where a result was cut, its number is at its end; here the session has one of 3,000 lines",
            result="\n".join(
                f"day {n}: {'the dentist called' if n == 1777 else 'nothing new'}" for n in range(1, 3001)
            ),
        ),
    ),
}


def main() -> int:
    """Make the calls in the order of the page."""
    registry, _ = register(built_in(Config(web=WebSettings(online=True))).plugins)
    missing = set(registry.names) - {call.tool for calls in CHAPTERS.values() for call in calls}
    if missing:
        print(f"no call for {', '.join(sorted(missing))}", file=sys.stderr)
        return 1
    parts = [HEAD]
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        for name, text in FILES.items():
            (folder / "work" / name).parent.mkdir(parents=True, exist_ok=True)
            (folder / "work" / name).write_text(text, encoding="utf-8")
        _run([str(ROOKERY), "trust", "add"], folder)
        for chapter, calls in CHAPTERS.items():
            parts.append(f"## {chapter}\n")
            for call in calls:
                offered = registry.get(call.tool)
                signature = describe(offered).removeprefix("- ")
                for step in call.before:
                    _run(["/bin/sh", "-c", step], folder)
                command = ["rookery", "tools", "call", call.tool, json.dumps(call.arguments, ensure_ascii=False)]
                if offered.tool.risk not in ("pure", "read"):
                    command += ["--allow", str(offered.tool.risk)]
                if call.online:
                    command.append("--online")
                if call.result:
                    shown = f"{call.tool} {command[4]}"
                    said = _in_a_session(offered.tool, call)
                else:
                    shown = f"$ {shlex.join(command)}"
                    said = _run([*(NETWORK if call.online else []), str(ROOKERY), *command[1:]], folder)
                remark = f" ({call.remark})" if call.remark else ""
                parts.append(
                    f"### {call.tool}\n\n`{offered.tool.risk}`, plugin `{offered.plugin}`{remark}\n\n"
                    f"    {signature}\n\n```text\n{shown}\n{said}\n```\n"
                )
    PAGE.write_text("\n".join(parts), encoding="utf-8")
    return 0


def _in_a_session(tool: Tool, call: Call) -> str:
    results = ListArtifacts()
    results.add(call.result)
    return asyncio.run(run_tool(tool, call.arguments, artifacts=results)).output


def _run(command: list[str], folder: Path) -> str:
    """What a command prints, without what is of this machine."""
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "HOME": str(folder), "ROOKERY_HOME": str(folder / "home")}
    done = subprocess.run(
        command, cwd=folder / "work", env=environment, text=True, check=False,
        stdin=subprocess.DEVNULL, capture_output=True,
    )  # fmt: skip
    said = done.stdout or done.stderr  # what it shows while it runs is no part of the result
    return "\n".join(line.rstrip() for line in said.replace(str(folder), "~").strip("\n").splitlines())


if __name__ == "__main__":
    raise SystemExit(main())
