"""Case files: one JSON object a line, checked whole before anything is run. Knows nothing of how a case is judged."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from importlib.resources import files
from pathlib import Path, PurePosixPath
from typing import Annotated, Any, Literal, TypeVar

from pydantic import Discriminator, Field, Tag, ValidationError, field_validator, model_validator

from rookery_core.errors import ConfigError
from rookery_core.evals.conversation import Call, Frozen, Message, Observation, Reply, ToolSpec, Turn, turns_of
from rookery_core.text import one_line
from rookery_core.tools.contract import Risk

MAX_NAME_BYTES = 255
"""Of a file's or a folder's name, on the file systems there are."""
SHOWN_PROBLEMS = 3
"""Of one line; what is wrong after them is mostly the same again."""

Alternatives = tuple[str, ...]
"""Texts of which one is enough."""


class Case(Frozen):
    """What every case has."""

    id: str = Field(min_length=1)
    group: str = ""

    @property
    def played(self) -> Mapping[str, Any]:
        """All of it that decides what happens; what is expected is not part of it, so that it can be mended."""
        return self.model_dump(mode="json", exclude={"id", "group", "expect"})

    @property
    def key(self) -> str:
        """The same for two cases in which the same happens."""
        return hashlib.sha256(json.dumps(self.played, sort_keys=True).encode()).hexdigest()[:32]


class Conversation(Case):
    """A case in which a conversation with some tools goes on."""

    tools: tuple[ToolSpec, ...]
    messages: tuple[Message, ...] = Field(min_length=1)

    @property
    def turns(self) -> tuple[Turn, ...]:
        """The conversation by turns; the last one is to be gone on with, the others are over."""
        return turns_of(self.messages)

    def tool(self, name: str) -> ToolSpec | None:
        """The offered tool of that name."""
        return next((tool for tool in self.tools if tool.name == name), None)

    @model_validator(mode="after")
    def _in_order(self) -> Conversation:
        names = [tool.name for tool in self.tools]
        if len(set(names)) < len(names):
            raise ValueError("two tools have one name")
        if isinstance(self.messages[-1], Reply | Call):
            raise ValueError("the last message must be the person's or a tool's")
        turns_of(self.messages)
        return self


class CallExpected(Frozen):
    """This tool is to be called, with these arguments. Of a part that is left out, nothing is expected."""

    tool: str | None = None
    arguments: dict[str, Annotated[tuple[Any, ...], Field(min_length=1)]] | None = None
    """Acceptable values of each argument, "" where it may be left out; None: any arguments will do."""


class NoCallExpected(Frozen):
    """No tool is to be called."""

    tool: None = None
    kind: Literal["answer", "ask"] = "answer"


def _expects(value: Any) -> str:
    match value:
        case NoCallExpected() | {"tool": None}:
            return "no_call"
        case {"tool": _}:
            return "call"
        case {"kind": _}:
            return "no_call"
        case _:
            return "call"


class DecisionCase(Conversation):
    """What does the assistant do next?"""

    expect: Annotated[
        Annotated[CallExpected, Tag("call")] | Annotated[NoCallExpected, Tag("no_call")], Discriminator(_expects)
    ]

    @model_validator(mode="after")
    def _offered(self) -> DecisionCase:
        if self.expect.tool is not None and self.tool(self.expect.tool) is None:
            raise ValueError(f"expect.tool: {self.expect.tool} is none of the tools")
        return self


class AnswerExpected(Frozen):
    """What an answer has to say, and must not."""

    answer_contains: tuple[Annotated[Alternatives, Field(min_length=1)], ...] = ()
    """One text of each."""
    answer_excludes: Alternatives = ()

    @field_validator("answer_contains", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        """A text by itself is a list of one."""
        return [[each] if isinstance(each, str) else each for each in value] if isinstance(value, list) else value


class FaithfulCase(Conversation):
    """Does the answer say what the tool's result says?"""

    expect: AnswerExpected

    @model_validator(mode="after")
    def _has_a_result(self) -> FaithfulCase:
        if not isinstance(self.messages[-1], Observation):
            raise ValueError("the last message must be a tool's")
        return self


