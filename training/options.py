"""Each option against the preset `paper` on the same patients: ``python -m training.options PROJECT --out DIR``.

A run is trained for `paper` with nothing changed, then one for every option with that option alone changed, then one
with all of them; all are measured on the project's test cohorts, which none has seen. On a CPU, ``--set`` makes every
run small in the same way (size, steps, rates), which is told with the table.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import Patient, Role
from aln_desk.io import atomic
from aln_desk.io.project import Project
from aln_desk.models.build import choose_device, load_model
from aln_desk.stats import delong
from aln_desk.stats.roc import auc_interval
from training import data, mil_loop, once, tables, tokens
from training.measure import measure_images
from training.run import Job

OPTIONS: dict[str, tuple[tuple[str, str], ...]] = {
    "paper": (),
    "geometry of use = geometry of training": (("geometry", "letterbox"),),
    "Dice beside cross-entropy": (("mtl.dice", "1"),),
    "a mask token per lesion type": (("mask_tokens", "2"),),
    "attention pooling": (("pooling", "attention"),),
    "lesion-type-aware tokens": (("type_tokens", "true"),),
    "shape-aware tokens": (("shape_tokens", "true"),),
    "text and scanner border masked": (("clean", "true"),),
    "rotation and gamma": (("mtl.rotate", "10"), ("mtl.gamma", "0.3")),
    "mask over four looks": (("average_looks", "true"),),
    "averaged parameters": (("mtl.ema", "0.99"),),
    "patient-balanced sampling": (("mtl.balanced", "true"),),
    "tokens know the view": (("mil.view_embedding", "true"),),
    "node images left out at random": (("mil.node_dropout", "0.3"),),
}
TOGETHER = "all of them"


@dataclass(frozen=True, slots=True)
class Row:
    """What one option reached on ``patients`` of the test cohorts. ``p``: DeLong's, of the AUC against `paper`'s."""

    option: str
    settings: str
    patients: int
    auc: float
    auc_low: float
    auc_high: float
    p: float
    dice: float
    miou: float
    lesion_accuracy: float
    status_auc: float


@dataclass(frozen=True, slots=True, eq=False)
class Outcome:
    """A model's logits (P,) on the test patients, in one order, and its figures on their images."""

    logit: NDArray[np.float64]
    outcome: NDArray[np.int64]
    figures: dict[str, float]


def main(arguments: Sequence[str]) -> int:
    """Train what is not trained yet, measure, and write ``options.csv`` and ``options.md``."""
    parser = argparse.ArgumentParser(prog="python -m training.options", description="Compare every option with paper.")
    parser.add_argument("project", type=Path)
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--device", default="auto")
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="changed in every run alike")
    parser.add_argument("--only", default="", help="only options whose name holds this text")
    options = parser.parse_args(arguments)
    common = tuple((key, value) for key, _, value in (text.partition("=") for text in options.set))
    wanted = {**OPTIONS, TOGETHER: tuple(setting for own in OPTIONS.values() for setting in own)}
    rows: list[Row] = []
    first: Outcome | None = None
    for name, settings in wanted.items():
        if name != "paper" and options.only not in name:
            continue
        found = reach(options.project, name, (*common, *settings), options.device)
        first = first or found
        rows.append(_row(name, settings, found, first))
        _write(options.out, rows, common, options.device)
        print(" | ".join(_cells(rows[-1])), flush=True)
    return 0


def reach(project: Path, name: str, settings: tuple[tuple[str, str], ...], device: str) -> Outcome:
    """Train ``paper`` with these settings, unless the project has that model already, and measure it."""
    label = f"option: {name} {settings}"
    model = once.trained(Job(project, preset="paper", settings=settings, device=device, name=label))
    return measure(project, model, device)


def measure(project: Path, model: Path, device: str) -> Outcome:
    """What the model makes of every patient of the project's test cohorts."""
    loaded = load_model(model, choose_device(device))
    assert loaded.mil is not None
    with Project.open(project) as opened:
        patients = _test_patients(opened)
        images = data.load(patients, loaded.preprocess, opened.cache)
        digest = tokens.parameters_digest(loaded.mtl)
        found = tokens.extract(loaded.mtl, patients, loaded.preprocess, digest, lambda message: None, lambda: False)
    bags = mil_loop.collect(found, patients)
    figures = measure_images(loaded.mtl, images, loaded.preprocess)
    return Outcome(mil_loop.logits(loaded.mil, bags), bags.outcome.numpy().astype(np.int64), figures)


def _test_patients(project: Project) -> list[Patient]:
    tests = {cohort.name for cohort in project.cohorts() if cohort.role not in (Role.TRAIN, Role.TUNE)}
    return project.patients(cohorts=tests)


def _row(name: str, settings: Sequence[tuple[str, str]], found: Outcome, first: Outcome) -> Row:
    p = np.nan if found is first else delong.compare(found.outcome, found.logit, first.logit).p
    figures = [found.figures[key] for key in ("dice", "miou", "lesion_accuracy", "status_auc")]
    words = " ".join(f"{key}={value}" for key, value in settings)
    return Row(name, words, len(found.outcome), *auc_interval(found.outcome, found.logit), p, *figures)


def _write(out: Path, rows: Sequence[Row], common: Sequence[tuple[str, str]], device: str) -> None:
    out.mkdir(parents=True, exist_ok=True)
    columns = [entry.name for entry in fields(Row)]
    atomic.write_text(out / "options.csv", tables.to_csv(columns, map(astuple, rows)))
    head = ("option", "patient AUC (95 % interval)", "p against paper", "Dice", "lesion type", "image AUC")
    made = " ".join(f"--set {key}={value}" for key, value in common)
    note = f"Device: {choose_device(device)}. In every run alike: `{made or 'nothing changed'}`.\n\n"
    atomic.write_text(out / "options.md", note + tables.to_markdown(head, map(_cells, rows)) + "\n")


def _cells(row: Row) -> tuple[str, ...]:
    reached = tables.interval(row.auc, row.auc_low, row.auc_high)
    return (
        row.option,
        reached,
        tables.p_value(row.p),
        *map(tables.number, (row.dice, row.lesion_accuracy, row.status_auc)),
    )


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
