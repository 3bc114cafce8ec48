"""Answers over HTTP that are read as a whole: only so much of them is."""

from __future__ import annotations

from collections.abc import AsyncIterator

import httpx2


def bound(response: httpx2.Response, most: int) -> None:
    """Have the body end in an error after so many bytes, unless it is a stream of events, each of which is bounded.

    Raises httpx2.ReadError for one that is packed, which was not asked for: nobody knows how much is in it.
    """
    if response.headers.get("content-type", "").lower().startswith("text/event-stream"):
        return
    if response.headers.get("content-encoding", "identity").lower() != "identity":
        raise httpx2.ReadError("the answer is packed, which was not asked for")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = _Bounded(response.stream, most)


class _Bounded(httpx2.AsyncByteStream):
    def __init__(self, stream: httpx2.AsyncByteStream, most: int) -> None:
        self._stream = stream
        self._left = most

    async def __aiter__(self) -> AsyncIterator[bytes]:
        async for piece in self._stream:
            self._left -= len(piece)
            if self._left < 0:
                raise httpx2.ReadError("the answer is too large")
            yield piece

    async def aclose(self) -> None:
        await self._stream.aclose()
