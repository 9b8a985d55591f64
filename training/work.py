"""The steps of one run, in the order they happen: stage 1, tokens, stage 2, calibration, threshold, the model."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, cast

import numpy as np
import torch
from numpy.typing import NDArray

from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import BadProject, Stopped
from aln_desk.domain.messages import Note, Progress
from aln_desk.domain.patient import Patient
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.io import tokens as token_file
from aln_desk.io.checkpoint import MTL_FILE, read_manifest
from aln_desk.io.project import Project
from aln_desk.models.build import (
    LoadedModel,
    StageOne,
    StoredDtype,
    build_mil,
    build_mtl,
    load_model,
    round_to,
    save_model,
)
from aln_desk.models.mil import BagNetwork, MilConfig
from aln_desk.models.mtl import MtlConfig
from aln_desk.models.preprocess import Preprocess
from aln_desk.stats import calibration, conformal
from aln_desk.stats.calibration import Calibration
from aln_desk.stats.conformal import Conformal
from training import clinical, data, fusion, mil_loop, mtl_loop, pictures, provenance, shelf, threshold, tokens
from training.clinical import Choice
from training.distributed import World
from training.measure import FIGURES, measure_images
from training.pace import Emit
from training.provenance import NOTHING, views_of
from training.record import RunFolder, fold_of, now
from training.threshold import Judged

if TYPE_CHECKING:
    from training.run import Job


@dataclass(frozen=True, slots=True, eq=False)
class First:
    """A trained stage 1 and what it teaches: ``taught`` names the heads that had something to learn from.

    ``trained_on`` are its images, and those of a stage 2 on top of it; None where a base model's are not known.
    """

    net: StageOne
    preprocess: Preprocess
    taught: list[str]
    trained_on: TrainedOn | None


@dataclass(frozen=True, slots=True, eq=False)
class Second:
    """A trained stage 2 and how its logit becomes a verdict. ``cam_top`` ends the CAM's colour scale, in logits."""

    net: BagNetwork
    threshold: float
    rule: str
    calibration: Calibration
    conformal: Conformal | None
    cam_top: float | None


