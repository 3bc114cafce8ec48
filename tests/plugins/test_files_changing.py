"""Files: edited in one place, moved and never over anything, deleted into the trash; and a yes is for what was seen."""

from __future__ import annotations

import os
import random
import shutil
import socket
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import unquote

import pytest

from rookery_core.approval.policy import Allowed
from rookery_core.events import Decision, ToolStatus
from rookery_core.plugin import Risk, Tool
from rookery_core.testing import run_tool
from rookery_plugins.files import Changes
from tests.plugins.files_kit import Person, failure, ok, preview_of

pytestmark = pytest.mark.timeout(60)


@pytest.fixture
def trash(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("home") / "Trash"


@pytest.fixture
def changes(trash: Path) -> Changes:
    return Changes(trash)


@pytest.fixture
def edit(changes: Changes) -> Tool:
    return changes.edit_file


@pytest.fixture
def move(changes: Changes) -> Tool:
    return changes.move_file


@pytest.fixture
def delete(changes: Changes) -> Tool:
    return changes.delete_file


# --- edit_file ---


async def test_a_text_is_replaced_where_it_is(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n")
    assert await ok(edit, tmp_path, path="a.txt", old="two", new="2") == "changed line 2 of a.txt"
    assert (tmp_path / "a.txt").read_text() == "one\n2\nthree\n"


async def test_several_lines_are_replaced_and_taken_out(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\nfour\n")
    await ok(edit, tmp_path, path="a.txt", old="two\nthree\n", new="")
    await ok(edit, tmp_path, path="a.txt", old="four", new="2\n3\n4")
    assert (tmp_path / "a.txt").read_text() == "one\n2\n3\n4\n"


async def test_a_text_that_is_not_there_is_answered_with_the_line_most_like_it(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("def f(x):\n    return x + 1\n")
    assert await failure(edit, tmp_path, path="a.py", old="return x+1", new="return x") == (
        "that text is not in a.py; line 2 is '    return x + 1'"
    )
    assert "read_file shows" in await failure(edit, tmp_path, path="a.py", old="zzzz", new="y")
    (tmp_path / "gates.txt").write_text("S. gate: open from 6 to 22\nN. gate: locked, key with Ines\nPASS_MARK = 40\n")
    for old, line in (("gate N", "; line 2 is 'N. gate"), ("pass_mark", "; line 3 is 'PASS_MARK = 40'")):
        assert line in await failure(edit, tmp_path, path="gates.txt", old=old, new="y")
    assert "read_file shows" in await failure(edit, tmp_path, path="gates.txt", old="...", new="y")


async def test_a_text_that_is_there_more_than_once_is_not_replaced(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("cat\ndog\ncat\n")
    assert "is in a.txt 2 times (line 1, 3); give more" in await failure(
        edit, tmp_path, path="a.txt", old="cat", new="x"
    )
    (tmp_path / "b.txt").write_text("aaa\n")
    assert "2 times (line 1)" in await failure(edit, tmp_path, path="b.txt", old="aa", new="x")
    (tmp_path / "c.txt").write_text("x\n" * 5_000)
    assert "more than 1000 times (line 1, 2, 3, 4, 5 and on)" in await failure(
        edit, tmp_path, path="c.txt", old="x", new=""
    )
    assert (tmp_path / "a.txt").read_text() == "cat\ndog\ncat\n"


@pytest.mark.parametrize(
    ("old", "new", "says"), [("", "x", "old is empty"), ("a", "a", "are the same"), ("\r\n", "\n", "same")]
)
async def test_an_edit_that_changes_nothing_is_refused(
    old: str, new: str, says: str, edit: Tool, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a\n")
    assert says in await failure(edit, tmp_path, path="a.txt", old=old, new=new)


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
async def test_line_ends_stay_what_they_are(end: str, edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(end.join(["one", "two", "three", ""]).encode())
    await ok(edit, tmp_path, path="a.txt", old="one\ntwo\n", new="1\n1.5\n2\n")
    assert (tmp_path / "a.txt").read_bytes() == end.join(["1", "1.5", "2", "three", ""]).encode()


async def test_mixed_line_ends_stay_where_they_are(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\nthree\rfour")
    await ok(edit, tmp_path, path="a.txt", old="two\nthree", new="2\n3")
    assert (tmp_path / "a.txt").read_bytes() == b"one\r\n2\n3\rfour"


@pytest.mark.parametrize(
    "encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32", "cp1252", "shift_jis", "koi8-r"]
)
async def test_encoding_and_byte_order_mark_stay(encoding: str, edit: Tool, tmp_path: Path) -> None:
    texts = {
        "shift_jis": "これは日本語の文章です。とても短いです。\n終わり\n",
        "koi8-r": "Съешь же ещё этих мягких булок, да выпей чаю.\nend\n",
    }
    text = texts.get(encoding, "Die Straße führt über den Fluß, schöne Grüße.\nend\n")
    mark = b"\xfe\xff" if encoding == "utf-16-be" else b""
    (tmp_path / "a.txt").write_bytes(mark + text.encode(encoding))
    last = text.splitlines()[-1]
    await ok(edit, tmp_path, path="a.txt", old=last, new="done")
    assert (tmp_path / "a.txt").read_bytes() == mark + text.replace(last, "done").encode(encoding)


async def test_a_character_that_the_encoding_has_not_is_refused(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("Die Straße führt über den Fluß, schöne Grüße.\n".encode("cp1252"))
    says = await failure(edit, tmp_path, path="a.txt", old="Straße", new="→")
    assert says == "a.txt is written in cp1252, which has no '→'; use other characters"
    person = Person([])
    assert (await person.call(edit, tmp_path, path="a.txt", old="Straße", new="→")).output == says
    assert person.asked == []


async def test_bytes_that_are_no_text_in_any_encoding_stay(edit: Tool, tmp_path: Path) -> None:
    data = b"caf\xe9 \x81\x8d\x8f\x90\x9d \xff\xfe end\n" * 3 + b"here\n"
    (tmp_path / "a.txt").write_bytes(data)
    await ok(edit, tmp_path, path="a.txt", old="here", new="there")
    assert (tmp_path / "a.txt").read_bytes() == data.replace(b"here", b"there")


async def test_what_is_not_changed_stays_byte_for_byte_in_any_file(edit: Tool, tmp_path: Path) -> None:
    """A wrong guess of the encoding must not matter."""
    rng = random.Random(7)
    n_edited = 0
    for _ in range(150):
        around = [bytes(rng.choices(range(9, 256), k=rng.randrange(60))) for _ in range(2)]
        data = around[0] + b"<here>" + around[1]
        (tmp_path / "a.txt").write_bytes(data)
        finished = await run_tool(edit, {"path": "a.txt", "old": "<here>", "new": "<there>"}, workspace=tmp_path)
        changed = (tmp_path / "a.txt").read_bytes()
        if finished.status is ToolStatus.OK:
            n_edited += 1
            assert changed == around[0] + b"<there>" + around[1]
        else:
            assert changed == data
    assert n_edited > 20


async def test_mode_and_attributes_stay_and_a_set_user_id_does_not(edit: Tool, tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("old\n")
    script.chmod(0o4751)
    with suppress(OSError, AttributeError):  # not every system and disk has them
        os.setxattr(script, "user.note", b"kept")
    kept = os.listxattr(script) if hasattr(os, "listxattr") else []
    await ok(edit, tmp_path, path="run.sh", old="old", new="new")
    assert stat.S_IMODE(script.stat().st_mode) == 0o751
    assert (os.listxattr(script) if hasattr(os, "listxattr") else []) == kept


async def test_another_name_of_the_same_file_keeps_the_old_text(edit: Tool, tmp_path: Path) -> None:
    """A hard link may be outside the workspace."""
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "outside.txt").write_text("old\n")
    os.link(tmp_path / "outside.txt", workspace / "a.txt")
    await ok(edit, workspace, path="a.txt", old="old", new="new")
    assert ((workspace / "a.txt").read_text(), (tmp_path / "outside.txt").read_text()) == ("new\n", "old\n")


async def test_only_text_files_that_are_there_and_not_huge_are_edited(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    (tmp_path / "report.txt").touch()
    os.mkfifo(tmp_path / "pipe")
    with (tmp_path / "huge.txt").open("wb") as file:
        file.truncate(10_000_001)
    for name, says in [
        ("folder", "is a folder"),
        (".", "is a folder"),
        ("image.png", "not a text file; it seems to be a PNG image"),
        ("rapport.txt", "did you mean report.txt?"),
        ("gone/a.txt", "there is no file gone/a.txt"),
        ("pipe", "a pipe or a device"),
        ("huge.txt", "10,000,001 bytes, 10,000,000 at most"),
    ]:
        assert says in await failure(edit, tmp_path, path=name, old="a", new="b"), name


async def test_the_person_sees_an_edit_as_a_diff_with_the_lines_around(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"line {n}\n" for n in range(1, 50_001)))
    path = os.path.realpath(tmp_path / "a.txt")
    assert await preview_of(edit, tmp_path, path="a.txt", old="line 40000\n", new="line 40,000\nand on\n") == (
        f"--- {path}\n+++ {path}\n@@ -39997,7 +39997,8 @@\n line 39997\n line 39998\n line 39999\n-line 40000\n"
        "+line 40,000\n+and on\n line 40001\n line 40002\n line 40003"
    )
    assert (tmp_path / "a.txt").read_text().count("40,000") == 0


async def test_a_diff_is_one_that_patch_applies(edit: Tool, tmp_path: Path) -> None:
    if shutil.which("patch") is None:
        pytest.skip("there is no patch to apply it with")
    rng = random.Random(3)
    for _ in range(30):
        lines = [rng.choice(["a", "b", "", "c d"]) for _ in range(rng.randrange(1, 40))]
        lines[rng.randrange(len(lines))] = "<here>"
        before = "\n".join(lines) + rng.choice(["", "\n"])
        new = "\n".join(rng.choices(["x", "", "y"], k=rng.randrange(1, 9))) + "<new>"
        (tmp_path / "a.txt").write_text(before)
        shown = await preview_of(edit, tmp_path, path="a.txt", old="<here>", new=new)
        done = subprocess.run(
            ["patch", "-s", "-o", "-", "a.txt"],
            input=f"{shown}\n",
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=True,
        )
        assert done.stdout == before.replace("<here>", new)


async def test_nobody_is_asked_about_an_edit_that_cannot_be(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    person = Person([])
    assert (await person.call(edit, tmp_path, path="a.txt", old="two", new="2")).status is ToolStatus.FAILED
    assert (await person.call(edit, tmp_path, path="b.txt", old="two", new="2")).status is ToolStatus.FAILED
    assert person.asked == []


# --- a yes is for what was seen ---


def writes(path: Path, text: str) -> Callable[[], object]:
    return lambda: path.write_text(text)


async def test_a_file_that_changed_since_it_was_shown_is_shown_again(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    person = Person([writes(tmp_path / "a.txt", "ONE\ntwo\n")])
    finished = await person.call(edit, tmp_path, path="a.txt", old="two", new="2")
    assert (finished.status, len(person.asked)) == (ToolStatus.OK, 2)
    assert person.asked[1].reason == "asked again: the file a.txt changed"
    assert " ONE" in person.asked[1].preview
    assert (tmp_path / "a.txt").read_text() == "ONE\n2\n"


async def test_a_file_that_changes_in_the_last_moment_is_shown_again_too(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    person = Person([], [writes(tmp_path / "a.txt", "ONE\ntwo\n")])
    finished = await person.call(edit, tmp_path, path="a.txt", old="two", new="2")
    assert (finished.status, len(person.asked)) == (ToolStatus.OK, 2)
    assert person.asked[1].reason == "a.txt has changed since this call was shown"
    assert " ONE" in person.asked[1].preview
    assert person.asked[1].remembers == ()
    assert (tmp_path / "a.txt").read_text() == "ONE\n2\n"


async def test_what_was_shown_of_a_call_that_was_denied_is_held_against_no_other(edit: Tool, tmp_path: Path) -> None:
    for name in ("a.txt", "b.txt"):
        (tmp_path / name).write_text(f"one, in {name}\n")
    denied = await Person([], says=Decision.DENY).call(edit, tmp_path, path="a.txt", old="one", new="1")
    assert denied.status is ToolStatus.DENIED
    person = Person([], allowed=Allowed(frozenset([Risk.WRITE])))
    finished = await person.call(edit, tmp_path, path="b.txt", old="one", new="1")
    assert (finished.status, person.asked) == (ToolStatus.OK, [])


async def test_a_file_that_changes_each_time_it_is_shown_is_left_alone(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    person = Person([writes(tmp_path / "a.txt", f"one{' ' * n}\n") for n in (1, 2, 3)])
    finished = await person.call(edit, tmp_path, path="a.txt", old="one", new="1")
    assert (finished.status, len(person.asked)) == (ToolStatus.FAILED, 3)
    assert (tmp_path / "a.txt").read_text() == "one   \n"


async def test_what_is_no_change_is_not_asked_about_again(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    person = Person([writes(tmp_path / "a.txt", "one\n")])
    await person.call(edit, tmp_path, path="a.txt", old="one", new="1")
    assert len(person.asked) == 1


async def test_an_edit_that_no_longer_fits_is_not_asked_about_again(edit: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    person = Person([writes(tmp_path / "a.txt", "two\n")])
    finished = await person.call(edit, tmp_path, path="a.txt", old="one", new="1")
    assert (finished.status, len(person.asked)) == (ToolStatus.FAILED, 1)
    assert "that text is not in a.txt" in finished.output


async def test_a_new_file_that_someone_else_made_meanwhile_is_not_replaced_unseen(
    changes: Changes, tmp_path: Path
) -> None:
    person = Person([writes(tmp_path / "a.txt", "theirs\n")])
    finished = await person.call(changes.write_file, tmp_path, path="a.txt", content="ours\n")
    assert (finished.status, len(person.asked)) == (ToolStatus.OK, 2)
    assert "-theirs" in person.asked[1].preview


async def test_another_file_than_the_one_shown_is_neither_moved_nor_deleted_unseen(
    move: Tool, delete: Tool, tmp_path: Path
) -> None:
    for tool, arguments in [(move, {"source": "a.txt", "destination": "b.txt"}), (delete, {"path": "a.txt"})]:
        (tmp_path / "a.txt").write_text("one\n")

        def swap() -> None:
            (tmp_path / "new.txt").write_text("another\n")
            (tmp_path / "new.txt").replace(tmp_path / "a.txt")

        person = Person([swap])
        finished = await person.call(tool, tmp_path, **arguments)
        assert (finished.status, len(person.asked)) == (ToolStatus.OK, 2)


async def test_a_destination_that_became_a_folder_is_shown_again(move: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n")
    person = Person([(tmp_path / "b").mkdir])
    await person.call(move, tmp_path, source="a.txt", destination="b")
    assert len(person.asked) == 2
    assert (tmp_path / "b" / "a.txt").read_text() == "one\n"


# --- write_file ---


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16"])
async def test_a_file_that_is_written_anew_keeps_its_byte_order_mark(
    encoding: str, changes: Changes, tmp_path: Path
) -> None:
    (tmp_path / "a.ini").write_bytes("[alt]\r\n".encode(encoding))
    await ok(changes.write_file, tmp_path, path="a.ini", content="[grün]\n")
    assert (tmp_path / "a.ini").read_bytes() == "[grün]\r\n".encode(encoding)


# --- move_file ---


async def test_a_file_is_renamed_and_moved_into_folders(move: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "folder").mkdir()
    assert await ok(move, tmp_path, source="a.txt", destination="b.txt") == "moved a.txt to b.txt"
    assert await ok(move, tmp_path, source="b.txt", destination="folder") == "moved b.txt to folder/b.txt"
    assert await ok(move, tmp_path, source="folder/b.txt", destination="new/deep/c.txt")
    assert await ok(move, tmp_path, source="new/deep/c.txt", destination=".") == "moved new/deep/c.txt to c.txt"
    assert (tmp_path / "c.txt").read_text() == "a"


async def test_a_folder_is_moved_with_all_in_it(move: Tool, tmp_path: Path) -> None:
    (tmp_path / "one" / "two").mkdir(parents=True)
    (tmp_path / "one" / "two" / "a.txt").write_text("a")
    (tmp_path / "other").mkdir()
    await ok(move, tmp_path, source="one", destination="other/")
    assert (tmp_path / "other" / "one" / "two" / "a.txt").read_text() == "a"


async def test_nothing_is_overwritten_by_a_move(move: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "b.txt").write_text("b")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "a.txt").write_text("theirs")
    (tmp_path / "dangling").symlink_to("nowhere")
    for there in ("b.txt", "folder", "folder/a.txt", "dangling"):
        assert "is there already" in await failure(move, tmp_path, source="a.txt", destination=there)
    assert "give another destination" in await failure(move, tmp_path, source="a.txt", destination="a.txt")
    assert sorted(path.read_text() for path in tmp_path.rglob("*.txt")) == ["a", "b", "theirs"]


async def test_two_names_of_one_file_both_stay(move: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    for other in ("b.txt", "A.txt"):
        os.link(tmp_path / "a.txt", tmp_path / other)
        assert "is there already" in await failure(move, tmp_path, source="a.txt", destination=other)
        assert (tmp_path / "a.txt").exists()


async def test_a_name_is_spelled_another_way(move: Tool, tmp_path: Path) -> None:
    (tmp_path / "readme.txt").write_text("a")
    await ok(move, tmp_path, source="readme.txt", destination="README.txt")
    assert [path.name for path in tmp_path.iterdir()] == ["README.txt"]


async def test_what_cannot_be_moved_says_why(move: Tool, tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "report.txt").touch()
    for source, destination, says in [
        ("folder", "folder/below/x", "into itself"),
        ("folder", "folder", "into itself"),
        ("folder", "report.txt/x", "nothing can be moved to report.txt/x: Not a directory"),
        (".", "x", "the workspace itself"),
        ("repart.txt", "x", "did you mean report.txt?"),
        ("report.txt", "report.txt/x", "into itself"),
    ]:
        assert says in await failure(move, tmp_path, source=source, destination=destination), (source, destination)
    finished = await run_tool(move, {"source": "report.txt", "destination": "new/"}, workspace=tmp_path)
    assert (finished.status, "there is no folder new/; give a whole path" in finished.output) == (
        ToolStatus.INVALID,
        True,
    )


async def test_a_link_is_moved_and_not_what_it_leads_to(move: Tool, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    (tmp_path / "link").symlink_to("a.txt")
    (tmp_path / "out").symlink_to("/etc/passwd")
    await ok(move, tmp_path, source="link", destination="moved")
    await ok(move, tmp_path, source="out", destination="still-out")
    assert os.readlink(tmp_path / "moved") == "a.txt"
    assert os.readlink(tmp_path / "still-out") == "/etc/passwd"
    assert (tmp_path / "a.txt").exists()


async def test_a_file_goes_into_a_folder_that_a_link_leads_to_inside_and_never_outside(
    move: Tool, tmp_path: Path
) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "folder").mkdir(parents=True)
    (tmp_path / "outside").mkdir()
    (workspace / "within").symlink_to("folder")
    (workspace / "out").symlink_to(tmp_path / "outside")
    (workspace / "a.txt").touch()
    assert "is there already" in await failure(move, workspace, source="a.txt", destination="out")
    finished = await run_tool(move, {"source": "a.txt", "destination": "out/a.txt"}, workspace=workspace)
    assert finished.status is ToolStatus.INVALID
    assert await ok(move, workspace, source="a.txt", destination="within") == "moved a.txt to folder/a.txt"
    assert list((tmp_path / "outside").iterdir()) == []


async def test_the_person_sees_from_where_to_where(move: Tool, tmp_path: Path) -> None:
    root = os.path.realpath(tmp_path)
    (tmp_path / "a.txt").write_text("four")
    (tmp_path / "folder" / "below").mkdir(parents=True)
    (tmp_path / "folder" / "below" / "b.txt").touch()
    shown = await preview_of(move, tmp_path, source="a.txt", destination="folder")
    assert shown.startswith(f"{root}/a.txt\nbecomes\n{root}/folder/a.txt\n\n4 bytes, last changed 20")
    shown = await preview_of(move, tmp_path, source="folder", destination="other")
    assert shown.endswith("a folder with 1 file and 1 folder")


# --- delete_file ---


async def test_what_is_deleted_is_in_the_trash_and_it_is_said_where(delete: Tool, trash: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("precious")
    output = await ok(delete, tmp_path, path="a.txt")
    assert output == f"deleted a.txt; it can be brought back from {trash}/files/a.txt"
    assert (trash / "files" / "a.txt").read_text() == "precious"
    assert not (tmp_path / "a.txt").exists()
    head, path, date = (trash / "info" / "a.txt.trashinfo").read_text().splitlines()
    assert head == "[Trash Info]"
    assert unquote(path) == f"Path={os.path.realpath(tmp_path)}/a.txt"
    assert date.startswith("DeletionDate=20")
    assert stat.S_IMODE(trash.stat().st_mode) == 0o700


async def test_a_home_without_a_trash_gets_one(trash: Path, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a")
    there = trash.parent / "share" / "not" / "yet" / "Trash"
    assert (await ok(Changes(there).delete_file, tmp_path, path="a.txt")).endswith(f"from {there}/files/a.txt")
    assert stat.S_IMODE(there.parent.stat().st_mode) == 0o700


async def test_two_of_one_name_are_both_kept(delete: Tool, trash: Path, tmp_path: Path) -> None:
    for text in ("one", "two", "three"):
        (tmp_path / "a.tar.gz").write_text(text)
        await ok(delete, tmp_path, path="a.tar.gz")
    found = {path.name: path.read_text() for path in (trash / "files").iterdir()}
    assert found == {"a.tar.gz": "one", "a.tar 2.gz": "two", "a.tar 3.gz": "three"}
    assert sorted(path.name for path in (trash / "info").iterdir()) == sorted(f"{name}.trashinfo" for name in found)


async def test_a_folder_goes_whole_and_a_link_goes_alone(delete: Tool, trash: Path, tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    (workspace / "folder" / "below").mkdir(parents=True)
    (workspace / "folder" / "below" / "a.txt").write_text("a")
    (tmp_path / "outside.txt").write_text("outside")
    (workspace / "link").symlink_to(tmp_path / "outside.txt")
    await ok(delete, workspace, path="folder")
    await ok(delete, workspace, path="link")
    assert list(workspace.iterdir()) == []
    assert (trash / "files" / "folder" / "below" / "a.txt").read_text() == "a"
    assert (trash / "files" / "link").is_symlink()
    assert (tmp_path / "outside.txt").read_text() == "outside"


@pytest.mark.parametrize("name", ["ä€😀" * 20, "x" * 255, "." + "y" * 200, "a b\tc\nd%", "x." + "z" * 250, "-rf"])
async def test_names_of_all_kinds_fit_into_the_trash(name: str, delete: Tool, trash: Path, tmp_path: Path) -> None:
    (tmp_path / name).write_text("x")
    await ok(delete, tmp_path, path=name)
    assert [path.read_text() for path in (trash / "files").iterdir()] == ["x"]
    (record,) = (trash / "info").iterdir()
    assert unquote(record.read_text().splitlines()[1]).startswith(f"Path={os.path.realpath(tmp_path)}/")


async def test_the_workspace_itself_and_what_is_not_there_is_not_deleted(delete: Tool, tmp_path: Path) -> None:
    (tmp_path / "report.txt").touch()
    assert "the workspace itself" in await failure(delete, tmp_path, path=".")
    assert "did you mean report.txt?" in await failure(delete, tmp_path, path="rapport.txt")
    finished = await run_tool(delete, {"path": ".."}, workspace=tmp_path)
    assert finished.status is ToolStatus.INVALID
    assert (tmp_path / "report.txt").exists()


async def test_what_is_no_file_is_deleted_without_being_opened(delete: Tool, trash: Path, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    await ok(delete, tmp_path, path="pipe")
    assert stat.S_ISFIFO((trash / "files" / "pipe").stat().st_mode)


async def test_without_a_home_and_a_trash_of_the_disk_it_is_in_the_workspace(tmp_path: Path) -> None:
    """As in a container: nobody's home, and a disk whose top is not theirs."""
    program = (
        "import asyncio, ctypes, os, sys\n"
        "from pathlib import Path\n"
        "from rookery_core.testing import run_tool\n"
        "from rookery_plugins.files import Changes\n"
        "os.setgid(12345); os.setuid(12345)\n"
        "os.environ['HOME'] = '/nonexistent'; os.environ.pop('XDG_DATA_HOME', None)\n"
        "os.chdir(sys.argv[1]); Path('a.txt').write_text('a')\n"
        "print(asyncio.run(run_tool(Changes().delete_file, {'path': 'a.txt'}, workspace=Path('.'))).output)\n"
    )
    if os.geteuid() != 0:
        pytest.skip("only root can become someone else")
    os.chown(tmp_path, 12_345, 12_345)
    for folder in tmp_path.parents[:3]:
        if folder != Path("/tmp"):
            folder.chmod(0o755)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path)], env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    where = os.path.realpath(tmp_path / ".Trash-12345" / "files" / "a.txt")
    assert done.stdout == f"deleted a.txt; it can be brought back from {where}\n"
    assert Path(where).read_text() == "a"


async def test_the_person_sees_what_goes(delete: Tool, tmp_path: Path) -> None:
    root = os.path.realpath(tmp_path)
    (tmp_path / "folder" / "node_modules").mkdir(parents=True)
    for n in range(3):
        (tmp_path / "folder" / "node_modules" / f"{n}").touch()
    (tmp_path / "link").symlink_to("folder")
    assert await preview_of(delete, tmp_path, path="folder") == (
        f"to the trash: {root}/folder\n\na folder with 3 files and 1 folder"
    )
    assert "what it leads to stays" in await preview_of(delete, tmp_path, path="link")


async def test_an_answer_for_the_session_is_about_these_very_paths(
    move: Tool, delete: Tool, edit: Tool, tmp_path: Path
) -> None:
    (tmp_path / "a.txt").write_text("a")
    root = os.path.realpath(tmp_path)
    for tool, arguments, remembers in [
        (edit, {"path": "a.txt", "old": "a", "new": "b"}, f"{root}/a.txt"),
        (move, {"source": "a.txt", "destination": "b.txt"}, f"{root}/a.txt to {root}/b.txt"),
        (delete, {"path": "./b.txt"}, f"{root}/b.txt"),
    ]:
        person = Person([])
        await person.call(tool, tmp_path, **arguments)
        assert person.asked[0].remembers == (remembers,)


@pytest.fixture
def two_disks(tmp_path: Path) -> Iterator[Path]:
    """A workspace with a second disk in it; only root may make one."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mounted = subprocess.run(["mount", "-t", "tmpfs", "none", str(disk)], capture_output=True, check=False)
    if mounted.returncode != 0:
        pytest.skip("nothing can be mounted here")
    yield tmp_path
    subprocess.run(["umount", "-l", str(disk)], check=True)


async def test_a_file_is_moved_to_another_disk(move: Tool, two_disks: Path) -> None:
    (two_disks / "a.bin").write_bytes(os.urandom(3_000_000))
    data = (two_disks / "a.bin").read_bytes()
    (two_disks / "a.bin").chmod(0o640)
    before = (two_disks / "a.bin").stat()
    await ok(move, two_disks, source="a.bin", destination="disk/b.bin")
    after = (two_disks / "disk" / "b.bin").stat()
    assert (two_disks / "disk" / "b.bin").read_bytes() == data
    assert (after.st_mode, after.st_mtime_ns) == (before.st_mode, before.st_mtime_ns)
    assert [path.name for path in two_disks.iterdir()] == ["disk"]
    (two_disks / "b.bin").touch()
    assert "is there already" in await failure(move, two_disks, source="disk/b.bin", destination="b.bin")
    (two_disks / "disk" / "folder").mkdir()
    assert "only files can be moved there" in await failure(move, two_disks, source="disk/folder", destination="folder")


async def test_what_is_deleted_on_another_disk_stays_on_it(delete: Tool, two_disks: Path) -> None:
    (two_disks / "disk" / "a.txt").write_text("a")
    output = await ok(delete, two_disks, path="disk/a.txt")
    where = os.path.realpath(two_disks / "disk" / f".Trash-{os.geteuid()}")
    assert output.endswith(f"from {where}/files/a.txt")
    assert "Path=a.txt\n" in Path(where, "info", "a.txt.trashinfo").read_text()


async def test_a_disk_with_a_trash_for_everyone_has_a_part_of_it_for_each(delete: Tool, two_disks: Path) -> None:
    (two_disks / "disk" / ".Trash").mkdir()
    (two_disks / "disk" / ".Trash").chmod(0o1777)
    (two_disks / "disk" / "a.txt").write_text("a")
    where = os.path.realpath(two_disks / "disk" / ".Trash" / str(os.geteuid()))
    assert (await ok(delete, two_disks, path="disk/a.txt")).endswith(f"from {where}/files/a.txt")


@pytest.mark.parametrize("how", ["a link", "not sticky"])
async def test_a_trash_for_everyone_that_is_not_safe_is_not_used(how: str, delete: Tool, two_disks: Path) -> None:
    trap = two_disks / "trap"
    trap.mkdir()
    trap.chmod(0o1777)
    shared = two_disks / "disk" / ".Trash"
    if how == "a link":
        shared.symlink_to(trap)
    else:
        shared.mkdir()
        shared.chmod(0o777)
    (two_disks / "disk" / "a.txt").write_text("a")
    assert f"/.Trash-{os.geteuid()}/files/a.txt" in await ok(delete, two_disks, path="disk/a.txt")
    assert list(trap.iterdir()) == []


async def test_a_trash_of_someone_else_is_not_used(two_disks: Path) -> None:
    home = two_disks / "disk" / "home" / "Trash"
    home.mkdir(parents=True)
    os.chown(home, 12_345, 12_345)
    (two_disks / "disk" / "a.txt").write_text("a")
    output = await ok(Changes(home).delete_file, two_disks, path="disk/a.txt")
    assert f"/disk/.Trash-{os.geteuid()}/files/a.txt" in output
    assert list(home.iterdir()) == []


async def test_a_socket_is_no_file_to_edit(edit: Tool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")
        assert "a pipe or a device" in await failure(edit, tmp_path, path="socket", old="a", new="b")
