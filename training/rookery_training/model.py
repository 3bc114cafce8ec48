"""The forward pass of a GGUF model (Llama or Qwen2) over groups of conversations that share a prefix."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from gguf import GGUFReader
from gguf.quants import dequantize
from torch import Tensor

from rookery_training.attention import Layout, attend
from rookery_training.lora import FusedLinear
from rookery_training.ops import add_norm, head_loss, rotate, swiglu

BLOCK_NORMS = ("attn_norm", "ffn_norm")


@dataclass(frozen=True)
class Config:
    """The hyperparameters that the forward pass needs."""

    architecture: str
    layers: int
    width: int
    feed_forward: int
    heads: int
    kv_heads: int
    head_width: int
    theta: float
    epsilon: float
    context: int

    @property
    def interleaved(self) -> bool:
        """Whether the file's rotary pairs are neighbours (Llama) and not the two halves of a head (Qwen2)."""
        return self.architecture == "llama"


def read_config(reader: GGUFReader) -> Config:
    """Reads the hyperparameters from the metadata of a GGUF file."""

    def field(name: str, default: Any = None) -> Any:
        found = reader.get_field(name)
        if found is None:
            if default is None:
                raise ValueError(f"the base model has no {name}")
            return default
        return found.contents()

    architecture = field("general.architecture")
    if architecture not in ("llama", "qwen2"):
        raise ValueError(f"the architecture {architecture} is not supported, only llama and qwen2 are")
    heads = field(f"{architecture}.attention.head_count")
    width = field(f"{architecture}.embedding_length")
    head_width = field(f"{architecture}.attention.key_length", width // heads)
    if (
        field(f"{architecture}.rope.dimension_count", head_width) != head_width
        or field(f"{architecture}.rope.scaling.type", "none") != "none"
        or any(tensor.name == "rope_freqs.weight" for tensor in reader.tensors)
    ):
        raise ValueError("only plain rotary positions over whole heads are supported")
    return Config(
        architecture=architecture,
        layers=field(f"{architecture}.block_count"),
        width=width,
        feed_forward=field(f"{architecture}.feed_forward_length"),
        heads=heads,
        kv_heads=field(f"{architecture}.attention.head_count_kv", heads),
        head_width=head_width,
        theta=field(f"{architecture}.rope.freq_base", 10000.0),
        epsilon=field(f"{architecture}.attention.layer_norm_rms_epsilon"),
        context=field(f"{architecture}.context_length"),
    )


def halves_order(rows: int, head_width: int) -> Tensor:
    """Returns the row order that brings interleaved rotary pairs into two halves of each head."""
    within = torch.cat([torch.arange(0, head_width, 2), torch.arange(1, head_width, 2)])
    return (torch.arange(0, rows, head_width)[:, None] + within[None, :]).reshape(-1)


@dataclass
class Block:
    """One layer: its norms and its four fused linear maps."""

    attn_norm: Tensor
    ffn_norm: Tensor
    qkv: FusedLinear
    output: FusedLinear
    gate_up: FusedLinear
    down: FusedLinear

    @property
    def linears(self) -> tuple[FusedLinear, ...]:
        """The fused linear maps of the layer."""
        return (self.qkv, self.output, self.gate_up, self.down)


class Model:
    """A frozen base model with trainable LoRA layers on its linear maps."""

    def __init__(
        self,
        path: Path,
        *,
        rank: int = 16,
        alpha: float = 32.0,
        from_layer: int = 0,
        seed: int = 0,
        dtype: torch.dtype = torch.bfloat16,
        device: str = "cpu",
    ) -> None:
        """Loads and dequantises the base model and makes fresh adapters."""
        reader = GGUFReader(path)
        self.path = path
        self.config = config = read_config(reader)
        self.rank, self.alpha, self.dtype, self.device = rank, alpha, dtype, device
        tensors = {tensor.name: tensor for tensor in reader.tensors}
        generator = torch.Generator().manual_seed(seed)

        def load(name: str) -> Tensor:
            tensor = tensors[name]
            return torch.from_numpy(np.array(dequantize(tensor.data, tensor.tensor_type), dtype=np.float32))

        def linear(layer: int, parts: Iterable[str]) -> FusedLinear:
            names = [f"blk.{layer}.{part}" for part in parts]
            weights = [load(f"{name}.weight") for name in names]
            biases = [load(f"{name}.bias") for name in names if f"{name}.bias" in tensors]
            orders: list[Tensor | None] = [None] * len(names)
            if config.interleaved:
                for index, name in enumerate(names):
                    if name.endswith(("attn_q", "attn_k")):
                        orders[index] = order = halves_order(len(weights[index]), config.head_width)
                        weights[index] = weights[index][order]
                        if biases:
                            biases[index] = biases[index][order]
            return FusedLinear(
                names,
                weights,
                torch.cat(biases) if biases else None,
                orders,
                rank=rank,
                scale=alpha / rank,
                generator=generator,
                dtype=dtype,
                device=device,
            )

        self.blocks = [
            Block(
                *(load(f"blk.{layer}.{norm}.weight").to(device) for norm in BLOCK_NORMS),
                qkv=linear(layer, ("attn_q", "attn_k", "attn_v")),
                output=linear(layer, ("attn_output",)),
                gate_up=linear(layer, ("ffn_gate", "ffn_up")),
                down=linear(layer, ("ffn_down",)),
            )
            for layer in range(config.layers)
        ]
        self.output_norm = load("output_norm.weight").to(device)
        embedding = load("token_embd.weight")
        for block in self.blocks[:from_layer]:
            for frozen in block.linears:
                frozen.freeze()
        self.embedding = embedding.to(device=device, dtype=torch.float32)
        head = load("output.weight") if "output.weight" in tensors else embedding
        self.head = head.to(device=device, dtype=dtype)
        frequencies = config.theta ** (-torch.arange(0, config.head_width, 2, dtype=torch.float64) / config.head_width)
        angles = torch.arange(config.context, dtype=torch.float64)[:, None] * frequencies[None, :]
        self.cosines = angles.cos().to(device=device, dtype=torch.float32)
        self.sines = angles.sin().to(device=device, dtype=torch.float32)
        self.refresh()

    @property
    def linears(self) -> list[FusedLinear]:
        """All fused linear maps, in the order of the layers."""
        return [linear for block in self.blocks for linear in block.linears]

    @property
    def trained(self) -> list[FusedLinear]:
        """The fused linear maps that have an adapter."""
        return [linear for linear in self.linears if linear.parameters]

    @property
    def parameters(self) -> list[Tensor]:
        """All trainable tensors."""
        return [parameter for linear in self.linears for parameter in linear.parameters]

    def refresh(self) -> None:
        """Brings the merged weights up to date with the adapters."""
        for linear in self.trained:
            linear.refresh()

    def hidden(self, tokens: Tensor, layout: Layout, wanted: Tensor) -> Tensor:
        """Returns the normed output states of the packed tokens at the wanted indices."""
        epsilon = self.config.epsilon
        cosines, sines = self.cosines[layout.positions], self.sines[layout.positions]
        state = self.embedding[tokens]
        update = torch.zeros_like(state, dtype=self.dtype)
        for block in self.blocks:
            state, normed = add_norm(state, update, block.attn_norm, epsilon)
            attended = attend(*rotate(*block.qkv(normed), cosines, sines, self.config.kv_heads), layout)
            if block is self.blocks[-1]:
                state, attended = state[wanted], attended[wanted]
            (update,) = block.output(attended)
            state, normed = add_norm(state, update, block.ffn_norm, epsilon)
            (update,) = block.down(swiglu(*block.gate_up(normed)))
        return add_norm(state, update, self.output_norm, epsilon)[1]

    def loss(self, tokens: Tensor, layout: Layout, wanted: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        """Returns the summed cross entropy of the targets and which of them the model would choose."""
        return head_loss(self.hidden(tokens, layout, wanted), self.head, targets)

    def logits(self, tokens: list[int]) -> Tensor:
        """Returns the logits after each token of a plain sequence."""
        with torch.no_grad():
            layout = Layout.of(len(tokens), [], self.device)
            everything = torch.arange(len(tokens), device=self.device)
            states = self.hidden(torch.tensor(tokens, device=self.device), layout, everything)
            return (states @ self.head.T).float()
