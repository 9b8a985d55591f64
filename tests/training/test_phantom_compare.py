"""Measures of pictures and the table that sets simulated ones beside real ones."""

from __future__ import annotations

import csv
from pathlib import Path

import cv2
import numpy as np
import pytest

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.shape import Shape
from aln_desk.io import labelme_json
from training.phantom.compare import main, read_folder, table
from training.phantom.fields import smooth_noise
from training.phantom.measures import BANDS, DEPTHS, LEVELS, Grey, contrast, measure, radial_spectrum, texture_widths

BUSI = Path(__file__).parents[2].parent / "shared" / "data" / "busi"
SQUARE = [(100.0, 80.0), (200.0, 80.0), (200.0, 180.0), (100.0, 180.0)]


def noisy(seed: int, along: float, across: float, level: float = 90.0) -> Grey:
    noise = smooth_noise(np.random.default_rng(seed), (384, 512), along, across)
    return np.asarray((level + 20 * noise).clip(0, 255), np.uint8)


def test_texture_is_as_wide_and_deep_as_it_was_made() -> None:
    down, sideways = texture_widths(noisy(0, 3.0, 1.5))
    assert down == pytest.approx(2.355 * 1.5 * 2**0.5, rel=0.25)
    assert sideways == pytest.approx(2.355 * 3.0 * 2**0.5, rel=0.25)


def test_smoother_pictures_have_a_steeper_spectrum() -> None:
    fine, coarse = (radial_spectrum(noisy(0, width, width)) for width in (1.0, 4.0))
    assert fine.shape == (BANDS,)
    assert coarse[0] > fine[0] and coarse[-1] < fine[-1] - 5


def test_contrast_is_the_rings_grey_less_that_inside() -> None:
    grey = np.full((300, 300), 120, np.uint8)
    grey[80:181, 100:201] = 40
    assert contrast(grey, [SQUARE]) == pytest.approx(80.0, abs=1.0)
    assert np.isnan(contrast(grey, []))


def test_a_picture_is_measured() -> None:
    found = measure(noisy(1, 2.0, 2.0), [SQUARE])
    assert found.histogram.shape == (LEVELS,) and found.histogram.sum() == pytest.approx(1.0)
    assert found.depth.shape == (DEPTHS,) and found.depth.mean() == pytest.approx(90.0, abs=2.0)
    assert abs(found.contrast) < 10


def test_like_pictures_are_as_far_apart_as_halves_and_others_farther() -> None:
    real = [measure(noisy(seed, 2.0, 1.5)) for seed in range(12)]
    like = {row.measure: row for row in table(real, [measure(noisy(seed, 2.0, 1.5)) for seed in range(20, 32)], 0)}
    other = {row.measure: row for row in table(real, [measure(noisy(seed, 4.0, 3.0, 140)) for seed in range(12)], 0)}
    for name in ("histogram", "depth", "along", "across", "spectrum"):
        assert like[name].distance < 2.5 * like[name].real_halves_95
        assert other[name].distance > 3 * other[name].real_halves_95
    assert other["histogram"].distance == pytest.approx(50.0, abs=3.0)


def test_a_table_and_a_sheet_are_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    real, simulated = tmp_path / "real", tmp_path / "simulated"
    for folder in (real, simulated):
        folder.mkdir()
        for seed in range(4):
            cv2.imwrite(str(folder / f"{seed}.png"), noisy(seed, 2.0, 1.5))
            picture = Annotation(f"{seed}.png", 384, 512, (Shape(label="tumor", points=tuple(SQUARE)),))
            labelme_json.write(folder / f"{seed}.json", picture)
    main(["--real", str(real), "--simulated", str(simulated), "--out", str(tmp_path / "out"), "--images", "4"])
    with (tmp_path / "out" / "table.csv").open(encoding="utf-8") as file:
        rows = {row["measure"]: row for row in csv.DictReader(file)}
    assert float(rows["histogram"]["distance"]) == pytest.approx(0.0, abs=1e-9)
    assert float(rows["contrast"]["real"]) == pytest.approx(float(rows["contrast"]["simulated"]))
    assert cv2.imread(str(tmp_path / "out" / "sheet.png")) is not None
    assert "histogram" in capsys.readouterr().out


def test_a_folder_without_pictures_is_refused(tmp_path: Path) -> None:
    with pytest.raises(AlnError, match="holds no pictures"):
        read_folder(tmp_path, 3, 0)


@pytest.mark.slow
@pytest.mark.skipif(not BUSI.is_dir(), reason="the shared real images are absent")
def test_simulated_pictures_resemble_real_ones(tmp_path: Path) -> None:
    main(["--real", str(BUSI), "--out", str(tmp_path), "--images", "60"])
    with (tmp_path / "table.csv").open(encoding="utf-8") as file:
        rows = {row["measure"]: row for row in csv.DictReader(file)}
    limits = {"histogram": 18.0, "depth": 22.0, "along": 0.6, "across": 2.5, "slope": 2.5, "spectrum": 2.5}
    assert {name: row for name, row in rows.items() if float(row["distance"]) > limits.get(name, np.inf)} == {}
