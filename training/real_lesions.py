"""How good the masks are on real images: ``python -m training.real_lesions PROJECT --real FOLDER --out DIR``.

Cross-validation of stage 1, by the embedded model's recipe, on the project's simulated training patients and the real
images together. No group of real images is on both sides of a fold (`training.real_images`); each image is
measured once, at its own size, by the model that has not seen its group. Parameters are those of the last step, so that
nothing is chosen on what is measured. Writes ``lesions.csv``, a row an image, and ``lesions.md``, the figures with
their intervals (groups of images drawn again). Folds that are trained already are not trained again.
"""

from __future__ import annotations

import argparse
import math
import sys
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import astuple, dataclass, fields
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
import torch

from aln_desk.domain.patient import Instance, View
from aln_desk.evaluation.tables import words
from aln_desk.io import atomic, images
from aln_desk.io.annotations import current_annotation
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import Project
from aln_desk.io.rasterize import class_mask
from aln_desk.models.build import LoadedModel, choose_device, load_model
from aln_desk.models.reading_images import TorchNetwork, read_images
from aln_desk.stats import bootstrap
from aln_desk.stats.agreement import dice
from aln_desk.stats.roc import auc
from training import commands, data, real_images, tables
from training.embedded import PARTS, learn
from training.explanation.summary import mean

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
    commands.add_at_once(parser, "folds")
    options = parser.parse_args(arguments)
    real_images.ensure(options.project, options.real)
    changed = [text.partition("=")[::2] for text in options.set]
    folds = [(number, options.folds) for number in range(1, options.folds + 1)]
    models = train(options.project, folds, options.device, changed, options.at_once)
    rows = [
        row
        for fold, model in zip(folds, models, strict=True)
        for row in measure(options.project, options.real, model, fold, options.device)
    ]
    write(options.out, rows, options.folds)
    print((options.out / "lesions.md").read_text(encoding="utf-8"))
    return 0


def train(
    project: Path, folds: Sequence[tuple[int, int]], device: str, settings: Sequence[tuple[str, str]], at_once: int
) -> list[Path]:
    """The model of each fold, ``at_once`` of them trained side by side. A CPU is used better by several small trainings
    than by one on all its cores.
    """
    shared = [part for part in PARTS if part.cohorts]
    if shared:
        learn(project, LABEL, device, settings, parts=shared)
    one = partial(learn, project, LABEL, device, settings)
    if at_once == 1:
        return [one(fold) for fold in folds]
    context, threads = get_context("spawn"), (commands.threads_each(at_once),)
    with ProcessPoolExecutor(at_once, context, initializer=torch.set_num_threads, initargs=threads) as pool:
        return list(pool.map(one, folds))


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
    columns = [entry.name for entry in fields(ImageRow)]
    atomic.write_text(out / "lesions.csv", tables.to_csv(columns, map(astuple, rows)))
    atomic.write_text(out / "lesions.md", table(rows, folds))


def table(rows: Sequence[ImageRow], folds: int) -> str:
    """The figures by class, with 95 % intervals, in Markdown."""
    kinds = sorted({row.kind for row in rows if not math.isnan(row.dice)})
    parts = {kind: [row for row in rows if row.kind == kind and not math.isnan(row.dice)] for kind in kinds}
    parts["lymph nodes"] = [row for row in rows if row.view == View.NODE]
    parts["all lesions"] = [row for row in rows if not math.isnan(row.dice)]
    head = (f"{folds}-fold, groups held out", "images", "Dice", f"found (Dice > {FOUND})")
    lesions, normal = parts["all lesions"], [row for row in rows if math.isnan(row.dice)]
    more = [
        ("area called lesion where there is none", str(len(normal)), _mean(normal, [row.area for row in normal])),
        ("AUC of lymph node against tumour", str(len(lesions)), _node_auc(lesions)),
    ]
    first = tables.to_markdown(head, [_line(kind, part) for kind, part in parts.items()])
    return f"{first}\n\n{tables.to_markdown(('measure', 'images', 'value'), more)}\n"


def _line(kind: str, rows: Sequence[ImageRow]) -> tuple[str, ...]:
    found = [float(row.dice > FOUND) for row in rows]
    return kind, str(len(rows)), _mean(rows, [row.dice for row in rows]), _mean(rows, found)


def _mean(rows: Sequence[ImageRow], values: Sequence[float]) -> str:
    return _words(mean(np.array(values, np.float64), [row.group for row in rows]))


def _node_auc(rows: Sequence[ImageRow]) -> str:
    node = np.array([row.view == View.NODE for row in rows])
    logit = np.array([row.node_logit for row in rows])
    return _words(bootstrap.interval(lambda chosen: auc(node[chosen], logit[chosen]), [row.group for row in rows]))


def _words(found: bootstrap.Estimate) -> str:
    return words.interval(found.value, found.low, found.high, signed=True)


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


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
