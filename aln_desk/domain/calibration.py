"""How large a pixel is, who said so, and the calipers kept with an image (sub-keys ``calibration``, ``measures``)."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from aln_desk.domain import measures, own_data
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.errors import AlnError
from aln_desk.domain.measures import Line, Spacing
from aln_desk.domain.shape import Point

How = Literal["depth scale", "ruler", "file"]
Kind = Literal["length", "axes", "angle", "thickness"]

POINTS: Mapping[Kind, int] = {"length": 2, "axes": 4, "angle": 4, "thickness": 2}
"""How many points a kept measure has: two for each caliper, the long axis before the short one."""

_DEEPEST, _SHALLOWEST = 250.0, 5.0
"""Depths in mm that no image of a breast or an axilla has."""

_CALIBRATION, _MEASURES = "calibration", "measures"


@dataclass(frozen=True, slots=True)
class Calibration:
    """``how`` the spacing is known, ``by`` which reader and ``at`` what ISO time (both may be empty)."""

    spacing: Spacing
    how: How
    by: str = ""
    at: str = ""


@dataclass(frozen=True, slots=True)
class Measure:
    """Calipers that stay with their image: their ends in image pixels, as many as `POINTS` says, and a note."""

    kind: Kind
    points: tuple[Point, ...]
    note: str = ""

    def __post_init__(self) -> None:
        if self.kind not in POINTS:
            raise ValueError(f"{self.kind} is none of {', '.join(POINTS)}")
        if len(self.points) != POINTS[self.kind]:
            raise ValueError(f"{self.kind} has {POINTS[self.kind]} points, not {len(self.points)}")

    def words(self, spacing: Spacing | None) -> str:
        """What it measures, for the screen."""
        ends = self.points
        if self.kind == "angle":
            return measures.angle_words(measures.angle((ends[0], ends[1]), (ends[2], ends[3]), spacing))
        lengths = (measures.length(ends[start : start + 2], spacing) for start in range(0, len(ends), 2))
        return measures.length_words(*lengths, spacing=spacing)


def spacing_of(line: Line, millimetres: float) -> Spacing:
    """The size of the pixels where a line on the depth scale has a known length and pixels are square.

    That they are square is what one scale cannot show; `spacing_of_two` does without. Raises AlnError with a sentence.
    """
    pixels = _known(line, millimetres)
    return _spacing(millimetres / pixels, millimetres / pixels)


def spacing_of_two(first: Line, millimetres: float, second: Line, second_millimetres: float) -> Spacing:
    """The size of pixels that need not be square, from lines of known lengths in two directions.

    With (x, y) a line's run and d its length: (x dx)^2 + (y dy)^2 = d^2 for both. Raises AlnError with a sentence where
    the two lines do not tell the directions apart or contradict each other.
    """
    lengths = (_known(first, millimetres), _known(second, second_millimetres))
    # In directions, not pixels: the determinant then says how far apart these are, whatever the lines' lengths.
    (a, b), (c, d) = (_direction(line, length) for line, length in zip((first, second), lengths, strict=True))
    one, two = (millimetres / lengths[0]) ** 2, (second_millimetres / lengths[1]) ** 2
    apart = a * d - b * c
    if abs(apart) < 0.1:
        raise AlnError("Both lines run the same way; draw one across the image and one in depth.")
    dx2, dy2 = (one * d - two * b) / apart, (two * a - one * c) / apart
    if min(dx2, dy2) <= 0:
        raise AlnError("No size of pixels fits both lengths; check them and draw the two lines again.")
    return _spacing(math.sqrt(dx2), math.sqrt(dy2))


def doubt(spacing: Spacing, height: int) -> str:
    """A sentence where an image of ``height`` pixels would show an impossible depth, empty else."""
    depth = spacing.dy * height
    if _SHALLOWEST <= depth <= _DEEPEST:
        return ""
    return f"The image would be {depth:.3g} mm deep; check the length that was given for the scale (in mm)."


def calibration_of(annotation: Annotation) -> Calibration | None:
    """The image's calibration; None where nobody made one or what is kept cannot be used (`complaints` tells)."""
    return own_data.readable(annotation, _CALIBRATION, _calibration)


def spacing_in(annotation: Annotation) -> Spacing | None:
    """The spacing to measure with; None: in pixels."""
    found = calibration_of(annotation)
    return found.spacing if found else None


def with_calibration(annotation: Annotation, calibration: Calibration | None) -> Annotation:
    """The annotation with this calibration, or (None) without any."""
    return own_data.with_sub_key(annotation, _CALIBRATION, None if calibration is None else _kept(calibration))


def calibrate_series(
    annotations: Mapping[str, Annotation], calibration: Calibration, size: tuple[int, int]
) -> tuple[dict[str, Annotation], dict[str, str]]:
    """One calibration for all the images (by instance id) that the caller found to be of one source.

    ``size`` is the (height, width) of the image it was made on: images of another size were scaled or cropped in
    another way, and one of unknown size may have been. Gives the annotations that change, each an edit for the caller
    to apply, and for each image left out the sentence why.
    """
    changed, left_out = {}, {}
    for name, annotation in annotations.items():
        own_size = (annotation.image_height, annotation.image_width)
        if own_size == size:
            calibrated = with_calibration(annotation, calibration)
            if calibrated is not annotation:
                changed[name] = calibrated
        else:
            left_out[name] = _why_left_out(own_size, size)
    return changed, left_out


