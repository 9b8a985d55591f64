"""Evaluate: how well models, readers and other software agree with pathology, cohort by cohort, and on whom."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from PySide6.QtCore import QTimer, Signal
from PySide6.QtGui import QCloseEvent, QHideEvent, QShowEvent
from PySide6.QtWidgets import QVBoxLayout, QWidget

from aln_desk.evaluation.gather import Gathered
from aln_desk.evaluation.selection import Selection
from aln_desk.gui import file_dialogs
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.evaluation_behind import Behind, stays
from aln_desk.gui.pages.evaluation_board import Board
from aln_desk.gui.pages.evaluation_cards import Cards
from aln_desk.gui.pages.evaluation_empty import Emptiness, EmptyPlace, emptiness
from aln_desk.gui.pages.evaluation_export import Export
from aln_desk.gui.pages.evaluation_kept import Kept
from aln_desk.gui.pages.evaluation_patients import CellPatients
from aln_desk.gui.pages.evaluation_side import Side
from aln_desk.gui.pages.evaluation_supplement import Centre
from aln_desk.gui.pages.evaluation_work import Work
from aln_desk.gui.widgets.import_scores import ScoresToAdd, ask_scores
from aln_desk.gui.widgets.panes import Panes
from aln_desk.gui.workspace import Workspace

_SETTLE_MS = 300


class EvaluationPage(QWidget):
    """``patientOpenRequested`` carries the id of a patient to show in Review."""

    title = "Evaluate"
    patientOpenRequested = Signal(str)

    def __init__(
        self, workspace: Workspace, actions: Actions, export: Export | None = None, parent: QWidget | None = None
    ) -> None:
        super().__init__(parent)
        self.setObjectName("page")
        self._workspace = workspace
        self._actions = actions
        self._export = export or Export(self)
        self.work = Work(self)
        self.found: Gathered | None = None
        self.board: Board | None = None
        self._of = ""
        self._ticks: dict[str, bool] = {}
        """What the user ticked or unticked, by scorer's key or cohort's name; the rest is as the project proposes."""
        self._looked_at = ""
        self._stale = True
        self.side = Side()
        self.cards = Cards()
        self.centre = Centre(self.cards)
        self.empty = EmptyPlace(self.centre)
        self.patients = CellPatients()
        self._settle = QTimer(self, interval=_SETTLE_MS, singleShot=True)
        self._settle.timeout.connect(self.refresh)
        self._panes = Panes([self.side, self.empty, self.patients], [248, 878, 240])
        outer = QVBoxLayout(self)
        outer.setContentsMargins(0, 0, 0, 0)
        outer.addWidget(self._panes)
        self._connect()
        self._reset()

    # For the window

    def save_state(self) -> dict[str, Any]:
        """Pane widths, and where the page was left in this project."""
        now = self.selection
        kept = Kept(
            *(self._of, self._ticks, now.filters, now.rule),
            *(self.cards.cohort, self.cards.large, self._looked_at, self.centre.place),
            *self.centre.supplement.asked,
        )
        return {**self._panes.save_state(), **kept.to_json()}

    def restore_state(self, state: dict[str, Any]) -> None:
        """What `save_state` gave; damaged values, and what was left in another project, are passed over."""
        self._panes.restore_state(state)
        kept = Kept.from_json(state)
        if kept.project == self._of:
            self._go_on(kept)
            self._show_gathered()

    def showEvent(self, event: QShowEvent) -> None:
        """What changed while the page was away is worked out now, and the keys go where they went."""
        super().showEvent(event)
        if isinstance(keys := self.focusWidget(), QWidget) and keys is not self:
            self.setFocusProxy(keys)
        if self.board is not None:
            self.work.look(self.board.results)
        if self._stale:
            self.refresh()

    def hideEvent(self, event: QHideEvent) -> None:
        """Nobody looks any more."""
        self.work.look(None)
        super().hideEvent(event)

    def closeEvent(self, event: QCloseEvent) -> None:
        """The window closes: end an export under way."""
        self._export.shutdown()
        super().closeEvent(event)

    # What is shown

    def refresh(self) -> None:
        """Read scores, outcomes and cohorts again, then work out the figures beside the window's thread."""
        project = self._workspace.project
        self._stale = False
        if project is None:
            self.work.forget()
            self.found = self.board = None
            self.patients.clear()
        else:
            self.work.gather(project.folder, self.found)
        if self.found is None:
            self.side.foot.say("")
            self._show_state()

    @property
    def selection(self) -> Selection:
        """What is ticked and chosen on the left."""
        return self.side.selection

    def _take_gathered(self, found: Gathered) -> None:
        if found is not self.found:  # else what is being looked at, and what is chosen, stays
            self.found = found
            self._show_gathered()

    def _show_gathered(self) -> None:
        found = self.found
        if found is None:
            return
        self.side.show_found(found, self._workspace, self._remove)
        proposed = found.selection()
        names = {*proposed.scorers, *proposed.cohorts}
        self.side.tick(lambda key: self._ticks.get(key, key in names))
        self.centre.supplement.show_found(found)
        self._work_out()

    def _ticked(self) -> None:
        self._ticks |= self.side.ticks()
        self._work_out()

    def _work_out(self) -> None:
        if self.found is not None:
            self.work.work(self.found, self.selection, self._looked_at, self.cards.cohort)

    def _take_board(self, board: Board) -> None:
        before, self.board = self.board, board
        self._show_state()
        self.cards.show_board(board, self.work.bands, self.work.tables)
        self.centre.supplement.show_results(Path(self._of), board.results, board.series, self._looked_at)
        if before is None or before.results.selection != board.results.selection:
            self.cards.forget_choice()
        behind = self.patients.behind
        if behind is not None and before is not None and stays(behind, before.results, board.results):
            self.patients.show_behind(behind, board)
        else:
            self.patients.clear()
        self.work.look(board.results if self.isVisible() else None)

    def _show_state(self) -> None:
        state = emptiness(self._workspace, self.found, self.board)
        self.empty.show_state(state)
        self.empty.notes.show_results(self.board.results if self.board else None, self.work.simulated)
        self.side.foot.export.setEnabled(state is Emptiness.NONE and not self._export.running)

    def _show_behind(self, behind: Behind) -> None:
        if self.board is not None:
            self.patients.show_behind(behind, self.board)

    # What is asked

    def _look_at(self, scorer: str) -> None:
        self._looked_at = scorer
        self._work_out()

    def _tick_all(self) -> None:
        self.side.tick(lambda key: True)
        self._ticked()

    def _ask_scores(self) -> None:
        if (wish := ask_scores(self, _imported(self.found))) is not None:
            self.add_scores(wish)

    def add_scores(self, wish: ScoresToAdd) -> None:
        """Keep other software's scores and compare them from now on."""
        self._ticks[f"import:{wish.name}"] = True
        self.work.add_scores(wish.file, wish.name, wish.threshold, wish.probability)

    def _remove(self, key: str) -> None:
        name = key.removeprefix("import:")
        self.side.foot.say(f"{name} was removed; add its file again to have it back.")
        self.work.remove_scores(name)

    def _ask_export(self) -> None:
        if (folder := file_dialogs.choose_folder(self, "Write tables and figures to")) is not None:
            self.export_to(folder)

    def export_to(self, folder: Path) -> None:
        """Write tables and figures of what is selected into a folder."""
        project = self._workspace.project
        if project is not None and not self._export.running:
            self.side.foot.show_progress(0, 0)
            self.side.foot.export.setEnabled(False)
            choices = replace(self.centre.supplement.choices(self.selection), holm=self.cards.holm)
            self._export.start(project.folder, folder, self.selection, choices)

    def _exported(self, ok: bool, sentence: str) -> None:
        self.side.foot.show_end(ok, sentence, self._export.folder)
        self._show_state()

    def _complain(self, sentence: str) -> None:
        self.side.foot.complain(sentence)
        if self.found is None:
            self.empty.show_state(Emptiness.UNREADABLE)

    # Building

    def _connect(self) -> None:
        workspace, side, work = self._workspace, self.side, self.work
        workspace.projectChanged.connect(self._reset)
        for changed in (workspace.patientsChanged, workspace.verdictsChanged, workspace.modelChanged):
            changed.connect(self._soon)
        workspace.patientEdited.connect(self._soon)
        workspace.annotationChanged.connect(self.centre.supplement.forget_images)
        work.gathered.connect(self._take_gathered)
        work.worked.connect(self._take_board)
        work.refined.connect(lambda: self.cards.show_bands(work.bands, work.tables))
        work.looked.connect(side.show_looks)
        work.failed.connect(self._complain)
        work.imported.connect(side.foot.say)
        side.ticked.connect(self._ticked)
        side.narrowed.connect(self._work_out)
        side.add_scores.clicked.connect(self._ask_scores)
        side.follow(self._actions["review.read"])
        side.foot.export.clicked.connect(self._ask_export)
        self._actions.on("evaluate.export", self, side.foot.export.click)
        side.foot.stopRequested.connect(self._export.stop)
        self._export.progressed.connect(side.foot.show_progress)
        self._export.finished.connect(self._exported)
        self.cards.chosen.connect(self._show_behind)
        self.cards.entered.connect(self.patients.enter)
        self.cards.lookedAt.connect(self._look_at)
        for opened in (self.patients.opened, self.centre.supplement.opened):
            opened.connect(self.patientOpenRequested)
        self.patients.sheetsWanted.connect(self.centre.show_sheets)
        self.centre.supplement.casesChanged.connect(self.patients.show_chosen)
        self.empty.follow(self._actions, self._tick_all, side.filters.clear, self.refresh)

    def _reset(self) -> None:
        self.found = self.board = None
        self.side.foot.say("")
        self.side.show_looks({})
        self.patients.clear()
        self.cards.forget_choice()
        self.centre.supplement.forget_project()
        project = self._workspace.project
        if project is not None and str(project.folder) != self._of:
            self._go_on(Kept(str(project.folder)))
        self.refresh()

    def _go_on(self, kept: Kept) -> None:
        """Where a project was left."""
        self._of, self._ticks, self._looked_at = kept.project, dict(kept.ticks), kept.subgroups
        self.side.go_on(kept.filters, kept.rule)
        self.cards.cohort = kept.cohort
        self.cards.enlarge(kept.card)
        self.centre.supplement.restore(kept.cases, kept.reader, kept.beside)
        self.centre.go_to(kept.supplement)

    def _soon(self) -> None:
        """Verdicts may come by the dozen: once is enough, and only while somebody looks."""
        self._stale = True
        if self.isVisible() and not self._settle.isActive():
            self._settle.start()


def _imported(found: Gathered | None) -> set[str]:
    """Names of other software's scores."""
    return {one.name for one in found.scorers if one.kind == "import"} if found else set()
