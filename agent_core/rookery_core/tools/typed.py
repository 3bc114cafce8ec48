"""Whether a request is a command as one types it into a shell: nothing in its words says what it is for."""

from __future__ import annotations

import re

_PROGRAMS = """
apt apt-get awk bash basename brew cargo cat cd chmod chown cmake cp curl cut date df diff dig dirname dnf docker du
echo env expr fd ffmpeg file find free gcc gh git go gradle grep gunzip gzip head hostname htop id ifconfig ip java
jobs journalctl jq kill killall kubectl less ln ls lsof make man md5sum mkdir more mv mvn mypy nc nl node npm npx
nslookup openssl pandoc patch pgrep ping pip pip3 pkill podman poetry printf ps pwd pytest python python3 rev rg rm
rmdir rsync ruff rustc scp sed seq sh sha256sum sort ssh stat sudo systemctl tac tail tar tee test time top touch tox
tr tree uname uniq unzip uptime uv wc wget which who whoami xargs yarn zip
"""
PROGRAMS = frozenset(_PROGRAMS.split())
FEW = 2
"""Words behind a program's name up to which it is a command: `make test`, and not "make me a list of names"."""
_QUOTED = re.compile(r"`([^`\n]+)`")
_NAME = re.compile(r"[a-z][\w.+-]*")
_OPTION = re.compile(r"--?[A-Za-z][\w-]*(=.*)?")
_SCRIPT = re.compile(r"\.{1,2}/[\w./+-]+|[\w./+-]+\.sh")
_OPERATORS = frozenset(("|", "||", "&&", ">", ">>", "<", "2>&1"))
_AT_THE_END = "?.!,"


def is_command(request: str) -> bool:
    """Whether it is a command, or has one. Generous: it decides no more than what is offered."""
    text = request.strip()
    return text.startswith("$ ") or any(map(_has_one, (text, *_QUOTED.findall(text))))


def _has_one(text: str) -> bool:
    words = [word.rstrip(_AT_THE_END) for word in text.split()]
    first, *others = words or [""]
    if any(map(_SCRIPT.fullmatch, words)) or (first in PROGRAMS and len(others) <= FEW):
        return True
    if _NAME.fullmatch(first) and others and _OPTION.fullmatch(others[0]):
        return True
    at = next((n for n, word in enumerate(words) if word in PROGRAMS), len(words))
    return any(word in _OPERATORS or _OPTION.fullmatch(word) for word in words[at:])
