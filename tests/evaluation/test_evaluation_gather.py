"""What a project offers an evaluation, and the record of looks at its tests."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.review import Review
from aln_desk.domain.verdict import decide
from aln_desk.evaluation.gather import digest_in_use, gather, new_looks, record
from aln_desk.evaluation.results import Results, work_out
from aln_desk.evaluation.selection import Filter, Selection
from aln_desk.io import checkpoint
from aln_desk.io.project import Project
from aln_desk.io.scores import import_scores
from aln_desk.io.verdicts import VerdictRow, write_reading
from aln_desk.paths import embedded_model

COHORTS = (
    Cohort("external", Role.EXTERNAL_TEST),
    Cohort("internal", Role.INTERNAL_TEST),
    Cohort("no outcomes", Role.INTERNAL_TEST),
    Cohort("training", Role.TRAIN),
    Cohort("unread", Role.EXTERNAL_TEST),
)


@pytest.fixture
def project(tmp_path: Path):
    """Four patients a cohort; all but those of the cohort ``unread`` are read by two models."""
    with Project.create(tmp_path / "study") as opened:
        patients = []
        for cohort in COHORTS:
            opened.add_cohort(cohort)
            outcomes = [None] * 4 if cohort.name == "no outcomes" else [0, 1, 0, 1]
            patients += [Patient(f"{cohort.name}-{n}", cohort.name, each) for n, each in enumerate(outcomes)]
        opened.add_many(patients)
        for model in ("aaaa", "bbbb"):
            rows = [row(one, number / 20, model) for number, one in enumerate(patients) if one.cohort != "unread"]
            write_reading(opened.predictions, model, rows)
        yield opened


def row(patient: Patient, score: float, model: str) -> VerdictRow:
    return VerdictRow(patient.id, patient.cohort, patient.outcome, score, 0.5, decide(score, 0.5), 1, 0, model)


def figures(project: Project, *cohorts: str, filters: tuple[Filter, ...] = ()) -> Results:
    found = gather(project)
    selection = Selection(found.selection().scorers, cohorts, filters)
    return work_out(selection, found.scorers, found.cohorts, found.patients)


def test_models_and_imports_on_the_tests_that_were_read_are_shown_first(project: Project, tmp_path: Path) -> None:
    (tmp_path / "other.csv").write_text("patient,score\ninternal-0,0.5\n")
    import_scores(project, tmp_path / "other.csv", "Other")
    project.add_review(Review("internal-0", "AN", 4))
    project.adopt(tmp_path / "gone", "bbbb")
    found = gather(project)
    assert [one.key for one in found.scorers] == ["bbbb", "aaaa", "reader:AN", "import:Other"]
    assert found.selection() == Selection(("bbbb", "aaaa", "import:Other"), ("external", "internal"))
    assert [one.name for one in found.cohorts_with_outcomes()] == ["external", "internal", "training", "unread"]
    assert [one.name for one in found.cohorts_with_figures()] == ["external", "internal", "training"]
    assert len(found.patients) == 20


def test_without_tests_the_other_cohorts_are_shown(project: Project) -> None:
    for name in ("external", "internal"):
        project.add_cohort(Cohort(name, Role.TUNE))
    assert gather(project).selection().cohorts == ("external", "internal", "training")


def test_a_project_that_nobody_read_offers_nothing(tmp_path: Path) -> None:
    with Project.create(tmp_path / "empty") as empty:
        found = gather(empty)
    assert found.selection() == Selection((), ())
    assert found.cohorts_with_figures() == []


def test_the_model_in_use_is_the_adopted_else_the_embedded_one(project: Project, tmp_path: Path) -> None:
    assert digest_in_use(project) == checkpoint.read_manifest(embedded_model())["digest"]
    project.adopt(tmp_path, "aaaa")
    assert digest_in_use(project) == "aaaa"
    project.adopt_embedded()
    assert digest_in_use(project) == checkpoint.read_manifest(embedded_model())["digest"]


def test_a_look_at_each_test_cohort_is_recorded(project: Project) -> None:
    stage = Filter("hospital", frozenset({"unknown"}))
    record(project, figures(project, "internal", "training", "unread", "no outcomes", filters=(stage,)), "window")
    (look,) = project.looks()
    assert (look.cohort, look.scorers, look.rule) == ("internal", ("aaaa", "bbbb"), "frozen")
    assert (look.filters, look.patients, look.origin) == (("hospital=unknown",), 4, "window")


def test_the_same_look_again_within_the_hour_is_one_look(project: Project) -> None:
    both = figures(project, "external", "internal")
    for _ in range(3):
        record(project, both, "window")
    record(project, replace(both, scorers=both.scorers[::-1]), "window")
    assert len(project.looks()) == 2
    record(project, both, "command")
    record(project, replace(both, scorers=both.scorers[:1]), "window")
    assert [one.cohort for one in project.looks()] == ["external", "internal"] * 3


def test_the_same_look_an_hour_later_is_another(project: Project) -> None:
    results = figures(project, "internal")
    record(project, results, "window")
    (look,) = project.looks()
    for minutes in (59, 61):
        with Project.create(project.folder.parent / str(minutes)) as other:
            before = datetime.now(UTC) - timedelta(minutes=minutes)
            other.add_look(replace(look, looked_at=before.isoformat(timespec="seconds")))
            record(other, results, "window")
            assert len(other.looks("internal")) == (1 if minutes < 60 else 2)


def test_an_export_of_what_a_window_shows_is_no_other_look(project: Project) -> None:
    results = figures(project, "internal")
    record(project, results, "window")
    record(project, results, "export")
    (look,) = project.looks()
    with Project.create(project.folder.parent / "yesterday") as other:
        other.add_look(replace(look, looked_at=(datetime.now(UTC) - timedelta(days=1)).isoformat(timespec="seconds")))
        record(other, results, "export")
        assert len(other.looks()) == 1


def test_an_export_of_what_no_window_has_shown_is_a_look_and_the_window_s_own(project: Project) -> None:
    results = figures(project, "internal")
    record(project, results, "command")
    record(project, results, "export")
    record(project, results, "window")  # a moment later
    record(project, replace(results, scorers=results.scorers[:1]), "export")
    assert [(one.origin, len(one.scorers)) for one in project.looks()] == [("command", 2), ("export", 2), ("export", 1)]


def test_new_looks_are_those_that_would_be_recorded(project: Project) -> None:
    results = figures(project, "internal", "external", "training")
    looks = new_looks(project, results, "window")
    assert project.looks() == [] and [one.cohort for one in looks] == ["external", "internal"][::-1]
    record(project, results, "window")
    assert [replace(one, looked_at="") for one in project.looks()] == [replace(one, looked_at="") for one in looks]
    assert new_looks(project, results, "window") == ()
