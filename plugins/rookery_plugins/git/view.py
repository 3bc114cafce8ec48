"""A repository as git is let see it: its commits and its files, with a configuration of ours in the place of its own.

A repository's configuration can name programs in many places (monitors, hooks, filters, pagers, ...), and each version
of git has more. So git is given another folder for `.git`: links to objects and refs, a copy of the index, and a
configuration that takes over only settings which are known to name none, and of those only plain values. What lies
outside the workspace is not linked to.
"""

from __future__ import annotations

import os
import re
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rookery_core.plugin import ToolFailed, ToolRetry

SMALL_BYTES = 1_000_000
"""The most that is read of a file with settings."""
INDEX_BYTES = 256_000_000
ALTERNATES_DEEP = 5
"""How far git itself follows repositories that borrow objects from others."""

_SHARED = ("refs", "packed-refs", "reftable", "shallow", "logs", "info/exclude", "info/attributes")
_OWN = (
    "info/sparse-checkout",
    "ORIG_HEAD",
    "FETCH_HEAD",
    "MERGE_HEAD",
    "CHERRY_PICK_HEAD",
    "REVERT_HEAD",
    "BISECT_LOG",
    "BISECT_START",
    "rebase-merge",
    "rebase-apply",
)
"""What a linked work tree does not share with the repository it is of."""
_TAKEN = {
    "core": {"filemode", "symlinks", "ignorecase", "precomposeunicode", "autocrlf", "eol"}
    | {"sparsecheckout", "sparsecheckoutcone"},
    "extensions": {"objectformat", "refstorage"},
    "branch": {"remote", "merge"},
    "remote": {"fetch"},
}
_KNOWN_EXTENSIONS = _TAKEN["extensions"] | {
    "compatobjectformat",
    "noop",
    "partialclone",
    "preciousobjects",
    "relativeworktrees",
    "worktreeconfig",
}
_PLAIN = re.compile(r"[\w./:+*@-]{1,200}")
_SECTION = re.compile(r'([\w-]+)(?: "([\w./+@-]{1,200})")?')
_OURS = """\
[core]
	bare = false
	fsmonitor = false
	hooksPath = /dev/null
	attributesFile = /dev/null
	excludesFile = /dev/null
	pager = cat
	quotePath = false
	safecrlf = false
[advice]
	statusHints = false
[color]
	ui = false
[credential]
	helper =
[diff]
	external =
[i18n]
	logOutputEncoding = UTF-8
[log]
	showSignature = false
[protocol]
	allow = never
[safe]
	bareRepository = explicit
[submodule]
	recurse = false
"""


def repository_above(path: Path, root: Path) -> Path:
    """The top folder of the repository that a path of the workspace lies in. Raises ToolRetry where there is none."""
    for folder in (path, *path.parents):
        if not folder.is_relative_to(root):
            break
        if os.path.lexists(folder / ".git"):
            return folder
    below = [entry.parent.name for entry in sorted(root.glob("*/.git"))[:5]]
    hint = f"; there is one in {', '.join(below)}, so give that as the path" if below else ""
    raise ToolRetry(f"there is no git repository here{hint}")


@contextmanager
def view_of(top: Path, root: Path) -> Iterator[Path]:
    """A folder that stands for the repository's `.git`, for as long as this lasts. Raises ToolFailed where none can."""
    with tempfile.TemporaryDirectory(prefix="rookery-git-", ignore_cleanup_errors=True) as view:
        try:
            _fill(Path(view), top, root)
        except OSError as exc:
            raise ToolFailed(f"the repository cannot be read: {exc.strerror}: {exc.filename}") from exc
        yield Path(view)


def _fill(view: Path, top: Path, root: Path) -> None:
    own = _inside(_named_by(top / ".git", top, root), root)
    shared = _inside(_named_by(own / "commondir", own, root), root) if os.path.lexists(own / "commondir") else own
    _check_objects(shared / "objects", root)
    (view / "info").mkdir()
    (view / "config").write_text(_OURS + _settings(_text(shared / "config", root)), encoding="utf-8")
    (view / "HEAD").write_text(_text(own / "HEAD", root), encoding="utf-8", errors="surrogateescape")
    (view / "objects").symlink_to(_inside(shared / "objects", root))
    for folder, names in ((shared, _SHARED), (own, _OWN)):
        for name in names:
            if (folder / name).exists():
                real = _plain(folder / name, root)
                if real.is_dir():
                    _check_links(real, root)
                (view / name).symlink_to(real)
    for index in (own / "index", *own.glob("sharedindex.*")):
        if index.exists():
            if _plain(index, root).stat().st_size > INDEX_BYTES:
                raise ToolFailed("the repository's index is too large for this tool; use the shell")
            # with its time, by which git knows which files it must look at again
            shutil.copy2(index, view / index.name)


