"""The command line's grammar: every command and option, and nothing that has to be imported to show it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any

from rookery_tui.out import say
from rookery_tui.rule_arguments import add_rules

NONE = "none"
SUITES = ("decisions", "tasks", "faithful", "bfcl")
"""Those of `rookery_core.evals.suites`, which is not imported to show them."""

SOURCES = ("hub", "pypi")
"""Kinds of sources of models."""


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; without a command it is `chat`. Ends the program with exit code 2 when they are wrong."""
    words = list(argv)
    if not words or (words[0].startswith("-") and words[0] not in ("-h", "--help", "-V", "--version")):
        words.insert(0, "chat")
    return parser().parse_args(words)


def parser() -> argparse.ArgumentParser:
    """The whole grammar; the reference in the documentation is made from it."""
    top: argparse.ArgumentParser = _Parser(
        prog="rookery",
        description="A chat assistant for the terminal: your model, your tools, your data, on your own machine.",
        epilog="Without a command: chat, and its options. `rookery COMMAND --help` tells more about a command.",
        allow_abbrev=False,
    )
    top.add_argument("-V", "--version", action=_Version, nargs=0, help="show the version and exit")
    commands = top.add_subparsers(dest="command", metavar="COMMAND", required=True)
    _chat(commands)
    _run(commands)
    _sessions(commands)
    _audit(commands)
    _config(commands)
    _models(commands)
    _plugins(commands)
    _tools(commands)
    _mcp(commands)
    add_rules(commands, _whole(1, 100_000))
    _bench(commands)
    _eval(commands)
    return top


