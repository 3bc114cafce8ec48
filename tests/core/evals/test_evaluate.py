"""Running many cases: what is known is not run again, what is finished is kept, and the numbers made of it."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from rookery_core.errors import ModelDied, ModelUnreadable
from rookery_core.evals.evaluate import Entry, evaluate, known
from rookery_core.evals.results import Results
from rookery_core.evals.suites import DECISIONS, CaseRun
from rookery_core.evals.summary import as_json, summarize
from rookery_core.testing import ScriptedModel
from tests.core.conftest import act, answer
from tests.core.evals.kit import decision, stage, write

ROME = act("get_weather", '{"city": "Rome"}')
OSLO = act("get_weather", '{"city": "Oslo"}')
HELLO = answer("Hello. What is it?")
NONE = {"tool": None, "kind": "answer"}


@dataclass
class Bench:
    """Cases, and what came of them."""

    folder: Path
    finished: list[Entry] = field(default_factory=list)

    def cases(self, n: int) -> list[CaseRun]:
        made = [
            decision(f"c{i}", messages=[{"role": "user", "content": f"Question {i}: Rome?"}], group=f"g{i % 2}")
            for i in range(n)
        ]
        return DECISIONS.runs(write(self.folder, *made), None)

    def results(self) -> Results:
        return Results(self.folder / "kept", {"suite": "decisions"})

    async def run(self, cases: list[CaseRun], model: ScriptedModel, parallel: int = 1) -> list[str]:
        self.finished.clear()
        await evaluate(cases, stage(model, timed=parallel == 1), self.results(), self.finished.append, parallel)
        return [entry.case.id for entry in self.finished]


@pytest.fixture
def bench(tmp_path: Path) -> Bench:
    return Bench(tmp_path)


async def test_cases_are_run_in_order_and_not_again(bench: Bench) -> None:
    cases = bench.cases(3)
    assert await bench.run(cases, ScriptedModel([ROME, OSLO, HELLO])) == ["c0", "c1", "c2"]
    verdicts = [entry.verdicts for entry in bench.finished]
    assert verdicts == [
        {"tool": True, "arguments": True},
        {"tool": True, "arguments": False},
        {"tool": False, "arguments": False},
    ]
    assert await bench.run(cases, ScriptedModel([])) == []
    assert [entry.verdicts for entry in known(cases, bench.results())] == verdicts


async def test_a_case_that_is_new_is_run_and_the_others_are_not(bench: Bench) -> None:
    await bench.run(bench.cases(2), ScriptedModel([ROME, ROME]))
    assert await bench.run(bench.cases(3), ScriptedModel([ROME])) == ["c2"]


async def test_stopping_it_loses_only_the_case_under_way(bench: Bench) -> None:
    cases = bench.cases(3)
    under_way = asyncio.Event()

    def script() -> Iterator[str]:
        yield ROME
        under_way.set()
        yield ROME

    task = asyncio.create_task(bench.run(cases, ScriptedModel(script(), delay_s=0.02)))
    await under_way.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert len(bench.finished) == 1
    assert await bench.run(cases, ScriptedModel([ROME, ROME])) == ["c1", "c2"]


async def test_trouble_ends_it_and_what_is_finished_is_kept(bench: Bench) -> None:
    cases = bench.cases(2)
    with pytest.raises(AssertionError, match="the script has ended"):
        await bench.run(cases, ScriptedModel([ROME]))
    assert [entry.case.id for entry in known(cases, bench.results())] == ["c0"]


async def test_expected_trouble_is_raised_as_it_is(bench: Bench) -> None:
    async def broken(stage: object) -> None:
        raise ModelUnreadable("gone")

    case = bench.cases(1)[0]
    odd = CaseRun(case.id, case.group, case.key, case.expected, broken, case.judge)  # type: ignore[arg-type]
    with pytest.raises(ModelUnreadable, match="gone"):
        await bench.run([odd], ScriptedModel([]))


async def test_what_came_of_a_process_that_ended_is_told_and_not_kept(bench: Bench) -> None:
    cases = bench.cases(1)
    assert await bench.run(cases, ScriptedModel([ModelDied("it ended"), ROME])) == ["c0"]
    assert known(cases, bench.results()) == []


async def test_where_the_model_cannot_be_loaded_again_the_run_ends_and_no_case_is_counted_as_failed(
    bench: Bench,
) -> None:
    def script() -> Iterator[str | Exception]:
        yield ROME
        model.open_error = ModelUnreadable("no memory")
        yield ModelDied("it ended")

    model = ScriptedModel(script())
    cases = bench.cases(4)
    with pytest.raises(ModelUnreadable, match="no memory"):
        await bench.run(cases, model)
    assert [entry.case.id for entry in known(cases, bench.results())] == ["c0"]


async def test_several_at_a_time_are_all_finished_and_not_timed(bench: Bench) -> None:
    cases = bench.cases(5)
    model = ScriptedModel([ROME] * 5, delay_s=0.01)
    assert sorted(await bench.run(cases, model, parallel=3)) == ["c0", "c1", "c2", "c3", "c4"]
    assert {entry.outcome.decision_s for entry in bench.finished} == {None}
    assert summarize(bench.finished, DECISIONS.rates).decision_s is None


async def test_the_numbers(bench: Bench) -> None:
    file = write(
        bench.folder,
        decision("a", group="call"),
        decision("b", group="call"),
        decision("c", group="call", expect={"tool": "send_mail"}),
        decision("d", group="", expect={"tool": None, "kind": "ask"}),
        decision("e", group="talk", expect=NONE),
    )
    await bench.run(DECISIONS.runs(file, None), ScriptedModel([ROME, OSLO, ROME, HELLO, ROME]))
    made = as_json(bench.finished, DECISIONS.rates)
    assert [made[name] for name in ("n", "tool", "arguments", "no_call", "asked")] == [5, 2 / 3, 0.5, 0.5, 1.0]
    assert made["counts"] == {"tool": [2, 3], "arguments": [1, 2], "no_call": [1, 2], "asked": [1, 1]}
    assert made["intervals"]["arguments"] == pytest.approx((0.0945, 0.9055), abs=1e-4)
    assert list(made["groups"]) == ["call", "talk"]
    assert (made["groups"]["talk"]["tool"], made["groups"]["talk"]["no_call"]) == (None, 0.0)
    assert made["groups"]["talk"]["intervals"]["tool"] is None
    assert made["decision_s"]["n"] == 5
    assert made["usage"]["completion_tokens"] > 0
    first, *_, last = made["cases"]
    assert (first["id"], first["group"], first["tool"], first["arguments"]) == (
        "a", "call", "get_weather", {"city": "Rome"}
    )  # fmt: skip
    assert first["expected"] == {"tool": "get_weather", "arguments": {"city": ["Rome"]}}
    assert first["verdicts"] == {"tool": True, "arguments": True}
    assert (last["expected"], last["verdicts"]) == (NONE, {"no_call": False})


def test_of_no_cases_there_are_no_rates() -> None:
    made = as_json([], DECISIONS.rates)
    assert (made["n"], made["tool"], made["decision_s"], made["groups"], made["cases"]) == (0, None, None, {}, [])
