"""Takes secrets out of what is stored or logged: values that this machine keeps secret, and what looks like a key."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rookery_core.config import Config

SHOWN = "[secret]"
"""What stands where a secret was."""
SHORTEST = 6
"""Characters of a value below which it is no secret: it would be found in ordinary words."""
LONGEST_LINE = 65_536
"""Characters of a line in a stream; the rest of a longer one is left out."""
LONGEST_KEY = 20_000
"""Characters of a private key."""
UNSURE = 2 * LONGEST_KEY
"""Characters at the end of a line that was cut, redacted, in which the beginning of a secret may stand."""

_SECRET_NAME = re.compile(
    r"secret|passw|passphrase|token|credential|api_?key|access_?key|private_?key|auth_?key|authorization", re.IGNORECASE
)
_REFERENCE = re.compile(r"\$\{(\w+)\}")
_KEYS = re.compile(
    r"""
    (?:(?<![0-9A-Za-z]) | (?<=\\[nrt]))  # a word begins, or an escape is before it, as in JSON
    (?:
        (?:AKIA|ASIA)[0-9A-Z]{16}(?![0-9A-Za-z])                    # Amazon Web Services
        | gh[pousr]_[0-9A-Za-z]{30,255} | github_pat_\w{40,255}     # GitHub
        | glpat-[\w-]{20,} | xox[abeoprs]-[\w-]{10,}                # GitLab, Slack
        | [sr]k[-_](?=[\w-]*[0-9])[\w-]{20,}                        # OpenAI, Anthropic, Stripe
        | AIza[\w-]{35} | hf_[0-9A-Za-z]{30,} | npm_\w{36}          # Google, Hugging Face, npm
        | pypi-[\w-]{50,}                                           # PyPI
        | eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{5,}                   # JSON Web Tokens
    )
    | -----BEGIN\ [A-Z ]{0,30}PRIVATE\ KEY-----(?:(?!-----END).){1,20000}(?:-----END\ [A-Z ]{0,30}PRIVATE\ KEY-----)?
    """,  # LONGEST_KEY
    re.VERBOSE | re.DOTALL,
)
_BEGIN = re.compile("-----BEGIN [A-Z ]{0,30}PRIVATE KEY-----")
_BREAK = re.compile("[\n\r]")
_AFTER = re.compile(
    r"""
    (?P<before>
        \b(?:Bearer|Basic)\ +(?=[^\s"']*[0-9=])                     # in a header
        | ://[^/\s:@"'\\]{0,100}:                                    # before the host of an address
        | [A-Z0-9_]{0,60}(?:SECRET|PASSWORD|PASSWD|TOKEN|API_?KEY|ACCESS_?KEY|PRIVATE_KEY)[A-Z0-9_]{0,60}=(?:\\?["'])?
    )
    (?P<secret>(?<=[:/])[^@/\s"'\\]{1,200}(?=@) | (?<=[\ ="'])[^\s"'\\]{6,4000})
    """,
    re.VERBOSE,
)


class Redactor:
    """Takes secrets out of texts. Pure; the same text gives the same, and twice is the same as once."""

    def __init__(self, known: Iterable[str] = ()) -> None:
        """`known` are secrets themselves; those of fewer than SHORTEST characters are left."""
        values = [value for value in known if len(value.strip()) >= SHORTEST]
        written = {form for value in values for form in (value, json.dumps(value)[1:-1], _in_json(value))}
        parts = [re.escape(form) for form in sorted(written, key=len, reverse=True)]
        self._known = re.compile("|".join(parts)) if parts else None
        self._first_lines = tuple({form[: found.end()] for form in written for found in _BREAK.finditer(form)})

    def __call__(self, text: str) -> str:
        """The text, with SHOWN in place of each secret."""
        if self._known is not None:
            text = self._known.sub(SHOWN, text)
        text = _KEYS.sub(SHOWN, text)
        return _AFTER.sub(lambda found: f"{found['before']}{SHOWN}", text)

    def settled(self, text: str) -> int:
        """How many characters of a text that goes on are lines on which nothing that follows can matter."""
        end = _last_line(text, len(text))
        while (begun := self._begun(text, end)) < end:
            end = _last_line(text, begun)
        return end

    def _begun(self, text: str, end: int) -> int:
        """Where in the lines before `end` a secret begins that may go on behind them; `end` where none does."""
        keys = _BEGIN.finditer(text, max(text.rfind("-----END", 0, end), 0), end)
        starts = [key.start() for key in keys if end - key.end() < LONGEST_KEY]
        known = [end - len(lines) for lines in self._first_lines if text.endswith(lines, 0, end)]
        return min([*starts, *known], default=end)


class RedactedStream:
    """Redacts text as it comes. A line comes out when it is whole, since a secret may be in two pieces."""

    def __init__(self, redact: Redactor) -> None:
        self._redact = redact
        self._held: list[str] = []
        self._n_held = 0
        self._n_left_out = 0
        """Characters of the line that is being left out; 0 where none is."""

    def feed(self, piece: str) -> str:
        """What can be shown by now."""
        found = _BREAK.search(piece)
        shown = ""
        if self._n_left_out:
            self._n_left_out += found.start() if found else len(piece)
            if not found:
                return ""
            shown, piece = self._mark(), piece[found.start() :]
        self._held.append(piece)
        self._n_held += len(piece)
        if not found and self._n_held <= LONGEST_LINE:
            return shown
        text = "".join(self._held)
        end = self._redact.settled(text)
        shown += self._redact(text[:end])
        self._hold(text[end:])
        if self._n_held > LONGEST_LINE:
            line = self._redact(text[end:])
            shown += line[:-UNSURE]
            self._n_left_out = len(line[-UNSURE:])
            self._hold("")
        return shown

    def end(self) -> str:
        """What was held back."""
        held = "".join(self._held)
        self._hold("")
        return self._mark() if self._n_left_out else self._redact(held)

    def _hold(self, text: str) -> None:
        self._held, self._n_held = [text], len(text)

    def _mark(self) -> str:
        n, self._n_left_out = self._n_left_out, 0
        return f"[... {n} characters left out ...]"


def known_to(environ: Mapping[str, str], config: Config) -> Redactor:
    """What knows the secrets of this environment and these settings."""
    tables = [table for server in config.mcp.servers.values() for table in (server.env, server.headers)]
    sent = [text for table in tables for text in table.values()]
    own = [
        text.split()[-1] for table in tables for name, text in table.items() if is_secret_name(name) and text.split()
    ]
    return Redactor([*secrets_of(environ, sent), *own])


def secrets_of(environ: Mapping[str, str], expansions: Iterable[str] = ()) -> list[str]:
    """The values of variables whose name says that they are secret, and of those that `expansions` (settings with
    ${NAME} in them) send to a server."""
    referred = {name for text in expansions for name in _REFERENCE.findall(text)}
    return [value for name, value in environ.items() if name in referred or _SECRET_NAME.search(name)]


def is_secret_name(name: str) -> bool:
    """Whether what a setting or a variable of that name holds is to be kept secret."""
    return _SECRET_NAME.search(name) is not None


def _last_line(text: str, end: int) -> int:
    """Where the line begins in which `end` is."""
    return max(text.rfind("\n", 0, end), text.rfind("\r", 0, end)) + 1


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
