from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from shapely.geometry import LineString, Polygon
from shapely.geometry import Point as Place

from aln_desk.domain.ring import Ring
from aln_desk.domain.shape import Point
from aln_desk.outline.areas import area_of, parts_of, repaired
from aln_desk.outline.brush import Brush, brushed, erased, stroke_area
from aln_desk.outline.forms import TOLERANCE

SQUARE: Ring = ((0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0))

strokes = st.lists(st.tuples(st.floats(-30, 70), st.floats(-30, 70)), max_size=12)
radii = st.floats(0.5, 20)


def covered(stroke: list[Point], radius: float) -> shapely.geometry.base.BaseGeometry:
    """The stroke's area by shapely alone, with fine arcs."""
    return shapely.union_all([LineString([a, b]).buffer(radius, quad_segs=90) for a, b in pairwise(stroke)])


class TestStroke:
    @given(strokes.filter(lambda stroke: len(set(stroke)) > 1), radii)
    @settings(deadline=None, max_examples=60)
    def test_covers_what_the_disc_does(self, stroke: list[Point], radius: float) -> None:
        found, wanted = stroke_area(stroke, radius), covered(stroke, radius)
        assert found.is_valid
        off = 2 * TOLERANCE + 0.02 * radius
        assert wanted.buffer(-off).difference(found).area < 1e-6
        assert found.difference(wanted.buffer(off)).area < 1e-6

    @pytest.mark.parametrize("stroke", [[(5.0, 5.0)], [(5.0, 5.0)] * 3, [(5.0, 5.0), (math.nan, 1.0)]])
    def test_one_point_is_a_disc(self, stroke: list[Point]) -> None:
        assert stroke_area(stroke, 6).area == pytest.approx(math.pi * 36, rel=0.03)

    def test_a_stroke_that_comes_back_to_itself_is_whole(self) -> None:
        # GEOS's buffer of this line as one leaves out a third.
        stroke = [(-1.0, 0.0), (0.0, 0.0), (0.0, 1.0), (1.0, 1.0), (-1.0, 0.0)]
        assert stroke_area(stroke, 1).area == pytest.approx(covered(stroke, 1).area, rel=0.03)

    def test_nothing_covers_nothing(self) -> None:
        assert stroke_area([], 5).is_empty
        assert stroke_area([(1.0, 1.0), (9.0, 9.0)], 0).is_empty
        assert stroke_area([(math.inf, 1.0)], 3).is_empty


class TestWholeStrokes:
    def test_the_brush_adds(self) -> None:
        (ring,) = brushed(SQUARE, [(20.0, 20.0), (60.0, 20.0)], 5)
        assert area_of(ring).area == pytest.approx(1600 + 20 * 10 + math.pi * 25 / 2, rel=2e-3)
        assert set(SQUARE) <= set(ring)
        assert len(brushed(SQUARE, [(90.0, 90.0)], 5)) == 2
        assert len(brushed(None, [(90.0, 90.0)], 5)) == 1
        assert brushed(None, [], 5) == []

    def test_a_ring_of_paint_has_a_hole(self) -> None:
        round_trip = [(50 + 30 * math.cos(t), 50 + 30 * math.sin(t)) for t in np.linspace(0, 2 * math.pi, 60)]
        (ring,) = brushed(None, round_trip, 4)
        _, (hole,) = parts_of(ring)
        assert Polygon(hole).area == pytest.approx(math.pi * 26**2, rel=0.02)
        assert brushed(ring, [(50.0, 50.0)], 27)[0] and parts_of(brushed(ring, [(50.0, 50.0)], 27)[0])[1] == []

    def test_the_eraser_cuts_holes_parts_and_ends(self) -> None:
        (hollow,) = erased(SQUARE, [(20.0, 20.0)], 5)
        assert len(parts_of(hollow)[1]) == 1
        assert len(erased(hollow, [(20.0, -5.0), (20.0, 45.0)], 3)) == 2
        assert erased(SQUARE, [(20.0, -5.0), (20.0, 45.0)], 30) == []
        assert area_of(erased(SQUARE, [(90.0, 90.0)], 5)[0]).equals(Polygon(SQUARE))
        assert erased([], [(1.0, 1.0)], 5) == []


class TestBrush:
    @given(strokes, radii, st.booleans())
    @settings(deadline=None, max_examples=60)
    def test_step_by_step_is_the_whole_stroke(self, stroke: list[Point], radius: float, erasing: bool) -> None:
        brush = Brush(SQUARE, radius, erasing)
        for point in stroke:
            brush.to(point)
        wanted = covered([*stroke[:1], *stroke], radius) if stroke else Polygon()
        whole = Polygon(SQUARE).difference(wanted) if erasing else Polygon(SQUARE).union(wanted)
        for found in (brush.area, shapely.union_all([area_of(ring) for ring in brush.pieces(0)])):
            off = found.symmetric_difference(whole)
            assert off.difference(wanted.boundary.buffer(2 * TOLERANCE + 0.02 * radius)).area < 1e-6
        assert all(repaired(ring) == ([ring], "") for ring in brush.pieces())

    def test_a_long_stroke_neither_drifts_nor_piles_up_vertices(self) -> None:
        far = np.linspace(0, 20 * math.pi, 2000)
        stroke = [(200 + 60 * math.cos(t) + t / 4, 200 + 60 * math.sin(t)) for t in far.tolist()]
        brush = Brush(SQUARE, 9)
        most = 0
        for point in stroke:
            brush.to(point)
            most = max(most, shapely.get_num_coordinates(brush.area))
        wanted = Polygon(SQUARE).union(covered(stroke, 9))
        assert most < 2000
        assert brush.area.hausdorff_distance(wanted) < 0.5
        assert set(SQUARE) <= {point for ring in brush.pieces() for point in ring}
        assert sum(map(len, brush.pieces())) < 600

    def test_shows_the_area_at_every_move(self) -> None:
        brush = Brush(None, 5)
        assert brush.loops() == [] and brush.area.is_empty
        brush.to((10.0, 10.0))
        (disc,) = brush.loops()
        assert Polygon(disc).area == pytest.approx(math.pi * 25, rel=0.03)
        brush.to((10.0, 10.0))
        assert brush.loops() == [disc]
        brush.to((30.0, 10.0))
        assert brush.area.area == pytest.approx(math.pi * 25 + 200, rel=0.02)

    def test_loops_are_borders_and_holes(self) -> None:
        brush = Brush(SQUARE, 5, erasing=True)
        brush.to((20.0, 20.0))
        outer, hole = brush.loops()
        assert Polygon(outer).equals(Polygon(SQUARE))
        assert Polygon(hole).hausdorff_distance(Place(20, 20).buffer(5)) < 0.3

    def test_a_stroke_may_go_on_after_its_pieces_were_asked_for(self) -> None:
        brush = Brush(SQUARE, 3)
        for x in range(30, 60):
            brush.to((float(x), 20.0))
            brush.pieces()
        assert (
            brush.area.symmetric_difference(
                Polygon(SQUARE).union(LineString([(30, 20), (59, 20)]).buffer(3, quad_segs=90))
            ).area
            < 3
        )
