"""Evaluate's figures and tables as files: the evaluation command writes the tables, the figures follow."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import QObject, QRectF, QSize, Qt, Signal
from PySide6.QtGui import QImage, QPainter

from aln_desk.gui import theme
from aln_desk.gui.child_process import COMMAND, ChildProcess
from aln_desk.gui.widgets.plot_confusion import Matrix, paint

_SCALE = 3
_MATRIX = QSize(340, 200)
_MARGIN = 16


class Export(QObject):
    """Writes metrics.csv, roc.csv, segmentation.csv, roc.svg, roc.png, confusion.svg and confusion.png."""

    finished = Signal(bool, str)

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = COMMAND) -> None:
        super().__init__(parent)
        self._command = command
        self._child: ChildProcess | None = None
        self._out = Path()
        self._matrices: Sequence[Matrix] = ()

    @property
    def running(self) -> bool:
        """Whether files are being written."""
        return self._child is not None

    def start(self, project: Path, out: Path, matrices: Sequence[Matrix]) -> None:
        """Write everything into ``out``; ``finished`` says where it lies or what went wrong."""
        if self._child is not None:
            return
        self._out, self._matrices = out, matrices
        self._child = ChildProcess("The evaluation", ["evaluate", str(project), "--out", str(out)], self, self._command)
        self._child.finished.connect(self._end)
        self._child.start()

    def shutdown(self) -> None:
        """End a writing under way (for a closing window)."""
        if self._child is not None:
            self._child.shut_down()

    def _end(self, ok: bool, sentence: str) -> None:
        if self._child is not None:
            self._child.deleteLater()
            self._child = None
        if not ok:
            self.finished.emit(False, sentence)
            return
        failed = [name for name, done in self._figures() if not done]
        if failed:
            self.finished.emit(False, f"{self._out}: {', '.join(failed)} could not be written; choose another folder.")
        else:
            self.finished.emit(True, f"Tables and figures were written to {self._out}.")

    def _figures(self) -> list[tuple[str, bool]]:
        done = [("roc.png", _svg_to_png(self._out / "roc.svg", self._out / "roc.png"))]
        if self._matrices:
            done.append(("confusion.png", confusion_png(self._matrices, self._out / "confusion.png")))
            done.append(("confusion.svg", confusion_svg(self._matrices, self._out / "confusion.svg")))
        return done


def confusion_png(matrices: Sequence[Matrix], path: Path) -> bool:
    """The matrices side by side on white, for print; False when the file cannot be written."""
    size = _figure_size(matrices)
    image = QImage(size * _SCALE, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    painter.scale(_SCALE, _SCALE)
    _paint_all(painter, matrices)
    painter.end()
    return image.save(str(path))


def confusion_svg(matrices: Sequence[Matrix], path: Path) -> bool:
    """The same figure as scalable graphics."""
    from PySide6.QtSvg import QSvgGenerator

    generator = QSvgGenerator()
    generator.setFileName(str(path))
    generator.setSize(_figure_size(matrices))
    generator.setViewBox(QRectF(0, 0, _figure_size(matrices).width(), _figure_size(matrices).height()))
    generator.setTitle("Confusion matrices at the frozen threshold")
    painter = QPainter()
    if not painter.begin(generator):
        return False
    _paint_all(painter, matrices)
    return painter.end()


def _svg_to_png(source: Path, target: Path) -> bool:
    from PySide6.QtSvg import QSvgRenderer

    renderer = QSvgRenderer(str(source))
    if not renderer.isValid():
        return False
    image = QImage(renderer.defaultSize() * _SCALE, QImage.Format.Format_RGB32)
    image.fill(Qt.GlobalColor.white)
    painter = QPainter(image)
    renderer.render(painter)
    painter.end()
    return image.save(str(target))


def _figure_size(matrices: Sequence[Matrix]) -> QSize:
    width = len(matrices) * (_MATRIX.width() + _MARGIN) + _MARGIN
    return QSize(width, _MATRIX.height() + 2 * _MARGIN)


def _paint_all(painter: QPainter, matrices: Sequence[Matrix]) -> None:
    painter.setRenderHint(QPainter.RenderHint.Antialiasing)
    for place, matrix in enumerate(matrices):
        left = _MARGIN + place * (_MATRIX.width() + _MARGIN)
        paint(painter, QRectF(left, _MARGIN, _MATRIX.width(), _MATRIX.height()), matrix, theme.LIGHT)
