"""What a person is told of a call is what Rookery found out about it, exactly."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from rookery_core.approval.facts import FILES_TOLD, facts_of
from rookery_core.approval.scene import ABSENT, CONTENT_BYTES, Role, look
from rookery_core.plugin import Tool
from tests.core.approval.kit import Desk, delete, fetch, foreign, python, read, shell, write

ENVIRON = {"PATH": "/usr/bin:/bin", "HOME": "/home/ann", "LANG": "C.UTF-8", "GITHUB_TOKEN": "s3cret", "EDITOR": "vi"}


def facts(desk: Desk, called: Tool, environ: Mapping[str, str] = ENVIRON, **given: Any) -> list[tuple[str, str]]:
    judged = desk.judge(called, **given)
    scene = look(judged.subject, judged.assessed, environ, desk.places)
    return [(fact.label, fact.text) for fact in facts_of(judged, scene, environ)]


def of(label: str, told: list[tuple[str, str]]) -> list[str]:
    return [text for each, text in told if each == label]


def test_a_file_that_is_written_is_told_by_its_real_path_and_whether_it_is_new(desk: Desk) -> None:
    (desk.root / "link").symlink_to("real")
    (desk.root / "real").mkdir()
    assert facts(desk, write, path="link/a.txt") == [
        ("folder", str(desk.root)),
        ("writes", f"{desk.root}/real/a.txt (new)"),
        ("network", "its plugin says that it needs none"),
    ]
    (desk.root / "real" / "a.txt").touch()
    assert of("writes", facts(desk, write, path="link/a.txt")) == [f"{desk.root}/real/a.txt"]
    assert of("writes", facts(desk, delete, path="link")) == [f"{desk.root}/link"]
    assert of("writes", facts(desk, delete, path="real")) == [f"{desk.root}/real (a folder)"]
    assert of("reads", facts(desk, read, path="none")) == [f"{desk.root}/none (there is none)"]


def test_a_command_is_told_with_each_program_and_each_file(desk: Desk, tmp_path: Path) -> None:
    for name in ("frob", "grind"):
        file = tmp_path / "bin" / name
        file.parent.mkdir(exist_ok=True)
        file.write_text("#!/bin/sh\n")
        file.chmod(0o755)
    (tmp_path / "bin" / "nib").symlink_to("frob")
    (desk.root / "in.txt").touch()
    environ = {**ENVIRON, "PATH": f"{tmp_path}/bin"}
    told = facts(desk, shell, environ, command="cd . && nib in.txt --with=in.txt | grind < in.txt > out.txt; missing x")
    sh = os.path.realpath("/bin/sh")
    assert of("program", told) == [
        "the shell: /bin/sh" + (f", really {sh}" if sh != "/bin/sh" else ""),
        "cd: the shell itself does it",
        f"nib: {tmp_path}/bin/nib, really {tmp_path}/bin/frob",
        f"grind: {tmp_path}/bin/grind",
        "missing: there is no such program",
    ]
    assert of("writes", told) == [f"{desk.root}/out.txt (new)"]
    assert of("names", told) == [f"{desk.root}/in.txt"]
    assert of("network", told) == ["nothing keeps it from it"]
    assert of("confined", told) == ["no: it can do all that you can do on this machine"]


def test_a_file_that_one_command_reads_and_another_may_write_is_not_told_as_read(desk: Desk) -> None:
    (desk.root / "a.txt").touch()
    told = facts(desk, shell, command="cat a.txt; frob a.txt")
    assert (of("reads", told), of("names", told)) == ([], [f"{desk.root}/a.txt"])


def test_a_program_without_a_shell_is_told_alone(desk: Desk) -> None:
    told = facts(desk, shell, command=["cat", "x"])
    assert [text.split(":")[0] for text in of("program", told)] == ["cat"]


def test_what_a_starter_starts_is_told_too(desk: Desk) -> None:
    names = [text.split(":")[0] for text in of("program", facts(desk, shell, command="env -i nohup cat x"))]
    assert names == ["the shell", "env", "nohup", "cat"]


def test_a_word_that_happens_to_be_the_name_of_a_program_is_not_told_as_one(desk: Desk) -> None:
    told = facts(desk, shell, command="git init && find . -name test")
    assert [text.split(":")[0] for text in of("program", told)] == ["the shell", "git", "find"]


def test_a_command_that_is_not_understood_says_so(desk: Desk) -> None:
    told = of("program", facts(desk, shell, command="cat $(ls)"))
    assert told[-1] == "and what cannot be told, since a word has to be worked out by the shell"
    assert any(text.startswith("ls: ") for text in told)
    assert of("program", facts(desk, python, code="print()")) == ["what it starts is the tool's own affair"]


def test_the_environment_is_told_without_any_secret(desk: Desk) -> None:
    (told,) = of("variables", facts(desk, shell, command="make"))
    assert told == (
        "HOME, LANG, PATH; set to GIT_PAGER=cat, LC_MESSAGES=C, PAGER=cat, TERM=dumb; 2 others of yours are not passed on"
    )
    (told,) = of("variables", facts(desk, shell, {**ENVIRON, "PATH": ".:/usr/bin:bin"}, command="make"))
    assert "PATH without 2 of its folders" in told
    assert not of("variables", facts(desk, write, path="a"))


def test_a_site_is_told_and_its_name_is_not_looked_up(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    import socket

    def never(*_: object, **__: object) -> None:
        raise AssertionError("a name was looked up")

    for name in ("getaddrinfo", "gethostbyname", "socket"):
        monkeypatch.setattr(socket, name, never)
    told = facts(desk, fetch, url="https://docs.example/x")
    assert of("address", told) == ["docs.example:443, whose IP address is looked up only once this is allowed"]
    assert of("network", told) == ["yes"]
    told = facts(desk, shell, command="curl http://127.0.0.1:8080/x")
    assert of("address", told) == ["127.0.0.1:8080"]


def test_of_many_files_some_are_told_and_all_are_bound(desk: Desk) -> None:
    names = [f"f{n:03}.txt" for n in range(FILES_TOLD + 5)]
    for name in names:
        (desk.root / name).touch()
    command = f"frob {' '.join(names)}"
    told = of("names", facts(desk, shell, command=command))
    assert (len(told), told[-1]) == (FILES_TOLD + 1, "and 5 more")
    judged = desk.judge(shell, command=command)
    assert len(look(judged.subject, judged.assessed, ENVIRON, desk.places).files) == len(names)


def test_names_that_a_pattern_stands_for_are_files_of_the_call(desk: Desk) -> None:
    for name in ("a.txt", "b.txt", "c.md"):
        (desk.root / name).touch()
    assert of("names", facts(desk, shell, command="frob *.txt")) == [f"{desk.root}/a.txt", f"{desk.root}/b.txt"]


def standing(desk: Desk, name: str) -> str:
    judged = desk.judge(foreign, path=f"./{name}")
    (file,) = look(judged.subject, judged.assessed, ENVIRON, desk.places).files
    assert file.role is Role.READS
    return file.standing


def test_nothing_that_could_wait_or_be_endless_is_read(desk: Desk) -> None:
    os.mkfifo(desk.root / "pipe")
    assert standing(desk, "pipe").startswith("file ")
    with open(desk.root / "large", "wb") as large:
        large.truncate(CONTENT_BYTES + 1)
    before = standing(desk, "large")
    assert before.startswith("file ")
    os.utime(desk.root / "large")
    assert standing(desk, "large") != before
    (desk.root / "small").write_text("x")
    assert len(standing(desk, "small").split()[1]) == 64
    assert standing(desk, "none") == ABSENT


def test_what_is_shown_stays_exact(desk: Desk) -> None:
    told = facts(desk, write, path="a\u202eb\nc.txt")
    assert of("writes", told) == [f"{desk.root}/a\u202eb\nc.txt (new)"]
