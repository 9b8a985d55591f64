"""Where patients leave on their way to the figures."""

from __future__ import annotations

from collections.abc import Iterator

import publishable_study
import pytest

from aln_desk.domain.patient import Patient
from aln_desk.evaluation.figures.flow import Box
from aln_desk.evaluation.flow import flow_table, participants, passages
from aln_desk.evaluation.results import work_out
from aln_desk.evaluation.selection import Filter, Selection
from aln_desk.evaluation.tables.words import DASH
from aln_desk.io.project import Project


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Project]:
    folder = tmp_path_factory.mktemp("flow") / "study"
    publishable_study.make(folder, findings=False)
    with Project.open(folder) as found:
        yield found


def leaves(box: Box) -> Iterator[Box]:
    if not box.then:
        yield box
    for each in box.then:
        yield from leaves(each)


def test_every_patient_of_a_cohort_is_counted_once(project: Project) -> None:
    filters = Filter("birads", frozenset(["4A"]))
    found = passages(publishable_study.evaluate(project, publishable_study.COHORTS, filters), project.patients())
    assert [(one.scorer, one.cohort, one.patients) for one in found] == [
        ("embedded", "internal test", 12),
        ("plain", "internal test", 12),
        ("embedded", "south", 8),
        ("plain", "south", 8),
    ]
    for one in found:
        assert one.unknown + one.filtered + one.imageless + one.unscored + one.analysed == one.patients
    # P24 has no outcome; BI-RADS 4A are numbers whose rest by 5 is 0 or 1.
    assert (found[0].unknown, found[0].filtered, found[0].analysed) == (1, 6, 5)
    assert (found[2].unknown, found[2].filtered, found[2].imageless, found[2].analysed) == (0, 5, 0, 3)


def test_a_patient_without_image_and_score_is_told_apart(project: Project) -> None:
    one = passages(publishable_study.evaluate(project), project.patients())[2]
    assert (one.cohort, one.imageless, one.unscored, one.analysed) == ("south", 1, 0, 7)


def test_the_diagram_parts_the_analysed_by_call_and_outcome(project: Project) -> None:
    results = publishable_study.evaluate(project)
    flow = participants(results, project.patients(), results.scorers[0].key)
    assert flow.first is not None
    assert (flow.first.count, flow.first.excluded) == (44, (("of cohorts not evaluated here: training", 24),))
    for cohort, box in zip(publishable_study.COHORTS, flow.first.then, strict=True):
        part = results.parts[results.scorers[0].key, cohort]
        assert part.confusion is not None
        counts = [part.confusion.tp, part.confusion.fp, part.confusion.fn, part.confusion.tn]
        assert [leaf.count for leaf in leaves(box)] == counts
        assert box.count == sum(counts) + sum(count for _, count in box.excluded)
    assert "uncertain" in flow.notes[0]


def test_three_cohorts_tell_outcomes_in_words(project: Project) -> None:
    results = publishable_study.evaluate(project, ("training", *publishable_study.COHORTS))
    flow = participants(results, project.patients(), results.scorers[0].key)
    assert flow.first is not None
    assert flow.first.excluded == ()
    part = results.parts[results.scorers[0].key, "training"]
    assert part.confusion is not None
    first = next(leaves(flow.first))
    assert first.text == f"Called positive: {part.confusion.tp} with and {part.confusion.fp} without metastasis"


def test_without_patients_there_is_no_box() -> None:
    results = work_out(Selection((), ()), [], [], [])
    assert participants(results, [], "").first is None


def test_the_table_has_dashes_where_nobody_is_called(project: Project) -> None:
    results = publishable_study.evaluate(project)
    whole = flow_table(results, project.patients())
    assert [row[0] for row in whole.rows] == ["internal test", "embedded", "plain", "south", "embedded", "plain"]
    assert whole.rows[1][:8] == ("embedded", "12", "1", "0", "0", "0", "11", whole.rows[1][7])
    import_ = publishable_study.scorer_without_threshold([patient.id for patient in project.patients()])
    selection = Selection((import_.key,), publishable_study.COHORTS)
    bare = flow_table(work_out(selection, [import_], project.cohorts(), project.patients()), project.patients())
    assert bare.rows[1][-4:] == (DASH,) * 4
    assert any("there is no threshold" in note for note in bare.notes)


def test_patients_of_no_known_cohort_are_elsewhere(project: Project) -> None:
    results = publishable_study.evaluate(project, ("south",))
    patients: list[Patient] = project.patients()
    flow = participants(results, patients, results.scorers[0].key)
    assert flow.first is not None
    assert flow.first.excluded[0] == ("of cohorts not evaluated here: internal test, training", 36)
