"""llama.cpp through its low-level API: one model, one sequence, its KV cache reused as far as the prompt agrees.

Runs only in the model's process: a wrong call here ends a process, not the program.
"""

from __future__ import annotations

import codecs
import ctypes
import sys
import time
from collections.abc import Callable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

import llama_cpp
import llguidance
import llguidance.llamacpp
import llguidance.numpy
import numpy as np

from rookery_core.errors import GrammarError, ModelError, ModelUnreadable, PromptTooLong
from rookery_core.events import Usage
from rookery_core.model.base import LoadOptions, Message, Sampling
from rookery_core.model.chat_template import ChatTemplate
from rookery_core.model.sampler import Logits, sample

MAX_DEFAULT_CTX = 8192
N_BATCH = 128
"""Tokens of the prompt decoded at once; small enough that stopping between two batches is quick."""
MAX_ERRORS = 20
LOOP_PERIOD = 20
LOOP_TIMES = 8
LOOP_TOKENS = 64
"""A run of at least this many tokens that is one group of at most `LOOP_PERIOD`, at least `LOOP_TIMES` times over."""
Stop = Literal["end", "length", "loop"]
_ABORTED = 2
_NO_ROOM = 1
_LOG_WARN, _LOG_ERROR = 3, 4


class Stopped(Exception):
    """The request was cancelled."""


