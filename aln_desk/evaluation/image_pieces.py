"""Pieces that show images: cases, the evidence of two models side by side, and how masks agree with outlines."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import suppress

from aln_desk.domain.errors import BadFile, Stopped
from aln_desk.domain.patient import Cohort, Patient
from aln_desk.evaluation.provenance import ModelRecord
from aln_desk.evaluation.selection import passes
from aln_desk.evaluation.study import Drawn, NothingToShow, Study, scored
from aln_desk.evaluation.tables.overlap import Overlap, measure
from aln_desk.evaluation.tables.table import Table
from aln_desk.evaluation.tables.table_s2 import table_s2
from aln_desk.io.annotations import current_annotation, is_annotated
from aln_desk.io.predictions import read_instance
from aln_desk.io.rasterize import class_mask


def cases(study: Study, cohort: Cohort) -> Drawn:
    """Figure 4 of one cohort: the first model whose findings are kept. Raises `NothingToShow`."""
    from aln_desk.evaluation import case_sheets

    record = _first_reader(study)
    part = study.results.parts[record.scorer.key, cohort.name]
    chosen = study.by_hand or tuple(case_sheets.median_patients(part).values())
    shown = case_sheets.sheets(part, record, study.results.patients[cohort.name], chosen)
    if not any(one.pictures for one in shown):
        raise NothingToShow(f"No patient of {cohort.name} can be shown: none was chosen whose images were read.")
    how = "chosen by hand" if study.by_hand else f"chosen by rule: {case_sheets.RULE}"
    return Drawn(
        case_sheets.case_figure(shown, record),
        f"Cases of {cohort.name} read by {record.scorer.name}",
        f"Patients were {how}. Each image with the drawn and the predicted outline, and under the CAM, whose positive "
        "part in logits has the same scale throughout; image scores and shares in the verdict are the model's.",
    )


def _first_reader(study: Study) -> ModelRecord:
    """The first model whose findings are kept, or the sentence that says how to get them."""
    from aln_desk.evaluation.case_sheets import remedy

    scored(study)
    if study.readers_of_images:
        return study.readers_of_images[0]
    models = [one for one in study.records if one.scorer.kind == "model" and one.kind != "clinical"]
    if not models:
        raise NothingToShow("No model that reads images is among the scorers.")
    raise NothingToShow(remedy(study.project.name, models[0]))


def cams(study: Study) -> Drawn:
    """Figure S1: two models on patients of the first cohort that has some. Raises `NothingToShow`."""
    from aln_desk.evaluation import case_sheets

    plain, main = _two_readers(study)
    parts = [study.results.parts[main.scorer.key, cohort.name] for cohort in study.cohorts]
    part = next((one for one in parts if one.patients), None)
    if part is None:
        raise NothingToShow(f"{main.scorer.name} has scored no patient of known outcome in these cohorts.")
    chosen = study.by_hand or tuple(case_sheets.median_patients(part).values())
    patients = study.results.patients[part.cohort]
    shown = case_sheets.sheets(part, main, patients, chosen)
    beside = case_sheets.sheets(study.results.parts[plain.scorer.key, part.cohort], plain, patients, chosen)
    by_id = {sheet.patient.id: sheet for sheet in beside}
    rows = [(by_id[sheet.patient.id], sheet) for sheet in shown if sheet.patient.id in by_id]
    if not rows:
        raise NothingToShow("No patient was scored by both models.")
    return Drawn(
        case_sheets.cam_figure(rows, (plain, main)),
        f"CAM of {plain.scorer.name} beside {main.scorer.name}, {part.cohort}",
        f"Patients chosen as for Figure 4, called by {main.scorer.name}; one image each. The positive part of each "
        "model's CAM on that model's own scale; beneath, the image's score and the patient's.",
    )


def _two_readers(study: Study) -> tuple[ModelRecord, ModelRecord]:
    """The comparator of one task and the first other model, as in the paper; without one the second and the first."""
    from aln_desk.evaluation.case_sheets import remedy

    first = next((one for one in study.readers_of_images if not one.status_only), None) or _first_reader(study)
    others = [one for one in study.readers_of_images if one is not first]
    if not others:
        unread = [
            one for one in study.records if one.scorer.kind == "model" and one.findings is None and one.kind == "image"
        ]
        why = remedy(study.project.name, unread[0]) if unread else "There is one model only that has read the images."
        raise NothingToShow(why)
    return next((one for one in others if one.status_only), others[0]), first


def segmentation(study: Study) -> Table:
    """Table S2. Raises `NothingToShow`, and `Stopped`."""
    names = [one.scorer.name for one in study.readers_of_images]
    if not names:
        _first_reader(study)
    table = table_s2(overlaps(study), [cohort.name for cohort in study.cohorts], names)
    if not table.rows:
        raise NothingToShow("No image has both a drawn outline and a model's mask.")
    return table


def overlaps(study: Study) -> Iterator[Overlap]:
    """How every model's masks agree with the drawn ones, on the patients of the results' cohorts who pass the filters,
    whether their outcome is known or not. Raises `Stopped`.
    """
    names, filters = {cohort.name for cohort in study.cohorts}, study.results.selection.filters
    for patient in study.patients:
        if study.should_stop():
            raise Stopped("Stopped while masks were compared.")
        if patient.cohort in names and passes(patient, filters):
            yield from _overlaps_of(patient, study.readers_of_images)


def _overlaps_of(patient: Patient, records: Sequence[ModelRecord]) -> Iterator[Overlap]:
    for instance in patient.bag:
        if not records or not is_annotated(instance):
            continue
        with suppress(BadFile):
            annotation = current_annotation(instance)
            for record in records:
                found = record.findings and read_instance(record.findings, instance.id, record.scorer.key)
                if found:
                    drawn = class_mask(annotation, *found.mask.shape) > 0
                    if drawn.any():
                        who = (record.scorer.name, patient.cohort, patient.id)
                        yield measure(*who, instance.view, found.view, drawn, found.mask)
