"""Looks into a git repository of the workspace, and only looks.

It declares READ, since nothing in the workspace can make git start a program or write: git does not get to read the
repository's configuration (`view`), and is itself not taken from the workspace. So no filter runs, and a file that one
would change (Git LFS) may be shown as modified; and of submodules only their commits are looked at.
"""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Annotated, Literal

from pydantic import Field

from rookery_core.plugin import Example, Risk, Tool, ToolContext, ToolFailed, ToolRetry, WorkspacePath, hookimpl, tool
from rookery_plugins.git.view import repository_above, view_of
from rookery_plugins.programs import Output, Program, environment, run, search_path

rookery_contract = 1

LIMIT_S = 30.0
HOST_LIMIT_S = 10.0
MEMORY_BYTES = 2 * 2**30
REVISION_CHARS = 200

Operation = Literal["status", "log", "diff", "show", "branches", "blame"]

_COMPARED = ("--patch-with-stat", "--no-ext-diff", "--no-textconv", "--ignore-submodules=dirty", "--submodule=short")
_BRANCH = "%(HEAD) %(refname:short) %(objectname:short) %(committerdate:short) %(subject) %(upstream:track)"
_EMPTY = {"diff": "no changes", "log": "no commits", "branches": "no branches", "blame": "the file is empty"}


def _missing() -> str:
    return (
        "" if shutil.which("git", path=search_path()) else "git is not installed: apt install git, or brew install git"
    )


@tool(
    risk=Risk.READ,
    confined=True,
    available=_missing,
    timeout_s=LIMIT_S + HOST_LIMIT_S,
    examples=[
        Example(
            asked="What was the last commit?",
            arguments={"operation": "log", "count": 1},
            result="3f2a9c1 2026-03-04 Ann (HEAD -> main): mend the door",
            answer="The last commit is 3f2a9c1, mend the door, by Ann on 2026-03-04.",
        )
    ],
    phrases=["the last commit", "what changed in the repository", "who wrote this line", "which branch is this"],
)
def git(
    ctx: ToolContext,
    operation: Operation,
    path: WorkspacePath = Path("."),
    revision: Annotated[str, Field(max_length=REVISION_CHARS)] = "",
    count: Annotated[int, Field(ge=1, le=100)] = 10,
) -> str:
    """Shows the status, commits, differences, branches or line authors of a git repository."""
    if revision.startswith("-") or not revision.isprintable():
        raise ToolRetry("the revision must be a commit, a branch, a tag or a range of them, like main or v1.0..main")
    root = ctx.workspace.root
    program = shutil.which("git", path=search_path(outside=root))
    if program is None:
        raise ToolFailed(_missing() or "the only git there is lies in the workspace, and is not trusted to only look")
    top = repository_above(path, root)
    arguments = _arguments(operation, path.relative_to(top).as_posix(), revision, count)
    output = Output(ctx.progress)
    with view_of(top, root) as view:
        ending = run(
            Program(
                program,
                ["git", "--no-pager", "--literal-pathspecs", *arguments],
                top,
                _environment(top, view, root),
                limits={"RLIMIT_DATA": MEMORY_BYTES},
                reads=(view,),
                writes=False,
                harmless=True,
            ),
            output,
            sandbox=ctx.sandbox,
            limit_s=LIMIT_S,
            cancelled=ctx.cancelled.is_set,
        )
    said = output.text()
    if ending.code is None:
        raise ToolFailed(f"{said}\n[stopped: it took longer than {LIMIT_S:g} seconds]".lstrip())
    if ending.code:
        if not revision and "bad revision 'HEAD'" in said:
            raise ToolFailed("the repository has no commit yet; status shows its files")
        raise ToolRetry(said or f"git: {ending}")
    return said or _EMPTY.get(operation, "(no output)")


def _arguments(operation: Operation, path: str, revision: str, count: int) -> list[str]:
    """What git is called with; `path` is from the top of the repository."""
    paths = [] if path == "." else [path]
    match operation:
        case "status":
            return ["status", "--ignore-submodules=dirty", "--", *paths]
        case "log":
            shown = ["--date=short", "--format=%h %ad %an%d: %s", "--no-show-signature"]
            return ["log", f"--max-count={count}", *shown, "--end-of-options", *filter(None, [revision]), "--", *paths]
        case "diff":
            return ["diff", *_COMPARED, "--end-of-options", revision or "HEAD", "--", *paths]
        case "show":
            shown = [*_COMPARED, "--no-show-signature"]
            return ["show", *shown, "--end-of-options", revision or "HEAD", "--", *paths]
        case "branches":
            order = ["--sort=-committerdate", f"--count={count}", f"--format={_BRANCH}"]
            return ["for-each-ref", *order, "refs/heads", "refs/remotes"]
        case "blame":
            if not paths:
                raise ToolRetry("blame needs the path of a file")
            return ["blame", "--date=short", *filter(None, [revision]), "--", *paths]


def _environment(top: Path, view: Path, root: Path) -> dict[str, str]:
    return environment() | {
        "PATH": search_path(outside=root),
        "HOME": str(view),
        "XDG_CONFIG_HOME": str(view),
        "LC_ALL": "C.UTF-8",
        "LANGUAGE": "",
        "GIT_DIR": str(view),
        "GIT_WORK_TREE": str(top),
        "GIT_CEILING_DIRECTORIES": str(root.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_OPTIONAL_LOCKS": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_ALLOW_PROTOCOL": "",
        "GIT_TERMINAL_PROMPT": "0",
    }


@hookimpl
def rookery_tools() -> list[Tool]:
    return [git] if os.name == "posix" else []
