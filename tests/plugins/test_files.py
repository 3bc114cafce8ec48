"""Files: what is in the workspace can be listed, read, found and written, and nothing outside it."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from rookery_core.events import ApprovalRequested, Event, ToolStatus
from rookery_core.plugin import Tool
from rookery_core.testing import run_tool
from rookery_plugins.files import Changes, list_files, read_file, search_files
from tests.plugins.files_kit import failure, ok, preview_of

pytestmark = pytest.mark.timeout(30)

write_file = Changes().write_file


# --- every tool ---


@pytest.mark.parametrize(
    ("tool", "arguments"),
    [
        (list_files, {"folder": ".."}),
        (read_file, {"path": "../secret.txt"}),
        (read_file, {"path": "/etc/passwd"}),
        (read_file, {"path": "out/secret.txt"}),
        (read_file, {"path": "leak.txt"}),
        (search_files, {"text": "s", "folder": "/"}),
        (write_file, {"path": "../new.txt", "content": "x"}),
        (write_file, {"path": "out/new.txt", "content": "x"}),
        (write_file, {"path": "leak.txt", "content": "x"}),
    ],
)
async def test_a_path_outside_the_workspace_is_refused(tool: Tool, arguments: dict[str, str], tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    secret = tmp_path / "secret.txt"
    secret.write_text("secret")
    (workspace / "out").symlink_to(tmp_path)
    (workspace / "leak.txt").symlink_to(secret)
    finished = await run_tool(tool, arguments, workspace=workspace)
    assert finished.status is ToolStatus.INVALID
    assert "outside the workspace" in finished.output
    assert secret.read_text() == "secret"
    assert not (tmp_path / "new.txt").exists()


@pytest.mark.parametrize("name", ["a" * 300, "a/" * 3_000, "plain.txt/below"], ids=["long", "deep", "below a file"])
async def test_a_path_that_cannot_be_is_a_clean_failure(name: str, tmp_path: Path) -> None:
    (tmp_path / "plain.txt").write_text("x")
    await failure(read_file, tmp_path, path=name)
    await failure(list_files, tmp_path, folder=name)
    await failure(search_files, tmp_path, text="x", folder=name)
    await failure(write_file, tmp_path, path=name, content="x")


async def test_looking_does_not_ask_and_writing_does(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x")
    looks = [(list_files, {}), (read_file, {"path": "a.txt"}), (search_files, {"text": "x"})]
    for tool, arguments in looks:
        finished = await run_tool(tool, arguments, workspace=tmp_path, allow=False)
        assert finished.status is ToolStatus.OK
    finished = await run_tool(write_file, {"path": "a.txt", "content": "y"}, workspace=tmp_path, allow=False)
    assert finished.status is ToolStatus.DENIED
    assert (tmp_path / "a.txt").read_text() == "x"


# --- list_files ---


async def test_folders_come_first_and_links_are_marked(tmp_path: Path) -> None:
    (tmp_path / "b.txt").touch()
    (tmp_path / "a.txt").touch()
    (tmp_path / "z").mkdir()
    (tmp_path / "link").symlink_to("a.txt")
    assert await ok(list_files, tmp_path) == "z/\na.txt\nb.txt\nlink (link)"


async def test_the_default_folder_is_the_workspace(tmp_path: Path) -> None:
    (tmp_path / "only-here.txt").touch()
    assert await ok(list_files, tmp_path) == await ok(list_files, tmp_path, folder=".") == "only-here.txt"


async def test_a_folder_below_is_listed(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    assert await ok(list_files, tmp_path, folder="sub") == "the folder sub is empty"
    (tmp_path / "sub" / "a.txt").touch()
    assert await ok(list_files, tmp_path, folder="sub") == "a.txt"


async def test_a_long_list_is_cut_and_says_so(tmp_path: Path) -> None:
    for n in range(250):
        (tmp_path / f"{n:03}").touch()
    lines = (await ok(list_files, tmp_path)).splitlines()
    assert lines[-2:] == ["199", "[50 more are not shown]"]


async def test_a_file_name_cannot_pass_for_two(tmp_path: Path) -> None:
    (tmp_path / "a\nb").touch()
    (tmp_path / os.fsdecode(b"\xff")).touch()
    assert sorted((await ok(list_files, tmp_path)).splitlines()) == [r"'\udcff'", r"'a\nb'"]


async def test_listing_what_is_no_folder_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "reports").mkdir()
    (tmp_path / "a.txt").touch()
    assert "use read_file" in await failure(list_files, tmp_path, folder="a.txt")
    assert "did you mean reports?" in await failure(list_files, tmp_path, folder="report")


# --- read_file ---


async def test_a_short_file_is_given_whole(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo ä€😀\n")
    assert await ok(read_file, tmp_path, path="a.txt") == "one\ntwo ä€😀"


async def test_a_part_of_a_file_says_where_to_read_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("".join(f"line {n}\n" for n in range(1, 11)))
    assert await ok(read_file, tmp_path, path="a.txt", start=3, lines=2) == (
        "line 3\nline 4\n[there is more: read on with start=5]"
    )
    assert await ok(read_file, tmp_path, path="a.txt", start=9, lines=2) == "line 9\nline 10"


async def test_reading_on_as_told_gives_every_line_once(tmp_path: Path) -> None:
    lines = [f"line {n} " + "x" * (n % 90) for n in range(1, 1_001)]
    (tmp_path / "a.txt").write_text("\n".join(lines))
    seen: list[str] = []
    start = 1
    while start:
        *part, last = (await ok(read_file, tmp_path, path="a.txt", start=start)).split("\n")
        more = last.startswith("[there is more")
        seen += part if more else [*part, last]
        start = int(last.rpartition("=")[2].rstrip("]")) if more else 0
    assert seen == lines


async def test_a_line_too_long_to_show_is_cut_and_skipped(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" * 100_000 + "\nend\n")
    output = await ok(read_file, tmp_path, path="a.txt")
    assert output.startswith("xxx")
    assert output.endswith("x\n[line 1 is cut; there is more: read on with start=2]")
    assert await ok(read_file, tmp_path, path="a.txt", start=2) == "end"


async def test_of_a_huge_file_only_the_part_is_read(tmp_path: Path) -> None:
    (tmp_path / "huge.txt").write_bytes(b"first\n" * 2_000)
    os.truncate(tmp_path / "huge.txt", 10**12)  # sparse: reading it all would take minutes
    assert (await ok(read_file, tmp_path, path="huge.txt", lines=1)).startswith("first\n[there is more")


async def test_line_breaks_of_every_system_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\rthree\n")
    assert await ok(read_file, tmp_path, path="a.txt") == "one\ntwo\nthree"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-32"])
async def test_unicode_is_read_in_the_form_it_has(encoding: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("grün\n", encoding=encoding)
    assert await ok(read_file, tmp_path, path="a.txt") == "grün"


async def test_bytes_that_are_not_utf8_are_shown_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes("grün\n".encode("latin-1"))
    output = await ok(read_file, tmp_path, path="a.txt")
    assert output == "grün\n[it is not UTF-8 and was read as cp1252]"


@pytest.mark.parametrize(
    ("encoding", "text"),
    [
        ("cp1252", "Die Straße führt über den Fluß, schöne Grüße."),
        ("cp1252", "El niño comió piñas en la montaña mañana."),
        ("cp1252", "grün"),
        ("cp1252", "He said “hello” – it’s fine"),
        ("cp1250", "Příliš žluťoučký kůň úpěl ďábelské ódy."),
        ("cp1251", "Съешь же ещё этих мягких французских булок да выпей чаю."),
        ("koi8-r", "Съешь же ещё этих мягких французских булок да выпей чаю."),
        ("cp866", "Съешь же ещё этих мягких французских булок да выпей чаю."),
        ("cp1253", "Η γρήγορη καφέ αλεπού πηδάει πάνω από το σκυλί."),
        ("cp850", "El niño comió piñas en la montaña mañana."),
        ("shift_jis", "これは日本語の文章です。とても短いです。"),
        ("euc_jp", "これは日本語の文章です。とても短いです。"),
        ("gb18030", "这是一个用中文写的句子，用来测试编码检测。"),
        ("big5", "這是一個用中文寫的句子，用來測試編碼檢測。"),
        ("euc_kr", "이것은 한국어로 쓰여진 문장입니다."),
    ],
)
async def test_an_old_encoding_is_recognised_and_named(encoding: str, text: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(f"{text}\nend\n".encode(encoding))
    read, end, note = (await ok(read_file, tmp_path, path="a.txt")).splitlines()
    assert (read, end) == (text, "end")
    assert note.startswith("[it is not UTF-8 and was read as ")
    assert await ok(search_files, tmp_path, text=text[:5]) == f"a.txt:1: {text}"


async def test_a_mistake_in_utf8_far_down_is_shown_and_named(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"x\n" * 40_000 + b"caf\xe9\n")
    assert await ok(read_file, tmp_path, path="a.txt", start=40_001) == (
        "caf\ufffd\n[some of it is not UTF-8 and shown as \ufffd]"
    )


async def test_what_looks_like_text_and_ends_within_a_character_is_utf8(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("x" + "ä" * 50_000)  # the part that is looked at ends within one
    assert "not UTF-8" not in await ok(read_file, tmp_path, path="a.txt", lines=1)


async def test_an_empty_file_is_said_to_be_empty(tmp_path: Path) -> None:
    (tmp_path / "a.txt").touch()
    assert await ok(read_file, tmp_path, path="a.txt") == "the file a.txt is empty"


async def test_reading_past_the_end_says_how_long_the_file_is(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\n")
    assert "has only 2 lines" in await failure(read_file, tmp_path, path="a.txt", start=3)
    finished = await run_tool(read_file, {"path": "a.txt", "start": 0}, workspace=tmp_path)
    assert finished.status is ToolStatus.INVALID
    assert "greater than or equal to 1" in finished.output


async def test_a_missing_file_is_answered_with_the_ones_like_it(tmp_path: Path) -> None:
    (tmp_path / "report.txt").touch()
    assert "did you mean report.txt?" in await failure(read_file, tmp_path, path="raport.txt")
    assert "list_files shows" in await failure(read_file, tmp_path, path="nothing/like/it")
    (tmp_path / "old").mkdir()
    (tmp_path / "old" / "Minutes.txt").touch()
    assert "did you mean old/Minutes.txt?" in await failure(read_file, tmp_path, path="old/minuets.txt")
    for elsewhere in ("minutes.txt", "new/minutes.txt", "old/deeper/minutes.txt"):
        assert "did you mean old/Minutes.txt?" in await failure(read_file, tmp_path, path=elsewhere)
    (tmp_path / "old" / "report.txt").touch()
    (tmp_path / "new").mkdir()
    assert "did you mean report.txt or old/report.txt?" in await failure(read_file, tmp_path, path="new/report.txt")


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own there")
async def test_what_is_told_in_place_of_a_missing_file_is_in_the_workspace_and_not_hidden(tmp_path: Path) -> None:
    outside, workspace = tmp_path / "outside", tmp_path / "work"
    for folder in (outside, workspace / ".git"):
        folder.mkdir(parents=True)
        (folder / "plan.txt").touch()
    (workspace / "link").symlink_to(outside)
    (workspace / "plan.md").symlink_to(outside / "plan.txt")
    assert "list_files shows" in await failure(read_file, workspace, path="plan.txt")
    for n in range(4):
        (workspace / f"{n}" / "node_modules").mkdir(parents=True)
        (workspace / f"{n}" / "node_modules" / "plan.txt").touch()
        (workspace / f"{n}" / "to\ndo.txt").touch()
        (workspace / f"{n}" / "config.yml").touch()
    assert "list_files shows" in await failure(read_file, workspace, path="plan.txt")
    assert "did you mean '0/to\\ndo.txt' or '1/" in await failure(read_file, workspace, path="to\ndo.txt")
    (workspace / "src").mkdir()
    (workspace / "src" / "config.yaml").touch()
    said = await failure(read_file, workspace, path="src/config.yml")
    assert "did you mean src/config.yaml or 0/config.yml or 1/config.yml?" in said


async def test_what_is_no_text_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    (tmp_path / "image.png").write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.fspath(tmp_path / "socket"))
        assert "cannot be read" in await failure(read_file, tmp_path, path="socket")
    assert "a pipe or a device" in await failure(read_file, tmp_path, path="pipe")
    assert "use list_files" in await failure(read_file, tmp_path, path="folder")
    assert "not a text file" in await failure(read_file, tmp_path, path="image.png")


@pytest.mark.parametrize(
    ("name", "data", "kind"),
    [
        ("a.png", b"\x89PNG\r\n\x1a\n\0", "a PNG image"),
        ("a.jpg", b"\xff\xd8\xff\xe0\0\x10JFIF", "a JPEG image"),
        ("a.pdf", b"%PDF-1.7\n1 0 obj\n", "a PDF document"),
        ("a.zip", b"PK\x03\x04\x14\0", "a ZIP archive"),
        ("a.docx", b"PK\x03\x04\x14\0", "a Word document"),
        ("a.gz", b"\x1f\x8b\x08\0", "compressed with gzip"),
        ("a.db", b"SQLite format 3\0", "an SQLite database"),
        ("a.wav", b"RIFF\x24\0\0\0WAVEfmt ", "a WAV sound"),
        ("a.mp4", b"\0\0\0\x18ftypmp42", "an MP4 film or sound"),
        ("a.out", b"\x7fELF\x02\x01\x01\0", "a program"),
        ("a.tar", b"a.txt".ljust(257, b"\0") + b"ustar\x0000", "a tar archive"),
    ],
)
async def test_what_is_no_text_is_refused_with_what_it_seems_to_be(
    name: str, data: bytes, kind: str, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(data)
    assert await failure(read_file, tmp_path, path=name) == f"{name} is not a text file; it seems to be {kind}"


async def test_text_that_begins_like_something_else_is_text(tmp_path: Path) -> None:
    for text in (
        "BZh is how bzip2 begins",
        "MZ is how programs begin",
        "GIF8 is no picture",
        "ID3 is no sound",
        "a\x0cb\x1b[1m\t",
    ):
        (tmp_path / "a.txt").write_text(text)
        assert await ok(read_file, tmp_path, path="a.txt") == text


@pytest.mark.parametrize("data", [os.urandom(1_000) + b"\0", bytes(range(1, 32)) * 10, b"\0" * 50])
async def test_bytes_of_no_known_kind_are_no_text(data: bytes, tmp_path: Path) -> None:
    (tmp_path / "data").write_bytes(data)
    assert await failure(read_file, tmp_path, path="data") == "data is not a text file"


async def test_a_link_inside_the_workspace_is_followed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("here")
    (tmp_path / "link").symlink_to("a.txt")
    assert await ok(read_file, tmp_path, path="link") == "here"


# --- search_files ---


async def test_lines_are_found_in_any_case_and_in_order(tmp_path: Path) -> None:
    (tmp_path / "sub").mkdir()
    (tmp_path / "b.txt").write_text("nothing\nthe CAT sat\n")
    (tmp_path / "a.txt").write_text("a cat\n")
    (tmp_path / "sub" / "c.txt").write_text("  Straße, cat\n")
    assert (await ok(search_files, tmp_path, text="Cat")).splitlines() == [
        "a.txt:1: a cat",
        "b.txt:2: the CAT sat",
        "sub/c.txt:1: Straße, cat",
    ]
    assert await ok(search_files, tmp_path, text="STRASSE", folder="sub") == "sub/c.txt:1: Straße, cat"


async def test_the_text_is_no_pattern(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("f(x) = (a+)+$\nfffx\n")
    assert await ok(search_files, tmp_path, text="(a+)+$") == "a.txt:1: f(x) = (a+)+$"
    assert await ok(search_files, tmp_path, text=".*") == "'.*' is in no file here"


async def test_a_file_is_found_by_its_name(tmp_path: Path) -> None:
    (tmp_path / "Invoice-7.pdf").write_bytes(b"%PDF\0")
    assert await ok(search_files, tmp_path, text="invoice") == "Invoice-7.pdf: (the file's name)"


async def test_one_file_may_be_searched_alone(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("cat\n")
    (tmp_path / "b.txt").write_text("cat\n")
    assert await ok(search_files, tmp_path, text="cat", folder="b.txt") == "b.txt:1: cat"


async def test_what_programs_made_and_what_is_no_text_is_not_searched(tmp_path: Path) -> None:
    for folder in (".git", "node_modules", ".venv", "__pycache__"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.txt").write_text("cat\n")
    (tmp_path / "binary").write_bytes(b"\0cat\n")
    os.mkfifo(tmp_path / "pipe")
    assert await ok(search_files, tmp_path, text="cat") == "'cat' is in no file here"
    assert await ok(search_files, tmp_path, text="cat", folder=".git") == ".git/a.txt:1: cat"


async def test_links_are_not_followed_out_of_the_workspace(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    workspace.mkdir()
    (tmp_path / "outside").mkdir()
    (tmp_path / "outside" / "a.txt").write_text("secret\n")
    (workspace / "folder").symlink_to(tmp_path / "outside")
    (workspace / "file").symlink_to(tmp_path / "outside" / "a.txt")
    (workspace / "loop").symlink_to(workspace)
    assert await ok(search_files, workspace, text="secret") == "'secret' is in no file here"


async def test_many_matches_are_cut_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("cat\n" * 1_000)
    lines = (await ok(search_files, tmp_path, text="cat")).splitlines()
    assert lines[-2:] == ["a.txt:40: cat", "[only the first 40 are shown; search a longer text or a smaller folder]"]


async def test_exactly_as_many_matches_as_fit_are_not_said_to_be_cut(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("cat\n" * 40)
    assert (await ok(search_files, tmp_path, text="cat")).splitlines()[-1] == "a.txt:40: cat"


async def test_too_many_files_are_not_all_searched_and_it_is_said(tmp_path: Path) -> None:
    for n in range(10_001):
        (tmp_path / f"{n:05}").touch()
    output = await ok(search_files, tmp_path, text="cat")
    assert output == "[stopped before 10000: too much to search; name a smaller folder]"


async def test_too_much_text_is_not_all_searched_and_it_is_said(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(("x" * 99_999 + "\n") * 501)
    output = await ok(search_files, tmp_path, text="cat")
    assert output == "[stopped in a.txt: too much to search; name a smaller folder]"


@pytest.mark.parametrize("before", [0, 1_990, 1_997, 1_998, 1_999, 2_000, 7_777])
async def test_a_match_anywhere_in_a_long_line_is_found_once(before: int, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\n" + "x" * before + "needle" + "y" * 9_000 + "\n")
    lines = (await ok(search_files, tmp_path, text="needle")).splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("a.txt:2: ")
    assert "needle" in lines[0]
    assert len(lines[0]) < 200


@pytest.mark.parametrize("text", ["", " ", "\n", "two\nlines"])
async def test_a_search_for_nothing_is_refused(text: str, tmp_path: Path) -> None:
    assert "give one line of text" in await failure(search_files, tmp_path, text=text)


async def test_a_folder_to_search_that_is_missing_is_a_failure(tmp_path: Path) -> None:
    assert "there is no folder gone" in await failure(search_files, tmp_path, text="x", folder="gone")


# --- write_file ---


async def test_a_new_file_is_written_with_its_folders(tmp_path: Path) -> None:
    output = await ok(write_file, tmp_path, path="a/b/c.txt", content="grün\n")
    assert output == "created a/b/c.txt, 6 bytes"
    assert (tmp_path / "a/b/c.txt").read_bytes() == "grün\n".encode()


async def test_a_file_is_replaced_and_keeps_its_mode(tmp_path: Path) -> None:
    script = tmp_path / "run.sh"
    script.write_text("old\n")
    script.chmod(0o751)
    assert await ok(write_file, tmp_path, path="run.sh", content="new\n") == "replaced run.sh, 4 bytes"
    assert script.read_text() == "new\n"
    assert script.stat().st_mode & 0o777 == 0o751


async def test_nothing_but_the_file_is_left_behind(tmp_path: Path) -> None:
    await ok(write_file, tmp_path, path="a.txt", content="x")
    await ok(write_file, tmp_path, path="a.txt", content="y")
    await failure(write_file, tmp_path, path="a.txt/b", content="z")
    assert await ok(list_files, tmp_path) == "a.txt"


async def test_a_reader_of_the_old_file_is_not_disturbed(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    with (tmp_path / "a.txt").open() as reader:
        await ok(write_file, tmp_path, path="a.txt", content="new")
        assert reader.read() == "old"


async def test_a_link_stays_and_the_file_behind_it_changes(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")
    (tmp_path / "link").symlink_to("a.txt")
    await ok(write_file, tmp_path, path="link", content="new")
    assert (tmp_path / "link").is_symlink()
    assert (tmp_path / "a.txt").read_text() == "new"


async def test_a_file_keeps_its_kind_of_line_break(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    await ok(write_file, tmp_path, path="a.txt", content="one\nthree\n")
    assert (tmp_path / "a.txt").read_bytes() == b"one\r\nthree\r\n"


async def test_what_is_no_file_is_not_written_to(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    assert "is a folder" in await failure(write_file, tmp_path, path="folder", content="x")
    assert "is a folder" in await failure(write_file, tmp_path, path=".", content="x")
    assert "not a file" in await failure(write_file, tmp_path, path="pipe", content="x")
    finished = await run_tool(write_file, {"path": "a.txt", "content": "\ud800"}, workspace=tmp_path)
    assert "lone surrogate" in finished.output


async def test_the_person_sees_the_difference(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("one\ntwo\nthree\n")
    shown = (await preview_of(write_file, tmp_path, path="a.txt", content="one\n2\nthree")).splitlines()
    assert [line for line in shown if line[:1] in "+-" and line[:3] not in ("+++", "---")] == [
        "-two",
        "-three",
        "+2",
        "+three",
    ]
    assert shown[-1] == "\\ No newline at end of file"


async def test_the_person_sees_all_of_a_new_file(tmp_path: Path) -> None:
    path = os.path.join(str(tmp_path), "new.txt")
    assert await preview_of(write_file, tmp_path, path="new.txt", content="hello\n") == f"new file {path}\n\nhello\n"


async def test_the_person_sees_what_replaces_a_file_that_cannot_be_compared(tmp_path: Path) -> None:
    (tmp_path / "binary").write_bytes(b"\0\1\2")
    (tmp_path / "long").write_text("line\n" * 100_000)
    for name, says in [("binary", "not a text file"), ("long", "500000 bytes")]:
        shown = await preview_of(write_file, tmp_path, path=name, content="all of it\n")
        assert says in shown
        assert shown.endswith("all of it\n")


async def test_a_write_that_changes_nothing_says_so(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("same\n")
    assert (await preview_of(write_file, tmp_path, path="a.txt", content="same\n")).endswith("a.txt stays as it is")


async def test_other_line_ends_are_a_change_and_said_to_be_one(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\ntwo\n")
    assert (await preview_of(write_file, tmp_path, path="a.txt", content="one\r\ntwo\r\n")).endswith(
        "gets other line ends"
    )
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\r\n")
    assert (await preview_of(write_file, tmp_path, path="a.txt", content="one\ntwo\n")).endswith("stays as it is")


async def test_a_preview_writes_nothing(tmp_path: Path) -> None:
    await preview_of(write_file, tmp_path, path="sub/new.txt", content="x")
    assert not (tmp_path / "sub").exists()


async def test_an_answer_for_the_session_is_about_the_one_file(tmp_path: Path) -> None:
    events: list[Event] = []
    arguments = {"path": "./sub/../a.txt", "content": "x"}
    await run_tool(write_file, arguments, workspace=tmp_path, allow=False, events=events)
    asked = next(event for event in events if isinstance(event, ApprovalRequested))
    assert asked.remembers == (os.path.join(asked.workspace, "a.txt"),)
