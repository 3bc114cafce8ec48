"""Conversations made from the catalogue, exactly as the program would hold them: its messages, its labels, its words.

A group is one list of tools and several conversations that go on from it.
"""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Mapping
from typing import Any

from rookery_core.model.base import Message
from rookery_core.reasoning.grounding import doubts
from rookery_core.reasoning.prompt import system_text
from rookery_core.reasoning.step import ACTION, ANSWER, INPUT, THOUGHT
from rookery_core.tools.registry import Registry
from rookery_core.transcript import OBSERVATION
from rookery_training.branches import Branch, Group
from rookery_training.catalogue import (
    Ask,
    Catalogue,
    Scene,
    Talk,
    Trace,
    evaluate,
    fill,
    furnish,
    invented,
    plain,
    slots_of,
)
from rookery_training.dressing import Dressed
from rookery_training.fixed_words import (
    AGAIN,
    CANNOT,
    DENIED,
    DID_NOT_WORK,
    FAILED,
    HAS_RESULT,
    NO_TOOL_FITS,
    NO_TOOL_NEEDED,
    NOT_ALLOWED,
    NOTHING_DONE,
    WHY,
)
from rookery_training.held_out import HeldOut
from rookery_training.offers import Offers
from rookery_training.values import Value, in_order, renew
from rookery_training.wording import literals, roughen
from rookery_training.workspace import Scenarios

OPEN_ANSWERS = 0.3
"""The share of answers to learn where many others would be as good; of the rest only the thought is learnt."""


