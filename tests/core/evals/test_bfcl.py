"""Cases of the Berkeley Function-Calling Leaderboard: theirs as ours, our calls as theirs, and their checker."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from rookery_core.errors import ConfigError
from rookery_core.evals.bfcl import TUNING, BfclCase, Dicts, calls, cases, judge, schema, tool_name
from rookery_core.evals.bfcl_package import Package, checker, installed
from rookery_core.evals.outcome import DECIDED, Made, Outcome
from rookery_core.model.constraint import step_grammar

FACTORIAL = {
    "name": "math.factorial",
    "description": "Calculate the factorial of a given number.",
    "parameters": {
        "type": "dict",
        "properties": {"number": {"type": "integer", "description": "The number."}},
        "required": ["number"],
    },
}
ANSWER = {"math.factorial": {"number": [5]}}
ASKED = [[{"role": "user", "content": "What is the factorial of 5?"}]]


def called(tool: str, **arguments: Any) -> Outcome:
    return Outcome(ended=DECIDED, calls=(Made(tool=tool, arguments=arguments, ran=True),))


def answered(text: str) -> Outcome:
    return Outcome(ended="answered", answer=text)


def row(name: str) -> dict[str, Any]:
    return {"id": name, "question": ASKED, "function": [FACTORIAL]}


def write(file: Path, rows: Sequence[Any]) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(json.dumps(each) for each in rows), encoding="utf-8")


def write_data(data: Path, *, simple: int = 2) -> Path:
    for category, n in (("simple_python", simple), ("multiple", 1), ("irrelevance", 1)):
        names = [f"{category}_{number}" for number in range(n)]
        write(data / f"BFCL_v4_{category}.json", [row(name) for name in names])
        if category != "irrelevance":
            possible = [{"id": name, "ground_truth": [ANSWER]} for name in names]
            write(data / "possible_answer" / f"BFCL_v4_{category}.json", possible)
    return data


@pytest.fixture
def found(tmp_path: Path) -> dict[str, BfclCase]:
    return {case.id: case for case in cases(write_data(tmp_path))}


# -- theirs as ours -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ({"type": "float", "default": 1.5}, {"type": "number", "default": 1.5}),
        ({"type": "tuple", "items": {"type": "float"}}, {"type": "array", "items": {"type": "number"}}),
        ({"type": "any", "description": "Data."}, {"description": "Data."}),
        ({"type": "string", "enum": ["a"], "optional": True}, {"type": "string", "enum": ["a"]}),
        ({"type": "dict", "description": "Anything."}, {"type": "object", "description": "Anything."}),
        (
            {"type": "array", "items": {"type": "dict", "properties": {"x": {"type": "float"}}, "required": ["x"]}},
            {
                "type": "array",
                "items": {
                    "type": "object",
                    "properties": {"x": {"type": "number"}},
                    "required": ["x"],
                    "additionalProperties": False,
                },
            },
        ),
        (
            {"type": "dict", "properties": {"type": {"type": "string"}, "optional": {"type": "boolean"}}},
            {
                "type": "object",
                "properties": {"type": {"type": "string"}, "optional": {"type": "boolean"}},
                "additionalProperties": False,
            },
        ),
    ],
)
def test_their_types_become_json_schema_at_every_depth(theirs: dict[str, Any], ours: dict[str, Any]) -> None:
    assert schema(theirs) == ours


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        ("math.factorial", "math_factorial"),
        ("CalculateTax", "calculatetax"),
        ("music.theory.chordProgression", "music_theory_chordprogression"),
        ("get_area", "get_area"),
    ],
)
def test_a_function_is_offered_under_a_name_that_a_tool_may_have(theirs: str, ours: str) -> None:
    assert tool_name(theirs) == ours


def test_a_case_offers_the_functions_and_asks_the_question(found: dict[str, BfclCase]) -> None:
    case = found["simple_python_1"]
    assert [turn.asked for turn in case.turns] == ["What is the factorial of 5?"]
    (tool,) = [spec.tool for spec in case.tools]
    assert tool.name == "math_factorial"
    assert tool.description == "Calculate the factorial of a given number."
    assert tool.schema == {
        "type": "object",
        "properties": {"number": {"type": "integer", "description": "The number."}},
        "required": ["number"],
        "additionalProperties": False,
    }


def test_even_numbers_are_a_group_of_their_own_and_come_last(found: dict[str, BfclCase]) -> None:
    assert [(case.id, case.group) for case in found.values()] == [
        ("simple_python_1", "simple_python"),
        ("multiple_0", "multiple"),
        ("irrelevance_0", "irrelevance"),
        ("simple_python_0", TUNING),
    ]


def test_what_is_expected_makes_no_difference_to_what_is_played(found: dict[str, BfclCase]) -> None:
    assert found["simple_python_1"].key == found["irrelevance_0"].key
    assert "functions" not in found["simple_python_1"].model_dump()


@pytest.mark.parametrize("text", ["{", "[]", "{}", '{"id": "multiple_0", "question": [], "function": []}', "7"])
def test_a_line_that_is_no_case_is_named(tmp_path: Path, text: str) -> None:
    file = write_data(tmp_path) / "BFCL_v4_multiple.json"
    file.write_text(f"\n{text}", encoding="utf-8")
    with pytest.raises(ConfigError, match=r"BFCL_v4_multiple\.json, line 2 is no case: "):
        cases(tmp_path)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"simple_python\.json cannot be read: No such file"):
        cases(tmp_path)


# -- ours as theirs -----------------------------------------------------------------------------------------------


def test_a_call_goes_back_under_their_name(found: dict[str, BfclCase]) -> None:
    assert calls(found["multiple_0"], called("math_factorial", number=5)) == [{"math.factorial": {"number": 5}}]
    assert calls(found["multiple_0"], called("something_else", number=5)) == []
    assert calls(found["multiple_0"], answered("120")) == []


def test_arguments_are_right_when_their_checker_says_so(found: dict[str, BfclCase]) -> None:
    asked: list[tuple[str, Dicts, Dicts, Dicts]] = []

    def check(category: str, functions: Dicts, calls: Dicts, answers: Dicts) -> bool:
        asked.append((category, functions, calls, answers))
        return calls == [{"math.factorial": {"number": 5}}]

    case = found["multiple_0"]
    assert judge(case, called("math_factorial", number=5), check) == {"tool": True, "arguments": True}
    assert judge(case, called("math_factorial", number=6), check) == {"tool": True, "arguments": False}
    assert judge(case, answered("120"), check) == {"tool": False, "arguments": False}
    assert asked[0] == ("multiple", (FACTORIAL,), [{"math.factorial": {"number": 5}}], [ANSWER])
    assert asked[2][2] == []


def test_where_no_function_fits_any_call_is_wrong_and_nobody_is_asked(found: dict[str, BfclCase]) -> None:
    def check(*_: Any) -> bool:
        raise AssertionError

    case = found["irrelevance_0"]
    assert judge(case, called("math_factorial", number=5), check) == {"no_call": False}
    assert judge(case, answered("I have no tool for this."), check) == {"no_call": True}
    assert judge(case, Outcome(ended="failed"), check) == {"no_call": False}


# -- their checker ------------------------------------------------------------------------------------------------

CHECKER = """
from bfcl_eval.constants.enums import Language
from bfcl_eval.constants.model_config import MODEL_CONFIG_MAPPING

