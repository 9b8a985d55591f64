"""What the window knows of the model that reads the open project: its manifest, no parameters."""

from __future__ import annotations

from dataclasses import dataclass
from math import inf
from pathlib import Path
from typing import Any

from aln_desk.domain.verdict import Undecided, Verdict
from aln_desk.gui.canvas.colours import CAM_TOP
from aln_desk.io import checkpoint
from aln_desk.stats.conformal import Conformal


@dataclass(frozen=True, slots=True)
class ModelInUse:
    """The model that reads this project. ``simulated``: it was trained on drawn, not real, patients.

    ``cam_top`` is the evidence (logits) that few points of its training images exceed. ``knows_outcome``: outcomes
    were known when it was trained, so its CAM and scores mean something; ``judges``: it has a second stage.
    ``undecided``: the scores that it calls uncertain.
    """

    folder: Path
    name: str
    digest: str
    simulated: bool = False
    cam_top: float = CAM_TOP
    knows_outcome: bool = True
    judges: bool = True
    undecided: Undecided | None = None

    def undecided_for(self, verdict: Verdict) -> Undecided | None:
        """Where the model does not decide; None for another model's verdict, and where it always decides."""
        return self.undecided if verdict.model == self.digest else None


def model_in_use(folder: Path) -> ModelInUse:
    """What the model's manifest says. Raises BadModel when the folder holds none."""
    manifest = checkpoint.read_manifest(folder)
    taught = manifest.get("taught")
    return ModelInUse(
        folder,
        str(manifest.get("name", folder.name)),
        str(manifest.get("digest", "")),
        bool(manifest.get("simulated", False)),
        _cam_top(manifest.get("cam_top")),
        knows_outcome=not isinstance(taught, list) or "status" in taught,
        judges=manifest.get("mil", {}) is not None,
        undecided=_undecided(manifest),
    )


def _undecided(manifest: dict[str, Any]) -> Undecided | None:
    """None too for nonsense: the engine refuses such a model in a sentence."""
    try:
        return Conformal.from_dict(manifest["conformal"]).undecided(float(manifest["threshold"]))
    except (KeyError, TypeError, ValueError):
        return None


def _cam_top(value: Any) -> float:
    """Models made before the figure was kept have none."""
    return float(value) if isinstance(value, int | float) and 0 < value < inf else CAM_TOP
