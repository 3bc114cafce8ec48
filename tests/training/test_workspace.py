"""Scenarios in a made-up workspace happen with the real tools as they are told."""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from rookery_core.evals.cases import TaskCase
from rookery_core.model.constraint import NEW_LINE
from rookery_core.testing import DictData, ListMemory, run_tool
from rookery_core.tools.registry import Registry

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_training.builtin import built_in_tools
from rookery_training.cases import task
from rookery_training.catalogue import load
from rookery_training.conversations import Author
from rookery_training.fixed_words import IT_SAYS
from rookery_training.generate import split
from rookery_training.held_out import HeldOut
from rookery_training.workspace import Scenarios
from rookery_training.workspace_play import Scenario


@pytest.fixture(scope="module")
def builtin() -> Registry:
    return built_in_tools()


def scenarios(builtin: Registry, n: int, seed: int, *, held_out: bool = False) -> list[Scenario]:
    author = Scenarios(builtin, random.Random(seed), held_out=held_out)
    return [made for _ in range(n) if (made := author.draw(builtin.names)) is not None]


async def test_the_observations_and_the_files_in_the_end_are_those_of_the_real_tools(
    builtin: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path / "home"))  # where the trash is
    made = scenarios(builtin, 150, 3)
    assert len(made) > 140
    for n, scenario in enumerate(made):
        root = tmp_path / str(n)
        root.mkdir()
        for name, text in scenario.files.items():
            path = root / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        memory, tasks = ListMemory(), DictData()
        if scenario.tasks:
            tasks.set("tasks", [{"text": task, "done": False} for task in scenario.tasks])
        for ref, text in scenario.notes.items():
            memory.notes[ref] = text
        for step in scenario.steps:
            if step.denied or step.tool == "clock":
                continue
            done = await run_tool(
                builtin.get(step.tool).tool, step.arguments, workspace=root, memory=memory, data=tasks
            )
            if step.tool == "remember":  # the ids of notes depend on what was kept before
                assert re.fullmatch(r"kept as note \d+", step.observation)
            elif step.tool == "delete_file":  # where the trash is depends on the machine
                assert done.output.partition(";")[0] == step.observation.partition(";")[0]
            else:
                assert done.output == step.observation, scenario.kind
        left = {path.relative_to(root).as_posix(): path.read_bytes() for path in root.rglob("*") if path.is_file()}
        assert left == {
            name: text if isinstance(text, bytes) else text.encode() for name, text in scenario.after.items()
        }


def test_the_answer_says_what_was_seen_and_calls_copy_what_was_said_or_seen(builtin: Registry) -> None:
    for scenario in scenarios(builtin, 400, 4):
        assert [said for said in scenario.says if said not in scenario.answer] == [], scenario
        learnt = sum(step.learn for step in scenario.steps)  # none where the lines nearest to a text say it all
        assert (scenario.kind.startswith(("seek", "somewhere")) and learnt == 0) or 1 <= learnt <= 4, scenario
        assert not re.search(r"\{\w+\}", scenario.goal + scenario.answer.replace('{"', ""))
        for n, step in enumerate(scenario.steps):
            if step.tool == "calculator" and step.learn:
                seen = scenario.goal + "".join(before.observation for before in scenario.steps[:n])
                numbers = re.findall(r"\d+(?:\.\d+)?", re.sub(r"/ \d$", "", step.arguments["expression"]))
                known = UNITS if scenario.kind.startswith(WORKED_OUT) else set()
                assert all(number in seen or number in known for number in numbers), (scenario.goal, step, seen)


def test_a_thought_that_copies_has_lines_of_what_was_read_just_before(builtin: Registry) -> None:
    made = scenarios(builtin, 700, 11)
    copied = 0
    for scenario in made:
        thoughts = [step.first for step in scenario.steps] + [scenario.thought]
        for n, thought in enumerate(thoughts):
            said = thought.partition(IT_SAYS)[2].partition(NEW_LINE)[0].removesuffix(" That line goes.").strip()
            seen = "\n".join(step.observation for step in scenario.steps[:n])
            for line in filter(None, said.split(" / ")):
                assert line in seen, (scenario.kind, thought, seen)
                copied += 1
    assert copied > 250


