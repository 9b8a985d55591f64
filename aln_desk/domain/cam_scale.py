"""How evidence is coloured: one signed scale in logits, the same for every image of a model and wherever it is shown.

The window, the report and the figures all take their colours from here. Evidence for a positive status is orange,
evidence against it blue, as the verdicts are; both keep apart in every common colour blindness, and of equal strength
they are about equally light. Zero is clear.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, floor, inf, log10
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

CAM_TOP = 4.0
"""Logits that the scale must hold where the model does not say how strong its evidence becomes."""

_STEPS = 5
"""A scale has at most this many steps from 0 to its top."""
_FADE = (0.1, 0.5)
"""Shares of the scale between which evidence fades in: below it is clear, so that weak evidence hides no tissue."""
_SIDE = 255
"""Colours on either side of zero."""
_AGAINST = ((0, 45, 95), (0, 95, 165), (58, 142, 200), (125, 190, 235), (205, 232, 255))
_FOR = ((90, 35, 0), (170, 75, 0), (230, 126, 34), (255, 180, 90), (255, 232, 190))
"""Evenly spaced colours from weak to strong, ever lighter: on a dark image the strongest stands out most."""


@dataclass(frozen=True, slots=True)
class CamScale:
    """From ``-top`` to ``top`` logits; beyond, colours stay the same. ``ticks``: round numbers between both ends."""

    top: float
    ticks: tuple[float, ...]


def cam_scale(highest: float) -> CamScale:
    """The shortest scale of at most five round steps to either side that holds ``highest`` (logits, above 0)."""
    power = 10.0 ** floor(log10(highest / _STEPS))
    counts = {factor * power: ceil(highest / (factor * power) - 1e-9) for factor in (1, 2, 2.5, 5, 10)}
    step, count = next((step, count) for step, count in counts.items() if count <= _STEPS)
    ticks = tuple(round(number * step, 10) for number in range(-count, count + 1))
    return CamScale(ticks[-1], ticks)


def known_top(said: Any) -> float:
    """What a manifest says (``cam_top``); `CAM_TOP` for nonsense and for models made before the figure was kept."""
    return float(said) if isinstance(said, int | float) and 0 < said < inf else CAM_TOP


def cam_colours() -> NDArray[np.uint8]:
    """(511, 4) uint8 RGBA along the scale, from the strongest evidence against to the strongest for; 255 is zero."""
    share = np.linspace(-1, 1, 2 * _SIDE + 1)
    against, speaking_for = _between(_AGAINST, -share), _between(_FOR, share)
    alpha = np.rint(np.interp(np.abs(share), _FADE, (0, 255)))
    return np.column_stack([np.where(share[:, None] < 0, against, speaking_for), alpha]).astype(np.uint8)


def cam_rgba(cam: ArrayLike, top: float = CAM_TOP) -> NDArray[np.uint8]:
    """(H, W, 4) uint8 RGBA of evidence (H, W) in logits; weaker than a tenth of ``top``, and no number, is clear."""
    share = np.clip(np.nan_to_num(np.asarray(cam, np.float64), posinf=top, neginf=-top) / top, -1, 1)
    painted: NDArray[np.uint8] = cam_colours()[np.rint(share * _SIDE).astype(np.intp) + _SIDE]
    return painted


def tick_words(value: float, scale: CamScale) -> str:
    """A tick's value with its sign; at both ends, that everything beyond looks the same."""
    beyond = {scale.top: "≥ ", -scale.top: "≤ "}.get(value, "")
    return beyond + (f"{value:+g}" if value else "0").replace("-", "−")


def _between(stops: tuple[tuple[int, int, int], ...], share: NDArray[np.float64]) -> NDArray[np.float64]:
    """(n, 3) colours at shares (n,) of the way through ``stops``; the ends go on."""
    at = np.linspace(0, 1, len(stops))
    return np.stack([np.rint(np.interp(share, at, channel)) for channel in zip(*stops, strict=True)], axis=1)
