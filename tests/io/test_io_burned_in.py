from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from aln_desk.io import burned_in, images
from training.phantom.images import draw_normal
from training.phantom.scanner import LOOKS

Image = NDArray[np.uint8]
Mask = NDArray[np.bool_]
BUSI = Path(__file__).parents[2].parent / "shared" / "data" / "busi"
SIZE = 384
WHITE, OVERLAY, YELLOW, GREEN, BLUE = (255, 255, 255), (228, 228, 228), (255, 255, 0), (0, 255, 0), (60, 120, 255)
LINEAR = [replace(look, geometry="linear") for look in LOOKS.values()]


@cache
def tissue(number: int, size: int = SIZE) -> Image:
    """(size, size, 3): a simulated image as a scanner would show it with nothing drawn on it."""
    grey = draw_normal(number, size, LINEAR[number % len(LINEAR)], marks=False)
    return np.repeat(grey[..., None], 3, axis=2)


def burnt(image: Image, draw: Callable[[Image], object], colour: tuple[int, int, int]) -> tuple[Image, Mask]:
    """The image with what ``draw`` draws into a black (H, W) canvas blended in, and where it covers by half."""
    canvas = np.zeros(image.shape[:2], np.uint8)
    draw(canvas)
    share = canvas[..., None] / 255.0
    return np.rint(image * (1 - share) + np.array(colour) * share).astype(np.uint8), canvas > 127


def text(words: str, x: int, y: int) -> Callable[[Image], object]:
    return lambda canvas: cv2.putText(canvas, words, (x, y), cv2.FONT_HERSHEY_SIMPLEX, 0.6, 255, 2, cv2.LINE_AA)


def calipers(canvas: Image) -> None:
    """Two crosses and the dotted line between them."""
    for x, y in ((120, 180), (240, 210)):
        cv2.line(canvas, (x - 6, y), (x + 6, y), 255, 2)
        cv2.line(canvas, (x, y - 6), (x, y + 6), 255, 2)
    for x in range(124, 238, 4):
        y = 180 + (x - 120) // 4
        canvas[y : y + 2, x : x + 2] = 255


def arrow(canvas: Image) -> None:
    cv2.arrowedLine(canvas, (100, 300), (150, 270), 255, 2, cv2.LINE_AA, tipLength=0.3)


def box(canvas: Image) -> None:
    cv2.rectangle(canvas, (90, 110), (270, 250), 255, 1)


def body_mark(canvas: Image) -> None:
    cv2.ellipse(canvas, (300, 330), (18, 14), 0, 0, 360, 255, 1, cv2.LINE_AA)
    cv2.line(canvas, (304, 322), (314, 328), 255, 2, cv2.LINE_AA)


@pytest.mark.parametrize("number", range(5))
def test_tissue_is_left_alone(number: int) -> None:
    image = tissue(number)
    assert burned_in.marks(image).mean() < 1e-4
    assert burned_in.region(image)[image[..., 0] > 10].mean() > 0.999
    changed = np.abs(burned_in.cleaned(image).astype(int) - image).max(axis=2)
    assert (changed > 10).mean() < 1e-3


@pytest.mark.parametrize("colour", [WHITE, OVERLAY, YELLOW, GREEN, BLUE])
@pytest.mark.parametrize("draw", [text("RT AXILLA", 60, 300), text("2.3 cm", 200, 150), calipers, arrow, body_mark])
def test_strokes_are_found_and_nothing_else(draw: Callable[[Image], object], colour: tuple[int, int, int]) -> None:
    for number in (1, 3):
        image, drawn = burnt(tissue(number), draw, colour)
        found = burned_in.marks(image)
        assert found[drawn].mean() > 0.7  # letters on tissue as bright as they are cannot be read either
        near = cv2.dilate(drawn.astype(np.uint8), np.ones((11, 11), np.uint8)) > 0
        assert (found & ~near).mean() < 1e-3


def test_every_letter_is_found() -> None:
    x = 40
    for letter in "RTAXILLA12":
        image, drawn = burnt(tissue(3), text(letter, x, 200), WHITE)
        assert burned_in.marks(image)[drawn].mean() > 0.8, letter
        x += 25


def test_the_thin_border_of_a_box_is_found() -> None:
    image, drawn = burnt(tissue(1), box, WHITE)
    assert burned_in.marks(image)[drawn].mean() > 0.8


