"""What a model said, on disk, in a project's predictions folder: ``instances.h5``; per patient see `verdicts`.

One HDF5 format for the parts that the engine writes patient by patient and for the whole: a group an instance, named
by its id, with datasets ``mask``, ``cam`` and ``token`` and its figures as attributes. Files are replaced, never
changed. ``instances.h5`` is the last reading; what another model found before lies in ``models/<model>/instances.h5``,
so that each model's findings are in one place (`instances_file`).
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote

import numpy as np

from aln_desk.domain.errors import BadFile
from aln_desk.domain.verdict import InstancePrediction, Placement
from aln_desk.io import atomic, hdf5
from aln_desk.io.verdicts import VERDICT_COLUMNS, VERDICTS_FILE, VerdictRow, read_verdicts, write_verdicts

if TYPE_CHECKING:
    import h5py

__all__ = [
    "INSTANCES_FILE",
    "VERDICTS_FILE",
    "VERDICT_COLUMNS",
    "VerdictRow",
    "instances_file",
    "known",
    "merge",
    "part_path",
    "read_instance",
    "read_shares",
    "read_verdicts",
    "write_bag",
    "write_verdicts",
]

INSTANCES_FILE = "instances.h5"
MODELS_FOLDER = "models"
FORMAT = 1
"""Version of the layout, kept in the file."""

_REMEDY = "Let the model read the patients again"
_UNSAFE_IN_GROUP = re.compile(r"[%/\x00]|^\.{1,2}$")
_UNSAFE_IN_FILE = re.compile(r"[^A-Za-z0-9_-]+")
_NAME_LENGTH = 40


def instances_file(folder: Path, model: str) -> Path:
    """The file with what ``model`` found on the images, in a project's predictions folder; it need not exist."""
    last = folder / INSTANCES_FILE
    return last if _model_of(last) == model else _kept_file(folder, model)


def write_bag(path: Path, model: str, predictions: Sequence[InstancePrediction], shares: Mapping[str, float]) -> None:
    """Write one patient's findings by the model with digest ``model``; a missing share is stored as nan."""
    with hdf5.writing(path) as file:
        _start(file, model)
        for prediction in predictions:
            _fill(file, prediction, shares.get(prediction.instance, float("nan")))


def read_instance(path: Path, instance: str, model: str | None = None) -> InstancePrediction | None:
    """The findings on one image, found by name; None where the file or the instance is not there.

    With ``model``, None too where another model made the file. Raises BadFile for a damaged one.
    """
    if not path.exists():
        return None
    with hdf5.reading(path, _REMEDY) as file:
        key = _key(instance)
        if key not in file or (model is not None and file.attrs["model"] != model):
            return None
        return _prediction(instance, file[key])


def read_shares(path: Path, instances: Sequence[str]) -> dict[str, float]:
    """Share in the verdict of each of these instances that the file knows; empty where there is no file."""
    if not path.exists():
        return {}
    with hdf5.reading(path, _REMEDY) as file:
        return {
            instance: float(file[_key(instance)].attrs["share"]) for instance in instances if _key(instance) in file
        }


def known(path: Path, model: str) -> dict[str, str]:
    """Image digest of each instance that ``model`` has read; empty where the file is absent, damaged or another's.

    Whatever is not known is read again, and `merge` then replaces the file.
    """
    with suppress(BadFile), hdf5.reading(path, _REMEDY) as file:
        if file.attrs["model"] == model:
            return {
                f"{unquote(patient)}/{unquote(name)}": str(group.attrs["image_digest"])
                for patient, bag in file.items()
                for name, group in bag.items()
            }
    return {}


def part_path(predictions: Path, patient: str) -> Path:
    """Where one patient's findings wait for `merge`: unique for every patient and valid on every file system."""
    readable = _UNSAFE_IN_FILE.sub("_", patient)[:_NAME_LENGTH]
    return predictions / "parts" / f"{readable}-{sha256(patient.encode()).hexdigest()[:8]}.h5"


def merge(parts: Sequence[Path], target: Path, model: str) -> None:
    """Make one file of the parts and of what ``model`` found before, then remove the parts.

    A patient in a part replaces the patient in the old file whole. A ``target`` that another model made moves to where
    `instances_file` finds it; a damaged one is left behind. When anything fails the old target and the parts stay.
    """
    own, fresh = instances_file(target.parent, model), target.with_suffix(".new")
    with hdf5.writing(fresh) as file:
        _start(file, model)
        for part in parts:
            _copy(part, file, model)
        with suppress(BadFile):
            _copy(own, file, model)
    other = _model_of(target)
    if other not in ("", model):
        atomic.move(target, _kept_file(target.parent, other))
    atomic.move(fresh, target)
    for merged in {*parts, own} - {target}:
        merged.unlink(missing_ok=True)


def _model_of(path: Path) -> str:
    """Digest of the model that made the file; empty where it is absent or damaged."""
    with suppress(BadFile), hdf5.reading(path, _REMEDY) as file:
        return str(file.attrs["model"])
    return ""


def _kept_file(folder: Path, model: str) -> Path:
    return folder / MODELS_FOLDER / _UNSAFE_IN_FILE.sub("_", model) / INSTANCES_FILE


def _start(file: h5py.File, model: str) -> None:
    file.attrs["format"] = FORMAT
    file.attrs["model"] = model


def _fill(file: h5py.File, prediction: InstancePrediction, share: float) -> None:
    group = file.create_group(_key(prediction.instance))
    mask = np.asarray(prediction.mask, np.uint8)
    group.create_dataset("mask", data=mask, compression="gzip", compression_opts=1, shuffle=False)
    group.create_dataset("cam", data=np.asarray(prediction.cam, np.float32))
    group.create_dataset("token", data=np.asarray(prediction.token, np.float32))
    place = prediction.placement
    group.attrs["placement"] = (place.size, place.scale_x, place.scale_y, place.left, place.top)
    group.attrs["lesion_type"] = prediction.view.value
    group.attrs["lesion_logit"] = prediction.lesion_logit
    group.attrs["status_logit"] = prediction.status_logit
    group.attrs["status_score"] = prediction.status_score
    group.attrs["share"] = share
    group.attrs["image_digest"] = prediction.image_digest


def _prediction(instance: str, group: h5py.Group) -> InstancePrediction:
    size, *rest = (float(value) for value in group.attrs["placement"])
    return InstancePrediction(
        instance=instance,
        mask=group["mask"][()].astype(bool),
        cam=group["cam"][()],
        placement=Placement(int(size), *rest),
        lesion_logit=float(group.attrs["lesion_logit"]),
        status_logit=float(group.attrs["status_logit"]),
        token=group["token"][()],
        image_digest=str(group.attrs["image_digest"]),
    )


def _copy(source: Path, file: h5py.File, model: str) -> None:
    with hdf5.reading(source, _REMEDY) as origin:
        if origin.attrs["model"] == model:
            for patient in origin:
                if patient not in file:
                    origin.copy(patient, file)


def _key(instance: str) -> str:
    """Group of an instance: its id, with what HDF5 reads as part of a path (``/``, ``.``) written as ``%2F``."""
    patient, _, name = instance.rpartition("/")
    return f"{_escaped(patient)}/{_escaped(name)}"


def _escaped(part: str) -> str:
    return _UNSAFE_IN_GROUP.sub(lambda found: "".join(f"%{ord(letter):02X}" for letter in found[0]), part)
