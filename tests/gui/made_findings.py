"""What a model might have found on the images of the window's tests."""

from __future__ import annotations

import numpy as np

from aln_desk.domain.patient import Instance, View
from aln_desk.domain.verdict import InstancePrediction, Placement

HEIGHT, WIDTH = 48, 64


def finding(instance: Instance) -> InstancePrediction:
    """A mask over the image's left half and a CAM that rises from left to right."""
    mask = np.zeros((HEIGHT, WIDTH), bool)
    mask[:, : WIDTH // 2] = True
    cam = np.tile(np.linspace(-1, 2, 8, dtype=np.float32), (8, 1))
    lesion = 3.0 if instance.view is View.NODE else -3.0
    token = np.zeros(256, np.float32)
    return InstancePrediction(instance.id, mask, cam, Placement(64, 1.0, 1.0, 0.0, 8.0), lesion, 0.5, token)
