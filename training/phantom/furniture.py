"""What a scanner and a sonographer draw onto a picture: logo, ticks, focus mark, bar, words, calipers, black borders.

All of it is a distractor: whether and how it is drawn depends on the scanner and on chance, never on the outcome. The
one exception is asked for: ``mark`` draws a word or a kind of calipers that nothing else draws, for studies of
shortcuts. Letters are OpenCV's own Hershey fonts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import cv2
import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import View
from training.phantom.fields import Size, unit
from training.phantom.outline import Outline
from training.phantom.scanner import ScannerLook

Box = tuple[str, int, int, int, int]
"""Kind, left, top, right, bottom in pixels; right and bottom lie outside."""
Point = tuple[int, int]

SHORTCUT_WORDS = "ONC REF"
CALIPER_RATE, WORDS_RATE, BORDER_RATE = 0.25, 0.45, 0.10
"""Share of the pictures with calipers, with words of the sonographer, with black borders."""


@dataclass(frozen=True, slots=True, eq=False)
class Marks:
    """The picture (height, width) uint8 that is drawn upon, and the boxes of what was drawn."""

    grey: NDArray[np.uint8]
    boxes: list[Box] = field(default_factory=list)

    @property
    def size(self) -> Size:
        return self.grey.shape[0], self.grey.shape[1]

    def covered(self, kind: str, left: float, top: float, right: float, bottom: float) -> None:
        """Remember a box around these pixels and their soft edges, cut to the picture."""
        height, width = self.size
        x0, y0, x1, y1 = (
            max(0, int(left) - 1),
            max(0, int(top) - 1),
            min(width, int(right) + 3),
            min(height, int(bottom) + 3),
        )
        if x0 < x1 and y0 < y1:
            self.boxes.append((kind, x0, y0, x1, y1))


def furnish(
    rng: np.random.Generator,
    grey: NDArray[np.uint8],
    look: ScannerLook,
    view: View,
    outline: Outline | None,
    mark: str,
) -> Marks:
    """``grey`` with this scanner's furniture; ``mark`` is "", "text" or "calipers" (only with an outline)."""
    marks = Marks(grey.copy())
    borders, scanner, calipers, words, shortcut = rng.spawn(5)  # so that the mark changes nothing else
    _draw_borders(borders, marks)
    _draw_scanner(scanner, marks, look)
    measured = calipers.random() < CALIPER_RATE
    if outline is not None and mark == "calipers":
        _draw_calipers(shortcut, marks, look, outline, "triangle")
    elif outline is not None and measured:
        _draw_calipers(calipers, marks, look, outline, look.calipers)
    if words.random() < WORDS_RATE:
        _write(marks, look, "words", _words(words, view), _somewhere(words, marks.size))
    if mark == "text":
        _write(marks, look, "mark", SHORTCUT_WORDS, _somewhere(shortcut, marks.size))
    return marks


def _draw_borders(rng: np.random.Generator, marks: Marks) -> None:
    """Black margins, as a careless cut of the screen leaves them."""
    height, width = marks.size
    if rng.random() >= BORDER_RATE:
        return
    left, right = (int(width * rng.uniform(0.0, 0.04)) for _ in range(2))
    top, bottom = (int(height * rng.uniform(0.0, 0.03)) for _ in range(2))
    marks.grey[:, :left] = marks.grey[:, width - right :] = 0
    marks.grey[:top] = marks.grey[height - bottom :] = 0


def _draw_scanner(rng: np.random.Generator, marks: Marks, look: ScannerLook) -> None:
    """What the scanner itself shows."""
    scale, (height, width) = unit(marks.size), marks.size
    if look.logo:
        _write(marks, look, "logo", look.logo, (round(3 * scale), round(13 * scale)))
    if look.ticks:
        _draw_ticks(rng, marks, look)
    if look.focus_mark:
        x = width - round(12 * scale) if look.ticks == "left" else round(12 * scale)
        _draw_triangle(marks, look, "focus", (x, int(height * rng.uniform(0.25, 0.6))), 4.0 * scale)
    if look.bar:
        _draw_bar(marks, look)
    if look.probe and rng.random() < 0.6:
        _write(
            marks, look, "probe", f"{look.probe}  {rng.uniform(3.0, 6.0):.1f}cm", (round(22 * scale), round(13 * scale))
        )


