"""`rookery bench`: how fast the model is on this machine, and the settings that suit it."""

from __future__ import annotations

import argparse
import asyncio
import json
from collections.abc import Iterator
from dataclasses import asdict

from rookery_core.compose import load_options
from rookery_core.config_file import load_config, set_value
from rookery_core.model.registry import configured, find
from rookery_core.model.speed import Advice, Findings, Speed, advise, measure
from rookery_core.paths import Paths
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import redraw, say, say_json
from rookery_tui.stopping import Stop, stoppable, stopped


def main(arguments: argparse.Namespace, paths: Paths, console: Console) -> Exit:
    """Measure, print a table, and write the settings if the person wants it. Raises ModelError, ConfigError."""
    config = load_config(paths).config
    file = find(configured(config.model.path, paths) if arguments.model is None else arguments.model, paths)
    options = load_options(config.model, file.path, paths, expand=True)
    say(f"measuring {file.name}, in less than a minute; leave the machine alone meanwhile", console.stderr)

    def heard(findings: Findings) -> None:
        if console.stderr.isatty() and findings.speeds:
            redraw(f"{len(findings.speeds)} measurements", console.stderr)

    stop = Stop()
    findings = asyncio.run(stoppable(measure(options, heard), stop))
    if console.stderr.isatty():
        redraw("", console.stderr)
    if findings is None:
        return stopped(stop, console.stderr)
    advice = advise(findings)
    if arguments.json:
        made = {"model": file.name, **asdict(findings), "advice": asdict(advice)}
        say_json(json.dumps(made), console.stdout)
    else:
        for line in table(file.name, findings, advice):
            say(line, console.stdout)
    if arguments.write or (not arguments.json and _wanted(console)):
        for name, value in asdict(advice).items():
            set_value(paths, f"model.{name}", json.dumps(value))
        say(f"written to {paths.settings_file}", console.stderr)
    return Exit.OK


def table(name: str, findings: Findings, advice: Advice) -> Iterator[str]:
    """What was measured, for people."""
    size = f"{findings.n_bytes >> 20} MB, {findings.n_params / 1e6:.0f} million parameters"
    yield f"{name}: {size}; {findings.cores} cores"
    yield ""
    yield "tokens a second        reading                 writing"
    yield "weights    threads     alone   beside another  alone   beside another"
    for speed in (speed for speed in findings.speeds if not speed.busy):
        other = _beside(findings, speed)
        yield (
            f"{speed.format:<10} {speed.threads:>7} {speed.read:>9.0f} {other.read:>16.0f} "
            f"{speed.write:>6.0f} {other.write:>16.0f}"
        )
    yield ""
    yield '"beside another": while another program keeps one core busy'
    if findings.kl is not None:
        yield (
            f"expanded: the same weights in {findings.expanded_to}, for reading only; "
            f"{findings.expanded_bytes >> 20} MB more memory, KL {findings.kl:.4f}"
        )
    yield ""
    yield "best here:"
    for key, value in asdict(advice).items():
        yield f"  model.{key} = {json.dumps(value)}"


def _beside(findings: Findings, alone: Speed) -> Speed:
    return next(
        speed
        for speed in findings.speeds
        if speed.busy and (speed.format, speed.threads) == (alone.format, alone.threads)
    )


def _wanted(console: Console) -> bool:
    if not console.can_ask:
        say("`rookery bench --write` keeps these settings", console.stderr)
        return False
    say("keep these settings? [y/N] ", console.stderr, end="")
    return console.stdin.readline().strip().lower() in ("y", "yes")
