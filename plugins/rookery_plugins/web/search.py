"""The tool that searches, and those who search for it.

A provider is one function: from a query, and a key where it needs one, to what is sent and how the answer is read.
"""

from __future__ import annotations

import html
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any
from urllib.parse import urlencode

from rookery_core.plugin import Risk, Tool, ToolContext, ToolFailed, ToolRetry, tool
from rookery_plugins.web.connecting import Clock, Reach
from rookery_plugins.web.requesting import explained, request
from rookery_plugins.web.target import Target, target

SHOWN = 8
QUERY_CHARS = 400
SNIPPET_CHARS = 300
ANSWER_BYTES = 2 << 20
KEY = "search_key"
"""The secret that a provider's key is given in."""
SEARXNG, BRAVE, TAVILY = "searxng", "brave", "tavily"
NOT_SET_UP = (
    "nobody is set up who searches; `rookery config set web.search_url http://localhost:8888` takes a SearXNG, "
    "`rookery config set web.search_provider brave` (or tavily) a service that gives you a key"
)
_TAG = re.compile(r"</?[a-zA-Z][^<>]{0,100}>")


@dataclass(frozen=True, slots=True)
class Found:
    """One page that fits."""

    title: str
    url: str
    snippet: str


@dataclass(frozen=True, slots=True)
class Question:
    """What is sent to search for something."""

    target: Target
    read: Callable[[Any], Iterable[Found]]
    """What the answer, which is JSON, says. Raises KeyError, TypeError, AttributeError for one that is none."""
    body: str = ""
    """Sent with POST; empty: it is asked with GET."""
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)

    def __str__(self) -> str:
        return f"POST {self.target}\n{self.body}" if self.body else f"GET {self.target}"


Provider = Callable[[str, str], Question]
"""From the query and the key to the question."""


def searxng(base: Target, query: str, key: str) -> Question:
    """A SearXNG of one's own, or one that someone offers (docs.searxng.org, Search API)."""
    folder = base.path.partition("?")[0].removesuffix("/").removesuffix("/search")
    path = f"{folder}/search?{urlencode({'q': query, 'format': 'json'})}"
    return Question(replace(base, path=path), partial(_listed, ("results",), "content"))


def brave(query: str, key: str) -> Question:
    """Brave Search (api-dashboard.search.brave.com, Web search)."""
    asked = urlencode({"q": query, "count": SHOWN})
    return Question(
        Target("https", "api.search.brave.com", 443, f"/res/v1/web/search?{asked}"),
        partial(_listed, ("web", "results"), "description"),
        headers={"X-Subscription-Token": key},
    )


def tavily(query: str, key: str) -> Question:
    """Tavily (docs.tavily.com, Search)."""
    return Question(
        Target("https", "api.tavily.com", 443, "/search"),
        partial(_listed, ("results",), "content"),
        json.dumps({"query": query, "max_results": SHOWN}, ensure_ascii=False),
        {"Authorization": f"Bearer {key}", "Content-Type": "application/json"},
    )


KEYED: Mapping[str, Provider] = {BRAVE: brave, TAVILY: tavily}


def search_web_tool(reach: Reach, name: str, url: str, keyed: Mapping[str, Provider] = KEYED) -> Tool:
    """The tool, how far it may go, and who searches: a provider's name, or "" for a SearXNG at that address.

    `keyed` are the providers that need a key.
    """
    chosen = name or (SEARXNG if url else "")

    def missing() -> str:
        if not chosen:
            return NOT_SET_UP
        if chosen == SEARXNG:
            try:
                target(url, anywhere=True)
            except ToolRetry as exc:
                return f"web.search_url must be the address of a SearXNG, such as http://localhost:8888: {exc}"
        return ""

    def question(query: str, key: str = "") -> Question:
        text = " ".join(query.split())
        if not text:
            raise ToolRetry("the query is empty; give words to search for")
        if len(text) > QUERY_CHARS:
            raise ToolRetry(f"the query has {len(text)} characters and {QUERY_CHARS} fit; give a few words")
        if why := missing():
            raise ToolFailed(why)
        asking = keyed.get(chosen) or partial(searxng, target(url, anywhere=True))
        return asking(text, key)

    def who(arguments: dict[str, Any]) -> list[str]:
        return [f"searching with {question(arguments['query']).target.site}"]

    def shown(query: str) -> str:
        return str(question(query))

    # The person named the SearXNG, on this machine or another one of theirs; only that exact address is asked.
    reach = replace(reach, body_bytes=min(reach.body_bytes, ANSWER_BYTES))
    allowed = replace(reach, allowed=lambda address: True) if chosen == SEARXNG else reach

    @tool(
        risk=Risk.NETWORK,
        scope=who,
        preview=shown,
        timeout_s=reach.seconds + 5,
        available=missing,
        phrases=[
            "look it up online",
            "google it",
            "find websites about this",
            "what is in the news about",
            "is there anything on the internet about",
        ],
    )
    def search_web(ctx: ToolContext, query: str) -> str:
        """Searches the web."""
        asked = question(query, ctx.secrets.get(KEY) if chosen in keyed else "")
        ctx.progress(f"asking {asked.target.site}")
        found = _answered(asked, allowed, ctx.cancelled.is_set)
        if not found:
            return f"nothing was found for {query!r}; try other words"
        return "\n".join(_shown(n, each) for n, each in enumerate(found[:SHOWN], 1))

    return search_web


def _answered(asked: Question, reach: Reach, stopped: Callable[[], bool]) -> list[Found]:
    clock = Clock(reach.seconds, stopped)
    method, body = ("POST", asked.body.encode()) if asked.body else ("GET", None)
    headers = {"Accept": "application/json", **asked.headers}
    answer = explained(request(method, asked.target, reach, clock, headers, body=body))
    try:
        return list(asked.read(json.loads(answer.body)))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as exc:
        hint = "; a SearXNG must have json among its search.formats" if asked.target.path.startswith("/search?") else ""
        raise ToolFailed(f"{asked.target.site} did not answer as a search does{hint}") from exc


def _listed(path: tuple[str, ...], snippet: str, said: Any) -> Iterable[Found]:
    """What is in a list of an answer; Brave leaves the list out where nothing was found."""
    if not isinstance(said, dict):
        raise TypeError("an answer is an object")
    for step in path:
        said = said.get(step) or {}
    for each in said:
        url = each["url"]
        if isinstance(url, str) and url.startswith(("http://", "https://")):
            yield Found(_plain(each.get("title")) or url, url, _plain(each.get(snippet)))


def _plain(text: object) -> str:
    """A text that may have marks of HTML in it, on one line."""
    return " ".join(html.unescape(_TAG.sub("", text)).split()) if isinstance(text, str) else ""


def _shown(n: int, found: Found) -> str:
    snippet = found.snippet if len(found.snippet) <= SNIPPET_CHARS else f"{found.snippet[:SNIPPET_CHARS]} ..."
    return "\n   ".join(part for part in (f"{n}. {found.title[:200]}", "".join(found.url.split()), snippet) if part)
