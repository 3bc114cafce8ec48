"""A few decisions in each form that a model has for calls, to find out which it does better with. Takes seconds.

All have the same tools, so that the list is read once for each form.
"""

from __future__ import annotations

import statistics
from collections.abc import Callable
from typing import Any

from rookery_core.config import Config
from rookery_core.evals.cases import DecisionCase
from rookery_core.evals.play import Stage, decide
from rookery_core.evals.score import judge_decision
from rookery_core.model.probes import Probe

FORMS = ("labelled", "native")


def _function(name: str, description: str, **parameters: dict[str, Any]) -> dict[str, Any]:
    schema = {"type": "object", "properties": parameters, "required": list(parameters)}
    return {"name": name, "description": description, "parameters": schema}


_TEXT, _NUMBER = {"type": "string"}, {"type": "number"}
TOOLS = [
    _function("weather", "Tells the weather of a city.", city=_TEXT),
    _function("convert_money", "Converts an amount of money.", amount=_NUMBER, source=_TEXT, target=_TEXT),
    _function("add_event", "Puts an event into the calendar.", title=_TEXT, date=_TEXT),
    _function("find_files", "Finds files whose name has a text.", text=_TEXT),
    _function("set_lamp", "Switches a lamp on or off.", room=_TEXT, on={"type": "boolean"}),
]
CALLS: tuple[tuple[str, str, dict[str, list[Any]]], ...] = (
    ("How is the weather in Lisbon?", "weather", {"city": ["Lisbon"]}),
    ("do I need a coat in Oslo today", "weather", {"city": ["Oslo"]}),
    ("convert 40 USD to EUR", "convert_money", {"amount": [40], "source": ["USD"], "target": ["EUR"]}),
    ("what are 12.5 GBP in CHF?", "convert_money", {"amount": [12.5], "source": ["GBP"], "target": ["CHF"]}),
    ("Add the dentist on 2027-03-04.", "add_event", {"title": ["dentist", "the dentist"], "date": ["2027-03-04"]}),
    ("which files have invoice in their name?", "find_files", {"text": ["invoice"]}),
    ("lights off in the kitchen please", "set_lamp", {"room": ["kitchen", "the kitchen"], "on": [False]}),
    ("Switch the lamp in the hall on", "set_lamp", {"room": ["hall", "the hall"], "on": [True]}),
)
NO_CALLS = (
    ("Hello, how are you?", "answer"),
    ("What is the capital of France?", "answer"),
    ("Thanks, that was all.", "answer"),
    ("Convert 30 EUR.", "ask"),
)


def cases() -> list[DecisionCase]:
    """The decisions."""
    made: list[tuple[str, dict[str, Any]]] = [
        (asked, {"tool": tool, "arguments": arguments}) for asked, tool, arguments in CALLS
    ]
    made += [(asked, {"tool": None, "kind": kind}) for asked, kind in NO_CALLS]
    return [
        DecisionCase.model_validate(
            {"id": asked, "tools": TOOLS, "messages": [{"role": "user", "content": asked}], "expect": expected}
        )
        for asked, expected in made
    ]


async def probe(stage: Stage, told: Callable[[int, int], None]) -> Probe:
    """Try every form; `told` gets the decisions that are done, and all there are. Raises ModelError."""
    every = cases()
    rates: dict[str, float] = {}
    seconds: dict[str, float] = {}
    for n, form in enumerate(FORMS):
        config = with_form(stage.config, form)
        right, took = 0, []
        for done, case in enumerate(every, n * len(every) + 1):
            outcome = await decide(case, Stage(config, stage.model, stage.built_in, stage.clock))
            verdicts = judge_decision(case, outcome)
            right += bool(verdicts.get("no_call") if case.expect.tool is None else verdicts.get("arguments"))
            took.append(outcome.decision_s or outcome.seconds)
            told(done, len(FORMS) * len(every))
        rates[form], seconds[form] = right / len(every), statistics.median(took)
    return Probe(rates, len(every), seconds)


def with_form(config: Config, form: str) -> Config:
    """The settings with one form for every model."""
    return config.model_copy(update={"agent": config.agent.model_copy(update={"form": form})})
