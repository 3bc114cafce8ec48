"""What the person says of an MCP server: how it is reached, and what its tools may do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import PurePath
from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator
from pydantic_core import PydanticCustomError

from rookery_core.errors import PluginError
from rookery_core.text import one_line
from rookery_core.tools.contract import Risk

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")
"""As a plugin's."""
_LAUNCHER = re.compile(r"(python[\d.]*|node|npx|uvx|deno|bunx)(\.exe)?$")
"""Programs that say nothing of a server until it is known what they start."""
_REFERENCE = re.compile(r"\$\{([A-Za-z_][A-Za-z0-9_]*)\}")


_STRICT = ConfigDict(frozen=True, extra="forbid", use_attribute_docstrings=True, strict=True, allow_inf_nan=False)


class ServerSettings(BaseModel):
    """One MCP server; its tools are called NAME.tool."""

    model_config = _STRICT

    command: str = ""
    """The program to start, which speaks over its standard input and output. This or `url` is needed."""
    args: tuple[str, ...] = Field(default=(), strict=False)
    """The program's arguments."""
    env: dict[str, str] = {}
    """Environment variables for it, beside HOME, PATH and the like; in a value, ${NAME} is that variable of yours."""
    cwd: str = ""
    """The folder it is started in. Empty: the workspace."""
    url: str = ""
    """The address of a server that speaks streamable HTTP, in place of a command."""
    headers: dict[str, str] = {}
    """Headers of every request to it; in a value, ${NAME} is that environment variable of yours."""
    enabled: bool = True
    """Whether it is used."""
    tools: tuple[str, ...] = Field(default=(), strict=False)
    """Use only these of its tools. Empty: all."""
    risk: dict[str, Annotated[Risk, Field(strict=False)]] = {}
    """What a tool does, by its name: pure, read, write, network or execute. The others are taken for execute where the
    server is a command, for network where it is an address. What the server says of itself only makes them riskier."""
    confined: bool = False
    """Whether a command runs in the sandbox, with a network only where it is online and `risk` says network of one of
    its tools. As root it does in any case, unless `--allow-root` is said."""
    timeout_s: float = Field(default=60.0, gt=0, le=86_400)
    """What a call may take."""
    start_s: float = Field(default=30.0, gt=0, le=3_600)
    """What its start may take."""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if bool(self.command) == bool(self.url):
            raise PydanticCustomError(
                "setting", "it needs a command or a url{both}", {"both": ", not both" * bool(self.url)}
            )
        if self.url and not _is_address(self.url):
            why = "its url does not begin with http:// or https:// and a host, with a port up to 65535"
            raise PydanticCustomError("setting", why)
        of_commands = ("args", "env", "cwd", "confined")
        for given, wanted in (*((each, "command") for each in of_commands), ("headers", "url")):
            if getattr(self, given) and not getattr(self, wanted):
                raise PydanticCustomError(
                    "setting", "{given} is for a server with a {wanted}", {"given": given, "wanted": wanted}
                )
        return self

    @property
    def own_risk(self) -> Risk:
        """What a tool is taken to do of which nothing is said."""
        return Risk.NETWORK if self.url else Risk.EXECUTE

    @property
    def where(self) -> str:
        """What it is, in few words and without what may be secret: the program, or the host."""
        if self.url:
            address = urlsplit(self.url)
            return f"{address.scheme}://{address.hostname}{f':{address.port}' if address.port else ''}"
        program = PurePath(self.command).name
        what = next((arg for arg in self.args if not arg.startswith("-")), "") if _LAUNCHER.match(program) else ""
        return f"{program} {PurePath(what).name}".strip()

    def shown(self, name: str) -> object:
        """A setting as it may be shown: what stands in `env` and `headers` itself is hidden, a reference is not; of a
        `url` the password and the query are."""
        value = getattr(self, name)
        if name == "url":
            return _without_secrets(value)
        if name in ("env", "headers"):
            return {key: text if _REFERENCE.search(text) else "***" for key, text in value.items()}
        return {key: str(risk) for key, risk in value.items()} if name == "risk" else value


class McpSettings(BaseModel):
    """An MCP server of the name NAME, whose tools are used as those of plugins are. Each has a table of its own."""

    model_config = _STRICT

    servers: dict[str, ServerSettings] = {}
    """By name."""

    @field_validator("servers")
    @classmethod
    def _named(cls, servers: dict[str, ServerSettings]) -> dict[str, ServerSettings]:
        for name in servers:
            if not _NAME.fullmatch(name):
                why = "a server's name is lower-case letters, digits, _ and -, not {name}"
                raise PydanticCustomError("setting", why, {"name": repr(one_line(name, 60))})
        return servers


def _is_address(url: str) -> bool:
    try:
        parts = urlsplit(url)
        return parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:  # a port that is no number, brackets around what is no address
        return False


def _without_secrets(url: str) -> str:
    parts = urlsplit(url)
    secret, at, host = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{'***' if secret else ''}{at}{host}", query="***" if parts.query else "").geturl()


def resolved(values: Mapping[str, str], environ: Mapping[str, str], setting: str) -> dict[str, str]:
    """The values with every reference looked up. Raises PluginError for a variable that is not set."""

    def look_up(found: re.Match[str]) -> str:
        if found[1] not in environ:
            raise PluginError(f"its setting {setting} names the environment variable {found[1]}, which is not set")
        return environ[found[1]]

    return {name: _REFERENCE.sub(look_up, text) for name, text in values.items()}
