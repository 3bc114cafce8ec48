"""The tool that reads a page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rookery_core.plugin import Risk, Tool, ToolContext, size_text, tool
from rookery_plugins.web.apart import readable
from rookery_plugins.web.connecting import Reach
from rookery_plugins.web.reading import Kind, kind_of
from rookery_plugins.web.requesting import Answer, explained, follow
from rookery_plugins.web.target import target

READING_S = 20.0
"""What the host allows beyond the time of the request."""
_ACCEPTED = "text/html, application/xhtml+xml, application/json;q=0.9, text/plain;q=0.9, */*;q=0.5"
_NAMES = {
    "application/pdf": "a PDF document",
    "application/zip": "an archive",
    "image": "a picture",
    "audio": "a recording",
    "video": "a film",
    "font": "a font",
}
_SCRIPTED = "(the page has no text that can be read; it may be one that a program in the browser writes)"


def fetch_page_tool(reach: Reach) -> Tool:
    """The tool, and how far it may go."""

    @tool(
        risk=Risk.NETWORK,
        scope=_site,
        sites=True,
        preview=_request,
        timeout_s=reach.seconds + READING_S,
        phrases=[
            "open this link",
            "what does the website say",
            "read the article at https://www.example.org",
            "look at this URL and sum it up",
            "get the JSON from that address",
        ],
    )
    def fetch_page(ctx: ToolContext, url: str) -> str:
        """Reads a web page."""
        asked = target(url)
        ctx.progress(f"asking {asked.site}")
        headers = {"Accept": _ACCEPTED}
        answer = explained(follow(asked, reach, ctx.cancelled.is_set, _is_text, headers))
        moved = "" if answer.target == asked else f"Address: {answer.target}\n"
        if not _is_text(answer.headers):
            return f"{moved}{_named(answer)}"
        if not answer.body:
            return f"{moved}(the page is empty)"
        page = readable(answer, ctx.cancelled.is_set)
        if page.binary:
            return f"{moved}{_named(answer)}"
        title = f"Title: {page.title}\n" if page.title else ""
        cut = f"\n\n[cut here: {page.cut_chars} more characters]" if page.cut_chars else ""
        head = f"{title}{moved}"
        return f"{head}{chr(10) if head else ''}{page.text or _SCRIPTED}{cut}"

    return fetch_page


def _site(arguments: dict[str, Any]) -> list[str]:
    return [target(arguments["url"]).site]


def _request(url: str) -> str:
    return f"GET {target(url)}"


def _is_text(headers: Mapping[str, str]) -> bool:
    return kind_of(headers.get("content-type", "")) is not Kind.BINARY


def _named(answer: Answer) -> str:
    """What a body is that is not text."""
    kind = answer.content_type.partition(";")[0].strip().lower()[:80]
    name = _NAMES.get(kind) or _NAMES.get(kind.partition("/")[0]) or "no text"
    told = answer.headers.get("content-length", "")
    length = len(answer.body) or (int(told) if told.isdecimal() and len(told) < 16 else 0)
    facts = ", ".join(fact for fact in (kind, size_text(length) if length else "") if fact)
    return f"{answer.target} is {name}{f' ({facts})' if facts else ''}, and only text can be shown."
