"""Outlines made smoother, simpler, larger or smaller, and ellipses. Keyhole rings keep their holes.

Every function gives a list of rings, as `areas.pieces` does: what crosses itself may become several, and what is shrunk
may part or vanish.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LinearRing, Polygon
from shapely.geometry.base import BaseGeometry

from aln_desk.domain import geometry
from aln_desk.domain.ring import Ring
from aln_desk.domain.shape import Point
from aln_desk.outline.areas import area_of, difference, pieces, polygons, rings, union

TOLERANCE = 0.1
"""Pixels by which a polygon may stray from the curve it stands for; a tenth of a pixel is seen by nobody."""

_SAMPLES = 8
"""Samples in a wave that smoothing halves: 2 pi / acos(1 - w) with ((1 - 0.33 w) (1 + 0.3413 w)) ** 100 = 1/2."""
_MOST_SAMPLES = 1 << 16
"""So a ring is smoothed by 1/8192 of its length or not at all; no drawn ring comes near."""
_MOST_HALVINGS = 12
_LEAST_GROWTH = 1e-6
"""Pixels; GEOS loses the whole area when it is to grow by next to nothing."""
_INWARD, _STEPS = 0.33, 100
_OUTWARD = 1 / (0.1 - 1 / _INWARD)


def smoothed(points: Sequence[Point], strength: float) -> list[Ring]:
    """Rings without the unevenness that is shorter, along the outline, than ``strength`` pixels.

    Taubin's smoothing without shrinkage (Curve and surface smoothing without shrinkage, ICCV 1995) of each ring
    sampled evenly: its low-pass filter, 100 pairs of steps of 0.33 and -0.34, applied at once in the frequency domain.
    A wave of ``strength`` pixels is halved, one of half the length gone, one of twice the length kept; waves of half
    the ring are kept at any strength. Each ring is then scaled about its middle to the area it had, so that the whole
    keeps its area to rounding, unless rings come to cross where they lie closer than ``strength``. No strength changes
    nothing.
    """
    found = area_of(points)
    if strength <= 0:
        return pieces(found)
    changed = [_less_holes([_smooth(ring, strength) for ring in rings(polygon)]) for polygon in polygons(found)]
    return pieces(union(changed))


def simplified(points: Sequence[Point], tolerance: float) -> list[Ring]:
    """Rings with vertices left out whose loss moves the outline by at most ``tolerance`` pixels.

    No ring comes to cross itself or another, vanishes or falls under three vertices: where it would, the tolerance is
    halved for that piece until it does not (`geometry.simplify`; GEOS's own keeps no bound where a ring starts).
    """
    return pieces(union(_simplified(polygon, tolerance) for polygon in polygons(area_of(points))))


def grown(points: Sequence[Point], pixels: float) -> list[Ring]:
    """Rings of all that is no farther than ``pixels`` from the area; of negative ones, of what is that deep inside.

    Corners come out rounded, within `TOLERANCE` and a hundredth of ``pixels``.
    """
    found = area_of(points)
    if abs(pixels) < _LEAST_GROWTH:
        return pieces(found)
    return pieces(found.buffer(pixels, quad_segs=quarter_arc(abs(pixels), TOLERANCE)))


def ellipse(centre: Point, axis_end: Point, other_half_axis: float, tolerance: float = TOLERANCE) -> Ring:
    """The polygon of an ellipse from its centre, one end of an axis and the length of the other half axis, in pixels.

    The vertices lie on the ellipse, the ends of both axes among them, as many as it takes for no edge to be farther
    than ``tolerance`` pixels (at least 0.001) from it, and at least 8. Empty where an axis has no length.
    """
    (cx, cy), (ex, ey) = centre, axis_end
    half, other = math.dist(centre, axis_end), abs(other_half_axis)
    if half == 0 or other == 0:
        return ()
    quarter = _quarter(half, other, max(tolerance, 1e-3))
    half_turn = np.concatenate([quarter[:-1], np.pi - quarter[:0:-1]])
    turn = np.concatenate([half_turn, np.pi + half_turn])
    along = np.array([ex - cx, ey - cy])
    across = np.array([-along[1], along[0]]) * other / half
    found = np.array(centre) + np.cos(turn)[:, None] * along + np.sin(turn)[:, None] * across
    return tuple((x, y) for x, y in found.tolist())


def quarter_arc(radius: float, tolerance: float) -> int:
    """``quad_segs`` with which the arcs of `shapely.buffer` stay within ``tolerance`` of the circle.

    By half more than a whole circle needs: GEOS rounds the number of edges of each arc, down to two thirds.
    """
    if radius <= tolerance:
        return 2
    return max(2, math.ceil(1.5 * math.pi / 4 / math.acos(1 - tolerance / radius)))


def _simplified(polygon: Polygon, tolerance: float) -> Polygon:
    for halvings in range(_MOST_HALVINGS) if tolerance > 0 else ():
        outer, *holes = (geometry.simplify(ring, tolerance / 2**halvings) for ring in rings(polygon))
        simple = Polygon(outer, holes)
        if simple.is_valid:
            return simple
    return polygon


def _smooth(ring: Ring, strength: float) -> Ring:
    around = _evenly(ring, strength)
    wave = 1 - np.cos(2 * np.pi * np.fft.fftfreq(len(around)))
    passing = ((1 - _INWARD * wave) * (1 - _OUTWARD * wave)) ** _STEPS
    smooth = np.fft.ifft(np.fft.fft(around) * passing)
    drawn = LinearRing(np.stack([smooth.real, smooth.imag], axis=1))
    coarse = shapely.simplify(drawn, min(TOLERANCE, math.sqrt(abs(geometry.signed_area(ring))) / 200))
    return _scaled(shapely.get_coordinates(coarse)[:-1], ring)


def _evenly(ring: Ring, strength: float) -> NDArray[np.complex128]:
    """Points of the ring at equal distances along it, as x + iy."""
    corners = np.array([complex(x, y) for x, y in (*ring, ring[0])])
    way = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(corners)))])
    count = min(_SAMPLES * math.ceil(max(way[-1] / strength, 4)), _MOST_SAMPLES)
    return np.asarray(np.interp(np.arange(count) * way[-1] / count, way, corners))


def _scaled(points: NDArray[np.float64], like: Ring) -> Ring:
    """``points`` scaled about their mean to the area of ``like``; that itself where they enclose next to nothing."""
    found, wanted = (abs(geometry.signed_area(ring)) for ring in (points.tolist(), like))
    if found <= wanted / 4:
        return like
    middle = points.mean(axis=0)
    return tuple((x, y) for x, y in (middle + (points - middle) * math.sqrt(wanted / found)).tolist())


def _less_holes(loops: Sequence[Ring]) -> BaseGeometry:
    outer, *holes = (area_of(loop) for loop in loops)
    return difference(outer, union(holes))


def _quarter(half: float, other: float, tolerance: float) -> NDArray[np.float64]:
    """Angles of the ellipse's parameter from 0 to pi / 2 between which edges stray equally, by ``tolerance`` at most.

    An edge over the angle 2 d about t strays by (1 - cos d) * half * other / hypot(half * sin t, other * cos t).
    """
    fine = np.linspace(0, np.pi / 2, 1001)
    steps = 2 * np.arccos(1 - np.minimum(tolerance / _stray(fine, half, other), 1))
    needed = np.concatenate([[0.0], np.cumsum((1 / steps[1:] + 1 / steps[:-1]) / 2 * np.diff(fine))])
    count = max(2, math.ceil(needed[-1]))
    while True:
        angle = np.interp(np.linspace(0, needed[-1], count + 1), needed, fine)
        middle, reach = (angle[1:] + angle[:-1]) / 2, np.diff(angle) / 2
        if np.max((1 - np.cos(reach)) * _stray(middle, half, other)) <= tolerance or count >= _MOST_SAMPLES:
            return np.asarray(angle)
        count += 1


def _stray(angle: NDArray[np.float64], half: float, other: float) -> NDArray[np.float64]:
    return np.asarray(half * other / np.hypot(half * np.sin(angle), other * np.cos(angle)))
