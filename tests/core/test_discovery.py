"""Which of many tools are offered."""

from __future__ import annotations

from typing import Any

import pytest

from rookery_core.config import AgentSettings, Config
from rookery_core.equipment import built_in
from rookery_core.errors import ConfigError
from rookery_core.model.base import ModelInfo, PromptTier, Sampling
from rookery_core.offer import SMALL_WINDOW, Offer
from rookery_core.tools.contract import Example, Tool
from rookery_core.tools.discovery import BASIC, FITS, Discovery
from rookery_core.tools.loader import OWN_DISTRIBUTION
from rookery_core.tools.registry import OfferedTool, Registry, register
from rookery_core.tools.typed import is_command

TOOLS = {
    "get_forecast": "Tells what the weather will be like in a city.",
    "send_mail": "Sends an e-mail to a person.",
    "open_ticket": "Opens a support ticket for a customer.",
    "resize_image": "Changes the size of a picture.",
    "train_times": "Departures from a railway station.",
    "convert_currency": "Converts money between currencies.",
    "play_song": "Plays a piece of music.",
    "translate_text": "Puts a text into another language.",
}


def registry() -> Registry:
    def make(name: str, description: str) -> OfferedTool:
        schema = {"type": "object", "properties": {"what": {"type": "string", "description": "what it is for"}}}
        return OfferedTool(Tool(name, description, schema, run=str), name.split("_")[0], "kit", name)

    return Registry([make(name, description) for name, description in TOOLS.items()])


@pytest.mark.parametrize(
    ("request_", "best"),
    [
        ("will the weather in Oslo be fine?", "get_forecast"),
        ("mail Anna that I am late", "send_mail"),
        ("I need this picture in another size", "resize_image"),
        ("when do trains leave from Central station", "train_times"),
        ("converting 20 euros to other currencies", "convert_currency"),
        ("could you translate this text", "translate_text"),
    ],
)
def test_the_tool_whose_words_fit_comes_first(request_: str, best: str) -> None:
    assert Discovery(registry()).ranked(request_)[0][0].name == best


def test_a_request_that_says_nothing_leaves_the_order_as_it_is() -> None:
    for nothing in ("", "\U00012000\U00012001"):
        assert Discovery(registry()).ranked(nothing) == [(tool, 0.0) for tool in registry()]
    assert all(score < FITS for _, score in Discovery(registry()).ranked("thanks!"))
    assert Discovery(Registry(())).ranked("anything") == []


@pytest.mark.parametrize(
    ("request_", "best"),
    [
        ("do I need an umbrella tomorrow in Bergen?", "get_forecast"),
        ("write to Anna that I'll be late", "send_mail"),
        ("the photo is far too large for the page", "resize_image"),
        ("how much is that in yen", "convert_currency"),
        ("put on some jazz", "play_song"),
        ("how do you say good morning in Finnish", "translate_text"),
    ],
)
def test_a_tool_is_found_by_what_is_meant_without_any_of_its_words(request_: str, best: str) -> None:
    assert best in [tool.name for tool, _ in Discovery(registry()).ranked(request_)[:2]]


def test_phrases_and_examples_find_a_tool_that_says_nothing_of_itself() -> None:
    def make(name: str, **more: Any) -> OfferedTool:
        return OfferedTool(Tool(name, "Does it.", {"type": "object"}, run=str, **more), "kit", "kit", name)

    example = Example("dim the lamp in the hall", {}, "done", "It is dimmed.")
    tools = [make("ka", phrases=("brew a coffee",)), make("kb", examples=(example,)), make("kc"), make("kd")]
    discovery = Discovery(Registry(tools))
    assert discovery.ranked("an espresso please")[0][0].name == "ka"
    assert discovery.ranked("less light in the corridor")[0][0].name == "kb"


@pytest.mark.parametrize("path", ["notes/2024/x1.csv", "Zanzibar.txt", "./run.sh", "src/main"])
def test_a_path_in_the_request_is_a_file_whatever_it_is_called(path: str) -> None:
    files = Tool("open_text", "Shows a text file.", {"type": "object"}, run=str)
    tools = [*registry(), OfferedTool(files, "kit", "kit", "open_text")]
    assert Discovery(Registry(tools)).ranked(f"who is the third in {path}?")[0][0].name == "open_text"


def test_few_tools_are_all_offered() -> None:
    assert Discovery(registry()).select("mail", len(TOOLS)).names == registry().names
    assert Discovery(registry()).select("mail", 0).names == registry().names


