"""What Evaluate works out beside the window's thread: newest wins, and what takes long comes after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path

from PySide6.QtCore import QObject, QTimer, Signal

from aln_desk.domain.errors import AlnError
from aln_desk.evaluation import gather
from aln_desk.evaluation.gather import Gathered
from aln_desk.evaluation.provenance import records
from aln_desk.evaluation.results import Part, Results
from aln_desk.evaluation.selection import Selection
from aln_desk.evaluation.tables.table import Table
from aln_desk.evaluation.tables.table_one import table_one
from aln_desk.gui import tasks
from aln_desk.gui.pages.evaluation_board import Bands, Board, PartKey, make_bands, make_board, slope
from aln_desk.io.project import Project
from aln_desk.io.scores import Imported, import_scores, remove_import

_A_LOOK_MS = 1000
"""What is on the screen for so long has been looked at."""


class Work(QObject):
    """``gathered`` carries a `Gathered`, ``worked`` the `Board` of the newest selection, ``refined`` says that
    ``bands`` and ``tables`` have more, ``looked`` carries how often each test cohort was looked at; ``failed`` and
    ``imported`` carry sentences. ``simulated`` are the keys of the models that learned from simulated outcomes.
    """

    gathered = Signal(object)
    worked = Signal(object)
    refined = Signal()
    looked = Signal(object)
    failed = Signal(str)
    imported = Signal(str)

    def __init__(self, parent: QObject | None = None) -> None:
        super().__init__(parent)
        self.bands: dict[PartKey, Bands] = {}
        self.tables: dict[str, Table] = {}
        self.simulated: frozenset[str] = frozenset()
        self._folder = Path()
        self._found: Gathered | None = None
        self._gathering = 0
        self._working = 0
        self._first_cohort = ""
        self._known: dict[tuple[bytes, bytes], Bands] = {}
        self._seen: Results | None = None
        self._look = QTimer(self, interval=_A_LOOK_MS, singleShot=True)
        self._look.timeout.connect(self._record)

    def gather(self, folder: Path, known: Gathered | None) -> None:
        """Read scorers, cohorts and patients of the project in this folder; ``known`` itself where nothing changed."""
        self._folder, self._found = folder, known
        self._gathering += 1
        tasks.run(partial(_gather, folder, known), partial(self._take_gathered, self._gathering), self._complain)

    def forget(self) -> None:
        """No project is open any more: what is under way is not wanted."""
        self._gathering += 1
        self._working += 1
        self._look.stop()

    def work(self, found: Gathered, selection: Selection, looked_at: str, first_cohort: str) -> None:
        """Work out a selection. The cohort on the screen has its bands ``first``."""
        self._working += 1
        self._first_cohort = first_cohort
        tasks.run(
            partial(make_board, selection, found.scorers, found.cohorts, found.patients, looked_at),
            partial(self._take_board, self._working),
            self._complain,
        )

    def look(self, results: Results | None) -> None:
        """These results are on the screen now, or none; test data that stay there have been looked at."""
        self._seen = results
        if results is None:
            self._look.stop()
        else:
            self._look.start()

    def add_scores(self, file: Path, name: str, threshold: float, probability: bool) -> None:
        """Keep other software's scores."""
        task = partial(_with_import, self._folder, file, name, threshold, probability)
        tasks.run(task, partial(self._take_import, self._folder), self._complain, tasks.Lane.WRITE)

    def remove_scores(self, name: str) -> None:
        """Forget other software's scores."""
        task = partial(_without_import, self._folder, name)
        tasks.run(task, self._regather, self._complain, tasks.Lane.WRITE)

    def _regather(self, folder: Path) -> None:
        if folder == self._folder:
            self.gather(folder, self._found)

    def _take_import(self, folder: Path, found: Imported) -> None:
        self.imported.emit("\n".join([f"{found.patients} scores were added.", *found.problems]))
        self._regather(folder)

    def _take_gathered(self, asked: int, taken: tuple[Gathered, frozenset[str]]) -> None:
        if asked == self._gathering:
            found, self.simulated = taken
            self._found = found
            self.gathered.emit(found)

    def _take_board(self, asked: int, board: Board) -> None:
        if asked != self._working:
            return
        parts = list(board.results.parts.values())
        self.bands = self._known_bands(parts)
        self.tables = {**self.tables, "table_2": board.table_two} if board.table_two else {}
        self.worked.emit(board)
        done = partial(self._take_table, asked, parts)
        tasks.run(partial(table_one, board.results.patients), done, self._complain, tasks.Lane.BACKGROUND)

    def _take_table(self, asked: int, parts: list[Part], table: Table) -> None:
        if asked != self._working:
            return
        self.tables = {**self.tables, "table_1": table}
        self.refined.emit()
        waiting = [one for one in parts if _identity(one) not in self._known]
        waiting.sort(key=lambda one: (one.cohort != self._first_cohort, one.cohort))
        self._next_band(asked, parts, waiting)

    def _next_band(self, asked: int, parts: list[Part], waiting: list[Part]) -> None:
        """One part at a time: a newer selection need not wait for the bands of an older one."""
        if waiting:
            done = partial(self._take_band, asked, parts, waiting)
            tasks.run(partial(make_bands, waiting[0]), done, self._complain, tasks.Lane.BACKGROUND)
        else:
            todo = [one for one in parts if one.scorer.probability and self._known[_identity(one)].slope is None]
            task = partial(_slopes, todo)
            tasks.run(task, partial(self._take_slopes, asked, parts, todo), self._complain, tasks.Lane.BACKGROUND)

    def _take_band(self, asked: int, parts: list[Part], waiting: list[Part], found: Bands) -> None:
        one, *rest = waiting
        self._known[_identity(one)] = found
        if asked == self._working:
            if not rest or rest[0].cohort != one.cohort:
                self._refine(parts)
            self._next_band(asked, parts, rest)

    def _take_slopes(self, asked: int, parts: list[Part], todo: list[Part], slopes: list[float]) -> None:
        for one, found in zip(todo, slopes, strict=True):
            self._known[_identity(one)] = replace(self._known[_identity(one)], slope=found)
        if asked == self._working and todo:
            self._refine(parts)

    def _refine(self, parts: list[Part]) -> None:
        self.bands = self._known_bands(parts)
        self.refined.emit()

    def _known_bands(self, parts: list[Part]) -> dict[PartKey, Bands]:
        known = ((one, self._known.get(_identity(one))) for one in parts)
        return {(one.scorer.key, one.cohort): bands for one, bands in known if bands is not None}

    def _record(self) -> None:
        if self._seen is not None:
            task = partial(_record, self._folder, self._seen)
            tasks.run(task, self.looked.emit, self._complain, tasks.Lane.WRITE)

    def _complain(self, error: Exception) -> None:
        if not isinstance(error, AlnError):
            raise error
        self.failed.emit(str(error))