def _named_by(pointer: Path, base: Path, root: Path) -> Path:
    """The folder itself, or the one that a file names, as in a linked work tree or a submodule."""
    return pointer if pointer.is_dir() else base / _text(pointer, root).strip().removeprefix("gitdir: ")


def _inside(path: Path, root: Path) -> Path:
    """Where a path really leads. Raises ToolFailed for a place outside the workspace."""
    try:
        real = Path(os.path.realpath(path))
    except ValueError:
        raise ToolFailed("the repository names a place with a NUL character, which is none") from None
    if not real.is_relative_to(root):
        raise ToolFailed(
            f"a part of the repository ({path.name}) lies outside the workspace, in {real}, and this tool looks at "
            "nothing there; start Rookery in a folder that holds both, or use the shell"
        )
    return real


def _check_objects(objects: Path, root: Path, deep: int = 0) -> None:
    """Raise ToolFailed where there are none, or some are kept or borrowed from outside the workspace."""
    objects = _inside(objects, root)
    if not objects.is_dir():
        raise ToolFailed("this .git is no repository: it has no objects")
    _check_links(objects, root)
    if os.path.lexists(alternates := objects / "info" / "alternates"):
        if deep == ALTERNATES_DEEP:
            raise ToolFailed("the repository borrows objects from one that borrows them, and so on; use the shell")
        for line in _text(alternates, root).split("\n"):
            if line.startswith('"'):
                raise ToolFailed("the repository borrows objects from a folder with an odd name; use the shell")
            if line and not line.startswith("#"):
                _check_objects(objects / line, root, deep + 1)


def _check_links(folder: Path, root: Path) -> None:
    """Raise ToolFailed where a link below leads out of the workspace, by way of others or not."""
    seen: set[Path] = set()
    new = [folder]
    while new:
        current = new.pop()
        seen.add(current)
        with os.scandir(current) as entries:
            for entry in entries:
                if entry.is_symlink():
                    real = _inside(Path(entry.path), root)
                    new += [real] if real.is_dir() and real not in seen else []
                elif entry.is_dir():
                    new.append(Path(entry.path))


def _text(path: Path, root: Path) -> str:
    """A small file of the workspace. Raises OSError and ToolFailed."""
    with open(_plain(path, root), "rb") as file:
        text = file.read(SMALL_BYTES + 1).decode("utf-8", "surrogateescape")
    if len(text) > SMALL_BYTES:
        raise ToolFailed(f"the repository cannot be read: its {path.name} is far too large")
    return text


def _plain(path: Path, root: Path) -> Path:
    """Where it really is; raises OSError, and ToolFailed for what is outside or might be waited for."""
    real = _inside(path, root)
    mode = real.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise ToolFailed(f"the repository cannot be read: its {path.name} is a pipe or a device")
    return real


def _settings(text: str) -> str:
    """Of a configuration what may be taken over, as one. Raises ToolFailed for a format that is not known here."""
    import configparser

    parser = configparser.RawConfigParser(
        delimiters=("=",), comment_prefixes=("#", ";"), inline_comment_prefixes=("#", ";"), strict=False,
        allow_no_value=True, default_section="\0",
    )  # fmt: skip
    try:
        parser.read_string("\n".join(line.strip() for line in text.removeprefix("\ufeff").splitlines()))
    except configparser.Error:
        raise ToolFailed(
            "the repository's configuration cannot be understood; `git config --list` says where"
        ) from None
    version = "0"
    lines: list[str] = []
    for title in parser.sections():
        named = _SECTION.fullmatch(title)
        if named is None:
            continue
        section, name = named[1].lower(), named[2]
        for key, value in parser.items(title):
            version = value or "" if (section, key) == ("core", "repositoryformatversion") else version
            if section == "extensions" and key not in _KNOWN_EXTENSIONS:
                raise ToolFailed(
                    f"the repository uses the extension {key}, which this tool does not know; use the shell"
                )
            plain = "true" if value is None else value.strip('"')
            fits = (name is None) == (section in ("core", "extensions")) and _PLAIN.fullmatch(plain)
            if key in _TAKEN.get(section, ()) and fits:
                lines += [f'[{section} "{name}"]' if name else f"[{section}]", f"\t{key} = {plain}"]
    if version not in ("0", "1"):
        raise ToolFailed(f"the repository has format {version!r}, which this tool does not know; use the shell")
    return "\n".join([*lines, "[core]", f"\trepositoryFormatVersion = {version}", ""])
