"""Odd texts through all that keeps or carries them: exceptions, and texts that are neither equal nor escaped after.

python benchmarks/security/naughty.py [--json FILE]

The texts are the Big List of Naughty Strings, bytes that are not UTF-8 as Python decodes them, half characters, NUL and
characters at the borders of planes. Each is a message that is sent, a tool's argument and result, a file's name, a row
of the database, a line of each export, a note, and the words of a search.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
from contextlib import aclosing
from pathlib import Path

from rookery_core.approval.policy import nobody
from rookery_core.compose import archive, build
from rookery_core.config import Config
from rookery_core.equipment import Options
from rookery_core.events import Answered, StepFailed, ToolFinished, ToolRequested, TurnStarted
from rookery_core.model.scripted import ScriptedModel
from rookery_core.paths import Paths
from rookery_core.plugin import Risk, tool
from rookery_core.text import storable, visible
from rookery_core.tools.gathering import Offers
from rookery_core.tools.loader import Loaded, LoadedPlugin
from rookery_tui.export import as_json, as_markdown, as_text
from rookery_tui.out import harmless_json

WAYS = (
    "a message", "an argument", "a result", "a file's name", "the database", "a search", "as text", "as Markdown",
    "as JSON",
)  # fmt: skip
_NOT_UTF8 = (
    b"\x80", b"\xff\xfe", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"\xe2\x28\xa1", b"caf\xe9",
    b"\xf0\x9f\x98",
)  # fmt: skip
ODD = [
    "\0", "a\0b", "\ud800", "x\udc80y", "\udfff\ud800", "\ud83d", "\ude00", "\ufffe", "\uffff", "\U0010ffff",
    "\U0001fffe", bytes(range(0x80, 0x100)).decode("latin-1"), "".join(map(chr, range(0x20))),
    *(raw.decode("utf-8", "surrogateescape") for raw in _NOT_UTF8),
]  # fmt: skip


def texts(file: Path) -> list[str]:
    """All of them."""
    return [*(str(each) for each in json.loads(file.read_text(encoding="utf-8"))), *ODD]


async def tried(text: str, folder: Path) -> list[tuple[str, str]]:
    """The ways on which it was lost or that failed, and how."""
    wrong: list[tuple[str, str]] = []
    paths = Paths.find({"ROOKERY_HOME": str(folder)})

    @tool(risk=Risk.PURE)
    def echo(text: str) -> str:
        """Give a text back."""
        return text

    script = [f"Thought: x\nAction: echo\nInput: {json.dumps({'text': text})}", "Thought: x\nAnswer: done"]
    assistant = build(
        Config(), paths, Options(workspace=folder), approver=nobody, model=[ScriptedModel(script)],
        plugins=Loaded((LoadedPlugin("kit", "kit-dist", Offers(tools=(echo,))),), ()),
    )  # fmt: skip
    log = assistant.new_session()
    try:
        async with aclosing(assistant.turn(log, text)) as happening:
            events = [event async for event in happening]
    except Exception as exc:
        return [("a message", repr(exc))]
    finally:
        log.close()
        await assistant.close()

    def check(way: str, seen: str | None) -> None:
        if seen not in (text, storable(text), visible(text), visible(storable(text))):
            wrong.append((way, f"{text[:40]!r} became {seen!r:.80}"))

    first = {type(event): event for event in reversed(events)}
    if text.strip():
        check("a message", getattr(first.get(TurnStarted), "text", None))
    else:
        return wrong  # there is nothing to send
    if StepFailed not in first:  # half a character in JSON is refused, and the model is told
        check("an argument", getattr(first.get(ToolRequested), "arguments", {}).get("text"))
        check("a result", getattr(first.get(ToolFinished), "output", None))
    if not _is_found(folder, text):
        wrong.append(("a file's name", f"{text[:40]!r}"))
    stored = archive(paths)
    try:
        kept = stored.sessions.events(log.id)
        check("the database", next(event.text for event in kept if isinstance(event, TurnStarted)))
        stored.episodes.search(text, 5)
        summary = stored.sessions.get(log.id)
        for way, made in (
            ("as text", "\n".join(as_text(summary, kept))),
            ("as Markdown", "\n".join(as_markdown(summary, kept))),
        ):
            made.encode("utf-8")
            if made != visible(made):
                wrong.append((way, "hidden characters"))
        exported = harmless_json(as_json(summary, kept))
        if exported != visible(exported):
            wrong.append(("as JSON", "hidden characters"))
        (started,) = [event for event in json.loads(exported)["events"] if event["kind"] == "turn_started"]
        check("as JSON", started["text"])
        assert any(isinstance(event, Answered) for event in kept)
    except Exception as exc:
        wrong.append(("kept", f"{text[:40]!r}: {exc!r}"))
    finally:
        stored.store.close()
    return wrong


def _is_found(folder: Path, text: str) -> bool:
    """Whether a file that is named like the text is listed under that name, made visible."""
    name = text.replace("/", "_").replace("\0", "_")
    name = os.fsdecode(name.encode("utf-8", "surrogateescape" if _raw(name) else "replace"))[:60].strip(".") or "x"
    try:
        (folder / name).write_text("x", encoding="utf-8")
    except OSError:
        return True
    return visible(name) in [visible(each.name) for each in folder.iterdir()]


def _raw(text: str) -> bool:
    """Whether all its half characters are bytes."""
    try:
        text.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:
        return False
    return True


async def all_of(given: list[str]) -> list[tuple[str, str]]:
    """What went wrong with any of them."""
    with tempfile.TemporaryDirectory() as folder:
        found = []
        for text in given:
            found += await tried(text, Path(tempfile.mkdtemp(dir=folder)))
        return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--naughty", type=Path, default=Path(__file__).parents[2] / "tests/data/security/blns.json")
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    everything = texts(given.naughty)
    wrong = asyncio.run(all_of(everything))
    for way in (*WAYS, "kept"):
        found = [what for where, what in wrong if where == way]
        if way in WAYS or found:
            print(f"{way:16} {len(found)} wrong of {len(everything)} {found[:5]}")
    n = len(everything) * len(WAYS)
    print(f"N = {n}: {len(wrong)}{'' if wrong else f', upper bound {3 / n:.3%}'}")
    if given.json:
        given.json.write_text(json.dumps(wrong))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
