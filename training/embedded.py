"""The embedded model's recipe as one command: ``python -m training.embedded --work DIR --out resources/model``.

Simulate the study, add real images without outcomes (``--real``, see `training.real_images`), train both stages on its
training cohorts, read its test cohorts, and write the model with a card that states what was measured beside the best
possible. A step whose result lies in ``--work`` already is not done again.
"""

from __future__ import annotations

import argparse
import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from aln_desk.domain.patient import Role
from aln_desk.domain.verdict import SIMULATED
from aln_desk.io import atomic
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import TRUTH_FILE, Project
from aln_desk.io.trained_on import TRAINED_ON_FILE
from aln_desk.stats.roc import auc, auc_interval
from training import commands, once, real_images, simulated, tables
from training.commands import Clock
from training.run import Job
from training.simulated import TRAINING

Setting = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Part:
    """A part of stage 1's teaching: its settings beside `SETTINGS`, and the cohorts that teach it, none for all."""

    settings: tuple[Setting, ...]
    cohorts: tuple[str, ...] = ()


EMBEDDED = "embedded"
PATIENTS, SEED = 6000, 2
"""Of the simulated study that teaches it: about four times the paper's, since stage 2 learns from patients whom stage 1
knows and trusts what that remembers, the more so the fewer there are; and another seed than that of the study that
models are compared on, none of whose patients has taught it.
"""
PRESET = "small"
PARTS: tuple[Part, ...] = (
    Part(
        (
            ("size", "160"),
            ("mtl.iterations", "4000"),
            ("mtl.learning_rate", "1e-3"),
        ),
        (TRAINING,),
    ),
    Part(
        (
            ("size", "192"),
            ("mtl.iterations", "4000"),
            ("mtl.learning_rate", "7e-4"),
            ("mtl.elastic", "0.015"),
            ("mtl.without_outcome", "0.6"),
        )
    ),
)
"""Stage 1 learns from simulated patients first, on smaller images, and then from the real ones too."""
STAGE_ONE: tuple[Setting, ...] = (
    ("clean", "true"),
    ("shape_tokens", "true"),
    ("average_looks", "true"),
    ("mask_threshold", "0.4"),
    ("mtl.balanced", "true"),
    ("mtl.lesion", "0.3"),
    ("mtl.status", "0.5"),
    ("mtl.scale_low", "0.7"),
    ("mtl.scale_high", "1.4"),
    ("mtl.rotate", "15"),
    ("mtl.gamma", "0.4"),
    ("mtl.ema", "0.995"),
    ("mtl.validate_every", "1000"),
)
"""How a small stage 1 learns from random numbers, whatever its backbone."""
SETTINGS: tuple[Setting, ...] = (*STAGE_ONE, ("backbone", "resnet10t"), ("dtype", "float16"))
"""What the embedded model's stage 1 is, in every part, beside its preset."""
STAGE_TWO: tuple[Setting, ...] = (
    ("dtype", "float16"),
    ("mil.layers", "1"),
    ("mil.view_embedding", "true"),
    ("mil.epochs", "20"),
    ("mil.learning_rate", "3e-4"),
    ("mil.weight_decay", "1"),
)
"""How a small stage 2 learns from thousands of patients without knowing them by heart."""


@dataclass(frozen=True, slots=True)
class Reached:
    """Patient AUCs on one test cohort: the model's with its 95 % DeLong interval, and the best possible ones from
    clinical variables, from the tumour's signs, and from all signs that the images show.
    """

    cohort: str
    patients: int
    model: tuple[float, float, float]
    best_clinical: float
    best_tumour: float
    best: float


def main(arguments: Sequence[str]) -> int:
    """Do what is missing and write the model and its card to ``--out``."""
    parser = argparse.ArgumentParser(prog="python -m training.embedded", description="Train the embedded model.")
    parser.add_argument("--work", type=Path, required=True, help="folder for the simulated study (about 5 GB)")
    parser.add_argument("--out", type=Path, required=True, help="where the model goes, such as resources/model")
    parser.add_argument("--real", type=Path, help="folder of real images with outlines and manifest.csv")
    parser.add_argument("--lesions", type=Path, help="what training.real_lesions wrote, for the card")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args(arguments)
    study, tests = options.work / "study", options.work / "tests"
    simulated.ensure(Clock(), study, patients=PATIENTS, seed=SEED)
    simulated.ensure_tests(Clock(), study, tests)
    if options.real:
        real_images.ensure(study, options.real)
    model = decide(study, EMBEDDED, learn(study, EMBEDDED, options.device), options.device)
    commands.aln_desk(Clock(), "predict", tests, "--model", model, "--device", options.device)
    lesions = (options.lesions / "lesions.md").read_text(encoding="utf-8") if options.lesions else ""
    text = card(model, measure(tests, study / TRUTH_FILE), lesions)
    shutil.rmtree(options.out, ignore_errors=True)
    shutil.copytree(model, options.out)
    atomic.write_text(options.out / "CARD.md", text)
    print(text)
    return 0


