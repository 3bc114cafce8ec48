"""Where lines of text come from: a prompt with history and completion, or a stream that is only read."""

from __future__ import annotations

import asyncio
import codecs
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, TextIO

from rookery_core.paths import PRIVATE_FILE, private_file, private_folder
from rookery_core.text import visible
from rookery_tui.editing import EditorFailed, edited
from rookery_tui.meter import Part
from rookery_tui.out import say

if TYPE_CHECKING:
    from prompt_toolkit import PromptSession
    from prompt_toolkit.completion import Completer
    from prompt_toolkit.formatted_text import StyleAndTextTuples
    from prompt_toolkit.history import History
    from prompt_toolkit.input import Input
    from prompt_toolkit.key_binding import KeyBindings
    from prompt_toolkit.output import Output

LEAVE_HINT = "Ctrl+C again, or Ctrl+D, quits."


ALARM = "ansired bold"
"""How a part of the toolbar is drawn that alarms; where colours are not wanted (`NO_COLOR`) it is bold alone."""

Toolbar = Callable[[int], Sequence[Part]]


def _nothing(width: int) -> Sequence[Part]:
    return ()


class Lines(Protocol):
    """A source of what a person types."""

    @property
    def attended(self) -> bool:
        """Whether a person is there who can be asked."""

    async def message(self, default: str = "", toolbar: Toolbar = _nothing) -> str | None:
        """The next message; `default` is put there to be changed. None at the end of the input.

        `toolbar` gives the parts of a line of at most so many columns to be shown meanwhile, where that is possible.
        """

    async def answer(self, question: str) -> str | None:
        """The answer to a question, typed after it was shown. None when there is none: Ctrl+C, or the input ended."""

    @property
    def editor(self) -> str:
        """The command of the person's editor; "" where none can be used."""

    async def edit(self, text: str) -> str:
        """The text, changed in the editor. Raises EditorFailed."""

    async def change(self, text: str) -> str | None:
        """The text, changed at the prompt; None when the person does not want to."""

    def come_back(self) -> None:
        """Take the terminal again, which was put back while the program was stopped."""

    def complete(self, commands: Mapping[str, str]) -> None:
        """Complete these commands, and say what they do, as one is typed with its slash, where that is possible."""


class PlainLines:
    """Lines of a stream, for pipes and for terminals that cannot be drawn on.

    A thread reads the file descriptor itself: it can be left behind at any time, and a buffered stream could not.
    """

    def __init__(self, fd: int, prompts: TextIO | None) -> None:
        """`prompts` is where questions are written; None when nobody is there to read them."""
        self.attended = prompts is not None
        self._fd = fd
        self._prompts = prompts
        self._queue: asyncio.Queue[str | None] | None = None
        self._rest = ""
        """The beginning of a line whose end was not read yet."""
        self._ended = False

    async def message(self, default: str = "", toolbar: Toolbar = _nothing) -> str | None:
        return await self._next("> ")

    async def answer(self, question: str) -> str | None:
        if self.attended:
            await self._forget_typed_ahead()
        return await self._next(question)

    editor = ""
    """None: a thread reads what is typed, and an editor would have to share it."""

    async def edit(self, text: str) -> str:
        raise EditorFailed("there is no editor at a prompt that only reads lines")

    async def change(self, text: str) -> str | None:
        if self._prompts is not None:
            say(text, self._prompts)
        typed = await self.answer("Enter keeps it, or write it anew, on one line: ")
        return text if typed == "" else typed

    def come_back(self) -> None:
        return None

    def complete(self, commands: Mapping[str, str]) -> None:
        return None

    async def _forget_typed_ahead(self) -> None:
        """What was typed before the question was shown is no answer to it."""
        _forget_unread(self._fd)
        self._rest = ""
        await asyncio.sleep(0)  # what the thread has read is in the queue by now
        while self._queue is not None and not self._queue.empty():
            self._ended = self._queue.get_nowait() is None

    async def _next(self, prompt: str) -> str | None:
        if self._ended:
            return None
        if self._prompts is not None:
            say(prompt, self._prompts, end="")
        if self._queue is None:
            self._queue = asyncio.Queue()
            loop = asyncio.get_running_loop()
            threading.Thread(target=self._read, args=(loop, self._queue), name="lines", daemon=True).start()
        line = await self._queue.get()
        self._ended = line is None
        return line

    def _read(self, loop: asyncio.AbstractEventLoop, queue: asyncio.Queue[str | None]) -> None:
        def put(lines: Sequence[str | None]) -> None:
            for line in lines:
                queue.put_nowait(line)

        decode = codecs.getincrementaldecoder("utf-8")("backslashreplace").decode
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody waits any more
            with contextlib.suppress(OSError):  # the terminal is gone
                while piece := os.read(self._fd, 65_536):
                    *whole, self._rest = (self._rest + decode(piece)).split("\n")
                    loop.call_soon_threadsafe(put, [line.removesuffix("\r") for line in whole])
            self._rest += decode(b"", True)
            loop.call_soon_threadsafe(put, [self._rest, None] if self._rest else [None])


