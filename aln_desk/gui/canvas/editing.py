"""What is being edited: the annotation, a change under way, the selection. No widget, no painting."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from PySide6.QtCore import QObject, QPointF, QRectF, QSizeF, Signal
from PySide6.QtGui import QPolygonF

from aln_desk.domain import edit
from aln_desk.domain.annotation import Annotation
from aln_desk.domain.measures import Spacing
from aln_desk.domain.shape import TUMOUR_LABEL, Point, Shape
from aln_desk.gui.canvas import snap
from aln_desk.gui.canvas.hit import Hit, hit
from aln_desk.gui.canvas.outlines import Outlines, make_outline
from aln_desk.gui.canvas.proposal import Proposal

_STEP = 8.0
"""How far a copy lies from its original, in image pixels to the right and down."""
_NOTHING: frozenset[int] = frozenset()

Corners = Mapping[int, frozenset[int]]


class Editing(QObject):
    """The committed annotation and, during a gesture, a preview of the next one.

    ``edited(annotation, what)`` is emitted once a gesture, when it ends. ``changed`` says that painted layers are out
    of date, ``touched(indices)`` that only the marks of these shapes are.
    """

    edited = Signal(object, str)
    selectionChanged = Signal()
    changed = Signal()
    touched = Signal(object)
    noticed = Signal(str)
    """What was done beside what was asked, in a sentence."""
    proposalChanged = Signal()
    prompted = Signal(object, object, object)
    """Points, labels (1 inside, 0 outside) and box (or None) that say what is meant, in image pixels."""
    scaleDrawn = Signal(object)
    """The two ends, in image pixels, of a line over a known length."""

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.outlines = Outlines()
        self.size = QSizeF()
        self.label = TUMOUR_LABEL
        self.spacing: Spacing | None = None
        """How large a pixel is, for what tools measure; None where the image is not calibrated."""
        self.selection: frozenset[int] = _NOTHING
        self.lifted: frozenset[int] = _NOTHING
        self.hovered: Hit | None = None
        self.corners: Corners = {}
        """Chosen corners of the selected shapes, by shape."""
        self.proposal: Proposal | None = None
        """Outlines to accept or refuse."""
        self.hidden: frozenset[int] = _NOTHING
        self._committed: Annotation | None = None
        self._preview: Annotation | None = None

    # State

    @property
    def annotation(self) -> Annotation | None:
        """The annotation as it looks now, a change under way included."""
        return self._preview if self._preview is not None else self._committed

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """All shapes as they look now."""
        return self.annotation.shapes if self.annotation is not None else ()

    @property
    def movable(self) -> frozenset[int]:
        """The selected shapes that are not locked."""
        return frozenset(index for index in self.selection if not self.shapes[index].locked)

    def set_annotation(self, annotation: Annotation | None) -> None:
        """Show another annotation; a change under way is dropped, the selection kept where shapes remain."""
        if annotation is self._committed and self._preview is None:
            return
        same_image = _image_of(annotation) == _image_of(self._committed)
        if not same_image:
            self.propose(None)
        self._committed, self._preview, self.lifted = annotation, None, _NOTHING
        before, self.outlines = self.outlines, Outlines(annotation, self.outlines)
        self.hovered = None
        self.select(index for index in self.selection if same_image and index < len(self.shapes))
        self._keep_corners(before)
        self.changed.emit()

    def set_hidden(self, indices: Iterable[int]) -> None:
        """Shapes that are neither shown nor found by the pointer."""
        hidden = frozenset(indices)
        if hidden != self.hidden:
            self.hidden = hidden
            self.select(self.selection - hidden)
            self.changed.emit()

    def select(self, indices: Iterable[int]) -> None:
        """Select these shapes and no others."""
        selection = frozenset(indices) & frozenset(range(len(self.shapes)))
        if selection != self.selection:
            touched = selection ^ self.selection
            self.selection = selection
            self.choose_corners({index: self.corners.get(index, _NOTHING) for index in selection})
            self.touched.emit(touched)
            self.selectionChanged.emit()

    def find(self, at: QPointF, reach: float) -> Hit | None:
        """What lies at an image point, within ``reach`` image pixels."""
        return hit(self.outlines, at, reach, self.hidden, self.selection)

    def hover(self, found: Hit | None) -> None:
        """Mark what lies under the pointer."""
        if found != self.hovered:
            touched = frozenset(one.shape for one in (found, self.hovered) if one is not None)
            self.hovered = found
            self.touched.emit(touched)

    def choose_corners(self, corners: Corners) -> None:
        """Choose these corners and no others, of shapes that may be changed; what has no such corner is passed over."""
        kept = {
            shape: real
            for shape, chosen in corners.items()
            if shape in self.movable and (real := chosen & frozenset(range(len(self.outlines.all[shape].grips))))
        }
        if kept != self.corners:
            touched = frozenset(kept) | frozenset(self.corners)
            self.corners = kept
            self.touched.emit(touched)

    def corners_in(self, box: QRectF) -> dict[int, frozenset[int]]:
        """The corners inside a box of image pixels: of the selected shapes, or where none is selected of all shown."""
        among = self.selection or frozenset(range(len(self.shapes))) - self.hidden
        found: dict[int, frozenset[int]] = {}
        for index in among.intersection(self.outlines.within(box)):
            outline = self.outlines.all[index]
            if outline.grips and not outline.shape.locked:
                held = [box.contains(x, y) for x, y in outline.grips]
                found[index] = frozenset(corner for corner, is_held in enumerate(held) if is_held)
        return {index: corners for index, corners in found.items() if corners}

    def box(self, indices: Iterable[int]) -> QRectF:
        """The rectangle in image pixels around these shapes; indices beyond the last shape are passed over."""
        united = QRectF()
        for index in indices:
            if index < len(self.outlines.all):
                united = united.united(_solid(self.outlines.all[index].box))
        return united

    # Where points may lie

    def inside(self, at: QPointF) -> Point:
        """The nearest point of the image."""
        return snap.inside(at, self.size)

    def snapped(self, at: QPointF, reach: float, apart: Iterable[int] = ()) -> Point:
        """Where a point put at ``at`` goes: see `snap.snapped`; shapes ``apart``, lifted or hidden draw nothing."""
        away = frozenset(apart) | self.hidden | self.lifted
        return snap.snapped(self.outlines, self.size, at, reach, away)

    def free_move(self, annotation: Annotation, indices: Iterable[int], dx: float, dy: float) -> tuple[float, float]:
        """As much of a shift as keeps these shapes in the image; no further out where they already leave it."""
        box = QRectF()
        for index in indices:
            box = box.united(_solid(make_outline(annotation.shapes[index]).box))
        return self._free(box, dx, dy)

    def free_shift(self, points: Iterable[Point], dx: float, dy: float) -> tuple[float, float]:
        """As much of a shift as keeps these points in the image; no further out where they already leave it."""
        return self._free(_solid(QPolygonF([QPointF(x, y) for x, y in points]).boundingRect()), dx, dy)

    def _free(self, box: QRectF, dx: float, dy: float) -> tuple[float, float]:
        return (
            min(max(dx, min(0.0, -box.left())), max(0.0, self.size.width() - box.right())),
            min(max(dy, min(0.0, -box.top())), max(0.0, self.size.height() - box.bottom())),
        )

    # Changes

    def preview(self, annotation: Annotation, lifted: Iterable[int]) -> None:
        """Show a change under way, which touches the ``lifted`` shapes only."""
        lifted = frozenset(lifted)
        newly = lifted != self.lifted
        if not newly:
            self.touched.emit(lifted)
        self.lifted, self._preview = lifted, annotation
        self.outlines = Outlines(annotation, self.outlines)
        if newly:
            self.changed.emit()
        else:
            self.touched.emit(lifted)

    def commit(self, what: str) -> None:
        """End the change under way and tell of it."""
        if self._preview is None:
            return
        changed, self._committed = self._preview is not self._committed, self._preview
        self._preview, self.lifted = None, _NOTHING
        self.changed.emit()
        if changed:
            self.edited.emit(self._committed, what)

    def revert(self) -> None:
        """Drop the change under way."""
        if self._preview is not None:
            self._preview, self.lifted = None, _NOTHING
            self.outlines = Outlines(self._committed, self.outlines)
            self.changed.emit()

    def apply(self, annotation: Annotation, what: str) -> None:
        """A change without a gesture."""
        self._preview = annotation
        before, self.outlines = self.outlines, Outlines(annotation, self.outlines)
        self.hovered = None
        kept = frozenset(range(len(annotation.shapes)))
        if not self.selection <= kept:
            self.select(self.selection & kept)
        self._keep_corners(before)
        self.commit(what)

    def add(self, shapes: Sequence[Shape], what: str) -> None:
        """New shapes, selected; points outside the image are drawn to its border."""
        annotation = self.annotation
        if annotation is None or not shapes:
            return
        before = len(annotation.shapes)
        for shape in shapes:
            points = tuple(self.inside(QPointF(x, y)) for x, y in shape.points)
            annotation = edit.add_shape(annotation, shape.with_points(points))
        self.apply(annotation, what)
        self.select(range(before, len(self.shapes)))

    def draw(self, points: Iterable[Point], shape_type: str) -> None:
        """A new shape with the current label, selected; a polygon that crosses itself is mended (`noticed` tells)."""
        drawn = [tuple(points)]
        if shape_type == "polygon":
            from aln_desk.outline.areas import repaired

            drawn, notice = repaired(drawn[0], twice_is_inside=True)
            if notice:
                self.noticed.emit(notice)
        self.add([Shape(self.label, ring, shape_type) for ring in drawn], f"Draw {shape_type}")

    def delete_selected(self) -> None:
        """Delete the selected shapes that are not locked."""
        if self.annotation is not None and self.movable:
            gone = self.movable
            self.select(())
            self.apply(edit.delete_shapes(self.annotation, gone), _count("Delete", len(gone)))

    def duplicate_selected(self) -> None:
        """Copies of the selected shapes, on top of them by a small step, selected."""
        if self.annotation is not None and self.selection:
            before = len(self.shapes)
            self.apply(edit.duplicate_shapes(self.annotation, self.selection), _count("Duplicate", len(self.selection)))
            self.select(range(before, len(self.shapes)))

    def relabel_selected(self, label: str) -> None:
        """Give the selected shapes another label."""
        if self.annotation is not None and any(self.shapes[index].label != label for index in self.movable):
            self.apply(edit.relabel(self.annotation, self.movable, label), "Change label")

    def _keep_corners(self, before: Outlines) -> None:
        """Chosen corners stay chosen where their shape has as many as before."""
        counts = {index: len(before.all[index].grips) for index in self.corners if index < len(before.all)}
        now = self.outlines.all
        self.choose_corners(
            {
                index: self.corners[index]
                for index, count in counts.items()
                if index < len(now) and len(now[index].grips) == count
            }
        )

    def propose(self, proposal: Proposal | None) -> None:
        """Show outlines to accept or refuse; None takes them away."""
        if proposal is not self.proposal:
            self.proposal = proposal
            self.proposalChanged.emit()

    def accept_proposal(self) -> None:
        """Draw what is proposed, selected."""
        proposal = self.proposal
        if proposal is not None:
            self.propose(None)
            self.add(proposal.accepted, proposal.what)

    def select_all(self) -> None:
        """Select every shape that is shown."""
        self.select(frozenset(range(len(self.shapes))) - self.hidden)


def _solid(box: QRectF) -> QRectF:
    """Qt takes a rectangle without width or height for none at all."""
    return box.adjusted(0, 0, 1e-6, 1e-6)


def _image_of(annotation: Annotation | None) -> str | None:
    return annotation.image_path if annotation is not None else None


def _count(verb: str, number: int) -> str:
    return f"{verb} shape" if number == 1 else f"{verb} {number} shapes"
