"""A matplotlib figure drawn on a page of reportlab, as lines and not as dots."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
from matplotlib.backend_bases import GraphicsContextBase, RendererBase
from matplotlib.figure import Figure
from matplotlib.path import Path
from matplotlib.transforms import Transform
from PIL import Image
from reportlab.lib.utils import ImageReader

from aln_desk.evaluation.figures.style import style

POINTS = 72.0
_CAPS = {"butt": 0, "round": 1, "projecting": 2}
_JOINS = {"miter": 0, "round": 1, "bevel": 2}


def size(figure: Figure) -> tuple[float, float]:
    """Width and height in points."""
    width, height = figure.get_size_inches()
    return float(width) * POINTS, float(height) * POINTS


def draw(figure: Figure, canvas: Any) -> None:
    """Draw the figure with its lower left at the canvas's origin, at its own size. Text becomes outlines."""
    before = figure.dpi
    with style():
        try:
            figure.dpi = POINTS
            figure.draw(_Renderer(canvas, *size(figure)))
        finally:
            figure.dpi = before


class _Renderer(RendererBase):
    """What matplotlib draws, said to a canvas; a pixel is a point."""

    def __init__(self, canvas: Any, width: float, height: float) -> None:
        super().__init__()
        self._canvas = canvas
        self._size = (width, height)

    def draw_path(self, gc: GraphicsContextBase, path: Path, transform: Transform, rgbFace: Any = None) -> None:
        """A line, an area or both."""
        filled = rgbFace is not None
        stroked = gc.get_linewidth() > 0
        if not (filled or stroked):
            return
        self._begin(gc, rgbFace)
        simplify = path.should_simplify and not filled  # as matplotlib's own PDF: points that no eye tells apart
        segments = path.iter_segments(transform, remove_nans=True, simplify=simplify, curves=True)
        self._canvas.drawPath(_outline(self._canvas, segments), stroke=int(stroked), fill=int(filled))
        self._canvas.restoreState()

    def draw_image(self, gc: GraphicsContextBase, x: float, y: float, im: Any, transform: Any = None) -> None:
        """A picture (h, w, 4), its rows from the bottom up."""
        height, width = im.shape[:2]
        if not height or not width:
            return
        self._begin(gc, None)
        self._canvas.translate(x, y)
        matrix = transform.frozen().to_values() if transform is not None else (width, 0, 0, height, 0, 0)
        self._canvas.transform(*matrix)
        picture = Image.fromarray(np.ascontiguousarray(im[::-1]))
        opaque = bool((im[..., 3] == 255).all())
        self._canvas.drawImage(ImageReader(picture.convert("RGB") if opaque else picture), 0, 0, 1, 1, mask="auto")
        self._canvas.restoreState()

    def option_scale_image(self) -> bool:
        """Pictures come as they are, with where they go."""
        return True

    def option_image_nocomposite(self) -> bool:
        """Pictures are not put together first."""
        return True

    def flipy(self) -> bool:
        """Whether y goes down: no."""
        return False

    def get_canvas_width_height(self) -> tuple[float, float]:
        """Of the figure, in points."""
        return self._size

    def points_to_pixels(self, points: Any) -> Any:
        """They are the same."""
        return points

    def _begin(self, gc: GraphicsContextBase, face: Any) -> None:
        """Colours, line and clipping of what comes until the state is restored."""
        canvas = self._canvas
        canvas.saveState()
        box: Any = gc.get_clip_rectangle()
        clip, how = cast("tuple[Any, Any]", gc.get_clip_path())
        if box is not None:
            canvas.clipPath(_rectangle(canvas, *box.bounds), stroke=0, fill=0)
        if clip is not None:
            canvas.clipPath(_outline(canvas, clip.iter_segments(how, simplify=False)), stroke=0, fill=0)
        self._line(gc)
        if face is not None:
            alpha = gc.get_alpha() if gc.get_forced_alpha() or len(face) < 4 else face[3]
            canvas.setFillColorRGB(*map(float, face[:3]))
            canvas.setFillAlpha(float(alpha))

    def _line(self, gc: GraphicsContextBase) -> None:
        canvas, colour = self._canvas, cast("tuple[float, ...]", gc.get_rgb())
        canvas.setLineWidth(gc.get_linewidth())
        canvas.setStrokeColorRGB(*map(float, colour[:3]))
        canvas.setStrokeAlpha(float(colour[3]))
        canvas.setLineCap(_CAPS[gc.get_capstyle()])
        canvas.setLineJoin(_JOINS[gc.get_joinstyle()])
        pattern: Any = gc.get_dashes()
        offset, dashes = pattern
        if dashes is not None:
            canvas.setDash([float(length) for length in dashes], float(offset or 0))


def _outline(canvas: Any, segments: Any) -> Any:
    """The canvas's own path; quadratic curves become cubic ones."""
    drawn, at = canvas.beginPath(), np.zeros(2)
    for points, code in segments:
        values = [float(value) for value in points]
        if code == Path.MOVETO:
            drawn.moveTo(*values)
        elif code == Path.LINETO:
            drawn.lineTo(*values)
        elif code == Path.CURVE3:
            control, end = np.array(values[:2]), np.array(values[2:])
            first, second = at + 2 / 3 * (control - at), end + 2 / 3 * (control - end)
            drawn.curveTo(*first.tolist(), *second.tolist(), *end.tolist())
        elif code == Path.CURVE4:
            drawn.curveTo(*values)
        elif code == Path.CLOSEPOLY:
            drawn.close()
            continue
        at = np.array(values[-2:])
    return drawn


def _rectangle(canvas: Any, left: float, bottom: float, width: float, height: float) -> Any:
    drawn = canvas.beginPath()
    drawn.rect(float(left), float(bottom), float(width), float(height))
    return drawn
