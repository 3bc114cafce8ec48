"""The packages that plugins come in: installed, removed, brought back, and begun."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from pathlib import Path

from rookery_core.errors import PluginError
from rookery_core.hosting.admission import Candidate, State
from rookery_core.hosting.catalogue import Plugins
from rookery_core.hosting.packages import find_installer, run
from rookery_core.hosting.sketch import sketch
from rookery_core.tools.loader import OWN_DISTRIBUTION
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import say
from rookery_tui.subcommands.plugin_consent import enable, yes


def install(plugins: Plugins, requirements: Sequence[str], console: Console, *, unasked: bool) -> Exit:
    """Install these, then ask about each plugin that is new with them. Raises PluginError."""
    before = {(c.name, c.identity) for c in plugins.all()}
    command = find_installer().installing(requirements)
    if not _agreed(command, console, unasked=unasked):
        return Exit.FAILED
    run(command)
    new = [c for c in plugins.all() if (c.name, c.identity) not in before]
    plugins.was_installed({candidate.identity.distribution for candidate in new})
    if not new:
        say("No plugin is new with it.", console.stdout)
        _say_what_waits(plugins.all(), console)
    ended = Exit.OK
    for candidate in new:
        try:
            ended = max(ended, enable(plugins, plugins.get(candidate.name), console, unasked=unasked))
        except PluginError as exc:  # the others are asked about all the same
            say(f"rookery: {exc}", console.stderr)
            ended = Exit.FAILED
    return ended


def remove(plugins: Plugins, name: str, console: Console, *, unasked: bool) -> Exit:
    """Remove the distribution of a plugin, with all that it brought. Raises PluginError, ConfigError."""
    distribution = plugins.distribution_of(name)
    if distribution == OWN_DISTRIBUTION:
        raise PluginError(f"{name} is Rookery's own; `rookery plugins disable {name}` keeps it out")
    its = plugins.of_distribution(distribution)
    if not its:
        plugins.was_removed(distribution)
        say(f"{distribution} was not installed any more, and is forgotten.", console.stdout)
        return Exit.OK
    if with_it := [each for each in its if each != name]:
        say(f"{distribution} has these plugins too: {', '.join(with_it)}", console.stdout)
    command = find_installer().removing(distribution)
    if not _agreed(command, console, unasked=unasked):
        return Exit.FAILED
    run(command)
    plugins.was_removed(distribution)
    say(f"{name} is removed.", console.stdout)
    return Exit.OK


def restore(plugins: Plugins, console: Console, *, unasked: bool) -> Exit:
    """Install again what was installed here before and is gone. What comes back as it was is used as it was."""
    gone = plugins.gone()
    if not gone:
        say("Everything that was installed is there.", console.stdout)
        return Exit.OK
    command = find_installer().installing(list(gone.values()))
    if not _agreed(command, console, unasked=unasked):
        return Exit.FAILED
    run(command)
    _say_what_waits([c for c in plugins.all() if c.identity.distribution in gone], console)
    return Exit.OK


def new(plugins: Plugins, name: str, into: str | None, console: Console) -> Exit:
    """Write the package of a new plugin. Raises PluginError."""
    plain = name.removeprefix("rookery-")
    if plain.replace("-", "_") in plugins.of_distribution(OWN_DISTRIBUTION):
        raise PluginError(f"{plain} is the name of one of Rookery's own plugins, which nobody else may have")
    folder = Path(into or f"rookery-{plain}")
    for file in sketch(name, folder):
        say(str(file), console.stdout)
    shown = shlex.quote(str(folder))
    say(
        f"\nIts test:  cd {shown} && python -m pytest\n"
        f"To use it: rookery plugins install {shown}   (pip install -e {shown} while you work on it)",
        console.stdout,
    )
    return Exit.OK


def _say_what_waits(known: Sequence[Candidate], console: Console) -> None:
    for c in known:
        if c.state in (State.PENDING, State.CHANGED):
            say(f"{c.name} is {c.state}: rookery plugins enable {c.name}", console.stdout)


def _agreed(command: Sequence[str], console: Console, *, unasked: bool) -> bool:
    """Show the command that changes the environment, and ask."""
    say(f"$ {shlex.join(command)}", console.stdout)
    if unasked or yes(console, "Run it? What it installs may run code of its own. [y/N] "):
        return True
    say("Nothing was changed.", console.stdout)
    return False
