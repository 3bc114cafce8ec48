"""Write the tables in docs/reference.md from the code, or check that they are what the code says.

python docs/generate.py [--check]
"""

from __future__ import annotations

import argparse
import inspect
import re
import sys
import textwrap
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

from rookery_core import config, events
from rookery_core.reasoning.prompt import describe
from rookery_core.tools import hooks, loader
from rookery_core.tools.registry import register
from rookery_tui.app import RookeryApp
from rookery_tui.arguments import parser
from rookery_tui.exits import Exit
from rookery_tui.screens.help import sections
from rookery_tui.typed import COMMANDS, PLAIN_COMMANDS

PAGE = Path(__file__).with_name("reference.md")
ROOT = PAGE.parents[1]


def _table(head: str, rows: Iterable[Iterable[str]]) -> str:
    columns = head.split("|")
    lines = [f"| {' | '.join(columns)} |", f"|{'---|' * len(columns)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


def _first(text: str | None) -> str:
    return " ".join((text or "").split("\n\n")[0].split())


def _events() -> str:
    classes = [kind for kind in vars(events).values() if isinstance(kind, type)]
    kinds = [kind for kind in classes if issubclass(kind, events.Event) and kind is not events.Event]
    own = set(events.Event.model_fields) | {"kind"}
    return _table(
        "kind|what happened|fields|stored",
        (
            (
                f"`{kind.model_fields['kind'].default}`",
                _first(kind.__doc__),
                ", ".join(f"`{name}`" for name in kind.model_fields if name not in own),
                "no" if kind.ephemeral else "yes",
            )
            for kind in kinds
        ),
    )


def _settings() -> str:
    rows = []
    for table, _, settings in config.documented():
        for name, default, does in settings:
            rows.append((f"`{table}.{name}`", f"`{config.toml_line(name, default).partition(' = ')[2]}`", does))
    return _table("setting|default|what it does", rows)


def _tools() -> str:
    own = [ep for ep in loader.installed() if ep.dist is not None and ep.dist.name == loader.OWN_DISTRIBUTION]
    registry, _ = register(loader.load(own).plugins)
    return _table(
        "tool|plugin|risk|as the model reads it",
        ((f"`{t.name}`", t.plugin, t.tool.risk, f"`{describe(t).removeprefix('- ')}`") for t in registry),
    )


def _hooks() -> str:
    found = [(name, f) for name, f in vars(hooks).items() if name.startswith("rookery_")]
    return _table(
        "hook|what it returns", ((f"`{name}{inspect.signature(f)}`", _first(inspect.getdoc(f))) for name, f in found)
    )


def _commands() -> str:
    texts = []
    for command in _leaves(parser()):
        usage = " ".join(command.format_usage().split()).removeprefix("usage: ").replace(" [-h]", "")
        texts.append("\n".join(textwrap.wrap(usage, 100, subsequent_indent="    ", break_on_hyphens=False)))
    return "```text\n" + "\n".join(texts) + "\n```"


def _leaves(found: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The commands that have no further ones below them."""
    below = [action for action in found._actions if isinstance(action, argparse._SubParsersAction)]
    if not below:
        yield found
    for action in below:
        for name in action.choices:
            yield from _leaves(action.choices[name])


def _exits() -> str:
    source = inspect.getsource(Exit)
    said = dict(re.findall(r"    ([A-Z_]+) = .*\n    \"\"\"(.*)\"\"\"", source))
    plain = {
        "OK": "Done; for `run`: answered.",
        "INTERRUPTED": "Stopped by Ctrl+C.",
        "TERMINATED": "Stopped by SIGTERM.",
    }
    return _table("code|meaning", ((str(int(code)), said.get(code.name, plain.get(code.name, ""))) for code in Exit))


def _keys() -> str:
    *by_place, _ = sections(RookeryApp.BINDINGS)
    return _table(
        "where|key|what it does", ((place, f"`{key}`", does) for place, keys in by_place for key, does in keys)
    )


def _slash() -> str:
    places = {name: "everywhere" if name in COMMANDS else "plain prompt" for name in PLAIN_COMMANDS}
    return _table("command|what it does|where", ((f"`/{n}`", PLAIN_COMMANDS[n], where) for n, where in places.items()))


BLOCKS: dict[str, Callable[[], str]] = {
    "commands": _commands,
    "exits": _exits,
    "keys": _keys,
    "slash": _slash,
    "tools": _tools,
    "settings": _settings,
    "hooks": _hooks,
    "events": _events,
}


def page(text: str) -> str:
    """The page with every marked block made anew."""
    for name, make in BLOCKS.items():
        begin, end = f"<!-- {name} -->", f"<!-- /{name} -->"
        if begin not in text or end not in text:
            raise SystemExit(f"{PAGE.name} has no block {begin} ... {end}")
        head, rest = text.split(begin, 1)
        text = f"{head}{begin}\n{make()}\n{end}{rest.split(end, 1)[1]}"
    return text


def main() -> int:
    """Write the page and the example config, or with --check say whether they are up to date."""
    check = "--check" in sys.argv[1:]
    stale = []
    example = ROOT / "config.example.toml"
    for path, text in ((PAGE, page(PAGE.read_text(encoding="utf-8"))), (example, config.example())):
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            stale.append(path.name)
            if not check:
                path.write_text(text, encoding="utf-8")
    if check and stale:
        print(f"out of date: {', '.join(stale)}; run `python docs/generate.py`")
        return 1
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
