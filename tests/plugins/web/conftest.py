"""A site of the test, and a look at every connection that is made."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.plugins.web.kit import CONNECTIONS, Site, serving


@pytest.fixture
def site() -> Iterator[Site]:
    with serving() as made:
        yield made


@pytest.fixture(autouse=True)
def connections() -> Iterator[list[str]]:
    """The hosts that were connected to; nothing leaves this machine."""
    with CONNECTIONS.looked_at() as tried:
        yield tried
