"""A model on disk: a folder of safetensors files and ``manifest.json``, named by its digest."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from aln_desk.domain.errors import BadModel
from aln_desk.io import atomic

MTL_FILE = "mtl.safetensors"
MIL_FILE = "mil.safetensors"
MANIFEST_FILE = "manifest.json"
FORMAT = 1
"""Version of the manifest's layout; a newer one is refused."""

_DIGEST_LENGTH = 12


def save_tensors(path: Path, tensors: Mapping[str, NDArray[Any]], metadata: Mapping[str, str] | None = None) -> None:
    """Write named arrays (any shape, dtype kept) to one safetensors file, atomically."""
    from safetensors.numpy import save

    contiguous = {name: np.asarray(array, order="C") for name, array in tensors.items()}
    with suppress(OSError):  # writing then says what is wrong
        path.parent.mkdir(parents=True, exist_ok=True)
    atomic.write_bytes(path, save(contiguous, dict(metadata) if metadata else None))


def load_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """All arrays of a safetensors file by name, with the dtype they were saved in.

    Raises BadModel when the file is absent or damaged.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load

    try:
        return dict(load(path.read_bytes()))
    except OSError as error:
        raise BadModel(f"{path}: the parameters cannot be read ({error.strerror}).") from error
    except (SafetensorError, ValueError, KeyError, TypeError) as error:
        raise BadModel(f"{path}: the parameters are damaged; copy or train the model again.") from error


def write_manifest(folder: Path, fields: Mapping[str, Any]) -> None:
    """Describe the tensor files already in ``folder``; ``format`` and ``digest`` are filled in."""
    manifest = json.loads(json.dumps({**fields, "format": FORMAT}))
    manifest["digest"] = _digest(folder, manifest)
    atomic.write_text(folder / MANIFEST_FILE, json.dumps(manifest, ensure_ascii=False, indent=2) + "\n")


def read_manifest(folder: Path) -> dict[str, Any]:
    """The manifest of a model folder.

    Raises BadModel when the folder holds none, when it is damaged, or when a newer ALN Desk wrote it.
    """
    path = folder / MANIFEST_FILE
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise BadModel(f"{folder}: no model lies here (no {MANIFEST_FILE}); choose another.") from error
    except (ValueError, RecursionError) as error:
        raise BadModel(f"{path}: the manifest is damaged; copy or train the model again.") from error
    version = manifest.get("format") if isinstance(manifest, dict) else None
    if not isinstance(version, int) or version < 1:
        raise BadModel(f"{path}: this is no model's manifest; choose another folder.")
    if version > FORMAT:
        raise BadModel(f"{path}: a newer ALN Desk wrote this model; update ALN Desk to use it.")
    return dict(manifest)


def model_digest(folder: Path) -> str:
    """First 12 hex digits of the SHA-256 over the tensor files and the manifest without its ``digest``."""
    return _digest(folder, read_manifest(folder))


def verify(folder: Path) -> None:
    """Raise BadModel unless the files are the ones that the manifest's digest was made from."""
    manifest = read_manifest(folder)
    if manifest.get("digest") != _digest(folder, manifest):
        raise BadModel(f"{folder}: the model's files were changed or damaged; copy or train the model again.")


def _digest(folder: Path, manifest: Mapping[str, Any]) -> str:
    digest = hashlib.sha256()
    described = {key: value for key, value in manifest.items() if key != "digest"}
    digest.update(json.dumps(described, sort_keys=True).encode())
    for path in sorted(folder.glob("*.safetensors")):
        digest.update(path.name.encode())
        try:
            for block in _blocks(path):
                digest.update(block)
        except OSError as error:
            raise BadModel(f"{path}: the parameters cannot be read ({error.strerror}).") from error
    return digest.hexdigest()[:_DIGEST_LENGTH]


def _blocks(path: Path, size: int = 1 << 20) -> Iterator[bytes]:
    with path.open("rb") as file:
        while block := file.read(size):
            yield block
