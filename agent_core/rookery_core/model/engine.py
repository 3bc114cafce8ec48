"""One loaded model that serves many requests at once: their tokens are decoded together, in small batches.

Runs only in the model's process, and every method belongs to one thread.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache
from pathlib import Path
from typing import Any

import llama_cpp
import llguidance
import numpy as np

from rookery_core.errors import GrammarError, ModelError, ModelUnreadable, PromptTooLong, RookeryError
from rookery_core.model.base import LoadOptions, Message, Sampling
from rookery_core.model.chat_template import CALL_MARKS, ChatTemplate
from rookery_core.model.expanded import Expanded, Pair, expand, open_pair, suits
from rookery_core.model.generation import Generation, Listener
from rookery_core.model.llama import Aborted, Batch, Context, NoRoom, Shape, StopSign
from rookery_core.model.prefix import PrefixCache, Tokens, shared
from rookery_core.model.saved import SavedStates, fingerprint
from rookery_core.model.weights import Weights, log

MAX_DEFAULT_CTX = 8192
N_SEQ = 32
N_BATCH = 512
MAX_RUNNING = 16
MAX_WAITING = 256
ALONE_S, BESIDE_OTHERS_S = 0.3, 0.06
"""How long reading may take at a time: while nobody else writes, and while somebody does."""
MIN_CHUNK = 32
WORTH_WAITING = 32
"""Tokens of a prompt that another request is about to read, for which a request waits rather than read them too."""


class Stopped(Exception):
    """The request was cancelled."""


class Engine:
    """A loaded model."""

    def __init__(
        self,
        options: LoadOptions,
        *,
        progress: Callable[[float], None] = lambda _: None,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """Load the model; once `ended` says so, loading and decoding are given up. Raises ModelUnreadable."""
        log()
        path = Path(options.path)
        self._ended = ended
        self._stop = StopSign()
        self._weights = Weights(path, progress, ended)
        self._guide: Future[Any] = ThreadPoolExecutor(1).submit(self._weights.guide)  # 0.2 s, beside all that follows
        try:
            self._set_up(options)
        except BaseException:
            self._close_weights()
            raise

    def _set_up(self, options: LoadOptions) -> None:
        if self._weights.pooling:
            raise ModelUnreadable(
                f"{options.path} is an embedding model: it makes vectors and writes no text. Choose a chat model."
            )
        if not self._weights.ends:
            raise ModelUnreadable(f"{options.path} has no end-of-text token; it is not a chat model")
        self.n_ctx_train = self._weights.n_ctx_train
        n_ctx = options.n_ctx or min(self.n_ctx_train, MAX_DEFAULT_CTX)
        shape = Shape(n_ctx, N_SEQ, N_BATCH, options.n_threads, options.n_threads_batch)
        self._context, expanded = self._open(options, shape)
        self.n_ctx = self._context.n_ctx
        self._states = _states(options, self.n_ctx, expanded.format.name if expanded else "")
        self._cache = PrefixCache(
            self._context,
            n_seq=N_SEQ,
            park_bytes=options.park_bytes,
            recurrent=self._weights.recurrent,
            disk=self._states,
        )
        self._template = ChatTemplate(
            self._weights.chat_template,
            bos=self._weights.special_text(self._weights.bos),
            eos=self._weights.special_text(llama_cpp.llama_vocab_eos(self._weights.vocab)),
        )
        self.template_origin = self._template.origin
        self.notes = _notes(self._weights, self._context, expanded)
        self._forced = options.forced
        self._matchers: dict[str, Any] = {}
        self._token_of = lru_cache(maxsize=1024)(self._find_token)
        self._waiting: list[Generation] = []
        self._running: list[Generation] = []
        self._decoding: list[Generation] = []
        self._rate = 200.0

    def _open(self, options: LoadOptions, shape: Shape) -> tuple[Context | Pair, Expanded | None]:
        """The context, or two that read faster where that is so; and what the second one has."""
        adapter = Path(options.adapter) if options.adapter else None
        lora = self._weights.load_adapter(adapter) if adapter is not None else None
        if options.expanded and (format := suits(self._weights)):
            made = expand(self._weights, format, Path(options.expanded), options.n_threads_batch)
            if made is not None:
                try:
                    pair = open_pair(self._weights, lora, made.path, adapter, shape, self._stop)
                    return pair, made
                except ModelUnreadable:
                    pass  # damaged, or there is no memory for both; the file as it is may do
        return Context(self._weights, shape, stop=self._stop, adapter=lora), None

    @property
    def facts(self) -> dict[str, Any]:
        """What whoever loaded it is told."""
        return {
            "n_ctx": self.n_ctx,
            "n_ctx_train": self.n_ctx_train,
            "template": self.template_origin,
            "notes": self.notes,
            "native": self._template.native and all(map(self._weights.has_mark, CALL_MARKS)),
        }

    # -- requests -----------------------------------------------------------------------------------------------

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """The prompt of these messages as token ids. Raises ModelError."""
        made: list[int] = []
        for segment in self._template.render(messages):
            made.extend(self._weights.tokenize(segment.text, segment.special))
        if self._weights.adds_bos and made[:1] != [self._weights.bos]:
            made.insert(0, self._weights.bos)
        return made

    def submit(
        self,
        prompt: Sequence[int],
        sampling: Sampling,
        grammar: str | None,
        listener: Listener,
        stopped: Callable[[], bool] = lambda: False,
    ) -> None:
        """Take on a request; what comes of it goes to the listener while `step` is called.

        Raises GrammarError, PromptTooLong, and ModelError when too many wait.
        """
        if not prompt:
            raise ModelError("the prompt is empty")
        if len(prompt) + 1 > self.n_ctx:
            raise PromptTooLong(f"the prompt has {len(prompt)} tokens and the window {self.n_ctx}")
        if len(self._waiting) >= MAX_WAITING:
            raise ModelError(f"{MAX_WAITING} requests are waiting already; make them one after the other")
        tokens: Tokens = np.array(prompt, np.int32)
        matcher = self._matcher(grammar)
        self._waiting.append(
            Generation(
                tokens,
                self.n_ctx,
                sampling,
                matcher,
                listener,
                self._weights,
                token_of=self._token_of,
                stopped=stopped,
                forced=self._forced,
            )
        )

    @property
    def n_bytes(self) -> int:
        """Memory of its weights."""
        return self._weights.n_bytes + (self._context.n_bytes if isinstance(self._context, Pair) else 0)

    @property
    def busy(self) -> bool:
        """Whether a request is waiting or being served."""
        return bool(self._waiting or self._running)

    @property
    def wanted(self) -> bool:
        """Whether somebody still waits for one of them."""
        return any(not request.stopped() for request in (*self._waiting, *self._running))

    def step(self) -> None:
        """Decode one batch, of a token or some for every request whose turn it is."""
        for request in [request for request in (*self._waiting, *self._running) if request.stopped()]:
            self._fail(request, Stopped())
        self._admit()
        batch, parts = self._batch()
        if not parts:
            return
        self._decoding = [request for request, _, _ in parts]
        self._stop.lower()
        self.look()
        began = time.perf_counter()
        try:
            self._context.decode(batch)
        except Aborted:
            self._look_again(parts)
            return
        except NoRoom:
            self._look_again(parts)
            if not self._cache.clear_idle():
                self._fail(parts[-1][0], PromptTooLong(f"the window of {self.n_ctx} tokens is full"))
            return
        except ModelError as exc:
            self._look_again(parts)
            for request, _, _ in parts:
                self._fail(request, exc)
            return
        self._cache.tick()
        if len(batch) >= MIN_CHUNK:
            self._rate += 0.3 * (len(batch) / max(time.perf_counter() - began, 1e-6) - self._rate)
        for request, tokens, index in parts:
            self._take_in(request, tokens, index)

    def look(self) -> None:
        """A request may have been stopped: give up the batch that nobody wants any more. For any thread."""
        if self._ended() or (self._decoding and all(request.stopped() for request in self._decoding)):
            self._stop.raise_()

    def fail(self, error: ModelError) -> None:
        """End every request with this error."""
        for request in (*self._waiting, *self._running):
            self._fail(request, error)

    def save(self) -> None:
        """Write what was read to disk, for the next process."""
        if self._states is not None:
            for age, (tokens, state) in enumerate(self._cache.worth_saving()):
                self._states.save(tokens, state, age)

    def close(self) -> None:
        """Give the memory back."""
        self._context.close()
        self._close_weights()

    def _close_weights(self) -> None:
        self._guide.exception()  # whoever makes it reads them
        self._weights.close()

    # -- one step -----------------------------------------------------------------------------------------------

    def _admit(self) -> None:
        for request in self._waiting.copy():
            if len(self._running) >= MAX_RUNNING:
                return
            if self._is_being_read(request):
                continue
            held = self._cache.take(request.prompt, request.room)
            if held is None:
                return
            self._waiting.remove(request)
            self._running.append(request)
            request.begin(held)
            if request.stop is not None:
                self._finish(request)

    def _is_being_read(self, request: Generation) -> bool:
        """Whether a good part of its prompt is about to be known."""
        if self._weights.recurrent:
            return False
        soon = max((shared(request.prompt, other.prompt) for other in self._running if other.reading), default=0)
        return min(soon, len(request.prompt) - 1) >= self._cache.known(request.prompt) + WORTH_WAITING

    def _batch(self) -> tuple[Batch, list[tuple[Generation, list[int], int]]]:
        """What is decoded next: all of those that write, and a piece of each that reads, however long its prompt is."""
        batch = Batch()
        parts: list[tuple[Generation, list[int], int]] = []
        writers = [request for request in self._running if not request.reading]
        readers = [request for request in self._running if request.reading]
        seconds = BESIDE_OTHERS_S if writers else ALONE_S
        chunk = max(MIN_CHUNK, int(self._rate * seconds)) // max(len(readers), 1)
        for request in (*writers, *readers):
            n = min(N_BATCH - len(batch), request.n_undecoded)
            if request.reading:
                n = min(n, max(chunk, 1))
            if n <= 0 or request.held is None:
                continue
            tokens = request.undecoded(n)
            index = batch.add(request.held.number, request.held.n, tokens, logits=n == request.n_undecoded)
            parts.append((request, tokens, index))
        return batch, parts

    def _take_in(self, request: Generation, tokens: list[int], index: int) -> None:
        assert request.held is not None
        self._cache.extend(request.held, tokens)
        if request.n_undecoded:
            request.listener.reading(request.held.n, len(request.prompt))
            return
        try:
            request.accept(self._context.logits(index))
        except RookeryError as exc:
            self._fail(request, exc)
        else:
            if request.stop is not None:
                self._finish(request)

    def _finish(self, request: Generation) -> None:
        self._leave(request)
        request.finish()

    def _fail(self, request: Generation, error: Exception) -> None:
        self._leave(request)
        request.listener.failed(error)

    def _leave(self, request: Generation) -> None:
        if request in self._waiting:
            self._waiting.remove(request)
        else:
            self._running.remove(request)
        if request.held is not None:
            self._cache.release(request.held)

    def _look_again(self, parts: list[tuple[Generation, list[int], int]]) -> None:
        """After a batch that failed: a model whose memory cannot be cut has lost more than the batch."""
        for request, _, _ in parts:
            if request.held is not None:
                request.held.n = min(request.held.n, self._context.length(request.held.number))

    def _find_token(self, raw: bytes) -> int | None:
        tokens = self._guide.result().tokenize_bytes(raw)
        return tokens[0] if len(tokens) == 1 and self._weights.piece(tokens[0]) == raw else None

    def _matcher(self, grammar: str | None) -> Any:
        """A fresh matcher; llguidance does not raise for a bad grammar, so it is asked."""
        if grammar is None:
            return None
        if grammar not in self._matchers:
            made = llguidance.LLMatcher(self._guide.result(), grammar, log_level=0)
            if made.is_error():
                raise GrammarError("(all together)", made.get_error())
            if len(self._matchers) >= 16:
                self._matchers.clear()
            self._matchers[grammar] = made
        return self._matchers[grammar].deep_copy()


def _states(options: LoadOptions, n_ctx: int, read_as: str) -> SavedStates | None:
    """What was read before. `read_as` is the format of the weights that read, "" for the installed ones."""
    if not options.states or not options.states_bytes:
        return None
    files = [Path(file) for file in (options.path, options.adapter) if file]
    name = fingerprint(llama_cpp.__version__, n_ctx, "f16", "flash_attn off", read_as, files=files)
    return SavedStates(Path(options.states), name, options.states_bytes)


def _notes(weights: Weights, context: Context | Pair, expanded: Expanded | None) -> tuple[str, ...]:
    notes: list[str] = []
    if weights.recurrent:
        notes.append(
            "this model's memory cannot be cut, so a conversation is read from its beginning again where it is not "
            "gone on with at its very end"
        )
    if isinstance(context, Pair) and expanded is not None:
        notes.append(
            f"prompts are read with the weights expanded to {expanded.format.name} ({context.n_bytes >> 20} MB more "
            f"memory, KL {expanded.kl:.4f} to the installed file; model.expand = false turns it off)"
        )
    return tuple(notes)
