"""The comparison with other harnesses: its sample, its test, and how calls are read. No model, no peer."""

import json
from collections import Counter
from math import comb

import pytest
from benchmarks.peers.paired import Paired, compare, mcnemar
from benchmarks.peers.sample import shares, stratified
from benchmarks.peers.workers.reading import Call, lenient, strict

from rookery_core.evals.cases import DecisionCase, TaskCase, read, shipped

CALL = {"name": "weather", "arguments": {"city": "Oslo"}}
WRITTEN = json.dumps(CALL)
READ = [Call("weather", {"city": "Oslo"})]


def task(number: int, group: str) -> TaskCase:
    return TaskCase.model_validate({"id": f"{group}-{number}", "group": group, "goal": "Do it.", "expect": {}})


CASES = [task(n, group) for group, size in {"a": 60, "b": 30, "c": 9, "d": 1}.items() for n in range(size)]


def test_the_same_seed_draws_the_same_cases_in_their_order() -> None:
    drawn = stratified(CASES, 20, seed=1)
    assert drawn == stratified(CASES, 20, seed=1)
    assert drawn == sorted(drawn, key=CASES.index)
    assert drawn != stratified(CASES, 20, seed=2)


def test_every_group_has_its_share_and_one_case_at_least() -> None:
    assert Counter(case.group for case in stratified(CASES, 20, seed=1)) == {"a": 12, "b": 6, "c": 1, "d": 1}


def test_other_groups_do_not_change_what_is_drawn_of_a_group() -> None:
    fewer = stratified([case for case in CASES if case.group in ("a", "b")], 18, seed=1)
    assert fewer == [case for case in stratified(CASES, 20, seed=1) if case.group in ("a", "b")]


@pytest.mark.parametrize("n", [0, 1, 3, 4, 5, 20, 99, 100, 1000])
def test_the_shares_make_the_whole(n: int) -> None:
    sizes = {"a": 60, "b": 30, "c": 9, "d": 1}
    made = shares(sizes, n)
    assert sum(made.values()) == min(n, 100)
    assert all(0 <= made[name] <= size for name, size in sizes.items())


def test_shipped_decisions_are_sampled_from_all_groups() -> None:
    cases = read(shipped("decisions"), DecisionCase)
    assert {case.group for case in stratified(cases, 60, seed=1)} == {case.group for case in cases}


def test_mcnemar_is_the_two_sided_binomial_test() -> None:
    assert mcnemar(0, 0) == 1.0
    assert mcnemar(3, 3) == 1.0
    assert mcnemar(0, 6) == mcnemar(6, 0) == 2 / 2**6
    assert mcnemar(1, 9) == pytest.approx(2 * (1 + 10) / 2**10)
    assert mcnemar(20, 8) == pytest.approx(2 * sum(comb(28, k) for k in range(9)) / 2**28)


def test_pairs_are_the_cases_of_both_sides() -> None:
    ours = {"a": True, "b": True, "c": False, "d": True}
    theirs = {"a": True, "b": False, "c": True, "e": False}
    assert compare(ours, theirs) == Paired(n=3, wins=1, losses=1)
    assert Paired(4, 3, 1).difference == 0.5
    assert compare({}, theirs).difference is None


@pytest.mark.parametrize("read", [strict, lenient])
def test_a_tagged_call_is_read_with_the_text_beside_it(read) -> None:  # type: ignore[no-untyped-def]
    assert read(f"I look.\n<tool_call>\n{WRITTEN}\n</tool_call>", True) == (READ, "I look.")
    assert read(f"<tool_call>{WRITTEN}</tool_call>\n<tool_call>{WRITTEN}</tool_call>", True) == (READ * 2, "")


@pytest.mark.parametrize("read", [strict, lenient])
def test_an_untagged_model_writes_nothing_but_the_object(read) -> None:  # type: ignore[no-untyped-def]
    assert read(f"\n{WRITTEN}\n", False) == (READ, "")


@pytest.mark.parametrize("read", [strict, lenient])
@pytest.mark.parametrize("tagged", [True, False])
@pytest.mark.parametrize(
    "text",
    [
        "It is warm in Oslo.",
        "",
        '{"city": "Oslo"}',
        '{"name": "weather"}',
        "<tool_call>weather(Oslo)</tool_call>",
        '<tool_call>{"name": "weather", "arguments": {"city": </tool_call>',
        f"Write {WRITTEN} for it.",
    ],
)
def test_what_is_no_call_is_an_answer(read, tagged, text) -> None:  # type: ignore[no-untyped-def]
    assert read(text, tagged) == ([], text.strip())


@pytest.mark.parametrize(
    ("text", "rest"),
    [
        (WRITTEN, ""),
        (f"```json\n{WRITTEN}\n```", ""),
        (f"Sure:\n```\n{WRITTEN}\n```\nDone.", "Sure:"),
        (f"<tool_call>\n{WRITTEN}", ""),
        (f"{WRITTEN}\n</tool_call>", ""),
        (f"[{WRITTEN}]", ""),
        (f"{WRITTEN} is the call.", ""),
    ],
)
def test_only_the_lenient_reading_takes_a_call_with_other_marks(text: str, rest: str) -> None:
    assert lenient(text, True) == (READ, rest)
    assert strict(text, True) == ([], text.strip())


def test_arguments_may_be_an_object_in_a_text() -> None:
    text = json.dumps({"name": "weather", "arguments": json.dumps(CALL["arguments"])})
    assert strict(text, False) == (READ, "")
