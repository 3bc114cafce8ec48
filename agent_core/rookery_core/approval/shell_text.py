"""A command for a shell, taken apart: each simple command in it, and whether all of it was understood.

Bash's grammar reads it (tree-sitter), and only what means the same to every shell counts as understood: simple commands
of literal words, joined by `;`, `&&`, `||`, `|` and line feeds. It knows no rules and touches no file.
"""

from __future__ import annotations

import re
import shlex
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node, Tree

MAX_BYTES = 32_768
"""A longer text is not parsed, and so not understood."""
PARSE_S = 0.05
"""What parsing may take."""
ODDLY = "it is redirected in a way that is not understood"

STARTERS = frozenset(
    (
        ".", "ash", "bash", "builtin", "bun", "busybox", "chroot", "command", "csh", "dash", "deno", "doas", "env",
        "eval", "exec", "expect", "flock", "ionice", "ksh", "lua", "nice", "node", "nohup", "npx", "parallel", "perl",
        "php", "pkexec", "pwsh", "python", "python2", "python3", "rlwrap", "ruby", "run0", "runuser", "script",
        "setarch", "setsid", "sh", "source", "ssh", "start-stop-daemon", "stdbuf", "strace", "su", "sudo",
        "systemd-run", "taskset", "time", "timeout", "tmux", "toybox", "trap", "unshare", "watch", "xargs", "zsh",
    )
)  # fmt: skip
"""Programs whose arguments are, or hold, what they start."""
ALSO_START = STARTERS | frozenset(
    (
        "awk", "find", "gawk", "gdb", "git", "make", "man", "mawk", "sed", "tar", "tclsh", "vi", "vim",
    )
)  # fmt: skip
"""These too, by some of their arguments."""

_JOINS = frozenset((";", "&&", "||", "|", "\n"))
_DESCRIPTOR = re.compile(r"[0-9]+")
_OPERATOR = re.compile(r"[();<>|&]+")
_QUOTES = str.maketrans("", "", "'\"\\")
_BETWEEN = re.compile(r"[\s;|&()<>{}\[\]`$=,!]+")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)
_PLAIN = re.compile(r"[A-Za-z0-9_@%+:,./~=^!#*?\[\]{}-]*")
_HOME = re.compile(r"\$(?:HOME\b|\{HOME\})")


@dataclass(frozen=True, slots=True)
class Command:
    """One simple command."""

    words: tuple[str, ...]
    """Without their quotes; of a word that only the shell can work out, its text."""
    globs: frozenset[int] = frozenset()
    """Which of the words are patterns that the shell replaces by names of files."""
    reads: tuple[str, ...] = ()
    """Files that are its input."""
    writes: tuple[str, ...] = ()
    """Files that what it prints goes to; a ? for one that only the shell knows."""
    known: bool = True
    """Whether every word is literal."""

    @property
    def plain(self) -> bool:
        """Whether its words say all that it is: nothing comes from a file or goes to one."""
        return self.known and not self.globs and not self.reads and not self.writes

    def __str__(self) -> str:
        return shlex.join(self.words)


@dataclass(frozen=True, slots=True)
class Script:
    """What a call would have run."""

    text: str
    commands: tuple[Command, ...]
    """In order, also those inside of others. Where it was not understood, there may be more."""
    unclear: str = ""
    """Why it is not understood; "" where it is."""
    torn: bool = False
    """Whether `commands` cannot be relied upon at all: the text was not parsed."""


def script_of(said: str | Sequence[str]) -> Script:
    """A text for the shell, or the words of one program."""
    if isinstance(said, str):
        return parse(said)
    return Script(shlex.join(said), (Command(tuple(said)),) if said else (), "" if said else "it is empty")


def parse(text: str) -> Script:
    """Take a text apart. It raises nothing, whatever the text is."""
    try:
        raw = text.encode()
    except UnicodeEncodeError:
        return Script(text, (), "it holds half a character", torn=True)
    if len(raw) > MAX_BYTES:
        return Script(text, (), f"it has more than {MAX_BYTES} bytes", torn=True)
    tree = _tree(raw)
    if tree is None:
        return Script(text, (), f"it could not be parsed in {PARSE_S:g} s", torn=True)
    odd = next((char for char in text if not (char.isprintable() or char in "\n\t")), None)
    commands, unclear = _commands(tree.root_node, raw)
    torn = tree.root_node.has_error or "\\\n" in text  # the grammar takes a word that goes on for two
    if odd is not None:
        unclear, torn = f"it holds the character \\u{{{ord(odd):x}}}", True
    elif torn:
        unclear = "a line goes on in the next" if "\\\n" in text else "it cannot be parsed"
    elif not unclear and not commands:
        unclear = "there is no command in it"
    elif not unclear and not _agrees(text, commands):
        unclear, torn = "it can be read in two ways", True
    return Script(text, tuple(commands), unclear, torn)


