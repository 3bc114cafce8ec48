"""The turns and trades that were written one by one: what they say is so, and they are learnt as they stand."""

from __future__ import annotations

import json
import random
import sys
from pathlib import Path

import pytest

from rookery_core.events import MemoryRecalled, Recalled, TurnStarted
from rookery_core.tools.registry import Registry
from rookery_core.transcript import Transcript

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_training import trades, written
from rookery_training.branches import Branch
from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import load
from rookery_training.conversations import Author
from rookery_training.generate import split
from rookery_training.held_out import SUITES, HeldOut, cases
from rookery_training.trades import Trade, Trades
from rookery_training.written import Written, WrittenTurns

STRIDE = 8
"""Every so many of them are carried out here; `python -m rookery_training.written` does so with all."""


@pytest.fixture(scope="module")
def builtin() -> Registry:
    return built_in_tools()


@pytest.fixture(scope="module")
def held_out() -> HeldOut:
    return HeldOut()


def test_what_the_answers_say_is_what_the_tools_return(builtin: Registry, held_out: HeldOut) -> None:
    every = written.load()
    assert len(every) > 2000
    wrong = {one.goal: found for one in every[::STRIDE] if (found := written.problems(one, builtin, held_out))}
    assert wrong == {}


def test_nobody_says_the_same_twice() -> None:
    goals = [one.goal.lower() for one in written.load()]
    assert len(goals) == len(set(goals))


def test_several_turns_share_a_folder(tmp_path: Path, builtin: Registry, held_out: HeldOut) -> None:
    file = tmp_path / "sets.jsonl"
    read = {"tool": "read_file", "arguments": {"path": "van.txt"}}
    found = {"tool": "find_files", "arguments": {"pattern": "*van*"}}
    turns = [
        {
            "goal": "who has the other keys? van.txt",
            "says": ["spare keys: Petronella"],
            "answer": "Petronella has them.",
        },
        {
            "goal": "is the van's MOT due soon",
            "steps": [found, read],
            "says": ["MOT 14 March"],
            "answer": "On 14 March.",
        },
    ]
    shared = {"files": {"van.txt": "spare keys: Petronella\nMOT 14 March\n"}, "steps": [read]}
    file.write_text(json.dumps(shared | {"turns": turns}) + "\n", encoding="utf-8")
    first, second = written.load([file])
    assert [step.tool for step in first.steps] == ["read_file"]
    assert [step.tool for step in second.steps] == ["find_files", "read_file"]
    assert first.files == second.files
    assert [written.problems(one, builtin, held_out) for one in (first, second)] == [[], []]


def test_a_turn_of_a_folder_that_is_wrong_is_named_by_its_line(tmp_path: Path) -> None:
    file = tmp_path / "sets.jsonl"
    file.write_text('\n{"files": {}, "turns": [{"goal": "how many?", "answer": "Two."}]}\n', encoding="utf-8")
    with pytest.raises(ValueError, match=r"sets\.jsonl, line 2: .*\n.*steps"):
        written.load([file])


def test_no_trade_has_a_tool_or_a_phrasing_of_the_evaluation(held_out: HeldOut) -> None:
    taken = frozenset(tool["name"] for suite in SUITES for case in cases(suite) for tool in case.get("tools", ()))
    every = trades.load()
    assert len(every) > 50
    assert [text for trade in every for text in trades.problems(trade, held_out, taken)] == []


def test_a_turn_is_learnt_as_it_stands(builtin: Registry, held_out: HeldOut) -> None:
    author = Author(split(load(), held_out=False), builtin, random.Random(4), held_out)
    by_goal = {one.goal: one for one in written.load()}
    found = [
        (group, branch) for _ in range(40) for group in [author.group()] for branch in group.branches
        if branch.about == "written"
    ]  # fmt: skip
    assert len(found) > 40
    for group, branch in found:
        one = by_goal[branch.request]
        assert one.tools <= {*group.registry.names}
        begin = max(n for n, message in enumerate(branch.messages) if message.role == "user")
        said = [message for message in branch.messages[begin:] if message.role == "assistant"]
        assert [json.loads(m.content.partition("\nInput: ")[2]) for m in said[:-1]] == [s.arguments for s in one.steps]
        assert said[-1].content == f"Thought: {one.last_thought}\nAnswer: {one.answer}"
        both = zip(branch.messages[begin:], branch.learnt[begin:], strict=True)
        learnt = [n for message, n in both if message.role == "assistant"]
        assert learnt == [0 if step.slip else -1 for step in one.steps] + [-1]


def test_every_turn_comes_up_before_one_does_twice(builtin: Registry) -> None:
    turns = WrittenTurns(builtin, random.Random(1))
    turns.all = turns.all[:30]
    drawn = [made[0].goal for _ in range(30) if (made := turns.draw(builtin.names)) is not None]
    assert sorted(drawn) == sorted(one.goal for one in turns.all)


def test_none_is_drawn_where_the_tools_are_not_enough_and_none_for_development(builtin: Registry) -> None:
    assert WrittenTurns(builtin, random.Random(1)).draw(["clock"]) is None
    assert WrittenTurns(builtin, random.Random(1), none=True).all == []
    assert Trades(random.Random(1), HeldOut(), none=True).all == []


