"""Pieces that show images: cases, the evidence of two models side by side, and how masks agree with outlines."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
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
    """Figure 4 of one cohort, of the model that `case_model` names. Raises `NothingToShow`."""
    from aln_desk.evaluation import case_sheets

    record = case_model(study)
    part = study.results.parts[record.scorer.key, cohort.name]
    by_hand = _by_hand(study, cohort.name)
    chosen = by_hand or tuple(case_sheets.median_patients(part).values())
    shown = case_sheets.sheets(part, record, study.results.patients[cohort.name], chosen)
    if not any(one.pictures for one in shown):
        raise NothingToShow(f"No patient of {cohort.name} can be shown: none was chosen whose images were read.")
    how = "chosen by hand" if by_hand else f"chosen by rule: {case_sheets.RULE}"
    figure = case_sheets.case_figure(shown, record)
    return Drawn(
        figure,
        f"Cases of {cohort.name} read by {record.scorer.name}",
        f"Patients were {how}. Each image with the drawn and the predicted outline, and under the CAM in logits, "
        "on one scale throughout: orange speaks for a positive status, blue against it. Image scores and shares in the "
        "verdict are the model's.",
        case_sheets.rows_of(figure, [one.patient.id for one in shown]),
    )


def case_model(study: Study) -> ModelRecord:
    """Whose cases are shown: the model chosen, else the first whose findings are kept. Raises `NothingToShow`."""
    scored(study)
    if study.choices.cases_by:
        return model_of(study, study.choices.cases_by)
    return with_findings(study)[0]


def with_findings(study: Study) -> list[ModelRecord]:
    """The models whose findings are kept, one at least. Raises `NothingToShow`, which says how to get them."""
    from aln_desk.evaluation.case_sheets import remedy

    if study.with_findings:
        return study.with_findings
    models = [one for one in study.records if one.scorer.kind == "model" and one.kind != "clinical"]
    if not models:
        raise NothingToShow("No model that reads images is among the scorers.")
    raise NothingToShow(remedy(study.project.name, models[0]))


def cams(study: Study) -> Drawn:
    """Figure S1: what `two_models` names, on patients of the first cohort that has some. Raises `NothingToShow`."""
    from aln_desk.evaluation import case_sheets

    plain, main = two_models(study)
    parts = [study.results.parts[main.scorer.key, cohort.name] for cohort in study.cohorts]
    part = next((one for one in parts if one.patients), None)
    if part is None:
        raise NothingToShow(f"{main.scorer.name} has scored no patient of known outcome in these cohorts.")
    chosen = _by_hand(study, part.cohort) or tuple(case_sheets.median_patients(part).values())
    patients = study.results.patients[part.cohort]
    shown = case_sheets.sheets(part, main, patients, chosen)
    beside = case_sheets.sheets(study.results.parts[plain.scorer.key, part.cohort], plain, patients, chosen)
    by_id = {sheet.patient.id: sheet for sheet in beside}
    rows = [(by_id[sheet.patient.id], sheet) for sheet in shown if sheet.patient.id in by_id]
    if not rows:
        raise NothingToShow("No patient was scored by both models.")
    figure = case_sheets.cam_figure(rows, (plain, main))
    return Drawn(
        figure,
        f"CAM of {plain.scorer.name} beside {main.scorer.name}, {part.cohort}",
        f"Patients chosen as for Figure 4, called by {main.scorer.name}; one image each. The CAM on "
        "each model's own scale, for (orange) and against (blue) a positive status; beneath, the image's score and the "
        "patient's.",
        case_sheets.rows_of(
            figure, [other.patient.id for one, other in rows if case_sheets.in_common(one, other)], titled=True
        ),
    )


def two_models(study: Study) -> tuple[ModelRecord, ModelRecord]:
    """Who stands left and right: the models chosen; else the comparator of one task and the first other model, as in
    the paper; without a comparator the second and the first. Raises `NothingToShow`.
    """
    from aln_desk.evaluation.case_sheets import remedy

    scored(study)
    if study.choices.beside:
        left, right = (model_of(study, key) for key in study.choices.beside)
        return left, right
    able = with_findings(study)
    first = next((one for one in able if not one.status_only), able[0])
    others = [one for one in able if one is not first]
    if not others:
        unread = [
            one for one in study.records if one.scorer.kind == "model" and one.findings is None and one.kind == "image"
        ]
        why = remedy(study.project.name, unread[0]) if unread else "There is one model only that has read the images."
        raise NothingToShow(why)
    return next((one for one in others if one.status_only), others[0]), first


def _by_hand(study: Study, cohort: str) -> tuple[str, ...]:
    """Those of the patients chosen by hand who are in a cohort of the results, or all of them where none is in any: no
    case is shown then, which is told.
    """
    cohorts = {one.id: name for name, group in study.results.patients.items() for one in group}
    named = study.choices.patients
    known = any(name in cohorts for name in named)
    return tuple(name for name in named if cohorts.get(name) == cohort) if known else named


def model_of(study: Study, key: str) -> ModelRecord:
    """The model of this key, one of the study's. Raises `NothingToShow` where its findings on images are not kept."""
    from aln_desk.evaluation.case_sheets import remedy

    found = next(one for one in study.records if one.scorer.key == key)
    if found.scorer.kind != "model" or found.kind == "clinical":
        raise NothingToShow(f"{found.scorer.name} reads no images. Choose a model that does.")
    if found.findings is None:
        raise NothingToShow(remedy(study.project.name, found))
    return found