class PromptLines:
    """Lines that are edited at a prompt: Enter sends, Esc Enter and Ctrl+J begin a new line.

    Ctrl+C clears the line; where there is none, the second one is the end of the input.
    """

    attended = True

    def __init__(
        self,
        *,
        history: History | None = None,
        input: Input | None = None,
        output: Output | None = None,
        editor: str = "",
    ) -> None:
        from prompt_toolkit import PromptSession

        self.editor = editor
        self._input = input
        self._messages: PromptSession[str] = PromptSession(
            history=history,
            multiline=True,
            prompt_continuation="  ",
            key_bindings=_keys(),
            input=input,
            output=output,
        )
        self._answers: PromptSession[str] = PromptSession(key_bindings=_stops(), input=input, output=output)
        self._changes: PromptSession[str] = PromptSession(
            multiline=True,
            prompt_continuation="  ",
            key_bindings=_keys(),
            input=input,
            output=output,
        )
        """Without a history: what is changed there is no message."""

    async def message(self, default: str = "", toolbar: Toolbar = _nothing) -> str | None:
        def bar() -> StyleAndTextTuples:
            parts = toolbar(self._messages.output.get_size().columns)
            drawn = [(("", part.before), (ALARM if part.alarming else "", part.text)) for part in parts]
            return [piece for both in drawn for piece in both]

        hinted = False
        while True:
            try:
                return await self._messages.prompt_async("> ", default=visible(default), bottom_toolbar=bar)
            except KeyboardInterrupt:
                cleared = bool(self._messages.default_buffer.text)
            except EOFError:
                return None
            if hinted and not cleared:
                return None
            default, hinted = "", not cleared
            if hinted:
                self._say(LEAVE_HINT)

    def _say(self, text: str) -> None:
        from prompt_toolkit import print_formatted_text

        print_formatted_text(text, output=self._messages.output)

    async def answer(self, question: str) -> str | None:
        self._forget_typed_ahead()
        try:
            return await self._answers.prompt_async(question)
        except (KeyboardInterrupt, EOFError):
            return None

    async def edit(self, text: str) -> str:
        return await edited(self.editor, text)

    async def change(self, text: str) -> str | None:
        self._forget_typed_ahead()
        try:
            return await self._changes.prompt_async("> ", default=visible(text))
        except (KeyboardInterrupt, EOFError):
            return None

    def come_back(self) -> None:
        from prompt_toolkit.application.current import set_app

        for session in (self._messages, self._answers, self._changes):
            if session.app.is_running:
                session.app.input.raw_mode().__enter__()
                session.app.renderer.reset()
                with set_app(session.app):
                    session.app.renderer.request_absolute_cursor_position()  # without it there is no toolbar
                session.app.invalidate()

    def complete(self, commands: Mapping[str, str]) -> None:
        self._messages.completer = completer(commands)

    def _forget_typed_ahead(self) -> None:
        """What was typed before the question was shown is no answer to it."""
        from prompt_toolkit.input.typeahead import clear_typeahead

        if self._input is not None:
            return  # a given input is a script: it is typed ahead on purpose
        clear_typeahead(self._answers.app.input)
        with contextlib.suppress(ValueError, OSError):
            _forget_unread(sys.stdin.fileno())


def completer(commands: Mapping[str, str]) -> Completer:
    """Completes slash commands, at the start of a message."""
    from prompt_toolkit.completion import WordCompleter

    words = {f"/{name}": text for name, text in commands.items()}
    return WordCompleter(list(words), meta_dict=words, sentence=True)


def history_at(file: Path) -> History:
    """The history kept in a file that only its owner can read; in memory alone where it cannot be written."""
    from prompt_toolkit.history import FileHistory, InMemoryHistory

    try:
        private_folder(file.parent)
        private_file(file)
        file.chmod(PRIVATE_FILE)
    except OSError:
        return InMemoryHistory()
    return FileHistory(file)


def _forget_unread(fd: int) -> None:
    """Throw away what a terminal holds that no program has read yet, a line without its end too."""
    if sys.platform != "win32":
        import termios

        with contextlib.suppress(termios.error, OSError):
            termios.tcflush(fd, termios.TCIFLUSH)


def _stops() -> KeyBindings:
    """Ctrl+Z. The prompt is drawn again in `come_back`, however it was stopped; prompt_toolkit's own key draws, too."""
    from prompt_toolkit.key_binding import KeyBindings, KeyPressEvent

    keys = KeyBindings()
    if sys.platform != "win32":

        @keys.add("c-z")
        def stop(event: KeyPressEvent) -> None:
            os.kill(0, signal.SIGTSTP)

    return keys


def _keys() -> KeyBindings:
    from prompt_toolkit.enums import DEFAULT_BUFFER
    from prompt_toolkit.filters import has_focus
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.keys import Keys

    keys = _stops()

    @keys.add("enter", filter=has_focus(DEFAULT_BUFFER))
    def send(event: KeyPressEvent) -> None:
        event.current_buffer.validate_and_handle()

    @keys.add(Keys.BracketedPaste)
    def paste(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text(visible(event.data.replace("\r\n", "\n").replace("\r", "\n")))

    @keys.add("escape", "enter", filter=has_focus(DEFAULT_BUFFER))
    @keys.add("c-j", filter=has_focus(DEFAULT_BUFFER))
    def new_line(event: KeyPressEvent) -> None:
        event.current_buffer.insert_text("\n")

    return keys
