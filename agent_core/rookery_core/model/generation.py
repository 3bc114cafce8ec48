"""One request while it is served: what is still to be read, what was written, and when it ends."""

from __future__ import annotations

import codecs
import time
from collections.abc import Callable, Sequence
from typing import Any, Literal, Protocol

import llguidance.numpy
import numpy as np

from rookery_core.errors import ModelError
from rookery_core.model.base import Sampling
from rookery_core.model.prefix import Held, Tokens
from rookery_core.model.sampler import Logits, sample
from rookery_core.usage import Usage

LOOP_PERIOD = 20
LOOP_TIMES = 8
LOOP_TOKENS = 64
"""A run of at least this many tokens that is one group of at most `LOOP_PERIOD`, at least `LOOP_TIMES` times over."""

ERROR_CHARS = 300
"""Of what llguidance says of an error; it adds the grammar and its state."""

Stop = Literal["end", "length", "loop"]


class Vocabulary(Protocol):
    """What a request has to know of the tokens (`llama.Weights`)."""

    n_vocab: int
    ends: frozenset[int]

    def piece(self, token: int) -> bytes: ...


class Listener(Protocol):
    """Who made the request."""

    def reading(self, done: int, total: int) -> None: ...
    def said(self, text: str) -> None: ...
    def ended(self, stop: Stop, usage: Usage) -> None: ...
    def failed(self, error: Exception) -> None: ...


