"""One loaded embedding model: texts in, vectors of length 1 out, several texts decoded together.

Runs only in the model's process, and every method belongs to one thread. Knows nothing of what the vectors are for.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from rookery_core.errors import ModelError, ModelUnreadable
from rookery_core.model.base import LoadOptions
from rookery_core.model.llama import Aborted, Batch, Context, Shape, StopSign
from rookery_core.model.weights import Weights, log

Vectors = NDArray[np.float32]

MAX_WINDOW = 2048
"""A text is decoded in one piece, since each token may look at those after it; memory grows with the square of it."""
N_SEQ = 32
CHARS_PER_TOKEN = 64
"""More than a window holds, so that no more of a very long text is split into tokens than is needed."""
_RANK = 4
"""llama.cpp's number for models that judge a pair of texts."""


class Listener(Protocol):
    """Who made the request."""

    def embedded(self, vectors: Vectors) -> None: ...
    def done(self) -> None: ...
    def failed(self, error: Exception) -> None: ...


class _Request:
    def __init__(self, texts: Sequence[str], listener: Listener, stopped: Callable[[], bool]) -> None:
        self.texts = texts
        self.listener = listener
        self.stopped = stopped
        self.n_done = 0


class EmbeddingModel:
    """A loaded embedding model."""

    def __init__(
        self,
        options: LoadOptions,
        *,
        progress: Callable[[float], None] = lambda _: None,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """Load the model; once `ended` says so, loading and decoding are given up. Raises ModelUnreadable."""
        log()
        self._ended = ended
        self._stop = StopSign()
        self._decoding: list[_Request] = []
        self._weights = Weights(Path(options.path), progress, ended)
        try:
            self._set_up(options)
        except BaseException:
            self._weights.close()
            raise

    def _set_up(self, options: LoadOptions) -> None:
        if self._weights.pooling in (0, _RANK):
            raise ModelUnreadable(
                f"{options.path} is not an embedding model: it makes no vector of a whole text. Choose a GGUF file "
                "that was made for embeddings."
            )
        self.n_bytes = self._weights.n_bytes
        self.n_dims = self._weights.n_embd
        self.window = min(options.n_ctx or MAX_WINDOW, self._weights.n_ctx_train)
        shape = Shape(self.window, N_SEQ, self.window, options.n_threads_batch, options.n_threads_batch)
        self._context = Context(self._weights, shape, stop=self._stop, embeddings=True)
        self._before, self._after = self._marks()
        self._requests: deque[_Request] = deque()

    @property
    def facts(self) -> dict[str, Any]:
        """What whoever loaded it is told."""
        return {"n_dims": self.n_dims, "window": self.window}

    def submit(self, texts: Sequence[str], listener: Listener, stopped: Callable[[], bool] = lambda: False) -> None:
        """Take on a request; its vectors go to the listener, in the order of the texts, while `step` is called."""
        request = _Request(texts, listener, stopped)
        if texts:
            self._requests.append(request)
        else:
            listener.done()

    @property
    def busy(self) -> bool:
        """Whether a request is waiting or being served."""
        return bool(self._requests)

    @property
    def wanted(self) -> bool:
        """Whether somebody still waits for one of them."""
        return any(not request.stopped() for request in self._requests)

    def step(self) -> None:
        """Decode one batch of texts, taken from every request in turn."""
        for request in [request for request in self._requests if request.stopped()]:
            self._requests.remove(request)
            request.listener.failed(ModelError("stopped"))
        batch, self._decoding = self._batch()
        if not self._decoding:
            return
        self._stop.lower()
        self.look()
        try:
            self._context.decode(batch)
            rows = np.stack([self._context.embedding(sequence) for sequence in range(len(self._decoding))])
        except Aborted:
            return
        except ModelError as exc:
            self._fail(exc)
            return
        finally:
            for sequence in range(len(self._decoding)):
                self._context.drop(sequence)
        rows /= np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), np.finfo(np.float32).tiny)
        for request in dict.fromkeys(self._decoding):
            self._tell(request, rows[[each is request for each in self._decoding]])
        self._requests.rotate(-1)

    def look(self) -> None:
        """A request may have been stopped: give up the batch that nobody wants any more. For any thread."""
        if self._ended() or (self._decoding and all(request.stopped() for request in self._decoding)):
            self._stop.raise_()

    def fail(self, error: ModelError) -> None:
        """End every request with this error."""
        while self._requests:
            self._requests.popleft().listener.failed(error)

    def save(self) -> None:
        """There is nothing that outlives the process."""

    def close(self) -> None:
        """Give the memory back."""
        self._context.close()
        self._weights.close()

    def _batch(self) -> tuple[Batch, list[_Request]]:
        """Whole texts, each a sequence of its own, and the request that each is of."""
        batch = Batch()
        owners: list[_Request] = []
        turns = deque((request, request.n_done) for request in self._requests)
        while turns and len(owners) < N_SEQ:
            request, n = turns.popleft()
            tokens = self._tokens(request.texts[n])
            if len(batch) + len(tokens) > self.window:
                break
            batch.add(len(owners), 0, tokens, logits=True)
            owners.append(request)
            if n + 1 < len(request.texts):
                turns.append((request, n + 1))
        batch.wanted = [True] * len(batch)
        return batch, owners

    def _tell(self, request: _Request, vectors: Vectors) -> None:
        request.n_done += len(vectors)
        request.listener.embedded(vectors)
        if request.n_done == len(request.texts):
            self._requests.remove(request)
            request.listener.done()

    def _fail(self, error: ModelError) -> None:
        for request in dict.fromkeys(self._decoding):
            self._requests.remove(request)
            request.listener.failed(error)

    def _tokens(self, text: str) -> Sequence[int]:
        """The text as far as the window goes, between the marks the model wants around it."""
        room = self.window - len(self._before) - len(self._after)
        inner = self._weights.tokenize(text[: room * CHARS_PER_TOKEN], False)[:room]
        return (*self._before, *inner, *self._after) or (max(self._weights.bos, 0),)

    def _marks(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """What the model wants before and after a text."""
        inner = self._weights.tokenize("a", False)
        whole = self._weights.tokenize("a", False, True)
        start = whole.index(inner[0]) if inner else len(whole)
        return whole[:start], whole[start + len(inner) :]
