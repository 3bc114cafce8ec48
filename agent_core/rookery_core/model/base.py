"""What the rest of the program asks of a model: open it, count a prompt, stream a completion, close it.

Knows nothing of tools, agents or how the text is used.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Protocol

from rookery_core.errors import ModelDied
from rookery_core.usage import Usage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Role = Literal["system", "user", "assistant", "tool"]
PromptTier = Literal["full", "brief"]
"""How much a model is told: everything, or only what one that was trained for the work needs."""


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a conversation; a role the model's template lacks is mapped by the backend."""

    role: Role
    content: str
    tools: str = ""
    """On the first message: the tools for a template that lists them itself, a JSON list of functions."""


@dataclass(frozen=True, slots=True)
class Sampling:
    """How the next token is chosen."""

    temperature: float = 0.0
    """0 takes the most likely token each time."""
    top_k: int = 40
    """Choose among this many; 0 for all."""
    top_p: float = 0.95
    min_p: float = 0.05
    seed: int = 0
    max_tokens: int = 512
    logit_bias: Sequence[tuple[str, float]] = ()
    """Texts that are one token, and what is added to its logit while the first line is written."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How a GGUF file is loaded."""

    path: str
    n_ctx: int
    """Tokens of the window; 0: what the model was trained for, within the engine's limit."""
    n_threads: int
    """Threads that write tokens."""
    n_threads_batch: int
    """Threads that read the prompt."""
    adapter: str = ""
    """Path of a LoRA adapter in GGUF; "" for none."""
    prompt: PromptTier = "full"
    """The prompt that the model, with its adapter, was made for."""
    park_bytes: int = 0
    """Memory for what was read and is not in use; parts of it are read again when it is short."""
    states: str = ""
    """Folder in which what was read outlives the process; "" for none."""
    states_bytes: int = 0
    expanded: str = ""
    """Folder for expanded weights, where those make reading faster; "" to use the file as it is."""
    forced: bool = True
    """Whether tokens that the grammar leaves no choice of are written without sampling."""


@dataclass(frozen=True, slots=True)
class ModelInfo:
    """A loaded model, as it really is."""

    name: str
    path: str
    n_ctx: int
    n_ctx_train: int
    template: str
    load_s: float
    notes: tuple[str, ...] = ()
    """What the person should know of it."""
    prompt: PromptTier = "full"
    native: bool = False
    """Whether its template lists tools and has calls between <tool_call> and </tool_call>, which are tokens of its."""


@dataclass(frozen=True, slots=True)
class EmbedderInfo:
    """A loaded embedding model, as it really is."""

    name: str
    path: str
    n_dims: int
    """Numbers of one vector."""
    window: int
    """Tokens of a text that are looked at; the rest of a longer one is left out."""
    load_s: float


@dataclass(frozen=True, slots=True)
class Reading:
    """How much of the prompt is read; told while a long one is."""

    done: int
    """Tokens, those that were known already included."""
    total: int


@dataclass(frozen=True, slots=True)
class Delta:
    """A piece of text, as soon as it is whole characters."""

    text: str


@dataclass(frozen=True, slots=True)
class Completion:
    """The end of a stream."""

    text: str
    """All deltas together."""
    stop: Literal["end", "length", "loop"]
    """`end`: by itself; `length`: at the token limit; `loop`: it wrote the same few tokens over and over."""
    usage: Usage


Chunk = Reading | Delta | Completion


class ModelBackend(Protocol):
    """A source of text. Requests may be made at the same time; they share the work and what they know."""

    @property
    def name(self) -> str:
        """What the model is called; known before it is loaded."""

    @property
    def info(self) -> ModelInfo | None:
        """The loaded model; None before `open` and after its process died."""

    def take_loss(self) -> ModelDied | None:
        """How the model's process ended by itself, told once; None when it has not, or was told already."""

    async def open(self, progress: Callable[[float], None] | None = None) -> ModelInfo:
        """Load the model, or return at once when it is loaded. `progress` gets fractions from 0 to 1.

        Raises ModelUnreadable or ModelDied. After the model's process died, opening again starts a new one.
        """

    async def count(self, messages: Sequence[Message]) -> int:
        """Tokens that the prompt of these messages takes, the template's own included."""

    def stream(
        self, messages: Sequence[Message], sampling: Sampling, grammar: str | None = None
    ) -> AsyncGenerator[Chunk, None]:
        """Generate the next message: how the prompt is read, deltas, then one Completion.

        `grammar` is llguidance's Lark dialect; the text then satisfies it, or is a prefix of what would when it
        did not end by itself. Closing the iterator stops the model at once, also while it reads the prompt. Raises
        GrammarError before the first token, PromptTooLong, and ModelDied at any time.
        """

    async def close(self) -> None:
        """End the model's process; a closed backend may be opened again."""


class Embedder(Protocol):
    """A source of vectors whose cosines say how alike texts are. Requests may be made at the same time."""

    @property
    def name(self) -> str:
        """What the model is called; known before it is loaded. Vectors of different models cannot be compared."""

    @property
    def info(self) -> EmbedderInfo | None:
        """The loaded model; None before `open`, after its process died, and once another needed its memory."""

    async def open(self, progress: Callable[[float], None] | None = None) -> EmbedderInfo:
        """Load the model, or return at once when it is loaded. `progress` gets fractions from 0 to 1.

        Raises ModelUnreadable, for a model that writes text too, or ModelDied.
        """

    async def embed(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """One row of length 1 for each text, in their order: shape (len(texts), n_dims).

        A text longer than the window is cut to it. Cancelling it stops the work. Raises ModelDied, and ModelError when
        it is not loaded.
        """

    async def close(self) -> None:
        """Let the memory go; a closed embedder may be opened again."""
