"""How fast a whole batch passes through stage 1, and how near that is to what the card can do.

``python tests/benchmarks/forward_speed.py [--device cuda]``. The reference is the network as the papers' formulas read
(`plain_networks`), eager in fp32; ours is the same parameters in bf16, compiled on a card. The share of the peak is
the arithmetic that ours does (`FlopCounterMode`), by time, by the fastest square bf16 matrix product of the same run.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

import torch
from torch import Tensor
from torch.utils.flop_counter import FlopCounterMode

sys.path.insert(0, str(Path(__file__).parents[1]))
import plain_networks

from aln_desk.models.build import build_mtl, precision
from aln_desk.models.mtl import MtlConfig, MtlOutput, MultiTaskNet
from training.mtl_loop import compiled


@dataclass(frozen=True, slots=True)
class Pass:
    """``sides`` of the square matrices whose product shows the peak; each product is timed over ``repeats``."""

    device: str = "cpu"
    backbone: str = "segformer-b0"
    size: int = 256
    batch: int = 4
    rounds: int = 5
    sides: Sequence[int] = (512, 1024)
    repeats: int = 3


CPU = Pass()
CARD = Pass("cuda", "segformer-b2", 512, 64, rounds=10, sides=(4096, 6144, 8192, 12288, 16384), repeats=20)


def figures(asked: Pass) -> dict[str, float]:
    """Images a second, ratio, arithmetic and peak in TFLOP/s, and the former's share of the latter."""
    torch.manual_seed(0)
    net = build_mtl(MtlConfig(asked.backbone, asked.size)).to(asked.device).eval()
    assert isinstance(net, MultiTaskNet)
    x = torch.randn(asked.batch, 3, asked.size, asked.size, device=asked.device)
    work = arithmetic(net, x)
    plain, ours = race(net, x, asked)
    peak, side = matmul_peak(asked)
    reached = work / median(ours) / 1e12
    return {
        "plain_images_a_second": asked.batch / median(plain),
        "ours_images_a_second": asked.batch / median(ours),
        "ratio": median(slow / fast for slow, fast in zip(plain, ours, strict=True)),
        "teraflops": reached,
        "peak_teraflops": peak,
        "peak_side": side,
        "peak_share": reached / peak,
    }


def arithmetic(net: MultiTaskNet, x: Tensor) -> float:
    """Floating point operations of ours on the batch."""
    with FlopCounterMode(display=False) as counter, precision(x.device):
        net(x[:1])
    return float(counter.get_total_flops()) * len(x)


@torch.no_grad()
def race(net: MultiTaskNet, x: Tensor, asked: Pass) -> tuple[list[float], list[float]]:
    """Seconds of the reference and of ours, in turns; outputs that differ are an error."""
    fast = compiled(net, print) if asked.device == "cuda" else net

    def ours() -> MtlOutput:
        with precision(x.device):
            output: MtlOutput = fast(x)
            return output

    def plain() -> MtlOutput:
        return plain_networks.mtl(net, x)

    apart = (ours().status_logit - plain().status_logit).abs().max().item()
    assert apart < 0.1, f"the two differ by {apart} in the status logit"
    seconds: tuple[list[float], list[float]] = ([], [])
    for _ in range(asked.rounds):
        for work, spent in zip((plain, ours), seconds, strict=True):
            spent.append(timed(work, asked.device))
    return seconds


def matmul_peak(asked: Pass) -> tuple[float, int]:
    """The fastest product of two square bf16 matrices: TFLOP/s and side."""
    found = []
    for side in asked.sides:
        a, b = (torch.randn(side, side, device=asked.device, dtype=torch.bfloat16) for _ in range(2))

        def products(a: Tensor = a, b: Tensor = b) -> None:
            for _ in range(asked.repeats):
                a @ b

        timed(products, asked.device)
        found.append((2 * side**3 * asked.repeats / timed(products, asked.device) / 1e12, side))
    return max(found)


def timed(work: Callable[[], object], device: str) -> float:
    """Seconds until the device is done with the work."""
    if device == "cuda":
        torch.cuda.synchronize()
    began = time.perf_counter()
    work()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - began


def main() -> None:
    parser = argparse.ArgumentParser(description="How fast a batch passes through stage 1.")
    parser.add_argument("--device", choices=("cpu", "cuda"), default="cpu")
    for name in ("size", "batch", "rounds"):
        parser.add_argument(f"--{name}", type=int)
    parser.add_argument("--backbone")
    given = {key: value for key, value in vars(parser.parse_args()).items() if value is not None}
    asked = replace(CARD if given["device"] == "cuda" else CPU, **given)
    print(f"{asked.backbone}, {asked.size} px, batch {asked.batch}, {asked.device}, median of {asked.rounds}")
    for name, value in figures(asked).items():
        print(f"{name:<24}{value:>12.3f}")


if __name__ == "__main__":
    main()
