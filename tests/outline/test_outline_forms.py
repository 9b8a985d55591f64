from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import example, given, settings
from hypothesis import strategies as st
from shapely.geometry import LinearRing, LineString, Polygon
from shapely.geometry import Point as Place

from aln_desk.domain.ring import Ring
from aln_desk.domain.shape import Point
from aln_desk.outline import forms
from aln_desk.outline.areas import LEAST, area_of, parts_of, polygons, ring_of

SQUARE: Ring = ((0.0, 0.0), (40.0, 0.0), (40.0, 40.0), (0.0, 40.0))
HOLE: Ring = ((12.0, 12.0), (12.0, 28.0), (28.0, 28.0), (28.0, 12.0))
KEYHOLE = ring_of(SQUARE, [HOLE])
BOW: Ring = ((0.0, 0.0), (10.0, 10.0), (10.0, 0.0), (0.0, 10.0))
FLAT: list[list[Point]] = [[], [(1.0, 1.0)], [(1.0, 1.0)] * 5, [(0.0, 0.0), (5.0, 5.0), (9.0, 9.0)]]

any_ring = st.lists(st.tuples(st.floats(-50, 50), st.floats(-50, 50)), max_size=15)


@st.composite
def blobs(draw: st.DrawFn) -> Ring:
    """A round ring of 200 vertices with a trembling of 1 px."""
    tremble = np.random.default_rng(draw(st.integers(0, 10_000))).normal(0, 1.0, 200)
    turn = np.linspace(0, 2 * np.pi, 200, endpoint=False)
    radius = draw(st.floats(30, 120)) * (1 + draw(st.floats(0, 0.3)) * np.cos(draw(st.integers(1, 3)) * turn)) + tremble
    return tuple((x, y) for x, y in np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1).tolist())


def trembling(ring: Ring) -> float:
    """How long the ring is for its area."""
    return float(LinearRing(ring).length / math.sqrt(Polygon(ring).area))


class TestSmoothed:
    @given(blobs(), st.floats(5, 60))
    @settings(deadline=None, max_examples=40)
    def test_keeps_the_area_and_calms_the_line(self, ring: Ring, strength: float) -> None:
        (smooth,) = forms.smoothed(ring, strength)
        assert area_of(smooth).area == pytest.approx(Polygon(ring).area, rel=1e-6)
        assert trembling(smooth) < trembling(ring)
        assert area_of(smooth).symmetric_difference(Polygon(ring)).area < 0.12 * Polygon(ring).area

    @pytest.mark.parametrize(
        ("waves", "least", "most"), [(24, 0.95, 1.05), (47, 0.4, 0.6), (94, 0.0, 0.1), (4, 0.95, 1.05)]
    )
    def test_long_waves_are_kept_and_short_ones_lost(self, waves: int, least: float, most: float) -> None:
        # 1885 px around: 47 waves of 40 px.
        turn = np.linspace(0, 2 * np.pi, 3000, endpoint=False)
        radius = 300 + np.cos(waves * turn)
        ring = [(x, y) for x, y in np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1).tolist()]
        (smooth,) = forms.smoothed(ring, 40)
        line = LinearRing(smooth).segmentize(0.5)
        distance = np.hypot(*shapely.get_coordinates(line).T)
        assert least <= (distance.max() - distance.min()) / 2 <= most

    def test_a_hole_stays_a_hole_of_its_size(self) -> None:
        (smooth,) = forms.smoothed(KEYHOLE, 8)
        outer, (hole,) = parts_of(smooth)
        assert (Polygon(outer).area, Polygon(hole).area) == pytest.approx((1600, 256))
        assert len(outer) > 8

    @pytest.mark.parametrize("strength", [0.0, -1.0])
    def test_no_strength_changes_nothing(self, strength: float) -> None:
        (ring,) = forms.smoothed(KEYHOLE, strength)
        assert area_of(ring).equals(area_of(KEYHOLE))

    @given(any_ring, st.floats(0.5, 200))
    @settings(deadline=None, max_examples=60)
    def test_any_ring_gives_sound_ones(self, ring: list[Point], strength: float) -> None:
        found = shapely.union_all([area_of(one) for one in forms.smoothed(ring, strength)])
        assert found.is_valid
        assert found.area < 4 * area_of(ring).area + 1

    def test_a_thin_one_keeps_its_area(self) -> None:
        thin = ((0.0, 0.0), (100.0, 0.0), (100.0, 2.0), (0.0, 2.0))
        assert sum(area_of(ring).area for ring in forms.smoothed(thin, 20)) == pytest.approx(200, rel=0.01)


