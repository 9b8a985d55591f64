"""How parameters start when no published ones are read."""

from __future__ import annotations

import math

from torch import nn


def truncated_normal(net: nn.Module) -> None:
    """Linear and convolution kernels of ``net`` from a truncated normal of deviation 0.02; biases 0. In
    place.
    """
    for module in net.modules():
        if isinstance(module, nn.Linear | nn.Conv2d | nn.ConvTranspose2d):
            nn.init.trunc_normal_(module.weight, std=0.02)
            if module.bias is not None:
                nn.init.zeros_(module.bias)


def he_convolutions(net: nn.Module) -> None:
    """Convolution kernels of ``net`` from a normal of variance 2 / fan out (He et al. 2015). In place.

    A depthwise 3x3 kernel sums nine values only: at deviation 0.02 it would pass on a sixteenth of its input,
    and a backbone of eight such layers would not learn from scratch.
    """
    for module in net.modules():
        # A kernel without memory is about to be read from a file; to fill it, torch would load its compiler.
        if isinstance(module, nn.Conv2d) and not module.weight.is_meta:
            fan_out = math.prod(module.kernel_size) * module.out_channels // module.groups
            nn.init.normal_(module.weight, std=math.sqrt(2.0 / fan_out))
