"""The question about a tool call: everything a person must see, and keys that cannot be hit by accident."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from typing import Any, ClassVar

from textual import events
from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.containers import Vertical
from textual.screen import ModalScreen
from textual.widgets import Input, Static

from rookery_core.approval.policy import Reply
from rookery_core.events import ApprovalRequested, Decision
from rookery_tui.call_view import always_lines, call_view, needs_enter, session_lines, ways
from rookery_tui.changing import fields_of
from rookery_tui.screens.changing import Changed, ChangingScreen
from rookery_tui.screens.grace import Grace
from rookery_tui.widgets.call import CallRows
from rookery_tui.widgets.line import Line
from rookery_tui.widgets.text import plain

ROOMY_LINES, ROOMY_COLUMNS = 28, 100
"""What a screen must have for the question to leave room around it."""
LOW, LOWEST = 16, 8
"""Lines of a screen below which the question does without empty ones, and without its frame."""
NARROW = 50
"""Columns below which it says less."""
_READING = frozenset({"up", "down", "pageup", "pagedown", "home", "end", "space"})
"""Keys that only show what is there; the rows have them."""


class ApprovalScreen(ModalScreen[Reply]):
    """Waits for one key. Nothing allows by default, with the mouse, or before all of the call has been on the screen.

    Only a key that stands alone is an answer (`Grace`): a word that was meant for something else may have any letter.
    What reaches far, or is remembered for good, is allowed by Enter behind the key; any other key goes back.
    """

    BINDING_GROUP_TITLE = "When asked about a tool call"
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("y", "allow('once')", "Allow this call; of level R3, with Enter behind it"),
        Binding("s", "allow('session')", "Allow it, and what it names, in this session"),
        Binding("a", "allow('always')", "See what would be allowed from now on, in this workspace; Enter allows it"),
        Binding("e", "change", "Change the arguments; you are asked about the changed call"),
        Binding("n,escape", "refuse", "Do not allow it"),
        Binding("f", "explain", "Do not allow it, and tell the model why"),
        Binding("v", "view", "Read it on the whole screen, where / finds a text; Esc goes back"),
    ]

    def __init__(
        self,
        request: ApprovalRequested,
        grace_s: float,
        *,
        kept_in: str = "rules.toml",
        changed: Mapping[str, Any] | None = None,
    ) -> None:
        """`kept_in` is the file of rules; `changed` what the person wrote for this call that was not taken."""
        super().__init__()
        self.grace = Grace(self, grace_s, self._draw)
        self._request = request
        self._view = call_view(request)
        self._kept_in = kept_in
        self._fields = fields_of(request.arguments, changed)
        self._change_at_once = changed is not None
        self._confirming: Decision | None = None
        """What Enter allows."""
        self._looked = False

    @property
    def unseen(self) -> int | None:
        """Rows that have not been on the screen yet; None before the first look."""
        return self.query_one("#call", CallRows).unseen if self._looked else None

    def compose(self) -> ComposeResult:
        odd = self._view.odd.pattern()
        with Vertical(id="question") as box:
            box.border_title = "Allow this tool call?"
            yield CallRows([*self._view.lines, *session_lines(self._request)], odd, id="call")
            yield CallRows(always_lines(self._request, self._kept_in), odd, id="always")
            yield Static(id="size", markup=False)
            yield Static(id="keys", markup=False)
            yield Line("Why not? Enter tells the model, Esc goes back.", id="reason")
            yield Line("Find: Enter goes to the next, Esc goes back.", id="find")

    def on_mount(self, event: events.Mount) -> None:
        self._rows.focus()
        self.watch(self.app, "app_focus", lambda: self.grace.touch(events.Event()), init=False)
        self.grace.touch(event)
        if self._change_at_once:
            self.call_after_refresh(self.action_change)

    def on_screen_resume(self, event: events.ScreenResume) -> None:
        self.grace.touch(event)
        self._rows.look()

    async def on_key(self, event: events.Key) -> None:
        alone = self.grace.alone(event)
        self.grace.touch(event)
        line = self._line
        if line is not None and event.key != "escape":
            return
        if event.key in _READING:
            if self._confirming is not Decision.ALWAYS:
                self._confirm(None)
            return
        event.stop()
        event.prevent_default()
        if line is not None:
            self._show_line(line, False)
        elif (act := self._meaning(event.key)) is None:
            self._confirm(None)
        elif alone:
            await self.grace.unless_followed(partial(self.grace.act, act))

    def on_paste(self, event: events.Paste) -> None:
        self.grace.touch(event)
        if self._line is None:
            self._confirm(None)

    def on_resize(self, event: events.Resize) -> None:
        self._fit()

    def on_call_rows_looked(self) -> None:
        if not self._looked:  # nobody can have meant it before
            self._looked = True
            self.grace.touch(events.Event())
        self._draw()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        return self.grace.allows(action, _ANSWERS.values())

    # -- what the keys do -----------------------------------------------------------------------------------------

    def _meaning(self, key: str) -> str | None:
        """The action of a key, as things are; None where it has none here."""
        if self._confirming is not None:
            return "give" if key == "enter" else None
        if self.has_class("-full"):
            return {"escape": "view", "v": "view", "slash": "find"}.get(key)
        return _ANSWERS.get(key)

    def action_allow(self, kind: str) -> None:
        decision = Decision(kind)
        if self.unseen != 0:
            self.app.bell()
        elif decision is Decision.ALWAYS:
            if self._request.always:
                self._confirm(decision)
        elif decision is Decision.ONCE or self._request.remembers:
            if needs_enter(self._request):
                self._confirm(decision)
            else:
                self._reply(Reply(decision))

    def action_give(self) -> None:
        if self._confirming is None or self._rows.unseen:
            self.app.bell()
        else:
            self._reply(Reply(self._confirming))

    def action_refuse(self) -> None:
        self._reply(Reply(Decision.DENY))

    def action_explain(self) -> None:
        self._show_line(self.query_one("#reason", Line), True)

    def action_find(self) -> None:
        self._show_line(self.query_one("#find", Line), True)

    def action_view(self) -> None:
        self.toggle_class("-full")
        self._rows.find("")
        self._fit()

    def action_change(self) -> None:
        problem = self._request.reason if self._change_at_once else ""
        self._change_at_once = False
        self.app.push_screen(ChangingScreen(self._request.tool, self._fields, problem), self._changed)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        event.stop()
        if event.input.id == "reason":
            self._reply(Reply(Decision.DENY, event.value.strip()))
        elif not self._rows.find(event.value):
            self.app.bell()

    def _changed(self, changed: Changed | None) -> None:
        if changed is None:
            return
        self._fields = changed.fields
        if changed.arguments is not None and changed.arguments != self._request.arguments:
            self._reply(Reply(Decision.EDIT, arguments=changed.arguments))

    def _reply(self, reply: Reply) -> None:
        if self.is_current:  # a second key would close the screen below
            self.dismiss(reply)

    def _confirm(self, decision: Decision | None) -> None:
        """Let Enter allow that, or nothing."""
        if decision is self._confirming:
            return
        self._confirming = decision
        self.query_one("#call").display = decision is not Decision.ALWAYS
        self.query_one("#always").display = decision is Decision.ALWAYS
        self._rows.focus()
        self._rows.look()
        self._fit()

    # -- what is seen ---------------------------------------------------------------------------------------------

    @property
    def _rows(self) -> CallRows:
        """Those that are read now."""
        return self.query_one("#always" if self._confirming is Decision.ALWAYS else "#call", CallRows)

    @property
    def _line(self) -> Line | None:
        """The one that is written in."""
        return next((line for line in self.query(Line) if line.display), None)

    def _show_line(self, line: Line, show: bool) -> None:
        line.display = show
        self.query_one("#keys").display = not show
        (line if show else self._rows).focus()
        self._fit()

    def _fit(self) -> None:
        """Give the rows what the keys leave of the screen: those are always there."""
        width, height = self.size
        self.set_class(height < ROOMY_LINES or width < ROOMY_COLUMNS, "-snug")
        self.set_class(height < LOW or width < NARROW, "-small")
        self.set_class(height < LOWEST, "-tiny")
        self._draw()
        self.call_after_refresh(self._share)

    def _share(self) -> None:
        box = self.query_one("#question")
        inside = box.content_size.width
        others = [each for each in box.children if each.display and not isinstance(each, CallRows)]
        around = sum(
            each.get_content_height(self.size, self.size, inside) + each.gutter.height + each.styles.margin.height
            for each in others
        )
        room = self.size.height - box.gutter.height - around
        for each in self.query(CallRows):
            each.styles.max_height = max(0, room)
            each.styles.height = max(0, room) if self.has_class("-full") else "auto"
            each.placed = True
        self._rows.look()

    def _draw(self) -> None:
        ready = self.grace.armed and not self._rows.unseen
        self.set_class(ready, "-ready")
        n = self._rows.unseen
        small = self.has_class("-small")
        more = "" if small else ", Space goes on"
        unseen = f"unseen lines: {n:,}{more}" if n else "all seen"
        size = self.query_one("#size", Static)
        size.set_class(bool(n), "-unseen")
        size.update(plain((unseen, "bold" if n else ""), "" if small else f" · {self._view.size()}"))
        self.query_one("#keys", Static).update(plain(*self._ways()))

    def _ways(self) -> Iterator[str | tuple[str, str]]:
        """The keys, and what they do as things are."""
        if self._confirming is not None:
            yield from (("Enter", "bold"), f" {_CONFIRMS[self._confirming]}, any other key goes back")
            return
        short = self.has_class("-tiny")
        for n, (key, what) in enumerate(_IN_FULL if self.has_class("-full") else ways(self._request)):
            yield from ((("" if short else " · ") if n else ""), (key, "bold"), " " if short else f" {what}")


_CONFIRMS = {
    Decision.ONCE: "allows it",
    Decision.SESSION: "allows it for this session",
    Decision.ALWAYS: "allows it and remembers that",
}
_IN_FULL = (("Esc", "back to the question"), ("/", "find"), ("Space", "what is unseen"), ("Home", "End"))
_ANSWERS = {
    key: binding.action
    for binding in ApprovalScreen.BINDINGS
    if isinstance(binding, Binding)
    for key in binding.key.split(",")
}
"""The keys that answer, and what they do."""
