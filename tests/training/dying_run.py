"""A run that is killed at one place: ``python dying_run.py PROJECT PLACE``. What it asks for is `asked.job`."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import Any

from asked import THIN, job

from aln_desk.domain.messages import Curve, Finished, Message, Progress
from aln_desk.io import atomic
from aln_desk.models.mit import MIT_SIZES
from training import pace
from training.record import RunFolder
from training.run import train

OPTIONS = (("mtl.ema", "0.9"), ("mtl.validate_every", "2"), ("mtl.keep", "best"), ("mtl.patience", "3"))


def die() -> None:
    """As a power cut, or kill -9: nothing is tidied up."""
    os.kill(os.getpid(), signal.SIGKILL)


def dying_at(place: str) -> Any:
    """What hears the run's messages and ends it at the place."""

    def emit(message: Message) -> None:
        match message:
            case Curve("mtl", "train", 3) if place == "stage 1":
                die()
            case Progress("tokens") if place == "tokens":
                die()
            case Curve("mil", "train", 4) if place == "stage 2":
                die()
            case Finished() if place == "finished":
                die()

    return emit


def die_in_the_middle_of_a_checkpoint() -> None:
    saved, settle = list[str](), atomic._settle

    def dying(temporary: Path, target: Path) -> None:
        saved.append(target.name)
        if saved.count("mtl.safetensors") == 3:
            temporary.write_bytes(temporary.read_bytes()[:1000])
            die()
        settle(temporary, target)

    atomic._settle = dying


def die_before_the_run_is_called_finished() -> None:
    change = RunFolder.change

    def dying(self: RunFolder, **values: Any) -> None:
        if values.get("state") == "finished":
            die()
        change(self, **values)

    RunFolder.change = dying  # type: ignore[method-assign]


if __name__ == "__main__":
    study, where = Path(sys.argv[1]), sys.argv[2]
    MIT_SIZES["segformer-b0"] = THIN
    pace.SAVE_EVERY_SECONDS = pace.TELL_EVERY_SECONDS = 0.0
    if where == "checkpoint":
        die_in_the_middle_of_a_checkpoint()
    if where == "model":
        die_before_the_run_is_called_finished()
    train(job(study, *OPTIONS), dying_at(where))
