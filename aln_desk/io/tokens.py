"""What stage 1 hands to stage 2: the token of every instance, in one HDF5 file named by its model."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import BadModel
from aln_desk.io import hdf5

_NAMES = ("instance", "patient", "view")
_ARRAYS = ("token", "status_logit", "lesion_logit", "cam_peak")
_REMEDY = "Extract the tokens again"


@dataclass(frozen=True, slots=True, eq=False)
class Tokens:
    """N instances in one order: ids, patients and views (N), ``token`` (N, 256) float32, image-level logits (N,)
    float32 (status; lesion type, > 0 lymph node), ``cam_peak`` (N,) float32 the largest value of each CAM in logits,
    and the digest of the ``model`` they come from.

    Raises ValueError when the lengths differ.
    """

    instance: list[str]
    patient: list[str]
    view: list[str]
    token: NDArray[np.float32]
    status_logit: NDArray[np.float32]
    lesion_logit: NDArray[np.float32]
    cam_peak: NDArray[np.float32]
    model: str

    def __post_init__(self) -> None:
        lengths = {len(getattr(self, name)) for name in _NAMES + _ARRAYS}
        if len(lengths) != 1 or self.token.ndim != 2:
            raise ValueError(f"tokens of different lengths: {sorted(lengths)}, token shape {self.token.shape}")


def write(path: Path, tokens: Tokens) -> None:
    """Write all tokens to one file, atomically."""
    import h5py

    with hdf5.writing(path) as file:
        file.attrs["model"] = tokens.model
        for name in _NAMES:
            file.create_dataset(name, data=getattr(tokens, name), dtype=h5py.string_dtype())
        for name in _ARRAYS:
            file.create_dataset(name, data=np.asarray(getattr(tokens, name), np.float32))


def read(path: Path, model_digest: str) -> Tokens:
    """The tokens that the model named ``model_digest`` made.

    Raises BadModel for a file of another model, MissingFile and BadFile for one that is absent or damaged.
    """
    with hdf5.reading(path, _REMEDY) as file:
        model = str(file.attrs["model"])
        if model != model_digest:
            raise BadModel(f"{path}: these tokens come from model {model}, not {model_digest}. {_REMEDY}.")
        instance, patient, view = (list[str](file[name].asstr()[()]) for name in _NAMES)
        token, status, lesion, peak = (np.asarray(file[name][()], np.float32) for name in _ARRAYS)
        return Tokens(instance, patient, view, token, status, lesion, peak, model)