class Engine:
    """A loaded model. Every method belongs to one thread; `stopped` is asked from inside llama.cpp."""

    def __init__(self, options: LoadOptions, *, progress: Callable[[float], None], stopped: Callable[[], bool]) -> None:
        """Load the model. Raises ModelUnreadable with llama.cpp's own reason."""
        self._stopped = stopped
        self._errors: list[str] = []
        self._keep_callbacks(progress)
        _check_file(Path(options.path))
        self._model = self._load(options)
        self._vocab = llama_cpp.llama_model_get_vocab(self._model)
        self._n_vocab = llama_cpp.llama_vocab_n_tokens(self._vocab)
        self.n_ctx_train = llama_cpp.llama_model_n_ctx_train(self._model)
        self._context = self._open_context(options)
        self._memory = llama_cpp.llama_get_memory(self._context)
        self.n_ctx = llama_cpp.llama_n_ctx(self._context)
        source = llama_cpp.llama_model_chat_template(self._model, None)
        self._template = ChatTemplate(
            source.decode("utf-8", "replace") if source else None,
            bos=self._special_text(llama_cpp.llama_vocab_bos(self._vocab)),
            eos=self._special_text(llama_cpp.llama_vocab_eos(self._vocab)),
        )
        self.template_origin = self._template.origin
        ends = [t for t in range(self._n_vocab) if llama_cpp.llama_vocab_is_eog(self._vocab, t)]
        if not ends:
            raise ModelUnreadable(f"{options.path} has no end-of-text token; it is not a chat model")
        self._guide = llguidance.llamacpp.lltokenizer_from_vocab(self._vocab, eos_token=ends)
        self._mask = llguidance.numpy.allocate_token_bitmask(1, self._n_vocab)
        self._matchers: dict[str, Any] = {}
        self._cached: list[int] = []
        self._tokenize = lru_cache(maxsize=4096)(self._tokenize_uncached)

    # -- prompts ------------------------------------------------------------------------------------------------

    def tokens(self, messages: Sequence[Message]) -> list[int]:
        """The prompt of these messages as token ids."""
        made: list[int] = []
        for segment in self._template.render(messages):
            made.extend(self._tokenize(segment.text, segment.special))
        bos = llama_cpp.llama_vocab_bos(self._vocab)
        if llama_cpp.llama_vocab_get_add_bos(self._vocab) and made[:1] != [bos]:
            made.insert(0, bos)
        return made

    def _tokenize_uncached(self, text: str, special: bool) -> tuple[int, ...]:
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        ids = (llama_cpp.llama_token * room)()
        n = llama_cpp.llama_tokenize(self._vocab, raw, len(raw), ids, room, False, special)
        if n < 0:
            raise ModelError("the text cannot be turned into tokens")
        return tuple(ids[:n])

    # -- generating ---------------------------------------------------------------------------------------------

    def generate(
        self, prompt: list[int], sampling: Sampling, grammar: str | None, say: Callable[[str], None]
    ) -> tuple[Stop, Usage]:
        """Write the next message, piece by piece to `say`. Raises GrammarError, PromptTooLong, Stopped."""
        matcher = self._matcher(grammar)
        if len(prompt) + 1 > self.n_ctx:
            raise PromptTooLong(f"the prompt has {len(prompt)} tokens and the window {self.n_ctx}")
        random = np.random.default_rng(sampling.seed)
        decoder = codecs.getincrementaldecoder("utf-8")("replace")
        began = time.perf_counter()
        reused = self._reuse(prompt)
        self._decode(prompt[reused:])
        prefilled = first = time.perf_counter()
        n_max = min(sampling.max_tokens, self.n_ctx - len(prompt))
        n = 0
        stop: Stop = "length"
        written: list[int] = []
        while n < n_max:
            token = self._next(matcher, sampling, random)
            written.append(token)
            n += 1
            first = time.perf_counter() if n == 1 else first
            if llama_cpp.llama_vocab_is_eog(self._vocab, token):
                stop = "end"
                break
            piece = decoder.decode(self._piece(token))
            if piece:
                say(piece)
            if matcher is not None and matcher.is_stopped():
                stop = "end"
                break
            if loops(written):
                stop = "loop"
                break
            if n < n_max:
                self._decode([token])
        rest = decoder.decode(b"", final=True)
        if rest:
            say(rest)
        return stop, Usage(
            prompt_tokens=len(prompt),
            cached_tokens=reused,
            completion_tokens=n,
            prefill_s=prefilled - began,
            decode_s=time.perf_counter() - prefilled,
            first_token_s=first - began,
        )

    def _next(self, matcher: Any, sampling: Sampling, random: np.random.Generator) -> int:
        """The next token; masking the whole row is only paid for when the model's own choice breaks the grammar."""
        row = llama_cpp.llama_get_logits_ith(self._context, -1)
        logits: Logits = np.ctypeslib.as_array(row, shape=(self._n_vocab,))
        token = sample(logits, sampling, random)
        if matcher is None or matcher.try_consume_tokens([token]) == 1:
            return token
        llguidance.numpy.fill_next_token_bitmask(matcher, self._mask)
        llguidance.numpy.apply_token_bitmask_inplace(logits, self._mask)
        token = sample(logits, sampling, random)
        if not np.isfinite(logits[token]) or not matcher.consume_token(token):
            raise ModelError(f"the grammar allows no token here: {matcher.get_error()}")
        return token

    def _matcher(self, grammar: str | None) -> Any:
        """A fresh matcher; llguidance does not raise for a bad grammar, so it is asked."""
        if grammar is None:
            return None
        if grammar not in self._matchers:
            made = llguidance.LLMatcher(self._guide, grammar, log_level=0)
            if made.is_error():
                raise GrammarError("(all together)", made.get_error())
            if len(self._matchers) >= 16:
                self._matchers.clear()
            self._matchers[grammar] = made
        return self._matchers[grammar].deep_copy()

    def _reuse(self, prompt: list[int]) -> int:
        """Keep what the cache shares with the prompt, drop the rest, and say how many tokens need no decoding.

        The last token is always decoded, since its logits are needed. A recurrent or hybrid model refuses to drop a
        part; then all is decoded again.
        """
        shared = 0
        for ours, theirs in zip(self._cached, prompt[:-1], strict=False):
            if ours != theirs:
                break
            shared += 1
        if not llama_cpp.llama_memory_seq_rm(self._memory, 0, shared, -1):
            llama_cpp.llama_memory_clear(self._memory, True)
            shared = 0
        del self._cached[shared:]
        return shared

    def _decode(self, tokens: Sequence[int]) -> None:
        for start in range(0, len(tokens), N_BATCH):
            if self._stopped():
                raise Stopped
            part = tokens[start : start + N_BATCH]
            ids = (llama_cpp.llama_token * len(part))(*part)
            self._errors.clear()
            code = llama_cpp.llama_decode(self._context, llama_cpp.llama_batch_get_one(ids, len(part)))
            if code == 0:
                self._cached.extend(part)
                continue
            done = llama_cpp.llama_memory_seq_pos_max(self._memory, 0) + 1
            self._cached.extend(part[: max(done - len(self._cached), 0)])
            if code == _ABORTED:
                raise Stopped
            if code == _NO_ROOM:
                raise PromptTooLong(f"the window of {self.n_ctx} tokens is full")
            raise ModelError(f"llama.cpp could not decode (code {code}): {self._first_error()}")

    def _piece(self, token: int) -> bytes:
        room = ctypes.create_string_buffer(256)
        n = llama_cpp.llama_token_to_piece(self._vocab, token, room, len(room), 0, False)
        return room.raw[:n] if n > 0 else b""

    def _special_text(self, token: int) -> str:
        room = ctypes.create_string_buffer(256)
        n = llama_cpp.llama_token_to_piece(self._vocab, token, room, len(room), 0, True) if token >= 0 else 0
        return room.raw[: max(n, 0)].decode("utf-8", "replace")

    # -- loading ------------------------------------------------------------------------------------------------

    def _keep_callbacks(self, progress: Callable[[float], None]) -> None:
        """Make the C callbacks and hold on to them; llama.cpp keeps only their addresses."""

        def log(level: int, text: bytes, _: Any) -> None:
            line = text.decode("utf-8", "replace").rstrip()
            if level == _LOG_ERROR and line and len(self._errors) < MAX_ERRORS:
                self._errors.append(line)
            if level in (_LOG_WARN, _LOG_ERROR) and line:
                print(line, file=sys.stderr, flush=True)

        last = -1

        def tell(fraction: float, _: Any) -> bool:
            nonlocal last
            if int(fraction * 50) != last:
                last = int(fraction * 50)
                progress(fraction)
            return True

        self._on_log = llama_cpp.llama_log_callback(log)
        self._on_progress = llama_cpp.llama_progress_callback(tell)
        self._on_abort = llama_cpp.ggml_abort_callback(lambda _: self._stopped())
        llama_cpp.llama_log_set(self._on_log, ctypes.c_void_p(0))

    def _load(self, options: LoadOptions) -> Any:
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        params.progress_callback = self._on_progress
        model = llama_cpp.llama_model_load_from_file(options.path.encode(), params)
        if not model:
            raise ModelUnreadable(
                f"{options.path} cannot be loaded: {self._first_error()}. Get the file again, or choose another."
            )
        return model

    def _open_context(self, options: LoadOptions) -> Any:
        self._errors.clear()
        params = llama_cpp.llama_context_default_params()
        params.n_ctx = options.n_ctx or min(self.n_ctx_train, MAX_DEFAULT_CTX)
        params.n_batch = params.n_ubatch = N_BATCH
        params.n_threads = options.n_threads
        params.n_threads_batch = options.n_threads_batch
        params.abort_callback = self._on_abort
        params.flash_attn_type = llama_cpp.LLAMA_FLASH_ATTN_TYPE_DISABLED
        params.no_perf = True
        context = llama_cpp.llama_init_from_model(self._model, params)
        if not context:
            raise ModelUnreadable(
                f"{options.path}: no context of {params.n_ctx} tokens can be made: {self._first_error()}. "
                "Set a smaller model.n_ctx, or choose a smaller model."
            )
        return context

    def _first_error(self) -> str:
        """What llama.cpp said first; what it says after that follows from it."""
        return self._errors[0] if self._errors else "llama.cpp gave no reason"


def loops(tokens: Sequence[int]) -> bool:
    """Whether the text ends in one short group of tokens over and over, which a small model does not leave again."""
    for period in range(1, LOOP_PERIOD + 1):
        span = max(LOOP_TOKENS, LOOP_TIMES * period)
        if len(tokens) >= span and tokens[-1] == tokens[-1 - period]:
            tail = tokens[-span:]
            if tail[period:] == tail[:-period]:
                return True
    return False


def _check_file(path: Path) -> None:
    """Refuse what is clearly no model before llama.cpp sees it."""
    if not path.is_file():
        raise ModelUnreadable(f"{path} is not a file")
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as exc:
        raise ModelUnreadable(f"{path} cannot be read: {exc.strerror}") from exc
    if magic != b"GGUF":
        raise ModelUnreadable(f"{path} is not a GGUF file. Rookery loads models in llama.cpp's GGUF format.")
