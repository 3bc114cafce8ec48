"""HTML as the Markdown of what a page is about."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rookery_plugins.web.markdown import page_of

WORDS = "This sentence is long enough to be what the page is about. "


def text_of(html: str) -> str:
    return page_of(html, "https://example.org/folder/page").text


@pytest.mark.parametrize(
    ("html", "markdown"),
    [
        ("<p>one<p>two", "one\n\ntwo"),
        ("one<br>two<br/>\n three", "one\ntwo\nthree"),
        ("<h1>A</h1>x<h2>B <b>c</b></h2>y<h6>D</h6>z", "# A\n\nx\n\n## B c\n\ny\n\n###### D\n\nz"),
        ("<p>a  \n b&nbsp;&amp;<i> c</i>d", "a b & cd"),
        ("<ul><li>a<li><p>b</p></ul>", "- a\n- b"),
        ("<ul><li>a<ul><li>b<ol><li>c</ol></ul><li>d</ul>", "- a\n  - b\n    1. c\n- d"),
        ("<ol><li><p>a</p><p>b</p><li>c</ol>", "1. a\n\n   b\n2. c"),
        ("<blockquote><p>a<p>b</blockquote>", "> a\n>\n> b"),
        ("<pre>  x\n y</pre>", "```\n  x\n y\n```"),
        ("<pre><code>a</code><br>```</pre>", "````\na\n```\n````"),
        ("use <code>x = 1</code> or <kbd>a`b</kbd>", "use `x = 1` or a`b"),
        ("<dl><dt>a<dd>b<dd>c</dl>", "a\n\n: b\n\n: c"),
        ("<table><tr><th>A<th>B<tr><td>1|2<td><p>3</table>", "| A | B |\n| --- | --- |\n| 1\\|2 | 3 |"),
        ("<table><caption>C</caption><tr><td>1<td>2<tr><td>3</table>", "C\n\n| 1 | 2 |\n| --- | --- |\n| 3 |  |"),
        ("<table><tr><td><h1>T</h1><p>x</table>", "# T\n\nx"),
        ("<table><tr><td><table><tr><td>a<td>b</table><td>c</table>", "| a | b |\n| --- | --- |\n\nc"),
        ("<a href='/x'>a</a>", "[a](https://example.org/x)"),
        ("b<a href='x?y#z'> a </a>c", "b [a](https://example.org/folder/x?y#z) c"),
        ("<a href='/a_(b)'>[1]</a>", "[(1)](https://example.org/a_%28b%29)"),
        ("<a href='/x'><img src=y alt='a bird'></a>", "[a bird](https://example.org/x)"),
        ("<a href='/x'><div><h3>Card</h3><p>text</div></a>", "[Card text](https://example.org/x)"),
        ("<a href='#x'>a</a> <a>b</a> <a href='mailto:x'>c</a> <a href='javascript:x'>d</a>", "a b c d"),
        ("<a href='https://example.org/" + "x" * 300 + "'>long</a>", "long"),
        ("<a href='http://['>odd</a>", "odd"),
        ("<p>same</p><p>same</p>", "same"),
        ("<img alt=picture src=x><p>a", "a"),
        ("a\u200bb\u202ec\U000e0041\u2066d", "abcd"),
    ],
)
def test_what_html_becomes(html: str, markdown: str) -> None:
    assert text_of(html) == markdown


@pytest.mark.parametrize(
    "hidden",
    [
        "<script>x</script>",
        "<style>x</style>",
        "<noscript>x</noscript>",
        "<template>x</template>",
        "<textarea>x</textarea>",
        "<button>x</button>",
        "<select><option>x</select>",
        "<svg><text>x</text></svg>",
        "<iframe>x</iframe>",
        "<!-- x -->",
        "<div hidden>x</div>",
        "<div aria-hidden=true>x</div>",
        "<div style='color: red; DISPLAY : none'>x</div>",
        "<span style='visibility:hidden'>x</span>",
        "<span style='font-size:0px'>x</span>",
        "<nav>x</nav>",
        "<aside>x</aside>",
        "<footer>x</footer>",
        "<header>x</header>",
        "<div role=navigation>x</div>",
        "<div class='cookie-banner'>x</div>",
        "<div class='post share_buttons'>x</div>",
        "<ul>" + "<li><a href=x>x</a></li>" * 4 + "</ul>",
    ],
)
def test_what_is_hidden_or_stands_around_is_left_out(hidden: str) -> None:
    assert text_of(f"<p>{WORDS}</p>{hidden}<p>{WORDS}!</p>") == f"{WORDS.strip()}\n\n{WORDS}!"


def test_a_menu_is_shown_where_the_page_is_nothing_else() -> None:
    links = "".join(f"<li><a href='/{n}'>Page {n}</a>" for n in range(9))
    assert text_of(f"<ul>{links}</ul>").splitlines()[8] == "- [Page 8](https://example.org/8)"


def test_the_main_part_is_what_its_author_marked() -> None:
    around = "<div>around the page</div>"
    article = (
        f"<article><header><h1>T</h1></header><p>{WORDS * 3}</p><footer>x</footer><article>reply</article></article>"
    )
    for html in (
        f"{around}<main>{article}</main>{around}",
        f"{around}{article}{around}",
        f"{around}<div role=main>{article}</div>",
    ):
        assert text_of(html).startswith("# T\n\nThis sentence")
        assert "around" not in text_of(html)


def test_a_small_main_part_is_not_all_of_the_page() -> None:
    assert WORDS.strip() in text_of(f"<main>x</main><p>{WORDS * 5}")


def test_a_heading_without_anything_below_it_is_left_out() -> None:
    html = "<h1>T</h1><h2>Empty</h2><nav>x</nav><h2>Full</h2>text<h3>Empty too</h3><h2>Last</h2>"
    assert text_of(html) == "# T\n\n## Full\n\ntext"


def test_title_and_base_are_the_page_s_own() -> None:
    html = "<title> A \n title </title><base href='/other/'><a href=x>a</a>"
    page = page_of(html, "https://example.org/folder/page")
    assert (page.title, page.text) == ("A title", "[a](https://example.org/other/x)")
    assert page_of("", "https://example.org/").text == ""


@pytest.mark.parametrize(
    "tag", ["div", "ul><li", "blockquote", "table><tr><td", "b", "a href=x", "span><p", "dl><dd", "section"]
)
def test_what_is_nested_deeply_is_read_all_the_same(tag: str) -> None:
    assert "deep inside" in text_of(f"<{tag}>" * 1_000 + "deep inside")


MARKS = st.sampled_from(
    [
        "<p>",
        "</p>",
        "<div>",
        "</div>",
        "<ul>",
        "<li>",
        "</ul>",
        "<table>",
        "<tr>",
        "<td>",
        "</table>",
        "<pre>",
        "</pre>",
        "<a",
        "href=x>",
        "</a>",
        "<h2>",
        "</h2>",
        "<br>",
        "<blockquote>",
        "<b>",
        "</b>",
        "<code>",
        "</code>",
        "<dl>",
        "<dd>",
        "<nav>",
        "<main>",
        "</main>",
        "<article>",
        "&amp;",
        "&#0;",
        "<!--",
        "-->",
        "<",
        ">",
        "word",
    ]
)


@settings(deadline=None)
@given(st.lists(st.one_of(MARKS, st.text(max_size=5)), max_size=60))
def test_whatever_is_written_becomes_some_text(parts: list[str]) -> None:
    assert isinstance(text_of(" ".join(parts)), str)
