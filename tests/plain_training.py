"""Training as the paper's release does it, written plainly: the reference of the benchmarks.

Stage 1: every image decoded and varied alone, by OpenCV and numpy, in the worker processes of a torch `DataLoader`;
stage 2: a list of bags, padded batch by batch, through torch's own Transformer. Both in fp32 with torch's defaults.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import Dataset

from aln_desk.models.mtl import MtlOutput

MEAN = np.array([39.02, 39.34, 41.44], np.float32)
STD = np.array([54.45, 53.53, 53.74], np.float32)

Image = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PlainImage:
    """A JPEG file, the PNG of its mask (0 background, 1 tumour, 2 lymph node), and its labels 0 or 1."""

    image: str
    mask: str
    lesion: int
    status: int


class PlainImages(Dataset[tuple[Tensor, Tensor, float, float]]):
    """Reads and varies one image at a time: x (3,S,S) float, mask (S,S) uint8, lesion type, status."""

    def __init__(self, files: Sequence[PlainImage], size: int) -> None:
        self.files, self.size = files, size

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, at: int) -> tuple[Tensor, Tensor, float, float]:
        file = self.files[at]
        image = cv2.cvtColor(cv2.imread(file.image), cv2.COLOR_BGR2RGB)
        mask = cv2.imread(file.mask, cv2.IMREAD_GRAYSCALE)
        image, mask = varied(image, mask, self.size, np.random.default_rng())
        x = torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))
        return x, torch.from_numpy(mask), float(file.lesion), float(file.status)


def varied(image: Image, mask: Image, size: int, rng: np.random.Generator) -> tuple[NDArray[np.float32], Image]:
    """Resized, cropped, mirrored, distorted in light and colour, normalised, padded with 0 to (size, size)."""
    scale = rng.uniform(0.8, 1.25) * size / max(image.shape[:2])
    shape = (round(image.shape[1] * scale), round(image.shape[0] * scale))
    image = cv2.resize(image, shape, interpolation=cv2.INTER_LINEAR)
    mask = cv2.resize(mask, shape, interpolation=cv2.INTER_NEAREST)
    top, left = _crop(mask, size, rng)
    image, mask = (part[top : top + size, left : left + size] for part in (image, mask))
    if rng.random() < 0.5:
        image, mask = image[:, ::-1], mask[:, ::-1]
    x = (distorted(image, rng).astype(np.float32) - MEAN) / STD
    below, right = size - x.shape[0], size - x.shape[1]
    return np.pad(x, ((0, below), (0, right), (0, 0))), np.pad(mask, ((0, below), (0, right)))


def _crop(mask: Image, size: int, rng: np.random.Generator) -> tuple[int, int]:
    """Top and left of a crop that no class fills to over 75 %, if one is found in ten tries."""
    top = left = 0
    for _ in range(10):
        top = int(rng.integers(max(mask.shape[0] - size, 0) + 1))
        left = int(rng.integers(max(mask.shape[1] - size, 0) + 1))
        count = np.unique(mask[top : top + size, left : left + size], return_counts=True)[1]
        if count.max() <= 0.75 * count.sum():
            break
    return top, left


def distorted(image: Image, rng: np.random.Generator) -> Image:
    """Brightness, contrast, and in HSV saturation and hue; each with probability 0.5."""
    if rng.random() < 0.5:
        image = _shifted(image, 1.0, rng.uniform(-32, 32))
    if rng.random() < 0.5:
        image = _shifted(image, rng.uniform(0.5, 1.5), 0.0)
    if rng.random() < 0.5:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        hsv[..., 1] = _shifted(hsv[..., 1], rng.uniform(0.5, 1.5), 0.0)
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    if rng.random() < 0.5:
        hsv = cv2.cvtColor(image, cv2.COLOR_RGB2HSV)
        hsv[..., 0] = (hsv[..., 0].astype(int) + rng.integers(-18, 18)) % 180
        image = cv2.cvtColor(hsv, cv2.COLOR_HSV2RGB)
    return image


def _shifted(values: Image, factor: float, offset: float) -> Image:
    return (values.astype(np.float32) * factor + offset).clip(0, 255).astype(np.uint8)


def mtl_loss(output: MtlOutput, mask: Tensor, lesion: Tensor, status: Tensor) -> Tensor:
    """The three cross-entropies with weights 1; every image teaches all of them."""
    return (
        F.binary_cross_entropy_with_logits(output.mask_logits[:, 0], (mask > 0).float())
        + F.binary_cross_entropy_with_logits(output.lesion_logit, lesion.float())
        + F.binary_cross_entropy_with_logits(output.status_logit, status.float())
    )


class PlainBagNet(nn.Module):
    """[CLS] + tokens through torch's own encoder; (B, N, 256) and (B, N) bool -> (B,)."""

    def __init__(self, layers: int = 6) -> None:
        super().__init__()
        layer = nn.TransformerEncoderLayer(256, 4, 768, 0.1, "gelu", batch_first=True, norm_first=True)
        self.encoder = nn.TransformerEncoder(layer, layers, nn.LayerNorm(256), enable_nested_tensor=False)
        self.cls = nn.Parameter(torch.zeros(1, 1, 256))
        self.head = nn.Linear(256, 1)

    def forward(self, tokens: Tensor, present: Tensor) -> Tensor:
        state = torch.cat([self.cls.expand(len(tokens), -1, -1), tokens], dim=1)
        state = self.encoder(state, src_key_padding_mask=F.pad(~present, (1, 0), value=False))
        logit: Tensor = self.head(state[:, 0]).squeeze(1)
        return logit


def padded(bags: Sequence[tuple[Tensor, float]]) -> tuple[Tensor, Tensor, Tensor]:
    """Collate: tokens (B, N, 256), present (B, N) bool and outcome (B,) of bags (n, 256) of different lengths."""
    tokens = nn.utils.rnn.pad_sequence([bag for bag, _ in bags], batch_first=True)
    count = torch.tensor([len(bag) for bag, _ in bags])
    present = torch.arange(tokens.shape[1])[None] < count[:, None]
    return tokens, present, torch.tensor([outcome for _, outcome in bags])