def test_of_many_tools_those_that_fit_and_the_pinned_are_offered() -> None:
    chosen = Discovery(registry()).select("mail Anna", 3, pinned=("play_song", "train_times"))
    assert set(chosen.names) == {"send_mail", "play_song", "train_times"}


def test_what_much_else_needs_on_its_way_is_offered_though_nothing_says_so() -> None:
    def basic(distribution: str) -> OfferedTool:
        tool = Tool("read_file", "Reads a text file.", {"type": "object", "properties": {}}, run=str)
        return OfferedTool(tool, "files", distribution, "read_file")

    request = "do I need an umbrella tomorrow in Bergen?"
    assert Discovery(Registry([*registry(), basic(OWN_DISTRIBUTION)])).select(request, 4).names[-1] == "read_file"
    assert "read_file" not in Discovery(Registry([*registry(), basic("other")])).select(request, 4).names


def test_the_basic_tools_are_there() -> None:
    assert set(BASIC) <= {*register(built_in(Config()).plugins)[0].names}


def test_the_tools_of_the_turn_before_stay_while_they_serve() -> None:
    discovery = Discovery(registry())
    first = discovery.select("mail Anna", 5)
    assert discovery.select("thanks!", 5, before=first.names).names == first.names
    assert discovery.select("mail Ben as well", 5, before=first.names).names == first.names
    other = discovery.select("resize the picture of the train", 5, before=first.names)
    assert {"resize_image", "train_times"} <= set(other.names)
    gone = discovery.select("mail Anna", 5, before=("send_mail", "a_tool_that_was_uninstalled"))
    assert "send_mail" in gone.names
    assert len(gone) == 5


def test_a_tool_that_the_request_names_is_offered_however_much_else_it_says() -> None:
    discovery = Discovery(registry())
    much = "the weather in a city, a picture and its size, trains from a railway station, money and currencies: "
    for named in ("open_ticket", "OPEN_TICKET", "`open.open_ticket`"):
        assert "open_ticket" in discovery.select(f"{much}{named} please", 3).names
    assert "send_mail" not in discovery.select(f"{much}resend_mails", 3).names
    before = discovery.select("weather, picture, train", 3).names
    assert "open_ticket" in discovery.select("weather, picture and train with open_ticket", 3, before=before).names


@pytest.mark.parametrize(
    "request_",
    ["wc -l costs.txt", "ls", "$ frobnicate now", "make test", "./build.sh", "please run `df -h`", "sort a.txt | uniq",
     "frob --all", "du a b", "python3 tools/x.py --fast a b c", "ok, sort a.txt | head -n 1 please",
     "Can I have a git diff --stat?", "> ./gradlew build"],
)  # fmt: skip
def test_a_command_is_offered_what_takes_commands(request_: str) -> None:
    assert is_command(request_)
    schema = {"type": "object", "properties": {"line": {"type": "string"}}}
    run = Tool("run", "Starts something.", schema, run=str, command="line")
    made = [OfferedTool(run, "zzz", "kit", "run"), *registry()]
    chosen = Discovery(Registry(made)).select(request_, 4)
    assert "run" in chosen.names


@pytest.mark.parametrize(
    "request_",
    ["make me a list of names", "what does notes.txt say?", "find out who wrote the letter", "it is -5 degrees", "", "`", "Ls"],
)  # fmt: skip
def test_what_is_no_command_is_not_taken_for_one(request_: str) -> None:
    assert not is_command(request_)


def test_pinned_tools_come_with_a_session_that_had_others_before() -> None:
    discovery = Discovery(registry())
    before = discovery.select("mail Anna", 3).names
    assert "translate_text" not in before
    assert "translate_text" in discovery.select("thanks!", 3, before=before, pinned=["translate_text"]).names
    assert len(discovery.select("thanks!", 5, before=before)) == 5
    assert discovery.select("thanks!", 1, pinned=["play_song", "send_mail"]).names == ("play_song", "send_mail")


def test_a_new_list_keeps_what_was_called_and_then_what_was_offered() -> None:
    discovery = Discovery(registry())
    before = ("play_song", "train_times", "translate_text")
    changed = discovery.select("mail Anna the same", 3, before=before, used=["translate_text", "gone", "send_mail"])
    assert changed.names == ("play_song", "send_mail", "translate_text")


