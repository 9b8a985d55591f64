"""What a training run is asked to do, as plain data; the presets; and how `key=value` changes one."""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, fields, is_dataclass, replace
from typing import Any

from aln_desk.domain.errors import BadSetting


@dataclass(frozen=True, slots=True)
class MtlRecipe:
    """Stage 1. Rates are per step; ``head_rate`` multiplies the rate of the mask decoder and the heads.

    ``scale_low`` and ``scale_high`` bound the random enlargement of an image; ``dice`` weights a soft Dice loss
    beside the three cross-entropies of the paper (0: the paper's loss). ``iterations``,
    ``warmup`` and ``validate_every`` count optimiser steps; ``clip`` bounds the gradient's norm, 0 for no bound.
    """

    iterations: int = 10_000
    batch: int = 16
    learning_rate: float = 6e-5
    weight_decay: float = 0.01
    head_rate: float = 10.0
    warmup: int = 1_500
    validate_every: int = 2_000
    dice: float = 0.0
    augment: bool = True
    scale_low: float = 0.8
    scale_high: float = 1.25
    clip: float = 0.0


@dataclass(frozen=True, slots=True)
class MilRecipe:
    """Stage 2. ``warmup`` is in optimiser steps; the rate then falls along a cosine to 0."""

    layers: int = 6
    epochs: int = 100
    batch: int = 4
    learning_rate: float = 6e-5
    weight_decay: float = 0.01
    warmup: int = 10_000
    clip: float = 1.0
    dropout: float = 0.1


@dataclass(frozen=True, slots=True)
class Recipe:
    """A whole run. ``size`` is the side of the network's input in pixels, a multiple of 32.

    ``geometry`` is ``letterbox`` (aspect kept) or ``stretch``. ``pooling`` makes attended features a token: ``area``
    over the whole grid as in the paper, ``attention`` weighted, so that a small lesion's token does not vanish.
    ``held_out`` is the share of training patients, the last admitted, that choose the threshold and draw the
    validation curves when the project has no tune cohort. ``dtype`` is how parameters are stored.
    """

    backbone: str = "mit-b2"
    size: int = 512
    geometry: str = "letterbox"
    pooling: str = "area"
    mask_tokens: int = 1
    seed: int = 0
    held_out: float = 0.2
    dtype: str = "float32"
    mtl: MtlRecipe = field(default_factory=MtlRecipe)
    mil: MilRecipe = field(default_factory=MilRecipe)


@dataclass(frozen=True, slots=True)
class Preset:
    """A named recipe with the words that the window shows."""

    name: str
    title: str
    description: str
    recipe: Recipe


