"""Optimiser and learning rates of both stages, as the paper has them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from torch import nn
from torch.optim import AdamW

WARMUP_RATIO = 1e-6


def linear(step: int, steps: int, warmup: int) -> float:
    """Factor of the base rate: a linear rise over ``warmup`` steps from 1e-6, then a linear fall to 0 at ``steps``."""
    return _warm(step, steps, warmup) * max(0.0, 1.0 - step / steps)


def cosine(step: int, steps: int, warmup: int) -> float:
    """Factor of the base rate: a linear rise over ``warmup`` steps, times half a cosine to 0 at ``steps``."""
    return _warm(step, steps, warmup) * 0.5 * (1.0 + math.cos(math.pi * min(1.0, step / steps)))


def groups(net: nn.Module, rate: float, decay: float, fast: Iterable[str] = (), fast_rate: float = 1.0) -> AdamW:
    """AdamW in four groups: parameters under a ``fast`` prefix at ``rate * fast_rate``, and no decay on norms.

    A norm's parameters and every bias are the one-dimensional ones. Fused: one pass over the parameters a step, where
    torch would take a dozen.
    """
    prefixes = tuple(fast)
    sorted_in: dict[tuple[bool, bool], list[nn.Parameter]] = {}
    for name, parameter in net.named_parameters():
        if parameter.requires_grad:
            key = (name.startswith(prefixes) if prefixes else False, parameter.ndim <= 1)
            sorted_in.setdefault(key, []).append(parameter)
    return AdamW(
        [
            {
                "params": parameters,
                "lr": rate * (fast_rate if is_fast else 1.0),
                "base": rate * (fast_rate if is_fast else 1.0),
                "weight_decay": 0.0 if bare else decay,
            }
            for (is_fast, bare), parameters in sorted_in.items()
        ],
        betas=(0.9, 0.999),
        fused=next(net.parameters()).device.type in ("cpu", "cuda"),
    )


def set_rate(optimiser: AdamW, factor: float) -> None:
    """Every group's rate becomes its base rate times ``factor``."""
    for group in optimiser.param_groups:
        group["lr"] = group["base"] * factor


def _warm(step: int, steps: int, warmup: int) -> float:
    # A warm-up longer than the run (a preset shortened by hand) would never reach the base rate.
    length = min(warmup, steps // 2)
    if step >= length:
        return 1.0
    return WARMUP_RATIO + (1.0 - WARMUP_RATIO) * step / length
