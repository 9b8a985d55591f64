"""Backbones by name: an image to feature maps at several strides."""

from __future__ import annotations

from aln_desk.domain.errors import BadSetting
from aln_desk.models.backbone import Backbone
from aln_desk.models.mit import MIT_SIZES, MixTransformer

_FORMER_NAMES = {"mit-b0": "segformer-b0", "mit-b2": "segformer-b2"}
"""As manifests of the first models have them."""


def backbone_names() -> list[str]:
    """The names that `build_backbone` knows by heart."""
    return sorted(MIT_SIZES)


def check_backbone(name: str, size: int) -> None:
    """Raise `BadSetting` unless the backbone exists and takes square inputs of ``size`` pixels."""
    if _FORMER_NAMES.get(name, name) not in MIT_SIZES:
        raise BadSetting(f"There is no backbone '{name}'; choose one of {', '.join(backbone_names())}.")
    if size < 32 or size % 32:
        raise BadSetting(f"The input size {size} does not fit the backbone; choose a multiple of 32.")


def build_backbone(name: str, size: int) -> Backbone:
    """A backbone with fresh parameters for square inputs of ``size`` pixels.

    Raises `BadSetting` for an unknown name or a size that does not fit.
    """
    check_backbone(name, size)
    return MixTransformer(MIT_SIZES[_FORMER_NAMES.get(name, name)])
