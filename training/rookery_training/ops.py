"""The small operations of the forward pass, each with a hand-written backward pass.

The arithmetic stands in plain functions, so that torch.compile can make one loop of each.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch.autograd import Function

HEAD_ROWS = 256


def add_norm_forward(state: Tensor, update: Tensor, weight: Tensor, epsilon: float) -> tuple[Tensor, Tensor, Tensor]:
    """Returns the new state, its norm and the factor that the norm multiplied it with."""
    state = state + update
    root = torch.rsqrt(state.square().mean(-1, keepdim=True) + epsilon)
    return state, (state * root * weight).to(update.dtype), root


def add_norm_backward(
    state: Tensor, root: Tensor, weight: Tensor, state_gradient: Tensor, normed_gradient: Tensor
) -> tuple[Tensor, Tensor]:
    """Returns the gradient of the state and, in the precision of the update, of the update."""
    scaled = normed_gradient.float() * weight
    unit = state * root
    gradient = state_gradient + root * (scaled - unit * (scaled * unit).mean(-1, keepdim=True))
    return gradient, gradient.to(normed_gradient.dtype)


def swiglu_forward(gate: Tensor, up: Tensor) -> Tensor:
    """Returns silu(gate) * up."""
    wide = gate.float()
    return (wide * torch.sigmoid(wide) * up.float()).to(gate.dtype)


def swiglu_backward(gate: Tensor, up: Tensor, gradient: Tensor) -> tuple[Tensor, Tensor]:
    """Returns the gradients of gate and up."""
    wide, change = gate.float(), gradient.float()
    sigmoid = torch.sigmoid(wide)
    silu = wide * sigmoid
    gate_gradient = change * up.float() * (sigmoid + silu * (1 - sigmoid))
    return gate_gradient.to(gate.dtype), (change * silu).to(gate.dtype)


def _turn(heads: Tensor, cosines: Tensor, sines: Tensor) -> Tensor:
    first, second = heads.float().chunk(2, -1)
    return torch.cat([first * cosines - second * sines, second * cosines + first * sines], -1).to(heads.dtype)


def rotate_forward(
    query: Tensor, key: Tensor, value: Tensor, cosines: Tensor, sines: Tensor, groups: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Brings (tokens, heads * width) into (groups, tokens, ..., width), queries rotated and scaled, keys rotated."""
    width = 2 * cosines.shape[-1]
    scale = float(width) ** -0.5
    cosines, sines = cosines[:, None], sines[:, None]
    heads = _turn(query.unflatten(1, (-1, width)), cosines * scale, sines * scale)
    keys = _turn(key.unflatten(1, (groups, width)), cosines, sines)
    return (
        heads.unflatten(1, (groups, -1)).transpose(0, 1).contiguous(),
        keys.transpose(0, 1).contiguous(),
        value.unflatten(1, (groups, width)).transpose(0, 1).contiguous(),
    )


def rotate_backward(
    query: Tensor, key: Tensor, value: Tensor, cosines: Tensor, sines: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    """Brings the gradients back to (tokens, heads * width), not rotated."""
    scale = float(query.shape[-1]) ** -0.5
    cosines, sines = cosines[:, None], sines[:, None]
    heads = _turn(query.transpose(0, 1).flatten(1, 2), cosines * scale, -sines * scale)
    keys = _turn(key.transpose(0, 1), cosines, -sines)
    return heads.flatten(1), keys.flatten(1), value.transpose(0, 1).flatten(1)


class Kernels:
    """The functions above, as they are or compiled."""

    def __init__(self) -> None:
        """Starts with the functions as they are."""
        self.add_norm_forward = add_norm_forward
        self.add_norm_backward = add_norm_backward
        self.swiglu_forward = swiglu_forward
        self.swiglu_backward = swiglu_backward
        self.rotate_forward = rotate_forward
        self.rotate_backward = rotate_backward

    def compile(self) -> None:
        """Compiles each, at its first use, for any number of tokens."""
        for name, function in list(vars(self).items()):
            setattr(self, name, torch.compile(function, dynamic=True, fullgraph=True))


KERNELS = Kernels()


class _AddNorm(Function):
    @staticmethod
    def forward(ctx: Any, state: Tensor, update: Tensor, weight: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
        state, normed, root = KERNELS.add_norm_forward(state, update, weight, epsilon)
        ctx.save_for_backward(state, root, weight)
        return state, normed

    @staticmethod
    def backward(ctx: Any, state_gradient: Tensor, normed_gradient: Tensor) -> Any:
        return *KERNELS.add_norm_backward(*ctx.saved_tensors, state_gradient, normed_gradient), None, None


def add_norm(state: Tensor, update: Tensor, weight: Tensor, epsilon: float) -> tuple[Tensor, Tensor]:
    """Adds an update to the residual state and returns the new state and its root-mean-square norm."""
    result: tuple[Tensor, Tensor] = _AddNorm.apply(state, update, weight, epsilon)
    return result


class _SwiGlu(Function):
    @staticmethod
    def forward(ctx: Any, gate: Tensor, up: Tensor) -> Tensor:
        ctx.save_for_backward(gate, up)
        return KERNELS.swiglu_forward(gate, up)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> Any:
        return KERNELS.swiglu_backward(*ctx.saved_tensors, gradient)


def swiglu(gate: Tensor, up: Tensor) -> Tensor:
    """Returns silu(gate) * up."""
    result: Tensor = _SwiGlu.apply(gate, up)
    return result


class _Rotate(Function):
    @staticmethod
    def forward(
        ctx: Any, query: Tensor, key: Tensor, value: Tensor, cosines: Tensor, sines: Tensor, groups: int
    ) -> tuple[Tensor, Tensor, Tensor]:
        ctx.save_for_backward(cosines, sines)
        return KERNELS.rotate_forward(query, key, value, cosines, sines, groups)

    @staticmethod
    def backward(ctx: Any, query: Tensor, key: Tensor, value: Tensor) -> Any:
        return *KERNELS.rotate_backward(query, key, value, *ctx.saved_tensors), None, None, None


def rotate(
    query: Tensor, key: Tensor, value: Tensor, cosines: Tensor, sines: Tensor, groups: int
) -> tuple[Tensor, Tensor, Tensor]:
    """Makes the queries, keys and values that attend takes."""
    result: tuple[Tensor, Tensor, Tensor] = _Rotate.apply(query, key, value, cosines, sines, groups)
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
