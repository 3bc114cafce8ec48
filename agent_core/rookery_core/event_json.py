"""Events as lines of JSON: in the database, in exports, and in what `rookery run --output jsonl` writes."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from rookery_core.events import AnyEvent, Event
from rookery_core.text import storable

Redact = Callable[[str], str]
_adapter: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


def load_event(text: str | bytes) -> AnyEvent:
    """Read one event from its JSON; pydantic.ValidationError when it is not one."""
    return _adapter.validate_json(text)


def dump_event(event: Event, redact: Redact | None = None) -> str:
    """Write one event as a line of JSON, its kind first; an ephemeral event has no `seq`.

    Half a character (a lone surrogate), as a file name may hold, is written as its escape. `redact` takes secrets
    out of every text in it.
    """
    left_out = {"seq"} if event.seq is None else None
    if redact is None:
        try:
            return event.model_dump_json(exclude=left_out)
        except (UnicodeEncodeError, PydanticSerializationError):
            pass
    made = _each(event.model_dump(exclude=left_out), lambda text: storable(redact(text) if redact else text))
    return json.dumps(made, ensure_ascii=False, separators=(",", ":"))


def _each(value: Any, change: Redact) -> Any:
    """The value with every text in it changed."""
    match value:
        case str():
            return change(value)
        case dict():
            return {change(key): _each(item, change) for key, item in value.items()}
        case list() | tuple():
            return [_each(item, change) for item in value]
        case _:
            return value
