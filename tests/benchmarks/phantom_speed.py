"""How fast simulated images are drawn: ``python tests/benchmarks/phantom_speed.py``.

Draws the same patients with one core at several sizes (images in memory, then a whole study with files). The
product promises at least 3 images a second a core at 512 x 512.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path

import cv2

from training.phantom import simulate
from training.phantom.images import draw_pictures, picture_names
from training.phantom.latents import draw_patients

PATIENTS, SEED = 6, 0


def drawing(size: int) -> float:
    """Images a second without files."""
    patients = draw_patients(PATIENTS, SEED)
    start = time.perf_counter()
    images = sum(1 for patient in patients for _ in draw_pictures(patient, size))
    return images / (time.perf_counter() - start)


def study(size: int) -> float:
    """Images a second with PNG, outlines and tables."""
    images = sum(len(picture_names(patient)) for patient in draw_patients(PATIENTS, SEED))
    with tempfile.TemporaryDirectory() as folder:
        start = time.perf_counter()
        simulate(Path(folder), PATIENTS, SEED, size=size, workers=1)
        return images / (time.perf_counter() - start)


def main() -> None:
    cv2.setNumThreads(1)
    print(f"{'side':>6} {'drawn/s':>9} {'written/s':>10}   (images a second, one core)")
    for size in (256, 512, 768):
        print(f"{size:>6} {drawing(size):>9.1f} {study(size):>10.1f}")


if __name__ == "__main__":
    main()
