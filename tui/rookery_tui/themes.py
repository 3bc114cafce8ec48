"""Which themes there are. Textual is asked only where a theme is named, since loading it takes its time."""

from __future__ import annotations

from rookery_core.errors import ConfigError
from rookery_core.text import one_line

DEFAULT_THEME = "textual-dark"


def check_theme(name: str) -> None:
    """ConfigError, which names those there are, for a theme that there is not."""
    from textual.theme import BUILTIN_THEMES

    if name not in BUILTIN_THEMES:
        known = ", ".join(sorted(BUILTIN_THEMES))
        raise ConfigError(f"tui.theme: there is no theme {one_line(name, 40)!r}; there are: {known}")
