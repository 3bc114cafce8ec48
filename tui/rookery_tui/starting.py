"""From options to an assistant and an open session; shared by every command that needs a model."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from rookery_core.approval.policy import Answerer, Approver, no_answer
from rookery_core.assistant import Assistant
from rookery_core.compose import build
from rookery_core.config_file import DEFAULT, load_config
from rookery_core.equipment import Options
from rookery_core.errors import ModelUnreadable
from rookery_core.events import Mode
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from rookery_core.store.sessions import SessionLog
from rookery_tui.doorstep import Doorstep
from rookery_tui.typed import ALIASES, PLAIN_COMMANDS

MakeAssistant = Callable[[Approver, Answerer], Assistant]
"""Makes the assistant once it is known who is asked: about calls, and by tools."""
PLUGINS, NO_PLUGINS, STRICT = "ROOKERY_PLUGINS", "ROOKERY_NO_PLUGINS", "ROOKERY_STRICT_PLUGINS"
"""Environment variables for what the options of these names say."""
NOTHING_TO_CONTINUE = "There was no session to continue; this is a new one."


@dataclass(frozen=True, slots=True)
class Resume:
    """Which session to go on with; by default a new one."""

    session: str | None = None
    continue_last: bool = False
    mode: Mode | None = None
    """The permission mode to go on in; None: the one it was in."""


def maker(
    arguments: argparse.Namespace, paths: Paths, doorstep: Doorstep, worker: Worker | None = None
) -> MakeAssistant:
    """What makes the assistant that the options and the settings ask for, once it is known who is asked.

    The settings are read each time, so that trying again finds what was mended meanwhile; so is what was said at the
    `doorstep`.
    """
    options = Options(
        workspace=Path(arguments.workspace),
        model=arguments.model,
        tools=arguments.tools,
        allow=arguments.allow,
        max_steps=arguments.max_steps,
        seed=arguments.seed,
        recall=arguments.recall,
        plugins=wished(arguments.plugins, os.environ),
        strict=is_strict(arguments, os.environ),
        mode=mode_wanted(arguments),
        online=arguments.online,
        allow_root=arguments.allow_root,
        commands=(*PLAIN_COMMANDS, *ALIASES),
    )

    def make(approver: Approver, answerer: Answerer = no_answer) -> Assistant:
        loaded = load_config(paths)
        try:
            entered = replace(options, trusted=doorstep.trusted)
            return build(loaded.config, paths, entered, approver=approver, answerer=answerer, worker=worker)
        except ModelUnreadable as exc:
            source = loaded.sources["model.path"]
            if options.model is not None or source == DEFAULT:
                raise
            undo = 'rookery config set model.path ""'
            raise ModelUnreadable(
                f"{exc} model.path is set in {source}; `{undo}` takes the first model there is."
            ) from exc

    return make


def mode_wanted(arguments: argparse.Namespace) -> Mode | None:
    """The permission mode that was asked for; None where none was."""
    return None if arguments.mode is None else Mode(arguments.mode)


def is_strict(arguments: argparse.Namespace, environ: Mapping[str, str]) -> bool:
    """Whether a plugin that cannot be used keeps the program from starting."""
    return arguments.strict_plugins or environ.get(STRICT) == "1"


def wished(named: Collection[str] | None, environ: Mapping[str, str]) -> Collection[str] | None:
    """The plugins to be used alone, by the options or else by the environment; None: those that were enabled."""
    if named is not None:
        return named
    if environ.get(NO_PLUGINS) == "1":
        return ()
    if PLUGINS not in environ:
        return None
    return [word for part in environ[PLUGINS].split(",") if (word := part.strip())]


def open_session(assistant: Assistant, resume: Resume) -> tuple[SessionLog, str]:
    """The session to go on with, or a new one, and what to say about it. Raises SessionUnknown, SessionBusy."""
    newest = assistant.sessions.newest() if resume.continue_last else None
    wanted = resume.session if newest is None else newest.id
    if wanted is None:
        return assistant.new_session(), NOTHING_TO_CONTINUE if resume.continue_last else ""
    session = assistant.sessions.open(wanted)
    if resume.mode is not None:
        assistant.set_mode(session, resume.mode)
    return session, ""


def how_to_go_on(session: SessionLog) -> str:
    """What to say when a session is left; "" for one without a turn, of which nothing is stored."""
    if not session.turns:
        return ""
    return f"session {session.id}: `rookery --continue` or `rookery --session {session.id}` goes on with it"
