from __future__ import annotations

import json
import math
from dataclasses import asdict

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from made_studies import cell, notes
from numpy.typing import NDArray

from aln_desk.domain.patient import View
from aln_desk.evaluation.tables.overlap import Overlap, measure
from aln_desk.evaluation.tables.table_s2 import table_s2
from aln_desk.stats import agreement, segmentation
from aln_desk.stats.segmentation import class_map

Mask = NDArray[np.bool_]
SMALL = arrays(bool, (5, 6))
WORDS = {View.TUMOUR: "tumour", View.NODE: "lymph node"}


def square(left: int, side: int = 6) -> Mask:
    mask = np.zeros((16, 16), bool)
    mask[4 : 4 + side, left : left + side] = True
    return mask


def overlap(
    patient: str,
    shift: int = 1,
    view: View = View.TUMOUR,
    found: View | None = None,
    model: str = "A",
    cohort: str = "test",
) -> Overlap:
    return measure(model, cohort, patient, view, found or view, square(4), square(4 + shift))


@given(st.lists(st.tuples(SMALL, SMALL, st.sampled_from(View), st.sampled_from(View)), min_size=1, max_size=4))
def test_iou_adds_up_to_that_of_the_data_set(images: list[tuple[Mask, Mask, View, View]]) -> None:
    records = [measure("A", "test", "P", view, found, drawn, mask) for drawn, mask, view, found in images]
    wanted = segmentation.miou(
        (class_map(mask, WORDS[found]), class_map(drawn, WORDS[view]))  # type: ignore[arg-type]
        for drawn, mask, view, found in images
    )
    common, union = (np.sum([getattr(record, name) for record in records], axis=0) for name in ("common", "union"))
    for place in range(3):
        share = common[place] / union[place] if union[place] else math.nan
        assert share == pytest.approx(wanted.iou[place], nan_ok=True)
    if not math.isnan(wanted.value):
        shown = cell(table_s2(records, ["test"], resamples=3), "test: A", "IoU")
        assert shown.startswith(f"{wanted.value:.3f}")


def test_a_record_holds_the_figures_of_its_image_and_json_keeps_it() -> None:
    record = overlap("P1", shift=2)
    assert record.dice == agreement.dice(square(4), square(6)) == pytest.approx(2 / 3)
    assert (record.hd95, record.boundary_f1) == (
        segmentation.hd95(square(4), square(6)),
        segmentation.boundary_f1(square(4), square(6), 2.0),
    )
    again = Overlap(**json.loads(json.dumps(asdict(record))))
    assert table_s2([again], ["test"], resamples=9) == table_s2([record], ["test"], resamples=9)


def test_a_lesion_of_the_wrong_type_counts_for_nothing_in_iou_only() -> None:
    record = overlap("P1", shift=0, view=View.TUMOUR, found=View.NODE)
    assert record.common[1:] == (0, 0) and record.union[1:] == (36, 36)
    assert record.dice == 1.0


def test_rows_are_cohort_model_and_class() -> None:
    records = [
        overlap("P1"),
        overlap("P1", 2, View.NODE),
        overlap("P2", model="B"),
        overlap("P3", cohort="other"),
        overlap("P4", cohort="nowhere"),
    ]
    table = table_s2(iter(records), ["test", "other"], resamples=20)
    rows = [(depth, row[0]) for depth, row in zip(table.depths, table.rows, strict=True)]
    assert rows == [
        (0, "test"),
        (1, "A"),
        (2, "Tumour"),
        (2, "Lymph node"),
        (1, "B"),
        (2, "Tumour"),
        (0, "other"),
        (1, "A"),
        (2, "Tumour"),
    ]
    assert cell(table, "test: A", "Images (patients)") == "2 (1)"
    assert [row[0] for row in table_s2(records, ["test"], ["B"], resamples=20).rows] == ["test", "B", "Tumour"]


def test_dice_has_mean_sd_and_an_interval_by_patients() -> None:
    records = [overlap(f"P{n // 4}", shift=n // 4 % 4) for n in range(20)]
    dice = np.array([record.dice for record in records])
    shown = cell(table_s2(records, ["test"]), "test: A: Tumour", "Dice, mean (SD)")
    assert shown.startswith(f"{dice.mean():.3f} ({dice.std(ddof=1):.3f}) [0.")
    low, high = (float(limit) for limit in shown.split("[")[1].rstrip("]").split("–"))
    assert low < dice.mean() < high


def test_images_of_one_patient_do_not_make_an_interval() -> None:
    table = table_s2([overlap("P1"), overlap("P1", 2)], ["test"], resamples=20)
    assert cell(table, "test: A", "Boundary F1").endswith(" [–]")
    assert "a single patient does not vary" in notes(table)


def test_an_empty_mask_has_no_distance_and_is_told() -> None:
    lost = measure("A", "test", "P1", View.TUMOUR, View.TUMOUR, square(4), np.zeros((16, 16), bool))
    table = table_s2([lost, overlap("P2"), overlap("P3")], ["test"], resamples=20)
    assert "HD95 leaves out images in which a mask is empty: A on test 1 of 3." in notes(table)
    assert cell(table, "test: A", "HD95, median (IQR)").startswith("1.0 (1.0–1.0)")
    alone = table_s2([lost], ["test"], resamples=20)
    assert cell(alone, "test: A", "HD95, median (IQR)") == "–"
    assert "all predicted masks are empty (HD95 of A on test;" in notes(alone) and "no patients" not in notes(alone)


def test_masks_of_different_images_are_refused() -> None:
    with pytest.raises(ValueError, match="shapes"):
        measure("A", "test", "P1", View.TUMOUR, View.NODE, np.ones((2, 2)), np.ones((2, 3)))
