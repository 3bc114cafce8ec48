"""Changing the arguments of a call, before it is asked about anew: a field for each, what is wrong beside it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Static, TextArea

from rookery_tui.changing import Field, FieldsWrong, read_fields
from rookery_tui.exact import editable, written_flat
from rookery_tui.widgets.text import plain


@dataclass(frozen=True, slots=True)
class Changed:
    """What the person left behind."""

    fields: tuple[Field, ...]
    """With what is written in them now."""
    arguments: dict[str, Any] | None = None
    """What the call is to be made with; None where they went back."""


class Writing(TextArea):
    """Where an argument is written: what is pasted is in it as `editable`, so that nothing hides."""

    def __init__(self, text: str) -> None:
        super().__init__(text, soft_wrap=True, tab_behavior="focus", highlight_cursor_line=False)

    async def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        text = event.text.replace("\r\n", "\n").replace("\r", "\n")
        if pasted := self._replace_via_keyboard(editable(text), *self.selection):
            self.move_cursor(pasted.end_location)


class ChangingScreen(ModalScreen[Changed]):
    """The arguments of a call, to be changed. Whatever is written here, the changed call is asked about."""

    BINDING_GROUP_TITLE = "When you change a tool call"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("ctrl+s", "submit", "Take what is written; you are asked about the changed call", priority=True),
        Binding("escape", "back", "Back to the question; what is written is kept"),
        Binding("tab", "app.focus_next", "Next argument"),
        Binding("shift+tab", "app.focus_previous"),
    ]

    def __init__(self, tool: str, fields: tuple[Field, ...], problem: str = "") -> None:
        """`problem` is why the last change was not taken."""
        super().__init__()
        self._tool = tool
        self._fields = fields
        self._problem = problem

    def compose(self) -> ComposeResult:
        with Vertical(id="question") as box:
            box.border_title = "Change this tool call"
            yield Static(plain((written_flat(self._tool), "bold")), markup=False)
            problem = Static(plain(written_flat(self._problem)), markup=False, classes="problem")
            problem.display = bool(self._problem)
            yield problem
            with VerticalScroll(id="fields", can_focus=False):
                for each in self._fields:
                    kind = "" if each.is_text else "  JSON"
                    yield Static(plain((written_flat(each.name), "bold"), (kind, "dim")), markup=False)
                    yield Writing(each.text)
                    wrong = Static(markup=False, classes="problem")
                    wrong.display = False
                    yield wrong
            yield Static(
                plain(
                    ("Ctrl+S", "bold"), " asks about it · ", ("Esc", "bold"), " back · \\u{..} is a hidden character"
                ),
                markup=False,
                id="keys",
            )

    def on_mount(self) -> None:
        for area in self._areas():
            area.focus()
            break

    def action_submit(self) -> None:
        problems: Mapping[str, str] = {}
        try:
            arguments = read_fields(self._fields, [area.text for area in self._areas()])
        except FieldsWrong as exc:
            problems = exc.problems
        else:
            self.dismiss(Changed(self._written(), arguments))
            return
        first = True
        for each, area, beside in zip(self._fields, self._areas(), self.query("#fields .problem"), strict=True):
            problem = problems.get(each.name, "")
            beside.display = bool(problem)
            if isinstance(beside, Static):
                beside.update(plain(problem))
            if problem and first:
                area.focus()
                first = False

    def action_back(self) -> None:
        self.dismiss(Changed(self._written()))

    def _areas(self) -> list[Writing]:
        return list(self.query(Writing))

    def _written(self) -> tuple[Field, ...]:
        return tuple(
            Field(each.name, area.text, each.is_text) for each, area in zip(self._fields, self._areas(), strict=True)
        )
