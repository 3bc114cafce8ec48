"""Cases of the Berkeley Function-Calling Leaderboard: theirs as ours, and what we did as what their checker takes.

Knows nothing of where the package `bfcl-eval` is, nor of how its checker is asked.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from pydantic import Field

from rookery_core.errors import ConfigError
from rookery_core.evals.cases import Conversation
from rookery_core.evals.conversation import Frozen
from rookery_core.evals.outcome import Outcome
from rookery_core.evals.score import Verdicts
from rookery_core.text import one_line

SIMPLE = "simple_python"
MULTIPLE = "multiple"
IRRELEVANCE = "irrelevance"
CATEGORIES = (SIMPLE, MULTIPLE, IRRELEVANCE)
TUNING = "simple_python (even, for tuning)"
"""The group of the cases that may be looked at while something is made better; all others are for reporting."""
TYPES = {"dict": "object", "float": "number", "tuple": "array"}
"""Their names of types that JSON Schema has others for."""
ANY = "any"
OPTIONAL = "optional"
"""A word of theirs that says what `required` says."""

T = TypeVar("T")

Call = dict[str, dict[str, Any]]
"""A function's name to its arguments."""
Dicts = Sequence[Mapping[str, Any]]
Check = Callable[[str, Dicts, Dicts, Dicts], bool]
"""Their checker: the category, the functions, the calls that were made, the possible answers."""


class BfclExpected(Frozen):
    """What their checker is asked about."""

    category: str
    answers: tuple[dict[str, dict[str, tuple[Any, ...]]], ...] = ()
    """For each call its function, and the acceptable values of each argument; none: nothing is to be called."""


class BfclCase(Conversation):
    """A question, with functions of which one fits, or none."""

    functions: tuple[dict[str, Any], ...] = Field(exclude=True)
    """The tools in their own words."""
    expect: BfclExpected


def cases(data: Path) -> list[BfclCase]:
    """All cases of the package's data folder, group by group. ConfigError names a line that is no case."""
    found = [case for category in CATEGORIES for case in _category(data, category)]
    return sorted(found, key=lambda case: case.group == TUNING)


def judge(case: BfclCase, outcome: Outcome, check: Check) -> Verdicts:
    """`tool` and `arguments`, which is what their checker says, for a call that is expected; `no_call` for none."""
    expect = case.expect
    if not expect.answers:
        return {"no_call": outcome.answered and outcome.call is None}
    made = calls(case, outcome)
    return {
        "tool": [[*call] for call in made] == [[*answer] for answer in expect.answers],
        "arguments": check(expect.category, case.functions, made, expect.model_dump(mode="json")["answers"]),
    }


def calls(case: BfclCase, outcome: Outcome) -> list[Call]:
    """The call that was made, if any, in their form and with their name of the function."""
    names = {tool_name(function["name"]): function["name"] for function in case.functions}
    return [{names[outcome.call.tool]: outcome.call.arguments}] if outcome.call and outcome.call.tool in names else []


def tool_name(name: str) -> str:
    """The name under which a function is offered: `math.factorial` is `math_factorial`, `CalculateTax` `calculatetax`.

    Theirs have dots, which their own harness replaces too where a model's interface does not take them, and capitals.
    """
    return re.sub(r"[^a-z0-9_]", "_", name.lower())


def schema(node: Mapping[str, Any]) -> dict[str, Any]:
    """Their description of a value as JSON Schema; an object that names its properties has no others."""
    made = {key: value for key, value in node.items() if key not in ("type", OPTIONAL)}
    kind = node.get("type")
    if kind is not None and kind != ANY:
        made = {"type": TYPES.get(kind, kind), **made}
    if "properties" in made:
        made["properties"] = {name: schema(value) for name, value in made["properties"].items()}
        made["additionalProperties"] = False
    if "items" in made:
        made["items"] = schema(made["items"])
    return made


def _category(data: Path, category: str) -> Iterator[BfclCase]:
    name = f"BFCL_v4_{category}.json"
    answers = dict(_lines(data / "possible_answer" / name, _answer)) if category != IRRELEVANCE else {}
    for _, case in _lines(data / name, lambda row: (row["id"], _case(category, row, answers))):
        yield case


def _answer(row: Mapping[str, Any]) -> tuple[str, Any]:
    return row["id"], row["ground_truth"]


def _case(category: str, row: Mapping[str, Any], answers: Mapping[str, Any]) -> BfclCase:
    return BfclCase.model_validate(
        {
            "id": row["id"],
            "group": _group(category, row["id"]),
            "tools": [
                {
                    "name": tool_name(function["name"]),
                    "description": function["description"],
                    "parameters": schema(function["parameters"]),
                }
                for function in row["function"]
            ],
            "messages": row["question"][0],
            "functions": row["function"],
            "expect": {"category": category, "answers": answers[row["id"]] if category != IRRELEVANCE else ()},
        }
    )


def _group(category: str, case_id: str) -> str:
    even = int(case_id.rpartition("_")[2]) % 2 == 0
    return TUNING if category == SIMPLE and even else category


def _lines(file: Path, made: Callable[[Any], tuple[str, T]]) -> Iterator[tuple[str, T]]:
    try:
        text = file.read_bytes().decode("utf-8", errors="replace")
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror}") from exc
    for number, line in enumerate(text.split("\n"), 1):
        if not line.strip():
            continue
        try:
            yield made(json.loads(line))
        except (ValueError, LookupError, TypeError) as exc:
            raise ConfigError(f"{file}, line {number} is no case: {one_line(str(exc), 200)}") from exc
