"""Everything the window can do, in one table: menus, keys and the key sheet are all made from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import QObject, Signal
from PySide6.QtGui import QAction, QKeySequence
from PySide6.QtWidgets import QMenu, QMenuBar, QWidget

MODES = ("patients", "annotate", "review", "train", "evaluate")

_SCOPES: dict[str, frozenset[str]] = {
    "window": frozenset({"welcome", "busy", *MODES}),
    "project": frozenset(MODES),
    "image": frozenset({"annotate", "review"}),
    "bag": frozenset({"patients", "annotate", "review"}),
    **{mode: frozenset({mode}) for mode in MODES},
}
"""The modes in which a scope's actions answer; ``window`` is everywhere, ``project`` needs an open one."""


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """One row: ``menu`` is where it is listed, ``key`` its default in Qt's portable words (empty: none).

    ``checked`` is how a checkable action begins.
    """

    id: str
    menu: str
    text: str
    key: str = ""
    scope: str = "project"
    checkable: bool = False
    checked: bool = False


_DIGITS = range(1, 10)

ACTIONS: tuple[ActionSpec, ...] = (
    ActionSpec("project.new", "File", "New project from a folder…", "Ctrl+Shift+N", "window"),
    ActionSpec("project.open", "File", "Open project…", "Ctrl+O", "window"),
    ActionSpec("project.demonstration", "File", "Open the demonstration", "", "window"),
    ActionSpec("project.close", "File", "Close project", "Ctrl+W"),
    ActionSpec("outlines.import", "File", "Import outlines…"),
    ActionSpec("outlines.export", "File", "Export outlines…"),
    ActionSpec("review.report", "File", "Save the patient's report…", "Ctrl+P", "review"),
    ActionSpec("evaluate.export", "File", "Export tables and figures…", "Ctrl+Shift+E", "evaluate"),
    ActionSpec("window.quit", "File", "Quit", "Ctrl+Q", "window"),
    ActionSpec("edit.undo", "Edit", "Undo", "Ctrl+Z", "annotate"),
    ActionSpec("edit.redo", "Edit", "Redo", "Ctrl+Shift+Z", "annotate"),
    ActionSpec("edit.redo_too", "Edit", "Redo (second key)", "Ctrl+Y", "annotate"),
    ActionSpec("edit.save", "Edit", "Save now", "Ctrl+S"),
    ActionSpec("tool.select", "Edit", "Select and move", "V", "annotate"),
    ActionSpec("tool.polygon", "Edit", "Draw a polygon", "P", "annotate"),
    ActionSpec("tool.live_edge", "Edit", "Outline along the edge", "E", "annotate"),
    ActionSpec("tool.wand", "Edit", "Magic wand", "Shift+E", "annotate"),
    ActionSpec("tool.brush", "Edit", "Brush", "B", "annotate"),
    ActionSpec("tool.eraser", "Edit", "Eraser", "G", "annotate"),
    ActionSpec("tool.rectangle", "Edit", "Draw a rectangle", "R", "annotate"),
    ActionSpec("tool.oriented_rectangle", "Edit", "Draw an oriented rectangle", "Shift+R", "annotate"),
    ActionSpec("tool.circle", "Edit", "Draw a circle", "C", "annotate"),
    ActionSpec("tool.ellipse", "Edit", "Draw an ellipse", "Shift+C", "annotate"),
    ActionSpec("tool.line", "Edit", "Draw a line", "J", "annotate"),
    ActionSpec("tool.linestrip", "Edit", "Draw a line of several parts", "Shift+J", "annotate"),
    ActionSpec("tool.point", "Edit", "Draw a point", "Q", "annotate"),
    ActionSpec("tool.points", "Edit", "Draw several points", "Shift+Q", "annotate"),
    ActionSpec("tool.caliper", "Measure", "Caliper", "Y", "annotate"),
    ActionSpec("tool.axes", "Measure", "Long and short axis", "Shift+Y", "annotate"),
    ActionSpec("tool.angle", "Measure", "Angle", "", "annotate"),
    ActionSpec("tool.thickness", "Measure", "Cortical thickness", "U", "annotate"),
    ActionSpec("tool.calibrate", "Measure", "Calibrate on the depth scale", "", "annotate"),
    ActionSpec("shape.delete", "Edit", "Delete the selected shapes", "Delete", "annotate"),
    ActionSpec("shape.duplicate", "Edit", "Duplicate the selected shapes", "Ctrl+D", "annotate"),
    ActionSpec("shape.copy", "Edit", "Copy the selected shapes", "Ctrl+C", "annotate"),
    ActionSpec("shape.paste", "Edit", "Paste shapes", "Ctrl+V", "annotate"),
    ActionSpec("shape.select_all", "Edit", "Select all shapes", "Ctrl+A", "annotate"),
    ActionSpec("shape.relabel", "Edit", "Change the label…", "Ctrl+E", "annotate"),
    ActionSpec("shape.unite", "Shape", "Unite", "Ctrl+Shift+U", "annotate"),
    ActionSpec("shape.subtract", "Shape", "Subtract the smaller from the largest", "Ctrl+Shift+X", "annotate"),
    ActionSpec("shape.intersect", "Shape", "Intersect", "Ctrl+Shift+I", "annotate"),
    ActionSpec("shape.split", "Shape", "Split along the selected line", "Ctrl+Shift+K", "annotate"),
    ActionSpec("shape.smooth", "Shape", "Smooth", "Ctrl+Shift+S", "annotate"),
    ActionSpec("shape.simplify", "Shape", "Simplify", "Ctrl+Shift+P", "annotate"),
    ActionSpec("shape.grow", "Shape", "Grow by 3 px", "Ctrl+Shift++", "annotate"),
    ActionSpec("shape.shrink", "Shape", "Shrink by 3 px", "Ctrl+Shift+-", "annotate"),
    ActionSpec("shape.repair", "Shape", "Repair outlines that cross themselves", "", "annotate"),
    ActionSpec("shape.polygon", "Shape", "Make a polygon of it", "", "annotate"),
    ActionSpec("shape.raise", "Shape", "Raise", "Ctrl+]", "annotate"),
    ActionSpec("shape.lower", "Shape", "Lower", "Ctrl+[", "annotate"),
    ActionSpec("shape.to_top", "Shape", "Bring to the top", "Ctrl+Shift+]", "annotate"),
    ActionSpec("shape.to_bottom", "Shape", "Send to the bottom", "Ctrl+Shift+[", "annotate"),
    ActionSpec("shape.group", "Shape", "Group", "Ctrl+G", "annotate"),
    ActionSpec("shape.ungroup", "Shape", "Ungroup", "Ctrl+Shift+G", "annotate"),
    ActionSpec("shape.lock", "Shape", "Lock or unlock", "Ctrl+Shift+L", "annotate"),
    ActionSpec("shape.hide_all", "Shape", "Hide or show all", "H", "annotate"),
    ActionSpec("shape.to_next", "Shape", "Go on with a copy on the next image", "Ctrl+Shift+D", "annotate"),
    ActionSpec("shape.to_back", "Shape", "Go back with a copy on the image before", "Ctrl+Shift+A", "annotate"),
    ActionSpec("label.tumour", "Label", "Tumour", "T", "annotate"),
    ActionSpec("label.node", "Label", "Lymph node", "L", "annotate"),
    *(
        ActionSpec(f"label.{digit}", "Label", f"Label with the key {digit}", str(digit), "annotate")
        for digit in _DIGITS
    ),
    ActionSpec("labels.edit", "Label", "Labels of this project…", "", "annotate"),
    ActionSpec("labels.rename", "Label", "Rename a label on all images…", "", "annotate"),
    ActionSpec("image.done", "Image", "Done, and on", "Ctrl+Return", "annotate"),
    ActionSpec("image.review", "Image", "Needs review", "Ctrl+Shift+Return", "annotate"),
    ActionSpec("image.reject", "Image", "Reject, with a reason", "Ctrl+Backspace", "annotate"),
    ActionSpec("image.no_lesion", "Image", "No lesion on this image", "0", "annotate"),
    ActionSpec("image.clear", "Image", "Delete everything drawn on this image", "Ctrl+Delete", "annotate"),
    ActionSpec("mode.patients", "View", "Patients", "Ctrl+1"),
    ActionSpec("mode.annotate", "View", "Annotate", "Ctrl+2"),
    ActionSpec("mode.review", "View", "Review", "Ctrl+3"),
    ActionSpec("mode.train", "View", "Train", "Ctrl+4"),
    ActionSpec("mode.evaluate", "View", "Evaluate", "Ctrl+5"),
    ActionSpec("overlay.drawn.review", "View", "Drawn outline", "1", "review"),
    ActionSpec("overlay.predicted.review", "View", "Predicted outline", "2", "review"),
    ActionSpec("overlay.cam.review", "View", "CAM (where the score comes from)", "3", "review"),
    ActionSpec("overlay.drawn.annotate", "View", "Drawn outline (in Annotate)", "Alt+1", "annotate"),
    ActionSpec("overlay.predicted.annotate", "View", "Predicted outline (in Annotate)", "Alt+2", "annotate"),
    ActionSpec("overlay.cam.annotate", "View", "CAM (in Annotate)", "Alt+3", "annotate"),
    ActionSpec("overlay.plain", "View", "Plain image while the key is held", "Space", "review"),
    ActionSpec("outcomes.show", "View", "Show outcomes", "O", "review", checkable=True, checked=True),
    ActionSpec("zoom.in", "View", "Zoom in", "Ctrl+=", "image"),
    ActionSpec("zoom.out", "View", "Zoom out", "Ctrl+-", "image"),
    ActionSpec("zoom.full", "View", "Zoom to 100 %", "Ctrl+0", "image"),
    ActionSpec("zoom.fit", "View", "Fit the image", "Ctrl+F", "image"),
    ActionSpec("zoom.selection", "View", "Fit the selected shapes", "Ctrl+Shift+F", "image"),
    ActionSpec("levels.reset", "View", "Show the greys as recorded", "Ctrl+B", "image"),
    ActionSpec("view.invert", "View", "Invert the greys", "I", "image"),
    ActionSpec("view.clahe", "View", "Local contrast (CLAHE)", "K", "image"),
    ActionSpec("view.crosshair", "View", "Cross-hair", "X", "image"),
    ActionSpec("view.magnifier", "View", "Magnifier", "Z", "image"),
    ActionSpec("view.ruler", "View", "Ruler", "M", "image"),
    ActionSpec("view.side_by_side", "View", "Two images side by side", "F4", "image"),
    ActionSpec("view.link", "View", "Move both images together", "Shift+F4", "image"),
    ActionSpec("panel.left", "View", "Left panel", "F7", "project"),
    ActionSpec("panel.right", "View", "Right panel", "F8", "project"),
    ActionSpec("theme.light", "View", "Light theme", "", "window", checkable=True),
    ActionSpec("window.full", "View", "Full screen", "F11", "window", checkable=True),
    ActionSpec("go.patient_next", "Patient", "Next patient", "S", "bag"),
    ActionSpec("go.patient_back", "Patient", "Previous patient", "W", "bag"),
    ActionSpec("go.image_next", "Patient", "Next image", "D", "image"),
    ActionSpec("go.image_back", "Patient", "Previous image", "A", "image"),
    ActionSpec("go.next_to_do", "Patient", "Next to do", "N", "image"),
    ActionSpec("go.query", "Patient", "Search patients", "/", "bag"),
    ActionSpec("judge.1", "Patient", "Judgement 1: certainly none", "Shift+1", "review"),
    ActionSpec("judge.2", "Patient", "Judgement 2: probably none", "Shift+2", "review"),
    ActionSpec("judge.3", "Patient", "Judgement 3: undecided", "Shift+3", "review"),
    ActionSpec("judge.4", "Patient", "Judgement 4: probable", "Shift+4", "review"),
    ActionSpec("judge.5", "Patient", "Judgement 5: certain", "Shift+5", "review"),
    ActionSpec("review.sign", "Patient", "Sign and next", "Ctrl+Return", "review"),
    ActionSpec("review.read", "Model", "Read this project with the model", "Ctrl+R", "project"),
    ActionSpec("model.propose", "Model", "Propose outlines on this image", "O", "annotate"),
    ActionSpec("tool.assist", "Model", "Outline by clicks (Segment Anything)", "F", "annotate"),
    ActionSpec("model.checkpoint", "Model", "Segment Anything file…", "", "annotate"),
    ActionSpec("model.follow", "Model", "Propose the previous image's outlines", "Shift+O", "annotate"),
    ActionSpec("model.embedded", "Model", "Go back to the embedded model", "", "project"),
    ActionSpec("train.start", "Model", "Start training", "F5", "train"),
    ActionSpec("train.stop", "Model", "Stop training", "Shift+F5", "train"),
    ActionSpec("train.resume", "Model", "Resume the run shown", "F6", "train"),
    ActionSpec("train.adopt", "Model", "Adopt the model of the run shown", "F9", "train"),
    ActionSpec("help.keys", "Help", "Keys", "F1", "window"),
    ActionSpec("help.about", "Help", "About ALN Desk", "", "window"),
)