class Author:
    """Writes groups; the same seed writes the same."""

    def __init__(
        self,
        catalogue: Catalogue,
        builtin: Registry,
        rng: random.Random,
        held_out: HeldOut,
        notes: tuple[str, ...] = (),
        *,
        develop: bool = False,
    ) -> None:
        """`held_out` is never written; `notes` may be recalled; `develop` takes the phrasings kept for development."""
        self._all = catalogue
        self._rng = rng
        self._offers = Offers(catalogue, builtin, rng)
        self._held_out = held_out
        self._notes = notes
        self._scenarios = Scenarios(builtin, rng, held_out=develop)
        self._kinds: Mapping[str, tuple[float, Callable[[Branch, dict[str, Dressed]], bool]]] = {
            "call": (0.39, self._call),
            "trace": (0.13, self._trace),
            "missing": (0.14, self._missing),
            "absent": (0.17, self._absent),
            "talk": (0.08, self._talk),
            "refusal": (0.04, self._refusal),
            "repair": (0.03, self._repair),
            "denied": (0.03, self._denied),
            "doubted": (0.12, self._doubted),
            "workspace": (0.6, self._workspace),
        }

    # -- groups ---------------------------------------------------------------------------------------------------

    def group(self) -> Group:
        """One tool list with the conversations that go on from it."""
        tools = self._offers.draw()
        registry = Registry([tool.offered for tool in tools])
        by_name = {tool.entry.name: tool for tool in tools}
        branches = [made for _ in range(self._rng.randint(6, 10)) if (made := self._branch(by_name)) is not None]
        return Group(Message("system", system_text(registry, "brief")), registry, tuple(branches))

    def _branch(self, tools: dict[str, Dressed]) -> Branch | None:
        rng = self._rng
        branch = Branch()
        if rng.random() < 0.12:  # something was said before
            self._kinds[rng.choices(["call", "talk", "absent"], [6, 3, 1])[0]][1](branch, tools)
            if (branch.messages and branch.messages[-1].role != "assistant") or (
                branch.messages
                and branch.messages[-1].content.startswith(THOUGHT)
                and ACTION in branch.messages[-1].content
            ):
                branch = Branch()
        kinds = list(self._kinds)
        for _ in range(6):
            kind = rng.choices(kinds, [self._kinds[name][0] for name in kinds])[0]
            before = len(branch.messages)
            if self._kinds[kind][1](branch, tools) and not self._barred(branch):
                branch.about = kind
                return branch
            del branch.messages[before:], branch.learnt[before:]
        return None

    def _barred(self, branch: Branch) -> bool:
        return any(self._held_out.has(m.content) for m in branch.messages if m.role == "user")

    # -- the words ------------------------------------------------------------------------------------------------

    def _ask(
        self,
        branch: Branch,
        template: str,
        scene: Scene,
        *,
        kept: Mapping[str, Any] | None = None,
        request: bool = True,
    ) -> None:
        """The person's message, sometimes under what was recalled; words that are in the arguments `kept` stay."""
        ending = slots_of(template)[-1:] if template.endswith("}") else []
        long = any(len(scene[name].said.split()) > 2 for name in ending if name in scene)  # what follows would be of it
        rough = roughen(template, self._rng, literals(kept or {}), request=request, closed=long)
        text = fill(rough, scene, self._rng, said=True)
        if self._notes and self._rng.random() < 0.04:
            lines = "".join(f"- {note}\n" for note in self._rng.sample(self._notes, self._rng.randint(1, 2)))
            text = f"(Known from earlier conversations:\n{lines})\n\n{text}"
        branch.say("user", text)

    def _do(
        self, branch: Branch, tool: Dressed, arguments: dict[str, Any], *, first: str = "", learn: int = -1
    ) -> None:
        """A call; its thought says what `first` says, and which tool fits."""
        given = json.dumps(arguments, ensure_ascii=False)
        thought = f"{first} {tool.fits}".lstrip()
        branch.say("assistant", f"{THOUGHT}{thought}\n{ACTION}{tool.name}\n{INPUT}{given}", learn=learn)

    def _answer(self, branch: Branch, thought: str, answer: str, *, is_open: bool = False) -> None:
        """An answer; of an open one, which is one of many, the words are seldom learnt."""
        head = f"{THOUGHT}{thought}\n{ANSWER}"
        only_head = is_open and self._rng.random() >= OPEN_ANSWERS
        branch.say("assistant", head + answer, learn=len(head.rstrip()) if only_head else -1)

    def _observe(self, branch: Branch, text: str) -> None:
        branch.say("tool", OBSERVATION + text)

    # -- situations -----------------------------------------------------------------------------------------------

    def _call(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        if not tools:
            return False
        rng = self._rng
        tool = tools[rng.choice(list(tools))]
        optional = {parameter.name for parameter in tool.entry.parameters if parameter.optional}
        asks = self._offers.asks(tool, tools)
        richness = [1 + 0.7 * len(optional & {*slots_of(ask.say), *(ask.arguments or ())}) for ask in asks]
        ask = rng.choices(asks, richness)[0]
        scene, arguments = self._request(tool, ask)
        self._ask(branch, ask.say, scene, kept=ask.arguments)
        self._do(branch, tool, arguments)
        if rng.random() < 0.5:
            return True
        errors = tool.speaking_of(tool.entry.errors, arguments)
        if errors and rng.random() < 0.12:
            furnish(scene, tool.entry.invented, rng)
            self._fail(branch, fill(rng.choice(errors), scene, rng))
            return True
        self._finish(branch, tool, scene, arguments)
        if tool.entry.follow_ups and ask.arguments is None and rng.random() < 0.55:
            return self._follow_up(branch, tool, scene, set(slots_of(ask.say)))
        if rng.random() < 0.04:
            branch.say("user", rng.choice(AGAIN))
            last = branch.messages[-2].content.partition(ANSWER)[2]
            self._answer(branch, "The answer is above.", last)
        return True

    def _request(self, tool: Dressed, ask: Ask) -> tuple[Scene, dict[str, Any]]:
        """The scene of one ask, and the arguments it calls for."""
        scene: Scene = {}
        furnish(scene, ask.slots, self._rng)
        furnish(scene, tool.entry.kinds, self._rng)
        in_order(scene, tool.entry.kinds)
        if ask.arguments is None:
            mentioned = set(slots_of(ask.say))
            arguments = tool.arguments({name: scene[name].argument for name in tool.entry.kinds if name in mentioned})
        else:
            arguments = tool.call(dict(ask.arguments), scene, self._rng)
            for parameter in tool.entry.parameters:  # results and answers speak of the arguments
                name = tool.names[parameter.name]
                if name in arguments:
                    scene[parameter.name] = Value(plain(arguments[name]), arguments[name])
                elif parameter.optional:
                    default = tool.offered.tool.schema["properties"].get(name, {}).get("default", "")
                    scene[parameter.name] = Value(plain(default), default)
        if ask.value:
            worked = evaluate(ask.value, scene)
            scene["result"] = Value(plain(worked), worked)
        return scene, arguments

    def _finish(self, branch: Branch, tool: Dressed, scene: Scene, arguments: dict[str, Any]) -> None:
        rng = self._rng
        furnish(scene, tool.entry.invented, rng)
        tool.place(scene, arguments)
        self._observe(branch, fill(rng.choice(tool.entry.results), scene, rng))
        self._answer(branch, HAS_RESULT, fill(rng.choice(tool.entry.answers), scene, rng))

    def _fail(self, branch: Branch, error: str) -> None:
        self._observe(branch, error)
        said = error.removeprefix("Error: ")
        self._answer(branch, FAILED, self._rng.choice(DID_NOT_WORK).replace("{error}", said))

    def _follow_up(self, branch: Branch, tool: Dressed, scene: Scene, mentioned: set[str]) -> bool:
        rng = self._rng
        text = rng.choice(tool.entry.follow_ups)
        kinds = {name: kind for name, kind in tool.entry.kinds.items() if name in slots_of(text)}
        new = {name: scene[name] for name in tool.entry.kinds}
        if not kinds or (not renew(new, kinds, rng) and kinds.keys() <= mentioned):
            return True
        self._ask(branch, text, new)
        given = {name: new[name].argument for name in tool.entry.kinds if name in mentioned | kinds.keys()}
        arguments = tool.arguments(given)
        self._do(branch, tool, arguments)
        if rng.random() < 0.3:
            self._finish(branch, tool, new, arguments)
        return True

    def _trace(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        rng = self._rng
        fitting = [trace for trace in self._all.traces if all(step.tool in tools for step in trace.steps)]
        fitting = [trace for trace in fitting if all(tools[s.tool].entry.domain == trace.domain for s in trace.steps)]
        if not fitting:
            return False
        trace: Trace = rng.choice(fitting)
        scene: Scene = {}
        furnish(scene, trace.slots, rng)
        in_order(scene, trace.slots)
        furnish(scene, invented([step.result for step in trace.steps] + list(trace.answers)), rng)
        kept = {f"{n} {name}": made for n, step in enumerate(trace.steps) for name, made in step.arguments.items()}
        self._ask(branch, rng.choice(trace.asks), scene, kept=kept)
        for step in trace.steps:
            tool = tools[step.tool]
            arguments = tool.call(dict(step.arguments), scene, rng)
            observed = fill(step.result, scene, rng)
            slip = tool.entry.name == "calculator" and not observed[-1:].isdigit()  # the call itself was wrong
            self._do(branch, tool, arguments, first=fill(step.thought, scene, rng), learn=0 if slip else -1)
            self._observe(branch, observed)
        thought = fill(trace.thought, scene, rng) or HAS_RESULT
        self._answer(branch, thought, fill(rng.choice(trace.answers), scene, rng))
        return True

    def _workspace(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        """A whole turn in a folder with files."""
        offered = {name for name, tool in tools.items() if tool.entry.domain == "builtin"}
        made = self._scenarios.draw(offered) if "read_file" in offered else None
        if made is None:
            return False
        self._ask(branch, made.ask, made.scene)
        for step in made.steps:
            self._do(branch, tools[step.tool], step.arguments, first=step.first, learn=-1 if step.learn else 0)
            self._observe(branch, step.observation)
        self._answer(branch, made.thought, made.answer)
        return True

    def _missing(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        rng = self._rng
        able = [tool for tool in tools.values() if tool.entry.missing]
        if not able:
            return False
        tool = rng.choice(able)
        missing = rng.choice(tool.entry.missing)
        scene: Scene = {}
        furnish(scene, tool.entry.kinds, rng)
        text = rng.choice(missing.asks)
        self._ask(branch, text, scene)
        lacks = tool.plain_name(missing.lacks)
        question = rng.choice(missing.questions)
        if tool.entry.domain != "builtin" and rng.random() < 0.6:  # one that can be made of the list alone
            question = tool.question(missing.lacks) or question
        self._answer(branch, f"{tool.fits} But the {lacks} is missing.", fill(question, scene, rng))
        mentioned = {*slots_of(text), missing.lacks}
        required = {parameter.name for parameter in tool.entry.parameters if not parameter.optional}
        if tool.entry.domain != "builtin" and required <= mentioned and rng.random() < 0.35:
            branch.say("user", scene[missing.lacks].said)
            given = {name: scene[name].argument for name in tool.entry.kinds if name in mentioned}
            self._do(branch, tool, tool.arguments(given))
        return True

    def _absent(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        """A request for a tool that is not offered."""
        rng = self._rng
        drawn = self._offers.absent(tools)
        if drawn is None:
            return False
        entry, ask = drawn
        scene: Scene = {}
        furnish(scene, ask.slots, rng)
        furnish(scene, entry.kinds, rng)
        in_order(scene, entry.kinds)
        self._ask(branch, ask.say, scene, kept=ask.arguments)
        self._answer(branch, NO_TOOL_FITS, rng.choice(CANNOT))
        return True

    def _talk(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        return self._chat(branch, tools, [talk for talk in self._all.talks if talk.kind != "refusals"], NO_TOOL_NEEDED)

    def _refusal(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        refused = [talk for talk in self._all.talks if talk.kind == "refusals"]
        return self._chat(branch, tools, refused, NO_TOOL_FITS)

    def _chat(self, branch: Branch, tools: dict[str, Dressed], talks: list[Talk], thought: str) -> bool:
        offered = {tool.entry.domain for tool in tools.values()} | set(tools)
        talks = [talk for talk in talks if not talk.unless & offered]
        if not talks:
            return False
        rng = self._rng
        talk = rng.choice(talks)
        scene: Scene = {}
        furnish(scene, talk.slots, rng)
        self._ask(branch, rng.choice(talk.asks), scene, request=thought == NO_TOOL_FITS)
        self._answer(branch, thought, fill(rng.choice(talk.answers), scene, rng), is_open=True)
        return True

    def _repair(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        """A wrong call, which is not learnt, then what the program says to it, and the right one."""
        rng = self._rng
        able = [tool for tool in tools.values() if tool.entry.parameters]
        if not able:
            return False
        tool = rng.choice(able)
        ask = rng.choice(self._offers.asks(tool, tools))
        scene, arguments = self._request(tool, ask)
        if not arguments:
            return False
        wrong = dict(arguments)
        name = rng.choice(list(wrong))
        value, wrong[name] = wrong[name], rng.choice(["", "?", "unknown", 0])
        why = rng.choice(("this is not what was asked", "is not valid", "must not be empty"))
        said = f"The arguments do not fit: {name}: {why}"
        self._ask(branch, ask.say, scene, kept=ask.arguments)
        if value == wrong[name]:
            return False
        self._do(branch, tool, wrong, learn=0)
        self._observe(branch, said)
        self._do(branch, tool, arguments, first=f"The {name} was wrong.")
        return True

    def _denied(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        if (
            not self._call(branch, tools)
            or branch.messages[-1].role != "assistant"
            or INPUT not in branch.messages[-1].content
        ):
            return False
        rng = self._rng
        self._observe(branch, rng.choice(DENIED).replace("{why}", rng.choice(WHY) + "."))
        self._answer(branch, NOT_ALLOWED, rng.choice(NOTHING_DONE))
        return True

    def _doubted(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        """A call that nothing said accounts for, which is not learnt; what the program says to it; the right step."""
        rng = self._rng
        able = [tool for tool in tools.values() if tool.entry.parameters]
        begin = len(branch.messages) + 1
        kind = rng.choice((self._missing, self._absent, self._absent, self._call))
        if not able or not kind(branch, tools):
            return False
        asked, right = branch.messages[begin - 1].content, branch.messages[begin].content
        same = [tool for tool in able if tool.fits in right]
        tool = rng.choice(same if same and rng.random() < 0.8 else able)
        scene: Scene = {}
        furnish(scene, tool.entry.kinds, rng)
        given = {p.name: scene[p.name].argument for p in tool.entry.parameters if not p.optional or rng.random() < 0.2}
        arguments = tool.arguments(given)
        found = doubts(arguments, tool.offered.tool.schema, asked)
        if not found:
            return False
        later = branch.messages[begin:], branch.learnt[begin:]
        del branch.messages[begin:], branch.learnt[begin:]
        self._do(branch, tool, arguments, learn=0)
        self._observe(branch, f"The arguments do not fit: {'; '.join(found)}. Use what was said, or ask for it.")
        branch.messages += later[0]
        branch.learnt += later[1]
        return True
