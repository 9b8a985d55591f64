"""Augmentation of a whole batch on its device: one resampling for geometry, one pass for light and colour.

Geometry and ranges are those of the published recipe: enlargement, random crop, flip, photometric distortion.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

CROP_TRIES = 10
LARGEST_SHARE = 0.75
COARSE = 32


@dataclass(frozen=True, slots=True, eq=False)
class Warp:
    """Per-image geometry, in units of the input square [-1, 1]: output point p reads input point p * zoom + shift.

    ``zoom`` and ``shift`` are (B,2) in (x, y) order; a negative x zoom is a mirror image.
    """

    zoom: Tensor
    shift: Tensor

    def grid(self, size: int) -> Tensor:
        """Sampling grid (B,size,size,2) for ``grid_sample`` with ``align_corners=False``."""
        matrix = torch.cat([torch.diag_embed(self.zoom), self.shift.unsqueeze(2)], dim=2)
        return F.affine_grid(matrix, [len(matrix), 1, size, size], align_corners=False)


def draw_warp(content: Tensor, size: int, low: float, high: float, generator: torch.Generator) -> Warp:
    """Random enlargement in [low, high], random placement, mirror image with p 0.5.

    ``content`` (B,2) is the height and width in pixels of the image inside its square of ``size``. An image larger
    than the square after enlargement is cropped at a random place; a smaller one is placed anywhere inside it.
    """
    count = len(content)
    scale = low + (high - low) * torch.rand(count, 1, generator=generator)
    # Slack in half-squares: positive when the enlarged image overhangs the square, negative when it fits inside.
    slack = (content.flip(1) * scale / size - 1.0).abs()
    centre = (2.0 * torch.rand(count, 2, generator=generator) - 1.0) * slack
    mirror = torch.where(torch.rand(count, 1, generator=generator) < 0.5, -1.0, 1.0)
    zoom = torch.cat([mirror, torch.ones_like(mirror)], dim=1) / scale
    return Warp(zoom, centre / scale)


def varied_warp(mask: Tensor, content: Tensor, low: float, high: float, generator: torch.Generator) -> Warp:
    """`draw_warp`, drawn again up to `CROP_TRIES` times while one class fills over 75 % of the crop.

    ``mask`` (B,S,S) uint8. Shares are judged on a coarse grid, which is exact enough for the rule.
    """
    chosen = draw_warp(content, mask.shape[-1], low, high, generator)
    zoom, shift = chosen.zoom, chosen.shift
    for _ in range(CROP_TRIES - 1):
        dull = _largest_share(mask, Warp(zoom, shift)) > LARGEST_SHARE
        if not dull.any():
            break
        again = draw_warp(content, mask.shape[-1], low, high, generator)
        zoom = torch.where(dull[:, None], again.zoom, zoom)
        shift = torch.where(dull[:, None], again.shift, shift)
    return Warp(zoom, shift)


def resample(pixels: Tensor, warp: Warp, mode: str) -> Tensor:
    """``pixels`` (B,C,S,S) float through ``warp``; outside the square is 0. ``mode`` bilinear or nearest."""
    grid = warp.grid(pixels.shape[-1]).to(pixels.device, pixels.dtype)
    return F.grid_sample(pixels, grid, mode=mode, padding_mode="zeros", align_corners=False)


def photometric(pixels: Tensor, generator: torch.Generator) -> Tensor:
    """Brightness, contrast, saturation and hue, each with p 0.5, of (B,3,H,W) RGB in 0..255; result clipped.

    Brightness +-32 grey levels, contrast and saturation 0.5-1.5, hue +-36 degrees (18 of the published recipe's 180
    steps). Contrast scales about 0, as there. Hue turns the colour about the grey axis: grey images stay grey.
    """
    count = len(pixels)

    def each(low: float, high: float, neutral: float) -> Tensor:
        value = low + (high - low) * torch.rand(count, generator=generator)
        kept = torch.rand(count, generator=generator) < 0.5
        return torch.where(kept, value, neutral).to(pixels.device).view(-1, 1, 1, 1)

    pixels = pixels + each(-32.0, 32.0, 0.0)
    pixels = pixels * each(0.5, 1.5, 1.0)
    grey = pixels.mean(dim=1, keepdim=True)
    pixels = grey + (pixels - grey) * each(0.5, 1.5, 1.0)
    pixels = _turn_hue(pixels, each(-36.0, 36.0, 0.0).flatten() * (math.pi / 180.0))
    return pixels.clamp(0.0, 255.0)


def _turn_hue(pixels: Tensor, angle: Tensor) -> Tensor:
    """Rotate RGB about the grey axis (Rodrigues' formula with axis (1,1,1)/sqrt 3); ``angle`` (B,) radians."""
    axis = torch.tensor([[0.0, -1.0, 1.0], [1.0, 0.0, -1.0], [-1.0, 1.0, 0.0]], device=pixels.device) / math.sqrt(3.0)
    eye, ones = torch.eye(3, device=pixels.device), torch.full((3, 3), 1.0 / 3.0, device=pixels.device)
    cos, sin = angle.cos().view(-1, 1, 1), angle.sin().view(-1, 1, 1)
    rotation = cos * eye + sin * axis + (1.0 - cos) * ones
    return torch.einsum("bij,bjhw->bihw", rotation, pixels)


def _largest_share(mask: Tensor, warp: Warp) -> Tensor:
    """Share (B,) of the crop's most frequent class."""
    coarse = warp.grid(COARSE).to(mask.device)
    seen = F.grid_sample(mask[:, None].float(), coarse, mode="nearest", align_corners=False)
    shares = torch.stack([(seen == k).float().mean(dim=(1, 2, 3)) for k in range(3)], dim=1)
    return shares.amax(dim=1).cpu()
