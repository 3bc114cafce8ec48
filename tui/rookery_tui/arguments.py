"""The command line's grammar: every command and option, and nothing that has to be imported to show it."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import Any

from rookery_tui.argument_kinds import names, whole, words
from rookery_tui.model_arguments import add_bench, add_eval, add_models
from rookery_tui.out import say
from rookery_tui.plugin_arguments import add_plugins
from rookery_tui.record_arguments import add_audit, add_memory, add_sessions, add_stats
from rookery_tui.rule_arguments import add_rules
from rookery_tui.sandbox_arguments import add_sandbox, root_option
from rookery_tui.trust_arguments import add_trust, trust_option


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Read the arguments; without a command it is `chat`. Ends the program with exit code 2 when they are wrong."""
    given = list(argv)
    if not given or (given[0].startswith("-") and given[0] not in ("-h", "--help", "-V", "--version")):
        given.insert(0, "chat")
    return parser().parse_args(given)


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
    add_sessions(commands)
    add_audit(commands)
    add_stats(commands)
    add_memory(commands)
    _config(commands)
    add_models(commands)
    add_plugins(commands)
    _tools(commands)
    _mcp(commands)
    add_rules(commands)
    add_trust(commands)
    add_sandbox(commands)
    add_bench(commands)
    add_eval(commands)
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
    parser.add_argument("--tools", metavar="NAMES", type=names, help="offer only these tools or plugins; none for none")
    parser.add_argument(
        "--allow",
        metavar="KINDS|TOOLS",
        type=words,
        action="extend",
        default=[],
        help="run these without asking: kinds of risk (write, execute, network), tools or plugins",
    )
    _mode_option(parser)
    trust_option(parser)
    root_option(parser)
    _online_option(parser)
    _plugin_options(parser)
    parser.add_argument("--max-steps", metavar="N", type=whole(1, 1000), help="steps before it gives up")
    parser.add_argument("--seed", metavar="N", type=whole(0, 2**31 - 1), help="for the same text each time")


def _mode_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--mode", choices=("ask", "accept-edits", "plan"), help="what runs without a question; plan: nothing is changed"
    )


def _online_option(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--online", action="store_true", help="offer the tools that read and search the web")


def _plugin_options(parser: argparse.ArgumentParser) -> None:
    plugins = parser.add_mutually_exclusive_group()
    plugins.add_argument(
        "--plugin",
        dest="plugins",
        metavar="NAMES",
        type=words,
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
        "--allow", metavar="KINDS|TOOLS", type=words, action="extend", default=[], help="as for `rookery run`"
    )
    for action in (listing, show, call):
        root_option(action)
        trust_option(action)
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
        root_option(action)
    serve = actions.add_parser(
        "serve",
        help="offer the installed tools to another assistant",
        description="Speak MCP on standard input and output. Calls are checked as Rookery's own are, and the other "
        "assistant is asked to ask its person about them; where it cannot, what would ask is denied.",
        allow_abbrev=False,
    )
    serve.add_argument("--workspace", metavar="DIR", default=".", help="the folder tools work in; default: this one")
    serve.add_argument("--tools", metavar="NAMES", type=names, help="offer only these tools or plugins")
    serve.add_argument(
        "--allow", metavar="KINDS|TOOLS", type=words, action="extend", default=[], help="as for `rookery run`"
    )
    _mode_option(serve)
    trust_option(serve)
    root_option(serve)
    _online_option(serve)
    _plugin_options(serve)


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
