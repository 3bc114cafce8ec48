"""How models are addressed in a turn: what they are told, and what they may write. Made by `offer`, used by `run`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from rookery_core.model.base import Message, ModelInfo, Sampling
from rookery_core.reasoning.quarantine import When

Grammar = Callable[[str], str]
"""The grammar of a step, by all that was read so far."""


@dataclass(frozen=True, slots=True)
class Address:
    """How one model is told of the tools, and what it may write."""

    head: tuple[Message, ...]
    """The system text and worked examples; always the same, so that the KV cache keeps it."""
    act: Grammar
    """That of a step that may call a tool or answer."""
    answer: Grammar
    """That of a step that must answer."""
    brief: bool = False
    """Whether it is told only of the tools, as the default model is."""
    native: bool = False
    """Whether it reads and writes calls in its own form."""
    logit_bias: tuple[tuple[str, float], ...] = ()
    """Texts that it writes more or less readily in its thought (`Sampling.logit_bias`)."""


@dataclass(frozen=True, slots=True)
class Voice:
    """How models are addressed in a turn."""

    address: Callable[[ModelInfo], Address]
    sampling: Sampling
    tools: tuple[str, ...] = ()
    """Names of the tools that are offered."""
    check_arguments: bool = False
    """Whether a number or path that nobody said is questioned."""
    check_answers: bool = False
    """Whether a number in an answer is questioned that nobody said and that could be worked out."""
    as_said: bool = False
    """Whether a path that is wrong becomes the one that the request names, and a name of a model that is told only of
    the tools is spelled as it was said."""
    leave_out: bool = False
    """Whether a number that need not be given and that nobody said is left out, where it is told only of the tools."""
    point_out: bool = False
    """Whether the part of a result that has the request's words is repeated below it."""
    repairs: int = 2
    """Times in a row that a step or a call that cannot be used is tried again."""
    quarantine: When = "off"
    """Which results of others are read by a reader of their own."""
    spotlight: bool = False
    """Whether results of others are marked."""