class Work:
    """One run's steps; each is one method."""

    def __init__(
        self,
        project: Project,
        run: RunFolder,
        device: torch.device,
        world: World,
        emit: Emit,
        should_stop: Callable[[], bool],
        job: Job,
    ) -> None:
        self.project, self.run, self.device, self.world = project, run, device, world
        self.emit, self.should_stop, self.job = emit, should_stop, job
        self.recipe = recipes.from_dict(run.record.recipe)
        self.split = self._split()
        self.figures: dict[str, float] = {}

    @property
    def dtype(self) -> StoredDtype:
        return cast(StoredDtype, self.recipe.dtype)

    def all(self) -> Path:
        """Everything from the images to the new model's folder."""
        stages, choice = self.run.record.stages, Choice(self.recipe.variables, self.recipe.enter)
        if stages == "clinical":
            return clinical.train(self.project, self.run, self.split, self.emit, self.run.record.label, choice)
        if stages == "fusion":
            base = self._base()
            found = self._tokens(base.mtl, base.preprocess)
            name, stop = self.run.record.label, self.should_stop
            return fusion.train(self.project, self.run, self.split, self.emit, name, base, found, stop, choice)
        first = self.stage_one()
        return self._keep(first, None if stages == "mtl" else self._stage_two(first))

    def stage_one(self) -> First:
        """Train stage 1, or take that of the run's base model."""
        if self.run.record.stages == "mil":
            base = self._base()
            # Stage 1 is the base's, so what was measured of it still holds.
            known = base.manifest.get("figures", {})
            self.figures |= {name: known[name] for name in FIGURES if name in known}
            images = provenance.with_bags(base.trained_on, self.split, views_of(self.recipe.views))
            return First(base.mtl, base.preprocess, list(base.manifest.get("taught", [])), images)
        fit, tune, preprocess = self._images()
        torch.manual_seed(self.recipe.seed)
        net = build_mtl(_config(self.recipe)).to(self.device)
        earlier = self._start_from(net) if self.recipe.pretrained else NOTHING
        arguments = (self.recipe.mtl, self.recipe.seed, self.run.folder / "mtl.safetensors", self.emit)
        snapshot = pictures.taker(net, tune, preprocess, self.run.folder, self.emit)
        if not mtl_loop.train(
            net, fit, tune, preprocess, *arguments, self.should_stop, self.world, snapshot if len(tune) else None
        ):
            raise Stopped("Stopped in stage 1. Resume the run to go on from here.")
        round_to(net, self.dtype)
        net.eval()
        if len(tune):
            self.figures |= measure_images(net, tune, preprocess, self.world)
        images = None if earlier is None else earlier.joined(provenance.of_images(fit, tune))
        return First(net, preprocess, _taught(fit, self.recipe.tasks), images)

    def _split(self) -> data.Split:
        roles = {cohort.name: cohort.role for cohort in self.project.cohorts()}
        patients = self.project.patients(cohorts=set(self.run.record.cohorts))
        if (fold := fold_of(self.run.record.fold)) is None:
            return data.split(patients, roles, self.recipe.held_out)
        return data.fold(patients, roles, *fold, self.recipe.seed)

    def _images(self) -> tuple[data.ImageSet, data.ImageSet, Preprocess]:
        """The images to learn from and to measure with, and the preprocessing of use (that of the latter).

        The first process decodes them; the others wait, and find them in the cache.
        """
        recipe, views = self.recipe, views_of(self.recipe.views)
        used = Preprocess(size=recipe.size, geometry="letterbox", clean=recipe.clean)
        if recipe.geometry in ("stretch", "released"):
            used = Preprocess(size=recipe.size, geometry="stretch", clean=recipe.clean)
        taught = Preprocess(size=recipe.size, clean=recipe.clean) if recipe.geometry == "released" else used

        def load(patients: Sequence[Patient], preprocess: Preprocess) -> data.ImageSet:
            return data.load(patients, preprocess, self.project.cache, views, self._reading, self.should_stop)

        if not self.world.first:
            self.world.any(False, self.device)
        fit, tune = load(self.split.fit, taught), load(self.split.tune, used)
        if self.world.first:
            self._check_data(f"{fit.digest}-{tune.digest}")
            self.world.any(False, self.device)
        return fit, tune, used

    def _reading(self, done: int, total: int) -> None:
        self.emit(Progress("images", done, total))

    def _start_from(self, net: StageOne) -> TrainedOn | None:
        """Fill ``net`` with pretrained parameters. Gives the images that a model of ours learned from, none for
        published ones, None where they are not known.
        """
        from aln_desk.models.pretrained import load_pretrained

        source, download = self.recipe.pretrained, self.job.allow_download
        own = self.project.models / source / MTL_FILE
        file = own if own.is_file() else Path(source)
        self.emit(Note(load_pretrained(net, str(file) if own.is_file() else source, allow_download=download)))
        return provenance.of_model(file.parent) if file.name == MTL_FILE else NOTHING

    def _base(self) -> LoadedModel:
        base = load_model(Path(self.run.record.base), self.device)
        self.emit(Note(f"Stage 1 is that of model {base.digest}."))
        self._check_data(data.bag_digest([*self.split.fit, *self.split.tune]))
        return base

    def _check_data(self, digest: str) -> None:
        before = self.run.record.data_digest
        if before and before != digest:
            raise BadProject("Images, outlines or outcomes changed since this run began. Start a new run.")
        self.run.change(data_digest=digest)

    def _stage_two(self, first: First) -> Second | None:
        lacking = _lacking_outcomes(self.split.fit)
        if lacking and self.run.record.stages == "mil":
            raise BadProject(f"Stage 2 cannot be trained: {lacking}")
        if lacking:
            self.emit(Note(f"Stage 2 was left out: {lacking}"))
            return None
        found = self._tokens(first.net, first.preprocess)
        fit, tune = mil_loop.collect(found, self.split.fit), mil_loop.collect(found, self.split.tune)
        recipe = self.recipe.mil
        torch.manual_seed(self.recipe.seed)
        config = MilConfig(
            kind=recipe.kind,
            dim=first.net.token_dim,
            layers=recipe.layers,
            dropout=recipe.dropout,
            view_embedding=recipe.view_embedding,
            members=recipe.members,
            views=self.recipe.views,
        )
        net = build_mil(config, first.net.status_head).to(self.device)
        state = self.run.folder / "mil.safetensors"
        if not mil_loop.train(net, fit, tune, recipe, self.recipe.seed, state, self.emit, self.should_stop):
            raise Stopped("Stopped in stage 2. Resume the run to go on from here.")
        round_to(net, self.dtype)
        net.eval()
        return self._verdicts(net, fit, tune, found)

    def _tokens(self, net: StageOne, preprocess: Preprocess) -> token_file.Tokens:
        """The tokens of every image of these patients by this stage 1, made once in a project."""
        patients = sorted([*self.split.fit, *self.split.tune], key=lambda patient: patient.id)  # alike in every fold
        digest = tokens.source_digest(net, preprocess)
        path = self.project.cache / f"tokens-{digest}-{data.bag_digest(patients)}.h5"
        if path.exists():
            return token_file.read(path, digest)
        found = tokens.extract(net, patients, preprocess, digest, self.emit, self.should_stop)
        token_file.write(path, found)
        return found

    def _verdicts(self, net: BagNetwork, fit: mil_loop.Bags, tune: mil_loop.Bags, found: token_file.Tokens) -> Second:
        """Calibration, conformal limits and threshold, all from held-out training patients."""
        logit, outcome = mil_loop.logits(net, tune), tune.outcome.numpy().astype(np.int64)
        scale = self._calibration(logit, outcome)

        def judged(bags: mil_loop.Bags, logits: NDArray[np.float64]) -> Judged:
            score = calibration.sigmoid(scale.slope * logits + scale.shift)
            return Judged(bags.outcome.numpy().astype(np.int64), score)

        held_out = judged(tune, logit)
        limit, rule = threshold.choose(judged(fit, mil_loop.logits(net, fit)), held_out)
        if len(tune):
            self.figures["auc"] = mil_loop.validate(net, tune)["auc"]
        self.figures["threshold"] = limit
        return Second(net, limit, rule, scale, self._undecided(held_out), _cam_top(found.cam_peak))

    def _calibration(self, logit: NDArray[np.float64], outcome: NDArray[np.int64]) -> Calibration:
        if self.recipe.calibration == "none" or not len(logit):
            return Calibration.none
        try:
            return calibration.fit(logit, outcome, "platt" if self.recipe.calibration == "platt" else "temperature")
        except BadProject as error:
            self.emit(Note(f"The scores are left uncalibrated. {error}"))
            return Calibration.none

    def _undecided(self, held_out: Judged) -> Conformal | None:
        """Which scores are too close to call, at the accepted error; None where no patients could tell."""
        if not self.recipe.error:
            return None
        found = conformal.fit(held_out.score, held_out.outcome, self.recipe.error)
        if math.isfinite(found.quantile_negative) and math.isfinite(found.quantile_positive):
            return found
        wanted = math.ceil(1.0 / self.recipe.error - 1e-9) - 1
        self.emit(
            Note(
                f"There are too few held-out patients of an outcome to call verdicts uncertain at an accepted error "
                f"of {self.recipe.error:g}: it takes {wanted} of either."
            )
        )
        return None

    def _keep(self, first: First, second: Second | None) -> Path:
        record = self.run.record
        base = read_manifest(Path(record.base)) if record.base else {}
        fields = {
            "name": record.label or record.run,
            "threshold_rule": second.rule if second else "",
            "data_digest": record.data_digest,
            "created": now(),
            # A base model's tokens and image scores come from the outcomes that it learned from.
            "simulated": self.project.simulated or bool(base.get("simulated")),
            "taught": first.taught,
            "cam_top": second.cam_top if second else None,
            "training": {
                "preset": record.preset,
                "stages": record.stages,
                "recipe": record.recipe,
                "cohorts": record.cohorts,
                "base": base.get("digest", ""),
                "fold": record.fold,
                "device": record.device,
                "versions": record.versions,
                "patients_fit": len(self.split.fit),
                "patients_tune": len(self.split.tune),
                "sources": provenance.sources(self.project, [*self.split.fit, *self.split.tune]),
            },
            "figures": {key: value for key, value in self.figures.items() if value == value},
        }
        folder = shelf.staging(self.run)
        save_model(
            folder,
            first.net,
            second.net if second else None,
            first.preprocess,
            second.threshold if second else None,
            fields,
            self.dtype,
            second.calibration if second else None,
            second.conformal if second else None,
            trained_on=first.trained_on,
        )
        return shelf.shelve(self.project, self.run, folder, self.figures, self.emit)


