"""Where nothing may be made an empty folder stands, for as long as a program runs that may not."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

import pytest

from tests.core.sandbox.kit import linux

pytestmark = linux

from rookery_core.sandbox.placeholders import MODE, is_there, placeholders  # noqa: E402


def test_it_is_there_meanwhile_and_goes(tmp_path: Path) -> None:
    with placeholders([tmp_path / ".git"]) as made:
        assert made == (tmp_path / ".git",)
        assert (tmp_path / ".git").is_dir()
        assert not is_there(tmp_path / ".git")
    assert [*tmp_path.iterdir()] == []


def test_it_stays_until_the_last_who_needs_it(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    with placeholders([path]):
        with placeholders([path]) as second:
            assert second == (path,)
        assert path.exists()
    assert not path.exists()


def test_the_folders_above_it_go_too(tmp_path: Path) -> None:
    with placeholders([tmp_path / ".config/autostart", tmp_path / ".config/fish"]) as made:
        assert len(made) == 2
    assert [*tmp_path.iterdir()] == []


def test_one_that_was_left_by_a_process_that_was_killed_goes_with_the_next(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir(MODE)
    with placeholders([tmp_path / ".git"]) as made:
        assert made
    assert not (tmp_path / ".git").exists()


def test_what_somebody_else_made_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / ".vscode").mkdir()
    (tmp_path / ".git").write_text("gitdir: x")
    with placeholders([tmp_path / ".vscode", tmp_path / ".git"]) as made:
        assert made == ()
    assert sorted(path.name for path in tmp_path.iterdir()) == [".git", ".vscode"]


def test_one_into_which_something_was_put_stays(tmp_path: Path) -> None:
    with placeholders([tmp_path / ".git"]):
        (tmp_path / ".git" / "x").touch()
        assert is_there(tmp_path / ".git")
    assert (tmp_path / ".git" / "x").exists()


@pytest.mark.skipif(os.geteuid() == 0, reason="root makes folders anywhere")
def test_where_none_can_be_made_none_is(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with placeholders([tmp_path / ".git"]) as made:
        assert made == ()
    tmp_path.chmod(0o700)


def test_a_program_that_keeps_one_to_itself_holds_nobody_up(tmp_path: Path) -> None:
    path = tmp_path / ".git"
    path.mkdir(MODE)
    number = os.open(path, os.O_RDONLY)
    fcntl.flock(number, fcntl.LOCK_EX)
    with placeholders([path]) as made:
        assert made == ()
    os.close(number)
