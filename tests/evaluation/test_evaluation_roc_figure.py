from __future__ import annotations

import math
import xml.etree.ElementTree as ElementTree

import pytest

from aln_desk.evaluation.roc_figure import LabelledCurve, roc_svg
from aln_desk.stats import roc

SVG = "{http://www.w3.org/2000/svg}"


def labelled(label: str, outcome: list[int], score: list[float]) -> LabelledCurve:
    return LabelledCurve(label, roc.curve(outcome, score), *roc.auc_interval(outcome, score))


@pytest.mark.parametrize(
    ("outcome", "legend"),
    [
        ([0, 0, 1, 1], "X: AUC 1.000 (1.000 to 1.000)"),
        ([0, 1, 1, 1], "X: AUC 1.000 (no interval)"),
        ([1, 1, 1, 1], "X: AUC not defined"),
    ],
)
def test_legend(outcome: list[int], legend: str) -> None:
    assert labelled("X", outcome, [0.1, 0.2, 0.3, 0.4]).legend() == legend


def test_every_defined_curve_has_its_own_look_and_a_line_in_the_legend() -> None:
    # Components 1/2 and 1 on either side: variance 1/8, lower limit 3/4 - 1.96 sqrt(1/8) = 0.057.
    curves = [labelled(f"c{k} & <co>", [0, 1, 0, 1], [0.1, 0.2, 0.3, 0.4]) for k in range(12)]
    root = ElementTree.fromstring(roc_svg([*curves, LabelledCurve("none", roc.curve([], []), *[math.nan] * 3)]))
    lines = list(root.iter(f"{SVG}polyline"))
    looks = {(line.get("stroke"), line.get("stroke-dasharray")) for line in lines}
    legends = [text.text for text in root.iter(f"{SVG}text") if "AUC" in (text.text or "")]
    assert len(lines) == len(looks) == 12
    assert legends[0] == "c0 & <co>: AUC 0.750 (0.057 to 1.000)" and legends[12] == "none: AUC not defined"
    assert float(root.get("height") or 0) > max(float(text.get("y") or 0) for text in root.iter(f"{SVG}text"))


def test_no_curves_leave_the_axes() -> None:
    root = ElementTree.fromstring(roc_svg([]))
    assert "Sensitivity" in [text.text for text in root.iter(f"{SVG}text")]