def test_a_group_has_the_tools_of_one_trade_and_only_what_is_said_to_them(builtin: Registry, held_out: HeldOut) -> None:
    made = Trades(random.Random(3), held_out)
    author = Author(split(load(), held_out=False), builtin, random.Random(4), held_out)
    of = {trade.trade: {tool.name for tool in trade.tools} for trade in made.all}
    thoughts = set()
    for _ in range(60):
        group = made.group(author)
        trade = [name for name, tools in of.items() if tools >= {*group.registry.names}]
        assert trade
        for branch in group.branches:
            text = branch.messages[1].content
            thoughts.add(text.partition("\n")[0].removeprefix("Thought: ").partition(":")[0].partition(" But")[0])
            if "\nAction: " in text:
                assert text.partition("\nAction: ")[2].partition("\n")[0] in group.registry.names, trade
    assert {"A tool fits", "No tool fits."} <= thoughts


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('{"goal": "read it", "steps": [], "answer": "x"}', "steps"),
        ('{"goal": "read it", "answer": "x"}', "steps"),
        ('{"goal": "read it", "steps": [{"tool": "clock", "arguments": {}}], "answer": "x", "say": []}', "say"),
    ],
)
def test_a_line_that_is_wrong_is_named(tmp_path: Path, line: str, said: str) -> None:
    file = tmp_path / "turns.jsonl"
    file.write_text(f"\n{line}\n")
    with pytest.raises(ValueError, match=rf"turns\.jsonl, line 2: (?s:.)*{said}"):
        written.load([file])


def test_what_is_wrong_with_a_turn_is_said(builtin: Registry, held_out: HeldOut) -> None:
    def found(**changed: object) -> list[str]:
        whole = {
            "goal": "what does the roofer charge a day, roof.txt",
            "files": {"roof.txt": "roofer 310 a day\n"},
            "steps": [{"tool": "read_file", "arguments": {"path": "roof.txt"}}],
            "says": ["roofer 310 a day"],
            "answer": "The roofer charges 310 a day.",
        }
        return written.problems(Written.model_validate({**whole, **changed}), builtin, held_out)

    assert found() == []
    assert found(says=["roofer 310"]) == []
    assert found(says=["roofer  310"]) == ["no line of what is returned has 'roofer  310'"]
    assert found(answer="He charges 311.") == ["the answer has numbers that nothing says: 311"]
    assert "there is no tool" in found(steps=[{"tool": "look", "arguments": {}}])[0]
    assert "do not fit" in found(steps=[{"tool": "read_file", "arguments": {"file": "roof.txt"}}], says=[])[0]
    assert "900 are the most" in found(files={"roof.txt": "roofer 310 a day\n" + "x" * 1000})[0]
    goal = next(case["goal"] for case in cases("tasks.jsonl") if len(case["goal"].split()) > 9)
    assert "evaluation" in found(goal=goal)[0]


def test_what_is_wrong_with_a_trade_is_said(held_out: HeldOut) -> None:
    tools = [
        {
            "name": name,
            "description": f"{name} it.",
            "parameters": {"properties": {"n": {"type": "integer"}}, "required": ["n"]},
        }
        for name in ("lift", "drop")
    ]
    turns = [
        {"ask": "lift it by 3", "tool": "lift", "arguments": {"n": 3}},
        {"ask": "lift it", "tool": "lift", "arguments": {"n": "x"}},
    ]
    made = Trade.model_validate({"trade": "crane", "tools": tools, "turns": turns})
    found = trades.problems(made, held_out, frozenset(("drop",)))
    assert "drop is a tool of an evaluation" in found
    assert "nobody asks for drop" in found
    assert any("'x' is not of type 'integer'" in text and text.endswith("lift it") for text in found)
    for wrong in ({"missing": "n"}, {"result": "done"}, {"missing": "n", "answer": "3."}):
        with pytest.raises(ValueError, match="ask"):
            Trade.model_validate(
                {"trade": "crane", "tools": tools, "turns": [{"ask": "lift", "tool": "lift", **wrong}] * 2}
            )


def test_commands_and_databases_are_real(builtin: Registry) -> None:
    one = Written.model_validate(
        {
            "goal": "wc -l oats.txt, and who has the red bike in bikes.db",
            "files": {
                "oats.txt": "one\ntwo\n",
                "bikes.db": "CREATE TABLE bikes (colour TEXT, rider TEXT); INSERT INTO bikes VALUES ('red', 'Ivo');",
            },
            "steps": [
                {"tool": "shell", "arguments": {"command": "wc -l oats.txt"}},
                {"tool": "shell", "arguments": {"command": "true"}},
                {"tool": "query_database", "arguments": {"path": "bikes.db", "sql": "SELECT rider FROM bikes"}},
            ],
            "answer": "It has 2 lines, and Ivo has the red bike.",
        }
    )
    lines, silent, rows = one.observations(builtin)
    assert lines == "2 oats.txt\n[exit code 0]"
    assert silent == "(no output)\n[exit code 0]"
    assert "| Ivo |" in rows


def test_what_is_recalled_stands_above_the_request_as_the_program_puts_it(
    builtin: Registry, held_out: HeldOut, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(written, "RECALLED", 1.0)
    author = Author(split(load(), held_out=False), builtin, random.Random(4), held_out)
    turns = WrittenTurns(builtin, random.Random(1))
    for one in turns.all[:20]:
        (known,) = turns.known(one)
        assert known.startswith("Asked: ")
        assert " Answered: " in known
        assert not known.startswith(f"Asked: {one.goal} ")
        branch = Branch()
        author.said(branch, one.goal, [known])
        items = (Recalled(source="episode", ref="a/1", text=known),)
        begun = TurnStarted(session="s", turn=1, text=one.goal, strategy="react", workspace="/w")
        read = Transcript([begun, MemoryRecalled(session="s", turn=1, items=items)]).messages([])
        assert branch.messages == read
        assert branch.request == one.goal
    kept = turns.all[0].model_copy(update={"known": ["Asked: where is it? Answered: In the shed."]})
    assert turns.known(kept) == kept.known
