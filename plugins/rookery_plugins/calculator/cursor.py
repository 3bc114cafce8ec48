"""A place among the tokens of an expression, and how deep in it one is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from rookery_plugins.calculator.arithmetic import shown
from rookery_plugins.calculator.refusal import Misread
from rookery_plugins.calculator.tokens import Token, meaning

MAX_DEPTH = 50


class Cursor:
    """Goes over tokens from left to right."""

    def __init__(self, tokens: list[Token]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    @property
    def next(self) -> Token:
        """The token at hand, by its meaning; an empty text at the end."""
        return meaning(self.raw(0))

    def raw(self, ahead: int) -> Token:
        """A token as it is written; the end for what is beyond it."""
        return self._tokens[min(self._at + ahead, len(self._tokens) - 1)]

    def take(self) -> Token:
        """The token at hand, which is left behind."""
        token = self.next
        self._at += 1
        return token

    def skip(self, n: int) -> None:
        """Leave so many tokens behind."""
        self._at += n

    def close(self) -> None:
        """Leave a closing parenthesis behind. Raises Misread where there is none."""
        if self.next != ")":
            raise Misread(f"a ) is missing before {named(self.next) or 'the end'}; close every ( that was opened")
        self.take()

    @contextmanager
    def deeper(self) -> Iterator[None]:
        """One level further in. Raises Misread at one too many."""
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise Misread(f"the expression is nested more than {MAX_DEPTH} deep; split it into smaller ones")
        yield
        self._depth -= 1


def named(token: Token) -> str:
    """The token for a message."""
    return token[:40] if isinstance(token, str) else shown(token)[:40]
