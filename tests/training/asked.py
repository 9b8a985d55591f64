"""What the tests of whole runs ask for, and what they compare."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from aln_desk.domain.messages import Message
from aln_desk.io.checkpoint import load_tensors
from aln_desk.models.mit import MitSize
from training.run import Job, train

SETTINGS = (
    ("mtl.iterations", "4"),
    ("mtl.validate_every", "4"),
    ("mtl.batch", "4"),
    ("mil.epochs", "2"),
    ("mil.kind", "abmil"),
)

THIN = MitSize(channels=(16, 32, 40, 64), depths=(1, 1, 1, 1))
"""Takes the place of SegFormer-B0 where it is not the network that is tested."""


def job(study: Path, *more: tuple[str, str], **changes: Any) -> Job:
    """The preset ``tiny`` made tinier, with ``more`` settings."""
    return Job(**{"project": study, "preset": "tiny", "settings": (*SETTINGS, *more), "device": "cpu", **changes})


def trained(wanted: Job, told: list[Message] | None = None) -> Path:
    """The model's folder of a run that is not stopped."""
    folder = train(wanted, (told if told is not None else []).append)
    assert folder is not None
    return folder


def record(study: Path) -> dict[str, Any]:
    """What the latest run's folder says of it."""
    found = sorted((study / "runs").glob("*/run.json"))
    return dict(json.loads(found[-1].read_text()))


def same_parameters(one: Path, other: Path, *files: str) -> bool:
    """Whether the two models are the same to the last bit."""
    for file in files or ("mtl.safetensors", "mil.safetensors"):
        a, b = load_tensors(one / file), load_tensors(other / file)
        if a.keys() != b.keys() or not all(np.array_equal(a[name], b[name]) for name in a):
            return False
    return True
