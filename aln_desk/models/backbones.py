"""Backbones by name: an image to feature maps at several strides.

| name | channels | strides |
|---|---|---|
| segformer-b0 | 32, 64, 160, 256 | 4, 8, 16, 32 |
| segformer-b1 to b5 | 64, 128, 320, 512 | 4, 8, 16, 32 |
| swin-t | 96, 192, 384, 768 | 4, 8, 16, 32 |
| hrnet-w18 | 18, 36, 72, 144 | 4, 8, 16, 32 |
| resnet-50c | 256, 512, 1024, 2048 | 4, 8, 8, 8 |
| resnet-101 | 256, 512, 1024, 2048 | 4, 8, 16, 32 |
| unet | 64, 128, 256, 512, 1024 | 1, 2, 4, 8, 16 |
| mobilenetv3-large | 16, 24, 960 | 2, 4, 8 |
| pvt-v2-b0 | 32, 64, 160, 256 | 4, 8, 16, 32 |
| pvt-v2-b2 | 64, 128, 320, 512 | 4, 8, 16, 32 |

and any other network of timm that gives feature maps, by its name there. Inputs are squares of a multiple of 32 pixels.
swin-t, and the networks of timm that have an ``img_size``, take the size they were built for and no other.
"""

from __future__ import annotations

from aln_desk.domain.errors import BadSetting
from aln_desk.models.backbone import Backbone
from aln_desk.models.mit import MIT_SIZES, MixTransformer
from aln_desk.models.timm_backbone import TIMM_NETWORKS, TimmBackbone, is_timm, other_timm
from aln_desk.models.unet import UNet

_FORMER_NAMES = {name.replace("segformer", "mit"): name for name in MIT_SIZES}
"""As manifests of the first models have them."""


def backbone_names() -> list[str]:
    """The names that `build_backbone` knows by heart."""
    return [*MIT_SIZES, *TIMM_NETWORKS, "unet"]


def present_name(name: str) -> str:
    """The name as `backbone_names` has it, of one that may be a former one."""
    return _FORMER_NAMES.get(name, name)


def check_backbone(name: str, size: int) -> None:
    """Raise `BadSetting` unless the backbone exists and takes square inputs of ``size`` pixels.

    Quick for the names of `backbone_names`; whether timm has another one takes seconds the first time, and whether
    that one takes the size is seen when it is built.
    """
    known = isinstance(name, str) and (present_name(name) in backbone_names() or is_timm(name))
    if not known:
        raise BadSetting(
            f"There is no backbone '{name}'; choose one of {', '.join(backbone_names())}, or a timm network."
        )
    if size < 32 or size % 32:
        raise BadSetting(f"The input size {size} does not fit the backbone; choose a multiple of 32.")


def build_backbone(name: str, size: int) -> Backbone:
    """A backbone with fresh parameters for square inputs of ``size`` pixels. Opens no connection.

    Raises `BadSetting` for an unknown name, a size that does not fit, and a network that gives no feature maps.
    """
    check_backbone(name, size)
    name = present_name(name)
    if name in MIT_SIZES:
        return MixTransformer(MIT_SIZES[name])
    if name == "unet":
        return UNet()
    if name in TIMM_NETWORKS:
        return TimmBackbone(TIMM_NETWORKS[name], size)
    return other_timm(name, size)
