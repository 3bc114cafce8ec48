"""`search_web`: who is asked, with what, and what the model reads of the answer."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from rookery_core.events import ApprovalRequested, Event, ToolFinished, ToolStatus
from rookery_core.testing import run_tool
from rookery_plugins.web.connecting import Reach
from rookery_plugins.web.plugin import Web
from rookery_plugins.web.search import KEYED, Question, search_web_tool
from rookery_plugins.web.target import target
from tests.plugins.web.kit import Site, reach

pytestmark = pytest.mark.timeout(60)

RESULTS = [
    {"title": "Rooks <b>&amp;</b> crows", "url": "https://birds.example/rooks", "content": "They\n nest   together."},
    {"title": "", "url": "https://birds.example/crows", "content": None},
    {"title": "Bad", "url": "javascript:alert(1)", "content": "x"},
]
READ = (
    "1. Rooks & crows\n   https://birds.example/rooks\n   They nest together.\n"
    "2. https://birds.example/crows\n   https://birds.example/crows"
)


async def search(site: Site, query: str = "rooks", path: str = "", **more: Any) -> ToolFinished:
    tool = search_web_tool(Reach(), "", f"http://localhost:{site.port}{path}")
    return await run_tool(tool, {"query": query}, **more)


@pytest.mark.parametrize(
    ("path", "asked"), [("", "/search"), ("/", "/search"), ("/searx", "/searx/search"), ("/search", "/search")]
)
async def test_a_searxng_of_the_person_s_own_may_be_on_their_machine(site: Site, path: str, asked: str) -> None:
    site.has("*", json.dumps({"results": RESULTS}), "application/json")
    finished = await search(site, "rooks & crows", path)
    assert (finished.status, finished.output) == (ToolStatus.OK, READ)
    sent = urlsplit(site.paths[0])
    assert (sent.path, parse_qs(sent.query)) == (asked, {"q": ["rooks & crows"], "format": ["json"]})


async def test_the_person_sees_what_is_sent_and_where_to(site: Site) -> None:
    events: list[Event] = []
    await search(site, "rooks  and\ncrows", allow=False, events=events)
    asked = next(event for event in events if isinstance(event, ApprovalRequested))
    assert asked.preview == f"GET http://localhost:{site.port}/search?q=rooks+and+crows&format=json"
    assert asked.remembers == (f"searching with localhost:{site.port}",)
    assert site.asked == []


async def test_nothing_found_and_no_searxng_are_told_apart(site: Site) -> None:
    site.has("*", '{"results": []}', "application/json")
    assert "nothing was found for 'rooks'" in (await search(site)).output
    for body in ("<html>", "[]", '{"results": [1]}', '{"results": {"a": 1}}', "[" * 100_000):
        site.has("*", body, "application/json")
        assert "did not answer as a search does; a SearXNG must have json" in (await search(site)).output
    site.replies.clear()
    assert "answered 404 (Not Found)" in (await search(site)).output
    site.leads("*", "http://127.0.0.1:9/")
    assert "answered 302 (Found)" in (await search(site)).output


@pytest.mark.parametrize(("query", "says"), [("  ", "is empty"), ("x" * 401, "401 characters and 400 fit")])
async def test_a_query_that_is_none_is_refused(site: Site, query: str, says: str) -> None:
    assert says in (await search(site, query)).output


async def test_a_few_results_are_shown_and_none_at_length(site: Site) -> None:
    many = [{"title": f"T{n}", "url": f"https://e.example/{n}", "content": "word " * 200} for n in range(50)]
    site.has("*", json.dumps({"results": many}), "application/json")
    output = (await search(site)).output
    assert output.splitlines()[-3] == "8. T7"
    assert len(output) < 3_000


KEY_HEADERS = {"brave": ("X-Subscription-Token", "s3cret"), "tavily": ("Authorization", "Bearer s3cret")}
ANSWERS: Mapping[str, object] = {
    "brave": {"web": {"results": [{**each, "description": each["content"]} for each in RESULTS]}},
    "tavily": {"results": RESULTS},
}


@pytest.mark.parametrize("provider", KEYED)
def test_a_key_is_sent_and_never_shown(provider: str) -> None:
    question = KEYED[provider]("rooks & crows", "s3cret")
    name, value = KEY_HEADERS[provider]
    assert question.headers[name] == value
    assert "s3cret" not in str(question) + repr(question)
    assert question.target.scheme == "https"
    assert str(target(str(question.target))) == str(question.target)
    assert "rooks" in str(question)
    found = list(question.read(ANSWERS[provider]))
    assert [each.url for each in found] == ["https://birds.example/rooks", "https://birds.example/crows"]
    assert found[0].snippet == "They nest together."
    assert list(question.read({})) == []


@pytest.mark.parametrize("provider", KEYED)
async def test_a_service_is_asked_with_the_key_and_the_model_never_sees_it(site: Site, provider: str) -> None:
    def local(query: str, key: str) -> Question:
        made = KEYED[provider](query, key)
        return replace(made, target=replace(made.target, scheme="http", host="service.test", port=site.port))

    site.has("*", json.dumps(ANSWERS[provider]), "application/json")
    events: list[Event] = []
    tool = search_web_tool(reach(), provider, "", {provider: local})
    secrets = {"search_key": "s3cret"}
    finished = await run_tool(tool, {"query": "rooks"}, secrets=secrets, events=events)
    assert (finished.status, finished.output) == (ToolStatus.OK, READ)
    (request,) = site.asked
    name, value = KEY_HEADERS[provider]
    assert (request.headers[name], request.command) == (value, "POST" if provider == "tavily" else "GET")
    if provider == "tavily":
        assert json.loads(request.sent) == {"query": "rooks", "max_results": 8}
    assert "s3cret" not in "".join(event.model_dump_json() for event in events)


@pytest.mark.parametrize("provider", KEYED)
async def test_a_key_that_is_missing_is_asked_for_by_its_variable(provider: str) -> None:
    finished = await run_tool(search_web_tool(reach(), provider, ""), {"query": "rooks"})
    assert finished.status is ToolStatus.FAILED
    assert "ROOKERY_SECRET_TEST_SEARCH_KEY" in finished.output


async def test_a_service_with_a_key_is_asked_on_the_public_internet_only(connections: list[str]) -> None:
    def at_home(host: str, port: int) -> list[str]:
        return ["127.0.0.1"]

    tool = search_web_tool(Reach(resolve=at_home), "tavily", "")
    finished = await run_tool(tool, {"query": "rooks"}, secrets={"search_key": "s3cret"})
    assert "api.tavily.com (127.0.0.1) is not on the public internet" in finished.output
    assert connections == []


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, "nobody is set up who searches"),
        ({"search_provider": "", "search_url": "http://searx:8080"}, ""),
        ({"search_provider": "searxng", "search_url": ""}, "web.search_url must be the address of a SearXNG"),
        ({"search_provider": "searxng", "search_url": "ftp://x"}, "web.search_url must be the address of a SearXNG"),
        ({"search_provider": "brave"}, ""),
        ({"search_provider": "tavily", "search_url": ""}, ""),
    ],
)
def test_where_nobody_searches_the_person_is_told_how_to_set_it_up(settings: dict[str, str], missing: str) -> None:
    _, search_web = Web(settings).rookery_tools()
    assert search_web.name == "search_web"
    assert search_web.available is not None
    said = search_web.available()
    assert said.startswith(missing) if missing else said == ""
