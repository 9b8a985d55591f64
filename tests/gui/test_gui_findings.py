from __future__ import annotations

from dataclasses import replace
from math import isnan
from pathlib import Path

import numpy as np
import pytest

from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.domain.verdict import InstancePrediction, Placement, Verdict
from aln_desk.gui.findings import cam_at, caption, dice, image_names, percent, verdict_sentence
from aln_desk.gui.model_in_use import ModelInUse
from aln_desk.stats.logistic import CategoryTerm, LogisticModel, NumberTerm


def patient(kinds: str, date: str = "2026-03-04") -> Patient:
    views = {"T": View.TUMOUR, "N": View.NODE}
    bag = tuple(Instance(f"P/{kind}{place}", "P", views[kind], "", "") for place, kind in enumerate(kinds))
    return Patient("P", "training", admission_date=date, bag=bag)


def test_images_are_numbered_within_their_view() -> None:
    assert list(image_names(patient("TNT")).values()) == ["Tumour 1", "Node 1", "Tumour 2"]


def test_the_caption_leaves_out_an_unknown_date() -> None:
    assert caption(patient("TNT"), "P/N1") == "P · Node 1 of 1 · 2026-03-04"
    assert caption(patient("TNT", ""), "P/T2") == "P · Tumour 2 of 2"


def test_the_sentence_counts_views_and_names_the_heaviest_image() -> None:
    shares = {"P/T0": 0.09, "P/T1": 0.2, "P/N2": 0.71}
    said = verdict_sentence(patient("TTN"), Verdict("P", 0.87, 0.5, "m", shares))
    assert said == "Two tumour views and one node view were read; Node 1 carries 71 % of the verdict."
    assert verdict_sentence(patient("T"), Verdict("P", 0.1, 0.5, "m", {"P/T0": 1.0})) == "One tumour view was read."


def test_the_sentence_names_the_clinical_variables() -> None:
    terms = (NumberTerm("age", 50.0, 0.1), CategoryTerm("t_stage", {"1": 0.0, "2": 1.0}))
    fusion = ModelInUse(Path("m"), "m", "m", regression=LogisticModel(0.0, terms, 0.5))
    verdict = Verdict("P", 0.87, 0.5, "m", {"P/T0": 0.3, "P/N1": 0.7})
    said = (
        "One tumour view and one node view were read, beside Age and T stage; Node 1 carries 70 % of the images' part."
    )
    assert verdict_sentence(patient("TN"), verdict, fusion) == said
    clinical = ModelInUse(Path("m"), "m", "m", regression=LogisticModel(0.0, terms[:1]), reads_images=False)
    assert verdict_sentence(patient("TN"), verdict, clinical) == "From Age; this model looks at no image."
    tumours = ModelInUse(Path("m"), "m", "m", tumours_only=True)
    assert verdict_sentence(patient("TN"), replace(verdict, shares={}), tumours) == "One tumour view was read."


def test_cam_is_read_through_the_placement() -> None:
    cam = np.arange(16, dtype=np.float32).reshape(4, 4)
    mask = np.zeros((100, 200), bool)
    letterbox = Placement(size=100, scale_x=0.5, scale_y=0.5, left=0.0, top=25.0)
    found = InstancePrediction("P/T0", mask, cam, letterbox, 0.0, 0.0, np.zeros(256, np.float32))
    assert cam_at(found, 1, 1) == 4  # input (0.5, 25.5): second row of the grid
    assert cam_at(found, 199, 99) == 11
    assert cam_at(found, -1, 50) is None
    assert cam_at(found, 50, 100) is None


def test_dice_of_known_masks() -> None:
    left, all_, none = np.zeros((4, 4), bool), np.ones((4, 4), bool), np.zeros((4, 4), bool)
    left[:, :2] = True
    assert dice(left, left) == 1
    assert dice(left, all_) == pytest.approx(2 * 8 / 24)
    assert dice(left, none) == 0
    assert isnan(dice(none, none))


def test_percent() -> None:
    assert percent(0.714) == "71 %"
