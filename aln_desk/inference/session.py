"""A model ready to read: slow to open, fast to repeat."""

from __future__ import annotations

import os
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path

import numpy as np
import torch

from aln_desk.domain.messages import Message, Note
from aln_desk.domain.patient import Instance
from aln_desk.domain.verdict import InstancePrediction
from aln_desk.inference.onnx import NotExported, open_network
from aln_desk.io import images
from aln_desk.models.build import LoadedModel, choose_device, load_model
from aln_desk.models.reading_images import DECODERS, Found, Network, Square, TorchNetwork, decode

GPU_BATCH = 16
"""Images that a graphics card reads at once, of one patient or several."""

REMEMBERED = 64
"""Images whose findings stay in memory."""


@dataclass(frozen=True, slots=True, eq=False)
class _Decoded:
    """An image that waits for a batch."""

    digest: str
    square: Square


class Session:
    """Findings of one model on images. `open` makes one for a device; ``Session(model)`` computes by torch.

    Images are decoded beside the network. Those read last are remembered by their content, so that a second look at a
    patient costs nothing. One thread at a time may read; `close` ends the session's own threads.
    """

    def __init__(self, model: LoadedModel, network: Network | None = None) -> None:
        self.model = model
        batch = 1 if model.device.type == "cpu" else GPU_BATCH
        self._network = network or TorchNetwork(model.mtl, model.preprocess, batch)
        # Callers of the network decode too; more threads than callers would only get in their way.
        self._pool = ThreadPoolExecutor(self._network.callers if self._network.callers > 1 else DECODERS)
        self._begun: dict[str, Future[InstancePrediction | _Decoded]] = {}
        self._remembered: OrderedDict[str, InstancePrediction] = OrderedDict()

    @classmethod
    def open(
        cls,
        folder: Path,
        device: str = "auto",
        threads: int = 0,
        emit: Callable[[Message], None] = lambda message: None,
    ) -> Session:
        """Load the model in ``folder``: on a CPU for OpenVINO, where that can compute it, else for torch.

        ``threads`` work on a CPU; 0 is one less than there are, which leaves one to the window. ``emit`` gets a `Note`
        when OpenVINO cannot be used. Raises `BadModel` and `BadSetting` as `load_model` and
        `choose_device` do.
        """
        model = load_model(folder, choose_device(device))
        if model.device.type != "cpu":
            return cls(model)
        threads = threads or max(1, _cores() - 1)
        torch.set_num_threads(min(threads, torch.get_num_threads()))
        try:
            return cls(model, open_network(model, threads))
        except NotExported as error:
            emit(Note(f"{error} Images are read by torch, more slowly."))
            return cls(model)

    def read(self, bag: Sequence[Instance], upcoming: Iterable[Instance] = ()) -> Iterator[InstancePrediction]:
        """Findings on each image of ``bag``, in order, as soon as they are there.

        The first of ``upcoming``, which will be asked for next, fill what the bag leaves free of the threads or of the
        batch. Raises `BadFile` at an image of the bag that cannot be read.
        """
        wanted = [*bag, *islice(upcoming, max(self._network.batch, self._network.callers))]
        self._begin(wanted)
        try:
            for at, instance in enumerate(bag):
                found = self._begun[instance.image].result()
                if isinstance(found, _Decoded):
                    found = self._compute(wanted[at:])[instance.image]
                self._remember(found)
                yield replace(found, instance=instance.id)
        finally:  # the file may have changed when it is asked for again
            for instance in bag:
                self._begun.pop(instance.image, None)

    def close(self) -> None:
        """Drop what is under way and end the threads."""
        self._pool.shutdown(wait=True, cancel_futures=True)

    def _begin(self, wanted: Sequence[Instance]) -> None:
        """Start what is wanted and not under way yet; forget what was, and is not wanted any more."""
        before, self._begun = self._begun, {}
        for instance in wanted:
            if instance.image not in self._begun:
                begun = before.pop(instance.image, None)
                self._begun[instance.image] = begun or self._pool.submit(self._work, instance)
        for unwanted in before.values():
            unwanted.cancel()

    def _work(self, instance: Instance) -> InstancePrediction | _Decoded:
        """In a thread of the pool: one image, as far as it goes without the others."""
        file = Path(instance.image)
        digest = images.digest(file)
        if (known := self._remembered.get(digest)) is not None:
            return known
        decoded = _Decoded(digest, decode(self.model.preprocess, file))
        if self._network.callers == 1:
            return decoded
        return self._prediction(decoded, self._network(decoded.square.pixels[None])[0])

    def _compute(self, wanted: Sequence[Instance]) -> dict[str, InstancePrediction]:
        """Pass the first decoded images of ``wanted`` through the network together; findings by image file."""
        batch: dict[str, _Decoded] = {}
        for instance in wanted:
            future = self._begun[instance.image]
            if len(batch) < self._network.batch and future.exception() is None:
                decoded = future.result()
                if isinstance(decoded, _Decoded):
                    batch[instance.image] = decoded
        found = self._network(np.stack([decoded.square.pixels for decoded in batch.values()]))
        made = dict(zip(batch, map(self._prediction, batch.values(), found), strict=True))
        for file, prediction in made.items():
            self._begun[file] = Future()
            self._begun[file].set_result(prediction)
        return made

    def _prediction(self, decoded: _Decoded, found: Found) -> InstancePrediction:
        """Findings in the image's own pixels; whose image it is, is told when it is asked for."""
        square, preprocess = decoded.square, self.model.preprocess
        return InstancePrediction(
            instance="",
            mask=preprocess.mask_to_image(found.mask_logits, square.height, square.width) > 0,
            cam=found.cam,
            placement=preprocess.place(square.height, square.width),
            lesion_logit=found.lesion_logit,
            status_logit=found.status_logit,
            token=found.token,
            image_digest=decoded.digest,
        )

    def _remember(self, found: InstancePrediction) -> None:
        self._remembered[found.image_digest] = found
        self._remembered.move_to_end(found.image_digest)
        while len(self._remembered) > REMEMBERED:
            self._remembered.popitem(last=False)


def _cores() -> int:
    """Cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
