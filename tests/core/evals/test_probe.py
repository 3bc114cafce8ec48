"""Which form of a call a model does better with."""

from __future__ import annotations

import json
import time
from dataclasses import replace
from pathlib import Path

import pytest

from rookery_core.compose import build
from rookery_core.config import AgentSettings, Config
from rookery_core.equipment import Options
from rookery_core.errors import ModelError
from rookery_core.evals.play import Stage
from rookery_core.evals.probe import CALLS, FORMS, NO_CALLS, cases, probe
from rookery_core.model.hashes import Hashes
from rookery_core.model.probes import Probe, Probes
from rookery_core.paths import Paths
from rookery_core.testing import ScriptedModel
from rookery_core.tools.loader import Loaded

FOUND = Probe({"labelled": 0.5, "native": 0.75}, 12, {"labelled": 1.0, "native": 2.0})


def labelled(tool: str, arguments: dict[str, object]) -> str:
    return f"Thought: I will.\nAction: {tool}\nInput: {json.dumps(arguments)}"


def native(tool: str, arguments: dict[str, object]) -> str:
    return f'<tool_call>\n{{"name": "{tool}", "arguments": {json.dumps(arguments)}}}\n</tool_call>'


def right(arguments: dict[str, list[object]]) -> dict[str, object]:
    return {name: values[0] for name, values in arguments.items()}


async def test_every_decision_is_made_in_every_form_and_counted() -> None:
    script = [labelled(tool, right(arguments)) for _, tool, arguments in CALLS]
    script += ["Thought: No tool.\nAnswer: Hello?" for _ in NO_CALLS]
    script += [native(tool, right(arguments)) for _, tool, arguments in CALLS[:-2]]
    script += ["I cannot."] * 2 + [native("weather", {"city": "Oslo"})] + ["Hello?"] * (len(NO_CALLS) - 1)
    model = ScriptedModel(script, native=True)
    told: list[tuple[int, int]] = []
    found = await probe(Stage(Config(), model, Loaded((), ()), time.monotonic), lambda *done: told.append(done))
    n = len(cases())
    assert n == len(CALLS) + len(NO_CALLS)
    assert found.rates == {"labelled": 1.0, "native": (n - 3) / n}
    assert (found.n, found.form) == (n, "labelled")
    assert told == [(done, 2 * n) for done in range(1, 2 * n + 1)]
    assert "Action:" in (model.grammars[0] or "")
    assert "<tool_call>" in (model.grammars[-1] or "")
    assert json.loads(model.seen[-1][0].tools)[0]["function"]["name"] == "add_event"


def test_what_was_found_is_kept_by_the_hash_of_the_file(tmp_path: Path) -> None:
    probes = Probes(tmp_path / "new" / "probes.json")
    assert probes.get("a") is None
    probes.keep("a", FOUND)
    probes.keep("b", Probe(dict.fromkeys(FORMS, 0.5), 12, {}))
    assert Probes(tmp_path / "new" / "probes.json").get("a") == FOUND
    assert FOUND.form == "native"
    assert (probes.get("b") or FOUND).form == "labelled"


@pytest.mark.parametrize("text", ["", "[]", '{"a": 1}', '{"a": {"rates": {}, "else": 1}}'])
def test_a_damaged_file_is_as_good_as_none(tmp_path: Path, text: str) -> None:
    file = tmp_path / "probes.json"
    file.write_text(text)
    assert Probes(file).get("a") is None
    Probes(file).keep("a", FOUND)
    assert Probes(file).get("a") == FOUND


def test_what_cannot_be_kept_is_said(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ModelError, match="cannot be kept in"):
        Probes(tmp_path / "file" / "probes.json").keep("a", FOUND)


@pytest.mark.parametrize(
    ("form", "probed", "own"),
    [
        ("auto", "native", True),
        ("auto", "labelled", False),
        ("auto", "", True),
        ("native", "labelled", True),
        ("labelled", "native", False),
    ],
)
async def test_a_turn_is_held_in_the_form_that_was_better_or_the_models_own(
    tmp_path: Path, form: str, probed: str, own: bool
) -> None:
    gguf = tmp_path / "m.gguf"
    gguf.write_bytes(b"GGUF")
    paths = Paths(tmp_path, tmp_path, tmp_path)
    if probed:
        rates = {"labelled": 0.5, "native": 0.5, probed: 0.75}
        Probes(paths.probes).keep(Hashes(paths.hashes).sha256(gguf), replace(FOUND, rates=rates))
    answer = "It is 5." if own else "Thought: done\nAnswer: It is 5."
    model = ScriptedModel([answer], native=True, path=str(gguf))
    config = Config(agent=AgentSettings.model_validate({"form": form}))
    assistant = build(config, paths, Options(workspace=tmp_path), model=model, plugins=Loaded((), ()))
    session = assistant.new_session()
    events = [event async for event in assistant.turn(session, "2 + 3?")]
    assert [event.text for event in events if event.kind == "answered"] == ["It is 5."]
    await assistant.close()
