"""Labels as they are kept beside what is remembered."""

from __future__ import annotations

from pydantic import ValidationError

from rookery_core.approval.taint import UNLABELLED, Label
from rookery_core.event_json import Redact
from rookery_core.text import storable


def written(label: Label, redact: Redact) -> str:
    """The text of a label, without the secrets that a name in it may hold, as an address does now and then."""
    named = tuple(source.model_copy(update={"name": storable(redact(source.name))}) for source in label.untrusted)
    return label.model_copy(update={"untrusted": named}).model_dump_json(exclude_defaults=True)


def read(text: str | None) -> Label:
    """The label of a text; where there is none, or something else wrote there, anything may be in what it is about."""
    try:
        return UNLABELLED if text is None else Label.model_validate_json(text)
    except ValidationError:
        return UNLABELLED