def test_a_file_is_changed_in_the_one_place_that_was_asked_for(builtin: Registry) -> None:
    """The written text is compared with the old one, apart from how it was made."""
    changed = 0
    for scenario in scenarios(builtin, 1500, 12):
        written = [step for step in scenario.steps if step.tool in ("write_file", "edit_file") and not step.denied]
        path = written[-1].arguments["path"] if written else ""
        if scenario.kind not in CHANGED or path not in scenario.after:
            continue
        source = next(step.arguments["path"] for step in scenario.steps if step.tool == "read_file")
        old, new = scenario.files[source].splitlines(), scenario.after[path].splitlines()
        assert CHANGED[scenario.kind](old, new), (scenario.goal, old, new)
        assert written[-1].tool == "edit_file" or not str(scenario.after[path]).endswith("\n")
        changed += 1
    assert changed > 80


def test_a_text_that_was_given_is_written_at_once_and_as_it_stands(builtin: Registry) -> None:
    given = [scenario for scenario in scenarios(builtin, 1500, 13) if scenario.kind == "write"]
    assert len(given) > 30
    for scenario in given:
        (step,) = scenario.steps
        content = step.arguments["content"]
        assert step.tool == "write_file"
        assert content == content.strip()
        assert all(piece in scenario.goal for line in content.splitlines() for piece in line.split(","))
        assert step.denied or scenario.after[step.arguments["path"]] == content


def _one_line_differs(old: list[str], new: list[str]) -> bool:
    return len(old) == len(new) and sum(a != b for a, b in zip(old, new, strict=True)) == 1


def _one_line_less(old: list[str], new: list[str]) -> bool:
    return len(new) == len(old) - 1 and any(new == old[:n] + old[n + 1 :] for n in range(len(old)))


UNITS = {"5", "9", "12", "32", "60", "100", "1000"}
WORKED_OUT = tuple(f"chain {kind}" for kind in ("convert", "fuel", "part", "growth", "year"))
CHANGED: dict[str, Callable[[list[str], list[str]], bool]] = {
    "add": lambda old, new: new[:-1] == old and new[-1] not in old,
    "add row": lambda old, new: new[:-1] == old and new[-1] not in old,
    "top": lambda old, new: new[1:] == old,
    "change": _one_line_differs,
    "correct": _one_line_differs,
    "copy changed": _one_line_differs,
    "remove": _one_line_less,
    "drop": _one_line_less,
    "copy": lambda old, new: new == old,
    "line to": lambda old, new: len(new) == 1 and new[0] in old,
    "everywhere": lambda old, new: len(new) == len(old) and new != old,
}


def test_many_structures_and_goals_come_up(builtin: Registry) -> None:
    made = scenarios(builtin, 600, 5)
    assert len({scenario.kind for scenario in made}) > 120
    assert len({scenario.ask for scenario in made}) > 400
    assert {len(scenario.steps) for scenario in made} >= {1, 2, 3, 4}


def test_what_is_kept_for_development_is_never_asked_in_training(builtin: Registry) -> None:
    trained = {scenario.ask.lower() for scenario in scenarios(builtin, 1500, 6)}
    kept = {scenario.ask.lower() for scenario in scenarios(builtin, 500, 7, held_out=True)}
    assert len(kept) > 100
    assert trained & kept == set()


def test_the_author_writes_them_but_none_of_the_evaluations_goals(builtin: Registry) -> None:
    held_out = HeldOut()
    author = Author(split(load(), held_out=False), builtin, random.Random(8), held_out)
    branches = [branch for _ in range(150) for branch in author.group().branches]
    about = [branch for branch in branches if branch.about == "workspace"]
    assert len(about) > 40
    assert not any(held_out.has(m.content) for branch in about for m in branch.messages if m.role == "user")


def test_the_same_seed_makes_the_same(builtin: Registry) -> None:
    one, other = scenarios(builtin, 40, 9), scenarios(builtin, 40, 9)
    assert one == other


def test_held_out_scenarios_are_cases_of_the_evaluation(builtin: Registry) -> None:
    made = [one for s in scenarios(builtin, 60, 10, held_out=True) if (one := task(s)) is not None]
    assert len(made) > 25
    for one in made:
        TaskCase.model_validate({"id": "a", **one})
