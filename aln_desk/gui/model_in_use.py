"""What the window knows of the model that reads the open project: its manifest, no parameters."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aln_desk.domain.cam_scale import CAM_TOP, known_top
from aln_desk.domain.patient import Patient
from aln_desk.domain.trained_on import Seen, TrainedOn
from aln_desk.domain.verdict import InstancePrediction, Undecided, Verdict
from aln_desk.io import checkpoint, trained_on
from aln_desk.stats.conformal import Conformal
from aln_desk.stats.logistic import LogisticModel


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """The model that reads this project. ``simulated``: it was trained on drawn, not real, patients.

    ``cam_top`` is the evidence (logits) that few points of its training images exceed. ``knows_outcome``: outcomes
    were known when it was trained, so its CAM and scores mean something; ``judges``: it has a second stage.
    ``undecided``: the scores that it calls uncertain. ``draws`` and ``tells_type``: it was taught masks and lesion
    types. ``regression`` is what it makes of clinical variables; a clinical model reads nothing else
    (``reads_images``). One with ``tumours_only`` judges no node image. ``trained_on``: its record of training images,
    None where there is none.
    """

    folder: Path
    name: str
    digest: str
    simulated: bool = False
    cam_top: float = CAM_TOP
    knows_outcome: bool = True
    judges: bool = True
    undecided: Undecided | None = None
    draws: bool = True
    tells_type: bool = True
    regression: LogisticModel | None = None
    reads_images: bool = True
    tumours_only: bool = False
    trained_on: TrainedOn | None = None

    @property
    def variables(self) -> tuple[str, ...]:
        """The clinical variables that it reads."""
        return self.regression.variables if self.regression else ()

    def lacks(self, patient: Patient) -> bool:
        """Whether it has nothing to go by in this patient, so that reading again would change nothing."""
        return not self.reads_images and self.regression is not None and not self.regression.knows(patient.clinical)

    def has_seen(self, prediction: InstancePrediction) -> Seen:
        """Whether it was trained on the image that these findings of its are of."""
        return self.trained_on.image(prediction.image_digest) if self.trained_on is not None else Seen.UNKNOWN

    def undecided_for(self, verdict: Verdict) -> Undecided | None:
        """Where the model does not decide; None for another model's verdict, and where it always decides."""
        return self.undecided if verdict.model == self.digest else None


def model_in_use(folder: Path) -> ModelInUse:
    """What the model's manifest says, and its record of images. Raises BadModel when one is absent or damaged."""
    manifest = checkpoint.read_manifest(folder)
    taught = manifest.get("taught")
    known = taught if isinstance(taught, list) else ["status", "mask", "lesion"]  # models made before it was kept
    mil = manifest.get("mil", {})
    return ModelInUse(
        folder,
        str(manifest.get("name", folder.name)),
        str(manifest.get("digest", "")),
        bool(manifest.get("simulated", False)),
        known_top(manifest.get("cam_top")),
        knows_outcome="status" in known,
        judges=mil is not None,
        undecided=_undecided(manifest),
        draws="mask" in known,
        tells_type="lesion" in known,
        regression=_regression(manifest),
        reads_images=manifest.get("kind") != "clinical",
        tumours_only=isinstance(mil, dict) and mil.get("views") == "tumour",
        trained_on=trained_on.read(folder, manifest),
    )


def _undecided(manifest: dict[str, Any]) -> Undecided | None:
    """None too for nonsense: the engine refuses such a model in a sentence."""
    try:
        return Conformal.from_dict(manifest["conformal"]).undecided(float(manifest["threshold"]))
    except (KeyError, TypeError, ValueError):
        return None


def _regression(manifest: dict[str, Any]) -> LogisticModel | None:
    try:
        return LogisticModel.from_dict(manifest["fusion"])
    except (KeyError, TypeError, ValueError):
        return None
