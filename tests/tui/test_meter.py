"""The status line: what it says, and what stays of it where there is little room."""

from __future__ import annotations

from dataclasses import replace

import pytest
from textual.app import App, ComposeResult
from textual.widgets import Static

from rookery_core.approval.taint import Label, Source
from rookery_core.events import Mode, ModelLost, PromptBuilt, SandboxFound, ToolFinished, ToolStatus
from rookery_tui.meter import Meter
from rookery_tui.widgets.status import StatusLine
from rookery_tui.width import columns
from tests.tui.app_kit import until
from tests.tui.test_presenter import generated, ready

FULL = (
    "smollm2 · ask · sandbox L3 · offline · not trusted · 612/2048 tokens (29 %) · 25 tok/s, first 0.2 s, 98 % reused"
)
FULL_METER = Meter("smollm2", 612, 2048, 25.0, 0.21, 0.98, Mode.ASK, ("offline", "not trusted"), "L3")


def told(meter: Meter, width: int | None = None) -> str:
    return "".join(part.before + part.text for part in meter.parts(width))


def test_the_meter_says_whose_words_are_not_trusted_however_little_room_there_is() -> None:
    meter = Meter("smol")
    for kind in ("web", "server", "web"):
        label = Label(private=True, untrusted=(Source(kind=kind, name="x"),))
        meter = meter.after(ToolFinished(call_id="1", tool="t", status=ToolStatus.OK, output="", label=label))
    assert told(meter) == "smol · ask · untrusted: server, web"
    assert told(meter, 20) == "ask · untrusted"


def test_the_meter_follows_the_events() -> None:
    meter = Meter()
    assert told(meter) == "no model · ask"
    for event in (ready(), PromptBuilt(n_tokens=512, n_ctx=2048)):
        meter = meter.after(event)
    assert told(meter) == "smol · ask · 512/2048 tokens (25 %) · 0 tok/s"
    meter = meter.after(
        generated("x", prompt_tokens=512, cached_tokens=500, completion_tokens=100, decode_s=4.0, first_token_s=0.21)
    )
    assert told(meter) == "smol · ask · 612/2048 tokens (29 %) · 25 tok/s, first 0.2 s, 98 % reused"
    meter = meter.after(ModelLost(model="smol", reason="x", log="")).after(ModelLost(model="smol", reason="x", log=""))
    assert meter.model == "smol (lost)"


def test_an_interrupted_step_does_not_empty_the_meter() -> None:
    meter = Meter("smol", 500, 1000, 20.0).after(generated("x", "interrupted", completion_tokens=7))
    assert (meter.n_tokens, meter.tokens_per_second) == (507, 20.0)


@pytest.mark.parametrize(("level", "said"), [("L3", "sandbox L3"), ("L2", "sandbox L2"), ("L1", "NO SANDBOX")])
def test_how_programs_are_confined_is_said_and_that_they_are_not_is_alarming(level: str, said: str) -> None:
    parts = Meter().after(SandboxFound(level=level, root=True)).parts()
    assert [(part.text, part.alarming) for part in parts[2:]] == [(said, level == "L1"), ("root", False)]


def test_what_there_is_no_room_for_is_left_out_in_this_order() -> None:
    shown = list(dict.fromkeys(told(FULL_METER, width) for width in range(160, -1, -1)))
    assert shown == [
        FULL,
        "smollm2 · ask · sandbox L3 · offline · not trusted · 612/2048 tokens (29 %) · 25 tok/s, first 0.2 s",
        "smollm2 · ask · sandbox L3 · offline · not trusted · 612/2048 tokens (29 %) · 25 tok/s",
        "smollm2 · ask · sandbox L3 · offline · not trusted · 29 % · 25 tok/s",
        "smollm2 · ask · sandbox L3 · offline · not trusted · 29 %",
        "smollm2 · ask · sandbox L3 · offline · not trusted",
        "ask · sandbox L3 · offline · not trusted",
        "ask · L3 · offline · not trusted",
        "L3 · offline · not trusted",
        "L3",
    ]


@pytest.mark.parametrize("meter", [FULL_METER, replace(FULL_METER, model="名" * 20, sandbox="L1", root=True), Meter()])
def test_no_more_is_left_out_than_must_be(meter: Meter) -> None:
    every = list(dict.fromkeys(told(meter, width) for width in range(160, -1, -1)))
    for width in range(161):
        fitting = [text for text in every if columns(text) <= width]
        assert told(meter, width) == (fitting or every[-1:])[0]


class Shows(App[None]):
    CSS_PATH = "../../tui/rookery_tui/rookery.tcss"

    def compose(self) -> ComposeResult:
        yield StatusLine()


@pytest.mark.parametrize("level", ["L3", "L1"])
async def test_at_any_width_the_line_is_whole_words_and_what_matters_is_there(level: str) -> None:
    app = Shows()
    async with app.run_test(size=(160, 3)) as pilot:
        line = app.query_one(StatusLine)
        line.surround(("offline", "not trusted"))
        for event in (ready("smollm2"), SandboxFound(level=level, root=False)):
            line.show(event)
        line.show(PromptBuilt(n_tokens=512, n_ctx=2048))
        line.say("waiting for your answer to the question about a call")
        words = {"no", "model", "smollm2", "ask", "sandbox", "L3", "NO", "SANDBOX", "offline", "not", "trusted",
                 "512/2048", "tokens", "(25", "25", "%)", "%", "0", "tok/s"}  # fmt: skip
        sandbox = "L3" if level == "L3" else "NO SANDBOX"

        def drawn() -> str:
            return "".join(segment.text for segment in line.query_one("#meter", Static).render_line(0)).strip()

        for width in range(40, 161, 5):
            must = [*([] if level == "L1" and width < 44 else ["ask"]), sandbox, "offline", "not trusted"]
            await pilot.resize_terminal(width, 3)
            await until(pilot, lambda: line.size.width == width - 4)  # noqa: B023 - it is called at once
            await until(pilot, lambda: all(each in drawn() for each in must))  # noqa: B023
            assert {*drawn().replace(" · ", " ").split()} <= words, (width, drawn())
            assert line.query_one("#activity").region.right <= line.region.right - 2
        alarm = line.get_visual_style("status--alarm").rich_style
        styles = {segment.text: segment.style for segment in line.query_one("#meter", Static).render_line(0)}
        assert (
            any(style and style.color == alarm.color and "NO SANDBOX" in text for text, style in styles.items())
        ) is (level == "L1")