@pytest.mark.parametrize(
    ("said", "written"),
    [
        ("welche Größe?", "Größe"),
        ("погоду", "погоду"),
        ("cities", "city"),
        ("queries", "query"),
        ("planning", "plan"),
        ("addresses", "address"),
        ("respond", "getHTTPResponder"),
    ],
)
def test_words_fit_in_their_other_forms_and_in_any_language(said: str, written: str) -> None:
    tools = [Tool(f"t{n}", text, {"type": "object"}, run=str) for n, text in enumerate(("x", "Gr. ß", written, "z"))]
    found = Discovery(Registry(OfferedTool(tool, "kit", "kit", tool.name) for tool in tools)).ranked(said)
    assert found[0][0].name == "t2"
    assert found[0][1] > found[1][1]


def info(n_ctx: int = 8192, prompt: PromptTier = "full", *, native: bool = False) -> ModelInfo:
    return ModelInfo("m", "", n_ctx, n_ctx, "t", 0.0, prompt=prompt, native=native)


def test_a_voice_offers_and_allows_the_same_tools() -> None:
    offer = Offer(registry(), AgentSettings(offer=2), Sampling())
    voice = offer.voice("mail Anna")
    assert len(voice.tools) == 2
    for name in TOOLS:
        assert (f"- {name}(" in voice.address(info()).head[0].content) == (name in voice.tools)
        assert (f"Action: {name}" in voice.address(info()).act("")) == (name in voice.tools)
    assert offer.voice("mail Anna") is voice


def test_how_much_the_model_is_told_is_by_its_making_its_window_or_the_setting() -> None:
    def text(setting: str, told: ModelInfo) -> str:
        settings = AgentSettings.model_validate({"prompt": setting})
        return Offer(registry(), settings, Sampling()).voice("x").address(told).head[0].content

    full, brief = text("full", info()), text("brief", info())
    assert len(brief) < len(full)
    assert text("auto", info()) == full
    assert text("auto", info(prompt="brief")) == brief
    assert text("auto", info(n_ctx=SMALL_WINDOW)) == brief


@pytest.mark.parametrize(
    ("form", "n_ctx", "labels", "own"),
    [
        ("auto", 8192, False, True),
        ("auto", 8192, True, False),
        ("auto", 2048, False, False),
        ("native", 2048, True, True),
        ("labelled", 8192, False, False),
    ],
)
def test_a_models_own_form_is_used_where_there_is_room_and_labels_are_not_better(
    form: str, n_ctx: int, labels: bool, own: bool
) -> None:
    settings = AgentSettings.model_validate({"form": form})
    offer = Offer(registry(), settings, Sampling(), lambda _: labels)
    assert offer.voice("x").address(info(n_ctx, native=True)).native is own
    assert not offer.voice("x").address(info(n_ctx)).native, "it has none"


def test_only_a_model_that_is_told_little_asks_more_or_less_readily() -> None:
    voice = Offer(registry(), AgentSettings(ask_bias=-2.5), Sampling()).voice("x")
    assert voice.address(info(prompt="brief")).logit_bias == ((" But", -2.5),)
    assert not voice.address(info()).logit_bias
    assert not voice.address(info(native=True)).logit_bias


def test_without_tools_a_model_in_its_own_form_is_told_of_none() -> None:
    offer = Offer(Registry(()), AgentSettings(form="native"), Sampling())
    (system,) = offer.voice("x").address(info(native=True)).head
    assert system.content == (
        "You are Rookery, a helpful assistant in a terminal. "
        "There are no tools; answer from what you know, and say so when you do not."
    )
    assert system.tools == ""


def test_a_pinned_tool_that_there_is_not_is_named() -> None:
    with pytest.raises(ConfigError, match=r"agent\.pinned: .*send_male; did you mean send_mail"):
        Offer(registry(), AgentSettings(pinned=("send_male",)), Sampling())


def test_a_pinned_tool_that_this_start_leaves_out_is_no_mistake() -> None:
    some = registry().only(["send_mail", "get_forecast", "play_song"])
    settings = AgentSettings(offer=1, pinned=("train", "play"))
    assert Offer(some, settings, Sampling(), installed=registry()).voice("mail Anna").tools == ("play_song",)


def test_a_pinned_tool_does_not_pin_the_plugin_of_its_name() -> None:
    tools = [Tool(name, name, {"type": "object"}, run=str) for name in ("math", "add", "divide", "mail")]
    plugins = ("sums", "math", "math", "mail")
    both = Registry(OfferedTool(tool, plugin, "kit", tool.name) for tool, plugin in zip(tools, plugins, strict=True))
    assert Offer(both, AgentSettings(offer=2, pinned=("math",)), Sampling()).voice("mail").tools == ("mail", "math")
