"""Broken files of settings and rules in small: every text is refused with its line, and of some it is tried what then runs."""

from __future__ import annotations

from pathlib import Path

import pytest
from benchmarks.security.broken_files import ALLOWING, INVALID, KINDS, Bench, invalid, suites

from rookery_core.approval.rule_file import read_rules
from rookery_core.config_file import check_file
from rookery_core.errors import ConfigError

TEXTS = invalid(INVALID)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Bench:
    return Bench(tmp_path_factory.mktemp("bench") / "home")


def test_every_text_that_is_no_toml_is_refused_as_settings_and_as_rules_with_its_line(tmp_path: Path) -> None:
    assert len(TEXTS) == 499
    file = tmp_path / "file.toml"
    for raw in TEXTS.values():
        file.write_bytes(raw)
        with pytest.raises(ConfigError) as caught:
            check_file(file)
        (*_, mistake) = [str(caught.value), *map(str, read_rules(file).mistakes)]
        for said in (str(caught.value), mistake):
            line, _, what = said.removeprefix(f"{file}:").partition(": ")
            assert 1 <= int(line) <= raw.count(b"\n") + 1, said
            assert what


def test_no_broken_file_lets_more_run_than_none_does(bench: Bench) -> None:
    some = {name: TEXTS[name] for name in [*TEXTS][::25]}
    found = list(suites(bench, some))
    assert [wrong for _, _, wrong in found if wrong] == []
    assert [n for _, n, _ in found[:5]] == [20] * 5
    assert sum(n for _, n, _ in found[5:]) > 3 * len(KINDS)


def test_the_rules_that_are_broken_here_would_let_more_run_if_they_were_not(bench: Bench) -> None:
    bench.paths.rules.write_text(ALLOWING)
    try:
        assert bench.permitted() > bench.default
    finally:
        bench.paths.rules.unlink()
