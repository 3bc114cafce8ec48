"""`rookery models probe`: what is printed, what is kept, and what it says of the form that is used then."""

from __future__ import annotations

import io
import json
import os
import signal
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from rookery_core.compose import Subject
from rookery_core.config import Config
from rookery_core.evals.probe import CALLS, NO_CALLS
from rookery_core.model.choice import Models
from rookery_core.model.hashes import Hashes
from rookery_core.model.probes import Probes
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from rookery_tui.console import Console
from rookery_tui.exits import Exit
from rookery_tui.progress import ProgressLine
from rookery_tui.subcommands import probe

LABELLED = ["Thought: No.\nAnswer: Hm."] * (len(CALLS) + len(NO_CALLS))
NATIVE = [
    f"<tool_call>\n{json.dumps({'name': tool, 'arguments': {key: values[0] for key, values in arguments.items()}})}\n</tool_call>"
    for _, tool, arguments in CALLS
] + ["Hello?"] * len(NO_CALLS)

SCRIPT = [*LABELLED, *NATIVE]


@pytest.fixture
def paths(tmp_path: Path) -> Paths:
    made = Paths.find({"ROOKERY_HOME": str(tmp_path)})
    (tmp_path / "model.gguf").write_bytes(b"weights")
    return made


def carry_out(
    paths: Paths, script: Iterable[str] = SCRIPT, *, native: bool = True, adapter: Path | None = None
) -> tuple[Exit, list[str]]:
    model = ScriptedModel(script, native=native, delay_s=0.001)

    def load(config: Config, paths: Paths, wanted: str | None) -> Subject:
        models = Models.of(model)
        return Subject(models.get("scripted"), paths.data / "model.gguf", adapter, models)

    out, err = io.StringIO(), io.StringIO()
    code = probe.main(None, paths, Console(io.StringIO(), out, err), ProgressLine(err), load)
    assert model.info is None, "it was closed"
    return code, out.getvalue().splitlines()


def test_the_better_form_is_kept_and_used(paths: Paths) -> None:
    code, out = carry_out(paths)
    assert code is Exit.OK
    assert [line.split(" right,")[0] for line in out[:2]] == ["labelled    4 of 12", "native     12 of 12"]
    assert out[2] == "scripted is used with: native from now on"
    kept = Probes(paths.probes).get(Hashes(paths.hashes).sha256(paths.data / "model.gguf"))
    assert kept is not None
    assert kept.form == "native"


def test_a_model_without_a_form_of_its_own_is_not_tried(paths: Paths) -> None:
    _, out = carry_out(paths, native=False)
    assert out == ["scripted: its chat template has no form of its own for calls; Rookery's labels are used"]
    assert not paths.probes.exists()


def test_an_adapter_of_rookerys_keeps_the_form_that_it_was_trained_on_and_ones_own_does_not(paths: Paths) -> None:
    _, out = carry_out(paths, adapter=Path("ours.gguf"))
    assert out[2] == "scripted is used with: labelled, which its adapter was trained on"
    paths.settings_file.write_text('[model]\nadapter = "mine.gguf"\n')
    _, out = carry_out(paths, adapter=Path("mine.gguf"))
    assert out[2] == "scripted is used with: native from now on"


@pytest.mark.parametrize("name", ["SIGINT", *([] if sys.platform == "win32" else ["SIGTERM", "SIGHUP"])])
def test_a_signal_ends_it_and_nothing_is_kept(paths: Paths, name: str) -> None:
    number = signal.Signals[name]

    def script() -> Iterator[str]:
        yield LABELLED[0]
        os.kill(os.getpid(), number)
        yield from LABELLED

    code, out = carry_out(paths, script())
    assert (code, out) == (128 + number, [])
    assert not paths.probes.exists()
