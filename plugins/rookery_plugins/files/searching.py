"""The tools that find files: by what is in them, and by their names."""

from __future__ import annotations

import time
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, suppress
from itertools import islice
from pathlib import Path

from rookery_core.plugin import Risk, ToolContext, ToolFailed, ToolRetry, WorkspacePath, tool
from rookery_plugins.files.globbing import Glob, PatternError, globs, has_magic
from rookery_plugins.files.nearest import Nearest
from rookery_plugins.files.opening import PIECE_CHARS, as_text, pieces, similar
from rookery_plugins.files.walking import Met, Patience, TooMuch, shown, walk

MATCHES_MAX = 40
SEARCH_FILES = 10_000
SEARCH_CHARS = 50_000_000
SNIPPET_CHARS = 180
REGEX_CHARS = 500
REGEX_LINE_CHARS = 50_000
"""A regular expression sees a longer line in pieces of this size."""
REGEX_S, REGEX_S_PER_LINE, REGEX_S_PER_CHAR = 1.0, 20e-6, 1e-7
"""What it may take of the processor. The time of one with large counted repetitions grows as the text too, but fast."""
NEAR_MAX = 5
NEAR_CHARS = 2_000
"""Of a longer line, words that stand further apart are not taken as one passage."""
NEAR_S = 5.0
NAME = "(the file's name)"
FOUND_MAX = 100
FOUND_CHARS = 6_000

Find = Callable[[str], int]
"""Where in a text it is, or -1."""


@tool(
    risk=Risk.READ,
    phrases=[
        "where does this word appear",
        "which file mentions it",
        "find the text in the folder",
        "search for a name",
    ],
)
def search_files(ctx: ToolContext, text: str, folder: WorkspacePath = Path("."), regex: bool = False) -> str:
    """Finds the lines that contain a text, in all files of a folder."""
    wanted = text.strip("\n")
    if not wanted.strip() or "\n" in wanted:
        raise ToolRetry("give one line of text to find")
    name = _name_of(ctx, folder)
    find = _by_regex(wanted) if regex else _by_text(wanted)
    overlap = 0 if regex else len(wanted.casefold()) - 1
    with closing(_matches(ctx, folder, find, REGEX_LINE_CHARS if regex else PIECE_CHARS, overlap)) as matches:
        found = list(islice(matches, MATCHES_MAX + 1))
    if len(found) > MATCHES_MAX:
        found[-1] = f"[only the first {MATCHES_MAX} are shown; search a longer text or a smaller folder]"
    if found:
        return "\n".join(found)
    nowhere = f"{text!r} is in no file {_in(name)}"
    near = [] if regex else _nearest(ctx, folder, wanted)
    return "\n".join([f"{nowhere}; nearest to it:", *near]) if near else nowhere


@tool(
    risk=Risk.READ,
    phrases=["where is the file called", "all pictures below the folder", "is there a file named like this"],
)
def find_files(ctx: ToolContext, pattern: str, folder: WorkspacePath = Path(".")) -> str:
    """Finds files by their names, such as *.pdf."""
    name = _name_of(ctx, folder)
    pattern = pattern.strip().removeprefix(f"{ctx.workspace.root.as_posix()}/")
    try:
        tries = [globs(pattern)]
        if not has_magic(pattern):
            tries.append(globs(f"*{pattern.strip('/')}*"))
        hidden = globs(pattern, hidden_too=True)
    except PatternError as exc:
        raise ToolRetry(str(exc)) from exc
    patience = Patience(ctx)
    for choices in tries:
        if found := _first(_fitting(ctx, folder, choices, patience)):
            return "\n".join(found)
    if found := _first(_fitting(ctx, folder, hidden, patience, ignored_too=True)):
        return "\n".join([*found, "[hidden, or left out by a .gitignore]"])
    return f"no file {_in(name)} fits {pattern!r}"


def _in(name: str) -> str:
    return "here" if name == "." else f"in {name}"


def _name_of(ctx: ToolContext, folder: Path) -> str:
    """What a folder or file that is there is called; ToolRetry or ToolFailed says why it is not to be looked into."""
    name = ctx.workspace.relative(folder)
    try:
        if folder != ctx.workspace.root:
            with ctx.workspace.folder(folder.parent) as above:
                above.stat(folder.name)
    except FileNotFoundError:
        raise ToolRetry(f"there is no folder {name}{similar(ctx.workspace, folder)}") from None
    except OSError as exc:
        raise _unreadable(ctx, folder, exc) from exc
    return name


def _unreadable(ctx: ToolContext, folder: Path, exc: OSError) -> ToolFailed:
    return ToolFailed(f"the folder {ctx.workspace.relative(folder)} cannot be read: {exc.strerror}")


def _matches(ctx: ToolContext, folder: Path, find: Find, size: int, overlap: int) -> Generator[str, None, None]:
    """A line for each match, and one that says so where the search gave up."""
    within = ""
    try:
        for path, number, text in _texts(ctx, folder, Patience(ctx), size, overlap):
            within = path
            if (at := find(text.removesuffix("\n"))) >= 0:
                yield f"{shown(path)}:{number}: {_around(text, at)}" if number else f"{shown(path)}: {NAME}"
    except TooMuch as exc:
        where = "in" if within == str(exc) else "before"
        yield f"[stopped {where} {shown(str(exc))}: too much to search; name a smaller folder]"
    except OSError as exc:
        raise _unreadable(ctx, folder, exc) from exc


