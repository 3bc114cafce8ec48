"""Before the first step into a folder: whether its person trusts it, asked once where somebody can be asked.

Until then nothing that the folder holds has been looked at. Knows no screen: whoever can put a question asks it.
"""

from __future__ import annotations

import argparse
import os
from collections.abc import Awaitable, Callable
from pathlib import Path

from rookery_core.errors import ConfigError
from rookery_core.events import QuestionAsked
from rookery_core.paths import Paths
from rookery_core.text import one_line
from rookery_core.trust import Trust, cautions
from rookery_tui.presenter import YES_OR_NO

Ask = Callable[[QuestionAsked], Awaitable[str | None]]

QUESTION = """\
Do you trust this folder, and whoever made what is in it?

    {folder}

Yes: files in it are read without asking, its own rules hold, which can only be stricter, and MCP servers start there.
What would change something asks. That is remembered for this folder (`rookery trust list`).
No: a plain chat. No tool touches the folder, and nothing in it is looked at.{cautions}"""
UNTRUSTED = "{folder} is not trusted: tools there only compute (--trust for this once, `rookery trust add` for good)"
REPLACED = "Another folder was at this place when you trusted it."


class Doorstep:
    """A workspace, and whether it is trusted."""

    def __init__(self, trust: Trust, folder: Path, home: Path, *, given: bool = False) -> None:
        """`given`: the person said with this start that it is."""
        self.folder = Path(os.path.realpath(folder))
        self._trouble = ""
        self._trust = trust
        self._home = home
        self._answered = given
        self.trusted = given or self._known()

    @classmethod
    def of(cls, arguments: argparse.Namespace, paths: Paths) -> Doorstep:
        """That of a command."""
        folder = Path(getattr(arguments, "workspace", "."))
        return cls(Trust(paths.trusted), folder, Path.home(), given=getattr(arguments, "trust", False))

    @property
    def asks(self) -> bool:
        """Whether there is something to ask; of a folder that is not there whoever begins in it says so."""
        return not self.trusted and not self._answered and self.folder.is_dir()

    @property
    def question(self) -> QuestionAsked:
        """What is asked."""
        try:
            replaced = (REPLACED,) if self._trust.replaced(self.folder) else ()
        except ConfigError as exc:
            replaced = (str(exc),)
        said = [*replaced, *cautions(self.folder, self._home)]
        text = QUESTION.format(
            folder=one_line(str(self.folder), 4_096), cautions="".join(f"\n\n! {each}" for each in said)
        )
        return QuestionAsked(call_id="", tool="", question=text, choices=YES_OR_NO)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What is to be said at the start: that it is not trusted, and what went wrong."""
        untrusted = UNTRUSTED.format(folder=one_line(str(self.folder), 300))
        return tuple(filter(None, (self._trouble, untrusted if not self.trusted and self.folder.is_dir() else "")))

    async def ask(self, ask: Ask) -> None:
        """Ask the person, and remember that they said yes. No answer is no."""
        self._answered = True
        self.trusted = await ask(self.question) == YES_OR_NO[0]
        if self.trusted:
            try:
                self._trust.add(self.folder)
            except ConfigError as exc:
                self._trouble = f"that you trust this folder is not remembered: {exc}"

    def _known(self) -> bool:
        try:
            return self._trust.by(self.folder) is not None
        except ConfigError as exc:
            self._trouble = str(exc)
            return False
