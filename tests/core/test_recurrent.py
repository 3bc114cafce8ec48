"""A model whose memory cannot be cut: it is read from the beginning more often, and nothing else is different."""

from __future__ import annotations

from pathlib import Path

import gguf
import numpy as np
import pytest

from rookery_core.model.base import LoadOptions, Sampling
from rookery_core.model.engine import Engine, Stopped
from rookery_core.model.registry import find
from rookery_core.paths import Paths
from tests.core.test_engine import COUNT, STORY, ask, finish

pytestmark = pytest.mark.model

N_DIMS, N_INNER, N_STATE, N_RANK, N_CONV = 32, 64, 16, 2, 4


@pytest.fixture(scope="module")
def mamba(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two layers of random weights with the default model's vocabulary, as llama.cpp's converter writes a Mamba."""
    folder = tmp_path_factory.mktemp("mamba")
    real = gguf.GGUFReader(find("smollm2", Paths.find({"ROOKERY_HOME": str(folder)})).path)
    random = np.random.default_rng(0)
    writer = gguf.GGUFWriter(folder / "mamba.gguf", "mamba")
    writer.add_context_length(4096)
    writer.add_embedding_length(N_DIMS)
    writer.add_feed_forward_length(0)
    writer.add_head_count(0)
    writer.add_block_count(2)
    writer.add_ssm_conv_kernel(N_CONV)
    writer.add_ssm_inner_size(N_INNER)
    writer.add_ssm_state_size(N_STATE)
    writer.add_ssm_time_step_rank(N_RANK)
    writer.add_layer_norm_rms_eps(1e-5)
    tokens = real.fields["tokenizer.ggml.tokens"].contents()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("smollm")
    writer.add_token_list(tokens)
    writer.add_token_merges(real.fields["tokenizer.ggml.merges"].contents())
    writer.add_token_types(real.fields["tokenizer.ggml.token_type"].contents())
    writer.add_eos_token_id(int(real.fields["tokenizer.ggml.eos_token_id"].contents()))

    def add(name: str, *shape: int, size: float = 0.3) -> None:
        writer.add_tensor(name, random.normal(0, size, shape).astype(np.float32))

    add("token_embd.weight", len(tokens), N_DIMS)
    writer.add_tensor("output_norm.weight", np.ones(N_DIMS, np.float32))
    for n in range(2):
        writer.add_tensor(f"blk.{n}.attn_norm.weight", np.ones(N_DIMS, np.float32))
        add(f"blk.{n}.ssm_in.weight", 2 * N_INNER, N_DIMS)
        add(f"blk.{n}.ssm_conv1d.weight", N_INNER, N_CONV)
        add(f"blk.{n}.ssm_conv1d.bias", N_INNER)
        add(f"blk.{n}.ssm_x.weight", N_RANK + 2 * N_STATE, N_INNER)
        add(f"blk.{n}.ssm_dt.weight", N_INNER, N_RANK)
        add(f"blk.{n}.ssm_dt.bias", N_INNER)
        writer.add_tensor(f"blk.{n}.ssm_a", -random.uniform(0.1, 1.0, (N_INNER, N_STATE)).astype(np.float32))
        add(f"blk.{n}.ssm_d", N_INNER)
        add(f"blk.{n}.ssm_out.weight", N_DIMS, N_INNER)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return folder / "mamba.gguf"


def load(mamba: Path) -> Engine:
    return Engine(LoadOptions(str(mamba), 2048, 1, 1, park_bytes=1 << 26))


def test_it_is_said_and_the_same_prompt_gives_the_same_text_again(mamba: Path) -> None:
    engine = load(mamba)
    assert "cannot be cut" in engine.notes[0]
    ears = []
    for text in (COUNT, STORY, COUNT, COUNT):
        ears.append(ask(engine, text, max_tokens=6))
        finish(engine)
    engine.close()
    assert ears[0].text == ears[2].text == ears[3].text
    assert all(ear.usage.cached_tokens == 0 for ear in ears)


def test_a_conversation_that_only_grows_is_gone_on_with(mamba: Path) -> None:
    engine = load(mamba)
    ear = ask(engine, COUNT, max_tokens=6)
    finish(engine)
    (held,) = engine._cache.held
    known = held.tokens.tolist()
    longer = [*known, *engine._weights.tokenize(" And then?", False)]
    fresh = load(mamba)
    texts = []
    for each in (engine, fresh):
        again = type(ear)()
        each.submit(longer, Sampling(max_tokens=6), None, again)
        finish(each)
        texts.append(again)
        each.close()
    assert texts[0].usage.cached_tokens == len(known)
    assert texts[1].usage.cached_tokens == 0
    assert texts[0].text == texts[1].text


def test_requests_at_the_same_time_and_stopped_ones_are_not_mixed_up(mamba: Path) -> None:
    engine = load(mamba)
    alone = []
    for text in (COUNT, STORY, "What now?"):
        alone.append(ask(engine, text, max_tokens=6))
        finish(engine)
    together = [ask(engine, text, max_tokens=6) for text in (COUNT, STORY, "What now?")]
    stopped = ask(engine, STORY * 3, max_tokens=6)
    while not stopped.reads:
        engine.step()
    stopped.deaf = True
    finish(engine)
    again = ask(engine, STORY * 3, max_tokens=6)
    finish(engine)
    engine.close()
    assert [ear.text for ear in together] == [ear.text for ear in alone]
    assert isinstance(stopped.error, Stopped)
    assert again.stop == "length"
