"""The five pages by mode. A page's module is imported when it is first shown, so that the window starts at once."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, TypeAlias

from aln_desk.gui.actions import Actions
from aln_desk.gui.memory import Memory
from aln_desk.gui.workspace import Workspace

if TYPE_CHECKING:
    from aln_desk.gui.pages.annotate import AnnotatePage
    from aln_desk.gui.pages.evaluation import EvaluationPage
    from aln_desk.gui.pages.patients import PatientsPage
    from aln_desk.gui.pages.review import ReviewPage
    from aln_desk.gui.pages.training import TrainingPage

    Page: TypeAlias = PatientsPage | AnnotatePage | ReviewPage | TrainingPage | EvaluationPage


def make(
    mode: str, workspace: Workspace, actions: Actions, show_patient: Callable[[str], None], memory: Memory
) -> Page:
    """The page of a mode; KeyError for a word that is none. ``show_patient`` shows a patient in Review."""
    if mode == "patients":
        from aln_desk.gui.pages.patients import PatientsPage

        return PatientsPage(workspace, actions)
    if mode == "annotate":
        from aln_desk.gui.pages.annotate import AnnotatePage

        return AnnotatePage(workspace, actions)
    if mode == "review":
        from aln_desk.gui.pages.review import ReviewPage

        return ReviewPage(workspace, actions)
    if mode == "train":
        from aln_desk.gui.pages.training import TrainingPage
        from aln_desk.gui.trainer import Trainer
        from aln_desk.gui.training_queue import TrainingQueue

        return TrainingPage(workspace, actions, Trainer(TrainingQueue(memory)))
    if mode == "evaluate":
        from aln_desk.gui.pages.evaluation import EvaluationPage

        evaluation = EvaluationPage(workspace, actions)
        evaluation.patientOpenRequested.connect(show_patient)
        return evaluation
    raise KeyError(mode)
