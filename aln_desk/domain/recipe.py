"""What a training run is asked to do, as plain data that explains itself: every field carries its words and limits.

The window's form, ``--set key=value`` and `check` all read the same `Setting`, so that none of them can disagree.
"""

from __future__ import annotations

from dataclasses import Field, asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from aln_desk.domain.errors import BadSetting


@dataclass(frozen=True, slots=True)
class Setting:
    """How a field is shown and what it may hold.

    ``words`` is its name for people, ``help`` one or two sentences. ``low`` and ``high`` bound a number (both
    included); ``choices`` lists the values a field may take, where it may not take every one.
    """

    words: str
    help: str
    low: float | None = None
    high: float | None = None
    choices: tuple[Any, ...] = ()

    def allows(self, value: Any) -> bool:
        """Whether a value of the right type may stand here."""
        if self.choices:
            return value in self.choices
        above = self.low is None or value >= self.low
        return above and (self.high is None or value <= self.high)

    @property
    def wanted(self) -> str:
        """What may stand here, in words that follow "it must be"."""
        if self.choices:
            return " or ".join(str(choice) for choice in self.choices)
        limits = [f"at least {self.low:g}"] if self.low is not None else []
        limits += [f"at most {self.high:g}"] if self.high is not None else []
        return " and ".join(limits)


def _set(default: Any, words: str, help: str, **limits: Any) -> Any:
    return field(default=default, metadata={"setting": Setting(words, help, **limits)})


AGGREGATORS = (
    "transformer",
    "abmil",
    "gated-abmil",
    "dual-stream",
    "mean-pool",
    "max-pool",
    "view-pool",
    "max",
    "mean",
    "majority",
    "noisy-or",
)
"""The stage-2 family: seven networks over tokens, then four fixed rules over image scores."""

_RATE = {"low": 1e-9, "high": 1.0}


@dataclass(frozen=True, slots=True)
class MtlRecipe:
    """Stage 1. Rates are per step; steps are optimiser steps."""

    iterations: int = _set(10_000, "Steps", "Optimiser steps in all.", low=1)
    batch: int = _set(16, "Images a step", "Images whose gradients make one step, over all devices.", low=1)
    micro_batch: int = _set(
        0,
        "Images at once",
        "Images that go through the network together; their gradients are added up to a whole step. "
        "0: all of them, halved by itself when memory runs out.",
        low=0,
    )
    learning_rate: float = _set(6e-5, "Learning rate", "Of the backbone and the neck, at its highest.", **_RATE)
    weight_decay: float = _set(0.01, "Weight decay", "Of AdamW; norms and biases are left out.", low=0, high=1)
    head_rate: float = _set(10.0, "Head rate", "Multiplies the rate of the mask decoder and the heads.", low=0)
    warmup: int = _set(1_500, "Warm-up steps", "The rate rises over these, then falls in a line to 0.", low=0)
    clip: float = _set(0.0, "Gradient limit", "Largest norm of the gradient; 0 for no limit.", low=0)
    dice: float = _set(0.0, "Dice weight", "Of a soft Dice loss beside the cross-entropies; 0 as published.", low=0)
    lesion: float = _set(1.0, "Lesion type weight", "Of the lesion type's cross-entropy; 1 as published.", low=0)
    status: float = _set(1.0, "Status weight", "Of the status's cross-entropy; 1 as published.", low=0)
    augment: bool = _set(True, "Augment", "Vary scale, place, mirror image, light and colour of every image.")
    scale_low: float = _set(0.8, "Smallest scale", "Lower end of the random enlargement.", low=0.1, high=4)
    scale_high: float = _set(1.25, "Largest scale", "Upper end of the random enlargement.", low=0.1, high=4)
    rotate: float = _set(
        0.0, "Rotation (degrees)", "Largest random rotation to either side; 0 as published.", low=0, high=180
    )
    elastic: float = _set(
        0.0,
        "Bending",
        "Standard deviation of a random smooth displacement, as a share of the image's side; 0 as published.",
        low=0,
        high=0.1,
    )
    gamma: float = _set(
        0.0, "Gamma range", "Random gamma between 1 / (1 + range) and 1 + range; 0 as published.", low=0, high=2
    )
    ema: float = _set(
        0.0,
        "Averaging of parameters",
        "Decay of an exponential moving average of the parameters, such as 0.999; the average is then measured and "
        "kept. 0: off.",
        low=0,
        high=0.99999,
    )
    balanced: bool = _set(False, "Balance patients", "Draw every patient equally often, instead of every image.")
    without_outcome: float = _set(
        0.0,
        "Share without outcome",
        "Of a step's images, those of patients without a known outcome, who teach masks and lesion types alone. 0: as "
        "many as there are.",
        low=0,
        high=0.95,
    )
    validate_every: int = _set(2_000, "Validate every (steps)", "How often held-out patients are measured.", low=1)
    patience: int = _set(
        0, "Patience (validations)", "Stop after so many validations without a better one; 0: never.", low=0
    )
    keep: str = _set(
        "last",
        "Keep",
        "Parameters of the last step, as published, or of the best validation.",
        choices=("last", "best"),
    )
    precision: str = _set(
        "auto",
        "Precision",
        "auto: bfloat16 where the device is faster with it (NVIDIA, CPUs with AMX), else float32. float32: always.",
        choices=("auto", "float32"),
    )
    compile: bool = _set(
        False, "Compile", "Let torch.compile fuse the network's operations; goes on without where it cannot."
    )