def _identity(one: Part) -> tuple[bytes, bytes]:
    """Equal for parts whose bands are the same, whosever scores they are."""
    return one.outcome.tobytes(), one.score.tobytes()


def _slopes(parts: list[Part]) -> list[float]:
    return [slope(one) for one in parts]


def _gather(folder: Path, known: Gathered | None) -> tuple[Gathered, frozenset[str]]:
    """What the project offers, and `Work.simulated`."""
    with Project.open(folder) as project:
        found = gather.gather(project)
        simulated = frozenset(one.scorer.key for one in records(project, found.scorers) if one.simulated)
    return known if known is not None and _contents(found) == _contents(known) else found, simulated


def _contents(found: Gathered) -> tuple[object, ...]:
    scorers = [(one.key, one.name, one.scores, one.uncertain, str(one.threshold)) for one in found.scorers]
    return scorers, found.cohorts, found.patients, found.with_findings


def _record(folder: Path, results: Results) -> Mapping[str, int]:
    """Keep the look; how often each cohort has been looked at by now."""
    with Project.open(folder) as project:
        gather.record(project, results, "window")
        return Counter(look.cohort for look in project.looks())


def _with_import(folder: Path, file: Path, name: str, threshold: float, probability: bool) -> Imported:
    with Project.open(folder) as project:
        return import_scores(project, file, name, threshold, probability)


def _without_import(folder: Path, name: str) -> Path:
    with Project.open(folder) as project:
        remove_import(project, name)
    return folder
