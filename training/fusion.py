"""Clinical variables and images in one verdict: logistic regression on the bag's logit and the chosen variables.

A stage 2 is too sure of the patients it learned from; a weight fitted on its own logits would trust the images too
much. So the fitted patients' logits are cross-fitted: each comes from a stage 2 trained on the other folds in the way
the base model's was. The model that is kept has the base model's own stage 2.

What is cross-fitted is stage 2 alone. The tokens come from the base model's stage 1, which saw the outcomes of all
its training patients as image labels, and the variables are chosen on all fitted patients: some optimism stays in the
weight of the images. The held-out patients show what is left of it, provided that the base model's training held out
the same ones.
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import BadModel
from aln_desk.domain.messages import Note
from aln_desk.domain.patient import Patient
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.io import checkpoint, trained_on
from aln_desk.io.project import Project
from aln_desk.io.tokens import Tokens
from aln_desk.models.build import LoadedModel
from aln_desk.models.verdict_rule import VerdictRule
from aln_desk.stats.calibration import sigmoid
from aln_desk.stats.logistic import LogisticModel
from aln_desk.stats.regression import fit_model
from aln_desk.stats.roc import auc
from training import clinical, mil_loop, provenance, shelf, threshold
from training.clinical import Choice
from training.cross_fit import FOLDS, Learner, cross_fit, learner
from training.data import Split
from training.mil_loop import Bags
from training.pace import Emit
from training.record import RunFolder
from training.threshold import Judged


def train(
    project: Project,
    run: RunFolder,
    split: Split,
    tell: Emit,
    name: str,
    base: LoadedModel,
    tokens: Tokens,
    should_stop: Callable[[], bool],
    choice: Choice = clinical.DEFAULT_CHOICE,
) -> Path:
    """Fit the fusion on ``tokens`` of all patients of ``split`` by ``base``, the model in the run's base folder.

    Gives the new model's folder: the base model's networks, kind ``fusion``, and a threshold of its own; the base
    model's calibration, which was for its logits alone, is dropped. Raises as `clinical.train`, `BadModel` for a base
    without stage 2, and `Stopped`; a run that goes on does not train a finished fold again.
    """
    if base.mil is None:
        raise BadModel(f"{run.record.base}: this model has no stage 2 to join with clinical variables. Choose another.")
    fit, tune = mil_loop.collect(tokens, split.fit), mil_loop.collect(tokens, split.tune)
    fitted, held_out = _patients(fit, split.fit), _patients(tune, split.tune)
    chosen = _chosen(fitted, run, tell, choice)
    seed = recipes.from_dict(run.record.recipe).seed
    image = cross_fit(fit, _learner(base, run, tune, tell, should_stop), seed)
    model = fit_model([p.clinical for p in fitted], [p.outcome or 0 for p in fitted], chosen, image)
    if model.image is not None and model.image <= 0:
        tell(Note("The images add nothing to the clinical variables here: their weight in the fusion is not positive."))
    image_alone = mil_loop.logits(base.mil, tune)
    fused = judged(model, held_out, image_alone)
    limit, rule = threshold.choose(judged(model, fitted, image), fused)
    figures = {
        "auc": auc(fused.outcome, fused.score),
        "auc_image": auc(fused.outcome, image_alone),
        "threshold": limit,
    }
    fields = {
        **clinical.common_fields(project, run, name, rule, figures),
        **VerdictRule(limit, fusion=model).to_manifest(),
        "training": {**clinical.training_fields(project, run, split, model), "base": base.digest, "folds": FOLDS},
    }
    images = provenance.with_bags(base.trained_on, split, provenance.views_of(base.mil.config.views))
    return shelf.shelve(project, run, _staged(run, base, fields, images), figures, tell)


def judged(model: LogisticModel, patients: Sequence[Patient], image: NDArray[np.float64]) -> Judged:
    """Scores of patients of known outcome with these logits of their bags (P,)."""
    logit = [model.logit(p.clinical, float(own)) for p, own in zip(patients, image, strict=True)]
    return Judged(np.array([p.outcome for p in patients], np.int64), sigmoid(np.array(logit, np.float64)))


def _patients(bags: Bags, patients: Sequence[Patient]) -> list[Patient]:
    """The patients of the bags, in their order."""
    by_id = {patient.id: patient for patient in patients}
    return [by_id[name] for name in bags.patients]


def _chosen(patients: Sequence[Patient], run: RunFolder, tell: Emit, choice: Choice) -> tuple[str, ...]:
    names = clinical.candidates(patients, choice.variables)
    return clinical.analyse(patients, names, run, tell, choice.level).model.variables


def _learner(base: LoadedModel, run: RunFolder, tune: Bags, tell: Emit, should_stop: Callable[[], bool]) -> Learner:
    """A stage 2 as the base model's: same network and, where its manifest tells, same recipe."""
    assert base.mil is not None
    recipe = recipes.from_dict(base.manifest.get("training", {}).get("recipe") or run.record.recipe)
    return learner(
        base.mil.config, base.mtl.status_head, recipe.mil, recipe.seed, base.device, tune, run.folder, tell, should_stop
    )


def _staged(run: RunFolder, base: LoadedModel, fields: dict[str, object], images: TrainedOn | None) -> Path:
    """The new model's folder: the base model's parameters and manifest, with these fields in place of its own."""
    folder = shelf.staging(run)
    for file in Path(run.record.base).glob("*.safetensors"):
        shutil.copyfile(file, folder / file.name)
    own = {key: value for key, value in base.manifest.items() if key not in ("digest", "format")}
    simulated = bool(fields["simulated"] or own.get("simulated"))
    kept = trained_on.write(folder, images)
    checkpoint.write_manifest(folder, {**own, **fields, **kept, "kind": "fusion", "simulated": simulated})
    return folder
