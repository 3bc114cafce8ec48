"""All keys and commands, read from where they are bound."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static

from rookery_tui.screens.approval import ApprovalScreen
from rookery_tui.screens.changing import ChangingScreen
from rookery_tui.screens.question import QuestionScreen
from rookery_tui.screens.sessions import SessionsScreen
from rookery_tui.typed import COMMANDS
from rookery_tui.widgets.prompt import Prompt
from rookery_tui.widgets.text import plain
from rookery_tui.widgets.trace import TracePane

Section = tuple[str, list[tuple[str, str]]]
"""A heading, and what is below it as (key or command, what it does)."""

_NAMES = {"pageup": "PgUp", "pagedown": "PgDn", "escape": "Esc", "up": "↑", "down": "↓"}


def sections(anywhere: Iterable[BindingType], commands: Mapping[str, str] = COMMANDS) -> list[Section]:
    """All there is to know: `anywhere` are the bindings of the program itself, `commands` are by name what they do."""
    return [
        keys_section("In the input", Prompt.BINDINGS),
        keys_section("Anywhere", anywhere),
        keys_section("In the trace", TracePane.BINDINGS),
        keys_section(ApprovalScreen.BINDING_GROUP_TITLE, ApprovalScreen.BINDINGS),
        keys_section(ChangingScreen.BINDING_GROUP_TITLE, ChangingScreen.BINDINGS),
        keys_section(QuestionScreen.BINDING_GROUP_TITLE, QuestionScreen.BINDINGS),
        keys_section(SessionsScreen.BINDING_GROUP_TITLE, SessionsScreen.BINDINGS),
        ("Commands", [(f"/{name}", text) for name, text in commands.items()]),
    ]


def keys_section(title: str, bindings: Iterable[BindingType]) -> Section:
    """The bindings of a screen or widget that have something to say."""
    listed = [binding for binding in bindings if isinstance(binding, Binding) and binding.description]
    return title, [(binding.key_display or key_text(binding.key), binding.description) for binding in listed]


def key_text(keys: str) -> str:
    """Keys as they are printed on a keyboard."""
    return ", ".join("+".join(_part(part, "+" in key) for part in key.split("+")) for key in keys.split(","))


def _part(part: str, combined: bool) -> str:
    return _NAMES.get(part) or (part.capitalize() if combined or len(part) > 1 else part)


class HelpScreen(ModalScreen[None]):
    """The keys and commands, as a list to read."""

    BINDINGS: ClassVar[list[BindingType]] = [Binding("escape,f1,q", "close", "Back")]

    def __init__(self, sections: Iterable[Section]) -> None:
        super().__init__()
        self._sections = list(sections)

    def compose(self) -> ComposeResult:
        with VerticalScroll(id="help") as box:
            box.border_title = "Keys and commands"
            box.border_subtitle = "Esc closes"
            for title, lines in self._sections:
                width = max(len(key) for key, _ in lines) + 2
                parts = [part for key, text in lines for part in (("\n" + key.ljust(width), "bold"), text)]
                yield Static(plain((title, "bold $text-accent"), *parts), markup=False)

    def on_mount(self) -> None:
        self.query_one("#help").focus()

    def action_close(self) -> None:
        self.dismiss(None)
