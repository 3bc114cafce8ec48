"""The grammar of what is about models: `rookery models`, `bench` and `eval`; a part of that of the command line."""

from __future__ import annotations

import argparse

from rookery_tui.argument_kinds import whole

SUITES = ("decisions", "tasks", "faithful", "bfcl")
"""Those of `rookery_core.evals.suites`, which is not imported to show them."""

SOURCES = ("hub", "pypi")
"""Kinds of sources of models."""


def add_models(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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


def add_bench(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    bench = commands.add_parser(
        "bench",
        help="measure the model on this machine, and set what suits it",
        description="Measure how fast the model reads and writes with different numbers of threads, in under a minute.",
        allow_abbrev=False,
    )
    bench.add_argument("--model", metavar="PATH|NAME", help="a GGUF file, or the name of an installed model")
    bench.add_argument("--write", action="store_true", help="keep the best settings without asking")
    bench.add_argument("--json", action="store_true", help="as JSON")


def add_eval(commands: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
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
        "--limit", metavar="N", type=whole(1, 1_000_000), help="only so many cases, spread evenly over the file"
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
        "--parallel", metavar="N", type=whole(1, 64), default=1, help="cases at a time; seconds are told only with 1"
    )
