"""Attention of conversations that share a prefix: each reads the prefix and itself, and none another."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import scaled_dot_product_attention

CHUNK = 160
"""Tokens of the prefix that are done together; those after them are not looked at."""


@dataclass(frozen=True)
class Layout:
    """Where the prefix and the branches lie in a packed sequence of tokens."""

    prefix: int
    lengths: list[int]
    positions: Tensor
    """The position of each token in its own conversation."""
    segments: list[tuple[int, int, int]]
    """Packed start and end of tokens that are done together, and how many of the first tokens they all read."""

    @staticmethod
    def of(prefix: int, lengths: list[int], device: str = "cpu") -> Layout:
        """Lays out a prefix of so many tokens and branches of the given lengths."""
        segments = [(start, min(prefix, start + CHUNK), start) for start in range(0, prefix, CHUNK)]
        start = prefix
        for length in lengths:
            if length:
                segments.append((start, start + length, prefix))
            start += length
        positions = [torch.arange(prefix), *(torch.arange(prefix, prefix + length) for length in lengths)]
        return Layout(prefix, lengths, torch.cat(positions).to(device), segments)

    @cached_property
    def mask(self) -> Tensor:
        """Which token (row) reads which (column)."""
        numbers = torch.arange(len(self.lengths) + 1)
        owner = torch.repeat_interleave(numbers, torch.tensor([self.prefix, *self.lengths]))
        causal = torch.ones(len(owner), len(owner), dtype=torch.bool).tril()
        return (causal & ((owner[None, :] == 0) | (owner[None, :] == owner[:, None]))).to(self.positions.device)


def _read(heads: Tensor, start: int, end: int, shared: int) -> Tensor:
    """Returns the keys or values that a segment reads."""
    if shared == start:
        return heads[:, :end]
    return torch.cat([heads[:, :shared], heads[:, start:end]], 1)


class _SegmentAttention(Function):
    """Plain products of matrices, one segment after the other; the probabilities are kept for the backward pass."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, layout: Layout) -> Tensor:
        groups, length, ratio, width = query.shape
        longest = max(end - start for start, end, _ in layout.segments)
        later = torch.full((longest, longest), -torch.inf, dtype=query.dtype).triu_(1).repeat_interleave(ratio, 0)
        output = query.new_empty(length, groups, ratio, width)
        kept = []
        for start, end, shared in layout.segments:
            size = end - start
            chosen = query[:, start:end].view(groups, size * ratio, width)
            scores = torch.bmm(chosen, _read(key, start, end, shared).transpose(1, 2))
            scores[:, :, shared:].add_(later[: size * ratio, :size])
            probabilities = torch.softmax(scores, -1)
            read = torch.bmm(probabilities, _read(value, start, end, shared))
            output[start:end] = read.view(groups, size, ratio, width).transpose(0, 1)
            kept.append(probabilities)
        ctx.save_for_backward(query, key, value, *kept)
        ctx.layout = layout
        return output.view(length, -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        query, key, value, *kept = ctx.saved_tensors
        groups, length, ratio, width = query.shape
        gradient = gradient.view(length, groups, ratio, width).transpose(0, 1).contiguous()
        query_gradient = torch.empty_like(query)
        totals = [torch.zeros_like(tensor, dtype=torch.float32) for tensor in (key, value)]
        for (start, end, shared), probabilities in zip(ctx.layout.segments, kept, strict=True):
            rows = (end - start) * ratio
            part = gradient[:, start:end].view(groups, rows, width)
            chosen = query[:, start:end].view(groups, rows, width)
            changes = torch.bmm(part, _read(value, start, end, shared).transpose(1, 2))
            changes = torch._softmax_backward_data(changes, probabilities, -1, changes.dtype)
            read = torch.bmm(changes, _read(key, start, end, shared))
            query_gradient[:, start:end] = read.view(groups, end - start, ratio, width)
            pairs = ((changes, chosen), (probabilities, part))
            for total, (left, right) in zip(totals, pairs, strict=True):
                change = torch.bmm(left.transpose(1, 2), right)
                total[:, :shared] += change[:, :shared]
                total[:, start:end] += change[:, shared:]
        return query_gradient, totals[0].to(key.dtype), totals[1].to(value.dtype), None


def attend(query: Tensor, key: Tensor, value: Tensor, layout: Layout) -> Tensor:
    """Attends from scaled queries (groups, tokens, heads of a group, width) and returns (tokens, heads * width)."""
    if query.device.type == "cpu":
        result: Tensor = _SegmentAttention.apply(query, key, value, layout)
        return result
    return attend_masked(query, key, value, layout)


def attend_masked(query: Tensor, key: Tensor, value: Tensor, layout: Layout) -> Tensor:
    """Does the same as attend with one mask over all pairs of tokens."""
    ratio = query.shape[2]
    heads = query.transpose(1, 2).flatten(0, 1)
    key, value = (tensor.repeat_interleave(ratio, 0) for tensor in (key, value))
    output = scaled_dot_product_attention(heads[None], key[None], value[None], attn_mask=layout.mask, scale=1.0)
    return output[0].transpose(0, 1).flatten(1)
