from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from made_findings import finding
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QLabel, QPushButton
from pytestqt.qtbot import QtBot

from aln_desk.domain.cam_scale import CAM_TOP, cam_scale
from aln_desk.domain.messages import BagPredicted
from aln_desk.domain.patient import Instance, View
from aln_desk.domain.verdict import NOT_DECIDED
from aln_desk.gui import reporting, tasks, theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.model_in_use import ModelInUse
from aln_desk.gui.pages.review import ReviewPage
from aln_desk.gui.widgets.patient_delegate import TILE, tiles_fitting
from aln_desk.gui.widgets.shares import ShareButton
from aln_desk.gui.widgets.verdict_panel import NO_SECOND_STAGE, OUTLINES_ONLY, SIMULATED
from aln_desk.io import checkpoint, images, predictions
from aln_desk.io.project import Project


@pytest.fixture
def page(review_page: Callable[[Path], ReviewPage], read_project: Path) -> ReviewPage:
    return review_page(read_project)


def trigger(page: ReviewPage, name: str) -> None:
    page._actions[name].trigger()
    tasks.wait_all()


def shown_image(page: ReviewPage) -> np.ndarray:
    picture = page.room.canvas.grab().toImage()
    return np.frombuffer(bytes(picture.constBits()), np.uint8).copy()


def test_the_verdict_is_told_in_number_word_and_sentence(page: ReviewPage) -> None:
    panel = page.panel
    assert panel.score.text() == "0.87"
    assert panel.decision.text() == "+ Positive"
    assert panel.sentence.text().startswith("Two tumour views and one node view were read; ")
    assert [one.text() for one in panel.shares.findChildren(ShareButton)] == ["Tumour 1", "Tumour 2", "Node 1"]
    assert not panel.read.isVisible() and not panel.missing.isVisible()


def test_a_verdict_without_shares_leaves_no_gap_for_them(page: ReviewPage) -> None:
    panel, patient, verdict = page.panel, page._workspace.patient, page._workspace.verdict("P1")
    assert patient is not None and verdict is not None and not panel.shares.isHidden()
    panel.show_verdict(patient, replace(verdict, shares={}))
    assert panel.shares.isHidden() and panel._shares_heading.isHidden()
    panel.show_verdict(patient, verdict)
    assert not panel.shares.isHidden()


def test_a_negative_verdict_has_its_own_sign(page: ReviewPage) -> None:
    trigger(page, "go.patient_next")
    assert page.panel.decision.text() == "− Negative"
    assert page.panel.sentence.text() == "One tumour view was read."


@pytest.fixture
def unsure_page(review_page: Callable[[Path], ReviewPage], unsure_project: Path) -> ReviewPage:
    return review_page(unsure_project)


def bar_colours(page: ReviewPage) -> list[str]:
    """The colour of the score bar in each tenth of its width, at the upper edge of the zones."""
    picture = page.panel.bar.grab().toImage()
    y = round(8 * picture.devicePixelRatio())
    return [picture.pixelColor(round((tenth + 0.5) / 10 * picture.width()), y).name() for tenth in range(10)]


def test_an_uncertain_verdict_is_grey_and_says_why(unsure_page: ReviewPage) -> None:
    panel = unsure_page.panel
    assert (panel.score.text(), panel.decision.text()) == ("0.87", "? Uncertain")
    assert theme.UNCERTAIN in panel.decision.styleSheet()
    assert panel.uncertain.isVisible()
    assert panel.uncertain.text().startswith("Between 0.31 and 0.90 the model does not decide, so that at most 10 %")
    assert panel.bar.toolTip() == "Score 0.87, threshold 0.46, uncertain from 0.31 to 0.90"
    blue, grey, orange = (QColor(each).darker(115).name() for each in (theme.NEGATIVE, theme.UNCERTAIN, theme.POSITIVE))
    assert bar_colours(unsure_page) == [blue] * 3 + [grey] * 5 + [bar_colours(unsure_page)[8]] + [orange]


def test_a_verdict_beyond_the_uncertain_scores_is_told_as_ever(unsure_page: ReviewPage) -> None:
    trigger(unsure_page, "go.patient_next")
    assert unsure_page.panel.decision.text() == "− Negative"
    assert not unsure_page.panel.uncertain.isVisible()


