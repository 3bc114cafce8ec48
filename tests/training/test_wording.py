"""What is added around a request, and what other tools could do, leave no doubt about the right step."""

from __future__ import annotations

import random
import re
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_core.reasoning.gist import FITS
from rookery_training.builtin import built_in_tools
from rookery_training.catalogue import Scene, furnish, load
from rookery_training.dressing import Dressed, dress
from rookery_training.offers import COMMAND, Offers
from rookery_training.rivals import NEAR, ON_THE_WEB, apart, could_do
from rookery_training.values import draw_other, in_order, renew
from rookery_training.wording import literals, roughen

CATALOGUE = load()
TOOLS = {tool.name: tool for tool in CATALOGUE.tools}


def offers(seed: int) -> Offers:
    builtin = built_in_tools()
    return Offers(CATALOGUE, builtin, random.Random(seed))


def dressed(name: str, seed: int = 1) -> Dressed:
    return dress(TOOLS[name], random.Random(seed))


def test_typing_slips_leave_slots_and_words_of_the_arguments_alone() -> None:
    kept = literals({"command": "echo $PATH", "path": "{p}.txt", "days": ["mon", 3]})
    assert kept == {"echo", "$PATH", ".txt", "mon"}
    rng = random.Random(2)
    for _ in range(3000):
        text = roughen("run echo $PATH and read {p}.txt on mon", rng, kept)
        for same in ("echo", "$PATH", "{p}.txt", " mon"):
            assert same in text


def test_what_is_added_reads_like_one_message() -> None:
    rng = random.Random(3)
    ask, said, text = set(), set(), set()
    for _ in range(4000):
        ask.add(roughen("the baby sleeps, how late is it?", rng))
        said.add(roughen("I lost my dog yesterday", rng, request=False))
        text.add(roughen("send {message}", rng, closed=True))
    assert not any(re.search(r"(?i)please the|sorry to bother you, but the|[!?][.?!]$", line) for line in ask)
    assert any(line.startswith("Yo, ") for line in ask)
    assert not any(re.search(r"(?i)quick one|please|for me|asap|cheers", line) for line in said)
    assert all(line.endswith("{message}") for line in text)


def test_the_thought_is_more_than_the_begin_of_a_list_of_things() -> None:
    made = {
        d.offered.tool.description: d.fits.removeprefix(FITS) for d in (dressed("now_playing", n) for n in range(40))
    }
    assert made["Returns title, artist and volume of the running player."].startswith(
        "Returns title, artist and volume"
    )
    for tool in CATALOGUE.tools:
        if tool.domain != "builtin":
            for seed in range(4):
                made_so = dress(tool, random.Random(seed))
                fits = made_so.fits
                if fits.removeprefix(FITS) in f"{made_so.offered.tool.description}.":
                    continue  # it is all that there is
                assert not re.search(r"\s(the|of|and|or|to|that|which|it)\.$", fits), fits


def test_what_is_missing_is_asked_for_in_a_sentence() -> None:
    asked = {dressed("kin_put", seed).question("born") for seed in range(60)}
    assert "I need the day of birth for that. Can you tell me?" in asked
    assert not any(question and "the born" in question for question in asked)
    made = [dressed("start_timer", seed) for seed in range(30)]
    assert {tool.question("length") for tool in made if tool.about("length")} == {
        "I need to know how long. Can you tell me?"
    }


def test_what_came_back_fits_the_arguments() -> None:
    search = offers(1)
    tools = {tool.entry.name: tool for tool in search.builtin}
    scene: Scene = {}
    furnish(scene, tools["search_files"].entry.invented, random.Random(1))
    tools["search_files"].place(scene, {"text": "a", "folder": "logs/"})
    assert re.fullmatch(r"logs/[^/]+", scene["f"].said)
    furnish(scene, tools["write_file"].entry.invented, random.Random(1))
    tools["write_file"].place(scene, {"path": "a", "content": "é!"})
    assert scene["bytes"].argument == 3
    errors = tools["clock"].entry.errors
    assert tools["clock"].speaking_of(errors, {"zone": "Oslo"}) == list(errors)
    assert tools["clock"].speaking_of(errors, {}) == []


def test_follow_ups_bring_something_new_and_dates_are_in_order() -> None:
    rng = random.Random(4)
    kind = {"adult": ["an adult"], "child": ["a child"]}
    for _ in range(50):
        scene: Scene = {}
        kinds = {"guest": kind, "start": "date", "end": "date"}
        furnish(scene, kinds, rng)
        in_order(scene, kinds)
        assert scene["start"].argument <= scene["end"].argument
        before = scene["guest"].argument
        assert renew(scene, {"guest": kind}, rng)
        assert scene["guest"].argument != before
    assert not renew(scene, {"guest": {str(scene["guest"].argument): ["the same"]}}, rng)


def test_no_offered_tool_could_do_what_is_said_to_be_impossible() -> None:
    assert {name for near in NEAR for name in near} <= set(TOOLS)
    assert set(ON_THE_WEB) <= {tool.domain for tool in CATALOGUE.tools}
    assert could_do({"web_search"}, TOOLS["top_headlines"], "what's new?")
    assert could_do({"remember"}, TOOLS["log_walk"], "note that Bruno walked for an hour")
    assert not could_do({"remember"}, TOOLS["set_light"], "lamp off")
    assert could_do({"recall"}, TOOLS["find_contact"], "Anna's number?")
    assert could_do((), TOOLS["run_scene"], "{scene}")
    assert not could_do((), TOOLS["run_scene"], "start the scene for {scene}")
    assert not apart({"soil_moisture"}, "field_moisture")
    made = offers(5)
    drawn = 0
    for _ in range(400):
        tools = {tool.entry.name: tool for tool in made.draw()}
        assert all(apart(tools, name) for name in tools)
        found = made.absent(tools)
        if found is not None:
            drawn += 1
            assert found[0].name not in tools
            assert not could_do(tools, found[0], found[1].say)
    assert drawn > 300


def test_a_command_is_no_request_for_a_file_tool_where_a_shell_is_offered() -> None:
    made = offers(6)
    tools = {tool.entry.name: tool for tool in made.builtin}
    reading = tools["read_file"]
    without = {name: tool for name, tool in tools.items() if name != "shell"}
    assert "cat {path}" in {ask.say for ask in made.asks(reading, without)}
    assert "cat {path}" not in {ask.say for ask in made.asks(reading, tools)}
    assert made.asks(tools["shell"], tools) == list(tools["shell"].entry.asks)
    assert not COMMAND.match("find the line about {w}")


def test_two_values_of_the_same_kind_are_not_the_same() -> None:
    rng = random.Random(8)
    kind = "pool: EUR | USD"
    for _ in range(40):
        scene: Scene = {}
        furnish(scene, {"source": kind, "target": kind}, rng)
        assert scene["source"].argument != scene["target"].argument
        assert draw_other("integer 3 3", [scene["source"]], rng).argument == 3
