"""The presets: named recipes with the words that the window shows."""

from __future__ import annotations

from dataclasses import dataclass

from aln_desk.domain.errors import BadSetting
from aln_desk.domain.recipe import MilRecipe, MtlRecipe, Recipe


@dataclass(frozen=True, slots=True)
class Preset:
    """A named recipe. ``description`` is one sentence."""

    name: str
    title: str
    description: str
    recipe: Recipe


_FAST = Preset(
    "fast",
    "Fast",
    "SegFormer-B2 at 512 px with our improvements; wants a GPU",
    Recipe(
        pooling="attention",
        mask_tokens=2,
        calibration="platt",
        error=0.1,
        mtl=MtlRecipe(head_rate=5.0, clip=1.0, dice=1.0, rotate=10.0, gamma=0.3, ema=0.999, compile=True),
        mil=MilRecipe(epochs=30, batch=16, learning_rate=1e-4, warmup=100, dropout=0.2, node_dropout=0.1),
    ),
)
_SMALL = Preset(
    "small",
    "Small",
    "SegFormer-B0 at 256 px; about an hour on a CPU for a thousand patients",
    Recipe(
        backbone="segformer-b0",
        size=256,
        pooling="attention",
        calibration="platt",
        error=0.1,
        mtl=MtlRecipe(
            iterations=2_000, learning_rate=2e-4, head_rate=3.0, warmup=100, validate_every=250, dice=1.0, clip=1.0
        ),
        mil=MilRecipe(epochs=12, batch=16, learning_rate=1e-4, warmup=50, dropout=0.2),
    ),
)
_PAPER = Preset(
    "paper",
    "Paper",
    "SegFormer-B2 at 512 px exactly as released: also its stretched test images, where the paper is silent",
    Recipe(geometry="released"),
)
_SINGLE_T = Preset(
    "single-t",
    "Single T",
    "The paper's comparator: ResNet-101, status only, tumour images only, mean of the image scores",
    Recipe(backbone="resnet-101", tasks="status", views="tumour", geometry="released", mil=MilRecipe(kind="mean")),
)
_TINY = Preset(
    "tiny",
    "Tiny",
    "SegFormer-B0 at 64 px for a minute: tries the whole path, learns little",
    Recipe(
        backbone="segformer-b0",
        size=64,
        pooling="attention",
        mtl=MtlRecipe(
            iterations=60,
            batch=8,
            learning_rate=5e-4,
            head_rate=3.0,
            warmup=5,
            validate_every=20,
            dice=1.0,
            clip=1.0,
        ),
        mil=MilRecipe(layers=2, epochs=10, batch=8, learning_rate=5e-4, warmup=5),
    ),
)

PRESETS: dict[str, Preset] = {preset.name: preset for preset in (_FAST, _SMALL, _PAPER, _SINGLE_T, _TINY)}
BACKBONES = (
    "segformer-b0",
    "segformer-b1",
    "segformer-b2",
    "segformer-b3",
    "segformer-b4",
    "segformer-b5",
    "swin-t",
    "hrnet-w18",
    "resnet-50c",
    "resnet-101",
    "unet",
    "mobilenetv3-large",
    "pvt-v2-b0",
    "pvt-v2-b2",
)
"""Backbones to choose from; any other name is taken for a network of timm."""
DOWNLOADS = {
    "swin-t": "published by Microsoft under the MIT licence",
    "hrnet-w18": "published by Microsoft under the MIT licence",
    "resnet-50c": "published by GluonCV under the Apache-2.0 licence",
    "resnet-101": "published by timm under the Apache-2.0 licence",
    "mobilenetv3-large": "published by timm under the Apache-2.0 licence",
    "pvt-v2-b0": "published by the authors of PVT v2 under the Apache-2.0 licence",
    "pvt-v2-b2": "published by the authors of PVT v2 under the Apache-2.0 licence",
}
"""Of the `BACKBONES`, those whose parameters can be downloaded, with what to know before."""
DEVICES = ("auto", "cpu", "cuda", "mps")
"""Where networks may run; ``auto`` is CUDA, else Apple's MPS, else the CPU."""


def preset(name: str) -> Preset:
    """The preset of that name; `BadSetting` names those that exist."""
    try:
        return PRESETS[name]
    except KeyError:
        raise BadSetting(f"There is no preset '{name}'. Choose one of: {', '.join(PRESETS)}.") from None


def default_preset(device: str) -> str:
    """The preset to propose on a device (``cpu``, ``cuda`` or ``mps``): ``fast``, which a CPU would need days for,
    or ``small``.
    """
    return "fast" if device == "cuda" else "small"