def loose_words(text: str) -> list[str]:
    """All that could be a word in a text that is not understood, quotes and escapes left out."""
    joined = _HOME.sub("~", text.replace("\\\n", "")).translate(_QUOTES)
    return [word for word in _BETWEEN.split(joined) if word]


def _tree(raw: bytes) -> Tree | None:
    import tree_sitter_bash
    from tree_sitter import Language, Parser

    until = time.monotonic() + PARSE_S
    parser = Parser(Language(tree_sitter_bash.language()))
    try:
        return parser.parse(lambda at, _: raw[at:], progress_callback=lambda *_: time.monotonic() > until)
    except ValueError:  # it was stopped
        return None


# -- the tree -----------------------------------------------------------------------------------------------------

_JOINING = frozenset(("program", "list", "pipeline", "redirected_statement"))


def _commands(root: Node, raw: bytes) -> tuple[list[Command], str]:
    """Every simple command, and what else there is that is not understood. Without recursion: a tree may be deep."""
    found: list[Command] = []
    unclear = ""
    waiting: list[tuple[Node, tuple[str, ...], tuple[str, ...]]] = [(root, (), ())]
    while waiting:
        node, reads, writes = waiting.pop()
        kind = node.type
        if kind == "command":
            command, why = _command(node, raw, reads, writes)
            found.append(command)
            unclear = unclear or why
            # what is started inside its words is a command too
            waiting += [(child, (), ()) for child in reversed(node.children) if child.child_count]
            continue
        if kind == "redirected_statement":
            read, written, why = _redirects(node, raw)
            reads, writes = (*reads, *read), (*writes, *written)
            unclear = unclear or why
        elif kind not in _JOINING and kind not in _JOINS and kind not in _WORDS and kind not in _IN_WORDS:
            unclear = unclear or f"it uses {kind.replace('_', ' ')}" if node.is_named else unclear or f"it uses {kind}"
        waiting += [(child, reads, writes) for child in reversed(node.children) if child.type not in _REDIRECTS]
        if kind == "redirected_statement":  # what is started in the words of a redirection
            waiting += [(child, (), ()) for child in node.children if child.type in _REDIRECTS]
    return found, unclear


_REDIRECTS = frozenset(("file_redirect", "heredoc_redirect", "herestring_redirect"))
_WORDS = frozenset(("word", "number", "string", "raw_string", "concatenation"))
_CLOSING = frozenset((">&-", "<&-"))
_IN_WORDS = frozenset(
    ("string_content", '"', "command_name", "file_redirect", "file_descriptor", "<", ">", ">>", ">&", "<&", *_CLOSING)
)


def _command(node: Node, raw: bytes, reads: tuple[str, ...], writes: tuple[str, ...]) -> tuple[Command, str]:
    words: list[str] = []
    globs: set[int] = set()
    known, unclear = True, ""
    for child in node.children:
        if child.type in _REDIRECTS:
            unclear, known = unclear or "a redirection stands inside a command", False
            continue
        of = child.children[0] if child.type == "command_name" and child.children else child
        word, glob, why = _word(of, raw)
        if child.type == "command_name" and not why and (glob or not _PLAIN.fullmatch(_text(of, raw)) or "=" in word):
            why = "the name of a program is written in an unusual way"
        if glob:
            globs.add(len(words))
        words.append(word)
        known, unclear = known and not why, unclear or why
    return Command(tuple(words), frozenset(globs), reads, writes, known), unclear


