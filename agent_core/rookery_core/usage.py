"""What generating cost: tokens and seconds."""

from __future__ import annotations

from dataclasses import dataclass, fields


@dataclass(frozen=True, slots=True)
class Usage:
    """What one request or several cost; counts are tokens, times are seconds."""

    prompt_tokens: int = 0
    cached_tokens: int = 0
    """Part of `prompt_tokens` that was still in the KV cache and was not decoded again."""
    completion_tokens: int = 0
    forced_tokens: int = 0
    """Part of `completion_tokens` that the grammar left no choice of, so that they were not sampled."""
    queued_s: float = 0.0
    """From the request to the beginning of its work."""
    prefill_s: float = 0.0
    decode_s: float = 0.0
    first_token_s: float = 0.0
    """From the request to its first token; of a sum, the first request's."""

    @property
    def tokens_per_second(self) -> float:
        """Decoding speed; 0.0 when nothing was timed."""
        return self.completion_tokens / self.decode_s if self.decode_s > 0 else 0.0

    def __add__(self, other: Usage) -> Usage:
        total = {field.name: getattr(self, field.name) + getattr(other, field.name) for field in fields(Usage)}
        return Usage(**{**total, "first_token_s": self.first_token_s or other.first_token_s})