def ast_checker(func_description, model_output, possible_answer, language, test_category, model_name):
    print("this is no verdict")
    assert language is Language.PYTHON and test_category == "multiple"
    assert not MODEL_CONFIG_MAPPING[model_name].underscore_to_dot
    return {"valid": model_output[0]["f"]["x"] in possible_answer[0]["f"]["x"], "error": []}
"""
ENUMS = "import enum\nclass Language(enum.Enum):\n    PYTHON = 'python'\n"


@pytest.fixture
def package(tmp_path: Path) -> Package:
    folder = tmp_path / "packages"
    for name, text in (
        ("__init__.py", ""),
        ("constants/__init__.py", ""),
        ("constants/enums.py", ENUMS),
        ("constants/model_config.py", "raise ImportError('a gigabyte of libraries')"),
        ("eval_checker/__init__.py", ""),
        ("eval_checker/ast_eval/__init__.py", ""),
        ("eval_checker/ast_eval/ast_checker.py", CHECKER),
    ):
        file = folder / "bfcl_eval" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    return Package(Path(sys.executable), folder)


def test_their_checker_is_asked_in_a_process_of_its_own(package: Package) -> None:
    answers = [{"f": {"x": ["é\u2028"]}}]
    with checker(package) as check:
        assert check("multiple", [], [{"f": {"x": "é\u2028"}}], answers)
        assert not check("multiple", [], [{"f": {"x": "e"}}], answers)


def test_what_their_checker_trips_over_is_wrong_and_it_goes_on(package: Package) -> None:
    answers = [{"f": {"x": [1]}}]
    with checker(package) as check:
        assert not check("multiple", [], [], answers)
        assert check("multiple", [], [{"f": {"x": 1}}], answers)


def test_a_package_that_does_not_work_is_said_to(package: Package) -> None:
    (package.folder / "bfcl_eval" / "constants" / "enums.py").unlink()
    with (
        checker(package) as check,
        pytest.raises(ConfigError, match=r"does not work: .*No module named 'bfcl_eval.constants.enums'"),
    ):
        check("multiple", [], [], [])


def test_an_interpreter_that_is_not_there_is_said_not_to_be(package: Package, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="cannot be started"), checker(Package(tmp_path / "python", package.folder)):
        pass


# -- the environment ----------------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "evals").write_text("", encoding="utf-8")
    with pytest.raises(ConfigError, match="bfcl-env cannot be used: "):
        installed(tmp_path / "evals" / "bfcl-env", print)


def test_where_no_environment_can_be_made_another_index_is_no_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'Error: ensurepip is not available.' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(sys, "executable", str(python))
    with pytest.raises(
        ConfigError, match=r"cannot be made: Error: ensurepip is not available\. .*module venv"
    ) as caught:
        installed(tmp_path / "bfcl-env", print)
    assert "PyPI" not in str(caught.value)


@pytest.mark.packaging
def test_without_an_index_it_is_said_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("NO_INDEX", "1"), ("FIND_LINKS", str(tmp_path)), ("CONFIG_FILE", os.devnull)):
        monkeypatch.setenv(f"PIP_{name}", value)
    told: list[str] = []
    for _ in range(2):  # what was begun is no environment
        with pytest.raises(ConfigError, match=r"needs the package bfcl-eval .* pip cannot install it: .*No matching"):
            installed(tmp_path / "bfcl-env", told.append)
    assert len(told) == 2


@pytest.fixture(scope="module")
def real(tmp_path_factory: pytest.TempPathFactory) -> Package:
    return installed(tmp_path_factory.mktemp("evals") / "bfcl-env", print)


def right_calls(case: BfclCase) -> Iterator[tuple[str, dict[str, Any]]]:
    """The possible answers' first values, as the model would call."""
    for answer in case.expect.answers:
        for name, arguments in answer.items():
            (function,) = [each for each in case.functions if each["name"] == name]
            described = function["parameters"]
            given = {
                key: next(value for value in values if value != "")
                for key, values in arguments.items()
                if "" not in values or key in described["required"]
            }
            yield (
                tool_name(name),
                {key: as_given(value, described["properties"][key]) for key, value in given.items()},
            )


