"""grow, grow-llama, alternate, resume: what was read before is not read again."""

from __future__ import annotations

import itertools
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path

from kit import Pairs, a_bare_loop, a_llama, also_expanded, an_engine, ask, complete, cpu_s, text_tokens
from process import Run, run

from rookery_core.model.engine import Engine

FULL = 4000
STEP = 200
WRITTEN = 8

ROLES = (
    "You are the planner of this group. You look at what was said so far, decide what has to be done next, and say it "
    "in one short sentence. You never do the work yourself, and you never repeat what somebody has said. Planner:",
    "You are the worker of this group. You look at what was said so far, do what the planner asked for last, and tell "
    "what came of it in one short sentence. You never plan, and you say so when something cannot be done. Worker:",
    "You are the critic of this group. You look at what was said so far, find the one thing that is most likely to be "
    "wrong, and name it in one short sentence. You are polite, and you praise nothing that is not finished. Critic:",
)
SAID = 24
COMMON = 740
"""Tokens of what all three agents are told: with a role, 800."""


async def grow(quick: bool) -> tuple[float, str]:
    """The peer reads the whole prompt in each step, in the bare loop; some of the steps are enough for it."""
    pairs = Pairs()
    with an_engine() as engine, a_bare_loop() as bare:
        step = _grower(partial(text_tokens, engine), lambda prompt: list(ask(engine, prompt, WRITTEN).tokens))
        prompt: list[int] = []
        apart = 1600 if quick else 800
        while len(prompt) < FULL:
            prompt, ours = step(prompt)
            if len(prompt) % apart < STEP:

                def read(prompt: list[int] = prompt[:-WRITTEN]) -> None:
                    bare.keep(0)
                    bare.read(prompt[:-1])
                    bare.write(prompt[-1], WRITTEN)

                pairs.add(ours, cpu_s(read))
    figure = sum(pairs.ours) / sum(pairs.theirs)
    each = ", ".join(f"{ours:.2f}/{theirs:.2f}" for ours, theirs in zip(pairs.ours, pairs.theirs, strict=True))
    return figure, f"steps of {each} s; {min(pairs.ratios):.3f} to {max(pairs.ratios):.3f}"


async def grow_llama(quick: bool) -> tuple[float, str]:
    """The peer is `llama_cpp.Llama`, which finds by itself that the prompt begins like the one before."""
    pairs = Pairs()
    with an_engine() as engine, a_llama() as llama:
        ours = _grower(partial(text_tokens, engine), lambda prompt: list(ask(engine, prompt, WRITTEN).tokens))

        def llama_writes(prompt: list[int]) -> list[int]:
            return llama.tokenize(complete(llama, prompt, WRITTEN).encode(), add_bos=False)

        theirs = _grower(partial(text_tokens, engine), llama_writes)
        one: list[int] = []
        if quick:
            one = text_tokens(engine, FULL // 2, 99)
            ask(engine, one, 1)
            complete(llama, one, 1)
        other = one
        while len(one) < FULL:
            one, our_s = ours(one)
            other, their_s = theirs(other)
            pairs.add(our_s, their_s)
    figure = sum(pairs.ours) / sum(pairs.theirs)
    return figure, pairs.result("s a step")[1]


def _grower(
    text: Callable[[int, int], list[int]], write: Callable[[list[int]], list[int]]
) -> Callable[[list[int]], tuple[list[int], float]]:
    """What makes one step of a run: 200 tokens of an observation more, and some written; the prompt then, and its s."""

    def step(prompt: list[int]) -> tuple[list[int], float]:
        prompt = prompt + text(STEP - WRITTEN, len(prompt))
        written: list[int] = []
        seconds = cpu_s(lambda: written.extend(write(prompt)))
        return prompt + written, seconds

    return step


async def alternate(quick: bool) -> tuple[float, str]:
    """What matters is where the role stands: at the end, all that is common comes before it, and is known.

    Of each side the turns after every agent's first.
    """
    with ExitStack() as stack:
        engine, llama = stack.enter_context(an_engine()), stack.enter_context(a_llama())
        expanded = also_expanded(stack)
        common = text_tokens(engine, COMMON, 7)
        roles = [list(engine._weights.tokenize(role, False)) for role in ROLES]

        def llama_writes(prompt: list[int]) -> list[int]:
            return llama.tokenize(complete(llama, prompt, SAID).encode(), add_bos=False)

        def engine_writes(prompt: list[int], engine: Engine = engine) -> list[int]:
            return ask(engine, prompt, SAID).tokens

        def last(turn: int, said: list[int]) -> list[int]:
            return common + said + roles[turn % 3]

        def first(turn: int, said: list[int]) -> list[int]:
            return roles[turn % 3] + common + said

        sides = [_turns(last, engine_writes), _turns(first, llama_writes)]
        if expanded is not None:
            sides.append(_turns(last, partial(engine_writes, engine=expanded)))
        rows = list(zip(*(itertools.islice(side, 6 if quick else 9) for side in sides), strict=True))[3:]
    pairs, expanded_pairs = Pairs(), Pairs()
    for ours, theirs, *rest in rows:
        pairs.add(ours, theirs)
        for expanded_s in rest:
            expanded_pairs.add(expanded_s, theirs)
    figure = sum(pairs.ours) / sum(pairs.theirs)
    return figure, pairs.result("s a turn", more=expanded_pairs.brief("expanded"))[1]


def _turns(prompt: Callable[[int, list[int]], list[int]], write: Callable[[list[int]], list[int]]) -> Iterator[float]:
    """CPU seconds of one turn after the other, each saying something to all that was said before."""
    said: list[int] = []
    for turn in itertools.count():
        made: list[int] = []
        yield cpu_s(lambda: made.extend(write(prompt(turn, said))))  # noqa: B023
        said = said + made


async def resume(quick: bool) -> tuple[float, str]:
    """From the start of a process to its first token, with the engine's saved state and without."""
    pairs, walls = Pairs(), Pairs()
    with tempfile.TemporaryDirectory() as folder:
        with an_engine(states=folder, states_bytes=1 << 30) as engine:
            ask(engine, text_tokens(engine, 1900, 3), 1)
            engine.save()
        for _ in range(1 if quick else 3):
            with_state, without = (_cold(states) for states in (folder, ""))
            pairs.add(with_state.cpu_s, without.cpu_s)
            walls.add(with_state.seen_s, without.seen_s)
    wall = f"by the clock {statistics.median(walls.ours):.2f} against {statistics.median(walls.theirs):.2f} s"
    return pairs.result("s", more=wall)


def _cold(states: str) -> Run:
    return run([sys.executable, str(Path(__file__).with_name("cold.py")), states], first=b"\n")
