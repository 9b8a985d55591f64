"""One patient's verdict with its evidence as one self-contained HTML page, for paper and for QTextDocument.

QTextDocument knows tables but no modern layout, hence the tables and the attributes instead of style rules.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import numpy as np

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.cam_scale import CAM_TOP, cam_scale
from aln_desk.domain.patient import Instance, Patient, View, variable_words
from aln_desk.domain.review import Review
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import NOT_DECIDED, SIMULATED, InstancePrediction, Undecided, Verdict
from aln_desk.io import report_pictures as pictures
from aln_desk.io.report_pictures import Rgb

RESEARCH_ONLY = "Research use only. Not a medical device."

_BAR_WIDTH = 290
_SHARPNESS = 2
"""Pixels kept for each pixel shown, so that paper does not look coarse."""

_STYLE = """
@page { size: A4; margin: 15mm; }
body { font-family: "Segoe UI", "Helvetica Neue", Arial, sans-serif; font-size: 10pt; color: #1a1a1a;
       background: #ffffff; margin: 0; max-width: 640px; }
.title { font-size: 16pt; font-weight: 600; margin: 0; }
.heading { font-size: 11pt; font-weight: 600; margin: 12px 0 4px 0; }
.small { font-size: 8pt; color: #555555; }
.score { font-size: 28pt; font-weight: 600; }
"""
_VIEW_NAMES = {View.TUMOUR: "Tumour", View.NODE: "Node"}
_JUDGEMENTS = ("certainly none", "probably none", "undecided", "probable", "certain")


def patient_html(
    patient: Patient,
    verdict: Verdict,
    predictions: Mapping[str, InstancePrediction],
    images: Mapping[str, Rgb],
    model_name: str,
    *,
    annotations: Mapping[str, Annotation] | None = None,
    reviews: Sequence[Review] = (),
    simulated: bool = False,
    outcome_shown: bool = True,
    undecided: Undecided | None = None,
    cam_top: float = CAM_TOP,
    seen: Mapping[str, Seen] | None = None,
    made_at: str = "",
) -> str:
    """The page. ``predictions``, ``images`` ((H, W, 3) uint8 RGB) and ``annotations`` are by instance id; what is
    absent is left out and said. ``made_at`` is the date to print, as text; ``simulated`` says that the model learned
    from invented outcomes; ``outcome_shown`` False leaves the node status from pathology out, for a blinded reader;
    ``undecided`` are the scores that the model calls uncertain; ``seen`` says by instance id whether the model was
    trained on an image.

    The CAMs have the scale that holds ``cam_top`` logits, the model's own: colours mean the same on every image and in
    every report.
    """
    top = cam_scale(cam_top).top
    bag = _bag(patient, verdict, predictions, images, annotations or {}, top, seen or {})
    parts = [
        _heading(patient, made_at),
        _warning(simulated or verdict.simulated),
        _side_by_side(_verdict(verdict, model_name, undecided), _facts(patient, outcome_shown)),
        _section("Images", bag + _legend(top, bool(predictions), bool(annotations))),
        _reviews(reviews),
    ]
    return (
        f'<!DOCTYPE html>\n<html lang="en"><head><meta charset="utf-8"><title>{escape(patient.id)}</title>'
        f"<style>{_STYLE}</style></head>\n<body>\n" + "\n".join(filter(None, parts)) + "\n</body></html>\n"
    )


def _heading(patient: Patient, made_at: str) -> str:
    details = [patient.cohort, patient.hospital, patient.admission_date and f"admitted {patient.admission_date}"]
    shown = " &middot; ".join(escape(text) for text in details if text)
    return _table(
        f"<tr><td><p class='title'>{escape(patient.id)}</p><span class='small'>{shown}</span></td>"
        f"<td align='right' valign='top'><b>Axillary lymph node report</b><br>"
        f"<span class='small'>{escape(made_at)}</span></td></tr>"
    )


def _warning(simulated: bool) -> str:
    text = f"{SIMULATED} {RESEARCH_ONLY}" if simulated else RESEARCH_ONLY
    return _table(f"<tr><td bgcolor='#f2f2f2'>{text}</td></tr>", padding=6)


def _verdict(verdict: Verdict, model_name: str, undecided: Undecided | None) -> str:
    scale = _image(pictures.bar(verdict.score, _colour(verdict), verdict.threshold), _BAR_WIDTH)
    return (
        "<p class='heading'>Probability of node metastasis</p>"
        f"<p><span class='score'>{_number(verdict.score)}</span> &nbsp; <b>{verdict.decision.capitalize()}</b></p>"
        f"{_uncertain(verdict, undecided)}"
        f"<p>{scale}<br><span class='small'>The tick is the threshold, {_number(verdict.threshold)}.<br>"
        f"Model {escape(model_name)} ({escape(verdict.model)}).</span></p>{_seen(verdict.seen)}"
    )


def _uncertain(verdict: Verdict, undecided: Undecided | None) -> str:
    if not verdict.uncertain:
        return ""
    return f"<p>{undecided.sentence if undecided else NOT_DECIDED}</p>"


def _seen(seen: Seen) -> str:
    if not seen.words:
        return ""
    return f"<p><b>{seen.words}</b><br><span class='small'>{seen.sentence('this patient')}</span></p>"


def _colour(verdict: Verdict) -> tuple[int, int, int]:
    return pictures.DECISIONS[verdict.decision]


def _facts(patient: Patient, outcome_shown: bool) -> str:
    outcome = {None: "unknown", 0: "negative", 1: "positive"}[patient.outcome]
    facts = {"Node status from pathology": outcome} if outcome_shown else {}
    facts |= {"Tumour images": str(patient.count(View.TUMOUR)), "Node images": str(patient.count(View.NODE))}
    facts |= {variable_words(name): value for name, value in sorted(patient.clinical.items())}
    rows = [f"<tr><td class='small'>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in facts.items()]
    return _section("Patient", _table("".join(rows), padding=1))


def _bag(
    patient: Patient,
    verdict: Verdict,
    predictions: Mapping[str, InstancePrediction],
    images: Mapping[str, Rgb],
    annotations: Mapping[str, Annotation],
    top: float,
    seen: Mapping[str, Seen],
) -> str:
    tallest = max((image.shape[0] / image.shape[1] for image in images.values()), default=1.0)
    width = _picture_width(len(patient.bag), tallest)
    rows = []
    for number, instance in enumerate(patient.bag, start=1):
        prediction, image = predictions.get(instance.id), images.get(instance.id)
        shown = _pictures(image, annotations.get(instance.id), prediction, top, width)
        words = _findings(number, instance, prediction, verdict, seen.get(instance.id, Seen.UNKNOWN))
        rows.append(f"<tr>{shown}<td valign='top'>{words}</td></tr>")
    return _table("".join(rows), padding=4)


def _pictures(
    image: Rgb | None,
    annotation: Annotation | None,
    prediction: InstancePrediction | None,
    top: float,
    width: int,
) -> str:
    if image is None:
        return f"<td colspan='2' width='{2 * width}'>The image cannot be read.</td>"
    sharp = width * _SHARPNESS
    found = [pictures.outlined(image, annotation, prediction, sharp)]
    if prediction is not None:
        found.append(pictures.heated(image, prediction, top, sharp))
    cells = [f"<td width='{width}'>{_image(picture, width)}</td>" for picture in found]
    return "".join(cells) + "<td></td>" * (2 - len(cells))


def _findings(
    number: int, instance: Instance, prediction: InstancePrediction | None, verdict: Verdict, seen: Seen
) -> str:
    name = f"<b>{number}. {_VIEW_NAMES[instance.view]}</b><br><span class='small'>{escape(instance.id)}</span>"
    if prediction is None:
        return f"{name}<br>Not read by the model."
    lines = [name, f"Looks like: {_VIEW_NAMES[prediction.view].lower()}"]
    lines.append(f"Score of this image: {_number(prediction.status_score)}")
    share = verdict.shares.get(instance.id)
    if share is not None and np.isfinite(share):
        meter = _image(pictures.bar(share, _colour(verdict), width=240, height=12), 120)
        lines.append(f"Share in the verdict: {share:.0%}<br>{meter}")
    if seen.words:
        lines.append(seen.words)
    return "<br>".join(lines)


def _legend(top: float, read: bool, drawn: bool) -> str:
    entries = [_swatch(pictures.DRAWN, "drawn outline")] if drawn else []
    if read:
        scale = _image(pictures.cam_bar(240, 12), 120)
        entries += [_swatch(pictures.PREDICTED, "predicted outline (dashed)")]
        entries += [f"evidence against &minus;{top:g} {scale} +{top:g} logits for a positive status"]
    return f"<p class='small'>{' &nbsp; '.join(entries)}</p>" if entries else ""


def _reviews(reviews: Sequence[Review]) -> str:
    rows = []
    for review in reviews:
        judgement = f"{_JUDGEMENTS[review.judgement - 1]} ({review.judgement} of 5)"
        blind = "before" if review.verdict_shown is None else "after"
        cells = (review.reader, judgement, f"{blind} the verdict was shown", review.signed_at[:10], review.note)
        rows.append("<tr>" + "".join(f"<td>{escape(cell)}</td>" for cell in cells) + "</tr>")
    return _section("Readers' judgement of metastasis", _table("".join(rows), padding=2)) if rows else ""


def _section(title: str, content: str) -> str:
    return f"<p class='heading'>{title}</p>{content}"


def _side_by_side(left: str, right: str) -> str:
    return _table(f"<tr><td width='55%' valign='top'>{left}</td><td valign='top'>{right}</td></tr>")


def _table(rows: str, padding: int = 0) -> str:
    return f"<table width='100%' cellspacing='0' cellpadding='{padding}' border='0'>{rows}</table>"


def _image(picture: Rgb, width: int) -> str:
    height = round(picture.shape[0] * width / picture.shape[1])
    return f"<img src='{pictures.data_url(picture)}' width='{width}' height='{height}' alt=''>"


def _swatch(colour: tuple[int, int, int], name: str) -> str:
    return f"<span style='color: rgb{colour}'>&#9632;</span> {name}"


def _picture_width(images: int, tallest: float) -> int:
    """Width in page pixels at which a bag fits one page; a very large one runs on.

    ``tallest`` is the largest height of an image over its width.
    """
    fitting = min(680 / (images + 1), 600 / max(1, images) / tallest)
    return round(max(60, min(170, fitting)))


def _number(value: float) -> str:
    return f"{value:.2f}" if np.isfinite(value) else "not defined"
