"""What a model says: per image (`InstancePrediction`) and per patient (`Verdict`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import View

Decision = Literal["positive", "negative"]


def decide(score: float, threshold: float) -> Decision:
    """``positive`` where score >= threshold."""
    return "positive" if score >= threshold else "negative"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where the square model input lies on the image: input = image * scale + (left, top), in pixels.

    ``scale_x`` and ``scale_y`` differ by rounding to whole pixels when letterboxed, freely when aspect is ignored.
    ``size`` is the side of the input in pixels. `rect` gives the square in image pixels.
    """

    size: int
    scale_x: float
    scale_y: float
    left: float
    top: float

    def rect(self) -> tuple[float, float, float, float]:
        """(x, y, width, height) of the input square in image pixels; it may reach beyond the image."""
        return (
            -self.left / self.scale_x,
            -self.top / self.scale_y,
            self.size / self.scale_x,
            self.size / self.scale_y,
        )


@dataclass(frozen=True, slots=True, eq=False)
class InstancePrediction:
    """Stage 1's findings on one image.

    ``mask`` (H, W) bool at image size. ``cam`` (h, w) float32 in logits on the model's feature grid, whose mean is
    ``status_logit`` (the bias is included); `placement` puts that grid on the image. ``lesion_logit`` > 0 means
    lymph node. ``token`` (256,) float32.
    """

    instance: str
    mask: NDArray[np.bool_]
    cam: NDArray[np.float32]
    placement: Placement
    lesion_logit: float
    status_logit: float
    token: NDArray[np.float32]
    image_digest: str = ""

    @property
    def view(self) -> View:
        """The lesion type the network sees."""
        return View.NODE if self.lesion_logit > 0 else View.TUMOUR

    @property
    def status_score(self) -> float:
        """Image-level score in [0, 1]."""
        return float(1.0 / (1.0 + np.exp(-np.clip(self.status_logit, -60, 60))))


@dataclass(frozen=True, slots=True)
class Verdict:
    """Score, threshold, decision and evidence for one patient by one named model.

    ``shares`` maps instance id to that image's weight in the verdict; they sum to 1 over the bag.
    """

    patient: str
    score: float
    threshold: float
    model: str
    shares: dict[str, float] = field(default_factory=dict)

    @property
    def decision(self) -> Decision:
        return decide(self.score, self.threshold)
