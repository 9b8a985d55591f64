"""One simulated patient's images: tissue, lesion and scanner put together."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.patient import View
from training.phantom.fields import Field, Size
from training.phantom.furniture import Box, Marks, furnish
from training.phantom.geometry import Scan
from training.phantom.latents import SimulatedPatient
from training.phantom.lesions import Lesion, TumourForm, draw_tumour, draw_tumour_form
from training.phantom.nodes import NodeForm, draw_node, draw_node_form
from training.phantom.outline import Outline
from training.phantom.scanner import LOOKS, ScannerLook, draw_scan, render
from training.phantom.structures import with_chest_wall, with_vessels
from training.phantom.tissue import Tissue, axilla, breast, draw_tissue


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """One image: ``name`` (T1, ..., L1, ...), ``grey`` (height, width) uint8, the lesion's ``outline`` and the boxes
    (kind, left, top, right, bottom) of the ``furniture`` drawn over it.
    """

    name: str
    view: View
    grey: NDArray[np.uint8]
    outline: list[tuple[float, float]]
    furniture: list[Box]


@dataclass(frozen=True, slots=True, eq=False)
class _Body:
    """What all images of one patient share: how dense the breast is and the forms of the lesions."""

    density: float
    tumour: TumourForm
    node: NodeForm


def picture_names(patient: SimulatedPatient) -> list[tuple[str, View]]:
    """Names and views of a patient's images, tumour first."""
    tumours = [(f"T{number}", View.TUMOUR) for number in range(1, patient.tumour_images + 1)]
    nodes = [(f"L{number}", View.NODE) for number in range(1, patient.node_images + 1)]
    return tumours + nodes


def draw_pictures(patient: SimulatedPatient, size: int, height: int | None = None) -> Iterator[Picture]:
    """A patient's images in the order of `picture_names`, each from its own child of the patient's seed.

    ``size`` pixels wide and ``height`` (``size``) high. All come from one scanner; images of one lesion share its form
    and signs and differ as slices do.
    """
    names = picture_names(patient)
    common, *seeds = _children(patient.seed, 1 + len(names))
    rng = np.random.default_rng(common)
    look = LOOKS[patient.scanner]
    body = _Body(float(rng.random()), draw_tumour_form(rng), draw_node_form(rng))
    for (name, view), seed in zip(names, seeds, strict=True):
        yield _draw_picture(name, view, patient, body, look, np.random.default_rng(seed), (height or size, size))


def draw_normal(
    seed: int | np.random.SeedSequence, size: int, look: ScannerLook, *, height: int | None = None, marks: bool = True
) -> NDArray[np.uint8]:
    """A picture (height, size) of a breast without a lesion, with or without the scanner's ``marks``."""
    rng = np.random.default_rng(seed)
    scan = draw_scan(rng, (height or size, size), look)
    tissue = _tissue(rng, scan.size, View.TUMOUR, float(rng.random()))
    grey = render(rng, scan, tissue, np.zeros(scan.size, np.float32), look)
    return _finished(rng, grey, look, View.TUMOUR, None, "" if marks else None).grey


def _draw_picture(
    name: str,
    view: View,
    patient: SimulatedPatient,
    body: _Body,
    look: ScannerLook,
    rng: np.random.Generator,
    size: Size,
) -> Picture:
    scan = draw_scan(rng, size, look)
    tissue = _tissue(rng, size, view, body.density)
    lesion = _lesion(rng, scan, tissue, view, patient, body)
    grey = render(rng, scan, lesion.tissue, lesion.shadow, look)
    marks = _finished(rng, grey, look, view, lesion.outline, patient.mark)
    return Picture(name, view, marks.grey, lesion.outline.polygon(size), marks.boxes)


def _tissue(rng: np.random.Generator, size: Size, view: View, density: float) -> Tissue:
    layers = axilla(rng, density) if view is View.NODE else breast(rng, density)
    tissue = draw_tissue(rng, size, layers)
    if rng.random() < (0.15 if view is View.NODE else 0.4):
        tissue = with_chest_wall(rng, tissue)
    return with_vessels(rng, tissue, 4 if view is View.NODE else 3)


def _lesion(
    rng: np.random.Generator, scan: Scan, tissue: Tissue, view: View, patient: SimulatedPatient, body: _Body
) -> Lesion:
    if view is View.NODE and patient.node is not None:
        return draw_node(rng, scan, tissue, patient.node, body.node)
    return draw_tumour(rng, scan, tissue, patient.tumour, body.tumour)


def _finished(
    rng: np.random.Generator, grey: Field, look: ScannerLook, view: View, outline: Outline | None, mark: str | None
) -> Marks:
    picture = np.rint(grey).clip(0, 255).astype(np.uint8)
    return Marks(picture, []) if mark is None else furnish(rng, picture, look, view, outline, mark)


def _children(seed: np.random.SeedSequence, count: int) -> list[np.random.SeedSequence]:
    """The first children of ``seed``, the same at every call (``spawn`` itself counts on)."""
    return [np.random.SeedSequence(seed.entropy, spawn_key=(*seed.spawn_key, number)) for number in range(count)]
