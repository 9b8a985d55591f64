"""What a training made of a few held-out images at one step: ``runs/<run>/snapshots/<stage>-<step>.h5``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from aln_desk.io import hdf5

if TYPE_CHECKING:
    import h5py

FOLDER = "snapshots"
_ARRAYS = {
    "image": np.uint8,
    "drawn": np.uint8,
    "mask": np.uint8,
    "cam": np.float32,
    "status": np.float32,
    "outcome": np.int8,
}
_MOST = 2**28
"""Values that one array may have: what a damaged file promises must not fill the memory."""
_REMEDY = "The pictures of this step cannot be shown; the run itself is untouched"


@dataclass(frozen=True, slots=True, eq=False)
class Snapshot:
    """K held-out images after ``step`` optimiser steps, in one order.

    ``instance`` K ids; ``image`` (K, S, S, 3) uint8 RGB, the network's input square; ``drawn`` (K, S, S) uint8 class
    of the outlines (0 background, 1 tumour, 2 lymph node); ``mask`` (K, S, S) uint8 predicted lesion probability,
    0..255; ``cam`` (K, h, w) float32 logits; ``status`` (K,) float32 image score 0..1; ``outcome`` (K,) int8 0 or 1,
    -1 unknown.

    Raises ValueError when the shapes do not belong together.
    """

    step: int
    instance: list[str]
    image: NDArray[np.uint8]
    drawn: NDArray[np.uint8]
    mask: NDArray[np.uint8]
    cam: NDArray[np.float32]
    status: NDArray[np.float32]
    outcome: NDArray[np.int8]

    def __post_init__(self) -> None:
        count, square = len(self.instance), self.image.shape[1:3]
        wanted = {"image": (count, *square, 3), "drawn": (count, *square), "mask": (count, *square)}
        wanted |= {"cam": (count, *self.cam.shape[1:]), "status": (count,), "outcome": (count,)}
        found = {name: getattr(self, name).shape for name in _ARRAYS}
        if found != wanted or self.cam.ndim != 3:
            raise ValueError(f"a snapshot of shapes {found}, not {wanted}")


def path_of(run_folder: Path, stage: str, step: int) -> Path:
    """Where the snapshot of a stage's step belongs."""
    return run_folder / FOLDER / f"{stage}-{step:07d}.h5"


def listed(run_folder: Path) -> list[Path]:
    """The run's snapshots by stage and step; none where the folder is absent."""
    return sorted((run_folder / FOLDER).glob("*-*.h5"))


def write(path: Path, snapshot: Snapshot) -> None:
    """Write the snapshot to one file, atomically; its folder is made."""
    import h5py

    with hdf5.writing(path) as file:
        file.attrs["step"] = snapshot.step
        file.create_dataset("instance", data=snapshot.instance, dtype=h5py.string_dtype())
        for name, dtype in _ARRAYS.items():
            # The fastest level: grey noise hardly shrinks, masks shrink to nothing at any.
            packed = {"compression": "gzip", "compression_opts": 1} if dtype is np.uint8 else {}
            file.create_dataset(name, data=np.asarray(getattr(snapshot, name), dtype), **packed)


def read(path: Path) -> Snapshot:
    """The snapshot of one file. Raises MissingFile and BadFile for one that is absent or damaged."""
    with hdf5.reading(path, _REMEDY) as file:
        arrays = {name: _array(file[name], dtype) for name, dtype in _ARRAYS.items()}
        return Snapshot(int(file.attrs["step"]), list[str](file["instance"].asstr()[()]), **arrays)


def _array(stored: h5py.Dataset, dtype: Any) -> NDArray[Any]:
    if stored.size > _MOST:
        raise ValueError(f"{stored.size} values are no picture")
    return np.asarray(stored[()], dtype)
