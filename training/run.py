"""One training run from a project to a model: stage 1, tokens, stage 2, threshold, all in one visible order."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast

import numpy as np
import torch
from numpy.typing import NDArray

from aln_desk.domain import presets
from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import BadProject, BadSetting, Stopped
from aln_desk.domain.messages import Failed, Finished, Note, Started
from aln_desk.domain.patient import Patient, Role
from aln_desk.io import tokens as token_file
from aln_desk.io.project import Project
from aln_desk.io.runs import read_runs
from aln_desk.models.build import (
    StoredDtype,
    build_mil,
    build_mtl,
    choose_device,
    load_model,
    round_to,
    save_model,
)
from aln_desk.models.mil import BagTransformer, MilConfig
from aln_desk.models.mtl import MtlConfig, MultiTaskNet
from aln_desk.models.preprocess import Preprocess
from aln_desk.stats.operating import youden_threshold
from training import data, mil_loop, mtl_loop, tokens
from training.pace import Emit
from training.record import RunFolder, RunRecord, now

Stages = Literal["mtl", "mil", "all"]
FEWEST_FOR_THRESHOLD = 20


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked: which stages, by which recipe, on which cohorts (empty: all with a training role).

    ``base`` is the folder of the model whose stage 1 is kept, for stages ``mil``. ``resume`` names a run to go on
    with, or is empty for the latest unfinished one, or None for a new run.
    """

    project: Path
    stages: Stages = "all"
    preset: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    cohorts: tuple[str, ...] = ()
    device: str = "auto"
    base: Path | None = None
    resume: str | None = None
    name: str = ""


def train(job: Job, emit: Emit, should_stop: Callable[[], bool] = lambda: False) -> Path | None:
    """Do ``job``; give the new model's folder under ``PROJECT/models``, or None when stopped before the end.

    A stopped run keeps its checkpoints and can be resumed. Errors are `AlnError` children; the run's record says
    ``failed`` then, and a `Failed` message is sent before the error goes on.
    """
    device = choose_device(job.device)
    with Project.open(job.project) as project, _open_run(project, job) as run:
        tell = run.recorder(emit)
        tell(Started(run.record.run, str(run.folder), _device_words(device), run.record.preset))
        try:
            return _Work(project, run, device, tell, should_stop, job.name).all()
        except Stopped as stop:
            run.change(state="stopped")
            tell(Note(str(stop)))
            tell(Finished(stopped=True))
            return None
        except BaseException as error:
            run.change(state="failed")
            tell(Failed(str(error) or type(error).__name__))
            raise


