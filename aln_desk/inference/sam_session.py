"""Segment Anything on one image after another: what was encoded is remembered, what was answered is built upon."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path

from aln_desk.domain.messages import AssistPrompt
from aln_desk.inference.proposals import Polygons, polygons
from aln_desk.io import embeddings, images
from aln_desk.io.embeddings import Embedding
from aln_desk.models.build import choose_device
from aln_desk.models.sam import SamModel, load_sam
from aln_desk.models.sam_reading import Answer, Encoding, Prompt, answer, mask_in_image

REMEMBERED = 32
"""Encoded images that stay in memory, 2 MB each."""


@dataclass(frozen=True, slots=True, eq=False)
class _UnderWay:
    image: str
    digest: str
    encoding: Encoding


class SamSession:
    """One checkpoint at work. ``cache``: a folder that keeps encoded images, or None."""

    def __init__(self, model: SamModel, cache: Path | None = None) -> None:
        self.model = model
        self._cache = cache
        self._under_way: _UnderWay | None = None
        self._remembered: OrderedDict[str, Embedding] = OrderedDict()
        self._about: Embedding | None = None
        self._answers: list[tuple[Prompt, Answer]] = []

    @classmethod
    def open(cls, checkpoint: Path, device: str = "auto", cache: Path | None = None) -> SamSession:
        """Load a checkpoint; raises `BadModel` and `BadSetting` as `load_sam` and `choose_device` do."""
        return cls(load_sam(checkpoint, choose_device(device)), cache)

    def advance(self, image: str) -> Embedding | None:
        """Do one part of encoding an image file; the embedding once it is there.

        What is under way for another image is dropped. Raises `BadFile` where the file cannot be read.
        """
        job = self._under_way
        if job is None or job.image != image:
            self._under_way = None
            return self._begin(image)
        job.encoding.step()
        if job.encoding.done < job.encoding.total:
            return None
        self._under_way = None
        return self._take(job.digest, job.encoding.embedding())

    @property
    def progress(self) -> tuple[int, int]:
        """Parts of the encoding under way that are done, and all of them."""
        return (self._under_way.encoding.done, self._under_way.encoding.total) if self._under_way else (0, 0)

    def propose(self, embedding: Embedding, question: AssistPrompt) -> tuple[Polygons, float]:
        """Outlines of what the question means, and how well the network thinks that they fit.

        Raises `BadSetting` for a question that `Prompt` refuses.
        """
        found = self.answer(embedding, _prompt(question))
        return polygons(*mask_in_image(self.model, embedding, found)), found.score

    def answer(self, embedding: Embedding, prompt: Prompt) -> Answer:
        """What the network takes the prompt to mean.

        A prompt that adds points to an earlier one starts from that one's answer, as the network was trained to do;
        one whose last points were taken back gives what it gave before.
        """
        if embedding is not self._about:
            self._about, self._answers = embedding, []
        while self._answers and not (self._answers[-1][0] == prompt or prompt.refines(self._answers[-1][0])):
            self._answers.pop()
        if not self._answers or self._answers[-1][0] != prompt:
            before = self._answers[-1][1] if self._answers else None
            self._answers.append((prompt, answer(self.model, embedding, prompt, before)))
        return self._answers[-1][1]

    def _begin(self, image: str) -> Embedding | None:
        digest = images.digest(image)
        known = self._remembered.get(digest)
        if known is None and self._cache is not None:
            known = embeddings.kept(self._cache, self.model.digest, digest)
        if known is not None:
            return self._remember(digest, known)
        self._under_way = _UnderWay(image, digest, Encoding(self.model, images.read(image)))
        return None

    def _take(self, digest: str, embedding: Embedding) -> Embedding:
        if self._cache is not None:
            embeddings.keep(self._cache, self.model.digest, digest, embedding)
        return self._remember(digest, embedding)

    def _remember(self, digest: str, embedding: Embedding) -> Embedding:
        self._remembered[digest] = embedding
        self._remembered.move_to_end(digest)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)
        return embedding


def _prompt(question: AssistPrompt) -> Prompt:
    points = tuple((x, y) for x, y in question.points)
    if question.box is None:
        return Prompt(points, tuple(question.labels))
    left, right = sorted((question.box[0], question.box[2]))
    top, bottom = sorted((question.box[1], question.box[3]))
    return Prompt(points, tuple(question.labels), (left, top, right, bottom))
