"""Which images teach what, who is held out, and the cache that can never answer with old pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from aln_desk.domain.annotation import NO_LESION, Annotation
from aln_desk.domain.errors import BadProject, Stopped
from aln_desk.domain.patient import Instance, Patient, Role, View
from aln_desk.domain.shape import Shape
from aln_desk.io import labelme_json
from aln_desk.io.project import Project
from aln_desk.models.preprocess import Preprocess
from training import data

ROLES = {"a": Role.TRAIN, "b": Role.TUNE, "c": Role.INTERNAL_TEST}
SQUARE = ((1.0, 1.0), (5.0, 1.0), (5.0, 5.0), (1.0, 5.0))


def patient(name: str, cohort: str = "a", day: str = "") -> Patient:
    return Patient(name, cohort, 1, day)


def test_the_last_admitted_are_held_out() -> None:
    patients = [patient(f"p{k}", day=f"2024-01-{10 - k:02d}") for k in range(10)]
    split = data.split(patients, ROLES, 0.2)
    assert {p.admission_date for p in split.tune} == {"2024-01-09", "2024-01-10"}
    assert len(split.fit) == 8


def test_patients_of_one_day_stay_together() -> None:
    patients = [patient(f"p{k}", day="2024-01-01" if k < 5 else "2024-01-02") for k in range(10)]
    split = data.split(patients, ROLES, 0.3)
    assert not {p.admission_date for p in split.fit} & {p.admission_date for p in split.tune}


def test_a_tune_cohort_takes_the_place_of_the_held_out() -> None:
    split = data.split([patient("p"), patient("q", "b")], ROLES, 0.5)
    assert [p.id for p in split.fit] == ["p"]
    assert [p.id for p in split.tune] == ["q"]


def test_a_test_cohort_is_refused() -> None:
    with pytest.raises(BadProject, match="'c' is a test cohort"):
        data.split([patient("p"), patient("q", "c")], ROLES, 0.2)


def test_no_training_patient_is_told() -> None:
    with pytest.raises(BadProject, match="role 'train'"):
        data.split([patient("q", "b")], ROLES, 0.2)


def test_what_an_image_teaches() -> None:
    instance = Instance("p/x.png", "p", View.TUMOUR, "x.png", "x.json")
    bare, drawn = Annotation("x.png"), Annotation("x.png", shapes=(Shape("lymph_node", SQUARE),))
    empty = replace(bare, flags={NO_LESION: True})

    def parts(annotation: Annotation, outcome: int | None) -> tuple[bool, int, int]:
        found = data.taught(instance, outcome, annotation)
        return found.outlined, found.lesion, found.status

    assert parts(bare, 1) == (False, data.UNKNOWN, 1)
    assert parts(drawn, None) == (True, 1, data.UNKNOWN)
    assert parts(drawn, 0) == (True, 1, 0)
    assert parts(empty, None) == (True, data.UNKNOWN, data.UNKNOWN)
    assert parts(replace(empty, shapes=(Shape("scar", SQUARE),)), None)[0] is False


def test_the_cache_is_reused_until_anything_changes(study: Path) -> None:
    preprocess = Preprocess(size=64)
    with Project.open(study) as project:
        patients = project.patients()
        calls: list[int] = []
        first = data.load(patients, preprocess, project.cache, lambda done, total: calls.append(done))
        again = data.load(patients, preprocess, project.cache, lambda done, total: calls.append(done))
        assert len(calls) == len(first)
        assert np.array_equal(first.image, again.image)
        assert set(np.unique(first.mask)) == {0, 1, 2}
        sidecar = Path(patients[0].bag[0].annotation)
        annotation = labelme_json.read(sidecar)
        labelme_json.write(sidecar, annotation.with_shapes((Shape("lymph_node", SQUARE),)))
        changed = data.load(patients, preprocess, project.cache)
        assert changed.digest != first.digest
        assert not np.array_equal(changed.mask[0], first.mask[0])
        reoutcome = [replace(p, outcome=None) for p in patients]
        assert data.load(reoutcome, preprocess, project.cache).digest != changed.digest


def test_stopping_leaves_no_cache_that_looks_whole(study: Path) -> None:
    with Project.open(study) as project:
        with pytest.raises(Stopped):
            data.load(project.patients(), Preprocess(size=64), project.cache, should_stop=lambda: True)
        assert not list(project.cache.glob("*/content.npy"))


def test_nothing_taught_is_told(study: Path) -> None:
    with Project.open(study) as project:
        mute = [replace(p, outcome=None) for p in project.patients()]
        for patient_ in mute:
            for instance in patient_.bag:
                Path(instance.annotation).unlink()
        with pytest.raises(BadProject, match="teaches anything"):
            data.load(mute, Preprocess(size=64), project.cache)
