"""Puts files that a person named before the model: read, cut to what matters for the request, the whole kept."""

from __future__ import annotations

from collections.abc import Sequence

from rookery_core.approval.taint import OWN, PRIVATE
from rookery_core.events import InputPerceived
from rookery_core.perception.inputs import Kind, perceive
from rookery_core.text import storable
from rookery_core.tools.runner import ToolRunner

NOT_TRUSTED = "it is not read, since the person does not trust this folder"


def unread(paths: Sequence[str]) -> list[InputPerceived]:
    """That nothing is read of these, in a folder that is not trusted; what may be no path, as `@anna`, is left out."""
    named = [path for path in paths if {"/", "."} & {*path}]
    return [InputPerceived(name=storable(path), what=Kind.MISSING, text=NOT_TRUSTED, label=OWN) for path in named]


def attach(paths: Sequence[str], request: str, session: str, runner: ToolRunner, limit: int) -> list[InputPerceived]:
    """What there is to read of each path; together they have `limit` characters. It waits for the disk."""
    found = [seen for path in paths if (seen := perceive(path, runner.workspace)) is not None]
    made = []
    for seen in found:
        kept = runner.relevance.excerpt(seen.text, request, limit // len(found))
        artifact, text = "", kept.text
        if kept.dropped_chars:
            artifact = runner.lender.artifacts(session, "input").add(seen.text, seen.name)
            text = f"{text}\n[kept whole as result {artifact}]"
        made.append(
            InputPerceived(
                name=storable(seen.name),
                what=seen.kind,
                text=text,
                dropped_chars=kept.dropped_chars,
                artifact=artifact,
                label=PRIVATE,
            )
        )
    return made
