"""Connections to checked addresses: a name is looked up once, all its addresses are checked, and one of them is used.

This is the only place where a socket is made. Nothing that is read takes longer than what is left of the time.
"""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from rookery_core.plugin import ToolFailed
from rookery_plugins.web.addresses import Address, is_public, parsed

if TYPE_CHECKING:
    import ssl

    from httpcore2 import NetworkBackend, NetworkStream

Resolver = Callable[[str, int], Sequence[str]]
"""The addresses of a name, for connections to a port. Raises OSError."""

CONNECT_S = 10.0
"""For one address; the next one is tried then."""
MOST_ADDRESSES = 4
"""So many are tried."""


def look_up(host: str, port: int) -> list[str]:
    """The addresses of a name, as the system knows them. Raises OSError."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


@dataclass(frozen=True, slots=True)
class Reach:
    """How far requests may go."""

    resolve: Resolver = look_up
    allowed: Callable[[Address], bool] = is_public
    tls: ssl.SSLContext | None = field(default=None, repr=False)
    """None: certificates are checked as the system does."""
    seconds: float = 30.0
    """For everything: redirects, the name, the connection, all that is read."""
    body_bytes: int = 10 << 20
    """Of a body once it is decompressed."""


class Clock:
    """What is left of a request's time."""

    def __init__(self, seconds: float, stopped: Callable[[], bool]) -> None:
        self._seconds = seconds
        self._until = time.monotonic() + seconds
        self._stopped = stopped

    def left(self) -> float:
        """Seconds, more than 0. Raises ToolFailed once it is over, or nobody waits for it any more."""
        if self._stopped():
            raise ToolFailed("the call was stopped")
        left = self._until - time.monotonic()
        if left <= 0:
            raise ToolFailed(f"it took longer than {self._seconds:g} seconds and was given up")
        return left


def backend(reach: Reach, clock: Clock) -> NetworkBackend:
    """What makes connections for httpcore2. It raises ToolFailed for an address that is not allowed."""
    import httpcore2

    class Stream(httpcore2.NetworkStream):
        """A connection that the clock stops."""

        def __init__(self, stream: NetworkStream) -> None:
            self._stream = stream

        def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
            return self._stream.read(max_bytes, clock.left())

        def write(self, buffer: bytes, timeout: float | None = None) -> None:
            self._stream.write(buffer, clock.left())

        def close(self) -> None:
            self._stream.close()

        def start_tls(
            self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
        ) -> NetworkStream:
            return Stream(self._stream.start_tls(ssl_context, server_hostname, clock.left()))

        def get_extra_info(self, info: str) -> Any:
            return self._stream.get_extra_info(info)

    class Checked(httpcore2.NetworkBackend):
        """Connects to addresses that were checked."""

        def connect_tcp(
            self,
            host: str,
            port: int,
            timeout: float | None = None,
            local_address: str | None = None,
            socket_options: Iterable[Any] | None = None,
        ) -> NetworkStream:
            failure: Exception | None = None
            for address in checked(host, port, reach, clock)[:MOST_ADDRESSES]:
                try:
                    seconds = min(clock.left(), CONNECT_S)
                    return Stream(httpcore2.SyncBackend().connect_tcp(str(address), port, seconds, None, ()))
                except (httpcore2.ConnectError, httpcore2.ConnectTimeout) as exc:
                    failure = exc
            raise failure or httpcore2.ConnectError("no address")

    return Checked()


def checked(host: str, port: int, reach: Reach, clock: Clock) -> list[Address]:
    """The addresses of a host. Raises ToolFailed where it has none, or one that is not allowed."""
    addresses = _addresses(host, port, reach, clock)
    if not addresses:
        raise ToolFailed(f"{host} is not known: it has no address")
    for address in addresses:
        if not reach.allowed(address):
            named = "" if str(address) == host else f" ({address})"
            raise ToolFailed(f"{host}{named} is not on the public internet, and only public pages are read")
    return addresses


def _addresses(host: str, port: int, reach: Reach, clock: Clock) -> list[Address]:
    try:
        return [parsed(host)]
    except ValueError:
        return [parsed(text) for text in _within(clock.left(), host, lambda: reach.resolve(host, port))]


def _within(seconds: float, host: str, resolve: Callable[[], Sequence[str]]) -> Sequence[str]:
    """What a resolver says, in a thread of its own: nothing stops one that hangs."""
    found: list[Sequence[str] | OSError | UnicodeError] = []

    def ask() -> None:
        try:
            found.append(resolve())
        except (OSError, UnicodeError) as exc:  # the second is for names that cannot be
            found.append(exc)

    asking = threading.Thread(target=ask, name=f"looking up {host}", daemon=True)
    asking.start()
    asking.join(seconds)
    if not found:
        raise ToolFailed(f"looking {host} up took too long; try it again later")
    if isinstance(found[0], OSError | UnicodeError):
        why = getattr(found[0], "strerror", "") or str(found[0]) or type(found[0]).__name__
        raise ToolFailed(f"{host} could not be looked up: {why}")
    return found[0]
