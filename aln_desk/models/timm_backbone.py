"""Backbones that timm builds. timm takes seconds to import: it is imported where it is first needed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import torch
from torch import Tensor, nn

from aln_desk.domain.errors import BadSetting
from aln_desk.models.backbone import Backbone


@dataclass(frozen=True, slots=True)
class TimmNetwork:
    """A network of timm: its name there and the options that make it the paper's. ``sized``: it is built for one
    input size.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict)
    sized: bool = False


_WITHOUT_STEM = {"out_indices": (1, 2, 3, 4)}

TIMM_NETWORKS = {
    # Windows of 7 x 7 at every size, also where they are larger than the map: as published, and the parameters then
    # have the same shapes at every size.
    "swin-t": TimmNetwork("swin_tiny_patch4_window7_224", {"always_partition": True}, sized=True),
    "hrnet-w18": TimmNetwork("hrnet_w18", {"feature_location": "", **_WITHOUT_STEM}),
    "resnet-50c": TimmNetwork("resnet50c", {"output_stride": 8, **_WITHOUT_STEM}),
    "resnet-101": TimmNetwork("resnet101", _WITHOUT_STEM),
    "mobilenetv3-large": TimmNetwork("mobilenetv3_large_100", {"output_stride": 8, "out_indices": (0, 1, 4)}),
    "pvt-v2-b0": TimmNetwork("pvt_v2_b0"),
    "pvt-v2-b2": TimmNetwork("pvt_v2_b2"),
}

_REFUSALS = (RuntimeError, TypeError, ValueError, AttributeError, AssertionError, IndexError)
"""What timm raises where a network gives no feature maps, or does not take a size."""


class TimmBackbone(Backbone):
    """timm's feature maps as (B, C, h, w). Maps that timm gives channels last come from the residual stream of a
    Transformer, which has no scale of its own: they pass a LayerNorm each, as in Liu et al. 2021 (Swin).
    """

    def __init__(self, network: TimmNetwork, size: int) -> None:
        super().__init__()
        import timm

        sized = {"img_size": size} if network.sized else {}
        # On the CPU even where the default device is "meta": windowed networks compute buffers at their start that no
        # file of parameters holds.
        with torch.device("cpu"):
            self.body = timm.create_model(network.name, features_only=True, **network.options, **sized)
            self.channels = tuple(self.body.feature_info.channels())
            self.strides = tuple(self.body.feature_info.reduction())
            self.channels_last = getattr(self.body, "output_fmt", "NCHW") == "NHWC"
            self.norms = nn.ModuleList(nn.LayerNorm(count) for count in self.channels if self.channels_last)

    def forward(self, image: Tensor) -> list[Tensor]:
        maps = list(self.body(image))
        if self.channels_last:
            maps = [norm(grid).permute(0, 3, 1, 2) for norm, grid in zip(self.norms, maps, strict=True)]
        return maps


def is_timm(name: str) -> bool:
    """Whether timm has a network of that name, with or without the tag of its parameters, such as ``resnet50`` and
    ``resnet50.a1_in1k``. Takes seconds the first time.
    """
    import timm

    return bool(timm.is_model(name))


def other_timm(name: str, size: int) -> TimmBackbone:
    """The features of any network of timm. One forward pass checks that they are what they are said to be.

    Raises `BadSetting` where the network gives no square maps, or not at this size.
    """
    try:
        backbone = _sized_if_possible(name, size)
        with torch.no_grad():
            maps = backbone.eval()(torch.zeros(1, 3, size, size, device="cpu"))
    except _REFUSALS as error:
        raise BadSetting(
            f"timm's '{name}' gives no feature maps of {size} pixels ({error}); choose another."
        ) from error
    found = [tuple(grid.shape) for grid in maps]
    if found != [(1, c, size / s, size / s) for c, s in zip(backbone.channels, backbone.strides, strict=True)]:
        raise BadSetting(f"The maps of timm's '{name}' do not fit {size} pixels; choose another size or network.")
    backbone.train()
    return backbone


def _sized_if_possible(name: str, size: int) -> TimmBackbone:
    try:
        return TimmBackbone(TimmNetwork(name, sized=True), size)
    except TypeError:  # a network that takes any size knows no such option
        return TimmBackbone(TimmNetwork(name), size)