class TestSimplified:
    @given(blobs(), st.floats(0.2, 5))
    @settings(deadline=None, max_examples=40)
    def test_moves_the_outline_by_the_tolerance_at_most(self, ring: Ring, tolerance: float) -> None:
        (simple,) = forms.simplified(ring, tolerance)
        assert 3 <= len(simple) < len(ring)
        assert set(simple) <= set(ring)
        assert max(LinearRing(simple).distance(Place(point)) for point in ring) <= tolerance + 1e-9

    @given(any_ring, st.floats(0, 300))
    @settings(deadline=None, max_examples=60)
    def test_keeps_the_topology(self, ring: list[Point], tolerance: float) -> None:
        before, after = polygons(area_of(ring)), [area_of(one) for one in forms.simplified(ring, tolerance)]
        assert len(after) <= len(before)
        assert all(one.is_valid and one.geom_type == "Polygon" for one in after)
        if tolerance == 0:
            assert sum(one.area for one in after) == pytest.approx(sum(one.area for one in before), abs=3)

    def test_a_hole_is_kept_at_any_tolerance(self) -> None:
        turn = np.linspace(0, 2 * np.pi, 300, endpoint=False)
        circle = np.stack([np.cos(turn), np.sin(turn)], axis=1)
        ring = ring_of([tuple(p) for p in (20 * circle).tolist()], [[tuple(p) for p in (12 * circle).tolist()]])
        for tolerance in (0.1, 1, 10, 100):
            (simple,) = forms.simplified(ring, tolerance)
            assert len(parts_of(simple)[1]) == 1
            assert len(simple) < 100


class TestGrown:
    def test_by_so_much_on_all_sides(self) -> None:
        (large,) = forms.grown(SQUARE, 5)
        assert area_of(large).area == pytest.approx(1600 + 4 * 40 * 5 + math.pi * 25, rel=1e-3)
        (small,) = forms.grown(SQUARE, -5)
        assert area_of(small).equals(Polygon([(5, 5), (35, 5), (35, 35), (5, 35)]))

    def test_a_hole_shrinks_as_the_area_grows_and_closes(self) -> None:
        (large,) = forms.grown(KEYHOLE, 4)
        assert Polygon(parts_of(large)[1][0]).area == pytest.approx(64)
        (small,) = forms.grown(KEYHOLE, -4)
        assert Polygon(parts_of(small)[0]).area == pytest.approx(32 * 32)
        assert Polygon(parts_of(small)[1][0]).area == pytest.approx(256 + 4 * 16 * 4 + math.pi * 16, rel=3e-3)
        (full,) = forms.grown(KEYHOLE, 9)
        assert parts_of(full)[1] == []

    def test_shrinking_may_part_or_end_it(self) -> None:
        waist = ((0.0, 0.0), (10.0, 9.0), (20.0, 0.0), (20.0, 20.0), (10.0, 11.0), (0.0, 20.0))
        assert len(forms.grown(waist, -1.5)) == 2
        assert forms.grown(waist, -9) == []

    @given(blobs(), st.floats(-8, 20))
    @settings(deadline=None, max_examples=30)
    def test_no_vertex_is_nearer_or_farther(self, ring: Ring, pixels: float) -> None:
        for one in forms.grown(ring, pixels):
            apart = [LinearRing(ring).distance(Place(point)) for point in one]
            assert np.allclose(apart, abs(pixels), atol=forms.TOLERANCE + 0.01 * abs(pixels))

    @given(any_ring, st.floats(-20, 50))
    @example([(0.0, 0.0), (0.0, 1.0), (8.0, 0.0)], 6.5e-283)
    @example([(0.0, 0.0), (0.0, 1.0), (8.0, 0.0)], 1.1e-6)
    @settings(deadline=None, max_examples=40)
    def test_any_ring_gives_sound_ones(self, ring: list[Point], pixels: float) -> None:
        before, after = area_of(ring), shapely.union_all([area_of(one) for one in forms.grown(ring, pixels)])
        smaller, larger = (after, before) if pixels < 0 else (before, after)
        # Slivers may be missing from what came out, and their holes filled.
        assert all(part.area < LEAST for part in polygons(smaller.difference(larger.buffer(1e-6))))


