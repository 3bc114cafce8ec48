"""Nothing reaches a screen past the border: the front ends print with `out`, and give widgets what `plain` makes."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TUI = ROOT / "tui" / "rookery_tui"
SOURCES = {str(path.relative_to(TUI)): ast.parse(path.read_text()) for path in TUI.rglob("*.py")}
OUT, TEXT, MARKDOWN = "out.py", "widgets/text.py", "widgets/markdown.py"
SAFE = frozenset({"plain", "visible", "one_line", "capped"})
"""Functions whose text is harmless."""
WIDGETS = frozenset({"Input", "OptionList", "Static", "TextArea", "Option"})
"""Those that are used of Textual's; Markdown only by ours, which disarms it."""
TITLES = frozenset({"border_title", "border_subtitle", "tooltip", "title", "sub_title"})
Check = Callable[[ast.AST], str | None]


def name_of(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case ast.Call(func=func):
            return name_of(func)
    return ""


def is_constant(node: ast.AST) -> bool:
    match node:
        case ast.Constant():
            return True
        case ast.IfExp(body=one, orelse=other):
            return is_constant(one) and is_constant(other)
    return False


def keywords(node: ast.Call) -> dict[str | None, ast.expr]:
    return {keyword.arg: keyword.value for keyword in node.keywords}


def is_false(node: ast.expr | None) -> bool:
    return isinstance(node, ast.Constant) and node.value is False


def no_print(node: ast.AST) -> str | None:
    """Whoever prints uses `say`."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print":
        return "print: use rookery_tui.out.say"
    return None


def no_stream_is_written_to(node: ast.AST) -> str | None:
    if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
        return None
    owner = name_of(node.func.value).strip("_")
    if node.func.attr in ("write", "writelines", "print_exc", "print_exception") and owner in (
        "out", "err", "stdout", "stderr", "traceback", "console",
    ):  # fmt: skip
        return f"{owner}.{node.func.attr}: use rookery_tui.out.say"
    return None


def nothing_but_plain_makes_content(node: ast.AST) -> str | None:
    if isinstance(node, ast.Call):
        func = node.func
        named = func.value if isinstance(func, ast.Attribute) else func
        if isinstance(named, ast.Name) and named.id in ("Content", "Text", "from_markup", "RichText"):
            return "Content: use rookery_tui.widgets.text.plain"
    return None


def no_markup(node: ast.AST) -> str | None:
    """No widget reads markup, and those that would by default are told not to."""
    if not isinstance(node, ast.Call):
        return None
    given = keywords(node)
    if "markup" in given and not is_false(given["markup"]):
        return "markup is on"
    if name_of(node) in ("Static", "OptionList", "notify") and "markup" not in given:
        return f"{name_of(node)} without markup=False"
    return None


def widgets_get_what_plain_makes(node: ast.AST) -> str | None:
    if not isinstance(node, ast.Call):
        return None
    name = name_of(node)
    if name in ("Static", "Welcome", "Earlier", "Option") and node.args and name_of(node.args[0]) != "plain":
        return f"{name} is given something that plain did not make"
    if (
        name == "update"
        and isinstance(node.func, ast.Attribute)
        and node.args
        and not (is_constant(node.args[0]) or name_of(node.args[0]) in SAFE)
    ):
        return "update is given something that plain did not make"
    if name == "notify" and not (node.args and name_of(node.args[0]) in SAFE):
        return "notify is given something that was not made harmless"
    if name == "copy_to_clipboard" and name_of(node.args[0]) != "visible":
        return "the clipboard is given something that was not made visible"
    return None


def no_text_of_anyone_is_a_title(node: ast.AST) -> str | None:
    """Titles are read as markup: only our own constants."""
    match node:
        case ast.Assign(targets=[ast.Attribute(attr=attr, value=owner)], value=value) if attr in TITLES:
            if name_of(owner) not in ("summary", "header") and not is_constant(value):
                return f"{attr} is not a constant"
        case ast.Call() if (holder := keywords(node).get("placeholder")) and name_of(node) != "__init__":
            if not is_constant(holder):
                return "placeholder is not a constant"
    return None


def no_other_widget(node: ast.AST) -> str | None:
    match node:
        case ast.ImportFrom(module="textual.widgets", names=names):
            other = {each.name for each in names} - WIDGETS
            return f"widgets {other}: what they read as markup is not known here" if other else None
        case ast.ImportFrom(module=module, names=names) if module and module.startswith("rich"):
            other = {each.name for each in names} - {"Console", "cell_len"}  # that one only measures
            return f"rich: {other}" if other else None
    return None


CHECKS: dict[Check, frozenset[str]] = {
    no_print: frozenset({OUT}),
    no_stream_is_written_to: frozenset({OUT}),
    nothing_but_plain_makes_content: frozenset({TEXT}),
    no_markup: frozenset(),
    widgets_get_what_plain_makes: frozenset(),
    no_text_of_anyone_is_a_title: frozenset(),
    no_other_widget: frozenset({MARKDOWN}),
}
"""What is not done, and where it is."""


def found(check: Check, tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if wrong := check(node):
            yield f"{getattr(node, 'lineno', 0)}: {wrong}"


@pytest.mark.parametrize("check", CHECKS, ids=lambda check: check.__name__)
def test_nothing_goes_past_the_border(check: Check) -> None:
    wrong = [
        f"{path}:{each}" for path, tree in SOURCES.items() if path not in CHECKS[check] for each in found(check, tree)
    ]
    assert wrong == []


@pytest.mark.parametrize(
    "source",
    [
        "print('x')",
        "self._out.write(text)",
        "console.stdout.write(text)",
        "traceback.print_exception(exc)",
        "yield Static(Content(text), markup=False)",
        "Content.from_markup(text)",
        "yield Static('x', markup=True)",
        "yield Static(plain('x'))",
        "yield Static(text, markup=False)",
        "self.query_one('#a', Static).update(text)",
        "self.notify(f'{text}', markup=False)",
        "self.notify(one_line(text, 20))",
        "self.copy_to_clipboard(answer)",
        "box.border_title = text",
        "box.tooltip = f'{text}'",
        "Line(placeholder=text)",
        "from textual.widgets import RichLog",
        "from rich.text import Text",
    ],
)
def test_the_checks_find_what_they_look_for(source: str) -> None:
    assert [each for check in CHECKS for each in found(check, ast.parse(source))]


def no_print_on_our_streams(node: ast.AST) -> str | None:
    if no_print(node) and isinstance(node, ast.Call):
        file = keywords(node).get("file")
        if file is None or name_of(file) in ("stdout", "stderr"):
            return "printed on a stream that is not its own"
    return None


def test_the_core_and_the_plugins_print_only_in_processes_of_their_own() -> None:
    apart = ("weights.py", "stage.py", "embedder.py", "child.py", "measure.py", "bfcl_checker.py", "web/reading.py")
    wrong = [
        f"{path}:{each}"
        for root in ("agent_core", "plugins")
        for path in (ROOT / root).rglob("*.py")
        if not str(path).endswith(apart)
        for each in found(no_print_on_our_streams, ast.parse(path.read_text()))
    ]
    assert wrong == []
