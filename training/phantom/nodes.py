"""The axillary lymph node: its form (shared by all images of a patient) and how it is drawn into tissue.

Three signs show: *cortex* is its thickness as a share of the node's, *hilum loss* how far the bright hilum has sunk
towards the cortex, *roundness* the quotient of short and long axis.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from training.phantom.fields import Field, Size, ridge, smooth_noise, step, unit
from training.phantom.geometry import Scan
from training.phantom.latents import NodeSigns, visible
from training.phantom.lesions import Lesion, filled, inherited, placed, ragged, surroundings
from training.phantom.outline import THETA, Outline, Radius, ellipse, of_area, waves
from training.phantom.shadows import cast
from training.phantom.tissue import Tissue


@dataclass(frozen=True, slots=True, eq=False)
class NodeForm:
    """What all images of a node share and no sign decides.

    ``area`` is its share of the picture, ``lobes`` heights and phases of slow harmonics, ``bulge`` how much thicker the
    cortex is on one side than on the other (0 even, 1 the hilum touches the other side), ``side`` the angle of the
    thick side, ``contrast`` in dB, ``soft`` the width of the margin in pixels of a 512 image.
    """

    area: float
    tilt: float
    lobes: tuple[NDArray[np.float64], NDArray[np.float64]]
    bulge: float
    side: float
    contrast: float
    soft: float


def draw_node_form(rng: np.random.Generator) -> NodeForm:
    """The form of one patient's node."""
    return NodeForm(
        area=float(np.exp(rng.uniform(np.log(0.03), np.log(0.16)))),
        tilt=float(rng.normal(0.0, 0.2)),
        lobes=(rng.uniform(0.0, 0.035, 4), rng.uniform(-np.pi, np.pi, 4)),
        bulge=float(rng.choice((0.1, 0.45, 0.9), p=(0.4, 0.35, 0.25))),
        side=float(rng.uniform(-np.pi, np.pi)),
        contrast=float(rng.uniform(7.0, 15.0)),
        soft=float(rng.uniform(1.5, 4.0)),
    )


def draw_node(rng: np.random.Generator, scan: Scan, tissue: Tissue, signs: NodeSigns, form: NodeForm) -> Lesion:
    """A node: dark cortex, thicker with its sign, around a hilum that pales with its own; flat oval to round."""
    outline = _outline(rng, scan, signs, form)
    distance, number = outline.polar(scan)
    depth = ragged(rng, outline, distance, number, 1.2 * unit(scan.size))
    inside = step(depth, form.soft * unit(scan.size))
    around = surroundings(tissue.echo, depth, outline)
    content = around - form.contrast + _content(rng, scan, outline, signs, form) + inherited(tissue.echo, 0.3)
    drawn = filled(tissue, inside, content)
    capsule = ridge(depth, 1.2 * unit(scan.size)) * step(smooth_noise(rng, scan.size, 20.0, 20.0) + 0.2, 0.4)
    drawn = Tissue(drawn.echo, np.asarray(drawn.specular + 0.15 * capsule, np.float32), drawn.rate)
    return Lesion(drawn, cast(rng, scan.size, inside, float(rng.uniform(-2.0, 4.0))), outline)


def _outline(rng: np.random.Generator, scan: Scan, signs: NodeSigns, form: NodeForm) -> Outline:
    height, width = scan.size
    aspect = (0.34 + 0.6 * visible(signs.roundness)) * rng.uniform(0.96, 1.04)
    radius = ellipse(aspect**-0.5, aspect**0.5, form.tilt + rng.normal(0.0, 0.08))
    radius = radius * (1.0 + waves(*form.lobes, 2) * rng.uniform(0.8, 1.2))
    area = min(form.area * rng.uniform(0.9, 1.1) * height * width, aspect * np.pi / 4 * (0.85 * width) ** 2)
    return placed(rng, scan, of_area(radius, area), top=float(rng.uniform(0.14, 0.42)), spread=0.12)


def _content(rng: np.random.Generator, scan: Scan, outline: Outline, signs: NodeSigns, form: NodeForm) -> Field:
    """Deviation from the cortex's level in dB: the hilum, its strands and fine grain."""
    size: Size = scan.size
    core = _hilum(rng, outline, signs, form)
    distance, number = core.polar(scan)
    hilum = step(ragged(rng, core, distance, number, 2.0 * unit(size)), 3.0 * unit(size))
    texture = smooth_noise(rng, size, 0.025 * size[1], 0.007 * size[1])
    bright = 20.0 - 16.5 * visible(signs.hilum_loss)
    return np.asarray(texture + hilum * bright * (1.0 + 0.2 * texture), dtype=np.float32)


def _hilum(rng: np.random.Generator, outline: Outline, signs: NodeSigns, form: NodeForm) -> Outline:
    """The node's own outline, shrunk by the cortex and shifted away from the side where that is thick."""
    left = 0.88 - 0.62 * visible(signs.cortex) * rng.uniform(0.96, 1.04)
    radius: Radius = left * outline.radius
    side = form.side + rng.normal(0.0, 0.2)
    room = 0.8 * form.bulge * float(np.interp(np.angle(np.exp(1j * (side + np.pi))), THETA, outline.radius - radius))
    return Outline(outline.x - room * float(np.cos(side)), outline.y - room * float(np.sin(side)), radius)
