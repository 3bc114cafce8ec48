"""Conversations made from the catalogue, exactly as the program would hold them: its messages, its labels, its words.

A group is one list of tools and several conversations that go on from it.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from rookery_core.model.base import Message
from rookery_core.reasoning.focus import pointed
from rookery_core.reasoning.prompt import system_text
from rookery_core.reasoning.step import ACTION, ANSWER, THOUGHT
from rookery_core.tools.registry import Registry
from rookery_core.transcript import OBSERVATION, recalled_text
from rookery_training import asking_back, slips, sums_talk, written
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
    DID_NOT_WORK,
    FAILED,
    HAS_RESULT,
    NO_TOOL_FITS,
    NO_TOOL_NEEDED,
)
from rookery_training.held_out import HeldOut
from rookery_training.invented_turns import contrasts
from rookery_training.offers import Offers
from rookery_training.outcomes import CALLED, Outcomes
from rookery_training.records import Records, converse
from rookery_training.rivals import covered, is_clear
from rookery_training.stage import act
from rookery_training.stage_files import PLAYS
from rookery_training.sums import Sums
from rookery_training.trades import Trades
from rookery_training.values import Value, in_order, renew
from rookery_training.wording import literals, roughen
from rookery_training.workspace import Scenarios

PLAYED = 0.65
"""How often a call to a built-in tool is carried out on files that are made up for it."""
ALWAYS = ("shell",)
"""Of these only what is played says what a call returns."""
ALONE = 0.7
"""How often no tool of records comes to built-in ones."""
UNREAD = 0.4
"""How often there is a whole turn although no file can be read."""
_OFTEN = """
read_file list_files search_files write_file calculator remember recall forget
query_table aggregate_table query_database
"""
OFTEN = {*_OFTEN.split()}
"""What most of the whole turns in a folder are made of."""
POINTED_OUT = 0.85
"""How often the part of a result that has the request's words is pointed out, where the program would do so."""
OF_TRADES = 0.22
"""How often a list has the tools of one trade, with what was written about them."""
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
        self._records = Records(rng, held_out=develop)
        catalogue = self._records.join(catalogue)
        self._all = catalogue
        self.rng = rng
        self._written = written.WrittenTurns(builtin, rng, none=develop)
        self._trades = Trades(rng, held_out, none=develop)
        self.offers = Offers(catalogue, builtin, rng, self._written, develop=develop)
        self._builtin = builtin
        self._held_out = held_out
        self.pointed_out = POINTED_OUT
        self._notes = notes
        self._scenarios = Scenarios(builtin, rng, held_out=develop)
        self._outcomes = Outcomes(builtin, rng)
        sums = Sums(rng, develop=develop)
        self._kinds: Mapping[str, tuple[float, Callable[[Branch, dict[str, Dressed]], bool]]] = {
            "call": (0.5, self.call),
            "own": (1.4, self._own),
            "trace": (0.13, self._trace),
            "missing": (0.17, lambda *made: asking_back.missing(self, *made)),
            "absent": (0.25, self.absent),
            "talk": (0.08, self._talk),
            "refusal": (0.04, self._refusal),
            "repair": (0.03, lambda *made: slips.repair(self, *made)),
            "denied": (0.03, lambda *made: slips.denied(self, *made)),
            "doubted": (0.12, lambda *made: slips.doubted(self, *made)),
            "workspace": (2.8, self._workspace),
            "written": (7.5, lambda *made: written.conversation(self, self._written, *made)),
            "sums": (0.55, lambda *made: sums_talk.conversation(self, sums, *made)),
            "records": (1.2, lambda *made: converse(self, self._records, *made)),
        }

    # -- groups ---------------------------------------------------------------------------------------------------

    def group(self) -> Group:
        """One tool list with the conversations that go on from it."""
        if self._trades.all and self.rng.random() < OF_TRADES:
            return self._trades.group(self)
        drawn = self.offers.draw()
        alone = all(tool.entry.domain == "builtin" for tool in drawn) and self.rng.random() < ALONE
        tools = drawn if drawn and alone else self._records.beside(drawn)
        registry = Registry([tool.offered for tool in tools])
        by_name = {tool.entry.name: tool for tool in tools}
        branches = [made for _ in range(self.rng.randint(6, 10)) if (made := self._branch(by_name)) is not None]
        more = [*contrasts(self, by_name), *asking_back.pair(self, by_name)]
        branches += [made for made in more if not self._barred(made)]
        return Group(Message("system", system_text(registry, "brief")), registry, tuple(branches))

    def _branch(self, tools: dict[str, Dressed]) -> Branch | None:
        rng = self.rng
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

    def ask(
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
        rough = roughen(template, self.rng, literals(kept or {}), request=request, closed=long)
        known = self._notes and self.rng.random() < 0.04
        notes = self.rng.sample(self._notes, self.rng.randint(1, 2)) if known else []
        self.said(branch, fill(rough, scene, self.rng, said=True), notes)

    def said(self, branch: Branch, request: str, known: Sequence[str] = ()) -> None:
        """The person's message, under what was recalled."""
        branch.say("user", recalled_text(known) + request)
        branch.request = request

    def do(self, branch: Branch, tool: Dressed, arguments: dict[str, Any], *, first: str = "", learn: int = -1) -> None:
        """A call; its thought says what `first` says, and which tool fits."""
        branch.call(f"{first} {tool.fits}".lstrip(), tool.name, arguments, learn=learn)

    def answer(self, branch: Branch, thought: str, answer: str, *, is_open: bool = False) -> None:
        """An answer; of an open one, which is one of many, the words are seldom learnt."""
        branch.answer(thought, answer, only_head=is_open and self.rng.random() >= OPEN_ANSWERS)

    def observe(self, branch: Branch, text: str) -> None:
        """A call's result, mostly with the part of it that the program points out."""
        part = pointed(branch.request, text) if self.rng.random() < self.pointed_out else ""
        branch.say("tool", OBSERVATION + text + part)

    # -- situations -----------------------------------------------------------------------------------------------

    def call(self, branch: Branch, tools: dict[str, Dressed], among: Sequence[str] = ()) -> bool:
        """A request for one of the tools with all that it needs, and perhaps what comes after the call."""
        if not tools:
            return False
        rng = self.rng
        tool = tools[rng.choice(list(among or tools))]
        optional = {parameter.name for parameter in tool.entry.parameters if parameter.optional}
        asks = self.offers.asks(tool, tools)
        richness = [1 + 0.7 * len(optional & {*slots_of(ask.say), *(ask.arguments or ())}) for ask in asks]
        ask = rng.choices(asks, richness)[0]
        scene, arguments = self.request(tool, ask)
        if tool.entry.domain == "builtin" and not is_clear(tool.entry.name, arguments, tools):
            return False
        self.ask(branch, ask.say, scene, kept=ask.arguments)
        if (
            tool.entry.domain == "builtin"
            and (rng.random() < PLAYED or tool.entry.name in ALWAYS)
            and self._play(branch, tools, tool, scene, arguments)
        ):
            return True
        self.do(branch, tool, arguments)
        lacks = any("{result}" in text and "result" not in scene for text in tool.entry.results)
        if rng.random() < 0.5 or not tool.entry.results or (lacks and tool.entry.name not in CALLED):
            return True
        errors = tool.speaking_of(tool.entry.errors, arguments)
        if errors and rng.random() < 0.12:
            furnish(scene, tool.entry.invented, rng)
            self._fail(branch, fill(rng.choice(errors), scene, rng))
            return True
        self.finish(branch, tool, scene, arguments)
        if tool.entry.follow_ups and ask.arguments is None and rng.random() < 0.55:
            return self._follow_up(branch, tool, scene, set(slots_of(ask.say)))
        if rng.random() < 0.04:
            branch.say("user", rng.choice(AGAIN))
            last = branch.messages[-2].content.partition(ANSWER)[2]
            self.answer(branch, "The answer is above.", last)
        return True

    def request(self, tool: Dressed, ask: Ask) -> tuple[Scene, dict[str, Any]]:
        """The scene of one ask, and the arguments it calls for."""
        scene: Scene = {}
        furnish(scene, ask.slots, self.rng)
        furnish(scene, tool.entry.kinds, self.rng)
        in_order(scene, tool.entry.kinds)
        if ask.arguments is None:
            mentioned = set(slots_of(ask.say))
            arguments = tool.arguments({name: scene[name].argument for name in tool.entry.kinds if name in mentioned})
        else:
            arguments = tool.call(dict(ask.arguments), scene, self.rng)
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

    def _play(
        self, branch: Branch, tools: dict[str, Dressed], tool: Dressed, scene: Scene, arguments: dict[str, Any]
    ) -> bool:
        """The call on files that are made up for it, with all that follows."""
        made = act(PLAYS, self._builtin, self.rng, tools, tool.entry.name, arguments, scene)
        if made is None:
            return False
        for step in made.steps:
            self.do(branch, tools[step.tool], step.arguments, first=step.first)
            self.observe(branch, step.observation)
        self.answer(branch, made.thought, made.answer)
        return True

    def _own(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        """A request for a built-in tool, more often for one that whole turns in a folder seldom need."""
        built_in = [name for name, tool in tools.items() if tool.entry.domain == "builtin"]
        own = [name for name in built_in for _ in range(1 if name in OFTEN else 3)]
        return bool(own) and self.call(branch, tools, own)

    def finish(self, branch: Branch, tool: Dressed, scene: Scene, arguments: dict[str, Any]) -> None:
        rng = self.rng
        outcome = self._outcomes.of(tool.entry.name, arguments) if tool.entry.domain == "builtin" else None
        if outcome is not None and outcome.failed:
            self._fail(branch, outcome.text)
            return
        if outcome is not None:
            self.observe(branch, outcome.text)
            scene.update({name: Value(said, said) for name, said in outcome.said.items()})
            self.answer(branch, HAS_RESULT, fill(rng.choice(tool.entry.answers), scene, rng))
            return
        furnish(scene, tool.entry.invented, rng)
        tool.place(scene, arguments)
        self.observe(branch, fill(rng.choice(tool.entry.results), scene, rng))
        self.answer(branch, HAS_RESULT, fill(rng.choice(tool.entry.answers), scene, rng))

    def _fail(self, branch: Branch, error: str) -> None:
        self.observe(branch, error)
        said = error.removeprefix("Error: ")
        self.answer(branch, FAILED, DID_NOT_WORK.replace("{error}", said))

    def _follow_up(self, branch: Branch, tool: Dressed, scene: Scene, mentioned: set[str]) -> bool:
        rng = self.rng
        text = rng.choice(tool.entry.follow_ups)
        kinds = {name: kind for name, kind in tool.entry.kinds.items() if name in slots_of(text)}
        new = {name: scene[name] for name in tool.entry.kinds}
        if not kinds or (not renew(new, kinds, rng) and kinds.keys() <= mentioned):
            return True
        self.ask(branch, text, new)
        given = {name: new[name].argument for name in tool.entry.kinds if name in mentioned | kinds.keys()}
        arguments = tool.arguments(given)
        self.do(branch, tool, arguments)
        if rng.random() < 0.3:
            self.finish(branch, tool, new, arguments)
        return True

    def _trace(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        rng = self.rng
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
        self.ask(branch, rng.choice(trace.asks), scene, kept=kept)
        for step in trace.steps:
            tool = tools[step.tool]
            arguments = tool.call(dict(step.arguments), scene, rng)
            observed = fill(step.result, scene, rng)
            slip = tool.entry.name == "calculator" and not observed[-1:].isdigit()  # the call itself was wrong
            self.do(branch, tool, arguments, first=fill(step.thought, scene, rng), learn=0 if slip else -1)
            self.observe(branch, observed)
        thought = fill(trace.thought, scene, rng) or HAS_RESULT
        self.answer(branch, thought, fill(rng.choice(trace.answers), scene, rng))
        return True

    def _workspace(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        """A whole turn in a folder with files."""
        offered = {name for name, tool in tools.items() if tool.entry.domain == "builtin"}
        made = self._scenarios.draw(offered) if "read_file" in offered or self.rng.random() < UNREAD else None
        if made is None:
            return False
        self.ask(branch, made.ask, made.scene)
        for step in made.steps:
            if step.guess:
                slips.guessed(self, branch, step)
            self.do(branch, tools[step.tool], step.arguments, first=step.first, learn=-1 if step.learn else 0)
            self.observe(branch, step.observation)
        self.answer(branch, made.thought, made.answer)
        return True

    def absent(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        """A request for a tool that is not offered."""
        rng = self.rng
        drawn = self.offers.absent(tools)
        if drawn is None:
            return False
        entry, ask = drawn
        scene: Scene = {}
        furnish(scene, ask.slots, rng)
        furnish(scene, entry.kinds, rng)
        in_order(scene, entry.kinds)
        self.ask(branch, ask.say, scene, kept=ask.arguments)
        self.answer(branch, NO_TOOL_FITS, CANNOT)
        return True

    def _talk(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        return self._chat(branch, tools, [talk for talk in self._all.talks if talk.kind != "refusals"], NO_TOOL_NEEDED)

    def _refusal(self, branch: Branch, tools: dict[str, Dressed]) -> bool:
        refused = [talk for talk in self._all.talks if talk.kind == "refusals"]
        return self._chat(branch, tools, refused, NO_TOOL_FITS)

    def _chat(self, branch: Branch, tools: dict[str, Dressed], talks: list[Talk], thought: str) -> bool:
        offered = {tool.entry.domain for tool in tools.values()} | set(tools) | covered(tools)
        talks = [talk for talk in talks if not talk.unless & offered]
        if not talks:
            return False
        rng = self.rng
        talk = rng.choice(talks)
        scene: Scene = {}
        furnish(scene, talk.slots, rng)
        self.ask(branch, rng.choice(talk.asks), scene, request=thought == NO_TOOL_FITS)
        self.answer(branch, thought, fill(rng.choice(talk.answers), scene, rng), is_open=True)
        return True