def test_an_uncertain_verdict_of_another_model_tells_no_scores(unsure_page: ReviewPage) -> None:
    workspace = unsure_page._workspace
    verdict = workspace.verdict("P1")
    assert workspace.patient is not None and workspace.model is not None and verdict is not None
    other = replace(verdict, model="another")
    unsure_page.panel.show_verdict(workspace.patient, other, workspace.model)
    assert unsure_page.panel.uncertain.text() == NOT_DECIDED
    assert "uncertain" not in unsure_page.panel.bar.toolTip()


def test_the_list_counts_what_is_uncertain(unsure_page: ReviewPage) -> None:
    assert unsure_page.list.counts.text() == "3 of 3 · 0 signed\n1 uncertain"
    unsure_page.list.query.setText("verdict:uncertain")
    assert unsure_page.list.filter.rowCount() == 1


def test_the_report_of_an_uncertain_verdict_says_so(unsure_page: ReviewPage, tmp_path: Path) -> None:
    unsure_page.save_report(tmp_path / "report.html")
    tasks.wait_all()
    assert "Between 0.31 and 0.90 the model does not decide" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_a_signed_review_keeps_that_the_verdict_was_uncertain(unsure_page: ReviewPage) -> None:
    unsure_page.panel.judgement.choose(4)
    unsure_page.sign()
    shown = unsure_page._workspace.reviews("P1")[0].verdict_shown
    assert shown is not None and shown.decision == "uncertain"


def test_the_image_s_own_findings_and_overlap(page: ReviewPage) -> None:
    text = page.panel.findings.text()
    assert "Lesion type Tumour" in text and "Image score 0.62" in text
    assert "Predicted area 50 % of the image" in text
    assert "Overlap (Dice) 1.00" in text
    trigger(page, "go.image_next")
    assert "Overlap" not in page.panel.findings.text()


def test_the_caption_names_patient_image_and_date(page: ReviewPage) -> None:
    assert page.room.caption.text() == "P1 · Tumour 1 of 2 · 2026-03-04"


def test_the_cam_is_read_under_the_cursor(page: ReviewPage) -> None:
    page.room.canvas.cursorMoved.emit(1.0, 20.0)
    assert page.room.reading.text() == "CAM under cursor −1.00 · overlap (Dice) 1.00"
    page.room.canvas.cursorMoved.emit(-5.0, 20.0)
    assert page.room.reading.text() == "overlap (Dice) 1.00"


def test_what_is_hidden_is_not_told_in_numbers(page: ReviewPage) -> None:
    page.room.canvas.cursorMoved.emit(1.0, 20.0)
    trigger(page, "overlay.predicted.review")
    assert page.room.reading.text() == "CAM under cursor −1.00"
    trigger(page, "overlay.cam.review")
    assert page.room.reading.text() == ""
    trigger(page, "overlay.predicted.review")
    assert page.room.reading.text() == "overlap (Dice) 1.00"


@pytest.mark.parametrize("name", ["drawn", "predicted", "cam"])
def test_each_overlay_key_changes_what_is_seen(page: ReviewPage, name: str) -> None:
    before = shown_image(page)
    trigger(page, f"overlay.{name}.review")
    assert (shown_image(page) != before).any()
    trigger(page, f"overlay.{name}.review")
    assert (shown_image(page) == before).all()


def test_held_space_shows_the_plain_image(qtbot: QtBot, page: ReviewPage) -> None:
    with qtbot.waitActive(page.window()):
        page.window().activateWindow()
    page.setFocus()
    before = shown_image(page)
    qtbot.keyPress(page.list.view, Qt.Key.Key_Space)
    assert (shown_image(page) != before).any()
    qtbot.keyRelease(page.list.view, Qt.Key.Key_Space)
    assert (shown_image(page) == before).all()


def test_space_still_presses_a_focused_button(qtbot: QtBot, page: ReviewPage) -> None:
    with qtbot.waitActive(page.window()):
        page.window().activateWindow()
    page.list.outcomes.setFocus()
    qtbot.keyClick(page.list.outcomes, Qt.Key.Key_Space)
    assert not page.list.outcomes.isChecked()


