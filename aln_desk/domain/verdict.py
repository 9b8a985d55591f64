"""What a model says: per image (`InstancePrediction`) and per patient (`Verdict`)."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import View
from aln_desk.domain.trained_on import Seen

Decision = Literal["positive", "negative", "uncertain"]


def decide(score: float, threshold: float) -> Decision:
    """``positive`` where score >= threshold, else ``negative``: what the threshold alone says."""
    return "positive" if score >= threshold else "negative"


NOT_DECIDED = "The model does not decide at this score."
"""What an uncertain verdict means where the model's `Undecided` scores are not known."""

SIMULATED = "Simulated outcomes: the verdict has no clinical meaning."
"""Stands wherever a verdict does whose model learned from outcomes that were drawn by lot."""


@dataclass(frozen=True, slots=True)
class Undecided:
    """The scores at which a model does not decide: ``low`` to ``high`` in [0, 1], round its threshold.

    ``error`` is why: the share of wrong verdicts that is accepted among the patients of each outcome.
    """

    low: float
    high: float
    error: float

    @property
    def sentence(self) -> str:
        """What it means for the reader of a verdict."""
        return (
            f"Between {self.low:.2f} and {self.high:.2f} the model does not decide, so that at most "
            f"{100 * self.error:.0f} % of patients of either outcome are expected to get a wrong verdict."
        )


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

    ``shares`` maps instance id to that image's weight in the verdict; they sum to 1 over the bag. ``uncertain``: the
    model does not decide, since at its accepted error the outcome that the threshold speaks against stays possible.
    ``seen``: whether the model was trained on this patient. ``simulated``: the outcomes it learned from were, see
    `SIMULATED`.
    """

    patient: str
    score: float
    threshold: float
    model: str
    shares: dict[str, float] = field(default_factory=dict)
    uncertain: bool = False
    seen: Seen = Seen.UNKNOWN
    simulated: bool = False

    @property
    def decision(self) -> Decision:
        return "uncertain" if self.uncertain else decide(self.score, self.threshold)
