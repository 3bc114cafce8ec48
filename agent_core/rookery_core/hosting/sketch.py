"""A new plugin's package: one tool, one test with the test kit, and what pip needs."""

from __future__ import annotations

import re
from pathlib import Path
from string import Template

from rookery_core.errors import PluginError
from rookery_core.tools.hooks import CONTRACT_VERSION

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")

PYPROJECT = """\
[build-system]
requires = ["hatchling>=1.25"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "The plugin $name for Rookery."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["rookery"]

[project.optional-dependencies]
test = ["pytest>=8.3", "pytest-asyncio>=0.25"]

# Where Rookery finds the plugin: its name, and the module that holds the hooks.
[project.entry-points.rookery]
$name = "$module"

[tool.hatch.build.targets.wheel]
packages = ["src/$module"]

[tool.pytest.ini_options]
testpaths = ["tests"]
pythonpath = ["src"]
asyncio_mode = "auto"
asyncio_default_fixture_loop_scope = "function"
"""

MODULE = '''\
"""The plugin $name: what Rookery's assistant can do with it."""

from __future__ import annotations

from typing import Annotated

from rookery_core.plugin import Risk, ToolRetry, hookimpl, tool

rookery_contract = $contract


@tool(risk=Risk.PURE)
def count_words(text: Annotated[str, "what to count"]) -> str:
    """Counts the words of a text."""
    if not text.strip():
        raise ToolRetry("give a text with at least one word")
    n = len(text.split())
    return f"{n} word" if n == 1 else f"{n} words"


@hookimpl
def rookery_tools():
    """The tools this plugin offers."""
    return [count_words]
'''

TEST = '''\
"""The tool as the assistant calls it: arguments checked, errors turned into what the model reads."""

from __future__ import annotations

from rookery_core.testing import run_tool

from $module import count_words


async def test_words_are_counted() -> None:
    done = await run_tool(count_words, {"text": "two words"})
    assert (done.status, done.output) == ("ok", "2 words")


async def test_an_empty_text_is_asked_for_again() -> None:
    done = await run_tool(count_words, {"text": " "})
    assert done.status == "failed"
'''

README = """\
# $distribution

The plugin `$name` for [Rookery](https://pypi.org/project/rookery/).

    pip install -e ".[test]"
    pytest
    rookery plugins enable $name
    rookery run "How many words are in 'a bird in the hand'?" --tools $name

The tools are functions in `src/$module/__init__.py`. What else a plugin can do is in Rookery's `docs/plugins.md`.
"""

FILES = {
    "pyproject.toml": PYPROJECT,
    "README.md": README,
    "src/$module/__init__.py": MODULE,
    "src/$module/py.typed": "",
    "tests/test_$module.py": TEST,
}


def sketch(name: str, folder: Path) -> list[Path]:
    """Write the package of a new plugin into `folder`, which is not there yet; its files. Raises PluginError."""
    if not _NAME.fullmatch(name):
        raise PluginError(f"{name!r} is no name for a plugin: lower-case letters and digits, with - between words")
    plain = name.removeprefix("rookery-")
    module = f"rookery_{plain}".replace("-", "_")
    words = {
        "name": plain.replace("-", "_"),
        "distribution": f"rookery-{plain}",
        "module": module,
        "contract": str(CONTRACT_VERSION),
    }
    made = []
    try:
        folder.mkdir(parents=True)
        for path, text in FILES.items():
            file = folder / Template(path).substitute(words)
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(Template(text).substitute(words), encoding="utf-8")
            made.append(file)
    except FileExistsError as exc:
        raise PluginError(f"{folder} is there already; name another folder with --into") from exc
    except OSError as exc:
        raise PluginError(f"{exc.filename or folder} cannot be written: {exc.strerror}") from exc
    return made
