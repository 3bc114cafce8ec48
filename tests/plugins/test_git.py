"""The git tool: what it shows of a repository, and that no repository makes it start a program, write or look outside."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from rookery_core.events import ApprovalRequested, Event, ToolFinished, ToolStatus
from rookery_core.plugin import Risk
from rookery_core.testing import run_tool
from rookery_plugins.git import git

pytestmark = [
    pytest.mark.timeout(60),
    pytest.mark.skipif(shutil.which("git") is None or os.name != "posix", reason="git is not installed"),
]
WHO = {"NAME": "Ann", "EMAIL": "ann@example.org", "DATE": "2026-03-04T05:06:07+00:00"}
CLEAN = {
    "PATH": os.environ["PATH"],
    "HOME": "/nonexistent",
    "GIT_CONFIG_NOSYSTEM": "1",
    **{f"GIT_{role}_{name}": value for role in ("AUTHOR", "COMMITTER") for name, value in WHO.items()},
}
OPERATIONS = ("status", "log", "diff", "show", "branches", "blame")


@dataclass
class Repository:
    """A repository at `top`, made with the real git."""

    top: Path

    def __call__(self, *arguments: str, check: bool = True, **more: str) -> str:
        done = subprocess.run(
            ["git", *arguments], cwd=self.top, env=CLEAN | more, capture_output=True, text=True, check=False, timeout=30,
            stdin=subprocess.DEVNULL,
        )  # fmt: skip
        assert done.returncode == 0 or not check, done.stderr
        return done.stdout.strip()

    def commit(self, message: str, **files: str) -> str:
        for name, text in files.items():
            (self.top / name.replace("__", ".")).write_text(text)
        self("add", "--all")
        self("commit", "--quiet", "--allow-empty", "--message", message)
        return self("rev-parse", "--short", "HEAD")

    def set(self, **settings: str) -> None:
        for name, value in settings.items():
            self("config", name.replace("__", "."), value)


def made_at(top: Path, *options: str) -> Repository:
    top.mkdir(parents=True, exist_ok=True)
    repository = Repository(top)
    repository("init", "--quiet", "--initial-branch=main", *options)
    return repository


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    made = made_at(tmp_path_factory.mktemp("template"))
    made.commit("build a door", a__txt="one\ntwo\n", b__txt="b\n")
    made.commit("paint the door", a__txt="one\nred\n")
    (made.top / "a.txt").write_text("one\ngreen\n")
    (made.top / "new.txt").write_text("new\n")
    return made.top


@pytest.fixture
def repository(template: Path, tmp_path: Path) -> Repository:
    """Two commits and changes that are not committed, in the workspace `ws`."""
    return Repository(shutil.copytree(template, tmp_path / "ws", symlinks=True))


async def look(repository: Repository, operation: str, workspace: Path | None = None, **given: object) -> ToolFinished:
    return await run_tool(git, {"operation": operation, **given}, workspace=workspace or repository.top, allow=False)


async def seen(repository: Repository, operation: str, **given: object) -> str:
    finished = await look(repository, operation, **given)
    assert finished.status is ToolStatus.OK, finished.output
    return finished.output


async def refused(repository: Repository, operation: str, **given: object) -> str:
    finished = await look(repository, operation, **given)
    assert finished.status in (ToolStatus.FAILED, ToolStatus.INVALID), finished.output
    return finished.output


# -- what it shows --------------------------------------------------------------------------------------------------


async def test_looking_is_not_asked_about(repository: Repository) -> None:
    events: list[Event] = []
    await run_tool(git, {"operation": "status"}, workspace=repository.top, allow=False, events=events)
    assert git.risk is Risk.READ
    assert not any(isinstance(event, ApprovalRequested) for event in events)


async def test_status_names_the_branch_and_what_is_not_committed(repository: Repository) -> None:
    assert (await seen(repository, "status")).splitlines() == [
        "On branch main",
        "Changes not staged for commit:",
        "\tmodified:   a.txt",
        "",
        "Untracked files:",
        "\tnew.txt",
        "",
        "no changes added to commit",
    ]


async def test_log_has_a_line_for_each_commit_the_newest_first(repository: Repository) -> None:
    first, second = repository("log", "--format=%h", "--reverse").split()
    assert (await seen(repository, "log")).splitlines() == [
        f"{second} 2026-03-04 Ann (HEAD -> main): paint the door",
        f"{first} 2026-03-04 Ann: build a door",
    ]
    assert len((await seen(repository, "log", count=1)).splitlines()) == 1
    assert await seen(repository, "log", path="b.txt") == f"{first} 2026-03-04 Ann: build a door"
    assert await seen(repository, "log", revision="HEAD~1..HEAD", path="b.txt") == "no commits"


async def test_diff_compares_the_files_with_a_commit(repository: Repository) -> None:
    repository("add", "new.txt")
    changes = await seen(repository, "diff")
    assert changes.startswith(" a.txt   | 2 +-\n new.txt | 1 +\n 2 files changed")
    assert "-red\n+green" in changes
    assert "+new" in changes
    assert "-two\n+green" in await seen(repository, "diff", revision="HEAD~1", path="a.txt")
    assert "-two\n+red" in await seen(repository, "diff", revision="HEAD~1..HEAD")
    assert await seen(repository, "diff", path="b.txt") == "no changes"


async def test_show_has_a_commit_with_its_changes_or_a_file_as_it_was(repository: Repository) -> None:
    shown = await seen(repository, "show")
    assert "Author: Ann <ann@example.org>" in shown
    assert "    paint the door" in shown
    assert "-two\n+red" in shown
    assert "build a door" in await seen(repository, "show", revision="HEAD~1")
    assert await seen(repository, "show", revision="HEAD~1:a.txt") == "one\ntwo"


async def test_branches_say_which_is_used_and_how_far_it_is_from_its_upstream(repository: Repository) -> None:
    repository("branch", "other", "HEAD~1")
    repository("update-ref", "refs/remotes/origin/main", "HEAD~1")
    repository.set(
        remote__origin__url="https://example.org/x",
        remote__origin__fetch="+refs/heads/*:refs/remotes/origin/*",
        branch__main__remote="origin",
        branch__main__merge="refs/heads/main",
    )
    first, second = repository("log", "--format=%h", "--reverse").split()
    assert [line.strip() for line in (await seen(repository, "branches")).splitlines()] == [
        f"* main {second} 2026-03-04 paint the door [ahead 1]",
        f"other {first} 2026-03-04 build a door",
        f"origin/main {first} 2026-03-04 build a door",
    ]
    assert "Your branch is ahead of 'origin/main' by 1 commit." in await seen(repository, "status")


async def test_blame_says_who_wrote_each_line(repository: Repository) -> None:
    _, red = (await seen(repository, "blame", path="a.txt", revision="HEAD")).splitlines()
    assert red.startswith(repository("rev-parse", "--short=8", "HEAD"))
    assert "Ann 2026-03-04" in red
    assert red.endswith("red")
    assert "blame needs the path of a file" in await refused(repository, "blame")


async def test_a_file_that_is_only_touched_has_no_changes(repository: Repository) -> None:
    repository("checkout", "a.txt")
    os.utime(repository.top / "a.txt", (1, 1))
    assert await seen(repository, "diff") == "no changes"
    assert "a.txt" not in await seen(repository, "status")


async def test_names_are_shown_and_taken_as_they_are(repository: Repository) -> None:
    for name in ("ä b.txt", "-x.txt", ":(top)a.txt", "*.txt"):
        (repository.top / name).write_text("x\n")
        repository("add", f":(literal){name}" if name.startswith((":", "*")) else f"./{name}")
        repository("commit", "--quiet", "--message", f"add {name}")
        assert (await seen(repository, "log", path=name)).endswith(f": add {name}")
        assert len((await seen(repository, "log", path=name)).splitlines()) == 1
    (repository.top / "ä b.txt").write_text("y\n")
    assert "modified:   ä b.txt" in await seen(repository, "status")


async def test_a_repository_without_a_commit_says_so(tmp_path: Path) -> None:
    empty = made_at(tmp_path)
    assert "No commits yet" in await seen(empty, "status")
    assert await refused(empty, "diff") == "the repository has no commit yet; status shows its files"
    assert await refused(empty, "show") == "the repository has no commit yet; status shows its files"
    assert "does not have any commits yet" in await refused(empty, "log")
    assert await seen(empty, "branches") == "no branches"


async def test_a_merge_that_is_not_over_is_told(repository: Repository) -> None:
    repository("checkout", "--quiet", "--force", "-b", "other", "HEAD~1")
    repository.commit("blue", a__txt="one\nblue\n")
    repository("merge", "main", check=False)
    assert "You have unmerged paths." in await seen(repository, "status")
    assert "both modified:   a.txt" in await seen(repository, "status")


async def test_what_a_repository_ignores_and_how_it_ends_lines_is_kept_to(repository: Repository) -> None:
    (repository.top / ".gitignore").write_text("*.log\n")
    (repository.top / ".git" / "info" / "exclude").write_text("*.tmp\n")
    for name in ("x.log", "x.tmp"):
        (repository.top / name).write_text("")
    status = await seen(repository, "status")
    assert "x.log" not in status
    assert "x.tmp" not in status
    (repository.top / "b.txt").write_bytes(b"b\r\n")
    assert "-b\n+b" in await seen(repository, "diff", path="b.txt")
    repository.set(core__autocrlf="true")
    assert await seen(repository, "diff", path="b.txt") == "no changes"


@pytest.mark.parametrize("options", [["--object-format=sha256"], ["--ref-format=reftable"]], ids=lambda o: o[0])
async def test_other_formats_of_a_repository_are_read(options: list[str], tmp_path: Path) -> None:
    try:
        made = made_at(tmp_path / "ws", *options)
    except AssertionError:
        pytest.skip("this git knows no such format")
    made.commit("one", a__txt="a\n")
    assert (await seen(made, "log")).endswith(": one")


async def test_a_format_that_is_not_known_is_refused(repository: Repository) -> None:
    repository.set(core__repositoryformatversion="1", extensions__novel="true")
    assert "uses the extension novel" in await refused(repository, "log")
    repository("config", "--file", ".git/config", "--remove-section", "extensions", check=False)
    (repository.top / ".git" / "config").write_text("[core]\n\trepositoryformatversion = 2\n")
    assert "has format '2'" in await refused(repository, "log")
    (repository.top / ".git" / "config").write_text("no configuration\n")
    assert "cannot be understood" in await refused(repository, "log")


# -- which repository -----------------------------------------------------------------------------------------------


async def test_the_repository_that_a_path_lies_in_is_the_one(repository: Repository) -> None:
    inner = made_at(repository.top / "inner")
    inner.commit("inside", x__txt="x\n")
    assert (await seen(repository, "log", path="inner")).endswith("inside")
    assert (await seen(repository, "log", path="inner/x.txt")).endswith("inside")
    assert "door" in await seen(repository, "log")


async def test_a_repository_above_the_workspace_is_not_looked_at(repository: Repository) -> None:
    folder = repository.top / "folder"
    folder.mkdir()
    assert await refused(repository, "log", workspace=folder) == "there is no git repository here"


async def test_where_there_is_none_those_below_are_named(tmp_path: Path) -> None:
    made = made_at(tmp_path / "project")
    assert "there is one in project" in await refused(made, "status", workspace=tmp_path)


async def test_a_linked_work_tree_in_the_workspace_is_a_repository(repository: Repository) -> None:
    repository("worktree", "add", "--quiet", "-b", "side", "linked")
    assert "On branch side" in await seen(repository, "status", path="linked")
    assert "paint the door" in await seen(repository, "log", path="linked")
    outside = await refused(repository, "log", workspace=repository.top / "linked")
    assert "lies outside the workspace" in outside


async def test_a_submodule_is_a_repository_of_its_own(repository: Repository, tmp_path: Path) -> None:
    library = made_at(tmp_path / "library")
    library.commit("a library", x__txt="x\n")
    repository("-c", "protocol.file.allow=always", "submodule", "add", "--quiet", str(library.top), "lib")
    repository("commit", "--quiet", "--all", "--message", "take the library")
    Repository(repository.top / "lib").commit("changed", x__txt="y\n")
    assert (await seen(repository, "log", path="lib", count=1)).endswith("changed")
    assert "modified:   lib (new commits)" in await seen(repository, "status")


# -- arguments ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("revision", ["-p", "--output=x", "--all", "-O/etc/passwd", "a\nb", "a\0b", "x" * 201])
async def test_a_revision_is_no_option(revision: str, repository: Repository) -> None:
    for operation in OPERATIONS:
        await refused(repository, operation, revision=revision, path="a.txt")
    assert not (repository.top / "x").exists()


async def test_a_revision_that_is_none_is_what_git_says(repository: Repository) -> None:
    assert await refused(repository, "log", revision="nope") == "fatal: bad revision 'nope'"
    assert "bad revision" in await refused(repository, "diff", revision="a.txt")


@pytest.mark.parametrize("revision", ["main", "HEAD@{0}", ":/paint", "HEAD^{/build a door}", "@", "HEAD~1...HEAD"])
async def test_every_way_to_name_a_commit_is_one(revision: str, repository: Repository) -> None:
    repository("log", revision, "--")
    assert "door" in await seen(repository, "log", revision=revision)


@pytest.mark.parametrize(
    "given", [{"count": 0}, {"count": 101}, {"path": "../x"}, {"path": "/etc/passwd"}, {"operation": "push"}]
)
async def test_other_arguments_are_refused(given: dict[str, object], repository: Repository) -> None:
    assert (await run_tool(git, {"operation": "log"} | given, workspace=repository.top)).status is ToolStatus.INVALID


async def test_without_git_the_tool_says_how_to_get_it(repository: Repository, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    assert git.available is not None
    assert "apt install git" in git.available()
    assert "apt install git" in await refused(repository, "log")


# -- repositories that would start a program ------------------------------------------------------------------------


@dataclass
class Trap:
    """A repository that is to start a program, which leaves a mark."""

    repository: Repository
    program: Path
    mark: Path

    @property
    def line(self) -> str:
        """The program as a line of shell."""
        return shlex.quote(str(self.program))

    def attributes(self, text: str) -> None:
        (self.repository.top / ".gitattributes").write_text(text)

    def forget(self, revision: str) -> None:
        """Lose an object, as a partial clone lacks it, of a remote that promises to have it."""
        name = self.repository("rev-parse", revision)
        self.repository.set(
            core__repositoryformatversion="1", extensions__partialclone="origin", remote__origin__promisor="true"
        )
        (self.repository.top / ".git" / "objects" / name[:2] / name[2:]).unlink()


@pytest.fixture
def trap(repository: Repository, tmp_path: Path) -> Trap:
    mark, program = tmp_path / "mark", tmp_path / "program with spaces"
    program.write_text(f"#!/bin/sh\n: > {mark}\nexit 1\n")
    program.chmod(0o755)
    return Trap(repository, program, mark)


def monitor(trap: Trap) -> None:
    trap.repository.set(core__fsmonitor=trap.line)


def hooks_path(trap: Trap) -> None:
    hooks = trap.repository.top / "hooks"
    hooks.mkdir()
    (hooks / "post-index-change").symlink_to(trap.program)
    trap.repository.set(core__hookspath="hooks")
    os.utime(trap.repository.top / "b.txt", (1, 1))


def hook(trap: Trap) -> None:
    hooks = trap.repository.top / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    (hooks / "post-index-change").symlink_to(trap.program)
    os.utime(trap.repository.top / "b.txt", (1, 1))


def external_diff(trap: Trap) -> None:
    trap.repository.set(diff__external=trap.line)


def diff_driver(trap: Trap) -> None:
    trap.attributes("*.txt diff=x\n")
    trap.repository.set(diff__x__command=trap.line)


def text_conversion(trap: Trap) -> None:
    trap.attributes("*.txt diff=x\n")
    trap.repository.set(diff__x__textconv=trap.line)


def text_conversion_by_info(trap: Trap) -> None:
    (trap.repository.top / ".git" / "info" / "attributes").write_text("*.txt diff=x\n")
    trap.repository.set(diff__x__textconv=trap.line, diff__x__cachetextconv="true")


def clean_filter(trap: Trap) -> None:
    trap.attributes("*.txt filter=x\n")
    trap.repository.set(filter__x__clean=trap.line, filter__x__smudge=trap.line, filter__x__required="true")


def filter_process(trap: Trap) -> None:
    trap.attributes("*.txt filter=x\n")
    trap.repository.set(filter__x__process=trap.line)


def filter_by_attributes_file(trap: Trap) -> None:
    (trap.repository.top / "attributes").write_text("*.txt filter=x\n")
    trap.repository.set(core__attributesfile=str(trap.repository.top / "attributes"), filter__x__clean=trap.line)


def signature(trap: Trap) -> None:
    made = trap.repository
    body = made("cat-file", "commit", "HEAD").replace("\n\n", "\ngpgsig -----BEGIN PGP SIGNATURE-----\n \n x\n"
        " -----END PGP SIGNATURE-----\n\n", 1)  # fmt: skip
    file = made.top / "commit"
    file.write_text(body + "\n")
    made("reset", "--soft", made("hash-object", "-t", "commit", "-w", str(file)))
    file.unlink()
    made.set(gpg__program=str(trap.program), log__showsignature="true")


def included(trap: Trap) -> None:
    (trap.repository.top / "more").write_text(f'[core]\n\tfsmonitor = "{trap.line}"\n')
    trap.repository.set(include__path="../more")


def included_if(trap: Trap) -> None:
    (trap.repository.top / "more").write_text(f'[core]\n\tfsmonitor = "{trap.line}"\n')
    trap.repository("config", f"includeIf.gitdir:{trap.repository.top}/.path", "../more")


def work_tree_settings(trap: Trap) -> None:
    trap.repository.set(core__repositoryformatversion="1", extensions__worktreeconfig="true")
    (trap.repository.top / ".git" / "config.worktree").write_text(f'[core]\n\tfsmonitor = "{trap.line}"\n')


def git_file(trap: Trap) -> None:
    monitor(trap)
    (trap.repository.top / ".git").rename(trap.repository.top / "elsewhere")
    (trap.repository.top / ".git").write_text("gitdir: elsewhere\n")


def submodule(trap: Trap) -> None:
    inner = made_at(trap.repository.top / "sub")
    inner.commit("inside", x__txt="x\n")
    trap.repository("add", "sub")
    trap.repository("commit", "--quiet", "--message", "a repository inside")
    (inner.top / "x.txt").write_text("y\n")
    inner.set(core__fsmonitor=trap.line, diff__external=trap.line)
    trap.repository.set(diff__submodule="diff", status__submodulesummary="true", submodule__recurse="true")


def ssh_for_what_is_missing(trap: Trap) -> None:
    trap.forget("HEAD~1:a.txt")
    trap.forget("HEAD:a.txt")
    trap.repository.set(remote__origin__url="ssh://host/x", core__sshcommand=trap.line)


def transport_for_what_is_missing(trap: Trap) -> None:
    trap.forget("HEAD~1:a.txt")
    trap.forget("HEAD:a.txt")
    trap.repository.set(remote__origin__url=f"ext::sh -c ':%>{trap.mark}'", protocol__ext__allow="always")
    trap.repository.set(remote__origin__url=f"ext::{str(trap.program).replace(' ', '% ')}")


def proxy_for_what_is_missing(trap: Trap) -> None:
    trap.forget("HEAD~1:a.txt")
    trap.forget("HEAD:a.txt")
    trap.repository.set(remote__origin__url="git://host/x", core__gitproxy=str(trap.program))


def pack_for_what_is_missing(trap: Trap) -> None:
    trap.forget("HEAD~1:a.txt")
    trap.forget("HEAD:a.txt")
    trap.repository.set(remote__origin__url=str(trap.repository.top), remote__origin__uploadpack=trap.line)


def all_that_names_programs(trap: Trap) -> None:
    """Where plain git needs a terminal, a network or a write to start it."""
    line = trap.line
    trap.repository.set(
        core__pager=line,
        pager__log=line,
        pager__diff=line,
        core__editor=line,
        core__askpass=line,
        core__alternaterefscommand=line,
        credential__helper=f"!{line}",
        merge__x__driver=line,
        sequence__editor=line,
        interactive__difffilter=line,
        trailer__x__command=line,
        uploadpack__packobjectshook=line,
        browser__x__cmd=line,
        difftool__x__cmd=line,
        gpg__ssh__program=line,
        remote__origin__vcs="x",
        **{f"alias__{name}": f"!{line}" for name in (*OPERATIONS, "for-each-ref")},
    )
    trap.attributes("*.txt merge=x\n")


TRAPS: dict[Callable[[Trap], None], str] = {
    monitor: "status",
    hooks_path: "status",
    hook: "status",
    external_diff: "diff",
    diff_driver: "diff",
    text_conversion: "diff",
    text_conversion_by_info: "blame",
    clean_filter: "diff",
    filter_process: "diff",
    filter_by_attributes_file: "diff",
    signature: "show",
    included: "status",
    included_if: "status",
    work_tree_settings: "status",
    git_file: "status",
    submodule: "status",
    ssh_for_what_is_missing: "show",
    transport_for_what_is_missing: "show",
    proxy_for_what_is_missing: "show",
    pack_for_what_is_missing: "show",
    all_that_names_programs: "",
}
"""Each with what plain git does to start the program; "": nothing that only looks."""


@pytest.mark.parametrize("set_up", TRAPS, ids=lambda set_up: set_up.__name__)
async def test_no_repository_makes_it_start_a_program(set_up: Callable[[Trap], None], trap: Trap) -> None:
    set_up(trap)
    for operation in OPERATIONS:
        path = {"path": "a.txt"} if operation == "blame" else {}
        finished = await look(trap.repository, operation, **path)
        assert not trap.mark.exists(), operation
        if "missing" not in set_up.__name__:
            assert finished.status is ToolStatus.OK, (operation, finished.output)
    if plain := TRAPS[set_up]:
        trap.repository(plain, *(["a.txt"] if plain == "blame" else []), check=False)
        assert trap.mark.exists()  # so it was one


async def test_no_variable_of_rookery_makes_it_start_a_program(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = {"core.fsmonitor": trap.line, "diff.external": trap.line}
    for number, (name, value) in enumerate(settings.items()):
        monkeypatch.setenv(f"GIT_CONFIG_KEY_{number}", name)
        monkeypatch.setenv(f"GIT_CONFIG_VALUE_{number}", value)
    monkeypatch.setenv("GIT_CONFIG_COUNT", str(len(settings)))
    for name in ("GIT_EXTERNAL_DIFF", "GIT_SSH_COMMAND", "GIT_PAGER", "PAGER", "GIT_ASKPASS", "GIT_PROXY_COMMAND"):
        monkeypatch.setenv(name, trap.line)
    monkeypatch.setenv("GIT_DIR", "/nonexistent")
    monkeypatch.setenv("GIT_TRACE", str(trap.mark))
    for operation in OPERATIONS:
        await seen(trap.repository, operation, path="a.txt")
        assert not trap.mark.exists(), operation


async def test_git_itself_is_not_taken_from_the_workspace(trap: Trap, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = trap.repository.top / "bin"
    folder.mkdir()
    shutil.copy(trap.program, folder / "git")
    monkeypatch.chdir(trap.repository.top)
    monkeypatch.setenv("PATH", f"{folder}:bin:.:{os.environ['PATH']}")
    assert "door" in await seen(trap.repository, "log")
    monkeypatch.setenv("PATH", str(folder))
    assert "lies in the workspace" in await refused(trap.repository, "log")
    assert not trap.mark.exists()


async def test_a_bare_repository_is_not_found(trap: Trap) -> None:
    trap.repository("clone", "--quiet", "--bare", ".", "bare")
    Repository(trap.repository.top / "bare").set(core__fsmonitor=trap.line)
    assert "On branch main" in await seen(trap.repository, "status", path="bare")  # of the repository around it
    assert "no git repository here" in await refused(trap.repository, "log", workspace=trap.repository.top / "bare")


async def test_it_writes_nothing(repository: Repository) -> None:
    os.utime(repository.top / "b.txt", (1, 1))  # which git would like to note in its index
    before = state(repository.top)
    for operation in OPERATIONS:
        await seen(repository, operation, path="a.txt")
    await seen(repository, "diff")
    await seen(repository, "status")
    assert state(repository.top) == before


def state(folder: Path) -> dict[str, tuple[int, int]]:
    """Each file and folder with its size and the time it was changed."""
    paths = [folder, *folder.rglob("*")]
    return {str(path): (path.lstat().st_size, path.lstat().st_mtime_ns) for path in paths}


# -- repositories that lead outside ---------------------------------------------------------------------------------


def git_file_outside(inside: Repository, outside: Path) -> None:
    (inside.top / ".git").rename(outside / "git")
    (inside.top / ".git").write_text(f"gitdir: {outside / 'git'}\n")


def git_link_outside(inside: Repository, outside: Path) -> None:
    (inside.top / ".git").rename(outside / "git")
    (inside.top / ".git").symlink_to(outside / "git")


def part_outside(name: str) -> Callable[[Repository, Path], None]:
    def move(inside: Repository, outside: Path) -> None:
        part = inside.top / ".git" / name
        part.rename(outside / part.name)
        part.symlink_to(outside / part.name)

    move.__name__ = f"{name} outside"
    return move


def shared_outside(inside: Repository, outside: Path) -> None:
    shutil.copytree(inside.top / ".git", outside / "git")
    (inside.top / ".git" / "commondir").write_text(str(outside / "git"))


def borrowed(line: str, through: str = "") -> Callable[[Repository, Path], None]:
    def borrow(inside: Repository, outside: Path) -> None:
        shutil.copytree(inside.top / ".git" / "objects", outside / "objects")
        objects = inside.top / ".git" / "objects"
        if through:
            (inside.top / through / "info").mkdir(parents=True)
            (objects / "info" / "alternates").write_text(f"# there\n{inside.top / through}\n")
            objects = inside.top / through
        (objects / "info" / "alternates").write_text(line.format(outside=outside) + "\n")

    borrow.__name__ = f"borrowed {line} {through}".strip()
    return borrow


def one_object(inside: Repository, outside: Path) -> None:
    folder = next(entry for entry in (inside.top / ".git" / "objects").iterdir() if len(entry.name) == 2)
    folder.rename(outside / folder.name)
    folder.symlink_to(outside / folder.name)


def inside_a_folder(name: str) -> Callable[[Repository, Path], None]:
    def link(inside: Repository, outside: Path) -> None:
        (outside / "secret").write_text("a secret\n")
        file = inside.top / ".git" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.symlink_to(outside / "secret")

    link.__name__ = f"a link at {name}"
    return link


def by_way_of_another_link(inside: Repository, outside: Path) -> None:
    (inside.top / "pack").mkdir()
    (inside.top / "pack" / "x.pack").symlink_to(outside)
    (inside.top / ".git" / "objects" / "pack").rmdir()
    (inside.top / ".git" / "objects" / "pack").symlink_to(inside.top / "pack")


def text_of_another_file(name: str) -> Callable[[Repository, Path], None]:
    def link(inside: Repository, outside: Path) -> None:
        (outside / "secret").write_text("a secret\n")
        (inside.top / ".git" / name).unlink(missing_ok=True)
        (inside.top / ".git" / name).symlink_to(outside / "secret")

    link.__name__ = f"{name} of another file"
    return link


def git_file_of_another_file(inside: Repository, outside: Path) -> None:
    (outside / "secret").write_text("a secret\n")
    shutil.rmtree(inside.top / ".git")
    (inside.top / ".git").symlink_to(outside / "secret")


@pytest.mark.parametrize(
    "lead_outside",
    [
        git_file_outside,
        git_link_outside,
        git_file_of_another_file,
        shared_outside,
        one_object,
        by_way_of_another_link,
        *map(inside_a_folder, ["objects/ab/cdef", "refs/heads/x", "logs/x", "rebase-merge/done", "MERGE_HEAD"]),
        *map(part_outside, ["objects", "objects/pack", "refs", "index", "HEAD", "config", "logs", "info/exclude"]),
        borrowed("{outside}/objects"),
        borrowed("../../../outside/objects"),
        borrowed('"{outside}/objects"'),
        borrowed("{outside}/objects", through="other"),
        *map(text_of_another_file, ["HEAD", "config", "commondir", "packed-refs", "index", "objects/info/alternates"]),
    ],
    ids=lambda lead: lead.__name__,
)
async def test_what_lies_outside_the_workspace_is_not_looked_at(
    lead_outside: Callable[[Repository, Path], None], repository: Repository, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    lead_outside(repository, outside)
    for operation in OPERATIONS:
        said = await refused(repository, operation, path="a.txt")
        assert "outside the workspace" in said or "odd name" in said
        assert "a secret" not in said


async def test_a_work_tree_elsewhere_is_not_looked_at(repository: Repository, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "private.txt").write_text("private\n")
    repository.set(core__worktree=str(elsewhere))
    assert "private" in repository("status")
    assert "private" not in await seen(repository, "status")
    assert "modified:   a.txt" in await seen(repository, "status")


async def test_a_folder_that_became_a_link_is_not_followed(repository: Repository, tmp_path: Path) -> None:
    (repository.top / "d").mkdir()
    (repository.top / "d" / "x").write_text("x\n")
    repository.commit("a folder")
    shutil.rmtree(repository.top / "d")
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "x").write_text("private\n")
    (repository.top / "d").symlink_to(elsewhere)
    assert "private" not in await seen(repository, "diff")
    assert (await look(repository, "blame", path="d/x")).status is ToolStatus.INVALID


async def test_objects_that_are_borrowed_inside_the_workspace_are_found(repository: Repository) -> None:
    repository("clone", "--quiet", "--shared", ".", "other")
    assert "paint the door" in await seen(repository, "log", path="other")
    chain = [repository.top / "other" / ".git" / "objects"]
    for n in range(6):
        chain.append(repository.top / f"objects{n}")
        (chain[-1] / "info").mkdir(parents=True)
        (chain[-2] / "info" / "alternates").write_text(f"{chain[-1]}\n")
    assert "one that borrows them" in await refused(repository, "log", path="other")
    (chain[0] / "info" / "alternates").write_text("#" * 2_000_000)
    assert "far too large" in await refused(repository, "log", path="other")


@pytest.mark.parametrize("name", ["HEAD", "config", "index", "packed-refs"])
async def test_a_pipe_in_a_repository_is_not_waited_for(name: str, repository: Repository) -> None:
    (repository.top / ".git" / name).unlink(missing_ok=True)
    os.mkfifo(repository.top / ".git" / name)
    assert "is a pipe or a device" in await refused(repository, "log")


@pytest.mark.parametrize(
    ("git_folder", "says"),
    [
        ({}, "it has no objects"),
        ({"HEAD": "ref: refs/heads/main\n"}, "it has no objects"),
        ({"objects/x": "", "HEAD": "x"}, "No such file or directory"),
        ({"commondir": "a\0b"}, "NUL"),
        ({"commondir": "\n"}, "it has no objects"),
    ],
)
async def test_what_is_no_repository_says_so(git_folder: dict[str, str], says: str, tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    for name, text in git_folder.items():
        (tmp_path / ".git" / name).parent.mkdir(exist_ok=True)
        (tmp_path / ".git" / name).write_text(text)
    assert says in await refused(Repository(tmp_path), "status")
