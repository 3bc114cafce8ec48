"""A GGUF file, loaded: its tensors, its vocabulary, and what llama.cpp had to say about it.

Runs only in the models' processes: a wrong call here ends a process, not the program.
"""

from __future__ import annotations

import ctypes
import sys
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any

import llama_cpp
import llguidance

from rookery_core.errors import ModelError, ModelUnreadable

MAX_ERRORS = 20
SHORT = 4096
"""Characters of a text whose tokens are remembered."""
_LOG_WARN, _LOG_ERROR = 3, 4


class Log:
    """What llama.cpp says: warnings and errors go to standard error, and the first errors are remembered."""

    def __init__(self) -> None:
        self._errors: list[str] = []
        self._callback = llama_cpp.llama_log_callback(self._take)
        llama_cpp.llama_log_set(self._callback, ctypes.c_void_p(0))

    def clear(self) -> None:
        self._errors.clear()

    @property
    def first_error(self) -> str:
        """What it said first; what it says after that follows from it."""
        return self._errors[0] if self._errors else "llama.cpp gave no reason"

    def _take(self, level: int, text: bytes, _: Any) -> None:
        line = text.decode("utf-8", "replace").rstrip()
        if level == _LOG_ERROR and line and len(self._errors) < MAX_ERRORS:
            self._errors.append(line)
        if level in (_LOG_WARN, _LOG_ERROR) and line:
            print(line, file=sys.stderr, flush=True)


@lru_cache(maxsize=1)
def log() -> Log:
    """The one log of this process; asking for it takes llama.cpp's messages away from the terminal."""
    return Log()


