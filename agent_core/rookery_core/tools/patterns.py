"""Regular expressions of plugins, looked for in time that only grows as the text does (RE2)."""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

from rookery_core.errors import PluginError

PATTERN_CHARS = 1_000


def check_pattern(pattern: str) -> None:
    """Raises PluginError for what is no regular expression of RE2; it has no look-around and no back-references."""
    _compiled(pattern)


def found_in(pattern: str, value: object) -> bool:
    """Whether it is found in a text, or in the JSON of another value."""
    said = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=str)
    return _compiled(pattern).search(said.encode("utf-8", "replace")) is not None


@lru_cache(maxsize=512)
def _compiled(pattern: str) -> Any:
    try:
        import re2
    except ImportError as exc:
        raise PluginError("there is no google-re2 on this machine, and rules of risk need it: pip install it") from exc
    if len(pattern) > PATTERN_CHARS:
        raise PluginError(f"the pattern has {len(pattern)} characters, {PATTERN_CHARS} at most")
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except re2.error as exc:
        said = exc.args[0] if exc.args else ""
        raise PluginError(said.decode(errors="replace") if isinstance(said, bytes) else str(said)) from exc