PRESETS: dict[str, Preset] = {
    preset.name: preset
    for preset in (
        Preset(
            "small",
            "Small",
            "MiT-B0 at 256 px; about an hour on a CPU for a thousand patients",
            Recipe(
                backbone="mit-b0",
                size=256,
                pooling="attention",
                mtl=MtlRecipe(
                    iterations=2_000,
                    learning_rate=2e-4,
                    head_rate=3.0,
                    warmup=100,
                    validate_every=250,
                    dice=1.0,
                    clip=1.0,
                ),
                mil=MilRecipe(epochs=12, batch=16, learning_rate=1e-4, warmup=50, dropout=0.2),
            ),
        ),
        Preset(
            "paper",
            "Paper",
            "MiT-B2 at 512 px with the published optimiser and schedule; wants a GPU",
            Recipe(),
        ),
        Preset(
            "tiny",
            "Tiny",
            "MiT-B0 at 64 px for a minute: tries the whole path, learns little",
            Recipe(
                backbone="mit-b0",
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
        ),
    )
}
DEFAULT_PRESET = "small"
DEVICES = ("auto", "cpu", "cuda", "mps")
"""Where networks may run; ``auto`` is CUDA, else Apple's MPS, else the CPU."""


def preset(name: str) -> Preset:
    """The preset of that name; `BadSetting` names those that exist."""
    try:
        return PRESETS[name]
    except KeyError:
        raise BadSetting(f"There is no preset '{name}'. Choose one of: {', '.join(PRESETS)}.") from None


def change(recipe: Recipe, settings: dict[str, str]) -> Recipe:
    """The recipe with ``{"size": "256", "mtl.iterations": "300"}`` applied, each text read as its field's type.

    `BadSetting` for an unknown key (listing those that exist) and for a text that is not of the type.
    """
    for key, text in settings.items():
        recipe = _changed(recipe, key, text)
    return recipe


def check(recipe: Recipe) -> None:
    """Raise `BadSetting`, before any work is done, for a value that no training could use."""
    mtl, mil = recipe.mtl, recipe.mil
    rules = (
        ("size", recipe.size > 0 and recipe.size % 32 == 0, "a multiple of 32, such as 256"),
        ("geometry", recipe.geometry in ("letterbox", "stretch"), "letterbox or stretch"),
        ("pooling", recipe.pooling in ("area", "attention"), "area or attention"),
        ("dtype", recipe.dtype in ("float32", "float16"), "float32 or float16"),
        ("mask_tokens", recipe.mask_tokens >= 1, "at least 1"),
        ("seed", recipe.seed < 2**31, "below 2147483648"),
        ("held_out", recipe.held_out < 1, "below 1, such as 0.2"),
        ("mtl.iterations", mtl.iterations >= 1, "at least 1"),
        ("mtl.batch", mtl.batch >= 1, "at least 1"),
        ("mtl.validate_every", mtl.validate_every >= 1, "at least 1"),
        ("mtl.learning_rate", 0 < mtl.learning_rate <= 1, "above 0 and at most 1"),
        ("mtl.scale_low", 0 < mtl.scale_low <= mtl.scale_high, "above 0 and at most mtl.scale_high"),
        ("mil.layers", mil.layers >= 1, "at least 1"),
        ("mil.epochs", mil.epochs >= 1, "at least 1"),
        ("mil.batch", mil.batch >= 1, "at least 1"),
        ("mil.learning_rate", 0 < mil.learning_rate <= 1, "above 0 and at most 1"),
        ("mil.dropout", mil.dropout < 1, "below 1"),
    )
    for key, holds, wanted in rules:
        if not holds:
            raise BadSetting(f"{key} cannot be used as it is set; it must be {wanted}.")


def keys(recipe: Recipe) -> list[str]:
    """Every key that `change` knows, such as ``size`` and ``mtl.iterations``."""
    found: list[str] = []
    for entry in fields(recipe):
        value = getattr(recipe, entry.name)
        if is_dataclass(value):
            found += [f"{entry.name}.{inner.name}" for inner in fields(value)]
        else:
            found.append(entry.name)
    return found


def to_dict(recipe: Recipe) -> dict[str, Any]:
    """Nested plain data for a manifest; `from_dict` reads it back."""
    return asdict(recipe)


def from_dict(record: dict[str, Any]) -> Recipe:
    """The recipe of `to_dict`; `BadSetting` where a key is unknown."""
    try:
        flat = {key: value for key, value in record.items() if key not in ("mtl", "mil")}
        return Recipe(**flat, mtl=MtlRecipe(**record["mtl"]), mil=MilRecipe(**record["mil"]))
    except (TypeError, KeyError, AttributeError) as error:
        raise BadSetting(f"The recorded recipe cannot be read ({error}). Start a new run.") from error


def _changed(recipe: Recipe, key: str, text: str) -> Recipe:
    if key not in keys(recipe):
        raise BadSetting(f"There is no setting '{key}'. Those that exist: {', '.join(keys(recipe))}.")
    part, _, name = key.rpartition(".")
    target: Any = getattr(recipe, part) if part else recipe
    changed = replace(target, **{name: _parsed(key, text, getattr(target, name))})
    return replace(recipe, **{part: changed}) if part else changed


def _parsed(key: str, text: str, like: Any) -> Any:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
    try:
        if isinstance(like, bool):
            return words[text.strip().lower()]
        value = type(like)(text.strip())
    except (ValueError, KeyError):
        raise BadSetting(f"'{text}' is no value for {key}; it wants something like '{like}'.") from None
    if isinstance(value, float) and not abs(value) < float("inf"):
        raise BadSetting(f"'{text}' is no value for {key}; it must be finite.")
    if isinstance(value, int | float) and value < 0:
        raise BadSetting(f"'{text}' is no value for {key}; it must not be negative.")
    return value
