"""A conversation as the model's own chat template writes it, with what people and tools said kept apart from its marks.

Text from outside is tokenised without special tokens, so nothing that is said can open or close a message.
"""

from __future__ import annotations

import json
import re
import secrets
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

from rookery_core.errors import ModelError
from rookery_core.model.base import Message

CHATML = (
    "{% for message in messages %}{{ '<|im_start|>' + message['role'] + '\n' + message['content'] + '<|im_end|>\n' }}"
    "{% endfor %}{% if add_generation_prompt %}{{ '<|im_start|>assistant\n' }}{% endif %}"
)
"""Used where the model file has no template that works."""
CALL_MARKS = ("<tool_call>", "</tool_call>")
"""Around a call in Hermes' form; each has to be one token of the model's."""
TEMPLATE_SECONDS = 2.0
_GENERATION = re.compile(r"\{%([-+]?)\s*(end)?generation\s*([-+]?)%\}")


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of the prompt."""

    text: str
    special: bool
    """Whether it is the template's own, in which special tokens are meant as such."""


class ChatTemplate:
    """One model's template, tried once so that its limits are known before the first request."""

    def __init__(self, source: str | None, *, bos: str, eos: str) -> None:
        """`source` is Jinja with what Hugging Face adds to it; ChatML takes its place where it is of no use."""
        self._environment = _environment(bos, eos)
        self.origin = "model file" if source else "ChatML (the model file has none)"
        if source and (problem := self._problem(source)):
            self.origin = f"ChatML (the model file's own is of no use: {problem})"
            source = None
        if not source:
            self._problem(CHATML)
        self.native = source is not None and CALL_MARKS[0] in source and "tools" in source and self.all_roles
        """Whether it lists tools by itself and has calls in Hermes' form."""

    def render(self, messages: Sequence[Message]) -> list[Segment]:
        """The prompt for the assistant's next message, in order; ModelError when the template cannot write it.

        Joined, the segments are the template's text.
        """
        try:
            with time_limit(TEMPLATE_SECONDS):
                return self._render(messages if self.all_roles else _plain(messages))
        except Exception as exc:  # a template is a program from the model file; it may raise anything
            raise ModelError(f"the model's chat template cannot write this conversation: {exc}") from exc

    def _problem(self, source: str) -> str:
        """Take this template, and say what is wrong with it; empty when nothing is."""
        try:
            self._template = self._environment.from_string(_GENERATION.sub(_as_block, source))
        except jinja2.TemplateError as exc:
            return str(exc)
        self.all_roles = not self._tries(_PROBE)
        return "" if self.all_roles else self._tries(_plain(_PROBE))

    def _render(self, messages: Sequence[Message]) -> list[Segment]:
        nonce = secrets.token_hex(8)
        tools = json.loads(messages[0].tools) if messages and messages[0].tools else []
        outside = [m.content for m in messages] + [json.dumps(tool, ensure_ascii=False) for tool in tools]
        marks = [f"@{nonce}:{n}@" for n in range(len(outside))]
        text = self._template.render(
            messages=[{"role": m.role, "content": mark} for m, mark in zip(messages, marks, strict=False)],
            add_generation_prompt=True,
            **({"tools": [_Mark(mark) for mark in marks[len(messages) :]]} if tools else {}),
        )
        pieces = re.split(f"@{nonce}:([0-9]+)@", text)
        if sorted(int(n) for n in pieces[1::2]) != list(range(len(outside))):
            raise jinja2.TemplateError("the template leaves messages out")
        segments: list[Segment] = []
        for n, piece in enumerate(pieces):
            segment = Segment(outside[int(piece)], False) if n % 2 else Segment(piece, True)
            if segment.text:
                segments.append(segment)
        return segments

    def _tries(self, messages: Sequence[Message]) -> str:
        """What goes wrong when it writes these messages; empty when nothing does."""
        try:
            with time_limit(TEMPLATE_SECONDS):
                self._render(messages)
        except Exception as exc:  # whatever it raises, it does not fit
            return str(exc) or type(exc).__name__
        return ""


class _Mark(str):
    """Where a tool is written as JSON."""


def _environment(bos: str, eos: str) -> ImmutableSandboxedEnvironment:
    """As Hugging Face's chat templates expect it. Time stands still, so that a prompt's beginning never changes."""
    loaded_at = time.localtime()
    environment = ImmutableSandboxedEnvironment(
        trim_blocks=True, lstrip_blocks=True, keep_trailing_newline=True, extensions=["jinja2.ext.loopcontrols"]
    )
    environment.filters["tojson"] = lambda value, indent=None: (
        value if isinstance(value, _Mark) else json.dumps(value, ensure_ascii=False, indent=indent)
    )
    environment.globals.update(
        raise_exception=_refuse, strftime_now=lambda form: time.strftime(form, loaded_at), bos_token=bos, eos_token=eos
    )
    return environment


def _as_block(tag: re.Match[str]) -> str:
    """`generation` marks what a model is trained on; to a reader it is a block like any other."""
    return f"{{%{tag[1]} {'endif' if tag[2] else 'if true'} {tag[3]}%}}"


@contextmanager
def time_limit(seconds: float) -> Iterator[None]:
    """Give up what takes longer, with TimeoutError; in another thread than the main one, trust it."""
    if not hasattr(signal, "setitimer") or threading.current_thread() is not threading.main_thread():
        yield
        return

    def give_up(*_: object) -> None:
        raise TimeoutError(f"it took longer than {seconds:g} seconds")

    before = signal.signal(signal.SIGALRM, give_up)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


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
