"""Folds and seeds by one command."""

from __future__ import annotations

from pathlib import Path

import pytest
from asked import job, trained

from aln_desk.domain.messages import Curve, Message, Started
from aln_desk.io.checkpoint import read_manifest
from aln_desk.io.project import Project
from aln_desk.io.runs import read_runs
from training import pace
from training.run import Job
from training.several import jobs, train_all


def test_one_run_for_every_fold_and_seed() -> None:
    found = jobs(Job(Path("p"), settings=(("size", "64"),)), 2, (0, 7))
    assert [(one.fold, dict(one.settings)["seed"]) for one in found] == [
        ((1, 2), "0"),
        ((1, 2), "7"),
        ((2, 2), "0"),
        ((2, 2), "7"),
    ]
    assert all(dict(one.settings)["size"] == "64" for one in found)
    (group,) = {one.group for one in found}
    assert group


@pytest.mark.parametrize(
    ("folds", "seeds", "grouped"), [(0, (), False), (0, (3,), False), (0, (3, 4), True), (2, (), True)]
)
def test_a_single_run_is_in_no_group(folds: int, seeds: tuple[int, ...], grouped: bool) -> None:
    found = jobs(Job(Path("p")), folds, seeds)
    assert len(found) == max(1, folds) * max(1, len(seeds))
    assert all(bool(one.group) == grouped for one in found)
    assert [dict(one.settings).get("seed") for one in found] == ([str(s) for s in seeds] or [None] * max(1, folds))


@pytest.mark.usefixtures("thin_network")
def test_a_sweep_over_seeds_reads_the_images_once(study: Path) -> None:
    base, told = trained(job(study)), list[Message]()
    models = train_all(jobs(job(study, stages="mil", base=base), 0, (1, 2, 3)), told.append, lambda: False)
    assert models is not None
    assert len(set(models)) == 3
    assert len(list((study / "cache").glob("tokens-*.h5"))) == 1
    assert [read_manifest(model)["training"]["recipe"]["seed"] for model in models] == [1, 2, 3]
    with Project.open(study) as project:
        runs = [run for run in read_runs(project.runs) if run.stages == "mil"]
    assert len({run.group for run in runs}) == 1 and runs[0].group


@pytest.mark.usefixtures("thin_network")
def test_a_stop_ends_all_that_was_to_come(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TELL_EVERY_SECONDS", 0)
    told: list[Message] = []
    wanted = jobs(job(study, stages="mtl"), 2, ())
    assert train_all(wanted, told.append, lambda: any(isinstance(m, Curve) for m in told)) is None
    assert sum(isinstance(m, Started) for m in told) == 1


@pytest.mark.usefixtures("thin_network")
def test_a_stopped_sweep_goes_on_to_its_end(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pace, "TELL_EVERY_SECONDS", 0)
    told: list[Message] = []
    wanted = jobs(job(study, stages="mtl", name="sweep"), 0, (4, 5, 6))
    stopped = train_all(wanted, told.append, lambda: sum(isinstance(m, Started) for m in told) == 2)
    assert stopped is None
    again = jobs(job(study, resume="", settings=()), 0, ())
    assert len(again) == 2
    assert train_all(again, told.append, lambda: False) is not None
    with Project.open(study) as project:
        runs = read_runs(project.runs)
    assert sorted(run.recipe["seed"] for run in runs) == [4, 5, 6]
    assert {(run.state, run.label, run.group) for run in runs} == {("finished", "sweep", runs[0].group)}
    assert all(len(jobs(job(study, resume=run.name), 0, ())) == 1 for run in runs)


def test_each_run_of_a_cross_validation_knows_what_comes_after_it(study: Path) -> None:
    first, second = jobs(job(study), 2, ())
    assert first.rest == (((2, 2), ""),)
    assert second.rest == ()
