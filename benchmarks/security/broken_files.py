"""Files of settings and rules that are broken: whether it is said where, and that nothing is allowed by that.

python benchmarks/security/broken_files.py [--data FILE]

Each text that is no TOML (the invalid ones of toml-test, 499 of them) is put in the place of the person's settings, the
program's own, the person's rules and a project's, and behind rules that allow things; so are texts and other things
that are wrong in ways of our own. It has to be said with file and line, and of a set of calls none may run without a
question that would not without any file. Of "0 of N", 3/N is the upper bound of the true share, at 95 %.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import re
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path

from rookery_core.approval.rulebook import PROJECT_RULES, Rulebook
from rookery_core.approval.rules import Do
from rookery_core.config import Config
from rookery_core.config_file import load_config
from rookery_core.equipment import Options, equip
from rookery_core.errors import ConfigError
from rookery_core.paths import Paths
from rookery_core.store.db import Store
from rookery_core.tools.registry import OfferedTool
from rookery_core.tools.runner import ToolRunner
from rookery_core.tools.running import Fitted, jsonable, scopes

INVALID = Path(__file__).parents[2] / "tests/data/security/toml-invalid.json"

ALLOWING = """\
[[rule]]
do = "allow"
tool = "shell.shell"
argv = ["touch", "..."]
matches = ["touch x"]
rejects = ["touch -r x"]

