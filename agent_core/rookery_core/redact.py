"""Takes secrets out of what is stored: values that this machine keeps secret, and texts that look like keys."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping

SHOWN = "[secret]"
"""What stands where a secret was."""
SHORTEST = 6
"""Characters of a value below which it is no secret: it would be found in ordinary words."""

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
    """,
    re.VERBOSE | re.DOTALL,
)
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

    def __call__(self, text: str) -> str:
        """The text, with SHOWN in place of each secret."""
        if self._known is not None:
            text = self._known.sub(SHOWN, text)
        text = _KEYS.sub(SHOWN, text)
        return _AFTER.sub(lambda found: f"{found['before']}{SHOWN}", text)


def secrets_of(environ: Mapping[str, str], expansions: Iterable[str] = ()) -> list[str]:
    """The values of variables whose name says that they are secret, and of those that `expansions` (settings with
    ${NAME} in them) send to a server."""
    referred = {name for text in expansions for name in _REFERENCE.findall(text)}
    return [value for name, value in environ.items() if name in referred or _SECRET_NAME.search(name)]


def is_secret_name(name: str) -> bool:
    """Whether what a setting or a variable of that name holds is to be kept secret."""
    return _SECRET_NAME.search(name) is not None


def _in_json(value: str) -> str:
    return json.dumps(value, ensure_ascii=False)[1:-1]
