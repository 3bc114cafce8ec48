"""What a URL asks for, taken apart once: what a person is shown, what is checked and what is sent are the same pieces.

Only what has one reading gets through: http or https, no name and password, a host that is a name with a dot in it or
an address in its ordinary spelling. Other spellings of IPv4 addresses, which resolvers take (2130706433, 0x7f.1), are
refused. Looks nothing up.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from ipaddress import AddressValueError, IPv4Address, IPv6Address
from urllib.parse import quote, urljoin

from rookery_core.plugin import ToolRetry

MOST_CHARS = 4_096
HTTPS = "https"
PORTS = {"http": 80, HTTPS: 443}
LEAST_PORT = 1024
"""Below it, only the usual ports of http and https: the others are for protocols that a request may be meant for."""

_HOST_CHARS = 253
_LOCAL = frozenset(
    {"localhost", "local", "localdomain", "internal", "intranet", "lan", "home", "corp", "private", "onion"}
)
"""Last labels of names that are nobody's on the internet; looking some of them up tells the neighbours."""
_SCHEME = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(?![0-9]+(?:[/?#]|$))")
_AUTHORITY = re.compile(r"(?P<host>\[[^\[\]]*\]|[^:\[\]]*)(?::(?P<port>[0-9]{0,5}))?")
_LABEL = re.compile(r"(?!-)[a-z0-9_-]{1,63}(?<!-)")
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*")
_FORBIDDEN = re.compile(r"[\x00-\x20\x7f-\x9f\\\u2028\u2029\ufeff]")
_KEPT = "/%:@!$&'()*+,;=~-._?[]|"
"""Of a path and a query, what is sent as it is written; the rest is percent-encoded."""


@dataclass(frozen=True, slots=True)
class Target:
    """One request's address."""

    scheme: str
    host: str
    """In ASCII, lower case; an IPv6 address without brackets."""
    port: int
    path: str
    """With the query, percent-encoded."""

    @property
    def authority(self) -> str:
        """Host and port as a header and a URL have them: the port only where it is not the usual one."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"

    @property
    def site(self) -> str:
        """Host and port, always both."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def address(self) -> IPv4Address | IPv6Address | None:
        """The address, where the host is no name."""
        return _address(self.host)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.authority}{self.path}"


def target(url: str, *, anywhere: bool = False) -> Target:
    """Take a URL apart. Raises ToolRetry, which says what is wrong with it.

    One without a scheme is taken for https. `anywhere`: it may name this machine and its network, at any port.
    """
    text = url.strip().strip("<>\"'`").strip()
    if not text:
        raise ToolRetry("the address is empty; give one like https://www.example.org/page")
    if len(text) > MOST_CHARS:
        raise ToolRetry(f"the address has {len(text)} characters, {MOST_CHARS} at most; give a shorter one")
    if _FORBIDDEN.search(text):
        raise ToolRetry("the address holds a space, a backslash or a control character; write %20 for a space")
    scheme, rest = _scheme(text)
    authority, path = _split(rest)
    if "@" in authority:
        raise ToolRetry("the address holds a name or password before the @; give it without them")
    found = _AUTHORITY.fullmatch(authority)
    if found is None:
        raise ToolRetry(f"{authority[:80]!r} is not a host; give an address like https://www.example.org/page")
    port = int(found["port"] or PORTS[scheme])
    host = _host(found["host"], anywhere)
    if not 0 < port < 65_536 or not (anywhere or port >= LEAST_PORT or port in PORTS.values()):
        raise ToolRetry(f"port {port} is not one for web pages; leave it out, or give one from {LEAST_PORT} to 65535")
    return Target(scheme, host, port, _path(path))


def joined(base: Target, location: str) -> Target:
    """Where a redirect leads. Raises ToolRetry."""
    try:
        return target(urljoin(str(base), location.strip()))
    except ValueError as exc:
        raise ToolRetry(f"it leads to {location[:80]!r}, which is no address") from exc


def same_site(one: Target, other: Target) -> bool:
    """Whether leave for the one is leave for the other: the same host, with or without www, and no less secure."""
    if one.host.removeprefix("www.") != other.host.removeprefix("www."):
        return False
    upgraded = (one.scheme, one.port, other.scheme, other.port) == ("http", 80, HTTPS, 443)
    return upgraded or (one.scheme, one.port) == (other.scheme, other.port)


def _scheme(text: str) -> tuple[str, str]:
    """The scheme, and what follows `//`."""
    found = _SCHEME.match(text)
    if found is None:
        return HTTPS, text.removeprefix("//")
    scheme, rest = found[1].lower(), text[found.end() :]
    if scheme not in PORTS:
        raise ToolRetry(f"{scheme[:40]}: is not read; give an address that begins with https:// or http://")
    if not rest.startswith("//"):
        raise ToolRetry(f"after {scheme}: there must be //; give an address like https://www.example.org/page")
    return scheme, rest[2:]


def _split(rest: str) -> tuple[str, str]:
    """What is before the path, and the path with its query; what stands after # is the reader's own."""
    rest = rest.partition("#")[0]
    end = min((at for sign in "/?" if (at := rest.find(sign)) >= 0), default=len(rest))
    return rest[:end], rest[end:]


def _path(path: str) -> str:
    return quote(path if path.startswith("/") else f"/{path}", safe=_KEPT)


def _host(text: str, anywhere: bool) -> str:
    if text.startswith("["):
        try:
            address = IPv6Address(text[1:-1])
        except AddressValueError as exc:
            raise ToolRetry(f"{text[:80]} is not an IPv6 address") from exc
        if address.scope_id is not None:
            raise ToolRetry("an address of one network interface is not read")
        return str(address)
    host = (text if text.isascii() else _ascii(text)).lower().removesuffix(".")
    labels = host.split(".")
    if _NUMBER.fullmatch(labels[-1]):
        try:
            return str(IPv4Address(host))
        except AddressValueError as exc:
            raise ToolRetry(f"{host[:80]} is not an address in its ordinary spelling, such as 93.184.216.34") from exc
    if len(host) > _HOST_CHARS or not all(_LABEL.fullmatch(label) for label in labels):
        raise ToolRetry(f"{host[:80]!r} is not a host; give an address like https://www.example.org/page")
    if not anywhere and (len(labels) < 2 or labels[-1] in _LOCAL or host.endswith(".home.arpa")):
        raise ToolRetry(f"{host[:80]} is not a name of the public internet; only public pages are read")
    return host


def _ascii(text: str) -> str:
    """A name in other letters as it is looked up (UTS 46), which also makes plain digits of ornate ones."""
    import idna

    if len(text) <= _HOST_CHARS:
        try:
            return idna.encode(text, uts46=True).decode("ascii")
        except (idna.IDNAError, UnicodeError):
            pass
    raise ToolRetry(f"{text[:80]!r} is not a host name that can be looked up")


def _address(host: str) -> IPv4Address | IPv6Address | None:
    for kind in (IPv4Address, IPv6Address):
        try:
            return kind(host)
        except AddressValueError:
            continue
    return None