@dataclass(frozen=True, slots=True)
class Gesture:
    """What pointer and keys do on an image or a figure itself: it stands on the key sheet, and cannot be changed."""

    text: str
    how: str
    where: str = "On the image, fixed"


_FIGURES = "Evaluate, fixed"


GESTURES: tuple[Gesture, ...] = (
    Gesture("Zoom where the pointer is", "Ctrl+wheel"),
    Gesture("Scroll the image, sideways with Shift", "Wheel"),
    Gesture("Move the image", "Drag beside shapes, middle button"),
    Gesture("Brightness and contrast", "Drag with the right button"),
    Gesture("Greys as recorded", "Double-click with the right button"),
    Gesture("Select several shapes", "Ctrl+click"),
    Gesture("Select the next or previous shape", "Ctrl+arrow"),
    Gesture("Add a corner", "Alt+click, double-click on an edge"),
    Gesture("Choose several corners", "Shift+drag beside shapes, Shift+click"),
    Gesture("What can be done with a shape", "Right click on it"),
    Gesture("A point exactly here, not at its neighbour", "Alt"),
    Gesture("Size of brush and eraser, reach of the wand", "[ and ]"),
    Gesture("Accept what is proposed, refuse it", "Enter, Esc"),
    Gesture("Delete a corner", "Alt+Shift+click on it"),
    Gesture("Choose a corner of the shape", "Comma, full stop"),
    Gesture("Corner after the chosen, delete it", "Insert, Backspace"),
    Gesture("Move the shapes or the corner", "Arrows, tenfold with Shift"),
    Gesture("Draw an outline", "Click point by point, or drag"),
    Gesture("Close the outline", "Enter, double-click, its first point"),
    Gesture("Take the last point back", "Backspace"),
    Gesture("Give up what is being drawn", "Esc"),
    Gesture("Choose a point, a cell, a square, a row", "Click, arrows and Enter", _FIGURES),
    Gesture("Go to the patients behind it", "Enter", _FIGURES),
    Gesture("Open the patient of the list in Review", "Enter, double-click", _FIGURES),
    Gesture("From the patients back to the figure", "Esc", _FIGURES),
    Gesture("From a large figure back to all cards", "Esc", _FIGURES),
    Gesture("Copy a table, whole", "Ctrl+C", _FIGURES),
)