def device_words(device: torch.device) -> str:
    """The device as a person calls it."""
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type


def _config(recipe: recipes.Recipe) -> MtlConfig:
    return MtlConfig(
        backbone=recipe.backbone,
        size=recipe.size,
        mask_tokens=recipe.mask_tokens,
        pooling=recipe.pooling,  # type: ignore[arg-type]
        tasks=recipe.tasks,  # type: ignore[arg-type]
        type_tokens=recipe.type_tokens,
        shape_tokens=recipe.shape_tokens,
        average_looks=recipe.average_looks,
        mask_threshold=recipe.mask_threshold,
    )


def _lacking_outcomes(patients: Sequence[Patient]) -> str:
    known = [p.outcome for p in patients if p.outcome is not None and p.bag]
    if not known:
        return "no training patient has an outcome. Enter outcomes to train verdicts."
    if len(set(known)) < 2:
        return "all training patients have the same outcome. Verdicts need both."
    return ""


def _taught(fit: data.ImageSet, tasks: str) -> list[str]:
    """Which heads had something to learn from, so that nobody is shown the findings of an untaught one."""
    heads = {
        "mask": tasks == "all" and fit.outlined.any(),
        "lesion": tasks == "all" and np.isin([0, 1], fit.lesion).all(),
        "status": np.isin([0, 1], fit.status).all(),
    }
    return [head for head, was_taught in heads.items() if was_taught]


def _cam_top(peaks: NDArray[np.float32]) -> float | None:
    """Where the CAM's colour scale ends, in logits: nine in ten images with positive evidence peak below it.

    One scale a model, so that a colour means the same on every image; None when no image has positive evidence.
    """
    positive = peaks[peaks > 0]
    return float(np.quantile(positive, 0.9)) if len(positive) else None
