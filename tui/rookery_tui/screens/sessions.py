"""The list of stored sessions, to open one or begin a new one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from rookery_core.store.sessions import SessionSummary
from rookery_tui.conversation import NEW
from rookery_tui.speech import session_line
from rookery_tui.widgets.text import plain


class SessionsScreen(ModalScreen[str]):
    """Gives the id of the chosen session, `NEW`, or None when the person changed their mind."""

    BINDING_GROUP_TITLE = "In the list of sessions"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("n", "new", "New session"),
        Binding("escape,ctrl+r", "close", "Back"),
    ]

    def __init__(self, summaries: Sequence[SessionSummary], current: str, now: float) -> None:
        super().__init__()
        self._summaries = summaries
        self._current = current
        self._now = now

    def compose(self) -> ComposeResult:
        with Vertical(id="sessions") as box:
            box.border_title = "Sessions"
            yield OptionList(*map(self._option, self._summaries), markup=False)
            none_yet = "" if self._summaries else "Nothing is stored yet. "
            yield Static(plain(f"{none_yet}Enter opens · n new · Esc back"), markup=False, classes="keys")

    def on_mount(self) -> None:
        self.query_one(OptionList).focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        event.stop()
        self.dismiss(event.option_id)

    def action_new(self) -> None:
        self.dismiss(NEW)

    def action_close(self) -> None:
        self.dismiss(None)

    def _option(self, summary: SessionSummary) -> Option:
        title, detail = session_line(summary, self._now)
        here = "● " if summary.id == self._current else "  "
        return Option(plain(here, (title, "bold"), "\n  ", (detail, "dim")), id=summary.id)