@dataclass(frozen=True, slots=True)
class MilRecipe:
    """Stage 2. ``warmup`` is in optimiser steps; the rate then falls along a cosine to 0."""

    kind: str = _set(
        "transformer",
        "Aggregator",
        "What makes one verdict of a bag of images. Networks learn from tokens; max, mean, majority and noisy-or are "
        "fixed rules over image scores.",
        choices=AGGREGATORS,
    )
    layers: int = _set(6, "Layers", "Of the Transformer; 6 as published.", low=1, high=48)
    epochs: int = _set(100, "Rounds", "Passes over all training patients.", low=1)
    batch: int = _set(4, "Patients a step", "Bags whose gradients make one step.", low=1)
    learning_rate: float = _set(6e-5, "Learning rate", "At its highest.", **_RATE)
    weight_decay: float = _set(0.01, "Weight decay", "Of AdamW; norms and biases are left out.", low=0, high=1)
    warmup: int = _set(10_000, "Warm-up steps", "The rate rises over these, then falls along a cosine to 0.", low=0)
    clip: float = _set(1.0, "Gradient limit", "Largest norm of the gradient; 0 for no limit.", low=0)
    dropout: float = _set(0.1, "Dropout", "Share of values left out while learning.", low=0, high=0.9)
    node_dropout: float = _set(
        0.0,
        "Leave out nodes",
        "Share of bags whose lymph node images are left out while learning, so that the verdict does not lean on "
        "them; 0 as published.",
        low=0,
        high=1,
    )
    view_embedding: bool = _set(
        False, "Tokens know the view", "Tell the Transformer which images are of lymph nodes; not in the paper."
    )
    members: int = _set(1, "Ensemble", "Networks from as many seeds, whose logits are averaged.", low=1, high=32)
    patience: int = _set(0, "Patience (rounds)", "Stop after so many rounds without a better one; 0: never.", low=0)
    keep: str = _set(
        "last", "Keep", "Parameters of the last round, as published, or of the best one.", choices=("last", "best")
    )


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole run."""

    backbone: str = _set(
        "segformer-b2",
        "Backbone",
        "segformer-b0 to b5, swin-t, hrnet-w18, resnet-50c, resnet-101, unet, mobilenetv3-large, pvt-v2-b0, pvt-v2-b2, "
        "or any timm network that gives feature maps.",
    )
    pretrained: str = _set(
        "",
        "Pretrained parameters",
        "Empty: start from random numbers. The digest of a model of this project; safetensors files of published "
        "parameters, a comma between a backbone's and a mask decoder's; or 'timm', which needs the permission to "
        "download.",
    )
    tasks: str = _set(
        "all",
        "Tasks",
        "all: mask, lesion type and status, as published. status: one task only, for the comparator single T.",
        choices=("all", "status"),
    )
    views: str = _set("all", "Images", "all images of a patient, or tumour images only.", choices=("all", "tumour"))
    size: int = _set(
        512, "Image size (pixels)", "Side of the network's square input, a multiple of 32.", low=32, high=4096
    )
    geometry: str = _set(
        "letterbox",
        "Geometry",
        "letterbox: aspect kept, in training and in use. stretch: aspect ignored in both. released: kept in training "
        "and ignored in use, as in the published code.",
        choices=("letterbox", "stretch", "released"),
    )
    clean: bool = _set(
        False, "Mask text and border", "Blank what the scanner drew: text, marks and everything outside the image."
    )
    pooling: str = _set(
        "area",
        "Pooling",
        "How attended features become a token. area: mean over the whole grid, as published. attention: weighted, so "
        "that a small lesion's token does not vanish.",
        choices=("area", "attention"),
    )
    mask_tokens: int = _set(
        1, "Mask tokens", "1: a mask of any lesion, as published. 2: a mask a lesion type.", choices=(1, 2)
    )
    type_tokens: bool = _set(
        False, "Tokens know the type", "Add a learned vector for the predicted lesion type to every token."
    )
    shape_tokens: bool = _set(
        False,
        "Tokens know the shape",
        "Add the form of the predicted mask to every token: its area, roundness, height over width, irregularity.",
    )
    average_looks: bool = _set(
        False,
        "Average looks",
        "In use everything is the mean over the image and its mirror image, the mask also over a smaller and a larger "
        "one. Finds more and outlines better, in four times the work.",
    )
    mask_threshold: float = _set(
        0.5, "Mask from", "Probability from which a pixel is called lesion in use.", low=0.01, high=0.99
    )
    seed: int = _set(0, "Random seed", "The same seed gives the same run.", low=0, high=2**31 - 1)
    held_out: float = _set(
        0.2,
        "Held out",
        "Share of the training patients with a known outcome, the last admitted, that measure progress and choose the "
        "threshold, where there is no tune cohort.",
        low=0,
        high=0.9,
    )
    calibration: str = _set(
        "none",
        "Calibration",
        "Makes the score a probability, from held-out logits: platt (slope and shift) or temperature (slope).",
        choices=("none", "temperature", "platt"),
    )
    error: float = _set(
        0.0,
        "Accepted error",
        "Share of wrong verdicts accepted in each outcome; the others are called uncertain. 0: no verdict is called "
        "uncertain.",
        low=0,
        high=0.5,
    )
    variables: str = _set(
        "",
        "Clinical variables",
        "What the clinical model may choose from, with commas between. Empty: age, T stage and BI-RADS. 'all': every "
        "one in the table.",
    )
    enter: float = _set(
        0.05, "Largest p", "Up to which a clinical variable enters the regression and stays in it.", low=0, high=1
    )
    dtype: str = _set("float32", "Stored as", "How parameters are kept.", choices=("float32", "float16"))
    mtl: MtlRecipe = field(default_factory=MtlRecipe)
    mil: MilRecipe = field(default_factory=MilRecipe)


OF_STAGE_ONE = frozenset(
    {
        "backbone",
        "pretrained",
        "tasks",
        "size",
        "geometry",
        "clean",
        "pooling",
        "mask_tokens",
        "type_tokens",
        "shape_tokens",
        "average_looks",
        "mask_threshold",
    }
)
"""Keys without a stage in them that only stage 1 reads."""


def change(recipe: Recipe, settings: dict[str, str]) -> Recipe:
    """The recipe with ``{"size": "256", "mtl.iterations": "300"}`` applied, each text read as its field's type.

    `BadSetting` for an unknown key (listing those that exist) and for a text that is not of the type.
    """
    for key, text in settings.items():
        recipe = _changed(recipe, key, text)
    return recipe


def check(recipe: Recipe) -> None:
    """Raise `BadSetting`, before any work is done, for a value that no training could use."""
    for key, entry in settings(recipe).items():
        if not entry.allows(value(recipe, key)):
            raise BadSetting(f"{key} cannot be used as it is set; it must be {entry.wanted}.")
    if not recipe.backbone.strip():
        raise BadSetting("backbone cannot be used as it is set; it must be a name, such as segformer-b2.")
    if recipe.size % 32:
        raise BadSetting("size cannot be used as it is set; it must be a multiple of 32, such as 256.")
    if recipe.mtl.scale_low > recipe.mtl.scale_high:
        raise BadSetting("mtl.scale_low cannot be used as it is set; it must be at most mtl.scale_high.")
    if recipe.mil.view_embedding and recipe.mil.kind != "transformer":
        raise BadSetting(
            f"mil.view_embedding cannot be used as it is set; it must be false for '{recipe.mil.kind}': only the "
            "transformer can be told the view."
        )


def settings(recipe: Recipe) -> dict[str, Setting]:
    """Every key that `change` knows, such as ``size`` and ``mtl.iterations``, with its words and limits, in order."""
    found: dict[str, Setting] = {}
    for entry in fields(recipe):
        inner = getattr(recipe, entry.name)
        if is_dataclass(inner):
            found |= {f"{entry.name}.{part.name}": _setting(part) for part in fields(inner)}
        else:
            found[entry.name] = _setting(entry)
    return found


def value(recipe: Recipe, key: str) -> Any:
    """What stands at a key of `settings`."""
    part, _, name = key.rpartition(".")
    return getattr(getattr(recipe, part) if part else recipe, name)


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """Nested plain data for a manifest; `from_dict` reads it back."""
    return asdict(recipe)


def from_dict(record: dict[str, Any]) -> Recipe:
    """The recipe of `to_dict`, also of an older version (absent keys take their default).

    `BadSetting` where a key is unknown.
    """
    try:
        flat = {key: value for key, value in record.items() if key not in ("mtl", "mil")}
        return Recipe(**flat, mtl=MtlRecipe(**record["mtl"]), mil=MilRecipe(**record["mil"]))
    except (TypeError, KeyError, AttributeError) as error:
        raise BadSetting(f"The recorded recipe cannot be read ({error}). Start a new run.") from error


def _setting(entry: Field[Any]) -> Setting:
    setting: Setting = entry.metadata["setting"]
    return setting


def _changed(recipe: Recipe, key: str, text: str) -> Recipe:
    known = settings(recipe)
    if key not in known:
        raise BadSetting(f"There is no setting '{key}'. Those that exist: {', '.join(known)}.")
    part, _, name = key.rpartition(".")
    target: Any = getattr(recipe, part) if part else recipe
    changed = replace(target, **{name: _parsed(key, text, getattr(target, name))})
    return replace(recipe, **{part: changed}) if part else changed


def _parsed(key: str, text: str, like: Any) -> Any:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        if isinstance(like, bool):
            return words[text.strip().lower()]
        parsed = type(like)(text.strip())
    except (ValueError, KeyError):
        raise BadSetting(f"'{text}' is no value for {key}; it wants something like '{like}'.") from None
    if isinstance(parsed, float) and not abs(parsed) < float("inf"):
        raise BadSetting(f"'{text}' is no value for {key}; it must be finite.")
    if isinstance(parsed, int | float) and parsed < 0:
        raise BadSetting(f"'{text}' is no value for {key}; it must not be negative.")
    return parsed
