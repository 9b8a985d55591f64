"""The assistant: a second engine, which helps to outline while the first one reads patients."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Literal

from PySide6.QtCore import QObject, Signal

from aln_desk.domain.messages import (
    AssistImage,
    AssistOpen,
    AssistOpened,
    AssistProgress,
    AssistPrompt,
    AssistProposal,
    AssistReady,
    Failed,
    Message,
    OutlinesProposed,
    ProposeOutlines,
)
from aln_desk.domain.shape import Point
from aln_desk.gui.child_process import COMMAND, ChildProcess

State = Literal["off", "loading", "idle", "encoding", "ready"]
"""Of Segment Anything: no checkpoint in use; one is being loaded; no image shown; its image is being encoded; clicks
are answered at once. A click while it loads or encodes is answered when that is done.
"""

Polygons = tuple[tuple[Point, ...], ...]
Box = tuple[float, float, float, float]


class AssistProcess(QObject):
    """Starts the assistant when it is first needed.

    Only the newest question of each kind is answered: ``proposed(image, number, polygons, score)`` to a `prompt`,
    ``outlined(image, number, label, polygons, score)`` to a `propose`; ``polygons`` is a `Polygons`, the largest first
    and empty if nothing was found. ``progressed(image, done, total)`` tells of an image being encoded, ``opened(name,
    digest)`` which network a checkpoint holds (ViT-B ...) and its digest.

    An assistant that dies is restarted once and told again what is wanted; if it dies again, ``failed`` says why.
    """

    stateChanged = Signal(str)
    opened = Signal(str, str)
    progressed = Signal(str, int, int)
    proposed = Signal(str, int, object, float)
    outlined = Signal(str, int, str, object, float)
    failed = Signal(str)

    def __init__(self, parent: QObject | None = None, command: Sequence[str] = COMMAND) -> None:
        super().__init__(parent)
        self._state: State = "off"
        self._open = AssistOpen("")
        self._image = AssistImage("")
        self._question: AssistPrompt | None = None
        self._wish: ProposeOutlines | None = None
        self._number = 0
        self._may_retry = self._closing = False
        self._child = ChildProcess("Help with outlining", ["engine"], self, command)
        self._child.message.connect(self._receive)
        self._child.finished.connect(self._ended)

    @property
    def state(self) -> State:
        """What Segment Anything does."""
        return self._state

    def use(self, checkpoint: str | Path, cache: str | Path = "", device: str = "auto") -> None:
        """Answer prompts with this checkpoint of Segment Anything; empty: with none. ``cache``: a folder that keeps
        encoded images (empty: none does). Does nothing where it is in use so already.
        """
        asked = AssistOpen(str(checkpoint), str(cache), device) if checkpoint else AssistOpen("")
        if asked == self._open and self._state != "off":
            return
        self._open, self._question = asked, None
        self._become("loading" if asked.checkpoint else "off")
        if asked.checkpoint or self._child.running:
            self._ask(asked, self._image)

    def show_image(self, image: str | Path, upcoming: str | Path = "") -> None:
        """This image file is on screen (empty: none is), and that one may be the next. Earlier questions are void."""
        self._image = AssistImage(str(image), str(upcoming))
        self.forget()
        if self._open.checkpoint:
            self._ask(self._image)
            if self._state not in ("off", "loading"):
                self._become("encoding" if image else "idle")

    def prompt(self, points: Sequence[Point], labels: Sequence[int], box: Box | None = None) -> int:
        """Ask what all clicks so far (label 1 inside, 0 outside) and the box mean in the image shown; the number of
        the answer.
        """
        places = [[x, y] for x, y in points]
        self._question = AssistPrompt(self._image.image, places, list(labels), _listed(box), self._next_number())
        self._ask(self._question)
        return self._question.number

    def propose(self, model: str | Path, box: Box | None = None, device: str = "auto") -> int:
        """Ask what stage 1 of a model folder outlines in the image shown, or in a box of it; the number of the answer.

        Needs no checkpoint.
        """
        self._wish = ProposeOutlines(self._image.image, str(model), _listed(box), self._next_number(), device)
        self._ask(self._wish)
        return self._wish.number

    def forget(self) -> None:
        """The last questions need no answer any more."""
        self._question = self._wish = None

    def shutdown(self) -> None:
        """End the assistant and wait until it is gone; what is asked later starts it again."""
        self.forget()
        self._closing = True
        self._child.shut_down()

    def _next_number(self) -> int:
        self._number += 1
        return self._number

    def _ask(self, *messages: Message) -> None:
        self._may_retry = True
        if not self._child.running:
            self._start()
            return
        for message in messages:
            self._child.send(message)

    def _start(self) -> None:
        """A new child knows nothing: tell it all that is wanted."""
        self._closing = False
        self._child.start()
        if self._open.checkpoint:
            self._become("loading")
        for message in (self._open, self._image, self._question, self._wish):
            if message is not None:
                self._child.send(message)

    def _receive(self, message: Message) -> None:
        match message:
            case AssistOpened() if message.checkpoint == self._open.checkpoint:
                self._become("encoding" if self._image.image else "idle")
                self.opened.emit(message.name, message.digest)
            case AssistProgress() if message.image == self._image.image:
                self._become("encoding")
                self.progressed.emit(message.image, message.done, message.total)
            case AssistReady() if message.image == self._image.image:
                self._become("ready")
            case AssistProposal() if self._question is not None and message.number == self._question.number:
                self._question = None
                self.proposed.emit(message.image, message.number, _polygons(message.polygons), message.score)
            case OutlinesProposed() if self._wish is not None and message.number == self._wish.number:
                self._wish = None
                polygons = _polygons(message.polygons)
                self.outlined.emit(message.image, message.number, message.label, polygons, message.score)
            case Failed():
                self._fail(message)

    def _ended(self, ok: bool, sentence: str) -> None:
        if self._closing:
            self._become("off")
        elif self._may_retry:
            self._may_retry = False
            self._start()
        else:
            self.forget()
            self._become("off")
            self.failed.emit(sentence or "Help with outlining ended by itself; ask again.")

    def _fail(self, failure: Failed) -> None:
        """A checkpoint that cannot be loaded is not in use; an image that cannot be encoded is not waited for."""
        if failure.request == AssistOpen.__name__:
            self._become("off")
        elif failure.request == AssistImage.__name__ and self._state == "encoding":
            self._become("idle")
        self.failed.emit(failure.text)

    def _become(self, state: State) -> None:
        if state != self._state:
            self._state = state
            self.stateChanged.emit(state)


def _listed(box: Box | None) -> list[float] | None:
    return None if box is None else list(box)


def _polygons(found: list[list[list[float]]]) -> Polygons:
    return tuple(tuple((x, y) for x, y in polygon) for polygon in found)
