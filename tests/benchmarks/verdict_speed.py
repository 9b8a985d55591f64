"""How fast a patient's verdict comes on a CPU: ``python tests/benchmarks/verdict_speed.py [--threads N]``.

Four images of 800 x 600, from their files to findings in the image's pixels, and the verdict with its shares. The
reference reads them one after the other with the networks as the papers' formulas read (`plain_networks`) by torch in
fp32; then a `Session` by torch, and one by OpenVINO, as the window opens it. All on the same parameters, with
the same number of threads, in turns; the ratio is the median over the rounds of the reference's time by ours.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

import cv2
import numpy as np
import torch

sys.path.insert(0, str(Path(__file__).parents[1]))
import plain_networks

from aln_desk.domain.patient import Instance, Patient, View
from aln_desk.domain.verdict import InstancePrediction, Verdict
from aln_desk.inference import onnx
from aln_desk.inference import session as sessions
from aln_desk.inference.judge import judge
from aln_desk.inference.session import Session
from aln_desk.io import images
from aln_desk.models.build import LoadedModel, build_mil, build_mtl, load_model, save_model
from aln_desk.models.mil import MilConfig
from aln_desk.models.mtl import MtlConfig
from aln_desk.models.preprocess import Preprocess

ROUNDS = 9
IMAGES, HEIGHT, WIDTH = 4, 600, 800
MODELS = {"MiT-B2, 512 px": ("segformer-b2", 512, 2.5), "MiT-B0, 256 px": ("segformer-b0", 256, 2.0)}


def draw_patient(folder: Path) -> Patient:
    """Speckled JPEG files."""
    random = np.random.default_rng(0)
    bag = []
    for at in range(IMAGES):
        file = folder / f"{at}.jpg"
        speckle = cv2.GaussianBlur(random.integers(0, 255, (HEIGHT, WIDTH, 3), np.uint8), (0, 0), 2)
        cv2.imwrite(str(file), speckle)
        bag.append(Instance(f"p/{at}", "p", View.TUMOUR, str(file), ""))
    return Patient("p", "", None, bag=tuple(bag))


def random_model(folder: Path, backbone: str, size: int) -> LoadedModel:
    torch.manual_seed(0)
    mtl, mil = build_mtl(MtlConfig(backbone, size)), build_mil(MilConfig(layers=6))
    save_model(folder, mtl, mil, Preprocess(size), 0.5, {})
    return load_model(folder, torch.device("cpu"))


@torch.inference_mode()
def read_plainly(model: LoadedModel, instance: Instance) -> InstancePrediction:
    """One image, the obvious way."""
    file = Path(instance.image)
    pixels = images.read(file)
    height, width = pixels.shape[:2]
    x = torch.from_numpy(model.preprocess.apply(pixels)).permute(2, 0, 1)[None].contiguous()
    out = plain_networks.mtl(model.mtl, model.preprocess.normalise(x))  # type: ignore[arg-type]
    return InstancePrediction(
        instance=instance.id,
        mask=model.preprocess.mask_to_image(out.lesion_mask_logits[0].numpy(), height, width) > 0,
        cam=out.cam[0].numpy(),
        placement=model.preprocess.place(height, width),
        lesion_logit=out.lesion_logit.item(),
        status_logit=out.status_logit.item(),
        token=out.token[0].numpy(),
        image_digest=images.digest(file),
    )


def ways(model: LoadedModel, patient: Patient, threads: int) -> dict[str, Callable[[], Verdict | None]]:
    by_torch, by_onnx = Session(model), Session(model, onnx.open_network(model, threads))
    return {
        "plain": lambda: judge(model, patient, [read_plainly(model, one) for one in patient.bag]),
        "torch": lambda: judge(model, patient, list(by_torch.read(patient.bag))),
        "OpenVINO": lambda: judge(model, patient, list(by_onnx.read(patient.bag))),
    }


def race(works: dict[str, Callable[[], Verdict | None]]) -> dict[str, list[float]]:
    """Seconds of each in each round, after one to warm up; verdicts that differ are an error."""
    scores = [verdict.score for work in works.values() if (verdict := work()) is not None]
    assert len(scores) == len(works) and max(scores) - min(scores) < 1e-3, scores
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for _ in range(ROUNDS):
        for name, work in works.items():
            start = time.perf_counter()
            work()
            seconds[name].append(time.perf_counter() - start)
    return seconds


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--threads", type=int, default=min(4, os.cpu_count() or 1))
    threads = parser.parse_args().threads
    torch.set_num_threads(threads)
    sessions.REMEMBERED = 0  # every look is a first look
    print(f"verdict of {IMAGES} images, {threads} threads; milliseconds, median of {ROUNDS}")
    print(f"{'model':<16}{'way':<14}{'median':>8}{'fastest':>9}{'ratio':>7}{'to reach':>10}")
    with tempfile.TemporaryDirectory() as folder:
        os.environ["ALN_DESK_HOME"] = folder
        patient = draw_patient(Path(folder))
        for name, (backbone, size, target) in MODELS.items():
            model = random_model(Path(folder) / backbone, backbone, size)
            seconds = race(ways(model, patient, threads))
            for way, spent in seconds.items():
                ratio = median(plain / ours for plain, ours in zip(seconds["plain"], spent, strict=True))
                goal = f"{target:.1f}" if way == "OpenVINO" else ""
                row = f"{name:<16}{way:<14}{median(spent) * 1e3:>8.0f}{min(spent) * 1e3:>9.0f}{ratio:>7.2f}{goal:>10}"
                print(row, flush=True)


if __name__ == "__main__":
    main()
