"""Who is compared, as plain data: a recipe for every model, for a computer with a GPU and for one without."""

from __future__ import annotations

from argparse import ArgumentParser
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import BadSetting
from aln_desk.domain.presets import preset
from aln_desk.domain.recipe import Recipe
from aln_desk.models.build import choose_device
from training.embedded import STAGE_ONE

Family = Literal["clinical", "single T", "backbone", "aggregator", "fusion"]
Settings = tuple[tuple[str, str], ...]
Ceiling = Literal["best_clinical", "best_tumour", "best_score"]
"""Columns of ``truth.csv``."""

_STAGES = {"clinical": "clinical", "aggregator": "mil", "fusion": "fusion"}
_CEILINGS: dict[Family, Ceiling] = {"clinical": "best_clinical", "single T": "best_tumour"}


@dataclass(frozen=True, slots=True)
class Contender:
    """One model of the comparison: ``key`` is what ``--only`` takes, ``name`` stands in the tables. ``settings`` are
    changes of the preset; ``base`` is the key of the contender whose stage 1 is kept, empty for none.
    """

    key: str
    name: str
    family: Family
    preset: str
    settings: Settings = ()
    base: str = ""

    @property
    def stages(self) -> str:
        """What ``aln-desk train`` trains."""
        return _STAGES.get(self.family, "all")

    @property
    def recipe(self) -> Recipe:
        """The preset with the changes. Raises `BadSetting` for one that cannot be."""
        changed = recipes.change(preset(self.preset).recipe, dict(self.settings))
        recipes.check(changed)
        return changed

    @property
    def ceiling(self) -> Ceiling:
        """The best possible score of those who see what this model sees."""
        return _CEILINGS.get(self.family, "best_score")

    @property
    def is_transformer(self) -> bool:
        """Whether it is a multi-instance model whose stage 2 is a Transformer."""
        return self.family in ("backbone", "aggregator") and self.recipe.mil.kind == "transformer"


@dataclass(frozen=True, slots=True)
class Size:
    """A whole comparison. ``about`` is what readers of its table must know; a base stands before who builds on it."""

    name: str
    about: str
    contenders: tuple[Contender, ...]

    @property
    def single_t(self) -> Contender:
        """The paper's comparator."""
        return next(one for one in self.contenders if one.family == "single T")

    @property
    def base(self) -> Contender:
        """The multi-instance model whose stage 1 the aggregators keep."""
        keys = {one.base for one in self.contenders if one.base}
        return next(one for one in self.contenders if one.key in keys)

    def wanted(self, only: Sequence[str]) -> tuple[Contender, ...]:
        """Those of these keys (none: all) with their bases, in the table's order. `BadSetting` for an unknown key."""
        by_key = {one.key: one for one in self.contenders}
        for key in only:
            if key not in by_key:
                raise BadSetting(f"--only {key}: size {self.name} has no such model. It has: {', '.join(by_key)}.")
        keys = {*only, *(by_key[key].base for key in only)} if only else set(by_key)
        return tuple(one for one in self.contenders if one.key in keys)


_HONEST: Settings = (("calibration", "platt"), ("error", "0.1"))
"""Probabilities, and verdicts left open, for those presets that have none."""

_GPU: Settings = (
    ("size", "256"),
    ("shape_tokens", "true"),
    ("mtl.iterations", "3000"),
    ("mtl.learning_rate", "2e-4"),
    ("mtl.head_rate", "3"),
    ("mtl.warmup", "200"),
    ("mtl.validate_every", "1000"),
    ("mtl.compile", "false"),
)
"""From random numbers, so that 3,000 steps need a higher rate; compiling each of the networks would take longer than
it saves.
"""
_GPU_SINGLE_T: Settings = (
    *_HONEST,
    ("geometry", "letterbox"),
    ("size", "256"),
    ("mtl.iterations", "2000"),
    ("mtl.learning_rate", "2e-4"),
    ("mtl.head_rate", "3"),
    ("mtl.warmup", "200"),
    ("mtl.validate_every", "1000"),
    ("mtl.clip", "1"),
    ("mtl.rotate", "10"),
    ("mtl.gamma", "0.3"),
    ("mtl.ema", "0.999"),
)
_CPU: Settings = (*STAGE_ONE, ("size", "160"), ("mtl.iterations", "3000"), ("mtl.learning_rate", "1e-3"))
"""As the embedded model's: small images, so that there is time for enough steps."""
_CPU_SINGLE_T: Settings = (
    *_HONEST,
    ("backbone", "resnet18"),
    ("geometry", "letterbox"),
    ("size", "160"),
    ("clean", "true"),
    ("mtl.iterations", "3000"),
    ("mtl.learning_rate", "5e-4"),
    ("mtl.head_rate", "3"),
    ("mtl.warmup", "100"),
    ("mtl.validate_every", "1000"),
    ("mtl.clip", "1"),
    ("mtl.ema", "0.995"),
)

