"""What the row above the image says, carried to one canvas or two, and what they say carried back."""

from __future__ import annotations

from functools import partial

from PySide6.QtCore import QObject
from PySide6.QtWidgets import QWidget

from aln_desk.gui.actions import Actions
from aln_desk.gui.canvas.levels import Levels
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.widgets.held_key import HeldKey
from aln_desk.gui.widgets.image_pair import ImagePair
from aln_desk.gui.widgets.overlay_row import AIDS, OVERLAYS, OverlayRow

_ZOOM_STEP = 1.25
_RULER, _PAIR = "ruler", "side_by_side"


class ImageTools(QObject):
    """Every canvas shows the layers, greys and aids that the row says; the keys work while ``owner`` is on screen."""

    def __init__(self, row: OverlayRow, pair: ImagePair, actions: Actions, owner: QWidget) -> None:
        super().__init__(owner)
        self._row = row
        self._pair = pair
        row.overlayChanged.connect(self._set_overlay)
        row.levelsChanged.connect(self._set_levels)
        row.aidToggled.connect(self._set_aid)
        row.fitRequested.connect(pair.main.fit)
        pair.main.zoomChanged.connect(row.set_zoom)
        pair.openChanged.connect(partial(row.set_aid, _PAIR))
        pair.canvasMade.connect(self._take_in)
        self._connect_actions(actions, owner)
        self._take_in(pair.main)

    def _take_in(self, canvas: ImageCanvas) -> None:
        """A canvas is new: it shows what the row says, and may say something itself."""
        canvas.levelsChanged.connect(self._row.set_levels)
        canvas.rulerChanged.connect(partial(self._row.set_aid, _RULER))
        for overlay in OVERLAYS:
            canvas.set_overlay(overlay.name, *self._row.overlay(overlay.name))
        for aid in AIDS:
            _switch(canvas, aid.name, self._row.aid(aid.name))
        canvas.set_levels(self._row.levels)

    def _set_overlay(self, name: str, visible: bool, opacity: float) -> None:
        for canvas in self._pair.canvases:
            canvas.set_overlay(name, visible, opacity)

    def _set_levels(self, levels: Levels) -> None:
        for canvas in self._pair.canvases:
            canvas.set_levels(levels)

    def _set_aid(self, name: str, on: bool) -> None:
        if name == _PAIR:
            self._pair.set_open(on)
        for canvas in self._pair.canvases:
            _switch(canvas, name, on)

    def _toggle_aid(self, name: str) -> None:
        self._row.set_aid(name, not self._row.aid(name))

    def _hold_ruler(self, held: bool) -> None:
        """Its key lays the ruler on and takes it off; held while something is measured, it measures once."""
        if held:
            self._toggle_aid(_RULER)
        elif any(canvas.measured for canvas in self._pair.canvases):
            self._row.set_aid(_RULER, False)

    def _connect_actions(self, actions: Actions, owner: QWidget) -> None:
        canvas, row = self._pair.main, self._row
        for overlay in OVERLAYS:
            for mode in ("annotate", "review"):
                actions.on(f"overlay.{overlay.name}.{mode}", owner, partial(row.toggle, overlay.name))
        for aid in AIDS:
            if aid.name != _RULER:
                actions.on(f"view.{aid.name}", owner, partial(self._toggle_aid, aid.name))
        HeldKey(actions, f"view.{_RULER}", owner, yields=False).held.connect(self._hold_ruler)
        actions.on("view.link", owner, self._pair.toggle_link)
        actions.on("view.invert", owner, row.toggle_invert)
        actions.on("view.clahe", owner, row.toggle_local)
        actions.on("levels.reset", owner, row.reset_levels)
        actions.on("zoom.in", owner, partial(canvas.zoom_by, _ZOOM_STEP))
        actions.on("zoom.out", owner, partial(canvas.zoom_by, 1 / _ZOOM_STEP))
        actions.on("zoom.full", owner, partial(canvas.set_zoom, 1.0))
        actions.on("zoom.fit", owner, canvas.fit)
        actions.on("zoom.selection", owner, canvas.fit_selection)


def _switch(canvas: ImageCanvas, aid: str, on: bool) -> None:
    """Put an aid of one canvas on or off."""
    if aid == "crosshair":
        canvas.set_crosshair(on)
    elif aid == "magnifier":
        canvas.set_magnifier(on)
    elif aid == _RULER:
        canvas.set_ruler(on)