def _redirects(node: Node, raw: bytes) -> tuple[list[str], list[str], str]:
    """The files that are read, those that are written, and what is not understood. A descriptor is no file."""
    reads: list[str] = []
    writes: list[str] = []
    unclear = ""
    for redirect in node.children:
        if redirect.type not in _REDIRECTS:
            continue
        parts = [child for child in redirect.children if child.type != "file_descriptor"]
        operator, torn_off = parts[0].type, _touches_a_number(redirect)
        if operator in _CLOSING and len(parts) == 1 and not torn_off:
            continue
        word, glob, why = _word(parts[-1], raw)
        if redirect.type != "file_redirect" or operator in _CLOSING or len(parts) != 2 or torn_off or glob or why:
            unclear = unclear or ODDLY
            writes.append(word or "?")
            continue
        match operator:
            case "<":
                reads.append(word)
            case ">" | ">>" if word == "/dev/null":
                pass
            case ">&" | "<&" if _DESCRIPTOR.fullmatch(word):
                pass
            case "<&":
                unclear = unclear or ODDLY
                reads.append(word)
            case ">&" if _DESCRIPTOR.fullmatch(word.removesuffix("-")):
                unclear = unclear or ODDLY
            case _:
                writes.append(word)
    return reads, writes, unclear


def _touches_a_number(redirect: Node) -> bool:
    """Whether a number that the grammar takes for a word before it is the descriptor that it is about."""
    before = redirect.prev_sibling
    while before is not None and before.children:
        before = before.children[-1]
    return before is not None and before.type == "number" and before.end_byte == redirect.start_byte


def _word(node: Node, raw: bytes) -> tuple[str, bool, str]:
    """A word without quotes, whether it is a pattern, and why it is not literal."""
    text = _text(node, raw)
    match node.type:
        case "number" if not node.child_count:
            return text, False, ""
        case "raw_string":
            return text[1:-1], False, ""
        case "word" if not node.child_count:
            return _bare(text)
        case "string":
            inner = [child for child in node.children if child.type != '"']
            if any(child.type != "string_content" for child in inner):
                return _HOME.sub("~", text[1:-1]), False, "a word has to be worked out by the shell"
            return _quoted(text[1:-1])
        case "concatenation":
            parts = [_word(child, raw) for child in node.children]
            word = "".join(part for part, _, _ in parts)
            why = next((why for _, _, why in parts if why), "")
            if not why and any("{" in part for part, _, _ in parts):
                why = "a word holds braces"
            return word, any(glob for _, glob, _ in parts), why
        case _:
            return _HOME.sub("~", text), False, "a word has to be worked out by the shell"


def _bare(text: str) -> tuple[str, bool, str]:
    """What stands outside of quotes."""
    unescaped = _ESCAPED.sub("", text)
    word = _ESCAPED.sub(r"\1", text.replace("\\\n", ""))
    why = ""
    if "\\\n" in text or any(mark.isalnum() for mark in _ESCAPED.findall(text)) or unescaped.endswith("\\"):
        why = "a word is escaped in an unusual way"
    elif unescaped.startswith("~") or ":~" in unescaped or "=~" in unescaped:
        why = "a word stands for a home folder"
    elif (set("{}") & set(unescaped) and unescaped != "{}") or "$" in unescaped or "`" in unescaped:
        why = "a word has to be worked out by the shell"
    return word, bool(set("*?[") & set(unescaped)), why


def _quoted(text: str) -> tuple[str, bool, str]:
    """What stands inside of double quotes."""
    if "\\\n" in text or "`" in _ESCAPED.sub("", text) or re.search(r"(?<!\\)(?:\\\\)*\$", text):
        return text, False, "a word has to be worked out by the shell"
    return re.sub(r'\\(["\\$`])', r"\1", text), False, ""


def _text(node: Node, raw: bytes) -> str:
    return raw[node.start_byte : node.end_byte].decode("utf-8", "replace")


def _agrees(text: str, commands: Sequence[Command]) -> bool:
    """Whether a second, simple reading finds the same words in the same order."""
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";|&<>()")
    lexer.whitespace_split = True
    lexer.commenters = ""
    beside = {"0", "1", "2", "/dev/null"}
    before = ""
    words: list[str] = []
    for command in commands:
        words += command.words
        beside |= {*command.reads, *command.writes}
    waiting = deque(word for word in words if not _OPERATOR.fullmatch(word))
    try:
        for token in lexer:
            if waiting and token == waiting[0]:
                waiting.popleft()
            elif before in (">&", "<&") and (token == "-" or _DESCRIPTOR.fullmatch(token)):
                pass
            elif token not in beside and not _OPERATOR.fullmatch(token):
                return False
            before = token
    except ValueError:
        return False
    return not waiting
