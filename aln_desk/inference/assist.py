"""Help with outlining, beside the reading of projects: Segment Anything, and outlines of a model's stage 1.

Messages only say what is wanted now, where a newer one takes the place of an older one of its kind; work is done in
steps between which the next messages are heard. So an image that is left stops being encoded, and a click waits for
one block of the encoder at most.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import torch

from aln_desk.domain.errors import AlnError, BadFile, BadSetting
from aln_desk.domain.messages import (
    AssistImage,
    AssistOpen,
    AssistOpened,
    AssistProgress,
    AssistPrompt,
    AssistProposal,
    AssistReady,
    AssistRequest,
    Failed,
    Message,
    OutlinesProposed,
    ProposeOutlines,
)
from aln_desk.inference.proposer import Proposer
from aln_desk.io import checkpoint
from aln_desk.io.embeddings import Embedding

if TYPE_CHECKING:
    from aln_desk.inference.sam_session import SamSession

QUIET = 1.0
"""Seconds without a message after which the upcoming image is encoded."""


class Assistant:
    """Hears requests by `receive`, which takes no time, and does what they want in `step` after `step`."""

    def __init__(self, emit: Callable[[Message], None]) -> None:
        self._emit = emit
        self._open: AssistOpen | None = None
        self._question: AssistPrompt | None = None
        self._outlines: ProposeOutlines | None = None
        self._image = self._upcoming = ""
        self._shown_at = 0.0
        self._embedding: Embedding | None = None  # of the image on screen, once it is there
        self._session: SamSession | None = None
        self._proposer: tuple[tuple[str, str, str], Proposer] | None = None

    def receive(self, request: AssistRequest) -> None:
        """Want this from now on."""
        match request:
            case AssistOpen():
                self._open = request
            case AssistImage():
                self._show(request.image, request.upcoming)
            case AssistPrompt():
                if request.image != self._image:
                    self._show(request.image, "")
                self._question = request
            case ProposeOutlines():
                self._outlines = request

    @property
    def patience(self) -> float | None:
        """Seconds to wait for a message before the next `step`; None while there is nothing to do."""
        if self._open or self._question or self._outlines:
            return 0.0
        if self._session is None:
            return None
        if self._image and self._embedding is None:
            return 0.0
        return QUIET if self._upcoming else None

    def step(self) -> None:
        """Do a part of what is wanted most. What fails is told, and not wanted any more."""
        if (wanted := self._most_wanted()) is None:
            return
        kind, work = wanted
        try:
            work()
        except (AlnError, RuntimeError, MemoryError) as error:  # RuntimeError: how torch tells of a full memory
            text = str(error) or "There is too little memory to help with outlines; close other programs."
            self._emit(Failed(text, kind.__name__))

    def _most_wanted(self) -> tuple[type[AssistRequest], Callable[[], None]] | None:
        """What to do, and the kind of request that wanted it; what is done in one step is not wanted any more."""
        if self._open is not None:
            request, self._open = self._open, None
            return AssistOpen, partial(self._load, request)
        if self._outlines is not None:
            wish, self._outlines = self._outlines, None
            return ProposeOutlines, partial(self._propose, wish)
        if self._session is not None and self._image and self._embedding is None:
            return AssistImage, partial(self._encode, self._session)
        if self._question is not None:
            question, self._question = self._question, None
            return AssistPrompt, partial(self._answer, question)
        if self._session is not None and self._upcoming:
            return AssistImage, partial(self._prepare, self._session)
        return None

    def _show(self, image: str, upcoming: str) -> None:
        self._image, self._upcoming, self._shown_at = image, upcoming, time.monotonic()
        self._embedding = self._question = None

    def _load(self, request: AssistOpen) -> None:
        self._session = self._embedding = None  # room for the next one
        if not request.checkpoint:
            return
        from aln_desk.inference.sam_session import SamSession  # with torchvision: seconds that no one else need spend

        _leave_a_core()
        cache = Path(request.cache) if request.cache else None
        self._session = SamSession.open(Path(request.checkpoint), request.device, cache)
        model = self._session.model
        self._emit(AssistOpened(request.checkpoint, model.name, model.digest, str(model.device)))

    def _propose(self, wish: ProposeOutlines) -> None:
        proposer = self._proposer_of(Path(wish.model), wish.device)
        found = proposer.propose(Path(wish.image), wish.box)
        self._emit(OutlinesProposed(wish.image, wish.number, found.label, found.polygons, found.score, proposer.digest))

    def _proposer_of(self, folder: Path, device: str) -> Proposer:
        """The last one where folder, content and device are the same."""
        key = (str(folder), str(checkpoint.read_manifest(folder).get("digest")), device)
        if self._proposer is None or self._proposer[0] != key:
            self._proposer = None
            _leave_a_core()
            self._proposer = (key, Proposer(folder, device))
        return self._proposer[1]

    def _encode(self, session: SamSession) -> None:
        image = self._image
        try:
            self._embedding = session.advance(image)
        except Exception:
            self._show("", "")
            raise
        if self._embedding is None:
            self._emit(AssistProgress(image, *session.progress))
        else:
            self._emit(AssistReady(image, time.monotonic() - self._shown_at))

    def _answer(self, question: AssistPrompt) -> None:
        if self._session is None:
            raise BadSetting("There is no checkpoint of Segment Anything in use; choose one first.")
        if self._embedding is None:
            raise BadSetting("There is no image to click into; show one first.")
        polygons, score = self._session.propose(self._embedding, question)
        self._emit(AssistProposal(question.image, question.number, polygons, score))

    def _prepare(self, session: SamSession) -> None:
        """A part of encoding the upcoming image; one that cannot be read is told of when it is shown."""
        image, self._upcoming = self._upcoming, ""
        with suppress(BadFile):
            if session.advance(image) is None:
                self._upcoming = image


def _leave_a_core() -> None:
    """To the window."""
    torch.set_num_threads(min(torch.get_num_threads(), max(1, (os.cpu_count() or 2) - 1)))
