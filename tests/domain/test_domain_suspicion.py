from __future__ import annotations

import math
from statistics import NormalDist

import pytest

from aln_desk.domain import suspicion
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Shape

SIZE = (200, 300)


def square(side: float, left: float = 20, top: float = 20) -> tuple[tuple[float, float], ...]:
    return (left, top), (left + side, top), (left + side, top + side), (left, top + side)


def faults(*shapes: Shape, **more) -> list[tuple[int | None, str]]:
    found = suspicion.faults(Annotation("a.png", *SIZE, shapes), SIZE, **more)
    assert all(0 < one.strength <= 1 and one.sentence.endswith((".", "?")) for one in found)
    return [(one.shape, one.what) for one in found]


def test_a_plain_outline_is_not_suspected() -> None:
    assert faults(Shape("tumor", square(40)), Shape("node", ((50, 50), (80, 50)), "circle")) == []
    assert faults(Shape("caliper", ((0, 0), (9, 9)), "line"), Shape("spot", ((5, 5),), "point")) == []


@pytest.mark.parametrize(
    ("shape", "fault"),
    [
        (Shape("tumor", ((1, 1), (50, 50))), "points"),
        (Shape("tumor", ((1, 1), (50, 50), (1, 1), (50, 50))), "points"),
        (Shape("tumor", ((20, 20), (90, 120), (90, 20), (20, 100))), "crossing"),
        (Shape("tumor", square(3)), "tiny"),
        (Shape("tumor", ((20, 20), (22, 20)), "circle"), "tiny"),
        (Shape("tumor", square(40, left=300)), "outside"),
        (Shape("tumor", square(40, left=270)), "outside"),
        (Shape("tumor", ((20, 20), (20, 60)), "circle"), "outside"),
        (Shape("spot", ((-5, 5),), "point"), "outside"),
    ],
)
def test_what_is_wrong_with_one_shape(shape: Shape, fault: str) -> None:
    assert faults(Shape("tumor", square(40)), shape) == [(1, fault)]


def test_a_shape_on_the_very_border_is_inside() -> None:
    assert faults(Shape("tumor", square(40, left=261))) == []
    assert faults(Shape("tumor", square(40, left=260))) == []


def test_a_hole_with_its_bridge_is_no_crossing() -> None:
    outer, hole = square(60), square(20, 40, 40)[::-1]
    assert faults(Shape("node", (*outer, outer[0], *hole, hole[0]))) == []


def test_areas_far_from_those_of_the_project() -> None:
    sides = [20 + number % 7 for number in range(40)]
    drawn = [Annotation("a.png", *SIZE, (Shape("tumor", square(side)), Shape("node", square(9)))) for side in sides]
    shares = [pair for annotation in drawn for pair in suspicion.area_shares(annotation, SIZE)]
    usual = suspicion.usual_areas(shares)
    assert usual["tumor"].middle == pytest.approx(math.log(23 * 23 / 60000))
    assert usual["node"].spread == 0
    normal = suspicion.usual_areas([("tumor", math.exp(value)) for value in NormalDist(-3, 0.5).quantiles(2000)])
    assert (normal["tumor"].middle, normal["tumor"].spread) == pytest.approx((-3, 0.5), rel=1e-3)
    assert faults(Shape("tumor", square(23)), Shape("tumor", square(120)), usual=usual) == [(1, "size")]
    assert faults(Shape("tumor", square(8)), usual=usual) == [(0, "size")]
    assert faults(Shape("node", square(50)), Shape("hilum", square(120)), usual=usual) == []


def test_few_outlines_make_nothing_usual() -> None:
    assert suspicion.usual_areas([("tumor", 0.1)] * 19) == {}
    assert set(suspicion.usual_areas([("tumor", 0.1)] * 20)) == {"tumor"}
