"""Why an expression has no result."""

from __future__ import annotations


class Misread(Exception):
    """It cannot be read; the message says how to write it."""


class NoValue(Exception):
    """It can be read, and has no value that could be given."""
