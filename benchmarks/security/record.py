"""What the record keeps and what it notices: secrets planted in a conversation, and later changes of the record.

python benchmarks/security/record.py [--changes N] [--seed N] [--json FILE]

A conversation with real tools reads, prints and writes planted secrets, as they are, in base64 and in two halves, and
the models' process and an MCP server print them in pieces of any size; then every file below its home, logs too, is
searched for them. Only the first is promised, the others are told. Of the record a row is
then removed or altered, time and again, and `verify` has to say which.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import json
import os
import random
import shutil
import sqlite3
import string
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rookery_core.compose import build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.mcp.settings import McpSettings, ServerSettings
from rookery_core.paths import Paths
from rookery_core.store.chain import mirror_of, verify
from rookery_core.store.db import Store
from rookery_core.testing import ScriptedModel

WORDS = string.ascii_letters + string.digits


def planted(rng: random.Random) -> tuple[dict[str, str], dict[str, tuple[str, str]], dict[str, str]]:
    """Keys that have a form; secrets that stand somewhere, with that place; variables of the environment."""

    def some(n: int, of: str = WORDS) -> str:
        return "".join(rng.choice(of) for _ in range(n))

    def digits(n: int) -> str:
        return some(n, string.digits)

    upper = string.ascii_uppercase + string.digits
    keys = {
        "aws": f"AKIA{some(16, upper)}", "aws, for a while": f"ASIA{some(16, upper)}",
        "github": f"ghp_{some(36)}", "github app": f"ghs_{some(36)}", "github, fine": f"github_pat_{some(60)}",
        "gitlab": f"glpat-{some(20)}", "slack": f"xoxb-{digits(12)}-{some(24)}", "openai": f"sk-proj-{some(40)}7",
        "anthropic": f"sk-ant-api03-{some(40)}", "stripe": f"sk_live_{some(22)}1", "google": f"AIza{some(35)}",
        "hugging face": f"hf_{some(34)}", "npm": f"npm_{some(36)}", "pypi": f"pypi-{some(80)}",
        "jwt": f"eyJ{some(20)}.eyJ{some(30)}.{some(40)}",
        "ssh": f"-----BEGIN OPENSSH PRIVATE KEY-----\n{some(70)}\n{some(70)}\n-----END OPENSSH PRIVATE KEY-----",
        "tls": f"-----BEGIN PRIVATE KEY-----\n{some(64)}\n{some(40)}\n-----END PRIVATE KEY-----",
    }  # fmt: skip
    places = {
        "header": ("Authorization: Bearer {}", f"{some(20)}4"),
        "basic": ("Authorization: Basic {}", base64.b64encode(some(15).encode()).decode() + "=="),
        "address": ("postgres://app:{}@db.example/shop", some(12)),
        "proxy": ("http_proxy=http://ann:{}@proxy.example:3128", some(12)),
        ".env": ("DB_PASSWORD={}", some(14)), ".env, quoted": ('export APP_SECRET_KEY="{}"', some(14)),
        ".env, api": ("MAPS_API_KEY={}", some(20)), "argument": ("deploy DEPLOY_TOKEN={} now", some(20)),
    }  # fmt: skip
    variables = {name: some(18) for name in ("PLANTED_TOKEN", "PLANTED_PASSWORD", "AWS_SECRET_ACCESS_KEY", "SENT")}
    return keys, places, variables


async def conversation(home: Path, rng: random.Random) -> Mapping[str, str]:
    """A turn in which all of them are read, printed, written and said; the secrets by their kinds."""
    keys, places, variables = planted(rng)
    own = "".join(rng.choice(WORDS) for _ in range(18))
    os.environ.update(variables)
    text = "\n".join(
        [*keys.values(), *(place.format(secret) for place, secret in places.values()), *variables.values(), own]
    )
    every = {**keys, **{kind: secret for kind, (_, secret) in places.items()}, **variables, "setting": own}
    text += "\n" + "\n".join(
        form for secret in every.values() for kind in ("base64", "split") for form in FORMS[kind](secret)
    )
    site = home / "site"
    site.mkdir()
    (site / "sitecustomize.py").write_text(PRINTS.format(file=str(site / "text"), done=DONE))
    (site / "text").write_text(text)
    work = home / "work"
    work.mkdir()
    (work / "keys.txt").write_text(f"{text}\n" * 20)
    headers = {"Authorization": "Bearer ${SENT}", "X-Token": own}
    far = ServerSettings(url="https://far.example", headers=headers, enabled=False)
    near = ServerSettings(command=sys.executable, args=("-c", ""), env={"PYTHONPATH": str(site), "NEAR_TOKEN": own})
    config = Config(mcp=McpSettings(servers={"far": far, "near": near}))
    script = [
        _act("read_file", path="keys.txt"), _act("shell", command="cat keys.txt; cat keys.txt >&2"),
        _act("write_file", path="copy.txt", content=text), _act("search_files", text="KEY"),
        _act("list_files", folder=text[:200]),
        f"Thought: I know it.\nAnswer: {text}",
    ]  # fmt: skip
    options = Options(work, allow=["read", "write", "execute"], plugins=["near"])
    paths = Paths.find({"ROOKERY_HOME": str(home / "home")})
    await _print_in_the_models_process(config, paths, site, work)
    assistant = build(config, paths, options, model=ScriptedModel(script))
    await assistant.servers.settled()
    async for _ in assistant.turn(assistant.new_session(), f"read {text}"):
        pass
    await assistant.close()
    return every


PRINTS = """
import os, time
text = open({file!r}, "rb").read()
at = 0
for n in range(1, 1_000_000):
    piece = text[at : at + (1, 3, 7, 50, 1_000)[n % 5]]
    if not piece:
        break
    os.write(2, piece)
    at += len(piece)
    time.sleep(0.0002)
