"""Commands that only read, and the options they may have for that: what is not listed here is not known to be harmless.

A program is listed only if no word of its call makes it start another, write, or go on without end; of its options only
those are listed of which that is known. So there is no git here, no awk, sed, tar, env, xargs, less. What only asks
around (ls, pwd, which) or only prints (echo) is not here either: it is what smuggled-in text tries first, and the tools
for files show a folder without a question.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from rookery_core.approval.shell_text import Command


@dataclass(frozen=True, slots=True)
class Reader:
    """How a program may be called."""

    flags: str = ""
    """Letters of options."""
    valued: str = ""
    """Letters of options that take a value: what is left of the word, else the next word."""
    long: frozenset[str] = frozenset()
    """Long options; of one with a value, what is before the `=`."""
    operands: int = 1_000_000
    """At most so many words that are no options."""
    first: str = ""
    """What an operand begins with."""
    text: bool = False
    """Whether its operands are text, and never files."""
    contents: bool = True
    """Whether it shows what is in files, and not only names and sizes."""
    numbered: bool = False
    """Whether a number is an option, as in `head -5`."""
    below: frozenset[str] = field(default_factory=frozenset)
    """Options with which it reads all that is below a folder."""


def _long(words: str) -> frozenset[str]:
    return frozenset(f"--{word}" for word in words.split())


_SUM = Reader("bt", long=_long("binary text tag"))
_GREP = Reader(
    "EFGPivwxclLnHhoqsraIzT",
    "eABCm",
    _long(
        "extended-regexp fixed-strings basic-regexp perl-regexp ignore-case invert-match word-regexp line-regexp count "
        "files-with-matches files-without-match line-number with-filename no-filename only-matching quiet silent "
        "no-messages recursive text null-data regexp after-context before-context context max-count include exclude "
        "exclude-dir color colour"
    ),
    below=frozenset(("r", "--recursive")),
)
READERS: Mapping[str, Reader] = {
    "basename": Reader("az", "s", text=True),
    "cat": Reader("AbeEnstTuv", long=_long("show-all number number-nonblank show-ends show-tabs squeeze-blank")),
    "cksum": Reader(),
    "cmp": Reader("bls", "n", _long("print-bytes verbose silent quiet bytes")),
    "comm": Reader("123z", long=_long("total check-order nocheck-order")),
    "cut": Reader("snz", "bcdf", _long("bytes characters fields delimiter complement only-delimited output-delimiter")),
    "date": Reader("uR", "d", _long("utc universal rfc-email iso-8601 rfc-3339 date"), 1, "+", text=True),
    "df": Reader("ahHikT", long=_long("human-readable inodes print-type total si"), contents=False),
    "diff": Reader(
        "qsuwbBiyp", "UC",
        _long("brief unified context side-by-side ignore-case ignore-all-space ignore-blank-lines color"), 2,
    ),
    "dirname": Reader("z", text=True),
    "du": Reader(
        "abchHkmsSx0", "d", _long("all apparent-size bytes total human-readable summarize max-depth one-file-system"),
        contents=False,
    ),
    "egrep": _GREP,
    "expand": Reader("i", "t"),
    "fgrep": _GREP,
    "file": Reader("bikN", long=_long("brief mime mime-type mime-encoding")),
    "fold": Reader("bs", "w"),
    "grep": _GREP,
    "head": Reader("qvz", "nc", _long("lines bytes quiet silent verbose"), numbered=True),
    "md5sum": _SUM,
    "nl": Reader("p", "bdfhilnsvw"),
    "od": Reader("bcdosxv", "AjNtw"),
    "paste": Reader("sz", "d"),
    "readlink": Reader("femnqsvz", contents=False),
    "realpath": Reader("eLmPqsz", contents=False),
    "rev": Reader(),
    "seq": Reader("w", "fs", operands=3, text=True),
    "sha1sum": _SUM,
    "sha224sum": _SUM,
    "sha256sum": _SUM,
    "sha384sum": _SUM,
    "sha512sum": _SUM,
    "b2sum": _SUM,
    "sort": Reader(
        "bdfgiMhnRrVcsuz", "kt",
        _long("numeric-sort reverse unique key field-separator ignore-case human-numeric-sort version-sort stable"),
    ),
    "stat": Reader("Lft", "c", _long("format printf dereference file-system terse"), contents=False),
    "sum": Reader("rs"),
    "tac": Reader("b", "s"),
    "tail": Reader("qvz", "nc", _long("lines bytes quiet silent verbose"), numbered=True),
    "tr": Reader("cCdst", long=_long("complement delete squeeze-repeats truncate-set1"), operands=2, text=True),
    "tree": Reader(
        "adfhisugpDrtUFAnCJN", "LPI", _long("dirsfirst noreport du si prune gitignore matchdirs"), contents=False
    ),
    "uniq": Reader("cdiuDz", "fsw", _long("count repeated unique ignore-case skip-fields skip-chars check-chars"), 1),
    "wc": Reader("clmwL", long=_long("bytes chars lines words max-line-length")),
}  # fmt: skip

_FIND_ALONE = frozenset(
    (
        "-P", "!", "(", ")", ",", "-a", "-and", "-o", "-or", "-not", "-print", "-print0", "-ls", "-prune", "-quit",
        "-empty", "-true", "-false", "-depth", "-d", "-xdev", "-mount", "-daystart", "-nouser", "-nogroup", "-readable",
        "-writable", "-executable", "-noleaf", "-nowarn", "-warn", "-ignore_readdir_race",
    )
)  # fmt: skip
_FIND_VALUED = frozenset(
    (
        "-name", "-iname", "-path", "-ipath", "-wholename", "-iwholename", "-regex", "-iregex", "-regextype", "-type",
        "-xtype", "-size", "-maxdepth", "-mindepth", "-mtime", "-atime", "-ctime", "-mmin", "-amin", "-cmin", "-newer",
        "-anewer", "-cnewer", "-perm", "-user", "-group", "-uid", "-gid", "-links", "-inum", "-samefile", "-printf",
        "-lname", "-ilname", "-used", "-fstype",
    )
)  # fmt: skip
_FIND = Reader(contents=False)


@dataclass(frozen=True, slots=True)
class Reads:
    """What a command that only reads looks at."""

    files: tuple[str, ...]
    """Words that may be files."""
    globs: tuple[str, ...] = ()
    """Words that stand for all files that fit."""
    contents: bool = False
    """Whether what is in them is shown."""
    below: bool = False
    """Whether also what is in files below a folder is."""


def reads(command: Command) -> Reads | None:
    """What the command looks at; None where it is not known to only read."""
    name = command.words[0] if command.words else ""
    if not command.known or command.writes or 0 in command.globs:
        return None
    words = command.words[1:]
    reader = _FIND if name == "find" else READERS.get(name)
    if reader is None:
        return None
    options = _find_options(words) if reader is _FIND else _options(reader, words)
    if options is None:
        return None
    globs = tuple(command.words[n] for n in sorted(command.globs))
    if globs and (reader.operands < 3 or any(glob[0] == "-" for glob in globs)):
        return None
    operands = () if reader.text else words
    return Reads(
        (*operands, *command.reads), globs, reader.contents or bool(command.reads), bool(reader.below & options)
    )


def _options(reader: Reader, words: tuple[str, ...]) -> set[str] | None:
    """The options that are there; None where one is not listed, or there are more operands than may be."""
    found: set[str] = set()
    operands = 0
    rest = iter(words)
    for word in rest:
        if word == "--":
            left = [*rest]
            operands += len(left)
            if reader.first and not all(other.startswith(reader.first) for other in left):
                return None
        elif word.startswith("--"):
            name, _, _ = word.partition("=")
            if name not in reader.long:
                return None
            found.add(name)
        elif len(word) > 1 and word[0] == "-":
            cluster = _cluster(reader, word[1:])
            if cluster is None:
                return None
            letters, takes_next = cluster
            found |= letters
            if takes_next and next(rest, None) is None:
                return None
        else:
            operands += 1
            if not word.startswith(reader.first):
                return None
    return found if operands <= reader.operands else None


def _cluster(reader: Reader, letters: str) -> tuple[set[str], bool] | None:
    """The options in a word such as `-la` or `-n5`, and whether a value follows; None where one is not listed."""
    if reader.numbered and re.fullmatch("[0-9]+", letters):
        return set(), False
    found: set[str] = set()
    for n, letter in enumerate(letters, 1):
        if letter in reader.valued:
            return found | {letter}, n == len(letters)
        if letter not in reader.flags:
            return None
        found.add(letter)
    return found, False


def _find_options(words: tuple[str, ...]) -> set[str] | None:
    rest = iter(words)
    for word in rest:
        if word in _FIND_VALUED:
            if next(rest, None) is None:
                return None
        elif word not in _FIND_ALONE and (word.startswith("-") or not word):
            return None
    return set()
