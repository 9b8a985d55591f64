"""What the Shape menu does to the selected shapes: their algebra, their form, their order and groups."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import partial

from PySide6.QtCore import QObject, Signal

from aln_desk.domain import edit, geometry, measures
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.shape import Point, Shape
from aln_desk.gui.canvas.editing import Editing

Rings = Sequence[Sequence[Point]]

SMOOTHING, TOLERANCE, GROWTH = 12.0, 2.0, 3.0
"""Of one press, in widget pixels (a reader smooths and simplifies what is seen); growth in image pixels."""

_KNIVES = frozenset({"line", "linestrip"})
_AREAS = frozenset({"polygon", "rectangle", "oriented_rectangle", "circle"})
_MASK_FIRST = "A mask has pixels and no outline: make a polygon of it first (menu Shape)."


class ShapeOperations(QObject):
    """Each is one step of the history. ``said`` carries what stood in the way, or what else happened, in a sentence."""

    said = Signal(str)

    def __init__(self, editing: Editing, zoom: Callable[[], float]) -> None:
        """``zoom``: widget pixels per image pixel now."""
        super().__init__(editing)
        self._editing = editing
        self._zoom = zoom
        self.by_action: Mapping[str, Callable[[], None]] = {
            "shape.unite": self.unite,
            "shape.subtract": self.subtract,
            "shape.intersect": self.intersect,
            "shape.split": self.split,
            "shape.smooth": self.smooth,
            "shape.simplify": self.simplify,
            "shape.grow": partial(self.grow, GROWTH),
            "shape.shrink": partial(self.grow, -GROWTH),
            "shape.repair": self.repair,
            "shape.polygon": self.make_polygon,
            "shape.raise": partial(self._reorder, edit.raise_shapes, False, "Raise"),
            "shape.lower": partial(self._reorder, edit.lower_shapes, False, "Lower"),
            "shape.to_top": partial(self._reorder, edit.raise_shapes, True, "Bring to the top"),
            "shape.to_bottom": partial(self._reorder, edit.lower_shapes, True, "Send to the bottom"),
            "shape.group": self.group,
            "shape.ungroup": self.ungroup,
        }

    # Several areas

    def unite(self) -> None:
        """One shape of all selected ones."""
        from aln_desk.outline import areas

        self._combine("unite", areas.unite, "Unite shapes")

    def subtract(self) -> None:
        """The largest selected shape without the others."""
        from aln_desk.outline import areas

        self._combine("subtract", lambda shapes: areas.subtract(shapes[0], shapes[1:]), "Subtract shapes")

    def intersect(self) -> None:
        """What all selected shapes have in common."""
        from aln_desk.outline import areas

        self._combine("intersect", areas.intersect, "Intersect shapes")

    def split(self) -> None:
        """The selected areas cut by the selected lines, which go."""
        from aln_desk.outline import areas

        annotation, chosen = self._chosen()
        knives, wholes = self._of(_KNIVES, chosen), self._of(_AREAS, chosen)
        if annotation is None or not knives or not wholes:
            self.said.emit("Draw a line across the shape, then select both: the line cuts the shape.")
            return
        parts: list[Shape] = []
        for index in wholes:
            rings: Rings = [measures.polygon_of(annotation.shapes[index])]
            for knife in knives:
                line = annotation.shapes[knife].points
                rings = [ring for part in rings for ring in areas.split(_ring_shape(part), line)]
            parts += _shaped(annotation.shapes[index], rings)
        if len(parts) == len(wholes):
            self.said.emit("The line does not reach across the shape; draw it from outside to outside.")
        else:
            self._replace(annotation, sorted([*knives, *wholes]), parts, "Split shape")

    # The form of each

    def smooth(self) -> None:
        """Without the unevenness that a reader's hand leaves at this zoom."""
        from aln_desk.outline import forms

        self._reshape(lambda points: forms.smoothed(points, SMOOTHING / self._zoom()), "Smooth outline")

    def simplify(self) -> None:
        """Through fewer points, as far as one does not see it at this zoom."""
        from aln_desk.outline import forms

        self._reshape(lambda points: forms.simplified(points, TOLERANCE / self._zoom()), "Simplify outline")

    def grow(self, pixels: float) -> None:
        """Larger by so many pixels on all sides; smaller by negative ones."""
        from aln_desk.outline import forms

        self._reshape(lambda points: forms.grown(points, pixels), "Grow outline" if pixels > 0 else "Shrink outline")

    def repair(self) -> None:
        """Outlines that cross themselves made sound; all of the image where none is selected."""
        from aln_desk.outline import areas

        if not self._editing.selection:
            self._editing.select_all()
        notices: list[str] = []

        def mended(points: Sequence[Point]) -> Rings:
            rings, notice = areas.repaired(points)
            notices.extend([notice] if notice else [])
            return rings

        if self._of(frozenset({"polygon"}), self._chosen()[1]):
            self._reshape(mended, "Repair outline", frozenset({"polygon"}))
        self.said.emit(" ".join(dict.fromkeys(notices)) or "No outline crosses itself.")

    def make_polygon(self) -> None:
        """Rectangles, circles and masks as polygons, for tools that change polygons."""
        self._reshape(lambda points: [points], "Make a polygon", (_AREAS | {"mask"}) - {"polygon"})

    # Order and groups

    def group(self) -> None:
        """The selected shapes as one group, which LabelMe knows by a number."""
        annotation, chosen = self._chosen()
        if annotation is not None and len(chosen) > 1:
            self._editing.apply(edit.set_group(annotation, chosen, edit.free_group(annotation)), "Group shapes")
        else:
            self.said.emit("Select two shapes or more to group them (Ctrl+click).")

    def ungroup(self) -> None:
        """The selected shapes in no group."""
        annotation, chosen = self._chosen()
        if annotation is not None and chosen:
            self._editing.apply(edit.set_group(annotation, chosen, None), "Ungroup shapes")

    def _reorder(self, move: Callable[[Annotation, Iterable[int], bool], Annotation], to_end: bool, what: str) -> None:
        annotation, chosen = self._chosen()
        if annotation is None or not chosen:
            return
        moved = move(annotation, chosen, to_end)
        places = {id(shape): place for place, shape in enumerate(moved.shapes)}
        self._editing.apply(moved, what)
        self._editing.select(places[id(annotation.shapes[index])] for index in chosen)

    # Common to all

    def _chosen(self) -> tuple[Annotation | None, list[int]]:
        """The annotation and the selected shapes that may be changed, in its order."""
        return self._editing.annotation, sorted(self._editing.movable)

    def _of(self, kinds: frozenset[str], indices: Iterable[int]) -> list[int]:
        return [index for index in indices if self._editing.shapes[index].shape_type in kinds]

    def _combine(self, verb: str, join: Callable[[list[Shape]], Rings], what: str) -> None:
        annotation, chosen = self._chosen()
        if self._of(frozenset({"mask"}), chosen):
            self.said.emit(_MASK_FIRST)
            return
        chosen = self._of(_AREAS, chosen)
        if annotation is None or len(chosen) < 2:
            self.said.emit(f"Select two shapes with an area or more to {verb} them (Ctrl+click).")
            return
        by_size = sorted((annotation.shapes[index] for index in chosen), key=geometry.area, reverse=True)
        rings = join(by_size)
        if rings:
            self._replace(annotation, chosen, _shaped(by_size[0], rings), what)
        else:
            self.said.emit("Nothing would be left of the shapes, so they stay as they are.")

    def _reshape(self, change: Callable[[Sequence[Point]], Rings], what: str, kinds: frozenset[str] = _AREAS) -> None:
        """Each selected shape of these kinds as what ``change`` makes of its ring."""
        annotation, chosen = self._chosen()
        chosen = self._of(kinds, chosen)
        if annotation is None or not chosen:
            masks = self._of(frozenset({"mask"}), self._editing.selection)
            self.said.emit(_MASK_FIRST if masks else "Select a shape with an area first.")
            return
        shapes, fresh = list(annotation.shapes), set()
        for index in reversed(chosen):
            parts = _shaped(shapes[index], [part for ring in _rings(shapes[index]) for part in change(ring)])
            shapes[index : index + 1] = parts or [shapes[index]]
            fresh |= set(map(id, parts))
        if not fresh:
            self.said.emit("Nothing would be left of it, so it stays as it is.")
            return
        if tuple(shapes) == annotation.shapes:
            return
        self._editing.apply(annotation.with_shapes(tuple(shapes)), what)
        self._editing.select(index for index, shape in enumerate(self._editing.shapes) if id(shape) in fresh)

    def _replace(self, annotation: Annotation, chosen: list[int], shapes: list[Shape], what: str) -> None:
        self._editing.select(())
        self._editing.apply(edit.replace_shapes(annotation, chosen, shapes), what)
        self._editing.select(range(chosen[0], chosen[0] + len(shapes)))


def _shaped(first: Shape, rings: Rings) -> list[Shape]:
    """Polygons through the rings that are otherwise what ``first`` is."""
    return [replace(first, points=tuple(ring), shape_type="polygon", mask=None) for ring in rings]


def _ring_shape(ring: Sequence[Point]) -> Shape:
    return Shape("", tuple(ring))


def _rings(shape: Shape) -> Rings:
    """The ring of a shape with an area, or the parts of a mask's pixels, in image pixels."""
    if shape.shape_type != "mask":
        return [measures.polygon_of(shape)]
    from aln_desk.io.rasterize import mask_pixels, outlines

    left, top = (round(min(side)) for side in zip(*shape.points, strict=True))
    parts = outlines(mask_pixels(shape.mask or ""), 0.5)
    return [[(x + left, y + top) for x, y in part] for part in parts]
