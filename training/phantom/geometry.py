"""How beams lie in the picture: side by side (linear), fanning out (trapezoid), or from a curved face (convex).

Tissue is drawn and insonified on a grid of beam samples, rows along the beams, and converted to the picture at
the end. `Scan` knows where each sample lies in the picture, so that a lesion is drawn on beam samples with the
shape it has in the picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from training.phantom.fields import Field, Size, grid


@dataclass(frozen=True, slots=True, eq=False)
class Scan:
    """``x`` and ``y`` (height, width): where in the picture each beam sample lies, in pixels.

    ``column`` and ``row`` (height, width): which beam sample each pixel of the picture shows, or None where
    both are the same; samples outside the grid are black.
    """

    size: Size
    x: Field
    y: Field
    column: Field | None = None
    row: Field | None = None

    def picture(self, beams: Field) -> Field:
        """Beam samples (height, width) converted to the picture, 0 outside the sector."""
        if self.column is None or self.row is None:
            return beams
        return np.asarray(cv2.remap(beams, self.column, self.row, cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT))

    def seen(self) -> NDArray[np.bool_]:
        """Where the picture (height, width) shows beams."""
        if self.column is None or self.row is None:
            return np.ones(self.size, np.bool_)
        height, width = self.size
        across = (self.column >= 0) & (self.column <= width - 1)
        return np.asarray(across & (self.row >= 0) & (self.row <= height - 1))


def linear(size: Size) -> Scan:
    """Parallel beams: samples are pixels."""
    x, y = grid(size)
    return Scan(size, np.broadcast_to(x, size).astype(np.float32), np.broadcast_to(y, size).astype(np.float32))


def trapezoid(size: Size, face: float, growth: float) -> Scan:
    """Beams that steer outwards: the sector is ``face`` of the picture wide at the top, ``growth`` more below."""
    height, width = size
    column, row = grid(size)
    centre = np.float32((width - 1) / 2)
    wide = (face + growth * row / height).astype(np.float32)
    return Scan(
        size,
        x=np.asarray(centre + (column - centre) * wide, np.float32),
        y=np.broadcast_to(row, size).astype(np.float32),
        column=np.asarray(centre + (column - centre) / wide, np.float32),
        row=np.broadcast_to(row, size).astype(np.float32),
    )


def convex(size: Size, radius: float, half_angle: float) -> Scan:
    """Beams at right angles to a face of this ``radius`` (share of the height), to both sides by ``half_angle``.

    With r the distance from the centre of the face's curvature and phi the beam's angle, x = r sin phi and
    y = r cos phi; the face's ends touch the top of the picture and its middle beam ends at the bottom.
    """
    height, width = size
    column, row = grid(size)
    centre, face = np.float32((width - 1) / 2), np.float32(radius * height)
    above = face * np.float32(np.cos(half_angle))
    depth = (height + above - face) / height  # picture rows a beam sample
    angle, distance = (column - centre) / centre * np.float32(half_angle), face + row * depth
    across, down = (column - centre).astype(np.float32), (row + above).astype(np.float32)
    return Scan(
        size,
        x=np.asarray(centre + distance * np.sin(angle), np.float32),
        y=np.asarray(distance * np.cos(angle) - above, np.float32),
        column=np.asarray(centre + np.arctan2(across, down) / np.float32(half_angle) * centre, np.float32),
        row=np.asarray((np.hypot(across, down) - face) / depth, np.float32),
    )
