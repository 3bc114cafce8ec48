"""What a reader's notes on a long page are worth beside an excerpt, and what marks around it cost, with real pages.

python benchmarks/reader.py [--model NAME|FILE] [--window N] [--only excerpt,notes,marked] [--json FILE]

The pages are what projects say of themselves, as it is installed with them, and licences. Each has a question whose
answer stands somewhere in it. A case whose answer is not on the page any more is left out, and that is said. Printed
are, for each way, in how many cases the answer was in what the model read, and in how many it was in what it answered.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import tempfile
import time
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

from rookery_core.compose import build
from rookery_core.config import AgentSettings, Config, ModelSettings
from rookery_core.equipment import Options
from rookery_core.evals.statistics import wilson
from rookery_core.events import Answered, Generated, ResultRead, StepStarted, ThoughtFormed, ToolFinished
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from rookery_core.plugin import Risk, tool
from rookery_core.reasoning import quarantine
from rookery_core.reasoning.base import Outcome, Task
from rookery_core.reasoning.react import react
from rookery_core.reasoning.step import ACTION, INPUT, THOUGHT, ToolCall
from rookery_core.run import Run
from rookery_core.tools.loader import Loaded, LoadedPlugin
from rookery_core.usage import Usage

WAYS: dict[str, dict[str, Any]] = {
    "excerpt": {},
    "notes": {"quarantine": "long"},
    "marked": {"spotlight": True},
}
LICENCES = Path("/usr/share/common-licenses")
CASES = [
    # a distribution or a licence, the question, and texts one of which an answer has
    ("pytest-timeout", "Which signal does the signal method use?", ["SIGALRM"]),
    ("diskcache", "Which database does a Cache object manage?", ["SQLite"]),
    ("tqdm", "How much overhead per iteration does tqdm have?", ["60ns", "60 ns"]),
    ("wcwidth", "What does wcwidth return for control codes?", ["-1"]),
    ("openai", "How many times are errors retried by default?", ["2 times", "two times", "twice"]),
    ("openai", "After how long do requests time out by default?", ["10 minutes", "ten minutes"]),
    ("llama-cpp-python", "On which address is the OpenAPI documentation of the server?", ["localhost:8000"]),
    ("tabulate", "Which is the default format of a table?", ["simple"]),
    ("tabulate", "Which option disables the parsing of numbers?", ["disable_numparse"]),
    ("sortedcontainers", "How much test coverage does it have?", ["100%", "100 %"]),
    ("rich", "Which command shows the available spinners?", ["rich.spinner"]),
    ("ruff", "How many built-in rules does Ruff have?", ["900", "800"]),
    ("defusedxml", "How much memory does the string of a billion laughs occupy?", ["3 GB", "2.79 GiB"]),
    ("charset-normalizer", "Is this package faster than Chardet?", ["faster", "yes"]),
    ("pathspec", "Under which licence is pathspec?", ["Mozilla", "MPL"]),
    ("mammoth", "Which option stops empty paragraphs from being ignored?", ["ignore_empty_paragraphs"]),
    ("GPL-3", "On which date was version 3 published?", ["29 June 2007", "June 29, 2007"]),
    ("MPL-2.0", "Within how many days of a notice must one become compliant?", ["30 days", "30"]),
]


@dataclass(frozen=True, slots=True)
class Result:
    """One case in one way."""

    way: str
    page: str
    question: str
    read: bool
    """Whether the answer was in what the model read."""
    answered: bool
    seconds: float
    tokens: int
    answer: str
    observation: str
    failed: str
    """Why the reader has no notes; "" where it was not asked, or has."""


def page(name: str) -> str:
    """The text; "" where it is not here."""
    if (LICENCES / name).is_file():
        return (LICENCES / name).read_text(encoding="utf-8")
    try:
        return (distribution(name).read_text("METADATA") or "").partition("\n\n")[2]
    except PackageNotFoundError:
        return ""


def has(text: str, wanted: list[str]) -> bool:
    return any(each.lower() in text.lower() for each in wanted)


class Stage:
    """An assistant that works in one way, and the page that its tool fetches."""

    def __init__(self, way: str, model: str | None, window: int, home: Path, worker: Worker, *, answers: bool) -> None:
        """`answers`: whether the model goes on once it has read the page."""
        self._answers = answers
        self.text = ""

        @tool(risk=Risk.NETWORK)
        def fetch_page(url: str) -> str:
            """Reads a page of the web."""
            return self.text

        self._way = way
        self._url = ""
        paths = Paths(home, home, home / "logs")
        self.assistant = build(
            Config(agent=AgentSettings(**WAYS[way]), model=ModelSettings(n_ctx=window)),
            paths,
            Options(home, model=model, allow=["network"], recall=False, max_steps=4),
            plugins=Loaded((LoadedPlugin.of_tools("pages", "pages", [fetch_page]),), ()),
            strategy=self._fetch_and_go_on,
            worker=worker,
        )

    async def _fetch_and_go_on(self, task: Task, run: Run) -> Outcome:
        """Fetches the page, and leaves the rest to the model."""
        call = ToolCall("fetch_page", {"url": self._url})
        run.emit(StepStarted(n=next(run.budget.steps_left())))
        thought = "A tool fits: Reads a page of the web."
        text = f"{THOUGHT}{thought}\n{ACTION}{call.tool}\n{INPUT}{json.dumps(call.arguments)}"
        run.emit(Generated(text=text, stop="end", seed=0, usage=Usage()))
        run.emit(ThoughtFormed(text=thought))
        await run.call(call)
        return await react(task, run) if self._answers else Outcome.answered("")

    async def play(self, name: str, question: str, wanted: list[str]) -> Result:
        self.text, self._url = page(name), f"https://example.org/{name}"
        answer = observation = failed = ""
        tokens, began = 0, time.monotonic()
        async for event in self.assistant.turn(self.assistant.new_session(), f"{question} See {self._url}"):
            match event:
                case ToolFinished(output=output):
                    observation = observation or output
                case ResultRead() | Generated():
                    usage = event.usage
                    tokens += usage.prompt_tokens - usage.cached_tokens + usage.completion_tokens
                    failed = getattr(event, "failed", failed)
                case Answered(text=said):
                    answer = said
        return Result(
            self._way,
            name,
            question,
            has(observation, wanted),
            has(answer, wanted),
            time.monotonic() - began,
            tokens,
            answer,
            observation,
            failed,
        )


async def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model")
    parser.add_argument("--window", type=int, default=0, help="tokens; default: the model's own")
    parser.add_argument("--home", type=Path, help="a folder to keep what models are made into; default: none")
    parser.add_argument("--only", default=",".join(WAYS))
    parser.add_argument("--reading", action="store_true", help="only what is read of the page, without an answer")
    parser.add_argument("--cases", type=int, default=len(CASES), help="the first so many")
    parser.add_argument("--patience", type=float, default=quarantine.READ_SECONDS, help="seconds for one reading")
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    quarantine.READ_SECONDS = arguments.patience
    results: list[Result] = []
    with tempfile.TemporaryDirectory() as folder:
        home = arguments.home or Path(folder)
        worker = Worker(home / "model.log")
        stages = {
            way: Stage(way, arguments.model, arguments.window, home, worker, answers=not arguments.reading)
            for way in arguments.only.split(",")
        }
        for name, question, wanted in CASES[: arguments.cases]:
            if not has(page(name), wanted):
                print(f"left out: {name} has no answer to: {question}")
                continue
            for way, stage in stages.items():
                result = await stage.play(name, question, wanted)
                results.append(result)
                said = "; ".join(["read"] * result.read + ["answered"] * result.answered) or "neither"
                told = result.failed or result.answer
                print(f"{way:<8} {name:<18} {said:<15} {result.seconds:6.1f} s  {told[:90]!r}", flush=True)
        for stage in stages.values():
            await stage.assistant.close()
    for way in stages:
        mine = [result for result in results if result.way == way]
        for what in ("read", "answered"):
            count = sum(getattr(result, what) for result in mine)
            low, high = wilson(count, len(mine)) or (0.0, 1.0)
            print(f"{way:<8} {what:<9} {count} of {len(mine)} [{low:.2f}, {high:.2f}]")
        seconds, tokens = (sum(getattr(r, name) for r in mine) / max(len(mine), 1) for name in ("seconds", "tokens"))
        print(f"{way:<8} {seconds:.1f} s and {tokens:.0f} tokens a case")
    if arguments.json:
        arguments.json.write_text(
            json.dumps([{name: getattr(r, name) for name in Result.__slots__} for r in results], indent=1)
        )


if __name__ == "__main__":
    asyncio.run(main())
