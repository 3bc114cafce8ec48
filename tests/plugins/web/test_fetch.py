"""`fetch_page`: what a person is asked, what is sent, what the model reads."""

from __future__ import annotations

import gzip
import json
import socket
import threading
import zlib

import pytest

from rookery_core.events import ApprovalRequested, Event, ToolStatus
from rookery_core.testing import ListArtifacts, run_tool
from rookery_plugins.web.connecting import Reach
from rookery_plugins.web.fetch import fetch_page_tool
from tests.plugins.web.kit import Certificates, Handler, Names, Site, reach, serving, speaking

pytestmark = pytest.mark.timeout(90)
PAGE = "<title>A page</title><main><h1>Birds</h1><p>Rooks nest in <a href='/trees'>tall trees</a>.</main>"


async def output_of(url: str, within: Reach | None = None, status: ToolStatus = ToolStatus.OK) -> str:
    finished = await run_tool(fetch_page_tool(within or reach()), {"url": url})
    assert finished.status is status, finished.output
    return finished.output


async def failure_of(url: str, within: Reach | None = None) -> str:
    return await output_of(url, within, ToolStatus.FAILED)


# -- what is asked ------------------------------------------------------------------------------------------------


async def test_the_person_is_asked_with_the_address_that_is_sent_and_nothing_is_looked_up_before() -> None:
    names, events = Names(), list[Event]()
    tool = fetch_page_tool(reach(names))
    finished = await run_tool(tool, {"url": "http://Bücher.example/ä?q=1#x"}, allow=False, events=events)
    asked = next(event for event in events if isinstance(event, ApprovalRequested))
    assert finished.status is ToolStatus.DENIED
    assert asked.risk == "network"
    assert asked.preview == "GET http://xn--bcher-kva.example/%C3%A4?q=1"
    assert asked.remembers == ("xn--bcher-kva.example:80",)
    assert names.asked == []


async def test_an_address_that_is_refused_is_not_asked_about() -> None:
    events: list[Event] = []
    finished = await run_tool(fetch_page_tool(reach()), {"url": "file:///etc/passwd"}, allow=False, events=events)
    assert (finished.status, "file: is not read" in finished.output) == (ToolStatus.FAILED, True)
    assert not [event for event in events if isinstance(event, ApprovalRequested)]


def test_the_model_is_told_little() -> None:
    tool = fetch_page_tool(Reach())
    assert tool.description == "Reads a web page."
    assert tool.schema == {
        "type": "object",
        "properties": {"url": {"type": "string"}},
        "required": ["url"],
        "additionalProperties": False,
    }


# -- what is sent -------------------------------------------------------------------------------------------------


