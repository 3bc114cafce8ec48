"""Hostile texts through every way to a screen, captured from a real terminal: how many bytes of them arrive.

python benchmarks/security/screens.py [--json FILE]

The texts hold every C0 and C1 character, sequences of all kinds with each of their ends, and hidden characters. The
full-screen program shows them in every pane, question, list and message; a second run shows the same texts with their
escapes written out. No sequence may occur in the first that the second lacks, and none behind its mark. The other
commands may write no sequence at all.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.security.payloads import PAYLOADS, hostile, leaked, obeyed
from benchmarks.security.pseudo_terminal import Terminal

PAUSE_S = 0.4
"""What a step has for being drawn."""
STEPS = (
    "a message", "a thought", "arguments", "a preview", "progress", "an observation", "an error", "an answer in pieces",
    "an answer", "a notice", "a remark", "messages that wait", "a plugin's failure", "a session's title",
    "a session's date", "a problem", "a command's help", "a command's text", "the input", "a paste", "the history",
    "a question", "its choices", "its paste", "a model's name", "a workspace's name", "memory", "a file's name",
    "the clipboard", "print", "sys.__stdout__", "sys.__stderr__", "file 1", "file 2", "a process's output",
)  # fmt: skip
"""The ways to the screen that the full-screen run takes."""


def command_line(*words: str) -> list[str]:
    """`rookery` with these words."""
    code = "import sys; from rookery_tui.cli import main; sys.exit(main())"
    return [sys.executable, "-c", code, *words]


# -- the full screen ----------------------------------------------------------------------------------------------


async def take_all_ways(app: Any, text: str, settle: Any) -> None:
    """Show the text in every way; `settle` is awaited after each."""
    from textual import events as keys

    from rookery_core.events import (
        ApprovalRequested,
        InputPerceived,
        MemoryRecalled,
        ModelReady,
        PluginFailed,
        QuestionAsked,
        Recalled,
        ThoughtFormed,
        TokenDelta,
        ToolFinished,
        ToolProgress,
        ToolRequested,
        ToolStatus,
    )  # fmt: skip
    from rookery_core.store.sessions import SessionSummary
    from rookery_tui.screens.approval import ApprovalScreen
    from rookery_tui.screens.help import HelpScreen, sections
    from rookery_tui.screens.problem import ProblemScreen
    from rookery_tui.screens.question import QuestionScreen
    from rookery_tui.screens.sessions import SessionsScreen
    from rookery_tui.speech import welcome

    main = app.main
    common = {"session": "s", "turn": 1, "at": 0.0}

    async def event(made: Any) -> None:
        await main.show(made)
        await settle()

    async def above(screen: Any) -> None:
        app.push_screen(screen)
        await settle()

    async def back() -> None:
        app.pop_screen()
        await settle()

    main.chat.welcome = welcome(text, text, 3)
    await main.chat.load([])
    await settle()
    await event(
        ModelReady(
            **common, model=text, path=text, n_ctx=100, n_ctx_train=100, template=text, load_s=1.0, notes=(text,)
        )
    )
    app.conversation.send(text)
    await settle()
    await event(ThoughtFormed(**common, text=text))
    await event(ToolRequested(**common, call_id="1", tool=text[:60], arguments={"text": text, text[:40]: 1}))
    await event(ToolProgress(**common, call_id="1", tool="t", text=text))
    for status in ToolStatus:
        done = ToolFinished(**common, call_id="1", tool="t", status=status, output=text)
        await event(done)
    main.trace.toggle_tool_output()
    await settle()
    for piece in (text[n : n + 7] for n in range(0, len(text), 7)):
        await main.show(TokenDelta(**common, channel="answer", text=piece))
    await settle()
    for channel in ("thought", "action"):
        await event(TokenDelta(**common, channel=channel, text=text))
    await main.chat.load([])
    await event(MemoryRecalled(**common, items=(Recalled(source="note", ref=text[:30], text=text),)))
    await event(InputPerceived(**common, name=text[:80], what="missing", text=text, dropped_chars=0))
    await event(PluginFailed(**common, plugin=text[:60], distribution=text[:60], reason=text))
    await main.chat.notice(text, "bad")
    await settle()
    await main.fail(text, text[:80])
    main.remark(text)
    main.show_queue([text, text, text])
    await settle()
    request = ApprovalRequested(
        **common, call_id="1", tool=text[:60], plugin=text[:60], distribution=text[:60], risk="write",
        arguments={"text": text}, workspace=text[:80], preview=text, reason=text, remembers=(text[:80],),
    )  # fmt: skip
    await above(ApprovalScreen(request, 0.0))
    await back()
    asked = QuestionAsked(**common, call_id="1", tool=text[:60], question=text, choices=tuple(text.split("\n")[:9]))
    await above(QuestionScreen(asked, 0.0))
    await back()
    await above(QuestionScreen(asked.model_copy(update={"choices": ()}), 0.0))
    app.screen.query_one("#answer").post_message(keys.Paste(text))
    await settle()
    await back()
    await above(SessionsScreen([SessionSummary("i", text, text, 0.0, 0.0, 1)], "", 0.0))
    await back()
    await above(HelpScreen(sections(app.BINDINGS, {"name": text})))
    await back()
    await above(ProblemScreen(text))
    await back()
    main.prompt.put(text)
    await settle()
    main.prompt.post_message(keys.Paste(text))
    await settle()
    main.prompt.clear_text()
    main.prompt.show_older()
    await settle()
    app.action_copy_answer()
    print(text)
    for stream in (sys.__stdout__, sys.__stderr__):
        assert stream is not None
        print(text.encode("utf-8", "replace").decode(), file=stream, flush=True)
    for number in (1, 2):
        os.write(number, text.encode("utf-8", "replace"))
    printing = await asyncio.create_subprocess_exec("printf", "%s", text.replace("\0", ""))
    await printing.wait()
    await settle()


def program(text: str) -> int:
    """The full-screen program, which shows the text in every way by itself and ends."""
    from rookery_core.approval.policy import Answerer, Approver
    from rookery_core.assistant import Assistant
    from rookery_core.compose import build
    from rookery_core.config import Config
    from rookery_core.equipment import Options
    from rookery_core.logs import VisibleLog
    from rookery_core.model.scripted import ScriptedModel
    from rookery_core.paths import Paths
    from rookery_core.tools.loader import Loaded
    from rookery_tui.app import RookeryApp
    from rookery_tui.subcommands.chat import run_below
    from rookery_tui.supervising import Below, supervised

    paths, ready = Paths.find(os.environ), Path(os.environ["READY"])

    def make(approver: Approver, answerer: Answerer) -> Assistant:
        model = ScriptedModel([f"Thought: x\nAnswer: {text}"])
        return build(
            Config(), paths, Options(workspace=Path.cwd()), approver=approver, model=[model], plugins=Loaded((), ())
        )

    class Shows(RookeryApp):
        async def _begin(self) -> None:
            await super()._begin()
            self.run_worker(self._take_all_ways())

        async def _take_all_ways(self) -> None:
            await take_all_ways(self, text, lambda: asyncio.sleep(PAUSE_S))
            os.close(os.open(ready, os.O_CREAT))
            self.leave()

    def work(below: Below | None) -> int:
        app = Shows(make)
        assert below is not None
        run_below(app, below)
        return app.return_code or 0

    return supervised(work, lambda: VisibleLog(paths.screen_log))


def full_screen(text: str) -> tuple[bytes, str]:
    """What the terminal got, and what the log of stray output has."""
    with tempfile.TemporaryDirectory() as folder:
        file, ready = Path(folder, "text"), Path(folder, "ready")
        file.write_bytes(text.encode("utf-8", "surrogatepass"))
        env = {**os.environ, "ROOKERY_HOME": folder, "READY": str(ready)}
        terminal = Terminal(
            [sys.executable, __file__, "--program", str(file)], env, Path(folder), lines=150, columns=240
        )
        try:
            terminal.wait(lambda: terminal.reports[1:], patience_s=300)
            terminal.read(0.5)
            log = Path(folder, "logs", "screen.log")
            printed = log.read_text(encoding="utf-8") if log.exists() else ""
            assert ready.exists(), printed + terminal.output[-500:].decode(errors="replace")
            return terminal.output, printed
        finally:
            terminal.close()


# -- everything else ----------------------------------------------------------------------------------------------


def prepare(home: Path, text: str) -> dict[str, list[str]]:
    """Fill a home folder with hostile things, and say which commands show them."""
    from rookery_core.compose import archive
    from rookery_core.events import (
        Answered,
        ThoughtFormed,
        ToolFinished,
        ToolRequested,
        ToolStatus,
        TurnEnded,
        TurnStarted,
        TurnStatus,
    )
    from rookery_core.paths import Paths
    from rookery_core.text import storable
    from rookery_core.usage import Usage

    paths = Paths.find({"ROOKERY_HOME": str(home)})
    stored = archive(paths)
    log = stored.sessions.create(home)
    kept = storable(text)
    common = {"session": log.id, "turn": 1, "at": 0.0}
    for event in (
        TurnStarted(**common, text=kept, strategy="react", workspace=kept),
        ThoughtFormed(**common, text=kept),
        ToolRequested(**common, call_id="1", tool=kept[:60], arguments={"text": kept}),
        ToolFinished(**common, call_id="1", tool="t", status=ToolStatus.OK, output=kept),
        Answered(**common, text=kept),
        TurnEnded(**common, status=TurnStatus.FAILED, reason=kept, steps=2, usage=Usage(), seconds=1.0),
    ):
        log.append(event)
    log.close()
    stored.store.close()
    escaped = json.dumps(kept)
    (home / "config.toml").write_text(
        f"[tui]\ntheme = {escaped}\n[model]\npath = {json.dumps(kept.replace(chr(0), '')[:200])}\n"
        f'[mcp.servers.odd]\ncommand = "false"\nargs = [{escaped}]\n',
        encoding="utf-8",
    )
    (home / "bad").mkdir()
    (home / "bad" / "config.toml").write_text(f"[tui]\ntheme = 3\n{escaped} = 1\n", encoding="utf-8")
    (home / "models").mkdir(exist_ok=True)
    name = "".join(kept.replace("/", "").replace("\0", "").split("\n"))
    for n in range(0, min(len(name), 1200), 60):
        (home / "models" / f"{name[n : n + 60]}.gguf").write_bytes(b"GGUF")
    word = kept.replace("\0", "")
    return {
        "sessions list": ["sessions", "list"],
        "sessions list --json": ["sessions", "list", "--json"],
        "sessions show": ["sessions", "show", log.id],
        "sessions search": ["sessions", "search", "title"],
        "sessions search, hostile words": ["sessions", "search", "--", word],
        **{f"export {form}": ["sessions", "export", log.id, "--format", form] for form in ("md", "json", "jsonl")},
        "a session that is not": ["sessions", "show", word],
        "config show": ["config", "show"],
        "config check": ["config", "check"],
        "config get": ["config", "get", "tui.theme"],
        "config set": ["config", "set", word, word],
        "wrong words": [word, word],
        "wrong option": ["run", f"--{word}"],
        "wrong choice": ["run", "--output", word, "x"],
        "models list": ["models", "list"],
        "models list --json": ["models", "list", "--json"],
        "models info": ["models", "info", word[:200]],
        "models use": ["models", "use", word[:200]],
        "plugins info": ["plugins", "info", word],
        "plugins new": ["plugins", "new", word],
        "tools show": ["tools", "show", word],
        "tools call": ["tools", "call", "calculator", json.dumps({"expression": kept}, ensure_ascii=False)],
        "tools call, not JSON": ["tools", "call", "calculator", word],
        "tools call, a file": ["tools", "call", "read_file", json.dumps({"path": kept[:200]}, ensure_ascii=False)],
        "mcp list": ["mcp", "list"],
        "mcp check": ["mcp", "check", "odd"],
        "mcp check, another": ["mcp", "check", word],
        "run, no such model": ["run", "--model", word[:300], "x"],
        "run, no such session": ["run", "--session", word, "x"],
        "chat, no such model": ["chat", "--repl", "--model", word[:300]],
    }  # fmt: skip


def plain(command: list[str], home: Path, env: Mapping[str, str]) -> bytes:
    """What a terminal got of a command."""
    made = {**os.environ, "ROOKERY_HOME": str(home), "ROOKERY_NO_PLUGINS": "", **env}
    terminal = Terminal(command_line(*command), made, home, lines=60, columns=200)
    try:
        until = time.monotonic() + 60
        while len(terminal.reports) < 2 and time.monotonic() < until:
            terminal.read()
        terminal.read(0.2)
        return terminal.output
    finally:
        terminal.close()


def every_plain_way(text: str, only: frozenset[str] = frozenset()) -> dict[str, list[str]]:
    """By command, what a terminal would have obeyed."""
    found = {}
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        ways = prepare(home, text)
        for name, words in ways.items():
            if not only or name in only:
                stream = plain(words, home, {})
                found[name] = [repr(each) for each in obeyed(stream) if each != b"\t"]
        if not only or "a broken config" in only:
            stream = plain(["config", "show"], home / "bad", {})
            found["a broken config"] = [repr(each) for each in obeyed(stream)]
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--json", type=Path)
    parser.add_argument("--program", type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.program:
        return program(given.program.read_bytes().decode("utf-8", "surrogatepass"))
    wrong = compare(hostile())
    n = len(STEPS) * len(PAYLOADS)
    print(f"full screen: {len(STEPS)} ways x {len(PAYLOADS)} payloads = {n}: {len(wrong)} leaked {wrong[:10]}")
    ways = every_plain_way(hostile())
    leaks = {name: found for name, found in ways.items() if found}
    m = len(ways) * len(PAYLOADS)
    print(f"commands: {len(ways)} ways x {len(PAYLOADS)} payloads = {m}: {len(leaks)} ways leaked {leaks}")
    bad = len(wrong) + len(leaks)
    print(f"N = {n + m}: {bad}{'' if bad else f', upper bound {3 / (n + m):.3%}'}")
    if given.json:
        given.json.write_text(json.dumps({"full screen": wrong, "commands": leaks}))
    return 1 if bad else 0


def compare(text: str) -> list[str]:
    """What of a hostile text came to the full screen's terminal."""
    from rookery_core.text import visible

    hostile_stream, log = full_screen(text)
    clean_stream, _ = full_screen(visible(text))
    mine, clean = obeyed(hostile_stream), obeyed(clean_stream)
    assert b"K0k" in hostile_stream
    given = {payload.encode() for payload in PAYLOADS}
    wrong = [
        f"{each!r} {n} times, not {clean.get(each, 0)}"
        for each, n in mine.items()
        if (each not in clean or each in given) and n != clean.get(each, 0) and not each.startswith(b"\x1b]52;")
    ]
    wrong += [f"behind its mark: {each!r}" for each in leaked(hostile_stream)]
    if log != visible(log):
        wrong.append("the log of what was printed")
    return wrong


if __name__ == "__main__":
    sys.exit(main())