def learn(
    project: Path,
    label: str,
    device: str,
    settings: Sequence[Setting] = (),
    fold: tuple[int, int] | None = None,
    parts: Sequence[Part] = PARTS,
) -> Path:
    """Train ``parts`` of stage 1, the first of `PARTS`, one after another, each from the parameters of the one before;
    give the last one's model. ``settings`` change every part. Finished runs are not done again; stopped ones go on.
    What simulated patients alone teach is the same for every ``label`` and ``fold``, and is done once.
    """
    model, start = Path(), ""
    for number, part in enumerate(parts, start=1):
        asked = (*SETTINGS, *part.settings, ("pretrained", start), *settings)
        name = f"{EMBEDDED if part.cohorts else label}, part {number}"
        held_out = None if part.cohorts else fold
        model = once.trained(Job(project, "mtl", PRESET, asked, part.cohorts, device, name=name, fold=held_out))
        start = model.name
    return model


def decide(project: Path, label: str, stage_one: Path, device: str) -> Path:
    """Train stage 2 on the tokens of ``stage_one``, a model of the project, unless that is done; give the model."""
    return once.trained(Job(project, "mil", PRESET, STAGE_TWO, device=device, base=stage_one, name=label))


def measure(folder: Path, truth_file: Path) -> list[Reached]:
    """Compare the verdicts on each test cohort of a project that was read with the best possible scores."""
    rows = tables.read(folder / "predictions" / "verdicts.csv")
    with Project.open(folder) as project:
        tests = [cohort.name for cohort in project.cohorts() if cohort.role in (Role.INTERNAL_TEST, Role.EXTERNAL_TEST)]
    truth = {row["patient"]: row for row in tables.read(truth_file)}
    return [_reached(name, [row for row in rows if row["cohort"] == name], truth) for name in tests]


def _reached(cohort: str, rows: Sequence[dict[str, str]], truth: Mapping[str, dict[str, str]]) -> Reached:
    known = [truth[row["patient"]] for row in rows]
    outcome = np.array([int(row["outcome"]) for row in known])

    def best(column: str) -> float:
        return auc(outcome, np.array([float(row[column]) for row in known]))

    model = auc_interval(outcome, np.array([float(row["score"]) for row in rows]))
    return Reached(cohort, len(rows), model, best("best_clinical"), best("best_tumour"), best("best_score"))


def card(model: Path, reached: Sequence[Reached], lesions: str = "") -> str:
    """The model's card: what it is, what it was taught, what it reached, what it is not for."""
    manifest = read_manifest(model)
    training, figures = manifest["training"], manifest["figures"]
    base = f"; stage 1 is that of model {training['base']}" if training.get("base") else ""
    conformal = manifest.get("conformal")
    rows = "\n".join(map(_row, reached))
    error = f"{conformal['error']:.0%} in either outcome" if conformal else "none: every verdict is decided"
    return f"""# Embedded model {manifest["digest"]}

Stage 1 `{manifest["mtl"]["backbone"]}` at {manifest["preprocess"]["size"]} px, stage 2 a Transformer (layers:
{manifest["mil"]["layers"]}). Research use only. Not a medical device.

**{SIMULATED}**
{_trained_on(manifest)}
| | |
|---|---|
| made by | `python -m training.embedded --work DIR --real IMAGES --out resources/model` |
| study | `aln-desk simulate --patients {PATIENTS} --seed {SEED}`, its training cohort |
| patients fitted / held out | {training["patients_fit"]} / {training["patients_tune"]} |
| preset, device | {training["preset"]}, {training["device"]}{base} |
| threshold | {manifest["threshold"]:.4f} ({manifest["threshold_rule"]}) |
| accepted error; other verdicts are uncertain | {error} |
| held-out mask Dice, lesion type accuracy | {figures["dice"]:.3f}, {figures["lesion_accuracy"]:.3f} |

## On simulated patients that it has not seen

| cohort | patients | this model: patient AUC | best possible | from the tumour alone | from clinical variables |
|---|---|---|---|---|---|
{rows}
{_real(lesions)}
## Limits

* Outcomes were simulated; real images taught masks and lesion types only.
* The real images are breast ultrasound of one hospital and one maker's scanner, few of them of the axilla.
"""


def _row(reached: Reached) -> str:
    value, low, high = reached.model
    best = f"{reached.best:.3f} | {reached.best_tumour:.3f} | {reached.best_clinical:.3f}"
    return f"| {reached.cohort} | {reached.patients} | {value:.3f} (95 % interval {low:.3f} to {high:.3f}) | {best} |"


def _real(lesions: str) -> str:
    if not lesions:
        return ""
    return f"""
## On real images, by cross-validation of this recipe

Figures with 95 % intervals; `python -m training.real_lesions STUDY --real IMAGES --out DIR`.

{lesions}"""


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