def test_brightness_can_be_reset(page: ReviewPage) -> None:
    before = shown_image(page)
    page.room.tools.brightness.setValue(60)
    assert (shown_image(page) != before).any()
    trigger(page, "levels.reset")
    assert (shown_image(page) == before).all()


def test_a_share_shows_its_image(page: ReviewPage) -> None:
    page.panel.shares.findChildren(ShareButton)[2].click()
    tasks.wait_all()
    assert page.room.caption.text().startswith("P1 · Node 1 of 1")
    assert [one.isChecked() for one in page.panel.shares.findChildren(ShareButton)] == [False, False, True]


def shown_list(page: ReviewPage) -> bytes:
    """The list's pixels when all of its pictures are there: what is painted asks for them."""
    page.list.view.viewport().grab()
    tasks.wait_all()
    image = page.list.view.viewport().grab().toImage()  # its pixels are freed with it
    return bytes(image.constBits())


def test_one_switch_hides_outcomes_in_list_and_panel(page: ReviewPage) -> None:
    told = shown_list(page)
    assert "Outcome (pathology) + metastasis" in page.panel.clinical.text()
    trigger(page, "outcomes.show")
    assert shown_list(page) != told
    trigger(page, "go.patient_next")
    trigger(page, "go.patient_back")
    assert "metastasis" not in page.panel.clinical.text()
    assert not page.list.outcomes.isChecked()
    page.list.outcomes.click()
    assert page._actions["outcomes.show"].isChecked()
    assert shown_list(page) == told
    assert "metastasis" in page.panel.clinical.text()


def test_a_blinded_reader_stays_blinded(qtbot: QtBot, page: ReviewPage) -> None:
    trigger(page, "outcomes.show")
    state = page.save_state()
    actions = Actions(page.window())
    again = ReviewPage(page._workspace, actions)
    qtbot.addWidget(again)
    assert "metastasis" in again.panel.clinical.text()
    again.restore_state(state)
    assert not actions["outcomes.show"].isChecked()
    assert "metastasis" not in again.panel.clinical.text()


def test_each_row_shows_its_bag(page: ReviewPage) -> None:
    shown_list(page)
    wanted = {one.image for patient in page._workspace.patients for one in patient.bag}
    assert set(page.list._thumbnails._pixmaps) == wanted
    (size,) = {(one.width(), one.height()) for one in page.list._thumbnails._pixmaps.values()}
    assert size == (TILE.width(), TILE.height())


@pytest.mark.parametrize(("width", "count", "shown"), [(36, 1, 1), (231, 6, 6), (230, 6, 5), (400, 9, 6), (20, 2, 0)])
def test_as_many_pictures_as_fit(width: float, count: int, shown: int) -> None:
    assert tiles_fitting(width, count, step=39, more=22) == shown


def test_a_simulated_model_is_called_so(page: ReviewPage) -> None:
    assert page.panel.notice.isVisible() and page.panel.notice.text() == SIMULATED
    assert page._workspace.model is not None
    assert page._workspace.model.digest in page.panel.model.text()


def test_signing_keeps_the_judgement_and_goes_on(page: ReviewPage) -> None:
    page.panel.judgement.reader.setText("AN")
    page.panel.judgement.choose(4)
    page.panel.judgement.note.setText("round node")
    assert page.panel.sign.isEnabled()
    trigger(page, "review.sign")
    workspace = page._workspace
    assert workspace.patient is not None and workspace.patient.id == "P2"
    (review,) = workspace.reviews("P1")
    assert (review.reader, review.judgement, review.note) == ("AN", 4, "round node")
    assert review.verdict_shown is not None and review.verdict_shown.score == 0.87
    assert "1 signed" in page.list.counts.text()
    trigger(page, "go.patient_back")
    assert "probable (4 of 5)" in page.panel.judgement.signed.text()
    assert not page.panel.sign.isEnabled()


def test_nothing_is_signed_without_a_judgement(page: ReviewPage) -> None:
    trigger(page, "review.sign")
    assert page._workspace.signed == set()
    assert "Choose your judgement" in page.info.text


def test_what_was_not_read_says_so_and_offers_one_button(qtbot: QtBot, page: ReviewPage) -> None:
    page._workspace.select_patient("P10")
    tasks.wait_all()
    panel = page.panel
    assert not panel.score.isVisible()
    assert "not been read" in panel.missing.text()
    assert panel.read.toolTip() == "Read this project with first"
    with qtbot.waitSignal(page._actions["review.read"].triggered):
        panel.read.click()
    page._actions.hold("review.read", True)
    assert not panel.read.isEnabled()


