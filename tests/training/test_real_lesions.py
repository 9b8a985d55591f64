"""Cross-validation on real images: every image is measured once, by a model that has not seen its group."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
from real_folder import make_folder

from aln_desk.domain.patient import View
from training import real_lesions
from training.real_lesions import ImageRow, table

NAN = math.nan


def row(
    group: str, kind: str, dice: float, area: float = 0.1, view: View = View.TUMOUR, logit: float = -1.0
) -> ImageRow:
    return ImageRow(f"{group}.png", kind, view, group, 1, dice, area, logit)


def test_the_table_tells_dice_found_area_and_type() -> None:
    rows = [
        row("a", "benign", 0.9),
        row("b", "benign", 0.4),
        row("c", "malignant", 0.8),
        row("d", "malignant", 0.6, view=View.NODE, logit=2.0),
        row("e", "normal", NAN, area=0.02, logit=5.0),
        row("f", "normal", NAN, area=0.0),
    ]
    lines = {line.split("|")[1].strip(): line for line in table(rows, 5).splitlines() if line.startswith("| ")}
    assert "| 2 | 0.650 (" in lines["benign"] and "| 0.500 (" in lines["benign"]
    assert "| 4 | 0.675 (" in lines["all lesions"] and "| 0.750 (" in lines["all lesions"]
    assert "| 1 | 0.600 (" in lines["lymph nodes"]
    assert "| 2 | 0.010 (0.000 to 0.020) |" in lines["area called lesion where there is none"]
    assert "| 4 | 1.000 (" in lines["AUC of lymph node against tumour"]


def test_what_cannot_be_measured_is_a_dash() -> None:
    text = table([row("a", "benign", 0.9)], 5)
    assert "| benign | 1 | 0.900 (–) | 1.000 (–) |" in text
    assert "| lymph nodes | 0 | – | – |" in text and "where there is none | 0 | – |" in text


def test_images_of_a_group_are_drawn_together() -> None:
    """Ten images of one group are one observation: their interval is as wide as that of one image a group."""
    alone = [row(str(k), "benign", 0.1 * k) for k in range(10)]
    repeated = [row(str(k), "benign", 0.1 * k) for k in range(10) for _ in range(10)]
    (one,), (many,) = ([line for line in table(rows, 5).splitlines() if "benign" in line] for rows in (alone, repeated))
    assert "| 10 | 0.450 (0." in one and one.replace("| 10 |", "| 100 |") == many


@pytest.mark.slow
def test_every_real_image_is_measured_once_by_a_model_that_has_not_seen_it(study: Path, tmp_path: Path) -> None:
    folder = make_folder(tmp_path / "real", groups=6, pictures=2)
    small = {
        "size": "64",
        "backbone": "segformer-b0",
        "mtl.iterations": "6",
        "mtl.batch": "4",
        "mtl.validate_every": "6",
    }
    words = [word for key, value in small.items() for word in ("--set", f"{key}={value}")]
    out = tmp_path / "out"
    asked = [str(study), "--real", str(folder), "--out", str(out), "--folds", "2", "--device", "cpu", *words]
    asked += ["--at-once", "2"]
    assert real_lesions.main(asked) == 0
    with (out / "lesions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert sorted(one["file"] for one in rows) == sorted(path.name for path in folder.glob("*.png"))
    folds = {(one["group"], one["fold"]) for one in rows}
    assert len(folds) == 6 and {fold for _, fold in folds} == {"1", "2"}
    first = (out / "lesions.csv").read_bytes()
    runs = sorted((study / "runs").iterdir())
    assert real_lesions.main(asked) == 0
    assert (out / "lesions.csv").read_bytes() == first
    assert sorted((study / "runs").iterdir()) == runs