_FAMILY: tuple[tuple[str, str, Settings], ...] = (
    (
        "transformer-view",
        "Transformer of 1 layer, told the view",
        (
            ("mil.layers", "1"),
            ("mil.view_embedding", "true"),
            ("mil.epochs", "20"),
            ("mil.learning_rate", "3e-4"),
            ("mil.weight_decay", "1"),
        ),
    ),
    ("transformer-2", "Transformer, 2 layers", (("mil.layers", "2"),)),
    ("transformer-4", "Transformer, 4 layers", (("mil.layers", "4"),)),
    ("ensemble", "ensemble of 5 Transformers", (("mil.members", "5"),)),
    ("abmil", "attention (ABMIL)", (("mil.kind", "abmil"),)),
    ("gated-abmil", "gated attention", (("mil.kind", "gated-abmil"),)),
    ("dual-stream", "dual stream", (("mil.kind", "dual-stream"),)),
    ("mean-pool", "mean of tokens", (("mil.kind", "mean-pool"),)),
    ("max-pool", "maximum of tokens", (("mil.kind", "max-pool"),)),
    ("view-pool", "mean of tokens by view", (("mil.kind", "view-pool"),)),
    ("max", "maximum of image scores", (("mil.kind", "max"),)),
    ("mean", "mean of image scores", (("mil.kind", "mean"),)),
    ("majority", "majority of images", (("mil.kind", "majority"),)),
    ("noisy-or", "noisy-or of image scores", (("mil.kind", "noisy-or"),)),
)
"""Stages 2 to stand beside the Transformer of 6 layers, on the same stage 1."""


def _backbones(preset: str, settings: Settings, networks: Sequence[tuple[str, str]]) -> tuple[Contender, ...]:
    """Each network with the Transformer."""
    return tuple(
        Contender(key, f"{name} + Transformer", "backbone", preset, (("backbone", key), *settings))
        for key, name in networks
    )


def _family(base: str, name: str, preset: str) -> tuple[Contender, ...]:
    """The aggregators on the stage 1 of ``base``, which is called ``name``."""
    return tuple(
        Contender(key, f"{name} + {words}", "aggregator", preset, settings, base) for key, words, settings in _FAMILY
    )


SIZES = {
    "gpu": Size(
        "gpu",
        "The paper's six backbones, single T and the clinical model, with our options, at 256 px from random numbers "
        "(the paper: 512 px, ImageNet).",
        (
            Contender("clinical", "clinical", "clinical", "fast"),
            Contender("single-t", "single T (ResNet-101)", "single T", "single-t", _GPU_SINGLE_T),
            *_backbones(
                "fast",
                _GPU,
                (
                    ("segformer-b2", "SegFormer-B2"),
                    ("swin-t", "Swin-T"),
                    ("hrnet-w18", "HRNet-W18"),
                    ("resnet-50c", "ResNet-50c"),
                    ("unet", "U-Net"),
                    ("mobilenetv3-large", "MobileNetV3-large"),
                ),
            ),
            *_family("segformer-b2", "SegFormer-B2", "fast"),
            Contender("fusion", "SegFormer-B2 + clinical variables", "fusion", "fast", (), "segformer-b2"),
        ),
    ),
    "cpu": Size(
        "cpu",
        "A SUBSET FOR COMPUTERS WITHOUT A GPU: small networks take the place of the paper's, at 160 px from random "
        "numbers. It shows the order of the methods, not the paper's networks.",
        (
            Contender("clinical", "clinical", "clinical", "small"),
            Contender("single-t", "single T (ResNet-18)", "single T", "single-t", _CPU_SINGLE_T),
            *_backbones(
                "small",
                _CPU,
                (("resnet10t", "ResNet-10t"), ("resnet18", "ResNet-18"), ("segformer-b0", "SegFormer-B0")),
            ),
            *_family("resnet10t", "ResNet-10t", "small"),
            Contender("fusion", "ResNet-10t + clinical variables", "fusion", "small", (), "resnet10t"),
        ),
    ),
}
"""By what ``--size`` takes; steps of stage 1 at 4 cores: about 20 minutes each."""

AUTO = "auto"


def size_named(name: str, device: str) -> Size:
    """The size of this name; ``auto``: that which suits the device."""
    if name == AUTO:
        name = "gpu" if choose_device(device).type == "cuda" else "cpu"
    return SIZES[name]


def add_size(parser: ArgumentParser) -> None:
    """The option ``--size``, for `size_named`."""
    words = f"table of recipes ({AUTO}: gpu with CUDA, else cpu)"
    parser.add_argument("--size", choices=(AUTO, *SIZES), default=AUTO, help=words)
