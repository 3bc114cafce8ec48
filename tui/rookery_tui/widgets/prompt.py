"""Where the person writes: several lines, a history, and nothing invisible in it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import ClassVar

from textual import events
from textual.binding import Binding, BindingType
from textual.message import Message
from textual.widgets import TextArea

from rookery_core.text import visible


class Prompt(TextArea):
    """The input. What is in it is what will be sent: hidden characters that are pasted appear as escapes."""

    BINDING_GROUP_TITLE = "Message"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "send", "Send; while a turn runs, send after it"),
        Binding("ctrl+j,shift+enter", "new_line", "New line"),
        Binding("up", "cursor_up", "Line above; on the first line, the message before"),
        Binding("down", "cursor_down", "Line below; on the last line, the message after"),
        Binding("ctrl+d", "delete_or_leave", "Quit when there is no text"),
        Binding("ctrl+underscore", "undo", "Undo"),
        Binding("pageup", "scroll_chat(-1)", "Scroll the conversation up"),
        Binding("pagedown", "scroll_chat(1)", "Scroll the conversation down"),
    ]

    class Sent(Message):
        """The person sent a message."""

        def __init__(self, text: str) -> None:
            super().__init__()
            self.text = text

    class OlderWanted(Message):
        """The person asked for the message before, with nothing written yet."""

    class Left(Message):
        """The person wants to leave."""

    class Scrolled(Message):
        """The person wants to read elsewhere in the conversation."""

        def __init__(self, pages: int) -> None:
            super().__init__()
            self.pages = pages

    def __init__(self, *, id: str | None = None) -> None:
        super().__init__(
            id=id,
            soft_wrap=True,
            tab_behavior="focus",
            highlight_cursor_line=False,
            placeholder="Write a message. Enter sends, Ctrl+J new line, Ctrl+T trace, F1 all keys.",
        )
        self._history: list[str] = []
        self._back = 0
        """How many messages back the one that is shown is; 0 for the draft."""
        self._draft = ""

    def remember(self, texts: Iterable[str]) -> None:
        """Set the messages that Up goes back to, oldest first."""
        self._history = [text for text in map(visible, texts) if text.strip()]
        self._back = 0

    def put(self, text: str) -> None:
        """Show a text to go on with, before what is written already."""
        kept = f"\n{self.text}" if self.text.strip() else ""
        self.load_text(visible(text) + kept)
        self.move_cursor(self.document.end)

    def clear_text(self) -> None:
        """Take away what is written; Up brings it back."""
        self._add_to_history(self.text)
        self.load_text("")

    def action_send(self) -> None:
        text = self.text.strip()
        if text:
            self.post_message(self.Sent(text))

    def sent(self, text: str) -> None:
        """The message was accepted: it joins the history, and the input is empty again."""
        self._add_to_history(text)
        self.load_text("")

    def action_new_line(self) -> None:
        self._replace_via_keyboard("\n", *self.selection)

    def action_delete_or_leave(self) -> None:
        if self.text:
            self.action_delete_right()
        else:
            self.post_message(self.Left())

    def action_scroll_chat(self, pages: int) -> None:
        self.post_message(self.Scrolled(pages))

    def action_cursor_up(self, select: bool = False) -> None:
        if select or not self.navigator.is_first_wrapped_line(self.cursor_location):
            super().action_cursor_up(select)
        elif not self.text and not self._back:
            self.post_message(self.OlderWanted())
        else:
            self.show_older()

    def action_cursor_down(self, select: bool = False) -> None:
        if select or not self._back or not self.navigator.is_last_wrapped_line(self.cursor_location):
            super().action_cursor_down(select)
        else:
            self._show_back(self._back - 1)

    def show_older(self) -> None:
        """Show the message before the one that is shown."""
        if self._back < len(self._history):
            self._show_back(self._back + 1)

    async def _on_key(self, event: events.Key) -> None:
        if event.key == "enter":
            event.stop()
            event.prevent_default()
            self.action_send()

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        if pasted := self._replace_via_keyboard(visible(_lines(event.text)), *self.selection):
            self.move_cursor(pasted.end_location)

    def _add_to_history(self, text: str) -> None:
        if text.strip() and self._history[-1:] != [text]:
            self._history.append(text)
        self._back, self._draft = 0, ""

    def _show_back(self, back: int) -> None:
        if self._back == 0:
            self._draft = self.text
        self._back = back
        self.load_text(self._history[-back] if back else self._draft)
        self.move_cursor(self.document.end)


def _lines(text: str) -> str:
    """The text with line feeds, whatever its lines ended with."""
    return text.replace("\r\n", "\n").replace("\r", "\n")
