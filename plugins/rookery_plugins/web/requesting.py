"""One request and its answer, and where it leads: redirects followed by hand, bodies unpacked as far as they may go.

Nothing is kept between two requests: no cookies, no connections, no proxies, no credentials of the environment.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus

from rookery_core.plugin import ToolFailed, ToolRetry, size_text
from rookery_plugins.web.connecting import Clock, Reach, backend
from rookery_plugins.web.target import Target, joined, same_site

MOST_REDIRECTS = 10
AGENT = "Mozilla/5.0 (compatible; Rookery)"
_REDIRECTS = frozenset({301, 302, 303, 307, 308})
_GZIP_OR_ZLIB = 32 + zlib.MAX_WBITS


@dataclass(frozen=True, slots=True)
class Answer:
    """What a server said."""

    target: Target
    """Whose answer it is, once redirects were followed."""
    status: int
    headers: Mapping[str, str]
    """By names in lower case; of several with one name, the last."""
    body: bytes
    """Decompressed; empty where it was not wanted."""

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "")


Wanted = Callable[[Mapping[str, str]], bool]
"""Whether a body is worth reading, by its headers."""


def follow(
    first: Target, reach: Reach, stopped: Callable[[], bool], wanted: Wanted, headers: Mapping[str, str]
) -> Answer:
    """Get a page, and what its redirects lead to on the same site.

    Raises ToolRetry where it leads elsewhere: leave for one site is none for another. Raises ToolFailed.
    """
    clock = Clock(reach.seconds, stopped)
    here = first
    for _ in range(MOST_REDIRECTS + 1):
        answer = request("GET", here, reach, clock, headers, wanted=wanted)
        if answer.status not in _REDIRECTS or not (location := answer.headers.get("location", "")):
            return answer
        there = _next(here, location, reach)
        if not same_site(first, there):
            raise ToolRetry(f"{here} leads to another site, {there}; call the tool again with that address to read it")
        here = there
    raise ToolFailed(f"{first} leads on and on: {MOST_REDIRECTS} redirects were followed")


def request(
    method: str,
    target: Target,
    reach: Reach,
    clock: Clock,
    headers: Mapping[str, str],
    *,
    body: bytes | None = None,
    wanted: Wanted = lambda headers: True,
) -> Answer:
    """Send one request. Raises ToolFailed, which says what came in its way."""
    import httpcore2

    own = {"Host": target.authority, "User-Agent": AGENT, "Accept-Encoding": "gzip, deflate", "Connection": "close"}
    sent = [(name.encode(), value.encode()) for name, value in {**own, **headers}.items()]
    scheme, host = target.scheme.encode(), target.host.encode()
    url = httpcore2.URL(scheme=scheme, host=host, port=target.port, target=target.path.encode())
    try:
        with (
            httpcore2.HTTPConnection(url.origin, ssl_context=reach.tls, network_backend=backend(reach, clock)) as line,
            line.stream(method, url, headers=sent, content=body) as response,
        ):
            got = {name.decode("latin-1").lower(): _text(value) for name, value in response.headers}
            reads = 200 <= response.status < 300 and wanted(got)
            read = _decoded(_pieces(response.iter_stream(), clock), got, reach.body_bytes) if reads else b""
            return Answer(target, response.status, got, read)
    except (httpcore2.TimeoutException, TimeoutError) as exc:
        clock.left()
        raise ToolFailed(f"{target.site} does not answer") from exc
    except (httpcore2.NetworkError, OSError) as exc:
        raise ToolFailed(f"{target.site} cannot be reached: {_reason(exc)}") from exc
    except httpcore2.ProtocolError as exc:
        raise ToolFailed(f"{target.site} does not speak HTTP as it should: {_reason(exc)}") from exc


def explained(answer: Answer) -> Answer:
    """The answer, once it is a good one. Raises ToolFailed for another status."""
    if 200 <= answer.status < 300:
        return answer
    known = answer.status in HTTPStatus._value2member_map_
    phrase = f" ({HTTPStatus(answer.status).phrase})" if known else ""
    raise ToolFailed(f"{answer.target} answered {answer.status}{phrase}")


def _next(here: Target, location: str, reach: Reach) -> Target:
    try:
        there = joined(here, location)
    except ToolRetry as exc:
        raise ToolFailed(f"{here} leads to an address that is not read: {exc}") from exc
    if there.address is not None and not reach.allowed(there.address):
        raise ToolFailed(
            f"{here} leads to {there}, which is not on the public internet, and only public pages are read"
        )
    return there


def _pieces(body: Iterable[bytes], clock: Clock) -> Iterable[bytes]:
    for piece in body:
        clock.left()
        if piece:
            yield piece


def _decoded(body: Iterable[bytes], headers: Mapping[str, str], limit: int) -> bytes:
    """The whole body; what is not decompressed yet is never held in full. Raises ToolFailed beyond the limit."""
    too_large = ToolFailed(f"the page is larger than {size_text(limit)}, which is the most that is read")
    told = headers.get("content-length", "")
    if told.isdecimal() and (len(told) > 15 or int(told) > limit):
        raise too_large
    coding = headers.get("content-encoding", "").strip().lower()
    read = bytearray()
    if coding in ("", "identity"):
        for piece in body:
            read += piece
            if len(read) > limit:
                raise too_large
        return bytes(read)
    if coding not in ("gzip", "x-gzip", "deflate"):
        raise ToolFailed(f"the page is packed in a way that was not asked for ({coding[:40]}), and is not unpacked")
    unpacked = None
    try:
        for piece in body:
            unpacked = unpacked or zlib.decompressobj(_window(coding, piece))
            while piece and not unpacked.eof:
                read += unpacked.decompress(piece, limit + 1 - len(read))
                if len(read) > limit:
                    raise too_large
                piece = unpacked.unconsumed_tail
    except zlib.error as exc:
        raise ToolFailed("the page is packed, and what came is damaged") from exc
    return bytes(read)


def _window(coding: str, begin: bytes) -> int:
    """How zlib is told what it gets: some servers leave the header of deflate out."""
    raw = coding == "deflate" and begin[0] & 0x0F != 8
    return -zlib.MAX_WBITS if raw else _GZIP_OR_ZLIB


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def _reason(exc: Exception) -> str:
    """Why it failed, without what only looks like a reason."""
    cause = exc.__cause__ or exc.__context__ or exc
    text = getattr(cause, "verify_message", "") or getattr(cause, "strerror", "") or str(exc) or type(exc).__name__
    return " ".join(str(text).split())[:200]
