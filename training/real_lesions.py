"""How good the masks are on real images: ``python -m training.real_lesions PROJECT --real FOLDER --out DIR``.

Cross-validation of stage 1, by the embedded model's recipe, on the project's simulated training patients and the real
images together. No group of real images is on both sides of a fold (`training.real_images`); each image is
measured once, at its own size, by the model that has not seen its group. Parameters are those of the last step, so that
nothing is chosen on what is measured. Writes ``lesions.csv``, a row an image, and ``lesions.md``, the figures with
their intervals (groups of images drawn again). Folds that are trained already are not trained again.
"""

from __future__ import annotations

import argparse
import csv
import math
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, fields
from pathlib import Path

import numpy as np

from aln_desk.domain.patient import Instance, View
from aln_desk.io import atomic, images
from aln_desk.io.annotations import current_annotation
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import Project
from aln_desk.io.rasterize import class_mask
from aln_desk.models.build import LoadedModel, choose_device, load_model
from aln_desk.models.reading_images import TorchNetwork, read_images
from aln_desk.stats.agreement import dice
from aln_desk.stats.bootstrap import Estimate, interval
from aln_desk.stats.roc import auc
from training import data, real_images
from training.embedded import learn

FOLDS = 5
LABEL = "real lesions"
FOUND = 0.5
"""Dice above which a lesion counts as found."""
BATCH = 16


@dataclass(frozen=True, slots=True)
class ImageRow:
    """One held-out image. ``dice`` is nan without a lesion; ``area`` is the share of the image's pixels called lesion;
    ``node_logit`` above 0 means lymph node.
    """

    file: str
    kind: str
    view: str
    group: str
    fold: int
    dice: float
    area: float
    node_logit: float


def main(arguments: Sequence[str]) -> int:
    """Train the folds that are missing, measure, and write the table."""
    parser = argparse.ArgumentParser(prog="python -m training.real_lesions", description="Masks of real lesions.")
    parser.add_argument("project", type=Path, help="a simulated study; the real images are added to it")
    parser.add_argument("--real", type=Path, required=True, help="folder of images with outlines and manifest.csv")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--folds", type=int, default=FOLDS)
    parser.add_argument("--set", action="append", default=[], metavar="KEY=VALUE", help="other than the embedded model")
    parser.add_argument("--device", default="auto")
    options = parser.parse_args(arguments)
    with Project.open(options.project) as project:
        if real_images.COHORT not in {cohort.name for cohort in project.cohorts()}:
            real_images.add(project, options.real)
    changed = [text.partition("=")[::2] for text in options.set]
    folds = [(number, options.folds) for number in range(1, options.folds + 1)]
    models = {fold: learn(options.project, LABEL, "mtl", options.device, changed, fold) for fold in folds}
    rows = [
        row
        for fold, model in models.items()
        for row in measure(options.project, options.real, model, fold, options.device)
    ]
    write(options.out, rows, options.folds)
    print((options.out / "lesions.md").read_text(encoding="utf-8"))
    return 0


def measure(project: Path, folder: Path, model: Path, fold: tuple[int, int], device: str) -> Iterator[ImageRow]:
    """The real images that the fold's model has not seen, read by it."""
    kinds = {row["file"]: row["class"] for row in real_images.manifest(folder)}
    trained = read_manifest(model)["training"]
    with Project.open(project) as opened:
        roles = {cohort.name: cohort.role for cohort in opened.cohorts()}
        taught = opened.patients(cohorts=set(trained["cohorts"]))
    held_out = data.fold(taught, roles, *fold, trained["recipe"]["seed"]).tune
    bag = [i for patient in held_out if patient.cohort == real_images.COHORT for i in patient.bag]
    yield from _rows(load_model(model, choose_device(device)), bag, kinds, fold[0])


def write(out: Path, rows: Sequence[ImageRow], folds: int) -> None:
    """``lesions.csv`` and ``lesions.md`` in ``out``."""
    out.mkdir(parents=True, exist_ok=True)
    rows = sorted(rows, key=lambda row: row.file)
    with (out / "lesions.csv").open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow([entry.name for entry in fields(ImageRow)])
        writer.writerows(astuple(row) for row in rows)
    atomic.write_text(out / "lesions.md", table(rows, folds))


def table(rows: Sequence[ImageRow], folds: int) -> str:
    """The figures by class, with 95 % intervals, in Markdown."""
    kinds = sorted({row.kind for row in rows if not math.isnan(row.dice)})
    parts = {kind: [row for row in rows if row.kind == kind and not math.isnan(row.dice)] for kind in kinds}
    parts["lymph nodes"] = [row for row in rows if row.view == View.NODE]
    parts["all lesions"] = [row for row in rows if not math.isnan(row.dice)]
    lines = [f"| {folds}-fold, groups held out | images | Dice | found (Dice > {FOUND}) |", "|---|---|---|---|"]
    for kind, part in parts.items():
        mean, found = _estimate(part, _dice), _estimate(part, _found)
        lines.append(f"| {kind} | {len(part)} | {_words(mean)} | {_words(found)} |")
    normal = [row for row in rows if math.isnan(row.dice)]
    lines += ["", "| measure | images | value |", "|---|---|---|"]
    lines.append(f"| area called lesion where there is none | {len(normal)} | {_words(_estimate(normal, _area))} |")
    lesions = parts["all lesions"]
    lines.append(f"| AUC of lymph node against tumour | {len(lesions)} | {_words(_estimate(lesions, _node_auc))} |")
    return "\n".join(lines) + "\n"


def _rows(model: LoadedModel, bag: Sequence[Instance], kinds: dict[str, str], fold: int) -> Iterator[ImageRow]:
    network = TorchNetwork(model.mtl, model.preprocess, BATCH)
    files = [Path(instance.image) for instance in bag]
    for instance, file, found in zip(bag, files, read_images(network, model.preprocess, files), strict=True):
        height, width = images.size(file)
        mask = model.preprocess.mask_to_image(found.mask_logits, height, width) > 0
        drawn = class_mask(current_annotation(instance), height, width) > 0
        overlap = dice(mask, drawn) if drawn.any() else math.nan
        group, area = instance.patient, float(mask.mean())
        yield ImageRow(file.name, kinds[file.name], instance.view, group, fold, overlap, area, found.lesion_logit)


def _estimate(rows: Sequence[ImageRow], statistic: Callable[[Sequence[ImageRow]], float]) -> Estimate:
    return interval(lambda chosen: statistic([rows[k] for k in chosen]), [row.group for row in rows])


def _dice(rows: Sequence[ImageRow]) -> float:
    return float(np.mean([row.dice for row in rows]))


def _found(rows: Sequence[ImageRow]) -> float:
    return float(np.mean([row.dice > FOUND for row in rows]))


def _area(rows: Sequence[ImageRow]) -> float:
    return float(np.mean([row.area for row in rows]))


def _node_auc(rows: Sequence[ImageRow]) -> float:
    return auc(np.array([row.view == View.NODE for row in rows]), np.array([row.node_logit for row in rows]))


def _words(found: Estimate) -> str:
    return "–" if math.isnan(found.value) else f"{found.value:.3f} ({found.low:.3f} to {found.high:.3f})"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
