"""Whether what was done is what was expected. Pure; knows nothing of how it came about."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from rookery_core.evals.cases import (
    AnswerExpected,
    CallExpected,
    DecisionCase,
    FaithfulCase,
    FileExpected,
    NoCallExpected,
    TaskCase,
)
from rookery_core.evals.outcome import Made, Outcome

Verdicts = dict[str, bool]
"""The name of a rate to whether it was met; a rate that is not about the case is not in it."""

LEFT_OUT = ""
"""Among the acceptable values of an argument: it may be left out."""

ROUNDING = 1e-12
"""By so much of itself a number may be off; 0.1 + 0.2 is 0.3."""

_EMPHASIS = re.compile(r"`|(?<![0-9])\*+|\*+(?![0-9])")
"""An asterisk between two digits is a calculation."""
_MISSING = object()


def judge_decision(case: DecisionCase, outcome: Outcome) -> Verdicts:
    """`tool` and `arguments` for a call that is expected; `no_call`, and `asked` for a question, where none is."""
    match case.expect:
        case CallExpected(tool=tool, arguments=wanted):
            call = outcome.call
            right = call is not None and tool in (None, call.tool)
            verdicts = {} if tool is None else {"tool": right}
            if wanted is not None:
                spec = case.tool(call.tool) if call is not None else None
                schema = spec.tool.schema if spec is not None else {}
                verdicts["arguments"] = right and call is not None and arguments_fit(call, wanted, schema)
            return verdicts
        case NoCallExpected(kind="ask"):
            return {"no_call": _no_call(outcome), "asked": _no_call(outcome) and "?" in (outcome.answer or "")}
        case _:
            return {"no_call": _no_call(outcome)}


def judge_faithful(case: FaithfulCase, outcome: Outcome) -> Verdicts:
    """`faithful`: there is an answer without a further call, it says what it has to and nothing that it must not."""
    return {"faithful": _no_call(outcome) and answer_fits(outcome.answer or "", case.expect)}


def judge_task(case: TaskCase, outcome: Outcome) -> Verdicts:
    """`solved`: every part of what is expected is met; an answer counts only where the turn came to one by itself."""
    expect = case.expect
    talks = bool(expect.answer_contains or expect.answer_excludes)
    said = not talks or (outcome.answered and answer_fits(outcome.answer or "", expect))
    return {"solved": said and all(file_fits(outcome, name, wanted) for name, wanted in expect.files.items())}


def arguments_fit(call: Made, wanted: Mapping[str, Sequence[Any]], schema: Mapping[str, Any]) -> bool:
    """Whether every argument has an acceptable value, and no other is given.

    One that is left out has the schema's default, and one that has it might as well be left out; one that is not
    expected must have it.
    """
    described = schema.get("properties", {}).items()
    defaults = {name: sub["default"] for name, sub in described if isinstance(sub, Mapping) and "default" in sub}
    given = {**defaults, **call.arguments}
    spared = {name for name, value in given.items() if name in defaults and same(value, defaults[name])}
    for name, values in wanted.items():
        left_out = LEFT_OUT in values and (name not in call.arguments or name in spared)
        if not left_out and not any(same(given.get(name, _MISSING), each) for each in values):
            return False
    return all(name in wanted or name in spared for name in call.arguments)


def same(value: Any, wanted: Any) -> bool:
    """Whether two JSON values mean the same: texts as `plain`, numbers as numbers, the rest part by part."""
    if isinstance(value, bool) or isinstance(wanted, bool):
        return value is wanted
    match value, wanted:
        case str(), str():
            return plain(value) == plain(wanted)
        case int() | float(), int() | float():
            return _equal(value, wanted)
        case list() | tuple(), list() | tuple():
            return len(value) == len(wanted) and all(same(a, b) for a, b in zip(value, wanted, strict=True))
        case dict(), dict():
            return value.keys() == wanted.keys() and all(same(value[key], wanted[key]) for key in value)
        case _:
            return value is None and wanted is None


def plain(text: str) -> str:
    """The text without case, whitespace, the punctuation at its end, and the "./" at its beginning.

    One that is nothing but punctuation stays as it is; "./" is ".".
    """
    folded = "".join(unicodedata.normalize("NFKC", text).casefold().split())
    if folded == "./":
        return "."
    folded = folded.removeprefix("./")
    return folded.rstrip(".,;:!?。") or folded


def answer_fits(answer: str, expect: AnswerExpected) -> bool:
    """Whether the answer says one text of each group, and none of those that it must not."""
    return all(_any(answer, group) for group in expect.answer_contains) and not _any(answer, expect.answer_excludes)


def says(answer: str, text: str) -> bool:
    """Whether the text is in the answer, without case, emphasis and differences of whitespace.

    A number in it is not part of a longer one: "5" is neither in "15" nor in "5.2", but is in "5.0".
    """
    answer, text = _prose(answer), _prose(text)
    if not text:
        return True
    before = r"(?<![0-9])(?<![0-9]\.)" if text[0].isdecimal() else ""
    if re.match(r"[0-9]{3}(?![0-9])", text):
        before += r"(?<![0-9],)"
    after = ""
    if re.search(r"[0-9]\.[0-9]+$", text):
        after = r"(?!0*[1-9])"
    elif text[-1].isdecimal():
        after = r"(?![0-9])(?!,[0-9]{3}(?![0-9]))(?!\.[0-9]*[1-9])"
    return re.search(before + re.escape(text) + after, answer) is not None


def file_fits(outcome: Outcome, name: str, wanted: FileExpected) -> bool:
    """Whether the file is as expected; line ends and white space at the end do not matter to `equals`."""
    path = PurePosixPath(name).as_posix()
    if wanted.absent or path not in outcome.files:
        return wanted.absent and path not in outcome.files
    text = outcome.files[path]
    if text is None:
        return wanted.equals is None and not wanted.contains
    whole = _unix(text)
    equal = wanted.equals is None or whole.rstrip() == _unix(wanted.equals).rstrip()
    return equal and all(_unix(part) in whole for part in wanted.contains)


def _equal(value: float, wanted: float) -> bool:
    """Whether two numbers are the same up to rounding; whole ones are not rounded, however long they are."""
    if value == wanted or (isinstance(value, int) and isinstance(wanted, int)):
        return value == wanted
    try:
        return math.isclose(value, wanted, rel_tol=ROUNDING)
    except OverflowError:  # a whole number that is no float
        return False


def _unix(text: str) -> str:
    return text.replace("\r\n", "\n")


def _no_call(outcome: Outcome) -> bool:
    return outcome.answered and outcome.call is None


def _any(answer: str, texts: Iterable[str]) -> bool:
    return any(says(answer, text) for text in texts)


def _prose(text: str) -> str:
    straight = unicodedata.normalize("NFKC", text).replace("’", "'").replace("‘", "'")
    straight = straight.replace("“", '"').replace("”", '"')
    return " ".join(_EMPHASIS.sub("", straight).casefold().split())
