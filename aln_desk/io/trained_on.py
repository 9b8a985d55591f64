"""The record of the images that a model was trained on, beside its manifest.

``trained_on.json`` lists an image a line, by the first 16 hex digits of its file's SHA-256 (`images.digest`), so that
anybody can look one up: ``sha256sum IMAGE | cut -c 1-16``. The manifest keeps how many there are and the digest of the
list; so the list belongs to what the model's own digest names, and manifests stay short.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aln_desk.domain.errors import BadModel
from aln_desk.domain.trained_on import TrainedOn
from aln_desk.io import atomic

TRAINED_ON_FILE = "trained_on.json"
KEY = "trained_on"
"""Of the manifest's entry; older models have none."""


def write(folder: Path, record: TrainedOn | None) -> dict[str, Any]:
    """Keep the record in a model's ``folder`` and give the manifest's entry; None takes an older one away."""
    path = folder / TRAINED_ON_FILE
    if record is None:
        atomic.remove(path)
        return {}
    lists = {"fitted": sorted(record.fitted), "held_out": sorted(record.held_out - record.fitted)}
    atomic.write_text(path, json.dumps(lists, indent=0) + "\n")
    return {KEY: {**{name: len(digests) for name, digests in lists.items()}, "digest": _digest(lists)}}


def read(folder: Path, manifest: Mapping[str, Any]) -> TrainedOn | None:
    """The record of the model in ``folder`` with this manifest; None for a model without one.

    Raises BadModel where the list is absent, damaged or not the one that the manifest was written with.
    """
    entry = manifest.get(KEY)
    if entry is None:
        return None
    path = folder / TRAINED_ON_FILE
    try:
        lists = json.loads(path.read_text(encoding="utf-8"))
        record = TrainedOn(frozenset(lists["fitted"]), frozenset(lists["held_out"]))
        is_own = _digest(lists) == entry["digest"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        is_own = False
    if not is_own:
        raise BadModel(f"{path}: the record of the training images is absent or was changed; copy the model again.")
    return record


def _digest(lists: Mapping[str, Any]) -> str:
    """Of the content, so that other line ends change nothing."""
    return hashlib.sha256(json.dumps(lists, sort_keys=True).encode()).hexdigest()[:16]
