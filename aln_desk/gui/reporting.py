"""One patient's report on disk: HTML as it is, or printed to PDF. Runs on a worker; no widget."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from PySide6.QtCore import QMarginsF
from PySide6.QtGui import QPageSize, QPdfWriter, QTextDocument

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.cam_scale import CAM_TOP
from aln_desk.domain.errors import BadFile
from aln_desk.domain.patient import Patient
from aln_desk.domain.review import Review
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import InstancePrediction, Undecided, Verdict
from aln_desk.gui.workspace import Workspace
from aln_desk.io import atomic, images, report

_MARGIN_MM = 15.0
_SCREEN_DPI = 96
"""What the sizes of the HTML are meant for."""


@dataclass(frozen=True, slots=True)
class ReportContents:
    """All that a report shows, gathered on the GUI thread; annotations, predictions and what the model has ``seen``
    by instance id.
    """

    patient: Patient
    verdict: Verdict
    predictions: dict[str, InstancePrediction]
    annotations: dict[str, Annotation]
    model_name: str
    simulated: bool
    reviews: tuple[Review, ...] = ()
    outcome_shown: bool = True
    undecided: Undecided | None = None
    cam_top: float = CAM_TOP
    seen: Mapping[str, Seen] = field(default_factory=dict)


def gather(workspace: Workspace, outcome_shown: bool) -> ReportContents | None:
    """The contents for the patient on screen, None while there is no verdict to report.

    ``outcome_shown`` False leaves the node status from pathology out, as it is on screen.
    """
    patient, model = workspace.patient, workspace.model
    verdict = workspace.verdict(patient.id) if patient is not None else None
    if patient is None or verdict is None:
        return None
    known = model is not None and model.digest == verdict.model
    read = {one.id: workspace.prediction(one.id) for one in patient.bag}
    found = {name: prediction for name, prediction in read.items() if prediction is not None}
    return ReportContents(
        patient,
        verdict,
        found,
        {one.id: workspace.annotation(one.id) for one in patient.bag},
        model.name if model is not None and known else verdict.model,
        verdict.simulated or (model is not None and model.simulated),
        tuple(workspace.reviews(patient.id)),
        outcome_shown,
        model.undecided_for(verdict) if model is not None else None,
        model.cam_top if model is not None and known else CAM_TOP,
        {name: model.has_seen(prediction) for name, prediction in found.items()} if model is not None else {},
    )


def save(contents: ReportContents, path: Path) -> Path:
    """Write the report as PDF where the name ends so, else as one HTML file. Raises BadFile when it cannot be."""
    html = _html(contents)
    if path.suffix.lower() == ".pdf":
        _print(html, path)
    else:
        atomic.write_text(path, html)
    return path


def _html(contents: ReportContents) -> str:
    pictures = {one.id: images.read(Path(one.image)) for one in contents.patient.bag}
    return report.patient_html(
        contents.patient,
        contents.verdict,
        contents.predictions,
        pictures,
        contents.model_name,
        annotations=contents.annotations,
        reviews=contents.reviews,
        simulated=contents.simulated,
        outcome_shown=contents.outcome_shown,
        undecided=contents.undecided,
        cam_top=contents.cam_top,
        seen=contents.seen,
        made_at=date.today().isoformat(),
    )


def _print(html: str, path: Path) -> None:
    writer = QPdfWriter(str(path))
    writer.setPageSize(QPageSize(QPageSize.PageSizeId.A4))
    writer.setPageMargins(QMarginsF(_MARGIN_MM, _MARGIN_MM, _MARGIN_MM, _MARGIN_MM))
    document = QTextDocument()
    document.setDocumentMargin(0)  # the page has its own
    document.setPageSize(writer.pageLayout().paintRectPixels(_SCREEN_DPI).size().toSizeF())
    document.setHtml(html)
    document.print_(writer)
    if not path.is_file() or not path.stat().st_size:
        raise BadFile(path, "the report could not be written", "Choose another place")
