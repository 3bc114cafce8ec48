"""The exact call that a person is asked about, so that their yes serves for nothing else.

All that decides what the call does is written down in parts, each under the name that a person would give it; the
digest is over all of them. Right before the call is made it is written down anew, and has to be the same.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from rookery_core.approval.judging import Judged
from rookery_core.approval.scene import ABSENT, Scene, listed

FORMAT = 1
"""Of what a digest is over."""
APPROVAL_S = 60.0
"""What may pass between an answer and the call it is for. How long the question stood open does not count: what has
changed by then is noticed, whenever it was."""
CHANGES_TOLD = 5

ARGUMENTS = "its arguments"
RULES = "your rules"
READ = "what the model has read"


@dataclass(frozen=True, slots=True)
class Bound:
    """A call as it is at one moment."""

    parts: Mapping[str, str]
    """What it is made of, by what a person calls each part."""
    digest: str
    """SHA-256 over all of it, in hexadecimal."""

    def since(self, before: Bound) -> tuple[str, ...]:
        """What of it is not as it was, by name."""
        return tuple(name for name in sorted({*self.parts, *before.parts}) if self._of(name) != before._of(name))

    def told_since(self, before: Bound) -> str:
        """The same in words, as the end of a sentence; "" where nothing is another."""
        changes = [_change(name, before._of(name), self._of(name)) for name in self.since(before)]
        return listed(changes, CHANGES_TOLD)

    def _of(self, name: str) -> str:
        return self.parts.get(name, ABSENT)


def canonical(value: Any) -> str:
    """The one text of a value that JSON can say; half a character stays itself. Raises TypeError, ValueError,
    RecursionError."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def bind(judged: Judged, scene: Scene, *, rules: str, confined: str = "") -> Bound:
    """Write a call down. `rules` names the files of rules as they are, `confined` how programs are set apart."""
    subject, offered = judged.subject, judged.subject.offered
    definition = f"{offered.distribution} {offered.tool.fingerprint}"
    parts = {
        f"the tool {offered.full_name}": definition,
        ARGUMENTS: canonical(subject.arguments),
        f"the folder {scene.folder}": scene.standing,
        "what is at stake": f"{judged.assessed.level} {judged.assessed.risk}",
        "how programs are confined": confined,
        RULES: rules,
    }
    if sources := [met.source.name for met in judged.exposure.met]:
        parts[READ] = canonical([judged.exposure.private, sources])
    root = subject.root
    for file in scene.files:
        name = str(file.path.relative_to(root) if root in file.path.parents else file.path)
        parts[f"{'the folder' if file.folder else 'the file'} {name}"] = file.standing
    for program in scene.programs:
        parts[f"the program {program.name}"] = f"{program.file} {program.real} {program.standing}".strip()
    for name, value in (scene.environment or {}).items():
        parts[f"the variable {name}"] = value
    text = canonical([FORMAT, sorted(parts.items())])
    return Bound(parts, hashlib.sha256(text.encode()).hexdigest())


@dataclass(slots=True)
class Approval:
    """A person's yes to one exact call. It serves once, and soon."""

    bound: Bound
    given_at: float
    """Seconds, monotonic."""
    _used: bool = False

    def use(self, bound: Bound, now: float) -> str:
        """Why it does not serve for a call; "" where it does, and from then on it never does again."""
        used, self._used = self._used, True
        if used:
            return "the answer was used already"
        if now - self.given_at > APPROVAL_S:
            return f"more than {APPROVAL_S:g} seconds passed since the answer"
        if bound.digest != self.bound.digest:
            return bound.told_since(self.bound)
        return ""


def _change(name: str, before: str, now: str) -> str:
    if now == ABSENT:
        return f"{name} is gone"
    return f"{name} is there now" if before == ABSENT else f"{name} changed"