class FileExpected(Frozen):
    """How a file has to be in the end; it has to be there, unless `absent` says that it must not."""

    equals: str | None = None
    contains: Alternatives = ()
    """All of these."""
    absent: bool = False
    """It must not be there."""

    @field_validator("contains", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        return [value] if isinstance(value, str) else value

    @model_validator(mode="after")
    def _can_be(self) -> FileExpected:
        if self.absent and (self.equals is not None or self.contains):
            raise ValueError("a file that is absent has no text: say absent, or equals and contains")
        return self


class TaskExpected(AnswerExpected):
    """What has to be said, and how files have to be in the end."""

    files: dict[str, FileExpected] = Field(default_factory=dict)


class TaskCase(Case):
    """Work to be done in a folder of its own, with the tools that are built in."""

    goal: str = Field(min_length=1)
    files: dict[str, str] = Field(default_factory=dict)
    allow: tuple[str, ...] = ()
    """Kinds of risk that run without asking; nobody answers a question."""
    expect: TaskExpected

    @field_validator("allow")
    @classmethod
    def _kinds(cls, allow: tuple[str, ...]) -> tuple[str, ...]:
        for word in allow:
            if word.lower() not in {risk.value for risk in Risk}:
                raise ValueError(f"{word} is no kind of risk; there are: {', '.join(Risk)}")
        return allow

    @model_validator(mode="after")
    def _inside(self) -> TaskCase:
        for name in (*self.files, *self.expect.files):
            path = PurePosixPath(name)
            if not path.parts or path.is_absolute() or ".." in path.parts:
                raise ValueError(f"{name!r} is not a path inside the folder")
            if "\0" in name or any(len(part.encode()) > MAX_NAME_BYTES for part in path.parts):
                raise ValueError(f"{name[:40]!r} cannot be the name of a file")
        files = {PurePosixPath(name) for name in self.files}
        for path in files:
            if len(files) < len(self.files) or not files.isdisjoint(path.parents):
                raise ValueError("files: two of them have one path, or one is in another as if that were a folder")
        return self


C = TypeVar("C", bound=Case)

_TAGGED = {"expect": 1, "messages": 2}
"""Where in the place of a problem a word of ours tells one kind of message or of expectation from another."""
_TAGS = ("call", "no_call", "user", "assistant", "tool")
_SAID = {
    "missing": "is missing",
    "model_type": "must be a JSON object",
    "dict_type": "must be a JSON object",
    "tuple_type": "must be a list",
    "string_type": "must be a text",
    "too_short": "must not be empty",
    "string_too_short": "must not be empty",
}


def read(file: Path, kind: type[C]) -> list[C]:
    """All cases of a file. ConfigError names the line and what is wrong with it."""
    try:
        text = file.read_bytes().decode("utf-8-sig")
    except OSError as exc:
        raise ConfigError(f"{file} cannot be read: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        line = exc.object.count(b"\n", 0, exc.start) + 1
        raise ConfigError(f"{file}, line {line}: not UTF-8 text") from exc
    found: list[C] = []
    lines: dict[str, int] = {}
    good_tools: set[str] = set()
    for number, line_text in enumerate(text.split("\n"), 1):
        if not line_text.strip():
            continue
        case = _case(line_text, kind, f"{file}, line {number}", good_tools)
        if case.id in lines:
            raise ConfigError(f"{file}, line {number}: the id {case.id} is used in line {lines[case.id]} too")
        lines[case.id] = number
        found.append(case)
    if not found:
        raise ConfigError(f"{file} holds no cases")
    return found


def shipped(suite: str) -> Path:
    """The case file that comes with the program. ConfigError when there is none."""
    file = Path(str(files("rookery_core.evals").joinpath("cases", f"{suite}.jsonl")))
    if not file.is_file():
        raise ConfigError(f"no cases for {suite} come with this version; name a file with --cases")
    return file


def spread(cases: list[C], limit: int | None) -> list[C]:
    """So many of them at most, evenly from the beginning to the end, the same each time."""
    if limit is None or limit >= len(cases):
        return cases
    return [cases[n * len(cases) // limit] for n in range(limit)]


def _case(text: str, kind: type[C], where: str, good_tools: set[str]) -> C:
    try:
        value = json.loads(text)
        json.dumps(value, ensure_ascii=False, allow_nan=False).encode()  # no NaN, and no half of a character
    except json.JSONDecodeError as exc:
        raise ConfigError(f"{where}: not JSON: {exc.msg}, column {exc.colno}") from exc
    except (ValueError, RecursionError) as exc:
        raise ConfigError(f"{where}: not JSON that can be read: {one_line(str(exc), 100)}") from exc
    if not isinstance(value, dict):
        raise ConfigError(f"{where}: a case is a JSON object")
    try:
        return kind.model_validate(value, context=good_tools)
    except ValidationError as exc:
        problems = [_explain(error) for error in exc.errors(include_url=False)]
        more = f"; and {len(problems) - SHOWN_PROBLEMS} more" if len(problems) > SHOWN_PROBLEMS else ""
        raise ConfigError(f"{where}: {'; '.join(problems[:SHOWN_PROBLEMS])}{more}") from exc


def _explain(error: Mapping[str, Any]) -> str:
    """Where the problem is, as the file has it, and what it is, in the words of JSON."""
    place = error["loc"]
    tag = _TAGGED.get(place[0]) if place else None
    where = ".".join(str(part) for n, part in enumerate(place) if n != tag or part not in _TAGS)
    said = _SAID.get(error["type"]) or str(error["msg"]).removeprefix("Value error, ")
    return one_line(f"{where}: {said}" if where else said, 200)
