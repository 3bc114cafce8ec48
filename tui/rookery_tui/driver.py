"""Textual with the terminal to itself: two descriptors that nobody else has, and a supervisor that is told."""

from __future__ import annotations

import os
import sys
from typing import Any

from textual.drivers.linux_driver import LinuxDriver

from rookery_tui.supervising import NOTHING, SCREEN, Below


def driver_on(terminal: tuple[int, int], below: Below) -> type[LinuxDriver]:
    """A driver that reads keys from the first descriptor and draws on the second."""
    keys, screen = terminal

    class TerminalDriver(LinuxDriver):
        """Says when it begins and ends to draw, and knows being stopped without warning."""

        def __init__(self, *args: Any, **settings: Any) -> None:
            super().__init__(*args, **settings)
            encoding = getattr(sys.__stdout__, "encoding", None) or "utf-8"
            self._file = os.fdopen(screen, "w", encoding=encoding, errors="backslashreplace", closefd=False)
            self.fileno = keys
            self.input_tty = True
            self._drawing = False

        def start_application_mode(self) -> None:
            below.tell(SCREEN)
            self._writer_thread = None
            super().start_application_mode()  # type: ignore[no-untyped-call]
            self._drawing = self._writer_thread is not None  # it does not begin in the background
            below.tell(SCREEN if self._drawing else NOTHING)

        def close(self) -> None:
            super().close()
            self._drawing = False
            below.tell(NOTHING)

        def _get_terminal_size(self) -> tuple[int, int]:
            try:
                size = os.get_terminal_size(screen)
            except OSError:
                return 80, 25
            return max(size.columns, 1), max(size.lines, 1)

        def _sigcont_application(self, *signal: Any) -> None:
            if self._auto_restart and self._drawing:  # nobody could clear up before
                self.suspend_application_mode()
            super()._sigcont_application(*signal)

    return TerminalDriver
