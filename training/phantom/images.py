"""One simulated patient's images: tissue, lesion and scanner put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import View
from training.phantom.latents import SimulatedPatient
from training.phantom.lesions import LesionShape, draw_node, draw_shape, draw_tumour
from training.phantom.scanner import LOOKS, Look, render
from training.phantom.tissue import AXILLA, BREAST, echo_map


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One image: ``name`` (T1, ..., L1, ...), ``grey`` (size, size) uint8 and the lesion's ``outline``."""

    name: str
    view: View
    grey: NDArray[np.uint8]
    outline: list[tuple[float, float]]


def picture_names(patient: SimulatedPatient) -> list[tuple[str, View]]:
    """Names and views of a patient's images, tumour first."""
    tumours = [(f"T{number}", View.TUMOUR) for number in range(1, patient.tumour_images + 1)]
    nodes = [(f"L{number}", View.NODE) for number in range(1, patient.node_images + 1)]
    return tumours + nodes


def draw_pictures(patient: SimulatedPatient, size: int) -> Iterator[Picture]:
    """A patient's images in the order of `picture_names`, each from its own child of the patient's seed.

    All come from one scanner; images of one lesion share its shape and signs and differ as slices do.
    """
    names = picture_names(patient)
    common, *seeds = _children(patient.seed, 1 + len(names))
    rng = np.random.default_rng(common)
    looks = LOOKS[patient.hospital]
    look = looks[int(rng.integers(len(looks)))]
    shapes = {view: draw_shape(rng) for view in View}
    for (name, view), seed in zip(names, seeds, strict=True):
        yield _draw_picture(name, view, patient, shapes[view], look, np.random.default_rng(seed), size)


def _draw_picture(
    name: str,
    view: View,
    patient: SimulatedPatient,
    shape: LesionShape,
    look: Look,
    rng: np.random.Generator,
    size: int,
) -> Picture:
    if view is View.NODE and patient.node is not None:
        lesion = draw_node(rng, echo_map(rng, size, AXILLA), patient.node, shape)
    else:
        lesion = draw_tumour(rng, echo_map(rng, size, BREAST), patient.tumour, shape)
    grey = render(rng, lesion.echo, lesion.attenuation, look)
    return Picture(name, view, grey, lesion.outline.polygon(size))


def _children(seed: np.random.SeedSequence, count: int) -> list[np.random.SeedSequence]:
    """The first children of ``seed``, the same at every call (``spawn`` itself counts on)."""
    return [np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, number)) for number in range(count)]
