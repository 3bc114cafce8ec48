"""What a hostile text may hold for a terminal, and what a program wrote to one."""

from __future__ import annotations

import re

ESC, BEL, ST, C1_ST = "\x1b", "\x07", "\x1b\\", "\x9c"
ENDS = "\x07\x1b\\\x9c"
"""Characters that end a sequence; the terminal's library drops some of them by itself."""
CONTROLS = [chr(code) for code in (*range(0x20), *range(0x7F, 0xA0)) if chr(code) not in "\n\t"]
"""C0 but for line feed and tab, DEL, and C1."""
FORMS = [
    *(f"{ESC}]{what}{end}" for end in (BEL, ST, C1_ST) for what in ("0;title", "2;title", "52;c;QUFB", "8;;http://e.x")),
    f"{ESC}]4;1;#123456{BEL}", f"{ESC}]9;note{BEL}", f"{ESC}]10;#123456{ST}", f"{ESC}]50;font{BEL}",
    f"{ESC}]133;A{ST}", f"{ESC}]777;notify;a;b{BEL}", f"{ESC}]1337;File=name=eA==:eA=={BEL}", f"{ESC}]7;file:///x{ST}",
    f"{ESC}P+q544e{ST}", f"{ESC}P$qm{ST}", f"{ESC}_Gi=1;eA=={ST}", f"{ESC}^private{ST}", f"{ESC}Xstring{ST}",
    *(f"{ESC}[{what}" for what in (
        "?1049l", "?1049h", "?47l", "?1000l", "?2004l", "?25h", "?7h", "?1004l", "?5h", "?2026h", "2J", "3J", "H",
        "10;10H", "6n", "c", ">c", "5n", "18t", "21t", "8;1;1t", "4i", "1;1r", "0 q", "!p", "20h", "4h",
        "?1;2S", "38;2;9;8;7m", ">1u", "<u", "999X", "5b", "999A", "s", "u",
    )),
    f"{ESC}c", f"{ESC}7", f"{ESC}8", f"{ESC}#8", f"{ESC}(0", f"{ESC}=", f"{ESC}>", f"{ESC}D", f"{ESC}M", f"{ESC}N",
    "\x9b2J", "\x9b?1049l", "\x9d0;title\x9c", "\x90+q544e\x9c", "\x9f_G\x9c", "\x85\x8d", "\x0e\x0f",
]  # fmt: skip
HIDDEN = [
    "\u202e",
    "\u2066",
    "\u2069",
    "\u200b",
    "\u200d",
    "\u00ad",
    "\ufeff",
    "\u2028",
    "\ue000",
    "\U000e0041",
    "\u115f",
]
PAYLOADS = [*CONTROLS, *FORMS, *HIDDEN]

SEQUENCE = re.compile(
    rb"\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)|\x1b[P_^X][^\x1b]*\x1b\\|\x1b\[[0-?]*[ -/]*[@-~]|\x1b[ -/]*[0-~]"
    rb"|[\x00-\x1f\x7f]|\xc2[\x80-\x9f]|\xe2\x80[\x8b-\x8f\xa8-\xae]|\xe2\x81[\xa6-\xa9]"
)
"""What a terminal obeys, or does not draw."""
_FREE = re.compile(rb"\x1b\[[\d;]*[mH]|\x1b\[\?2026[hl]|[\r\n]")
"""What a program may write any number of times: colours, places, and where a frame begins and ends."""
_NOT_FREE = rb"(?!\[[\d;]*[mH])"
"""Behind an ESC: it does not begin a colour or a place, which a program writes where a word or a line ends."""


def marked(payload: str, n: int) -> str:
    """A payload between two words that say which it is."""
    return f"K{n}k{payload}q{n}Q"


def hostile(payloads: list[str] | None = None) -> str:
    """All payloads, each with its marks, a few a line."""
    words = [marked(payload, n) for n, payload in enumerate(payloads or PAYLOADS)]
    return "\n".join(" ".join(words[start : start + 4]) for start in range(0, len(words), 4))


def obeyed(stream: bytes) -> dict[bytes, int]:
    """The sequences in a stream that a terminal obeys, but for those that are free, and how often."""
    found: dict[bytes, int] = {}
    for sequence in SEQUENCE.findall(stream):
        if not _FREE.fullmatch(sequence):
            found[sequence] = found.get(sequence, 0) + 1
    return found


def leaked(stream: bytes, payloads: list[str] | None = None) -> list[str]:
    """The payloads that stand in the stream right behind their mark as they were given.

    Behind the mark of a lone ESC a colour or a place is the program's own: in the text no bracket follows that ESC.
    """
    found = []
    for n, payload in enumerate(payloads or PAYLOADS):
        form = re.escape(f"K{n}k{payload.rstrip(ENDS) or payload}".encode())
        if re.search(form + _NOT_FREE if payload == ESC else form, stream):
            found.append(payload)
    return found
