"""The embedded model's recipe as one command: ``python -m training.embedded --work DIR --out resources/model``.

Simulate a study, train both stages on its training cohort, read a fresh cohort of another seed, and write the model
with a card that states what was measured beside the best possible. Everything goes through the command line that
users have; a step whose result lies in ``--work`` already is not done again.
"""

from __future__ import annotations

import argparse
import csv
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aln_desk.domain.verdict import SIMULATED
from aln_desk.io import atomic
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import Project
from aln_desk.io.trained_on import TRAINED_ON_FILE
from aln_desk.stats.roc import auc, auc_interval

STUDY_PATIENTS, STUDY_SEED = 1300, 1
TEST_PATIENTS, TEST_SEED = 200, 2


@dataclass(frozen=True, slots=True)
class Reached:
    """Patient AUCs on the fresh cohort: the model's with its 95 % DeLong interval, and the best possible ones from
    clinical variables, from the tumour's signs, and from all signs that the images show.
    """

    patients: int
    model: tuple[float, float, float]
    best_clinical: float
    best_tumour: float
    best: float


def main(arguments: Sequence[str]) -> int:
    """Do what is missing and write the model and its card to ``--out``."""
    parser = argparse.ArgumentParser(prog="python -m training.embedded", description="Train the embedded model.")
    parser.add_argument("--work", type=Path, required=True, help="folder for the simulated studies (about 1 GB)")
    parser.add_argument("--out", type=Path, required=True, help="where the model goes, such as resources/model")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--preset", default="small")
    options = parser.parse_args(arguments)
    study, test = options.work / "study", options.work / "fresh"
    for folder, patients, seed in ((study, STUDY_PATIENTS, STUDY_SEED), (test, TEST_PATIENTS, TEST_SEED)):
        if not folder.exists():
            _aln_desk("simulate", folder, "--patients", patients, "--seed", seed)
    with Project.open(study) as project:
        if project.adopted() is None:
            extra = ["--resume"] if any(project.runs.iterdir()) else []
            changes = ["--preset", options.preset, "--set", "dtype=float16", "--name", "embedded"]
            _aln_desk("train", "all", study, *changes, "--device", options.device, "--adopt", *extra)
        model = project.adopted()
    assert model is not None
    _aln_desk("predict", test, "--model", model, "--device", options.device)
    reached = measure(test)
    shutil.rmtree(options.out, ignore_errors=True)
    shutil.copytree(model, options.out)
    atomic.write_text(options.out / "CARD.md", card(model, reached))
    print(card(model, reached))
    return 0


def measure(folder: Path) -> Reached:
    """Compare the verdicts with the best possible scores, in a simulated project that has been read."""
    scores = {row["patient"]: float(row["score"]) for row in _rows(folder / "predictions" / "verdicts.csv")}
    truth = [row for row in _rows(folder / "truth.csv") if row["patient"] in scores]
    outcome = np.array([int(row["outcome"]) for row in truth])
    best = {
        column: auc(outcome, np.array([float(row[column]) for row in truth]))
        for column in ("best_clinical", "best_tumour", "best_score")
    }
    return Reached(
        patients=len(truth),
        model=auc_interval(outcome, np.array([scores[row["patient"]] for row in truth])),
        best_clinical=best["best_clinical"],
        best_tumour=best["best_tumour"],
        best=best["best_score"],
    )


def card(model: Path, reached: Reached) -> str:
    """The model's card: what it is, what it was taught, what it reached, what it is not for."""
    manifest = read_manifest(model)
    training, figures = manifest["training"], manifest["figures"]
    value, low, high = reached.model
    base = f"; stage 1 is that of model {training['base']}" if training.get("base") else ""
    conformal = manifest.get("conformal")
    error = f"{conformal['error']:.0%} in either outcome" if conformal else "none: every verdict is decided"
    return f"""# Embedded model {manifest["digest"]}

Stage 1 `{manifest["mtl"]["backbone"]}` at {manifest["preprocess"]["size"]} px, stage 2 a Transformer of
{manifest["mil"]["layers"]} layers. Research use only. Not a medical device.

**{SIMULATED}**
{_trained_on(manifest)}
| | |
|---|---|
| made by | `python -m training.embedded --work DIR --out resources/model` |
| study | `aln-desk simulate --patients {STUDY_PATIENTS} --seed {STUDY_SEED}`, its training cohort |
| patients fitted / held out | {training["patients_fit"]} / {training["patients_tune"]} |
| preset, device | {training["preset"]}, {training["device"]}{base} |
| threshold | {manifest["threshold"]:.4f} ({manifest["threshold_rule"]}) |
| accepted error; other verdicts are uncertain | {error} |
| held-out mask Dice, lesion type accuracy | {figures["dice"]:.3f}, {figures["lesion_accuracy"]:.3f} |

## On {reached.patients} fresh simulated patients (`--seed {TEST_SEED}`)

| reader | patient AUC |
|---|---|
| this model | {value:.3f} (95 % interval {low:.3f} to {high:.3f}) |
| best possible | {reached.best:.3f} |
| best possible from the tumour alone | {reached.best_tumour:.3f} |
| best possible from clinical variables | {reached.best_clinical:.3f} |
"""


def _trained_on(manifest: dict[str, Any]) -> str:
    """The sources of its patients, and how its images are known from others; empty where that was not recorded."""
    record = manifest.get("trained_on")
    if record is None:
        return ""
    rows = "\n".join(
        f"| {one['name']} | {one['patients']} | {one['images']} | {_outcomes(one)} |"
        for one in manifest["training"]["sources"]
    )
    return f"""
| source, held-out patients included | patients | images | known outcomes |
|---|---|---|---|
{rows}

`{TRAINED_ON_FILE}` lists the {record["fitted"]} images that the parameters learned from and the {record["held_out"]}
that were held out, by the first 16 hex digits of each file's SHA-256. Review, reports and `verdicts.csv` call all
others not seen in training.
"""


def _outcomes(source: dict[str, Any]) -> str:
    return f"{source['outcomes']}, simulated" if source["simulated"] else str(source["outcomes"] or "none")


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _aln_desk(*words: object) -> None:
    subprocess.run([sys.executable, "-m", "aln_desk", *map(str, words)], check=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
