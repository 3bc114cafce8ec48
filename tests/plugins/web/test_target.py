"""Addresses taken apart: one reading, or none."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from rookery_core.plugin import ToolRetry
from rookery_plugins.web.target import Target, joined, same_site, target


@pytest.mark.parametrize(
    ("url", "read"),
    [
        ("https://example.org", "https://example.org/"),
        ("example.org", "https://example.org/"),
        ("example.org/a/b?c=d#e", "https://example.org/a/b?c=d"),
        ("example.org:8443/x", "https://example.org:8443/x"),
        ("//example.org/x", "https://example.org/x"),
        ("HTTP://EXAMPLE.org:80/A", "http://example.org/A"),
        ("https://example.org:443", "https://example.org/"),
        ("http://example.org:443", "http://example.org:443/"),
        ("https://example.org?q=1", "https://example.org/?q=1"),
        ("https://example.org#top", "https://example.org/"),
        ("  <https://example.org/x>  ", "https://example.org/x"),
        ("`https://example.org`", "https://example.org/"),
        ("https://example.org./", "https://example.org/"),
        ("https://bücher.example/", "https://xn--bcher-kva.example/"),
        ("https://xn--bcher-kva.example/", "https://xn--bcher-kva.example/"),
        ("https://пример.рф/", "https://xn--e1afmkfd.xn--p1ai/"),
        ("https://example。org/", "https://example.org/"),
        ("https://ｅｘａｍｐｌｅ.org/", "https://example.org/"),
        ("https://my_site.example.org/", "https://my_site.example.org/"),
        ("https://example.org/ü?ä=ö", "https://example.org/%C3%BC?%C3%A4=%C3%B6"),
        ('https://example.org/a"b<c>{d}', "https://example.org/a%22b%3Cc%3E%7Bd%7D"),
        ("https://example.org/100%25/%zz", "https://example.org/100%25/%zz"),
        ("https://example.org/a//b/../c", "https://example.org/a//b/../c"),
        ("https://example.org/@user", "https://example.org/@user"),
        ("https://example.org/?u=http://127.0.0.1/", "https://example.org/?u=http://127.0.0.1/"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://8.8.8.8./", "https://8.8.8.8/"),
        ("https://①②⑦.⓪.⓪.①/", "https://127.0.0.1/"),
        ("http://127。0。0。1/", "http://127.0.0.1/"),
        ("https://[2606:4700:4700:0::1111]:8443/", "https://[2606:4700:4700::1111]:8443/"),
        ("https://[::ffff:1.2.3.4]/", "https://[::ffff:102:304]/"),
    ],
)
def test_an_address_is_read_in_one_way_and_shown_as_it_is_sent(url: str, read: str) -> None:
    assert str(target(url)) == read


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("https://", "is not a host"),
        ("https:///etc/passwd", "is not a host"),
        ("https:example.org", "there must be //"),
        ("file:///etc/passwd", "file: is not read"),
        ("ftp://example.org/", "ftp: is not read"),
        ("gopher://example.org:70/_x", "gopher: is not read"),
        ("data:text/html,<p>x", "data: is not read"),
        ("javascript:alert(1)", "javascript: is not read"),
        ("mailto:me@example.org", "mailto: is not read"),
        ("ws://example.org/", "ws: is not read"),
        ("view-source:https://example.org", "view-source: is not read"),
        ("https://user:secret@example.org/", "name or password"),
        ("https://example.org@127.0.0.1/", "name or password"),
        ("https://@example.org/", "name or password"),
        ("https://exa mple.org/", "holds a space"),
        ("https://example.org/a b", "holds a space"),
        ("https://example.org\\@127.0.0.1/", "a backslash"),
        ("https://example.org/\n/x", "a control character"),
        ("https://example.org/\x00", "a control character"),
        ("https://localhost/", "not a name of the public internet"),
        ("http://localhost:8080/", "not a name of the public internet"),
        ("localhost:8080", "not a name of the public internet"),
        ("https://a.localhost/", "not a name of the public internet"),
        ("https://printer.local/", "not a name of the public internet"),
        ("https://metadata.google.internal/", "not a name of the public internet"),
        ("https://router.home.arpa/", "not a name of the public internet"),
        ("https://intranet/", "not a name of the public internet"),
        ("http://2130706433/", "not an address in its ordinary spelling"),
        ("http://0x7f000001/", "not an address in its ordinary spelling"),
        ("http://0177.0.0.1/", "not an address in its ordinary spelling"),
        ("http://127.1/", "not an address in its ordinary spelling"),
        ("http://127.0.0.0x1/", "not an address in its ordinary spelling"),
        ("http://127.0.0.01/", "not an address in its ordinary spelling"),
        ("http://0/", "not an address in its ordinary spelling"),
        ("http://256.256.256.256/", "not an address in its ordinary spelling"),
        ("http://1.2.3.4.5/", "not an address in its ordinary spelling"),
        ("http://[::1%25eth0]/", "is not"),
        ("http://[fe80::1%eth0]/", "one network interface"),
        ("http://[::g]/", "is not an IPv6 address"),
        ("http://[::1/", "is not a host"),
        ("http://::1/", "is not a host"),
        ("http://[::1]x/", "is not a host"),
        ("https://example..org/", "is not a host"),
        ("https://-example.org/", "is not a host"),
        ("https://example.org../", "is not a host"),
        ("https://exa%6dple.org/", "is not a host"),
        ("https://exa$mple.org/", "is not a host"),
        (f"https://{'a' * 64}.org/", "is not a host"),
        (f"https://{'a.' * 130}org/", "is not a host"),
        (f"https://{'ä' * 300}.org/", "that can be looked up"),
        ("https://\u200b.org/", "is not a host"),
        ("https://example.org:0/", "port 0"),
        ("https://example.org:22/", "port 22"),
        ("https://example.org:25/", "port 25"),
        ("https://example.org:65536/", "port 65536"),
        ("https://example.org:99999999/", "is not a host"),
        ("https://example.org:8o/", "is not a host"),
        (f"https://example.org/{'a' * 5000}", "4096 at most"),
    ],
)
def test_what_has_no_one_reading_or_is_nobodys_is_refused_with_the_reason(url: str, says: str) -> None:
    with pytest.raises(ToolRetry, match=says.replace(".", r"\.")):
        target(url)


@given(st.text(max_size=60))
def test_whatever_is_written_is_read_or_refused(text: str) -> None:
    for url in (text, f"http://{text}", f"https://example.org/{text}"):
        try:
            read = target(url)
        except ToolRetry:
            continue
        assert target(str(read)) == read
        assert str(read).isascii()


def test_the_person_s_own_search_may_be_anywhere() -> None:
    assert str(target("http://localhost:80/search", anywhere=True)) == "http://localhost/search"
    assert target("http://searx:8080", anywhere=True).site == "searx:8080"


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("https://example.org/a", "https://example.org/b", True),
        ("https://example.org/", "https://www.example.org/", True),
        ("https://www.example.org/", "https://example.org/", True),
        ("http://example.org/", "https://example.org/", True),
        ("http://example.org/", "https://www.example.org/", True),
        ("https://example.org/", "http://example.org/", False),
        ("https://example.org/", "https://example.org:8443/", False),
        ("http://example.org:8080/", "https://example.org/", False),
        ("https://example.org/", "https://docs.example.org/", False),
        ("https://example.org/", "https://example.org.evil.example/", False),
        ("https://example.org/", "https://evil.example/", False),
    ],
)
def test_leave_for_a_site_is_leave_for_its_www_and_its_safer_form_only(one: str, other: str, same: bool) -> None:
    assert same_site(target(one), target(other)) is same


def test_a_redirect_is_read_as_every_address_is() -> None:
    base = target("https://example.org/a/b")
    assert joined(base, "c?d") == Target("https", "example.org", 443, "/a/c?d")
    assert joined(base, "//www.example.org") == Target("https", "www.example.org", 443, "/")
    for location in ("file:///etc/passwd", "http://[", "//localhost/", "http://2130706433/", "\\\\evil.example\\x"):
        with pytest.raises(ToolRetry):
            joined(base, location)