def measures_of(annotation: Annotation) -> tuple[Measure, ...]:
    """The calipers kept with the image, in order; those that cannot be used are left out (`complaints` tells)."""
    return tuple(measure for _place, measure in _usable(annotation))


def add_measure(annotation: Annotation, measure: Measure) -> Annotation:
    """The annotation with one more kept measure."""
    return _with_measures(annotation, [*_stored(annotation), _kept_measure(measure)])


def set_measure(annotation: Annotation, index: int, measure: Measure) -> Annotation:
    """The annotation with the measure at ``index`` of `measures_of` changed; foreign keys of it stay."""
    place, stored = _place(annotation, index), _stored(annotation)
    return _with_measures(annotation, [*stored[:place], stored[place] | _kept_measure(measure), *stored[place + 1 :]])


def delete_measure(annotation: Annotation, index: int) -> Annotation:
    """The annotation without the measure at ``index`` of `measures_of`."""
    place, stored = _place(annotation, index), _stored(annotation)
    return _with_measures(annotation, [*stored[:place], *stored[place + 1 :]])


def complaints(annotation: Annotation) -> list[str]:
    """A sentence for each part of the calibration and the measures that cannot be used."""
    found = [own_data.complaint(annotation, _CALIBRATION, _calibration)]
    found.append(own_data.complaint(annotation, _MEASURES, _list))
    unusable = len(_stored(annotation)) - len(_usable(annotation))
    if unusable:
        found.append(f"{unusable} of the measures kept with this image cannot be used; they are left as they are.")
    return [sentence for sentence in found if sentence]


def _why_left_out(own: tuple[int | None, int | None], size: tuple[int, int]) -> str:
    if None in own:
        return "Its size is not known, so the calibration may not hold for it."
    return f"It has {own[1]} × {own[0]} pixels and not {size[1]} × {size[0]}, so its pixels may be of another size."


def _known(line: Line, millimetres: float) -> float:
    """Length of a line in pixels, both lengths being of use."""
    if not (math.isfinite(millimetres) and millimetres > 0):
        raise AlnError("The length must be a number of millimetres above 0.")
    pixels = math.dist(*line)
    if pixels < 1:
        raise AlnError("The two points lie on one spot; set them on two marks of the scale.")
    return pixels


def _direction(line: Line, pixels: float) -> tuple[float, float]:
    """The squared cosines of a line with the axes."""
    (ax, ay), (bx, by) = line
    return ((bx - ax) / pixels) ** 2, ((by - ay) / pixels) ** 2


def _spacing(dx: float, dy: float) -> Spacing:
    try:
        return Spacing(dx, dy)
    except ValueError as error:
        raise AlnError(f"A pixel would be {dx:.3g} by {dy:.3g} mm; check the points and the length in mm.") from error


def _calibration(value: Any) -> Calibration:
    kept = own_data.record(value)
    how: How | None = next((known for known in get_args(How) if known == kept.get("how")), None)
    if how is None:
        raise ValueError("it does not say how it was made")
    spacing = Spacing(own_data.number(kept.get("dx"), "dx"), own_data.number(kept.get("dy"), "dy"))
    return Calibration(spacing, how, own_data.text(kept.get("by"), "reader"), own_data.text(kept.get("at"), "time"))


def _kept(calibration: Calibration) -> dict[str, Any]:
    spacing = calibration.spacing
    return {"dx": spacing.dx, "dy": spacing.dy, "how": calibration.how, "by": calibration.by, "at": calibration.at}


def _list(value: Any) -> Sequence[Any]:
    if not isinstance(value, list | tuple):
        raise ValueError("it is no JSON list")
    return value


def _stored(annotation: Annotation) -> Sequence[Any]:
    return own_data.readable(annotation, _MEASURES, _list) or []


def _usable(annotation: Annotation) -> list[tuple[int, Measure]]:
    """(place in the stored list, measure)."""
    found = []
    for place, value in enumerate(_stored(annotation)):
        try:
            found.append((place, _measure(value)))
        except ValueError:
            continue
    return found


def _place(annotation: Annotation, index: int) -> int:
    usable = _usable(annotation)
    if not 0 <= index < len(usable):
        raise IndexError(f"{index} is not an index into {len(usable)}")
    return usable[index][0]


def _measure(value: Any) -> Measure:
    kept = own_data.record(value)
    kind = kept.get("kind")
    if not isinstance(kind, str):
        raise ValueError("its kind is no text")
    points = tuple(_point(pair) for pair in _list(kept.get("points")))
    return Measure(kind, points, own_data.text(kept.get("note"), "note"))  # type: ignore[arg-type]  # it checks


def _point(pair: Any) -> Point:
    x, y = _pair(pair)
    return own_data.number(x, "point"), own_data.number(y, "point")


def _pair(pair: Any) -> Sequence[Any]:
    if len(_list(pair)) != 2:
        raise ValueError("a point has two numbers")
    return _list(pair)


def _kept_measure(measure: Measure) -> dict[str, Any]:
    points = [[float(x), float(y)] for x, y in measure.points]
    return {"kind": measure.kind, "points": points, "note": measure.note}


def _with_measures(annotation: Annotation, stored: Sequence[Any]) -> Annotation:
    return own_data.with_sub_key(annotation, _MEASURES, list(stored) or None)
