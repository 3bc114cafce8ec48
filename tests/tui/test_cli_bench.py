"""`rookery bench`: the table, and writing the settings only when that is wanted."""

from __future__ import annotations

import asyncio
import io
import json
import os
import signal
import sys
from pathlib import Path

import pytest

from rookery_core.config_file import load_config
from rookery_core.model.speed import Findings, Speed
from rookery_core.paths import Paths
from rookery_tui.arguments import parse
from rookery_tui.console import Console
from rookery_tui.subcommands import bench

MEASURED = Findings(
    n_bytes=96 << 20,
    n_params=134_515_008,
    cores=2,
    expanded_to="BF16",
    expanded_bytes=256 << 20,
    kl=0.0033,
    speeds=[
        Speed(name, threads, busy, read / (1 + busy), write / (1 + busy))  # type: ignore[arg-type]
        for name, threads, read, write in (("installed", 1, 230.0, 113.0), ("expanded", 1, 945.0, 83.0))
        for busy in (False, True)
    ],
)


@pytest.fixture
def paths(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paths:
    async def measured(options: object, heard: object) -> Findings:
        return MEASURED

    monkeypatch.setattr(bench, "measure", measured)
    return Paths.find({"ROOKERY_HOME": str(tmp_path)})


def carry_out(paths: Paths, *words: str) -> tuple[str, str]:
    out, err = io.StringIO(), io.StringIO()
    bench.main(parse(["bench", *words]), paths, Console(io.StringIO(), out, err))
    return out.getvalue(), err.getvalue()


def test_the_table_says_what_was_measured_and_what_is_best(paths: Paths) -> None:
    out, err = carry_out(paths)
    lines = out.splitlines()
    assert lines[0] == "smollm2: 96 MB, 135 million parameters; 2 cores"
    assert [line.split() for line in lines if line.startswith(("installed", "expanded "))] == [
        ["installed", "1", "230", "115", "113", "56"],
        ["expanded", "1", "945", "472", "83", "42"],
    ]
    assert "the same weights in BF16, for reading only; 256 MB more memory, KL 0.0033" in out
    assert lines[-3:] == ["  model.n_threads = 1", "  model.n_threads_batch = 1", "  model.expand = true"]
    assert "rookery bench --write" in err
    assert not paths.settings_file.exists()


def test_the_settings_are_written_when_that_is_asked_for(paths: Paths) -> None:
    _, err = carry_out(paths, "--write")
    assert str(paths.settings_file) in err
    model = load_config(paths).config.model
    assert (model.n_threads, model.n_threads_batch, model.expand) == (1, 1, True)


def test_as_json(paths: Paths) -> None:
    out, _ = carry_out(paths, "--json")
    made = json.loads(out)
    assert made["advice"] == {"n_threads": 1, "n_threads_batch": 1, "expand": True}
    assert len(made["speeds"]) == 4


@pytest.mark.parametrize("name", ["SIGINT", *([] if sys.platform == "win32" else ["SIGTERM", "SIGHUP"])])
def test_a_signal_ends_it_and_what_measures_and_nothing_is_written(
    paths: Paths, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    number = signal.Signals[name]
    ended = []

    async def measuring(options: object, heard: object) -> Findings:
        os.kill(os.getpid(), number)
        try:
            await asyncio.sleep(60)
        finally:
            ended.append(name)
        return MEASURED

    monkeypatch.setattr(bench, "measure", measuring)
    out, err = io.StringIO(), io.StringIO()
    code = bench.main(parse(["bench", "--write"]), paths, Console(io.StringIO(), out, err))
    by = "you" if number == signal.SIGINT else "a signal"
    assert (code, out.getvalue(), ended) == (128 + number, "", [name])
    assert err.getvalue().splitlines()[-1] == f"rookery: stopped by {by}"
    assert not paths.settings_file.exists()
