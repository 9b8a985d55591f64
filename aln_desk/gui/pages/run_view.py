"""The centre of Train: one run as it learns, or several runs beside each other."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial

from PySide6.QtWidgets import QStackedWidget, QVBoxLayout, QWidget

from aln_desk.domain.messages import Curve, Failed, Finished, Message, Note, SnapshotTaken, Started
from aln_desk.gui import tasks
from aln_desk.gui.pages.training_log import RunLog
from aln_desk.gui.training_wish import REGRESSIONS
from aln_desk.gui.widgets.panes import Stack
from aln_desk.gui.widgets.plot_curves import OF_MASKS, CurveBoard
from aln_desk.gui.widgets.regression_table import FILE, RegressionLine, RegressionTable, read_lines
from aln_desk.gui.widgets.run_comparison import RunComparison
from aln_desk.gui.widgets.snapshot_panel import SnapshotPanel
from aln_desk.io.runs import Run, read_events


class RunView(QWidget):
    """Curves, pictures and notes of one run, or the comparison of several."""

    def __init__(self, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._run: Run | None = None
        self._waiting: list[Message] | None = None
        self.board = CurveBoard()
        self.regression = RegressionTable()
        self.pictures = SnapshotPanel()
        self.log = RunLog()
        self.comparison = RunComparison()
        self._lay_out()

    def show_run(self, run: Run | None) -> None:
        """Show a run's curves, pictures and notes; one that is on screen already stays as it is being looked at."""
        if run is None:
            self.clear()
            return
        self._stack.setCurrentIndex(0)
        known = self._run is not None and self._run.folder == run.folder
        self._run = run
        self._show_regression(run)
        if known:
            return
        self._empty()
        self._waiting = []
        self.log.tells_preset = run.stages not in REGRESSIONS
        masks = run.recipe.get("tasks") != "status"
        self.board.left_out = frozenset() if masks else OF_MASKS
        self.pictures.show_run(run.folder, masks)
        tasks.run(partial(read_events, run.folder), partial(self._take_events, run))

    def show_runs(self, runs: Sequence[Run]) -> None:
        """Compare two runs or more."""
        self.clear()
        self.comparison.show_runs(runs)
        self._stack.setCurrentWidget(self.comparison)

    def add(self, message: Message) -> None:
        """One more message of the run that is shown."""
        if self._waiting is not None:
            self._waiting.append(message)  # the run's file is being read, and may hold it or not
        elif self._run is not None:
            self._show(message)

    def clear(self) -> None:
        """Show no run."""
        self._run = self._waiting = None
        self._top.setCurrentWidget(self.board)
        self.pictures.show_run(None)
        self._empty()
        self._stack.setCurrentIndex(0)

    def save_state(self) -> dict[str, object]:
        """Heights of the parts, as JSON values."""
        return {"heights": self._parts.sizes()}

    def restore_state(self, state: Mapping[str, object]) -> None:
        """What `save_state` gave; anything else is passed over."""
        heights = state.get("heights")
        if isinstance(heights, list) and len(heights) == 3 and all(type(one) is int for one in heights):
            self._parts.setSizes(heights)

    def _show_regression(self, run: Run) -> None:
        """A regression has no curves: its odds ratios stand in their place."""
        shown = run.stages in REGRESSIONS
        self._top.setCurrentWidget(self.regression if shown else self.board)
        if shown:
            tasks.run(partial(read_lines, run.folder / FILE), partial(self._take_lines, run))

    def _take_lines(self, run: Run, lines: list[RegressionLine]) -> None:
        if self._run is not None and self._run.folder == run.folder:
            self.regression.show_lines(lines, run.state != "running")

    def _take_events(self, run: Run, events: list[Message]) -> None:
        if self._run is None or self._run.folder != run.folder:
            return
        waiting, self._waiting = self._waiting or [], None
        self.board.show_all(message for message in events if isinstance(message, Curve))
        self.log.show_all(events)
        for message in waiting:
            if message not in events:
                self._show(message)

    def _show(self, message: Message) -> None:
        match message:
            case Curve():
                self.board.add(message)
            case SnapshotTaken():
                self.pictures.add(message)
            case Started() | Note() | Failed() | Finished():
                self.log.add(message)

    def _empty(self) -> None:
        self.board.show_all(())
        self.log.show_all(())

    def _lay_out(self) -> None:
        self._top = QStackedWidget()
        self._top.addWidget(self.board)
        self._top.addWidget(self.regression)
        self._parts = Stack([self._top, self.pictures, self.log], [300, 215, 54])
        self._stack = QStackedWidget()
        self._stack.addWidget(self._parts)
        self._stack.addWidget(self.comparison)
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._stack)
