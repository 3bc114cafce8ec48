"""How the tests are spread: over several processes, each of which runs whole files."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

MOST = 4
"""Processes; each may have a model, and what it starts, beside it."""
LONG = ("model", "packaging", "terminal")
"""Marks of tests that take long."""

if hasattr(signal, "SIGHUP"):
    signal.signal(signal.SIGHUP, signal.SIG_DFL)  # as a shell starts programs, also where the tests run under nohup


def pytest_xdist_auto_num_workers(config: pytest.Config) -> int:
    """One for each core; none but this process for files that are named one by one, as while one of them is written."""
    if all(Path(argument.partition("::")[0]).is_file() for argument in config.args):
        return 0
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return min(cores, MOST) if cores > 1 else 0


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """The longest files first where there are several processes, so that none of them waits for another in the end."""
    if hasattr(config, "workerinput"):
        long = {item.path for item in items if any(item.get_closest_marker(mark) for mark in LONG)}
        items.sort(key=lambda item: item.path not in long)