os.write(2, b"\\n{done}\\n")
"""
"""A `sitecustomize` under which Python prints a file before anything else."""
DONE = "that was all"


async def _print_in_the_models_process(config: Config, paths: Paths, site: Path, folder: Path) -> None:
    (site / "any.gguf").touch()
    before = os.environ.get("PYTHONPATH", "")
    os.environ["PYTHONPATH"] = os.pathsep.join(filter(None, [str(site), before]))
    options = Options(folder, plugins=[], model=str(site / "any.gguf"))
    assistant = build(config, paths, options)
    async for _ in assistant.turn(assistant.new_session(), "hello"):
        pass
    await assistant.close()
    os.environ["PYTHONPATH"] = before


def _act(tool: str, **arguments: str) -> str:
    return f"Thought: I use a tool.\nAction: {tool}\nInput: {json.dumps(arguments)}"


FORMS: Mapping[str, Callable[[str], list[str]]] = {
    "plain": lambda secret: [secret, json.dumps(secret)[1:-1]],
    "base64": lambda secret: [base64.b64encode(secret.encode()).decode()],
    "split": lambda secret: [f"{secret[: len(secret) // 2]} {secret[len(secret) // 2 :]}"],
}


def found(folder: Path, secrets: Mapping[str, str]) -> dict[str, list[str]]:
    """For each form, which secrets stand in a file below."""
    data = [file.read_bytes() for file in folder.rglob("*") if file.is_file()]
    return {
        form: [
            kind
            for kind, secret in secrets.items()
            if any(each.encode() in part for each in write(secret) for part in data)
        ]
        for form, write in FORMS.items()
    }


CHANGES = (
    "DELETE FROM events WHERE (session, seq) = (SELECT session, seq FROM audit WHERE n = ?)",
    "DELETE FROM audit WHERE n = ?",
    "UPDATE events SET body = body || ' ' WHERE (session, seq) = (SELECT session, seq FROM audit WHERE n = ?)",
    "UPDATE events SET at = at + 0.001 WHERE (session, seq) = (SELECT session, seq FROM audit WHERE n = ?)",
    "UPDATE events SET kind = kind || '_' WHERE (session, seq) = (SELECT session, seq FROM audit WHERE n = ?)",
    "UPDATE audit SET hash = substr(hash, 2) || substr(hash, 1, 1) WHERE n = ?",
)


def noticed(database: Path, times: int, rng: random.Random) -> int:
    """Of so many changes of one row, how many `verify` names at the right entry."""
    entries = _verdict(database).entries
    right = 0
    with tempfile.TemporaryDirectory() as made:
        for _ in range(times):
            copy = Path(made) / database.name
            for file in (database, mirror_of(database)):
                shutil.copy(file, Path(made) / file.name)
            number = rng.randint(1, entries)
            with sqlite3.connect(copy) as db:
                db.execute(rng.choice(CHANGES), [number])
            db.close()
            findings = _verdict(copy).findings
            right += bool(findings) and findings[0].n == number
    return right


def _verdict(database: Path) -> Any:
    store = Store(database)
    try:
        with store.reading() as db:
            return verify(db, mirror_of(database))
    finally:
        store.close()


def main() -> int:
    """Print the counts; exit 1 where a secret is found plainly or a change is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--changes", type=int, default=100, metavar="N")
    parser.add_argument("--seed", type=int, default=1, metavar="N")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    rng = random.Random(arguments.seed)
    with tempfile.TemporaryDirectory() as made:
        secrets = asyncio.run(conversation(Path(made), rng))
        kept = found(Path(made) / "home", secrets)
        printed = {log.name for log in Path(made, "home", "logs").iterdir() if DONE in log.read_text(encoding="utf-8")}
        database = Paths.find({"ROOKERY_HOME": str(Path(made) / "home")}).database
        right = noticed(database, arguments.changes, rng)
    n = len(secrets)
    print(f"secrets planted: {n}; found in what a conversation leaves behind:")
    for form, kinds in kept.items():
        bound = f", so at most {3 / n:.1%} of such" if not kinds else f" ({', '.join(kinds)})"
        print(f"  {form:<8} {len(kinds)} of {n}{bound}")
    print(f"logs that they were printed into: {', '.join(sorted(printed))}")
    print(f"changes of one row: {right} of {arguments.changes} noticed", end="")
    print(f", so at most {3 / arguments.changes:.1%} are not" if right == arguments.changes else "")
    if arguments.json:
        Path(arguments.json).write_text(
            json.dumps({"planted": n, "found": kept, "changes": arguments.changes, "noticed": right})
        )
    sound = not kept["plain"] and right == arguments.changes and printed == {"model.log", "mcp-near.log"}
    return 0 if sound else 1


if __name__ == "__main__":
    sys.exit(main())