class Generation:
    """Reads a prompt into a sequence, then writes token by token."""

    def __init__(
        self,
        prompt: Tokens,
        n_ctx: int,
        sampling: Sampling,
        matcher: Any,
        listener: Listener,
        vocabulary: Vocabulary,
        *,
        token_of: Callable[[bytes], int | None],
        stopped: Callable[[], bool],
        forced: bool,
    ) -> None:
        """`matcher` is llguidance's, or None; `forced`: tokens the grammar leaves no choice of are not sampled.

        `token_of` is the one token of some bytes, where there is one.
        """
        self.prompt = prompt
        self.stopped = stopped
        self.listener = listener
        self.n_max = min(sampling.max_tokens, n_ctx - len(prompt))
        self.held: Held | None = None
        self.written: list[int] = []
        self.stop: Stop | None = None
        self._sampling = sampling
        self._matcher = matcher
        self._vocabulary = vocabulary
        self._token_of = token_of
        self._forced = forced and matcher is not None
        biases = ((token_of(text.encode()), bias) for text, bias in sampling.logit_bias)
        self._biases = {token: bias for token, bias in biases if token is not None}
        self._random = np.random.default_rng(sampling.seed)
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._mask = llguidance.numpy.allocate_token_bitmask(1, vocabulary.n_vocab)
        self._asked_at = self._began_at = time.perf_counter()
        self._read_at = 0.0
        self._n_known = self._n_forced = 0

    @property
    def room(self) -> int:
        """Tokens its sequence may grow to."""
        return len(self.prompt) + self.n_max

    @property
    def n_undecoded(self) -> int:
        """Tokens, read or written, that are still to be decoded before the next one can be chosen."""
        return len(self.prompt) + len(self.written) - self.held.n if self.held is not None else 0

    @property
    def reading(self) -> bool:
        """Whether a part of the prompt is still to be decoded."""
        return self.held is not None and self.held.n < len(self.prompt)

    def begin(self, held: Held) -> None:
        """Its turn has come; what the sequence holds need not be read."""
        self.held = held
        self._n_known = held.n
        self._began_at = time.perf_counter()
        self._write_forced()

    def undecoded(self, n: int) -> list[int]:
        """The next tokens to be decoded, at most n."""
        assert self.held is not None
        start = self.held.n
        tokens: list[int] = self.prompt[start : start + n].tolist()
        start = max(start - len(self.prompt), 0)
        return tokens + self.written[start : start + n - len(tokens)]

    def accept(self, logits: Logits) -> None:
        """Choose what follows the last decoded token; `stop` is set once nothing does. Raises ModelError."""
        self._read_at = self._read_at or time.perf_counter()
        self._write(self._choose(logits))
        self._write_forced()

    def finish(self) -> None:
        """Say what is left to be said, and that it is over."""
        assert self.stop is not None
        rest = self._decoder.decode(b"", final=True)
        if rest:
            self.listener.said(rest)
        self.listener.ended(self.stop, self.usage)

    @property
    def usage(self) -> Usage:
        """What it cost so far."""
        now = time.perf_counter()
        read_at = self._read_at or now
        return Usage(
            prompt_tokens=len(self.prompt),
            cached_tokens=self._n_known,
            completion_tokens=len(self.written),
            forced_tokens=self._n_forced,
            queued_s=self._began_at - self._asked_at,
            prefill_s=read_at - self._began_at,
            decode_s=now - read_at,
            first_token_s=read_at - self._asked_at,
        )

    def _choose(self, logits: Logits) -> int:
        """The next token; masking the whole row is only paid for when the model's own choice breaks the grammar."""
        halves = [] if self._matcher is None else self._halves()
        for biased, bias in self._biases.items():
            logits[biased] += bias
        kept = logits[halves]
        logits[halves] = -np.inf
        token = sample(logits, self._sampling, self._random)
        if self._matcher is None or self._matcher.try_consume_tokens([token]) == 1:
            return token
        llguidance.numpy.fill_next_token_bitmask(self._matcher, self._mask)
        llguidance.numpy.apply_token_bitmask_inplace(logits, self._mask)
        if halves and not np.isfinite(logits).any():  # what is due is a word for which there is no one token
            logits[halves] = kept
            llguidance.numpy.apply_token_bitmask_inplace(logits, self._mask)
        token = sample(logits, self._sampling, self._random)
        if not np.isfinite(logits[token]) or not self._matcher.consume_token(token):
            raise ModelError(f"the grammar allows no token here: {self._matcher.get_error()[:ERROR_CHARS]}")
        return token

    def _halves(self) -> list[int]:
        """Tokens that would write only a part of what must come next, and leave the rest to a token it is rarely in.

        A model that has to begin with a space and a quotation mark was trained on the one token that is both.
        """
        due: bytes = self._matcher.compute_ff_bytes()
        if len(due) < 2 or self._matcher.compute_ff_tokens():
            return []
        made = [self._token_of(due[:n]) for n in range(1, len(due))]
        return [token for token in made if token is not None]

    def _write_forced(self) -> None:
        """Write what the grammar leaves no choice of; it is decoded together with what was chosen before."""
        while self._forced and self.stop is None and (run := self._matcher.compute_ff_tokens()):
            for token in run:
                if self.stop is not None or not self._matcher.consume_token(token):
                    return
                self._n_forced += 1
                self._write(token)

    def _write(self, token: int) -> None:
        if self._matcher is not None and self._matcher.is_error():  # which takes an end for one, too
            raise ModelError(f"the grammar cannot go on: {self._matcher.get_error()[:ERROR_CHARS]}")
        self.written.append(token)
        if token in self._vocabulary.ends:
            self.stop = "end"
            return
        piece = self._decoder.decode(self._vocabulary.piece(token))
        if piece:
            self.listener.said(piece)
        if "\n" in piece:
            self._biases = {}
        if self._matcher is not None and self._matcher.is_stopped():
            self.stop = "end"
        elif loops(self.written):
            self.stop = "loop"
        elif len(self.written) >= self.n_max:
            self.stop = "length"


def loops(tokens: Sequence[int]) -> bool:
    """Whether the text ends in one short group of tokens over and over, which a small model does not leave again."""
    for period in range(1, LOOP_PERIOD + 1):
        span = max(LOOP_TOKENS, LOOP_TIMES * period)
        if len(tokens) >= span and tokens[-1] == tokens[-1 - period]:
            tail = tokens[-span:]
            if tail[period:] == tail[:-period]:
                return True
    return False
