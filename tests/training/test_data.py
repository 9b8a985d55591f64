"""Which images teach what, who is held out, and the cache that can never answer with old pixels."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

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


def test_only_patients_with_an_outcome_are_held_out() -> None:
    """The newest, whose outcomes are still to come, and pictures of nobody's, which have no date, all teach."""
    known = [patient(f"p{k}", day=f"2024-01-{10 + k}") for k in range(10)]
    unknown = [Patient(f"real-{k}", "a", None, "2024-02-01" if k < 20 else "") for k in range(40)]
    split = data.split([*unknown, *known], ROLES, 0.2)
    assert [p.id for p in split.tune] == ["p8", "p9"]
    assert {p.id for p in split.fit} == {p.id for p in (*known[:8], *unknown)}


@pytest.mark.parametrize("outcomes", [0, 2])
def test_where_too_few_outcomes_are_known_the_share_is_of_all(outcomes: int) -> None:
    patients = [Patient(f"p{k}", "a", 1 if k < outcomes else None) for k in range(10)]
    assert [p.id for p in data.split(patients, ROLES, 0.2).tune] == ["p8", "p9"]


@given(
    st.lists(st.tuples(st.sampled_from([None, 0, 1]), st.sampled_from(["", "2024-01-01", "2024-01-02"])), min_size=1),
    st.floats(0, 0.9),
)
def test_everybody_is_on_one_side_of_a_split(drawn: list[tuple[int | None, str]], held_out: float) -> None:
    patients = [Patient(f"p{k}", "a", outcome, day) for k, (outcome, day) in enumerate(drawn)]
    split = data.split(patients, ROLES, held_out)
    assert sorted(p.id for p in (*split.fit, *split.tune)) == sorted(p.id for p in patients)
    assert len(split.tune) <= round(held_out * len(patients))
    assert data.split(patients, ROLES, 0.0).tune == ()


def test_a_tune_cohort_takes_the_place_of_the_held_out() -> None:
    split = data.split([patient("p"), patient("q", "b")], ROLES, 0.5)
    assert [p.id for p in split.fit] == ["p"]
    assert [p.id for p in split.tune] == ["q"]


def chosen(outcomes: list[int | None]) -> list[Patient]:
    return [Patient(f"p{k}", "ab"[k % 2], outcome) for k, outcome in enumerate(outcomes)]


OUTCOMES = st.lists(st.sampled_from([None, 0, 1]), min_size=10, max_size=60)


@given(OUTCOMES, st.integers(2, 10), st.integers(0, 99))
def test_every_patient_is_held_out_in_just_one_fold(outcomes: list[int | None], count: int, seed: int) -> None:
    patients = chosen(outcomes)
    folds = [data.fold(patients, ROLES, number, count, seed) for number in range(1, count + 1)]
    held_out = [p for split in folds for p in split.tune]
    assert sorted(p.id for p in held_out) == sorted(p.id for p in patients)
    for split in folds:
        assert sorted(p.id for p in (*split.fit, *split.tune)) == sorted(p.id for p in patients)


@given(OUTCOMES, st.integers(2, 10), st.integers(0, 99))
def test_folds_have_even_shares_of_each_outcome(outcomes: list[int | None], count: int, seed: int) -> None:
    patients = chosen(outcomes)
    folds = [data.fold(patients, ROLES, number, count, seed).tune for number in range(1, count + 1)]
    for one in (None, 0, 1):
        counts = [sum(p.outcome == one for p in tune) for tune in folds]
        assert max(counts) - min(counts) <= 1
    assert max(map(len, folds)) - min(map(len, folds)) <= 1


def test_a_fold_depends_on_the_seed_and_not_on_the_order() -> None:
    patients = chosen([k % 2 for k in range(40)])
    first = data.fold(patients, ROLES, 2, 4, seed=3)
    assert first == data.fold(patients[::-1], ROLES, 2, 4, seed=3)
    assert first != data.fold(patients, ROLES, 2, 4, seed=4)


def test_a_fold_that_cannot_be_is_a_sentence() -> None:
    with pytest.raises(BadProject, match="3 patients cannot be dealt into 4 folds"):
        data.fold(chosen([0, 1, 1]), ROLES, 1, 4, 0)
    with pytest.raises(BadProject, match="'c' is a test cohort"):
        data.fold([patient("q", "c")], ROLES, 1, 2, 0)


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

        def load(patients_: list[Patient] = patients, preprocess_: Preprocess = preprocess) -> data.ImageSet:
            return data.load(patients_, preprocess_, project.cache, progress=lambda done, total: calls.append(done))

        first, again = load(), load()
        assert len(calls) == len(first)
        assert np.array_equal(first.image, again.image)
        assert np.array_equal(first.content, again.content)
        assert set(np.unique(first.mask)) == {0, 1, 2}
        sidecar = Path(patients[0].bag[0].annotation)
        annotation = labelme_json.read(sidecar)
        labelme_json.write(sidecar, annotation.with_shapes((Shape("lymph_node", SQUARE),)))
        changed = load()
        assert changed.digest != first.digest
        assert not np.array_equal(changed.mask[0], first.mask[0])
        assert load([replace(p, outcome=None) for p in patients]).digest != changed.digest
        assert load(preprocess_=replace(preprocess, geometry="stretch")).digest != changed.digest


def test_an_image_set_holds_what_was_drawn(study: Path) -> None:
    with Project.open(study) as project:
        found = data.load(project.patients(), Preprocess(size=96), project.cache)
    assert found.image.shape == (53, 96, 96, 3)
    assert found.coarse.shape == (53, data.COARSE, data.COARSE)
    assert (found.content == 96).all()
    assert found.outlined.all()
    for k, entry in enumerate(found.taught):
        assert set(np.unique(found.mask[k])) == {0, entry.lesion + 1}
        assert entry.lesion == (entry.instance.view is View.NODE)
        drawn = found.image[k][found.mask[k] > 0].mean()
        assert drawn < found.image[k][found.mask[k] == 0].mean()
    owners = [entry.instance.patient for entry in found.taught]
    assert len(set(zip(owners, found.patient.tolist(), strict=True))) == len(set(owners)) == found.patient.max() + 1


def test_tumour_images_alone(study: Path) -> None:
    with Project.open(study) as project:
        found = data.load(project.patients(), Preprocess(size=64), project.cache, frozenset({View.TUMOUR}))
    assert len(found) == 32
    assert {entry.instance.view for entry in found.taught} == {View.TUMOUR}


def test_nobody_makes_an_empty_set(tmp_path: Path) -> None:
    found = data.load([], Preprocess(size=64), tmp_path)
    assert len(found) == 0
    assert found.image.shape == (0, 64, 64, 3)
    assert not list(tmp_path.iterdir())


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
