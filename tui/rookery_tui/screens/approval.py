"""The question about a tool call: everything a person must see, and keys that cannot be hit by accident."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen
from textual.timer import Timer
from textual.widgets import Input, Static

from rookery_core.approval.policy import Reply
from rookery_core.events import ApprovalRequested, Decision
from rookery_core.text import visible
from rookery_tui.presenter import approval_text, remembered_text

AROUND_THE_CALL = 9
"""Lines of the screen that the call itself cannot have: the frame, the hint, and the keys or the reason."""
ALONE_S = 0.3
"""How long an answer waits for a key behind it, which would make it part of a word."""


class Reason(Input):
    """One line that says why not."""

    def _on_paste(self, event: events.Paste) -> None:
        event.stop()
        event.prevent_default()
        self.insert_text_at_cursor(visible(" ".join(event.text.split())))


class ApprovalScreen(ModalScreen[Reply]):
    """Waits for one key. Nothing allows by default, with the mouse, or before all of the call has been on the screen.

    Only a key that stands alone is an answer: none in the `grace_s` seconds before it, none right behind it. What is
    typed or pasted while the question opens was meant for something else, and a word may have any letter in it.
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
        self._request = request
        self._grace_s = grace_s
        self._grace: Timer | None = None
        self._touched = 0.0
        """When the last key came, on the clock of Textual's messages."""
        self.armed = False
        """Whether a key would count now."""
        self.unseen: int | None = None
        """Lines that have not been on the screen yet; None before the first look, and 0 for good once all have been."""

    def compose(self) -> ComposeResult:
        with Vertical(id="question") as box:
            box.border_title = "Allow this tool call?"
            with VerticalScroll(id="call"):
                yield Static(Content(approval_text(self._request)), markup=False)
                if self._request.remembers:
                    yield Static(Content(f"\ns allows    {remembered_text(self._request)}"), markup=False)
            yield Static(id="hint", markup=False)
            yield Static(id="keys", markup=False)
            yield Reason(placeholder="Why not? Enter tells the model, Esc goes back.", id="reason")

    def on_mount(self, event: events.Mount) -> None:
        call = self.query_one("#call", VerticalScroll)
        call.focus()
        self.watch(call, "scroll_y", self._look, init=False)
        self.watch(call, "virtual_size", self._look, init=False)
        self.call_after_refresh(self._look)
        self._disarm(event)

    async def on_key(self, event: events.Key) -> None:
        alone = event.time - self._touched >= self._grace_s
        self._disarm(event)
        if event.key in _ANSWERS and not self.query_one(Reason).display:
            event.stop()
            event.prevent_default()
            if alone and self._grace_s > 0:
                carry_out = partial(self._carry_out, _ANSWERS[event.key], event.time)
                self.set_timer(min(self._grace_s, ALONE_S), carry_out)
            elif alone:
                await self.run_action(_ANSWERS[event.key])

    def on_paste(self, event: events.Paste) -> None:
        self._disarm(event)

    def on_resize(self, event: events.Resize) -> None:
        self.query_one("#call").styles.max_height = max(3, event.size.height - AROUND_THE_CALL)
        self.call_after_refresh(self._look)

    def action_allow(self, kind: str) -> None:
        if self.unseen != 0:
            self.app.bell()
        elif kind == Decision.ONCE or self._request.remembers:
            self.dismiss(Reply(Decision(kind)))

    def action_refuse(self) -> None:
        reason = self.query_one(Reason)
        if reason.display:
            self._ask_why(False)
            self.query_one("#call").focus()
        else:
            self.dismiss(Reply(Decision.DENY))

    def action_explain(self) -> None:
        self._ask_why(True)
        self.query_one(Reason).focus()

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        self.dismiss(Reply(Decision.DENY, event.value.strip()))

    def _ask_why(self, ask: bool) -> None:
        self.query_one(Reason).display = ask
        self.query_one("#keys").display = not ask

    def _disarm(self, event: events.Event) -> None:
        """Begin to wait for silence; an answer that waits to be seen alone is not."""
        self._touched = event.time
        self.armed = self._grace_s <= 0
        if self._grace is not None:
            self._grace.stop()
        if not self.armed:
            self._grace = self.set_timer(self._grace_s, self._arm)
        self._draw()

    def _arm(self) -> None:
        self.armed = True
        self._draw()

    async def _carry_out(self, action: str, touched: float) -> None:
        """Act on an answer, if no key came since."""
        if touched == self._touched:
            await self.run_action(action)

    def _look(self) -> None:
        call = self.query_one("#call", VerticalScroll)
        if self.unseen != 0 and call.size.height:
            self.unseen = max(0, int(call.max_scroll_y - call.scroll_y))
            self._draw()

    def _draw(self) -> None:
        self.set_class(self.armed and self.unseen == 0, "-ready")
        hint = self.query_one("#hint", Static)
        hint.display = bool(self.unseen)
        hint.update(Content(f"▼ {self.unseen} more: scroll to the end before you allow it"))
        session = "s for the session · " if self._request.remembers else ""
        self.query_one("#keys", Static).update(Content(f"y once · {session}n no · f no, and say why"))


_ANSWERS = {
    key: binding.action
    for binding in ApprovalScreen.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
}
"""The keys that answer, and what they do."""
