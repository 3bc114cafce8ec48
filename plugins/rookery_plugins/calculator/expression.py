"""Reads an expression and works it out on the way, with a parser of our own.

Python's would not do: `15% of 80`, `3 × 4` and `1,234` are no Python, its literals are not exact, and its warnings
reach the terminal.
"""

from __future__ import annotations

import re
from fractions import Fraction

from rookery_core.plugin import ToolRetry
from rookery_plugins.calculator.arithmetic import (
    CONSTANTS,
    FUNCTIONS,
    MAX_DIGITS,
    PRODUCTS,
    Number,
    add,
    divide,
    factorial,
    multiply,
    power,
    shown,
    too_large,
)

MAX_DEPTH = 50


def evaluate(expression: str) -> Number:
    """The value of an expression; ToolRetry says where it cannot be read, ToolFailed why it has no value."""
    return _Parser(_tokens(expression)).result()


_SAME_SIGN = str.maketrans({"×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/", "−": "-", "–": "-", "π": "pi"})
_SAME_WORD = {"x": "*", "of": "*", "mod": "%", "**": "^"}
_TOKEN = re.compile(
    r"(?P<based>0[xXbBoO][0-9a-fA-F]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<sign>\*\*|//|[-+*/%^(),!]|[xX](?=\s*[0-9.(]))"
    r"|(?P<word>[A-Za-z][A-Za-z0-9_]*)"
)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?")
_OPENS_OPERAND = re.compile(r"\(|(?!of$|mod$|x$)[a-z]")


def _tokens(expression: str) -> list[str | Fraction]:
    """Numbers as values, all else as lower-case text; an empty text ends the list.

    A comma between the arguments of a function separates them; anywhere else it may group thousands.
    """
    text = expression.translate(_SAME_SIGN).lstrip(" \t\n=").rstrip(" \t\n=?")
    if not text:
        raise ToolRetry("the expression is empty; give one like 17 * 23")
    tokens: list[str | Fraction] = []
    in_call: list[bool] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        grouped = None if in_call and in_call[-1] else _GROUPED.match(text, at)
        match = grouped or _TOKEN.match(text, at)
        if match is None:
            raise ToolRetry(f"{text[at]!r} is not arithmetic; write numbers, + - * / ^ % ( ) and names such as sqrt")
        if match.lastgroup == "based":
            raise ToolRetry(f"{match[0]} is not a decimal number; write it in decimals, and * for a multiplication")
        if grouped or match.lastgroup == "number":
            tokens.append(_literal(match[0].replace(",", "")))
        elif match[0] == "(":
            in_call.append(bool(tokens) and tokens[-1] in FUNCTIONS)
            tokens.append("(")
        else:
            if match[0] == ")" and in_call:
                in_call.pop()
            tokens.append(match[0].lower())
        at = match.end()
    return [*tokens, ""]


def _literal(text: str) -> Fraction:
    exponent = text.lower().partition("e")[2]
    if exponent and abs(int(exponent)) >= MAX_DIGITS:
        raise too_large()
    return Fraction(text)


class _Parser:
    """Reads the tokens from left to right and works them out on the way; by precedence: + -, then * /, sign, ^, % !."""

    def __init__(self, tokens: list[str | Fraction]) -> None:
        self._tokens = tokens
        self._at = 0
        self._depth = 0

    def result(self) -> Number:
        value = self._sum()
        left = self._next
        if left == ")":
            raise ToolRetry("there is a ) without its (")
        if left == ",":
            raise ToolRetry("a comma only groups thousands, as in 1,234.5; write decimals with a point")
        if left != "":
            raise ToolRetry(f"an operator is missing before {_named(left)}; write for example * there")
        return value

    @property
    def _next(self) -> str | Fraction:
        token = self._tokens[self._at]
        return _SAME_WORD.get(token, token) if isinstance(token, str) else token

    def _take(self) -> str | Fraction:
        token = self._next
        self._at += 1
        return token

    def _sum(self) -> Number:
        value, is_percent = self._product()
        while self._next in ("+", "-"):
            minus = self._take() == "-"
            right, right_is_percent = self._product()
            if right_is_percent and not is_percent:
                right = multiply(value, right)
            value = add(value, -right if minus else right)
            is_percent = is_percent and right_is_percent
        return value

    def _product(self) -> tuple[Number, bool]:
        value, is_percent = self._signed()
        while (operator := self._next) in PRODUCTS:
            self._take()
            value, is_percent = PRODUCTS[str(operator)](value, self._signed()[0]), False
        return value, is_percent

    def _signed(self) -> tuple[Number, bool]:
        self._depth += 1  # all recursion passes here
        if self._depth > MAX_DEPTH:
            raise ToolRetry(f"the expression is nested more than {MAX_DEPTH} deep; split it into smaller ones")
        minus = False
        while self._next in ("+", "-"):
            minus ^= self._take() == "-"
        value, is_percent = self._postfixed()
        if self._next == "^":
            self._take()
            value, is_percent = power(value, self._signed()[0]), False
        self._depth -= 1
        return -value if minus else value, is_percent

    def _postfixed(self) -> tuple[Number, bool]:
        value, is_percent = self._operand(), False
        while self._next == "!" or (self._next == "%" and not self._operand_follows()):
            is_percent = self._take() == "%"
            value = divide(value, Fraction(100)) if is_percent else factorial(value)
        return value, is_percent

    def _operand_follows(self) -> bool:
        """Whether the % at hand stands between two operands, and so is the remainder of a division."""
        if self._tokens[self._at] == "mod":
            return True
        after = self._tokens[self._at + 1]
        return isinstance(after, Fraction) or _OPENS_OPERAND.match(after) is not None

    def _operand(self) -> Number:
        token = self._take()
        if isinstance(token, Fraction):
            return token
        if token == "(":
            value = self._sum()
            self._close()
            return value
        if token in CONSTANTS:
            return CONSTANTS[token]
        if token in FUNCTIONS:
            return self._call(token)
        if token[:1].isalpha():
            raise ToolRetry(f"{token[:40]} is not known here; there are {', '.join([*CONSTANTS, *FUNCTIONS])}")
        raise ToolRetry(f"a number is missing {f'before {token}' if token else 'at the end'}")

    def _call(self, name: str) -> Number:
        fewest, most, function = FUNCTIONS[name]
        if self._take() != "(":
            raise ToolRetry(f"{name} needs its argument in parentheses, like {name}(2)")
        arguments = [self._sum()]
        while self._next == ",":
            self._take()
            arguments.append(self._sum())
        self._close()
        if not fewest <= len(arguments) <= most:
            wanted = str(fewest) if fewest == most else f"{fewest} or {most}"
            raise ToolRetry(f"{name} takes {wanted}, not {len(arguments)}; write thousands without commas there")
        return function(*arguments)

    def _close(self) -> None:
        if self._next != ")":
            found = _named(self._next) if self._next != "" else "the end"
            raise ToolRetry(f"a ) is missing before {found}; close every ( that was opened")
        self._take()


def _named(token: str | Fraction) -> str:
    return token[:40] if isinstance(token, str) else shown(token)[:40]
