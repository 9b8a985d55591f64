"""One training run: what is asked for (`Job`), its folder, and the steps from a project to a model."""

from __future__ import annotations

import platform
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

import torch

from aln_desk import __version__
from aln_desk.domain import presets
from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import AlnError, BadProject, BadSetting, Stopped
from aln_desk.domain.messages import Failed, Finished, Note, Started
from aln_desk.domain.patient import Role
from aln_desk.domain.recipe import Recipe
from aln_desk.io import checkpoint
from aln_desk.io.project import Project
from aln_desk.io.runs import read_runs
from aln_desk.models.build import choose_device
from training import distributed
from training.distributed import World
from training.pace import Emit
from training.record import RunFolder, RunRecord, find_record, fold_words, now
from training.threads import working_in
from training.work import Work, device_words

Stages = Literal["mtl", "mil", "all", "clinical", "fusion"]
ON_A_BASE = ("mil", "fusion")
"""Stages that keep the stage 1 of another model."""
LONG_WAIT = 3600.0


@dataclass(frozen=True, slots=True)
class Job:
    """What is asked: which stages, by which recipe, on which cohorts (empty: all with a training role).

    ``preset`` empty: the one that suits the device. ``base`` is the folder of the model whose stage 1 is kept, for
    stages ``mil`` and ``fusion``. ``resume`` names a run to go on with, or is empty for the latest unfinished one, or
    None for a new run; ``wait`` until the process that holds it lets go. ``like`` names a run whose preset, settings,
    stages, cohorts, base and, unless given, fold are taken over. ``fold`` (2, 5): the second of five is held out.
    ``group`` joins the runs of one command; ``rest`` are the folds and seeds (empty: the recipe's) of those to come.
    ``allow_download``: published parameters may be fetched.
    """

    project: Path
    stages: Stages = "all"
    preset: str = ""
    settings: tuple[tuple[str, str], ...] = ()
    cohorts: tuple[str, ...] = ()
    device: str = "auto"
    base: Path | None = None
    resume: str | None = None
    wait: bool = False
    like: str = ""
    name: str = ""
    fold: tuple[int, int] | None = None
    group: str = ""
    rest: tuple[tuple[tuple[int, int] | None, str], ...] = ()
    allow_download: bool = False


def train(job: Job, emit: Emit, should_stop: Callable[[], bool] = lambda: False) -> Path | None:
    """Do ``job``; give the new model's folder under ``PROJECT/models``, or None when stopped before the end.

    A stopped run keeps its checkpoints and can be resumed. Errors are `AlnError` children; the run's record says
    ``failed`` then, and a `Failed` message is sent before the error goes on. Started by torchrun, all processes share
    stage 1; the first one does the rest, and the others give None.
    """
    device = distributed.local_device(choose_device(job.device))
    world = distributed.join(device)
    with Project.open(job.project) as project:
        if not world.first:
            _assist(project, job, device, world)
            return None
        with open_run(project, job) as run:
            return _lead(project, run, job, device, world, emit, should_stop)


def _lead(
    project: Project,
    run: RunFolder,
    job: Job,
    device: torch.device,
    world: World,
    emit: Emit,
    should_stop: Callable[[], bool],
) -> Path | None:
    tell = run.recorder(emit)
    words = device_words(device) + (f" x {world.size}" if world.size > 1 else "")
    run.change(device=words, versions=_versions(), threads=run.record.threads or torch.get_num_threads())
    world.same(run.record.run, device)
    tell(Started(run.record.run, str(run.folder), words, run.record.preset))
    try:
        with working_in(run.record.threads):
            return Work(project, run, device, world, tell, lambda: should_stop() or run.stop_asked, job).all()
    except Stopped as stop:
        run.change(state="stopped")
        tell(Note(str(stop)))
        tell(Finished(stopped=True))
        return None
    except BaseException as error:
        run.change(state="failed")
        tell(Failed(_sentence(error)))
        raise


def _sentence(error: BaseException) -> str:
    if isinstance(error, AlnError | OSError):
        return str(error)
    what = " ".join(str(error).split())[:200]
    return f"The training ended by an error of the program ({type(error).__name__}{': ' if what else ''}{what})."


def _assist(project: Project, job: Job, device: torch.device, world: World) -> None:
    """What another process than the first does: its part of stage 1 of the same run."""
    run = RunFolder.find(project.runs, world.same("", device))
    work = Work(project, run, device, world, lambda message: None, lambda: False, job)
    if run.record.stages in ("mtl", "all"):
        with suppress(Stopped), working_in(run.record.threads):  # the first one tells of a stop
            work.stage_one()


def open_run(project: Project, job: Job) -> RunFolder:
    """The folder of the run to go on with, or a new one. `BadSetting` and `BadProject` for what cannot be done."""
    if job.resume is not None:
        run = RunFolder.find(project.runs, job.resume)
        run.patience = LONG_WAIT if job.wait else run.patience
        return run
    record = _like(project, job) if job.like else _asked(project, job)
    recipe = recipes.change(recipes.from_dict(record.recipe), dict(job.settings))
    recipes.check(recipe)
    _check_sizes(recipe, record.stages)
    rest = [(fold_words(fold), int(seed or recipe.seed)) for fold, seed in job.rest]
    record = replace(record, recipe=recipes.to_dict(recipe), group=job.group, rest=rest, label=job.name)
    return RunFolder.create(project.runs, record)


def _asked(project: Project, job: Job) -> RunRecord:
    preset = job.preset or presets.default_preset(choose_device(job.device).type)
    base = str(_base(project, job)) if job.stages in ON_A_BASE else ""
    recipe = recipes.to_dict(presets.preset(preset).recipe)
    return RunRecord("", preset, job.stages, now(), recipe, _cohorts(project, job), base, fold=fold_words(job.fold))


def _like(project: Project, job: Job) -> RunRecord:
    """What the named run was asked, as a new run; its data must still be the same for the same result."""
    before = find_record(project.runs, job.like)
    kept = ("preset", "stages", "recipe", "cohorts", "base", "threads")
    same = {name: getattr(before, name) for name in kept}
    return RunRecord("", started=now(), like=before.run, fold=fold_words(job.fold) or before.fold, **same)


def _check_sizes(recipe: Recipe, stages: str) -> None:
    from aln_desk.models.backbones import check_backbone

    if stages in ("mtl", "all"):
        check_backbone(recipe.backbone, recipe.size)
    if recipe.mil.members > 1 and recipe.mil.kind in ("max", "mean", "majority", "noisy-or"):
        raise BadSetting(f"mil.members cannot be used with the fixed rule {recipe.mil.kind}; set it to 1.")


def _base(project: Project, job: Job) -> Path:
    """Stage 1 for a run that trains none: the given model, else the latest finished run's, else the adopted one's."""
    from aln_desk.paths import embedded_model

    if job.base:
        own = project.models / job.base
        return own if own.is_dir() else job.base
    finished = [Path(run.model) for run in read_runs(project.runs) if run.state == "finished" and not run.fold]
    usable = (model for model in finished if model.is_dir() and _fits(model, job.stages))
    return next(usable, None) or project.adopted() or embedded_model()


def _fits(model: Path, stages: str) -> bool:
    """Whether a run may build on this model: it must have a stage 1, and a stage 2 for the fusion."""
    manifest = checkpoint.read_manifest(model)
    return manifest.get("mtl") is not None and (stages != "fusion" or manifest.get("mil") is not None)


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


def _versions() -> dict[str, str]:
    return {"aln-desk": __version__, "torch": torch.__version__, "python": platform.python_version()}