class Weights:
    """A loaded GGUF file: its tensors and its vocabulary."""

    def __init__(
        self,
        path: Path,
        progress: Callable[[float], None] = lambda _: None,
        ended: Callable[[], bool] = lambda: False,
    ) -> None:
        """Load the file; `progress` gets fractions, `ended` gives up. ModelUnreadable has llama.cpp's own reason."""
        self.path = path
        _check_file(path)
        log().clear()
        llama_cpp.llama_backend_init()
        params = llama_cpp.llama_model_default_params()
        last = -1

        def tell(fraction: float, _: Any) -> bool:
            nonlocal last
            if int(fraction * 50) != last:
                last = int(fraction * 50)
                progress(fraction)
            return not ended()

        callback = llama_cpp.llama_progress_callback(tell)
        params.progress_callback = callback
        self.model = llama_cpp.llama_model_load_from_file(str(path).encode(), params)
        if not self.model:
            raise ModelUnreadable(
                f"{path} cannot be loaded: {log().first_error}. Get the file again, or choose another."
            )
        self.vocab = llama_cpp.llama_model_get_vocab(self.model)
        self.n_vocab: int = llama_cpp.llama_vocab_n_tokens(self.vocab)
        self.n_ctx_train: int = llama_cpp.llama_model_n_ctx_train(self.model)
        self.n_embd: int = llama_cpp.llama_model_n_embd_out(self.model)
        self.n_bytes: int = llama_cpp.llama_model_size(self.model)
        self.n_params: int = llama_cpp.llama_model_n_params(self.model)
        self.bos: int = llama_cpp.llama_vocab_bos(self.vocab)
        self.adds_bos: bool = llama_cpp.llama_vocab_get_add_bos(self.vocab)
        self.ends = frozenset(t for t in range(self.n_vocab) if llama_cpp.llama_vocab_is_eog(self.vocab, t))
        self.recurrent: bool = llama_cpp.llama_model_is_recurrent(self.model) or llama_cpp.llama_model_is_hybrid(
            self.model
        )
        """Whether a part of what was read cannot be taken out of its memory again."""
        self._adapters: list[Any] = []
        self._tokenize_short = lru_cache(maxsize=1024)(self._tokenize)

    @property
    def chat_template(self) -> str | None:
        """The file's own, as Jinja."""
        source = llama_cpp.llama_model_chat_template(self.model, None)
        return source.decode("utf-8", "replace") if source else None

    @property
    def file_type(self) -> int:
        """The format of most tensors, as llama.cpp numbers them; -1 when the file does not say."""
        room = ctypes.create_string_buffer(16)
        n = llama_cpp.llama_model_meta_val_str(self.model, b"general.file_type", room, len(room))
        return int(room.value) if n > 0 else -1

    @property
    def pooling(self) -> int:
        """How it makes one vector of a whole text, as llama.cpp numbers it; 0 when it does not: it writes."""
        value = self._meta(f"{self._meta('general.architecture')}.pooling_type")
        return int(value) if value else 0

    def special_text(self, token: int) -> str:
        """A special token as text; empty for none."""
        return self.piece(token, special=True).decode("utf-8", "replace") if token >= 0 else ""

    def piece(self, token: int, *, special: bool = False) -> bytes:
        """The bytes of one token; they need not be whole characters."""
        room = ctypes.create_string_buffer(256)
        n = llama_cpp.llama_token_to_piece(self.vocab, token, room, len(room), 0, special)
        return room.raw[:n] if n > 0 else b""

    def guide(self) -> Any:
        """The vocabulary as llguidance needs it; as `llguidance.llamacpp` makes it, in half the time."""
        room = ctypes.create_string_buffer(512)
        tokens: list[bytes] = []
        for token in range(self.n_vocab):
            n = llama_cpp.llama_token_to_piece(self.vocab, token, room, len(room), 0, True)
            piece = room.raw[: max(n, 0)]
            tokens.append(b"\xff" + piece if self._is_mark(token, piece) else piece)
        maker: Any = llguidance.LLTokenizer
        return maker.from_llamacpp(
            tokens=tokens,
            vocab_ptr=self.vocab,
            tokenize_fptr=ctypes.cast(llama_cpp.llama_tokenize, ctypes.c_void_p).value,
            eos_token=sorted(self.ends),
            slices=None,
        )

    def has_mark(self, text: str) -> bool:
        """Whether this is one special token, which a grammar can name, and which is written out."""
        found = self._tokenize(text, True, False)
        return len(found) == 1 and self._is_mark(found[0], text.encode()) and self.piece(found[0]) == text.encode()

    def _is_mark(self, token: int, piece: bytes) -> bool:
        attributes = llama_cpp.llama_vocab_get_attr(self.vocab, token)
        named = attributes & llama_cpp.LLAMA_TOKEN_ATTR_USER_DEFINED and piece[:1] == b"<" and piece[-1:] == b">"
        return bool(attributes & llama_cpp.LLAMA_TOKEN_ATTR_CONTROL or named)

    def load_adapter(self, path: Path) -> Any:
        """A LoRA adapter made for these weights; ModelUnreadable when it does not fit."""
        cure = f"Take one that was made for {self.path.name}, or none: model.adapter = ''."
        try:
            _check_file(path)
        except ModelUnreadable as exc:
            raise ModelUnreadable(f"the adapter {exc} {cure}") from exc
        log().clear()
        adapter = llama_cpp.llama_adapter_lora_init(self.model, str(path).encode())
        if not adapter:
            raise ModelUnreadable(f"the adapter {path} does not fit {self.path}: {log().first_error}. {cure}")
        self._adapters.append(adapter)
        return adapter

    def close(self) -> None:
        """Give the memory back; contexts of these weights must be closed before."""
        for adapter in self._adapters:
            llama_cpp.llama_adapter_lora_free(adapter)
        self._adapters.clear()
        llama_cpp.llama_model_free(self.model)

    def _meta(self, key: str) -> str:
        """A value of the file's metadata; "" when it has none."""
        room = ctypes.create_string_buffer(256)
        n = llama_cpp.llama_model_meta_val_str(self.model, key.encode(), room, len(room))
        return room.value.decode("utf-8", "replace") if n >= 0 else ""

    def tokenize(self, text: str, special: bool, marked: bool = False) -> tuple[int, ...]:
        """`special`: marks in the text count as such; `marked`: with those that the model wants around a text.

        Raises ModelError.
        """
        made = self._tokenize_short if len(text) <= SHORT else self._tokenize
        return made(text, special, marked)

    def _tokenize(self, text: str, special: bool, marked: bool) -> tuple[int, ...]:
        raw = text.encode("utf-8", "replace")
        room = len(raw) + 8
        ids = (llama_cpp.llama_token * room)()
        n = llama_cpp.llama_tokenize(self.vocab, raw, len(raw), ids, room, marked, special)
        if n < 0:
            raise ModelError("the text cannot be turned into tokens")
        return tuple(ids[:n])


def _check_file(path: Path) -> None:
    """Refuse what is clearly no model before llama.cpp sees it."""
    if not path.is_file():
        raise ModelUnreadable(f"{path} is not a file.")
    try:
        with path.open("rb") as stream:
            magic = stream.read(4)
    except OSError as exc:
        raise ModelUnreadable(f"{path} cannot be read: {exc.strerror}.") from exc
    if magic != b"GGUF":
        raise ModelUnreadable(f"{path} is not a GGUF file. Rookery loads models in llama.cpp's GGUF format.")
