"""The Shape menu: every operation is one step, keeps what is known of a shape, and says why when it does nothing."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QSizeF
from pytestqt.qtbot import QtBot

from aln_desk.domain import measures
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Shape
from aln_desk.gui.canvas.editing import Editing
from aln_desk.gui.shape_operations import ShapeOperations
from aln_desk.io.rasterize import mask_text

LARGE = Shape("lymph_node", ((10.0, 10.0), (70.0, 10.0), (70.0, 70.0), (10.0, 70.0)), description="large")
SMALL = Shape("tumor", ((30.0, 30.0), (50.0, 50.0)), "rectangle")
BESIDE = Shape("tumor", ((60.0, 20.0), (90.0, 20.0), (90.0, 60.0), (60.0, 60.0)))
FAR = Shape("tumor", ((100.0, 100.0), (110.0, 110.0)), "rectangle")
KNIFE = Shape("other", ((40.0, 0.0), (40.0, 80.0)), "line")
BOW = Shape("tumor", ((10.0, 10.0), (50.0, 50.0), (50.0, 10.0), (10.0, 50.0)))


class Bench:
    def __init__(self, *shapes: Shape) -> None:
        self.editing = Editing()
        self.editing.size = QSizeF(200, 160)
        self.editing.set_annotation(Annotation("a.png", 160, 200, shapes))
        self.operations = ShapeOperations(self.editing, lambda: 1.0)
        self.steps: list[str] = []
        self.sentences: list[str] = []
        self.editing.edited.connect(lambda annotation, what: self.steps.append(what))
        self.operations.said.connect(self.sentences.append)
        self.editing.select_all()

    def do(self, name: str) -> tuple[Shape, ...]:
        self.operations.by_action[f"shape.{name}"]()
        return self.editing.shapes


def area(shape: Shape) -> float:
    return measures.area(measures.polygon_of(shape))


@pytest.fixture(autouse=True)
def qt(qtbot: QtBot) -> None:
    """Signals need an application."""


def test_subtracting_cuts_a_hole_and_keeps_the_largest_shapes_label() -> None:
    bench = Bench(SMALL, LARGE)
    (left,) = bench.do("subtract")
    assert area(left) == pytest.approx(3600 - 400)
    assert (left.label, left.description, left.shape_type) == ("lymph_node", "large", "polygon")
    assert bench.steps == ["Subtract shapes"] and bench.editing.selection == {0}


def test_uniting_and_intersecting() -> None:
    (united,) = Bench(LARGE, BESIDE).do("unite")
    assert area(united) == pytest.approx(3600 + 1200 - 400)
    (common,) = Bench(LARGE, BESIDE).do("intersect")
    assert area(common) == pytest.approx(400)


def test_shapes_apart_unite_into_two_and_have_nothing_in_common() -> None:
    assert len(Bench(LARGE, FAR).do("unite")) == 2
    bench = Bench(LARGE, FAR)
    assert bench.do("intersect") == (LARGE, FAR)
    assert not bench.steps and "Nothing would be left" in bench.sentences[0]


@pytest.mark.parametrize("name", ["unite", "subtract", "intersect", "split", "group"])
def test_one_shape_is_not_enough(name: str) -> None:
    bench = Bench(LARGE)
    assert bench.do(name) == (LARGE,)
    assert not bench.steps and len(bench.sentences) == 1


def test_a_line_cuts_the_shape_and_goes() -> None:
    one, other = Bench(LARGE, KNIFE).do("split")
    assert sorted((area(one), area(other))) == pytest.approx([1800, 1800])
    assert one.label == other.label == "lymph_node"


def test_a_line_that_does_not_reach_across_cuts_nothing() -> None:
    short = Shape("other", ((40.0, 0.0), (40.0, 40.0)), "line")
    bench = Bench(LARGE, short)
    assert bench.do("split") == (LARGE, short) and "reach across" in bench.sentences[0]


def test_growing_and_shrinking() -> None:
    (grown,) = Bench(LARGE).do("grow")
    (shrunk,) = Bench(LARGE).do("shrink")
    assert area(grown) == pytest.approx(66 * 66, rel=0.005) and area(shrunk) == pytest.approx(54 * 54, rel=0.005)


def test_what_would_vanish_stays() -> None:
    tiny = Shape("tumor", ((10.0, 10.0), (12.0, 12.0)), "rectangle")
    bench = Bench(tiny)
    assert bench.do("shrink") == (tiny,) and "Nothing would be left" in bench.sentences[0]


def test_smoothing_and_simplifying_keep_the_area() -> None:
    turns = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    reach = 40 + np.random.default_rng(0).normal(0, 0.6, 200)
    points = tuple(zip((80 + reach * np.cos(turns)).tolist(), (80 + reach * np.sin(turns)).tolist(), strict=True))
    rough = Shape("tumor", points)
    (smooth,) = Bench(rough).do("smooth")
    (simple,) = Bench(rough).do("simplify")
    assert measures.perimeter(smooth.points) < 0.95 * measures.perimeter(points)
    assert len(simple.points) < 60
    assert area(smooth) == pytest.approx(area(rough), rel=0.01) and area(simple) == pytest.approx(area(rough), rel=0.03)


def test_repairing_says_what_it_did() -> None:
    bench = Bench(BOW)
    assert len(bench.do("repair")) == 2 and "parted into 2" in bench.sentences[0]
    sound = Bench(LARGE)
    sound.editing.select(())
    assert sound.do("repair") == (LARGE,) and sound.sentences == ["No outline crosses itself."] and not sound.steps


def test_a_mask_becomes_polygons_that_can_be_reckoned_with() -> None:
    pixels = np.zeros((40, 60), bool)
    pixels[5:25, 5:25] = pixels[5:35, 35:55] = True
    mask = Shape("tumor", ((20.0, 30.0), (80.0, 70.0)), "mask", mask=mask_text(pixels))
    refused = Bench(mask, LARGE)
    assert refused.do("unite") == (mask, LARGE) and "make a polygon of it first" in refused.sentences[0]
    parts = Bench(mask).do("polygon")
    assert [part.shape_type for part in parts] == ["polygon", "polygon"] and all(part.mask is None for part in parts)
    assert sorted(map(area, parts)) == pytest.approx([400, 600], rel=0.12)
    assert min(x for part in parts for x, _ in part.points) == pytest.approx(25, abs=1)


def test_order_and_groups() -> None:
    bench = Bench(LARGE, SMALL, BESIDE)
    bench.editing.select([0])
    assert bench.do("raise") == (SMALL, LARGE, BESIDE) and bench.editing.selection == {1}
    assert bench.do("to_top") == (SMALL, BESIDE, LARGE) and bench.editing.selection == {2}
    assert bench.do("to_bottom") == (LARGE, SMALL, BESIDE) and bench.editing.selection == {0}
    bench.editing.select([0, 2])
    one, alone, other = bench.do("group")
    assert one.group_id == other.group_id is not None and alone.group_id is None
    assert all(shape.group_id is None for shape in bench.do("ungroup"))


def test_locked_shapes_stay_as_they_are() -> None:
    locked = Shape("tumor", LARGE.points, locked=True)
    bench = Bench(locked, BESIDE)
    for name in bench.operations.by_action:
        bench.editing.select([0])
        bench.operations.by_action[name]()
    assert bench.editing.shapes[0] == locked
