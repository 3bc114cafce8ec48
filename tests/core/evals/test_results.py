"""What is kept of finished cases, and when it counts."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from rookery_core.config import AgentSettings, Config, ModelSettings, TuiSettings
from rookery_core.errors import StoreBroken
from rookery_core.evals.outcome import Outcome
from rookery_core.evals.results import Results, fingerprint, identity, source_digest
from tests.core.evals.kit import TOOLS

WHO = {"suite": "decisions", "model": "x"}
DONE = Outcome(ended="answered", answer="Hällo", files={"a": None})


def test_an_outcome_is_there_again(tmp_path: Path) -> None:
    Results(tmp_path / "e", WHO).add("k", DONE)
    again = Results(tmp_path / "e", WHO)
    assert again.get("k") == DONE
    assert again.get("other") is None
    assert json.loads(again.file.read_text().splitlines()[0]) == {"identity": WHO}
    assert again.file.stat().st_mode & 0o077 == 0


def test_another_way_of_running_has_results_of_its_own(tmp_path: Path) -> None:
    Results(tmp_path, WHO).add("k", DONE)
    assert Results(tmp_path, {**WHO, "model": "y"}).get("k") is None


def test_only_those_cases_are_forgotten_that_are_to_be(tmp_path: Path) -> None:
    first = Results(tmp_path, WHO)
    for key in ("a", "b", "c"):
        first.add(key, DONE)
    again = Results(tmp_path, WHO)
    again.forget(["a", "b", "a", "nosuch"])
    again.add("b", DONE)
    for results in (again, Results(tmp_path, WHO)):
        assert [results.get(key) for key in ("a", "b", "c")] == [None, DONE, DONE]


def test_two_runs_at_once_keep_what_each_of_them_finished(tmp_path: Path) -> None:
    one, other = Results(tmp_path, WHO), Results(tmp_path, WHO)
    one.add("a", DONE)
    third = Results(tmp_path, WHO)
    other.add("b", DONE)
    third.add("c", DONE)
    assert all(Results(tmp_path, WHO).get(key) for key in ("a", "b", "c"))


@pytest.mark.parametrize(
    "torn", ['{"case": "b", "outc', '{"case": "b"}', "null", "\x00\x00", '{"case": [], "outcome": 1}']
)
def test_a_line_that_was_cut_short_costs_only_itself(tmp_path: Path, torn: str) -> None:
    first = Results(tmp_path, WHO)
    first.add("a", DONE)
    with first.file.open("a") as stream:
        stream.write(torn)
    again = Results(tmp_path, WHO)
    assert (again.get("a"), again.get("b")) == (DONE, None)
    again.add("b", DONE)
    assert Results(tmp_path, WHO).get("b") == DONE


def test_a_folder_that_cannot_be_used_is_said(tmp_path: Path) -> None:
    (tmp_path / "e").write_text("a file")
    with pytest.raises(StoreBroken, match="cannot be used"):
        Results(tmp_path / "e", WHO)


def who(folder: Path, config: Config | None = None, **changed: Any) -> dict[str, Any]:
    file = folder / "m.gguf"
    if not file.exists():
        file.write_bytes(b"weights")
    return identity(
        "decisions", **{"model": file, "adapter": None, "config": config or Config(), "tools": TOOLS, **changed}
    )


def test_what_makes_a_difference(tmp_path: Path) -> None:
    first = who(tmp_path)
    other = tmp_path / "a.gguf"
    other.write_bytes(b"others!")
    assert who(tmp_path) == first
    assert who(tmp_path, model=other) != first
    assert who(tmp_path, adapter=other) != first
    assert who(tmp_path, Config(agent=AgentSettings(max_steps=3))) != first
    assert who(tmp_path, Config(model=ModelSettings(temperature=0.5))) != first
    assert who(tmp_path, Config(tui=TuiSettings(trace=False), model=ModelSettings(path="elsewhere"))) == first


def test_a_files_name_makes_none_and_its_content_does(tmp_path: Path) -> None:
    one, two = tmp_path / "1", tmp_path / "2"
    one.write_bytes(b"a" * 10)
    two.write_bytes(b"a" * 10)
    assert fingerprint(one) == fingerprint(two) != fingerprint(None) == ""
    two.write_bytes(b"a" * 11)
    assert fingerprint(one) != fingerprint(two)
    with pytest.raises(StoreBroken):
        fingerprint(tmp_path / "nosuch")


def test_the_state_of_the_code_is_part_of_it_and_a_package_that_is_not_there_is_none() -> None:
    assert source_digest(["rookery_core"]) == source_digest(["rookery_core"]) != source_digest([])
    assert source_digest(["nosuch_package"]) == source_digest([])
