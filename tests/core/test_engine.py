"""Many requests at once on the real default model: what is shared, what is fair, and that nothing is mixed up."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pytest

from rookery_core.errors import GrammarError, ModelError, PromptTooLong
from rookery_core.model.base import LoadOptions, Message, Sampling
from rookery_core.model.constraint import step_grammar
from rookery_core.model.engine import MAX_RUNNING, WORTH_WAITING, Engine, Stopped
from rookery_core.model.generation import Generation
from rookery_core.model.llama import Batch, Context, Shape
from rookery_core.model.registry import find
from rookery_core.model.sampler import Logits
from rookery_core.model.weights import Weights
from rookery_core.paths import Paths
from rookery_core.reasoning.step import ToolCall, parse
from rookery_core.usage import Usage
from tests.core.gguf_files import tiny_bert

pytestmark = pytest.mark.model

COUNT = "Count: one, two, three, four, five. Again: one, two, three, four, five. Again: one, two,"
STORY = "The bees of the valley made honey all summer long. " * 20


@dataclass
class Ear:
    """Hears what comes of a request."""

    text: str = ""
    reads: list[tuple[int, int]] = field(default_factory=list)
    stop: str = ""
    usage: Usage = field(default_factory=Usage)
    error: Exception | None = None
    deaf: bool = False

    def reading(self, done: int, total: int) -> None:
        self.reads.append((done, total))

    def said(self, text: str) -> None:
        self.text += text

    def ended(self, stop: str, usage: Usage) -> None:
        self.stop, self.usage = stop, usage

    def failed(self, error: Exception) -> None:
        self.error = error

    def stopped(self) -> bool:
        return self.deaf

    @property
    def over(self) -> bool:
        return bool(self.stop) or self.error is not None


def options(path: Path, **more: object) -> LoadOptions:
    return LoadOptions(str(path), 2048, 1, 1, **{"park_bytes": 1 << 28, **more})  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def gguf(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return find("smollm2", Paths.find({"ROOKERY_HOME": str(tmp_path_factory.mktemp("home"))})).path


@pytest.fixture
def engine(gguf: Path) -> Iterator[Engine]:
    made = Engine(options(gguf))
    yield made
    made.close()


def ask(engine: Engine, text: str, *, system: str = "", grammar: str | None = None, **sampling: float) -> Ear:
    ear = Ear()
    messages = [Message("system", system)] if system else []
    prompt = engine.tokens([*messages, Message("user", text)])
    engine.submit(prompt, Sampling(**{"max_tokens": 12, **sampling}), grammar, ear, ear.stopped)  # type: ignore[arg-type]
    return ear


def finish(engine: Engine) -> None:
    while engine.busy:
        engine.step()


def test_a_mark_is_a_token_of_its_own_that_is_written_out(tmp_path: Path) -> None:
    weights = Weights(tiny_bert(tmp_path / "marks.gguf", named=["<tool_call>"]))
    marks = ["<tool_call>", "</tool_call>", "[SEP]", "ak", ""]
    assert [weights.has_mark(mark) for mark in marks] == [True, False, False, False, False]
    weights.close()


def test_a_model_without_the_marks_of_a_call_has_no_form_of_its_own(engine: Engine) -> None:
    engine._template.native = True  # as its template alone would have it
    assert not engine.facts["native"]


def test_batched_copied_and_restored_sequences_give_the_logits_of_a_plain_run(gguf: Path) -> None:
    """Up to the order in which floating-point numbers are added, which depends on the shape of the batch."""
    weights = Weights(gguf)
    context = Context(weights, Shape(2048, 8, 512, 1, 1))
    texts = [weights.tokenize(text, False) for text in (STORY + COUNT, COUNT, "Say: A B C D E F G. Say: A B C")]

    def read(sequence: int, tokens: Sequence[int], start: int = 0) -> Logits:
        batch = Batch()
        index = batch.add(sequence, start, tokens, logits=True)
        context.decode(batch)
        return context.logits(index).copy()

    plain = [read(n, text) for n, text in enumerate(texts)]
    state = context.save(0)
    for n in range(3):
        context.drop(n)

    batch = Batch()
    where = [batch.add(n, 0, text, logits=True) for n, text in enumerate(texts)]
    context.decode(batch)
    batched = [context.logits(index).copy() for index in where]
    shared = len(texts[0]) - 5
    context.copy(0, 3, shared)
    copied = read(3, texts[0][shared:], shared)
    assert context.restore(4, state)
    context.cut(4, shared)
    restored = read(4, texts[0][shared:], shared)
    pieces = [read(5, texts[0][start : start + 7], start) for start in range(0, len(texts[0]), 7)][-1]
    context.close()
    weights.close()
    for made, truth in [*zip(batched, plain, strict=True), *((each, plain[0]) for each in (copied, restored, pieces))]:
        assert kl(truth, made) < 0.01


def kl(truth: Logits, made: Logits) -> float:
    """Kullback-Leibler divergence of what was made from the truth, in nats."""
    p, q = (logits.astype(np.float64) - np.logaddexp.reduce(logits.astype(np.float64)) for logits in (truth, made))
    return float((np.exp(p) * (p - q)).sum())


def test_requests_at_the_same_time_are_not_mixed_up(engine: Engine) -> None:
    words = ["red", "blue", "green", "seven"]
    ears = [Ear() for _ in words]
    for word, ear in zip(words, ears, strict=True):
        prompt = engine._weights.tokenize(", ".join([word] * 20) + ",", False)
        engine.submit(prompt, Sampling(max_tokens=8), None, ear, ear.stopped)
    finish(engine)
    assert [set(ear.text.split(",")[0].split()) for ear in ears] == [{word} for word in words]


def test_several_samples_of_one_prompt_read_it_once(engine: Engine) -> None:
    ears = [ask(engine, STORY + "Go on.", temperature=0.9, seed=seed) for seed in range(6)]
    finish(engine)
    read = sum(ear.usage.prompt_tokens - ear.usage.cached_tokens for ear in ears)
    assert read <= ears[0].usage.prompt_tokens + 5 * WORTH_WAITING
    assert len({ear.text for ear in ears}) > 1


def test_agents_that_take_turns_and_branches_are_not_read_again(engine: Engine) -> None:
    for n in range(3):
        for role in ("You are a poet.", "You are a clerk."):
            ear = ask(engine, STORY + "Go on.", system=role)
            finish(engine)
            assert ear.usage.prompt_tokens - ear.usage.cached_tokens <= (1 if n else ear.usage.prompt_tokens)
    branch = ask(engine, STORY + "What did they eat?", system="You are a poet.")
    finish(engine)
    assert branch.usage.prompt_tokens - branch.usage.cached_tokens < 20


def test_a_long_prompt_does_not_hold_up_those_that_write(engine: Engine) -> None:
    writer = ask(engine, "Write a long story about a bee.", max_tokens=200)
    while not writer.text:
        engine.step()
    reader = ask(engine, STORY * 5)
    before = len(writer.text)
    while not reader.reads or reader.reads[-1][0] < reader.reads[-1][1] - 300:
        engine.step()
    assert len(reader.reads) >= 3
    assert len(writer.text) > before + 10
    assert not reader.text
    finish(engine)
    assert [done for done, _ in reader.reads] == sorted(done for done, _ in reader.reads)
    assert writer.stop


def test_one_is_stopped_and_the_others_go_on(engine: Engine) -> None:
    ears = [ask(engine, COUNT + " three,", max_tokens=30) for _ in range(3)]
    while not all(ear.text for ear in ears):
        engine.step()
    ears[1].deaf = True
    finish(engine)
    assert isinstance(ears[1].error, Stopped)
    assert ears[0].stop
    assert ears[2].stop
    assert len(ears[0].text) > len(ears[1].text)


def test_stopping_during_the_prompt_keeps_what_was_read(engine: Engine) -> None:
    reader = ask(engine, STORY * 5)
    while not reader.reads:
        engine.step()
    reader.deaf = True
    engine.step()
    assert isinstance(reader.error, Stopped)
    again = ask(engine, STORY * 5)
    finish(engine)
    assert again.usage.cached_tokens >= reader.reads[-1][0]


def test_more_requests_than_are_served_at_once_are_served_in_order(engine: Engine) -> None:
    ears = [ask(engine, f"{COUNT} {n}", max_tokens=4) for n in range(MAX_RUNNING + 4)]
    order: list[int] = []
    while engine.busy:
        engine.step()
        order += [n for n, ear in enumerate(ears) if ear.over and n not in order]
    assert sorted(order) == list(range(len(ears)))
    assert max(order[:MAX_RUNNING]) < MAX_RUNNING
    assert ears[-1].usage.queued_s > ears[0].usage.queued_s


def test_requests_larger_than_the_cells_together_wait_for_each_other(engine: Engine) -> None:
    ears = [ask(engine, f"{n} " + STORY * 5, max_tokens=5) for n in range(3)]
    finish(engine)
    assert [ear.usage.completion_tokens for ear in ears] == [5, 5, 5]


def test_a_bad_request_is_refused_before_anything_is_done(engine: Engine) -> None:
    with pytest.raises(PromptTooLong):
        ask(engine, STORY * 20)
    with pytest.raises(GrammarError):
        ask(engine, COUNT, grammar="start: nothing")
    assert not engine.busy


TOOLS = [
    ("calculator", {"type": "object", "properties": {"expression": {"type": "string"}}, "required": ["expression"]}),
    ("now", {"type": "object", "properties": {"timezone": {"type": "string"}}, "required": []}),
]


def test_forced_tokens_are_written_without_being_asked_for_and_fit_the_grammar(gguf: Path) -> None:
    grammar = step_grammar([(name, {**schema, "additionalProperties": False}) for name, schema in TOOLS])
    counts: list[Usage] = []
    for forced in (True, False):
        engine = Engine(options(gguf, forced=forced))
        for seed in range(4):
            ear = ask(engine, "What is 17 * 23?", grammar=grammar, max_tokens=150, temperature=1.0, seed=seed)
            finish(engine)
            if ear.stop == "end":
                step = parse(ear.text)
                if isinstance(step.action, ToolCall):
                    assert step.action.tool in dict(TOOLS)
                    json.dumps(step.action.arguments)
            counts.append(ear.usage)
        engine.close()
    assert all(usage.forced_tokens > 0 for usage in counts[:4])
    assert all(usage.forced_tokens == 0 for usage in counts[4:])


def test_a_later_process_goes_on_where_an_earlier_one_left_off(gguf: Path, tmp_path: Path) -> None:
    kept = {"states": str(tmp_path / "states"), "states_bytes": 1 << 30}
    texts = []
    for expected in (False, True):
        engine = Engine(options(gguf, **kept))
        ear = ask(engine, STORY + COUNT)
        finish(engine)
        assert (ear.usage.cached_tokens > 0) is expected
        texts.append(ear.text)
        engine.save()
        engine.close()
    assert texts[0] == texts[1]
    for path in (tmp_path / "states").iterdir():
        path.write_bytes(path.read_bytes()[:-100] + bytes(100))
    engine = Engine(options(gguf, **kept))
    ear = ask(engine, STORY + COUNT)
    finish(engine)
    engine.close()
    assert ear.usage.cached_tokens == 0
    assert ear.text == texts[0]


def test_what_must_come_next_is_not_written_in_halves(engine: Engine) -> None:
    """` "` is one token; a model that has written the space alone has never seen what follows it."""
    grammar = step_grammar([(name, {**schema, "additionalProperties": False}) for name, schema in TOOLS[:1]])
    halves = 0
    for seed in range(12):
        ear = ask(engine, "What is 5 + 8?", grammar=grammar, temperature=1.5, seed=seed, max_tokens=80)
        finish(engine)
        halves += '": ' in ear.text
        newest = max(engine._cache.held, key=lambda held: held.used)
        written = [engine._weights.piece(int(token)) for token in newest.tokens[ear.usage.prompt_tokens :]]
        for n, piece in enumerate(written[:-1]):
            assert (written[n - 1], piece, written[n + 1]) != (b'":', b" ", b'"')
            if written[n - 1] == b'":':
                assert piece.startswith(b' "')
    assert halves > 0


def test_where_there_are_only_halves_they_are_written(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a name that is no one token, such as one that has to be quoted, every token is a half."""
    monkeypatch.setattr(Generation, "_halves", lambda self: [*range(engine._weights.n_vocab)])
    ear = ask(engine, "Who is it?", grammar='start: ("Wanjiru" | "Ottilie") " it is"', temperature=0, max_tokens=30)
    finish(engine)
    assert ear.text in ("Wanjiru it is", "Ottilie it is")


