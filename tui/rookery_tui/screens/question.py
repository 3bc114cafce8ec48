"""What a running tool asks the person: a choice or a line to write, with keys that cannot be hit by accident."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import OptionList, Static

from rookery_core.events import QuestionAsked
from rookery_tui.presenter import choice_keys, choice_text, question_text
from rookery_tui.screens.grace import Grace
from rookery_tui.widgets.line import Line
from rookery_tui.widgets.text import LongText, plain

AROUND_THE_QUESTION = 8
"""Lines of the screen that neither the question nor its choices can have: the frame, the hint, the keys, a gap."""
_LEADING = frozenset({"up", "down", "home", "end", "pageup", "pagedown"})
"""Keys that lead to a choice."""


class Choices(OptionList):
    """What there is to choose from; none is marked at first, and the mouse chooses none."""

    def on_mount(self) -> None:
        self.highlighted = None

    async def _on_click(self, event: events.Click) -> None:
        event.prevent_default()


class QuestionScreen(ModalScreen[str]):
    """Gives a choice or a text, or None where the person gives no answer. Nothing answers by default or with the mouse.

    Of choices, only a key that stands alone gives one (`Grace`), or Enter behind the arrows that lead to it. A line
    takes what is written once there was silence.
    """

    BINDING_GROUP_TITLE = "When a tool asks you"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("1", "choose('1')", "Answer with that choice, where there are at most nine", key_display="1 to 9"),
        *(Binding(key, f"choose('{key}')") for key in "23456789"),
        Binding("y", "choose('y')", "Answer yes or no, where just that is wanted", key_display="y, n"),
        Binding("n", "choose('n')"),
        Binding("enter", "give", "Answer with the choice that is marked, or what is written"),
        Binding("escape", "give_none", "Give no answer"),
        Binding("pageup", "page(-1)", "Scroll a long question", priority=True, key_display="PgUp, PgDn"),
        Binding("pagedown", "page(1)", priority=True),
    ]

    def __init__(self, asked: QuestionAsked, grace_s: float) -> None:
        super().__init__()
        self.grace = Grace(self, grace_s, self._draw)
        self._asked = asked
        keys = choice_keys(asked.choices)
        self._keys = keys if len(keys) < 10 else [""] * len(keys)
        self._open = False
        """Whether the line takes what is written."""

    def compose(self) -> ComposeResult:
        with Vertical(id="question") as box:
            box.border_title = "A tool asks you" if self._asked.tool else "Rookery asks you"
            with VerticalScroll(id="asked", can_focus=False):
                yield LongText(question_text(self._asked))
            yield Static(id="hint", markup=False)
            if self._asked.choices:
                texts = map(partial(choice_text, width=1), self._keys, self._asked.choices)
                yield Choices(*map(plain, texts), markup=False, id="answer")
            else:
                yield Line("Write an answer.", id="answer", takes=self._counts)
            yield Static(id="keys", markup=False)

    def on_mount(self, event: events.Mount) -> None:
        asked, answer = self.query_one("#asked"), self.query_one("#answer")
        answer.focus()
        for each in (asked, answer):
            self.watch(each, "virtual_size", self._share, init=False)
        for what in ("scroll_y", "show_vertical_scrollbar"):
            self.watch(asked, what, self._draw, init=False)
        self.grace.touch(event)

    async def on_key(self, event: events.Key) -> None:
        counts = self._counts(event)
        leads = self._open or event.key in _LEADING
        if not (counts and leads):
            self.grace.touch(event)
        if event.key in _ANSWERS:
            event.stop()
            event.prevent_default()
            act = partial(self.grace.act, _ANSWERS[event.key])
            if self._open:
                await act()
            elif counts:
                await self.grace.unless_followed(act)

    def on_paste(self, event: events.Paste) -> None:
        self.grace.touch(event)

    def on_resize(self) -> None:
        self.call_after_refresh(self._share)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "page":
            return bool(self.query_one("#asked").max_scroll_y)
        return self.grace.allows(action, _ANSWERS.values())

    def action_choose(self, key: str) -> None:
        if key in self._keys:
            self._give(self._asked.choices[self._keys.index(key)])

    def action_give(self) -> None:
        match self.query_one("#answer"):
            case Choices(highlighted=int(marked)):
                self._give(self._asked.choices[marked])
            case Line(value=written) if written.strip():
                self._give(written.strip())

    def action_give_none(self) -> None:
        self._give(None)

    def action_page(self, pages: int) -> None:
        asked = self.query_one("#asked")
        asked.scroll_relative(y=pages * max(1, asked.size.height - 1), animate=False)

    def _give(self, answer: str | None) -> None:
        if self.is_current:  # a second key would close the screen below
            self.dismiss(answer)

    def _counts(self, event: events.Event) -> bool:
        """Whether it is meant for this screen."""
        self._open = self._open or (not self._asked.choices and self.grace.alone(event))
        return self._open or self.grace.alone(event)

    def _share(self) -> None:
        """Give half the lines to the question and half to the choices, and to each what the other does not need."""
        asked, answer = self.query_one("#asked"), self.query_one("#answer")
        room = max(6, self.size.height - AROUND_THE_QUESTION)
        asked.styles.max_height = max(room // 2, room - answer.virtual_size.height - answer.gutter.height)
        answer.styles.max_height = max(room // 2, room - asked.virtual_size.height)

    def _draw(self) -> None:
        self.set_class(self.grace.armed, "-ready")
        asked = self.query_one("#asked")
        unseen = int(asked.max_scroll_y - asked.scroll_y)
        hint = self.query_one("#hint", Static)
        hint.display = bool(asked.max_scroll_y)
        hint.update(plain(f"▼ {unseen} more: PgDn" if unseen else "▲ PgUp"))
        self.query_one("#keys", Static).update(plain(f"{self._ways()} · Esc gives no answer"))

    def _ways(self) -> str:
        """How to answer."""
        if not self._asked.choices:
            return "Enter answers"
        keys = [key for key in self._keys if key]
        at_once = f"{' or '.join(keys) if len(keys) < 3 else f'{keys[0]} to {keys[-1]}'}, or " if keys else ""
        return f"{at_once}↑ ↓ and Enter"


_ANSWERS = {
    binding.key: binding.action
    for binding in QuestionScreen.BINDINGS
    if isinstance(binding, Binding) and not binding.priority
}
"""The keys that answer, and what they do."""
