"""From the logit of a bag to score and decision: fusion with clinical variables, calibration, threshold, conformal set.

Plain data and arithmetic. A manifest holds it (keys ``threshold``, ``calibration``, ``conformal``, ``fusion``; all but
the first may be absent), also the manifest of a clinical model, which has no network.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeVar

from aln_desk.domain.errors import BadModel
from aln_desk.domain.verdict import Decision, decide
from aln_desk.stats.calibration import Calibration, sigmoid
from aln_desk.stats.conformal import Conformal
from aln_desk.stats.logistic import LogisticModel

Part = TypeVar("Part")


@dataclass(frozen=True, slots=True)
class VerdictRule:
    """Score = sigmoid(calibration(fusion(clinical variables, bag logit))); positive where it reaches ``threshold``.

    Without ``fusion`` the bag's logit stands alone. With ``conformal`` a verdict is uncertain where the other outcome
    cannot be excluded: so at most the accepted error of each outcome's patients get the wrong verdict.
    """

    threshold: float
    calibration: Calibration = Calibration.none
    conformal: Conformal | None = None
    fusion: LogisticModel | None = None

    def score(self, logit: float | None, clinical: Mapping[str, str]) -> float:
        """In [0, 1]. ``logit`` is stage 2's, None for a model of clinical variables alone; ``clinical`` is read by a
        fusion only. ValueError where there is neither a logit nor a fusion.
        """
        if self.fusion is not None:
            logit = self.fusion.logit(clinical, logit)
        if logit is None:
            raise ValueError("without a fusion the score needs the bag's logit")
        return float(sigmoid(self.calibration.apply(logit)))

    def decide(self, score: float) -> Decision:
        """``positive`` from the threshold on, ``uncertain`` where the other outcome stays possible."""
        called = decide(score, self.threshold)
        other = 0 if called == "positive" else 1
        return "uncertain" if self.conformal and other in self.conformal.region(score) else called

    def tipping_logit(self, clinical: Mapping[str, str]) -> float:
        """The bag's logit at which this patient's verdict tips: the baseline of the images' shares.

        nan where the fusion gives the images no weight: then no image has a part in the verdict.
        """
        wanted = self.calibration.undo(to_logit(self.threshold))
        if self.fusion is None:
            return wanted
        weight = self.fusion.image
        return (wanted - self.fusion.logit(clinical, 0.0)) / weight if weight else math.nan

    def to_manifest(self) -> dict[str, Any]:
        """Its keys of a manifest; None for what it does without."""
        parts = {"calibration": self.calibration, "conformal": self.conformal, "fusion": self.fusion}
        records = {key: None if part in (None, Calibration.none) else part.to_dict() for key, part in parts.items()}
        return {"threshold": self.threshold, **records}

    @classmethod
    def from_manifest(cls, manifest: Mapping[str, Any], where: object) -> VerdictRule:
        """The inverse of `to_manifest`. Raises `BadModel`, naming the model's folder ``where``, for nonsense."""
        threshold = manifest.get("threshold")
        if isinstance(threshold, bool) or not isinstance(threshold, float | int) or not 0 <= threshold <= 1:
            raise BadModel(f"{where}: the model has no threshold between 0 and 1; train it again.")
        fusion = _part(manifest, "fusion", LogisticModel.from_dict, where)
        if fusion is None and manifest.get("kind") in ("clinical", "fusion"):
            raise BadModel(f"{where}: the model's weights of the clinical variables are missing; train it again.")
        return cls(
            float(threshold),
            _part(manifest, "calibration", Calibration.from_dict, where) or Calibration.none,
            _part(manifest, "conformal", Conformal.from_dict, where),
            fusion,
        )


def to_logit(score: float) -> float:
    """The logit of a score, kept within +-14."""
    kept = min(max(score, 1e-6), 1 - 1e-6)
    return math.log(kept / (1 - kept))


def _part(manifest: Mapping[str, Any], key: str, read: Callable[[Any], Part], where: object) -> Part | None:
    record = manifest.get(key)
    try:
        return None if record is None else read(record)
    except KeyError as error:
        raise BadModel(f"{where}: the model's {key} lacks {error}; copy or train the model again.") from error
    except (AttributeError, TypeError, ValueError) as error:
        raise BadModel(f"{where}: the model's {key} cannot be used ({error}); train the model again.") from error
