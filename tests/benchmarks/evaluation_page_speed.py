"""How soon Evaluate shows another selection: run ``python tests/benchmarks/evaluation_page_speed.py``; prints a table.

Offscreen, 1,557 patients in 3 cohorts, 8 models, a window of 1920 x 1080. An update ends when the cards have been
painted; it is allowed 300 ms.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

os.environ.setdefault("QT_QPA_PLATFORM", "offscreen")
sys.path.insert(0, str(Path(__file__).parents[2]))

import numpy as np
from PySide6.QtCore import QEventLoop, QTimer
from PySide6.QtWidgets import QApplication, QMainWindow

from aln_desk.domain.patient import Cohort, Patient, Role
from aln_desk.domain.verdict import decide
from aln_desk.evaluation.selection import ThresholdRule
from aln_desk.gui import tasks, theme
from aln_desk.gui.actions import Actions
from aln_desk.gui.pages.evaluation import EvaluationPage
from aln_desk.gui.workspace import Workspace
from aln_desk.io import verdicts
from aln_desk.io.project import Project
from aln_desk.io.verdicts import VerdictRow

COHORTS = (
    ("training", Role.TRAIN, 1144),
    ("internal test", Role.INTERNAL_TEST, 286),
    ("external", Role.EXTERNAL_TEST, 127),
)
MODELS = 8
ROUNDS = 12


def make_project(folder: Path) -> None:
    """Patients with scores that tell their outcome more or less well."""
    random = np.random.default_rng(0)
    with Project.create(folder) as project:
        for name, role, count in COHORTS:
            project.add_cohort(Cohort(name, role))
            project.add_many(
                Patient(
                    f"{name}-{number}",
                    name,
                    int(random.random() < 0.4),
                    hospital="ABC"[number % 3],
                    clinical={"t_stage": str(number % 4), "birads": f"4{'ABC'[number % 3]}"},
                )
                for number in range(count)
            )
        patients = project.patients()
        for model in range(MODELS):
            digest = f"{model:012x}"
            scores = {one.id: 1 / (1 + np.exp(-random.normal((one.outcome or 0) * 1.5 - 0.7))) for one in patients}
            rows = [
                VerdictRow(one.id, one.cohort, one.outcome, float(score), 0.5, decide(float(score), 0.5), 1, 0, digest)
                for one, score in ((one, scores[one.id]) for one in patients)
            ]
            file = verdicts.scores_file(project.predictions, digest)
            file.parent.mkdir(exist_ok=True)
            verdicts.write_verdicts(file, rows)


def until_painted(page: EvaluationPage, change: Callable[[], None]) -> tuple[float, float]:
    """Milliseconds from a change until the figures are worked out, and until they are on the screen."""
    loop, started, worked = QEventLoop(), perf_counter(), [0.0]

    def shown() -> None:
        worked[0] = perf_counter() - started
        QTimer.singleShot(0, loop.quit)

    page.work.worked.connect(shown)
    change()
    loop.exec()
    page.repaint()
    page.work.worked.disconnect(shown)
    return 1000 * worked[0], 1000 * (perf_counter() - started)


def main() -> None:
    """Print the table."""
    application = QApplication([])
    theme.apply(application, "reading")
    window = QMainWindow()
    workspace = Workspace(window)
    with TemporaryDirectory() as folder:
        make_project(Path(folder) / "p")
        page = EvaluationPage(workspace, Actions(window))
        window.setCentralWidget(page)
        window.resize(1920, 1080)
        window.show()
        first = until_painted(page, lambda: workspace.open(Path(folder) / "p"))
        page.side.cohorts.tick(name for name, _, _ in COHORTS)
        changes: dict[str, Callable[[], None]] = {
            "another threshold rule": lambda: toggle_rule(page),
            "a model ticked or unticked": lambda: next(iter(page.side.scorers.rows.values())).box.toggle(),
            "a filter": lambda: page.side.filters.take("birads", "4A", "birads" not in page.side.filters.values),
        }
        print(f"{'':32}{'worked out':>12}{'on the screen':>16}   ms, median of {ROUNDS}")
        print(f"{'project opened (once)':32}{first[0]:12.0f}{first[1]:16.0f}")
        for large in ("", "roc"):
            page.cards.enlarge(large)
            for name, change in changes.items():
                times = [until_painted(page, change) for _ in range(ROUNDS)]
                words = f"{name}{', ROC large' if large else ''}"
                print(f"{words:32}{median(one for one, _ in times):12.0f}{median(both for _, both in times):16.0f}")
        page.close()
        tasks.wait_all()
        workspace.discard()


def toggle_rule(page: EvaluationPage) -> None:
    """Frozen and Youden by turns."""
    frozen = page.side.threshold.rule.kind == "frozen"
    page.side.threshold.set_rule(ThresholdRule("youden" if frozen else "frozen"))
    page.side.threshold.changed.emit()


if __name__ == "__main__":
    main()
