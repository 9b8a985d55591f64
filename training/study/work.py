"""The folder where the comparison is made: what is there already, and the steps that make the rest.

``study/`` is the simulated project that models are trained in, ``tests/`` a project of its test cohorts alone, so that
no model need read the training patients again. What is finished is known by what lies there: a run by its name, recipe
and base, a reading by the verdicts of all patients, a publication by its manifest.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from math import nan
from pathlib import Path
from typing import Any

from aln_desk.domain import recipe as recipes
from aln_desk.domain.errors import AlnError
from aln_desk.io import atomic
from aln_desk.io.project import DATABASE, TRUTH_FILE, Project
from aln_desk.io.runs import Run, read_runs
from aln_desk.io.scores import read_scorers
from aln_desk.io.verdicts import read_model
from aln_desk.stats.operating import youden_threshold
from training import commands, once, simulated, tables
from training.commands import Clock
from training.record import find_record
from training.simulated import PATIENTS, SEED, TRAINING
from training.study.recipes import Ceiling, Contender

CEILINGS: Mapping[Ceiling, str] = {
    "best_clinical": "best possible: clinical",
    "best_tumour": "best possible: tumour",
    "best_score": "best possible",
}
"""What the best possible scores are called where they stand beside models."""

_BULKY = shutil.ignore_patterns("*.safetensors", "snapshots", "model", "lock")
Ignore = Callable[[Any, list[str]], set[str]]


@dataclass(frozen=True, slots=True)
class Made:
    """A contender's model that was trained and has read the tests. ``held_out`` is its AUC on held-out training
    patients (nan: not defined), ``minutes`` what its training took, ``stage_one`` the digest of the model whose stage
    1 it has: its own, or its base's; empty for none.
    """

    contender: Contender
    digest: str
    stage_one: str
    held_out: float
    minutes: float
    device: str


@dataclass(frozen=True, slots=True)
class Bench:
    """The folder ``work``, the device that commands get, when to stop, the threads that trainings get (None: one a
    core), the simulated study whose test cohorts are read (None: that which models are trained in), and how many
    ``patients`` of which ``seed`` that one has. Steps raise as `commands.aln_desk`.
    """

    work: Path
    device: str = "auto"
    clock: Clock = field(default_factory=Clock)
    threads: int | None = None
    tests_of: Path | None = None
    patients: int = PATIENTS
    seed: int = SEED

    @property
    def study(self) -> Path:
        """The project that models are trained in."""
        return self.work / "study"

    @property
    def tests(self) -> Path:
        """The project that models read and that is evaluated."""
        return self.work / ("tests" if self.tests_of is None else "other tests")

    @property
    def is_prepared(self) -> bool:
        """Whether both projects are there, and the best possible scores in the latter."""
        if not (self.tests / DATABASE).exists():
            return False
        with Project.open(self.tests) as project:
            return {f"import:{name}" for name in CEILINGS.values()} <= {one.key for one in read_scorers(project)}

    def prepare(self) -> None:
        """Simulate the study, make the project of its tests and import the best possible scores."""
        simulated.ensure(self.clock, self.study, patients=self.patients, seed=self.seed)
        simulated.ensure_tests(self.clock, self.tests_of or self.study, self.tests)
        if not self.is_prepared:
            self._import_ceilings()

    def make(self, contender: Contender, base: Made | None) -> Made | None:
        """Train the contender on ``base``, or go on with its training, let its model read the tests, and find it; what
        is done is not done again.
        """
        run = self.train(contender, base)
        if run is not None and not self._has_read(run.digest, contender):
            self._read(run)
        return self.find(contender, base)

    def train(self, contender: Contender, base: Made | None) -> Run | None:
        """Train the contender on ``base``, or go on with its training, unless that is done; its finished run."""
        if self._finished(contender, base) is None:
            self._train(contender, base)
        return self._finished(contender, base)

    def made(self, contenders: Sequence[Contender]) -> dict[str, Made]:
        """By key, those that are trained and have read the tests."""
        found: dict[str, Made] = {}
        for one in contenders:
            if (made := self.find(one, found.get(one.base))) is not None:
                found[one.key] = made
        return found

    def find(self, contender: Contender, base: Made | None) -> Made | None:
        """The contender's model on ``base``, where it is trained and has read the tests."""
        run = self._finished(contender, base) if base or not contender.base else None
        if run is None or not self._has_read(run.digest, contender):
            return None
        own = "" if contender.family == "clinical" else run.digest
        return Made(
            contender,
            run.digest,
            stage_one=base.stage_one if base else own,
            held_out=run.figures.get("auc", nan),
            minutes=(run.seconds or 0.0) / 60,
            device=run.device,
        )

    def evaluate(self, out: Path, keys: Sequence[str], parts: Sequence[str] = ()) -> None:
        """Publish these scorers' results in ``out``, unless they lie there; ``parts`` (none: all)."""
        if not self.is_published(out, keys):
            asked = ["--parts", *parts] if parts else []
            commands.aln_desk(self.clock, "evaluate", self.tests, "--out", out, *asked, "--runs", *keys)

    def is_published(self, out: Path, keys: Sequence[str]) -> bool:
        """Whether the results of just these scorers lie in ``out``."""
        with suppress(OSError, ValueError, KeyError, TypeError):
            record = json.loads((out / "manifest.json").read_text(encoding="utf-8"))
            return bool(record["selection"]["scorers"] == list(keys))
        return False

    def _import_ceilings(self) -> None:
        """With thresholds as those of models: Youden's, on the training patients."""
        taught = _truth(self.study, self.study, {TRAINING})
        tests = _truth(self.tests_of or self.study, self.tests, None)
        outcome = [int(row["outcome"]) for row in taught]
        for column, name in CEILINGS.items():
            limit = youden_threshold(outcome, [float(row[column]) for row in taught])
            file = self.work / f"{column}.csv"
            scores = [(row["patient"], row[column]) for row in tests]
            atomic.write_text(file, tables.to_csv(("patient", "score"), scores))
            words = ("import-scores", self.tests, file, "--name", name, "--threshold", limit)
            commands.aln_desk(self.clock, *words, stoppable=False)

    def _train(self, contender: Contender, base: Made | None) -> None:
        begun = once.begun(self._runs(contender, base))
        words: list[object]
        if begun is not None:  # whoever holds it is on the point of stopping
            words = ["train", contender.stages, self.study, "--resume", begun.name, "--wait"]
        else:
            words = ["train", contender.stages, self.study, "--preset", contender.preset, "--name", contender.name]
            words += [word for key, value in contender.settings for word in ("--set", f"{key}={value}")]
            words += ["--base", (self.study / "models" / base.digest).resolve()] if base else []
        commands.aln_desk(self.clock, *words, "--device", self.device, threads=self.threads)

    def _read(self, run: Run) -> None:
        """The model goes along, so that the project of the tests is whole; so does what its training told."""
        source = self.study / "models" / run.digest
        with Project.open(self.tests) as project:
            _copy(source, project.models / run.digest)
            _copy(run.folder, project.runs / run.name, _BULKY)
        commands.aln_desk(self.clock, "predict", self.tests, "--model", run.digest, "--device", self.device)

    def _finished(self, contender: Contender, base: Made | None) -> Run | None:
        return once.finished(self.study / "models", self._runs(contender, base))

    def _runs(self, contender: Contender, base: Made | None) -> list[Run]:
        """Those that were asked just this, newest first."""
        if not (self.study / DATABASE).exists():
            return []
        asked = json.loads(json.dumps(recipes.to_dict(contender.recipe)))
        with Project.open(self.study) as project:
            named = [run for run in read_runs(project.runs) if run.label == contender.name and run.recipe == asked]
            bases = {run.name: _base_of(project, run) for run in named}
        return [run for run in named if run.stages == contender.stages and bases[run.name] == _digest(base)]

    def _has_read(self, digest: str, contender: Contender) -> bool:
        """Whether the model's reading of the tests is whole; the clinical one writes all verdicts it can in one go."""
        if not (self.tests / DATABASE).exists():
            return False
        with Project.open(self.tests) as project:
            read = {row.patient for row in read_model(project.predictions, digest)}
            return bool(read) and (contender.family == "clinical" or {p.id for p in project.patients()} <= read)


def _truth(study: Path, folder: Path, cohorts: set[str] | None) -> list[dict[str, str]]:
    """Rows of the study's truth on the patients of these cohorts of the project in ``folder``."""
    with Project.open(folder) as project:
        wanted = {patient.id for patient in project.patients(cohorts=cohorts)}
    return [row for row in tables.read(study / TRUTH_FILE) if row["patient"] in wanted]


def _base_of(project: Project, run: Run) -> str:
    """Digest of the model whose stage 1 the run keeps, which names its folder; empty for none."""
    with suppress(AlnError):
        return Path(find_record(project.runs, run.name).base).name
    return ""


def _digest(base: Made | None) -> str:
    return base.digest if base else ""


def _copy(source: Path, target: Path, ignore: Ignore | None = None) -> None:
    """A folder, made aside, so that one which is there is whole."""
    if not target.exists():
        aside = target.with_name(f".{target.name}.part")
        shutil.rmtree(aside, ignore_errors=True)
        shutil.copytree(source, aside, ignore=ignore)
        aside.replace(target)
