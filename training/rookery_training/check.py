"""Says what is wrong with the catalogue: `python -m rookery_training.check`."""

from __future__ import annotations

import random
import sys
from collections.abc import Iterable

from rookery_training.catalogue import (
    Catalogue,
    Scene,
    ToolEntry,
    evaluate,
    fill,
    fill_argument,
    furnish,
    invented,
    load,
    plain,
    slots_of,
)
from rookery_training.outcomes import SLOTS as OUTCOME_SLOTS
from rookery_training.values import Value, draw


def problems(catalogue: Catalogue) -> Iterable[str]:
    """What a writer should mend."""
    seen: set[str] = set()
    rng = random.Random(0)
    for where in catalogue.strays:
        yield f"{where}: there is no such tool"
    for tool in catalogue.tools:
        where = f"{tool.domain}/{tool.name}"
        for name in (tool.name, *tool.other_names):
            if name in seen:
                yield f"{where}: the name {name} is used twice"
            seen.add(name)
        if tool.domain != "builtin" and len(tool.descriptions) != 3:
            yield f"{where}: {len(tool.descriptions)} descriptions"
        required = {parameter.name for parameter in tool.parameters if not parameter.optional}
        for kind_name, kind in tool.kinds.items():
            try:
                draw(kind, rng)
            except (KeyError, ValueError, IndexError) as exc:
                yield f"{where}: kind of {kind_name}: {type(exc).__name__} {exc}"
        for ask in tool.asks:
            lacking = required - set(slots_of(ask.say)) if ask.arguments is None else required - set(ask.arguments)
            if lacking:
                yield f"{where}: {ask.say!r} lacks {', '.join(sorted(lacking))}"
        yield from _unfillable(where, tool, rng)
    for trace in catalogue.traces:
        try:
            scene: Scene = {}
            furnish(scene, trace.slots, rng)
            furnish(scene, invented([step.result for step in trace.steps] + list(trace.answers)), rng)
            for ask_text in trace.asks:
                fill(ask_text, dict(scene), rng)
            for step in trace.steps:
                for argument in step.arguments.values():
                    fill_argument(argument, scene, rng)
                fill(step.thought, scene, rng)
                fill(step.result, scene, rng)
            for answer in trace.answers:
                fill(answer, scene, rng)
        except Exception as exc:
            yield f"{trace.domain}: trace {trace.asks[0]!r}: {type(exc).__name__} {exc}"
        offered = {tool.name for tool in catalogue.domain(trace.domain)}
        for step in trace.steps:
            if step.tool not in offered:
                yield f"{trace.domain}: trace {trace.asks[0]!r}: there is no tool {step.tool}"


def _unfillable(where: str, tool: ToolEntry, rng: random.Random) -> Iterable[str]:
    for ask in tool.asks:
        scene: Scene = {}
        try:
            furnish(scene, ask.slots, rng)
            furnish(scene, tool.kinds, rng)
            fill(ask.say, scene, rng, said=True)
            for argument in (ask.arguments or {}).values():
                fill_argument(argument, scene, rng)
            if ask.value:
                worked = evaluate(ask.value, scene)
                scene["result"] = Value(plain(worked), worked)
        except Exception as exc:
            yield f"{where}: ask {ask.say!r}: {type(exc).__name__} {exc}"
    texts = [(result, answer) for result in tool.results for answer in tool.answers]
    for result, answer in texts:
        scene = {name: Value("1", 1) for name in OUTCOME_SLOTS}
        furnish(scene, tool.kinds, rng)
        furnish(scene, tool.invented, rng)
        try:
            fill(result, scene, rng)
            fill(answer, scene, rng)
        except Exception as exc:
            yield f"{where}: answer {answer!r} to {result!r}: {type(exc).__name__} {exc}"
    scene = {}
    furnish(scene, tool.kinds, rng)
    furnish(scene, tool.invented, rng)
    for text in (*tool.follow_ups, *tool.errors, *(t for m in tool.missing for t in (*m.asks, *m.questions))):
        try:
            fill(text, dict(scene), rng)
        except Exception as exc:
            yield f"{where}: {text!r}: {type(exc).__name__} {exc}"
    for missing in tool.missing:
        if missing.lacks not in tool.kinds:
            yield f"{where}: lacks {missing.lacks}, which is no parameter"
        for text in missing.asks:
            if missing.lacks in slots_of(text):
                yield f"{where}: {text!r} should lack {missing.lacks}"


def main() -> int:
    catalogue = load()
    found = list(problems(catalogue))
    print("\n".join(found))
    asks = sum(len(tool.asks) for tool in catalogue.tools)
    print(f"{len(catalogue.tools)} tools, {asks} asks, {len(catalogue.traces)} traces, {len(catalogue.talks)} talks")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
