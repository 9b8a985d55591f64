"""Whom the case sheets show, and what stands on them."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import publishable_study
import pytest
from matplotlib.figure import Figure

from aln_desk.evaluation import case_sheets, figures, image_pieces
from aln_desk.evaluation.provenance import ModelRecord
from aln_desk.evaluation.results import Part
from aln_desk.evaluation.selection import Choices
from aln_desk.evaluation.study import NothingToShow, Study
from aln_desk.io.project import Project


@pytest.fixture(scope="module")
def study(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Study]:
    folder = tmp_path_factory.mktemp("cases") / "study"
    publishable_study.make(folder)
    with Project.open(folder) as project:
        yield publishable_study.study(project)


def part_of(study: Study, place: int = 0, cohort: str = "internal test") -> Part:
    return study.results.parts[study.records[place].scorer.key, cohort]


def words_of(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.texts] + [text.get_text() for axes in figure.axes for text in axes.texts]


def test_the_median_patient_of_each_cell(study: Study) -> None:
    part = part_of(study)
    chosen = case_sheets.median_patients(part)
    scores = dict(zip(part.patients, part.score.tolist(), strict=True))
    for cell, (outcome, called) in case_sheets.CELLS.items():
        behind = sorted(part.behind(outcome, called), key=lambda name: (scores[name], name))
        assert (cell in chosen) == bool(behind)
        if behind:
            middle = sorted(scores[name] for name in behind)
            assert scores[chosen[cell]] == middle[(len(middle) - 1) // 2]


def test_no_cell_without_a_threshold(study: Study) -> None:
    assert case_sheets.median_patients(replace(part_of(study), threshold=math.nan, confusion=None)) == {}


def test_sheets_have_images_outlines_findings_and_shares(study: Study) -> None:
    part, record = part_of(study), study.records[0]
    shown = case_sheets.sheets(part, record, study.patients, ["P25", "nobody", "P26"])
    assert [one.patient.id for one in shown] == ["P25", "P26"]
    first = shown[0]
    assert (first.cell, first.score, first.threshold) == (
        "TP" if first.score >= 0.5 else "FN",
        publishable_study.score_of(25, 0),
        0.5,
    )
    assert [picture.instance.id for picture in first.pictures] == ["P25/P25_T.png", "P25/P25_L.png"]
    assert all(len(picture.drawn) == 1 and picture.share == 0.5 for picture in first.pictures)
    assert first.pictures[0].found is not None and first.pictures[0].found.mask.any()


def test_an_image_that_is_gone_is_left_out(study: Study, tmp_path: Path) -> None:
    patient = study.project.patient("P25")
    gone = replace(patient, bag=(replace(patient.bag[0], image=str(tmp_path / "gone.png")), patient.bag[1]))
    (shown,) = case_sheets.sheets(part_of(study), study.records[0], [gone], ["P25"])
    assert [picture.instance.id for picture in shown.pictures] == [patient.bag[1].id]
    assert shown.images == 2


def test_of_many_images_those_of_the_largest_share_are_shown(study: Study, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(case_sheets, "_MOST_IMAGES", 1)
    monkeypatch.setattr(case_sheets, "read_shares", lambda path, names: dict(zip(names, [0.2, 0.8], strict=True)))
    (shown,) = case_sheets.sheets(part_of(study), study.records[0], study.patients, ["P25"])
    assert [picture.share for picture in shown.pictures] == [0.8]
    assert "1 of 2 images" in words_of(case_sheets.case_figure([shown], study.records[0]))


def test_the_figure_tells_patients_verdicts_and_the_scale(study: Study) -> None:
    part, record = part_of(study), study.records[0]
    chosen = case_sheets.median_patients(part)
    figure = case_sheets.case_figure(case_sheets.sheets(part, record, study.patients, chosen.values()), record)
    words = words_of(figure)
    assert set(chosen.values()) <= set(words)
    assert {"a", "drawn", "predicted", "CAM −4", "+4 logits"} <= set(words)
    assert any(text.startswith("Tumour: score 0.56, share") for text in words)
    assert figures.rendered(figure, "svg") == figures.rendered(figure, "svg")


def test_patients_whose_images_were_not_read_are_explained(study: Study) -> None:
    unread = ModelRecord(study.records[0].scorer, {})
    shown = case_sheets.sheets(part_of(study), unread, study.patients, ["P25"])
    assert shown[0].pictures == ()
    assert any("No case to show" in text for text in words_of(case_sheets.case_figure(shown, unread)))
    assert case_sheets.remedy("study", unread).endswith(f"aln-desk predict study --model {unread.scorer.key}")


def test_two_models_side_by_side_have_scales_of_their_own(study: Study) -> None:
    both = [
        case_sheets.sheets(part_of(study, place), study.records[place], study.patients, ["P25", "P26"])
        for place in (1, 0)
    ]
    rows = list(zip(*both, strict=True))
    plain = replace(study.records[1], manifest={**study.records[1].manifest, "cam_top": 8.5})
    figure = case_sheets.cam_figure(rows, (plain, study.records[0]))
    words = words_of(figure)
    assert {"plain", "embedded", "+10 logits", "+4 logits"} <= set(words)
    assert f"image 0.56, patient {publishable_study.score_of(25, 1):.2f}" in words


def test_rows_lie_where_their_patients_are_written(study: Study) -> None:
    for drawn in (image_pieces.cases(study, study.cohorts[0]), image_pieces.cams(study)):
        assert drawn.rows
        for patient, top, bottom in drawn.rows:
            (words,) = [text for text in drawn.figure.texts if text.get_text() == patient]
            assert 0 <= top < 1 - words.get_position()[1] < bottom < 1


def test_two_models_are_compared_as_they_were_chosen(study: Study) -> None:
    embedded, plain = (one.scorer.key for one in study.records[:2])
    titles = [
        image_pieces.cams(replace(study, choices=Choices(beside=beside))).title
        for beside in ((), (plain, embedded), (embedded, plain))
    ]
    assert titles[0] == titles[1] == "CAM of plain beside embedded, internal test"
    assert titles[2] == "CAM of embedded beside plain, internal test"


def test_the_model_chosen_shows_its_cases(study: Study) -> None:
    embedded, plain = (one.scorer.key for one in study.records[:2])
    titles = [
        image_pieces.cases(replace(study, choices=Choices(cases_by=key)), study.cohorts[1]).title
        for key in ("", embedded, plain)
    ]
    assert titles[0] == titles[1] == "Cases of south read by embedded"
    assert titles[2] == "Cases of south read by plain"


def test_a_model_that_was_chosen_is_not_replaced_by_another(study: Study) -> None:
    first, second = study.records[:2]
    lost, clinical = replace(first, findings=None), replace(first, findings=None, manifest={"kind": "clinical"})
    for record, why in ((lost, "embedded found on the images is not kept"), (clinical, "embedded reads no images")):
        chosen = replace(study, choices=Choices(cases_by=first.scorer.key))
        vars(chosen)["records"] = (record, second)
        with pytest.raises(NothingToShow, match=why):
            image_pieces.cases(chosen, study.cohorts[0])


def test_models_that_share_no_image_are_explained(study: Study) -> None:
    (one,) = case_sheets.sheets(part_of(study), study.records[0], study.patients, ["P25"])
    bare = replace(one, pictures=())
    figure = case_sheets.cam_figure([(one, bare)], (study.records[0], study.records[1]))
    assert any("No image was read by both" in text for text in words_of(figure))


@pytest.mark.parametrize(("said", "top"), [(43.5, 50.0), (None, 4.0), (-1, 4.0), ("x", 4.0), (math.inf, 4.0)])
def test_the_scale_is_that_of_the_window(study: Study, said: object, top: float) -> None:
    assert case_sheets.cam_top(replace(study.records[0], manifest={"cam_top": said})) == top