def test_dark_outlines_of_letters_go_with_them() -> None:
    """Many scanners draw a black rim around letters, which would show the word after the letters are filled."""
    rim, rimmed = burnt(tissue(2) // 2 + 100, text("LOGO", 120, 200), WHITE)
    rim[cv2.dilate(rimmed.astype(np.uint8), np.ones((5, 5), np.uint8)) > 0] = 0
    image, _ = burnt(rim, text("LOGO", 120, 200), WHITE)
    assert (burned_in.cleaned(image)[180:205, 115:190] > 40).mean() > 0.99


@pytest.mark.parametrize("draw", [text("RT AXILLA", 60, 300), calipers])
def test_a_cleaned_image_shows_no_trace_of_the_marks(draw: Callable[[Image], object]) -> None:
    image, drawn = burnt(tissue(2), draw, WHITE)
    before, after = tissue(2).astype(int), burned_in.cleaned(image).astype(int)
    assert (after - before)[drawn].mean() < 0.15 * (image - before)[drawn].mean()
    elsewhere = cv2.dilate(drawn.astype(np.uint8), np.ones((15, 15), np.uint8)) == 0
    assert (np.abs(after - before)[elsewhere] > 10).mean() < 1e-3


@pytest.mark.parametrize("number", [4, 5])
def test_furniture_of_the_simulated_scanners_is_found(number: int) -> None:
    bare, furnished = (draw_normal(9, 512, LINEAR[number], marks=marks) for marks in (False, True))
    found = burned_in.marks(np.repeat(furnished[..., None], 3, axis=2))
    drawn = furnished > bare.astype(int) + 60
    assert drawn.sum() > 50
    assert found[drawn].mean() > 0.8


def screen() -> tuple[Image, Mask]:
    """(480, 640, 3): a sector on black, with a grey bar, depth ticks, a panel and words beside it; and the sector."""
    image, sector = np.zeros((480, 640, 3), np.uint8), np.zeros((480, 640), np.uint8)
    cv2.fillConvexPoly(sector, np.array([[190, 40], [430, 40], [480, 420], [140, 420]]), 1)
    image[38:422, 120:504][sector[38:422, 120:504] > 0] = np.maximum(tissue(1), 12)[sector[38:422, 120:504] > 0]
    image[60:200, 20:32] = np.linspace(255, 0, 140).astype(np.uint8)[:, None, None]
    image[0:24] = (60, 60, 70)
    image[50:420:37, 560:570] = 200
    for words, x, y in (("HOSPITAL B  12-03", 40, 17), ("MI 0.9", 540, 200), ("L12-5", 40, 300), ("2.3 cm", 520, 460)):
        image, _ = burnt(image, text(words, x, y), WHITE)
    return image, sector.view(np.bool_)


def test_the_region_is_the_sector_without_the_screen_around_it() -> None:
    image, sector = screen()
    region = burned_in.region(image)
    assert region[sector].mean() > 0.99
    assert (region & ~sector)[:420].sum() < 0.03 * sector.sum()  # below it there is nothing but the dark
    cleaned = burned_in.cleaned(image)
    assert not cleaned[~region].any()
    beyond = cv2.dilate(sector.view(np.uint8), np.ones((13, 13), np.uint8)) == 0
    assert (cleaned[beyond] > 20).mean() < 1e-3


def test_two_images_side_by_side_are_both_kept() -> None:
    image = np.zeros((SIZE, 2 * SIZE + 40, 3), np.uint8)
    image[:, :SIZE], image[:, -SIZE:] = tissue(0), tissue(2)
    region = burned_in.region(image)
    assert region[:, :SIZE][tissue(0)[..., 0] > 10].mean() > 0.99
    assert region[:, -SIZE:][tissue(2)[..., 0] > 10].mean() > 0.99
    assert not region[:, SIZE + 10 : SIZE + 30].any()


def test_tissue_too_deep_for_the_beam_belongs_to_the_image() -> None:
    image = tissue(1).copy()
    image[250:] //= 20
    assert burned_in.region(image)[370:, 10:-10].mean() > 0.9


def test_an_evenly_tinted_image_has_no_coloured_marks() -> None:
    sepia = (tissue(2) * np.array([1.0, 0.85, 0.6])).astype(np.uint8)
    assert burned_in.marks(sepia).mean() < 1e-4
    image, drawn = burnt(sepia, text("UOQ", 100, 200), BLUE)
    assert burned_in.marks(image)[drawn].mean() > 0.8


def test_what_is_sharp_all_over_is_no_ultrasound_image() -> None:
    noise = np.random.default_rng(0).integers(0, 2, (200, 200, 1), np.uint8).repeat(3, axis=2) * 255
    assert not burned_in.marks(noise).any()


def test_the_same_image_gives_the_same_answer_and_stays_as_it_was() -> None:
    image, _ = screen()
    before = image.copy()
    first = burned_in.cleaned(image)
    assert np.array_equal(first, burned_in.cleaned(image)) and np.array_equal(image, before)
    plain = tissue(2)
    assert not np.shares_memory(burned_in.cleaned(plain), plain)


@given(
    st.one_of(
        arrays.arrays(np.uint8, st.tuples(st.integers(1, 40), st.integers(1, 40), st.just(3))),
        st.builds(
            lambda height, width, level: np.full((height, width, 3), level, np.uint8),
            st.sampled_from([1, 2, 16, 300]),
            st.sampled_from([1, 16, 256]),
            st.sampled_from([0, 128, 255]),
        ),
    )
)
@settings(max_examples=60, deadline=None)
def test_any_image_is_answered(image: Image) -> None:
    region, marks, cleaned = burned_in.region(image), burned_in.marks(image), burned_in.cleaned(image)
    assert region.shape == marks.shape == image.shape[:2] and region.dtype == marks.dtype == np.bool_
    assert region.any()
    assert cleaned.shape == image.shape and cleaned.dtype == np.uint8
    assert not cleaned[~region].any()


@pytest.mark.parametrize("shape", [(16, 256), (256, 16), (1, 1)])
@pytest.mark.parametrize("level", [0, 128, 255])
def test_an_even_image_is_all_image_and_has_no_marks(shape: tuple[int, int], level: int) -> None:
    image = np.full((*shape, 3), level, np.uint8)
    assert burned_in.region(image).all() and not burned_in.marks(image).any()
    assert np.array_equal(burned_in.cleaned(image), image)


@pytest.mark.skipif(not BUSI.is_dir(), reason="the shared real images are absent")
def test_words_on_real_images_are_found_and_their_tissue_is_left_alone() -> None:
    for name in ("benign_199", "benign_223", "benign_236", "malignant_013"):  # RT AXILLA
        found = burned_in.marks(images.read(BUSI / f"{name}.jpg"))
        assert found[30:].sum() > 350, name
    for name in ("normal_015", "normal_083", "benign_188", "malignant_150"):  # fascia, muscle, a cyst, calcifications
        found = burned_in.marks(images.read(BUSI / f"{name}.jpg"))
        assert found[30:].sum() < 60, name
