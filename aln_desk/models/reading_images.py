"""Stage 1 over image files: decoded, brought into the square, through the network. Training and reading share this."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray

from aln_desk.io import images
from aln_desk.models import looks
from aln_desk.models.build import StageOne, precision
from aln_desk.models.preprocess import Preprocess

DECODERS = 4
"""Threads that decode images while the network works."""

Given = TypeVar("Given")
Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, eq=False)
class Square:
    """An image as the network gets it: ``pixels`` (S, S, 3) uint8 RGB, made of ``height`` x ``width`` pixels."""

    pixels: NDArray[np.uint8]
    height: int
    width: int


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What stage 1 says of one image (see `MtlOutput`), as float32: ``mask_logits`` (S, S) of a lesion of either
    kind, ``cam`` (h, w), ``token`` (D,).
    """

    mask_logits: NDArray[np.float32]
    lesion_logit: float
    status_logit: float
    cam: NDArray[np.float32]
    token: NDArray[np.float32]


class Network(Protocol):
    """Stage 1, however it is computed: (B, S, S, 3) uint8 RGB to B findings, in order.

    ``batch``: how many images it takes best at once. ``callers``: how many threads may call it at the same time.
    """

    batch: int
    callers: int

    def __call__(self, squares: NDArray[np.uint8]) -> list[Found]: ...


class TorchNetwork:
    """Stage 1 by torch on the device of its parameters, which is put into evaluation mode."""

    callers = 1

    def __init__(self, net: StageOne, preprocess: Preprocess, batch: int) -> None:
        self.batch = batch
        self._net, self._preprocess = net.eval(), preprocess
        self._device = next(net.parameters()).device

    @torch.inference_mode()
    def __call__(self, squares: NDArray[np.uint8]) -> list[Found]:
        x = torch.from_numpy(squares).to(self._device).permute(0, 3, 1, 2)
        with precision(self._device):
            output = looks.read(self._net, self._preprocess.normalise(x))
        masks, cams, tokens = (
            part.float().cpu().numpy() for part in (output.lesion_mask_logits, output.cam, output.token)
        )
        return list(map(Found, masks, output.lesion_logit.tolist(), output.status_logit.tolist(), cams, tokens))


def decode(preprocess: Preprocess, file: Path) -> Square:
    """Read an image file into the network's square. Raises `BadFile` where it cannot be read."""
    pixels = images.read(file)
    return Square(preprocess.apply(pixels), *pixels.shape[:2])


def read_images(network: Network, preprocess: Preprocess, files: Sequence[Path]) -> Iterator[Found]:
    """Findings on each file, in order, in batches of the network's choice; the next images are decoded meanwhile.

    Raises `BadFile` at the first image that cannot be read.
    """
    with ThreadPoolExecutor(DECODERS) as pool:
        squares = ahead(pool, partial(decode, preprocess), files, 2 * network.batch)
        while batch := list(islice(squares, network.batch)):
            yield from network(np.stack([square.pixels for square in batch]))


def ahead(
    pool: ThreadPoolExecutor, work: Callable[[Given], Made], given: Iterable[Given], count: int
) -> Iterator[Made]:
    """``work`` on each of ``given``, in order, at most ``count`` of them begun before they are asked for."""
    begun: deque[Future[Made]] = deque()
    try:
        for one in given:
            begun.append(pool.submit(work, one))
            if len(begun) >= count:
                yield begun.popleft().result()
        while begun:
            yield begun.popleft().result()
    finally:
        for future in begun:
            future.cancel()