def as_given(value: Any, described: dict[str, Any]) -> Any:
    """A value of a possible answer as it would be given: in their dictionaries, each value is a list of values."""
    if described.get("type") == "dict" and isinstance(value, dict):
        inner = described.get("properties", {})
        return {key: as_given(each[0], inner.get(key, {})) for key, each in value.items() if each[0] != ""}
    if described.get("type") == "array":
        return [as_given(each, described["items"]) for each in value]
    return value


@pytest.mark.network
@pytest.mark.skipif(
    os.environ.get("ROOKERY_TEST_NETWORK") != "1", reason="downloads 2 MB; ROOKERY_TEST_NETWORK=1 runs it"
)
def test_right_calls_of_the_real_cases_can_be_made_and_are_right(real: Package) -> None:
    every = cases(real.data)
    with checker(real) as check:
        for case in every:
            assert step_grammar([(spec.name, spec.tool.schema) for spec in case.tools])
            for tool, arguments in right_calls(case):
                spec = case.tool(tool)
                assert spec is not None
                spec.tool.validate(arguments, None)  # type: ignore[arg-type]
                outcome = called(tool, **arguments)
                assert judge(case, outcome, check) == {"tool": True, "arguments": True}, case.id
                assert not judge(case, called(tool, **arguments, more=1), check)["arguments"]
    assert len(every) == 840
    assert sum(case.group == TUNING for case in every) == 200
