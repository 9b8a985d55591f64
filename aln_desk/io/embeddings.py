"""What an encoder of images makes of one, kept in HDF5 files that may be deleted at any time."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import BadFile
from aln_desk.io import hdf5

KEPT = 200
"""Files that a folder holds, 2 MB each for Segment Anything; the longest unused go first."""


@dataclass(frozen=True, slots=True, eq=False)
class Embedding:
    """``features`` (C, g, g) float16 of an image of ``height`` x ``width`` pixels."""

    features: NDArray[np.float16]
    height: int
    width: int


def keep(folder: Path, model: str, image: str, embedding: Embedding) -> None:
    """Write one, named by the digests of model and image, as far as the disk allows: without it, it is made again."""
    with suppress(BadFile, OSError):
        with hdf5.writing(_file(folder, model, image)) as file:
            file.create_dataset("features", data=np.asarray(embedding.features, np.float16))
            file.attrs["size"] = (embedding.height, embedding.width)
        by_use = sorted(folder.glob("*.h5"), key=lambda path: path.stat().st_mtime, reverse=True)
        for unused in by_use[KEPT:]:
            unused.unlink()


def kept(folder: Path, model: str, image: str) -> Embedding | None:
    """The one of these digests; None where there is none that can be read."""
    path = _file(folder, model, image)
    with suppress(BadFile, OSError):
        with hdf5.reading(path, "Delete it") as file:
            height, width = (int(side) for side in file.attrs["size"])
            features = np.asarray(file["features"][()], np.float16)
        path.touch()  # used just now
        return Embedding(features, height, width)
    return None


def _file(folder: Path, model: str, image: str) -> Path:
    return folder / f"{model}-{image}.h5"
