"""The areas that shapes enclose and their algebra: unite, subtract, intersect, split, mend.

Areas are shapely geometries in image pixels. A ring of points encloses what it does by the even-odd rule, as it is
painted and made a mask. A ring with holes is a keyhole: one ring, its holes joined to it by bridges walked there and
back, which every reader of the file understands.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from functools import reduce

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry import Point as Place
from shapely.geometry.base import BaseGeometry
from shapely.ops import polylabel

from aln_desk.domain import geometry
from aln_desk.domain.errors import AlnError
from aln_desk.domain.ring import Ring, joined, loops, without_repeats
from aln_desk.domain.shape import Point, Shape
from aln_desk.outline.bridges import keyhole

LEAST = 0.5
"""Pieces and holes of fewer square pixels than this are slivers: rounding's, and nobody's lesion."""

_NOTHING = 1e-6
"""A loop of less area, in square pixels, is a bridge that another program wrote with an additional vertex."""

_GRID = 2.0**-20
"""Pixels, and a power of two, so that whole and half pixels stay what they are."""


class NoOutline(AlnError):
    """A mask was given where only outlines can be reckoned with."""


def ring_of(outer: Sequence[Point], holes: Iterable[Sequence[Point]] = ()) -> Ring:
    """The keyhole ring of an outer ring less its holes; the inverse of `parts_of`.

    Each hole is bridged at the pair of vertices, its own and one of the outer ring or of a hole bridged before, that
    are nearest to each other with nothing between them; holes run against the outer ring, so that the winding rule
    gives the same area. Holes that overlap, nest, reach outside or part the outer ring are taken away as areas, and the
    pieces bridged in turn. Empty where nothing is left.
    """
    inner = [hole for hole in map(without_repeats, holes) if len(hole) > 2]
    whole = _polygon(without_repeats(outer), inner)
    if whole is not None:
        return _keyhole(whole)
    left = difference(area_of(outer), union(area_of(hole) for hole in inner))
    return joined([_keyhole(polygon) for polygon in polygons(left)])


def parts_of(points: Sequence[Point]) -> tuple[Ring, list[Ring]]:
    """(outer ring, holes) of a keyhole ring, wherever it starts, whichever way it runs, with doubled vertices or not.

    A ring without bridges is its own outer ring. So is one that is not one area with holes (it crosses itself, parts
    touch at a point): what that encloses says `area_of`.
    """
    whole, found = _loops(points)
    return (tuple(points), []) if whole is None else (found[0], found[1:])


def area(shape: Shape) -> BaseGeometry:
    """What a shape encloses, as a valid geometry: empty for points, lines and kinds unknown.

    A circle is a polygon of 256 vertices on it. A mask raises `NoOutline`: its area is in its pixels, whose polygons
    (`io.rasterize.outlines`) the caller passes as shapes of their own.
    """
    if shape.shape_type == "mask":
        raise NoOutline("A mask has no outline to reckon with: make it a polygon first.")
    if shape.shape_type == "circle":
        centre, rim = shape.points
        return Place(centre).buffer(math.dist(centre, rim), quad_segs=64)
    return area_of(geometry.outline(shape))


def area_of(points: Sequence[Point]) -> BaseGeometry:
    """What a ring encloses by the even-odd rule, as a valid geometry; empty where that is nothing.

    Keyholes become polygons with holes, rings that cross themselves several polygons. Vertices that are not finite
    are left out.
    """
    whole, _ = _loops(points)
    return _mended(points, _odd) if whole is None else whole


def pieces(found: BaseGeometry, least: float = LEAST) -> list[Ring]:
    """The polygons of a valid geometry as rings, holes as keyholes, the largest first; lines and points are left out.

    Polygons under ``least`` square pixels are dropped, holes under it filled. No vertex repeats the one before it.
    """
    least = max(least, _NOTHING)
    large = sorted((polygon for polygon in polygons(found) if polygon.area >= least), key=lambda polygon: -polygon.area)
    return [_keyhole(_without_small_holes(polygon, least)) for polygon in large]


def unite(shapes: Iterable[Shape]) -> list[Ring]:
    """Rings of what lies in any of the shapes."""
    return pieces(union(area(shape) for shape in shapes))


def subtract(shape: Shape, others: Iterable[Shape]) -> list[Ring]:
    """Rings of what lies in ``shape`` and in none of the others."""
    return pieces(difference(area(shape), union(area(other) for other in others)))


def intersect(shapes: Iterable[Shape]) -> list[Ring]:
    """Rings of what lies in all the shapes; none of no shapes."""
    found = [area(shape) for shape in shapes]
    return pieces(reduce(intersection, found)) if found else []


def split(shape: Shape, line: Sequence[Point]) -> list[Ring]:
    """Rings of the parts into which ``line`` cuts the shape; of the whole where it parts nothing.

    The line must reach across: what of it ends inside cuts nothing.
    """
    whole = area(shape)
    knife = _finite(line)
    if len(knife) < 2 or whole.is_empty:
        return pieces(whole)
    faces = _faces([whole.boundary, shapely.linestrings(knife)])
    parts = [face for face in faces if whole.contains(_inside(face))]
    return pieces(MultiPolygon(parts) if len(parts) > len(polygons(whole)) else whole)


def repaired(points: Sequence[Point], twice_is_inside: bool = False) -> tuple[list[Ring], str]:
    """(valid rings, notice) of a ring that may cross itself; the very same points and no notice where it is sound.

    The rings enclose what the ring does by the even-odd rule. ``twice_is_inside`` takes the winding rule instead, for
    outlines just drawn: where the hand's end runs over its beginning, the overlap is no hole. No ring where nothing is
    enclosed.
    """
    if _loops(points)[0] is not None:
        return [tuple(points)], ""
    found = pieces(_mended(points, bool) if twice_is_inside else area_of(points))
    if not found:
        return [], "The outline encloses no area."
    if len(found) == 1:
        return found, "The outline crossed itself and was mended."
    return found, f"The outline crossed itself and was parted into {len(found)}."


def union(found: Iterable[BaseGeometry]) -> BaseGeometry:
    """What lies in any of the geometries, on a grid of a millionth of a pixel, as all that is reckoned here.

    Without a grid GEOS loses whole parts where a vertex of one area lies, but for its rounding, on another's edge.
    """
    return shapely.union_all(list(found), grid_size=_GRID)


def difference(one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """What lies in ``one`` and not in ``other``; see `union`."""
    return shapely.difference(one, other, grid_size=_GRID)


def intersection(one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    """What lies in both; see `union`. Points and lines where they only touch are left out: GEOS stumbles over them."""
    return MultiPolygon(polygons(shapely.intersection(one, other, grid_size=_GRID)))


def polygons(found: BaseGeometry) -> list[Polygon]:
    """The polygons of any geometry, however collected."""
    parts = shapely.get_parts(shapely.get_parts([found]))
    return [part for part in parts if isinstance(part, Polygon) and not part.is_empty]


def rings(polygon: Polygon) -> list[Ring]:
    """The outer ring of a polygon, then its holes, none closed by its first vertex."""
    return [_points(polygon.exterior), *(_points(hole) for hole in polygon.interiors)]


def _keyhole(polygon: Polygon) -> Ring:
    outer, *holes = rings(polygon)
    return keyhole(outer, holes, polygon)


def _points(ring: BaseGeometry) -> Ring:
    return without_repeats([(x, y) for x, y in shapely.get_coordinates(ring).tolist()])


def _without_small_holes(polygon: Polygon, least: float) -> Polygon:
    if not polygon.interiors:
        return polygon
    return Polygon(polygon.exterior, [hole for hole in polygon.interiors if Polygon(hole).area >= least])


def _polygon(outer: Sequence[Point], holes: Sequence[Ring] = ()) -> Polygon | None:
    """The polygon of these rings as they are; None where it is not a valid one."""
    if len(outer) < 3 or len(_finite(outer)) < len(outer):
        return None
    polygon = Polygon(outer, holes)
    return polygon if polygon.is_valid else None


def _loops(points: Sequence[Point]) -> tuple[Polygon | None, list[Ring]]:
    """The polygon of a ring whose edges are borders, bridges and spikes throughout, and its rings, the outer one first.

    None where the ring needs mending.
    """
    if len(_finite(points)) < len(points):
        return None, []
    if len(set(points)) == len(points):
        return _polygon(points), [tuple(points)]
    found = [loop for loop in loops(points) if not _is_nothing(loop)]
    found.sort(key=_size, reverse=True)
    whole = _polygon(found[0], found[1:]) if found else None
    return (whole, found) if whole is not None else _bordered(points)


def _bordered(points: Sequence[Point]) -> tuple[Polygon | None, list[Ring]]:
    """`_loops` of a ring whose walk closes other loops than its borders are, as where a hole touches two others."""
    steps = [(points[index - 1], point) for index, point in enumerate(points) if points[index - 1] != point]
    edges = Counter(steps) - Counter((end, start) for start, end in steps)
    borders = shapely.linestrings(list(edges) or np.empty((0, 2, 2)))
    faces = shapely.get_parts(shapely.polygonize(borders))
    inside = [face for face in faces if _odd(_turns(_finite(points), _inside(face)))]
    if len(inside) != 1 or not inside[0].is_valid:
        return None, []
    all_there = math.isclose(inside[0].length, float(shapely.length(borders).sum()))
    return (inside[0], rings(inside[0])) if all_there else (None, [])


def _size(loop: Ring) -> float:
    return abs(geometry.signed_area(loop))


def _is_nothing(loop: Ring) -> bool:
    # A loop that crosses itself may have lobes that cancel each other in the signed area.
    return _size(loop) < _NOTHING and bool(_mended(loop, _odd).area < _NOTHING)


def _mended(points: Sequence[Point], wanted: Callable[[int], bool]) -> BaseGeometry:
    """The faces between a ring's edges around which it turns a number of times that is ``wanted``.

    The faces are found on the noded edges, so that what comes out is exactly what the rule says; `shapely.make_valid`
    keeps it only where no edges lie upon one another.
    """
    rows = _finite(points)
    if len(rows) < 3:
        return Polygon()
    faces = _faces([shapely.linestrings(np.vstack([rows, rows[:1]]))])
    return union(face for face in faces if wanted(_turns(rows, _inside(face))))


def _odd(turns: int) -> bool:
    return turns % 2 != 0


def _faces(lines: Sequence[BaseGeometry]) -> list[Polygon]:
    """What lines enclose between them."""
    return list(shapely.get_parts(shapely.polygonize([shapely.union_all(lines, grid_size=_GRID)])))


def _inside(face: Polygon) -> Place:
    """A place in a face, not so near to its border that the grid could decide on which side it is."""
    place = face.representative_point()
    if face.boundary.distance(place) > 16 * _GRID:
        return place
    return polylabel(face, math.sqrt(face.area) / 16)


def _turns(ring: NDArray[np.float64], place: Place) -> int:
    """How often an (N, 2) ring turns around a place that is not on it, clockwise less anticlockwise."""
    (ax, ay), (bx, by) = ring.T, np.roll(ring, -1, axis=0).T
    crossing = (ay <= place.y) != (by <= place.y)
    share = (place.y - ay[crossing]) / (by[crossing] - ay[crossing])
    right = ax[crossing] + share * (bx[crossing] - ax[crossing]) > place.x
    return int(np.sign(by[crossing] - ay[crossing])[right].sum())


def _finite(points: Sequence[Point]) -> NDArray[np.float64]:
    """(N, 2) points without those that are infinite or no number."""
    rows = np.asarray(points, np.float64).reshape(-1, 2)
    return rows[np.isfinite(rows).all(axis=1)]
