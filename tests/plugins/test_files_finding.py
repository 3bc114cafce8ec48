"""Files: found by what is in them and by their names, without what a .gitignore leaves out, and always in the end."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rookery_core.events import ToolStatus
from rookery_core.plugin import ToolContext, Workspace
from rookery_core.testing import ListMemory, run_tool
from rookery_plugins.files import find_files, list_files, search_files
from tests.plugins.files_kit import failure, ok, quick_folder

pytestmark = pytest.mark.timeout(60)


def lay(folder: Path, *paths: str, text: str = "cat\n") -> None:
    for name in paths:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        if name.endswith("/"):
            path.mkdir(exist_ok=True)
        else:
            path.write_text(text)


async def found(workspace: Path, pattern: str, **arguments: object) -> list[str]:
    return (await ok(find_files, workspace, pattern=pattern, **arguments)).splitlines()


# --- find_files ---


async def test_a_name_is_found_in_any_folder(tmp_path: Path) -> None:
    lay(tmp_path, "a.py", "sub/b.py", "sub/deep/c.PY", "sub/d.txt")
    assert await found(tmp_path, "*.py") == ["a.py", "sub/b.py", "sub/deep/c.PY"]
    assert await found(tmp_path, "**/*.py") == await found(tmp_path, "*.py")
    assert await found(tmp_path, "?.txt") == ["sub/d.txt"]
    assert await found(tmp_path, "[!a].py") == ["sub/b.py", "sub/deep/c.PY"]


async def test_a_pattern_with_folders_is_about_the_path(tmp_path: Path) -> None:
    lay(tmp_path, "a.py", "sub/b.py", "sub/deep/c.py", "other/sub/d.py")
    assert await found(tmp_path, "sub/*.py") == ["sub/b.py"]
    assert await found(tmp_path, "sub/**/*.py") == ["sub/b.py", "sub/deep/c.py"]
    assert await found(tmp_path, "**/sub/*.py") == ["other/sub/d.py", "sub/b.py"]
    assert await found(tmp_path, "./*.py") == ["a.py"]
    assert await found(tmp_path, f"{os.path.realpath(tmp_path)}/sub/*.py") == ["sub/b.py"]
    assert await found(tmp_path, "*.py", folder="sub") == ["sub/b.py", "sub/deep/c.py"]
    assert await found(tmp_path, "deep/*", folder="sub") == ["sub/deep/c.py"]


async def test_folders_are_found_and_marked(tmp_path: Path) -> None:
    lay(tmp_path, "invoices/", "old/invoices/a.txt", "invoices.txt")
    assert await found(tmp_path, "invoices") == ["invoices/", "old/invoices/"]
    assert await found(tmp_path, "invoices*") == ["invoices.txt", "invoices/", "old/invoices/"]
    assert await found(tmp_path, "invoices*/") == ["invoices/", "old/invoices/"]


async def test_a_part_of_a_name_is_enough_where_none_is_called_just_that(tmp_path: Path) -> None:
    lay(tmp_path, "Report-2024.pdf", "sub/my report.md")
    assert await found(tmp_path, "report") == ["Report-2024.pdf", "sub/my report.md"]
    lay(tmp_path, "report")
    assert await found(tmp_path, "report") == ["report"]


async def test_braces_stand_for_choices(tmp_path: Path) -> None:
    lay(tmp_path, "a.js", "b.ts", "c.tsx", "{d}.py", "src/e.js")
    assert await found(tmp_path, "*.{js,ts}") == ["a.js", "b.ts", "src/e.js"]
    assert await found(tmp_path, "{src,lib}/*.{js,ts}") == ["src/e.js"]
    assert await found(tmp_path, "*.t{s,sx}") == ["b.ts", "c.tsx"]
    assert await found(tmp_path, "{d}.py") == ["{d}.py"]


async def test_hidden_files_are_found_by_a_dot_or_where_nothing_else_is(tmp_path: Path) -> None:
    lay(tmp_path, ".env", "a.yml", ".github/workflows/ci.yml", "sub/.env")
    assert await found(tmp_path, "*.yml") == ["a.yml"]
    assert await found(tmp_path, ".env") == [".env", "sub/.env"]
    assert await found(tmp_path, ".github/**/*.yml") == [".github/workflows/ci.yml"]
    assert await found(tmp_path, "**/.*/**/*.yml") == [".github/workflows/ci.yml"]
    assert await found(tmp_path, "ci.*") == [".github/workflows/ci.yml", "[hidden, or left out by a .gitignore]"]


async def test_ignored_files_are_found_where_nothing_else_is(tmp_path: Path) -> None:
    lay(tmp_path, "a.log", "node_modules/left/pad.js", "a.js")
    (tmp_path / ".gitignore").write_text("*.log\n")
    assert await found(tmp_path, "*.js") == ["a.js"]
    assert await found(tmp_path, "*.log") == ["a.log", "[hidden, or left out by a .gitignore]"]
    assert await found(tmp_path, "pad.js") == ["node_modules/left/pad.js", "[hidden, or left out by a .gitignore]"]
    assert await found(tmp_path, "*.js", folder="node_modules") == ["node_modules/left/pad.js"]


async def test_what_fits_no_file_says_so(tmp_path: Path) -> None:
    lay(tmp_path, "a.txt")
    assert await ok(find_files, tmp_path, pattern="*.pdf") == "no file here fits '*.pdf'"
    assert "there is no folder gone" in await failure(find_files, tmp_path, pattern="*", folder="gone")
    for pattern, says in [
        ("", "give a pattern"),
        ("  ", "give a pattern"),
        ("/", "give a pattern"),
        ("../*", "has a '..'"),
        ("a" * 501, "at most 500"),
        ("a/" * 41 + "b", "more than 40 parts"),
        ("{a,b}" * 9, "more than 50 others"),
    ]:
        assert says in await failure(find_files, tmp_path, pattern=pattern), pattern


async def test_many_found_files_are_cut_and_it_is_said(tmp_path: Path) -> None:
    lay(tmp_path, *(f"{n:03}.txt" for n in range(150)))
    lines = await found(tmp_path, "*.txt")
    assert lines[-2:] == ["099.txt", "[only the first 100 are shown; give a longer pattern or a smaller folder]"]
    lay(tmp_path, *(f"{'x' * 240}{n:03}.md" for n in range(50)))
    lines = await found(tmp_path, "*.md")
    assert lines[-1] == "[only the first 24 are shown; give a longer pattern or a smaller folder]"


async def test_links_are_found_and_not_followed(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    lay(workspace, "a.txt")
    lay(tmp_path, "outside/secret.txt")
    (workspace / "out").symlink_to(tmp_path / "outside")
    (workspace / "loop").symlink_to(workspace)
    (workspace / "link.txt").symlink_to("a.txt")
    assert await found(workspace, "*.txt") == ["a.txt", "link.txt"]
    assert await found(workspace, "out") == ["out"]
    assert await found(workspace, "**/secret*") == ["no file here fits '**/secret*'"]


async def test_a_name_cannot_pass_for_two(tmp_path: Path) -> None:
    lay(tmp_path, "a\nb.txt", text="cat\n")
    (tmp_path / os.fsdecode(b"\xff.txt")).write_text("cat\n")
    assert await found(tmp_path, "*.txt") == [r"'a\nb.txt'", r"'\udcff.txt'"]
    assert len((await ok(search_files, tmp_path, text="b|cat", regex=True)).splitlines()) == 3
    assert (await ok(search_files, tmp_path, text="cat")).splitlines() == [r"'a\nb.txt':1: cat", r"'\udcff.txt':1: cat"]


@pytest.mark.parametrize(
    "pattern", ["*a" * 120 + "b", "**/" * 19 + "a*b", "[" * 200, "{a,b" * 100, "*" * 500, "?*" * 200 + "z"]
)
async def test_a_pattern_of_names_never_takes_long(pattern: str, tmp_path: Path) -> None:
    lay(tmp_path, *("a" * n for n in range(150, 250, 5)), "/".join("a" * 100) + "/a.txt")
    started = time.monotonic()
    await run_tool(find_files, {"pattern": pattern}, workspace=tmp_path)
    assert time.monotonic() - started < 15


@pytest.fixture
def quick_disk(tmp_path: Path) -> Iterator[Path]:
    with quick_folder(tmp_path) as folder:
        yield folder


async def test_a_tree_of_a_hundred_thousand_files_is_gone_through_in_little_memory(quick_disk: Path) -> None:
    """In a process of its own, whose memory is measured."""
    program = (
        "import os, resource, sys, asyncio\n"
        "from pathlib import Path\n"
        "from rookery_core.testing import run_tool\n"
        "from rookery_plugins.files import find_files, list_files, search_files\n"
        "top = Path(sys.argv[1])\n"
        "asyncio.run(run_tool(find_files, {'pattern': '*.none'}, workspace=top / 'few'))\n"
        "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "for tool, arguments in ((list_files, {}), (find_files, {'pattern': '*9999.txt'}), (search_files, {'text': 'cat'})):\n"
        "    print(asyncio.run(run_tool(tool, arguments, workspace=top / 'many')).output.splitlines()[-1])\n"
        "print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)\n"
    )
    (quick_disk / "few").mkdir()
    many = quick_disk / "many"
    many.mkdir()
    fd = os.open(many, os.O_RDONLY)
    for n in range(100_000):
        os.close(os.open(f"{n:06}.txt", os.O_CREAT | os.O_WRONLY, dir_fd=fd))
    os.close(fd)
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run(
        [sys.executable, "-c", program, str(quick_disk)], env=environment, capture_output=True, text=True, check=True
    )
    *said, grown_kib = done.stdout.splitlines()
    assert said == [
        "[99800 more are not shown]",
        "099999.txt",
        "[stopped before 010000.txt: too much to search; name a smaller folder]",
    ]
    assert int(grown_kib) < 64 * 1024


# --- the nearest ---


async def seen(workspace: Path, **arguments: object) -> list[str]:
    return (await ok(search_files, workspace, **arguments)).splitlines()


async def test_where_a_text_is_nowhere_the_lines_with_its_words_are_shown(tmp_path: Path) -> None:
    (tmp_path / "contacts.txt").write_text("Plumber: 555-1234\nElectrician: 555-9999\nThe number of the house is 3\n")
    (tmp_path / "deposits.md").write_text("# Flat\nWe paid 900 euros\n")
    nowhere = "is in no file here; nearest to it:"
    assert await seen(tmp_path, text="the number of the plumber") == [
        f"'the number of the plumber' {nowhere}",
        "contacts.txt:1: Plumber: 555-1234",
        "contacts.txt:3: The number of the house is 3",
    ]
    assert await seen(tmp_path, text="plumbers") == [
        f"'plumbers' {nowhere}",
        "contacts.txt:1: Plumber: 555-1234",
    ]
    assert await seen(tmp_path, text="deposit for the flat") == [
        f"'deposit for the flat' {nowhere}",
        "deposits.md:1: # Flat",  # the file is called by the other word
        "deposits.md: (the file's name)",
    ]
    assert await seen(tmp_path, text="what is on it?") == ["'what is on it?' is in no file here"]
    assert await seen(tmp_path, text="the plumber", regex=True) == ["'the plumber' is in no file here"]


async def test_the_rarest_words_come_first_and_no_more_than_five_lines(tmp_path: Path) -> None:
    (tmp_path / "log.txt").write_text(
        "the server answered\n" * 900 + "a valve leaked near the server\n" + "the server\n" * 900
    )
    nearest = await seen(tmp_path, text="server valve report")
    assert nearest[1:] == ["log.txt:901: a valve leaked near the server"]
    (tmp_path / "log.txt").write_text("one server\n" * 900)
    assert len(await seen(tmp_path, text="servers that fail")) == 1 + 5


async def test_short_words_are_looked_for_whole(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("page 71\nan oxcart\n")
    assert await seen(tmp_path, text="7 ox") == ["'7 ox' is in no file here"]


# --- .gitignore ---


async def searched(workspace: Path, **arguments: object) -> list[str]:
    """The files in which the cats are."""
    output = await ok(search_files, workspace, text="cat", **arguments)
    return [line.partition(":1: cat")[0] for line in output.splitlines() if line.endswith(":1: cat")]


async def test_what_a_gitignore_leaves_out_is_not_searched(tmp_path: Path) -> None:
    lay(tmp_path, "a.py", "a.log", "keep.log", "build/out.txt", "sub/build/out.txt", "only", "sub/only", "sub/a.log")
    (tmp_path / ".gitignore").write_text("# made\n*.log\n!keep.log\nbuild/\n/only\n\n")
    assert await searched(tmp_path) == ["a.py", "keep.log", "sub/only"]


async def test_a_gitignore_further_down_has_the_last_word(tmp_path: Path) -> None:
    lay(tmp_path, "a.log", "sub/a.log", "sub/b.log", "sub/deep/a.log")
    (tmp_path / ".gitignore").write_text("*.log\n")
    (tmp_path / "sub" / ".gitignore").write_text("!a.log\n/deep/*.log\n")
    assert await searched(tmp_path) == ["sub/a.log"]
    assert await searched(tmp_path, folder="sub") == ["sub/a.log"]
    assert await searched(tmp_path, folder="sub/deep") == []


async def test_the_exclude_file_of_git_counts_and_less_than_a_gitignore(tmp_path: Path) -> None:
    lay(tmp_path, "a.tmp", "b.tmp", "c.txt", "repo/c.txt")
    lay(tmp_path, ".git/info/exclude", text="*.tmp\n")
    lay(tmp_path, "repo/.git/info/exclude", text="c.txt\n")
    (tmp_path / ".gitignore").write_text("!b.tmp\n")
    assert await searched(tmp_path) == ["b.tmp", "c.txt"]


async def test_the_same_is_left_out_as_git_leaves_out(tmp_path: Path) -> None:
    if shutil.which("git") is None:
        pytest.skip("there is no git to compare with")
    lay(
        tmp_path, "a.o", "b.c", "doc/x.html", "doc/deep/x.html", "doc/keep.html", "foo/bar", "foo/baz", "x/foo/bar", "a b.txt",
        "trail ", "!odd", "#odd", "lib/a.so", "lib/sub/b.so", "temp-1", "temp-x", "deep/a/b/c/end.txt", "Makefile", "q/r/s.txt",
    )  # fmt: skip
    (tmp_path / ".gitignore").write_text(
        "*.o\ndoc/*.html\n!doc/keep.html\n/foo/*\n!/foo/bar\na\\ b.txt\n\\!odd\n\\#odd\nlib/**/b.so\ntemp-[0-9]\n"
        "deep/**/end.txt\nq/\n!q/r/s.txt\n*~\n"
    )
    subprocess.run(["git", "init", "-q"], cwd=tmp_path, check=True, capture_output=True)
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--others", "--exclude-standard"],
        cwd=tmp_path,
        check=True,
        capture_output=True,
        text=True,
    )
    assert sorted(await searched(tmp_path)) == sorted(
        name for name in listed.stdout.split("\0") if name not in ("", ".gitignore")
    )


@pytest.mark.parametrize(
    "line",
    [
        "!",
        "\\",
        "[",
        "[z-a]",
        "a[[:alpha:]]b",
        "[a&&b]",
        "\udcff\x00",
        "*a" * 200 + "b",
        "**/" * 200 + "x",
        "(((",
        "x" * 100_000,
    ],
)
async def test_a_strange_gitignore_stops_nothing_and_takes_no_time(line: str, tmp_path: Path) -> None:
    lay(tmp_path, "a" * 250, "b.log", "c.txt", "/".join("a" * 60) + "/d.txt")
    (tmp_path / ".gitignore").write_bytes(os.fsencode(f"{line}\n*.log\n"))
    assert await searched(tmp_path) == ["a" * 250, "c.txt", "/".join("a" * 60) + "/d.txt"]


async def test_a_gitignore_that_is_no_file_or_leads_out_is_not_read(tmp_path: Path) -> None:
    workspace = tmp_path / "workspace"
    lay(workspace, "a.log", "sub/a.log")
    lay(tmp_path, "rules", text="*.log\n")
    (workspace / ".gitignore").symlink_to(tmp_path / "rules")
    os.mkfifo(workspace / "sub" / ".gitignore")
    assert await searched(workspace) == ["a.log", "sub/a.log"]
    (tmp_path / ".gitignore").write_text("*.log\n")
    assert await searched(workspace) == ["a.log", "sub/a.log"]


# --- regular expressions ---


async def test_a_regular_expression_finds_lines_in_any_case(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Cat 12\ncat x\ndog 7\nÜber 3\n")
    assert await ok(search_files, tmp_path, text=r"^c.t \d+$", regex=True) == "a.txt:1: Cat 12"
    assert await ok(search_files, tmp_path, text=r"(?-i)cat|ü", regex=True) == "a.txt:2: cat x"
    assert await ok(search_files, tmp_path, text=r"über|dog", regex=True) == "a.txt:3: dog 7\na.txt:4: Über 3"
    assert await ok(search_files, tmp_path, text=r"a\.t.t", regex=True) == "a.txt: (the file's name)"


async def test_a_match_far_in_a_line_is_shown_with_what_is_around_it(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("ä€😀" * 1_000 + "need1e" + "x" * 1_000)
    line = await ok(search_files, tmp_path, text=r"need\de", regex=True)
    assert ("need1e" in line, len(line) < 200) == (True, True)


async def test_the_line_end_is_no_part_of_the_line(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"one\r\ntwo\n\nthree")
    assert (await ok(search_files, tmp_path, text="e$", regex=True)).splitlines() == ["a.txt:1: one", "a.txt:4: three"]
    assert await ok(search_files, tmp_path, text="^$", regex=True) == "a.txt:3: "
    assert "is in no file" in await ok(search_files, tmp_path, text=r"o\s", regex=True)


@pytest.mark.parametrize("text", ["(", "[", "*", "a{2000}", "(?=a)", r"(a)\1", "x" * 501])
async def test_what_is_no_regular_expression_says_why(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n")
    says = await failure(search_files, tmp_path, text=text, regex=True)
    assert "regular expression of RE2" in says or "501 characters" in says
    assert "b'" not in says


EXPONENTIAL = [
    r"(a+)+$", r"(a|a)*$", r"(a|aa)+$", r"(a*)*b", r"(.*a){20}$", r"(a?){30}a{30}", r"^(([a-z])+.)+[A-Z]([a-z])+$", r"(\w+\s?)+$",
    r"^(\w+\d*)+$", r"(x+x+)+y", r"(a+a+)+b", r"([a-zA-Z]+)*$", r"(.*)*x", r"(.*?,){11}P", r"^(a+)+$", r"(a|b|ab)*c", r"(\d+)*[a-f]",
    r"^([a-zA-Z0-9])(([\-.]|[_]+)?([a-zA-Z0-9]+))*(@){1}[a-z0-9]+[.]{1}(([a-z]{2,3})|([a-z]{2,3}[.]{1}[a-z]{2,3}))$",
    r"^(([^<>()[\]\\.,;:\s@\"]+(\.[^<>()[\]\\.,;:\s@\"]+)*)|(\".+\"))@x$", r"(([a-z])+.)+[A-Z]", r"^((ab)*)+$", r"(ab|a|b)*$",
    r"^(?:(?:(?:0?[1-9])+)*)+$", r"([^\"]+)*\"", r"(<!--.*-->)*$", r"(\s*\w*\s*)*!", r"(;?[^;]*)*x", r"((a{1,10}){1,10}){1,9}b",
    r"(a{0,100}){0,9}$", r"(.+)+\.", r"(.{1,50})*z", r"(\S+\s*)*$", r"(?:a|ab|abc|abcd)*e", r"(a*a*a*a*a*a*)*b", r"(aa|a)*(a|aa)*x",
    r"(([a-c]*)([a-c]*))*d", r"(0|1|01|10)*2", r"(\/\*.*\*\/)*x", r"((\w|\s)*)*;", r"(a.|.a)*z", r"([ab]*c?)*d", r"((.)*)*\n",
    r"^(.*)(.*)(.*)(.*)(.*)(.*)(.*)x$", r"(a+b?)+c", r"(?:\w*\.)*com", r"((a|b)*?c)*d", r"([\w.]+)+@", r"(http|https|htt)*:", r"(,?\d*)*!",
    r"(?i)(A+)+B", r"(\w\w?\w?)*\W\W", r".*.*.*.*.*.*=.*",
]  # fmt: skip


async def test_fifty_patterns_that_take_others_forever_are_answered(tmp_path: Path) -> None:
    assert len(EXPONENTIAL) >= 50
    line = "a" * 5_000 + "!"
    (tmp_path / "a.txt").write_text(f"{line}\n" * 20 + "ab" * 2_000 + "\n")
    for text in EXPONENTIAL:
        finished = await run_tool(search_files, {"text": text, "regex": True}, workspace=tmp_path)
        assert finished.status is ToolStatus.OK or "takes too long" in finished.output


async def test_a_pattern_that_is_slow_all_the_same_is_given_up(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(("a" * 5_000 + "!\n") * 1_000)
    says = await failure(search_files, tmp_path, text="((a{1,10}){1,10}){1,9}b", regex=True)
    assert says.endswith("takes too long on these files; give a simpler pattern")
    (tmp_path / "a.txt").write_text(
        "x\n" * 400_000 + "an ordinary line of an ordinary text, some eighty characters long: 17\n" * 200_000
    )
    assert "is in no file" in await ok(search_files, tmp_path, text=r"^\w+ \d{3}$", regex=True)


async def test_while_a_pattern_is_searched_for_other_threads_go_on(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text(("a" * 100_000 + "\n") * 40)
    longest, stop = [0.0], threading.Event()

    def beat() -> None:
        before = time.monotonic()
        while not stop.wait(0.005):
            now = time.monotonic()
            longest[0] = max(longest[0], now - before)
            before = now

    thread = threading.Thread(target=beat)
    thread.start()
    await run_tool(search_files, {"text": r"(a?){30}b|(.*a){9}c", "regex": True}, workspace=tmp_path)
    stop.set()
    thread.join()
    assert longest[0] < 5  # with `re` it would be for ever


async def test_a_search_that_is_given_up_ends_soon(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("a\n" * 200_000)
    over = threading.Event()
    over.set()
    ctx = ToolContext("1", Workspace.at(tmp_path), over, lambda text: None, ListMemory())
    assert search_files(ctx, text="cat", folder=ctx.workspace.root).startswith("[stopped before a.txt")
    assert list_files(ctx, folder=ctx.workspace.root) == "a.txt"