[[rule]]
do = "allow"
tool = "files.write_file"
"""
"""Rules that are right, and allow what nothing else does."""

CALLS: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("calculator.calculator", {"expression": "1 + 1"}),
    ("clock.clock", {}),
    ("files.read_file", {"path": "a.txt"}),
    ("files.write_file", {"path": "a.txt", "content": "x"}),
    ("shell.shell", {"command": "cat a.txt"}),
    ("shell.shell", {"command": "cat /etc/passwd"}),
    ("shell.shell", {"command": "touch x"}),
    ("shell.shell", {"command": "curl example.org"}),
    ("shell.shell", {"command": "sudo ls"}),
    ("python.python", {"code": "print(1)"}),
    ("notes.remember", {"text": "x"}),
    ("web.fetch_page", {"url": "https://example.org/"}),
)


@dataclass(frozen=True, slots=True)
class Kind:
    """Something that is wrong with a file in a way of our own."""

    make: Callable[[Path], object]
    in_line: bool = True
    """Whether there is a line to name."""
    settings: bool = True
    """Whether it is wrong with settings; otherwise it is with rules alone."""
    rules: bool = True


def _written(text: str | bytes) -> Callable[[Path], object]:
    raw = text.encode() if isinstance(text, str) else text
    return lambda file: file.write_bytes(raw)


def _huge(file: Path) -> None:
    file.touch()
    os.truncate(file, 100_000_000)


KINDS: Mapping[str, Kind] = {
    "99,999 [": Kind(_written("\n" + "[" * 99_999)),
    "20,000 tables in each other": Kind(_written("a = " + "{b=" * 20_000)),
    "a number of 5,000 digits": Kind(_written("a = " + "9" * 5_000)),
    "NUL": Kind(_written("a = 'x\0'")),
    "UTF-16": Kind(_written("[web]\nonline = true\n".encode("utf-16"))),
    "no UTF-8": Kind(_written(b"[web]\nonline = \xff\n")),
    "two byte order marks": Kind(_written(b"\xef\xbb\xbf\xef\xbb\xbf[web]\nonline = true\n")),
    "a section of a newer version": Kind(_written("[later]\nonline = true\n")),
    "a setting of a newer version": Kind(_written("[web]\nonline = true\nlater = 1\n")),
    "a wrong type": Kind(_written("[web]\nonline = true\n[model]\nn_ctx = true\n")),
    "a list for a text": Kind(_written("[web]\nonline = true\nsearch_url = ['x']\n")),
    "a text for a section": Kind(_written("web = 'online'\n")),
    "sections in a list": Kind(_written("[[web]]\nonline = true\n")),
    "a server of the wrong type": Kind(_written("[web]\nonline = true\n[mcp.servers.a]\ncommand = 3\n")),
    "a server with an unknown key": Kind(_written("[mcp.servers.a]\ncommand = 'x'\ntrust = true\n")),
    "a server that is no table": Kind(_written("[mcp]\nservers = 3\n")),
    "an unknown key of a rule": Kind(_written(f"{ALLOWING}since = 2\n"), settings=False),
    "a rule that is of a wrong type": Kind(_written(f"{ALLOWING}path = 3\n"), settings=False),
    "a rule without a tool": Kind(_written(f"{ALLOWING}[[rule]]\ndo = 'allow'\n"), settings=False),
    "a rule for everything": Kind(_written("[[rule]]\ndo = 'allow'\ntool = '*'\n"), settings=False),
    "a rule whose example is wrong": Kind(
        _written(ALLOWING.replace("['touch x']", "['rm x']").replace('["touch x"]', '["rm x"]')), settings=False
    ),
    "a folder": Kind(lambda file: file.mkdir(), in_line=False),
    "a pipe": Kind(os.mkfifo, in_line=False),
    "a link to itself, which cannot be read": Kind(lambda file: file.symlink_to(file), in_line=False),
    "100 MB": Kind(_huge, in_line=False),
}


@dataclass(slots=True)
class Bench:
    """A home whose files can be broken, and the calls that would run in it without a question."""

    home: Path
    default: frozenset[int] = frozenset()
    wrong: list[str] = field(default_factory=list)
    tried: int = 0
    _runner: ToolRunner | None = None

    def __post_init__(self) -> None:
        self.work.mkdir(parents=True)
        (self.work / ".rookery").mkdir()
        self.paths.config.mkdir(exist_ok=True)
        self.default = self.permitted()

    @property
    def work(self) -> Path:
        return self.home / "work"

    @property
    def paths(self) -> Paths:
        return Paths.find({"ROOKERY_HOME": str(self.home)})

    @property
    def files(self) -> dict[str, Path]:
        """What may be broken."""
        paths = self.paths
        return {
            "settings": paths.config_file,
            "the program's own settings": paths.settings_file,
            "rules": paths.rules,
            "a project's rules": self.work / PROJECT_RULES,
        }

    def permitted(self) -> frozenset[int]:
        """The calls that would run without a question, by their numbers; none where it does not start."""
        config = load_config(self.paths).config
        runner = self._runner
        if runner is None or config != Config():
            options = Options(self.work, online=True)
            equipment = equip(config, self.paths, options)
            with closing(Store(self.paths.database)) as store:  # nothing is called that would look into it
                runner = equipment.runner(store, options)
            self._runner = runner if config == Config() else self._runner
        runner = replace(runner, rulebook=Rulebook(self.paths.rules, runner.workspace.root))
        return frozenset(n for n, (name, given) in enumerate(CALLS) if _runs(runner, name, given))

    def check(self, what: str, file: Path, *, in_line: bool) -> None:
        """What is to be said of a broken file, and done with it."""
        self.tried += 1
        try:
            permitted = self.permitted()
            said = [str(mistake) for mistake in Rulebook(self.paths.rules, self.work).mistakes]
        except ConfigError as exc:
            permitted, said = frozenset(), [str(exc)]
        except Exception as exc:
            self.wrong.append(f"{what}: {exc!r:.200}")
            return
        place = re.compile(re.escape(str(file)) + (r":[1-9]\d*: " if in_line else ": "))
        if not any(place.match(text) for text in said):
            self.wrong.append(f"{what}: nothing says where, but {said[:1]!r:.200}")
        if any("\n" in text for text in said):
            self.wrong.append(f"{what}: what is said has more than one line")
        if permitted - self.default:
            self.wrong.append(f"{what}: would run {[CALLS[n] for n in permitted - self.default]}")


def _runs(runner: ToolRunner, name: str, given: Mapping[str, object]) -> bool:
    offered: OfferedTool = runner.registry.get(name)
    values = offered.tool.validate(dict(given), runner.workspace)
    fitted = Fitted(values, jsonable(values), scopes(offered.tool, values))
    return runner.judge(offered, fitted).verdict.do is Do.ALLOW


def invalid(file: Path) -> dict[str, bytes]:
    """The texts that are no TOML, by their names."""
    return {name: base64.b64decode(text) for name, text in json.loads(file.read_text(encoding="utf-8")).items()}


def suites(bench: Bench, texts: Mapping[str, bytes]) -> Iterator[tuple[str, int, list[str]]]:
    """Each suite's name, how many cases it has, and what went wrong."""

    def each(
        name: str, cases: Iterator[tuple[str, Path, Callable[[Path], object], bool]]
    ) -> tuple[str, int, list[str]]:
        before, bench.tried, bench.wrong = bench.tried, 0, []
        for what, file, make, in_line in cases:
            make(file)
            try:
                bench.check(f"{name}: {what}", file, in_line=in_line)
            finally:
                file.rmdir() if file.is_dir() else file.unlink()
        done, bench.tried = bench.tried, before
        return name, done, bench.wrong

    for place, file in bench.files.items():
        yield each(f"no TOML as {place}", ((n, file, _written(raw), True) for n, raw in texts.items()))
    behind = ((n, bench.paths.rules, _written(ALLOWING.encode() + b"\n" + raw), True) for n, raw in texts.items())
    yield each("no TOML behind rules that allow", behind)
    for place, file in bench.files.items():
        kinds = {n: k for n, k in KINDS.items() if (k.settings if "settings" in place else k.rules)}
        yield each(f"other kinds as {place}", ((n, file, k.make, k.in_line) for n, k in kinds.items()))


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("--data", type=Path, default=INVALID)
    texts = invalid(parser.parse_args().data)
    failed = 0
    with tempfile.TemporaryDirectory() as folder:
        bench = Bench(Path(folder).resolve() / "home")
        print(f"without any file, {len(bench.default)} of {len(CALLS)} calls run without a question")
        for name, n, wrong in suites(bench, texts):
            bound = "" if wrong else f", upper bound {3 / n:.2%}"
            print(f"{name:44} {n - len({each.split(': ')[1] for each in wrong})} of {n}{bound}")
            for each in wrong[:5]:
                print(f"    {each}")
            failed += len(wrong)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
