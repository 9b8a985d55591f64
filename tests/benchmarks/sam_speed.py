"""How long Segment Anything takes to encode an image, and to answer a click with an outline.

``python tests/benchmarks/sam_speed.py [CHECKPOINT] [--threads N]``. Without a checkpoint the network is a ViT-B whose
parameters are random: what it costs does not depend on them, apart from the outline, which is that of a made mask.
Seconds of the processors (all threads together) are told too, since they say more on a computer that others use.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from safetensors.torch import save_file
from segment_anything import sam_model_registry

from aln_desk.inference.proposals import polygons
from aln_desk.models.sam import SamModel, load_sam
from aln_desk.models.sam_reading import Answer, Encoding, Prompt, answer, mask_in_image

HEIGHT, WIDTH = 768, 1024


def figures(model: SamModel, rounds: int = 10) -> dict[str, tuple[float, float]]:
    """Median (seconds on the clock, seconds of the processors) of encoding, answering and outlining."""
    image = np.random.default_rng(0).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)

    def encoded() -> Encoding:
        encoding = Encoding(model, image)
        while encoding.done < encoding.total:
            encoding.step()
        return encoding

    embedding = encoded().embedding()
    prompt, side = Prompt(((400.0, 300.0),), (1,)), 4 * embedding.features.shape[-1]
    y, x = np.mgrid[:side, :side] / side
    turn, radius = np.arctan2(y - 0.35, x - 0.45), np.hypot(y - 0.35, x - 0.45)
    lesion = Answer((0.2 + 0.02 * np.sin(7 * turn) + 0.01 * np.sin(23 * turn) - radius).astype(np.float32), 1.0)
    return {
        "encode": timed(encoded, 2),
        "answer": timed(lambda: answer(model, embedding, prompt), rounds),
        "outline": timed(lambda: polygons(*mask_in_image(model, embedding, lesion)), rounds),
    }


def timed(work: Callable[[], object], rounds: int) -> tuple[float, float]:
    """Medians over the rounds, after one for warming up."""
    work()
    clock, processors = [], []
    for _ in range(rounds):
        began = time.perf_counter(), time.process_time()
        work()
        clock.append(time.perf_counter() - began[0])
        processors.append(time.process_time() - began[1])
    return median(clock), median(processors)


def random_file(folder: Path) -> Path:
    """A ViT-B with random parameters."""
    path = folder / "random.safetensors"
    save_file({name: value.contiguous() for name, value in sam_model_registry["vit_b"]().state_dict().items()}, path)
    return path


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("checkpoint", nargs="?", type=Path)
    options.add_argument("--threads", type=int, default=torch.get_num_threads())
    asked = options.parse_args()
    torch.set_num_threads(asked.threads)
    with tempfile.TemporaryDirectory() as folder:
        model = load_sam(asked.checkpoint or random_file(Path(folder)), torch.device("cpu"))
    print(f"{model.name}, {asked.threads} threads, image of {WIDTH} x {HEIGHT}")
    for name, (clock, processors) in figures(model).items():
        print(f"{name:8} {1000 * clock:8.0f} ms, {1000 * processors:8.0f} ms of the processors")


if __name__ == "__main__":
    main()
