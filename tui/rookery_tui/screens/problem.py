"""Shown in place of the conversation when there cannot be one yet: what is wrong and what to do."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import Screen
from textual.widgets import Static

from rookery_tui.widgets.text import capped, plain


class ProblemScreen(Screen[bool]):
    """Gives True when the person wants to try again, False when they leave."""

    BINDING_GROUP_TITLE = "When it cannot start"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("r,f5", "again", "Try again"),
        Binding("q,escape", "leave", "Leave"),
    ]

    def __init__(self, text: str) -> None:
        super().__init__()
        self._text = text

    def compose(self) -> ComposeResult:
        with Vertical(id="problem") as box:
            box.border_title = "Rookery cannot start yet"
            yield Static(plain(capped(self._text)), markup=False)
            yield Static(plain("r tries again · q leaves"), markup=False, classes="keys")

    def action_again(self) -> None:
        self.dismiss(True)

    def action_leave(self) -> None:
        self.dismiss(False)
