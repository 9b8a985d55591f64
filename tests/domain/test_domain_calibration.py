"""Calibration from the scale, its way into the file and back, and the calipers kept with an image."""

from __future__ import annotations

import math

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from json_strategies import records, values

from aln_desk.domain import calibration
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.calibration import Calibration, Measure
from aln_desk.domain.errors import AlnError
from aln_desk.domain.measures import Spacing

IMAGE = Annotation("a.png", 600, 800, extra={"foreign": 1, "aln": {"newer": {"x": 1}}})
MADE = Calibration(Spacing(0.08, 0.1), "depth scale", "AN", "2025-01-01T10:00:00+00:00")
LENGTH = Measure("length", ((1.0, 2.0), (4.0, 6.0)), "cortex")
ANGLE = Measure("angle", ((0.0, 0.0), (5.0, 0.0), (0.0, 0.0), (5.0, 5.0)))


def own(**kept: object) -> Annotation:
    return Annotation("a.png", extra={"aln": kept})


def test_one_length_on_the_scale_with_square_pixels() -> None:
    assert calibration.spacing_of(((10, 100), (10, 300)), 20) == Spacing(0.1, 0.1)
    assert calibration.spacing_of(((0, 0), (30, 40)), 5) == Spacing(0.1, 0.1)


def test_two_lengths_tell_both_sides_of_a_pixel() -> None:
    found = calibration.spacing_of_two(((0, 0), (100, 0)), 8, ((5, 5), (5, 205)), 20)
    assert (found.dx, found.dy) == pytest.approx((0.08, 0.1))


@given(st.floats(0.02, 0.5), st.floats(0.02, 0.5), st.floats(0, 40), st.floats(50, 130), st.floats(5, 900))
def test_two_lines_in_any_two_directions(dx: float, dy: float, one: float, two: float, pixels: float) -> None:
    ways = [(math.cos(math.radians(turn)), math.sin(math.radians(turn))) for turn in (one, two)]
    lines = [((7.0, 9.0), (7 + pixels * x, 9 + pixels * y)) for x, y in ways]
    lengths = [math.hypot(pixels * x * dx, pixels * y * dy) for x, y in ways]
    steep = [y * y for _x, y in ways]
    assume(abs(steep[0] - steep[1]) > 0.11)
    found = calibration.spacing_of_two(lines[0], lengths[0], lines[1], lengths[1])
    assert (found.dx, found.dy) == pytest.approx((dx, dy), rel=1e-6)


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: calibration.spacing_of(((1, 1), (1, 1)), 10), "lie on one spot"),
        (lambda: calibration.spacing_of(((1, 1), (1, 9)), 0), "above 0"),
        (lambda: calibration.spacing_of(((1, 1), (1, 9)), math.nan), "above 0"),
        (lambda: calibration.spacing_of(((1, 1), (1, 9)), 1e9), "check the points"),
        (lambda: calibration.spacing_of_two(((0, 0), (9, 0)), 1, ((0, 5), (20, 5)), 2), "same way"),
        (lambda: calibration.spacing_of_two(((0, 0), (9, 9)), 1, ((0, 0), (9, -9)), 1), "same way"),
        (lambda: calibration.spacing_of_two(((0, 0), (100, 0)), 100, ((0, 0), (100, 100)), 1), "No size of pixels"),
    ],
)
def test_a_scale_that_tells_nothing_is_refused_with_a_sentence(make, sentence: str) -> None:
    with pytest.raises(AlnError, match=sentence):
        make()


def test_an_impossible_depth_is_doubted() -> None:
    assert calibration.doubt(Spacing(0.07, 0.07), 600) == ""
    assert "600 mm deep" in calibration.doubt(Spacing(1, 1), 600)
    assert "4.2 mm deep" in calibration.doubt(Spacing(0.007, 0.007), 600)


def test_a_calibration_travels_with_the_file_and_leaves_the_rest() -> None:
    made = calibration.with_calibration(IMAGE, MADE)
    assert calibration.calibration_of(made) == MADE
    assert calibration.spacing_in(made) == MADE.spacing
    assert made.extra["foreign"] == 1 and made.extra["aln"]["newer"] == {"x": 1}
    assert calibration.with_calibration(made, MADE) is made
    assert calibration.with_calibration(made, None) == IMAGE
    assert calibration.spacing_in(IMAGE) is None


