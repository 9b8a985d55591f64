"""What is drawn over the pictures: by scanner and chance only, and a shortcut's mark where it is asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import cv2
import numpy as np
import pytest

from aln_desk.domain.patient import View
from training.phantom import furniture
from training.phantom.furniture import Marks, axes, furnish
from training.phantom.images import draw_pictures
from training.phantom.latents import draw_patients
from training.phantom.outline import Outline, ellipse
from training.phantom.scanner import LOOKS

SIZE = (400, 512)
OUTLINE = Outline(250.0, 180.0, ellipse(90.0, 50.0, 0.3))
BARE = replace(LOOKS["A1"], logo="", ticks="", focus_mark=False, bar=False, probe="")


def furnished(seed: int, mark: str = "", look: str = "A2") -> Marks:
    grey = np.full(SIZE, 90, np.uint8)
    return furnish(np.random.default_rng(seed), grey, LOOKS[look], View.TUMOUR, OUTLINE, mark)


def test_whatever_is_drawn_lies_in_the_boxes() -> None:
    for seed in range(12):
        for look in LOOKS:
            marks = furnished(seed, look=look)
            changed = marks.grey != 90
            for _, left, top, right, bottom in marks.boxes:
                assert 0 <= left < right <= SIZE[1] and 0 <= top < bottom <= SIZE[0]
                changed[top:bottom, left:right] = False
            assert not changed[marks.grey != 0].any(), (seed, look)  # black borders are no marks


def test_calipers_and_words_come_in_their_share_of_the_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[str] = []
    monkeypatch.setattr(furniture, "_draw_calipers", lambda *_: drawn.append("calipers"))
    monkeypatch.setattr(furniture, "_words", lambda *_: drawn.append("words") or "RT BREAST")
    for seed in range(400):
        furnish(np.random.default_rng(seed), np.zeros(SIZE, np.uint8), BARE, View.TUMOUR, OUTLINE, "")
    assert drawn.count("calipers") / 400 == pytest.approx(furniture.CALIPER_RATE, abs=0.07)
    assert drawn.count("words") / 400 == pytest.approx(furniture.WORDS_RATE, abs=0.07)


@pytest.mark.parametrize("mark", ["text", "calipers"])
def test_a_mark_is_drawn_whenever_it_is_asked_for_and_changes_nothing_else(mark: Literal["text", "calipers"]) -> None:
    for patient in draw_patients(4, 5):
        plain, marked = (list(draw_pictures(replace(patient, mark=kind), 256)) for kind in ("", mark))
        for first, second in zip(plain, marked, strict=True):
            changed = first.grey != second.grey
            assert changed.any()
            boxes = np.zeros(changed.shape, bool)
            for _, left, top, right, bottom in first.furniture + second.furniture:
                boxes[top:bottom, left:right] = True
            assert not changed[~boxes].any()


def test_the_shortcuts_words_are_written_by_nothing_else() -> None:
    rng = np.random.default_rng(0)
    words = {furniture._words(rng, view) for view in View for _ in range(300)}
    assert furniture.SHORTCUT_WORDS not in words
    assert all(look.calipers != "triangle" for look in LOOKS.values())


def test_words_name_the_view() -> None:
    rng = np.random.default_rng(0)
    assert all("AX" in furniture._words(rng, View.NODE) for _ in range(50))
    assert not any("AX" in furniture._words(rng, View.TUMOUR) for _ in range(50))


def test_calipers_lie_on_the_lesions_long_and_short_axis() -> None:
    (first, second), (third, fourth) = axes(OUTLINE)
    long, short = np.subtract(second, first), np.subtract(fourth, third)
    assert np.hypot(*long) == pytest.approx(180, abs=3) and np.hypot(*short) == pytest.approx(100, abs=5)
    assert abs(np.dot(long, short)) < 0.2 * np.hypot(*long) * np.hypot(*short)
    line = OUTLINE.points().astype(np.float32)
    ends = ((float(x), float(y)) for x, y in (first, second, third, fourth))
    assert all(abs(cv2.pointPolygonTest(line, end, True)) < 2 for end in ends)
