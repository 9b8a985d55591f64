"""Help with outlining: what models propose, always to be accepted, edited or refused by the reader."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.shape import Point, Shape
from aln_desk.gui.assist_process import AssistProcess, Box, Polygons
from aln_desk.gui.canvas.proposal import Proposal
from aln_desk.gui.canvas.view import ImageCanvas
from aln_desk.gui.widgets.proposal_bar import ProposalBar
from aln_desk.gui.workspace import Workspace

_STATES = {
    "loading": "Segment Anything is being loaded…",
    "encoding": "Segment Anything looks at the image; clicks are answered when it has…",
}
_ACCEPT = "Enter accepts, Esc refuses"
_NO_CHECKPOINT = (
    "Clicks need a Segment Anything model: choose its file (menu Model, Segment Anything file…). A box is answered by "
    "the project's own model."
)


class Proposing(QObject):
    """Asks the assistant, and shows what it answers as a proposal. ``said`` carries what stands in the way."""

    said = Signal(str)

    def __init__(
        self, workspace: Workspace, canvas: ImageCanvas, bar: ProposalBar, assistant: AssistProcess, parent: QObject
    ) -> None:
        super().__init__(parent)
        self._workspace = workspace
        self._canvas = canvas
        self._bar = bar
        self._assistant = assistant
        self.checkpoint = ""
        self._network = ("Segment Anything", "")
        canvas.editing.prompted.connect(self._ask)
        canvas.editing.proposalChanged.connect(self._show)
        bar.accepted.connect(canvas.editing.accept_proposal)
        bar.refused.connect(lambda: canvas.editing.propose(None))
        assistant.opened.connect(self._opened)
        assistant.proposed.connect(self._clicked)
        assistant.outlined.connect(self._outlined)
        assistant.stateChanged.connect(lambda _: self._show())
        assistant.progressed.connect(self._encoding)
        assistant.failed.connect(self.said)

    def use(self, checkpoint: str) -> None:
        """Let clicks be answered by this Segment Anything file from now on; empty: by none."""
        self.checkpoint = checkpoint
        project = self._workspace.project
        cache = project.folder / "cache" / "assist" if project is not None else ""
        self._assistant.use(checkpoint, cache)

    def begin(self, image: str, upcoming: str) -> None:
        """Another image is on screen (its file; empty: none is), and which may be the next."""
        self._canvas.editing.propose(None)
        self._assistant.show_image(image, upcoming)

    def ask_model(self, box: Box | None = None) -> None:
        """Ask what the project's own model outlines on the image, or in a box of it."""
        model = self._workspace.model
        if model is None or not model.draws:
            self.said.emit("The model in use outlines nothing: adopt one that was taught masks, or train one.")
            return
        self._bar.tell(f"Model {model.digest[:6]} looks at the image…")
        self._assistant.propose(model.folder, box)

    def propose(self, shapes: Sequence[Shape], origin: Mapping[str, Any], what: str) -> None:
        """Show outlines to accept or refuse."""
        self._canvas.editing.propose(Proposal(tuple(shapes), origin, what) if shapes else None)

    def shut_down(self) -> None:
        """End the assistant and wait until it is gone."""
        self._assistant.shutdown()

    def _ask(self, points: list[Point], labels: list[int], box: Box | None) -> None:
        if self.checkpoint:
            self._assistant.prompt(points, labels, box)
            self._show()
        elif box is not None and not points:
            self.ask_model(box)
        else:
            self.said.emit(_NO_CHECKPOINT)

    def _clicked(self, image: str, number: int, polygons: Polygons, score: float) -> None:
        name, digest = self._network
        origin = {"by": name, "model": digest, "score": round(score, 3)}
        shapes = [Shape(self._canvas.editing.label, points) for points in polygons]
        self.propose(shapes, origin, f"Accept outline of {name}")
        if not shapes:
            self._bar.tell("Nothing is found there; click again, or drag a box around the lesion.")

    def _outlined(self, image: str, number: int, label: str, polygons: Polygons, score: float) -> None:
        model = self._workspace.model
        digest = model.digest if model is not None else ""
        origin = {"by": "stage 1", "model": digest, "score": round(score, 3)}
        self.propose([Shape(label, points) for points in polygons], origin, "Accept outline of the model")
        if not polygons:
            self._bar.tell("The model outlines nothing here.")

    def _opened(self, name: str, digest: str) -> None:
        self._network = (f"Segment Anything {name}", digest)

    def _encoding(self, image: str, done: int, total: int) -> None:
        self._bar.tell(f"Segment Anything looks at the image, {done} of {total}…" if total > 1 else _STATES["encoding"])

    def _show(self) -> None:
        proposal = self._canvas.editing.proposal
        if proposal is not None:
            score = proposal.origin.get("score")
            sure = f", score {score:.2f}" if isinstance(score, float) else ""
            count = len(proposal.shapes)
            words = f"{count} outline{'s' if count > 1 else ''} proposed by {proposal.origin['by']}{sure}. {_ACCEPT}."
            self._bar.offer(words)
        else:
            waits = self.checkpoint and self._canvas.tool == "assist"
            self._bar.tell(_STATES.get(self._assistant.state, "") if waits else "")