def _draw_ticks(rng: np.random.Generator, marks: Marks, look: ScannerLook) -> None:
    height, width = marks.size
    scale, depth = unit(marks.size), rng.uniform(3.0, 6.0)
    for number in range(1, int(depth * 2) + 1):
        y = round(number * height / depth / 2)
        long = round((3 if number % 2 else 7) * scale)
        start = 1 if look.ticks == "left" else width - 1 - long
        marks.grey[y : y + max(1, round(scale)), start : start + long] = look.ink
    side = (0, 0, 8 * scale, height) if look.ticks == "left" else (width - 8 * scale, 0, width, height)
    marks.covered("ticks", *side)


def _draw_bar(marks: Marks, look: ScannerLook) -> None:
    """The grey curve beside the picture, on the side without ticks."""
    height, width = marks.size
    scale = unit(marks.size)
    top, long, thick = round(0.08 * height), round(0.22 * height), max(2, round(6 * scale))
    left = width - 2 * thick if look.ticks == "left" else thick
    marks.grey[top : top + long, left : left + thick] = np.linspace(255, 0, long).astype(np.uint8)[:, None]
    marks.covered("bar", left, top, left + thick, top + long)


def _draw_triangle(marks: Marks, look: ScannerLook, kind: str, at: Point, reach: float) -> None:
    corners = np.array([(-1, -1), (1, 0), (-1, 1)]) * reach + at
    cv2.polylines(marks.grey, [np.rint(corners).astype(np.int32)], True, look.ink, 1, cv2.LINE_AA)
    marks.covered(kind, *corners.min(axis=0), *corners.max(axis=0))


def _words(rng: np.random.Generator, view: View) -> str:
    """What a sonographer writes: side and place."""
    side = rng.choice(("LT", "RT", "L", "R", "LEFT", "RIGHT"))
    if view is View.NODE:
        return f"{side} {rng.choice(('AXILLA', 'AX', 'AXILLA LN'))}"
    hour = int(rng.integers(1, 13))
    place = rng.choice(("BREAST", f"BREAST {hour} O'CLOCK", f"{hour}H", "UOQ", "LOQ", "SAG", "TRANS", "RAD"))
    return f"{side} {place}"


def _somewhere(rng: np.random.Generator, size: Size) -> Point:
    return int(size[1] * rng.uniform(0.03, 0.6)), int(size[0] * rng.uniform(0.08, 0.97))


def _write(marks: Marks, look: ScannerLook, kind: str, words: str, at: Point) -> None:
    """Words with their lower left corner ``at``, moved as far left as they need."""
    scale = unit(marks.size)
    size = (0.85 if look.font == cv2.FONT_HERSHEY_PLAIN else 0.45) * max(scale, 0.6)
    thick = 2 if look.font == cv2.FONT_HERSHEY_SIMPLEX and scale > 0.8 else 1
    (wide, high), _ = cv2.getTextSize(words, look.font, size, thick)
    at = max(0, min(at[0], marks.size[1] - round(1.1 * wide) - 4)), max(high + 2, at[1])
    letters = np.zeros(marks.size, np.uint8)
    cv2.putText(letters, words, at, look.font, size, 255, thick, cv2.LINE_AA)
    rim = cv2.dilate(letters, np.ones((3, 3), np.uint8))  # keeps letters legible on bright skin
    left, top, wide, high = cv2.boundingRect(rim)
    box = slice(top, top + high), slice(left, left + wide)
    dark = marks.grey[box] * (1.0 - rim[box] / 255.0)
    marks.grey[box] = np.maximum(dark, letters[box] * (look.ink / 255.0)).astype(np.uint8)
    marks.covered(kind, left, top, left + wide - 1, top + high - 1)