def test_a_verdict_of_another_model_is_called_so(page: ReviewPage, tmp_path: Path) -> None:
    second = tmp_path / "second"
    checkpoint.save_tensors(second / checkpoint.MTL_FILE, {"weight": np.ones(2, np.float32)})
    checkpoint.write_manifest(second, {"name": "second"})
    page._workspace.adopt(second)
    tasks.wait_all()
    assert "another model" in page.panel.missing.text()
    assert page.panel.score.isVisible() and page.panel.read.isVisible()
    assert not page.panel.notice.isVisible()
    assert page.room.canvas.layers.reading is None
    assert page.panel.findings.text().startswith("Not read")


def adopt(page: ReviewPage, folder: Path, **fields: object) -> str:
    """Another model takes over; its digest."""
    checkpoint.save_tensors(folder / checkpoint.MTL_FILE, {"weight": np.ones(2, np.float32)})
    checkpoint.write_manifest(folder, {"name": folder.name, **fields})
    page._workspace.adopt(folder)
    tasks.wait_all()
    return str(checkpoint.read_manifest(folder)["digest"])


def read_without_verdicts(page: ReviewPage, digest: str) -> None:
    """What the engine leaves for a model that judges nobody."""
    assert page._workspace.project is not None
    folder = page._workspace.project.predictions
    patient = page._workspace.patients[0]
    findings = [finding(one) for one in patient.bag]
    predictions.write_bag(folder / predictions.INSTANCES_FILE, digest, findings, {})
    predictions.write_verdicts(folder / predictions.VERDICTS_FILE, [])
    page._workspace.reload_predictions()
    tasks.wait_all()


def test_a_model_of_outlines_shows_masks_and_says_so(page: ReviewPage, tmp_path: Path) -> None:
    digest = adopt(page, tmp_path / "outlines", taught=["mask", "lesion"], mil=None, simulated=True)
    assert page.panel.read.isVisible()
    read_without_verdicts(page, digest)
    panel, layers = page.panel, page.room.canvas.layers
    assert panel.missing.text() == OUTLINES_ONLY and panel.missing.isVisible()
    assert not panel.read.isVisible() and not panel.score.isVisible() and not panel.notice.isVisible()
    assert "Predicted area" in panel.findings.text() and "score" not in panel.findings.text()
    assert layers.reading is not None and layers.reading.cam is None and layers.scale_shown is None
    page.room.canvas.cursorMoved.emit(1.0, 20.0)
    assert "CAM" not in page.room.reading.text()
    trigger(page, "overlay.cam.review")
    assert page.room.tools.overlay("cam")[0], "a layer that is not offered cannot be switched"
    page._workspace.select_patient("P2")
    tasks.wait_all()
    assert panel.read.isVisible(), "this one was not read"


def test_a_model_without_a_second_stage_shows_everything_but_the_verdict(page: ReviewPage, tmp_path: Path) -> None:
    read_without_verdicts(page, adopt(page, tmp_path / "images", taught=["mask", "lesion", "status"], mil=None))
    assert page.panel.missing.text() == NO_SECOND_STAGE
    assert not page.panel.read.isVisible() and not page.panel.score.isVisible()
    assert "Image score 0.62" in page.panel.findings.text()
    assert page.room.canvas.layers.scale_shown is not None


def test_a_model_of_status_alone_tells_no_mask(page: ReviewPage, tmp_path: Path) -> None:
    read_without_verdicts(page, adopt(page, tmp_path / "single", taught=["status"], mil={"views": "tumour"}))
    assert page.panel.findings.text() == "Image score 0.62"
    assert "Dice" not in page.room.reading.text()


