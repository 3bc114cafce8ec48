"""`/plugins`: which are used, and letting one in or keeping it out while the program runs."""

from __future__ import annotations

import asyncio

from rookery_core.assistant import Assistant
from rookery_core.errors import ConfigError, PluginError
from rookery_core.events import QuestionAsked
from rookery_core.hosting.admission import OFFLINE, Candidate, State
from rookery_core.hosting.catalogue import Plugins
from rookery_core.mcp.servers import Servers
from rookery_core.tools.lending import NO, YES
from rookery_tui.subcommands.plugin_consent import INSIDE, lines

USAGE = "/plugins lists them; /plugins enable NAME, /plugins disable NAME and /plugins reload change what is used."


async def switch(assistant: Assistant, plugins: Plugins, rest: str) -> str:
    """Do what was typed after the command; what there is to say of it."""
    try:
        match rest.split():
            case []:
                return _listed(await asyncio.to_thread(plugins.all), assistant.servers)
            case ["enable", name]:
                return await _enable(assistant, plugins, await asyncio.to_thread(plugins.get, name))
            case ["disable", name]:
                candidate = await asyncio.to_thread(plugins.get, name, usable=False)
                plugins.disable(candidate)
                return await _reload(assistant, f"{name} is not used any more.")
            case ["reload"]:
                for candidate in await asyncio.to_thread(plugins.all):
                    plugins.forget(candidate)
                return await _reload(assistant, "The plugins were looked at anew.")
            case _:
                return USAGE
    except (ConfigError, PluginError) as error:
        return str(error)


def _listed(known: list[Candidate], servers: Servers) -> str:
    rows = [(c.name, str(c.state), f"{c.identity.distribution} {c.identity.version}") for c in known]
    rows += [(server.name, str(server.state), server.distribution) for server in servers]
    width = max((len(name) for name, *_ in rows), default=0)
    lines = [f"{name:<{width}}  {state:<9}  {where}" for name, state, where in rows]
    return "\n".join([*lines, USAGE])


async def _enable(assistant: Assistant, plugins: Plugins, candidate: Candidate) -> str:
    if candidate.state is State.OFFLINE:
        raise PluginError(f"{candidate.name}: {OFFLINE}")
    if not plugins.is_own(candidate):
        described = await asyncio.to_thread(plugins.describe, candidate, anew=True, is_open=False)
        if described.manifest.problem:
            raise PluginError(f"{candidate.name} cannot be used: {described.manifest.problem}")
        shown = "\n".join(lines(described))
        if not await _yes(assistant, f"{shown}\n\nUse {candidate.name} from now on?"):
            return "Nothing was changed."
        hooks = described.manifest.in_process
        inside = bool(hooks) and await _yes(
            assistant, f"{INSIDE.format(hooks=', '.join(hooks))}\n\nRun {candidate.name} inside the program?"
        )
        plugins.enable(candidate, in_process=inside)
    elif candidate.state is State.DISABLED:
        plugins.enable(candidate)
    return await _reload(assistant, f"{candidate.name} is used now.")


async def _yes(assistant: Assistant, question: str) -> bool:
    asked = QuestionAsked(call_id="", tool="", question=question, choices=(YES, NO))
    return await assistant.ask_person(asked) == YES


async def _reload(assistant: Assistant, said: str) -> str:
    problems = await assistant.reload_plugins()
    return "\n".join([said, *(f"{problem.plugin}: {problem.reason}" for problem in problems)])
