"""Attention of conversations that share a prefix: each reads the prefix and itself, and none another."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function
from torch.nn.functional import scaled_dot_product_attention

FLASH = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu
FLASH_BACKWARD = torch.ops.aten._scaled_dot_product_flash_attention_for_cpu_backward


@dataclass(frozen=True)
class Layout:
    """Where the prefix and the branches lie in a packed sequence of tokens."""

    prefix: int
    lengths: list[int]
    positions: Tensor
    """The position of each token in its own conversation."""
    padded: Tensor
    """For each branch (row) and place in it, the packed index of the token, counted from the first branch."""
    inside: Tensor
    """Which entries of that table stand for a token and not for padding."""
    packed: Tensor
    """For each token of the branches, its index in the flattened table of the branches."""

    @staticmethod
    def of(prefix: int, lengths: list[int], device: str = "cpu") -> Layout:
        """Lays out a prefix of so many tokens and branches of the given lengths."""
        longest = max(lengths, default=0)
        starts = torch.tensor([0, *lengths]).cumsum(0)[:-1]
        table = starts[: len(lengths), None] + torch.arange(longest)
        inside = torch.arange(longest)[None, :] < torch.tensor(lengths, dtype=torch.long)[:, None]
        positions = [torch.arange(prefix), *(torch.arange(prefix, prefix + length) for length in lengths)]
        return Layout(
            prefix,
            lengths,
            torch.cat(positions).to(device),
            table.clamp(max=max(0, sum(lengths) - 1)).to(device),
            inside.to(device),
            inside.reshape(-1).nonzero()[:, 0].to(device),
        )

    def mask(self) -> Tensor:
        """Returns which token (row) reads which (column)."""
        numbers = torch.arange(len(self.lengths) + 1)
        owner = torch.repeat_interleave(numbers, torch.tensor([self.prefix, *self.lengths]))
        causal = torch.ones(len(owner), len(owner), dtype=torch.bool).tril()
        return (causal & ((owner[None, :] == 0) | (owner[None, :] == owner[:, None]))).to(self.positions.device)


class _PrefixAttention(Function):
    """Flash attention in three parts (prefix, branches to prefix, branches to themselves), joined by their sums."""

    @staticmethod
    def forward(ctx: Any, query: Tensor, key: Tensor, value: Tensor, layout: Layout) -> Tensor:
        size, shared, length = layout.prefix, len(query) // len(key), query.shape[1]
        key9, value9 = (tensor.repeat_interleave(shared, 0)[None] for tensor in (key, value))
        query9 = query[None]
        output, sums = FLASH(query9[:, :, :size], key9[:, :, :size], value9[:, :, :size], 0.0, True)
        if length > size:
            over, over_sums = FLASH(query9[:, :, size:], key9[:, :, :size], value9[:, :, :size], 0.0, False)
            own, own_sums = FLASH(*(_pad(tensor, layout) for tensor in (query, key9[0], value9[0])), 0.0, True)
            own, own_sums = _pack(own, layout), _pack(own_sums[..., None], layout)[..., 0]
            both = torch.logaddexp(over_sums[0], own_sums)
            joined = over[0] * (over_sums[0] - both).exp()[..., None] + own * (own_sums - both).exp()[..., None]
            output = torch.cat([output[0], joined.to(query.dtype)], 1)
            sums = torch.cat([sums[0], both], 1)
        else:
            output, sums = output[0], sums[0]
        ctx.save_for_backward(query, key9[0], value9[0], output, sums)
        ctx.layout, ctx.shared = layout, shared
        return output.transpose(0, 1).reshape(length, -1)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        query, key, value, output, sums = ctx.saved_tensors
        layout = ctx.layout
        size = layout.prefix
        gradient = gradient.view(gradient.shape[0], len(query), -1).transpose(0, 1)

        def flash(rows: slice, causal: bool) -> list[Tensor]:
            parts = (gradient[:, rows], query[:, rows], key[:, :size], value[:, :size], output[:, rows], sums[:, rows])
            return [part[0] for part in FLASH_BACKWARD(*(part[None] for part in parts), 0.0, causal)]

        query_gradient, key_gradient, value_gradient = flash(slice(0, size), True)
        if query.shape[1] > size:
            over_query, over_key, over_value = flash(slice(size, None), False)
            parts = [_pad(part, layout) for part in (gradient, query, key, value, output)]
            parts[0] = parts[0] * layout.inside[None, :, :, None].transpose(0, 1)
            own_sums = _pad(sums[..., None], layout)[..., 0]
            own = [_pack(part, layout) for part in FLASH_BACKWARD(*parts, own_sums, 0.0, True)]
            query_gradient = torch.cat([query_gradient, over_query + own[0]], 1)
            key_gradient = torch.cat([key_gradient + over_key, own[1]], 1)
            value_gradient = torch.cat([value_gradient + over_value, own[2]], 1)
        narrow = [part.unflatten(0, (-1, ctx.shared)).sum(1) for part in (key_gradient, value_gradient)]
        return query_gradient, narrow[0], narrow[1], None


def _pad(heads: Tensor, layout: Layout) -> Tensor:
    """Brings the branches of (heads, tokens, width) into (branches, heads, longest, width)."""
    table = layout.padded
    chosen = heads[:, layout.prefix :].index_select(1, table.reshape(-1))
    return chosen.view(len(heads), *table.shape, -1).transpose(0, 1)


def _pack(padded: Tensor, layout: Layout) -> Tensor:
    """Undoes _pad, without the prefix."""
    return padded.transpose(0, 1).flatten(1, 2).index_select(1, layout.packed)


def attend(query: Tensor, key: Tensor, value: Tensor, layout: Layout) -> Tensor:
    """Attends from (heads, tokens, width) and returns (tokens, heads * width)."""
    if query.device.type == "cpu":
        result: Tensor = _PrefixAttention.apply(query, key, value, layout)
        return result
    return attend_masked(query, key, value, layout)


def attend_masked(query: Tensor, key: Tensor, value: Tensor, layout: Layout) -> Tensor:
    """Does the same as attend with one mask over all pairs of tokens."""
    shared = len(query) // len(key)
    key, value = (tensor.repeat_interleave(shared, 0) for tensor in (key, value))
    output = scaled_dot_product_attention(query[None], key[None], value[None], attn_mask=layout.mask())
    return output[0].transpose(0, 1).flatten(1)
