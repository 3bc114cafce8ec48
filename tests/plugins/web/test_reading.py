"""Bodies as text, and the process that reads them."""

from __future__ import annotations

import json
import time

import pytest

from rookery_core.plugin import ToolFailed
from rookery_plugins.web.apart import readable
from rookery_plugins.web.reading import MOST_CHARS, Kind, kind_of, read
from rookery_plugins.web.requesting import Answer
from rookery_plugins.web.target import target

pytestmark = pytest.mark.timeout(90)
URL = "https://example.org/"


def answer(body: bytes, kind: str = "text/html") -> Answer:
    return Answer(target(URL), 200, {"content-type": kind}, body)


def never() -> bool:
    return False


@pytest.mark.parametrize(
    ("header", "kind"),
    [
        ("text/html", Kind.HTML),
        ("Text/HTML; charset=x", Kind.HTML),
        ("application/xhtml+xml", Kind.HTML),
        ("application/json", Kind.JSON),
        ("application/ld+json;x=y", Kind.JSON),
        ("text/plain", Kind.TEXT),
        ("text/csv", Kind.TEXT),
        ("application/rss+xml", Kind.TEXT),
        ("application/javascript", Kind.TEXT),
        ("", Kind.UNKNOWN),
        ("application/pdf", Kind.BINARY),
        ("application/octet-stream", Kind.BINARY),
        ("image/png", Kind.BINARY),
        ("video/mp4", Kind.BINARY),
        ("nonsense", Kind.BINARY),
    ],
)
def test_a_header_says_how_a_body_is_read(header: str, kind: Kind) -> None:
    assert kind_of(header) is kind


@pytest.mark.parametrize(
    ("body", "header", "text"),
    [
        ("grün €".encode(), "text/plain", "grün €"),
        ("grün €".encode(), "text/plain; charset=UTF-8", "grün €"),
        ("grün €".encode("cp1252"), "text/plain", "grün €"),
        ("grün €".encode("cp1252"), "text/plain; charset=iso-8859-1", "grün €"),
        ("grün".encode("utf-16"), "text/plain", "grün"),
        ("\ufeffgrün".encode(), "text/plain; charset=latin1", "grün"),
        ("привет".encode("koi8-r"), 'text/plain; charset="koi8-r"', "привет"),
        ("日本".encode("shift_jis"), "text/plain;charset=Shift_JIS", "日本"),
        ("日本".encode("euc-jp"), "text/html", "日本"),
        ("日本".encode("gb18030"), "text/html; charset=gb2312", "日本"),
        (b"a\xffb", "text/plain; charset=utf-8", "a\ufffdb"),
        (b"a\xffb", "text/plain; charset=no-such-thing", "aÿb"),
        (b"cnlw", "text/plain; charset=base64", "cnlw"),
        (b"xn--a", "text/plain; charset=punycode", "xn--a"),
        (b"\\u0041", "text/plain; charset=unicode_escape", "\\u0041"),
    ],
)
def test_the_character_set_is_found_as_browsers_find_it(body: bytes, header: str, text: str) -> None:
    if "euc-jp" in header or body == b"\xc6\xfc\xcb\xdc":
        body = b"<meta charset='euc-jp'>" + body
    assert read(body, header, URL).text == text


def test_a_body_without_a_type_is_looked_at() -> None:
    assert read(b"<!DOCTYPE html><title>T</title><p>x", "", URL).title == "T"
    assert read(b"just text <b>", "", URL).text == "just text <b>"
    assert read(b"\x89PNG\r\n\0\0", "", URL).binary


def test_json_that_is_none_or_too_deep_is_shown_as_it_is() -> None:
    for text in ("{", "[" * 100_000, "[" * 900 + "]" * 900, '{"a": NaN}', "1" * 5_000):
        shown = read(text.encode(), "application/json", URL).text
        assert shown == text or json.loads(shown) is not None


def test_a_long_text_is_cut_and_says_by_how_much() -> None:
    page = read(b"x" * (MOST_CHARS + 7), "text/plain", URL)
    assert (len(page.text), page.cut_chars) == (MOST_CHARS, 7)


def test_a_process_of_its_own_reads_what_comes() -> None:
    page = readable(answer("<title>Ü</title><p>grün\ud800".encode("utf-8", "replace")), never)
    assert (page.title, page.text) == ("Ü", "grün?")


@pytest.mark.parametrize(
    "page",
    [b"<div>" * 1_000_000, b"<p " + b" ".join(b"a%d=1" % n for n in range(500_000)) + b">x"],
    ids=["nested", "attributes"],
)
def test_a_page_that_is_made_to_be_read_for_ever_is_given_up(page: bytes) -> None:
    began = time.monotonic()
    with pytest.raises(ToolFailed, match=r"took too long|made too intricately"):
        readable(answer(page), never, seconds=2.0)
    assert time.monotonic() - began < 20


def test_nobody_waits_for_a_page_any_more_once_the_call_is_stopped() -> None:
    began = time.monotonic()
    with pytest.raises(ToolFailed):
        readable(answer(b"<div>" * 1_000_000), lambda: time.monotonic() - began > 0.5, seconds=60.0)
    assert time.monotonic() - began < 20


def test_json_that_would_become_very_long_is_shown_as_it_is() -> None:
    wide = b"[" * 900 + b"1," * 3_000_000 + b"1" + b"]" * 900
    assert readable(answer(wide, "application/json"), never, seconds=60.0).text.startswith("[[[")
