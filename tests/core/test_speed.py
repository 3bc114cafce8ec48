"""Measuring a model on this machine, and what is advised then."""

from __future__ import annotations

from pathlib import Path

import pytest

from rookery_core.errors import ModelUnreadable
from rookery_core.model.base import LoadOptions
from rookery_core.model.registry import find
from rookery_core.model.speed import Advice, Findings, Speed, advise, measure
from rookery_core.paths import Paths


def findings(*rows: tuple[str, int, float, float, float, float]) -> Findings:
    """Rows of format, threads, then reading alone and beside another program, and writing the same."""
    made = Findings(cores=2)
    for name, threads, read, read_beside, write, write_beside in rows:
        made.speeds.append(Speed(name, threads, False, read, write))  # type: ignore[arg-type]
        made.speeds.append(Speed(name, threads, True, read_beside, write_beside))  # type: ignore[arg-type]
    return made


def test_a_thread_that_is_lost_beside_another_program_is_not_advised() -> None:
    measured = findings(("installed", 1, 230, 228, 130, 129), ("installed", 2, 437, 215, 154, 56))
    assert advise(measured) == Advice(n_threads=1, n_threads_batch=2, expand=False)


def test_threads_that_make_no_difference_are_not_taken() -> None:
    measured = findings(("installed", 1, 230, 230, 130, 130), ("installed", 2, 232, 232, 131, 131))
    assert advise(measured) == Advice(n_threads=1, n_threads_batch=1, expand=False)


def test_expanded_weights_have_to_be_worth_their_memory() -> None:
    rows = [("installed", 1, 230.0, 228.0, 130.0, 129.0)]
    assert not advise(findings(*rows, ("expanded", 1, 280, 280, 90, 90))).expand
    assert advise(findings(*rows, ("expanded", 1, 900, 800, 90, 90), ("expanded", 2, 1600, 800, 90, 40))) == Advice(
        n_threads=1, n_threads_batch=2, expand=True
    )


@pytest.mark.model
async def test_the_real_model_is_measured(tmp_path: Path) -> None:
    file = find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path)}))
    heard: list[int] = []
    made = await measure(
        LoadOptions(str(file.path), 0, 1, 1, expanded=str(tmp_path)),
        lambda so_far: heard.append(len(so_far.speeds)),
        budget_s=1.0,
    )
    assert made.n_params == 134515008
    assert heard == sorted(heard)
    assert heard[-1] == len(made.speeds) >= 2
    assert all(speed.read > 0 and speed.write > 0 for speed in made.speeds)
    assert {speed.busy for speed in made.speeds} == {True, False}
    assert advise(made).n_threads >= 1


async def test_a_file_that_is_no_model_is_said(tmp_path: Path) -> None:
    (tmp_path / "x.gguf").write_text("nothing")
    with pytest.raises(ModelUnreadable, match="not a GGUF file"):
        await measure(LoadOptions(str(tmp_path / "x.gguf"), 0, 1, 1))
