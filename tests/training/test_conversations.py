"""What the generator writes is what the program would send and accept."""

from __future__ import annotations

import random
import re
import sys
from collections import Counter
from itertools import pairwise
from pathlib import Path

import jsonschema
import llguidance
import pytest

from rookery_core.model.constraint import FITS, SAYS, StepGrammar, step_grammar
from rookery_core.reasoning.gist import fits
from rookery_core.reasoning.prompt import system_text
from rookery_core.reasoning.step import ACTION, Answer, ToolCall, parse
from rookery_core.tools.registry import Registry
from rookery_core.transcript import OBSERVATION

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import load
from rookery_training.check import problems
from rookery_training.conversations import Author, Group
from rookery_training.generate import Tokens, base_model, split
from rookery_training.held_out import HeldOut


@pytest.fixture(scope="module")
def groups() -> list[Group]:
    builtin: Registry = built_in_tools()
    author = Author(split(load(), held_out=False), builtin, random.Random(7), HeldOut())
    return [author.group() for _ in range(120)]


def test_the_catalogue_has_no_problems() -> None:
    assert list(problems(load())) == []


def test_more_ways_to_ask_may_be_in_a_file_of_their_own(tmp_path: Path) -> None:
    (tmp_path / "a_more.toml").write_text(
        '[[more]]\ntool = "ring"\nasks = ["ring {bell} now"]\n'
        '[[more.missing]]\nlacks = "bell"\nasks = ["ring it"]\nquestions = ["Which one?"]\n'
        '[[more]]\ntool = "sing"\nasks = ["sing"]\n'
    )
    (tmp_path / "bells.toml").write_text(
        '[[tool]]\nname = "ring"\ndoes = "ring a bell"\ndescriptions = ["Ring.", "Rings.", "A ring"]\n'
        'asks = ["ring {bell}"]\nresults = ["rung"]\nanswers = ["I rang."]\nparameters.bell.kind = "word"\n'
    )
    made = load(tmp_path)
    (ring,) = made.tools
    assert [ask.say for ask in ring.asks] == ["ring {bell}", "ring {bell} now"]
    assert [missing.asks for missing in ring.missing] == [("ring it",)]
    assert list(problems(made)) == ["a_more.toml: more 1 of sing: there is no such tool"]


def test_no_tool_that_is_kept_for_development_is_trained_on() -> None:
    trained = {tool.name for tool in split(load(), held_out=False).tools if tool.domain != "builtin"}
    kept = {tool.name for tool in split(load(), held_out=True).tools if tool.domain != "builtin"}
    assert len(kept) > 15
    assert trained & kept == set()


def test_every_step_that_is_learnt_can_be_read_and_calls_an_offered_tool_as_its_schema_says(
    groups: list[Group],
) -> None:
    calls = answers = 0
    for group in groups:
        for branch in group.branches:
            for message, learnt in zip(branch.messages, branch.learnt, strict=True):
                if not learnt:
                    continue
                match parse(message.content).action:
                    case ToolCall(tool=tool, arguments=arguments):
                        jsonschema.validate(arguments, dict(group.registry.get(tool).tool.schema))
                        calls += 1
                    case Answer(text=text):
                        assert not re.search(r"\{[a-z_]+(:[^}]*)?\}", text) or "`" in text, text  # no slot was left
                        answers += 1
    assert calls > 300
    assert answers > 300


def test_the_prompt_is_the_programs_own_and_the_grammar_takes_its_tools(groups: list[Group]) -> None:
    for group in groups[:20]:
        assert group.system.content == system_text(group.registry, "brief")
        step_grammar((offered.name, offered.tool.schema) for offered in group.registry)


def test_what_is_learnt_is_what_the_program_lets_be_written(groups: list[Group]) -> None:
    tokenizer = llguidance.LLTokenizer("byte")
    held_to = 0
    for group in groups[::2]:
        made = StepGrammar.of(
            ((offered.name, offered.tool.schema) for offered in group.registry),
            [fits(offered.name, offered.tool.description) for offered in group.registry],
        )
        for branch in group.branches:
            read = []
            for message, learnt in zip(branch.messages, branch.learnt, strict=True):
                if message.role == "tool":
                    read.append(message.content)
                elif message.role == "assistant" and learnt:
                    matcher = llguidance.LLMatcher(tokenizer, made.text("\n".join(read)), log_level=0)
                    text = message.content.encode()
                    taken = matcher.try_consume_tokens([*text])
                    assert taken == len(text), (message.content, text[:taken][-40:], "\n".join(read))
                    held_to += SAYS in message.content or FITS in message.content
    assert held_to > 300


def test_conversations_take_turns_and_observations_have_their_label(groups: list[Group]) -> None:
    for group in groups:
        for branch in group.branches:
            roles = [message.role for message in branch.messages]
            assert roles[0] == "user"
            assert roles[-1] == "assistant"
            for before, after in pairwise(roles):
                assert (before, after) in {
                    ("user", "assistant"), ("assistant", "tool"), ("tool", "assistant"), ("assistant", "user"),
                }  # fmt: skip
            assert all(m.content.startswith(OBSERVATION) for m in branch.messages if m.role == "tool")
            assert any(branch.learnt)


def test_all_kinds_of_situations_and_sizes_of_offers_come_up(groups: list[Group]) -> None:
    about = Counter(branch.about for group in groups for branch in group.branches)
    assert {"call", "trace", "missing", "absent", "talk", "refusal", "repair", "denied", "workspace"} <= set(about)
    sizes = {len(group.registry) for group in groups}
    assert min(sizes) <= 2
    assert max(sizes) >= 12


@pytest.mark.model
def test_what_is_learnt_is_what_the_assistant_says_with_the_token_that_ends_it(groups: list[Group]) -> None:
    tokens = Tokens(base_model())
    for group in groups[:12]:
        line = tokens.group(group)
        if line is None:
            continue
        branches = iter(group.branches)
        for made in line["branches"]:
            text = tokens.text(made["tokens"])
            branch = next(
                b for b in branches if all(m.content in text for m in b.messages)
            )  # too long ones are left out
            said = [(m.content, learnt) for m, learnt in zip(branch.messages, branch.learnt, strict=True) if learnt]
            spans = [tokens.text(made["tokens"][start:end]) for start, end in made["train"]]
            assert len(spans) == len(said)
            for span, (text, learnt) in zip(spans, said, strict=True):
                assert span == (f"{text}<|im_end|>" if learnt < 0 else text[: len(span)])
                assert learnt < 0 or (text[:learnt].startswith(span) and span.endswith("Answer:"))


def test_the_thought_before_a_call_copies_the_description_of_the_tool(groups: list[Group]) -> None:
    calls = 0
    for group in groups:
        lists = {f"{offered.name}": " ".join(offered.tool.description.split()) for offered in group.registry}
        for branch in group.branches:
            for message, learnt in zip(branch.messages, branch.learnt, strict=True):
                if learnt and ACTION in message.content:
                    step = parse(message.content)
                    assert isinstance(step.action, ToolCall)
                    said = step.thought.partition(FITS)[2].removesuffix(".")
                    assert said
                    assert lists[step.action.tool].startswith(said)
                    calls += 1
    assert calls > 300
