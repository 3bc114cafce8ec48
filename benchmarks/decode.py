"""decode: what the engine adds to writing a token. The time for a token by the engine over that by the bare loop."""

from __future__ import annotations

import statistics
from functools import partial

from kit import Pairs, a_bare_loop, an_engine, cpu_s, submit, text_tokens

N_PROMPT = 64
N_WRITTEN = 128


async def measure(quick: bool) -> tuple[float, str]:
    """The median over the tokens of a greedy text, for several texts; the first token comes with the prompt."""
    pairs = Pairs()
    with an_engine() as engine, a_bare_loop() as bare:
        for seed in range(3 if quick else 9):
            prompt = text_tokens(engine, N_PROMPT, seed)
            ear = submit(engine, prompt, N_WRITTEN)
            while not ear.tokens:
                engine.step()
            ours = []
            while engine.busy:
                ours.append(cpu_s(engine.step))
            bare.keep(0)
            bare.read(prompt[:-1])
            steps = bare.steps(prompt[-1])
            next(steps)
            theirs = [cpu_s(partial(next, steps)) for _ in ours]
            pairs.add(statistics.median(ours), statistics.median(theirs))
    return pairs.result("ms a token", 1000)