@pytest.mark.parametrize(("liked", "other"), [("cat", "dog"), ("dog", "cat")])
def test_a_bias_counts_while_the_first_line_is_written(engine: Engine, liked: str, other: str) -> None:
    def written(first: str, bias: Sequence[tuple[str, float]] = ()) -> str:
        grammar = f'start: "A:" {first} "\\nB:" (" cat" | " dog")'
        ear, text = Ear(), engine.tokens([Message("user", "Name two animals.")])
        engine.submit(text, Sampling(logit_bias=bias), grammar, ear, ear.stopped)
        finish(engine)
        return ear.text

    alone = written(f'" {liked}"')
    assert written('(" cat" | " dog")', [(f" {liked}", 50.0), (f" {other}", -50.0)]) == alone
    assert alone.startswith(f"A: {liked}\nB: ")
    assert written('(" cat" | " dog")', [(" no one token of the model", 50.0)]) == written('(" cat" | " dog")')


def test_an_empty_prompt_is_refused(engine: Engine) -> None:
    with pytest.raises(ModelError, match="empty"):
        engine.submit([], Sampling(), None, Ear())


def test_every_request_can_be_ended_at_once(engine: Engine) -> None:
    ears = [ask(engine, f"{COUNT} {n}", max_tokens=50) for n in range(MAX_RUNNING + 2)]
    engine.step()
    engine.fail(ModelError("gone"))
    assert [str(ear.error) for ear in ears] == ["gone"] * len(ears)
    assert not engine.busy
