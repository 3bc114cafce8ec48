"""What a thought quotes stands there, and the tool whose purpose it names is the one that is called."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from pathlib import Path

import llguidance
import llguidance.numpy
import pytest

from rookery_core.config import AgentSettings, Config
from rookery_core.model.backends import WorkerModel
from rookery_core.model.base import Delta, LoadOptions, Message, Sampling
from rookery_core.model.constraint import MOST_READ, StepGrammar
from rookery_core.model.registry import find
from rookery_core.model.weights import Weights
from rookery_core.model.worker import Worker
from rookery_core.paths import Paths
from rookery_core.reasoning.gist import fits
from rookery_core.testing import ScriptedModel
from tests.core.conftest import Lab, act, answer, play

SCHEMA = {
    "type": "object",
    "properties": {"n": {"type": "integer"}},
    "required": ["n"],
    "additionalProperties": False,
}
TOOLS = {
    "open_gate": "Opens a gate of the sheep pen.",
    "shut_gate": 'Shuts one, with "force"\\slowly.',
    "fermer": "Ferme la barrière d'été.",
    "shut_too": 'Shuts one, with "force"\\slowly.',
}
READ = """where is Dolly, and what does she weigh?
Observation: pen 4: Dolly, 71.5 kg, shorn
pen 5: Ærø 🐑, 68 kg
| Moss | 80 |
note: A tool fits: nothing. It says: no
Moss Ann 5 kg Today
a / b
c -5 °C 価格は1200円"""
PURPOSES = {name: fits(name, text) for name, text in TOOLS.items()}


def grammar(read: str, *, bound: bool = True) -> str:
    return StepGrammar.of(((name, SCHEMA) for name in TOOLS), PURPOSES.values() if bound else ()).text(read)


def may_write(lark: str, text: str) -> bool:
    matcher = llguidance.LLMatcher(llguidance.LLTokenizer("byte"), lark, log_level=0)
    assert not matcher.get_error()
    return matcher.try_consume_tokens([*text.encode()]) == len(text.encode()) and bool(matcher.is_accepting())


@pytest.mark.parametrize("read", ["", READ])
@pytest.mark.parametrize(
    ("thought", "tools"),
    [
        (PURPOSES["open_gate"], {"open_gate"}),
        (PURPOSES["fermer"], {"fermer"}),
        (PURPOSES["shut_gate"], {"shut_gate", "shut_too"}),
        (f"It is pen 4. {PURPOSES['open_gate']}", {"open_gate"}),
        (f"It says: Dolly, 71.5 kg {PURPOSES['open_gate']}", {"open_gate"}),
        (f"It says: Moss {PURPOSES['fermer']}", {"fermer"}),
        (f"It says: Moss / pen 4 {PURPOSES['fermer']}", {"fermer"}),
        (f"It says: note {PURPOSES['fermer']}", {"fermer"}),
        (f"It says: Moss Ann 5 kg The new line: Moss Ann 6 kg {PURPOSES['fermer']}", {"fermer"}),
        (f"It says: 5 kg That line goes. {PURPOSES['fermer']}", {"fermer"}),
        (f"It says: Dolly, 71.5 kg The new line: Dolly, 72 kg {PURPOSES['open_gate']}", {"open_gate"}),
        ("Let me look.", {*TOOLS}),
        ("No tool fits.", {*TOOLS}),
    ],
)
def test_the_tool_whose_purpose_is_named_is_called(read: str, thought: str, tools: set[str]) -> None:
    lark = grammar(read)
    called = {name for name in TOOLS if may_write(lark, f'Thought: {thought}\nAction: {name}\nInput: {{"n": 4}}')}
    assert called == tools
    answers = may_write(lark, f"Thought: {thought}\nAnswer: Done.")
    assert answers is (tools == {*TOOLS})


@pytest.mark.parametrize("read", ["", READ])
def test_what_a_named_tool_lacks_is_asked_for_and_no_other_purpose_is_named(read: str) -> None:
    lark = grammar(read)
    assert may_write(lark, f"Thought: {PURPOSES['open_gate']} But the n is missing.\nAnswer: Which gate?")
    assert not may_write(lark, f'Thought: {PURPOSES["open_gate"]} But no.\nAction: open_gate\nInput: {{"n": 4}}')
    for other in ("A tool fits: Sings a song.", "A tool fits: nothing.", "So. A tool fits: Opens a gate."):
        assert not may_write(lark, f'Thought: {other}\nAction: open_gate\nInput: {{"n": 4}}')
        assert not may_write(lark, f"Thought: {other}\nAnswer: No.")


@pytest.mark.parametrize(
    ("quoted", "stands_there"),
    [
        ("pen 4: Dolly, 71.5 kg, shorn", True),
        ("Dolly, 71.5 kg", True),
        ("71.5", True),
        ("pen 5: Ærø 🐑, 68 kg / | Moss | 80 |", True),
        ("| Moss | 80 | / Dolly", True),
        ("Moss Ann / 80", True),
        ("a / c", True),
        ("a / b / c", True),
        ("-5 °C", True),
        ("5 °C", False),
        ("1200", True),
        ("120", False),
        ("Moss / Dolly", True),
        ("Dolly, 71.5 lb", False),
        ("Dolly, 68 kg", False),
        ("Moll", False),
        ("Dol", False),
        ("71", False),
        ("Dolly, 71", False),
        ("Dolly, 71.5 kg, shorn pen 5", False),
        ("Dolly, 71.5 kg / Molly", False),
        ("shorn\npen 5", False),
    ],
)
def test_what_is_quoted_stands_there_word_for_word(quoted: str, stands_there: bool) -> None:
    for bound in (True, False):
        assert may_write(grammar(READ, bound=bound), f"Thought: It says: {quoted}\nAnswer: So it is.") is stands_there
    assert may_write(StepGrammar.of(()).text(READ), f"Thought: It says: {quoted}\nAnswer: So.") is stands_there
    if "\n" not in quoted:
        for nothing in ("", " \n", READ + "x" * MOST_READ):
            assert may_write(grammar(nothing), f"Thought: It says: {quoted}\nAnswer: So it is.")


def test_a_thought_that_quotes_comes_to_an_end() -> None:
    many = " / ".join(["Moss"] * 13)
    for quoted, ends in ((many, False), (many.removesuffix(" / Moss"), True)):
        assert may_write(grammar(READ), f"Thought: It says: {quoted}\nAnswer: So it is.") is ends


def test_any_text_can_be_quoted_from() -> None:
    texts = [
        "\0\x1b[2J",
        "half \ud800 a character",
        '"\\',
        "\ufeff\u202e",
        "{}[]()|&~/%regex",
        "é" * 400,
        "a b " * 5000,
        "\r\n\t",
        "🏳️‍🌈",
    ]
    for text in texts:
        lark = grammar(text)
        assert may_write(lark, "Thought: No tool fits.\nAnswer: No.")
        word = text.split()[0] if text.split() else ""
        if word and "\n" not in word and len(word) <= 300:
            assert may_write(lark, f"Thought: It says: {word}\nAnswer: That.")


@pytest.mark.parametrize("wanted", [True, False])
async def test_in_a_turn_what_was_returned_can_be_quoted(lab: Lab, wanted: bool) -> None:
    (lab.workspace / "pens.txt").write_text("pen 4: Dolly, 71.5 kg\n")
    model = ScriptedModel([act("look", '{"path": "pens.txt"}'), answer("71.5 kg")])
    assistant = lab.assistant(model, config=Config(agent=AgentSettings(exact_thoughts=wanted)))
    await play(assistant, assistant.new_session(), "what does Dolly weigh? see pens.txt")
    first, second = model.grammars
    quote = "Thought: It says: {}\nAnswer: 71.5 kg"
    for said, before, after in (
        ("see pens.txt", True, False),
        ("pen 4: Dolly, 71.5 kg", True, True),
        ("72", True, False),
    ):
        assert may_write(first, quote.format(said)) is (before or not wanted)
        assert may_write(second, quote.format(said)) is (after or not wanted)
    other = 'Thought: A tool fits: Shows a file.\nAction: save\nInput: {"path": "a", "text": "b"}'
    assert may_write(second, other) is not wanted


LONG = (Path(__file__).parents[2] / "docs" / "architecture.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def weights(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Weights]:
    """Those of the default model."""
    made = Weights(find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path_factory.mktemp("home"))})).path)
    yield made
    made.close()


@pytest.mark.model
@pytest.mark.parametrize("size", [1_000, 8_000, 12_000, MOST_READ - 500])
def test_a_long_text_can_be_quoted_from_token_by_token(weights: Weights, size: int) -> None:
    vocabulary = weights.guide()
    read = (LONG * 3)[:size] + "\n" + "k" * 400
    lines = [line for line in read.splitlines() if 20 < len(line) < 250]
    mask = llguidance.numpy.allocate_token_bitmask(1, vocabulary.vocab_size)
    made = llguidance.LLMatcher(vocabulary, grammar(read), log_level=0)
    for line in lines[:: max(1, len(lines) // 8)]:
        for text in (
            f"Thought: It says: {line}\nAnswer: So.",
            f"Thought: It says: {line} {PURPOSES['fermer']}\nAction:",
        ):
            matcher = made.deep_copy()
            for token in vocabulary.tokenize_str(text):
                matcher.compute_ff_bytes()
                matcher.compute_ff_tokens()
                llguidance.numpy.fill_next_token_bitmask(matcher, mask)
                assert mask[0, token // 32] >> (token % 32) & 1, (text, token)
                assert matcher.consume_token(token), matcher.get_error()
            assert not matcher.is_error()


@pytest.mark.model
async def test_the_default_model_is_held_to_it_whatever_the_temperature(tmp_path: Path) -> None:
    path = find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path)})).path
    model = WorkerModel("smollm2", LoadOptions(str(path), 1024, 1, 2), Worker(tmp_path / "logs" / "model.log"))
    begun, rest = grammar(READ).split("\n", 1)
    assert begun.startswith('start: "Thought: " (SPOKEN')
    quotes, calls = (f'start: "Thought: " {way}\n{rest}' for way in ('QUOTE "\\n" answer', "lead fitting"))
    quoted, called = set(), set()
    try:
        await model.open()
        for lark, seed in product((quotes, calls), range(5)):
            sampling = Sampling(temperature=1.3, seed=seed, max_tokens=120)
            chunks = [chunk async for chunk in model.stream([Message("user", READ)], sampling, lark)]
            text = "".join(chunk.text for chunk in chunks if isinstance(chunk, Delta))
            thought, ended, after = text.removeprefix("Thought: ").partition("\n")
            if lark is quotes and ended:
                quoted |= {*thought.removeprefix("It says: ").split(" / ")}
            elif ended and after.startswith("Action: "):
                name = after.removeprefix("Action: ").partition("\n")[0]
                called.add((name, f"A tool fits: {thought.rpartition('A tool fits: ')[2]}"))
    finally:
        await model.close()
    assert quoted
    assert [piece for piece in quoted if piece not in READ] == []
    assert called
    assert called <= {*PURPOSES.items()}
