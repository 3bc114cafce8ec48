"""The assistant that every front end talks to: sessions in, a stream of events out.

Makes none of its collaborators (`compose` does) and knows no screen.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, Callable, Iterable, Mapping, Sequence
from contextlib import aclosing
from dataclasses import replace
from functools import partial

from rookery_core.approval.exposure import exposure_of
from rookery_core.approval.modes import mode_of
from rookery_core.approval.taint import OWN, Label
from rookery_core.budget import Budget
from rookery_core.errors import ConfigError, ModelError, PluginError, PromptTooLong, RookeryError, TurnPaused
from rookery_core.events import (
    Answered,
    Event,
    MemoryRecalled,
    Mode,
    ModeChanged,
    QuestionAsked,
    ToolFinished,
    ToolRequested,
    ToolStatus,
    TurnEnded,
    TurnStarted,
    TurnStatus,
)
from rookery_core.hosting.catalogue import Plugins
from rookery_core.loading import drain, load
from rookery_core.mcp.servers import Servers
from rookery_core.memory.episodic import Episode, Episodes
from rookery_core.memory.retrieve import recall
from rookery_core.model.base import Message
from rookery_core.model.choice import Models
from rookery_core.parts import Gear, Parts
from rookery_core.perception.attaching import attach, unread
from rookery_core.reasoning.base import Task
from rookery_core.reasoning.prompt import describe
from rookery_core.run import Run, observation_limit
from rookery_core.store.sessions import SessionLog, Sessions
from rookery_core.text import storable
from rookery_core.tools.extending import Command
from rookery_core.tools.loader import Problem
from rookery_core.tools.runner import ToolRunner
from rookery_core.transcript import Transcript

BY_THE_PERSON = "stopped by the person"
BY_A_SIGNAL = "stopped by a signal"


class Assistant:
    """One assistant; it carries out one turn at a time."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._task: asyncio.Task[None] | None = None
        self._run: Run | None = None
        """The turn in progress."""
        self._granted_in = ""
        self._regearing = False
        self._stopped_by = BY_THE_PERSON
        self._told = {*parts.gear.problems}
        """What was said of plugins and MCP servers, by `start` or whoever made this."""

    @property
    def sessions(self) -> Sessions:
        """The stored sessions."""
        return self._parts.sessions

    @property
    def episodes(self) -> Episodes:
        """The searchable past turns."""
        return self._parts.episodes

    @property
    def tools(self) -> ToolRunner:
        """The offered tools and where they run."""
        return self._up_to_date().runner

    @property
    def servers(self) -> Servers:
        """The MCP servers; none is waited for, unless by `servers.known`."""
        return self._parts.servers

    @property
    def model_name(self) -> str:
        """The model's name, also while it is not loaded."""
        return self._parts.model.name

    @property
    def models(self) -> Models:
        """The models that `use_model` may be given."""
        return self._parts.models

    @property
    def commands(self) -> Mapping[str, Command]:
        """Plugins' slash commands, by name."""
        return self._parts.gear.commands

    @property
    def unused(self) -> tuple[Problem, ...]:
        """What comes with Rookery and is not offered, with what would change that; said only to who asks."""
        return tuple(problem for problem in self._up_to_date().problems if problem.quiet)

    @property
    def surroundings(self) -> tuple[str, ...]:
        """Whether the network may be used, and where that is so, that the folder is not trusted; a word or two each."""
        return ("online" if self._parts.online else "offline", *(() if self._parts.trusted else ("not trusted",)))

    @property
    def busy(self) -> bool:
        """Whether a turn is in progress."""
        return self._task is not None

    async def tool_costs(self) -> dict[str, int]:
        """Tokens that each tool takes in the prompt of the model in use, by its name; empty while none is loaded."""
        model = self._parts.model
        if model.info is None:
            return {}
        try:
            nothing = await model.count([Message("system", "")])
            tools = self._parts.gear.runner.registry
            return {each.name: await model.count([Message("system", describe(each))]) - nothing for each in tools}
        except ModelError:
            return {}

    def new_session(self) -> SessionLog:
        """A fresh session in this assistant's workspace, in the mode that sessions begin in."""
        session = self._parts.sessions.create(self._parts.gear.runner.workspace.root)
        self.set_mode(session, self._parts.mode)
        return session

    def set_mode(self, session: SessionLog, mode: Mode) -> Event | None:
        """Go on in that permission mode, from the next call on. Raises StoreError, and the mode is the one it was.

        Returns what happened; None where nothing did, and where the turn in progress tells it.
        """
        if mode is mode_of(session.events):
            return None
        event = ModeChanged(mode=mode)
        if self._run is not None:
            self._run.emit(event)
            self._parts.gear.runner.grants.mode = mode
            return None
        kept = session.append(event.model_copy(update={"at": self._parts.now()}))
        self._parts.gear.sinks.hear(kept)
        return kept

    async def start(self, session: SessionLog) -> AsyncGenerator[Event, None]:
        """Start the MCP servers, say which plugins were left out and load the model, before anything is asked.

        Raises ModelError, and PluginError for an MCP server that cannot be used, where that is strict.

        Front ends call it early so that the first turn need not wait; a turn loads the model itself where it must.
        """
        await self._parts.servers.start()
        problems = self._up_to_date().problems
        self._told.update(problems)
        failed: list[Event] = [problem.event() for problem in problems if not problem.quiet]
        gear = self._parts.gear
        failed += [mistake.event() for mistake in (*gear.runner.rulebook.mistakes, *gear.rules_of_nothing)]
        async with aclosing(load(self._parts, self._parts.model, session, failed, look=True)) as events:
            async for event in events:
                yield event

    async def use_model(self, session: SessionLog, wanted: str) -> AsyncGenerator[Event, None]:
        """Load the model of that name or path and carry out the turns to come with it; one in progress keeps its own.

        Raises ModelError, and the model is the one it was; so it is when the iterator is closed early.
        """
        model = self._parts.models.get(wanted)
        async with aclosing(load(self._parts, model, session, chosen=True)) as events:
            async for event in events:
                yield event
        self._parts = replace(self._parts, model=model)

    async def turn(
        self, session: SessionLog, text: str, inputs: Sequence[str] = (), label: Label = OWN
    ) -> AsyncGenerator[Event, None]:
        """Carry out one turn. The last event is `TurnEnded`, whatever happens; a bug is raised after it.

        `inputs` are paths in the workspace that the person named, to be put before the model; `label` is that of the
        text, where it is not the person's. Closing the iterator stops the turn. Raises StoreError when what happened
        cannot be stored.
        """
        if self._task is not None:
            raise RuntimeError("a turn is in progress; wait for its end or cancel it")
        self._stopped_by = BY_THE_PERSON
        self._parts.servers.begin()
        self._up_to_date()
        shown: asyncio.Queue[Event | None] = asyncio.Queue()
        self._task = task = asyncio.create_task(
            self._carry_out(session, storable(text), inputs, label, shown.put_nowait)
        )
        task.add_done_callback(lambda _: shown.put_nowait(None))
        try:
            async with aclosing(drain(shown, task)) as events:
                async for event in events:
                    yield event
        finally:
            self._task = self._run = None

    @property
    def plugins(self) -> Plugins:
        """The installed plugins, to let one in or keep it out."""
        return self._parts.plugins

    async def ask_person(self, asked: QuestionAsked) -> str | None:
        """Put a question of the program's own to the person; None where nobody answers."""
        return await self._parts.answerer(asked)

    async def reload_plugins(self) -> tuple[Problem, ...]:
        """Look at the installed plugins anew and go on with what is let in now; what there is to say of the others.

        Raises ConfigError and PluginError, also while a turn is in progress; then everything is as it was.
        """
        if self.busy:
            raise PluginError("plugins are exchanged between two turns; this one is not over")
        if self._regearing:
            raise PluginError("the plugins are being looked at already; try it again")
        old = self._parts.gear
        self._regearing = True
        try:
            gear = await asyncio.to_thread(self._parts.regear, old)
            if self.busy:
                await gear.close()
                raise PluginError("plugins are exchanged between two turns, and one began meanwhile; try it again")
            self._parts = replace(self._parts, gear=gear)
            await old.close()
            await asyncio.to_thread(old.sinks.close)
            await self._parts.servers.look_again()
        finally:
            self._regearing = False
        gear = self._up_to_date()
        self._told.update(gear.problems)
        return tuple(problem for problem in gear.problems if not problem.quiet)

    def _up_to_date(self) -> Gear:
        """The gear in use, with what MCP servers offer by now; during a turn it stays as it is."""
        gear = self._parts.gear
        if gear.edition != self._parts.servers.edition and not self.busy:
            try:
                gear = gear.renewed(gear)
            except (ConfigError, PluginError) as exc:  # a name that was asked for is taken by now, say
                problems = (*gear.problems, Problem("mcp", "MCP servers", f"all is as it was: {exc}"))
                gear = replace(gear, edition=self._parts.servers.edition, problems=problems)
            self._parts = replace(self._parts, gear=gear)
        return gear

    def _news(self) -> list[Problem]:
        """What there is to say of plugins and MCP servers that was not said yet."""
        known = (*self._parts.gear.problems, *self._parts.servers.waiting())
        news = [problem for problem in known if not problem.quiet and problem not in self._told]
        self._told.update(news)
        return news

    def cancel(self, reason: str = BY_THE_PERSON) -> None:
        """Stop the turn in progress: what was written is kept, and `TurnEnded` follows in its stream."""
        if self._task is not None:
            self._stopped_by = reason
            # a task that has not begun would be dropped without a trace; by the next round of the loop it has
            self._task.get_loop().call_soon(self._task.cancel)

    async def close(self) -> None:
        """End the model's process, the plugins' and the MCP servers, and close the database."""
        await asyncio.gather(self._parts.models.close(), self._parts.gear.close(), self._parts.servers.close())
        await asyncio.to_thread(self._parts.gear.sinks.close)
        self._parts.store.close()

    async def _carry_out(
        self, session: SessionLog, text: str, inputs: Sequence[str], label: Label, show: Callable[[Event], None]
    ) -> None:
        parts = self._parts

        def tell(event: Event) -> None:
            parts.gear.sinks.hear(event)
            show(event)

        if session.id != self._granted_in:
            parts.gear.runner.grants.clear()
            self._granted_in = session.id
        parts.gear.runner.grants.mode = mode_of(session.events)
        voice = parts.gear.offer.voice(text, _offered_before(session.events), _called_before(session.events))
        run = Run(
            log=session,
            turn=session.turns + 1,
            transcript=Transcript(session.events, point_out=voice.point_out),
            show=tell,
            model=parts.model,
            voice=voice,
            runner=parts.gear.runner,
            approver=parts.approver,
            answerer=parts.answerer,
            budget=Budget(parts.limits, parts.clock),
            now=parts.now,
        )
        self._run = run
        began, first_event = parts.clock(), session.next_seq
        status, reason, answer = TurnStatus.FAILED, "an unexpected error", ""
        run.emit(
            TurnStarted(
                text=text,
                model=parts.model.name,
                strategy=parts.strategy_name,
                workspace=str(parts.gear.runner.workspace.root),
                tools=voice.tools,
                label=label,
            )
        )
        try:
            for problem in self._news():
                run.emit(problem.event())
            info = await run.ready()
            limit = observation_limit(info.n_ctx)
            reading = partial(attach, inputs, text, session.id, parts.gear.runner, limit)
            for event in await asyncio.to_thread(reading) if parts.trusted else unread(inputs):
                run.emit(event)
            items = recall(
                text, episodes=parts.episodes, notes=parts.notes, session=session.id, limit=parts.recall_limit
            )
            if items:
                run.emit(MemoryRecalled(items=items))
            outcome = await parts.gear.strategy(Task(text), run)
            status, reason, answer = outcome.status, outcome.reason, outcome.text
            run.emit(Answered(text=answer))
        except asyncio.CancelledError:
            status, reason = TurnStatus.INTERRUPTED, self._stopped_by
        except PromptTooLong as exc:
            status, reason = TurnStatus.REFUSED if run.budget.steps <= 1 else TurnStatus.FAILED, str(exc)
        except TurnPaused as exc:
            status, reason = TurnStatus.PAUSED, str(exc)
        except RookeryError as exc:
            status, reason = TurnStatus.FAILED, str(exc)
        except BaseException as exc:
            reason = f"an unexpected error: {type(exc).__name__}: {exc}"
            raise
        finally:
            for failed in parts.gear.sinks.failures():
                run.emit(failed)
            run.emit(
                TurnEnded(
                    status=status,
                    reason=reason,
                    steps=run.budget.steps,
                    usage=run.usage,
                    seconds=parts.clock() - began,
                    unattended_denials=run.unattended_denials,
                )
            )
            if status is not TurnStatus.REFUSED:
                done = _tools_used(session.events[first_event - 1 :])
                met = exposure_of(session.events).label
                parts.episodes.add(
                    Episode(session.id, session.turns, text, done, answer or reason, status, parts.now(), met)
                )


def _offered_before(events: Sequence[Event]) -> tuple[str, ...]:
    """The tools of the turn before; none in a new session."""
    return next((event.tools for event in reversed(events) if isinstance(event, TurnStarted)), ())


def _called_before(events: Sequence[Event]) -> tuple[str, ...]:
    """The tools that were called in the session, the last one first."""
    return tuple(dict.fromkeys(event.tool for event in reversed(events) if isinstance(event, ToolRequested)))


def _tools_used(events: Iterable[Event]) -> str:
    return ", ".join(e.tool for e in events if isinstance(e, ToolFinished) and e.status is ToolStatus.OK)