class _Work:
    """The steps of one run; each is one method, in the order they happen."""

    def __init__(
        self,
        project: Project,
        run: RunFolder,
        device: torch.device,
        emit: Emit,
        should_stop: Callable[[], bool],
        name: str,
    ) -> None:
        self.project, self.run, self.device = project, run, device
        self.emit, self.should_stop, self.name = emit, should_stop, name
        self.recipe = recipes.from_dict(run.record.recipe)
        self.figures: dict[str, float] = {}
        self.data_digest = ""
        self.taught: list[str] = []
        self.cam_top: float | None = None

    @property
    def _dtype(self) -> StoredDtype:
        return cast(StoredDtype, self.recipe.dtype)

    def all(self) -> Path:
        """Everything from the images to the new model's folder."""
        split = self._split()
        net, preprocess = self._stage_one(split)
        bag_net, threshold, rule = None, None, ""
        if self.run.record.stages != "mtl":
            bag_net, threshold, rule = self._stage_two(split, net, preprocess)
        return self._keep(net, bag_net, preprocess, threshold, rule, split)

    def _split(self) -> data.Split:
        roles = {cohort.name: cohort.role for cohort in self.project.cohorts()}
        chosen = set(self.run.record.cohorts)
        return data.split(self.project.patients(cohorts=chosen), roles, self.recipe.held_out)

    def _stage_one(self, split: data.Split) -> tuple[MultiTaskNet, Preprocess]:
        if self.run.record.stages == "mil":
            base = load_model(Path(self.run.record.base), self.device)
            self.emit(Note(f"Stage 1 is that of model {base.digest}."))
            self.taught = list(base.manifest.get("taught", []))
            self._check_data(data.bag_digest([*split.fit, *split.tune]))
            return base.mtl, base.preprocess
        preprocess = Preprocess(size=self.recipe.size, geometry=self.recipe.geometry)  # type: ignore[arg-type]
        images = data.load(
            [*split.fit, *split.tune],
            preprocess,
            self.project.cache,
            mtl_loop.progress(self.emit),
            self.should_stop,
        )
        self._check_data(images.digest)
        torch.manual_seed(self.recipe.seed)
        net = build_mtl(
            MtlConfig(
                backbone=self.recipe.backbone,
                size=self.recipe.size,
                mask_tokens=self.recipe.mask_tokens,
                pooling=self.recipe.pooling,  # type: ignore[arg-type]
            )
        ).to(self.device)
        fit = images.subset({p.id for p in split.fit})
        tune = images.subset({p.id for p in split.tune})
        self.taught = _taught(images, fit)
        state = self.run.folder / "mtl.safetensors"
        if not mtl_loop.train(
            net, images, fit, tune, preprocess, self.recipe.mtl, self.recipe.seed, state, self.emit, self.should_stop
        ):
            raise Stopped("Stopped in stage 1. Resume the run to go on from here.")
        round_to(net, self._dtype)
        net.eval()
        if len(tune):
            self.figures |= mtl_loop.validate(net, images, tune, preprocess)
            net.eval()
        return net, preprocess

    def _check_data(self, digest: str) -> None:
        before = self.run.record.data_digest
        if before and before != digest:
            raise BadProject("Images, outlines or outcomes changed since this run began. Start a new run.")
        self.data_digest = digest
        self.run.change(data_digest=digest)

    def _stage_two(
        self, split: data.Split, net: MultiTaskNet, preprocess: Preprocess
    ) -> tuple[BagTransformer | None, float | None, str]:
        lacking = _lacking_outcomes(split.fit)
        if lacking and self.run.record.stages == "mil":
            raise BadProject(f"Stage 2 cannot be trained: {lacking}")
        if lacking:
            self.emit(Note(f"Stage 2 was left out: {lacking}"))
            return None, None, ""
        found = self._tokens(split, net, preprocess)
        self.cam_top = _cam_top(found.cam_peak)
        fit, tune = mil_loop.collect(found, split.fit), mil_loop.collect(found, split.tune)
        torch.manual_seed(self.recipe.seed)
        bag_net = build_mil(MilConfig(layers=self.recipe.mil.layers, dropout=self.recipe.mil.dropout)).to(self.device)
        state = self.run.folder / "mil.safetensors"
        if not mil_loop.train(
            bag_net, fit, tune, self.recipe.mil, self.recipe.seed, state, self.emit, self.should_stop
        ):
            raise Stopped("Stopped in stage 2. Resume the run to go on from here.")
        round_to(bag_net, self._dtype)
        bag_net.eval()
        threshold, rule = _threshold(bag_net, fit, tune)
        if len(tune):
            self.figures["auc"] = mil_loop.validate(bag_net, tune)["auc"]
        self.figures["threshold"] = threshold
        return bag_net, threshold, rule

    def _tokens(self, split: data.Split, net: MultiTaskNet, preprocess: Preprocess) -> token_file.Tokens:
        digest = parameters_digest(net)
        path = self.run.folder / f"tokens-{digest}.h5"
        if path.exists():
            return token_file.read(path, digest)
        patients = [*split.fit, *split.tune]
        found = tokens.extract(net, patients, preprocess, digest, self.emit, self.should_stop)
        token_file.write(path, found)
        return found

    def _keep(
        self,
        net: MultiTaskNet,
        bag_net: BagTransformer | None,
        preprocess: Preprocess,
        threshold: float | None,
        rule: str,
        split: data.Split,
    ) -> Path:
        record = self.run.record
        staging = self.run.folder / "model"
        shutil.rmtree(staging, ignore_errors=True)
        fields = {
            "name": self.name or record.run,
            "threshold_rule": rule,
            "data_digest": self.data_digest or record.data_digest,
            "created": now(),
            "simulated": self.project.simulated,
            "taught": self.taught,
            "cam_top": self.cam_top,
            "training": {
                "preset": record.preset,
                "stages": record.stages,
                "recipe": record.recipe,
                "cohorts": record.cohorts,
                "device": _device_words(self.device),
                "patients_fit": len(split.fit),
                "patients_tune": len(split.tune),
            },
            "figures": {key: value for key, value in self.figures.items() if value == value},
        }
        digest = save_model(staging, net, bag_net, preprocess, threshold, fields, self._dtype)
        target = self.project.models / digest
        if target.exists():
            shutil.rmtree(staging)
        else:
            staging.replace(target)
        self.run.change(state="finished", model=str(target), digest=digest, figures=self.figures)
        self.emit(Finished(str(target), digest, self.figures))
        return target


