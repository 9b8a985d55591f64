"""How fast stage 1 trains: ``python tests/benchmarks/stage_one_speed.py [--device cuda]``; prints a table and JSON.

The reference is the release's recipe written plainly (`plain_training`, `plain_networks`): fp32 eager, each image
decoded from JPEG and varied alone by the workers of a `DataLoader`, AdamW with torch's defaults. Ours is
`mtl_loop.train` as a user gets it with preset ``paper``, compiled on a card. Same images, batch, size and parameters;
in turns, ratios between rounds side by side. Without ``--threads`` both take what torch chooses.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass, replace
from functools import partial
from pathlib import Path
from unittest.mock import patch

import cv2
import numpy as np
import torch
from torch.utils.data import DataLoader, RandomSampler

sys.path.insert(0, str(Path(__file__).parents[1]))
import plain_networks
import plain_training
from turns import Figures, Raced, Turn, race, ratio

from aln_desk.demonstration import simulate_project
from aln_desk.domain import presets
from aln_desk.domain.messages import Message, Note
from aln_desk.io import images as image_files
from aln_desk.io.annotations import current_annotation
from aln_desk.io.project import Project
from aln_desk.io.rasterize import class_mask, lesion_class
from aln_desk.models.build import build_mtl
from aln_desk.models.mtl import MtlConfig, MultiTaskNet
from aln_desk.models.preprocess import Preprocess
from training import data, mtl_loop
from training.feed import Feed

STEPS = 10_000
"""Of the paper."""
WARM_STEPS = 2
AHEAD = 2
"""Batches that each worker of the reference's loader has ready, torch's default."""


@dataclass(frozen=True, slots=True)
class Race:
    """``steps`` a round; ``images``: repeat the simulated ones up to this number (the paper's, on a card, so that its
    memory holds what it would hold); ``workers`` of the reference's loader.
    """

    device: str = "cpu"
    backbone: str = "segformer-b0"
    size: int = 256
    batch: int = 16
    patients: int = 16
    images: int = 0
    steps: int = 3
    rounds: int = 5
    workers: int = os.cpu_count() or 1
    threads: int = 0

    @property
    def compiles(self) -> bool:
        return self.device == "cuda"


CPU = Race()
CARD = Race("cuda", "segformer-b2", 512, patients=32, images=2845, steps=30, workers=8)


def measure(asked: Race) -> dict[str, Raced]:
    """The rounds of ``plain`` and ``ours``, on a study simulated for them."""
    with tempfile.TemporaryDirectory() as folder:
        study = Path(folder) / "study"
        simulate_project(study, asked.patients, 0, lambda message: None, lambda: False)
        (study / "plain.json").write_text(json.dumps([asdict(file) for file in copies(study)]))
        ways = {"plain": partial(plainly, study, asked), "ours": partial(ours, study, asked)}
        return race(ways, asked.rounds, asked.device, asked.threads)


def copies(study: Path) -> Iterator[plain_training.PlainImage]:
    """Of every image a JPEG file of quality 95, and its mask as PNG, both beside it."""
    with Project.open(study) as project:
        pairs = [(i, p.outcome) for p in project.patients() for i in p.bag]
    for instance, outcome in pairs:
        file, annotation = Path(instance.image), current_annotation(instance)
        pixels = image_files.read(file)
        image, mask = file.with_suffix(".copy.jpg"), file.with_suffix(".mask.png")
        cv2.imwrite(str(image), pixels[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])
        cv2.imwrite(str(mask), class_mask(annotation, *pixels.shape[:2]))
        yield plain_training.PlainImage(str(image), str(mask), lesion_class(annotation) - 1, int(outcome or 0))


def fresh(asked: Race) -> MultiTaskNet:
    """The network of both, with the same parameters."""
    torch.manual_seed(0)
    net = build_mtl(MtlConfig(asked.backbone, asked.size))
    assert isinstance(net, MultiTaskNet)
    return net.to(asked.device).train()


def plainly(study: Path, asked: Race, turn: Turn) -> Figures:
    """The release's recipe, written plainly."""
    files = [plain_training.PlainImage(**record) for record in json.loads((study / "plain.json").read_text())]
    net = fresh(asked)
    optimiser = torch.optim.AdamW(net.parameters(), lr=6e-5, weight_decay=0.01)
    loader = loaded(plain_training.PlainImages(files, asked.size), asked)
    waited = 0.0
    while not turn.over(waited=waited):
        batches = iter(loader)
        for step in range(WARM_STEPS + asked.steps):
            if step == WARM_STEPS:
                turn.restart()
                waited = 0.0
            began = time.perf_counter()
            x, mask, lesion, status = (part.to(asked.device, non_blocking=True) for part in next(batches))
            waited += time.perf_counter() - began
            optimiser.zero_grad()
            plain_training.mtl_loss(plain_networks.mtl(net, x), mask, lesion, status).backward()
            optimiser.step()
        turn.stop()
        for _ in batches:  # let the workers finish, so that they rest while the other way has its turn
            pass
    return {}


