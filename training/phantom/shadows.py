"""What lies between the probe and each sample: attenuation that adds up along the beams.

In decibels, attenuation is the sum of the loss of every sample passed (Szabo, Diagnostic Ultrasound Imaging,
ch. 4). A beam is as wide as the probe's aperture, so that shadows soften to the sides the deeper they reach.
"""

from __future__ import annotations

import cv2
import numpy as np

from training.phantom.fields import Field, Size, grid, smooth_noise, unit


def cast(rng: np.random.Generator, size: Size, inside: Field, strength: float) -> Field:
    """Attenuation in dB behind a lesion that is where ``inside`` is 1: ``strength``, or enhancement if negative.

    Grows on the way through the lesion and is weaker where that is thin; streaked by fine strands and, where the border
    is grazed, darker by refraction.
    """
    path = np.cumsum(inside, axis=0)
    thickness = path[-1]
    thin = np.minimum(thickness / max(0.35 * float(thickness.max()), 1.0), 1.0)
    through = np.power(path / np.maximum(thickness, 1.0), 1.5) * thin
    streaks = 1.0 + 0.25 * smooth_noise(rng, size, size[1] / 40, size[0] / 2)
    shadow = np.float32(strength) * through * streaks
    return softened(np.asarray(shadow + _edges(rng, inside, thickness), np.float32))


def _edges(rng: np.random.Generator, inside: Field, thickness: Field) -> Field:
    """Refraction at a lesion's two sides: thin shadows from its widest place downwards."""
    size = inside.shape[0], inside.shape[1]
    x, y = grid(size)
    columns = np.flatnonzero(thickness > 2.0)
    shadow = np.zeros(size, np.float32)
    if not len(columns):
        return shadow
    reach = max(2.0 * unit(size), 0.05 * len(columns))
    for column in (columns[0], columns[-1]):
        top = float(np.argmax(inside[:, column]))
        beside = np.exp(-np.square((x - column) / np.float32(rng.uniform(0.6, 1.2) * reach)))
        shadow += np.float32(rng.uniform(1.0, 7.0)) * beside * np.clip((y - top) / (4.0 * reach), 0.0, 1.0)
    return shadow


def tissue_loss(rng: np.random.Generator, rate: Field) -> Field:
    """Attenuation in dB above each sample from the ``rate`` of every sample on the way."""
    size = rate.shape[0], rate.shape[1]
    uneven = 1.0 + 0.5 * smooth_noise(rng, size, size[1] / 20, size[0] / 6)
    return softened(np.asarray(np.cumsum(rate * uneven, axis=0), np.float32))


def softened(attenuation: Field) -> Field:
    """Blurred to the sides, the more the deeper."""
    size = attenuation.shape[0], attenuation.shape[1]
    _, y = grid(size)
    near = cv2.GaussianBlur(attenuation, (0, 0), max(1.0, 4.0 * unit(size)), sigmaY=2.0)
    far = cv2.GaussianBlur(attenuation, (0, 0), max(1.0, 14.0 * unit(size)), sigmaY=2.0)
    return np.asarray(near + (far - near) * (y / size[0]), dtype=np.float32)
