"""The arguments of a call as texts that a person can change, and read back from them: in a form, or in one file.

A text stands as it is, but for what hides in it (`exact.editable`); anything else is JSON, and left out where nothing
is written.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NoReturn

from rookery_core.events import ApprovalRequested
from rookery_tui.exact import editable, read_back, written_flat

MARK = "==="
"""What a line with an argument's name begins with, in a file; longer where a text has such lines."""


@dataclass(frozen=True, slots=True)
class Field:
    """One argument."""

    name: str
    text: str
    is_text: bool
    """Whether the text is the value, and not JSON."""


class FieldsWrong(ValueError):
    """What a person wrote is no call; `problems` are by the argument's name."""

    def __init__(self, problems: Mapping[str, str]) -> None:
        super().__init__("; ".join(f"{name}: {problem}" for name, problem in problems.items()))
        self.problems = problems


def fields_of(arguments: Mapping[str, Any], changed: Mapping[str, Any] | None = None) -> tuple[Field, ...]:
    """The arguments, as they are or as they were changed."""
    now = arguments if changed is None else changed
    return tuple(_field(name, now, arguments.get(name, now.get(name))) for name in {**arguments, **now})


def read_fields(fields: Sequence[Field], texts: Sequence[str]) -> dict[str, Any]:
    """The arguments that these texts are. Raises FieldsWrong."""
    arguments: dict[str, Any] = {}
    problems: dict[str, str] = {}
    for each, text in zip(fields, texts, strict=True):
        try:
            meant = read_back(text)
            meant.encode("utf-8")
            if each.is_text:
                arguments[each.name] = meant
            elif meant.strip():
                arguments[each.name] = json.loads(meant, parse_constant=_no_constant)
        except json.JSONDecodeError as exc:
            problems[each.name] = f"no JSON: {exc.msg[:1].lower()}{exc.msg[1:]}, line {exc.lineno}, column {exc.colno}"
        except UnicodeEncodeError:
            problems[each.name] = "half a character: \\u{d800} to \\u{dfff} stand for none"
        except RecursionError:
            problems[each.name] = "no JSON: too many brackets inside each other"
        except ValueError as exc:
            problems[each.name] = str(exc)
    if problems:
        raise FieldsWrong(problems)
    return arguments


def as_file(tool: str, fields: Sequence[Field], problem: str = "") -> str:
    """All of them in one text, to be changed in an editor."""
    mark = _mark(fields)
    lines = [
        f"# The arguments of {written_flat(tool)}. Change what is below each line that begins with {mark}",
        "# and leave the editor: you are asked about the changed call. Empty the file to change nothing.",
        "# \\u{202e} stands for the character of that number.",
        *([f"# PROBLEM {written_flat(problem)}"] if problem else []),
    ]
    for each in fields:
        lines += [f"{mark} {_shown(each)}", each.text]
    return "\n".join(lines) + "\n"


def texts_of_file(text: str, fields: Sequence[Field]) -> tuple[str, ...] | None:
    """What is written for each field; None where the file was emptied. Raises FieldsWrong for one that is not there."""
    if not text.strip():
        return None
    mark, names = _mark(fields), {_shown(each): each.name for each in fields}
    found: dict[str, list[str]] = {}
    lines: list[str] = []
    for line in text.removesuffix("\n").split("\n"):
        name = names.get(line.removeprefix(f"{mark} ").strip()) if line.startswith(f"{mark} ") else None
        if name is None:
            lines.append(line)
        else:
            lines = found[name] = []
    if gone := {each.name: f"its line `{mark} {_shown(each)}` is gone" for each in fields if each.name not in found}:
        raise FieldsWrong(gone)
    return tuple("\n".join(found[each.name]) for each in fields)


@dataclass(slots=True)
class Changes:
    """What the person last changed a call into, as long as it may come back because it does not fit."""

    _last: dict[str, tuple[dict[str, Any], Mapping[str, Any]]] = field(default_factory=dict)

    def keep(self, asked: ApprovalRequested, arguments: Mapping[str, Any]) -> None:
        """The person answered with these."""
        self._last = {asked.call_id: (asked.arguments, arguments)}

    def not_taken(self, asked: ApprovalRequested) -> Mapping[str, Any] | None:
        """What they wrote, where the same call is asked about again as it was before; None elsewhere."""
        before, wrote = self._last.pop(asked.call_id, (None, None))
        return wrote if before == asked.arguments and wrote != before else None


def _field(name: str, now: Mapping[str, Any], before: Any) -> Field:
    value = now.get(name)
    if isinstance(value, str):
        return Field(name, editable(value), True)
    if name not in now:
        return Field(name, "", isinstance(before, str))
    return Field(name, editable(json.dumps(value, ensure_ascii=False, indent=2)), False)


def _mark(fields: Sequence[Field]) -> str:
    mark = MARK
    while any(line.startswith(mark) for line in _lines(fields)):
        mark += "="
    return mark


def _lines(fields: Sequence[Field]) -> Iterator[str]:
    for each in fields:
        yield from each.text.split("\n")


def _shown(each: Field) -> str:
    return f"{written_flat(each.name).strip()}{'' if each.is_text else ' (JSON)'}"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"no JSON: {name} is no number")