def _nearest(ctx: ToolContext, folder: Path, wanted: str) -> list[str]:
    """The lines that have words of a text that is nowhere as a whole, as far as there is time to look for them."""
    near = Nearest(wanted)
    with suppress(TooMuch, OSError):
        for path, number, text in _texts(ctx, folder, Patience(ctx, NEAR_S), NEAR_CHARS, 0) if near.words else ():
            near.see(path, number, text)
    return [
        f"{shown(line.path)}:{line.number}: {_around(line.text, line.at)}"
        if line.number
        else f"{shown(line.path)}: {NAME}"
        for line in near.best(NEAR_MAX)
    ]


def _texts(
    ctx: ToolContext, folder: Path, patience: Patience, size: int, overlap: int
) -> Generator[tuple[str, int, str], None, None]:
    """The path, the number and the text of each line of each file, its name as number 0 before them. Raises TooMuch,
    and OSError for the folder."""
    n_files = n_chars = 0
    for met in walk(ctx, folder, patience):
        if met.is_folder:
            continue
        n_files += 1
        if n_files > SEARCH_FILES or n_chars >= SEARCH_CHARS:
            raise TooMuch(met.path)
        yield met.path, 0, met.name
        for number, text in _lines(met, size, overlap):
            yield met.path, number, text
            n_chars += len(text)
            if n_chars >= SEARCH_CHARS:
                raise TooMuch(met.path)
            patience.check(met.path)


def _lines(met: Met, size: int, overlap: int) -> Iterator[tuple[int, str]]:
    """The lines of a file with their numbers, none where it is no text. A long one comes in pieces that overlap."""
    try:
        with met.folder.read(met.name) as file:
            stream, _ = as_text(file, met.name)
            before = ""
            for number, piece in pieces(stream, size):
                text = before + piece
                yield number, text
                before = "" if piece.endswith("\n") else text[max(len(text) - overlap, 0) :]
    except (OSError, ToolFailed):  # no text, or gone by now
        return


def _by_text(wanted: str) -> Find:
    folded = wanted.casefold()
    return lambda text: text.casefold().find(folded)


def _by_regex(pattern: str) -> Find:
    """A search in time that only grows as the text does, whatever the pattern; ToolRetry for one that is none."""
    try:
        import re2
    except ImportError as exc:
        raise ToolFailed("there is no google-re2 on this machine; search without regex, or pip install it") from exc
    if len(pattern) > REGEX_CHARS:
        raise ToolRetry(f"the pattern has {len(pattern)} characters, {REGEX_CHARS} at most; give a simpler one")
    options = re2.Options()
    options.case_sensitive = False
    options.log_errors = False
    try:
        compiled = re2.compile(pattern, options)
    except re2.error as exc:
        raise ToolRetry(f"{pattern!r} is no regular expression of RE2: {_words(exc)}") from exc

    left_s = REGEX_S

    def find(text: str) -> int:
        nonlocal left_s
        started = time.thread_time()
        data = text.encode("utf-8", "replace")  # as re2 would, and a name may hold half characters
        found = compiled.search(data)
        left_s += REGEX_S_PER_LINE + REGEX_S_PER_CHAR * len(text) - (time.thread_time() - started)
        if left_s < 0:
            raise ToolRetry(f"{pattern!r} takes too long on these files; give a simpler pattern")
        return len(data[: found.start()].decode("utf-8", "replace")) if found else -1

    return find


def _words(exc: Exception) -> str:
    said = exc.args[0] if exc.args else ""
    return said.decode(errors="replace") if isinstance(said, bytes) else str(said)


def _around(line: str, at: int) -> str:
    start = max(at - SNIPPET_CHARS // 2, 0)
    return line[start : start + SNIPPET_CHARS].strip()


def _fitting(
    ctx: ToolContext, folder: Path, choices: list[Glob], patience: Patience, *, ignored_too: bool = False
) -> Generator[str, None, None]:
    """What fits, and a line that says so where the walk gave up."""
    start = 0 if folder == ctx.workspace.root else len(ctx.workspace.relative(folder)) + 1

    def goes_into(met: Met) -> bool:
        return any(glob.may_fit_below(met.path[start:]) for glob in choices)

    try:
        for met in walk(ctx, folder, patience, ignored_too=ignored_too, goes_into=goes_into):
            if any(glob.fits(met.path[start:], is_folder=met.is_folder) for glob in choices):
                yield shown(met.path) + "/" * met.is_folder
    except TooMuch as exc:
        yield f"[stopped before {shown(str(exc))}: too many files; name a smaller folder]"
    except OSError as exc:
        raise _unreadable(ctx, folder, exc) from exc


def _first(found: Generator[str, None, None]) -> list[str]:
    """As much as can be shown, and a line that says so where there is more."""
    kept: list[str] = []
    size = 0
    with closing(found):
        for line in found:
            size += len(line) + 1
            if len(kept) == FOUND_MAX or size > FOUND_CHARS:
                return [*kept, f"[only the first {len(kept)} are shown; give a longer pattern or a smaller folder]"]
            kept.append(line)
    return kept