async def test_a_request_says_who_asks_and_nothing_of_the_person(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{site.port}/proxied")
    monkeypatch.setenv("http_proxy", f"http://127.0.0.1:{site.port}/proxied")
    site.has("/a?b=c", PAGE, Set_Cookie="seen=1")
    for _ in range(2):
        await output_of(f"http://page.test:{site.port}/a?b=c#part")
    request = site.asked[1]
    assert (request.command, request.path) == ("GET", "/a?b=c")
    assert {name.lower() for name in request.headers} == {
        "host",
        "user-agent",
        "accept",
        "accept-encoding",
        "connection",
    }
    assert request.headers["Host"] == f"page.test:{site.port}"
    assert "Rookery" in request.headers["User-Agent"]


async def test_the_name_is_looked_up_once_and_the_connection_goes_to_what_was_checked(site: Site) -> None:
    names = Names({"page.test": [["127.0.0.1"], ["10.0.0.1"]]})
    site.has("/", PAGE)
    assert "Rooks nest" in await output_of(f"http://page.test:{site.port}/", reach(names))
    assert names.asked == ["page.test"]


async def test_the_next_address_is_tried_where_one_does_not_answer(site: Site) -> None:
    site.has("/", PAGE)
    two = Names({"page.test": ["127.0.0.2", "127.0.0.1"]})
    everywhere = reach(two, allowed=lambda address: True)
    assert "Rooks nest" in await output_of(f"http://page.test:{site.port}/", everywhere)


async def test_a_certificate_is_checked_against_the_name_and_not_the_address() -> None:
    papers = Certificates()
    with serving(papers.server("page.test")) as site:
        site.has("/", PAGE)
        trusting = reach(tls=papers.client())
        assert "Rooks nest" in await output_of(f"https://page.test:{site.port}/", trusting)
        assert "certificate" in (await failure_of(f"https://page.test:{site.port}/")).lower()
        assert "not valid for 'other.test'" in await failure_of(f"https://other.test:{site.port}/", trusting)
        assert len(site.asked) == 1


# -- where it leads -----------------------------------------------------------------------------------------------


async def test_redirects_on_one_site_are_followed_and_the_last_address_is_told(site: Site) -> None:
    site.leads("/", "/a", 301)
    site.leads("/a", f"//www.page.test:{site.port}/b", 307)
    site.leads("/b", "c?d=e", 308)
    site.has("/c?d=e", PAGE)
    output = await output_of(f"http://page.test:{site.port}/")
    assert site.paths == ["/", "/a", "/b", "/c?d=e"]
    assert output.startswith(f"Title: A page\nAddress: http://www.page.test:{site.port}/c?d=e\n\n# Birds\n")


async def test_leave_for_one_site_is_none_for_the_one_that_it_leads_to(site: Site) -> None:
    site.leads("/", f"http://other.test:{site.port}/secret")
    names = Names()
    said = await failure_of(f"http://page.test:{site.port}/", reach(names))
    assert f"leads to another site, http://other.test:{site.port}/secret; call the tool again" in said
    assert (names.asked, site.paths) == (["page.test"], ["/"])


async def test_redirects_that_do_not_end_are_given_up(site: Site) -> None:
    site.leads("*", "/again")
    assert "10 redirects were followed" in await failure_of(f"http://page.test:{site.port}/")
    assert len(site.asked) == 11


async def test_a_name_is_checked_anew_at_each_redirect(site: Site) -> None:
    names = Names({"page.test": [["127.0.0.1"], ["192.168.0.1"]]})
    site.leads("/", "/a")
    said = await failure_of(f"http://page.test:{site.port}/", reach(names))
    assert "page.test (192.168.0.1) is not on the public internet" in said
    assert site.paths == ["/"]


@pytest.mark.parametrize(
    ("location", "says"),
    [
        ("http://10.0.0.1/", "http://10.0.0.1/, which is not on the public internet"),
        ("http://[::1]:8080/", "which is not on the public internet"),
        ("file:///etc/passwd", "file: is not read"),
        ("http://localhost/", "not a name of the public internet"),
        ("http://2130706433/", "not an address in its ordinary spelling"),
        ("http://me:secret@page.test/", "name or password"),
    ],
)
async def test_a_redirect_to_what_is_not_read_says_so(site: Site, location: str, says: str) -> None:
    site.leads("/", location)
    assert says in await failure_of(f"http://page.test:{site.port}/")


# -- what comes back ----------------------------------------------------------------------------------------------


async def test_a_page_is_read_as_markdown_with_its_title(site: Site) -> None:
    site.has("/", PAGE)
    url = f"http://page.test:{site.port}"
    assert await output_of(url + "/") == (f"Title: A page\n\n# Birds\n\nRooks nest in [tall trees]({url}/trees).")


async def test_json_is_set_out_on_many_lines(site: Site) -> None:
    site.has("/", '{"a":[1,{"b":"ü"}]}', "application/vnd.api+json")
    output = await output_of(f"http://page.test:{site.port}/")
    assert output == json.dumps({"a": [1, {"b": "ü"}]}, indent=2, ensure_ascii=False)


async def test_plain_text_is_shown_as_it_is(site: Site) -> None:
    site.has("/", "one <b>\r\n  two\r\n", "text/plain; charset=utf-8")
    assert await output_of(f"http://page.test:{site.port}/") == "one <b>\n  two"


async def test_what_is_no_text_is_named_with_its_size_and_not_read(site: Site) -> None:
    def reply(handler: Handler) -> None:
        handler.send_response(200)
        handler.send_header("Content-Type", "application/pdf")
        handler.send_header("Content-Length", "2345678")
        handler.end_headers()  # and no more: nobody waits for it

    site.replies["/"] = reply
    url = f"http://page.test:{site.port}/"
    assert await output_of(url) == f"{url} is a PDF document (application/pdf, 2.35 MB), and only text can be shown."
    site.has("/odd", b"\x7fELF\0\0\0", "text/plain")
    assert "is no text (text/plain, 7 bytes)" in await output_of(f"{url}odd")
    site.has("/picture", b"x", "image/png")
    assert "is a picture (image/png, 1 byte)" in await output_of(f"{url}picture")


async def test_an_empty_page_and_one_of_scripts_say_so(site: Site) -> None:
    site.has("/empty", b"")
    site.has("/script", "<title>App</title><div id=root></div><script>document.write('x')</script>")
    url = f"http://page.test:{site.port}"
    assert await output_of(f"{url}/empty") == "(the page is empty)"
    assert "has no text that can be read" in await output_of(f"{url}/script")


@pytest.mark.parametrize("status", [403, 404, 429, 500, 503, 599])
async def test_a_status_that_is_no_success_is_told(site: Site, status: int) -> None:
    def reply(handler: Handler) -> None:
        handler.send_response(status, "<b>their own words</b>")
        handler.send_header("Content-Length", "0")
        handler.end_headers()

    site.replies["/"] = reply
    said = await failure_of(f"http://page.test:{site.port}/")
    assert f"answered {status}" in said
    assert "their own words" not in said


async def test_a_long_page_is_kept_whole_with_the_session(site: Site) -> None:
    lines = "".join(f"<p>This is line {n} of a long page.</p>" for n in range(5_000))
    site.has("/", f"<main>{lines}</main>")
    kept = ListArtifacts()
    finished = await run_tool(fetch_page_tool(reach()), {"url": f"http://page.test:{site.port}/"}, artifacts=kept)
    assert finished.dropped_chars > 0
    assert kept.texts[0].count("This is line") == 5_000


# -- limits -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("coding", ["gzip", "x-gzip", "deflate", "raw deflate"])
async def test_what_was_packed_is_unpacked(site: Site, coding: str) -> None:
    packed = {
        "gzip": gzip.compress,
        "x-gzip": gzip.compress,
        "deflate": zlib.compress,
        "raw deflate": lambda data: zlib.compress(data, wbits=-15),
    }[coding](PAGE.encode())
    site.has("/", packed, Content_Encoding=coding.removeprefix("raw "))
    assert "Rooks nest" in await output_of(f"http://page.test:{site.port}/")


@pytest.mark.parametrize("coding", ["br", "zstd", "gzip, gzip", "compress", "x"])
async def test_what_was_packed_in_a_way_that_was_not_asked_for_is_not_unpacked(site: Site, coding: str) -> None:
    site.has("/", b"\x8b" * 1_000, Content_Encoding=coding)
    assert "was not asked for" in await failure_of(f"http://page.test:{site.port}/")


async def test_a_damaged_pack_is_a_clean_failure(site: Site) -> None:
    site.has("/", gzip.compress(PAGE.encode())[:10] + b"\xff" * 100, Content_Encoding="gzip")
    assert "what came is damaged" in await failure_of(f"http://page.test:{site.port}/")


async def test_a_host_without_an_address_and_one_nobody_listens_at_say_so() -> None:
    def unknown(host: str, port: int) -> list[str]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    assert "nowhere.test could not be looked up: Name or service not known" in await failure_of(
        "http://nowhere.test/", Reach(resolve=unknown)
    )
    assert "has no address" in await failure_of("http://none.test/", reach(Names({"none.test": []})))
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    assert "cannot be reached: Connection refused" in await failure_of(f"http://page.test:{port}/")


async def test_a_resolver_that_hangs_is_given_up() -> None:
    hung = threading.Event()

    def resolve(host: str, port: int) -> list[str]:
        hung.wait(60)
        return []

    try:
        assert "took too long" in await failure_of("http://page.test/", Reach(resolve=resolve, seconds=0.3))
    finally:
        hung.set()


async def test_what_is_no_http_is_a_clean_failure() -> None:
    for said in (b"220 mail.test ESMTP\r\n", b"", b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nshort", b"\xff" * 500):
        with speaking(lambda line, said=said: line.sendall(said)) as port:  # type: ignore[misc]
            assert "does not speak HTTP" in await failure_of(f"http://page.test:{port}/")


async def test_the_real_reach_knows_no_loopback(site: Site) -> None:
    said = await failure_of(f"http://127.0.0.1:{site.port}/", Reach())
    assert said == "127.0.0.1 is not on the public internet, and only public pages are read"
    assert site.asked == []
