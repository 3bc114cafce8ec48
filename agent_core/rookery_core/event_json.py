"""Events as lines of JSON: in the database, in exports, and in what `rookery run --output jsonl` writes."""

from __future__ import annotations

import json
from typing import Any

from pydantic import TypeAdapter
from pydantic_core import PydanticSerializationError

from rookery_core.events import AnyEvent, Event
from rookery_core.text import storable

_adapter: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)


def load_event(text: str | bytes) -> AnyEvent:
    """Read one event from its JSON; pydantic.ValidationError when it is not one."""
    return _adapter.validate_json(text)


def dump_event(event: Event) -> str:
    """Write one event as a line of JSON, its kind first; an ephemeral event has no `seq`.

    Half a character (a lone surrogate), as a file name may hold, is written as its escape.
    """
    left_out = {"seq"} if event.seq is None else None
    try:
        return event.model_dump_json(exclude=left_out)
    except (UnicodeEncodeError, PydanticSerializationError):
        return json.dumps(_storable(event.model_dump(exclude=left_out)), ensure_ascii=False, separators=(",", ":"))


def _storable(value: Any) -> Any:
    match value:
        case str():
            return storable(value)
        case dict():
            return {storable(key): _storable(item) for key, item in value.items()}
        case list() | tuple():
            return [_storable(item) for item in value]
        case _:
            return value
