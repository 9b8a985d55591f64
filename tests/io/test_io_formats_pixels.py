"""Run-length codes, palette PNGs, and masks as outlines: all exact to the pixel."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from numpy.typing import NDArray

from aln_desk.domain.shape import Shape
from aln_desk.io.formats import png, rle
from aln_desk.io.formats.rings import clipped, rings_of, shapes_of_mask
from aln_desk.io.rasterize import polygon_mask, shape_mask

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=14))


def columns(*rows: str) -> NDArray[np.bool_]:
    return np.array([[letter == "#" for letter in row] for row in rows])


@pytest.mark.parametrize(
    ("mask", "counts"),
    [
        (columns("..", ".."), [4]),
        (columns("##", "##"), [0, 4]),
        (columns("..", "##"), [1, 1, 1, 1]),
        (columns(".#", ".#", ".."), [3, 2, 1]),
        (columns("..##.", "###..", ".#..."), [1, 1, 2, 4, 1, 1, 5]),
    ],
)
def test_runs_go_down_the_columns_and_begin_with_zeros(mask: NDArray[np.bool_], counts: list[int]) -> None:
    assert rle.encode(mask) == counts
    assert np.array_equal(rle.decode(counts, *mask.shape), mask)


@pytest.mark.parametrize(
    ("counts", "text"),
    [
        ([], ""),
        ([0, 6, 1], "061"),
        # The fourth, 1, is written as 1 - 3 = -2: five bits 11110, so 30 + 48, "N".
        ([2, 3, 1, 1], "231N"),
        # 16 needs a second group, or its highest bit would say that it is negative: 16 + 32 + 48, then 0 + 48.
        ([16], "`0"),
        # 100 = 3 * 32 + 4: 4 + 32 + 48, then 3 + 48.
        ([100], "T3"),
        # 5 - 1000 = -995 = -32 * 32 + 29: 29 + 32 + 48; -32 is 0 and more to come: 0 + 32 + 48; then -1: 31 + 48.
        ([0, 1000, 0, 5], "0Xo00mPO"),
    ],
)
def test_the_compressed_form_by_hand(counts: list[int], text: str) -> None:
    assert rle.to_text(counts) == text
    assert rle.from_text(text) == counts


@given(masks)
def test_a_mask_survives_both_forms(mask: NDArray[np.bool_]) -> None:
    counts = rle.encode(mask)
    assert sum(counts) == mask.size
    assert rle.from_text(rle.to_text(counts)) == counts
    assert np.array_equal(rle.decode(counts, *mask.shape), mask)


@given(st.lists(st.integers(0, 10**12)))
def test_any_lengths_survive_compression(counts: list[int]) -> None:
    assert rle.from_text(rle.to_text(counts)) == counts


@given(st.text() | st.text(st.characters(min_codepoint=48, max_codepoint=111)))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        counts = rle.from_text(text)
        rle.decode(counts, 5, 7)
    except ValueError as error:
        assert "RLE" in str(error)


@pytest.mark.parametrize("counts", [[-1, 3], [5, -5], [36], [0, 10**30], [35, 1]])
def test_runs_that_do_not_fit_are_refused(counts: list[int]) -> None:
    with pytest.raises(ValueError, match=r"negative|longer than the image"):
        rle.decode(counts, 5, 7)


def test_an_empty_run_is_read() -> None:
    assert rle.decode([1, 2, 0, 2, 1], 2, 3).sum() == 4


def test_runs_that_end_early_leave_background() -> None:
    assert rle.decode([1, 2], 2, 3).sum() == 2


@given(arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=9)))
def test_palette_pictures_keep_their_numbers(pixels: NDArray[np.uint8]) -> None:
    data = png.indexed(pixels)
    assert np.array_equal(png.numbers(data), pixels)
    shown = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert shown.shape == (*pixels.shape, 3)  # another reader opens it too
    assert np.array_equal(png.numbers(png.grey(pixels)), pixels)


def test_the_palette_is_that_of_voc() -> None:
    shown = cv2.imdecode(np.frombuffer(png.indexed(np.array([[0, 1, 2, 3, 15]], np.uint8)), np.uint8), cv2.IMREAD_COLOR)
    wanted = [[0, 0, 0], [128, 0, 0], [0, 128, 0], [128, 128, 0], [192, 128, 128]]
    assert shown[0, :, ::-1].tolist() == wanted


@pytest.mark.parametrize("depth", [1, 2, 4])
def test_palettes_of_few_colours_keep_their_numbers(depth: int) -> None:
    row = list(range(min(2**depth, 8)))
    bits = "".join(f"{value:0{depth}b}" for value in row).ljust(-(-len(row) * depth // 8) * 8, "0")
    data = _palette_png(len(row), depth, int(bits, 2).to_bytes(len(bits) // 8, "big"))
    assert png.numbers(data).tolist() == [row]


def _palette_png(width: int, depth: int, row: bytes) -> bytes:
    import struct
    import zlib

    def chunk(kind: bytes, content: bytes) -> bytes:
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))

    head = struct.pack(">IIBBBBB", width, 1, depth, 3, 0, 0, 0)
    parts = [(b"IHDR", head), (b"PLTE", bytes(3 * 2**depth)), (b"IDAT", zlib.compress(b"\0" + row)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@given(
    st.binary(max_size=80) | st.binary(max_size=60).map(lambda tail: png.indexed(np.eye(3, dtype=np.uint8))[:41] + tail)
)
def test_damaged_pictures_are_refused(data: bytes) -> None:
    try:
        png.numbers(data)
    except ValueError as error:
        assert str(error)


@given(masks)
@settings(max_examples=150)
def test_shapes_cover_exactly_their_mask(mask: NDArray[np.bool_]) -> None:
    shapes = shapes_of_mask(mask, "tumor")
    covered = np.zeros_like(mask)
    for shape in shapes:
        own = shape_mask(shape, *mask.shape)
        assert not (covered & own).any()
        covered |= own
    assert np.array_equal(covered, mask)


def test_a_mask_in_one_piece_becomes_a_polygon_with_its_hole() -> None:
    mask = np.zeros((40, 50), np.bool_)
    mask[5:35, 10:40] = True
    mask[15:20, 20:26] = False
    (shape,) = shapes_of_mask(mask, "lymph_node")
    assert (shape.label, shape.shape_type) == ("lymph_node", "polygon")
    assert np.array_equal(shape_mask(shape, 40, 50), mask)


def test_dust_stays_one_mask() -> None:
    mask = np.zeros((120, 120), np.bool_)
    mask[1::3, 2::3] = True
    (shape,) = shapes_of_mask(mask, "x")
    assert shape.shape_type == "mask"
    assert np.array_equal(shape_mask(shape, 120, 120), mask)


def test_a_circle_is_left_by_little() -> None:
    circle = Shape("tumor", ((300.0, 250.0), (300.0, 50.0)), "circle")
    (ring,) = rings_of(circle, 500, 600)
    middles = [(np.add(one, other) / 2) for one, other in zip(ring, (*ring[1:], ring[0]), strict=True)]
    assert max(200 - np.hypot(x - 300, y - 250) for x, y in middles) <= 0.05
    assert len(ring) < 200


@pytest.mark.parametrize("kind", ["point", "points", "line", "linestrip"])
def test_kinds_without_area_have_no_ring(kind: str) -> None:
    assert rings_of(Shape("x", ((1.0, 2.0), (3.0, 4.0)), kind), 9, 9) == []


far = st.floats(-20, 40) | st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.tuples(far, far), min_size=3, max_size=9))
def test_clipping_keeps_the_area_on_the_image(points: list[tuple[float, float]]) -> None:
    ring = clipped(tuple(points), 12, 15)
    assert all(-1e-6 <= x <= 15 + 1e-6 and -1e-6 <= y <= 12 + 1e-6 for x, y in ring)
    if all(abs(value) < 100 for point in points for value in point):
        differing = polygon_mask(ring, 12, 15) != polygon_mask(points, 12, 15)
        assert not _away_from(differing, points).any()


def _away_from(differing: NDArray[np.bool_], points: list[tuple[float, float]]) -> NDArray[np.bool_]:
    """Where masks differ that no edge passes within rounding."""
    from aln_desk.domain.geometry import distances_to_segments

    ends = [*points[1:], points[0]]
    near = [
        [distances_to_segments((x + 0.5, y + 0.5), points, ends).min() < 1e-6 for x in range(differing.shape[1])]
        for y in range(differing.shape[0])
    ]
    return differing & ~np.array(near)
