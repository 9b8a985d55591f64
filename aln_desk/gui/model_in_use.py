"""What the window knows of the model that reads the open project: its manifest, no parameters."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from aln_desk.domain.patient import Patient
from aln_desk.domain.verdict import Undecided, Verdict
from aln_desk.gui.canvas.colours import CAM_TOP
from aln_desk.io import checkpoint
from aln_desk.stats.conformal import Conformal
from aln_desk.stats.logistic import LogisticModel


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """The model that reads this project. ``simulated``: it was trained on drawn, not real, patients.

    ``cam_top`` is the evidence (logits) that few points of its training images exceed. ``knows_outcome``: outcomes
    were known when it was trained, so its CAM and scores mean something; ``judges``: it has a second stage.
    ``undecided``: the scores that it calls uncertain. ``draws`` and ``tells_type``: it was taught masks and lesion
    types. ``regression`` is what it makes of clinical variables; a clinical model reads nothing else
    (``reads_images``). One with ``tumours_only`` judges no node image.
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

    @property
    def variables(self) -> tuple[str, ...]:
        """The clinical variables that it reads."""
        return self.regression.variables if self.regression else ()

    def lacks(self, patient: Patient) -> bool:
        """Whether it has nothing to go by in this patient, so that reading again would change nothing."""
        return not self.reads_images and self.regression is not None and not self.regression.knows(patient.clinical)

    def undecided_for(self, verdict: Verdict) -> Undecided | None:
        """Where the model does not decide; None for another model's verdict, and where it always decides."""
        return self.undecided if verdict.model == self.digest else None


def model_in_use(folder: Path) -> ModelInUse:
    """What the model's manifest says. Raises BadModel when the folder holds none."""
    manifest = checkpoint.read_manifest(folder)
    taught = manifest.get("taught")
    known = taught if isinstance(taught, list) else ["status", "mask", "lesion"]  # models made before it was kept
    mil = manifest.get("mil", {})
    return ModelInUse(
        folder,
        str(manifest.get("name", folder.name)),
        str(manifest.get("digest", "")),
        bool(manifest.get("simulated", False)),
        _cam_top(manifest.get("cam_top")),
        knows_outcome="status" in known,
        judges=mil is not None,
        undecided=_undecided(manifest),
        draws="mask" in known,
        tells_type="lesion" in known,
        regression=_regression(manifest),
        reads_images=manifest.get("kind") != "clinical",
        tumours_only=isinstance(mil, dict) and mil.get("views") == "tumour",
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


def _cam_top(value: Any) -> float:
    """Models made before the figure was kept have none."""
    return float(value) if isinstance(value, int | float) and 0 < value < inf else CAM_TOP