@pytest.mark.parametrize(
    "damaged",
    [
        3,
        [],
        {"dx": 0.1, "dy": 0.1},
        {"dx": 0.1, "how": "ruler"},
        {"dx": "0.1", "dy": 0.1, "how": "ruler"},
        {"dx": True, "dy": 0.1, "how": "ruler"},
        {"dx": 0.1, "dy": -0.1, "how": "ruler"},
        {"dx": 0.1, "dy": 10**400, "how": "ruler"},
        {"dx": 0.1, "dy": 0.1, "how": "by eye"},
        {"dx": 0.1, "dy": 0.1, "how": "ruler", "by": 3},
    ],
)
def test_a_damaged_calibration_is_ignored_and_told(damaged: object) -> None:
    image = own(calibration=damaged)
    assert calibration.calibration_of(image) is None
    (sentence,) = calibration.complaints(image)
    assert "calibration" in sentence and "ignored" in sentence
    assert calibration.add_measure(image, LENGTH).extra["aln"]["calibration"] == damaged


@given(records("dx", "dy", "how", "by", "at"), records("kind", "points", "note") | st.lists(records("kind", "points")))
def test_nothing_in_a_file_breaks_the_reading(kept: object, measures: object) -> None:
    image = own(calibration=kept, measures=measures)
    calibration.calibration_of(image)
    calibration.measures_of(image)
    assert all(isinstance(sentence, str) and sentence for sentence in calibration.complaints(image))


def test_a_series_is_calibrated_where_the_size_is_the_same() -> None:
    series = {
        "P1/a": IMAGE,
        "P1/b": Annotation("b.png", 480, 640),
        "P1/c": Annotation("c.png"),
        "P1/d": calibration.with_calibration(IMAGE, MADE),
    }
    changed, left_out = calibration.calibrate_series(series, MADE, (600, 800))
    assert changed == {"P1/a": calibration.with_calibration(IMAGE, MADE)}
    assert "640 × 480" in left_out["P1/b"] and "800 × 600" in left_out["P1/b"]
    assert "not known" in left_out["P1/c"]
    assert set(left_out) == {"P1/b", "P1/c"}


def test_measures_are_kept_changed_and_deleted() -> None:
    two = calibration.add_measure(calibration.add_measure(IMAGE, LENGTH), ANGLE)
    assert calibration.measures_of(two) == (LENGTH, ANGLE)
    other = Measure("length", LENGTH.points, "hilum")
    assert calibration.measures_of(calibration.set_measure(two, 0, other)) == (other, ANGLE)
    assert calibration.set_measure(two, 1, ANGLE) is two
    assert calibration.measures_of(calibration.delete_measure(two, 0)) == (ANGLE,)
    assert calibration.delete_measure(calibration.add_measure(IMAGE, LENGTH), 0) == IMAGE
    with pytest.raises(IndexError):
        calibration.delete_measure(two, 2)
    with pytest.raises(IndexError):
        calibration.set_measure(two, -1, ANGLE)


def test_measures_that_cannot_be_used_stay_in_their_place() -> None:
    kept = [{"kind": "volume", "points": []}, {"kind": "length", "points": [[0, 0], [1, 1]], "by": "newer"}, 7]
    image = own(measures=kept)
    assert calibration.measures_of(image) == (Measure("length", ((0, 0), (1, 1))),)
    assert calibration.complaints(image) == [
        "2 of the measures kept with this image cannot be used; they are left as they are."
    ]
    changed = calibration.set_measure(image, 0, LENGTH).extra["aln"]["measures"]
    assert (changed[0], changed[2]) == (kept[0], 7)
    assert changed[1]["by"] == "newer" and changed[1]["note"] == "cortex"
    assert calibration.delete_measure(image, 0).extra["aln"]["measures"] == [kept[0], 7]


@given(st.sampled_from(sorted(calibration.POINTS)), values)
def test_a_measure_has_the_points_of_its_kind(kind, note: object) -> None:
    points = tuple((float(number), 1.0) for number in range(calibration.POINTS[kind]))
    image = calibration.add_measure(own(newer=note), Measure(kind, points, "x"))
    assert calibration.measures_of(image) == (Measure(kind, points, "x"),)
    with pytest.raises(ValueError):
        Measure(kind, points[1:])


def test_what_measures_say() -> None:
    axes = Measure("axes", ((0, 0), (0, 100), (0, 0), (50, 0)))
    assert axes.words(Spacing(0.1, 0.2)) == "20.0 × 5.0 mm"
    assert axes.words(None) == "100 × 50 px"
    assert ANGLE.words(None) == "45°"
    assert Measure("thickness", ((0, 0), (0, 30))).words(Spacing(0.1, 0.1)) == "3.0 mm"
    with pytest.raises(ValueError, match="volume"):
        Measure("volume", ())  # type: ignore[arg-type]
