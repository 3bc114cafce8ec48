"""The small operations of the forward pass, each with a hand-written backward pass."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

HEAD_ROWS = 256


class _AddNorm(Function):
    @staticmethod
    def forward(
        ctx: Any, state: Tensor, update: Tensor | None, weight: Tensor, epsilon: float, dtype: torch.dtype
    ) -> tuple[Tensor, Tensor]:
        if update is not None:
            state = state + update
        root = torch.rsqrt(state.square().mean(-1, keepdim=True) + epsilon)
        ctx.save_for_backward(state, root, weight)
        ctx.updated = update is not None
        ctx.dtype = dtype
        return state, (state * root * weight).to(dtype)

    @staticmethod
    def backward(ctx: Any, state_gradient: Tensor, normed_gradient: Tensor) -> Any:
        state, root, weight = ctx.saved_tensors
        scaled = normed_gradient.float() * weight
        unit = state * root
        gradient = state_gradient + root * (scaled - unit * (scaled * unit).mean(-1, keepdim=True))
        return gradient, gradient.to(ctx.dtype) if ctx.updated else None, None, None, None


def add_norm(
    state: Tensor, update: Tensor | None, weight: Tensor, epsilon: float, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Adds an update to the residual state and returns the new state and its root-mean-square norm."""
    result: tuple[Tensor, Tensor] = _AddNorm.apply(state, update, weight, epsilon, dtype)
    return result


class _SwiGlu(Function):
    @staticmethod
    def forward(ctx: Any, gate_up: Tensor) -> Tensor:
        ctx.save_for_backward(gate_up)
        gate, up = gate_up.chunk(2, -1)
        return torch.nn.functional.silu(gate) * up

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Tensor:
        (gate_up,) = ctx.saved_tensors
        gate, up = gate_up.float().chunk(2, -1)
        gradient = gradient.float()
        sigmoid = torch.sigmoid(gate)
        silu = gate * sigmoid
        result = torch.empty_like(gate_up)
        half = gate.shape[-1]
        result[..., :half] = gradient * up * (sigmoid + silu * (1 - sigmoid))
        result[..., half:] = gradient * silu
        return result


def swiglu(gate_up: Tensor) -> Tensor:
    """Returns silu(gate) * up of the gate and the up half."""
    result: Tensor = _SwiGlu.apply(gate_up)
    return result


def _turn(heads: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    first, second = heads.float().chunk(2, -1)
    cosines, sines = cosines[:, None, :], sines[:, None, :]
    return torch.cat([first * cosines - second * sines, second * cosines + first * sines], -1).to(heads.dtype)


class _Rotate(Function):
    @staticmethod
    def forward(
        ctx: Any, qkv: Tensor, cosines: Tensor, sines: Tensor, heads: int, kv_heads: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        ctx.save_for_backward(cosines, sines)
        split = qkv.view(len(qkv), heads + 2 * kv_heads, -1)
        turned = _turn(split[:, : heads + kv_heads], cosines, sines).transpose(0, 1).contiguous()
        return turned[:heads], turned[heads:], split[:, heads + kv_heads :].transpose(0, 1).contiguous()

    @staticmethod
    def backward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Any:
        cosines, sines = ctx.saved_tensors
        turned = torch.cat([query, key]).transpose(0, 1)
        gradient = torch.cat([_turn(turned, cosines, -sines), value.transpose(0, 1)], 1)
        return gradient.view(len(gradient), -1), None, None, None, None


def rotate(qkv: Tensor, cosines: Tensor, sines: Tensor, heads: int, kv_heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """Splits (tokens, heads * width) into query, key and value of (heads, tokens, width), the first two rotated."""
    result: tuple[Tensor, Tensor, Tensor] = _Rotate.apply(qkv, cosines, sines, heads, kv_heads)
    return result


class _HeadLoss(Function):
    @staticmethod
    def forward(ctx: Any, states: Tensor, head: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
        total = torch.zeros((), device=states.device)
        right = torch.empty(len(states), dtype=torch.bool, device=states.device)
        gradient = torch.empty_like(states) if ctx.needs_input_grad[0] else None
        for start in range(0, len(states), HEAD_ROWS):
            rows = slice(start, start + HEAD_ROWS)
            logits = torch.nn.functional.linear(states[rows], head).float()
            wanted = targets[rows, None]
            chosen = logits.gather(1, wanted)
            top, best = logits.max(-1, keepdim=True)
            right[rows] = best[:, 0] == targets[rows]
            logits.sub_(top).exp_()
            sums = logits.sum(-1, keepdim=True)
            total += (sums.log() + top - chosen).sum()
            if gradient is not None:
                logits.div_(sums).scatter_add_(1, wanted, -torch.ones_like(chosen))
                gradient[rows] = logits.to(head.dtype) @ head
        if gradient is not None:
            ctx.save_for_backward(gradient)
        ctx.mark_non_differentiable(right)
        return total, right

    @staticmethod
    def backward(ctx: Any, scale: Tensor, _: Tensor) -> Any:
        (gradient,) = ctx.saved_tensors
        return gradient * scale.to(gradient.dtype), None, None


def head_loss(states: Tensor, head: Tensor, targets: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the summed cross entropy of the targets under the output head, and where the best logit is the target."""
    result: tuple[Tensor, Tensor] = _HeadLoss.apply(states, head, targets)
    return result
