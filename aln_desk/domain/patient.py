"""Patients, their instances (images), their bag and their cohort."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class View(StrEnum):
    """What an image shows."""

    TUMOUR = "tumour"
    NODE = "lymph_node"


class Role(StrEnum):
    """What a cohort is for. Only `TRAIN` and `TUNE` may shape a model."""

    TRAIN = "train"
    TUNE = "tune"
    INTERNAL_TEST = "internal test"
    EXTERNAL_TEST = "external test"


_VARIABLE_WORDS = {
    "t_stage": "T stage",
    "birads": "BI-RADS",
    "bi-rads": "BI-RADS",
    "er": "ER",
    "pr": "PR",
    "her2": "HER2",
    "ki67": "Ki-67",
    "lvi": "Lymphovascular invasion",
    "pni": "Perineural invasion",
}


def variable_words(name: str) -> str:
    """How a clinical variable is written for people; an unknown one as its column says, with spaces."""
    return _VARIABLE_WORDS.get(name, name.replace("_", " ").capitalize())


@dataclass(frozen=True, slots=True)
class Cohort:
    """Patients of one place and time."""

    name: str
    role: Role


@dataclass(frozen=True, slots=True)
class Instance:
    """One image of a patient.

    ``id`` is ``<patient>/<file name>``, unique in a project. ``image`` and ``annotation`` are absolute paths;
    the annotation file need not exist (an image without an outline).
    """

    id: str
    patient: str
    view: View
    image: str
    annotation: str


@dataclass(frozen=True, slots=True)
class Patient:
    """The unit of split, verdict and statistics.

    ``outcome`` is the node status from pathology: 0 negative, 1 positive, None unknown. ``admission_date`` is ISO
    ``YYYY-MM-DD`` or empty. ``clinical`` holds variables by name (``t_stage``, ``birads``, ``age`` ...) as text.
    """

    id: str
    cohort: str
    outcome: int | None = None
    admission_date: str = ""
    hospital: str = ""
    clinical: Mapping[str, str] = field(default_factory=dict)
    bag: tuple[Instance, ...] = ()

    def count(self, view: View) -> int:
        """Number of images of one view in the bag."""
        return sum(instance.view is view for instance in self.bag)
