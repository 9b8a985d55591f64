"""Which images a model was trained on, known by their content whatever the files are called."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class Seen(StrEnum):
    """What a model's training did with an image, or with the images of a patient; the values stand in tables.

    `FITTED`: the parameters learned from it. `HELD_OUT`: training was measured, and the threshold chosen, with it.
    `NEW`: neither. `UNKNOWN`: nobody recorded it.
    """

    FITTED = "fitted"
    HELD_OUT = "held out"
    NEW = "not seen"
    UNKNOWN = ""

    @property
    def words(self) -> str:
        """For people; empty where nothing is known."""
        return _WORDS[self]

    def sentence(self, what: str) -> str:
        """What it means for the reader of a finding; ``what``: "this image", "this patient"."""
        return _SENTENCES[self].format(what)


_WORDS = {
    Seen.FITTED: "In training",
    Seen.HELD_OUT: "Held out",
    Seen.NEW: "Not seen in training",
    Seen.UNKNOWN: "",
}
_SENTENCES = {
    Seen.FITTED: "The model learned from {}, so what it says here is no test of it.",
    Seen.HELD_OUT: (
        "The model did not learn from {}, but its training was measured and its threshold chosen with it: no clean "
        "test."
    ),
    Seen.NEW: (
        "The model's training did not use {}. Images are known by the bytes of their files: a copy saved anew counts "
        "as not seen."
    ),
    Seen.UNKNOWN: "",
}
_TELLING = (Seen.FITTED, Seen.HELD_OUT, Seen.UNKNOWN)
"""What one image decides for its patient, the first that is there; else the patient is new."""


@dataclass(frozen=True, slots=True)
class TrainedOn:
    """The images of a training by digest (`io.images.digest`). One that is in both counts as fitted."""

    fitted: frozenset[str]
    held_out: frozenset[str]

    def image(self, digest: str) -> Seen:
        """What became of the image with this digest; empty where it is not known gives `Seen.UNKNOWN`."""
        if digest in self.fitted:
            return Seen.FITTED
        if digest in self.held_out:
            return Seen.HELD_OUT
        return Seen.NEW if digest else Seen.UNKNOWN

    def patient(self, digests: Iterable[str]) -> Seen:
        """What became of a patient with these images: fitted where one image was. Without images, unknown."""
        found = {self.image(digest) for digest in digests} or {Seen.UNKNOWN}
        return next((seen for seen in _TELLING if seen in found), Seen.NEW)

    def joined(self, later: TrainedOn) -> TrainedOn:
        """Of a training that went on with the model of this one."""
        fitted = self.fitted | later.fitted
        return TrainedOn(fitted, (self.held_out | later.held_out) - fitted)
