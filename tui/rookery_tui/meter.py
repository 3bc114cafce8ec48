"""The numbers of the status line, and which of them stay where there is little room for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from rookery_core.approval.exposure import CLEAN, Exposure
from rookery_core.events import Event, Generated, Mode, ModeChanged, ModelLost, ModelReady, PromptBuilt, SandboxFound
from rookery_core.text import one_line
from rookery_tui.width import columns

LOST = " (lost)"
NO_SANDBOX = "NO SANDBOX"
LEAST_FIRST = ("reused", "first", "window", "speed", "window", "model", "untrusted", "sandbox", "mode", "around")
"""What becomes shorter, or is left out, where there is too little room: each in its turn, and the sandbox never."""
LASTING = frozenset(("mode", "untrusted", "sandbox", "around"))


@dataclass(frozen=True, slots=True)
class Part:
    """A piece of the line, which is shown whole or not at all."""

    name: str
    text: str
    short: str = ""
    """What stands for it where there is little room; "" for nothing."""
    before: str = " · "
    alarming: bool = False


@dataclass(frozen=True, slots=True)
class Meter:
    """The numbers of the status line, kept up to date event by event."""

    model: str = "no model"
    n_tokens: int = 0
    n_ctx: int = 0
    tokens_per_second: float = 0.0
    first_token_s: float = 0.0
    reused: float = 0.0
    """Share of the last prompt that did not have to be read again."""
    mode: Mode = Mode.ASK
    surroundings: tuple[str, ...] = ()
    """What holds as long as the program runs: offline, say."""
    sandbox: str = ""
    """How well programs are confined, L1 to L3; "" while it is not known."""
    root: bool = False
    """Whether the program runs as root."""
    exposure: Exposure = CLEAN
    """What has been before the model."""

    def after(self, event: Event) -> Meter:
        """The meter once this event has happened."""
        return replace(self, exposure=self.exposure.after(event))._after(event)

    def _after(self, event: Event) -> Meter:
        match event:
            case ModelReady(model=model, n_ctx=n_ctx):
                return replace(self, model=one_line(model, 40), n_ctx=n_ctx)
            case SandboxFound(level=level, root=root):
                return replace(self, sandbox=one_line(level, 20), root=root)
            case PromptBuilt(n_tokens=n_tokens, n_ctx=n_ctx):
                return replace(self, n_tokens=n_tokens, n_ctx=n_ctx)
            case Generated(usage=usage):
                used = (usage.prompt_tokens or self.n_tokens) + usage.completion_tokens
                if not usage.prompt_tokens:
                    return replace(self, n_tokens=used)
                return replace(
                    self,
                    n_tokens=used,
                    tokens_per_second=usage.tokens_per_second or self.tokens_per_second,
                    first_token_s=usage.first_token_s,
                    reused=usage.cached_tokens / usage.prompt_tokens,
                )
            case ModeChanged(mode=mode):
                return replace(self, mode=mode)
            case ModelLost():
                return replace(self, model=f"{self.model.removesuffix(LOST)}{LOST}", n_tokens=0, tokens_per_second=0.0)
            case _:
                return self

    def parts(self, width: int | None = None) -> list[Part]:
        """The pieces of the status line that have room in so many columns; None: all of them. The first has nothing
        before it.

        They are the model, the permission mode, the sandbox, what holds; with a model, context used and speed too.
        Where even the sandbox has no room, it is there all the same.
        """
        parts = _in_line(self._all())
        for name in LEAST_FIRST:
            if width is None or sum(columns(part.before + part.text) for part in parts) <= width:
                break
            parts = _in_line(
                replace(part, text=part.short, short="") if part.name == name else part
                for part in parts
                if part.name != name or part.short
            )
        return parts

    @property
    def lasting(self) -> int:
        """Columns of what must not be missing: how programs are confined, what is not trusted, the mode, and what
        holds."""
        short = [part.short or part.text for part in self._all() if part.name in LASTING]
        return columns(" · ".join(short))

    def _all(self) -> Iterator[Part]:
        yield Part("model", self.model)
        yield Part("mode", self.mode)
        if self.exposure.met:
            yield Part("untrusted", f"untrusted: {', '.join(self.exposure.kinds)}", "untrusted")
        if self.sandbox in ("L2", "L3"):
            yield Part("sandbox", f"sandbox {self.sandbox}", self.sandbox)
        elif self.sandbox:
            yield Part("sandbox", NO_SANDBOX, NO_SANDBOX, alarming=True)
        if self.root:
            yield Part("sandbox", "root", "root")
        for word in self.surroundings:
            yield Part("around", word)
        if self.n_ctx:
            share = f"{100 * self.n_tokens // self.n_ctx} %"
            yield Part("window", f"{self.n_tokens}/{self.n_ctx} tokens ({share})", share)
            yield Part("speed", f"{self.tokens_per_second:.0f} tok/s")
            if self.first_token_s:
                yield Part("first", f"first {self.first_token_s:.1f} s", before=", ")
                yield Part("reused", f"{100 * self.reused:.0f} % reused", before=", ")


def _in_line(parts: Iterator[Part]) -> list[Part]:
    return [replace(part, before=(part.before or " · ") if n else "") for n, part in enumerate(parts)]