def test_a_clinical_model_says_what_it_goes_by(page: ReviewPage, tmp_path: Path) -> None:
    term = {"name": "t_stage", "coefficients": {"1": 0.0, "2": 1.0}}
    fusion = {"intercept": 0.0, "image": None, "terms": [term]}
    digest = adopt(page, tmp_path / "clinical", kind="clinical", fusion=fusion)
    panel, workspace = page.panel, page._workspace
    assert panel.findings.text().strip() == "The model looks at no image"
    workspace.apply_bag(BagPredicted("P1", 0.7, 0.5, digest, {}))
    assert panel.sentence.text() == "From T stage; this model looks at no image."
    workspace.change_patient("P2", partial(Project.set_clinical, patient="P2", variable="t_stage", value=""))
    workspace.select_patient("P2")
    read_without_verdicts(page, digest)
    assert panel.missing.text().startswith("T stage of this patient is not known")
    assert not panel.read.isVisible()


def test_the_cam_is_shown_on_its_model_s_scale(page: ReviewPage, tmp_path: Path) -> None:
    assert page.room.canvas.layers.scale_shown == cam_scale(CAM_TOP)
    read_without_verdicts(page, adopt(page, tmp_path / "strong", cam_top=23.7))
    assert page.room.canvas.layers.scale_shown == cam_scale(23.7)