def _draw_calipers(rng: np.random.Generator, marks: Marks, look: ScannerLook, outline: Outline, style: str) -> None:
    """Marks at the ends of the lesion's long axis and, mostly, of the widest one across it, often joined by dots."""
    joined, both = rng.random() < 0.6, rng.random() < 0.8
    for number, (start, end) in enumerate(axes(outline)[: 2 if both else 1], 1):
        if joined:
            _draw_dots(marks, look, start, end)
        for point in (start, end):
            _END[style](marks, look, point)
        if rng.random() < 0.6:
            _write(marks, look, "calipers", str(number), (end[0] + round(6 * unit(marks.size)), end[1]))


def axes(outline: Outline) -> list[tuple[Point, Point]]:
    """The ends of the longest axis of a lesion and of the longest one at right angles to it, in pixels."""
    line = outline.points()[::12]
    apart = np.linalg.norm(line[:, None] - line[None], axis=2)
    first, second = np.unravel_index(int(apart.argmax()), apart.shape)
    along = (line[second] - line[first]) / max(float(apart.max()), 1e-6)
    pairs = [(line[first], line[second])]
    difference = line[None] - line[:, None]
    across = np.where(np.abs(difference @ along) < 0.15 * apart, apart, 0.0)
    third, fourth = np.unravel_index(int(across.argmax()), across.shape)
    if across[third, fourth] > 0:
        pairs.append((line[third], line[fourth]))
    return [(_pixel(start), _pixel(end)) for start, end in pairs]


def _pixel(point: NDArray[np.float64]) -> Point:
    return round(float(point[0])), round(float(point[1]))


def _draw_dots(marks: Marks, look: ScannerLook, start: Point, end: Point) -> None:
    length = float(np.hypot(end[0] - start[0], end[1] - start[1]))
    for share in np.linspace(0.0, 1.0, max(2, int(length / (5 * unit(marks.size))))):
        x, y = (round(a + (b - a) * share) for a, b in zip(start, end, strict=True))
        marks.grey[max(0, y) : max(0, y + 1), max(0, x) : max(0, x + 1)] = look.ink
    marks.covered("calipers", *np.minimum(start, end), *np.maximum(start, end))


def _draw_plus(marks: Marks, look: ScannerLook, at: Point) -> None:
    reach = max(3, round(6 * unit(marks.size)))
    cv2.drawMarker(marks.grey, at, look.ink, cv2.MARKER_CROSS, 2 * reach, max(1, round(1.6 * unit(marks.size))))
    marks.covered("calipers", at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach)


def _draw_cross(marks: Marks, look: ScannerLook, at: Point) -> None:
    reach = max(3, round(5 * unit(marks.size)))
    cv2.drawMarker(marks.grey, at, look.ink, cv2.MARKER_TILTED_CROSS, 2 * reach, 1, cv2.LINE_AA)
    marks.covered("calipers", at[0] - reach, at[1] - reach, at[0] + reach, at[1] + reach)


def _draw_dot(marks: Marks, look: ScannerLook, at: Point) -> None:
    reach = max(2, round(3 * unit(marks.size)))
    cv2.circle(marks.grey, at, reach, look.ink, 1, cv2.LINE_AA)
    cv2.circle(marks.grey, at, 1, look.ink, -1)
    marks.covered("calipers", at[0] - reach - 1, at[1] - reach - 1, at[0] + reach + 1, at[1] + reach + 1)


def _draw_end_triangle(marks: Marks, look: ScannerLook, at: Point) -> None:
    _draw_triangle(marks, look, "mark", at, max(4.0, 7.0 * unit(marks.size)))


_END: dict[str, Callable[[Marks, ScannerLook, Point], None]] = {
    "plus": _draw_plus,
    "cross": _draw_cross,
    "dot": _draw_dot,
    "triangle": _draw_end_triangle,
}
"""How each style of calipers ends; only the shortcut's has triangles."""
