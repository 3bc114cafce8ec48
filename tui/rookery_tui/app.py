"""The full-screen program: what the keys do, which screens open, and how they are wired to the conversation."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import IO, ClassVar, cast

from rich.console import Console
from textual.app import App, SystemCommand
from textual.binding import Binding, BindingType
from textual.screen import ModalScreen, Screen

from rookery_core.approval.labelling import of_command
from rookery_core.approval.modes import after
from rookery_core.assistant import BY_THE_PERSON
from rookery_core.errors import ConfigError, RookeryError, StoreError
from rookery_core.events import Mode
from rookery_core.text import visible
from rookery_core.tools.extending import Send
from rookery_tui import plugin_commands
from rookery_tui.asking_above import AskingAbove
from rookery_tui.conversation import NEW, Conversation
from rookery_tui.doorstep import Doorstep
from rookery_tui.out import Harmless
from rookery_tui.plugin_switch import switch
from rookery_tui.screens.help import HelpScreen, key_text, sections
from rookery_tui.screens.main import MainScreen
from rookery_tui.screens.problem import ProblemScreen
from rookery_tui.screens.sessions import SessionsScreen
from rookery_tui.speech import mode_named, models, modes, results, tools, welcome
from rookery_tui.starting import MakeAssistant, Resume, open_session
from rookery_tui.stopping import reason_of
from rookery_tui.themes import DEFAULT_THEME, check_theme
from rookery_tui.typed import COMMANDS, Command, Say, Unknown, read
from rookery_tui.widgets.chat import Earlier
from rookery_tui.widgets.prompt import Prompt

QUIT_TWICE_S = 2.0
"""Time in which the second Ctrl+C leaves."""

IN_PALETTE = frozenset({"sessions", "new", "trace", "tool_output", "copy_answer", "earlier", "load_model", "help"})

_ABOVE_A_QUESTION = frozenset({"interrupt", "quit", "suspend_process"})
"""Actions that work while a modal screen is open."""
_WITHOUT_A_SESSION = frozenset({"interrupt", "quit", "suspend_process", "help", "command_palette"})


class RookeryApp(App[None]):
    """The full-screen front end. `failure` holds what kept it from starting, if anything did."""

    TITLE = "Rookery"
    CSS_PATH = Path(__file__).with_name("rookery.tcss")
    PAUSE_GC_ON_SCROLL = True
    BINDING_GROUP_TITLE = "Anywhere"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("escape", "stop", "Stop the turn; what was written is kept, waiting messages come back into the input"),
        Binding("ctrl+c", "interrupt", "Clear the input, else stop the turn, twice: quit", priority=True, system=True),
        Binding("shift+tab", "next_mode", "Permission mode: ask, accept-edits, plan", priority=True),
        Binding("ctrl+r", "sessions", "Sessions"),
        Binding("ctrl+n", "new", "New session"),
        Binding("ctrl+t", "trace", "Show or hide the trace"),
        Binding("ctrl+o", "tool_output", "Open or close all tool output"),
        Binding("ctrl+y", "copy_answer", "Copy the last answer", priority=True),
        Binding("ctrl+up", "earlier", "Show earlier turns"),
        Binding("f5", "load_model", "Load the model again"),
        Binding("f1", "help", "Keys and commands"),
        Binding("tab", "app.focus_next", "Next pane"),
        Binding("ctrl+z", "suspend_process", "Stop the program; the shell's `fg` goes on with it", priority=True),
        Binding("ctrl+q", "quit", "Quit", priority=True),
    ]

    def __init__(
        self,
        make_assistant: MakeAssistant,
        session_id: str | None = None,
        continue_last: bool = False,
        theme: str = DEFAULT_THEME,
        show_trace: bool = True,
        mode: Mode | None = None,
        *,
        kept_in: str = "rules.toml",
        doorstep: Doorstep | None = None,
        grace_s: float = 0.5,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        """At the `doorstep` it is asked whether the folder is trusted; None: that is so.

        `kept_in` is the file of rules; `grace_s` is how long a question ignores keys; `clock` counts seconds, `now`
        tells Unix time.
        """
        super().__init__()
        self.error_console = Console(file=cast(IO[str], Harmless(sys.stderr)), markup=False, highlight=False)
        """Where a traceback goes: foreign texts are among its variables."""
        self._remarks: list[str] = []
        """What is to be said at the start."""
        try:
            check_theme(theme)
            self.theme = theme
        except ConfigError as exc:
            self.theme = DEFAULT_THEME
            self._remarks.append(str(exc))
        self.main = MainScreen(show_trace=show_trace)
        self.conversation: Conversation | None = None
        self.failure: RookeryError | None = None
        self._make_assistant = make_assistant
        self._resume = Resume(session_id, continue_last, mode)
        self._kept_in = kept_in
        self._doorstep = doorstep
        self._grace_s = grace_s
        self._clock = clock
        self._now = now
        self._leaving = False
        self._interrupted_at = -QUIT_TWICE_S

    # -- beginning and end --------------------------------------------------------------------------------------

    def get_default_screen(self) -> Screen[None]:
        return self.main

    async def on_ready(self) -> None:
        """Begin once the first frame is on the screen; a question is answered by keys that come meanwhile."""
        if self._doorstep is None or not self._doorstep.asks:
            await self._begin()
        else:
            self.run_worker(self._enter(self._doorstep), group="doorstep")

    async def on_unmount(self) -> None:
        if self.conversation is not None:
            await self.conversation.close()

    async def action_quit(self) -> None:
        self.leave()

    def leave(self, number: int = 0) -> None:
        """End the program, once what goes on is stopped and stored; for a signal, where its number is given.

        A person who asks twice does not want to wait; a signal that comes twice says nothing more.
        """
        if number and self._leaving:
            return
        self._leaving = True
        if self.conversation is None:
            self.exit(return_code=_code(number))
        else:
            self.run_worker(self._leave(self.conversation, number), group="leave", exclusive=True)

    @property
    def crashed(self) -> bool:
        """Whether an unexpected error has ended it."""
        return self._exception is not None

    async def _enter(self, doorstep: Doorstep) -> None:
        await doorstep.ask(AskingAbove(self, self._grace_s, self._kept_in).answer)
        await self._begin()

    async def _begin(self) -> None:
        try:
            asking = AskingAbove(self, self._grace_s, self._kept_in)
            assistant = self._make_assistant(asking.approve, asking.answer)
            try:
                session, remark = open_session(assistant, self._resume)
            except StoreError:
                await assistant.close()
                raise
        except RookeryError as exc:
            self.failure = exc
            self.push_screen(ProblemScreen(str(exc)), self._after_problem)
            return
        self.failure = None
        self.conversation = Conversation(assistant, session, self.main)
        runner = assistant.tools
        self.main.chat.welcome = welcome(assistant.model_name, str(runner.workspace.root), len(runner.registry))
        await self.main.load(session.events)
        self.main.status.surround(assistant.surroundings)
        doubts = () if self._doorstep is None else self._doorstep.remarks
        for text in filter(None, (remark, *self._remarks, *doubts)):
            await self.main.chat.notice(text)
        self.run_worker(self.conversation.run(), group="conversation")

    async def _after_problem(self, again: bool | None) -> None:
        if again:
            await self._begin()
        else:
            self.exit(return_code=1)

    async def _leave(self, conversation: Conversation, number: int) -> None:
        await conversation.close(reason_of(number) if number else BY_THE_PERSON)
        self.exit(return_code=_code(number))

    # -- what the person does -----------------------------------------------------------------------------------

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if isinstance(self.screen, ModalScreen) and action not in _ABOVE_A_QUESTION:
            return False
        return self.conversation is not None or action in _WITHOUT_A_SESSION or action not in _OUR_ACTIONS

    async def on_prompt_sent(self, message: Prompt.Sent) -> None:
        if self.conversation is None:
            return
        match read(message.text, self._commands):
            case Say(text=text):
                self.main.prompt.sent(message.text)
                self.conversation.send(text)
            case Command(name="model", rest=wanted) if wanted:
                self.main.prompt.sent(message.text)
                self.conversation.use_model(wanted)
            case Command(name="mode", rest=rest) if rest:
                self.main.prompt.sent(message.text)
                await self._use_mode(self.conversation, rest)
            case Command(name="result", rest=rest):
                self.main.prompt.sent(message.text)
                talk = self.conversation
                await self.main.chat.notice(results(talk.assistant, talk.session, rest))
            case Command(name="plugins", rest=rest):
                self.main.prompt.sent(message.text)
                self.run_worker(self._switch(self.conversation, rest), group="commands")
            case Command(name=name, rest=rest) if name not in COMMANDS:
                self.main.prompt.sent(message.text)
                self.run_worker(self._carry_out(self.conversation, name, rest), group="commands")
            case Command(name=name):
                self.main.prompt.sent(message.text)
                await self.run_action(name)
            case Unknown(text=text):
                await self.main.chat.notice(text, "bad")

    async def on_prompt_left(self) -> None:
        await self.action_quit()

    def on_prompt_older_wanted(self) -> None:
        waiting = self.conversation.take_back() if self.conversation is not None else None
        if waiting is None:
            self.main.prompt.show_older()
        else:
            self.main.prompt.put(waiting)

    def on_prompt_scrolled(self, message: Prompt.Scrolled) -> None:
        chat = self.main.chat
        chat.scroll_relative(y=message.pages * max(1, chat.size.height - 2), animate=False)

    async def on_earlier_wanted(self, message: Earlier.Wanted) -> None:
        await self.action_earlier()

    def action_stop(self) -> None:
        prompt = self.main.prompt
        prompt.focus()
        if self.conversation is None or self.conversation.stop():
            return
        if self.conversation.state == "loading" and not prompt.text and (text := self.conversation.take_back()):
            prompt.put(text)

    async def action_interrupt(self) -> None:
        if self.screen is self.main and self.main.prompt.text:
            self.main.prompt.clear_text()
        elif self.conversation is not None and self.conversation.stop():
            return
        elif self._clock() - self._interrupted_at <= QUIT_TWICE_S:
            await self.action_quit()
        else:
            self._interrupted_at = self._clock()
            self.main.remark("Ctrl+C again quits")

    async def action_new(self) -> None:
        await self._open(NEW)

    async def action_sessions(self) -> None:
        if self.conversation is None:
            return
        try:
            summaries = self.conversation.assistant.sessions.recent()
        except StoreError as exc:
            await self.main.fail(str(exc), "no list of sessions")
            return
        self.push_screen(SessionsScreen(summaries, self.conversation.session.id, self._now()), self._open)

    async def action_earlier(self) -> None:
        await self.main.chat.load_earlier()

    def action_trace(self) -> None:
        self.main.toggle_trace()

    def action_tool_output(self) -> None:
        self.main.trace.toggle_tool_output()

    def action_copy_answer(self) -> None:
        answer = self.conversation.last_answer if self.conversation is not None else None
        if answer is None:
            self.main.remark("no answer to copy yet")
        else:
            self.copy_to_clipboard(visible(answer))
            self.main.remark("sent to the terminal's clipboard")

    def action_load_model(self) -> None:
        if self.conversation is not None:
            self.conversation.load_again()

    async def action_model(self) -> None:
        if self.conversation is not None:
            assistant = self.conversation.assistant
            await self.main.chat.notice(models(assistant.models.known(), assistant.model_name))

    async def action_next_mode(self) -> None:
        if self.conversation is not None:
            await self.conversation.set_mode(after(self.conversation.mode))

    async def action_mode(self) -> None:
        if self.conversation is not None:
            await self.main.chat.notice(modes(self.conversation.mode))

    async def _use_mode(self, conversation: Conversation, name: str) -> None:
        wanted = mode_named(name)
        if wanted is None:
            await self.main.chat.notice(modes(conversation.mode, name), "bad")
        else:
            await conversation.set_mode(wanted)

    async def action_tools(self) -> None:
        if self.conversation is not None:
            talk = self.conversation
            await self.main.chat.notice(await tools(talk.assistant, talk.session.events))

    def action_help(self) -> None:
        self.push_screen(HelpScreen(sections(self.BINDINGS, self._commands)))

    def get_system_commands(self, screen: Screen[object]) -> Iterable[SystemCommand]:
        yield from super().get_system_commands(screen)
        for binding in self.BINDINGS:
            if isinstance(binding, Binding) and binding.action in IN_PALETTE:
                yield SystemCommand(
                    binding.description, key_text(binding.key), getattr(self, f"action_{binding.action}")
                )
        yield SystemCommand("Permission modes", "List them, and which one it is", self.action_mode)
        yield SystemCommand("Models", "List the models to choose from", self.action_model)
        yield SystemCommand("Plugins", "List the plugins, and which are used", self.action_plugins)
        yield SystemCommand("Tools", "List the tools the model may call", self.action_tools)

    @property
    def _commands(self) -> dict[str, str]:
        """All slash commands and what they do."""
        return plugin_commands.known(COMMANDS, self.conversation.assistant.commands if self.conversation else {})

    async def _carry_out(self, conversation: Conversation, name: str, rest: str) -> None:
        """Carry out a plugin's command; what it sends is for the session it was typed in, else for the input."""
        assistant, session = conversation.assistant, conversation.session
        self.main.remark(f"running /{name}")
        workspace = assistant.tools.workspace.root
        result = await plugin_commands.carry_out(assistant.commands[name], workspace, session.events, rest)
        if not isinstance(result, Send):
            await self.main.chat.notice(result)
        elif conversation.session is session:
            conversation.send(result.text, of_command(name))
        else:
            self.main.give_back(result.text)

    async def _switch(self, conversation: Conversation, rest: str) -> None:
        """Carry out `/plugins`."""
        await self.main.chat.notice(await switch(conversation.assistant, conversation.assistant.plugins, rest))

    async def action_plugins(self) -> None:
        if self.conversation is not None:
            await self._switch(self.conversation, "")

    async def _open(self, session_id: str | None) -> None:
        if self.conversation is not None and session_id is not None:
            await self.conversation.open(session_id)


def _code(number: int) -> int:
    """The exit code of a program that this signal ends; 0: none did."""
    return 128 + number if number else 0


_OUR_ACTIONS = frozenset(
    binding.action for binding in RookeryApp.BINDINGS if isinstance(binding, Binding) and "." not in binding.action
)
