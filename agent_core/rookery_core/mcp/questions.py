"""What a server wants to know of the person while a tool of it runs: put to them one question at a time.

Plain data in and out, as on the wire. Nobody answers where nobody is there.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from rookery_core.errors import ToolFailed
from rookery_core.text import cut_middle
from rookery_core.tools.context import Person

Action = Literal["accept", "decline", "cancel"]
Answer = tuple[Action, dict[str, Any] | None]

MESSAGE_CHARS = 4_000
"""What is shown of a message: one may be as long as a server likes."""
TRIES = 3
"""How often a question is asked whose answer does not fit."""
LEFT_OUT = "leave it out"
YES, NO = "yes", "no"


def asked(person: Person, wanted: Mapping[str, Any]) -> Answer:
    """Ask the person; waits, so it is called in a thread. What they do not answer is not made up."""
    message = cut_middle(str(wanted.get("message", "")), MESSAGE_CHARS)[0]
    if wanted.get("mode") == "url":
        question = f"{message}\nIt wants you to open this address yourself:\n{wanted.get('url')}\nGo on?"
        return ("accept", None) if person.confirm(question) else ("decline", None)
    schema = wanted.get("requestedSchema") or {}
    fields: Mapping[str, Mapping[str, Any]] = schema.get("properties") or {}
    if not fields:
        return ("accept", {}) if person.confirm(message) else ("decline", None)
    content: dict[str, Any] = {}
    try:
        for name, about in fields.items():
            value = _value(person, message, name, about, optional=name not in schema.get("required", ()))
            if value is not None:
                content[name] = value
    except ToolFailed:
        return "cancel", None
    return "accept", content


def _value(person: Person, message: str, name: str, about: Mapping[str, Any], *, optional: bool) -> Any:
    """One field's value; None where it may be left out and is. Raises ToolFailed where there is none."""
    choices, read = _choices(about)
    told = filter(None, (about.get("title") or name, about.get("description")))
    question = f"{message}\n{': '.join(map(str, told))}{_limits(about)}"
    ways = (*choices, LEFT_OUT) if optional and choices else tuple(choices)
    if optional and not choices:
        question += f"\n({LEFT_OUT}: write -)"
    wrong = ""
    for _ in range(TRIES):
        answer = person.ask(f"{wrong}{question}", ways)
        if optional and answer in (LEFT_OUT, "-"):
            return None
        try:
            return _fitting(read(answer), about)
        except ValueError as exc:
            wrong = f"{exc}\n"
    raise ToolFailed(f"no answer to {name} fits")


def _choices(about: Mapping[str, Any]) -> tuple[Sequence[str], Callable[[str], Any]]:
    """What there is to choose from, nothing for any text, and what an answer means."""
    match about:
        case {"type": "boolean"}:
            return (YES, NO), lambda answer: answer == YES
        case {"enum": list(values)}:
            shown = about.get("enumNames") or values
            return _named(dict(zip(map(str, shown), values, strict=False)))
        case {"oneOf": list(options)}:
            return _named({str(option.get("title", option["const"])): option["const"] for option in options})
        case {"type": "array", "items": dict(items)}:
            return (), lambda answer: _several(answer, items)
        case {"type": "integer"}:
            return (), _integer
        case {"type": "number"}:
            return (), _number
        case _:
            return (), str


def _named(values: Mapping[str, Any]) -> tuple[Sequence[str], Callable[[str], Any]]:
    def read(answer: str) -> Any:
        if answer not in values:
            raise ValueError("That is none of them.")
        return values[answer]

    return tuple(values), read


def _several(answer: str, items: Mapping[str, Any]) -> list[Any]:
    options = items.get("enum") or [option["const"] for option in items.get("anyOf", items.get("oneOf", ()))]
    chosen = [part.strip() for part in answer.split(",") if part.strip()]
    if options and (unknown := [part for part in chosen if part not in map(str, options)]):
        raise ValueError(f"{', '.join(unknown)} is not one of {', '.join(map(str, options))}.")
    return chosen


def _integer(answer: str) -> int:
    try:
        return int(answer)
    except ValueError:
        raise ValueError("That is no whole number.") from None


def _number(answer: str) -> float:
    try:
        value = float(answer)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ValueError("That is no number.")
    return value


def _limits(about: Mapping[str, Any]) -> str:
    """What an answer has to be like, as far as it can be said in a word."""
    if about.get("type") == "array":
        items = about.get("items", {})
        options = items.get("enum") or [option["const"] for option in items.get("anyOf", items.get("oneOf", ()))]
        return f" ({', '.join(map(str, options))}; several with commas)" if options else " (several with commas)"
    least, most = about.get("minimum"), about.get("maximum")
    if least is not None or most is not None:
        return f" ({'' if least is None else f'from {least} '}{'' if most is None else f'to {most}'})".replace(
            " )", ")"
        )
    return f" ({about['format']})" if "format" in about else ""


def _fitting(value: Any, about: Mapping[str, Any]) -> Any:
    """The value, if it fits. Raises ValueError, which says why not."""
    import jsonschema  # 60 ms, and only needed when something is asked

    rule = {key: about[key] for key in _RULES if key in about}
    error = next(iter(jsonschema.Draft202012Validator(rule).iter_errors(value)), None)
    if error is not None:
        raise ValueError(f"That does not fit: {error.message}")
    return value


_RULES = ("minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems")
"""What is checked of an answer beside its kind; the rest is the server's business."""
