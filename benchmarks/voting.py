"""vote-K: K samples of one prompt over K calls that reuse nothing. vote-batch: eight texts at once over one by one."""

from __future__ import annotations

from contextlib import ExitStack
from functools import partial

from kit import (
    Bare,
    Ear,
    Pairs,
    a_bare_loop,
    also_expanded,
    an_engine,
    an_expanded_engine,
    ask,
    cpu_s,
    finish,
    submit,
    text_tokens,
)

from rookery_core.model.engine import Engine

N_PROMPT = 900
N_WRITTEN = 48


async def votes(k: int, quick: bool) -> tuple[float, str]:
    """The peer is one call of the bare loop, which writes as many tokens, times K."""
    pairs, expanded_pairs = Pairs(), Pairs()
    with ExitStack() as stack:
        engine, bare = stack.enter_context(an_engine()), stack.enter_context(a_bare_loop())
        expanded = also_expanded(stack)
        for seed in range(1 if quick else 3):
            prompt = text_tokens(engine, N_PROMPT, seed)
            one_s = _alone(bare, prompt)
            for each, kept in ((engine, pairs), (expanded, expanded_pairs)):
                if each is not None:
                    kept.add(_samples(each, prompt, k)[0], k * one_s)
    return pairs.result("s", more=expanded_pairs.brief("expanded"))


async def batch(quick: bool) -> tuple[float, str]:
    """The prompt is known to both; the bare loop writes one text after the other, with the installed weights."""
    k, pairs = 8, Pairs()
    with an_expanded_engine() as engine, a_bare_loop() as bare:
        for seed in range(1 if quick else 3):
            prompt = text_tokens(engine, N_PROMPT, seed)
            ask(engine, prompt, 1)
            bare.keep(0)
            bare.read(prompt[:-1])
            ours, ears = _samples(engine, prompt, k)
            theirs = 0.0
            for ear in ears:
                theirs += cpu_s(partial(bare.write, prompt[-1], len(ear.tokens)))
                bare.keep(len(prompt) - 1)
            n = sum(len(ear.tokens) for ear in ears)
            pairs.add(ours / n, theirs / n)
    return pairs.result("ms a token", 1000)


def _alone(bare: Bare, prompt: list[int]) -> float:
    """CPU seconds of one call that reuses nothing."""
    bare.keep(0)
    return cpu_s(partial(bare.read, prompt[:-1])) + cpu_s(partial(bare.write, prompt[-1], N_WRITTEN))


def _samples(engine: Engine, prompt: list[int], k: int) -> tuple[float, list[Ear]]:
    """CPU seconds of so many samples at once, which are to be of the whole length."""
    ears: list[Ear] = []

    def sample() -> None:
        ears.extend(submit(engine, prompt, N_WRITTEN, temperature=0.8, seed=seed) for seed in range(k))
        finish(engine)

    seconds = cpu_s(sample)
    short = [ear for ear in ears if len(ear.tokens) < N_WRITTEN]
    if len(short) * 10 > k:
        raise RuntimeError(f"{len(short)} of {k} samples ended early")
    return seconds, ears
