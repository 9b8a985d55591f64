"""The pictures of a report: an image with its outlines, an image under its CAM, and bars. All (H, W, 3) uint8 RGB."""

from __future__ import annotations

import base64
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.annotation import Annotation
from aln_desk.domain.cam_scale import cam_rgba
from aln_desk.domain.verdict import Decision, InstancePrediction
from aln_desk.io.rasterize import class_mask

Rgb = NDArray[np.uint8]

DRAWN = (27, 158, 119)
PREDICTED = (200, 60, 200)
POSITIVE = (230, 126, 34)
NEGATIVE = (58, 142, 200)
UNCERTAIN = (138, 144, 152)
DECISIONS: dict[Decision, tuple[int, int, int]] = {
    "positive": POSITIVE,
    "negative": NEGATIVE,
    "uncertain": UNCERTAIN,
}
_TRACK = (228, 228, 228)
_TICK = (20, 20, 20)
_DASH = 7
_CAM_OPACITY = 0.7


def outlined(image: Rgb, annotation: Annotation | None, prediction: InstancePrediction | None, width: int) -> Rgb:
    """The image at ``width`` pixels with the drawn outline (solid) and the predicted one (dashed)."""
    picture = _scaled(image, width)
    if annotation is not None:
        drawn = class_mask(annotation, image.shape[0], image.shape[1]) > 0
        _trace(picture, drawn, DRAWN, dashed=False)
    if prediction is not None:
        _trace(picture, prediction.mask, PREDICTED, dashed=True)
    return picture


def heated(image: Rgb, prediction: InstancePrediction, top: float, width: int) -> Rgb:
    """The image at ``width`` pixels under its evidence, on the scale (`cam_scale`) from ``-top`` to ``top`` logits."""
    picture = _scaled(image, width)
    cam = cv2.resize(_cam_on_image(prediction, image.shape[:2]), picture.shape[1::-1])
    colour = cam_rgba(cam, top)
    alpha = _CAM_OPACITY / 255 * colour[..., 3:]
    return np.asarray(np.rint(picture * (1 - alpha) + colour[..., :3] * alpha), np.uint8)


def cam_bar(width: int, height: int) -> Rgb:
    """The colours of `heated` on white from the evidence against (left) to that for a positive status (right)."""
    colour = cam_rgba(np.tile(np.linspace(-1, 1, width), (height, 1)), 1.0)
    alpha = colour[..., 3:] / 255
    return np.asarray(np.rint(255 * (1 - alpha) + colour[..., :3] * alpha), np.uint8)


def bar(
    share: float, colour: tuple[int, int, int], mark: float | None = None, width: int = 580, height: int = 22
) -> Rgb:
    """A bar filled to ``share`` of its width (0 to 1; nan is empty), with a tick at ``mark``."""
    picture = np.full((height, width, 3), _TRACK, np.uint8)
    picture[:, : round(float(np.clip(np.nan_to_num(share), 0, 1)) * width)] = colour
    if mark is not None and np.isfinite(mark):
        at = round(float(np.clip(mark, 0, 1)) * (width - 1))
        picture[:, max(at - 1, 0) : at + 2] = _TICK
    return picture


def data_url(picture: Rgb) -> str:
    """The picture as a PNG inside a ``data:`` address."""
    _, png = cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))
    return "data:image/png;base64," + base64.b64encode(png.tobytes()).decode("ascii")


def _scaled(image: Rgb, width: int) -> Rgb:
    height = max(1, round(image.shape[0] * width / image.shape[1]))
    smaller = width < image.shape[1]
    picture = cv2.resize(image, (width, height), interpolation=cv2.INTER_AREA if smaller else cv2.INTER_LINEAR)
    return np.ascontiguousarray(picture)


def _trace(picture: Rgb, mask: NDArray[np.bool_], colour: tuple[int, int, int], *, dashed: bool) -> None:
    """Draw the borders of ``mask`` (any size) on the picture, in place."""
    size = picture.shape[1::-1]
    small = cv2.resize(np.asarray(mask, np.uint8), size, interpolation=cv2.INTER_NEAREST)
    borders, _ = cv2.findContours(small, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_NONE)
    for border in borders:
        if not dashed:
            cv2.polylines(picture, [border], True, colour, 2, cv2.LINE_AA)
            continue
        for start in range(0, len(border), 2 * _DASH):
            cv2.polylines(picture, [border[start : start + _DASH]], False, colour, 2, cv2.LINE_AA)


def _cam_on_image(prediction: InstancePrediction, shape: tuple[int, ...]) -> NDArray[np.float32]:
    """(H, W) float32: the CAM at each image pixel; beyond the model's input its border value goes on."""
    place, (rows, columns) = prediction.placement, prediction.cam.shape
    # Centre of image pixel x -> input pixel (x + 0.5) * scale + left -> CAM cell, whose centres lie at halves too.
    x, y = place.scale_x * columns / place.size, place.scale_y * rows / place.size
    to_cam: NDArray[Any] = np.array(
        [
            [x, 0.0, 0.5 * x + place.left * columns / place.size - 0.5],
            [0.0, y, 0.5 * y + place.top * rows / place.size - 0.5],
        ]
    )
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    cam = np.asarray(prediction.cam, np.float32)
    placed = cv2.warpAffine(cam, to_cam, shape[1::-1], flags=flags, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(placed, np.float32)