class TestEllipse:
    @given(
        st.tuples(st.floats(-50, 50), st.floats(-50, 50)),
        st.floats(0.5, 300),
        st.floats(0, 7),
        st.floats(0.5, 300),
        st.sampled_from([0.01, 0.1, 0.5, 2.0]),
    )
    @settings(deadline=None, max_examples=60)
    def test_strays_by_the_tolerance_at_most(
        self, centre: Point, half: float, angle: float, other: float, tolerance: float
    ) -> None:
        end = (centre[0] + half * math.cos(angle), centre[1] + half * math.sin(angle))
        ring = forms.ellipse(centre, end, other, tolerance)
        polygon = Polygon(ring)
        assert polygon.is_valid and len(ring) % 4 == 0
        turn = np.linspace(0, 2 * np.pi, 400)
        along, across = half * np.cos(turn), other * np.sin(turn)
        x = centre[0] + along * math.cos(angle) - across * math.sin(angle)
        y = centre[1] + along * math.sin(angle) + across * math.cos(angle)
        assert shapely.distance(polygon.exterior, shapely.points(x, y)).max() <= tolerance * (1 + 1e-6) + 1e-9
        assert ring[0] == pytest.approx(end)
        assert ring[len(ring) // 4] == pytest.approx(
            (centre[0] - other * math.sin(angle), centre[1] + other * math.cos(angle)), abs=1e-9
        )

    def test_has_no_more_vertices_than_wanted(self) -> None:
        # A circle of n edges strays by r * (1 - cos(pi / n)).
        wanted = math.pi / math.acos(1 - 0.1 / 50)
        assert wanted <= len(forms.ellipse((0.0, 0.0), (50.0, 0.0), 50.0, 0.1)) < wanted + 4
        flat = len(forms.ellipse((0.0, 0.0), (50.0, 0.0), 5.0, 0.1))
        assert flat < len(forms.ellipse((0.0, 0.0), (50.0, 0.0), 50.0, 0.1)) * 0.7
        assert len(forms.ellipse((0.0, 0.0), (5.0, 0.0), 3.0, 100.0)) == 8

    def test_without_an_axis_there_is_none(self) -> None:
        assert forms.ellipse((3.0, 3.0), (3.0, 3.0), 5.0) == forms.ellipse((3.0, 3.0), (9.0, 3.0), 0.0) == ()

    def test_hardly_wider_than_a_line(self) -> None:
        ring = forms.ellipse((0.0, 0.0), (1000.0, 0.0), 1e-3, 0.0)
        assert Polygon(ring).area == pytest.approx(math.pi, rel=0.3)


@pytest.mark.parametrize("flat", FLAT)
def test_what_encloses_nothing_gives_nothing(flat: list[Point]) -> None:
    assert forms.smoothed(flat, 5) == forms.simplified(flat, 1) == forms.grown(flat, 5) == []


def test_what_crosses_itself_comes_back_in_parts() -> None:
    assert len(forms.smoothed(BOW, 0)) == len(forms.simplified(BOW, 0.1)) == len(forms.grown(BOW, -0.5)) == 2
    assert len(forms.grown(BOW, 1)) == 1


def test_five_thousand_vertices() -> None:
    turn = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    radius = 300 + np.random.default_rng(1).normal(0, 0.1, 5000)
    ring = tuple((x, y) for x, y in np.stack([radius * np.cos(turn), radius * np.sin(turn)], axis=1).tolist())
    area = Polygon(ring).area
    (smooth,), (simple,), (large,) = forms.smoothed(ring, 10), forms.simplified(ring, 1), forms.grown(ring, 10)
    assert area_of(smooth).area == pytest.approx(area, rel=1e-6) and len(smooth) < 1000
    assert area_of(simple).area == pytest.approx(area, rel=1e-2) and len(simple) < 100
    assert area_of(large).area > area
    assert LineString(smooth).length < LineString(ring).length
