"""What a person is shown of a plugin before they let it in, and the question."""

from __future__ import annotations

from collections.abc import Iterator

from rookery_core.errors import PluginError
from rookery_core.hosting.admission import OFFLINE, Candidate, State
from rookery_core.hosting.catalogue import Described, Plugins
from rookery_core.text import one_line
from rookery_core.tools.contract import DESCRIPTION_CHARS
from rookery_core.tools.gathering import SECTION_CHARS
from rookery_core.tools.loader import OWN_DISTRIBUTION
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.out import say

INSIDE = (
    "These hooks work only inside the program: {hooks}. There the plugin can do all that you can, can see the whole\n"
    "conversation, and can break the program. Its tools run there too, and not in a process of their own."
)


def enable(
    plugins: Plugins,
    candidate: Candidate,
    console: Console,
    *,
    unasked: bool = False,
    in_process: bool = False,
    is_open: bool = False,
) -> Exit:
    """Show a plugin, and use it from now on if the person says yes. Raises PluginError, ConfigError."""
    if candidate.state is State.BUILT_IN or (candidate.state is State.DISABLED and plugins.is_own(candidate)):
        plugins.enable(candidate)
        say(f"{candidate.name} is used.", console.stdout)
        return Exit.OK
    if candidate.state is State.OFFLINE:
        raise PluginError(f"{candidate.name}: {OFFLINE}")
    described = plugins.describe(candidate, anew=True, is_open=is_open)
    if described.manifest.problem:
        raise PluginError(f"{candidate.name} cannot be used: {described.manifest.problem}")
    hooks = described.manifest.in_process
    for line in lines(described, in_process=in_process and bool(hooks)):
        say(line, console.stdout)
    if not unasked and not yes(console, f"Use {candidate.name} from now on? [y/N] "):
        say("Nothing was changed.", console.stdout)
        return Exit.FAILED
    inside = in_process and bool(hooks)
    if hooks and not inside:
        say(f"\n{INSIDE.format(hooks=', '.join(hooks))}", console.stdout)
        inside = not unasked and yes(console, f"Run {candidate.name} inside the program? [y/N] ")
    plugins.enable(candidate, in_process=inside, is_open=is_open)
    left = f", without {', '.join(hooks)}" if hooks and not inside else ""
    say(f"{candidate.name} is used from the next start on{left}.", console.stdout)
    return Exit.OK


def lines(described: Described, *, in_process: bool = False) -> Iterator[str]:
    """All that a plugin is and offers; `in_process` where it is about to be let into the program.

    What the model will read of it is there in full, since that is what is said yes to.
    """
    candidate, manifest = described.candidate, described.manifest
    yield f"plugin        {candidate.name} ({candidate.state})"
    yield f"distribution  {candidate.identity.distribution} {candidate.identity.version}"
    yield f"module        {candidate.entry_point.value}"
    where = "the program itself" if described.in_process or in_process else "a process of its own"
    yield f"runs in       {where}"
    if described.rights and not (described.in_process or in_process):
        yield f"may do        {described.rights}"
    if manifest.problem:
        yield f"problem       {manifest.problem}"
    for tool in manifest.tools:
        yield f"tool          {tool.name} ({tool.risk}): {one_line(tool.description, DESCRIPTION_CHARS)}"
    for rule in manifest.risk_rules:
        when = ", ".join(f"{name} has {pattern}" for name, pattern in rule.when.items())
        yield f"rule          {rule.tool}{f' where {when}' if when else ''} is {rule.risk}: {one_line(rule.reason, 80)}"
    for text in manifest.sections:
        yield f"prompt        {one_line(text, SECTION_CHARS)}"
    for hook in manifest.in_process:
        yield f"hook          {hook}"
    for remark in remarks(described):
        yield f"remark        {remark}"


def remarks(described: Described) -> Iterator[str]:
    """What is to be known of it."""
    yield from described.manifest.ignored
    own = described.candidate.identity.distribution == OWN_DISTRIBUTION  # `rookery tools list` knows their settings
    for tool in described.manifest.tools:
        if tool.missing and not own:
            yield f"tool {tool.name} is not offered: {tool.missing}"
    if described.manifest.import_s > 0.3:
        yield f"its import takes {described.manifest.import_s:.1f} s"


def yes(console: Console, question: str) -> bool:
    """Whether the person says yes; where nobody is there to be asked, no."""
    if not console.can_ask:
        say("rookery: nobody is there to be asked; --yes says yes", console.stderr)
        return False
    say(question, console.stderr, end="")
    return console.stdin.readline().strip().lower() in ("y", "yes")
