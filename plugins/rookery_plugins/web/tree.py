"""A page as a tree of what is shown of it, and where in it the page is about something.

What is never shown is left out, what is nested beyond measure is laid flat: whoever goes through the tree needs no more
depth than this. Takes time in proportion to the page.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from selectolax.lexbor import LexborNode

MOST_NODES = 400_000
MOST_DEPTH = 80
"""What is nested deeper counts as if it were not nested any more."""
MENU_LINKS = 4
"""A list of so many links, and of hardly anything else, is a menu."""
MENU_SHARE = 0.8
ENOUGH = 0.25
"""The share of a page's text that its main part must have to be taken for all of it."""
SMALL = 0.4
"""The share of a page's text up to which a part is believed to be what its name says."""

INVISIBLE = re.compile("[\u00ad\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]")
SPACE = re.compile(r"\s+")
_NEVER = frozenset({
    "script", "style", "noscript", "template", "svg", "math", "iframe", "object", "embed", "canvas", "audio",
    "video", "head", "title", "dialog", "button", "input", "select", "textarea", "option", "datalist", "progress",
    "meter",
})  # fmt: skip
_AROUND = frozenset({"nav", "aside", "footer", "header", "menu"})
_ROLES_AROUND = frozenset({
    "navigation", "banner", "contentinfo", "complementary", "search", "dialog", "alertdialog", "menu", "menubar",
    "toolbar", "tablist",
})  # fmt: skip
_NAMES_AROUND = re.compile(
    r"(?:^|[-_\s])(?:breadcrumbs?|cookies?|consent|newsletter|related|shar(?:e|ing)|sidebar|social|sponsored)(?:$|[-_\s])",
    re.IGNORECASE,
)
"""What authors call such parts, in their classes and ids."""
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden|font-size\s*:\s*0(?![.\d])")


@dataclass(slots=True)
class Element:
    """A part of a page, and how much text it has."""

    tag: str
    attributes: dict[str, str]
    children: list[Element | str] = field(default_factory=list)
    chars: int = 0
    linked_chars: int = 0
    links: int = 0

    def is_around(self, page_chars: int) -> bool:
        """Whether it stands around what the page is about."""
        if self.tag in _AROUND or self.attributes.get("role", "").lower() in _ROLES_AROUND:
            return True
        named = f"{self.attributes.get('class', '')} {self.attributes.get('id', '')}"
        if self.chars < SMALL * page_chars and _NAMES_AROUND.search(named[:500]):
            return True
        lists = self.tag in ("ul", "ol", "div", "table", "section", "p")
        return lists and self.links >= MENU_LINKS and self.linked_chars > MENU_SHARE * self.chars


def tree(body: LexborNode) -> Element:
    """The page without what is never shown, and with what is nested too deep laid flat."""
    root = Element("body", {})
    open_elements = [root]
    node: LexborNode | None = body.child
    nested, seen = 0, 0
    while node is not None and seen < MOST_NODES:
        seen += 1
        inside = None
        tag = node.tag or ""
        if tag == "-text":
            if text := INVISIBLE.sub("", node.text_content or ""):
                open_elements[-1].children.append(text)
        elif not tag.startswith("-") and not tag.startswith("_"):
            inside = node.child
            attributes = {name: value or "" for name, value in node.attributes.items()}
            if tag in _NEVER or _is_hidden(attributes):
                inside = None
            elif inside is not None or tag in ("br", "hr", "img"):
                element = Element(tag, attributes)
                open_elements[-1].children.append(element)
                if inside is not None:
                    if len(open_elements) <= MOST_DEPTH:
                        open_elements.append(element)
                    else:
                        nested += 1
        if inside is not None:
            node = inside
            continue
        while node is not None and node.next is None:
            node = node.parent
            if nested:
                nested -= 1
            else:
                _count(open_elements.pop())
            if not open_elements:
                return root
        node = node.next if node is not None else None
    while open_elements:
        _count(open_elements.pop())
    return root


def _is_hidden(attributes: dict[str, str]) -> bool:
    return (
        "hidden" in attributes
        or attributes.get("aria-hidden", "").lower() == "true"
        or bool(_HIDDEN.search(attributes.get("style", "").lower()))
    )


def _count(element: Element) -> None:
    """How much text it has, once all that is in it was counted."""
    for child in element.children:
        if isinstance(child, str):
            element.chars += len(SPACE.sub(" ", child).strip())
        else:
            element.chars += child.chars
            element.linked_chars += child.linked_chars
            element.links += child.links
    if element.tag == "a":
        element.linked_chars, element.links = element.chars, 1


def main_part(whole: Element) -> Element:
    """The part that the page is about, as its author marked it; else all of it."""
    found: dict[str, list[Element]] = {"main": [], "article": []}
    waiting = [whole]
    while waiting:
        element = waiting.pop()
        if element.tag == "main" or element.attributes.get("role", "").lower() == "main":
            found["main"].append(element)
        elif element.tag == "article" or element.attributes.get("itemprop") == "articleBody":
            found["article"].append(element)
            continue  # what is in an article are comments on it
        waiting += [child for child in element.children if isinstance(child, Element)]
    for candidates in found.values():
        largest = max(candidates, key=lambda element: element.chars, default=None)
        if largest is not None and largest.chars >= ENOUGH * whole.chars:
            return largest
    return whole
