"""Cuts an expression into numbers, signs and words.

Knows which words are operators, constants and functions, and takes every other for the name of a unit.
"""

from __future__ import annotations

import re
from fractions import Fraction

from rookery_plugins.calculator.arithmetic import CONSTANTS, FUNCTIONS, MAX_DIGITS, too_large
from rookery_plugins.calculator.refusal import Misread

Token = str | Fraction
"""A number as its value, all else as text, words as they are written; an empty text ends an expression."""

INTO = frozenset({"in", "to", "into", "as"})
"""Before the unit that a result is wanted in. `in` is an inch too."""
MONEY = "money is not converted: its rates change every day; calculate with the plain numbers and a rate that you know"

_SAME_SIGN = str.maketrans(
    {"×": "*", "·": "*", "⋅": "*", "∗": "*", "÷": "/", "∕": "/", "−": "-", "–": "-", "π": "pi", "→": " to "}
    | {"℃": "°C", "℉": "°F", "º": "°", "˚": "°", "\u212a": "K", "\u212b": "Å", "\u2126": "Ω"}
)
_SAME_WORD = {"x": "*", "of": "*", "times": "*", "plus": "+", "minus": "-", "per": "/", "mod": "%", "percent": "%"}
_SAME_WORD |= {"**": "^", "->": "to"}
_TOKEN = re.compile(
    r"(?P<based>0[xXbBoO][0-9a-fA-F]+)"
    r"|(?P<number>(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<sign>\*\*|//|->|[-+*/%^(),!]|[xX](?=\s*[0-9.(]))"
    r"|(?P<word>[A-Za-zµμΩÅ°][A-Za-z0-9_µμΩÅ°⁻¹²³]*)"
)
_GROUPED = re.compile(r"[1-9][0-9]{0,2}(?:,[0-9]{3})+(?![0-9])(?:\.[0-9]+)?")
_CURRENCY = frozenset("$€£¥₹₽₩₪₺₴฿")
_NO_OPERAND = INTO | {"of", "mod", "x", "per", "plus", "minus", "times"}


def tokens(expression: str) -> list[Token]:
    """The tokens of an expression. Raises Misread for a character that belongs to none.

    A comma between the arguments of a function separates them; anywhere else it may group thousands.
    """
    text = expression.translate(_SAME_SIGN).lstrip(" \t\n=").rstrip(" \t\n=?")
    if not text:
        raise Misread("the expression is empty; give one like 17 * 23")
    found: list[Token] = []
    in_call: list[bool] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        grouped = None if in_call and in_call[-1] else _GROUPED.match(text, at)
        match = grouped or _TOKEN.match(text, at)
        if match is None:
            if text[at] in _CURRENCY:
                raise Misread(MONEY)
            raise Misread(f"{text[at]!r} is not arithmetic; write numbers, + - * / ^ % ( ) and names such as sqrt")
        if match.lastgroup == "based":
            raise Misread(f"{match[0]} is not a decimal number; write it in decimals, and * for a multiplication")
        if grouped or match.lastgroup == "number":
            found.append(_literal(match[0].replace(",", "")))
        elif match[0] == "(":
            in_call.append(bool(found) and is_function(found[-1]))
            found.append("(")
        else:
            if match[0] == ")" and in_call:
                in_call.pop()
            found.append(match[0])
        at = match.end()
    return [*found, ""]


def _literal(text: str) -> Fraction:
    exponent = text.lower().partition("e")[2]
    if exponent and abs(int(exponent)) >= MAX_DIGITS:
        raise too_large()
    return Fraction(text)


def meaning(token: Token) -> Token:
    """The token by which an operator, a constant or a function goes; a number or the name of a unit as it is."""
    if isinstance(token, Fraction):
        return token
    word = _SAME_WORD.get(token.lower(), token.lower())
    return token if is_name(word) else word


def is_function(token: Token) -> bool:
    """Whether it is a function's name."""
    return isinstance(token, str) and token.lower() in FUNCTIONS


def is_name(token: Token) -> bool:
    """Whether a word can only be the name of a unit."""
    if isinstance(token, Fraction) or not token or not (token[0].isalpha() or token[0] == "°"):
        return False
    word = token.lower()
    return word not in _SAME_WORD and word not in INTO and word not in CONSTANTS and word not in FUNCTIONS


def opens_operand(token: Token) -> bool:
    """Whether an operand may begin with it, so that a % before it is the remainder of a division."""
    if isinstance(token, Fraction) or token == "(":
        return True
    return token[:1].isalpha() and token.lower() not in _NO_OPERAND