class Actions(QObject):
    """The table as living actions: looked up by id, listed in menus, enabled by mode, bound to keys."""

    keysChanged = Signal()

    def __init__(self, window: QWidget, keys: Mapping[str, str] | None = None) -> None:
        super().__init__(window)
        self.specs = {spec.id: spec for spec in ACTIONS}
        self._actions = {spec.id: self._made(spec, window) for spec in ACTIONS}
        self._held: set[str] = set()
        self._menus: dict[str, QMenu] = {}
        self._mode = "welcome"
        for name, key in (keys or {}).items():
            if name in self._actions:
                self._actions[name].setShortcut(QKeySequence(key))

    def __getitem__(self, name: str) -> QAction:
        return self._actions[name]

    def on(self, name: str, owner: QWidget, handler: Callable[[], object]) -> None:
        """Call ``handler`` when the action is triggered while ``owner`` is on screen.

        Two pages may answer the same action; only the visible one hears it.
        """

        def answer() -> None:
            if owner.isVisible():
                handler()

        self._actions[name].triggered.connect(answer)

    def key(self, name: str) -> str:
        """The action's key as the user sees it, empty when it has none."""
        return self._actions[name].shortcut().toString(QKeySequence.SequenceFormat.NativeText)

    def keys(self) -> dict[str, str]:
        """The keys that differ from the table, for the settings."""
        current = {name: action.shortcut().toString() for name, action in self._actions.items()}
        return {name: key for name, key in current.items() if QKeySequence(self.specs[name].key).toString() != key}

    def conflict(self, name: str, key: str) -> str | None:
        """The id of another action that has this key in a mode the two share, or None."""
        wanted = QKeySequence(key)
        if wanted.isEmpty():
            return None
        modes = _SCOPES[self.specs[name].scope]
        for other, action in self._actions.items():
            if other != name and action.shortcut() == wanted and modes & _SCOPES[self.specs[other].scope]:
                return other
        return None

    def bind(self, name: str, key: str) -> None:
        """Give the action another key (empty: none). Ask `conflict` first."""
        self._actions[name].setShortcut(QKeySequence(key))
        self.keysChanged.emit()

    def set_mode(self, mode: str) -> None:
        """Enable what answers in this mode (``welcome`` without a project); menus in which nothing does are hidden."""
        self._mode = mode
        for name, action in self._actions.items():
            action.setEnabled(name not in self._held and mode in _SCOPES[self.specs[name].scope])
        for title, menu in self._menus.items():
            scopes = {spec.scope for spec in ACTIONS if spec.menu == title}
            menu.menuAction().setVisible(any(mode in _SCOPES[scope] for scope in scopes))

    def hold(self, name: str, held: bool) -> None:
        """Keep an action from answering while what it starts is under way."""
        (self._held.add if held else self._held.discard)(name)
        self.set_mode(self._mode)

    def fill_menus(self, bar: QMenuBar) -> dict[str, QMenu]:
        """Add a menu for each menu word of the table, in the table's order; a line parts groups of ids. A menu is there
        only in modes in which something in it answers.
        """
        for title in dict.fromkeys(spec.menu for spec in ACTIONS):
            self._menus[title] = bar.addMenu(title)
            self._fill(self._menus[title], [spec for spec in ACTIONS if spec.menu == title])
        return self._menus

    def _fill(self, menu: QMenu, specs: Iterable[ActionSpec]) -> None:
        group = ""
        for spec in specs:
            if group and spec.id.split(".")[0] != group:
                menu.addSeparator()
            group = spec.id.split(".")[0]
            menu.addAction(self._actions[spec.id])

    def _made(self, spec: ActionSpec, window: QWidget) -> QAction:
        action = QAction(spec.text, window)
        action.setObjectName(spec.id)
        action.setCheckable(spec.checkable)
        action.setChecked(spec.checked)
        action.setShortcut(QKeySequence(spec.key))
        window.addAction(action)
        return action
