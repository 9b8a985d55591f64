"""The image as large as possible, what lies over it, and what is known under the cursor. Nothing is edited here."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from functools import partial
from math import isnan, nan
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PySide6.QtCore import Qt, Signal
from PySide6.QtWidgets import QHBoxLayout, QVBoxLayout, QWidget

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.calibration import spacing_in
from aln_desk.domain.errors import AlnError
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.gui import tasks
from aln_desk.gui.actions import Actions
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.findings import cam_at, caption, dice
from aln_desk.gui.pictures import Pictures
from aln_desk.gui.widgets.image_pair import ImagePair
from aln_desk.gui.widgets.image_tools import ImageTools
from aln_desk.gui.widgets.info_bar import InfoBar
from aln_desk.gui.widgets.labels import label
from aln_desk.gui.widgets.overlay_row import ALL_SHOWN, OverlayRow
from aln_desk.gui.widgets.second_image import SecondImage
from aln_desk.gui.workspace import Workspace


class ImageRoom(QWidget):
    """Follows the instance selected in the workspace.

    ``overlapChanged`` comes when `overlap` is another, ``refreshed`` when an
    image (or none) and what lies on it are on screen.
    """

    overlapChanged = Signal()
    refreshed = Signal()

    def __init__(
        self,
        workspace: Workspace,
        actions: Actions,
        shown: Collection[str] = ALL_SHOWN,
        mode: str = "review",
        parent: QWidget | None = None,
    ) -> None:
        """``shown`` are the layers that are on at first; the keys told are those of ``mode``."""
        super().__init__(parent)
        self._workspace = workspace
        self._pictures = Pictures(self)
        self._shown = ""
        self._kept_view: Mapping[str, Any] | None = None
        self._cursor = ""
        self.overlap = nan
        self.info = InfoBar()
        self.tools = OverlayRow(actions, shown, mode)
        self.canvas = ImageCanvas()
        self.canvas.set_editable(False)
        self.caption = label("", "onImage")
        self.pair = ImagePair(self.canvas, self.caption, partial(self._second_image, actions))
        self.reading = label("", "onImage")
        self._lay_out()
        self._connect()
        ImageTools(self.tools, self.pair, actions, self)

    @property
    def shown(self) -> str:
        """Id of the instance whose pixels are on screen; the selected one's may still be read. Empty for none."""
        return self._shown

    def refresh(self) -> None:
        """Show the selected instance with everything known of it now."""
        instance, patient = self._workspace.instance, self._workspace.patient
        if instance is None or patient is None:
            self._shown = ""
            self.canvas.set_image(None)
            self._dress(None, None)
            self._show_second()
            self.caption.setText("This patient has no image." if patient else "")
            self.refreshed.emit()
            return
        self.caption.setText(caption(patient, instance.id))
        pixels = self._pictures.get(instance.image)
        if pixels is not None:
            self._show_picture(instance.id, pixels)
        around = (self._workspace.neighbour(1), self._workspace.neighbour(-1))
        self._pictures.prefetch([one.image for one in (*around, *patient.bag) if one is not None])

    def refresh_overlays(self) -> None:
        """Show the newest outlines and findings of the image on screen."""
        if self._shown:
            self._dress(self._annotation(self._shown), self._workspace.prediction(self._shown))
        self._dress_second()

    def save_state(self) -> dict[str, object]:
        """Layers, levels, aids, the second image, and how the image is placed on screen."""
        return {**self.tools.save_state(), "view": self.canvas.view_state(), "pair": self.pair.save_state()}

    def restore_state(self, state: dict[str, object]) -> None:
        """Take a saved state back; the view is restored with the first image shown."""
        self.pair.restore_state(state.get("pair"))
        self.tools.restore_state(state)
        view = state.get("view")
        self._kept_view = view if isinstance(view, dict) else None
        if self._shown:
            self._restore_view()

    @property
    def _cam_top(self) -> float | None:
        """What the CAM's scale must hold; None where the model has no evidence to show."""
        model = self._workspace.model
        return model.cam_top if model is not None and model.knows_outcome else None

    @property
    def _draws(self) -> bool:
        """Whether the model was taught masks; one that was not gives empty ones."""
        return self._workspace.model is None or self._workspace.model.draws

    def _show_picture(self, name: str, pixels: NDArray[np.uint8]) -> None:
        if name != self._shown:
            self.canvas.set_image(pixels)  # may conclude an outline, which belongs to the image shown before
            self._shown = name
            self.info.hide()
            self._restore_view()
        self.refresh_overlays()
        self._show_second()
        self.refreshed.emit()

    def _restore_view(self) -> None:
        if self._kept_view is not None:
            self.canvas.restore_view(self._kept_view)
            self._kept_view = None

    def _picture_ready(self, path: str) -> None:
        if self._workspace.instance is not None and self._workspace.instance.image == path:
            self.refresh()

    def _picture_failed(self, path: str, sentence: str) -> None:
        if self._workspace.instance is not None and self._workspace.instance.image == path:
            self._shown = ""
            self.canvas.set_image(None)
            self._dress(None, None)
            self._show_second()
            self.info.say(sentence, "error")
            self.refreshed.emit()

    def _annotation(self, name: str) -> Annotation | None:
        try:
            return self._workspace.annotation(name)
        except AlnError as error:
            self.info.say(str(error), "error")
            return None

    def _dress(self, annotation: Annotation | None, prediction: InstancePrediction | None) -> None:
        self.canvas.set_annotation(annotation)
        self.canvas.set_spacing(spacing_in(annotation) if annotation is not None else None)
        self.tools.offer("cam", self._cam_top is not None)
        self.tools.offer("predicted", self._draws)
        self.canvas.set_prediction(prediction, self._cam_top)
        self._set_overlap(nan)
        if annotation is not None and annotation.shapes and prediction is not None and self._draws:
            tasks.run(partial(_overlap, annotation, prediction), partial(self._take_overlap, annotation, prediction))

    def _take_overlap(self, annotation: Annotation, prediction: InstancePrediction, overlap: float) -> None:
        """Only for what is still on screen."""
        if not self._shown or self._workspace.prediction(self._shown) is not prediction:
            return
        if self._annotation(self._shown) is annotation:
            self._set_overlap(overlap)

    def _set_overlap(self, overlap: float) -> None:
        self.overlap = overlap
        self._cursor = ""
        self._tell()
        self.overlapChanged.emit()

    def _follow_cursor(self, x: float, y: float) -> None:
        prediction = self._workspace.prediction(self._shown) if self._shown else None
        value = cam_at(prediction, x, y) if prediction is not None and self._cam_top is not None else None
        self._cursor = "" if value is None else f"CAM under cursor {value:+.2f}".replace("-", "−")
        self._tell()

    def _tell(self) -> None:
        """Of the model only what is shown: who draws without its mask must not be led by a number of it."""
        cam = self._cursor if self.tools.overlay("cam")[0] else ""
        compared = self.tools.overlay("predicted")[0] and not isnan(self.overlap)
        overlap = f"overlap (Dice) {self.overlap:.2f}" if compared else ""
        self.reading.setText(" · ".join(words for words in (cam, overlap) if words))

    # The second image

    def _second_image(self, actions: Actions) -> SecondImage:
        """Made when it is first wanted."""
        made = SecondImage(self.canvas, self._workspace, actions, self._pictures)
        made.shownChanged.connect(self._dress_second)
        return made

    def _show_second(self) -> None:
        if self.pair.second is not None and self.pair.is_open:
            self.pair.second.follow(self._workspace.patient, self._shown)

    def _dress_second(self) -> None:
        second = self.pair.second
        if second is not None:
            prediction = self._workspace.prediction(second.shown) if second.shown else None
            second.canvas.set_prediction(prediction, self._cam_top)

    def _connect(self) -> None:
        self._pictures.ready.connect(self._picture_ready)
        self._pictures.failed.connect(self._picture_failed)
        self.tools.overlayChanged.connect(self._tell)
        self.canvas.cursorMoved.connect(self._follow_cursor)
        self.pair.openChanged.connect(self._show_second)

    def _lay_out(self) -> None:
        room = QWidget()
        room.setObjectName("imageRoom")
        room.setAttribute(Qt.WidgetAttribute.WA_StyledBackground)
        bottom = QHBoxLayout()
        bottom.addStretch(1)
        bottom.addWidget(self.reading)
        inside = QVBoxLayout(room)
        inside.setContentsMargins(12, 8, 12, 8)
        inside.setSpacing(6)
        inside.addWidget(self.pair, 1)
        inside.addLayout(bottom)
        column = QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.info)
        column.addWidget(self.tools)
        column.addWidget(room, 1)


def _overlap(annotation: Annotation, prediction: InstancePrediction) -> float:
    from aln_desk.io import rasterize

    height, width = prediction.mask.shape
    return dice(rasterize.class_mask(annotation, height, width) > 0, prediction.mask)