def parameters_digest(net: torch.nn.Module) -> str:
    """First 12 hex digits of the SHA-256 over names and values of all parameters and buffers."""
    digest = hashlib.sha256()
    for name, value in net.state_dict().items():
        digest.update(name.encode())
        digest.update(np.ascontiguousarray(value.detach().float().cpu().numpy()).tobytes())
    return digest.hexdigest()[:12]


def _open_run(project: Project, job: Job) -> RunFolder:
    if job.resume is not None:
        return RunFolder.find(project.runs, job.resume)
    recipe = recipes.change(
        presets.preset(job.preset or presets.default_preset(choose_device(job.device).type)).recipe, dict(job.settings)
    )
    recipes.check(recipe)
    base = ""
    if job.stages == "mil":
        base = str(_base(project, job))
    record = RunRecord("", job.preset, job.stages, now(), recipes.to_dict(recipe), _cohorts(project, job), base)
    return RunFolder.create(project.runs, record)


def _base(project: Project, job: Job) -> Path:
    """Stage 1 for a run of stage 2 alone: the given model, else the latest finished run's, else the adopted one's."""
    from aln_desk.paths import embedded_model

    if job.base:
        return job.base
    finished = [Path(run.model) for run in read_runs(project.runs) if run.state == "finished"]
    return next((model for model in finished if model.is_dir()), None) or project.adopted() or embedded_model()


def _cohorts(project: Project, job: Job) -> list[str]:
    known = {cohort.name: cohort for cohort in project.cohorts()}
    missing = [name for name in job.cohorts if name not in known]
    if missing:
        raise BadProject(f"There is no cohort '{missing[0]}' here. Those that exist: {', '.join(known)}.")
    tests = [name for name in job.cohorts if known[name].role not in (Role.TRAIN, Role.TUNE)]
    if tests:
        raise BadProject(f"Cohort '{tests[0]}' is a test cohort and cannot be trained on. Choose others.")
    chosen = list(job.cohorts) or [c.name for c in known.values() if c.role in (Role.TRAIN, Role.TUNE)]
    if not chosen:
        raise BadProject("No cohort has the role 'train'. Give one that role before training.")
    return chosen


def _lacking_outcomes(patients: Sequence[Patient]) -> str:
    known = [p.outcome for p in patients if p.outcome is not None and p.bag]
    if not known:
        return "no training patient has an outcome. Enter outcomes to train verdicts."
    if len(set(known)) < 2:
        return "all training patients have the same outcome. Verdicts need both."
    return ""


def _taught(images: data.ImageSet, fit: NDArray[np.int64]) -> list[str]:
    """Which heads had something to learn from, so that nobody is shown the findings of an untaught one."""
    heads = {
        "mask": images.outlined[fit].any(),
        "lesion": np.isin([0, 1], images.lesion[fit]).all(),
        "status": np.isin([0, 1], images.status[fit]).all(),
    }
    return [head for head, was_taught in heads.items() if was_taught]


def _cam_top(peaks: NDArray[np.float32]) -> float | None:
    """Where the CAM's colour scale ends, in logits: nine in ten images with positive evidence peak below it.

    One scale a model, so that a colour means the same on every image; None when no image has positive evidence.
    """
    positive = peaks[peaks > 0]
    return float(np.quantile(positive, 0.9)) if len(positive) else None


def _threshold(net: BagTransformer, fit: mil_loop.Bags, tune: mil_loop.Bags) -> tuple[float, str]:
    """Youden's threshold on the held-out training patients; on the fitted ones where too few were held out."""
    enough = len(tune) >= FEWEST_FOR_THRESHOLD and len(set(tune.outcome.tolist())) == 2
    bags, words = (tune, "held-out training patients") if enough else (fit, "training patients")
    score = mil_loop.scores(net, bags)
    if not np.isfinite(score).all():
        raise BadSetting("Stage 2 has diverged: its scores are no longer numbers. Try a lower mil.learning_rate.")
    return float(youden_threshold(bags.outcome.numpy().astype(int), score)), f"Youden index on {len(bags)} {words}"


def _device_words(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else device.type
