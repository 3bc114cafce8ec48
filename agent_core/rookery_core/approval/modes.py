"""The permission modes: which one a session is in, and which calls are edits.

What comes of it is decided in `judging`.
"""

from __future__ import annotations

from collections.abc import Sequence

from rookery_core.approval.levels import Assessed, Level
from rookery_core.approval.subject import Subject
from rookery_core.events import Event, Mode, ModeChanged
from rookery_core.tools.contract import Risk

EDITOR = "files"
"""The plugin of Rookery's own whose writes are edits: they stay in the workspace whatever happens to its links, show
what they change, and what they delete is in the trash."""
EDITING = f"the mode {Mode.ACCEPT_EDITS}"
"""What allows an edit, where a rule would be named."""
PLANNING = (
    "This call is not made: the person is in plan mode, in which nothing is changed. "
    "Say in your answer what you would do"
)
"""What the model reads of a call that the mode refuses; no full stop at its end."""


def mode_of(events: Sequence[Event]) -> Mode:
    """The mode that a session is in after these events."""
    changed = next((event for event in reversed(events) if isinstance(event, ModeChanged)), None)
    return Mode.ASK if changed is None else changed.mode


def after(mode: Mode) -> Mode:
    """The mode that comes next, round and round."""
    modes = list(Mode)
    return modes[(modes.index(mode) + 1) % len(modes)]


def is_accepted(subject: Subject, assessed: Assessed) -> bool:
    """Whether a call runs in the mode for edits: it is one, or its programs are kept from all but the workspace."""
    return (assessed.kept and assessed.level is Level.R2) or is_edit(subject, assessed)


def is_edit(subject: Subject, assessed: Assessed) -> bool:
    """Whether a call writes files of the workspace, which it names, and does nothing else; all of it is no file."""
    offered = subject.offered
    return (
        offered.built_in
        and offered.plugin == EDITOR
        and assessed.risk is Risk.WRITE
        and assessed.level is Level.R2
        and bool(subject.paths)
        and subject.root not in subject.paths
        and not subject.maybe_paths
    )