def _chat(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    chat = commands.add_parser("chat", help="talk with the assistant (the default)", allow_abbrev=False)
    chat.add_argument("--repl", action="store_true", help="a plain prompt in place of the full-screen interface")
    chat.set_defaults(recall=None)
    _assistant_options(chat)


def _run(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    run = commands.add_parser(
        "run",
        help="carry out one task and print the answer",
        description="Carry out one task. The answer goes to standard output, everything else to standard error.",
        epilog="Exit codes: 0 answered; 1 gave up or failed; 2 usage or configuration; 3 no model; "
        "4 a call was refused because nobody could be asked; 130 interrupted.",
        allow_abbrev=False,
    )
    run.add_argument("task", nargs="?", metavar="TASK", help="what to do; `-` or nothing: read it from standard input")
    run.add_argument("--stdin", action="store_true", help="put standard input, such as a document, after TASK")
    run.add_argument("--output", choices=("text", "json", "jsonl"), default="text", help="default: text")
    run.add_argument("-q", "--quiet", action="store_true", help="no trace on standard error")
    run.add_argument("--recall", action="store_true", help="put what fits from earlier sessions and notes before it")
    _assistant_options(run)


def _assistant_options(parser: argparse.ArgumentParser) -> None:
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--session", metavar="ID", help="go on with this session; the start of its id is enough")
    which.add_argument("--continue", dest="continue_last", action="store_true", help="go on with the last session")
    parser.add_argument("--model", metavar="PATH|NAME", help="a GGUF file, or the name of an installed model")
    parser.add_argument("--workspace", metavar="DIR", default=".", help="the folder tools work in; default: this one")
    parser.add_argument(
        "--tools", metavar="NAMES", type=_names, help="offer only these tools or plugins; none for none"
    )
    parser.add_argument(
        "--allow",
        metavar="KINDS|TOOLS",
        type=_words,
        action="extend",
        default=[],
        help="run these without asking: kinds of risk (write, execute, network), tools or plugins",
    )
    _online_option(parser)
    _plugin_options(parser)
    parser.add_argument("--max-steps", metavar="N", type=_whole(1, 1000), help="steps before it gives up")
    parser.add_argument("--seed", metavar="N", type=_whole(0, 2**31 - 1), help="for the same text each time")


def _online_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--online", action="store_true", help="offer the tools that read and search the web")


def _plugin_options(parser: argparse.ArgumentParser) -> None:
    plugins = parser.add_mutually_exclusive_group()
    plugins.add_argument(
        "--plugin",
        dest="plugins",
        metavar="NAMES",
        type=_words,
        action="extend",
        help="of the installed plugins use these alone, enabled or not ($ROOKERY_PLUGINS)",
    )
    plugins.add_argument(
        "--no-plugins",
        dest="plugins",
        action="store_const",
        const=[],
        help="only Rookery's own plugins ($ROOKERY_NO_PLUGINS=1)",
    )
    parser.add_argument(
        "--strict-plugins",
        action="store_true",
        help="do not start without a plugin that is to be used and cannot be ($ROOKERY_STRICT_PLUGINS=1)",
    )


def _sessions(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    sessions = commands.add_parser("sessions", help="list, show, search and export past sessions", allow_abbrev=False)
    actions = sessions.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the sessions, the last used first", allow_abbrev=False)
    listing.add_argument(
        "--limit", metavar="N", type=_whole(1, 1_000_000), default=50, help="at most so many; default: 50"
    )
    show = actions.add_parser("show", help="one session: the conversation and its trace", allow_abbrev=False)
    show.add_argument("session", metavar="ID", help="the session's id, or its start")
    search = actions.add_parser("search", help="the past turns that fit some words", allow_abbrev=False)
    search.add_argument("words", metavar="WORDS", nargs="+")
    search.add_argument("--limit", metavar="N", type=_whole(1, 1000), default=20, help="at most so many; default: 20")
    for action in (listing, show, search):
        action.add_argument("--json", action="store_true", help="as JSON")
    export = actions.add_parser("export", help="one session as a file", allow_abbrev=False)
    export.add_argument("session", metavar="ID", help="the session's id, or its start")
    export.add_argument("--format", choices=("md", "json", "jsonl"), default="md", help="default: md")
    export.add_argument("--output", metavar="FILE", help="where to; default: standard output")
    export.add_argument("--force", action="store_true", help="replace FILE if it is there")


def _audit(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    audit = commands.add_parser("audit", help="what tools were called, and who allowed it", allow_abbrev=False)
    actions = audit.add_subparsers(dest="action", metavar="ACTION", required=True)
    show = actions.add_parser(
        "show", help="the newest calls, with what was decided and came of them", allow_abbrev=False
    )
    show.add_argument("--session", metavar="ID", default="", help="only those of this session")
    show.add_argument("--tool", metavar="NAME", default="", help="only calls of this tool")
    show.add_argument(
        "--limit", metavar="N", type=_whole(1, 1_000_000), default=50, help="at most so many; default: 50"
    )
    verify = actions.add_parser("verify", help="whether the record was changed from outside", allow_abbrev=False)
    for action in (show, verify):
        action.add_argument("--json", action="store_true", help="as JSON")
    export = actions.add_parser("export", help="all events with their hashes, a line of JSON each", allow_abbrev=False)
    export.add_argument("--output", metavar="FILE", help="where to; default: standard output")
    export.add_argument("--force", action="store_true", help="replace FILE if it is there")


def _config(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    config = commands.add_parser("config", help="show, check and change the settings", allow_abbrev=False)
    actions = config.add_subparsers(dest="action", metavar="ACTION", required=True)
    path = actions.add_parser("path", help="where settings, database, models and logs are", allow_abbrev=False)
    path.add_argument("--json", action="store_true", help="as JSON")
    actions.add_parser("show", help="every setting, and where it is from", allow_abbrev=False)
    actions.add_parser("check", help="whether the config files are good", allow_abbrev=False)
    one = actions.add_parser("get", help="the value of one setting", allow_abbrev=False)
    one.add_argument("key", metavar="KEY", help="section.key, as `rookery config show` lists them")
    change = actions.add_parser("set", help="change one setting", allow_abbrev=False)
    change.add_argument("key", metavar="KEY", help="section.key, as `rookery config show` lists them")
    change.add_argument("value", metavar="VALUE", help="a TOML value, or plain text")


def _models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    models = commands.add_parser("models", help="list, fetch, add, choose and remove models", allow_abbrev=False)
    actions = models.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the models there are, and those to be had", allow_abbrev=False)
    info = actions.add_parser("info", help="one model: what it is, where from, its hash", allow_abbrev=False)
    info.add_argument("model", metavar="NAME|FILE", help="a model by its name, or a GGUF file")
    for action in (listing, info):
        action.add_argument("--json", action="store_true", help="as JSON")
    pull = actions.add_parser(
        "pull",
        help="fetch a model",
        description="Fetch a model into the models folder. It is used only if its hash is the right one. What came "
        "before a break is kept, and the same command goes on there.",
        allow_abbrev=False,
    )
    pull.add_argument("model", metavar="NAME|hub:OWNER/REPO/FILE.gguf", help="a known model, or a file of the hub")
    pull.add_argument("--source", choices=SOURCES, help="only from there; default: each source, in order")
    pull.add_argument("--name", metavar="NAME", help="what to call it here")
    pull.add_argument("--sha256", metavar="HASH", help="accept a file of the hub only if it has this hash")
    add = actions.add_parser("add", help="put a GGUF file of yours into the models folder", allow_abbrev=False)
    add.add_argument("file", metavar="FILE.gguf")
    add.add_argument("--name", metavar="NAME", help="what to call it here; default: as the file")
    add.add_argument("--copy", action="store_true", help="copy it, also where a second name for the file would do")
    use = actions.add_parser("use", help="begin with this model from now on", allow_abbrev=False)
    use.add_argument("model", metavar="NAME|FILE", help="a model by its name, or a GGUF file")
    probe = actions.add_parser(
        "probe",
        help="try which form of a call a model does better with",
        description="Let a model make a few decisions with Rookery's labels and in the form of its own chat template, "
        "and remember which went better.",
        allow_abbrev=False,
    )
    probe.add_argument("model", metavar="NAME|FILE", nargs="?", help="default: the model in use")
    remove = actions.add_parser("remove", help="delete a model from the models folder", allow_abbrev=False)
    remove.add_argument("model", metavar="NAME")
    remove.add_argument("--yes", action="store_true", help="without asking")


def _plugins(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    plugins = commands.add_parser("plugins", help="list plugins, and decide which are used", allow_abbrev=False)
    actions = plugins.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the installed plugins, and which are used", allow_abbrev=False)
    info = actions.add_parser("info", help="one plugin: where from, its tools and hooks", allow_abbrev=False)
    info.add_argument("plugin", metavar="NAME")
    enable = actions.add_parser(
        "enable",
        help="use a plugin from now on",
        description="Show what a plugin offers, and use it from now on. One that changes later waits again.",
        allow_abbrev=False,
    )
    enable.add_argument("plugin", metavar="NAME")
    enable.add_argument("--yes", action="store_true", help="without asking")
    enable.add_argument(
        "--in-process",
        action="store_true",
        help="with the hooks that work only inside the program, with all its rights",
    )
    disable = actions.add_parser("disable", help="use a plugin no longer", allow_abbrev=False)
    disable.add_argument("plugin", metavar="NAME")
    install = actions.add_parser(
        "install",
        help="install packages with pip, and ask about the plugins they bring",
        description="Install packages into the environment that Rookery runs in, with pipx, pip or uv, whichever made "
        "it or is there; then show each plugin that is new and ask whether to use it.",
        allow_abbrev=False,
    )
    install.add_argument("requirements", metavar="PACKAGE", nargs="+", help="as for pip: a name, a folder, a URL")
    remove = actions.add_parser("remove", help="remove the package of a plugin", allow_abbrev=False)
    remove.add_argument("plugin", metavar="NAME")
    restore = actions.add_parser(
        "restore", help="install again what was installed before and is gone, as after an upgrade", allow_abbrev=False
    )
    for action in (install, remove, restore):
        action.add_argument("--yes", action="store_true", help="without asking")
    new = actions.add_parser("new", help="write the package of a new plugin, with a test", allow_abbrev=False)
    new.add_argument("name", metavar="NAME", help="lower-case words with - between them")
    new.add_argument("--into", metavar="DIR", help="the folder to write; default: rookery-NAME")
    doctor = actions.add_parser(
        "doctor", help="read each plugin that is used and say what is wrong", allow_abbrev=False
    )
    for action in (listing, info, doctor):
        action.add_argument("--json", action="store_true", help="as JSON")


def _tools(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    tools = commands.add_parser("tools", help="list the tools, and call one by hand", allow_abbrev=False)
    actions = tools.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the tools the model may call", allow_abbrev=False)
    show = actions.add_parser("show", help="one tool: what the model reads of it, its schema", allow_abbrev=False)
    show.add_argument("tool", metavar="NAME")
    for action in (listing, show):
        action.add_argument("--json", action="store_true", help="as JSON")
    call = actions.add_parser(
        "call",
        help="call a tool as the model would",
        description="Call a tool: arguments checked, the person asked where it is risky. Its result is the output.",
        epilog="Exit codes: 0 done; 1 the tool failed; 2 usage or arguments; 4 refused because nobody could be asked.",
        allow_abbrev=False,
    )
    call.add_argument("tool", metavar="NAME")
    call.add_argument("arguments", metavar="JSON", nargs="?", default="{}", help="an object; default: {}")
    call.add_argument("--workspace", metavar="DIR", default=".", help="the folder tools work in; default: this one")
    call.add_argument(
        "--allow", metavar="KINDS|TOOLS", type=_words, action="extend", default=[], help="as for `rookery run`"
    )
    for action in (listing, show, call):
        _online_option(action)
        _plugin_options(action)


def _mcp(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    mcp = commands.add_parser(
        "mcp", help="use the tools of MCP servers, and offer Rookery's to other assistants", allow_abbrev=False
    )
    actions = mcp.add_subparsers(dest="action", metavar="ACTION", required=True)
    listing = actions.add_parser("list", help="the configured servers, their state and tools", allow_abbrev=False)
    check = actions.add_parser("check", help="start a server and say what it offers, or why not", allow_abbrev=False)
    check.add_argument("server", metavar="NAME")
    for action in (listing, check):
        action.add_argument("--json", action="store_true", help="as JSON")
    serve = actions.add_parser(
        "serve",
        help="offer the installed tools to another assistant",
        description="Speak MCP on standard input and output. Calls are checked as Rookery's own are, and the other "
        "assistant is asked to ask its person about them; where it cannot, what would ask is denied.",
        allow_abbrev=False,
    )
    serve.add_argument("--workspace", metavar="DIR", default=".", help="the folder tools work in; default: this one")
    serve.add_argument("--tools", metavar="NAMES", type=_names, help="offer only these tools or plugins")
    serve.add_argument(
        "--allow", metavar="KINDS|TOOLS", type=_words, action="extend", default=[], help="as for `rookery run`"
    )
    _online_option(serve)
    _plugin_options(serve)


def _bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bench = commands.add_parser(
        "bench",
        help="measure the model on this machine, and set what suits it",
        description="Measure how fast the model reads and writes with different numbers of threads, in under a minute.",
        allow_abbrev=False,
    )
    bench.add_argument("--model", metavar="PATH|NAME", help="a GGUF file, or the name of an installed model")
    bench.add_argument("--write", action="store_true", help="keep the best settings without asking")
    bench.add_argument("--json", action="store_true", help="as JSON")


def _eval(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    evaluation = commands.add_parser(
        "eval",
        help="measure how well the model decides and works",
        description="Run the cases of a suite and print the rates with their 95 % intervals. A run that was stopped "
        "goes on where it was, as long as the model, the settings and the program are the same.",
        allow_abbrev=False,
    )
    evaluation.add_argument("suite", metavar="SUITE", choices=SUITES, help=", ".join(SUITES))
    evaluation.add_argument(
        "--cases", metavar="FILE.jsonl", help="these cases in place of those that come with Rookery"
    )
    evaluation.add_argument("--model", metavar="PATH|NAME", help="a GGUF file, or the name of an installed model")
    evaluation.add_argument(
        "--limit", metavar="N", type=_whole(1, 1_000_000), help="only so many cases, spread evenly over the file"
    )
    evaluation.add_argument(
        "--group", metavar="NAME", action="append", default=[], help="only the cases of this group; may be repeated"
    )
    evaluation.add_argument("--json", metavar="FILE", help="write the numbers and every case to FILE")
    evaluation.add_argument(
        "--set", metavar="KEY=VALUE", action="append", default=[], help="another setting for this run; may be repeated"
    )
    evaluation.add_argument("--restart", action="store_true", help="run again what was finished before")
    evaluation.add_argument(
        "--parallel", metavar="N", type=_whole(1, 64), default=1, help="cases at a time; seconds are told only with 1"
    )


def _words(text: str) -> list[str]:
    return [word for part in text.split(",") if (word := part.strip())]


def _names(text: str) -> list[str]:
    words = _words(text)
    return [] if words == [NONE] else words


def _whole(least: int, most: int) -> Callable[[str], int]:
    def read(text: str) -> int:
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not least <= number <= most:
            raise argparse.ArgumentTypeError(f"give a whole number from {least} to {most}")
        return number

    return read


class _Parser(argparse.ArgumentParser):
    """A parser whose errors are harmless on a screen, whatever the arguments hold."""

    def _print_message(self, message: str, file: Any = None) -> None:
        say(message, file or sys.stderr, end="")


class _Version(argparse.Action):
    """Prints the installed version; looked up only when asked for."""

    def __call__(self, parser: argparse.ArgumentParser, *rest: object) -> None:
        from importlib.metadata import version

        say(f"rookery {version('rookery')}", sys.stdout)
        parser.exit()