def loaded(images: plain_training.PlainImages, asked: Race) -> DataLoader[tuple[torch.Tensor, ...]]:
    """A loader of one round's batches, and those that its workers have ready ahead: they work until the clock stops."""
    count = asked.batch * (WARM_STEPS + asked.steps + AHEAD * asked.workers)
    return DataLoader(
        images,
        asked.batch,
        sampler=RandomSampler(images, replacement=True, num_samples=count),
        num_workers=asked.workers,
        prefetch_factor=AHEAD if asked.workers else None,
        persistent_workers=asked.workers > 0,
        pin_memory=asked.device == "cuda",
        worker_init_fn=one_thread,
    )


def one_thread(worker: int) -> None:
    """OpenCV's threads would only get in the way of the other workers."""
    cv2.setNumThreads(0)


def ours(study: Path, asked: Race, turn: Turn) -> Figures:
    """`mtl_loop.train`, held up at the end of each round where it asks whether to stop."""
    preprocess = Preprocess(asked.size)
    with Project.open(study) as project:
        images = repeated(data.load(project.patients(), preprocess, project.cache), asked.images)
        nothing = data.load([], preprocess, project.cache)
    recipe = replace(presets.preset("paper").recipe.mtl, batch=asked.batch, compile=asked.compiles)
    feeds: list[Feed] = []
    steps, waited = 0, 0.0

    def pause() -> bool:
        nonlocal steps, waited
        steps += 1
        if steps % asked.steps:
            return False
        before, waited = waited, feeds[0].waited
        return turn.over(waited=waited - before)

    def watched(*arguments: object) -> Feed:
        feeds.append(Feed(*arguments))  # type: ignore[arg-type]
        return feeds[-1]

    state = study / "state.safetensors"
    with patch.object(mtl_loop, "Feed", watched):
        mtl_loop.train(fresh(asked), images, nothing, preprocess, recipe, 0, state, tell, pause)
    return {}


def repeated(images: data.ImageSet, count: int) -> data.ImageSet:
    """The images again and again, up to ``count`` of them."""
    if count <= len(images):
        return images
    index = np.arange(count) % len(images)
    return replace(
        images,
        image=images.image[index],
        mask=images.mask[index],
        coarse=images.coarse[index],
        content=images.content[index],
        taught=tuple(images.taught[k] for k in index),
    )


def tell(message: Message) -> None:
    """What the training has to say in words."""
    if isinstance(message, Note):
        print(message.text, file=sys.stderr)


def figures(asked: Race, raced: dict[str, Raced]) -> dict[str, float]:
    """What the table and the JSON line hold: images a second, seconds a step, share of waiting, bytes."""
    found: dict[str, float] = {"ratio": ratio(raced["plain"], raced["ours"])}
    for name, way in raced.items():
        spent = way.median("seconds")
        found[f"{name}_images_a_second"] = asked.batch * asked.steps / spent
        found[f"{name}_seconds_a_step"] = spent / asked.steps
        found[f"{name}_waiting"] = way.median("waited") / spent
        found[f"{name}_peak_bytes"] = max(lap["peak"] for lap in way.rounds)
    found["ours_whole_minutes"] = STEPS * found["ours_seconds_a_step"] / 60
    found["peak_share"] = found["ours_peak_bytes"] / found["plain_peak_bytes"]
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast stage 1 trains.")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    parser.add_argument("--backbone", help="segformer-b0 (on a card -b2) to segformer-b5")
    for name in ("size", "batch", "patients", "images", "steps", "rounds", "workers", "threads"):
        parser.add_argument(f"--{name}", type=int)
    given = {key: value for key, value in vars(parser.parse_args()).items() if value is not None}
    asked = replace(CARD if given["device"] == "cuda" else CPU, **given)
    found = figures(asked, measure(asked))
    rounds = f"{asked.rounds} rounds of {asked.steps} steps"
    print(f"{asked.backbone}, {asked.size} px, batch {asked.batch}, {asked.device}, {rounds}")
    print(f"{'way':<8}{'images/s':>10}{'s a step':>10}{'waiting':>9}{'peak MiB':>10}")
    for name in ("plain", "ours"):
        speed, step, waiting, peak = (
            found[f"{name}_{key}"] for key in ("images_a_second", "seconds_a_step", "waiting", "peak_bytes")
        )
        print(f"{name:<8}{speed:>10.1f}{step:>10.3f}{waiting:>9.1%}{peak / 2**20:>10.0f}")
    goal = 6.0 if asked.device == "cuda" else 1.5
    minutes = found["ours_whole_minutes"]
    print(f"ratio {found['ratio']:.2f} (to reach: {goal}); the paper's {STEPS} steps: {minutes:.1f} minutes")
    print(json.dumps({**asdict(asked), **found}))


if __name__ == "__main__":
    main()
