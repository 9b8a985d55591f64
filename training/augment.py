"""Augmentation of a whole batch on its device: one resampling for geometry, one pass for light and colour.

What happens to each image is drawn beforehand, on the CPU, from one generator (`draw`), and applied later (`apply`):
so a batch can be cut into parts, for small memories or several devices, without changing a single image. Geometry
and ranges are those of the published recipe (enlargement, random crop, mirror image, photometric distortion), and
optionally rotation, bending and gamma. Small tensors travel to the device without being waited for: a host that waits
cannot queue the network's work ahead.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields

import torch
import torch.nn.functional as F
from torch import Tensor

from aln_desk.domain.recipe import MtlRecipe
from aln_desk.models.preprocess import Preprocess

CROP_TRIES = 10
LARGEST_SHARE = 0.75
BEND = 6
"""Points a side of the grid that a bend is drawn on."""


@dataclass(frozen=True, slots=True, eq=False)
class Variation:
    """How B images are varied, in the order in which it happens; CPU tensors.

    Light: ``brightness`` (B,) grey levels to add, ``contrast`` and ``saturation`` (B,) factors, ``hue`` (B,) radians
    about the grey axis, ``gamma`` (B,). Geometry: ``matrix`` (B,2,3): output point p = (x, y), in units of the square
    [-1, 1], reads the input at ``matrix @ (x, y, 1)``, and ``bend`` (B,2,G,G) from there, smoothly between the points
    of a coarse grid over the output.
    """

    brightness: Tensor
    contrast: Tensor
    saturation: Tensor
    hue: Tensor
    gamma: Tensor
    matrix: Tensor
    bend: Tensor

    def part(self, rows: slice) -> Variation:
        """The variation of these images alone."""
        return Variation(*(getattr(self, entry.name)[rows] for entry in fields(self)))


def draw(coarse: Tensor, content: Tensor, size: int, recipe: MtlRecipe, generator: torch.Generator) -> Variation:
    """Draw how to vary B images, whose masks are ``coarse`` (B,C,C) uint8 classes on a coarse grid.

    ``content`` (B,2) is the height and width in pixels of each image inside its square of ``size``. Geometry is drawn
    again, up to `CROP_TRIES` times, where one class fills over 75 % of the crop (judged on the coarse grid).
    """
    count = len(content)

    def each(low: float, high: float, neutral: float) -> Tensor:
        value = low + (high - low) * torch.rand(count, generator=generator)
        return torch.where(torch.rand(count, generator=generator) < 0.5, value, neutral)

    matrix = _matrix(content, size, recipe, generator)
    for _ in range(CROP_TRIES - 1):
        dull = _largest_share(coarse, matrix) > LARGEST_SHARE
        if not dull.any():
            break
        matrix = torch.where(dull[:, None, None], _matrix(content, size, recipe, generator), matrix)
    width = math.log1p(recipe.gamma)
    bend = torch.zeros(count, 2, BEND, BEND)
    return Variation(
        brightness=each(-32.0, 32.0, 0.0),
        contrast=each(0.5, 1.5, 1.0),
        saturation=each(0.5, 1.5, 1.0),
        # 18 of the published recipe's 180 steps.
        hue=each(-math.pi / 5, math.pi / 5, 0.0),
        gamma=each(-width, width, 0.0).exp(),
        matrix=matrix,
        # Of the side: the square is 2 wide.
        bend=bend.normal_(0.0, 2.0 * recipe.elastic, generator=generator) if recipe.elastic else bend,
    )


def apply(
    pixels: Tensor, mask: Tensor, content: Tensor, variation: Variation, preprocess: Preprocess
) -> tuple[Tensor, Tensor]:
    """``pixels`` (B,S,S,3) uint8 RGB and ``mask`` (B,S,S) uint8 classes, varied on their device.

    Gives the normalised network input (B,3,S,S) float32, 0 outside the image, and the mask (B,S,S) uint8 that moved
    with it. One bilinear resampling carries both: a pixel belongs to a lesion where that covers half of it.
    """
    lit = light(pixels.permute(0, 3, 1, 2).float(), variation)
    # Normalised first: what lies outside the image is then 0 for the network, as in the published recipe.
    x = preprocess.normalise(lit) * _covered(content.to(pixels.device, non_blocking=True), pixels.shape[1])
    layers = torch.cat([x, (mask == 1)[:, None].float(), (mask == 2)[:, None].float()], dim=1)
    moved = resample(layers, variation.matrix, variation.bend)
    tumour, node = moved[:, 3] >= 0.5, moved[:, 4] >= 0.5
    return moved[:, :3].contiguous(), torch.where(node, 2, tumour.to(torch.uint8)).to(torch.uint8)


def resample(layers: Tensor, matrix: Tensor, bend: Tensor | None = None) -> Tensor:
    """``layers`` (B,C,S,S) float read through ``matrix`` (B,2,3) and ``bend``, bilinear; outside the square is 0."""
    shape = [*layers.shape]
    matrix = matrix.to(layers.device, layers.dtype, non_blocking=True)
    grid = F.affine_grid(matrix, shape, align_corners=False)
    if bend is not None and bend.any():
        bend = bend.to(layers.device, layers.dtype, non_blocking=True)
        smooth = F.interpolate(bend, layers.shape[2:], mode="bicubic", align_corners=False)
        grid = grid + smooth.permute(0, 2, 3, 1)
    return F.grid_sample(layers, grid, mode="bilinear", padding_mode="zeros", align_corners=False)


def light(pixels: Tensor, variation: Variation) -> Tensor:
    """Photometric distortion of (B,3,H,W) RGB in 0..255, clipped to that range.

    Contrast scales about 0, as in the published recipe. Hue turns the colour about the grey axis: grey stays grey.
    """

    def each(values: Tensor) -> Tensor:
        return values.to(pixels.device, non_blocking=True).view(-1, 1, 1, 1)

    pixels = (pixels + each(variation.brightness)) * each(variation.contrast)
    grey = pixels.mean(dim=1, keepdim=True)
    pixels = grey + (pixels - grey) * each(variation.saturation)
    pixels = _turn_hue(pixels, variation.hue).clamp(0.0, 255.0)
    if bool((variation.gamma == 1.0).all()):
        return pixels
    return 255.0 * (pixels / 255.0) ** each(variation.gamma)


def _matrix(content: Tensor, size: int, recipe: MtlRecipe, generator: torch.Generator) -> Tensor:
    """(B,2,3): random enlargement, rotation and mirror image; an image that overhangs its square after that is
    cropped at a random place, a smaller one is placed anywhere inside it.
    """
    count = len(content)
    scale = recipe.scale_low + (recipe.scale_high - recipe.scale_low) * torch.rand(count, 1, generator=generator)
    # Slack in half-squares: the enlarged image may move so far either way.
    slack = (content.flip(1) * scale / size - 1.0).abs()
    centre = (2.0 * torch.rand(count, 2, generator=generator) - 1.0) * slack
    mirror = torch.where(torch.rand(count, 1, generator=generator) < 0.5, -1.0, 1.0)
    turn = math.radians(recipe.rotate) * (2.0 * torch.rand(count, generator=generator) - 1.0)
    rotation = torch.stack([turn.cos(), -turn.sin(), turn.sin(), turn.cos()], dim=1).view(-1, 2, 2)
    zoom = torch.cat([mirror, torch.ones_like(mirror)], dim=1) / scale
    return torch.cat([rotation * zoom[:, None, :], (centre / scale)[:, :, None]], dim=2)


def _largest_share(coarse: Tensor, matrix: Tensor) -> Tensor:
    """Share (B,) of the crop's most frequent class."""
    grid = F.affine_grid(matrix, [len(coarse), 1, *coarse.shape[1:]], align_corners=False)
    seen = F.grid_sample(coarse[:, None].float(), grid, mode="nearest", align_corners=False)
    return torch.stack([(seen == kind).float().mean(dim=(1, 2, 3)) for kind in range(3)], dim=1).amax(dim=1)


def _covered(content: Tensor, size: int) -> Tensor:
    """(B,1,S,S) float: 1 inside the image, 0 on the letterbox around it."""
    place = torch.arange(size, device=content.device)
    first = ((size - content) / 2).floor()[:, :, None]  # as `Preprocess` places it
    inside = (place >= first) & (place < first + content[:, :, None])
    return (inside[:, 0, :, None] & inside[:, 1, None, :]).float()[:, None]


def _turn_hue(pixels: Tensor, angle: Tensor) -> Tensor:
    """Rotate RGB about the grey axis (Rodrigues' formula with axis (1,1,1)/sqrt 3); ``angle`` (B,) radians."""
    axis = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]]) / math.sqrt(3.0)
    cos, sin = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    rotation = cos * torch.eye(3) + sin * axis + (1.0 - cos) / 3.0
    return torch.einsum("bij,bjhw->bihw", rotation.to(pixels.device, non_blocking=True), pixels)