def segmentation(study: Study) -> Table:
    """Table S2. Raises `NothingToShow`, and `Stopped`."""
    with_findings(study)
    return segmentation_table(study, overlaps(study))


def segmentation_table(study: Study, found: Iterable[Overlap]) -> Table:
    """Table S2 of what was measured. Raises `NothingToShow`."""
    names = [one.scorer.name for one in study.with_findings if not one.status_only]
    table = table_s2(found, [cohort.name for cohort in _measured_cohorts(study)], names)
    if not table.rows:
        raise NothingToShow("No image has both a drawn outline and a model's mask.")
    return table


def measured_patients(study: Study) -> list[Patient]:
    """The patients whose masks Table S2 measures: of the results' cohorts, who pass the filters.

    Masks need no outcomes: where the results have no cohort for want of them, all cohorts are measured.
    """
    names, filters = {cohort.name for cohort in _measured_cohorts(study)}, study.results.selection.filters
    return [patient for patient in study.patients if patient.cohort in names and passes(patient, filters)]


def _measured_cohorts(study: Study) -> Sequence[Cohort]:
    return study.cohorts or study.all_cohorts


def overlaps(study: Study) -> Iterator[Overlap]:
    """How every model's masks agree with the drawn ones, on the patients of the results' cohorts who pass the filters,
    whether their outcome is known or not. Raises `Stopped`.
    """
    for patient in measured_patients(study):
        if study.should_stop():
            raise Stopped("Stopped while masks were compared.")
        yield from overlaps_of(patient, study.with_findings)


def overlaps_of(patient: Patient, records: Sequence[ModelRecord]) -> Iterator[Overlap]:
    """How each model's masks agree with the drawn ones on a patient's images that have both.

    A model that learnt the status alone has no masks, though its findings have an empty one.
    """
    able = [one for one in records if not one.status_only]
    for instance in patient.bag:
        if not able or not is_annotated(instance):
            continue
        with suppress(BadFile):
            annotation = current_annotation(instance)
            for record in able:
                found = record.findings and read_instance(record.findings, instance.id, record.scorer.key)
                if found:
                    drawn = class_mask(annotation, *found.mask.shape) > 0
                    if drawn.any():
                        who = (record.scorer.name, patient.cohort, patient.id)
                        yield measure(*who, instance.view, found.view, drawn, found.mask)
