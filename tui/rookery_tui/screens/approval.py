"""The question about a tool call: everything a person must see, and keys that cannot be hit by accident."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from rookery_core.approval.policy import Reply
from rookery_core.events import ApprovalRequested, Decision
from rookery_tui.presenter import approval_text, remembered_text
from rookery_tui.screens.grace import Grace
from rookery_tui.widgets.line import Line
from rookery_tui.widgets.text import LongText, plain

AROUND_THE_CALL = 9
"""Lines of the screen that the call itself cannot have: the frame, the hint, and the keys or the reason."""


class ApprovalScreen(ModalScreen[Reply]):
    """Waits for one key. Nothing allows by default, with the mouse, or before all of the call has been on the screen.

    Only a key that stands alone is an answer (`Grace`): a word that was meant for something else may have any letter.
    """

    BINDING_GROUP_TITLE = "When asked about a tool call"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "allow('once')", "Allow this call"),
        Binding("s", "allow('session')", "Allow it, and what it names, in this session"),
        Binding("n,escape", "refuse", "Do not allow it"),
        Binding("f", "explain", "Do not allow it, and tell the model why"),
    ]

    def __init__(self, request: ApprovalRequested, grace_s: float) -> None:
        super().__init__()
        self.grace = Grace(self, grace_s, self._draw)
        self._request = request
        self.unseen: int | None = None
        """Lines that have not been on the screen yet; None before the first look, and 0 for good once all have been."""

    def compose(self) -> ComposeResult:
        with Vertical(id="question") as box:
            box.border_title = "Allow this tool call?"
            with VerticalScroll(id="call"):
                yield LongText(approval_text(self._request))
                if self._request.remembers:
                    yield Static(plain(f"\ns allows    {remembered_text(self._request)}"), markup=False)
            yield Static(id="hint", markup=False)
            yield Static(id="keys", markup=False)
            yield Line("Why not? Enter tells the model, Esc goes back.", id="reason")

    def on_mount(self, event: events.Mount) -> None:
        call = self.query_one("#call", VerticalScroll)
        call.focus()
        self.watch(call, "scroll_y", self._look, init=False)
        self.watch(call, "virtual_size", self._look, init=False)
        self.call_after_refresh(self._look)
        self.grace.touch(event)

    async def on_key(self, event: events.Key) -> None:
        alone = self.grace.alone(event)
        self.grace.touch(event)
        if event.key in _ANSWERS and not self.query_one(Line).display:
            event.stop()
            event.prevent_default()
            if alone:
                await self.grace.unless_followed(partial(self.run_action, _ANSWERS[event.key]))

    def on_paste(self, event: events.Paste) -> None:
        self.grace.touch(event)

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#call").styles.max_height = max(3, event.size.height - AROUND_THE_CALL)
        self.call_after_refresh(self._look)

    def on_long_text_whole(self) -> None:
        self.call_after_refresh(self._look)

    def action_allow(self, kind: str) -> None:
        if self.unseen != 0:
            self.app.bell()
        elif kind == Decision.ONCE or self._request.remembers:
            self._reply(Decision(kind))

    def action_refuse(self) -> None:
        reason = self.query_one(Line)
        if reason.display:
            self._ask_why(False)
            self.query_one("#call").focus()
        else:
            self._reply(Decision.DENY)

    def action_explain(self) -> None:
        self._ask_why(True)
        self.query_one(Line).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self._reply(Decision.DENY, event.value.strip())

    def _reply(self, decision: Decision, reason: str = "") -> None:
        if self.is_current:  # a second key would close the screen below
            self.dismiss(Reply(decision, reason))

    def _ask_why(self, ask: bool) -> None:
        self.query_one(Line).display = ask
        self.query_one("#keys").display = not ask

    def _look(self) -> None:
        call = self.query_one("#call", VerticalScroll)
        if self.unseen != 0 and call.size.height and self.query_one(LongText).whole:
            self.unseen = max(0, int(call.max_scroll_y - call.scroll_y))
            self._draw()

    def _draw(self) -> None:
        self.set_class(self.grace.armed and self.unseen == 0, "-ready")
        hint = self.query_one("#hint", Static)
        hint.display = bool(self.unseen)
        hint.update(plain(f"▼ {self.unseen} more: scroll to the end before you allow it"))
        session = "s for the session · " if self._request.remembers else ""
        self.query_one("#keys", Static).update(plain(f"y once · {session}n no · f no, and say why"))


_ANSWERS = {
    key: binding.action
    for binding in ApprovalScreen.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
}
"""The keys that answer, and what they do."""