def test_the_report_has_the_scale_of_the_window(
    page: ReviewPage, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    contents = reporting.gather(page._workspace, True)
    assert contents is not None
    known = replace(ModelInUse(tmp_path, "strong", contents.verdict.model), cam_top=23.7)
    for model, top in ((known, 23.7), (replace(known, digest="another"), CAM_TOP)):
        monkeypatch.setattr(page._workspace, "model", model)
        found = reporting.gather(page._workspace, True)
        assert found is not None and found.cam_top == top
    monkeypatch.setattr(page._workspace, "model", known)
    page.save_report(tmp_path / "report.html")
    tasks.wait_all()
    assert "+25 logits" in (tmp_path / "report.html").read_text(encoding="utf-8")


def test_damaged_findings_are_told_and_can_be_read_again(page: ReviewPage, tmp_path: Path) -> None:
    assert page._workspace.project is not None
    (page._workspace.project.predictions / predictions.INSTANCES_FILE).write_bytes(b"no HDF5")
    told: list[str] = []
    page._workspace.warned.connect(told.append)
    page._workspace.select_patient("P10")
    tasks.wait_all()
    assert any("instances.h5" in text for text in told)
    assert page.panel.read.isVisible()


def test_an_image_that_cannot_be_read_is_told_beside_its_place(page: ReviewPage) -> None:
    patient = page._workspace.find_patient("P2")
    assert patient is not None
    Path(patient.bag[0].image).write_bytes(b"no image")
    trigger(page, "go.patient_next")
    assert "T1.png" in page.room.info.text and page.room.info.isVisible()


def test_a_damaged_outline_is_told_beside_its_place(page: ReviewPage) -> None:
    patient = page._workspace.find_patient("P2")
    assert patient is not None
    Path(patient.bag[0].annotation).write_text("{", encoding="utf-8")
    trigger(page, "go.patient_next")
    assert "T1.json" in page.room.info.text and page.room.info.isVisible()


def test_the_list_follows_and_leads(page: ReviewPage) -> None:
    page.list.view.setCurrentIndex(page.list.filter.index(2, 0))
    assert page._workspace.patient is not None and page._workspace.patient.id == "P10"
    page._workspace.select_patient("P2")
    assert page.list.view.currentIndex().row() == 1


def test_a_query_that_hides_the_patient_leaves_it_on_screen(page: ReviewPage) -> None:
    page.list.query.setText("nodes:0")
    assert page.list.filter.rowCount() == 1
    assert page._workspace.patient is not None and page._workspace.patient.id == "P1"
    trigger(page, "go.patient_next")
    assert page._workspace.patient.id == "P2"


def test_an_empty_list_says_why_and_how_to_go_back(page: ReviewPage) -> None:
    page.list.query.setText("foo:1")
    assert page.list.no_match.isVisible() and '"foo" is no word' in page.list.no_match.words.text()
    page.list.no_match.clear.click()
    assert not page.list.no_match.isVisible() and page.list.filter.rowCount() == 3
    query = page.list.query
    assert query.placeholderText().startswith("Name, verdict:")
    assert query.fontMetrics().horizontalAdvance(query.placeholderText()) < query.contentsRect().width()


def test_another_project_begins_without_query_and_messages(page: ReviewPage, tmp_path: Path) -> None:
    page.list.query.setText("p2")
    page.info.say("The report could not be written.", "error")
    page.room.info.say("T1.png: it is no image.", "error")
    Project.create(tmp_path / "other").close()
    page._workspace.open(tmp_path / "other")
    assert page.list.query.text() == ""
    assert not page.info.isVisible() and not page.room.info.isVisible()
    assert not page.list.no_match.isVisible(), "nobody is there, which is no fault of the query"


def test_a_message_moves_nothing(page: ReviewPage) -> None:
    before = page.room.geometry(), page.room.canvas.geometry()
    page.info.say("The report could not be written.", "error")
    assert page.info.isVisible() and page.info.width() == page.room.width()
    assert (page.room.geometry(), page.room.canvas.geometry()) == before


def test_keys_judge_and_are_told(page: ReviewPage) -> None:
    trigger(page, "judge.4")
    assert "probable (4 of 5)" in page.panel.judgement.heading.text()
    tips = [one.toolTip() for one in page.panel.judgement.findChildren(QPushButton)]
    assert tips[3] == "Metastasis: probable (Shift+4)"
    page._actions.bind("judge.4", "")
    page._actions.bind("review.sign", "F9")
    assert page.panel.judgement.findChildren(QPushButton)[3].toolTip() == "Metastasis: probable"
    assert page.panel.sign.toolTip().endswith("(F9)")


def test_the_ends_of_the_judgement_are_in_words(page: ReviewPage) -> None:
    words = [one.text() for one in page.panel.judgement.findChildren(QLabel) if one.isVisible()]
    assert "Certainly none" in words and "Certain" in words


def test_the_report_hides_the_outcome_with_the_window(page: ReviewPage, tmp_path: Path) -> None:
    page.save_report(tmp_path / "open.html")
    trigger(page, "outcomes.show")
    page.save_report(tmp_path / "blind.html")
    tasks.wait_all()
    assert "from pathology" in (tmp_path / "open.html").read_text(encoding="utf-8")
    assert "from pathology" not in (tmp_path / "blind.html").read_text(encoding="utf-8")


@pytest.mark.parametrize("count", [1, 4, 7])
@pytest.mark.parametrize("aspect", [0.75, 1.25])
def test_a_report_is_one_page(page: ReviewPage, tmp_path: Path, count: int, aspect: float) -> None:
    contents = reporting.gather(page._workspace, True)
    assert contents is not None
    picture = tmp_path / "picture.png"
    images.write_png(picture, np.zeros((round(400 * aspect), 400, 3), np.uint8))
    bag = tuple(Instance(f"P1/{place}.png", "P1", View.TUMOUR, str(picture), "") for place in range(count))
    verdict = replace(contents.verdict, shares={one.id: 1 / count for one in bag})
    found = {one.id: finding(one) for one in bag}
    filled = replace(
        contents, patient=replace(contents.patient, bag=bag), verdict=verdict, predictions=found, annotations={}
    )
    reporting.save(filled, tmp_path / "report.pdf")
    assert len(re.findall(rb"/Type /Page\b", (tmp_path / "report.pdf").read_bytes())) == 1


@pytest.mark.parametrize("name", ["report.html", "report.pdf"])
def test_the_report_is_saved(page: ReviewPage, tmp_path: Path, name: str) -> None:
    page.save_report(tmp_path / name)
    tasks.wait_all()
    saved = (tmp_path / name).read_bytes()
    assert saved[:5] == (b"%PDF-" if name.endswith("pdf") else b"<!DOC")
    assert name in page.info.text


def test_a_report_that_cannot_be_written_is_told(page: ReviewPage, tmp_path: Path) -> None:
    page.save_report(tmp_path / "nowhere" / "report.pdf")
    tasks.wait_all()
    assert "report.pdf" in page.info.text


def test_without_a_verdict_there_is_no_report(page: ReviewPage, tmp_path: Path) -> None:
    page._workspace.select_patient("P10")
    page.save_report(tmp_path / "report.html")
    assert "no verdict" in page.info.text
    assert not (tmp_path / "report.html").exists()


def test_closing_the_project_empties_the_page(page: ReviewPage) -> None:
    page._workspace.close()
    assert page.list.filter.rowCount() == 0
    assert not page.panel.isVisible()
