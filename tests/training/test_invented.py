"""Invented tools are as good as written ones: they can be asked for, filled in, and told from one another."""

from __future__ import annotations

import random
import sys
from pathlib import Path

import pytest

from rookery_core.reasoning.step import ToolCall, parse
from rookery_core.tools.registry import Registry

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import SLOT, Catalogue, ToolEntry, load
from rookery_training.check import problems
from rookery_training.conversations import Author, Group
from rookery_training.generate import split
from rookery_training.held_out import SUITES, HeldOut, cases, hashed
from rookery_training.invented import Families, actions, things
from rookery_training.invented_entries import told_apart, tool_names


def entries(rng: random.Random, *, held_out: bool = False) -> list[ToolEntry]:
    """Every action on every thing, each once."""
    families = Families(rng, held_out=held_out)
    made = []
    for thing in families.things:
        family = families.family(thing, 99)
        assert len(family.entries) == len(families.able(thing)) >= 5
        made += family.entries
    return made


@pytest.mark.parametrize("seed", range(3))
def test_every_action_on_every_thing_can_be_asked_for_and_filled_in(seed: int) -> None:
    made = entries(random.Random(seed))
    assert len(made) > 1500
    catalogue = Catalogue(tools=tuple(made), traces=(), talks=())
    assert [problem for problem in problems(catalogue) if "used twice" not in problem] == []
    for entry in made:
        kinds = entry.kinds
        texts = [ask.say for ask in entry.asks] + [ask for lack in entry.missing for ask in lack.asks]
        for text in (*texts, *entry.follow_ups, *entry.results, *entry.answers, *entry.descriptions):
            assert "<" not in SLOT.sub("", text).replace("<->", ""), (entry.name, text)
        for text in texts:
            assert {match[1] for match in SLOT.finditer(text)} <= set(kinds), (entry.name, text)


def test_what_lacks_something_does_not_say_it() -> None:
    for entry in entries(random.Random(5)):
        assert entry.missing
        required = {parameter.name for parameter in entry.parameters if not parameter.optional}
        for missing in entry.missing:
            assert missing.lacks in required
            for ask in missing.asks:
                assert missing.lacks not in {match[1] for match in SLOT.finditer(ask)}


def test_what_only_values_ask_for_is_meant_for_one_action_alone() -> None:
    by_key = {action.key: action for action in actions()}
    assign, lead, note = by_key["assign"], by_key["lead"], by_key["note"]
    assert "<it>: {who}" in told_apart(assign, [assign, note]).asks
    apart = told_apart(assign, [assign, lead]).asks
    assert "<it>: {who}" not in apart
    assert "put {who} on <it>" in apart


def test_no_invented_tool_has_a_name_of_the_evaluation() -> None:
    families = Families(random.Random(1)), Families(random.Random(1), held_out=True)
    trained = {
        hashed(name)
        for made in families
        for thing in made.things
        for action in made.able(thing)
        for name in (f"{thing.key}_{action.key}", *tool_names(thing, action))
    }
    for suite in SUITES:
        evaluated = {tool["name"] for case in cases(suite) for tool in case.get("tools", ())}
        assert [name for name in sorted(evaluated) if hashed(name) in trained] == []


def test_what_is_kept_for_development_is_never_trained_on() -> None:
    trained = {thing.noun for thing in Families(random.Random(1)).things}
    kept = {thing.noun for thing in Families(random.Random(1), held_out=True).things}
    assert not trained & kept
    assert trained | kept == {thing.noun for thing in things()}
    assert len(trained) >= 110
    assert len(kept) >= 12


def test_an_action_knows_only_others_that_there_are() -> None:
    keys = [action.key for action in actions()]
    assert len(keys) == len(set(keys))
    assert [near for action in actions() for near in action.near if near not in keys] == []


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    builtin: Registry = built_in_tools()
    author = Author(split(load(), held_out=False), builtin, random.Random(17), HeldOut())
    return [author.group() for _ in range(200)]


def test_no_argument_has_a_blank_around_it_and_no_name_comes_twice(groups: list[Group]) -> None:
    calls = 0
    for group in groups:
        assert len(set(group.registry.names)) == len(group.registry)
        for branch in group.branches:
            for message, learnt in zip(branch.messages, branch.learnt, strict=True):
                if not learnt:
                    continue
                step = parse(message.content)
                if isinstance(step.action, ToolCall) and step.action.tool not in ("write_file", "edit_file", "shell"):
                    calls += 1
                    for value in step.action.arguments.values():
                        for leaf in value if isinstance(value, list) else [value]:
                            assert not isinstance(leaf, str) or leaf == leaf.strip(), message.content
    assert calls > 800


def test_nearly_half_of_the_lists_have_invented_tools() -> None:
    builtin: Registry = built_in_tools()
    author = Author(split(load(), held_out=False), builtin, random.Random(3), HeldOut())
    having = 0
    for _ in range(400):
        author.offers.draw()
        having += bool(author.offers.families)
    assert 150 < having < 230
