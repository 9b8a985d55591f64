"""A report says whether the model was trained on what it shows, and when its outcomes were drawn by lot."""

from __future__ import annotations

from html import unescape
from re import sub

import numpy as np

from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.domain.trained_on import Seen
from aln_desk.domain.verdict import SIMULATED, InstancePrediction, Placement, Verdict
from aln_desk.io.report import patient_html

BAG = tuple(Instance(f"P/{name}", "P", View.TUMOUR, name, "") for name in ("a.png", "b.png"))
PATIENT = Patient("P", "internal test", bag=BAG)


def found(name: str) -> InstancePrediction:
    mask, cam = np.zeros((8, 8), bool), np.zeros((2, 2), np.float32)
    return InstancePrediction(name, mask, cam, Placement(8, 1.0, 1.0, 0.0, 0.0), -1.0, 0.0, np.zeros(4, np.float32))


def page(verdict: Verdict, seen: dict[str, Seen]) -> str:
    images = {one.id: np.full((8, 8, 3), 90, np.uint8) for one in BAG}
    html = patient_html(PATIENT, verdict, {one.id: found(one.id) for one in BAG}, images, "m", seen=seen)
    return " ".join(unescape(sub(r"<[^>]*>", " ", html)).split())


def test_the_patient_and_each_image_are_marked() -> None:
    text = page(Verdict("P", 0.7, 0.5, "m", seen=Seen.FITTED), {"P/a.png": Seen.FITTED, "P/b.png": Seen.NEW})
    assert f"In training {Seen.FITTED.sentence('this patient')}" in text
    first, second = text.split("1. Tumour")[1].split("2. Tumour")
    assert "In training" in first and "Not seen in training" in second


def test_nothing_is_said_where_nothing_was_recorded() -> None:
    text = page(Verdict("P", 0.7, 0.5, "m"), {})
    assert "training" not in text and SIMULATED not in text


def test_a_verdict_from_simulated_outcomes_is_called_so_whatever_model_is_in_use() -> None:
    assert SIMULATED in page(Verdict("P", 0.7, 0.5, "m", simulated=True), {})
