"""Segment Anything at work: an image is encoded once, slowly, and then asked about by clicks and boxes, fast.

Points are (x, y) in image pixels, (0, 0) the outer corner of the first one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from segment_anything.utils.transforms import ResizeLongestSide
from torch import Tensor

from aln_desk.domain.errors import BadSetting
from aln_desk.domain.shape import Point
from aln_desk.io.embeddings import Embedding
from aln_desk.models.build import learning_precision
from aln_desk.models.sam import SamModel

Floats = NDArray[np.float32]
Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Prompt:
    """What is asked about: ``labels`` has 1 for a point of the object and 0 for one beside it; ``box`` (left, top,
    right, bottom) round the object, or None. Raises `BadSetting` where there is neither, or not a label a point.
    """

    points: tuple[Point, ...] = ()
    labels: tuple[int, ...] = ()
    box: Box | None = None

    def __post_init__(self) -> None:
        if len(self.points) != len(self.labels) or not set(self.labels) <= {0, 1}:
            raise BadSetting("Each point of a prompt needs a label, 1 inside or 0 outside.")
        if not self.points and self.box is None:
            raise BadSetting("A prompt needs a point or a box; click into the image.")

    @property
    def ambiguous(self) -> bool:
        """Whether it may mean a part as well as the whole: a single click."""
        return len(self.points) == 1 and self.box is None

    def refines(self, other: Prompt) -> bool:
        """Whether this is ``other`` and at least one more point."""
        count = len(other.points)
        return count < len(self.points) and (self.points[:count], self.labels[:count], self.box) == (
            other.points,
            other.labels,
            other.box,
        )


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """``logits`` (4g, 4g) float32 on the encoder's square, > 0 is the object; ``score`` is how well the network thinks
    that it fits (its own estimate of the IoU).
    """

    logits: Floats
    score: float


class Encoding:
    """One image on its way through the encoder: call `step` until ``done`` is ``total``, then `embedding`."""

    def __init__(self, model: SamModel, image: NDArray[np.uint8]) -> None:
        """``image`` (H, W, 3) uint8 RGB. Raises `BadSetting` for one of which nothing is left in the square."""
        if 0 in ResizeLongestSide.get_preprocess_shape(*image.shape[:2], model.size):
            raise BadSetting(f"An image of {image.shape[1]} x {image.shape[0]} pixels is too narrow; crop it.")
        self._model, self._encoder = model, model.net.image_encoder
        self._height, self._width = image.shape[:2]
        self.done, self.total = 0, len(self._encoder.blocks)
        resized = torch.from_numpy(ResizeLongestSide(model.size).apply_image(image)).to(model.device)
        with torch.inference_mode(), learning_precision(model.device):
            square = model.net.preprocess(resized.permute(2, 0, 1).float())[None]
            self._features: Tensor = self._encoder.patch_embed(square) + self._encoder.pos_embed

    def step(self) -> None:
        """One block of the encoder."""
        with torch.inference_mode(), learning_precision(self._model.device):
            self._features = self._encoder.blocks[self.done](self._features)
        self.done += 1

    def embedding(self) -> Embedding:
        """What the decoder reads, once all blocks are done."""
        with torch.inference_mode(), learning_precision(self._model.device):
            features = self._encoder.neck(self._features.permute(0, 3, 1, 2))[0]
        return Embedding(features.to(torch.float16).cpu().numpy(), self._height, self._width)


@torch.inference_mode()
def answer(model: SamModel, embedding: Embedding, prompt: Prompt, before: Answer | None = None) -> Answer:
    """What the network takes the prompt to mean. ``before``: its answer to the prompt that this one `refines`.

    For an ambiguous prompt the best of its several masks, by its own score; else the one mask that it was trained to
    give then.
    """
    net, device = model.net, model.device
    mask = None if before is None else torch.from_numpy(before.logits).to(device)[None, None]
    sparse, dense = net.prompt_encoder(*_prompt(model, embedding, prompt), masks=mask)
    features = torch.from_numpy(embedding.features).to(device).float()[None]
    several = prompt.ambiguous and before is None
    logits, score = net.mask_decoder(features, model.places, sparse, dense, several)
    return Answer(logits.cpu().numpy(), float(score))


def mask_in_image(model: SamModel, embedding: Embedding, found: Answer) -> tuple[NDArray[np.bool_], int, int]:
    """(h, w) bool of the part of the image that holds the whole object, and that part's (left, top).

    The logits are interpolated linearly at the pixels' centres, where there can be any object. (0, 0) if there is none.
    """
    scale_x, scale_y = (scale * found.logits.shape[0] / model.size for scale in _scales(model, embedding))
    inside = found.logits > 0
    rows = _span(np.asarray(inside.any(axis=1)), scale_y, embedding.height)
    columns = _span(np.asarray(inside.any(axis=0)), scale_x, embedding.width)
    by_row = _interpolated(found.logits, rows, scale_y)
    return _interpolated(by_row.T, columns, scale_x).T > 0, columns.start, rows.start


def _prompt(
    model: SamModel, embedding: Embedding, prompt: Prompt
) -> tuple[tuple[Tensor, Tensor] | None, Tensor | None]:
    """Points and box for the prompt encoder, which itself adds half a pixel to what it takes for a pixel's index."""
    scales = torch.tensor(_scales(model, embedding), dtype=torch.float32)
    points = box = None
    if prompt.points:
        coordinates = torch.tensor(prompt.points, dtype=torch.float32) * scales - 0.5
        points = coordinates[None].to(model.device), torch.tensor([prompt.labels], device=model.device)
    if prompt.box is not None:
        box = (torch.tensor(prompt.box, dtype=torch.float32).view(2, 2) * scales - 0.5).view(1, 4).to(model.device)
    return points, box


def _scales(model: SamModel, embedding: Embedding) -> tuple[float, float]:
    """Pixels of the encoder's square in one of the image, across and down."""
    height, width = ResizeLongestSide.get_preprocess_shape(embedding.height, embedding.width, model.size)
    return width / embedding.width, height / embedding.height


def _span(occupied: NDArray[np.bool_], scale: float, count: int) -> range:
    """The image's rows (or columns) that interpolation between occupied ones and their neighbours can reach."""
    at = np.flatnonzero(occupied)
    if not len(at):
        return range(0)
    first, stop = int((at[0] - 1) / scale), int((at[-1] + 2) / scale) + 1
    return range(min(max(first, 0), count), min(stop, count))


def _interpolated(values: Floats, rows: range, scale: float) -> Floats:
    """``values`` (n, m) at the centres of image ``rows`` -> (len(rows), m); beyond the outermost centres the border."""
    at = np.clip((np.asarray(rows, np.float32) + 0.5) * scale - 0.5, 0, len(values) - 1)
    above = np.minimum(at.astype(int), len(values) - 2)
    share = (at - above)[:, None].astype(np.float32)
    return np.asarray(values[above] * (1 - share) + values[above + 1] * share)
