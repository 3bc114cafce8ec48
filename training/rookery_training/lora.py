"""LoRA adapters on fused linear maps, and their export to a GGUF file that llama.cpp loads."""

from __future__ import annotations

import hashlib
import math
import os
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from gguf import GGUFReader, GGUFWriter
from torch import Tensor
from torch.autograd import Function


class _LoraMatmul(Function):
    """The product with the merged weight; its backward pass makes gradients for the adapters only."""

    @staticmethod
    def forward(ctx: Any, inputs: Tensor, down: Tensor, up: Tensor, linear: FusedLinear) -> tuple[Tensor, ...]:
        ctx.save_for_backward(inputs)
        ctx.linear = linear
        return torch.nn.functional.linear(inputs, linear.merged, linear.bias).split(linear.sizes, -1)

    @staticmethod
    def backward(ctx: Any, *gradients: Tensor) -> Any:
        (inputs,) = ctx.saved_tensors
        linear: FusedLinear = ctx.linear
        narrow = (inputs @ linear.down_low.T).split(linear.rank, -1)
        ups, merged = linear.up_low.split(linear.sizes), linear.merged.split(linear.sizes)
        back = torch.cat([part @ up for part, up in zip(gradients, ups, strict=True)], -1)
        down_gradient = (back.T @ inputs).float() * linear.scale
        up_gradient = torch.cat([part.T @ low for part, low in zip(gradients, narrow, strict=True)])
        input_gradient = None
        if ctx.needs_input_grad[0]:
            input_gradient = gradients[0] @ merged[0]
            for part, weight in zip(gradients[1:], merged[1:], strict=True):
                input_gradient.addmm_(part, weight)
        return input_gradient, down_gradient, up_gradient.float() * linear.scale, None


class FusedLinear:
    """Several linear maps of the same input, side by side, each with its own adapter.

    The product of the adapter is added to the frozen weight once a step (`refresh`) and not in each product: the
    forward pass and the gradient of the input are then one matrix product each.
    """

    def __init__(
        self,
        names: list[str],
        weights: list[Tensor],
        bias: Tensor | None,
        orders: list[Tensor | None],
        *,
        rank: int,
        scale: float,
        generator: torch.Generator,
        dtype: torch.dtype,
        device: str,
    ) -> None:
        """Takes the weights (rows are outputs) and, for each, the order its rows have against the file's."""
        self.names, self.orders = names, orders
        self.sizes = [len(weight) for weight in weights]
        self.rank, self.scale, self.dtype = rank, scale, dtype
        self.weight = torch.cat(weights).to(device)
        self.bias = None if bias is None else bias.to(device=device, dtype=dtype)
        width = self.weight.shape[1]
        down = torch.randn(rank * len(names), width, generator=generator) / math.sqrt(width)
        self.down = down.to(device).requires_grad_()
        self.up = torch.zeros(len(self.weight), rank, device=device).requires_grad_()
        self.merged = self.weight.to(dtype, copy=True)
        self.down_low, self.up_low = self.down.detach().to(dtype), self.up.detach().to(dtype)

    @property
    def parameters(self) -> tuple[Tensor, ...]:
        """The trainable tensors."""
        return (self.down, self.up) if self.down.requires_grad else ()

    def freeze(self) -> None:
        """Leaves the weights as they are, without an adapter."""
        self.down.requires_grad_(False)
        self.up.requires_grad_(False)

    def adapters(self) -> Iterable[tuple[str, Tensor, Tensor]]:
        """Yields name, A (rank, in) and B (out, rank) of each map, with the rows in the order of the base file."""
        downs, ups = self.down.detach().split(self.rank), self.up.detach().split(self.sizes)
        for name, down, up, order in zip(self.names, downs, ups, self.orders, strict=True):
            if order is not None:
                restored = torch.empty_like(up)
                restored[order.to(up.device)] = up
                up = restored
            yield name, down, up

    @torch.no_grad()
    def take(self, adapters: Mapping[str, tuple[Tensor, Tensor]]) -> None:
        """Begins from the A and B of each map, as `adapters` yields them; ValueError where one does not fit.

        They may be of a lower rank: what is left then adds nothing until it has learnt something.
        """
        downs, ups = self.down.split(self.rank), self.up.split(self.sizes)
        for name, order, down, up in zip(self.names, self.orders, downs, ups, strict=True):
            first, second = adapters.get(name, (torch.empty(0, 0), torch.empty(0, 0)))
            n = len(first)
            if not 0 < n <= self.rank or first.shape != down[:n].shape or second.shape != up[:, :n].shape:
                shapes = f"{tuple(down.shape)} and {tuple(up.shape)}"
                raise ValueError(f"it has no adapter for {name} of the shapes {shapes}, or of a lower rank")
            down[:n].copy_(first)
            up.zero_()
            up[:, :n].copy_(second if order is None else second[order])
        self.refresh()

    @torch.no_grad()
    def refresh(self) -> None:
        """Merges the adapters into the weight that the products use."""
        downs, ups = self.down.split(self.rank), self.up.split(self.sizes)
        frozen, merged = self.weight.split(self.sizes), self.merged.split(self.sizes)
        for weight, target, down, up in zip(frozen, merged, downs, ups, strict=True):
            target.copy_(torch.addmm(weight, up, down, alpha=self.scale))
        self.down_low, self.up_low = self.down.to(self.dtype), self.up.to(self.dtype)

    def __call__(self, inputs: Tensor) -> tuple[Tensor, ...]:
        """Applies the maps."""
        result: tuple[Tensor, ...] = _LoraMatmul.apply(inputs, self.down, self.up, self)
        return result


class Adapted(Protocol):
    """What `export` writes."""

    def adapters(self) -> Iterable[tuple[str, Tensor, Tensor]]:
        """Yields name, A (rank, in) and B (out, rank) of each map."""


def read(path: Path) -> tuple[dict[str, tuple[Tensor, Tensor]], float]:
    """Returns the A and B of each map in an adapter, and its alpha; ValueError for a file that is none."""
    reader = GGUFReader(path)
    if (alpha := reader.get_field("adapter.lora.alpha")) is None:
        raise ValueError("it is no LoRA adapter")
    found = {tensor.name: torch.from_numpy(np.array(tensor.data)).float() for tensor in reader.tensors}
    ending = ".weight.lora_a"
    names = [name.removesuffix(ending) for name in found if name.endswith(ending)]
    made = {name: (found[f"{name}{ending}"], found[f"{name}.weight.lora_b"]) for name in names}
    return made, float(alpha.contents())


def sha256_of(path: Path) -> str:
    """Returns the SHA-256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def export(
    path: Path, linears: Iterable[Adapted], *, architecture: str, alpha: float, metadata: Mapping[str, str]
) -> None:
    """Writes the adapters as a GGUF file, complete or not at all."""
    partial = path.with_name(path.name + ".partial")
    writer = GGUFWriter(partial, architecture)
    writer.add_string("general.type", "adapter")
    writer.add_string("adapter.type", "lora")
    writer.add_float32("adapter.lora.alpha", alpha)
    for key, value in metadata.items():
        writer.add_string(key, value)
    for linear in linears:
        for name, down, up in linear.adapters():
            writer.add_tensor(f"{name}.weight.lora_a", _half(down))
            writer.add_tensor(f"{name}.weight.lora_b", _half(up))
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    os.replace(partial, path)


def _half(tensor: Tensor) -> np.ndarray[Any, np.dtype[np.float16]]:
    return np.ascontiguousarray(tensor.to("cpu", torch.float16).numpy())
