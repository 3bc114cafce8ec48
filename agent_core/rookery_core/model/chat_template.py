"""A conversation as the model's own chat template writes it, with what people and tools said kept apart from its marks.

Text from outside is tokenised without special tokens, so nothing that is said can open or close a message.
"""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rookery_core.model.base import Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""Used where the model file has no template."""


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the prompt."""

    text: str
    special: bool
    """Whether it is the template's own, in which special tokens are meant as such."""


class ChatTemplate:
    """One model's template, tried once so that its limits are known before the first request."""

    def __init__(self, source: str | None, *, bos: str, eos: str) -> None:
        """`source` is Jinja; None takes ChatML. Raises ValueError for a template that renders nothing usable."""
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True)
        environment.globals.update(raise_exception=_refuse, bos_token=bos, eos_token=eos)
        try:
            self._template = environment.from_string(source or CHATML)
        except jinja2.TemplateError as exc:
            raise ValueError(f"the model's chat template is not valid: {exc}") from exc
        self.all_roles = self._tries(_PROBE)
        if not self.all_roles and not self._tries(_plain(_PROBE)):
            raise ValueError("the model's chat template cannot write a conversation of user and assistant")

    def render(self, messages: Sequence[Message]) -> list[Segment]:
        """The prompt for the assistant's next message, in order. Joined, the segments are the template's text."""
        return self._render(messages if self.all_roles else _plain(messages))

    def _render(self, messages: Sequence[Message]) -> list[Segment]:
        nonce = secrets.token_hex(8)
        marks = [f"@{nonce}:{n}@" for n in range(len(messages))]
        text = self._template.render(
            messages=[{"role": m.role, "content": mark} for m, mark in zip(messages, marks, strict=True)],
            add_generation_prompt=True,
        )
        pieces = re.split(f"@{nonce}:([0-9]+)@", text)
        if [int(n) for n in pieces[1::2]] != list(range(len(messages))):
            raise jinja2.TemplateError("the template leaves messages out")
        segments: list[Segment] = []
        for n, piece in enumerate(pieces):
            segment = Segment(messages[int(piece)].content, False) if n % 2 else Segment(piece, True)
            if segment.text:
                segments.append(segment)
        return segments

    def _tries(self, messages: Sequence[Message]) -> bool:
        try:
            self._render(messages)
        except Exception:  # a template is a program from the model file; whatever it raises, it does not fit
            return False
        return True


_PROBE = (
    Message("system", "s"),
    Message("user", "u"),
    Message("assistant", "a"),
    Message("tool", "t"),
    Message("assistant", "b"),
    Message("user", "v"),
)


def _plain(messages: Sequence[Message]) -> list[Message]:
    """The same conversation with user and assistant taking turns, for templates that know nothing else."""
    made: list[Message] = []
    for message in messages:
        role = "assistant" if message.role == "assistant" else "user"
        if made and made[-1].role == role:
            made[-1] = Message(made[-1].role, f"{made[-1].content}\n\n{message.content}")
        else:
            made.append(Message("assistant" if role == "assistant" else "user", message.content))
    return made


def _refuse(message: str) -> None:
    raise jinja2.TemplateError(message)
