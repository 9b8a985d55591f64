"""Every figure that wants a card, in one table: ``python tests/benchmarks/gpu.py [--out FOLDER]``.

Prints a markdown table and writes it to FOLDER (default: gpu-results) as ``gpu.md``, with every figure behind it in
``gpu.json``; both name device, date and commit. Under ten minutes on an H100; a card that does something else at the
same time shows other figures. Each benchmark can be run alone, with settings of its own: ``stage_one_speed.py``,
``stage_two_speed.py`` and ``forward_speed.py``, which say what is compared with what.
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path

import forward_speed
import stage_one_speed
import stage_two_speed
import torch

Figures = Mapping[str, float]
GIB = 2**30


@dataclass(frozen=True, slots=True)
class Plan:
    """What is measured, and how long."""

    stage_one: stage_one_speed.Race
    stage_two: stage_two_speed.Race
    forward: forward_speed.Pass
    whole: bool = True
    """Train stage 2 for all of the paper's epochs, besides the few that are compared."""


CARD = Plan(stage_one_speed.CARD, stage_two_speed.CARD, forward_speed.CARD)


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table; ``reached`` is None where there is nothing to reach."""

    what: str
    reference: str
    ours: str
    ratio: str = ""
    goal: str = ""
    reached: bool | None = None

    def cells(self) -> tuple[str, ...]:
        verdict = {True: "yes", False: "no", None: ""}[self.reached]
        return (self.what, self.reference, self.ours, self.ratio, self.goal, verdict)


HEAD = ("what", "reference", "ours", "ratio", "to reach", "reached")


def measured(plan: Plan) -> tuple[list[Row], dict[str, Figures]]:
    """The lines of the table, and the figures behind them by benchmark."""
    one = stage_one_speed.figures(plan.stage_one, stage_one_speed.measure(plan.stage_one))
    two = stage_two_speed.figures(plan.stage_two, stage_two_speed.measure(plan.stage_two))
    if plan.whole:
        two |= {f"whole_{name}": value for name, value in stage_two_speed.whole(plan.stage_two).items()}
    forward = forward_speed.figures(plan.forward)
    rows = [
        *stage_one_rows(plan.stage_one, one),
        *stage_two_rows(plan.stage_two, two),
        *forward_rows(plan.forward, forward),
    ]
    return rows, {"stage_one": one, "stage_two": two, "forward": forward}


def stage_one_rows(asked: stage_one_speed.Race, found: Figures) -> list[Row]:
    steps = stage_one_speed.STEPS
    minutes = {name: steps * found[f"{name}_seconds_a_step"] / 60 for name in ("plain", "ours")}
    what = f"stage 1 training, {asked.backbone}, batch {asked.batch}, {asked.size} px"
    return [
        Row(
            f"{what}: images a second",
            f"{found['plain_images_a_second']:.1f}",
            f"{found['ours_images_a_second']:.1f}",
            f"{found['ratio']:.2f}x",
            "6x",
            found["ratio"] >= 6,
        ),
        Row(
            f"the paper's {steps:,} steps, projected: minutes",
            f"{minutes['plain']:.1f}",
            f"{minutes['ours']:.1f}",
            f"{minutes['plain'] / minutes['ours']:.2f}x",
            "under 5",
            minutes["ours"] < 5,
        ),
        Row(
            "share of that time waiting for data",
            f"{found['plain_waiting']:.1%}",
            f"{found['ours_waiting']:.1%}",
        ),
        Row(
            "its peak memory, GiB (ours with the images of the study)",
            f"{found['plain_peak_bytes'] / GIB:.1f}",
            f"{found['ours_peak_bytes'] / GIB:.1f}",
            f"{found['peak_share']:.0%}",
            "under 50%",
            found["peak_share"] < 0.5,
        ),
    ]


def stage_two_rows(asked: stage_two_speed.Race, found: Figures) -> list[Row]:
    """Ours with the paper's batch, and with a larger one: the latter, in full where measured, is to reach the goal.

    The AUCs are those of the few epochs that every way was trained for.
    """
    what = f"stage 2, {asked.patients:,} patients, {stage_two_speed.WHOLE} epochs: seconds (AUC)"
    reference = f"{found['plain_seconds']:.1f} ({found['plain_auc']:.3f})"
    seconds = found.get("whole_seconds", found["larger_seconds"])
    return [
        Row(
            f"{what}, batch {stage_two_speed.BATCH}",
            reference,
            f"{found['ours_seconds']:.1f} ({found['ours_auc']:.3f})",
            f"{found['ours_ratio']:.2f}x",
        ),
        Row(
            f"{what}, ours with batch {asked.larger}",
            reference,
            f"{seconds:.1f} ({found['larger_auc']:.3f})",
            f"{found['larger_ratio']:.2f}x",
            "10x, under 20 s",
            found["larger_ratio"] >= 10 and seconds < 20,
        ),
    ]


def forward_rows(asked: forward_speed.Pass, found: Figures) -> list[Row]:
    return [
        Row(
            f"forward, {asked.backbone}, batch {asked.batch}, {asked.size} px: images a second",
            f"{found['plain_images_a_second']:.0f}",
            f"{found['ours_images_a_second']:.0f}",
            f"{found['ratio']:.2f}x",
            "6x",
            found["ratio"] >= 6,
        ),
        Row(
            f"its share of the matrix products' peak (bf16, side {found['peak_side']:.0f}): TFLOP/s",
            f"{found['peak_teraflops']:.1f}",
            f"{found['teraflops']:.1f}",
            f"{found['peak_share']:.1%}",
        ),
    ]


def table(rows: Sequence[Row]) -> str:
    """Markdown."""
    lines = [HEAD, ("---",) * len(HEAD), *(row.cells() for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)


def circumstances(device: str) -> dict[str, str]:
    """Where and when this is measured, and what."""
    names = {"device": torch.cuda.get_device_name() if device == "cuda" else platform.processor() or "CPU"}
    return names | {"torch": torch.__version__, "date": f"{datetime.now(UTC):%Y-%m-%d}", "commit": commit()}


def commit() -> str:
    """Of this working tree, with ``-dirty`` where it has changes; ``unknown`` outside git."""
    command = ["git", "-C", str(Path(__file__).parent), "describe", "--always", "--dirty"]
    try:
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()
    except (OSError, subprocess.CalledProcessError):
        return "unknown"


def report(plan: Plan, out: Path) -> str:
    """Measure, write both files to ``out``, and give what is printed."""
    began = time.perf_counter()
    where = circumstances(plan.forward.device)
    rows, found = measured(plan)
    minutes = (time.perf_counter() - began) / 60
    text = f"{table(rows)}\n\n{', '.join(where.values())}; measured in {minutes:.1f} minutes\n"
    record = {**where, "minutes": minutes, "plan": asdict(plan), "rows": [asdict(row) for row in rows], **found}
    out.mkdir(parents=True, exist_ok=True)
    (out / "gpu.md").write_text(text)
    (out / "gpu.json").write_text(json.dumps(record, indent=2))
    return text


def main() -> None:
    parser = argparse.ArgumentParser(description="Every figure that wants a card, in one table.")
    parser.add_argument("--out", type=Path, default=Path("gpu-results"), help="folder for gpu.md and gpu.json")
    out = parser.parse_args().out
    if not torch.cuda.is_available():
        raise SystemExit("There is no CUDA device here; these figures want one (the CPU's have commands of their own).")
    print(report(CARD, out))


if __name__ == "__main__":
    main()
