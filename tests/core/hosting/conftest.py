"""A folder of distributions, and what is loaded from it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from rookery_core.tools.loader import Loaded
from tests.core.hosting.kit import Bench, Site, empty_site


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return empty_site(tmp_path, monkeypatch)


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[Callable[[Loaded], Bench]]:
    """Makes benches, and ends the processes of their plugins."""
    made: list[Bench] = []
    workspace = tmp_path / "work"
    workspace.mkdir()

    def make(loaded: Loaded) -> Bench:
        made.append(Bench(loaded, workspace))
        return made[-1]

    yield make
    for each in made:
        await each.loaded.close()
